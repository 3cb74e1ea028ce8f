from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from roadmap.admin.base import PAGE_ORDER, ContentAdmin, Rows, worded
from roadmap.admin.stateful import StatefulAdmin
from roadmap.admin.upkeep import VerdictFilter, verdict_of, with_verdicts
from roadmap.models import Level, Milestone, PhaseResource, Requirement, Resource, ResourceLink
from roadmap.operations import rules_changed


class LinkRows(Rows):
    model = ResourceLink
    fields = ["label", "url", "position"]
    verbose_name = "link"
    verbose_name_plural = "More links: its lectures, its code, its assignments"


@admin.register(Resource)
class ResourceAdmin(StatefulAdmin):
    list_display = ["title", "author", "kind", "standing", "link_verdict", "used_in", "position"]
    list_editable = ["position"]
    list_filter = [
        "kind",
        "state",
        VerdictFilter,
        ("uses__phase", admin.RelatedOnlyFieldListFilter),
        "uses__role",
    ]
    search_fields = ["title", "author", "slug", "summary", "url"]
    fields = ["title", "slug", "author", "kind", "state", "release", "url", "summary", "position"]
    radio_fields = {"state": admin.HORIZONTAL}
    inlines = [LinkRows]
    slug_from = "title"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resource]:
        uses = PhaseResource.objects.select_related("phase").order_by(*PAGE_ORDER)
        resources = with_verdicts(super().get_queryset(request))
        return resources.prefetch_related(Prefetch("uses", uses))

    @admin.display(description="links", ordering="verdict")
    def link_verdict(self, resource: Resource) -> str:
        return verdict_of(resource)

    @admin.display(description="used in")
    def used_in(self, resource: Resource) -> str:
        return ", ".join(
            f"{use.phase.label} ({use.get_role_display().lower()})" for use in resource.uses.all()
        )


class RequirementRows(Rows):
    model = Requirement
    autocomplete_fields = ["any_of"]
    fields = ["slug", "any_of", "position"]
    verbose_name_plural = "Requirements: the level is reached when each of them holds"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Requirement]:
        requirements: QuerySet[Requirement] = super().get_queryset(request)
        return requirements.prefetch_related(
            Prefetch("any_of", worded(Milestone.objects.order_by("key")))
        )


@admin.register(Level)
class LevelAdmin(ContentAdmin):
    list_display = ["__str__", "time", "asks_for", "position"]
    list_editable = ["position"]
    search_fields = ["slug", "name", "can", "reached_by"]
    fields = ["name", "slug", "can", "time", "reached_by", "beyond", "position"]
    inlines = [RequirementRows]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Level]:
        return super().get_queryset(request).prefetch_related("requirements__any_of")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "beyond" in form.changed_data or any(rows.has_changed() for rows in formsets):
            rules_changed()

    @admin.display(description="asks for")
    def asks_for(self, level: Level) -> str:
        return ", ".join(
            " or ".join(milestone.key for milestone in requirement.any_of.all())
            for requirement in level.requirements.all()
        )
