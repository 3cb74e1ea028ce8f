"""A learner to look at: about half a year of plausible ticks, ending today."""

import datetime as dt
import secrets

from django.db import transaction
from django.utils import timezone

from mastery.models import User
from roadmap.queries import manual
from tracker.models import Completion

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
    for key, days in DAYS_AGO.items():
        if milestone := content.milestones.get(key):
            moment = now - dt.timedelta(days=days)
            Completion.objects.of(user).tick(
                user,
                milestone=milestone.pk,
                revision=milestone.revision_pk,
                on=moment.astimezone(user.zone).date(),
                now=moment,
            )
    return HANDLE, password
