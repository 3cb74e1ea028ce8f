from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mastery.http import LearnerRequest, see_other
from mastery.models import User
from roadmap.models import Track
from roadmap.queries import Manual, manual
from tracker.awards import settle
from tracker.models import Completion, Reset
from tracker.queries import board_of
from tracker.resetting import cost_of, counted, plan_of


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: LearnerRequest, track: str) -> HttpResponse:
    """Ask before a whole track is unticked, and untick it."""
    content = manual()
    row = next((one for one in content.tracks if one.slug == track), None)
    if row is None:
        raise Http404
    board = board_of(request.user, content)
    plan = plan_of(board, row)
    if request.method != "POST":
        context = {"plan": plan, "cost": cost_of(plan, request.user, board)}
        return render(request, "tracker/reset.html", context)
    done = untick(request.user, content, row, [milestone.pk for milestone in plan.home])
    if done is None:
        messages.info(request, f"Nothing of {row.name} is ticked, so nothing was changed.")
    else:
        said = f"{row.name}: {of_rows(request.user, content, done.completions)} unticked."
        context = {"said": said, "reset": done}
        messages.success(request, render_to_string("tracker/_reset.html", context, request))
    return see_other(reverse("progress"))


@require_POST
def undo_reset(request: LearnerRequest, pk: int) -> HttpResponse:
    """Put back what a reset unticked, within 30 days of it."""
    row = get_object_or_404(Reset.objects.of(request.user), pk=pk)
    if back := retick(request.user, row):
        said = of_rows(request.user, manual(), back)
        messages.success(request, f"{row.name}: {said} ticked again, as before.")
    elif row.late:
        said = "is more than 30 days old. Each tick can still be put back by itself."
        messages.info(request, f"That reset of {row.name} {said}")
    else:
        messages.info(request, f"Nothing of that reset of {row.name} is left to undo.")
    return see_other(reverse("progress"))


def of_rows(user: User, content: Manual, completions: list[int]) -> str:
    """Say of how many milestones and deliverables these completions are."""
    rows = Completion.objects.of(user).filter(pk__in=completions)
    pks = set(rows.values_list("milestone", flat=True))
    return counted(one for one in content.milestones.values() if one.pk in pks)


@transaction.atomic
def untick(user: User, content: Manual, track: Track, home: list[int]) -> Reset | None:
    """Untick milestones at once and remember which were ticked; None when none was."""
    now = timezone.now()
    completions = Completion.objects.of(user).reset(user, milestones=home, now=now)
    if not completions:
        return None
    row = Reset.objects.create(
        user=user, track=track.slug, name=track.name, completions=completions, at=now
    )
    settle(user, content, today=user.today)
    return row


@transaction.atomic
def retick(user: User, row: Reset) -> list[int]:
    """Take a reset back, once and in time; give the completions that are ticked again."""
    now = timezone.now()
    # Whoever changes the row first is the one that undoes it.
    if not Reset.objects.of(user).filter(pk=row.pk).undoable(now).update(undone_at=now):
        return []
    back = Completion.objects.of(user).undo_reset(user, completions=row.completions, now=now)
    settle(user, manual(), today=user.today)
    return back
