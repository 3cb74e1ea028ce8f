"""A learner to look at: about half a year of plausible ticks, some of them shown, ending today."""

import datetime as dt
import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import ManualMilestone, manual
from tracker.awards import settle
from tracker.evidence import Evidence, Link
from tracker.models import Completion, Recheck
from tracker.rechecking import asked

HANDLE = "demo-learner"
# Days before today on which each milestone was ticked: quick through the trunk, slower after.
DAYS_AGO = {
    "p0-0": 184,
    "p0-1": 182,
    "p0-2": 182,
    "p0-4": 181,
    "p0-3": 178,
    "d0": 178,
    "p1-1": 165,
    "p1-0": 161,
    "p1-4": 146,
    "p1-2": 139,
    "p1-3": 137,
    "d1": 132,
    "p2-0": 118,
    "p2-2": 109,
    "p2-1": 104,
    "p2-3": 88,
    "p2-4": 71,
    "p2-5": 60,
    "d2": 57,
    "p3-0": 41,
    "p3-2": 33,
    "p3-1": 12,
    "p3-3": 4,
}

# What shows some of them; of deliverables everything that must ship, d0's last part apart.
LABELS = {
    "p0-1": ["repository", "plot"],
    "p1-0": ["commit"],
    "p1-1": ["repository"],
    "p1-4": ["write-up"],
    "p2-0": ["commit"],
    "p2-3": ["repository", "plot"],
    "p3-0": ["plot"],
}
DELIVERABLES = ("d0", "d1", "d2")
# Days before today on which it was given, where that is not the day of the tick.
SHOWN_DAYS_AGO = {"p0-1": 150, "d1": 130, "d2": 55}
# How it went to do some again from a blank file, and how many days ago; others are due.
AGAIN = {
    "p0-0": ("held", 3),
    "p0-1": ("held", 1),
    "p0-2": ("held", 1),
    "p1-0": ("shaky", 60),
    "p1-4": ("held", 45),
    "p1-2": ("held", 40),
    "p2-0": ("lost", 26),
    "p2-2": ("held", 17),
}


@transaction.atomic
def make_demo() -> tuple[str, str]:
    """Make the demo learner, or make them anew; give their handle and their new password."""
    password = secrets.token_urlsafe(9)
    user = User.objects.filter(handle=HANDLE).first() or User(handle=HANDLE)
    user.set_password(password)
    user.time_zone = "Europe/Berlin"
    user.time_zone_confirmed = True
    user.hours_a_week = 12
    user.save()
    content, now = manual(), timezone.now()
    completions = Completion.objects.of(user)

    def moment(days: int) -> tuple[dt.date, dt.datetime]:
        at = now - dt.timedelta(days=days)
        return at.astimezone(user.zone).date(), at

    for key, days in DAYS_AGO.items():
        if milestone := content.milestones.get(key):
            on, at = moment(days)
            one: dict[str, Any] = {"milestone": milestone.pk, "revision": milestone.revision_pk}
            joined = milestone.kind == Milestone.Kind.JOIN
            completions.tick(user, **one, on=on, now=at, shown=joined)
            if given := evidence_of(milestone):
                on, at = moment(SHOWN_DAYS_AGO.get(key, days))
                completions.show(user, **one, evidence=given, kind=milestone.kind, on=on, now=at)
    for key, (outcome, days) in AGAIN.items():
        row = completions.filter(milestone__key=key).first()
        on, at = moment(days)
        if row and (due := asked(row.completed_on, on)):
            Recheck.objects.answer(row, outcome, due=due, today=on, now=at)
    settle(user, content, today=user.today)
    return HANDLE, password


def evidence_of(milestone: ManualMilestone) -> Evidence:
    home = f"https://demo.example/{milestone.key}"
    links = [Link(label, f"{home}/{label}") for label in LABELS.get(milestone.key, ())]
    if milestone.key in DELIVERABLES:
        parts = milestone.parts[:-1] if milestone.key == "d0" else milestone.parts
        links += [Link(part.label, f"{home}/{part.slug}", part.slug) for part in parts]
    return Evidence(tuple(links))
