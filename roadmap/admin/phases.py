from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from roadmap.admin.base import ContentAdmin, Rows, kind_of, listing, warn_of_unplaced
from roadmap.models import (
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
        return places.select_related("milestone", "phase")

    @admin.display(description="kind and state")
    def about(self, placement: Placement) -> str:
        if not placement.pk:
            return ""
        milestone = placement.milestone
        state = milestone.get_state_display().partition(":")[0]
        return kind_of(milestone) + ("" if milestone.state == State.LIVE else f", {state.lower()}")


class DeliverableRows(PlacementRows):
    deliverable = True
    verbose_name = "deliverable"
    verbose_name_plural = "Deliverable"


class MilestoneRows(PlacementRows):
    verbose_name = "milestone"
    verbose_name_plural = "Milestones"


@admin.register(Phase)
class PhaseAdmin(ContentAdmin):
    list_display = ["__str__", "track", "state", "length", "level", "holds", "position"]
    list_editable = ["position"]
    list_filter = ["track", "state"]
    list_select_related = ["track"]
    search_fields = ["slug", "title", "summary", "goal", "path", "done_when"]
    # In the order of the page.
    inlines = [StepRows, TopicRows, ResourceRows, DeliverableRows, MilestoneRows, TrapRows]
    radio_fields = {"state": admin.HORIZONTAL}
    slug_from = "title"
    fieldsets = [
        (None, {"fields": ["title", "slug", ("track", "position"), "state", "summary"]}),
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
