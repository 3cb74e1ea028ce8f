"""The form of an entry: new, edit, preview, and what happens when the entry moved on meanwhile."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_POST

from journal.changes import changes_of
from journal.forms import BOXES, TAKEN_DOWN, EntryForm, blank, filled, key_of, present, typed
from journal.models import (
    PROMPTS,
    ConflictError,
    Draft,
    Entry,
    Picture,
    StepDecision,
    Writing,
    fresh_code,
)
from journal.models.drafts import Typed
from journal.models.revisions import html_of
from journal.models.writing import LONGEST_TEXT
from journal.steps import chosen, decide, offer, source_of
from journal.text import tidy, unkeepable
from journal.views.drafts import Place, place_of
from mastery.http import LearnerRequest, keeps_words, see_other
from mastery.models import User
from roadmap.queries import manual

MOST_DRAFTS = 100  # told of above a form; the page shows few of them at once

VISIBLE = {
    Entry.Visibility.PRIVATE: "Only you can read this entry now.",
    Entry.Visibility.UNLISTED: "Whoever has the link can read this entry now.",
    Entry.Visibility.PUBLIC: "This entry is on your public log and in its feed now.",
}


@keeps_words("title", *PROMPTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_entry(request: LearnerRequest) -> HttpResponse:
    if request.method == "POST":
        return add(request)
    fields = blank(request.user)
    if milestone := request.GET.get("milestone"):
        fields["milestones"] = [milestone]
    return opened(request, fields, Place())


def add(request: LearnerRequest) -> HttpResponse:
    fields, place = filled(request.POST, blank(request.user)), place_of(request.POST)
    form = form_of(request, fields, place, bound="preview" not in request.POST)
    if not form.is_bound:
        return editor(request, form, place, previewed=True)
    if not form.is_valid():
        return editor(request, form, place, status=422)
    try:
        entry = save_new(request.user, form, place, key=key_of(fields))
    except ConflictError as error:
        return conflict(request, form, place, error.entry)
    return see_other(entry.get_absolute_url())


@keeps_words("title", *PROMPTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_entry(request: LearnerRequest, code: str) -> HttpResponse:
    mine = Entry.objects.of(request.user).prefetch_related("tags", "milestones")
    entry = mine.filter(code=code).first()
    if request.method == "POST" and "as_new" in request.POST:
        return add(request)
    if entry is None:
        return gone(request)
    if request.method == "POST":
        return rewrite(request, entry)
    if entry.deleted_at:
        messages.info(request, "That entry is in the bin. Take it back to edit it.")
        return see_other(reverse("journal_bin"))
    return opened(request, present(entry), Place(entry, entry.revision))


def rewrite(request: LearnerRequest, entry: Entry) -> HttpResponse:
    fields, place = filled(request.POST, present(entry)), place_of(request.POST, entry)
    form = form_of(request, fields, place, bound="preview" not in request.POST)
    if not form.is_bound:
        return editor(request, form, place, previewed=True)
    if not form.is_valid():
        return editor(request, form, place, status=422)
    try:
        save(form, place, taken_back="take_back" in request.POST)
    except ConflictError as error:
        return conflict(request, form, place, error.entry)
    except Entry.DoesNotExist:
        return gone(request)
    return see_other(entry.get_absolute_url())


@require_POST
def preview(request: LearnerRequest) -> HttpResponse:
    words, problem = html_for(request.user, typed(request.POST))
    return render(request, "journal/_preview.html", {"words": words, "problem": problem})


@require_POST
def set_visibility(request: LearnerRequest, code: str) -> HttpResponse:
    entry = get_object_or_404(Entry.objects.of(request.user).live(), code=code)
    wanted = request.POST.get("visibility", "")
    if wanted not in Entry.Visibility:
        return HttpResponseBadRequest("Send visibility=private, unlisted or public.\n")
    if entry.show_to(wanted, now=timezone.now()):
        messages.success(request, VISIBLE[Entry.Visibility(wanted)])
    else:
        messages.error(request, TAKEN_DOWN)
    return see_other(entry.get_absolute_url())


# What is saved


def save_new(user: User, form: EntryForm, place: Place, *, key: str) -> Entry:
    """Write an entry down, with what it decides about earlier steps, and end its draft.

    A form sent twice adds one entry. Raises ConflictError when it says something else the second
    time, as it may after going back in the browser.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            (entry,) = Entry.objects.add(
                user,
                [form.writing],
                now=now,
                visibility=form.cleaned_data["visibility"],
                code=key,
            )
            if source := source_of(user, form.typed):
                decide(source, form.choices, entry=entry, now=now)
            Draft.objects.finish(user, form.typed, code=place.draft, version=place.version)
    except IntegrityError:
        there = Entry.objects.of(user).filter(code=key).first()
        if there is None and key:
            # Somebody else's code, so that this form cannot have made it.
            return save_new(user, form, place, key="")
        if there is None:
            raise
        if there.deleted_at or there.revisions.get(number=1).writing() != form.writing:
            raise ConflictError(there) from None
        return there
    return entry


def save(form: EntryForm, place: Place, *, taken_back: bool) -> None:
    """Write an entry's next revision and who may read it, and end its draft.

    Raises ConflictError, or Entry.DoesNotExist when it was deleted for good just now.
    """
    now = timezone.now()
    assert place.entry
    with transaction.atomic():
        entry = Entry.objects.select_for_update(of=("self",)).get(pk=place.entry.pk)
        if entry.deleted_at:
            if not (taken_back and entry.take_back()):
                raise ConflictError(entry)
            # It came back private, which decides what publishing it changes.
            entry.refresh_from_db(fields=["deleted_at", "visibility"])
        entry.rewrite(form.writing, began_from=place.began_from, now=now)
        visibility = form.cleaned_data["visibility"]
        # Left as it was in the form, it leaves alone what was decided elsewhere since.
        if visibility != form.typed.get("shown_to", entry.visibility):
            entry.show_to(visibility, now=now)
        Draft.objects.finish(entry.user, form.typed, code=place.draft, version=place.version)


# Pages


def form_of(
    request: LearnerRequest, fields: Typed, place: Place, *, bound: bool = False
) -> EntryForm:
    source = None if place.entry else source_of(request.user, fields)
    return EntryForm(
        fields,
        user=request.user,
        manual=manual(),
        entry=place.entry,
        choices=chosen(source, fields),
        bound=bound,
    )


def opened(request: LearnerRequest, fields: Typed, place: Place) -> HttpResponse:
    """Show the form as it is opened, with the text of a draft when the address names one."""
    drafts = Draft.objects.of(request.user).open().filter(entry=place.entry)
    code = request.GET.get("draft")
    if code is None:
        form = form_of(request, fields, place)
        return editor(request, form, place, drafts=list(drafts.in_short()[:MOST_DRAFTS]))
    draft = get_object_or_404(drafts, code=code)
    # A box that is in no draft had its tick taken away there.
    fields = {name: value for name, value in fields.items() if name not in BOXES} | draft.fields
    if place.entry and draft.fields.get("visibility") == draft.fields.get("shown_to"):
        fields["visibility"] = place.entry.visibility
    if place.entry:
        fields["shown_to"] = place.entry.visibility
    place = Place(place.entry, draft.began_from, draft.code, draft.version)
    return editor(request, form_of(request, fields, place), place, draft=draft)


def editor(
    request: LearnerRequest,
    form: EntryForm,
    place: Place,
    *,
    status: int = 200,
    template: str = "journal/edit_entry.html",
    previewed: bool = False,
    **context: object,
) -> HttpResponse:
    user, entry = request.user, place.entry
    context |= {
        "form": form,
        "place": place,
        "entry": entry,
        "action": reverse("edit_entry", args=[entry.code]) if entry else reverse("new_entry"),
        "behind": entry is not None and place.began_from != entry.revision,
        "offer": None if entry else offer(user, form.typed),
        "decisions": StepDecision.Decision.choices,
        "visibility_help": "A public entry stands at "
        f"{reverse('public_log', args=[user.handle])} and in the feed there.",
        "fresh_key": fresh_code(),
    }
    if previewed:
        context["words"], context["problem"] = html_for(request.user, form.typed)
        context["previewed"] = True
    return render(request, template, context, status=status)


def gone(request: LearnerRequest) -> HttpResponse:
    """Give the words for an entry that is not there back, in the form of a new one."""
    sent = typed(request.POST)
    if not any(str(sent.get(name, "")).strip() for name in ("title", *PROMPTS)):
        raise Http404
    private = dict.fromkeys(("visibility", "shown_to"), Entry.Visibility.PRIVATE)
    form = form_of(request, blank(request.user) | sent | private, Place())
    return editor(request, form, Place(), status=404, gone=True)


def conflict(request: LearnerRequest, form: EntryForm, place: Place, entry: Entry) -> HttpResponse:
    """Show both texts: what stands in the entry, and what was to take its place.

    The text is kept as a draft before anything else, so that nothing hangs on this page.
    """
    user, now = request.user, timezone.now()
    draft, forked = Draft.objects.keep(
        user,
        form.typed,
        entry=entry,
        began_from=place.began_from,
        code=place.draft,
        version=place.version,
        now=now,
    )
    if forked:
        Draft.objects.finish(user, form.typed, code=place.draft, version=place.version)
    fields = dict(form.typed)
    if entry.deleted_at:
        # It comes back private.
        fields |= dict.fromkeys(("visibility", "shown_to"), Entry.Visibility.PRIVATE)
    place = Place(entry, entry.revision, draft.code, draft.version)
    content = manual()
    wordings = {key: one.wording for key, one in content.milestones.items()}
    there = entry.writing()
    return editor(
        request,
        EntryForm(fields, user=user, manual=content, entry=entry),
        place,
        status=409,
        template="journal/conflict.html",
        changes=changes_of(there, form.writing, wordings=wordings),
        there=there,
        there_texts=entry.texts,
    )


def html_for(user: User, fields: Typed) -> tuple[dict[str, SafeString], str]:
    """Render what is typed, as saving it would; give it by prompt, or say why it cannot be."""
    texts: dict[str, Any] = {prompt: tidy(str(fields.get(prompt, ""))) for prompt in PROMPTS}
    for prompt, text in texts.items():
        if reason := unkeepable(text):
            return {}, reason
        if len(text) > LONGEST_TEXT:
            return {}, f"“{prompt.capitalize()}” is too long to be shown."
    writing = Writing(day=timezone.now().date(), **texts)
    pictures = Picture.objects.of(user).named_in([writing])
    html = html_of(writing, "preview", {one.name: one.dimensions for one in pictures})
    return {prompt: mark_safe(part) for prompt, part in html.items()}, ""  # noqa: S308
