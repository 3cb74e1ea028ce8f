from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from mastery.http import Request
from roadmap.entry import advise
from roadmap.models import Chapter, Resource
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
def share(request: Request) -> HttpResponseBase:
    return _picture(request, Card())


@login_not_required
@require_safe
def phase_share(request: Request, slug: str) -> HttpResponseBase:
    phase = manual().phases.get(slug)
    if phase is None:
        raise Http404
    return _picture(request, card_of(phase.row))


def _picture(request: Request, card: Card) -> HttpResponseBase:
    image, etag = picture(card)
    response = HttpResponse(
        image,
        content_type="image/png",
        headers={"ETag": etag, "Cache-Control": "public, max-age=3600"},
    )
    return get_conditional_response(request, etag=etag, response=response) or response
