"""How fast a person goes, and where that leads: pure, from dates alone."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

MONTH = 365.25 / 12  # days
LOOKED_AT = dt.timedelta(days=180)
FEWEST = 3  # ticks after the first day
SHORTEST = dt.timedelta(days=28)  # of history before anything is said
QUIET = dt.timedelta(days=90)  # without a tick, after which nobody goes at any pace
FURTHEST = 10 * 365  # days; beyond it nothing honest can be said


@dataclass(frozen=True, slots=True)
class Pace:
    """``a_month`` milestones a month; ``reaches`` the day on which ``left`` more are done.

    It is reckoned from the ``done`` that came after the day ``after``. ``needed`` is what a month
    would have to hold to be there by the target; None without a target and where less than a month
    is left until then.
    """

    a_month: float
    done: int
    after: dt.date
    left: int
    reaches: dt.date
    target: dt.date | None
    needed: float | None = None

    @property
    def rate(self) -> str:
        return _tenths(round(10 * self.a_month))

    @property
    def rate_needed(self) -> str:
        """Rounded up, so that whoever keeps to it is there; never the rate that is too slow."""
        if not self.needed:
            return ""
        return _tenths(max(math.ceil(10 * self.needed), round(10 * self.a_month) + 1))

    @property
    def late(self) -> bool:
        """Whether it leads past the target. Said by the month: its days would be made up."""
        return self.target is not None and _month(self.reaches) > _month(self.target)

    @property
    def early(self) -> bool:
        return self.target is not None and _month(self.reaches) < _month(self.target)


def pace(
    done: Sequence[dt.date], *, left: int, today: dt.date, target: dt.date | None = None
) -> Pace | None:
    """Give the pace of the last half year, and when it reaches what is left.

    ``done`` has the dates of the milestones that count, in any order; dates to come are left out.
    None where there is too little to go on (fewer than 3 in the half year, none in its last three
    months, or less than four weeks since the first), where nothing is left, or where it would take
    more than ten years.
    """
    # The half year, or since the first day when that is less long ago. Of that day only the date
    # counts: whoever arrives ticks at once what they could do already, or brings it along.
    start = max(today - LOOKED_AT, min(done, default=today))
    span = today - start
    recent = [day for day in done if start < day <= today]
    if left <= 0 or len(recent) < FEWEST or span < SHORTEST or max(recent) < today - QUIET:
        return None
    a_day = len(recent) / span.days
    days = math.ceil(left / a_day)
    if days > FURTHEST:
        return None
    until = (target - today).days / MONTH if target else 0
    return Pace(
        a_month=a_day * MONTH,
        done=len(recent),
        after=start,
        left=left,
        reaches=today + dt.timedelta(days=days),
        target=target,
        needed=left / until if until >= 1 else None,
    )


def _month(day: dt.date) -> tuple[int, int]:
    return day.year, day.month


def _tenths(tenths: int) -> str:
    return f"{tenths / 10:.1f}".removesuffix(".0")
