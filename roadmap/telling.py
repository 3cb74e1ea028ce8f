"""What a save did to a row of content, in an editor's words."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.text import capfirst

from mastery.differences import Piece, pieces_of, shortened
from roadmap import history
from roadmap.history import Change, Model, Save, Values
from roadmap.models import (
    DeliverablePart,
    Milestone,
    MilestoneRevision,
    Phase,
    PhaseResource,
    Placement,
    Requirement,
    Resource,
    ResourceLink,
)
from roadmap.models.milestones import RequirementMilestone

# Of which nobody reads: keys, when it came, and where it stands among others.
NOISE = frozenset({"id", "since", "created", "number", "position"})
# What kinds of inner rows are called where they are edited.
KINDS: Mapping[Model, str] = {
    DeliverablePart: "part",
    MilestoneRevision: "wording",
    PhaseResource: "resource",
    Placement: "place",
    ResourceLink: "link",
    RequirementMilestone: "requirement",
}


@dataclass(frozen=True, slots=True)
class FieldTold:
    name: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class RowTold:
    """What became of one row: ``what`` is added, deleted or changed."""

    change: Change
    what: str
    title: str
    sentence: str
    fields: list[FieldTold]

    @property
    def row(self) -> str:
        """Name the row in an address: ``topic-7``."""
        return row_name(self.change.model, self.change.pk)


@dataclass(frozen=True, slots=True)
class SaveTold:
    save: Save
    rows: list[RowTold]
    # The names of rows that did nothing but change their places.
    moved: list[str]
    # Whether the row itself came by it: then there is nothing to put back.
    beginning: bool


def row_name(model: Model, pk: int) -> str:
    return f"{model._meta.model_name}-{pk}"


def kind_name(model: Model) -> str:
    return KINDS.get(model, str(model._meta.verbose_name))


@dataclass(slots=True)
class Names:
    """The names of the rows that others point at, as they are or last were."""

    rows: dict[Model, dict[int, Values]] = field(default_factory=dict)
    wordings: dict[int, str] = field(default_factory=dict)

    @classmethod
    def around(cls, rows: Iterable[tuple[Model, Values]]) -> "Names":
        """Read all that these rows point at: one query for each model pointed at."""
        wanted: dict[Model, set[int]] = defaultdict(set)
        for model, values in rows:
            for column in model._meta.concrete_fields:
                pk = values.get(column.attname)
                if isinstance(column, models.ForeignKey) and pk is not None:
                    wanted[column.related_model].add(pk)
        known = {model: history.last_values(model, pks) for model, pks in wanted.items()}
        return cls(known, history.last_wordings(wanted.get(Milestone, set())))

    def name(self, model: Model, pk: int | None) -> str:
        """Name a row that is pointed at; empty for none."""
        if pk is None:
            return ""
        values = self.rows.get(model, {}).get(pk)
        if values is None:
            return f"{kind_name(model)} no. {pk}, which is gone"
        if model is Milestone and (wording := self.wordings.get(pk)):
            return f"{values['key']}: {wording}"
        return str(model(**values))

    def of(self, model: Model, values: Values) -> str:
        """Name a row by its own values."""
        if model is Placement:
            return self.name(Milestone, values["milestone_id"])
        if model is PhaseResource:
            return self.name(Resource, values["resource_id"])
        if model is MilestoneRevision:
            return str(values["number"])
        if model is RequirementMilestone:
            return self.name(Requirement, values["requirement_id"])
        return str(model(**values))

    def title(self, model: Model, values: Values) -> str:
        return f"{capfirst(kind_name(model))} “{self.of(model, values)}”"

    def spoken(self, column: "models.Field[Any, Any]", value: Any) -> str:
        """Say a field's value as a person reads it; empty for nothing."""
        if value is None or value == "":
            return ""
        if isinstance(column, models.ForeignKey):
            return self.name(column.related_model, value)
        if column.choices:
            return str(dict(column.flatchoices).get(value, value))
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, dt.datetime):
            return date_format(value, "j F Y, H:i")
        return date_format(value, "j F Y") if isinstance(value, dt.date) else str(value)


def tell(root: Model, pk: int, saves: Collection[Save]) -> list[SaveTold]:
    """Say what these saves of a row did; some fixed number of queries, however many they are."""
    names = Names.around(
        (change.model, values)
        for save in saves
        for change in save.changes
        for values in (change.before, change.after)
        if values is not None
    )
    wordings = history.wordings_by_number(pk) if root is Milestone else {}
    return [_told(root, save, names, wordings) for save in saves]


def _told(root: Model, save: Save, names: Names, wordings: Mapping[int, str]) -> SaveTold:
    rows, moved = [], []
    for change in save.changes:
        if told := _row(root, change, names, wordings):
            rows.append(told)
        elif any(column.name == "position" for column in change.differing):
            moved.append(names.title(change.model, change.values))
    return SaveTold(save, rows, moved, begins(root, save))


def begins(root: Model, save: Save) -> bool:
    return any(change.model is root and change.before is None for change in save.changes)


def _row(root: Model, change: Change, names: Names, wordings: Mapping[int, str]) -> RowTold | None:
    """Say what became of a row; None when it only moved, or nothing that anybody reads changed."""
    title = (
        capfirst(kind_name(root))
        if change.model is root
        else names.title(change.model, change.values)
    )
    sentence = _sentence(change, names)
    if change.before is None or change.after is None:
        came = change.before is None
        fields = []
        if not sentence:
            fields = in_full(root, change.model, change.values, names, came=came, wordings=wordings)
        return RowTold(change, "added" if came else "deleted", title, sentence, fields)
    columns = [column for column in change.differing if column.name not in NOISE]
    if not columns:
        return None
    fields = [
        FieldTold(label(column), difference(column, change.before, change.after, names))
        for column in columns
    ]
    return RowTold(change, "changed", title, sentence, [] if sentence else fields)


def label(column: "models.Field[Any, Any]") -> str:
    return capfirst(str(column.verbose_name))


def difference(
    column: "models.Field[Any, Any]", before: Values, after: Values, names: Names
) -> list[Piece]:
    old, new = (names.spoken(column, row.get(column.attname)) for row in (before, after))
    return compare(column, old, new)


def compare(column: "models.Field[Any, Any] | None", old: str, new: str) -> list[Piece]:
    """Tell two values apart: texts by their words, anything else as a whole."""
    if isinstance(column, models.CharField | models.TextField | None) and not (
        column is not None and column.choices
    ):
        return shortened(pieces_of(old, new))
    return [
        Piece(kind, text) for kind, text in (("gone", old or "nothing"), ("new", new or "nothing"))
    ]


def in_full(
    root: Model,
    model: Model,
    values: Values,
    names: Names,
    *,
    came: bool,
    wordings: Mapping[int, str] | None = None,
) -> list[FieldTold]:
    """Tell all that a row says, which came or went; a wording against the one before it."""
    parent = history.INNER.get(root, {}).get(model)
    told = []
    for column in model._meta.concrete_fields:
        text = names.spoken(column, values.get(column.attname))
        if column.name in NOISE or column.name == parent or not text:
            continue
        former = (wordings or {}).get(values.get("number", 0) - 1)
        if model is MilestoneRevision and column.name == "wording" and former:
            told.append(FieldTold(label(column), compare(column, former, text)))
        else:
            told.append(FieldTold(label(column), [Piece("new" if came else "gone", text)]))
    return told


def _sentence(change: Change, names: Names) -> str:
    """Say it in a sentence where a row is a tie between two others; else nothing."""
    before, after = change.before, change.after
    if change.model is Placement:
        milestone = names.name(Milestone, change.values["milestone_id"])
        old, new = (
            names.name(Phase, row["phase_id"]) if row is not None else "" for row in (before, after)
        )
        if old and new:
            return f"{milestone} moved from {old} to {new}." if old != new else ""
        return f"{milestone} is now in {new}." if new else f"{milestone} is no longer in {old}."
    if change.model is RequirementMilestone:
        milestone = names.name(Milestone, change.values["milestone_id"])
        requirement = names.name(Requirement, change.values["requirement_id"])
        now = "is now met" if after is not None else "is no longer met"
        return f"Requirement “{requirement}” {now} by {milestone}."
    return ""
