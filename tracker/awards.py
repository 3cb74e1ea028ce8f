"""Levels granted and kept: what the derivation says, written down once."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from mastery.models import User
from roadmap.queries import Manual
from tracker.levels import Derivation, Rule, derive, holds
from tracker.models import Award, Completion


@dataclass(frozen=True, slots=True)
class Settled:
    """How many awards were granted, marked as no longer supported, and unmarked."""

    granted: int = 0
    marked: int = 0
    unmarked: int = 0

    def __add__(self, other: "Settled") -> "Settled":
        return Settled(
            self.granted + other.granted,
            self.marked + other.marked,
            self.unmarked + other.unmarked,
        )


def rules_of(manual: Manual) -> list[Rule]:
    """Give each level's rule as the roadmap has it now, in the order of the levels."""
    return [
        Rule(level.slug, manual.rules[level.slug], beyond=level.beyond) for level in manual.levels
    ]


def counts_for_a_level(manual: Manual, key: str) -> bool:
    """Say whether a change of this milestone may change somebody's levels.

    Deliverables always may: a rule of an earlier time may have asked for them.
    """
    milestone = manual.milestones.get(key)
    return (milestone is not None and milestone.deliverable) or any(
        key in group for groups in manual.rules.values() for group in groups
    )


def shown_by(completions: Mapping[int, Completion], manual: Manual) -> dict[str, dt.date]:
    """Give the date on which each milestone was shown, by key, of those that are."""
    return {
        key: row.shown_on
        for key, milestone in manual.milestones.items()
        if (row := completions.get(milestone.pk)) and row.done and row.shown_on
    }


def settle(user: User, manual: Manual, *, today: dt.date) -> Settled:
    """Bring a person's awards in line with what they have shown. Belongs into the transaction
    that changed it; doing it again changes nothing.

    What is reached and not awarded yet is awarded. An award whose own rule and whose present rule
    both fail is marked as unsupported, and the mark goes when either holds again.
    """
    # The person's row is the lock: two ticks at once settle one after the other.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    rows = Completion.objects.of(user).filter(done=True, shown_on__isnull=False)
    shown = shown_by({row.milestone_id: row for row in rows}, manual)
    awards = {award.level_id: award for award in Award.objects.of(user)}
    settled = Settled()
    for level, derivation in zip(manual.levels, derive(rules_of(manual), shown), strict=True):
        award = awards.get(level.pk)
        if award:
            settled += _keep(award, derivation.reached or holds(award.groups, shown), today)
        elif derivation.since:
            settled += _grant(user, level.pk, derivation, derivation.since, manual)
    return settled


def _grant(
    user: User, level: int, derivation: Derivation, since: dt.date, manual: Manual
) -> Settled:
    Award.objects.create(
        user=user,
        level_id=level,
        granted_on=since,
        rule=[list(group) for group in derivation.rule.groups],
        because=[
            {"key": key, "wording": manual.milestones[key].wording, "on": f"{date:%Y-%m-%d}"}
            for key, date in derivation.because
        ],
    )
    return Settled(granted=1)


def _keep(award: Award, supported: bool, today: dt.date) -> Settled:
    if supported == award.supported:
        return Settled()
    award.unsupported_since = None if supported else today
    award.save(update_fields=["unsupported_since"])
    return Settled(unmarked=1) if supported else Settled(marked=1)
