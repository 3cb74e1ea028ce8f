"""Load content files into the database without undoing an editor.

It keeps the rules of the editors' desk: what learners stand on is retired, never deleted, and
what is new to them is told in a release.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pghistory
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from roadmap.content_kinds import Row, RowId
from roadmap.groundwork import RefusedError, in_turn
from roadmap.ledger import ledger
from roadmap.models import (
    FormerSlug,
    LoadedRow,
    Milestone,
    MilestoneRevision,
    Phase,
    Release,
    ReleaseItem,
    State,
)
from roadmap.operations import restore, rules_changed, successions_of
from roadmap.planning import Change, Plan, Standing, What, fingerprint, plan
from roadmap.tables import REVISED, TABLES, instances, settled

Source = LoadedRow.Source
TITLE = "Changes from the files"


@dataclass(frozen=True, slots=True)
class Report:
    """What a load did, and what it left alone and why, as ``kind key`` lines."""

    plan: Plan

    @property
    def created(self) -> list[str]:
        return [str(change) for change in self.plan.of(What.NEW)]

    @property
    def updated(self) -> list[str]:
        return [str(change) for change in self.plan.of(What.CHANGED)]

    @property
    def removed(self) -> list[str]:
        return [str(change) for change in self.plan.of(What.REMOVED, What.RETIRED)]

    @property
    def left_alone(self) -> list[str]:
        return [f"{change}: {change.why}" for change in self.plan.of(What.LEFT, What.REFUSED)]

    @property
    def same(self) -> int:
        return len(self.plan.same)

    @property
    def changed(self) -> int:
        return len(self.created) + len(self.updated) + len(self.removed)


@in_turn
def load(
    files: Mapping[RowId, Row],
    *,
    force: bool = False,
    source: LoadedRow.Source = Source.FILES,
    expected: str = "",
) -> Report:
    """Bring the database to what the files say, but for what an editor changed since.

    Rows keep their primary keys. ``force`` also overwrites what an editor changed; what an editor
    added stays either way. ``expected`` is the digest of the plan that somebody saw and agreed to.

    Raises:
        MovedOnError: the plan is not the expected one any more.
        RefusedError: somebody else was changing the same rows, or taking back a split, merge or
            replacement was refused.
    """
    try:
        with settled(), pghistory.context(how=Source(source).label), connection.cursor() as cursor:
            # Whoever has a row and waits for us goes first: a load can be begun anew, and gives up
            # before the database has to choose.
            cursor.execute("SET LOCAL lock_timeout = '800ms'")
            if expected and expected != Loading(files, source=source).plan.digest:
                raise MovedOnError
            loading = Loading(files, force=force, source=source)
            if loading.take_back():
                loading = Loading(files, force=force, source=source)
            loading.run()
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise RefusedError(
            ["Somebody else was changing the same rows, so nothing was loaded. Try again."]
        ) from error
    return Report(loading.plan)


class MovedOnError(Exception):
    """The content changed between a dry run and the load that it was for."""


class Loading:
    """A load that is decided on, with the instances that it changes; nothing is done yet."""

    def __init__(
        self, files: Mapping[RowId, Row], *, force: bool = False, source: LoadedRow.Source
    ) -> None:
        self.files = files
        self.source = source
        found = list(instances())
        self.instances = {row.id: instance for row, instance in found}
        # What the first load brings was there from the start, and is nobody's news.
        self.first = not found
        self.pks: dict[str, dict[str, int]] = defaultdict(dict)
        for (kind, key), instance in self.instances.items():
            self.pks[kind][key] = instance.pk
        self.known: dict[RowId, str] = {}
        given: dict[RowId, list[str]] = {}
        for known in LoadedRow.objects.all():
            row_id = known.kind, known.key
            if known.source == source:
                self.known[row_id] = known.fingerprint
            # An archive changes what files brought, and files leave what an archive brought.
            if source == Source.ARCHIVE or known.source == source:
                given.setdefault(row_id, []).append(known.fingerprint)
        self.known_before = dict(self.known)
        rows = {row.id: row for row, _instance in found}
        renamed = FormerSlug.objects.values_list("slug", "phase__slug")
        standing = Standing(rows, given, self._held(files), dict(renamed))
        self.plan = plan(files, standing, force=force)

    def _held(self, files: Mapping[RowId, Row]) -> set[str]:
        """Name the milestones that the files make drafts and learners have something of."""
        drafts = {
            instance.pk: instance.key
            for row_id, instance in self.instances.items()
            if row_id[0] == "milestone" and instance.state != State.DRAFT
            if row_id in files and files[row_id].values["state"] == State.DRAFT
        }
        stakes = ledger().stakes(drafts) if drafts else {}
        return {drafts[pk] for pk, stake in stakes.items() if stake.anybody}

    def take_back(self) -> bool:
        """Undo the splits, merges and replacements of milestones that come back; say if any."""
        back = self.coming_back(self.plan)
        succeeded = {one.pk for found in successions_of(back) for one in found.before.all()}
        if bound := [milestone for milestone in back if milestone.pk in succeeded]:
            restore(bound)
        return bool(bound)

    def coming_back(self, plan: Plan) -> list[Milestone]:
        return [
            self.instances[change.row]
            for change in plan.changes
            if change.kind == "milestone" and change.states == (State.RETIRED, State.LIVE)
        ]

    def run(self) -> None:
        for change in self.plan.of(What.NEW, What.CHANGED):
            self._write(change)
        self._join_twins()
        for change in self.plan.of(What.REMOVED, What.RETIRED):
            self._drop(change)
        self._remember()
        if self.first:
            return
        if any(one.is_done and one.kind in {"level", "requirement"} for one in self.plan.changes):
            rules_changed()
        self._tell()

    def _write(self, change: Change) -> None:
        row, table = change.after, TABLES[change.kind]
        assert row is not None
        instance: Any = self.instances.get(change.row) or table.model()
        for name, value in row.values.items():
            if name in table.refers:
                pk = None if value is None else self.pks[table.refers[name]].get(str(value))
                setattr(instance, f"{name}_id", pk)
            elif name not in REVISED and name != "any_of":
                setattr(instance, name, value)
        if hasattr(instance, "since"):
            if self.first:
                instance.since = None
            elif change.goes_live:
                instance.since = timezone.now()
        instance.save()
        self.instances[change.row] = instance
        self.pks[change.kind][change.key] = instance.pk
        if change.kind == "milestone":
            self._reword(instance, row)
        if change.kind == "requirement":
            keys = row.values["any_of"]
            assert isinstance(keys, tuple)
            instance.any_of.set([self.pks["milestone"][key] for key in keys])
        self.known[change.row] = fingerprint(row.values)

    def _reword(self, milestone: Milestone, row: Row) -> None:
        latest = milestone.latest_revision()
        wording, change = str(row.values["wording"]), str(row.values["change"])
        if latest is None or latest.wording != wording:
            milestone.reword(wording, change)
        elif latest.change != change:
            MilestoneRevision.objects.filter(pk=latest.pk).update(change=change)

    def _join_twins(self) -> None:
        """Join phases to their twins once all are stored: two may name each other."""
        for change in self.plan.of(What.NEW, What.CHANGED):
            if change.kind == "phase" and change.after and change.after.values["same_as"]:
                twin = self.pks["phase"].get(str(change.after.values["same_as"]))
                Phase.objects.filter(slug=change.key).update(same_as=twin)

    def _drop(self, change: Change) -> None:
        model = TABLES[change.kind].model
        row = model._default_manager.filter(pk=self.pks[change.kind][change.key])
        if change.what == What.REMOVED:
            row.delete()
            return
        row.update(state=State.RETIRED)
        assert change.before is not None
        # Remembered as it is now, so that the files can bring it back.
        self.known[change.row] = fingerprint({**change.before.values, "state": State.RETIRED})

    def _remember(self) -> None:
        """Note what the rows were given, so that the next load sees what an editor changed."""
        removed = {change.row for change in self.plan.of(What.REMOVED)}
        # Where an editor deleted it and the files still have it, it is not forgotten.
        lost = {row for row in self.known if row not in self.instances and row not in self.files}
        gone = removed | lost
        for kind, key in gone:
            self.known.pop((kind, key), None)
            # What the files take back, an archive may bring anew. What an archive takes back, the
            # files do not.
            everywhere = self.source == Source.FILES and (kind, key) in removed
            memory = LoadedRow.objects.filter(kind=kind, key=key)
            (memory if everywhere else memory.filter(source=self.source)).delete()
        self.known |= self.plan.same
        LoadedRow.objects.bulk_create(
            [
                LoadedRow(source=self.source, kind=kind, key=key, fingerprint=value)
                for (kind, key), value in self.known.items()
                if self.known_before.get((kind, key)) != value
            ],
            update_conflicts=True,
            unique_fields=["source", "kind", "key"],
            update_fields=["fingerprint"],
        )

    def _tell(self) -> None:
        """Tell learners of what comes and goes, as one release; nothing when nothing does."""
        items = self.plan.news()
        if not items:
            return
        release = Release.objects.create(title=TITLE, published=timezone.now())
        ReleaseItem.objects.bulk_create(
            ReleaseItem(release=release, **asdict(item)) for item in items
        )
