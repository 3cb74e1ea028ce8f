"""How the rows of content files lie in the database."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from roadmap.content_kinds import KINDS, Row, RowId, Value
from roadmap.models import (
    Chapter,
    Claim,
    ContentVersion,
    DeliverablePart,
    Habit,
    Level,
    Milestone,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Question,
    Requirement,
    Resource,
    ResourceLink,
    Step,
    Topic,
    Track,
    Trap,
)


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of one kind lie in the database."""

    model: type[models.Model]
    # What stands in a row's key, from its own instance.
    key: Callable[[Any], str]
    # Foreign keys, to the kind each one names.
    refers: Mapping[str, str] = field(default_factory=dict)

    def instances(self) -> models.QuerySet[Any]:
        rows = self.model._default_manager.all()
        return rows.select_related(*self.refers) if self.refers else rows


TABLES: dict[str, Table] = {
    "track": Table(Track, lambda row: row.slug),
    "resource": Table(Resource, lambda row: row.slug),
    "resourcelink": Table(
        ResourceLink, lambda row: f"{row.resource.slug}/{row.label}", {"resource": "resource"}
    ),
    "phase": Table(Phase, lambda row: row.slug, {"track": "track", "same_as": "phase"}),
    "topic": Table(Topic, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}),
    "step": Table(Step, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}),
    "trap": Table(Trap, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}),
    "phaseresource": Table(
        PhaseResource,
        lambda row: f"{row.phase.slug}/{row.resource.slug}",
        {"phase": "phase", "resource": "resource"},
    ),
    "milestone": Table(Milestone, lambda row: row.key),
    "deliverablepart": Table(
        DeliverablePart, lambda row: f"{row.milestone.key}/{row.slug}", {"milestone": "milestone"}
    ),
    "placement": Table(
        Placement,
        lambda row: f"{row.phase.slug}/{row.milestone.key}",
        {"phase": "phase", "milestone": "milestone"},
    ),
    "level": Table(Level, lambda row: row.slug),
    "requirement": Table(
        Requirement, lambda row: f"{row.level.slug}/{row.slug}", {"level": "level"}
    ),
    "habit": Table(Habit, lambda row: row.slug),
    "principle": Table(Principle, lambda row: row.slug),
    "chapter": Table(Chapter, lambda row: row.slug),
    "claim": Table(Claim, lambda row: row.slug),
    "question": Table(Question, lambda row: row.slug, {"phase": "phase"}),
}
# Values that lie in rows of another table: a milestone's wording is its latest revision's.
REVISED = ("wording", "change")


def stored() -> dict[RowId, Row]:
    """Read all content of the database as rows, one query a kind and a few for what hangs on it."""
    with settled():
        return {row.id: row for row, _instance in instances()}


@contextmanager
def settled() -> Iterator[None]:
    """Wait until nobody is changing content, and let nobody begin before the end."""
    with transaction.atomic():
        # Every change of content renews this row.
        ContentVersion.objects.select_for_update().first()
        yield


def instances() -> Iterator[tuple[Row, Any]]:
    """Read all content of the database: each row with the instance that it was read from."""
    for kind, table in TABLES.items():
        found = table.instances()
        if kind == "milestone":
            found = found.prefetch_related("revisions")
        if kind == "requirement":
            found = found.prefetch_related("any_of")
        for instance in found:
            yield Row(kind, table.key(instance), _values(kind, instance)), instance


def _values(kind: str, instance: Any) -> dict[str, Value]:
    table = TABLES[kind]
    values: dict[str, Value] = {}
    for name in _field_names(kind):
        if name in table.refers:
            other = getattr(instance, name)
            values[name] = None if other is None else TABLES[table.refers[name]].key(other)
        elif name == "any_of":
            values[name] = tuple(sorted(milestone.key for milestone in instance.any_of.all()))
        elif name in REVISED:
            revisions = list(instance.revisions.all())
            values[name] = getattr(revisions[-1], name) if revisions else ""
        else:
            values[name] = getattr(instance, name)
    return values


def _field_names(kind: str) -> list[str]:
    """Name the values of a kind: those written in its mapping, its parent and its place."""
    spec = KINDS[kind]
    names = [field.name for field in spec.fields]
    if spec.parent:
        names.append(spec.parent)
    if kind == "chapter":
        names.append("section")
    if kind not in {"milestone", "phase"}:
        names.append("position")
    return names
