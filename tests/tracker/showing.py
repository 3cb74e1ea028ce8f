"""What tests of levels do to milestones: show them, take the evidence away, untick them."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from mastery.models import User
from roadmap.queries import manual
from tracker.awards import Settled, settle
from tracker.evidence import Evidence, Link
from tracker.models import Completion

PROOF = Evidence(
    (
        Link("repository", "https://example.org/ada/net"),
        Link("write-up", "https://example.org/ada/net.html"),
    )
)


def show(user: User, *keys: str, on: dt.date) -> None:
    """Give milestones the evidence that shows them, as the page for it does."""
    for key in keys:
        _give(user, key, PROOF, on)


def hide(user: User, key: str, *, on: dt.date) -> None:
    """Take a milestone's evidence away."""
    _give(user, key, Evidence(), on)


def tick_again(user: User, key: str, *, on: dt.date) -> None:
    content = manual()
    one = content.milestones[key]
    with transaction.atomic():
        Completion.objects.of(user).tick(
            user, milestone=one.pk, revision=one.revision_pk, on=on, now=timezone.now()
        )
        settle(user, content, today=on)


def untick(user: User, key: str, *, on: dt.date) -> Settled:
    content = manual()
    with transaction.atomic():
        Completion.objects.of(user).untick(
            user, milestone=content.milestones[key].pk, now=timezone.now()
        )
        return settle(user, content, today=on)


def _give(user: User, key: str, evidence: Evidence, on: dt.date) -> None:
    content = manual()
    one = content.milestones[key]
    with transaction.atomic():
        Completion.objects.of(user).show(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            evidence=evidence,
            kind=one.kind,
            on=on,
            now=timezone.now(),
        )
        settle(user, content, today=on)
