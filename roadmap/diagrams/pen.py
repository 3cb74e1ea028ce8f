"""Places turned into coordinates, paths and words."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from roadmap.diagrams.parts import (
    Drawing,
    Line,
    Mark,
    Meeting,
    Node,
    Plate,
    Ribbon,
    Rung,
    Stop,
    Text,
)
from roadmap.diagrams.places import GAUGE, PAD, TIP, Block, Shape, Span, length, twins
from roadmap.diagrams.text import shorten, text_width

RIM = 7.0  # between two phases that are one destination and the line around them


class Pen:
    """Turns places into coordinates: along is down when upright, to the right when lying."""

    def __init__(self, shape: Shape, lines: Sequence[Line], blocks: Sequence[Block]) -> None:
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

    def diamond(self, along: float, across: float, r: float) -> str:
        return (
            self.path(
                ("M", (along - r, across)),
                ("L", (along, across - r)),
                ("L", (along + r, across)),
                ("L", (along, across + r)),
            )
            + "Z"
        )

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

    def node(self, block: Block) -> Node:
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

        filled = ""
        if stop.done and stop.done == stop.total:
            filled = outline(0)
        elif stop.done:
            filled = self.area(a0, a0 + (a1 - a0) * stop.done / stop.total, c0, c1)
        gauge = (c0 + 2, c0 + GAUGE) if self.shape.upright else (c1 - GAUGE, c1 - 2)
        cells = self.cells(stop, a0, a1, *gauge)
        centre = (gauge[0] + gauge[1]) / 2
        flag = self.diamond(a1 - 9, centre, 5.2) if stop.shipped is not None else ""
        claimed = stop.shipped and not stop.shipped_shown
        corners = [self.xy(a0, c0), self.xy(a1 + tip, c1)]
        return Node(
            stop=stop,
            optional=self.lines[block.line].optional,
            body=outline(0),
            outline=outline(1.5),
            filled=filled,
            open_cells=cells[1],
            done_cells=cells[0],
            flag=flag,
            flag_core=self.diamond(a1 - 9, centre, 2.6) if claimed else "",
            texts=tuple(self.texts(block)),
            plate=self.plate("next", *self.corner(block)) if stop.here else None,
            box=(*corners[0], *corners[1]),
        )

    def corner(self, block: Block) -> tuple[float, float]:
        """Give the corner where a block has neither text nor another's name beside it."""
        if self.shape.upright:
            return block.across[1], block.end
        return block.end, block.across[0]

    def cells(self, stop: Stop, a0: float, a1: float, c0: float, c1: float) -> tuple[str, str]:
        """Give the strip of milestones, the done ones and the open ones, as two paths.

        Of the done ones those that are claimed are half as broad as those that are shown.
        """
        if not stop.total:
            return "", ""
        begin, end = a0 + 1.5, a1 - (19 if stop.shipped is not None else 1.5)
        step = (end - begin) / stop.total
        gap = min(2.0, step / 3)
        middle = (c0 + c1) / 2
        areas = [
            self.area(
                begin + i * step,
                begin + (i + 1) * step - gap,
                middle if stop.shown <= i < stop.done else c0 + 1.5,
                c1 - 1.5,
            )
            for i in range(stop.total)
        ]
        return "".join(areas[: stop.done]), "".join(areas[stop.done :])

    def texts(self, block: Block) -> Iterable[Text]:
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

    def last_of_line(self, block: Block) -> bool:
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

    def ribbon(self, one: Block, share: Span, two: Block) -> Ribbon:
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
