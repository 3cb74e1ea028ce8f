"""The map of phases as a drawing: sizes, places and lines of text, from plain values.

Nothing here knows the database or HTML. A drawing is made twice, upright for narrow pages and
lying for wide ones; both come from the same two axes, ``along`` (time) and ``across``. Whatever
an editor writes, blocks grow to hold their text, and text that has no room ends in an ellipsis.
"""

from collections.abc import Iterable
from dataclasses import replace

from roadmap.diagrams.parts import Drawing, Line, Node, Rung, Stop
from roadmap.diagrams.pen import Pen
from roadmap.diagrams.places import length, placed

__all__ = ["Drawing", "Line", "Node", "Rung", "Stop", "draw"]

# Beyond this a lying map would have to be shrunk until nobody can read it.
LONGEST = 1500.0


def draw(lines: Iterable[Line], rungs: Iterable[Rung], *, upright: bool) -> Drawing | None:
    """Draw the map; None when there is nothing to draw, or when lying down it is too long."""
    every = list(lines)
    if not any(line.stops for line in every):
        return None
    # Places are the same for everybody, and finding them is most of the work.
    plain = tuple(replace(line, stops=tuple(map(nobodys, line.stops))) for line in every)
    shape, places = placed(plain, upright)
    if not upright and length(places) > LONGEST:
        return None
    stops = {stop.slug: stop for line in every for stop in line.stops}
    blocks = [replace(place, stop=stops[place.stop.slug]) for place in places]
    return Pen(shape, every, blocks).drawing(list(rungs))


def nobodys(stop: Stop) -> Stop:
    return replace(
        stop,
        done=0,
        shown=0,
        total=0,
        shipped=None,
        shipped_shown=False,
        own=False,
        here=False,
    )
