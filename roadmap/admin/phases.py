from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import resolve, reverse

from roadmap.admin.base import (
    ContentAdmin,
    Rows,
    kind_of,
    short_state,
    warn_of_unplaced,
    worded,
)
from roadmap.admin.resting import listing
from roadmap.admin.stateful import StatefulAdmin, StatefulForm
from roadmap.models import (
    FormerSlug,
    Milestone,
    Phase,
    PhaseResource,
    Placement,
    State,
    Step,
    Topic,
    Track,
    Trap,
)


@admin.register(Track)
class TrackAdmin(ContentAdmin):
    list_display = ["name", "slug", "optional", "summary", "position"]
    list_editable = ["position"]
    search_fields = ["name", "slug", "summary", "text"]
    fields = ["name", "slug", "summary", "text", "optional", "position"]
    slug_from = "name"


class PartRows(Rows):
    """A phase's titled paragraphs."""

    template = "admin/edit_inline/stacked.html"
    prepopulated_fields = {"slug": ["title"]}
    classes = ["collapse"]


class StepRows(PartRows):
    model = Step
    fields = [("title", "slug"), ("position", "time"), "text"]
    verbose_name_plural = "Steps: do this, in order"


class TopicRows(PartRows):
    model = Topic
    fields = [("title", "slug"), ("position", "essential"), "text"]
    verbose_name_plural = "Topics: what to learn, in order of priority"


class TrapRows(PartRows):
    model = Trap
    fields = [("title", "slug"), "position", "text"]


class ResourceRows(Rows):
    model = PhaseResource
    autocomplete_fields = ["resource"]
    fields = ["resource", "role", "note", "position"]
    classes = ["collapse"]
    verbose_name = "resource"
    verbose_name_plural = "Resources"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PhaseResource]:
        uses: QuerySet[PhaseResource] = super().get_queryset(request)
        return uses.select_related("resource", "phase")


class PlacementRows(Rows):
    model = Placement
    autocomplete_fields = ["milestone"]
    fields = ["milestone", "about", "position"]
    readonly_fields = ["about"]
    classes = ["collapse"]
    deliverable = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        places: QuerySet[Placement] = super().get_queryset(request)
        places = places.filter(milestone__deliverable=self.deliverable)
        milestones = Prefetch("milestone", worded(Milestone.objects.all()))
        return places.select_related("phase").prefetch_related(milestones)

    @admin.display(description="kind and state")
    def about(self, placement: Placement) -> str:
        if not placement.pk:
            return ""
        milestone = placement.milestone
        state = short_state(milestone.state).lower()
        return kind_of(milestone) + ("" if milestone.state == State.LIVE else f", {state}")


class DeliverableRows(PlacementRows):
    deliverable = True
    verbose_name = "deliverable"
    verbose_name_plural = "Deliverable"


class MilestoneRows(PlacementRows):
    verbose_name = "milestone"
    verbose_name_plural = "Milestones"


class PhaseForm(StatefulForm):
    """A phase, whose address may change: the old one leads to it from then on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "same_as" in self.fields:
            # The database refuses a phase that is its own twin; the form does not know its number.
            others: Any = self.fields["same_as"]
            others.queryset = others.queryset.exclude(pk=self.instance.pk)
        if self.instance.pk and "slug" in self.fields:
            self.fields["slug"].help_text = (
                "Its address, and what it is called: 3 is phase 3, rl-3 is RL-3. Change it, and "
                "the old address goes on leading here."
            )

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        former = FormerSlug.objects.filter(slug=slug).exclude(phase=self.instance.pk)
        if found := former.select_related("phase").first():
            raise forms.ValidationError(
                f"“{slug}” is a former address of {found.phase} and leads there. Choose another."
            )
        if resolve(reverse("phase", args=[slug])).url_name != "phase":
            raise forms.ValidationError(
                f"“{slug}” is the address of another page of the roadmap. Choose another."
            )
        return slug


@admin.register(Phase)
class PhaseAdmin(StatefulAdmin):
    form = PhaseForm
    renamable = True
    list_display = ["__str__", "track", "standing", "level", "holds", "position"]
    list_editable = ["position"]
    list_filter = ["track", "state"]
    list_select_related = ["track"]
    search_fields = ["slug", "title", "summary", "goal", "path", "done_when"]
    # In the order of the page.
    inlines = [StepRows, TopicRows, ResourceRows, DeliverableRows, MilestoneRows, TrapRows]
    radio_fields = {"state": admin.HORIZONTAL}
    slug_from = "title"
    fieldsets = [
        (None, {"fields": ["title", "slug", ("track", "position"), "state", "release", "summary"]}),
        (
            "How long, and where it leads",
            {"fields": ["length", ("weeks_min", "weeks_max"), "level", "same_as"]},
        ),
        ("What the page says", {"fields": ["goal", "path", "done_when"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        phases: QuerySet[Any] = super().get_queryset(request).annotate(held=Count("placements"))
        return phases

    @admin.display(description="milestones", ordering="held")
    def holds(self, phase: Any) -> int:
        return int(phase.held)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        stored = Phase.objects.select_for_update().filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if stored is not None and stored.slug != obj.slug:
            FormerSlug.objects.filter(slug=obj.slug, phase=obj).delete()
            # What was a draft had no address that anybody could have kept.
            if stored.state != State.DRAFT:
                FormerSlug.objects.create(slug=stored.slug, phase=obj)

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
        keys = list(homeless.values_list("key", flat=True))
        if not keys:
            return []
        advice = "Retire the phase instead, or give its milestones another place first."
        return [f"No other phase holds {listing(keys)}. {advice}"]
