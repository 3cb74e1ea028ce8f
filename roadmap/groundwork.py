"""What operations on content rest on: their turn, their locks, refusing, telling learners."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, models, transaction
from psycopg.errors import DeadlockDetected

from roadmap.models import Chapter, Milestone, Phase, Release, ReleaseItem, Resource, State

type Stateful = Phase | Milestone | Resource | Chapter
type Item = tuple[ReleaseItem.What, Stateful, str]

TURN = 0x726F6164  # the advisory lock of whoever operates on content
LONGEST_TITLE = 250  # characters
LONGEST_NAME = 50  # characters of a wording within a title


class RefusedError(Exception):
    """An operation that may not be done; ``reasons`` are sentences that say what to do instead."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def insist(reasons: Iterable[str]) -> None:
    """Raise RefusedError with the reasons, if there are any."""
    if found := list(reasons):
        raise RefusedError(found)


def in_turn[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Make an operation one transaction, which begins when no other is under way.

    So the second of two editors who do the same sees what the first one did. Learners wait for
    neither.
    """

    @wraps(operation)
    def taking_turns(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
                return operation(*args, **kwargs)
        except OperationalError as error:
            # Forms and loads take no turns, and may want the same rows in another order.
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            raise RefusedError(
                ["Somebody else was changing the same rows, so nothing was done. Try again."]
            ) from error

    return taking_turns


def locked[Row: Stateful](rows: Iterable[Row]) -> list[Row]:
    """Give rows of one kind as they stand now, in their order, to nobody else until the end.

    The lock leaves room for what refers to the rows: a tick does not wait for it.

    Raises:
        RefusedError: there are none, or one is gone.
    """
    asked = list({row.pk: row for row in rows}.values())
    insist([] if asked else ["Nothing is chosen. Choose at least one row."])
    manager: models.Manager[Any] = type(asked[0])._default_manager
    pks = [row.pk for row in asked]
    # By primary key, as all do, so that no two wait for each other.
    found = manager.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)
    there = {row.pk: row for row in found}
    insist(
        f"“{row}” was deleted meanwhile. Open the list again and choose from what is there."
        for row in asked
        if row.pk not in there
    )
    return [there[row.pk] for row in asked]


def not_live(rows: Iterable[Stateful]) -> list[str]:
    """Say of rows that are not live what they are, and what to do."""
    advice = {
        State.DRAFT: "is a draft. Publish it first.",
        State.RETIRED: "is retired already. Restore it first to change it.",
    }
    return [f"{label(row)} {advice[State(row.state)]}" for row in rows if row.state != State.LIVE]


def tell(title: str, items: Iterable[Item], now: dt.datetime) -> Release:
    """Tell learners of changes that are done, by a published release of their own."""
    release = Release.objects.create(title=cut(title), published=now)
    add_items(release, items)
    return release


def add_items(release: Release, items: Iterable[Item]) -> None:
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release,
            what=what,
            kind=ReleaseItem.Kind(str(row._meta.model_name)),
            key=row.key if isinstance(row, Milestone) else row.slug,
            name=name(row),
            was=was,
        )
        for what, row, was in items
    )


def cut(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


def name(row: Stateful) -> str:
    """Give a row's title; of a milestone its wording."""
    if isinstance(row, Milestone):
        revision = row.latest_revision()
        return revision.wording if revision else ""
    return row.title


def label(row: Stateful) -> str:
    return row.key if isinstance(row, Milestone) else row.title


def called(rows: Iterable[Stateful]) -> str:
    """Name rows of one kind as learners know them, who see no keys: more than two by number."""
    found = list(rows)
    if len(found) > 2:
        return f"{len(found)} {found[0]._meta.verbose_name_plural}"
    return listing(quoted(name(row) or label(row)) for row in found)


def quoted(words: str) -> str:
    if len(words) > LONGEST_NAME:
        words = words[:LONGEST_NAME].rpartition(" ")[0] or words[:LONGEST_NAME]
        words = f"{words.rstrip(' ,;:.(–')}…"
    return f"“{words}”"


def labels(rows: Iterable[Stateful]) -> str:
    return listing(label(row) for row in rows)


def listing(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
