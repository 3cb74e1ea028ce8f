from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mastery.http import Request, open_to_visitors, see_other
from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual, ManualMilestone, manual
from tracker import visitors
from tracker.awards import counts_for_a_level, settle
from tracker.claims import difference
from tracker.deliverables import shelf_of
from tracker.models import Completion
from tracker.outlook import outlook_of
from tracker.queries import Board, board_of, due_again
from tracker.resetting import undoable
from tracker.successions import kin


@login_not_required
@require_safe
def progress(request: Request) -> HttpResponse:
    content, here = manual(), visitors.ticks_of(request)
    board = board_of(request.user, content, here)
    context = {
        "board": board,
        "outlook": outlook_of(request.user, content, board),
        "again": due_again(request.user, content, board),
        "shelf": shelf_of(board),
        "resets": undoable(request.user, content, board.completions),
        # What a learner's browser still keeps from before they logged in.
        "waiting": difference(here, board.completions, content),
    }
    return render(request, "tracker/progress.html", context)


@open_to_visitors
@require_POST
def tick(request: Request, key: str) -> HttpResponse:
    """Set one milestone to the wanted state and tell the true one of all that is shown."""
    content = manual()
    milestone = content.milestones.get(key)
    if milestone is None:
        raise Http404
    wanted = request.POST.getlist("done")[-1:]
    if wanted not in (["0"], ["1"]):
        return HttpResponseBadRequest("Send done=1 to tick this milestone, done=0 to untick it.\n")
    done = wanted == ["1"]
    if isinstance(request.user, User):
        restore = "restore" in request.POST
        # The transaction is for levels alone: a tick by itself is one statement.
        if counts_for_a_level(content, key):
            with transaction.atomic():
                if set_done(request.user, milestone, done, restore=restore):
                    settle(request.user, content, today=request.user.today)
        else:
            set_done(request.user, milestone, done, restore=restore)
        return answer(request, content, milestone)
    here = visitors.changed(visitors.ticks_of(request), milestone, done)
    response = answer(request, content, milestone, here)
    try:
        visitors.keep(response, here)
    except visitors.TooManyTicksError:
        return HttpResponseBadRequest(visitors.FULL)
    return response


def answer(
    request: Request,
    content: Manual,
    milestone: ManualMilestone,
    here: visitors.Ticks | None = None,
    *,
    said: str = "",
) -> HttpResponse:
    """Answer a tick, with what changed or with the way back to the box. ``said`` goes before the
    totals that are read out.
    """
    page, key = request.POST.get("page", ""), milestone.key
    if request.htmx:
        board = board_of(request.user, content, here)
        context = ticked(board, content, milestone, page)
        if context["on_board"]:
            context["outlook"] = outlook_of(request.user, content, board)
            context["again"] = due_again(request.user, content, board)
            if any(item.milestone.deliverable for item in context["shown"]):
                context["shelf"] = shelf_of(board)
        # The button that put a tick back, or answered, is gone now: its box takes the focus.
        context["focus"] = "restore" in request.POST or "as" in request.POST
        context["said"] = said
        return render(request, "tracker/ticked.html", context)
    if page in content.phases:
        path = reverse("phase", args=[page])
    else:
        path = reverse("evidence", args=[key]) if page == "evidence" else reverse("progress")
    return see_other(f"{path}#milestone-{key}")


def set_done(user: User, milestone: ManualMilestone, done: bool, *, restore: bool) -> bool:
    """Tick, untick, or take an untick back; say whether that changed anything.

    Raises Http404 for a milestone that has left the roadmap, except to whoever once did it.
    """
    completions, now = Completion.objects.of(user), timezone.now()
    if not milestone.open_to_all and not completions.filter(milestone=milestone.pk).exists():
        raise Http404
    if not done:
        return completions.untick(user, milestone=milestone.pk, now=now)
    if restore or not milestone.open_to_all:
        return completions.restore(user, milestone=milestone.pk, now=now)
    return completions.tick(
        user,
        milestone=milestone.pk,
        revision=milestone.revision_pk,
        on=now.astimezone(user.zone).date(),
        now=now,
        shown=milestone.kind == Milestone.Kind.JOIN,
    )


def ticked(board: Board, content: Manual, milestone: ManualMilestone, page: str) -> dict[str, Any]:
    """Collect all that the page of a tick shows of it: a phase's own page, or the whole board.

    What the milestone came from and what it became are shown anew too: they offer to confirm it.
    """
    on_board = page not in content.phases
    page = "" if on_board else page
    related = [one for one in kin(milestone, content) if board.shows(one, page)]
    shown = [board.item(one) for one in (milestone, *related)]
    slugs = dict.fromkeys(slug for item in shown for slug in item.milestone.phases)
    return {
        "board": board,
        "shown": shown,
        "page": page,
        "parts": [board.phases[slug] for slug in (slugs if on_board else (page,))],
        # On the board, the lines in other phases that lead to a box.
        "lines": [
            (slug, item, content.phases[item.milestone.phases[0]])
            for item in shown
            for slug in (item.milestone.phases[1:] if on_board else ())
        ],
        "on_board": on_board,
    }
