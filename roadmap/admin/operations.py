"""Retiring, restoring and publishing on the desk, each on a page that says what it touches.

A page is looked at by GET and does what it says by POST; sent twice, it changes nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin.helpers import AdminForm

from roadmap import operations
from roadmap.admin.base import worded
from roadmap.admin.resting import Resting, completions, listing, resting, together
from roadmap.models import Milestone, Phase, Release, Requirement, State, Succession
from roadmap.successions import not_undone


@dataclass(frozen=True, slots=True)
class Said:
    """What an operation means for somebody."""

    whom: str
    what: str


class Operation:
    """One send or one look of an operation's page, about the rows that were chosen."""

    # In the address, and of the action.
    name: ClassVar[str]
    verb: ClassVar[str]
    # What was done to a row by it, and what a row is that had it done before.
    past: ClassVar[str]
    done: ClassVar[str]
    # What state a row must have for it, and what it has afterwards.
    needs: ClassVar[State]
    leaves: ClassVar[State]
    fewest: ClassVar[int] = 1
    most: ClassVar[int | None] = None
    # Whether chosen rows that it is not for are left alone; otherwise it is refused.
    picks: ClassVar[bool] = True

    def __init__(self, chosen: Sequence[Any], data: Mapping[str, Any] | None = None) -> None:
        self.chosen = chosen
        self.data = data
        self.rows = [row for row in chosen if row.state == self.needs]
        self.others = [row for row in chosen if row.state != self.needs]
        self.refused: list[str] = []

    @property
    def names(self) -> str:
        return listing(label(row) for row in self.rows)

    @property
    def title(self) -> str:
        many = self.rows[0]._meta.verbose_name_plural
        return f"{self.verb} " + (
            self.names
            if len(self.rows) == 1 or (self.of_milestones and len(self.rows) <= MOST_NAMED)
            else f"{len(self.rows)} {many}"
        )

    @property
    def button(self) -> str:
        """The title, as far as it goes on a button."""
        short = self.of_milestones or len(self.rows) > 1
        return self.title if short else f"{self.verb} this {self.rows[0]._meta.verbose_name}"

    @property
    def left_alone(self) -> str:
        """Say which of the chosen rows it is not for."""
        said = [f"{label(row)} is {row.state}" for row in self.others]
        return f"Left as it is: {listing(said)}." if said else ""

    @property
    def of_milestones(self) -> bool:
        return bool(self.chosen) and isinstance(self.chosen[0], Milestone)

    def needless(self) -> str:
        """Say why there is nothing to do, as after a second send; nothing when there is."""
        if not self.chosen:
            return f"Choose what to {self.name} first."
        if not self.rows and all(row.state == self.leaves for row in self.chosen):
            return f"{NOTHING} {listing(map(label, self.chosen))} {self.are} {self.done} already."
        if not self.rows or (self.others and not self.picks):
            wrong = listing(f"{label(row)} is {row.state}" for row in self.others)
            return f"{NOTHING} Only what is {self.needs} can be {self.past}, and {wrong}."
        if self.lacks_rows and not self.candidates():
            return f"{NOTHING} Nothing stands beside {self.names} to {self.name} it with."
        if self.most and len(self.rows) > self.most:
            return f"{NOTHING} {self.verb} one at a time."
        return ""

    @property
    def are(self) -> str:
        return "is" if len(self.chosen) == 1 else "are"

    def candidates(self) -> list[tuple[int, str]]:
        """Give the primary keys and names of what too few chosen rows may be joined by."""
        return []

    @property
    def lacks_rows(self) -> bool:
        return len(self.rows) < self.fewest

    def resting(self) -> list[Resting]:
        return resting(self.rows)

    def obstacles(self) -> list[str]:
        """Say what is in its way before anything is sent; nothing when it can go on."""
        return []

    def consequences(self) -> list[Said]:
        """Say in sentences what it means, each with whom it is for."""
        return []

    def fieldsets(self) -> list[AdminForm]:
        return []

    def is_valid(self) -> bool:
        return True

    def run(self) -> str:
        """Do it, and say what was done.

        Raises:
            RefusedError: it may not be done; what is on the page stays.
        """
        raise NotImplementedError

    def undo(self) -> tuple[str, Sequence[Any], str]:
        """Give the operation that takes it back, the rows it is asked for, and the link's words."""
        raise NotImplementedError


NOTHING = "Nothing was changed."
# Keys in a title; of more, it counts them.
MOST_NAMED = 4


class Retire(Operation):
    name, verb, past, done = "retire", "Retire", "retired", "retired"
    needs, leaves = State.LIVE, State.RETIRED

    def obstacles(self) -> list[str]:
        return operations.levels_lost(self.rows)

    def consequences(self) -> list[Said]:
        if self.of_milestones:
            learners = (
                "They keep it under “no longer on the roadmap”, with its date and evidence. It "
                "counts for them as it did, and for nobody else."
            )
            said = [
                Said(NEWCOMERS, "It leaves their pages and their totals."),
                Said("Learners who did it", learners),
            ]
        elif self.rows and isinstance(self.rows[0], Phase):
            said = [
                Said(
                    NEWCOMERS, "The phase leaves the map and every list; its address shows nothing."
                ),
                Said(
                    "Learners who are on it",
                    "They keep every completion, date and piece of evidence. A milestone that "
                    "another live phase holds too goes on there.",
                ),
            ]
        else:
            said = [
                Said("Learners", "It leaves every page that shows it. Nothing of theirs changes.")
            ]
        return [*said, *asked_for(self.rows)]

    def run(self) -> str:
        rests = resting(self.rows)
        operations.retire(self.rows)
        stakes = [one.stake for one in rests if one.stake]
        kept = f" All kept: {completions(together(stakes))}." if stakes else ""
        return f"Retired {self.names}.{kept}"

    def undo(self) -> tuple[str, Sequence[Any], str]:
        return "restore", self.rows, "Undo: restore…"


class Restore(Operation):
    name, verb, past, done = "restore", "Restore", "restored", "live"
    needs, leaves = State.RETIRED, State.LIVE

    def __init__(self, chosen: Sequence[Any], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(chosen, data)
        self.undone = operations.successions_of(self.rows)

    def obstacles(self) -> list[str]:
        return list(not_undone(self.undone, self.rows))

    def resting(self) -> list[Resting]:
        """The rows themselves, then what comes back and what leaves with them."""
        touched = [one for each in self.undone for one in [*each.before.all(), *each.brought.all()]]
        more = {one.pk for one in touched} - {row.pk for row in self.rows}
        rows = [*self.rows, *worded(Milestone.objects.filter(pk__in=more))] if more else self.rows
        return resting(rows)

    def consequences(self) -> list[Said]:
        back = "It is" if len(self.rows) == 1 else "They are"
        said = [
            Said(NEWCOMERS, f"{back} on the roadmap again, in the same places as before."),
            Said("Learners who kept it", "What they have counts as it did before it was retired."),
        ]
        for succession in self.undone:
            before, brought = list(succession.before.all()), list(succession.brought.all())
            kind, after = succession.get_kind_display().lower(), keys_of(succession.after.all())
            text = f"The {kind} of {keys_of(before)} into {after} is undone."
            if len(before) > 1:
                text += f" {keys_of(before)} all come back."
            if brought:
                leave = "leaves the roadmap and stays" if len(brought) == 1 else "leave and stay"
                text += f" {keys_of(brought)} {leave} with whoever did it."
            said.append(Said("What it undoes", text))
            if succession.kind == Succession.Kind.MERGE:
                said.append(
                    Said(
                        "Learners who were given it",
                        f"Who had {after} by the merge alone and did nothing with it since has it "
                        "taken back; what they did before stands, with its dates and evidence.",
                    )
                )
        return said

    def run(self) -> str:
        operations.restore(self.rows)
        undone = [
            f" The {each.get_kind_display().lower()} into {keys_of(each.after.all())} is undone."
            for each in self.undone
        ]
        return f"Restored {self.names}.{''.join(undone)}"

    def undo(self) -> tuple[str, Sequence[Any], str]:
        if self.undone:
            last = self.undone[0]
            return last.kind, list(last.before.all()), f"Undo: {last.kind} again…"
        return "retire", self.rows, "Undo: retire…"


class Publish(Operation):
    name, verb, past, done = "publish", "Publish", "published", "live"
    needs, leaves = State.DRAFT, State.LIVE

    def obstacles(self) -> list[str]:
        # They are published by themselves: with a set that holds nothing else.
        return operations.not_ready(Release(pk=0), self.rows)

    def consequences(self) -> list[Said]:
        said = [
            Said("Learners", "They see it at once, and are told that it is new."),
            *asked_for(self.rows),
        ]
        sets = {row.release_id for row in self.rows if row.release_id}
        for release in Release.objects.drafts().filter(pk__in=sets):
            out = f"It leaves the set “{release}”, whose other drafts wait for the set."
            said.append(Said("Its set", out))
        return said

    def run(self) -> str:
        operations.publish_alone(self.rows)
        return f"Published {self.names}. Learners are told of it."

    def undo(self) -> tuple[str, Sequence[Any], str]:
        return "retire", self.rows, "Undo: retire…"


NEWCOMERS = "Newcomers"


def label(row: Any) -> str:
    return row.key if isinstance(row, Milestone) else f"“{row}”"


def keys_of(milestones: Iterable[Milestone]) -> str:
    return listing(milestone.key for milestone in milestones)


def requirements_of(rows: Sequence[Any]) -> list[Requirement]:
    """Give what levels ask milestones for; nothing for rows of another kind."""
    pks = [row.pk for row in rows if isinstance(row, Milestone)]
    asking = Requirement.objects.filter(any_of__in=pks).select_related("level").distinct()
    return list(asking) if pks else []


def asked_for(rows: Sequence[Any]) -> list[Said]:
    asking = list(dict.fromkeys(str(each.level) for each in requirements_of(rows)))
    if not asking:
        return []
    ask = "Asks" if len(asking) == 1 else "Ask"
    return [Said(listing(asking), f"{ask} for it. Who reached a level keeps it.")]
