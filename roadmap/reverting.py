"""Putting back what a save changed, as a new change of today.

What a save changed goes back to what it was before; what others changed since stays, except in the
same fields. Nothing is done by halves: what cannot go back is said before, and then nothing does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from mastery.differences import Piece, pieces_of
from roadmap import history, operations
from roadmap.history import Change, Model, Save, Values
from roadmap.models import (
    DeliverablePart,
    Level,
    Milestone,
    MilestoneRevision,
    Placement,
    Requirement,
    State,
)
from roadmap.models.milestones import RequirementMilestone
from roadmap.telling import NOISE, FieldTold, Names, difference, in_full, kind_name, label, row_name

# What operations change, with what that means for learners; going back is an operation too.
STATE = "The state stays as it is. “Retire”, “Restore” and “Publish” change it."
RELEASE = "The set it is published with stays as it is. The row’s form changes it."
ADDRESS = "The {name} stays as it is: addresses and learners’ records know it."
NOT_PUT_BACK = {"state", "release", "slug", "key"}


@dataclass(frozen=True, slots=True)
class Step:
    """What putting back does to one row. Before None: it comes back; after None: it goes."""

    model: Model
    pk: int
    before: Values | None
    after: Values | None
    title: str
    fields: list[FieldTold] = field(default_factory=list)

    @property
    def what(self) -> str:
        if self.before is None:
            return "comes back"
        return "is taken out" if self.after is None else "goes back to what it was"


@dataclass(slots=True)
class Plan:
    """What putting a save back would do today."""

    steps: list[Step] = field(default_factory=list)
    # The wording to go back to, and today's; None: it stays.
    wording: tuple[str, str] | None = None
    # Sentences: what stays all the same, what was changed again since, why nothing can be done.
    stays: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.steps and self.wording is None

    @property
    def wording_pieces(self) -> list[Piece]:
        return pieces_of(self.wording[1], self.wording[0]) if self.wording else []


class CannotPutBackError(Exception):
    """Nothing was put back; ``reasons`` are sentences that say why."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def plan(root: Model, pk: int, save: Save, row: str = "") -> Plan:
    """Plan to put back a save of a row, or of it one row alone, named as in ``row_name``.

    Changes nothing; the number of queries is that of the kinds of rows.
    """
    return _Planner(root, pk, save, row).plan


class _Planner:
    def __init__(self, root: Model, pk: int, save: Save, row: str) -> None:
        self.root, self.pk = root, pk
        self.changes = list(_chosen(save.changes, row))
        self.today = _today(self.changes)
        values = [
            (change.model, values)
            for change in self.changes
            for values in (change.before, change.after, self.today[change.model].get(change.pk))
            if values is not None
        ]
        self.names = Names.around(values)
        self.plan = Plan()
        # Parents come before what is in them, and go after it.
        for change in sorted(self.changes, key=lambda change: _depth(root, change.model)):
            self.look_at(change)
        self.plan.reasons += self.hindrances()
        self.plan.stays = list(dict.fromkeys(self.plan.stays))

    def look_at(self, change: Change) -> None:
        now = self.today[change.model].get(change.pk)
        title = self.title(change)
        if change.model is MilestoneRevision and self.rewords(change):
            return
        if change.before is None:
            self.take_out(change, now, title)
        elif now is None:
            self.bring_back(change, title)
        elif change.after is not None:
            self.set_back(change, now, title)

    def title(self, change: Change) -> str:
        if change.model is self.root:
            return self.names.of(change.model, change.values)
        return self.names.title(change.model, change.values)

    def rewords(self, change: Change) -> bool:
        """Plan for a wording; whether that is all that its row needs."""
        if change.before is not None and change.after is None:
            # It went with its milestone and comes back with it.
            return False
        numbers = [
            other.values["number"]
            for other in self.changes
            if other.model is MilestoneRevision and other.before is None
        ]
        if not numbers or change.values["number"] != min(numbers):
            return True
        wordings = history.wordings_by_number(self.pk)
        was, now = wordings.get(min(numbers) - 1), wordings[max(wordings)]
        if was is None:
            self.plan.stays.append("The wording stays: there was none before it.")
        elif was != now:
            self.plan.wording = (was, now)
            if max(wordings) > max(numbers):
                self.plan.again.append("The wording was changed again since.")
        return True

    def take_out(self, change: Change, now: Values | None, title: str) -> None:
        if now is None:
            return
        if change.model is self.root:
            self.plan.reasons.append(
                f"This is how the {kind_name(self.root)} began: there is nothing before it. "
                "Delete or retire it instead."
            )
            return
        if _differs(change.model, change.after, now):
            self.plan.again.append(f"{title} was changed again since. That goes with it.")
        self.plan.steps.append(
            Step(change.model, change.pk, now, None, title, self.all_of(change, came=False))
        )

    def bring_back(self, change: Change, title: str) -> None:
        assert change.before is not None
        if change.after is not None:
            self.plan.reasons.append(
                f"{title} was deleted since. Put that deletion back first, then this."
            )
            return
        values = dict(change.before)
        if change.model is self.root and values.get("state") == State.LIVE:
            # Learners are told of what comes to the roadmap, and that is publishing it.
            values["state"] = State.DRAFT
            self.plan.stays.append("It comes back as a draft. “Publish” puts it on the roadmap.")
        self.plan.steps.append(
            Step(change.model, change.pk, None, values, title, self.all_of(change, came=True))
        )

    def set_back(self, change: Change, now: Values, title: str) -> None:
        assert change.before is not None
        assert change.after is not None
        after, told = dict(now), []
        for column in change.differing:
            name = column.attname
            if column.name in {"since", "created"}:
                continue
            if column.name in NOT_PUT_BACK:
                self.plan.stays.append(
                    {"state": STATE, "release": RELEASE}.get(
                        column.name, ADDRESS.format(name=column.name)
                    )
                )
                continue
            if now[name] == change.before[name]:
                continue
            if now[name] != change.after[name] and column.name not in NOISE:
                self.plan.again.append(f"{title}: “{label(column)}” was changed again since.")
            after[name] = change.before[name]
            told.append(FieldTold(label(column), self.between(column, now, after)))
        if after != now:
            self.plan.steps.append(Step(change.model, change.pk, now, after, title, told))

    def all_of(self, change: Change, *, came: bool) -> list[FieldTold]:
        return in_full(self.root, change.model, change.values, self.names, came=came)

    def between(self, column: "models.Field[Any, Any]", now: Values, after: Values) -> list[Piece]:
        return difference(column, now, after, self.names)

    # What stands in the way

    def hindrances(self) -> Iterator[str]:
        coming = {(step.model, step.pk) for step in self.plan.steps if step.before is None}
        going = {(step.model, step.pk) for step in self.plan.steps if step.after is None}
        for step in self.plan.steps:
            if step.after is not None:
                yield from self.gone(step, coming)
        yield from self.homeless(going)
        yield from self.unmet(coming, going)
        yield from self.parts(coming, going)

    def gone(self, step: Step, coming: set[tuple[Model, int]]) -> Iterator[str]:
        """Name what a row points at and is no more."""
        assert step.after is not None
        for column in step.model._meta.concrete_fields:
            target = step.after.get(column.attname)
            if not isinstance(column, models.ForeignKey) or target is None:
                continue
            model = column.related_model
            there = model._base_manager.filter(pk=target).exists()
            if not there and (model, target) not in coming:
                name = self.names.name(model, target)
                yield (
                    f"{step.title} needs the {kind_name(model)} “{name}”, which was deleted. "
                    "Bring that back first."
                )

    def homeless(self, going: set[tuple[Model, int]]) -> Iterator[str]:
        places = [pk for model, pk in going if model is Placement]
        for place in Placement.objects.filter(pk__in=places).select_related("milestone"):
            milestone = place.milestone
            others = milestone.placements.exclude(pk__in=places)
            if milestone.state != State.DRAFT and not others.exists():
                yield (
                    f"No other phase holds {milestone.key}. Give it another place first, "
                    "or retire it."
                )

    def unmet(self, coming: set[tuple[Model, int]], going: set[tuple[Model, int]]) -> Iterator[str]:
        """Name the requirements that would ask for nothing."""
        pairs: dict[int, int] = defaultdict(int)
        for step in self.plan.steps:
            values = step.after or step.before or {}
            if step.model is RequirementMilestone:
                pairs[values["requirement_id"]] += 1 if step.before is None else -1
            elif step.model is Requirement and step.before is None:
                pairs[step.pk] += 0
        left = {(Requirement, pk) for pk in pairs} - going
        for model, pk in sorted(left, key=lambda row: row[1]):
            there = RequirementMilestone._base_manager.filter(requirement=pk).count()
            if there + pairs[pk] < 1:
                yield (
                    f"{self.names.title(model, self.values_of(model, pk))} would ask for nothing. "
                    "Change it in the form of its level."
                )

    def values_of(self, model: Model, pk: int) -> Values:
        return history.last_values(model, [pk])[pk]

    def parts(self, coming: set[tuple[Model, int]], going: set[tuple[Model, int]]) -> Iterator[str]:
        if self.root is not Milestone:
            return
        rows = [step for step in self.plan.steps if step.model is Milestone]
        now = self.today.get(Milestone, {}).get(self.pk)
        values = rows[0].after if rows else now or Milestone.objects.filter(pk=self.pk).values()[0]
        if values is None or values["deliverable"]:
            return
        leaving = [pk for model, pk in going if model is DeliverablePart]
        staying = DeliverablePart.objects.filter(milestone=self.pk).exclude(pk__in=leaving)
        if staying.exists() or any(model is DeliverablePart for model, _pk in coming):
            yield "Only a deliverable has parts. Put both back together, or use the form."


def _chosen(changes: Iterable[Change], row: str) -> Iterator[Change]:
    """Give the changes of one row, with what ties it to others; all of them without a row."""
    for change in changes:
        tied = change.model is RequirementMilestone and row == row_name(
            Requirement, change.values["requirement_id"]
        )
        if not row or tied or row == row_name(change.model, change.pk):
            yield change


def _depth(root: Model, model: Model) -> int:
    return history.kin(root).index(model)


def _today(changes: Iterable[Change]) -> dict[Model, dict[int, Values]]:
    wanted: dict[Model, list[int]] = defaultdict(list)
    for change in changes:
        wanted[change.model].append(change.pk)
    return {
        model: {row["id"]: row for row in model._base_manager.filter(pk__in=pks).values()}
        for model, pks in wanted.items()
    }


def _differs(model: Model, one: Values | None, other: Values) -> bool:
    return one is None or any(
        one.get(column.attname) != other.get(column.attname)
        for column in model._meta.concrete_fields
        if column.name not in NOISE
    )


def rehearse(root: Model, pk: int, save: Save, row: str = "") -> Plan:
    """Plan, and try it on the rows without keeping anything, to hear what the database says."""
    found = plan(root, pk, save, row)
    if not found.reasons:
        try:
            with transaction.atomic():
                _put_back_rows(found.steps)
                transaction.set_rollback(True)
        except CannotPutBackError as error:
            found.reasons = error.reasons
    return found


@transaction.atomic
def put_back(root: Model, pk: int, save: Save, row: str = "", *, change: str = "") -> Plan:
    """Put back a save, or one row of it. ``change`` says of a wording that goes back whether it
    asks for something else than today's.

    Raises:
        CannotPutBackError: something stands in the way; nothing was changed.
    """
    pghistory.context(did="put back")
    list(root._base_manager.select_for_update().filter(pk=pk).values("pk"))
    found = plan(root, pk, save, row)
    if found.reasons:
        raise CannotPutBackError(found.reasons)
    _put_back_rows(found.steps)
    if found.wording is not None:
        _reword(Milestone.objects.get(pk=pk), found.wording, change)
    if root is Level and found.steps:
        operations.rules_changed()
    return found


def _put_back_rows(steps: list[Step]) -> None:
    try:
        with transaction.atomic():
            for step in reversed(steps):
                if step.after is None:
                    step.model._base_manager.filter(pk=step.pk).delete()
            reasons = [reason for step in steps for reason in _write(step)]
            if reasons:
                raise CannotPutBackError(reasons)
    except (IntegrityError, models.ProtectedError):
        raise CannotPutBackError(
            ["Something else stands on it or takes its place. Look at the row’s form."]
        ) from None


def _write(step: Step) -> Iterator[str]:
    """Bring a row back, or set it back; say what is wrong with it, and then do not."""
    if step.after is None:
        return
    row = step.model(**step.after)
    row._state.adding = step.before is None
    columns = step.model._meta.concrete_fields
    try:
        # Whether what it points at is there was looked for before.
        row.clean_fields(exclude={one.name for one in columns if one.is_relation})
        row.validate_unique(exclude={"id"})
        row.validate_constraints(exclude={"id"})
    except ValidationError as error:
        for messages in error.message_dict.values():
            yield from (f"{step.title} cannot be put back. {message}" for message in messages)
        return
    if step.before is None:
        # As it stood, with its old key and days.
        row.save_base(raw=True, force_insert=True)
    else:
        names = [one.name for one in columns if step.before[one.attname] != step.after[one.attname]]
        row.save(update_fields=names)


def _reword(milestone: Milestone, wording: tuple[str, str], change: str) -> None:
    was, now = wording
    milestone.reword(was, change)
    if change == MilestoneRevision.Change.MATERIAL and milestone.state == State.LIVE:
        operations.tell_of_wording(milestone, now)
