"""Ticks without a browser, and words as long as words get."""

import datetime as dt

from django.utils import timezone

from mastery.models import User
from roadmap.queries import manual
from tracker.models import Completion

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONGEST = f"{WORD} and {'many a word about what has to be built from a blank file, ' * 4}"[:250]


def tick(user: User, *keys: str) -> None:
    for key in keys:
        milestone = manual().milestones[key]
        Completion.objects.of(user).tick(
            user,
            milestone=milestone.pk,
            revision=milestone.revision_pk,
            on=dt.date(2026, 3, 14),
            now=timezone.now(),
        )


def untick(user: User, key: str) -> None:
    milestone = manual().milestones[key].pk
    Completion.objects.of(user).untick(user, milestone=milestone, now=timezone.now())
