"""What the map's template draws: the manual, with one person's totals in it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from roadmap.diagrams import Line, Rung, Stop, draw
from roadmap.models import Level, Phase
from roadmap.queries import Manual, ManualPhase

register = template.Library()


class Total(Protocol):
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def shown(self) -> int: ...


class Part(Protocol):
    @property
    def phase(self) -> ManualPhase: ...
    @property
    def total(self) -> Total: ...
    @property
    def shipped(self) -> bool: ...
    @property
    def shipped_and_shown(self) -> bool: ...


class Board(Protocol):
    @property
    def phases(self) -> Mapping[str, Part]: ...
    @property
    def next_phase(self) -> Part | None: ...


@register.simple_tag
def phase_map(manual: Manual, board: Board, *, own: bool) -> SafeString:
    """Draw the map; with ``own``, this person's progress is in it and the next phase is marked."""
    parts = board.phases
    here = board.next_phase if own else None
    lines = tuple(
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
    )
    return rendered(lines, tuple(rung_of(level, manual) for level in manual.levels), own)


@lru_cache(maxsize=128)
def rendered(lines: tuple[Line, ...], rungs: tuple[Rung, ...], own: bool) -> SafeString:
    """Give the map's HTML. Everything it shows is in the arguments, so it never goes stale."""
    drawings = [draw(lines, rungs, upright=upright) for upright in (True, False)]
    context = {"drawings": [drawing for drawing in drawings if drawing], "own": own}
    return render_to_string("roadmap/_map_drawing.html", context)


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
        shown=part.total.shown if own else 0,
        total=part.total.total,
        shipped=(own and part.shipped) if part.phase.deliverables else None,
        shipped_shown=own and part.shipped_and_shown,
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
