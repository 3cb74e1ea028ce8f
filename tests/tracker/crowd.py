"""Twenty-five learners on phase 1, no two groups of whom stand alike."""

import datetime as dt
from typing import Any

from django.utils import timezone

from mastery.models import User
from roadmap.queries import manual
from tracker.models import Completion, Note

PHASE = ("p1-0", "p1-1", "p1-2", "p1-3", "p1-4")
FIRST = dt.date(2026, 3, 1)


def crowd() -> list[User]:
    """Make them: by fives they did it all, did it with evidence, unticked what they had given
    evidence for, did a part of it with notes, and wrote notes alone."""
    users = User.objects.bulk_create(
        User(handle=f"learner-{n}", email=f"learner-{n}@example.org", tracks=["trunk", "llm"])
        for n in range(25)
    )
    content, now = manual(), timezone.now()
    completions, notes = [], []
    for n, user in enumerate(users):
        group = n % 5
        for at, key in enumerate(PHASE):
            one = content.milestones[key]
            if group < 3 or (group == 3 and at < 2):
                evidence = proof(n, key) if group in {1, 2} else {}
                completions.append(
                    Completion(
                        user=user,
                        milestone_id=one.pk,
                        revision_id=one.revision_pk,
                        done=group != 2 or at > 1,
                        completed_on=FIRST + dt.timedelta(days=n + at),
                        shown_on=FIRST + dt.timedelta(days=n + at) if evidence else None,
                        evidence=evidence,
                        zone="Europe/Berlin",
                        changed=now,
                    )
                )
            if group >= 3:
                notes.append(
                    Note(user=user, milestone_id=one.pk, text=f"{n}", html=f"{n}", saved=now)
                )
    Completion.objects.bulk_create(completions)
    Note.objects.bulk_create(notes)
    return users


def proof(n: int, key: str) -> dict[str, Any]:
    url = f"https://example.org/{n}/{key}"
    return {"links": [{"label": "repository", "url": url}], "text": f"How {n} did {key}."}
