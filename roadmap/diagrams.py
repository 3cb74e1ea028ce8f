"""The map of phases as a drawing: sizes, places and lines of text, from plain values.

Nothing here knows the database or HTML. A drawing is made twice, upright for narrow pages and
lying for wide ones; both come from the same two axes, ``along`` (time) and ``across``. Whatever
an editor writes, blocks grow to hold their text, and text that has no room ends in an ellipsis.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

GAUGE = 11.0  # the strip of cells, one a milestone
PAD = 8.0
LANE = 143.0  # the breadth of a branch when lying
WIDEST = 200.0  # what a title may ask of a block that lies
OPEN_WEEKS = 7.0  # how long an open-ended phase is drawn
RIM = 7.0  # between two phases that are one destination and the line around them
TIP = 20.0  # the arrow head of an open-ended phase


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
    total: int = 0
    shipped: bool | None = None
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
        if stop.shipped:
            parts.append("deliverable shipped")
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


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of one of the two arrangements, in units of the drawing."""

    upright: bool
    target: float  # how long the longest way should be; blocks that need more take more
    longest_week: float
    least: float  # the shortest block, so that a thumb can hit it
    head: float  # room before the trunk
    margin: float  # across, where the ladder stands
    breadth: float  # across, of all branches together with their gaps
    gap: float
    fork: float
    bend: float
    title_size: float
    small_size: float
    most_lines: int


UPRIGHT = Shape(
    upright=True,
    target=920,
    longest_week=18,
    least=56,
    head=26,
    margin=34,
    breadth=294,
    gap=18,
    fork=70,
    bend=46,
    title_size=14,
    small_size=12,
    most_lines=5,
)
LYING = Shape(
    upright=False,
    target=1150,
    longest_week=32,
    least=96,
    head=4,
    margin=64,
    breadth=0,  # by the number of branches
    gap=52,
    fork=60,
    bend=46,
    title_size=14.5,
    small_size=12.5,
    most_lines=4,
)
# Beyond this a lying map would have to be shrunk until nobody can read it.
LONGEST = 1500.0


# Text

_WIDTHS = {
    **dict.fromkeys("ijl'|!,.:;‘’", 0.26),
    **dict.fromkeys('ft()[]{}/\\-·  “”"r', 0.36),
    **dict.fromkeys("mwMW@%&—", 0.88),
    **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ", 0.71),
}


@lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Estimate the width of text in a bold sans-serif face, rather too wide than too narrow."""
    return 1.05 * size * sum(_WIDTHS.get(char, 0.58) for char in text)


def shorten(text: str, width: float, size: float) -> str:
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """Break text into at most so many lines; what is left over ends in an ellipsis."""
    return list(_wrapped(text, width, size, most))


@lru_cache(maxsize=1024)
def _wrapped(text: str, width: float, size: float, most: int) -> tuple[str, ...]:
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return tuple(shorten(line, width, size) for line in lines)


# Places

type Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Block:
    stop: Stop
    line: int
    at: float
    size: float
    across: Span
    lines: tuple[str, ...]

    @property
    def end(self) -> float:
        return self.at + self.size


def lanes(lines: Sequence[Line], start: float, breadth: float, gap: float) -> list[Span]:
    """Share the breadth among branches, a little less to optional ones."""
    parts = [0.94 if line.optional else 1.0 for line in lines]
    room = breadth - gap * (len(lines) - 1)
    spans, at = [], start
    for part in parts:
        size = room * part / sum(parts)
        spans.append((at, at + size))
        at += size + gap
    return spans


def twins(lines: Sequence[Line]) -> list[tuple[Stop, Stop]]:
    """Give the pairs that are one destination, of different branches and in the order of both."""
    place = {
        stop.slug: (row, at) for row, line in enumerate(lines) for at, stop in enumerate(line.stops)
    }
    known = {stop.slug: stop for line in lines for stop in line.stops}
    pairs: list[tuple[Stop, Stop]] = []
    for stop in known.values():
        other = known.get(stop.twin)
        if other is None or place[other.slug][0] == place[stop.slug][0]:
            continue
        first, second = sorted((stop, other), key=lambda one: place[one.slug])
        if (first, second) not in pairs:
            pairs.append((first, second))
    pairs.sort(key=lambda pair: place[pair[0].slug])
    kept: list[tuple[Stop, Stop]] = []
    for pair in pairs:
        (a, b), used = pair, {slug for one in kept for slug in (one[0].slug, one[1].slug)}
        crosses = any(
            (place[a.slug][0], place[b.slug][0]) == (place[c.slug][0], place[d.slug][0])
            and place[b.slug][1] <= place[d.slug][1]
            for c, d in kept
        )
        if not crosses and not used & {a.slug, b.slug}:
            kept.append(pair)
    return kept


def needed(stop: Stop, lines: int, shape: Shape, room: float) -> float:
    """Give the size along that a block's text asks for."""
    if shape.upright:
        return 32 + lines * 1.18 * shape.title_size + (shape.small_size + 10 if stop.length else 6)
    wide = text_width(stop.length, shape.small_size)
    while wide < WIDEST and shortened(stop.title, wide, shape):
        wide += 4
    return wide + 2 * PAD


def shortened(title: str, room: float, shape: Shape) -> bool:
    return wrap(title, room, shape.title_size, shape.most_lines) != wrap(
        title, room, shape.title_size, 1000
    ) or any(text_width(word, shape.title_size) > room for word in title.split())


def sizes(line: Line, span: Span, shape: Shape, week: float) -> list[float]:
    room = span[1] - span[0] - GAUGE - 2 * PAD
    found = []
    for stop in line.stops:
        count = len(wrap(stop.title, room, shape.title_size, shape.most_lines))
        weeks = OPEN_WEEKS if stop.weeks is None else stop.weeks
        found.append(max(shape.least, needed(stop, count, shape, room), week * weeks))
    return found


def arrange(lines: Sequence[Line], shape: Shape, week: float) -> list[_Block]:
    """Put every phase on its lane; twins side by side, the shorter way stretched to meet them."""
    trunk, branches = lines[0], [line for line in lines[1:] if line.stops]
    start = shape.margin
    spans = lanes(branches, start, shape.breadth, shape.gap) if branches else []
    middle = start + shape.breadth / 2
    half = shape.breadth * (0.29 if shape.upright else 0.24) if branches else shape.breadth / 3
    trunk_span = (middle - half, middle + half)
    blocks: list[_Block] = []
    at = shape.head
    for stop, size in zip(trunk.stops, sizes(trunk, trunk_span, shape, week), strict=True):
        blocks.append(_Block(stop, 0, at, size, trunk_span, ()))
        at += size
    if trunk.stops and branches:
        at += shape.fork
    pairs = twins(branches)
    paired = {stop.slug for pair in pairs for stop in pair}
    rows: list[list[_Block]] = []
    for number, (line, span) in enumerate(zip(branches, spans, strict=True), 1):
        rows.append(
            run(line.stops, number, at, sizes(line, span, shape, week), span, shape, paired)
        )
    for _ in range(len(pairs) + 1):
        for a, b in pairs:
            meet(rows, a.slug, b.slug)
    for a, b in pairs:
        touch(rows, a.slug, b.slug, shape)
    blocks += [block for row in rows for block in row]
    return [replace(block, lines=fitted(block, shape)) for block in blocks]


def run(
    stops: Sequence[Stop],
    number: int,
    at: float,
    lengths: Sequence[float],
    span: Span,
    shape: Shape,
    paired: set[str],
) -> list[_Block]:
    """Lay phases one after the other, with room to bend before and after a meeting."""
    row: list[_Block] = []
    for stop, size in zip(stops, lengths, strict=True):
        if row and (stop.slug in paired or row[-1].stop.slug in paired):
            at += shape.bend
        row.append(_Block(stop, number, at, size, span, ()))
        at += size
    return row


def meet(rows: list[list[_Block]], a: str, b: str) -> None:
    """Stretch whichever branch comes too early, so that both twins begin and end together."""
    found = [(row, i) for row in rows for i, block in enumerate(row) if block.stop.slug in {a, b}]
    if len(found) != 2:
        return
    begin = max(row[i].at for row, i in found)
    for row, i in found:
        late = begin - row[i].at
        if late > 0:
            stretch(row, i, late)
    size = max(row[i].size for row, i in found)
    for row, i in found:
        push(row, i + 1, size - row[i].size)
        row[i] = replace(row[i], size=size)


def stretch(row: list[_Block], end: int, late: float) -> None:
    """Let the blocks before one take up a delay in proportion to their sizes."""
    before = sum(block.size for block in row[:end])
    moved = 0.0
    for i, block in enumerate(row):
        grown = late * block.size / before if i < end else 0.0
        row[i] = replace(block, at=block.at + moved, size=block.size + grown)
        moved += grown
    if not before:
        push(row, 0, late)


def push(row: list[_Block], first: int, by: float) -> None:
    for i in range(first, len(row)):
        row[i] = replace(row[i], at=row[i].at + by)


def touch(rows: list[list[_Block]], a: str, b: str, shape: Shape) -> None:
    """Move neighbouring twins together until they share an edge."""
    where = {
        block.stop.slug: (number, i)
        for number, row in enumerate(rows)
        for i, block in enumerate(row)
    }
    (one, i), (two, k) = sorted((where[a], where[b]))
    if two != one + 1:
        return
    low, high = rows[one][i], rows[two][k]
    room = high.across[0] - low.across[1]
    rows[one][i] = replace(low, across=(low.across[0] + room / 2, low.across[1] + room / 2))
    rows[two][k] = replace(high, across=(high.across[0] - room / 2, high.across[1] - room / 2))


def fitted(block: _Block, shape: Shape) -> tuple[str, ...]:
    if shape.upright:
        room = block.across[1] - block.across[0] - GAUGE - 2 * PAD
        high = block.size - 32 - (shape.small_size + 10 if block.stop.length else 6)
        most = max(1, int(high / (1.18 * shape.title_size) + 0.01))
    else:
        room, most = block.size - 2 * PAD, shape.most_lines
    return tuple(wrap(block.stop.title, room, shape.title_size, min(most, shape.most_lines)))


# Drawing


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
    return replace(stop, done=0, total=0, shipped=None, own=False, here=False)


@lru_cache(maxsize=16)
def placed(lines: tuple[Line, ...], upright: bool) -> tuple[Shape, tuple[_Block, ...]]:
    """Find the length of a week that makes the map as long as it should be, and the places."""
    shape = UPRIGHT if upright else lying_for(sum(bool(line.stops) for line in lines[1:]))
    low, high = 0.0, shape.longest_week
    for _ in range(14):
        week = (low + high) / 2
        if length(arrange(lines, shape, week)) > shape.target:
            high = week
        else:
            low = week
    return shape, tuple(arrange(lines, shape, low))


def lying_for(branches: int) -> Shape:
    """Give every branch the breadth that the most lines of a title need."""
    return replace(LYING, breadth=LANE * max(2, branches) + LYING.gap * (max(2, branches) - 1))


def length(blocks: Sequence[_Block]) -> float:
    return max(block.end + (TIP if block.stop.weeks is None else 0) for block in blocks)


class Pen:
    """Turns places into coordinates: along is down when upright, to the right when lying."""

    def __init__(self, shape: Shape, lines: Sequence[Line], blocks: Sequence[_Block]) -> None:
        self.shape = shape
        self.blocks = blocks
        self.lines = [lines[0], *(line for line in lines[1:] if line.stops)]
        self.twins = twins(self.lines[1:])
        self.met = {stop.slug for pair in self.twins for stop in pair}

    def xy(self, along: float, across: float) -> tuple[float, float]:
        x, y = (across, along) if self.shape.upright else (along, across)
        return round(x, 1), round(y, 1)

    def path(
        self, *steps: "tuple[str, tuple[float, float], *tuple[tuple[float, float], ...]]"
    ) -> str:
        words = []
        for letter, *points in steps:
            places = (self.xy(along, across) for along, across in points)
            words.append(letter + " ".join(f"{x:g} {y:g}" for x, y in places))
        return "".join(words)

    def area(self, a0: float, a1: float, c0: float, c1: float) -> str:
        (x0, y0), (x1, y1) = self.xy(a0, c0), self.xy(a1, c1)
        return f"M{x0:g} {y0:g}H{x1:g}V{y1:g}H{x0:g}Z"

    def drawing(self, rungs: Sequence[Rung]) -> Drawing:
        shape = self.shape
        end = length(self.blocks)
        far = max(block.across[1] for block in self.blocks)
        size = self.xy(end + 6, far + 2 if shape.upright else far + 4)
        return Drawing(
            upright=shape.upright,
            # A short map lying down is not blown up to the width of the page.
            width=size[0] if shape.upright else max(size[0], 0.8 * shape.target),
            height=size[1],
            nodes=tuple(self.node(block) for block in self.blocks),
            ribbons=tuple(self.ribbons()),
            texts=tuple(self.names()),
            marks=tuple(self.marks(rungs, end)),
            meetings=tuple(self.meetings()),
            description=self.description(rungs),
        )

    def node(self, block: _Block) -> Node:
        stop, (c0, c1) = block.stop, block.across
        open_ended = stop.weeks is None
        last = self.last_of_line(block)
        tip = TIP if open_ended and last else 0.0
        a0, a1 = block.at, block.end
        middle = (c0 + c1) / 2

        def outline(by: float) -> str:
            sides = [(a0 + by, c0 + by), (a0 + by, c1 - by), (a1 - by, c1 - by)]
            sides += [(a1 + tip - by, middle), (a1 - by, c0 + by)]
            return self.path(("M", sides[0]), *(("L", side) for side in sides[1:])) + "Z"

        part = stop.done / stop.total if stop.total else 0.0
        gauge = (c0 + 2, c0 + GAUGE) if self.shape.upright else (c1 - GAUGE, c1 - 2)
        cells = self.cells(stop, a0, a1, *gauge)
        centre = (gauge[0] + gauge[1]) / 2
        flag = ""
        if stop.shipped is not None:
            at, r = a1 - 9, 5.2
            flag = self.path(
                ("M", (at - r, centre)),
                ("L", (at, centre - r)),
                ("L", (at + r, centre)),
                ("L", (at, centre + r)),
            )
            flag += "Z"
        corners = [self.xy(a0, c0), self.xy(a1 + tip, c1)]
        return Node(
            stop=stop,
            optional=self.lines[block.line].optional,
            body=outline(0),
            outline=outline(1.5),
            filled=outline(0)
            if part == 1
            else self.area(a0, a0 + (a1 - a0) * part, c0, c1)
            if part
            else "",
            open_cells=cells[1],
            done_cells=cells[0],
            flag=flag,
            texts=tuple(self.texts(block)),
            plate=self.plate("next", *self.corner(block)) if stop.here else None,
            box=(*corners[0], *corners[1]),
        )

    def corner(self, block: _Block) -> tuple[float, float]:
        """Give the corner where a block has neither text nor another's name beside it."""
        if self.shape.upright:
            return block.across[1], block.end
        return block.end, block.across[0]

    def cells(self, stop: Stop, a0: float, a1: float, c0: float, c1: float) -> tuple[str, str]:
        """Give the strip of milestones, the done ones and the open ones, as two paths."""
        if not stop.total:
            return "", ""
        begin, end = a0 + 1.5, a1 - (19 if stop.shipped is not None else 1.5)
        step = (end - begin) / stop.total
        gap = min(2.0, step / 3)
        areas = [
            self.area(begin + i * step, begin + (i + 1) * step - gap, c0 + 1.5, c1 - 1.5)
            for i in range(stop.total)
        ]
        return "".join(areas[: stop.done]), "".join(areas[stop.done :])

    def texts(self, block: _Block) -> Iterable[Text]:
        shape, stop = self.shape, block.stop
        if shape.upright:
            x = block.across[0] + GAUGE + PAD
            y = block.at
            room = block.across[1] - x - PAD
            right = block.across[1] - PAD
        else:
            x = block.at + PAD + 2
            y = block.across[0] + 3
            room = block.size - 2 * PAD
            right = block.end - PAD
        numeral = shorten(stop.numeral, room, 20)
        yield Text(round(x, 1), round(y + 25, 1), numeral, "numeral")
        count = f"{stop.done}/{stop.total}"
        if stop.done and text_width(numeral, 28) + text_width(count, 12) < room:
            yield Text(round(right, 1), round(y + 24, 1), count, "count", "end")
        y += 30
        for line in block.lines:
            y += 1.18 * shape.title_size
            yield Text(round(x, 1), round(y - 1, 1), line, "title")
        if stop.length:
            size = shape.small_size
            yield Text(
                round(x, 1), round(y + size + 4, 1), shorten(stop.length, room, size), "length"
            )

    def last_of_line(self, block: _Block) -> bool:
        return self.lines[block.line].stops[-1].slug == block.stop.slug

    def ribbons(self) -> Iterable[Ribbon]:
        rows = [[b for b in self.blocks if b.line == number] for number in range(len(self.lines))]
        trunk, branches = rows[0], [row for row in rows[1:] if row]
        if trunk and branches:
            end = trunk[-1]
            widths = [row[0].across[1] - row[0].across[0] for row in branches]
            at, whole = end.across[0], end.across[1] - end.across[0]
            for row, width in zip(branches, widths, strict=True):
                share = whole * width / sum(widths)
                yield self.ribbon(end, (at, at + share), row[0])
                at += share
        for row in branches:
            for one, two in pairwise(row):
                if two.at - one.end > 1:
                    yield self.ribbon(one, one.across, two)

    def ribbon(self, one: _Block, share: Span, two: _Block) -> Ribbon:
        a0, a1 = one.end, two.at
        half = (a0 + a1) / 2
        (s0, s1), (e0, e1) = share, two.across
        path = self.path(
            ("M", (a0, s0)),
            ("C", (half, s0), (half, e0), (a1, e0)),
            ("L", (a1, e1)),
            ("C", (half, e1), (half, s1), (a0, s1)),
        )
        edges = self.path(("M", (a0, s0)), ("C", (half, s0), (half, e0), (a1, e0)))
        edges += self.path(("M", (a0, s1)), ("C", (half, s1), (half, e1), (a1, e1)))
        (x1, y1), (x2, y2) = self.xy(a0, 0), self.xy(a1, 0)
        return Ribbon(
            key=f"{one.stop.slug}-{two.stop.slug}",
            path=path + "Z",
            edges=edges,
            start=one.stop.slug,
            end=two.stop.slug,
            optional=self.lines[two.line].optional,
            x1=x1,
            y1=y1,
            x2=x2,
            y2=y2,
        )

    def names(self) -> Iterable[Text]:
        """Give the tracks' names, each where its line begins."""
        shape = self.shape
        for number, line in enumerate(self.lines):
            blocks = [block for block in self.blocks if block.line == number]
            if not blocks:
                continue
            first = blocks[0]
            c0, c1 = first.across
            size = shape.small_size
            if shape.upright:
                words = [line.name, "optional"] if line.optional else [line.name]
                for up, word in enumerate(reversed(words)):
                    y = first.at - 10 - 15 * up
                    short = shorten(word, c1 - c0, size * 0.94)
                    yield Text(round((c0 + c1) / 2, 1), round(y, 1), short, "track", "middle")
            else:
                name = f"{line.name}, optional" if line.optional else line.name
                # The first branch has the ladder above it.
                y = c1 + 19 if number == 1 else c0 - 11
                yield Text(round(first.at, 1), round(y, 1), name, "track")

    def meetings(self) -> Iterable[Meeting]:
        """Outline twins that touch."""
        at = {block.stop.slug: block for block in self.blocks}
        for one, two in self.twins:
            a, b = at[one.slug], at[two.slug]
            if abs(a.across[1] - b.across[0]) < 0.5:
                a0, a1, c0, c1 = a.at - RIM, a.end + RIM, a.across[0] - RIM, b.across[1] + RIM
                (x0, y0), (x1, _) = self.xy(a0, c0), self.xy(a1, c1)
                plate = self.plate("one destination", (x0 + x1) / 2, y0, middle=True)
                yield Meeting(self.area(a0, a1, c0, c1), plate)

    def plate(self, text: str, x: float, y: float, *, middle: bool = False) -> Plate:
        """Put words over an edge: around a place, or with their right end at it."""
        width, height = round(text_width(text, 12) + 14, 1), 19.0
        left = x - width / 2 if middle else x - width - 6
        top = y - height / 2
        centre = left + width / 2
        return Plate(
            round(left, 1), round(top, 1), width, height, text, round(centre, 1), round(y + 4, 1)
        )

    def marks(self, rungs: Sequence[Rung], end: float) -> Iterable[Mark]:
        """Put each level where the phases it asks for end, beside the first branch."""
        ends = {block.stop.slug: block.end for block in self.blocks}
        taken = -1e9
        for rung in rungs:
            at = self.reached(rung, ends)
            if at is None or at - taken < (16 if self.shape.upright else 60):
                continue
            taken = at
            if self.shape.upright:
                texts: tuple[Text, ...] = (Text(0, round(at + 5, 1), rung.label, "rung"),)
                begin = 23.0
            else:
                anchor = "end" if at > end - 70 else "middle"
                texts = (
                    Text(round(at, 1), 16, rung.label, "rung", anchor),
                    Text(round(at, 1), 32, shorten(rung.name, 150, 12.5), "rung-name", anchor),
                )
                begin = 39.0
            (x1, y1), (x2, y2) = self.xy(at, begin), self.xy(at, self.edge(at))
            yield Mark(x1, y1, x2, y2, texts)

    def edge(self, at: float) -> float:
        """Give where the first line's near side is, so far along."""
        near = [b for b in self.blocks if b.line <= 1 and b.at - 1 <= at <= b.end + 1]
        edges = (b.across[0] - (RIM if b.stop.slug in self.met else 0) for b in near)
        return min(edges, default=self.shape.margin)

    def reached(self, rung: Rung, ends: dict[str, float]) -> float | None:
        found = [
            min((ends[slug] for slug in any_of if slug in ends), default=None)
            for any_of in rung.needs
        ]
        known = [at for at in found if at is not None]
        return max(known) if known else None

    def description(self, rungs: Sequence[Rung]) -> str:
        """Say in words what the drawing shows beside its phases."""
        names = [line.name for line in self.lines[1:]]
        said = ["Blocks are as long as their phases take."]
        if names and self.lines[0].stops:
            said.append(f"The trunk divides into {len(names)} branches: {', '.join(names)}.")
        said += [f"{a.name} and {b.name} are one destination." for a, b in self.twins]
        ends = {block.stop.slug: block.end for block in self.blocks}
        for rung in rungs:
            at = self.reached(rung, ends)
            last = next((b.stop.name for b in self.blocks if b.end == at), "")
            if last:
                said.append(f"{rung.label} is reached at the end of {last}.")
        return " ".join(said)
