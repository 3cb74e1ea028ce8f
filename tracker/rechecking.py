"""When a milestone is due to be done again from a blank file: pure, from dates alone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

AFTER = (30, 90, 180)  # days since it was done
# An answer so short before one of them settles that one too: nobody is asked twice in a fortnight.
SETTLED = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Answer:
    """How it went, on which of the person's days; what is put off is put off until a day."""

    outcome: str
    on: dt.date
    until: dt.date | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Read it as a query brings it along."""
        until = kept["until"]
        return cls(
            kept["outcome"],
            dt.date.fromisoformat(kept["on"]),
            dt.date.fromisoformat(until) if until else None,
        )


def asked(completed_on: dt.date, today: dt.date) -> dt.date | None:
    """Give the last of the three days that has come, or None before the first of them."""
    days = [completed_on + dt.timedelta(days=days) for days in AFTER]
    return max((day for day in days if day <= today), default=None)


def due(
    completed_on: dt.date,
    answered: Sequence[dt.date],
    *,
    today: dt.date,
    put_off_until: dt.date | None = None,
) -> dt.date | None:
    """Give the day since which a recheck is due, or None when none is.

    Each of the three days asks once: answers given shortly before a day or after it settle it and
    those before it. One that was put off waits until its day.
    """
    latest = asked(completed_on, today)
    if latest is None or (put_off_until and put_off_until > today):
        return None
    return None if any(answer >= latest - SETTLED for answer in answered) else latest


def next_day(
    completed_on: dt.date, *, today: dt.date, put_off_until: dt.date | None = None
) -> dt.date | None:
    """Give the day that asks next, once today's answer is given; None after the last of them."""
    if put_off_until and put_off_until > today:
        return put_off_until
    days = [completed_on + dt.timedelta(days=days) for days in AFTER]
    return min((day for day in days if day > today + SETTLED), default=None)
