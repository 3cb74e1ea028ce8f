"""The levels as one person stands to them: what each rests on, its award, and what it lacks."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mastery.models import User
from roadmap.models import Level
from roadmap.queries import Manual
from tracker.awards import rules_of, shown_by
from tracker.levels import Derivation, Rule, derive, holds
from tracker.models import Award, Completion
from tracker.queries import Item


@dataclass(frozen=True)
class Named:
    """A milestone as the ladder speaks of it: its short name, its wording, and where it stands."""

    key: str
    name: str
    wording: str
    # Empty where no page shows it any more.
    url: str = ""
    # None once the roadmap does not have it at all.
    item: Item | None = None
    # The day on which it was shown, if it was.
    on: dt.date | None = None

    @property
    def short(self) -> bool:
        """Whether the name is short: the wording stands in for one that is not."""
        return not self.name.startswith("“")

    @property
    def claimed(self) -> bool:
        return self.item is not None and self.item.done and not self.item.shown


type Groups = list[list[Named]]


@dataclass(frozen=True)
class Rung:
    """One level for one person."""

    level: Level
    award: Award | None
    since: dt.date | None
    held: bool
    # What it asks for by the rule of today: of every group, any one.
    asks: Groups
    # Of those the ones that are not met.
    lacks: Groups
    # What met each group when it was reached, as it stood.
    because: list[Named]
    # What holds it up today, where that is no longer what reached it.
    rests_on: list[Named]
    # Of what reached it, what is not shown any more, where that cost the level its support.
    fallen: list[Named]
    # The rule that granted it, where the rule of today is another.
    granted_by: Groups

    @property
    def start(self) -> bool:
        """Whether it asks nothing: everybody has it."""
        return not self.asks and not self.level.beyond

    @property
    def lost(self) -> bool:
        return self.award is not None and not self.held

    @property
    def state(self) -> str:
        return "reached" if self.held else "lost" if self.lost else "open"


@dataclass(frozen=True)
class Ladder:
    """All levels in their order, the lowest first."""

    rungs: list[Rung]
    # Whether it is somebody's: a visitor has no levels yet.
    own: bool

    @property
    def from_the_top(self) -> list[Rung]:
        return self.rungs[::-1]

    @property
    def highest(self) -> Rung | None:
        return next((rung for rung in self.from_the_top if rung.held), None)

    @property
    def next(self) -> Rung | None:
        """The first level above the highest one held that the map can award."""
        top = self.highest
        above = self.rungs[self.rungs.index(top) + 1 :] if top else self.rungs
        return next((rung for rung in above if rung.lacks and not rung.level.beyond), None)

    @property
    def lost(self) -> list[Rung]:
        return [rung for rung in self.rungs if rung.lost]

    def rung(self, slug: str) -> Rung | None:
        return next((rung for rung in self.rungs if rung.level.slug == slug), None)


def ladder_of(
    user: User | AnonymousUser, manual: Manual, completions: Mapping[int, Completion]
) -> Ladder:
    """Give the levels with a person's reasons: one query, whatever they have done."""
    awards = (
        {award.level_id: award for award in Award.objects.of(user)}
        if isinstance(user, User)
        else {}
    )
    shown = shown_by(completions, manual)
    names = _Names(manual, completions, shown)
    return Ladder(
        rungs=[
            _rung(level, derivation, awards.get(level.pk), shown, names)
            for level, derivation in zip(
                manual.levels, derive(rules_of(manual), shown), strict=True
            )
        ],
        own=isinstance(user, User),
    )


def _rung(
    level: Level,
    derivation: Derivation,
    award: Award | None,
    shown: Mapping[str, dt.date],
    names: "_Names",
) -> Rung:
    rule = derivation.rule
    asks = [names.of(group) for group in rule.groups]
    start = not rule.groups and not rule.beyond
    held = start or derivation.reached or (award is not None and holds(award.groups, shown))
    if award is None:
        because, fallen = names.of_shown(derivation), []
        rests_on: list[Named] = []
    else:
        because = names.as_it_stood(award)
        fallen = [] if held else [one for one in because if one.key not in shown]
        rests_on = _holding(award, derivation, shown, names) if held else []
    return Rung(
        level=level,
        award=award,
        since=award.granted_on if award else derivation.since,
        held=held,
        asks=asks,
        lacks=[] if rule.beyond else [names.of(group) for group in derivation.lacking],
        because=because,
        rests_on=rests_on,
        fallen=fallen,
        granted_by=[names.of(group, old=True) for group in award.groups]
        if award and _sets(award.groups) != _sets(rule.groups)
        else [],
    )


def _holding(
    award: Award, derivation: Derivation, shown: Mapping[str, dt.date], names: "_Names"
) -> list[Named]:
    """Give what holds an award up now, unless that is what reached it."""
    if all(one["key"] in shown for one in award.because):
        return []
    (by_its_rule,) = derive([Rule(derivation.rule.level, award.groups)], shown)
    standing = derivation if derivation.reached else by_its_rule
    return names.of_shown(standing)


def _sets(groups: Iterable[Iterable[str]]) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


@dataclass(frozen=True)
class _Names:
    manual: Manual
    completions: Mapping[int, Completion]
    shown: Mapping[str, dt.date]

    def of(self, group: Sequence[str], *, old: bool = False) -> list[Named]:
        """Name a group's milestones; of those that were retired, the ones this person did.

        Of an ``old`` rule all of them, since it is told as it was.
        """
        named = [self.one(key) for key in group]
        return [
            one for one in named if old or (one.item and (one.item.milestone.live or one.item.done))
        ]

    def of_shown(self, derivation: Derivation) -> list[Named]:
        """Name what met the groups, each once: one milestone may have met several."""
        return [self.one(key, on=on) for key, on in dict(derivation.because).items()]

    def as_it_stood(self, award: Award) -> list[Named]:
        return [
            self.one(one["key"], wording=one["wording"], on=dt.date.fromisoformat(one["on"]))
            for one in {one["key"]: one for one in award.because}.values()
        ]

    def one(self, key: str, *, wording: str = "", on: dt.date | None = None) -> Named:
        milestone = self.manual.milestones.get(key)
        if milestone is None:
            return Named(key, f"“{wording or key}”", wording or key, on=on)
        item = Item(milestone, self.completions.get(milestone.pk))
        home = self.manual.phases[milestone.phases[0]] if milestone.phases else None
        url = f"{home.row.get_absolute_url()}#milestone-{key}" if home else ""
        if not url and item.completion:
            url = reverse("evidence", args=[key])
        if home and [one.key for one in home.deliverables if one.live] == [key]:
            name = f"{home.row.label_within}’s deliverable"
        else:
            name = f"“{wording or milestone.wording}”"
        return Named(key, name, wording or milestone.wording, url, item, on or self.shown.get(key))
