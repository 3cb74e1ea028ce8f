from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mastery.http import LearnerRequest, see_other
from mastery.models import User
from roadmap.queries import Manual, ManualMilestone, manual
from tracker.models import Completion
from tracker.queries import board_of


@require_safe
def progress(request: LearnerRequest) -> HttpResponse:
    content = manual()
    return render(request, "tracker/progress.html", {"board": board_of(request.user, content)})


@require_POST
def tick(request: LearnerRequest, key: str) -> HttpResponse:
    """Set one milestone to the wanted state and tell the true one of all that is shown."""
    content = manual()
    milestone = content.milestones.get(key)
    if milestone is None:
        raise Http404
    wanted = request.POST.getlist("done")[-1:]
    if wanted not in (["0"], ["1"]):
        return HttpResponseBadRequest("Send done=1 to tick this milestone, done=0 to untick it.\n")
    set_done(request.user, milestone, wanted == ["1"], restore="restore" in request.POST)
    page = request.POST.get("page", "")
    if request.htmx:
        context = ticked(request.user, content, milestone, page)
        # The button that put a tick back is gone now: its box takes the focus.
        context["focus"] = "restore" in request.POST
        return render(request, "tracker/ticked.html", context)
    path = reverse("phase", args=[page]) if page in content.phases else reverse("progress")
    return see_other(f"{path}#milestone-{key}")


def set_done(user: User, milestone: ManualMilestone, done: bool, *, restore: bool) -> None:
    """Tick, untick, or take an untick back.

    Raises Http404 for a milestone that has left the roadmap, except to whoever once did it.
    """
    completions, now = Completion.objects.of(user), timezone.now()
    if not milestone.open_to_all and not completions.filter(milestone=milestone.pk).exists():
        raise Http404
    if not done:
        completions.untick(user, milestone=milestone.pk, now=now)
    elif restore or not milestone.open_to_all:
        completions.restore(user, milestone=milestone.pk, now=now)
    else:
        on = now.astimezone(user.zone).date()
        completions.tick(
            user, milestone=milestone.pk, revision=milestone.revision_pk, on=on, now=now
        )


def ticked(user: User, content: Manual, milestone: ManualMilestone, page: str) -> dict[str, object]:
    """Collect all that the page of a tick shows of it: a phase's own page, or the whole board."""
    board = board_of(user, content)
    on_board = page not in content.phases
    slugs = milestone.phases if on_board else (page,)
    return {
        "board": board,
        "item": board.item(milestone),
        "page": "" if on_board else page,
        "parts": [board.phases[slug] for slug in slugs],
        "on_board": on_board,
    }
