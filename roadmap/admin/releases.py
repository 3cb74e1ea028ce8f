"""Sets of drafts on the desk: what they hold, links to preview them by, and publishing them."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_POST

from mastery.models import User
from roadmap import operations
from roadmap.admin.base import ContentAdmin, worded
from roadmap.groundwork import RefusedError, Stateful
from roadmap.models import (
    Chapter,
    Milestone,
    Phase,
    PreviewLink,
    Release,
    ReleaseItem,
    Resource,
    State,
)
from roadmap.models.releases import LINK_LIVES
from roadmap.queries import manual, preview_of

KINDS = (Phase, Milestone, Resource, Chapter)
LONGEST = dt.timedelta(days=365)
CHANGED = "The set changed since this page was made. Look at it again, then publish it."

type View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Draft:
    kind: str
    name: str
    # The same as learners read it.
    told: str
    url: str
    # What tells it apart from every other row.
    mark: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a set of drafts holds, and what is in the way of publishing it."""

    drafts: list[Draft]
    not_ready: list[str]
    # For each kind of content: its name, and the form for a new draft of it in this set.
    adds: list[tuple[str, str]]

    @property
    def marks(self) -> str:
        return " ".join(draft.mark for draft in self.drafts)

    @property
    def ready(self) -> bool:
        return bool(self.drafts) and not self.not_ready


def contents_of(release: Release) -> Contents:
    rows = operations.drafts_of(release)
    return Contents(
        drafts=drafts(rows),
        not_ready=operations.not_ready(release, rows),
        adds=[(str(model._meta.verbose_name), add_address(model, release)) for model in KINDS],
    )


def add_address(model: type[Stateful], release: Release) -> str:
    form = reverse(f"admin:roadmap_{model._meta.model_name}_add")
    return f"{form}?state=draft&release={release.pk}"


def drafts(rows: Iterable[Stateful]) -> list[Draft]:
    rows = list(rows)
    wordings = {
        row.pk: row.latest_wording
        for row in worded(Milestone.objects.filter(pk__in=[row.pk for row in milestones(rows)]))
    }
    return [
        Draft(
            kind=str(row._meta.verbose_name),
            name=(
                f"{row.key}: {wordings.get(row.pk) or 'no wording yet'}"
                if isinstance(row, Milestone)
                else str(row)
            ),
            told=wordings.get(row.pk, "") if isinstance(row, Milestone) else row.title,
            url=reverse(f"admin:roadmap_{row._meta.model_name}_change", args=[row.pk]),
            mark=f"{row._meta.model_name}-{row.pk}",
        )
        for row in rows
    ]


def milestones(rows: Iterable[Stateful]) -> list[Milestone]:
    return [row for row in rows if isinstance(row, Milestone)]


def phases_with_more(release: Release) -> list[tuple[str, int, int]]:
    """Give the live phases that will ask for more once it is published: for how many milestones,
    and for how many deliverables, which stand beside the totals.
    """
    before = manual()
    grown = []
    with preview_of(release) as after:
        for slug, phase in after.phases.items():
            if there := before.phases.get(slug):
                new = {one.pk for one in phase.milestones} - {one.pk for one in there.milestones}
                beside = {one.pk for one in phase.deliverables}
                beside -= {one.pk for one in there.deliverables}
                grown.append((str(phase.row), len(new), len(beside)))
    return [(name, new, beside) for name, new, beside in grown if new or beside]


class LinkForm(forms.Form):
    ends = forms.DateField(
        label="Ends after",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="The last day on which it opens, in UTC. Empty: 14 days from now.",
    )

    def clean_ends(self) -> dt.datetime:
        """Give the instant at which the link ends."""
        now, day = timezone.now(), self.cleaned_data["ends"]
        if day is None:
            return now + LINK_LIVES
        if day < now.date():
            raise forms.ValidationError("This day is over. Choose today or a later one.")
        if day > (now + LONGEST).date():
            raise forms.ValidationError("A link opens for a year at most. Choose an earlier day.")
        return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def number_of(rows: QuerySet[Any]) -> Coalesce:
    """Count rows that point at a release, beside it in its own query."""
    counted = rows.filter(release=OuterRef("pk")).order_by().values("release")
    return Coalesce(
        Subquery(counted.annotate(number=Count("pk")).values("number")),
        0,
        output_field=IntegerField(),
    )


@admin.register(Release)
class ReleaseAdmin(ContentAdmin):
    list_display = ("title", "standing", "published")
    search_fields = ("title", "notes")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counts = {
            f"number_of_{model._meta.model_name}": number_of(
                model._default_manager.filter(state=State.DRAFT)
            )
            for model in KINDS
        }
        told = number_of(ReleaseItem.objects.all())
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**counts, number_told=told)
        return rows

    @admin.display(description="holds")
    def standing(self, release: Any) -> str:
        if release.published:
            return counted(release.number_told, "change")
        held = sum(getattr(release, f"number_of_{model._meta.model_name}") for model in KINDS)
        return f"{counted(held, 'draft')}, not published yet"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["title", "published", "notes"] if obj and obj.published else ["title", "notes"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        told = ["title", "published"] if obj and obj.published else []
        return [*super().get_readonly_fields(request, obj), *told]

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        return super().get_view_on_site_url(obj) if obj and obj.published else None

    def reasons_to_keep(self, objs: list[Any]) -> list[str]:
        return [
            f"“{release}” is published: learners read it on the page of changes. "
            "Change its notes instead."
            for release in objs
            if release.published
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        release = context.get("original")
        if release is not None:
            # Nothing of a learner's rests on a set.
            context["panel"] = None
            context["told"] = release.items.all() if release.published else None
            context["held"] = None if release.published else contents_of(release)
            context["open_links"] = release.links.open().count()
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_popup" in request.POST or "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"The set “{obj}” is there. Put drafts into it below.")
        return HttpResponseRedirect(self.address(obj))

    # Pages of a set's own

    def get_urls(self) -> list[URLPattern]:
        def page(address: str, view: View, name: str) -> URLPattern:
            return path(address, self.admin_site.admin_view(view), name=f"roadmap_release_{name}")

        return [
            page("<int:pk>/publish/", self.publish_view, "publish"),
            page("<int:pk>/links/", self.links_view, "links"),
            page("<int:pk>/links/<int:link>/revoke/", self.revoke_view, "revoke"),
            *super().get_urls(),
        ]

    def address(self, release: Release, page: str = "change") -> str:
        return reverse(f"admin:roadmap_release_{page}", args=[release.pk])

    def asked(self, request: HttpRequest, pk: int) -> Release:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Release, pk=pk)

    def own_page(
        self, request: HttpRequest, name: str, release: Release, status: int = 200, **context: Any
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/roadmap/release/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "release": release,
                "back": self.address(release),
                **context,
            },
            status=status,
        )

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what learners will see; on their word for it, publish it."""
        release = self.asked(request, pk)
        if release.published:
            messages.info(request, f"“{release}” is published already. Nothing was changed.")
            return HttpResponseRedirect(self.address(release))
        held, refused = contents_of(release), []
        if request.method == "POST":
            refused = self.publish(request, release, held)
            if refused:
                held = contents_of(release)
            else:
                messages.success(
                    request, f"“{release}” is published: {counted(len(held.drafts), 'change')}."
                )
                return HttpResponseRedirect(self.address(release))
        return self.own_page(
            request,
            "publish",
            release,
            status=422 if refused else 200,
            title=f"Publish “{release}”",
            held=held,
            refused=refused,
            more=phases_with_more(release),
        )

    def publish(self, request: HttpRequest, release: Release, held: Contents) -> list[str]:
        """Publish what the page listed; otherwise say why not."""
        if request.POST.get("drafts") != held.marks:
            return [CHANGED]
        try:
            with transaction.atomic():
                operations.publish(release)
                # Somebody may have put one more into it since the marks were compared.
                if release.items.count() != len(held.drafts):
                    raise RefusedError([CHANGED])
                self.log_change(request, release, "Published.")
        except RefusedError as error:
            return error.reasons
        return []

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def links_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self.asked(request, pk)
        form = LinkForm(request.POST if request.method == "POST" else None)
        if release.published:
            messages.info(request, f"“{release}” is published: its links lead nowhere any more.")
            return HttpResponseRedirect(self.address(release))
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)
            link = release.links.create(made_by=request.user, expires=form.cleaned_data["ends"])
            self.log_change(request, release, f"Made preview link no. {link.pk}.")
            messages.success(request, "The link is made. Copy its address below.")
            return HttpResponseRedirect(self.address(release, "links"))
        links = release.links.select_related("made_by")
        return self.own_page(
            request,
            "links",
            release,
            status=422 if form.errors else 200,
            title=f"Preview links of “{release}”",
            form=form,
            open=[link for link in links if link.is_open],
            ended=[link for link in links if not link.is_open],
        )

    @method_decorator(require_POST)
    def revoke_view(self, request: HttpRequest, pk: int, link: int) -> HttpResponse:
        release = self.asked(request, pk)
        revoked = get_object_or_404(PreviewLink, pk=link, release=release)
        if PreviewLink.objects.filter(pk=link, revoked=None).update(revoked=timezone.now()):
            self.log_change(request, release, f"Revoked preview link no. {revoked.pk}.")
        messages.success(request, "The link is revoked: it leads nowhere now.")
        return HttpResponseRedirect(self.address(release, "links"))


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
