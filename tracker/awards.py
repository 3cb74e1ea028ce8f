"""Levels granted and kept: what the derivation says, written down once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import batched

from django.db.models import QuerySet

from mastery.models import User
from roadmap.queries import Manual
from tracker.levels import Derivation, Rule, derive, holds
from tracker.models import Award, Completion

AT_ONCE = 1000  # people


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
    return _settle({user.pk: today}, manual)


def settle_all(users: QuerySet[User], manual: Manual) -> Settled:
    """Settle many people, in a few queries for every thousand of them."""
    # All locked in one order: whoever else settles some of them waits, and nobody for ever.
    rows = users.order_by("pk").select_for_update(no_key=True, of=("self",))
    days = {user.pk: user.today for user in rows}
    parts = batched(days.items(), AT_ONCE, strict=False)
    return sum((_settle(dict(part), manual) for part in parts), Settled())


def _settle(days: Mapping[int, dt.date], manual: Manual) -> Settled:
    """Settle people whose rows are locked, given what day it is for each."""
    keys = {milestone.pk: key for key, milestone in manual.milestones.items()}
    shown: dict[int, dict[str, dt.date]] = defaultdict(dict)
    rows = Completion.objects.filter(user__in=days, done=True, shown_on__isnull=False)
    for user, milestone, on in rows.values_list("user", "milestone", "shown_on"):
        if on and milestone in keys:
            shown[user][keys[milestone]] = on
    awards = {(one.user_id, one.level_id): one for one in Award.objects.filter(user__in=days)}
    rules = rules_of(manual)
    new: list[Award] = []
    marked: list[Award] = []
    unmarked: list[Award] = []
    for user, today in days.items():
        for level, derivation in zip(manual.levels, derive(rules, shown[user]), strict=True):
            award = awards.get((user, level.pk))
            if award is None:
                if derivation.since:
                    new.append(_award(user, level.pk, derivation, derivation.since, manual))
            elif award.supported != (derivation.reached or holds(award.groups, shown[user])):
                (marked if award.supported else unmarked).append(award)
                award.unsupported_since = today if award.supported else None
    Award.objects.bulk_create(new)
    Award.objects.bulk_update([*marked, *unmarked], ["unsupported_since"])
    return Settled(len(new), len(marked), len(unmarked))


def _award(user: int, level: int, derivation: Derivation, since: dt.date, manual: Manual) -> Award:
    return Award(
        user_id=user,
        level_id=level,
        granted_on=since,
        rule=[list(group) for group in derivation.rule.groups],
        because=[
            {"key": key, "wording": manual.milestones[key].wording, "on": f"{date:%Y-%m-%d}"}
            for key, date in derivation.because
        ],
    )
