import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST

from mastery.http import LearnerRequest, see_other
from roadmap.queries import manual
from tracker.models import Recheck
from tracker.queries import Item, rows_of
from tracker.rechecking import asked, next_day

TAKEN_BACK = "none"
NEAR = dt.timedelta(days=31)  # a day so near is named, and of one further off the month


@require_POST
def recheck(request: LearnerRequest, key: str) -> HttpResponse:
    """Keep how it went to do a milestone again from a blank file, or take that back."""
    user, milestone = request.user, manual().milestones.get(key)
    if milestone is None:
        raise Http404
    outcome = request.POST.get("outcome", "")
    if outcome not in {TAKEN_BACK, *Recheck.Outcome.values}:
        return HttpResponseBadRequest("Send outcome=held, shaky, lost, later or none.\n")
    row, today = rows_of(user).filter(milestone=milestone.pk).first(), user.today
    since = asked(row.completed_on, today) if row else None
    # What is not built, not done or not due yet has nothing to answer.
    if row is None or since is None or not Item(milestone, row).rechecked:
        raise Http404
    if outcome == TAKEN_BACK:
        Recheck.objects.of(user).take_back(row, due=since)
    else:
        Recheck.objects.of(user).answer(row, outcome, due=since, today=today, now=timezone.now())
    item = Item(milestone, rows_of(user).get(pk=row.pk))
    page = request.POST.get("page", "")
    context = {"item": item, "page": page, "said": told(item, today, asks=user.rechecks)}
    if request.htmx:
        # The button that was pressed is gone now: what stands in its place takes the focus.
        return render(request, "tracker/rechecked.html", context | {"focus": True})
    if context["said"]:
        messages.success(request, render_to_string("tracker/_answered.html", context, request))
    paths = {"progress": reverse("progress"), "evidence": reverse("evidence", args=[key])}
    # To the top of the page, where the message stands.
    return see_other(paths.get(page, reverse("home")))


def told(item: Item, today: dt.date, *, asks: bool) -> str:
    """Say what was answered and when the next question comes; nothing while one is open."""
    if item.completion is None or not item.answers or item.due_again(today):
        return ""
    last = item.answers[-1]
    day = next_day(item.completion.completed_on, today=today, put_off_until=last.until)
    if last.until:
        return f"Put off until {date_format(last.until, 'j F')}." if asks else "Put off."
    said = Recheck.Outcome(last.outcome).label
    said = f"{said}. The tick stays." if last.outcome == Recheck.Outcome.LOST else f"{said}."
    if not asks:
        return said
    if day is None:
        return f"{said} It was the last of the three times."
    if day - today < NEAR:
        return f"{said} Asked again on {date_format(day, 'j F')}."
    return f"{said} Asked again in {date_format(day, 'F' if day.year == today.year else 'F Y')}."
