"""What a load would do, row by row: files against the database as it stands. Pure: no database.

A dry run shows what comes out here, and the loader does no more and no less.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from roadmap.content_kinds import KINDS, Row, RowId, Value

# Kinds that neither have a state nor may go by themselves: an editor deletes them.
KEPT = {"track", "level"}
LIVE, RETIRED, DRAFT = "live", "retired", "draft"


class What(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    RETIRED = "retired"
    # Left alone for an editor's sake, and left alone for learners' sake.
    LEFT = "left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row. ``before`` is None for what the database has not, ``after`` for
    what the files have not; ``why`` says why it is left alone."""

    what: What
    row: RowId
    before: Row | None
    after: Row | None
    why: str = ""

    @property
    def kind(self) -> str:
        return self.row[0]

    @property
    def key(self) -> str:
        return self.row[1]

    @property
    def is_done(self) -> bool:
        """Whether the load does anything with it."""
        return self.what not in {What.LEFT, What.REFUSED}

    def __str__(self) -> str:
        return " ".join(self.row)

    @property
    def states(self) -> tuple[Value, Value]:
        """The state it comes from and goes to; None for what is not there."""
        after = RETIRED if self.what == What.RETIRED else _value(self.after, "state")
        return _value(self.before, "state"), after if self.is_done else _value(self.before, "state")

    @property
    def goes_live(self) -> bool:
        """Whether a row that was there already becomes live."""
        was, becomes = self.states
        return was not in {None, LIVE} and becomes == LIVE

    @property
    def reworded(self) -> bool:
        if self.kind != "milestone" or self.before is None or self.after is None:
            return False
        return self.before.values["wording"] != self.after.values["wording"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The database as a load finds it."""

    rows: Mapping[RowId, Row]
    # What earlier loads gave each row, as fingerprints: it has one of these unless it was edited.
    given: Mapping[RowId, Collection[str]] = field(default_factory=dict)
    # Milestones that learners have something of.
    held: Collection[str] = ()
    # Slugs that phases once had, and the present ones.
    renamed: Mapping[str, str] = field(default_factory=dict)

    def untouched(self, row: RowId) -> bool:
        return row in self.rows and fingerprint(self.rows[row].values) in self.given.get(row, ())


@dataclass(frozen=True, slots=True)
class News:
    """What learners are told of one row: ``what`` is a ReleaseItem's, ``was`` its old wording."""

    what: str
    kind: str
    key: str
    name: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    changes: list[Change]
    # Rows that are as the files have them, with their fingerprints.
    same: Mapping[RowId, str]
    # The milestones that newcomers may tick before the load and after it.
    open_before: frozenset[str]
    open_after: frozenset[str]

    def of(self, *what: What) -> list[Change]:
        return [change for change in self.changes if change.what in what]

    def news(self) -> list[News]:
        """Say what is worth telling learners: what comes, goes, or asks for something else."""
        return [
            news
            for kind in ("phase", "milestone", "resource", "chapter")
            for change in self.changes
            if change.kind == kind and change.is_done and (news := self._news_of(change))
        ]

    def _news_of(self, change: Change) -> News | None:
        was, becomes = change.states
        row = change.after or change.before
        assert row is not None
        name = str(row.values.get("title") or row.values.get("wording"))
        milestone = change.kind == "milestone"
        shows = not milestone or change.key in self.open_after
        showed = not milestone or change.key in self.open_before
        if was != LIVE and becomes == LIVE and shows:
            what = "restored" if was == RETIRED else "added"
            return News(what, change.kind, change.key, name)
        if was == LIVE and becomes != LIVE and showed:
            return News("retired", change.kind, change.key, name)
        if change.reworded and shows and row.values["change"] == "material":
            return News(
                "reworded", change.kind, change.key, name, str(_value(change.before, "wording"))
            )
        return None

    @property
    def digest(self) -> str:
        """A name for exactly this: another plan has another one."""
        text = [
            [change.what, *change.row, change.why, *map(_print, (change.before, change.after))]
            for change in self.changes
        ]
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()


def fingerprint(values: Mapping[str, Value]) -> str:
    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, dt.date) else value

    text = json.dumps(
        {name: plain(value) for name, value in values.items()}, sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def plan(files: Mapping[RowId, Row], standing: Standing, *, force: bool = False) -> Plan:
    """Decide what a load does with each row that the files or an earlier load brought.

    ``force`` also overwrites what an editor changed, never what learners would lose.
    """
    planner = _Planner(files, standing, force)
    planner.decide()
    planner.spare_learners()
    return Plan(
        list(planner.changes.values()),
        planner.same,
        open_milestones(standing.rows),
        open_milestones(planner.after),
    )


class _Planner:
    def __init__(self, files: Mapping[RowId, Row], standing: Standing, force: bool) -> None:
        self.files = files
        self.standing = standing
        self.force = force
        self.changes: dict[RowId, Change] = {}
        self.same: dict[RowId, str] = {}
        # The database as the load would leave it.
        self.after = dict(standing.rows)

    def decide(self) -> None:
        by_kind: dict[str, list[Row]] = defaultdict(list)
        for row in self.files.values():
            by_kind[row.kind].append(row)
        for kind in KINDS:
            for row in by_kind[kind]:
                self.decide_row(row)
        gone: dict[str, list[RowId]] = defaultdict(list)
        for row_id in self.standing.given:
            if row_id not in self.files and row_id in self.standing.rows:
                gone[row_id[0]].append(row_id)
        for kind in reversed(KINDS):
            for row_id in gone[kind]:
                self.decide_gone(row_id)

    def put(self, what: What, row: RowId, why: str = "") -> None:
        before, after = self.standing.rows.get(row), self.files.get(row)
        change = self.changes[row] = Change(what, row, before, after, why)
        if not change.is_done:
            if before is not None:
                self.after[row] = before
        elif what == What.REMOVED:
            self.after.pop(row)
        elif what == What.RETIRED:
            assert before is not None
            self.after[row] = replace(before, values={**before.values, "state": RETIRED})
        else:
            assert after is not None
            self.after[row] = after

    def decide_row(self, row: Row) -> None:
        present = self.standing.rows.get(row.id)
        if missing := self.missing(row):
            self.put(What.LEFT, row.id, f"it needs the {missing}, which an editor removed")
        elif present is None and row.kind == "phase" and row.key in self.standing.renamed:
            now = self.standing.renamed[row.key]
            self.put(What.LEFT, row.id, f"an editor renamed it: it is phase {now} now")
        elif present is None and row.id in self.standing.given and not self.force:
            self.put(What.LEFT, row.id, "an editor deleted it")
        elif present is None:
            self.put(What.NEW, row.id)
        elif (wanted := fingerprint(row.values)) == fingerprint(present.values):
            self.same[row.id] = wanted
        elif self.force or self.standing.untouched(row.id):
            self.put(What.CHANGED, row.id)
        elif wanted in self.standing.given.get(row.id, ()):
            self.put(What.LEFT, row.id, "an editor changed it")
        else:
            why = "an editor changed it, and the files have something new"
            self.put(What.LEFT, row.id, why)

    def missing(self, row: Row) -> str | None:
        for name, other in references(row.kind):
            value = row.values[name]
            for key in value if isinstance(value, tuple) else (value,):
                # A twin may be stored later.
                if key and name != "same_as" and (other, key) not in self.after:
                    return f"{other} {key}"
        if row.kind == "deliverablepart":
            milestone = self.after["milestone", str(row.values["milestone"])]
            if not milestone.values["deliverable"]:
                return f"deliverable {milestone.key}"
        return None

    def decide_gone(self, row_id: RowId) -> None:
        """Take back what an earlier load brought and the files no longer hold, unless edited."""
        kind, _key = row_id
        row = self.standing.rows[row_id]
        home = row.values.get("milestone")
        if kind in {"placement", "deliverablepart"} and ("milestone", home) not in self.files:
            # A milestone that goes is retired as it stands: who did it finds it there, whole.
            return
        if row.values.get("state") == RETIRED:
            return
        if not self.standing.untouched(row_id):
            self.put(What.LEFT, row_id, "the files no longer have it, and an editor changed it")
        elif kind in KEPT:
            self.put(What.LEFT, row_id, "the files no longer have it; delete it in the admin")
        elif "state" in row.values:
            # Learners may hold it: content with a life of its own is retired, never deleted.
            self.put(What.RETIRED, row_id)
        else:
            self.put(What.REMOVED, row_id)

    def spare_learners(self) -> None:
        """Refuse what would hide what learners did, and what would put a level out of reach."""
        for change in list(self.changes.values()):
            was, becomes = change.states
            hides = change.kind == "milestone" and was in {LIVE, RETIRED} and becomes == DRAFT
            if hides and change.key in self.standing.held:
                why = "a draft would hide what learners did; write state: retired instead"
                self.put(What.REFUSED, change.row, why)
        before = open_milestones(self.standing.rows)
        while refused := dict(self.out_of_reach(before)):
            for row_id, why in refused.items():
                self.put(What.REFUSED, row_id, why)

    def out_of_reach(self, before: frozenset[str]) -> Iterator[tuple[RowId, str]]:
        """Give the changes by which a level that could be reached would ask for the impossible."""
        after = open_milestones(self.after)
        for row_id, requirement in self.after.items():
            was = self.standing.rows.get(row_id)
            if row_id[0] != "requirement" or was is None:
                continue
            could = before & _keys(was.values["any_of"])
            if not could or after & _keys(requirement.values["any_of"]):
                continue
            level = str(requirement.values["level"]).upper()
            why = (
                f"nobody could reach {level} any more: its requirement "
                f"“{requirement.values['slug']}” would ask for nothing that is on the roadmap"
            )
            for change in self.changes.values():
                if change.is_done and self.takes_away(change, row_id, could):
                    yield change.row, why

    def takes_away(self, change: Change, requirement: RowId, could: Collection[str]) -> bool:
        """Say whether a change is among those that leave a requirement without its milestones."""
        was, becomes = change.states
        closes = was == LIVE and becomes != LIVE
        if change.kind == "milestone":
            return closes and change.key in could
        if change.kind == "phase":
            return closes and any(
                row.kind == "placement"
                and row.values["phase"] == change.key
                and row.values["milestone"] in could
                for row in self.standing.rows.values()
            )
        if change.kind == "placement":
            return change.what == What.REMOVED and _value(change.before, "milestone") in could
        return change.row == requirement


def references(kind: str) -> Iterator[tuple[str, str]]:
    """Give the values that name other rows, with the kind that each one names."""
    spec = KINDS[kind]
    if spec.parent:
        yield spec.parent, spec.parent
    for one in spec.fields:
        if one.refers_to:
            yield one.name, one.refers_to


def open_milestones(rows: Mapping[RowId, Row]) -> frozenset[str]:
    """Give the milestones that newcomers may tick: live ones that a live phase holds."""
    return frozenset(
        str(row.values["milestone"])
        for row in rows.values()
        if row.kind == "placement"
        and _value(rows.get(("phase", str(row.values["phase"]))), "state") == LIVE
        and _value(rows.get(("milestone", str(row.values["milestone"]))), "state") == LIVE
    )


def _keys(value: Value) -> frozenset[str]:
    assert isinstance(value, tuple)
    return frozenset(value)


def _value(row: Row | None, name: str) -> Value:
    return None if row is None else row.values.get(name)


def _print(row: Row | None) -> str:
    return "" if row is None else fingerprint(row.values)
