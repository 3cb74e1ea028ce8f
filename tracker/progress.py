"""Progress from sets of milestone keys: pure, no database."""

import math
from collections.abc import Set
from dataclasses import dataclass


def percent(done: int, total: int) -> int | None:
    """Give done of total in whole percent, 0 to 100; None where there is nothing to do.

    100 means complete and nothing less does: 199 of 200 are 99.
    """
    if total <= 0:
        return None
    return max(0, min(100, math.floor(100 * done / total)))


@dataclass(frozen=True, slots=True)
class Total:
    done: int
    total: int
    # How many of the done ones are shown by evidence; the others are claimed.
    shown: int = 0

    @property
    def percent(self) -> int | None:
        return percent(self.done, self.total)

    @property
    def complete(self) -> bool:
        return self.percent == 100


def total(
    live: Set[str], retired: Set[str], done: Set[str], shown: Set[str] = frozenset()
) -> Total:
    """Count the milestones of one place.

    A retired milestone counts above and below the line for whoever did it, and nowhere for
    everybody else, so that retiring one never costs anybody a percent.
    """
    counted = live | (retired & done)
    return Total(done=len(counted & done), total=len(counted), shown=len(counted & done & shown))
