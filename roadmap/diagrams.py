"""The map of phases as a drawing: sizes, places and lines of text, from plain values.

Nothing here knows the database or HTML. A drawing is made twice, upright for narrow pages and
lying for wide ones; both come from the same two axes, ``along`` (time) and ``across``. Whatever
an editor writes, blocks grow to hold their text, and text that has no room ends in an ellipsis.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

GAUGE = 9.0  # the strip of cells, one a milestone
PAD = 9.0
OPEN_WEEKS = 7.0  # how long an open-ended phase is drawn
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
class Node:
    stop: Stop
    optional: bool
    body: str
    filled: str
    open_cells: str
    done_cells: str
    flag: str
    texts: tuple[Text, ...]
    # Left, top, right and bottom, for whoever wants to know that nothing overlaps.
    box: tuple[float, float, float, float]

    @property
    def label(self) -> str:
        """Say in words what the block shows."""
        stop = self.stop
        parts = [stop.name, stop.title, stop.length]
        if stop.total:
            parts.append(f"{stop.done} of {stop.total} done" if stop.own else f"{stop.total} milestones")
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
class Drawing:
    upright: bool
    width: float
    height: float
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    texts: tuple[Text, ...]
    marks: tuple[Mark, ...]
    rail: str
    frames: tuple[str, ...]
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
    target=800,
    longest_week=14,
    least=56,
    head=26,
    margin=34,
    breadth=294,
    gap=22,
    fork=58,
    bend=38,
    title_size=14,
    small_size=12,
    most_lines=5,
)
LYING = Shape(
    upright=False,
    target=1100,
    longest_week=30,
    least=96,
    head=4,
    margin=58,
    breadth=276,
    gap=52,
    fork=64,
    bend=44,
    title_size=15,
    small_size=12.5,
    most_lines=3,
)
# Beyond this a lying map would have to be shrunk until nobody can read it.
LONGEST = 1500.0


# Text

_WIDTHS = {
    **dict.fromkeys("ijl'|!,.:;‘’", 0.26),
    **dict.fromkeys("ft()[]{}/\\-·  “”\"r", 0.36),
    **dict.fromkeys("mwMW@%&—", 0.88),
    **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ", 0.71),
}


def text_width(text: str, size: float) -> float:
    """Estimate the width of text in a bold sans-serif face, rather too wide than too narrow."""
    return 1.08 * size * sum(_WIDTHS.get(char, 0.58) for char in text)


def shorten(text: str, width: float, size: float) -> str:
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """Break text into at most so many lines; what is left over ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [shorten(line, width, size) for line in lines]


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
    parts = [0.86 if line.optional else 1.0 for line in lines]
    room = breadth - gap * (len(lines) - 1)
    spans, at = [], start
    for part in parts:
        size = room * part / sum(parts)
        spans.append((at, at + size))
        at += size + gap
    return spans


def twins(lines: Sequence[Line]) -> list[tuple[Stop, Stop]]:
    """Give the pairs that are one destination, of different branches and in the order of both."""
    place = {stop.slug: (row, at) for row, line in enumerate(lines) for at, stop in enumerate(line.stops)}
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
    words = [*stop.title.split(), stop.numeral]
    widest = max(text_width(word, shape.title_size) for word in words)
    widest = max(widest, text_width(stop.length, shape.small_size))
    # So wide that the title has room in its lines, within reason.
    whole = text_width(stop.title, shape.title_size) / shape.most_lines * 1.25
    return min(max(widest, whole), 190.0) + 2 * PAD + 4


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
        rows.append(run(line.stops, number, at, sizes(line, span, shape, week), span, shape, paired))
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
    where = {block.stop.slug: (number, i) for number, row in enumerate(rows) for i, block in enumerate(row)}
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
    shape = UPRIGHT if upright else LYING
    every = list(lines)
    if not any(line.stops for line in every):
        return None
    low, high = 0.0, shape.longest_week
    for _ in range(24):
        week = (low + high) / 2
        if length(arrange(every, shape, week)) > shape.target:
            high = week
        else:
            low = week
    blocks = arrange(every, shape, low)
    if not upright and length(blocks) > LONGEST:
        return None
    return Pen(shape, every, blocks).drawing(list(rungs))


def length(blocks: Sequence[_Block]) -> float:
    return max(block.end + (TIP if block.stop.weeks is None else 0) for block in blocks)


class Pen:
    """Turns places into coordinates: along is down when upright, to the right when lying."""

    def __init__(self, shape: Shape, lines: Sequence[Line], blocks: Sequence[_Block]) -> None:
        self.shape = shape
        self.blocks = blocks
        self.lines = [lines[0], *(line for line in lines[1:] if line.stops)]

    def xy(self, along: float, across: float) -> tuple[float, float]:
        x, y = (across, along) if self.shape.upright else (along, across)
        return round(x, 1), round(y, 1)

    def path(self, *steps: "tuple[str, tuple[float, float], *tuple[tuple[float, float], ...]]") -> str:
        words = []
        for letter, *points in steps:
            places = (self.xy(along, across) for along, across in points)
            words.append(letter + " ".join(f"{x:g} {y:g}" for x, y in places))
        return "".join(words)

    def area(self, a0: float, a1: float, c0: float, c1: float) -> str:
        return self.path(("M", (a0, c0)), ("L", (a0, c1)), ("L", (a1, c1)), ("L", (a1, c0))) + "Z"

    def drawing(self, rungs: Sequence[Rung]) -> Drawing:
        shape = self.shape
        end = length(self.blocks)
        marks, rail = self.ladder(rungs, end)
        far = max(block.across[1] for block in self.blocks)
        size = self.xy(end + 6, far + 2 if shape.upright else far + 4)
        return Drawing(
            upright=shape.upright,
            width=size[0],
            height=size[1],
            nodes=tuple(self.node(block) for block in self.blocks),
            ribbons=tuple(self.ribbons()),
            texts=tuple(self.names()),
            marks=marks,
            rail=rail,
            frames=tuple(self.frames()),
            description=self.description(rungs),
        )

    def node(self, block: _Block) -> Node:
        stop, (c0, c1) = block.stop, block.across
        open_ended = stop.weeks is None
        last = self.last_of_line(block)
        tip = TIP if open_ended and last else 0.0
        a0, a1 = block.at, block.end
        middle = (c0 + c1) / 2
        body = self.path(("M", (a0, c0)), ("L", (a0, c1)), ("L", (a1, c1)))
        body += self.path(("L", (a1 + tip, middle)), ("L", (a1, c0))) + "Z"
        part = stop.done / stop.total if stop.total else 0.0
        gauge = (c0, c0 + GAUGE) if self.shape.upright else (c1 - GAUGE, c1)
        cells = self.cells(stop, a0, a1, *gauge)
        centre = (gauge[0] + gauge[1]) / 2
        flag = ""
        if stop.shipped is not None:
            at, r = a1 - 9, 6.5
            flag = self.path(
                ("M", (at - r, centre)), ("L", (at, centre - r)), ("L", (at + r, centre)), ("L", (at, centre + r))
            )
            flag += "Z"
        corners = [self.xy(a0, c0), self.xy(a1 + tip, c1)]
        return Node(
            stop=stop,
            optional=self.lines[block.line].optional,
            body=body,
            filled=self.area(a0, a0 + (a1 - a0) * part, c0, c1) if part else "",
            open_cells=cells[1],
            done_cells=cells[0],
            flag=flag,
            texts=tuple(self.texts(block)),
            box=(*corners[0], *corners[1]),
        )

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
        if stop.done and text_width(numeral, 22) + text_width(count, 12) < room:
            yield Text(round(right, 1), round(y + 24, 1), count, "count", "end")
        y += 30
        for line in block.lines:
            y += 1.18 * shape.title_size
            yield Text(round(x, 1), round(y - 1, 1), line, "title")
        if stop.length:
            size = shape.small_size
            yield Text(round(x, 1), round(y + size + 4, 1), shorten(stop.length, room, size), "length")

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
            for one, two in zip(row, row[1:], strict=False):
                if two.at - one.end > 1:
                    yield self.ribbon(one, one.across, two)

    def ribbon(self, one: _Block, share: Span, two: _Block) -> Ribbon:
        a0, a1 = one.end, two.at
        half = (a0 + a1) / 2
        (s0, s1), (e0, e1) = share, two.across
        path = self.path(
            ("M", (a0, s0)), ("C", (half, s0), (half, e0), (a1, e0)),
            ("L", (a1, e1)), ("C", (half, e1), (half, s1), (a0, s1)),
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
            name = f"{line.name}, optional" if line.optional and not shape.upright else line.name
            size = shape.small_size
            if shape.upright:
                middle = (c0 + c1) / 2
                y = first.at - 9 if number else first.at - 10
                yield Text(round(middle, 1), round(y, 1), shorten(name, c1 - c0, size), "track", "middle")
            elif number == 0 or number > 1:
                yield Text(round(first.at, 1), round(c0 - 10, 1), name, "track")
            else:
                yield Text(round(first.at, 1), round(c1 + 18, 1), name, "track")

    def frames(self) -> Iterable[str]:
        """Outline twins that touch."""
        at = {block.stop.slug: block for block in self.blocks}
        for one, two in twins(self.lines[1:]):
            a, b = at[one.slug], at[two.slug]
            if abs(a.across[1] - b.across[0]) < 0.5:
                yield self.area(a.at - 4, a.end + 4, a.across[0] - 4, b.across[1] + 4)

    def ladder(self, rungs: Sequence[Rung], end: float) -> tuple[tuple[Mark, ...], str]:
        """Put each level where the phases it asks for end, on the rail beside the first branch."""
        shape = self.shape
        ends = {block.stop.slug: block.end for block in self.blocks}
        rail = shape.margin - 24 if shape.upright else shape.margin - 26
        reach = {}
        for number, block in enumerate(self.blocks):
            reach[number] = block
        marks: list[Mark] = []
        taken = -1e9
        for rung in rungs:
            at = self.reached(rung, ends)
            if rung.beyond:
                at = end
            if at is None:
                continue
            edge = self.edge(at)
            if shape.upright:
                if at - taken < 18:
                    continue
                texts = (Text(rail - 7, round(at + 4.5, 1), rung.label, "rung", "start"),)
                (x1, y1), (x2, y2) = self.xy(at, rail + 14), self.xy(at, edge)
            else:
                if at - taken < 60:
                    continue
                anchor = "start" if at < 40 else ("end" if at > end - 60 else "middle")
                texts = (
                    Text(round(at, 1), rail - 16, rung.label, "rung", anchor),
                    Text(round(at, 1), rail - 2, rung.name, "rung-name", anchor),
                )
                (x1, y1), (x2, y2) = self.xy(at, rail + 4), self.xy(at, edge)
            taken = at
            marks.append(Mark(x1, y1, x2, y2, texts))
        return tuple(marks), ""

    def edge(self, at: float) -> float:
        """Give where the first line's near side is, so far along."""
        near = [b for b in self.blocks if b.line <= 1 and b.at - 1 <= at <= b.end + 1]
        return min((b.across[0] for b in near), default=self.shape.margin)

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
        said += [f"{a.name} and {b.name} are one destination." for a, b in twins(self.lines[1:])]
        ends = {block.stop.slug: block.end for block in self.blocks}
        for rung in rungs:
            at = self.reached(rung, ends)
            last = next((b.stop.name for b in self.blocks if b.end == at), "")
            if last:
                said.append(f"{rung.label} is reached at the end of {last}.")
        return " ".join(said)
