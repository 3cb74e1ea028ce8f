"""What wears out by itself: links that die, claims that nobody looked at for a year."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import (
    Case,
    CharField,
    F,
    Func,
    IntegerChoices,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mastery.desk import Site
from roadmap.links import needs_attention, old_claims, report
from roadmap.models import Claim, LinkCheck, Resource, ResourceLink
from roadmap.models.upkeep import DEAD_AFTER

desk = cast("Site", admin.site)


@desk.page(
    "links",
    title="Links and claims",
    summary="Links that no longer answer, and claims that were not checked for a year.",
    permission="roadmap.view_resource",
    attention=needs_attention,
)
@require_safe
def links(request: HttpRequest) -> HttpResponse:
    today = timezone.now().date()
    context = {
        **desk.each_context(request),
        "title": "Links and claims",
        "report": report(today),
        "today": today,
        "dead_after": DEAD_AFTER,
    }
    return TemplateResponse(request, "admin/links.html", context)


class Verdict(IntegerChoices):
    """How the links of a resource stand: of several, the worst."""

    DEAD = 3, "Dead"
    UNSURE = 2, "Could not tell"
    FINE = 1, "Fine"
    NEVER = 0, "Never asked"


def _bare(address: F | OuterRef) -> Func:
    """Leave out the place within the page, as checks do."""
    return Func(address, Value("#"), Value(1), function="split_part", output_field=CharField())


def with_verdicts(resources: QuerySet[Resource]) -> QuerySet[Any]:
    """Give resources with the verdict on their links, in the same query."""
    more = ResourceLink.objects.filter(resource=OuterRef(OuterRef("pk")))
    checks = (
        LinkCheck.objects.filter(
            Q(url=_bare(OuterRef("url"))) | Q(url__in=more.values(bare=_bare(F("url"))))
        )
        .annotate(
            verdict=Case(
                When(problem="", then=Value(Verdict.FINE)),
                When(definite=True, failures__gte=DEAD_AFTER, then=Value(Verdict.DEAD)),
                default=Value(Verdict.UNSURE),
            )
        )
        .order_by("-verdict")
    )
    return resources.annotate(
        verdict=Coalesce(Subquery(checks.values("verdict")[:1]), Value(Verdict.NEVER))
    )


def verdict_of(resource: Any) -> str:
    """Name the verdict on a resource's links, for its column; nothing where it has none."""
    return str(Verdict(resource.verdict).label) if resource.url or resource.verdict else ""


class VerdictFilter(admin.SimpleListFilter):
    title = "links"
    parameter_name = "links"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one.name.lower(), str(one.label)) for one in Verdict]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {one.name.lower(): one for one in Verdict}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(verdict=chosen)


class AgeFilter(admin.SimpleListFilter):
    title = "when it was checked"
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("old", "Over a year ago, or never")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        if self.value() != "old":
            return queryset
        return queryset.filter(pk__in=old_claims(timezone.now().date()).values("pk"))
