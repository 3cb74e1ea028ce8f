from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from mastery.feeds import TYPE
from mastery.http import LearnerRequest, Request, revalidated, see_other
from mastery.models import User
from roadmap.changes import (
    atom,
    instant_of,
    last_visit,
    mark_seen,
    news_of,
    read_until,
    unread,
)
from roadmap.entry import advise
from roadmap.models import Chapter, Release, Resource
from roadmap.models.releases import PK
from roadmap.queries import manual
from roadmap.share import Card, card_of, picture


@dataclass(frozen=True, slots=True)
class Tier:
    number: int
    title: str
    meaning: str
    receipts: str

    @property
    def id(self) -> str:
        return f"tier-{self.number}"


TIERS = (
    Tier(1, "Tier 1: verified", "Checked against a source, which is named.", "Source"),
    Tier(
        2,
        "Tier 2: standard knowledge",
        "What every textbook says; correct as far as we know, and not derived anew here.",
        "Where to read it",
    ),
    Tier(
        3,
        "Tier 3: editorial judgement",
        "A considered opinion about how to learn this. Test it on somebody who does research.",
        "Whose judgement",
    ),
)


@login_not_required
@require_safe
def method(request: Request) -> HttpResponse:
    content = manual()
    return render(
        request,
        "roadmap/method.html",
        {
            "manual": content,
            "chapters": content.chapters[Chapter.Section.METHOD],
            "anti_patterns": content.chapters[Chapter.Section.ANTI_PATTERNS],
        },
    )


@login_not_required
@require_safe
def resources(request: Request) -> HttpResponse:
    content = manual()
    phase, kind = request.GET.get("phase", ""), request.GET.get("kind", "")
    chosen = [
        resource
        for resource in content.resources
        if (not phase or phase in resource.phases) and (not kind or kind == resource.row.kind)
    ]
    groups = [
        (kind_, [resource for resource in chosen if resource.row.kind == kind_.value])
        for kind_ in Resource.Kind
    ]
    return render(
        request,
        "roadmap/resources.html",
        {
            "manual": content,
            "groups": [group for group in groups if group[1]],
            "count": len(chosen),
            "kinds": Resource.Kind,
            "phase": phase,
            "kind": kind,
        },
    )


@login_not_required
@require_safe
def provenance(request: Request) -> HttpResponse:
    content = manual()
    return render(
        request,
        "roadmap/provenance.html",
        {
            "manual": content,
            "chapters": content.chapters[Chapter.Section.PROVENANCE],
            "tiers": [
                (tier, [claim for claim in content.claims if claim.tier == tier.number])
                for tier in TIERS
            ],
        },
    )


@login_not_required
@require_safe
def start(request: Request) -> HttpResponse:
    questions = manual().questions
    answers = {question.slug: request.GET.get(question.slug, "") for question in questions}
    asked = any(answers.values()) or "answer" in request.GET
    return render(
        request,
        "roadmap/start.html",
        {
            "questions": [(question, answers[question.slug]) for question in questions],
            "advice": advise(questions, answers) if asked else None,
        },
    )


@login_not_required
@require_safe
def changes(request: Request) -> HttpResponse:
    """Show what was published, newest first, or from one release back: ``?from=12``."""
    content = manual()
    start = _release(request.GET["from"]) if "from" in request.GET else None
    context: dict[str, object] = {"start": start}
    since, zone = None, timezone.get_default_timezone()
    if isinstance(request.user, User):
        since, zone = last_visit(request.user), request.user.zone
        context |= {
            "count": unread(request.user, content),
            "since": since.astimezone(zone).date(),
            "until": read_until(content).isoformat(),
        }
        # Older pages go on from what was new when the first one was shown and marked as read.
        since = instant_of(request.GET.get("since", "")) or since
    context["news"], context["older"] = news_of(content, start=start, since=since, zone=zone)
    if since:
        context["new_since"] = since.isoformat()
    return render(request, "roadmap/changes.html", context)


def _release(pk: str) -> Release:
    found = Release.objects.published().filter(pk=int(pk)).first() if PK.fullmatch(pk) else None
    if found is None:
        raise Http404
    return found


@require_POST
def changes_seen(request: LearnerRequest) -> HttpResponse:
    """Remember that a learner has read what changed, up to when their page was made."""
    until = timezone.now()
    if text := request.POST.get("until"):
        given = instant_of(text)
        if given is None:
            return HttpResponseBadRequest("Send until as an instant in UTC, or leave it out.\n")
        until = given
    mark_seen(request.user, until)
    return HttpResponse(status=204) if request.htmx else see_other(reverse("changes"))


@login_not_required
@require_safe
def changes_feed(request: Request) -> HttpResponse:
    return revalidated(request, HttpResponse(atom(manual()), content_type=TYPE))


@login_not_required
@require_safe
def share(request: Request) -> HttpResponseBase:
    return _picture(request, Card())


@login_not_required
@require_safe
def phase_share(request: Request, slug: str) -> HttpResponseBase:
    content = manual()
    if phase := content.phases.get(slug):
        return _picture(request, card_of(phase.row))
    if slug in content.retired:
        return redirect("share")
    if slug in content.moved:
        return redirect("phase_share", content.moved[slug], permanent=True)
    raise Http404


def _picture(request: Request, card: Card) -> HttpResponseBase:
    image, etag = picture(card)
    response = HttpResponse(
        image,
        content_type="image/png",
        headers={"ETag": etag, "Cache-Control": "public, max-age=3600"},
    )
    return get_conditional_response(request, etag=etag, response=response) or response
