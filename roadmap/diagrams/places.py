"""Where every phase stands: along the way by its time, across it by its track."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from roadmap.diagrams.parts import Line, Stop
from roadmap.diagrams.text import text_width, wrap

GAUGE = 11.0  # the strip of cells, one a milestone
PAD = 8.0
LANE = 143.0  # the breadth of a branch when lying
WIDEST = 200.0  # what a title may ask of a block that lies
OPEN_WEEKS = 7.0  # how long an open-ended phase is drawn
TIP = 20.0  # the arrow head of an open-ended phase


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

type Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Block:
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


def arrange(lines: Sequence[Line], shape: Shape, week: float) -> list[Block]:
    """Put every phase on its lane; twins side by side, the shorter way stretched to meet them."""
    trunk, branches = lines[0], [line for line in lines[1:] if line.stops]
    start = shape.margin
    spans = lanes(branches, start, shape.breadth, shape.gap) if branches else []
    middle = start + shape.breadth / 2
    half = shape.breadth * (0.29 if shape.upright else 0.24) if branches else shape.breadth / 3
    trunk_span = (middle - half, middle + half)
    blocks: list[Block] = []
    at = shape.head
    for stop, size in zip(trunk.stops, sizes(trunk, trunk_span, shape, week), strict=True):
        blocks.append(Block(stop, 0, at, size, trunk_span, ()))
        at += size
    if trunk.stops and branches:
        at += shape.fork
    pairs = twins(branches)
    paired = {stop.slug for pair in pairs for stop in pair}
    rows: list[list[Block]] = []
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
) -> list[Block]:
    """Lay phases one after the other, with room to bend before and after a meeting."""
    row: list[Block] = []
    for stop, size in zip(stops, lengths, strict=True):
        if row and (stop.slug in paired or row[-1].stop.slug in paired):
            at += shape.bend
        row.append(Block(stop, number, at, size, span, ()))
        at += size
    return row


def meet(rows: list[list[Block]], a: str, b: str) -> None:
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


def stretch(row: list[Block], end: int, late: float) -> None:
    """Let the blocks before one take up a delay in proportion to their sizes."""
    before = sum(block.size for block in row[:end])
    moved = 0.0
    for i, block in enumerate(row):
        grown = late * block.size / before if i < end else 0.0
        row[i] = replace(block, at=block.at + moved, size=block.size + grown)
        moved += grown
    if not before:
        push(row, 0, late)


def push(row: list[Block], first: int, by: float) -> None:
    for i in range(first, len(row)):
        row[i] = replace(row[i], at=row[i].at + by)


def touch(rows: list[list[Block]], a: str, b: str, shape: Shape) -> None:
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


def fitted(block: Block, shape: Shape) -> tuple[str, ...]:
    if shape.upright:
        room = block.across[1] - block.across[0] - GAUGE - 2 * PAD
        high = block.size - 32 - (shape.small_size + 10 if block.stop.length else 6)
        most = max(1, int(high / (1.18 * shape.title_size) + 0.01))
    else:
        room, most = block.size - 2 * PAD, shape.most_lines
    return tuple(wrap(block.stop.title, room, shape.title_size, min(most, shape.most_lines)))


@lru_cache(maxsize=16)
def placed(lines: tuple[Line, ...], upright: bool) -> tuple[Shape, tuple[Block, ...]]:
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


def length(blocks: Sequence[Block]) -> float:
    return max(block.end + (TIP if block.stop.weeks is None else 0) for block in blocks)
