"""What happened to a row of content and to the rows inside it, by the events that triggers keep.

What was saved together is one save: the events of one request, of one load, or else of one
transaction. The events are read model by model, because a save is shown, compared and put back by
the models' own fields.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import BigIntegerField, Exists, Max, OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from mastery.models import User
from roadmap.models import (
    DeliverablePart,
    Level,
    Milestone,
    MilestoneRevision,
    Phase,
    PhaseResource,
    Placement,
    Requirement,
    Resource,
    ResourceLink,
    Step,
    Topic,
    Trap,
)
from roadmap.models.milestones import RequirementMilestone

type Model = type[models.Model]
# A row's columns by attribute name, as an event or the table has them.
type Values = dict[str, Any]

# The rows that belong to a row, and the field by which they do.
INNER: Mapping[Model, Mapping[Model, str]] = {
    Phase: {
        Step: "phase",
        Topic: "phase",
        PhaseResource: "phase",
        Placement: "phase",
        Trap: "phase",
    },
    Milestone: {
        MilestoneRevision: "milestone",
        DeliverablePart: "milestone",
        Placement: "milestone",
        RequirementMilestone: "milestone",
    },
    Level: {Requirement: "level", RequirementMilestone: "requirement"},
    Resource: {ResourceLink: "resource"},
}
# When an earlier row of events began: what a migration found.
BEGAN = "history began"


@dataclass(frozen=True, slots=True)
class Change:
    """What one save did to one row. None: the row was not there."""

    model: Model
    pk: int
    before: Values | None
    after: Values | None
    # Of the last event of the save.
    number: int

    @property
    def differing(self) -> list["models.Field[Any, Any]"]:
        """The fields whose values changed, of a row that was there before and after."""
        if self.before is None or self.after is None:
            return []
        return [
            field
            for field in self.model._meta.concrete_fields
            if self.before.get(field.attname) != self.after.get(field.attname)
        ]

    @property
    def values(self) -> Values:
        """The row as it is known best: after the save, or as it last stood."""
        return self.after or self.before or {}


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a save and how, as far as it is known."""

    handle: str = ""
    how: str = ""
    did: str = ""

    @classmethod
    def of(cls, event: Any) -> "Author":
        """Read it from an event of :func:`_with_author`. Whose account is deleted has no name."""
        given = event.pgh_context or {}
        handle = event.handle or ("a former editor" if given.get("user") else "")
        return cls(handle, str(given.get("how", "")), str(given.get("did", "")))

    def __str__(self) -> str:
        if self.how == BEGAN:
            return "before the history began"
        source = self.how[:1].lower() + self.how[1:]
        if self.handle and source:
            return f"{self.handle}, from {source}"
        return self.handle or source or "somebody, outside the desk"


@dataclass(frozen=True, slots=True)
class Save:
    """What was saved together, of one row and those inside it."""

    key: str
    at: dt.datetime
    author: Author
    changes: list[Change]


def kin(model: Model) -> list[Model]:
    """Name the models whose rows are edited as one with a row of this model, that one first."""
    return [model, *INNER.get(model, {})]


def family(root: Model, pk: int) -> dict[Model, QuerySet[Any]]:
    """Give all events of a row and of what was ever inside it, by model."""
    found: dict[Model, QuerySet[Any]] = {root: _events(root).filter(pgh_obj=pk)}
    for model, link in INNER.get(root, {}).items():
        events = _events(model)
        if model is RequirementMilestone:
            inside = pk if root is Milestone else found[Requirement].values("pgh_obj")
            lookup = link if root is Milestone else f"{link}__in"
            found[model] = events.filter(**{lookup: inside})
        else:
            # Also what happened to a row before it came here, or after it left.
            found[model] = events.filter(pgh_obj__in=events.filter(**{link: pk}).values("pgh_obj"))
    return found


def _events(model: Any) -> QuerySet[Any]:
    # A model's events have a model of their own, made when it is tracked.
    rows: QuerySet[Any] = model.pgh_event_model._default_manager.order_by()
    return rows


def _with_save(events: QuerySet[Any]) -> QuerySet[Any]:
    context = Cast("pgh_context_id", TextField())
    named: QuerySet[Any] = events.annotate(
        save=Coalesce(context, Cast("pgh_created_at", TextField()))
    )
    return named


def _with_author(events: QuerySet[Any]) -> QuerySet[Any]:
    """Add whose account it was, which events know by its number alone."""
    user = Cast(KeyTextTransform("user", OuterRef("pgh_context")), BigIntegerField())
    named: QuerySet[Any] = events.annotate(
        handle=Subquery(User.objects.filter(pk=user).values("handle"))
    )
    return named


def keys_of_saves(root: Model, pk: int) -> list[str]:
    """Name what was saved of a row, the newest first, in one query."""
    latest: dict[str, tuple[dt.datetime, int]] = {}
    parts = [
        _with_save(events).values_list("save").annotate(Max("pgh_created_at"), Max("pgh_id"))
        for events in family(root, pk).values()
    ]
    for key, at, number in parts[0].union(*parts[1:], all=True):
        latest[key] = max(latest.get(key, (at, number)), (at, number))
    return sorted(latest, key=lambda key: latest[key], reverse=True)


def saves(root: Model, pk: int, keys: Sequence[str]) -> list[Save]:
    """Read these saves, in the order given; two queries a model, however many they are."""
    changes: dict[str, list[Change]] = defaultdict(list)
    known: dict[str, tuple[dt.datetime, Author]] = {}
    for model, events in family(root, pk).items():
        rows = list(
            _with_author(_with_save(events))
            .filter(save__in=keys)
            .annotate(last=Subquery(_earlier(model)))
            .order_by("pgh_id")
        )
        earlier = _events(model).in_bulk([row.last for row in rows if row.last is not None])
        together: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for row in rows:
            known[row.save] = (row.pgh_created_at, Author.of(row))
            together[row.save, row.id].append(row)
        for (key, row_pk), group in together.items():
            before, after = _state(earlier.get(group[0].last)), _state(group[-1])
            if before is None and group[0].pgh_label == "delete":
                before = values_of(group[0])
            if before != after:
                changes[key].append(Change(model, row_pk, before, after, group[-1].pgh_id))
    return [Save(key, *known[key], changes[key]) for key in keys if key in known]


def _earlier(model: Model) -> QuerySet[Any]:
    """The event before an outer one of the same row."""
    # By the column with an index, where there is one.
    row = "id" if model is RequirementMilestone else "pgh_obj"
    before = _events(model).filter(**{row: OuterRef(row)}, pgh_id__lt=OuterRef("pgh_id"))
    return before.order_by("-pgh_id").values("pgh_id")[:1]


def _state(event: Any) -> Values | None:
    return None if event is None or event.pgh_label == "delete" else values_of(event)


def values_of(event: Any) -> Values:
    tracked = event.pgh_tracked_model._meta.concrete_fields
    return {field.attname: getattr(event, field.attname) for field in tracked}


# What is there now, and was at a time


def present(root: Model, pk: int) -> str:
    """Name the newest event of a row and of each model inside it: equal, nothing changed since."""
    parts = [
        events.order_by().values(model=models.Value(number)).annotate(newest=Max("pgh_id"))
        for number, events in enumerate(family(root, pk).values())
    ]
    newest = dict(parts[0].union(*parts[1:], all=True).values_list("model", "newest"))
    return "-".join(str(newest.get(number) or 0) for number in range(len(parts)))


def states_at(root: Model, pk: int, moment: str) -> dict[Model, dict[int, Values]] | None:
    """Give the rows as they were when ``present`` named that moment; None if it names none."""
    numbers = moment.split("-")
    if len(numbers) != len(kin(root)) or not all(
        number.isascii() and number.isdigit() and len(number) < 10 for number in numbers
    ):
        return None
    return {
        model: _standing(events.filter(pgh_id__lte=int(number)))
        for (model, events), number in zip(family(root, pk).items(), numbers, strict=True)
    }


def _standing(events: QuerySet[Any]) -> dict[int, Values]:
    last = events.order_by("id", "-pgh_id").distinct("id")
    return {event.id: values_of(event) for event in last if event.pgh_label != "delete"}


def authors_since(root: Model, pk: int, moment: str) -> dict[tuple[Model, int], tuple[Author, Any]]:
    """Say who last saved each row since that moment, and when."""
    numbers = [int(number) for number in moment.split("-")]
    return {
        (model, event.id): (Author.of(event), event.pgh_created_at)
        for (model, events), number in zip(family(root, pk).items(), numbers, strict=True)
        for event in _with_author(events).filter(pgh_id__gt=number).order_by("pgh_id")
    }


def deleted(model: Model) -> QuerySet[Any]:
    """Give the last events of a model's rows that are gone, the newest first."""
    later = _events(model).filter(pgh_obj=OuterRef("pgh_obj"), pgh_id__gt=OuterRef("pgh_id"))
    gone = _with_author(_with_save(_events(model))).filter(~Exists(later), pgh_label="delete")
    return gone.order_by("-pgh_id")


def last_values(model: Model, pks: Collection[int]) -> dict[int, Values]:
    """Give rows as they are or last were, in one query."""
    if not pks:
        return {}
    last = (
        _events(model)
        .filter(pgh_obj__in=pks)
        .order_by("pgh_obj_id", "-pgh_id")
        .distinct("pgh_obj_id")
    )
    return {event.id: values_of(event) for event in last}


def last_wordings(milestones: Iterable[int]) -> dict[int, str]:
    """Give milestones' wordings as they are or last were, in one query."""
    events = _events(MilestoneRevision).filter(milestone__in=list(milestones))
    last = events.order_by("milestone_id", "-number", "-pgh_id").distinct("milestone_id")
    return dict(last.values_list("milestone", "wording"))


def wordings_by_number(milestone: int) -> dict[int, str]:
    """Give every wording that a milestone had, by the number of its revision."""
    events = _events(MilestoneRevision).filter(milestone=milestone).order_by("pgh_id")
    return dict(events.values_list("number", "wording"))
