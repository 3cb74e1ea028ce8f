"""The editors' desk for the roadmap: every row that pages are made from, in the pages' order."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import NestedObjects
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextareaWidget
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.text import get_text_list
from django.utils.translation import ngettext

from mastery.desk import MarkdownWidget
from roadmap.models import (
    Chapter,
    Claim,
    Habit,
    Level,
    MarkdownField,
    Milestone,
    MilestoneRevision,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Question,
    Requirement,
    Resource,
    ResourceLink,
    State,
    Step,
    Topic,
    Track,
    Trap,
    tidy,
)

# Lines that are sentences: they get room for more than one row on the screen.
SENTENCES = {"ask", "can", "note", "reached_by", "statement", "summary"}
IDENTITIES = ("slug", "key")
PLACES = ("phase__track__position", "phase__position", "position")


class LineFormField(forms.CharField):
    """One line, also when a browser or a paste made several of it."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


class MarkdownFormField(forms.CharField):
    """A text tidied before it is compared, so that browsers' line ends are no change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "strip": False})

    def to_python(self, value: Any) -> str:
        return tidy(str(super().to_python(value)))


class WebAddressField(forms.URLField):
    default_validators = [URLValidator(schemes=["http", "https"])]


class Sentence(AdminTextareaWidget):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 2, "class": "desk-sentence", **(attrs or {})})


class SmallNumber(AdminIntegerFieldWidget):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"min": 0, "class": "desk-number", **(attrs or {})})


class Fields(BaseModelAdmin[Any]):
    """How a field of the roadmap is edited, in a form of its own and in a row of another."""

    formfield_overrides = {
        MarkdownField: {"form_class": MarkdownFormField, "widget": MarkdownWidget},
        models.PositiveSmallIntegerField: {"widget": SmallNumber},
        models.URLField: {"form_class": WebAddressField},
    }

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        if type(db_field) is models.CharField and not db_field.choices:
            kwargs.setdefault("form_class", LineFormField)
            if db_field.name in SENTENCES:
                kwargs.setdefault("widget", Sentence)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.related_model is Milestone and field:
            field.queryset = worded(Milestone.objects.all())
            field.label_from_instance = name_of_milestone
        return field


def worded(milestones: QuerySet[Milestone]) -> QuerySet[Milestone]:
    """Give milestones with their latest wording, in the same query."""
    revisions = MilestoneRevision.objects.filter(milestone=OuterRef("pk")).order_by("-number")
    return milestones.annotate(latest_wording=Subquery(revisions.values("wording")[:1]))


def name_of_milestone(milestone: Milestone) -> str:
    return f"{milestone.key}: {getattr(milestone, 'latest_wording', None) or 'no wording yet'}"


class RowForm(forms.ModelForm[models.Model]):
    """A row inside another row's form. New ones go last; what identifies a row stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields and self.instance.pk:
            self.fields["slug"].disabled = True

    @cached_property
    def changed_data(self) -> list[str]:
        changed = super().changed_data
        # The suggested place alone does not make a row that somebody added and left empty.
        return [] if changed == ["position"] and not self.instance.pk else changed


class RowFormSet(BaseInlineFormSet[Any, Any, Any]):
    @property
    def empty_form(self) -> Any:
        form = super().empty_form
        if "position" in form.fields:
            taken = [row.initial.get("position") or 0 for row in self.initial_forms]
            form.initial["position"] = max(taken, default=0) + 1
        return form


class Rows(Fields, admin.options.InlineModelAdmin[Any, Any]):
    form = RowForm
    formset = RowFormSet
    extra = 0
    classes = ["collapse"]


class TableRows(Rows):
    template = "admin/edit_inline/tabular.html"


class PartRows(Rows):
    """A phase's titled paragraphs."""

    template = "admin/edit_inline/stacked.html"
    fields: Any = [("title", "slug", "position"), "text"]
    prepopulated_fields = {"slug": ["title"]}


class ContentAdmin(Fields, admin.ModelAdmin[Any]):
    save_on_top = True
    list_per_page = 200
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).fetch_mode(models.FETCH_PEERS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        fixed = super().get_readonly_fields(request, obj)
        names = {field.name for field in self.opts.fields}
        return [*fixed, *(name for name in IDENTITIES if obj and name in names)]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else dict(super().get_prepopulated_fields(request, obj))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given = super().get_changeform_initial_data(request)
        if "position" not in {field.name for field in self.opts.fields}:
            return given
        last = self.model._default_manager.aggregate(last=Max("position"))["last"] or 0
        return {"position": last + 1, **given}

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        live = obj is not None and getattr(obj, "state", State.LIVE) == State.LIVE
        return obj.get_absolute_url() if live and hasattr(obj, "get_absolute_url") else None

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Say what would go, or why nothing may: never by listing what learners have."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        reasons = self.reasons_to_keep(list(objs))
        if protected and not reasons:
            collector = NestedObjects(using="default")
            collector.collect(objs)
            ours = [row for row in collector.protected if row._meta.app_label == "roadmap"]
            reasons = [
                f"{row._meta.verbose_name} “{row}” stands on it.".capitalize() for row in ours
            ]
            reasons = reasons or ["What learners did stands on it."]
        return rows, counts, lacking, reasons

    def reasons_to_keep(self, objs: list[Any]) -> list[str]:
        return []


def listing(keys: Iterable[str]) -> str:
    return str(get_text_list(list(keys), "and"))


def warn_of_unplaced(request: HttpRequest) -> None:
    """Say which live milestones no phase holds any more: nobody would miss them by themselves."""
    if keys := list(
        Milestone.objects.published().filter(placements=None).values_list("key", flat=True)
    ):
        messages.warning(
            request,
            f"No phase holds {listing(keys)}, so no learner sees it. Place it in a phase, or retire it.",
        )


@admin.register(Track)
class TrackAdmin(ContentAdmin):
    list_display = ["name", "slug", "optional", "summary", "position"]
    list_editable = ["position"]
    search_fields = ["name", "slug", "summary", "text"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "summary", "text", "optional", "position"]


class StepRows(PartRows):
    model = Step
    fields = [("title", "slug", "time", "position"), "text"]
    verbose_name_plural = "Steps: do this, in order"


class TopicRows(PartRows):
    model = Topic
    fields = [("title", "slug", "position", "essential"), "text"]
    verbose_name_plural = "Topics: what to learn, in order of priority"


class ResourceRows(TableRows):
    model = PhaseResource
    autocomplete_fields = ["resource"]
    fields = ["resource", "role", "note", "position"]
    verbose_name = "resource"
    verbose_name_plural = "Resources"


class PlacedMilestones(TableRows):
    model = Placement
    autocomplete_fields = ["milestone"]
    fields = ["milestone", "about", "position"]
    readonly_fields = ["about"]
    verbose_name = "milestone"
    verbose_name_plural = "Milestones and the deliverable"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        return super().get_queryset(request).select_related("milestone", "phase")

    @admin.display(description="kind and state")
    def about(self, placement: Placement) -> str:
        if not placement.pk:
            return ""
        milestone = placement.milestone
        words = ["Deliverable" if milestone.deliverable else milestone.get_kind_display()]
        if milestone.state != State.LIVE:
            words.append(milestone.get_state_display())
        return ", ".join(word.partition(":")[0] for word in words)


class TrapRows(PartRows):
    model = Trap


@admin.register(Phase)
class PhaseAdmin(ContentAdmin):
    list_display = ["__str__", "track", "state", "length", "level", "holds", "position"]
    list_display_links = ["__str__"]
    list_editable = ["position"]
    list_filter = ["track", "state"]
    list_select_related = ["track"]
    search_fields = ["slug", "title", "summary", "goal", "path", "done_when"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [StepRows, TopicRows, ResourceRows, PlacedMilestones, TrapRows]
    radio_fields = {"state": admin.HORIZONTAL}
    fieldsets = [
        (None, {"fields": ["title", "slug", ("track", "position"), "state", "summary"]}),
        (
            "How long, and where it leads",
            {"fields": ["length", ("weeks_min", "weeks_max"), "level", "same_as"]},
        ),
        ("What the page says", {"fields": ["goal", "path", "done_when"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Phase]:
        return super().get_queryset(request).annotate(held=models.Count("placements"))

    @admin.display(description="milestones", ordering="held")
    def holds(self, phase: Phase) -> int:
        return int(getattr(phase, "held", 0))

    def save_related(self, request: HttpRequest, *args: Any) -> None:
        super().save_related(request, *args)
        warn_of_unplaced(request)

    def reasons_to_keep(self, objs: list[Phase]) -> list[str]:
        elsewhere = Placement.objects.exclude(phase__in=objs)
        homeless = (
            Milestone.objects.exclude(state=State.DRAFT)
            .filter(placements__phase__in=objs)
            .exclude(pk__in=elsewhere.values("milestone"))
            .distinct()
        )
        keys = [milestone.key for milestone in homeless]
        if not keys:
            return []
        return [
            f"No other phase holds {listing(keys)}. Retire the phase instead, "
            "or move its milestones first."
        ]


class MilestoneForm(forms.ModelForm[Milestone]):
    wording = LineFormField(
        max_length=MilestoneRevision._meta.get_field("wording").max_length,
        widget=Sentence,
        show_hidden_initial=True,
        help_text="What a learner ticks. A new wording becomes the next revision; older ones stay.",
    )
    change = forms.ChoiceField(
        label="kind of change",
        choices=MilestoneRevision.Change.choices,
        required=False,
        widget=forms.RadioSelect,
        help_text="Needed when the wording changes. Learners who ticked it see “reworded since” "
        "and the old wording.",
    )

    class Meta:
        model = Milestone
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = self.instance.latest_revision() if self.instance.pk else None
        self.latest = latest.wording if latest else None
        if self.latest is not None:
            self.initial.setdefault("wording", self.latest)

    @property
    def reworded(self) -> bool:
        """Whether this editor changed the wording, also when another one did so meanwhile."""
        wording = self.cleaned_data.get("wording")
        began = self.data.get(self.add_initial_prefix("wording"), self.latest)
        return wording not in {self.latest, began}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        asked = self.latest is not None and "wording" in self.cleaned_data and self.reworded
        if asked and "change" not in self.errors and not self.cleaned_data.get("change"):
            self.add_error("change", "The wording changed. Say which kind of change it is.")
        return cleaned


class PlacementForm(RowForm):
    """A milestone's place, given from the milestone: last in the phase unless somebody says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        self.fields["position"].help_text = "Empty puts it last."

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        phase = self.cleaned_data.get("phase")
        if phase and self.cleaned_data.get("position") is None and "position" not in self.errors:
            last = phase.placements.aggregate(last=Max("position"))["last"] or 0
            self.cleaned_data["position"] = last + 1
        return cleaned


class PlacementFormSet(BaseInlineFormSet[Any, Any, Any]):
    @property
    def empty_form(self) -> Any:
        form = super().empty_form
        form.initial["position"] = None
        return form


class Places(TableRows):
    model = Placement
    form = PlacementForm
    formset = PlacementFormSet
    fields = ["phase", "position"]
    classes = []
    verbose_name = "place"
    verbose_name_plural = "Places: the phases that hold it, ticked once for all of them"


class Revisions(admin.TabularInline[MilestoneRevision, Milestone]):
    """Every wording so far. Ticks point at them, so that they only ever grow in number."""

    model = MilestoneRevision
    fields = ["number", "wording", "change", "created"]
    readonly_fields = fields
    ordering = ["-number"]
    extra = 0
    can_delete = False
    verbose_name_plural = "Wordings so far"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Milestone)
class MilestoneAdmin(ContentAdmin):
    form = MilestoneForm
    list_display = ["key", "wording", "kind", "deliverable", "state", "held_by"]
    list_filter = ["phases__track", "phases", "state", "kind", "deliverable"]
    search_fields = ["key", "revisions__wording", "detail"]
    inlines = [Places, Revisions]
    radio_fields = {"state": admin.HORIZONTAL, "kind": admin.VERTICAL}
    fieldsets = [
        (None, {"fields": ["key", "wording", "change"]}),
        (None, {"fields": ["kind", "deliverable", "state", "detail"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Milestone | None = None) -> Any:
        if obj:
            return self.fieldsets
        return [(None, {"fields": ["key", "wording"]}), self.fieldsets[1]]

    def get_ordering(self, request: HttpRequest) -> Any:
        places = Placement.objects.filter(milestone=OuterRef("pk")).order_by(*PLACES)
        first = [Subquery(places.values(column)[:1]).asc(nulls_last=True) for column in PLACES]
        return [*first, "key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Milestone]:
        places = Placement.objects.select_related("phase").order_by(*PLACES)
        return worded(super().get_queryset(request)).prefetch_related(
            Prefetch("placements", places)
        )

    def name_in_search(self, milestone: Milestone) -> str:
        return name_of_milestone(milestone)

    @admin.display(description="wording", ordering="latest_wording")
    def wording(self, milestone: Milestone) -> str:
        return str(getattr(milestone, "latest_wording", None) or "")

    @admin.display(description="phases", empty_value="in no phase")
    def held_by(self, milestone: Milestone) -> str | None:
        return ", ".join(place.phase.label for place in milestone.placements.all()) or None

    def get_view_on_site_url(self, obj: Milestone | None = None) -> str | None:
        if obj is None or obj.state != State.LIVE:
            return None
        live = obj.placements.filter(phase__state=State.LIVE).select_related("phase")
        place = live.order_by(*PLACES).first()
        return f"{place.phase.get_absolute_url()}#milestone-{obj.key}" if place else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Saving the row locks it, so that two editors who reword it get two revisions.
        super().save_model(request, obj, form, change)
        if form.reworded:
            kind = form.cleaned_data.get("change") if form.latest is not None else None
            obj.reword(form.cleaned_data["wording"], kind or MilestoneRevision.Change.MATERIAL)

    def save_related(self, request: HttpRequest, *args: Any) -> None:
        super().save_related(request, *args)
        warn_of_unplaced(request)

    def reasons_to_keep(self, objs: list[Milestone]) -> list[str]:
        reasons = []
        ticked = learners_with(objs)
        for milestone in objs:
            if count := ticked.get(milestone.pk):
                who = ngettext("%d learner has", "%d learners have", count) % count
                reasons.append(
                    f"{who} ticked {milestone.key}. Retire it instead: it leaves the roadmap for "
                    "newcomers and stays with those who did it."
                )
        asking = Requirement.objects.filter(any_of__in=objs).select_related("level").distinct()
        for requirement in asking.exclude(
            pk__in=Requirement.objects.filter(any_of__in=others_than(objs)).values("pk")
        ):
            reasons.append(
                f"{requirement.level} asks for it and for nothing in its place "
                f"({requirement.slug}). Change that requirement first."
            )
        return reasons


def others_than(milestones: list[Milestone]) -> QuerySet[Milestone]:
    return Milestone.objects.exclude(pk__in=[milestone.pk for milestone in milestones])


def learners_with(milestones: list[Milestone]) -> dict[int, int]:
    """Count, by milestone, the learners whose record of it its deletion would cost.

    Those rows lie in apps that are unknown here. They protect their milestone, and a learner has
    at most one of a sort.
    """
    counts: dict[int, int] = {}
    for relation in Milestone._meta.related_objects:
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.PROTECT:
            name = relation.field.name
            found = (
                relation.related_model._base_manager.filter(**{f"{name}__in": milestones})
                .values_list(name)
                .annotate(count=models.Count("pk"))
            )
            for pk, count in found:
                counts[pk] = max(count, counts.get(pk, 0))
    return counts


class LinkRows(TableRows):
    model = ResourceLink
    fields = ["label", "url", "position"]
    classes = []
    verbose_name = "link"
    verbose_name_plural = "More links: its lectures, its code, its assignments"


@admin.register(Resource)
class ResourceAdmin(ContentAdmin):
    list_display = ["title", "author", "kind", "state", "used_in", "position"]
    list_editable = ["position"]
    list_filter = ["kind", "state", ("uses__phase", admin.RelatedOnlyFieldListFilter), "uses__role"]
    search_fields = ["title", "author", "slug", "summary", "url"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [LinkRows]
    radio_fields = {"state": admin.HORIZONTAL}
    fields = ["title", "slug", "author", "kind", "state", "url", "summary", "position"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resource]:
        uses = PhaseResource.objects.select_related("phase").order_by(*PLACES)
        return super().get_queryset(request).prefetch_related(Prefetch("uses", uses))

    @admin.display(description="used in")
    def used_in(self, resource: Resource) -> str:
        return ", ".join(
            f"{use.phase.label} ({use.get_role_display().lower()})" for use in resource.uses.all()
        )


class RequirementRows(TableRows):
    model = Requirement
    autocomplete_fields = ["any_of"]
    fields = ["slug", "any_of", "position"]
    classes = []
    verbose_name_plural = "Requirements: the level is reached when each of them has one tick"


@admin.register(Level)
class LevelAdmin(ContentAdmin):
    list_display = ["__str__", "time", "asks_for", "beyond", "position"]
    list_editable = ["position"]
    list_filter = ["beyond"]
    search_fields = ["slug", "name", "can", "reached_by"]
    inlines = [RequirementRows]
    fields = ["name", "slug", "can", "time", "reached_by", "beyond", "position"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Level]:
        return super().get_queryset(request).prefetch_related("requirements__any_of")

    @admin.display(description="asks for")
    def asks_for(self, level: Level) -> str:
        return ", ".join(
            " or ".join(milestone.key for milestone in requirement.any_of.all())
            for requirement in level.requirements.all()
        )


@admin.register(Habit)
class HabitAdmin(ContentAdmin):
    list_display = ["name", "target", "position"]
    list_editable = ["position"]
    search_fields = ["name", "target", "text"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "target", "text", "position"]


@admin.register(Principle)
class PrincipleAdmin(ContentAdmin):
    list_display = ["title", "position"]
    list_editable = ["position"]
    search_fields = ["title", "text"]
    prepopulated_fields = {"slug": ["title"]}
    fields = ["title", "slug", "text", "position"]


@admin.register(Chapter)
class ChapterAdmin(ContentAdmin):
    list_display = ["title", "section", "state", "summary", "position"]
    list_editable = ["position"]
    list_filter = ["section", "state"]
    search_fields = ["title", "slug", "summary", "text"]
    prepopulated_fields = {"slug": ["title"]}
    radio_fields = {"state": admin.HORIZONTAL}
    fields = ["title", "slug", ("section", "position"), "state", "summary", "text"]


@admin.register(Claim)
class ClaimAdmin(ContentAdmin):
    list_display = ["statement", "tier", "checked", "position"]
    list_editable = ["position"]
    list_filter = ["tier", "checked"]
    search_fields = ["statement", "slug", "source"]
    fields = ["statement", "slug", "tier", "checked", "source", "position"]


@admin.register(Question)
class QuestionAdmin(ContentAdmin):
    list_display = ["ask", "phase", "position"]
    list_editable = ["position"]
    list_filter = ["phase"]
    list_select_related = ["phase"]
    search_fields = ["ask", "slug"]
    fields = ["ask", "slug", "phase", "position"]
