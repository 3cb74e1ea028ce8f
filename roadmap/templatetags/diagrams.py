"""What the map's template draws: the manual, with one person's totals in it."""

from collections.abc import Mapping
from typing import Protocol

from django import template

from roadmap.diagrams import Drawing, Line, Rung, Stop, draw
from roadmap.models import Level, Phase
from roadmap.queries import Manual, ManualPhase

register = template.Library()


class Total(Protocol):
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class Part(Protocol):
    @property
    def phase(self) -> ManualPhase: ...
    @property
    def total(self) -> Total: ...
    @property
    def shipped(self) -> bool: ...


class Board(Protocol):
    @property
    def phases(self) -> Mapping[str, Part]: ...
    @property
    def next_phase(self) -> Part | None: ...


@register.simple_tag
def map_drawings(manual: Manual, board: Board, *, own: bool) -> list[Drawing]:
    """Draw the map upright and, unless it is too long for that, lying down.

    With ``own`` the person's progress is in it, and the phase to go on with is marked.
    """
    parts = board.phases
    here = board.next_phase if own else None
    lines = [
        Line(
            slug=track.slug,
            name=track.name,
            optional=track.optional,
            stops=tuple(
                stop_of(phase.row, parts[phase.slug], own, here is not None and here.phase is phase)
                for phase in phases
            ),
        )
        for track, phases in manual.by_track
    ]
    rungs = [rung_of(level, manual) for level in manual.levels]
    drawings = (draw(lines, rungs, upright=upright) for upright in (True, False))
    return [drawing for drawing in drawings if drawing]


def stop_of(row: Phase, part: Part, own: bool, here: bool) -> Stop:
    return Stop(
        slug=row.slug,
        name=row.label,
        numeral=row.slug if row.slug.isdecimal() else row.label,
        title=row.title,
        length=row.length,
        url=row.get_absolute_url(),
        weeks=(row.weeks_min + row.weeks_max) / 2 if row.weeks_min and row.weeks_max else None,
        twin=row.same_as.slug if row.same_as else "",
        done=part.total.done if own else 0,
        total=part.total.total,
        shipped=(own and part.shipped) if part.phase.deliverables else None,
        own=own,
        here=here,
    )


def rung_of(level: Level, manual: Manual) -> Rung:
    return Rung(
        label=level.label,
        name=level.name,
        beyond=level.beyond,
        needs=tuple(
            tuple(phase for milestone in any_of for phase in milestone.phases)
            for any_of in manual.asks[level.slug]
        ),
    )
