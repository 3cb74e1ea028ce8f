"""What all content has in common on the editors' desk."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.contrib.admin.utils import NestedObjects
from django.contrib.admin.widgets import (
    AdminIntegerFieldWidget,
    AdminTextareaWidget,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.core.exceptions import FieldDoesNotExist
from django.core.validators import URLValidator
from django.db import DEFAULT_DB_ALIAS, IntegrityError, models, transaction
from django.db.models import Max, OuterRef, ProtectedError, QuerySet, Subquery
from django.db.models.constants import LOOKUP_SEP
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from mastery.desk import MarkdownWidget, is_number
from roadmap.admin.conflicts import ConflictsMixin
from roadmap.admin.history import HistoryMixin
from roadmap.admin.resting import listing, resting
from roadmap.models import MarkdownField, Milestone, MilestoneRevision, State
from roadmap.models.fields import tidy

# Lines that are sentences: they get room for more than one row on the screen.
SENTENCES = {"ask", "can", "note", "reached_by", "statement", "summary"}
# What a row is known by, in the files and in addresses.
IDENTITIES = {"slug", "key"}
# Control characters that a paste brings along and no file of content takes. Line ends and tabs are
# white space; NUL is refused as everywhere.
UNSEEN = re.compile(r"[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# The order of the manual, for rows that stand in a phase.
PAGE_ORDER = ("phase__track__position", "phase__position", "position")


class LineFormField(forms.CharField):
    """One line, also when a browser or a paste made several of it."""

    def to_python(self, value: Any) -> str:
        return " ".join(UNSEEN.sub(" ", str(super().to_python(value))).split())


class MarkdownFormField(forms.CharField):
    """A text tidied before it is compared, so that browsers' line ends are no change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "strip": False})

    def to_python(self, value: Any) -> str:
        return tidy(UNSEEN.sub("", str(super().to_python(value))))


class WebAddressField(forms.URLField):
    default_validators = [URLValidator(schemes=["http", "https"])]


class Sentence(AdminTextareaWidget):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 2, "class": "desk-sentence", **(attrs or {})})


class SmallNumber(AdminIntegerFieldWidget):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"min": 0, "class": "desk-number", **(attrs or {})})


class ChosenRow(AutocompleteSelect):
    """Shows what is chosen, without a query for each row of a form whose rows are at hand.

    Django's asks the database every time, and for whatever was sent, numbers or not.
    """

    # By number.
    at_hand: Mapping[str, models.Model] = {}

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        chosen = [one for one in value if is_number(one)]
        if not all(one in self.at_hand for one in chosen):
            return super().optgroups(name, chosen, attr)
        options = [] if self.is_required or self.allow_multiple_selected else [("", "", False)]
        called = self.choices.field.label_from_instance
        options += [(one, called(self.at_hand[one]), True) for one in chosen]
        made = (self.create_option(name, *option, at) for at, option in enumerate(options))
        return [(None, list(made), 0)]


class ChosenRows(ChosenRow, AutocompleteSelectMultiple):
    pass


class Fields(BaseModelAdmin[Any]):
    """How a field of the roadmap is edited, in a form of its own and in a row of another."""

    formfield_overrides = {
        MarkdownField: {"form_class": MarkdownFormField, "widget": MarkdownWidget},
        models.PositiveSmallIntegerField: {"widget": SmallNumber},
        models.URLField: {"form_class": WebAddressField},
    }

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if type(db_field) is models.CharField and not db_field.choices:
            kwargs.setdefault("form_class", LineFormField)
            if db_field.name in SENTENCES:
                kwargs.setdefault("widget", Sentence)
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.related_model is Milestone:
            field.queryset = worded(Milestone.objects.all())
            field.label_from_instance = name_of_milestone
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Adding and editing the other row is handy; deleting it from here would be an accident.
            field.widget.can_delete_related = field.widget.can_view_related = False
        in_table = isinstance(self, InlineModelAdmin) or db_field.name in getattr(
            self, "list_editable", ()
        )
        if field and in_table:
            # A column's heading names no field to those who cannot see it.
            field.widget.attrs.setdefault("aria-label", field.label)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChosenRow(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChosenRows(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def worded(milestones: QuerySet[Milestone]) -> QuerySet[Any]:
    """Give milestones with their latest wording, in the same query."""
    revisions = MilestoneRevision.objects.filter(milestone=OuterRef("pk")).order_by("-number")
    return milestones.annotate(latest_wording=Subquery(revisions.values("wording")[:1]))


def name_of_milestone(milestone: Any) -> str:
    return f"{milestone.key}: {milestone.latest_wording or 'no wording yet'}"


def short_state(state: str) -> str:
    """Name a state in one word: ``Retired``."""
    return str(State(state).label).partition(":")[0]


def kind_of(milestone: Milestone) -> str:
    kind = milestone.get_kind_display().partition(":")[0]
    return f"{kind}, deliverable" if milestone.deliverable else kind


class RowForm(forms.ModelForm[models.Model]):
    """A row inside another row's form. What identifies it stays as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        if "slug" in self.fields:
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = ""
        for name, field in self.fields.items():
            chooser = getattr(field.widget, "widget", field.widget)
            if isinstance(chooser, ChosenRow):
                rows = getattr(self.instance, name)
                several = isinstance(chooser, ChosenRows)
                chooser.at_hand = {str(one.pk): one for one in (rows.all() if several else [rows])}

    @cached_property
    def changed_data(self) -> list[str]:
        changed = super().changed_data
        # The suggested place alone does not make a row that somebody added and left empty.
        return [] if changed == ["position"] and not self.instance.pk else changed


class RowFormSet(BaseInlineFormSet[Any, Any, Any]):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = "Delete"

    @property
    def empty_form(self) -> Any:
        """A new row, for the last place of what is there."""
        form = super().empty_form
        if "position" in form.fields:
            taken = [row.initial.get("position") or 0 for row in self.initial_forms]
            last = max(taken, default=0) + 1
            form.initial["position"] = last if form.fields["position"].required else None
        return form


class Rows(Fields, InlineModelAdmin[Any, Any]):
    form = RowForm
    formset = RowFormSet
    extra = 0
    template = "admin/edit_inline/tabular.html"


@dataclass(frozen=True, slots=True)
class Link:
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands above a row's form: what rests on the row, and what can be done with it."""

    sentences: list[str]
    # In a word; empty for rows that have none.
    state: str
    links: list[Link]


class ContentAdmin(ConflictsMixin, HistoryMixin, Fields, admin.ModelAdmin[Any]):
    save_on_top = True
    list_per_page = 200
    show_facets = admin.ShowFacets.NEVER
    # The field that a new slug is made of until somebody types another one.
    slug_from: ClassVar[str] = ""
    # Whether a row's slug may change: its old address has to lead to the new one then.
    renamable: ClassVar[bool] = False

    class Media:
        css = {"all": ["mastery/admin/operations.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).fetch_mode(models.FETCH_PEERS)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        # The database reads other digits, and spaces, too; what else goes by the address does not.
        return super().get_object(request, object_id, from_field) if is_number(object_id) else None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to sort content out by what learners or editors have to do with it."""
        opts: Any = self.opts
        for part in lookup.split(LOOKUP_SEP):
            try:
                field = opts.get_field(part)
            except FieldDoesNotExist:
                break
            if not field.is_relation:
                break
            opts = field.related_model._meta
            if opts.app_label != self.opts.app_label:
                return False
        return super().lookup_allowed(lookup, value, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = {field.name for field in self.opts.fields}
        fixed = sorted(names & IDENTITIES) if obj and not self.renamable else []
        # An operation changes the state, on a page that says what that means.
        state = ["state"] if obj and "state" in names else []
        return [*super().get_readonly_fields(request, obj), *fixed, *state]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {"slug": [self.slug_from]} if self.slug_from and not obj else {}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        if not any(field.name == "position" for field in self.opts.fields):
            return given
        last = self.model._default_manager.aggregate(last=Max("position"))["last"] or 0
        return {"position": last + 1, **given}

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Give the row's place on the site, unless visitors do not see it there."""
        if obj is None or getattr(obj, "state", State.LIVE) != State.LIVE:
            return None
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None and "panel" not in context:
            state = short_state(row.state) if hasattr(row, "state") else ""
            context["panel"] = Panel(self.what_rests_on(row), state, self.links_for(request, row))
        return super().render_change_form(request, context, *args, **kwargs)

    def what_rests_on(self, row: Any) -> list[str]:
        """Say in sentences what changing this row touches."""
        return resting([row])[0].sentences

    def links_for(self, request: HttpRequest, row: Any) -> list[Link]:
        """Give the ways from a row's form to what else can be done with it."""
        return []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ProtectedError, IntegrityError):
            # Somebody ticked it after the page had looked. Looking again, it says so.
            return super().delete_view(request, object_id, extra_context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, str] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except (ProtectedError, IntegrityError):
            # As above, for those deleted from the list.
            return super().changelist_view(request, extra_context)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Say what would go, or why nothing may: never by listing what learners have."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        reasons = self.reasons_to_keep(list(objs))
        if protected and not reasons:
            collector = NestedObjects(using=DEFAULT_DB_ALIAS)
            collector.collect(objs)
            reasons = reasons_of(collector.protected)
        return rows, counts, lacking, reasons

    def reasons_to_keep(self, objs: list[Any]) -> list[str]:
        """Say in sentences why these rows may not be deleted; nothing when they may."""
        return []


def reasons_of(protected: Iterable[models.Model]) -> list[str]:
    names = [
        f"{capfirst(row._meta.verbose_name)} “{row}” needs it."
        for row in protected
        if row._meta.app_label == "roadmap"
    ]
    return sorted(names) or ["What learners have done depends on it."]


def warn_of_unplaced(request: HttpRequest) -> None:
    """Name the live milestones that no phase holds: nobody would miss them of themselves."""
    unplaced = Milestone.objects.published().filter(placements=None)
    if keys := list(unplaced.values_list("key", flat=True)):
        messages.warning(
            request,
            f"No phase holds {listing(keys)}, so no learner sees it. "
            "Place it in a phase, or retire it.",
        )
