"""Ticks from elsewhere that come into an account: what they would change, and the change."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual, ManualMilestone
from tracker.awards import counts_for_a_level, settle
from tracker.models import Completion, Tick
from tracker.queries import completions_of


@dataclass(frozen=True)
class Claim:
    """One milestone ticked elsewhere, beside what the account has of it."""

    milestone: ManualMilestone
    on: dt.date
    completion: Completion | None = None

    @property
    def key(self) -> str:
        return self.milestone.key

    @property
    def unticked(self) -> bool:
        """Whether the account had it once and has it no longer."""
        return self.completion is not None and not self.completion.done


@dataclass(frozen=True)
class Difference:
    """What ticks from elsewhere are to an account, each in the roadmap's order.

    ``new`` it does not have, of ``earlier`` it has a later date, and ``same`` would change nothing.
    """

    new: list[Claim]
    earlier: list[Claim]
    same: list[Claim]

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def changes(self) -> list[Claim]:
        return [*self.new, *self.earlier]

    @property
    def everything(self) -> list[Claim]:
        return [*self.changes, *self.same]


def difference(
    ticks: Mapping[str, dt.date], completions: Mapping[int, Completion], manual: Manual
) -> Difference:
    """Hold ticks against an account's completions; keys that nobody knows are left out."""
    new, earlier, same = [], [], []
    for key, milestone in manual.milestones.items():
        if key not in ticks:
            continue
        claim = Claim(milestone, ticks[key], completions.get(milestone.pk))
        if claim.completion is None or claim.unticked:
            new.append(claim)
        elif claim.on < claim.completion.completed_on:
            earlier.append(claim)
        else:
            same.append(claim)
    return Difference(new, earlier, same)


@transaction.atomic
def claim(user: User, manual: Manual, ticks: Mapping[str, dt.date]) -> Difference:
    """Take ticks over into an account, all or none, and give what that changed.

    The union, and of two dates the earlier; evidence stays as it is. Again it changes nothing.
    """
    # A visitor's days are those of UTC, where it may be tomorrow already.
    ticks = {key: min(on, user.today) for key, on in ticks.items()}
    found = difference(ticks, completions_of(user), manual)
    if found:
        Completion.objects.of(user).take_over(
            user, [tick_of(one) for one in found.changes], now=timezone.now()
        )
        if any(counts_for_a_level(manual, one.key) for one in found.changes):
            settle(user, manual, today=user.today)
    return found


def tick_of(claim: Claim) -> Tick:
    return Tick(
        milestone=claim.milestone.pk,
        # The wording that they had before them, to be asked about when it has changed since.
        revision=claim.milestone.revision_on(claim.on),
        on=claim.on,
        shown=claim.milestone.kind == Milestone.Kind.JOIN,
    )
