"""What people publish, for hosts to read and, where it has to be, to take down."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import ActionLocation
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from journal.models import PROMPTS, Entry
from journal.models.entries import EntryQuerySet
from mastery.models import User

REASON_LENGTH = Entry._meta.get_field("taken_down_reason").max_length
WITHHELD = "Entry that its author keeps private"
NOTHING = "–"
READERS: dict[str, str] = {
    Entry.Visibility.PUBLIC: "Everybody",
    Entry.Visibility.UNLISTED: "Whoever has the link",
    Entry.Visibility.PRIVATE: "Its author alone",
}
EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class TakeDownForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="The author reads it on the page of the entry, with the date.",
        error_messages={
            "required": "Say why. The author reads it.",
            "max_length": "Say it in %(limit_value)d characters; these are %(show_value)d.",
        },
    )


class Whose(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("public", "Public"), ("unlisted", "Unlisted"), ("down", "Taken down")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        if self.value() == "down":
            return queryset.filter(taken_down_at__isnull=False)
        if self.value() in Entry.Visibility:
            return queryset.filter(visibility=self.value())
        return queryset


def named(entry: Entry) -> Entry:
    """Take the title away from an entry whose words are its author's alone, before it is named."""
    if not vars(entry)["readable"]:
        entry.title = WITHHELD
    return entry


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin[Entry]):
    """Shared entries and those taken down. Private ones are nobody's here, whoever asks."""

    list_display = ["title_shown", "author", "day_shown", "state", "published"]
    list_display_links = ["title_shown"]
    list_filter = [Whose]
    search_fields = ["title", *PROMPTS, "user__handle"]
    ordering = ["-published_at", "-pk"]
    list_per_page = 50
    actions = ["take_down", "lift"]
    fieldsets = [
        (None, {"fields": [("author", "day_shown", "published"), "state", "reason"]}),
        ("What it says", {"fields": ["text"]}),
    ]
    readonly_fields = ["author", "day_shown", "published", "state", "reason", "text"]

    # Who may do what

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # A list answers whether a column begins with a letter, also of words that are not shown.
        return lookup == Whose.parameter_name

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("journal.take_down_entry")

    def get_queryset(self, request: HttpRequest) -> EntryQuerySet:
        rows = (
            Entry.objects.moderated()
            .select_related("user", "taken_down_by")
            .prefetch_related("tags")
        )
        readable = Entry.objects.open_to_hosts().filter(pk=OuterRef("pk"))
        return rows.annotate(readable=Exists(readable)).order_by(*self.ordering)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        """Search what may be read; of the rest the author's name alone."""
        if not search_term.strip():
            return queryset, False
        readable = queryset.filter(pk__in=Entry.objects.open_to_hosts())
        found, _twice = super().get_search_results(request, readable, search_term)
        return queryset.filter(
            Q(pk__in=found.values("pk")) | Q(user__handle=search_term.strip().lower())
        ), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Entry | None:
        found = super().get_object(request, object_id, from_field)
        if found is None and self.has_view_permission(request):
            raise Http404
        return found and named(found)

    def view_on_site(self, entry: Entry) -> str | None:
        return None if entry.visibility == Entry.Visibility.PRIVATE else entry.public_path

    # What they see

    @admin.display(description="Entry")
    def title_shown(self, entry: Entry) -> str:
        return str(named(entry))

    def name_in_search(self, entry: Entry) -> str:
        return self.title_shown(entry)

    @admin.display(description="Author", ordering="user__handle")
    def author(self, entry: Entry) -> str:
        return entry.user.handle

    @admin.display(description="Day")
    def day_shown(self, entry: Entry) -> str:
        return date_format(entry.day) if vars(entry)["readable"] else NOTHING

    @admin.display(description="Published", ordering="published_at")
    def published(self, entry: Entry) -> str:
        return date_format(entry.published_at) if entry.published_at else NOTHING

    @admin.display(description="Who may read it")
    def state(self, entry: Entry) -> str:
        if entry.taken_down_at:
            return f"Its author alone: taken down on {date_format(entry.taken_down_at)}"
        return READERS[entry.visibility]

    @admin.display(description="Taken down because")
    def reason(self, entry: Entry) -> str:
        by = f" ({entry.taken_down_by})" if entry.taken_down_by else ""
        return f"{entry.taken_down_reason}{by}" if entry.taken_down_at else NOTHING

    @admin.display(description="Words")
    def text(self, entry: Entry) -> SafeString | str:
        if not vars(entry)["readable"]:
            return "Its author has written on since it was taken down. Nobody else reads that."
        (entry,) = Entry.objects.filter(pk=entry.pk).with_words()
        words = render_to_string("journal/_words.html", {"words": entry.words, "level": 3})
        # A template's, around words that were sanitised when they were saved.
        return mark_safe(f'<div class="desk-words">{words}</div>')  # noqa: S308

    # What they do

    @admin.action(
        permissions=["take_down"],
        description="Take down…",
        description_plural="Take down…",
        location=EVERYWHERE,
    )
    def take_down(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        entries = list(queryset.exclude(visibility=Entry.Visibility.PRIVATE))
        if not entries:
            self.message_user(request, "These are taken down already.", messages.WARNING)
            return None
        sent = "confirmed" in request.POST
        form = TakeDownForm(request.POST if sent else None)
        if not (sent and form.is_valid()):
            return self.ask(request, entries, form)
        now = timezone.now()
        assert isinstance(request.user, User)
        with transaction.atomic():
            taken = [
                entry
                for entry in entries
                if entry.take_down(by=request.user, reason=form.cleaned_data["reason"], now=now)
            ]
            for entry in taken:
                self.log_change(request, entry, "Taken down.")
        number = len(taken)
        self.message_user(
            request,
            f"{number} {'entry is' if number == 1 else 'entries are'} taken down. "
            "The author reads why on the page of the entry.",
            messages.SUCCESS,
        )
        return None

    def ask(
        self, request: HttpRequest, entries: list[Entry], form: TakeDownForm
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Take down",
            "opts": self.opts,
            "media": self.media,
            "entries": entries,
            "form": form,
            "place": [
                (name, request.POST[name])
                for name in ("action", f"{ActionLocation.CHANGE_FORM.value}-action", "index")
                if name in request.POST
            ],
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, "admin/journal/take_down.html", context, status=status)

    @admin.action(
        permissions=["take_down"],
        description="Lift: leave it to its author again",
        description_plural="Lift: leave them to their authors again",
        location=EVERYWHERE,
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        with transaction.atomic():
            lifted = [entry for entry in queryset if entry.lift()]
            for entry in lifted:
                self.log_change(request, named(entry), "Left to its author again.")
        if not lifted:
            self.message_user(request, "Nothing of this is taken down.", messages.WARNING)
            return
        open_again = Entry.objects.shared().filter(pk__in=[entry.pk for entry in lifted]).count()
        self.message_user(
            request,
            f"Left to the author again: {len(lifted)}. Of these, as they were: {open_again}; "
            "the others stay private until their author decides.",
            messages.SUCCESS,
        )
