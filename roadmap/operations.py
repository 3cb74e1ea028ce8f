"""What editors do to content that learners stand on: one transaction each, with its opposite.

Ticks are never touched by anything but the ledger; what leaves the roadmap is retired and stays
with whoever has it. Each operation tells learners of itself by a published release.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from django.db.models import QuerySet
from django.utils import timezone

from roadmap.groundwork import (
    RefusedError,
    Stateful,
    add_items,
    called,
    cut,
    in_turn,
    insist,
    label,
    locked,
    not_live,
    quoted,
    tell,
)
from roadmap.ledger import ledger
from roadmap.models import (
    Chapter,
    Milestone,
    Phase,
    Placement,
    Release,
    ReleaseItem,
    Requirement,
    Resource,
    State,
)
from roadmap.successions import (
    Successor,
    merge,
    not_undone,
    replace,
    split,
    successions_of,
    undo,
)

What = ReleaseItem.What

__all__ = [
    "RefusedError",
    "Stateful",
    "Successor",
    "drafts_of",
    "levels_lost",
    "merge",
    "not_ready",
    "publish",
    "publish_alone",
    "replace",
    "restore",
    "retire",
    "rules_changed",
    "split",
    "successions_of",
    "tell_of_wording",
]


@in_turn
def retire(rows: Sequence[Stateful]) -> Release:
    """Take rows of one kind off the roadmap; they stay with whoever has something of them.

    Raises:
        RefusedError: one is not live, or a level could not be reached any more.
    """
    rows = locked(rows)
    insist(not_live(rows))
    insist(levels_lost(rows))
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).update(
        state=State.RETIRED
    )
    return tell(
        f"{called(rows)} left the roadmap",
        [(What.RETIRED, row, "") for row in rows],
        timezone.now(),
    )


@in_turn
def restore(rows: Sequence[Stateful]) -> Release:
    """Bring retired rows back. A milestone that others took the place of takes it back: the
    whole split, merge or replacement is undone.

    Raises:
        RefusedError: one is not retired, what took its place was itself split, merged or replaced
            since, or a level could not be reached any more.
    """
    asked = locked(rows)
    insist(
        f"{label(row)} is a draft. Publish it instead."
        if row.state == State.DRAFT
        else f"{label(row)} is live already."
        for row in asked
        if row.state != State.RETIRED
    )
    undone = successions_of(asked)
    insist(not_undone(undone, asked))
    touched = locked([*asked, *(one for s in undone for one in [*s.before.all(), *s.after.all()])])
    lost = set(_out_of_reach())
    now = timezone.now()
    for succession in undone:
        undo(succession, now)
    bound = {one.pk for succession in undone for one in succession.before.all()}
    _go_live([row for row in asked if not (isinstance(row, Milestone) and row.pk in bound)], now)
    insist(_unreachable(one for one in _out_of_reach() if one not in lost))
    return _tell_of_return(touched, now)


def _tell_of_return(was: Sequence[Stateful], now: dt.datetime) -> Release:
    """Tell of all that came back, and of what left for it."""
    states = {row.pk: row.state for row in was}
    rows = [row for row in locked(was) if row.state != states[row.pk]]
    back = [row for row in rows if row.state == State.LIVE]
    gone = [row for row in rows if row.state == State.RETIRED]
    is_back = "is back on the roadmap" if len(back) == 1 else "are back on the roadmap"
    instead = f" in place of {called(gone)}" if gone else ""
    items = [
        *((What.RESTORED, row, "") for row in back),
        *((What.RETIRED, row, "") for row in gone),
    ]
    return tell(f"{called(back)} {is_back}{instead}", items, now)


def levels_lost(rows: Sequence[Stateful]) -> list[str]:
    """Say which levels newcomers could not reach without these rows; nothing when all can be."""
    left = Placement.objects.exclude(
        milestone__in=[row.pk for row in rows if isinstance(row, Milestone)]
    ).exclude(phase__in=[row.pk for row in rows if isinstance(row, Phase)])
    already = set(_out_of_reach())
    return _unreachable(one for one in _out_of_reach(left) if one not in already)


def _out_of_reach(places: QuerySet[Placement] | None = None) -> QuerySet[Requirement]:
    """Give the requirements that no milestone open to newcomers fulfils."""
    places = Placement.objects.all() if places is None else places
    open_to_all = places.filter(milestone__state=State.LIVE, phase__state=State.LIVE)
    fulfilled = Requirement.objects.filter(any_of__in=open_to_all.values("milestone"))
    return (
        Requirement.objects.filter(level__beyond=False)
        .exclude(pk__in=fulfilled.values("pk"))
        .select_related("level")
    )


def _unreachable(requirements: Iterable[Requirement]) -> list[str]:
    return [
        f"Nobody could reach {requirement.level} any more: its requirement “{requirement}” would "
        "ask for nothing that is on the roadmap. Change that requirement first."
        for requirement in requirements
    ]


def rules_changed() -> None:
    """Bring everybody's levels in line with the rules as they are now. Belongs into the
    transaction that changed the rules; what was granted by others stays.
    """
    # Not only for what is asked now: what no longer is may have held up an award.
    ledger().settle(list(Milestone.objects.values_list("pk", flat=True)))


@in_turn
def publish(release: Release) -> Release:
    """Make all drafts of a set live at once, and tell learners.

    Raises:
        RefusedError: it is published already, holds no draft, or one of them is not ready.
    """
    found = Release.objects.select_for_update(no_key=True).filter(pk=release.pk).first()
    if found is None:
        raise RefusedError(["This set was deleted meanwhile. Make a new one."])
    insist([] if found.published is None else ["This set is published already."])
    drafts = drafts_of(found)
    insist([] if drafts else ["There is no draft in this set. Add one first."])
    for _model, rows in groupby(drafts, key=type):
        locked(rows)
    return _publish(found, drafts_of(found))


@in_turn
def publish_alone(rows: Sequence[Stateful]) -> Release:
    """Make drafts live without a set of their own.

    Raises:
        RefusedError: one is no draft, or not ready.
    """
    rows = locked(rows)
    insist(
        f"{label(row)} is live already."
        if row.state == State.LIVE
        else f"{label(row)} is retired. Restore it instead."
        for row in rows
        if row.state != State.DRAFT
    )
    release = Release.objects.create(title=cut(f"New: {called(rows)}"))
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).update(release=release)
    return _publish(release, drafts_of(release))


def _publish(release: Release, drafts: Sequence[Stateful]) -> Release:
    insist(not_ready(release, drafts))
    now = timezone.now()
    _go_live(drafts, now)
    release.published = now
    release.save(update_fields=["published"])
    add_items(release, [(What.ADDED, row, "") for row in drafts])
    return release


def drafts_of(release: Release) -> list[Stateful]:
    """Give the drafts of a set, in the order in which they are told of."""
    rows: list[Stateful] = []
    for model in (Phase, Milestone, Resource, Chapter):
        rows += model._default_manager.filter(release=release, state=State.DRAFT)
    return rows


def not_ready(release: Release, drafts: Iterable[Stateful]) -> list[str]:
    """Say what is missing before these drafts can go live; nothing when all are ready."""
    milestones = [row for row in drafts if isinstance(row, Milestone)]
    pks = [row.pk for row in milestones]
    worded = set(
        Milestone.objects.filter(pk__in=pks, revisions__isnull=False).values_list("pk", flat=True)
    )
    placed = {
        place.milestone_id
        for place in Placement.objects.filter(milestone__in=pks).select_related("phase")
        if place.phase.state == State.LIVE
        or (place.phase.state == State.DRAFT and place.phase.release_id == release.pk)
    }
    reasons = []
    for row in milestones:
        if row.pk not in worded:
            reasons.append(f"{row.key} has no wording yet. Give it one.")
        if row.pk not in placed:
            reasons.append(
                f"No phase that is live or comes with this set holds {row.key}. Place it in one."
            )
    return reasons


def _go_live(rows: Collection[Stateful], now: dt.datetime) -> None:
    for row in rows:
        row.state = State.LIVE
        if isinstance(row, Milestone):
            row.since = now
        row.save(update_fields=["state", *(["since"] if isinstance(row, Milestone) else [])])


def tell_of_wording(milestone: Milestone, was: str) -> Release:
    """Tell learners that a milestone asks for something else now."""
    title = f"{quoted(was)} was reworded"
    return tell(title, [(What.REWORDED, milestone, was)], timezone.now())
