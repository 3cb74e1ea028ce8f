"""What editors do to content that learners stand on: one transaction each, with its opposite.

Ticks are never touched by anything but the ledger; what leaves the roadmap is retired and stays
with whoever has it. Each operation tells learners of itself by a published release.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import models, transaction
from django.utils import timezone

from roadmap.ledger import ledger
from roadmap.models import (
    Chapter,
    Milestone,
    MilestoneRevision,
    Phase,
    Placement,
    Release,
    ReleaseItem,
    Requirement,
    Resource,
    State,
    Succession,
)

What = ReleaseItem.What
type Stateful = Phase | Milestone | Resource | Chapter


class RefusedError(Exception):
    """An operation that may not be done; ``reasons`` are sentences that say what to do instead."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Successor:
    """A milestone that an operation brings to the roadmap.

    Where a draft or retired milestone has that key already, that one comes, as it is worded;
    ``wording`` is then empty.
    """

    key: str
    wording: str = ""
    kind: str = Milestone.Kind.BUILD
    detail: str = ""


def split(milestone: Milestone, into: Sequence[Successor], counts: Collection[str]) -> Succession:
    """Retire a milestone in favour of several, each in every place that it had.

    ``counts`` names those of them that fulfil what levels ask the milestone for; any one of them
    does. Who did the old one keeps it and is asked to confirm the new ones.

    Raises:
        RefusedError: it is not live, there are fewer than two, a key is taken, or ``counts`` is
            empty although a level asks for it.
    """
    if len(into) < 2:
        raise RefusedError(["A split needs at least two milestones to split into."])
    return _succeed(Succession.Kind.SPLIT, [milestone.pk], into, counts)


def merge(milestones: Collection[Milestone], into: Successor) -> Succession:
    """Retire several milestones in favour of one, which is done for whoever did all of them.

    Raises:
        RefusedError: fewer than two, not all live, or the key is taken.
    """
    pks = [milestone.pk for milestone in milestones]
    if len(set(pks)) < 2:
        raise RefusedError(["A merge needs at least two milestones."])
    return _succeed(Succession.Kind.MERGE, pks, [into], {into.key})


def replace(milestone: Milestone, by: Successor) -> Succession:
    """Retire a milestone in favour of another, which who did the old one is asked to confirm.

    The other one may be live already.

    Raises:
        RefusedError: it is not live, the key is its own, or taken by something else.
    """
    return _succeed(Succession.Kind.REPLACE, [milestone.pk], [by], {by.key})


@transaction.atomic
def _succeed(
    kind: str, pks: Collection[int], into: Sequence[Successor], counts: Collection[str]
) -> Succession:
    now = timezone.now()
    before = _locked(pks)
    _insist(
        (f"{one.key} is {one.state}, not live. Restore it first.")
        for one in before
        if one.state != State.LIVE
    )
    keys = [successor.key for successor in into]
    _insist([] if len(set(keys)) == len(keys) else ["Two of the new milestones have one key."])
    asking = list(Requirement.objects.filter(any_of__in=before).distinct())
    if asking and not set(counts) & set(keys):
        raise RefusedError(
            [f"{_names(asking)} asks for it. Say which of the new milestones count for that."]
        )
    after, brought = _bring(into, before, kind, now)
    places = Placement.objects.filter(milestone__in=before).order_by("phase", "position", "pk")
    for phase, position in {place.phase_id: place.position for place in reversed(places)}.items():
        _place(after, phase, position, now)
    for requirement in asking:
        requirement.any_of.add(*(one for one in after if one.key in counts))
    Milestone.objects.filter(pk__in=pks).update(state=State.RETIRED)
    succession = Succession.objects.create(kind=kind, at=now)
    succession.before.set(before)
    succession.after.set(after)
    succession.brought.set(brought)
    what = {"split": What.SPLIT, "merge": What.MERGED, "replace": What.REPLACED}[kind]
    was = "\n".join(_name(one) for one in before)
    _tell(f"{_keys(before)} became {_keys(after)}", [(what, one, was) for one in after], now)
    if kind == Succession.Kind.MERGE:
        ledger().carry(pks, after[0].pk, now=now)
    return succession


def _bring(
    into: Sequence[Successor], before: Sequence[Milestone], kind: str, now: dt.datetime
) -> tuple[list[Milestone], list[Milestone]]:
    """Give the successors in their order, and those of them that come to the roadmap now."""
    after, brought = [], []
    there = {
        one.key: one
        for one in Milestone.objects.select_for_update().filter(key__in=[s.key for s in into])
    }
    for successor in into:
        milestone = there.get(successor.key)
        if milestone is None:
            _insist([] if successor.wording else [f"{successor.key} needs a wording."])
            milestone = Milestone.objects.create(
                key=successor.key,
                kind=successor.kind,
                detail=successor.detail,
                deliverable=before[0].deliverable,
                since=now,
            )
            milestone.reword(successor.wording, MilestoneRevision.Change.MATERIAL)
            brought.append(milestone)
        else:
            _insist(_clashes(milestone, successor, before, kind))
            if milestone.state != State.LIVE:
                milestone.state, milestone.since = State.LIVE, now
                milestone.save(update_fields=["state", "since"])
                brought.append(milestone)
        after.append(milestone)
    return after, brought


def _clashes(
    milestone: Milestone, successor: Successor, before: Sequence[Milestone], kind: str
) -> Iterable[str]:
    if milestone in before:
        yield f"{milestone.key} cannot follow itself. Give the new milestone a key of its own."
    elif milestone.state == State.LIVE and kind != Succession.Kind.REPLACE:
        yield f"{milestone.key} is taken by a live milestone. Choose another key."
    elif successor.wording and successor.wording != _name(milestone):
        yield (
            f"{milestone.key} exists already, worded “{_name(milestone)}”. Choose another key, "
            "or leave the wording empty to take that one as it is."
        )
    elif milestone.latest_revision() is None:
        yield f"{milestone.key} has no wording yet. Give it one first."


def _place(after: Sequence[Milestone], phase: int, position: int, now: dt.datetime) -> None:
    """Put milestones behind a place in a phase; what comes after it moves down."""
    held = set(
        Placement.objects.filter(phase=phase, milestone__in=after).values_list(
            "milestone", flat=True
        )
    )
    coming = [one for one in after if one.pk not in held]
    Placement.objects.filter(phase=phase, position__gt=position).update(
        position=models.F("position") + len(coming)
    )
    Placement.objects.bulk_create(
        Placement(phase_id=phase, milestone=one, position=position + number, since=now)
        for number, one in enumerate(coming, start=1)
    )


@transaction.atomic
def retire(rows: Sequence[Stateful]) -> Release:
    """Take rows of one kind off the roadmap; they stay with whoever has something of them.

    Raises:
        RefusedError: one is not live, or a level could not be reached any more.
    """
    rows = _locked_rows(rows)
    _insist(f"{_label(row)} is {row.state}, not live." for row in rows if row.state != State.LIVE)
    _insist(levels_lost(rows))
    return _set_state(rows, State.RETIRED, What.RETIRED, "left the roadmap")


@transaction.atomic
def restore(rows: Sequence[Stateful]) -> Release:
    """Bring retired rows back. A milestone that others took the place of takes it back: the
    whole split, merge or replacement is undone.

    Raises:
        RefusedError: one is not retired.
    """
    rows = _locked_rows(rows)
    _insist(
        f"{_label(row)} is {row.state}, not retired." for row in rows if row.state != State.RETIRED
    )
    for succession in successions_of(rows):
        _undo(succession, timezone.now())
    return _set_state(rows, State.LIVE, What.RESTORED, "is back on the roadmap")


def successions_of(rows: Iterable[Stateful]) -> list[Succession]:
    """Give the operations that restoring these rows would undo, the last one first."""
    pks = [row.pk for row in rows if isinstance(row, Milestone)]
    found = Succession.objects.filter(before__in=pks, undone=None).distinct()
    return list(found.prefetch_related("before", "after", "brought"))


def _undo(succession: Succession, now: dt.datetime) -> None:
    before, brought = list(succession.before.all()), list(succession.brought.all())
    if succession.kind == Succession.Kind.MERGE:
        for milestone in succession.after.all():
            ledger().put_back(milestone.pk, now=now)
    Milestone.objects.filter(pk__in=[one.pk for one in brought]).update(state=State.RETIRED)
    Milestone.objects.filter(pk__in=[one.pk for one in before]).update(state=State.LIVE, since=now)
    succession.undone = now
    succession.save(update_fields=["undone"])


def levels_lost(rows: Sequence[Stateful]) -> list[str]:
    """Say which levels newcomers could not reach without these rows; nothing when all can be."""
    pks = [row.pk for row in rows]
    live = Milestone.objects.published().filter(placements__phase__state=State.LIVE)
    if isinstance(rows[0], Milestone):
        left, going = live.exclude(pk__in=pks), live.filter(pk__in=pks)
    elif isinstance(rows[0], Phase):
        elsewhere = Placement.objects.filter(phase__state=State.LIVE).exclude(phase__in=pks)
        left = live.filter(pk__in=elsewhere.values("milestone"))
        going = live.filter(placements__phase__in=pks).exclude(pk__in=left.values("pk"))
    else:
        return []
    lost = (
        Requirement.objects.filter(any_of__in=going)
        .exclude(pk__in=Requirement.objects.filter(any_of__in=left).values("pk"))
        .select_related("level")
        .distinct()
    )
    return [
        f"Nobody could reach {requirement.level} any more: its requirement “{requirement}” would "
        "ask for nothing that is on the roadmap. Change that requirement first."
        for requirement in lost
    ]


@transaction.atomic
def publish(release: Release) -> Release:
    """Make all drafts of a set live at once, and tell learners.

    Raises:
        RefusedError: it is published already, holds no draft, or one of them is not ready.
    """
    release = Release.objects.select_for_update().get(pk=release.pk)
    _insist([] if release.published is None else ["This set is published already."])
    drafts = drafts_of(release)
    _insist([] if drafts else ["There is no draft in this set. Add one first."])
    _insist(not_ready(release, drafts))
    now = timezone.now()
    _go_live(drafts, now)
    release.published = now
    release.save(update_fields=["published"])
    _add_items(release, [(What.ADDED, row, "") for row in drafts])
    return release


@transaction.atomic
def publish_alone(rows: Sequence[Stateful]) -> Release:
    """Make drafts live without a set of their own.

    Raises:
        RefusedError: one is no draft, or not ready.
    """
    rows = _locked_rows(rows)
    _insist(f"{_label(row)} is {row.state}, no draft." for row in rows if row.state != State.DRAFT)
    release = Release.objects.create(title=f"{_list(_label(row) for row in rows)}: new")
    for row in rows:
        row.release = release
        row.save(update_fields=["release"])
    return publish(release)


def drafts_of(release: Release) -> list[Stateful]:
    """Give the drafts of a set, in the order in which they are told of."""
    rows: list[Stateful] = []
    for model in (Phase, Milestone, Resource, Chapter):
        rows += model._default_manager.filter(release=release, state=State.DRAFT)
    return rows


def not_ready(release: Release, drafts: Iterable[Stateful]) -> list[str]:
    """Say what is missing before these drafts can go live; nothing when all are ready."""
    reasons = []
    for row in drafts:
        if not isinstance(row, Milestone):
            continue
        if row.latest_revision() is None:
            reasons.append(f"{row.key} has no wording yet.")
        open_phase = models.Q(phase__state=State.LIVE) | models.Q(
            phase__state=State.DRAFT, phase__release=release
        )
        if not row.placements.filter(open_phase).exists():
            reasons.append(
                f"No phase that is live or comes with this set holds {row.key}. Place it in one."
            )
    return reasons


def _go_live(rows: Iterable[Stateful], now: dt.datetime) -> None:
    for row in rows:
        row.state = State.LIVE
        if isinstance(row, Milestone):
            row.since = now
        row.save(update_fields=["state", *(["since"] if isinstance(row, Milestone) else [])])


def _set_state(rows: Sequence[Stateful], state: State, what: What, says: str) -> Release:
    now = timezone.now()
    if state == State.LIVE:
        _go_live(rows, now)
    else:
        type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).update(state=state)
    verb = says if len(rows) == 1 else says.replace("is back", "are back")
    return _tell(
        f"{_list(_label(row) for row in rows)} {verb}", [(what, row, "") for row in rows], now
    )


def tell_of_wording(milestone: Milestone, was: str) -> Release:
    """Tell learners that a milestone asks for something else now."""
    title = f"{milestone.key} asks for something else"
    return _tell(title, [(What.REWORDED, milestone, was)], timezone.now())


def _tell(title: str, items: Iterable[tuple[What, Stateful, str]], now: dt.datetime) -> Release:
    release = Release.objects.create(title=title[:250], published=now)
    _add_items(release, items)
    return release


def _add_items(release: Release, items: Iterable[tuple[What, Stateful, str]]) -> None:
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release,
            what=what,
            kind=ReleaseItem.Kind(str(row._meta.model_name)),
            key=row.key if isinstance(row, Milestone) else row.slug,
            name=_name(row),
            was=was,
        )
        for what, row, was in items
    )


def _locked(pks: Collection[int]) -> list[Milestone]:
    rows = {row.pk: row for row in Milestone.objects.select_for_update().filter(pk__in=pks)}
    # In the order in which they were given.
    return [rows[pk] for pk in dict.fromkeys(pks)]


def _locked_rows(rows: Sequence[Stateful]) -> Sequence[Stateful]:
    manager = type(rows[0])._default_manager
    return list(manager.select_for_update().filter(pk__in=[row.pk for row in rows]))


def _insist(reasons: Iterable[str]) -> None:
    if found := list(reasons):
        raise RefusedError(found)


def _name(row: Stateful) -> str:
    if isinstance(row, Milestone):
        revision = row.latest_revision()
        return revision.wording if revision else ""
    return row.title


def _label(row: Stateful) -> str:
    return row.key if isinstance(row, Milestone) else _name(row)


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _keys(milestones: Iterable[Milestone]) -> str:
    return _list(milestone.key for milestone in milestones)


def _names(requirements: Iterable[Requirement]) -> str:
    return _list(str(requirement.level) for requirement in requirements)
