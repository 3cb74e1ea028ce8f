"""What comes next, and what is left on the way to a level: pure, no database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase for one person, by milestone keys.

    ``holds`` has all it holds, ``open`` what they can still do, in order and deliverables last,
    ``ticked`` the day of the last tick in it, and the moment for those of one day.
    """

    slug: str
    holds: frozenset[str]
    open: tuple[str, ...]
    ticked: tuple[dt.date, dt.datetime] | None = None


def where(stages: Sequence[Stage]) -> Stage | None:
    """Give the phase a person is in, of those on their tracks.

    It is the one with something open in which they last ticked anything; before that, and once
    nothing they began is open, the first with something open.
    """
    open_ = [stage for stage in stages if stage.open]
    last = max((stage.ticked for stage in open_ if stage.ticked), default=None)
    return next((stage for stage in open_ if stage.ticked == last or last is None), None)


def way_to(groups: Sequence[Sequence[str]], tracks: Sequence[Sequence[Stage]]) -> list[Stage]:
    """Give the phases that lead to a level on a person's tracks; none where they do not.

    Where several tracks lead there, each by itself, it is the one with the least left: of what a
    rule names side by side, any one is enough.
    """
    asked = {key for group in groups for key in group}
    roads = [track for track in tracks if any(stage.holds & asked for stage in track)]
    ways = [
        _along(groups, [track for track in tracks if track not in without])
        for count in range(len(roads))
        for without in combinations(roads, count)
    ]
    return min(filter(None, ways), key=left, default=[])


def _along(groups: Sequence[Sequence[str]], tracks: Sequence[Sequence[Stage]]) -> list[Stage]:
    """Give the phases that lead to a level over all of these tracks.

    On each track these are the phases up to the last one that holds something the level's rule
    asks for. A track that holds nothing of it is walked whole when a later one does: it leads
    there.
    """
    asked = {key for group in groups for key in group}
    way: list[Stage] = []
    further = False
    for track in reversed(tracks):
        last = max((at for at, stage in enumerate(track) if stage.holds & asked), default=None)
        if last is not None:
            way = [*track[: last + 1], *way]
            further = True
        elif further:
            way = [*track, *way]
    held = {key for stage in way for key in stage.holds}
    return way if groups and all(held & set(group) for group in groups) else []


def left(way: Sequence[Stage]) -> int:
    """Count what is open on a way, shared milestones once."""
    return len({key for stage in way for key in stage.open})
