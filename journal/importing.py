"""A log that was sent in, against what its person has: what would happen, and then doing it.

An entry of the file is the *same* as one of the log that has the same day, title, four texts,
tags, milestones, minutes and mark of build work; each of the log is the same as one of the file
at most. It is *conflicting* with one that has the same day and title, no title included, but
other words. Whatever is neither is *new*. Who may read an entry and its zone decide nothing.
"""

import datetime as dt
import zoneinfo
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

from django.contrib.postgres.expressions import ArraySubquery
from django.db import OperationalError, transaction
from django.db.models import OuterRef
from psycopg.errors import LockNotAvailable

from journal.changes import FieldChange, changes_of
from journal.logfile import Dated, Log, write_opening
from journal.models import PROMPTS, Entry, LogFile, LogImport, Tag, Writing
from journal.models.entries import EntryQuerySet
from mastery.models import User
from roadmap.models import Milestone

# Entries written in one go. Fewer when they are long, so that the display of progress moves.
CHUNK = 100
CHUNK_SIZE = 200_000  # characters, rendered in about a second
COMPARED = 100_000  # characters compared word by word for one page: seconds at worst


class BusyError(Exception):
    """An import of this person's is being done right now."""


@dataclass(frozen=True)
class Conflict:
    """An entry of the file, and the key of one in the log with its day and title."""

    entry: Dated
    pk: int


@dataclass(frozen=True)
class Refusal:
    entry: Dated
    reasons: list[str]


@dataclass(frozen=True)
class Plan:
    """What an import would do. ``opening``: what stands before the first entry of the file is the
    ``same`` as what is kept, ``new``, or ``other``.
    """

    log: Log
    opening: str
    new: list[Dated] = field(default_factory=list)
    same: list[Dated] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    strange_milestones: list[str] = field(default_factory=list)
    strange_zones: list[str] = field(default_factory=list)

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.conflicts or self.log.undated or self.opening != "same")


@dataclass(frozen=True)
class Answers:
    """What a person said about what had to be asked. Keys are lines of the file."""

    conflicts: str = "both"
    each_conflict: Mapping[int, str] = field(default_factory=dict)
    days: Mapping[int, dt.date] = field(default_factory=dict)
    into_opening: frozenset[int] = frozenset()
    opening: str = "mine"

    def about(self, conflict: Conflict) -> str:
        return self.each_conflict.get(conflict.entry.line) or self.conflicts


@dataclass(frozen=True)
class Progress:
    done: int
    total: int


def written(entries: EntryQuerySet) -> Iterator[tuple[int, str, Writing]]:
    """Give key, zone and writing of entries, oldest first, a few at a time from the database."""
    here = OuterRef("pk")
    rows = entries.order_by("day", "pk").values_list(
        "pk",
        "zone",
        "day",
        "title",
        *PROMPTS,
        "minutes",
        "build_work",
        ArraySubquery(Tag.objects.filter(entries=here).order_by().values("name")),
        ArraySubquery(Milestone.objects.filter(entries=here).order_by().values("key")),
    )
    for pk, zone, day, title, *texts, minutes, build_work, tags, keys in rows.iterator(500):
        yield (
            pk,
            zone,
            Writing(
                day=day,
                title=title,
                minutes=minutes,
                build_work=build_work,
                tags=tuple(sorted(tags)),
                milestones=tuple(sorted(keys)),
                **dict(zip(PROMPTS, texts, strict=True)),
            ),
        )


def compare(user: User, log: Log, more: Iterable[Dated] = ()) -> Plan:
    """Say what importing a log would do, ``more`` being undated parts that got a day."""
    known = set(Milestone.objects.values_list("key", flat=True))
    zones = zoneinfo.available_timezones()
    strange: dict[str, set[str]] = {"milestones": set(), "zones": set()}
    entries = []
    for entry in _as_written(log, [*log.entries, *more]):
        writing, zone = entry.writing, entry.zone
        if missing := set(writing.milestones) - known:
            strange["milestones"] |= missing
            kept = tuple(key for key in writing.milestones if key in known)
            writing = replace(writing, milestones=kept)
        if zone and zone not in zones:
            strange["zones"].add(zone)
            zone = ""
        entries.append(replace(entry, writing=writing, zone=zone))
    plan = Plan(
        log,
        _opening(user, log),
        strange_milestones=sorted(strange["milestones"]),
        strange_zones=sorted(strange["zones"]),
    )
    _sort_in(plan, user, entries)
    return plan


def _as_written(log: Log, entries: list[Dated]) -> list[Dated]:
    """Put entries in the order they were written: some people add to the top of their file."""
    return sorted(entries, key=lambda entry: entry.line, reverse=log.is_newest_first)


def _sort_in(plan: Plan, user: User, entries: list[Dated]) -> None:
    today = user.today
    fit: list[Dated] = []
    wanted: dict[Writing, deque[int]] = defaultdict(deque)
    for entry in entries:
        if problems := entry.writing.problems(today=today):
            plan.refused.append(Refusal(entry, list(problems.values())))
        else:
            wanted[entry.writing].append(len(fit))
            fit.append(entry)
    if not fit:
        return
    days = [entry.writing.day for entry in fit]
    mine = Entry.objects.of(user).live().filter(day__range=(min(days), max(days)))
    same: set[int] = set()
    others: dict[tuple[dt.date, str], deque[int]] = defaultdict(deque)
    for pk, _zone, writing in written(mine):
        if waiting := wanted.get(writing):
            same.add(waiting.popleft())
        else:
            others[writing.day, writing.title].append(pk)
    for number, entry in enumerate(fit):
        rivals = others.get((entry.writing.day, entry.writing.title))
        if number in same:
            plan.same.append(entry)
        elif rivals:
            plan.conflicts.append(Conflict(entry, rivals.popleft()))
        else:
            plan.new.append(entry)
    # To be looked at in the order of the file.
    for entries in (plan.same, plan.new):
        entries.sort(key=lambda entry: entry.line)
    plan.conflicts.sort(key=lambda conflict: conflict.entry.line)


def _opening(user: User, log: Log) -> str:
    kept = LogFile.objects.filter(user=user).first() or LogFile()
    ours = [
        write_opening(kept.front_matter, kept.preamble, entries=entries)
        for entries in (False, True)
    ]
    if log.opening in ours:
        return "same"
    if not ours[0].strip():
        return "new" if log.opening else "same"
    return "other" if log.opening.strip() else "same"


def differences(user: User, conflicts: list[Conflict]) -> list[list[FieldChange]]:
    """Give for each conflict what differs, mine before and the file's after.

    Nothing for those that come after very much text.
    """
    wanted = Entry.objects.of(user).filter(pk__in=[conflict.pk for conflict in conflicts])
    mine = {pk: writing for pk, _zone, writing in written(wanted)}
    found = []
    left = COMPARED
    for conflict in conflicts:
        before, after = mine[conflict.pk], conflict.entry.writing
        left -= _length(before) + _length(after)
        found.append(changes_of(before, after) if left > 0 else [])
    return found


def _length(writing: Writing) -> int:
    return sum(len(getattr(writing, prompt)) for prompt in PROMPTS)


def carry_out(
    sent: LogImport, log: Log, answers: Answers, *, now: dt.datetime
) -> Iterator[Progress | dict[str, int]]:
    """Do an import in one transaction; give how far it is, and last the receipt.

    Whoever stops asking for the next step takes everything back. Doing it again does nothing.
    """
    with transaction.atomic():
        row = _lock(sent)
        if row.finished:
            yield row.receipt
            return
        user = row.user
        dated = [
            part.on(answers.days[part.line]) for part in log.undated if part.line in answers.days
        ]
        plan = compare(user, log, dated)
        said = [(conflict, answers.about(conflict)) for conflict in plan.conflicts]
        theirs = [conflict for conflict, answer in said if answer == "theirs"]
        both = [conflict.entry for conflict, answer in said if answer == "both"]
        adding = _as_written(log, [*plan.new, *both])
        done, total = 0, len(adding) + len(theirs)
        yield Progress(0, total)
        for chunk in _chunks(adding):
            writings = [entry.writing for entry in chunk]
            Entry.objects.add(user, writings, now=now, zone=chunk[0].zone)
            done += len(chunk)
            yield Progress(done, total)
        for number, conflict in enumerate(theirs, 1):
            entry = Entry.objects.of(user).select_for_update(of=("self",)).get(pk=conflict.pk)
            entry.rewrite(conflict.entry.writing, began_from=entry.revision, now=now)
            if number % 50 == 0:
                yield Progress(done + number, total)
        parts = [part.as_preamble for part in log.undated if part.line in answers.into_opening]
        taken = plan.opening == "new" or (plan.opening == "other" and answers.opening == "theirs")
        _keep_opening(user, log if taken else None, parts)
        row.receipt = {
            "new": len(plan.new),
            "same": len(plan.same),
            "rewritten": len(theirs),
            "both": len(both),
            "kept": len(said) - len(theirs) - len(both),
            "into_opening": len(parts),
            "left_out": len(log.undated) - len(dated) - len(parts),
            "refused": len(plan.refused),
            "opening": int(taken),
        }
        row.finished, row.text = now, ""
        row.save(update_fields=["receipt", "finished", "text"])
    yield row.receipt


def _lock(sent: LogImport) -> LogImport:
    """Hold all of the person's imports: two of one file at a time would both find nothing there."""
    rows = LogImport.objects.of(sent.user).select_related("user").defer("text")
    try:
        held = {row.pk: row for row in rows.select_for_update(of=("self",), nowait=True)}
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise BusyError from error
        raise
    if sent.pk not in held:
        raise LogImport.DoesNotExist
    return held[sent.pk]


def _chunks(entries: list[Dated]) -> Iterator[list[Dated]]:
    for _zone, run in groupby(entries, key=lambda entry: entry.zone):
        chunk: list[Dated] = []
        size = 0
        for entry in run:
            chunk.append(entry)
            size += _length(entry.writing)
            if len(chunk) == CHUNK or size > CHUNK_SIZE:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk


def _keep_opening(user: User, log: Log | None, parts: list[str]) -> None:
    if log is None and not parts:
        return
    kept = LogFile.objects.filter(user=user).first() or LogFile(user=user)
    if log:
        kept.front_matter, kept.preamble = log.front_matter, log.preamble
    for part in parts:
        if part.strip() not in kept.preamble:
            kept.preamble = write_opening("", kept.preamble, entries=True) + part
    kept.save()
