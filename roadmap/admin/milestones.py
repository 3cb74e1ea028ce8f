from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminRadioSelect
from django.db.models import Max, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from roadmap.admin.base import (
    PAGE_ORDER,
    LineFormField,
    RowForm,
    RowFormSet,
    Rows,
    Sentence,
    kind_of,
    name_of_milestone,
    warn_of_unplaced,
    worded,
)
from roadmap.admin.operations import Publish, Restore, Retire
from roadmap.admin.resting import beside, completions
from roadmap.admin.stateful import StatefulAdmin, StatefulForm
from roadmap.admin.successions import Merge, Replace, Split
from roadmap.ledger import Stake, ledger
from roadmap.models import (
    DeliverablePart,
    Milestone,
    MilestoneRevision,
    Placement,
    Requirement,
    State,
)
from roadmap.operations import tell_of_wording

WORDING = "What a learner ticks. A new wording is the next revision; older ones stay."
# In the words of what follows from each.
COSMETIC = "Cosmetic: spelling. Completions move to the new wording, nobody is told."
MATERIAL = (
    "Material: it asks for something else. Completions keep theirs; learners see “reworded since” "
    "with the old text and confirm or keep."
)


class MilestoneForm(StatefulForm):
    wording = LineFormField(
        max_length=250,
        widget=Sentence,
        show_hidden_initial=True,
        help_text=WORDING,
    )
    change = forms.ChoiceField(
        label="Kind of change",
        choices=[
            (MilestoneRevision.Change.COSMETIC, COSMETIC),
            (MilestoneRevision.Change.MATERIAL, MATERIAL),
        ],
        required=False,
        widget=AdminRadioSelect({"class": "radiolist"}),
        help_text="Say which when the wording changes. Every tick stays either way.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = self.instance.latest_revision() if self.instance.pk else None
        self.latest = latest.wording if latest else None
        self.initial.setdefault("wording", self.latest)
        if self.instance.pk and "wording" in self.fields:
            stake = ledger().stakes([self.instance.pk])[self.instance.pk]
            self.fields["wording"].help_text = format_html(
                '{} <span class="desk-stakes">The wording of {} stands under {}.</span>',
                WORDING,
                self.instance.key,
                stake,
            )

    @property
    def reworded(self) -> bool:
        """Whether this editor gave another wording; what a colleague gave meanwhile stands."""
        began = self.data.get(self.add_initial_prefix("wording"), self.latest)
        return self.cleaned_data["wording"] not in {self.latest, began}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.latest is None or self.errors:
            return cleaned
        if self.reworded and not self.cleaned_data["change"]:
            self.add_error("change", "The wording changed: say which kind of change it is.")
        return cleaned


class PlaceForm(RowForm):
    """A milestone's place in a phase, the last one unless somebody says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        phase = self.cleaned_data.get("phase")
        if phase and not self.errors and self.cleaned_data.get("position") is None:
            last = phase.placements.aggregate(last=Max("position"))["last"] or 0
            self.cleaned_data["position"] = last + 1
        return cleaned


class PlaceRows(Rows):
    model = Placement
    form = PlaceForm
    fields = ["phase", "position"]
    verbose_name = "place"
    verbose_name_plural = "Places: the phases that hold it (no position puts it last)"


class PartForm(RowForm):
    class Meta:
        widgets: ClassVar = {"name": Sentence}


class PartFormSet(RowFormSet):
    def clean(self) -> None:
        super().clean()
        left = [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]
        if left and not self.instance.deliverable:
            raise forms.ValidationError(
                "Only a deliverable has parts. Say that it is one, or delete them."
            )


class PartRows(Rows):
    model = DeliverablePart
    form = PartForm
    formset = PartFormSet
    fields = ["name", "slug", "label", "position"]
    prepopulated_fields = {"slug": ["name"]}
    verbose_name = "part"
    verbose_name_plural = "What must ship: the parts of a deliverable"


class RevisionRows(admin.TabularInline[MilestoneRevision, Milestone]):
    """Every wording so far, to read: ticks point at them."""

    model = MilestoneRevision
    fields = ["number", "wording", "change", "created"]
    readonly_fields = ["number", "wording", "change", "created"]
    ordering = ["-number"]
    can_delete = False
    extra = 0
    verbose_name_plural = "Wordings so far"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PhaseFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_value_display = SafeString("In no phase")


@admin.register(Milestone)
class MilestoneAdmin(StatefulAdmin):
    form = MilestoneForm
    kinds = [Split, Merge, Replace, Retire, Restore, Publish]
    list_display = ["key", "wording", "asks_to", "standing", "held_by"]
    list_filter = ["phases__track", ("phases", PhaseFilter), "state", "kind", "deliverable"]
    search_fields = ["key", "revisions__wording", "detail"]
    radio_fields = {"state": admin.HORIZONTAL, "kind": admin.VERTICAL}
    inlines = [PlaceRows, PartRows, RevisionRows]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        said = ["key", "wording", "change", "detail"] if obj else ["key", "wording", "detail"]
        row = ["kind", "deliverable", "state"]
        if obj is None or obj.state == State.DRAFT:
            row.append("release")
        return [(None, {"fields": said}), (None, {"fields": row})]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if not obj:
            return [PlaceRows, PartRows]
        return self.inlines if self.asks_for_parts(request, obj) else [PlaceRows, RevisionRows]

    def asks_for_parts(self, request: HttpRequest, obj: Milestone) -> bool:
        """Say whether the form has parts in it: when it comes back, whether it had when it left.

        By then the object may say otherwise already, because the box is ticked in that very form.
        """
        if request.method == "POST":
            return "parts-TOTAL_FORMS" in request.POST
        return obj.deliverable or obj.parts.exists()

    def get_ordering(self, request: HttpRequest) -> Any:
        places = Placement.objects.filter(milestone=OuterRef("pk")).order_by(*PAGE_ORDER)
        return [
            *(Subquery(places.values(name)[:1]).asc(nulls_last=True) for name in PAGE_ORDER),
            "key",
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        places = Placement.objects.select_related("phase").order_by(*PAGE_ORDER)
        return worded(super().get_queryset(request)).prefetch_related(
            Prefetch("placements", places)
        )

    def name_in_search(self, milestone: Milestone) -> str:
        return name_of_milestone(milestone)

    @admin.display(ordering="latest_wording")
    def wording(self, milestone: Any) -> str:
        return str(milestone.latest_wording or "")

    @admin.display(description="kind", ordering="kind")
    def asks_to(self, milestone: Milestone) -> str:
        return kind_of(milestone)

    @admin.display(description="phases", empty_value="in no phase")
    def held_by(self, milestone: Milestone) -> str | None:
        return ", ".join(place.phase.label for place in milestone.placements.all()) or None

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        if obj is None or obj.state != State.LIVE:
            return None
        live = obj.placements.filter(phase__state=State.LIVE).select_related("phase")
        place = live.order_by(*PAGE_ORDER).first()
        return f"{place.phase.get_absolute_url()}#milestone-{obj.key}" if place else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Saving the row locks it: of two who reword it at once, the second gets a later number.
        super().save_model(request, obj, form, change)
        if form.reworded:
            asked = form.cleaned_data["change"] if form.latest is not None else ""
            kind = asked or MilestoneRevision.Change.MATERIAL
            was = obj.latest_revision()
            obj.reword(form.cleaned_data["wording"], kind)
            # What learners do not see yet is no news to them.
            news = kind == MilestoneRevision.Change.MATERIAL and obj.state == State.LIVE
            if was is not None and news:
                tell_of_wording(obj, was.wording)

    def save_related(self, request: HttpRequest, *args: Any) -> None:
        super().save_related(request, *args)
        warn_of_unplaced(request)

    def reasons_to_keep(self, objs: list[Milestone]) -> list[str]:
        stakes = ledger().stakes([milestone.pk for milestone in objs])
        held = [
            why_kept(milestone, stakes[milestone.pk])
            for milestone in objs
            if stakes[milestone.pk].anybody
        ]
        others = Milestone.objects.exclude(pk__in=[milestone.pk for milestone in objs])
        asking = (
            Requirement.objects.filter(any_of__in=objs)
            .exclude(pk__in=Requirement.objects.filter(any_of__in=others).values("pk"))
            .select_related("level")
            .distinct()
        )
        asked = [
            f"Nobody could reach {row.level} any more: its requirement “{row}” would ask for "
            "nothing. Change that requirement first."
            for row in asking
        ]
        return held + asked


def why_kept(milestone: Milestone, stake: Stake) -> str:
    """Say what would be lost with a milestone, and what to do instead of deleting it."""
    first = f"{milestone.key} has {completions(stake)}." if stake.done else f"{milestone.key}:"
    if milestone.state == State.LIVE:
        advice = (
            "Retire it instead: it leaves the roadmap for newcomers and stays with whoever did it."
        )
    else:
        advice = f"It is {milestone.state}, so newcomers do not see it. Leave it as it is."
    return " ".join(filter(None, [first, beside(stake), advice]))
