"""How learners fare with the roadmap, for its editors: numbers of people, never who they are.

Five queries that add up inside the database, and the manual; however many people there are.
"""

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection

from roadmap.queries import Manual, ManualMilestone, ManualPhase
from tracker.models import CompletionEvent
from tracker.models.rechecks import Recheck

# Fewer people than this, and whoever knows them could tell who it is.
FEW = 3
QUIET = dt.timedelta(days=30)
GONE = dt.timedelta(days=90)

# Everywhere: accounts that are open. Whoever edits the roadmap may well be learning by it.
TICKS = """
    SELECT tick.milestone_id, tick.revision_id, tick.kept_id,
        count(*) FILTER (WHERE tick.shown_on IS NULL), count(tick.shown_on)
    FROM tracker_completion AS tick
    JOIN mastery_user AS person ON person.id = tick.user_id AND person.is_active
    WHERE tick.done
    GROUP BY tick.milestone_id, tick.revision_id, tick.kept_id
"""
# The last answer of each person counts, and what was said of an earlier tick is over.
RECHECKS = """
    SELECT milestone_id, outcome, count(*) FROM (
        SELECT DISTINCT ON (tick.id) tick.milestone_id, again.outcome
        FROM tracker_recheck AS again
        JOIN tracker_completion AS tick ON tick.id = again.completion_id AND tick.done
        JOIN mastery_user AS person ON person.id = tick.user_id AND person.is_active
        WHERE again.outcome <> %(later)s AND again."on" > tick.completed_on
        ORDER BY tick.id, again.at DESC, again.id DESC
    ) AS last
    GROUP BY milestone_id, outcome
"""
# A tick that begins with a confirmation came of a milestone that was split or replaced.
CONFIRMED = """
    SELECT tick.milestone_id, told.revision_id, count(DISTINCT tick.id)
    FROM tracker_completionevent AS told
    JOIN tracker_completion AS tick ON tick.id = told.completion_id AND tick.done
    JOIN mastery_user AS person ON person.id = tick.user_id AND person.is_active
    WHERE told.kind = %(confirmed)s AND EXISTS (
        SELECT FROM tracker_completionevent AS earlier
        WHERE earlier.completion_id = told.completion_id AND earlier.id < told.id
    )
    GROUP BY tick.milestone_id, told.revision_id
"""
# A milestone's mark is a row of bits with one of them set; together they are what a person has done
# of a phase, and the first bit that is not set is the first open place. What is no longer asked for
# has no mark.
STOPS = """
    WITH held AS (
        SELECT * FROM unnest(
            %(phases)s::int[], %(milestones)s::bigint[], %(marks)s::varbit[]
        ) AS held (phase, milestone, mark)
    ), kind AS (
        SELECT * FROM unnest(%(numbers)s::int[], %(tracks)s::text[], %(optional)s::boolean[])
            AS kind (phase, track, optional)
    ), stand AS (
        SELECT held.phase, tick.user_id,
            coalesce(position(B'0' IN bit_or(held.mark)), 1) AS next
        FROM tracker_completion AS tick
        JOIN held ON held.milestone = tick.milestone_id
        WHERE tick.done
        GROUP BY held.phase, tick.user_id
    ), last AS (
        SELECT user_id, max(completed_on) AS on_day
        FROM tracker_completion WHERE done GROUP BY user_id
    )
    SELECT phase, next, count(*),
        count(*) FILTER (WHERE on_day < %(quiet)s AND on_day >= %(gone)s),
        count(*) FILTER (WHERE on_day < %(gone)s)
    FROM stand
    JOIN kind USING (phase)
    JOIN last USING (user_id)
    JOIN mastery_user AS person ON person.id = user_id AND person.is_active
    WHERE kind.track = ANY(person.tracks)
        OR (cardinality(person.tracks) = 0 AND NOT kind.optional)
    GROUP BY phase, next
"""
LEARNERS = """
    SELECT count(*) FROM mastery_user AS person
    WHERE person.is_active AND EXISTS (
        SELECT FROM tracker_completion AS tick WHERE tick.user_id = person.id AND tick.done
    )
"""


@dataclass(frozen=True, slots=True)
class People:
    """A number of people, told so that it points at nobody."""

    count: int = 0
    # The groups that they fall into and that are told beside them: the exact sum would give away
    # what a small one is.
    groups: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.few:
            return f"under {FEW}"
        small = any(map(_few, self.groups))
        return f"at least {self.told}" if small else str(self.count)

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def few(self) -> bool:
        return _few(self.count)

    @property
    def told(self) -> int:
        """What can be known of the count by its groups: each small one is one person at least."""
        small = [count for count in self.groups if _few(count)]
        return self.count - sum(small) + len(small)


@dataclass(frozen=True, slots=True)
class Stop:
    """Those who began a phase and whose first open milestone in it is this one."""

    people: People = People()
    # Of them: the last tick anywhere is over 30 days old, or over 90.
    quiet: People = People()
    gone: People = People()


@dataclass(frozen=True, slots=True)
class Row:
    """One milestone in one phase. Claimed and shown are whole numbers: the desk names them before
    every change of a milestone, so that they tell nothing new."""

    milestone: ManualMilestone
    claimed: int
    shown: int
    held: People
    shaky: People
    lost: People
    # Those who ticked an earlier wording: they said what of it holds, or have yet to.
    answered: People
    waiting: People
    stop: Stop

    @property
    def done(self) -> int:
        return self.claimed + self.shown


@dataclass(frozen=True)
class PhaseNumbers:
    phase: ManualPhase
    began: People
    # Everything it asks for now, its deliverables too.
    finished: People
    rows: list[Row]

    @property
    def open(self) -> People:
        """Those who began it and have something open in it."""
        _finished, *stops = self.began.groups
        return People(self.began.count - self.finished.count, tuple(stops))

    def share(self, row: Row) -> int:
        """Give how many in a hundred of those who began stop here; 0 where few do."""
        return 0 if row.stop.people.few else _percent(row.stop.people.count, self.began.told)


@dataclass(frozen=True)
class Numbers:
    learners: int
    phases: list[PhaseNumbers]
    # What left the roadmap and is still somebody's.
    off: list[Row]

    @cached_property
    def most(self) -> int:
        """How many have done the milestone that most people have done."""
        rows = [row for part in self.phases for row in part.rows]
        return max((row.done for row in [*rows, *self.off]), default=0)

    def width(self, count: int) -> int:
        return _percent(count, self.most)


def numbers_of(manual: Manual, *, today: dt.date) -> Numbers:
    """Add up what everybody has done. ``today`` is the site's own date."""
    ((learners,),) = _rows(LEARNERS, {})
    read = _Rows(manual)
    counted = _stops(manual, today)
    phases = [
        _phase(phase, read, counted.get(number, {}))
        for number, phase in enumerate(manual.phases.values())
    ]
    off = [
        row
        for milestone in manual.milestones.values()
        if not milestone.phases and (row := read.row(milestone)).done
    ]
    return Numbers(learners, phases, off)


class _Rows:
    """Makes rows of what the database added up, by milestone."""

    def __init__(self, manual: Manual) -> None:
        self.alike = {one.pk: one.alike for one in manual.milestones.values()}
        self.claimed: dict[int, int] = defaultdict(int)
        self.shown: dict[int, int] = defaultdict(int)
        self.answered: dict[int, int] = defaultdict(int)
        self.waiting: dict[int, int] = defaultdict(int)
        self.again: dict[tuple[int, str], int] = {}
        for milestone, revision, kept, claimed, shown in _rows(TICKS, {}):
            self.claimed[milestone] += claimed
            self.shown[milestone] += shown
            alike = self.alike.get(milestone, frozenset())
            if revision not in alike:
                told = self.answered if kept in alike else self.waiting
                told[milestone] += claimed + shown
        confirmed = {"confirmed": CompletionEvent.Kind.CONFIRMED}
        for milestone, revision, count in _rows(CONFIRMED, confirmed):
            if revision in self.alike.get(milestone, frozenset()):
                self.answered[milestone] += count
        for milestone, outcome, count in _rows(RECHECKS, {"later": Recheck.Outcome.LATER}):
            self.again[milestone, outcome] = count

    def row(self, milestone: ManualMilestone, stop: Stop | None = None) -> Row:
        pk = milestone.pk
        held, shaky, lost = (
            People(self.again.get((pk, outcome), 0))
            for outcome in (Recheck.Outcome.HELD, Recheck.Outcome.SHAKY, Recheck.Outcome.LOST)
        )
        return Row(
            milestone=milestone,
            claimed=self.claimed[pk],
            shown=self.shown[pk],
            held=held,
            shaky=shaky,
            lost=lost,
            answered=People(self.answered[pk]),
            # Nobody is asked about what left the roadmap.
            waiting=People(self.waiting[pk] if milestone.open_to_all else 0),
            stop=stop or Stop(),
        )


def _stops(manual: Manual, today: dt.date) -> Mapping[int, Mapping[int, tuple[int, int, int]]]:
    """Count, by phase and by the place of the first open milestone in it, people in all, those
    that were quiet lately and those for long. The place after the last: they are through."""
    phases = list(manual.phases.values())
    optional = {track.slug: track.optional for track in manual.tracks}
    held = [
        (number, milestone.pk, place)
        for number, phase in enumerate(phases)
        for milestone, place in _places(phase)
    ]
    # One more than there are places, so that whoever is through has a first open one after them.
    bits = 1 + max((place or 0 for _, _, place in held), default=0)
    found: dict[int, dict[int, tuple[int, int, int]]] = defaultdict(dict)
    given = {
        "phases": [number for number, _, _ in held],
        "milestones": [pk for _, pk, _ in held],
        "marks": [f"{'1':0>{place}}".ljust(bits, "0") if place else None for _, _, place in held],
        "numbers": list(range(len(phases))),
        "tracks": [phase.track for phase in phases],
        "optional": [optional[phase.track] for phase in phases],
        "quiet": today - QUIET,
        "gone": today - GONE,
    }
    for phase, place, *counts in _rows(STOPS, given):
        people, quiet, gone = counts
        found[phase][place] = (people, quiet, gone)
    return found


def _places(phase: ManualPhase) -> Iterator[tuple[ManualMilestone, int | None]]:
    """Give a phase's milestones in their order; those that are still asked for with a place."""
    place = 0
    for milestone in [*phase.milestones, *phase.deliverables]:
        place += milestone.live
        yield milestone, place if milestone.live else None


def _phase(
    phase: ManualPhase, read: _Rows, counted: Mapping[int, tuple[int, int, int]]
) -> PhaseNumbers:
    rows = [
        read.row(milestone, Stop(*map(People, counted.get(place or 0, (0, 0, 0)))))
        for milestone, place in _places(phase)
    ]
    through = 1 + sum(row.milestone.live for row in rows)
    finished = counted.get(through, (0, 0, 0))[0] if through > 1 else 0
    stops = (row.stop.people.count for row in rows)
    return PhaseNumbers(
        phase=phase,
        began=People(sum(people for people, _, _ in counted.values()), (finished, *stops)),
        finished=People(finished),
        rows=[row for row in rows if row.milestone.live or row.done],
    )


def _rows(sql: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _few(count: int) -> bool:
    return 0 < count < FEW


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


HEADINGS = [
    "phase", "title", "began", "finished", "milestone", "wording", "claimed", "shown", "held",
    "shaky", "lost", "rewording answered", "rewording open", "first open here",
    "of them quiet for 31 to 90 days", "of them quiet for over 90 days",
]  # fmt: skip


def as_csv(numbers: Numbers) -> str:
    """Write the same numbers for a spreadsheet, one line a milestone in its phase."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    for part in numbers.phases:
        about = [part.phase.row.label, part.phase.row.title, part.began, part.finished]
        for row in part.rows:
            writer.writerow(map(_cell, [*about, *_cells(row)]))
    for row in numbers.off:
        writer.writerow(map(_cell, ["no longer on the roadmap", "", "", "", *_cells(row)]))
    return file.getvalue()


def _cells(row: Row) -> list[object]:
    return [
        row.milestone.key, row.milestone.wording, row.claimed, row.shown, row.held, row.shaky,
        row.lost, row.answered, row.waiting, row.stop.people, row.stop.quiet, row.stop.gone,
    ]  # fmt: skip


def _cell(value: object) -> str:
    """Write a cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
