"""A year of entries as a drawing: days and their counts become cells in weeks. Pure."""

import calendar
import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

STEP = 20  # units between two weeks, and between two days
TOP = 24  # units above the days, for the names of the months
LEFT = 36  # units beside them, for the names of the days
# The side of a day's square by its shade: nothing is told by colour alone.
SIDES = (4, 8, 12, 14, 18)


@dataclass(frozen=True)
class Cell:
    """One day: its place in units, how many entries, and a shade from 0 (none) to 4 (most)."""

    day: dt.date
    week: int  # column, from 0
    count: int
    shade: int

    @property
    def side(self) -> int:
        return SIDES[self.shade]

    @property
    def x(self) -> int:
        return LEFT + self.week * STEP + (STEP - self.side) // 2

    @property
    def y(self) -> int:
        return TOP + self.day.weekday() * STEP + (STEP - self.side) // 2

    @property
    def title(self) -> str:
        number = {0: "no entry", 1: "1 entry"}.get(self.count, f"{self.count:,} entries")
        return f"{self.day.day} {calendar.month_name[self.day.month]} {self.day.year}: {number}"


@dataclass(frozen=True)
class Month:
    """A month of the year, with what is in it and the outline of its days."""

    first: dt.date
    count: int
    cells: list[Cell]

    @property
    def label_x(self) -> int:
        # Over the first week that is wholly of this month or the year.
        late = self.first.day == 1 and self.first.weekday() and self.first.month > 1
        return LEFT + (self.cells[0].week + bool(late)) * STEP + STEP // 2 - SIDES[-1] // 2

    @property
    def filled(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.count]

    @property
    def blank(self) -> str:
        """Give one path of the squares of all days without an entry."""
        side = SIDES[0]
        return "".join(
            f"M{cell.x} {cell.y}h{side}v{side}h-{side}z" for cell in self.cells if not cell.count
        )

    @property
    def outline(self) -> str:
        """Give the path around the month's days, which begin and end within weeks."""
        start, end = self.cells[0], self.cells[-1]
        left, right = LEFT + start.week * STEP, LEFT + (end.week + 1) * STEP
        top, bottom = TOP, TOP + 7 * STEP
        begin = TOP + start.day.weekday() * STEP
        finish = TOP + (end.day.weekday() + 1) * STEP
        return (
            f"M{left + STEP} {top}H{right}V{finish}H{right - STEP}V{bottom}H{left}V{begin}"
            f"H{left + STEP}Z"
        )


@dataclass(frozen=True)
class Year:
    number: int
    count: int
    months: list[Month]
    weeks: int

    @property
    def width(self) -> int:
        return LEFT + self.weeks * STEP + 2

    @property
    def late(self) -> bool:
        """Say whether its last entry is in its second half."""
        return any(month.count for month in self.months[6:])

    @property
    def height(self) -> int:
        return TOP + 7 * STEP + 2

    @property
    def weekdays(self) -> list[tuple[str, int]]:
        """Give the names beside every other row, each with where its line stands."""
        return [
            (name[:3], TOP + row * STEP + STEP * 3 // 4)
            for row, name in enumerate(calendar.day_name)
            if row % 2 == 0
        ]


def year_of(number: int, counts: Mapping[dt.date, int]) -> Year:
    """Lay a year out by weeks that begin on Monday; ``counts`` holds days with entries."""
    first, last = dt.date(number, 1, 1), dt.date(number, 12, 31)
    days = [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
    steps = shades({day: count for day, count in counts.items() if day.year == number})
    cells = [
        Cell(
            day,
            week=(at + first.weekday()) // 7,
            count=counts.get(day, 0),
            shade=sum(counts.get(day, 0) >= step for step in steps),
        )
        for at, day in enumerate(days)
    ]
    months = [
        Month(
            dt.date(number, month, 1),
            sum(cell.count for cell in cells if cell.day.month == month),
            [cell for cell in cells if cell.day.month == month],
        )
        for month in range(1, 13)
    ]
    return Year(number, sum(month.count for month in months), months, cells[-1].week + 1)


def shades(counts: Mapping[dt.date, int]) -> list[int]:
    """Give from how many entries on each of the four shades begins, up to the fullest day.

    Each begins at so many times the one before, so that one day on which a script wrote fifty
    leaves days of one, two and three to be told apart.
    """
    most = max(counts.values(), default=0)
    if most <= 4:
        return [1, 2, 3, 4]
    return [1, *(math.ceil(most ** (part / 4)) for part in (1, 2, 3))]


@dataclass(frozen=True)
class Key:
    """One line of the legend: a shade, and which numbers of entries it stands for."""

    shade: int
    words: str

    @property
    def side(self) -> int:
        return SIDES[self.shade]

    @property
    def inset(self) -> int:
        return (STEP - self.side) // 2


def legend(steps: list[int], most: int) -> list[Key]:
    """Say in words which counts have which shade, leaving out those that no day has."""
    ends = [later - 1 for _step, later in pairwise(steps)] + [max(most, steps[-1])]
    return [
        Key(shade, f"{step:,}" if step == end else f"{step:,} to {end:,}")
        for shade, (step, end) in enumerate(zip(steps, ends, strict=True), start=1)
        if step <= most
    ]
