"""What rests on rows of content, in numbers and in sentences, for whoever is about to change it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.text import get_text_list
from django.utils.translation import ngettext

from roadmap.ledger import Stake, ledger
from roadmap.models import Chapter, Level, Milestone, Phase, Placement, Requirement, Resource, Track
from roadmap.models.phases import PhaseResource


@dataclass(frozen=True, slots=True)
class Resting:
    """A row and what rests on it. No stake: learners have nothing of rows of its kind."""

    row: Any
    name: str
    sentences: list[str]
    stake: Stake | None = None
    # What stands below its numbers in a table.
    note: str = ""

    @property
    def said(self) -> str:
        return " ".join(self.sentences)


def listing(keys: Iterable[str]) -> str:
    return str(get_text_list(list(keys), "and"))


def completions(stake: Stake) -> str:
    """Say how many are done, and how many of them more than claimed: ``3 completions, 1 with
    evidence, 1 shown``."""
    count = ngettext("%d completion", "%d completions", stake.done) % stake.done
    if not stake.done:
        return f"no {count[2:]}"
    return f"{count}, {stake.with_evidence} with evidence, {stake.shown} shown"


def beside(stake: Stake) -> str:
    """Say who has something without a tick; nothing when nobody has."""
    if not stake.beside:
        return ""
    learners = ngettext(
        "%d learner is not done and keeps", "%d learners are not done and keep", stake.beside
    )
    return f"{learners % stake.beside} an untick, a note or steps of their own."


def together(stakes: Iterable[Stake]) -> Stake:
    """Add up stakes of several milestones; who did two of them counts twice, as completions do."""
    several = list(stakes)
    return Stake(
        sum(one.done for one in several),
        sum(one.with_evidence for one in several),
        sum(one.shown for one in several),
        sum(one.beside for one in several),
    )


def resting(rows: Sequence[models.Model]) -> list[Resting]:
    """Say what rests on rows of one kind, in their order and a fixed number of queries."""
    if not rows:
        return []
    tell = TELL.get(type(rows[0]))
    return tell(rows) if tell else [Resting(row, str(row), []) for row in rows]


def _milestones(rows: Sequence[Any]) -> list[Resting]:
    stakes = ledger().stakes([row.pk for row in rows])
    told = []
    for row in rows:
        stake = stakes[row.pk]
        first, note = f"{row.key} has {completions(stake)}.", beside(stake)
        told.append(Resting(row, row.key, [first, *filter(None, [note])], stake, note))
    return told


def _phases(rows: Sequence[Any]) -> list[Resting]:
    held = _grouped(Placement.objects.filter(phase__in=rows).values_list("phase", "milestone"))
    stakes = ledger().stakes({pk for pks in held.values() for pk in pks})
    told = []
    for row in rows:
        pks = held.get(row.pk, [])
        stake = together(stakes[pk] for pk in pks)
        where = f"in {row.label_within}"
        count = ngettext("%d milestone stands", "%d milestones stand", len(pks)) % len(pks)
        note = f"{count} {where}." if pks else f"No milestone stands {where}."
        sentence = f"{count} {where}, with {completions(stake)}." if pks else note
        told.append(Resting(row, str(row), [sentence], stake, note))
    return told


def _tracks(rows: Sequence[Any]) -> list[Resting]:
    held = _grouped(
        Phase.objects.filter(track__in=rows).order_by("position").values_list("track", "slug")
    )
    labels = {slug: Phase(slug=slug).label for slugs in held.values() for slug in slugs}
    return [
        Resting(row, str(row), [_of(f"{row} holds", [labels[s] for s in held.get(row.pk, [])])])
        for row in rows
    ]


def _resources(rows: Sequence[Any]) -> list[Resting]:
    uses = PhaseResource.objects.filter(resource__in=rows).select_related("phase")
    order = ("phase__track__position", "phase__position", "position")
    held = _grouped(
        (use.resource_id, f"{use.phase.label} ({use.get_role_display().lower()})")
        for use in uses.order_by(*order)
    )
    return [
        Resting(
            row, str(row), [_of("It is used in", held.get(row.pk, []), "It is used in no phase")]
        )
        for row in rows
    ]


def _chapters(rows: Sequence[Any]) -> list[Resting]:
    said = "It is a chapter of “%s”. Learners read it; nothing they have rests on it."
    return [Resting(row, str(row), [said % row.get_section_display()]) for row in rows]


def _levels(rows: Sequence[Any]) -> list[Resting]:
    pairs = list(
        Requirement.objects.filter(level__in=rows, any_of__isnull=False).values_list(
            "level", "any_of", "any_of__key"
        )
    )
    asked = _grouped((level, (pk, key)) for level, pk, key in pairs)
    stakes = ledger().stakes({pk for _, pk, _ in pairs})
    told = []
    for row in rows:
        keys = dict(asked.get(row.pk, []))
        stake = together(stakes[pk] for pk in keys)
        sentence = _of(f"{row.label} asks for", keys.values(), f"{row.label} asks for nothing yet")
        if keys:
            sentence = f"{sentence[:-1]}, which together have {completions(stake)}."
        told.append(
            Resting(
                row,
                str(row),
                [sentence, "Levels that were reached stay reached, by the rule of that day."],
                stake,
            )
        )
    return told


def _of(says: str, names: Iterable[str], otherwise: str = "") -> str:
    named = list(names)
    return f"{says} {listing(named)}." if named else f"{otherwise or says + ' nothing'}."


def _grouped[K, V](pairs: Iterable[tuple[K, V]]) -> Mapping[K, list[V]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


TELL: Mapping[type[models.Model], Callable[[Sequence[Any]], list[Resting]]] = {
    Milestone: _milestones,
    Phase: _phases,
    Track: _tracks,
    Resource: _resources,
    Chapter: _chapters,
    Level: _levels,
}
