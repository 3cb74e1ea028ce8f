"""What a load of an archive would do, told so that a person can agree to it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.formats import date_format
from django.utils.text import capfirst

from mastery.differences import Piece, pieces_of, shortened
from roadmap.admin.resting import completions, listing
from roadmap.content_kinds import KINDS, Row, RowId, Value
from roadmap.ledger import ledger
from roadmap.loader import Loading
from roadmap.models import LoadedRow, MilestoneRevision, ReleaseItem, State
from roadmap.operations import successions_of
from roadmap.planning import Change, News, What
from roadmap.tables import settled

NAMES = {
    "resourcelink": "link",
    "phaseresource": "resource of a phase",
    "deliverablepart": "part of a deliverable",
    "placement": "place in a phase",
}
TITLES = ("title", "name", "wording", "statement", "ask")
COSMETIC = "Cosmetic: nobody is asked. What was given for the old wording moves to the new one:"
MATERIAL = (
    "Material: learners see “reworded since” with the old text, and confirm or keep. Given for the "
    "old wording:"
)
LABELS = {"position": "place", "weeks_min": "least weeks", "weeks_max": "most weeks"}
REFUSED = (
    "Learners would lose something by it. These rows stay as they are, whatever is chosen below."
)
REMOVED = "The archive no longer has them. What learners may hold is retired, never deleted."
LEFT = (
    "Editors changed these rows here since they were last loaded. They stay, unless you say below "
    "that they are to be overwritten."
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    name: str
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a dry run."""

    change: Change
    notes: list[str]
    fields: list[FieldChange]

    @property
    def name(self) -> str:
        return f"{capfirst(NAMES.get(self.change.kind, self.change.kind))} {self.change.key}"

    @property
    def title(self) -> str:
        row = self.change.after or self.change.before
        assert row is not None
        return next((str(row.values[name]) for name in TITLES if row.values.get(name)), "")

    @property
    def where(self) -> str:
        return self.change.after.where if self.change.after else ""

    @property
    def why(self) -> str:
        return capfirst(self.change.why)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that fare alike."""

    key: str
    title: str
    summary: str
    rows: list[Told]
    # Whether what differs is what somebody came to read.
    open: bool = False


class DryRun:
    """The plan of a load of these files, as one moment of the database has it."""

    def __init__(self, files: Mapping[RowId, Row]) -> None:
        source = LoadedRow.Source.ARCHIVE
        with settled():
            loading = Loading(files, source=source)
            self.plan = loading.plan
            forced = Loading(files, force=True, source=source).plan
            pks = {
                change.key: loading.instances[change.row].pk
                for change in self.plan.changes
                if change.kind == "milestone" and change.before
            }
            stakes = ledger().stakes(pks.values()) if pks else {}
            self.stakes = {key: stakes[pk] for key, pk in pks.items()}
            self.successors = {
                before.key: listing(after.key for after in found.after.all())
                for found in successions_of(loading.coming_back(forced))
                for before in found.before.all()
            }
        # What would become, with force, of what an editor's change holds back.
        self.forced = {
            change.row: change
            for change in forced.changes
            if change.is_done and change.row in {left.row for left in self.plan.of(What.LEFT)}
        }

    @property
    def same(self) -> int:
        return len(self.plan.same)

    @property
    def changes(self) -> int:
        return sum(change.is_done for change in self.plan.changes)

    @cached_property
    def news(self) -> list[tuple[str, News]]:
        """What learners will read, each with its heading on the page of changes."""
        return [(ReleaseItem.What(item.what).label, item) for item in self.plan.news()]

    @cached_property
    def groups(self) -> list[Group]:
        left = self.plan.of(What.LEFT)
        groups = [
            Group("refused", "Refused", REFUSED, self._told(self.plan.of(What.REFUSED)), True),
            Group("new", "New", "", self._told(self.plan.of(What.NEW))),
            Group("changed", "Changed", "", self._told(self.plan.of(What.CHANGED)), True),
            Group(
                "removed",
                "Removed or retired",
                REMOVED,
                self._told(self.plan.of(What.REMOVED, What.RETIRED)),
            ),
            Group("left", "Left alone", LEFT if self.forced else "", self._told(left), True),
        ]
        return [group for group in groups if group.rows]

    def _told(self, changes: list[Change]) -> list[Told]:
        return [Told(change, list(self._notes(change)), fields_of(change)) for change in changes]

    def _notes(self, change: Change) -> Iterator[str]:
        """Say what a change of a milestone means for those who have something of it."""
        # Of what is left alone: what the files would make of it.
        would = self.forced.get(change.row, change)
        if would is not change:
            yield "Only when editors’ changes are overwritten:"
        stake = self.stakes.get(change.key) if change.kind == "milestone" else None
        if stake is None or not would.is_done:
            return
        was, becomes = would.states
        rests = completions(stake)
        if was == State.LIVE and becomes == State.RETIRED:
            yield f"It leaves the roadmap and stays with those who did it: {rests}."
        if change.key in self.successors and (was, becomes) == (State.RETIRED, State.LIVE):
            yield (
                f"It takes the place of {self.successors[change.key]} again, as if an editor had "
                f"restored it: {rests}."
            )
        if would.reworded:
            assert would.after is not None
            cosmetic = would.after.values["change"] == MilestoneRevision.Change.COSMETIC
            yield f"{COSMETIC if cosmetic else MATERIAL} {rests}."


def fields_of(change: Change) -> list[FieldChange]:
    """Tell field by field what differs; of what comes or goes as a whole, all that it says."""
    before = readable(change.before) if change.before else {}
    after = readable(change.after) if change.after else {}
    if change.what == What.RETIRED or (not change.is_done and change.after is None):
        # It stays what it is.
        return []
    return [
        FieldChange(LABELS.get(name, name.replace("_", " ")), shortened(pieces_of(old, new)))
        for name in {**before, **after}
        if (old := before.get(name, "")) != (new := after.get(name, ""))
    ]


def readable(row: Row) -> dict[str, str]:
    """Give a row's values as texts, in the order of the files."""
    spec = KINDS[row.kind]
    order = [spec.parent, *(field.name for field in spec.fields), "section", "position"]
    return {name: _said(row.values[name]) for name in order if name in row.values}


def _said(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
        case dt.date():
            return date_format(value, "j F Y")
        case _:
            return str(value)
