"""Between the content files and the database: load without undoing an editor, dump all of it."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models, transaction

from roadmap.content_kinds import KINDS, Row, RowId, Value
from roadmap.models import (
    Chapter,
    Claim,
    DeliverablePart,
    Habit,
    Level,
    LoadedRow,
    Milestone,
    MilestoneRevision,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Question,
    Requirement,
    Resource,
    ResourceLink,
    State,
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
    # Part of a row that is loaded as a whole: dropped from the files, it is deleted.
    part: bool = False

    def instances(self) -> models.QuerySet[Any]:
        rows = self.model._default_manager.all()
        return rows.select_related(*self.refers) if self.refers else rows


TABLES: dict[str, Table] = {
    "track": Table(Track, lambda row: row.slug),
    "resource": Table(Resource, lambda row: row.slug),
    "resourcelink": Table(
        ResourceLink,
        lambda row: f"{row.resource.slug}/{row.label}",
        {"resource": "resource"},
        part=True,
    ),
    "phase": Table(Phase, lambda row: row.slug, {"track": "track", "same_as": "phase"}),
    "topic": Table(
        Topic, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}, part=True
    ),
    "step": Table(Step, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}, part=True),
    "trap": Table(Trap, lambda row: f"{row.phase.slug}/{row.slug}", {"phase": "phase"}, part=True),
    "phaseresource": Table(
        PhaseResource,
        lambda row: f"{row.phase.slug}/{row.resource.slug}",
        {"phase": "phase", "resource": "resource"},
        part=True,
    ),
    "milestone": Table(Milestone, lambda row: row.key),
    "deliverablepart": Table(
        DeliverablePart,
        lambda row: f"{row.milestone.key}/{row.slug}",
        {"milestone": "milestone"},
        part=True,
    ),
    "placement": Table(
        Placement,
        lambda row: f"{row.phase.slug}/{row.milestone.key}",
        {"phase": "phase", "milestone": "milestone"},
        part=True,
    ),
    "level": Table(Level, lambda row: row.slug),
    "requirement": Table(
        Requirement, lambda row: f"{row.level.slug}/{row.slug}", {"level": "level"}, part=True
    ),
    "habit": Table(Habit, lambda row: row.slug, part=True),
    "principle": Table(Principle, lambda row: row.slug, part=True),
    "chapter": Table(Chapter, lambda row: row.slug),
    "claim": Table(Claim, lambda row: row.slug, part=True),
    "question": Table(Question, lambda row: row.slug, {"phase": "phase"}, part=True),
}
# Values that lie in rows of another table: a milestone's wording is its latest revision's.
REVISED = ("wording", "change")


@dataclass(slots=True)
class Report:
    """What a load did, and what it left alone and why, as ``kind key`` lines."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def changed(self) -> int:
        return len(self.created) + len(self.updated) + len(self.removed)


def stored() -> dict[RowId, Row]:
    """Read all content of the database as rows, one query a kind and a few for what hangs on it."""
    return {row.id: row for kind in TABLES for row in _rows_of(kind)}


def _rows_of(kind: str) -> Iterable[Row]:
    table = TABLES[kind]
    rows = table.instances()
    if kind == "milestone":
        rows = rows.prefetch_related("revisions")
    if kind == "requirement":
        rows = rows.prefetch_related("any_of")
    for instance in rows:
        yield Row(kind, table.key(instance), _values(kind, instance))


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


def fingerprint(values: Mapping[str, Value]) -> str:
    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, dt.date) else value

    text = json.dumps(
        {name: plain(value) for name, value in values.items()}, sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def load(files: Mapping[RowId, Row], *, force: bool = False) -> Report:
    """Bring the database to what the files say, but for what an editor changed since.

    Rows keep their primary keys. ``force`` also overwrites what an editor changed; what an editor
    added stays either way.
    """
    return _Loader(files, force).run()


class _Loader:
    def __init__(self, files: Mapping[RowId, Row], force: bool) -> None:
        self.files = files
        self.force = force
        self.report = Report()
        self.stored = stored()
        self.known = {
            (row.kind, row.key): row.fingerprint for row in LoadedRow.objects.select_for_update()
        }
        self.known_before = set(self.known)
        # What the first load brings was there from the start, and is nobody's news.
        self.first = not self.stored
        self.pks: dict[str, dict[str, int]] = {}

    def run(self) -> Report:
        for kind in TABLES:
            self.load_kind(kind)
        for kind in reversed(TABLES):
            self.drop_kind(kind)
        self.remember()
        return self.report

    def load_kind(self, kind: str) -> None:
        table = TABLES[kind]
        instances = {table.key(row): row for row in table.instances()}
        self.pks[kind] = {key: row.pk for key, row in instances.items()}
        rows = [row for row in self.files.values() if row.kind == kind]
        for row in rows:
            if missing := self.missing_reference(row):
                self.leave(row, f"it needs the {missing}, which an editor removed")
            elif row.key not in instances:
                self.create_unless_deleted(row)
            else:
                self.update_unless_edited(row, instances[row.key])
        if kind == "phase":
            self.join_twins(rows)

    def join_twins(self, rows: list[Row]) -> None:
        """Join phases to their twins once all are stored: two may name each other."""
        written = {*self.report.created, *self.report.updated}
        for row in rows:
            if row.values["same_as"] is not None and f"phase {row.key}" in written:
                twin = self.pks["phase"].get(str(row.values["same_as"]))
                Phase.objects.filter(slug=row.key).update(same_as=twin)

    def missing_reference(self, row: Row) -> str | None:
        for name, other in TABLES[row.kind].refers.items():
            target = row.values[name]
            # A twin may be stored later: see join_twins.
            if name != "same_as" and target is not None and target not in self.pks[other]:
                return f"{other} {target}"
        if row.kind == "deliverablepart" and row.values["milestone"] not in self.deliverables:
            return f"deliverable {row.values['milestone']}"
        any_of = row.values.get("any_of", ())
        assert isinstance(any_of, tuple)
        gone = (key for key in any_of if key not in self.pks["milestone"])
        return next((f"milestone {key}" for key in gone), None)

    @cached_property
    def deliverables(self) -> set[str]:
        """The keys of deliverables as they stand once milestones are loaded."""
        return set(Milestone.objects.filter(deliverable=True).values_list("key", flat=True))

    def create_unless_deleted(self, row: Row) -> None:
        if row.id in self.known and not self.force:
            self.leave(row, "an editor deleted it")
            return
        instance = TABLES[row.kind].model()
        if self.first and hasattr(instance, "since"):
            instance.since = None
        self.write(instance, row)
        self.pks[row.kind][row.key] = instance.pk
        self.report.created.append(f"{row.kind} {row.key}")
        self.known[row.id] = fingerprint(row.values)

    def update_unless_edited(self, row: Row, instance: Any) -> None:
        wanted, present = fingerprint(row.values), fingerprint(self.stored[row.id].values)
        if wanted == present:
            self.report.same += 1
        elif self.known.get(row.id) == present or self.force:
            self.write(instance, row)
            self.report.updated.append(f"{row.kind} {row.key}")
        elif self.known.get(row.id) == wanted:
            self.leave(row, "an editor changed it")
            return
        else:
            self.leave(row, "an editor changed it, and the files have something new")
            return
        self.known[row.id] = wanted

    def leave(self, row: Row, why: str) -> None:
        self.report.left_alone.append(f"{row.kind} {row.key}: {why}")

    def write(self, instance: Any, row: Row) -> None:
        table = TABLES[row.kind]
        for name, value in row.values.items():
            if name in table.refers:
                pk = None if value is None else self.pks[table.refers[name]].get(str(value))
                setattr(instance, f"{name}_id", pk)
            elif name not in REVISED and name != "any_of":
                setattr(instance, name, value)
        instance.save()
        if row.kind == "milestone":
            self.reword(instance, row)
        if row.kind == "requirement":
            keys = row.values["any_of"]
            assert isinstance(keys, tuple)
            instance.any_of.set([self.pks["milestone"][key] for key in keys])

    def reword(self, milestone: Milestone, row: Row) -> None:
        latest = milestone.latest_revision()
        wording, change = str(row.values["wording"]), str(row.values["change"])
        if latest is None or latest.wording != wording:
            milestone.reword(wording, change)
        elif latest.change != change:
            MilestoneRevision.objects.filter(pk=latest.pk).update(change=change)

    def drop_kind(self, kind: str) -> None:
        """Take back what an earlier load brought and the files no longer hold, unless edited."""
        gone = [known for known in self.known if known[0] == kind and known not in self.files]
        if kind in {"placement", "deliverablepart"}:
            # A milestone that goes is retired as it stands: who did it finds it there, whole.
            gone = [known for known in gone if self.milestone_stays(known)]
        for row_id in gone:
            row = self.stored.get(row_id)
            if row is None:
                del self.known[row_id]
            elif row.values.get("state") == State.RETIRED:
                continue
            elif self.known[row_id] == fingerprint(row.values):
                self.drop(row)
            else:
                self.leave(row, "the files no longer have it, and an editor changed it")

    def milestone_stays(self, row_id: RowId) -> bool:
        kind, key = row_id
        outer, _, inner = key.partition("/")
        return ("milestone", inner if kind == "placement" else outer) in self.files

    def drop(self, row: Row) -> None:
        table = TABLES[row.kind]
        instance = table.model._default_manager.filter(pk=self.pks[row.kind][row.key])
        if table.part:
            instance.delete()
            del self.known[row.id]
        elif "state" in row.values:
            # Learners may hold it: content with a life of its own is retired, never deleted.
            instance.update(state=State.RETIRED)
            # Remembered as it is now, so that the files can bring it back.
            self.known[row.id] = fingerprint({**row.values, "state": State.RETIRED})
        else:
            self.leave(row, "the files no longer have it; delete it in the admin")
            return
        self.report.removed.append(f"{row.kind} {row.key}")

    def remember(self) -> None:
        for kind, key in self.known_before - set(self.known):
            LoadedRow.objects.filter(kind=kind, key=key).delete()
        LoadedRow.objects.bulk_create(
            [
                LoadedRow(kind=kind, key=key, fingerprint=value)
                for (kind, key), value in self.known.items()
            ],
            update_conflicts=True,
            unique_fields=["kind", "key"],
            update_fields=["fingerprint"],
        )
