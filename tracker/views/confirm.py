"""What holders answer when the content under their ticks has changed."""

import re
from collections.abc import Iterable

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.http import require_POST

from mastery.http import Request, open_to_visitors
from mastery.models import User
from roadmap.queries import Manual, ManualMilestone, manual
from tracker import visitors
from tracker.awards import counts_for_a_level, settle
from tracker.models import Completion, Recheck
from tracker.successions import Rows, heirs, kin, sources
from tracker.views.board import answer

# To one's own milestone after it was reworded: it holds, or it stays for the old wording. To one
# that came from others: having done those covers it. To one that left: it covers what it became.
ANSWERS = ("reworded", "kept", "successor", "successors")
NUMBER = re.compile(r"[0-9]{1,18}")
AGAIN = "The wording has changed again. Nothing was changed."

# What may be confirmed, and what was done that it came from.
type Offer = tuple[ManualMilestone, list[ManualMilestone]]


@open_to_visitors
@require_POST
def confirm(request: Request, key: str) -> HttpResponse:
    """Take one of ``ANSWERS``, which counts for the wordings it was given for: ``revision``."""
    content = manual()
    milestone = content.milestones.get(key)
    if milestone is None:
        raise Http404
    given = request.POST.get("as", "")
    if given not in ANSWERS:
        return HttpResponseBadRequest(f"Send as={', '.join(ANSWERS[:-1])} or {ANSWERS[-1]}.\n")
    seen = {int(pk) for pk in request.POST.getlist("revision") if NUMBER.fullmatch(pk)}
    if not seen:
        return HttpResponseBadRequest("Send revision, the wording that you answer for.\n")
    if not isinstance(request.user, User):
        return confirm_here(request, content, milestone, given, seen)
    if not milestone.open_to_all and not held(request.user, milestone):
        raise Http404
    if given in {"reworded", "kept"}:
        said = take_wording(request.user, milestone, given, seen)
    else:
        said = take_on(request.user, content, milestone, given, seen)
    if said == AGAIN and not request.htmx:
        messages.info(request, said)
    return answer(request, content, milestone, said=said)


def held(user: User, milestone: ManualMilestone) -> bool:
    return Completion.objects.of(user).filter(milestone=milestone.pk).exists()


def take_wording(user: User, milestone: ManualMilestone, given: str, seen: set[int]) -> str:
    """Keep what a holder says of a new wording; say what came of it, nothing where nothing did."""
    if seen.isdisjoint(milestone.alike):
        return AGAIN
    completions, now = Completion.objects.of(user), timezone.now()
    move, said = {
        "reworded": (completions.confirm, "Moved to the present wording."),
        "kept": (completions.keep_as_it_stood, "Kept as it stood."),
    }[given]
    moved = move(user, milestone=milestone.pk, revision=milestone.revision_pk, now=now)
    return said if moved else ""


@transaction.atomic
def take_on(
    user: User, content: Manual, milestone: ManualMilestone, given: str, seen: set[int]
) -> str:
    """Take new milestones as done for the old; say what came of it, nothing where nothing did."""
    completions, now = Completion.objects.of(user), timezone.now()
    family = [milestone.pk, *(one.pk for one in kin(milestone, content))]
    rows = {row.milestone_id: row for row in completions.filter(milestone__in=family)}
    offered = offers(content, milestone, given, rows)
    taken = []
    for one, done in answered(offered, seen):
        carried = [source.pk for source in done]
        if completions.take_on(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            kind=one.kind,
            sources=carried,
            now=now,
        ):
            (row,) = completions.filter(milestone=one.pk).values_list("pk", flat=True)
            Recheck.objects.carry(carried, [row])
            taken.append(one)
    if any(counts_for_a_level(content, one.key) for one in taken):
        settle(user, content, today=user.today)
    return told(offered, len(taken))


def told(offered: list[Offer], taken: int) -> str:
    """Say how many were confirmed, or why none of those offered was."""
    if taken:
        return f"Confirmed: {taken} milestone{pluralize(taken)}."
    return AGAIN if offered else ""


def confirm_here(
    request: Request, content: Manual, milestone: ManualMilestone, given: str, seen: set[int]
) -> HttpResponse:
    """Take a visitor's answer. Their browser keeps no wordings, so none is ever asked about."""
    here = visitors.ticks_of(request)
    if not milestone.open_to_all and milestone.key not in here:
        raise Http404
    offered = offers(content, milestone, given, visitors.completions_in(here, content))
    taken = answered(offered, seen)
    for one, done in taken:
        here[one.key] = max(here[source.key] for source in done)
    response = answer(request, content, milestone, here, said=told(offered, len(taken)))
    try:
        visitors.keep(response, here)
    except visitors.TooManyTicksError:
        return HttpResponseBadRequest(visitors.FULL)
    return response


def offers(content: Manual, milestone: ManualMilestone, given: str, rows: Rows) -> list[Offer]:
    """Give what may be confirmed by an answer."""
    match given:
        case "successor":
            asked = [milestone]
        case "successors" if milestone.pk in rows and rows[milestone.pk].done:
            asked = heirs(milestone, content)
        case _:
            asked = []
    found = [(one, sources(one, content, rows)) for one in asked]
    return [(one, done) for one, done in found if done]


def answered(offered: Iterable[Offer], seen: set[int]) -> list[Offer]:
    """Give those of the offers that were seen as they are worded now."""
    return [(one, done) for one, done in offered if not seen.isdisjoint(one.alike)]
