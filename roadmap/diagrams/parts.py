"""What a map is made from, and what a drawing of it holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """A phase as the map needs it; ``weeks`` is None when it has no planned end."""

    slug: str
    name: str
    numeral: str
    title: str
    length: str
    url: str
    weeks: float | None = None
    twin: str = ""
    done: int = 0
    # How many of the done ones are shown by evidence, and whether the shipped deliverable is.
    shown: int = 0
    total: int = 0
    shipped: bool | None = None
    shipped_shown: bool = False
    own: bool = False
    here: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A track with its phases; the first line of a map is the trunk of all others."""

    slug: str
    name: str
    optional: bool
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """A level; each need is met by any one of the phases it names."""

    label: str
    name: str
    needs: tuple[tuple[str, ...], ...] = ()
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    text: str
    kind: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Plate:
    """A few words on a ground of their own, put over an edge."""

    x: float
    y: float
    width: float
    height: float
    text: str
    text_x: float
    text_y: float


@dataclass(frozen=True, slots=True)
class Node:
    stop: Stop
    optional: bool
    body: str
    outline: str
    filled: str
    open_cells: str
    done_cells: str
    flag: str
    # The middle of the flag, filled when what was shipped is claimed alone.
    flag_core: str
    texts: tuple[Text, ...]
    plate: Plate | None
    # Left, top, right and bottom, for whoever wants to know that nothing overlaps.
    box: tuple[float, float, float, float]

    @property
    def label(self) -> str:
        """Say in words what the block shows."""
        stop = self.stop
        parts = [stop.name, stop.title, stop.length]
        if stop.total:
            parts.append(
                f"{stop.done} of {stop.total} done" if stop.own else f"{stop.total} milestones"
            )
        if stop.done:
            parts.append(f"{stop.shown} shown")
        if stop.shipped:
            parts.append(f"deliverable shipped, {'shown' if stop.shipped_shown else 'claimed'}")
        if self.optional:
            parts.append("optional")
        if stop.here:
            parts.append("go on here")
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What joins two phases: it takes the colour of the one it leaves to that of the other."""

    key: str
    path: str
    edges: str
    start: str
    end: str
    optional: bool
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A rung of the ladder beside the map."""

    x1: float
    y1: float
    x2: float
    y2: float
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """The outline of two phases that are one destination."""

    path: str
    plate: Plate


@dataclass(frozen=True, slots=True)
class Drawing:
    upright: bool
    width: float
    height: float
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    texts: tuple[Text, ...]
    marks: tuple[Mark, ...]
    meetings: tuple[Meeting, ...]
    description: str
