"""Progress from sets of milestone keys and from dates: pure, no database."""

import datetime as dt
import math
from collections.abc import Collection, Set
from dataclasses import dataclass


def percent(done: int, total: int) -> int | None:
    """Give done of total in whole percent, 0 to 100; None where there is nothing to do.

    100 means complete and nothing less does: 199 of 200 are 99.
    """
    if total <= 0:
        return None
    return max(0, min(100, math.floor(100 * done / total)))


@dataclass(frozen=True, slots=True)
class Stood:
    """That a place was complete on a day, and how many have come since that are still open."""

    on: dt.date
    new: int


@dataclass(frozen=True, slots=True)
class Total:
    done: int
    total: int
    # How many of the done ones are shown by evidence; the others are claimed.
    shown: int = 0
    # Of a place that was complete before something new came to it.
    stood: Stood | None = None

    @property
    def percent(self) -> int | None:
        return percent(self.done, self.total)

    @property
    def claimed(self) -> int:
        return self.done - self.shown

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


@dataclass(frozen=True, slots=True)
class Did:
    """That a milestone was done on a person's own day, and when it came to the place that counts
    it. ``changed`` is the instant at which anything of it was last written down.
    """

    on: dt.date
    zone: dt.tzinfo
    changed: dt.datetime
    since: dt.datetime | None = None

    def before(self, instant: dt.datetime) -> bool:
        """Say whether it was done by then. What was written down on a later day than it was done
        tells no time of day, and is taken to have been done first.
        """
        day = instant.astimezone(self.zone).date()
        if day != self.on:
            return self.on < day
        return self.changed < instant or self.changed.astimezone(self.zone).date() > day


def as_it_stood(did: Collection[Did], came: Collection[dt.datetime | None]) -> Stood | None:
    """Say on which day a place was complete, if it was before those came that are open now.

    ``came`` has the instants at which the open ones came, None for one that was there from the
    start. Of what was done, only what was there at the time decides.
    """
    instants = [instant for instant in came if instant]
    if not instants or len(instants) < len(came):
        return None
    first = min(instants)
    earlier = {one.since for one in did if one.since and one.since < first}
    for cut in sorted({first, *earlier}, reverse=True):
        there = [one for one in did if one.since is None or one.since < cut]
        if there and all(one.before(cut) for one in there):
            return Stood(max(one.on for one in there), len(came))
    return None
