"""Levels from what is shown: one pure function, no database."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A level as its rule has it: every group asks for any one of its milestones, by key."""

    level: str
    groups: tuple[tuple[str, ...], ...]
    beyond: bool = False

    @property
    def awards(self) -> bool:
        """Whether anything can reach it: levels beyond the map and those that ask nothing cannot.

        A group without milestones can never be met.
        """
        return bool(self.groups) and not self.beyond


@dataclass(frozen=True, slots=True)
class Derivation:
    """How far one level is reached, with the reasons.

    ``because`` has for each group that is met the milestone that met it first and its date,
    ``lacking`` the groups that are not. ``since`` is the date on which the last group was met.
    """

    rule: Rule
    because: tuple[tuple[str, dt.date], ...]
    lacking: tuple[tuple[str, ...], ...]

    @property
    def reached(self) -> bool:
        return self.rule.awards and not self.lacking

    @property
    def since(self) -> dt.date | None:
        return max(date for _key, date in self.because) if self.reached else None


def derive(rules: Iterable[Rule], shown: Mapping[str, dt.date]) -> list[Derivation]:
    """Give each level's derivation from the dates on which milestones were shown, by key."""
    return [_derivation(rule, shown) for rule in rules]


def holds(groups: Sequence[Sequence[str]], shown: Mapping[str, dt.date]) -> bool:
    """Say whether a rule's groups are all met: also an old rule's, as an award keeps it."""
    return bool(groups) and all(any(key in shown for key in group) for group in groups)


def _derivation(rule: Rule, shown: Mapping[str, dt.date]) -> Derivation:
    because: list[tuple[str, dt.date]] = []
    lacking: list[tuple[str, ...]] = []
    for group in rule.groups:
        met = sorted((shown[key], at, key) for at, key in enumerate(group) if key in shown)
        if met:
            because.append((met[0][2], met[0][0]))
        else:
            lacking.append(group)
    return Derivation(rule, tuple(because), tuple(lacking))
