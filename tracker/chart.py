"""Progress over time as a drawing: pure, from dates alone.

Places are in hundredths of the drawing: x from the left, y from the top.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_MONTHS = 24
MOST_LINES = 4  # of the grid, above its ground
MOST_LABELS = 6  # under the drawing; half of them where it is narrow
APART = 10.0  # between the two labels at the end of the lines


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month and the counts at its end; ``added`` were done within it."""

    first: dt.date
    added: int
    done: int
    shown: int


@dataclass(frozen=True, slots=True)
class GridLine:
    height: int
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    month: dt.date
    x: float
    # Whether it is there only where the drawing is wide.
    wide: bool


@dataclass(frozen=True, slots=True)
class Chart:
    months: tuple[Month, ...]
    # What there was before the first month.
    before: tuple[int, int]
    grid: tuple[GridLine, ...]
    labels: tuple[Label, ...]
    # Points of both lines, and of the ground under the first, as SVG wants them.
    done: str
    shown: str
    area: str
    # Where the two counts are written, at the right end.
    done_y: float
    shown_y: float

    @property
    def last(self) -> Month:
        return self.months[-1]


def chart(days: Iterable[tuple[dt.date, dt.date | None]], *, today: dt.date) -> Chart | None:
    """Draw what was done by the months, at most the last two years of it.

    ``days`` has for each milestone the day it was done and the day it was shown, if it was. None
    before there are two months to draw a line through.
    """
    # A day to come can only be of another time zone: it counts as today.
    pairs = [
        (min(done, today), min(max(done, shown), today) if shown else None) for done, shown in days
    ]
    if not pairs:
        return None
    end = _number(today)
    start = max(min(_number(done) for done, _shown in pairs), end - MOST_MONTHS + 1)
    if start == end:
        return None
    months = tuple(_month(pairs, number) for number in range(start, end + 1))
    before = (months[0].done - months[0].added, _until(start - 1, [day for _, day in pairs]))
    step = _step(months[-1].done)
    top = step * math.ceil(months[-1].done / step)
    done = _points([before[0], *(month.done for month in months)], top)
    shown = _points([before[1], *(month.shown for month in months)], top)
    done_y, shown_y = _y(months[-1].done, top), _y(months[-1].shown, top)
    return Chart(
        months=months,
        before=before,
        grid=tuple(GridLine(height, _y(height, top)) for height in range(0, top + 1, step)),
        labels=_labels(months),
        done=done,
        shown=shown,
        area=f"0,100 {done} 100,100",
        done_y=min(done_y, 100 - APART),
        shown_y=max(shown_y, min(done_y, 100 - APART) + APART),
    )


def _number(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _first(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _until(number: int, days: Iterable[dt.date | None]) -> int:
    """Count the days up to the end of a month."""
    return sum(1 for day in days if day and _number(day) <= number)


def _month(pairs: Sequence[tuple[dt.date, dt.date | None]], number: int) -> Month:
    done = [day for day, _shown in pairs]
    return Month(
        first=_first(number),
        added=sum(1 for day in done if _number(day) == number),
        done=_until(number, done),
        shown=_until(number, [day for _done, day in pairs]),
    )


def _step(top: int) -> int:
    """Give the distance of the grid's lines: 1, 2, 5, 10, 20, 50, and so on."""
    power = 1
    while True:
        for base in (1, 2, 5):
            if top <= base * power * MOST_LINES:
                return base * power
        power *= 10


def _y(height: int, top: int) -> float:
    return round(100 - 100 * height / top, 2)


def _points(counts: Sequence[int], top: int) -> str:
    last = len(counts) - 1
    return " ".join(
        f"{100 * at / last:.2f},{_y(height, top):g}" for at, height in enumerate(counts)
    )


def _labels(months: Sequence[Month]) -> tuple[Label, ...]:
    """Name every so many months, the last one always, each in the middle of its own stretch."""
    every = math.ceil(len(months) / MOST_LABELS)
    named = list(range(len(months) - 1, -1, -every))
    return tuple(
        Label(months[at].first, round(100 * (at + 0.5) / len(months), 2), wide=bool(nth % 2))
        for nth, at in enumerate(named)
    )
