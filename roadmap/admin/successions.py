"""Splitting, merging and replacing milestones on the desk, with the form for what follows them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.validators import RegexValidator

from roadmap import operations
from roadmap.admin.base import LineFormField, Sentence, name_of_milestone, worded
from roadmap.admin.operations import (
    NEWCOMERS,
    NOTHING,
    Operation,
    Said,
    keys_of,
    label,
    requirements_of,
)
from roadmap.admin.resting import completions, listing
from roadmap.ledger import ledger
from roadmap.models import Milestone, Requirement, State, Succession
from roadmap.models.fields import SLUG_PATTERN, SLUG_RULE
from roadmap.operations import Successor
from roadmap.successions import mixed

MOST_PARTS = 6


class SuccessorForm(forms.Form):
    """A milestone that follows others: a new one, or by its key one that is there already."""

    key = forms.CharField(
        max_length=60,
        required=False,
        validators=[RegexValidator(SLUG_PATTERN, SLUG_RULE)],
        widget=AdminTextInputWidget,
    )
    wording = LineFormField(
        max_length=250,
        required=False,
        widget=Sentence,
        help_text="What a learner ticks. Empty for one that is there already.",
    )
    kind = forms.ChoiceField(choices=Milestone.Kind.choices)
    counts = forms.BooleanField(required=False)

    def __init__(
        self,
        *args: Any,
        before: Sequence[Milestone],
        asking: Sequence[Requirement] = (),
        takes_live: bool = False,
        needed: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.before, self.takes_live, self.needed = before, takes_live, needed
        there = "draft, retired or live" if takes_live else "draft or retired"
        self.fields[
            "key"
        ].help_text = (
            f"A new one; or that of a {there} milestone, which then comes as it is worded."
        )
        if asking:
            levels = listing(dict.fromkeys(str(each.level) for each in asking))
            self.fields["counts"].label = f"Counts for {levels}"
        else:
            del self.fields["counts"]

    @property
    def filled(self) -> bool:
        """Whether there is anything in it; a kind alone stands there from the start."""
        return self.needed or any(
            self.data.get(self.add_prefix(name), "").strip() for name in ("key", "wording")
        )

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if not self.filled or "key" in self.errors:
            return cleaned
        key, wording = cleaned["key"], cleaned.get("wording", "")
        if not key:
            self.add_error("key", "Give it a key.")
            if not wording and "wording" not in self.errors:
                self.add_error("wording", "Say what a learner ticks.")
            return cleaned
        there = worded(Milestone.objects.filter(key=key)).first()
        if there is None:
            if not wording and "wording" not in self.errors:
                self.add_error("wording", f"{key} is new. Say what a learner ticks.")
        elif there in self.before:
            self.add_error("key", f"{key} cannot follow itself. Give the new one another key.")
        elif there.state == State.LIVE and not self.takes_live:
            self.add_error("key", f"{key} is taken by a live milestone. Choose another key.")
        elif there.latest_wording is None:
            self.add_error("key", f"{key} has no wording yet. Give it one on its own form first.")
        elif wording and wording != there.latest_wording:
            self.add_error(
                "wording",
                f"{key} exists already, worded “{there.latest_wording}”. Leave this empty to take "
                "it as it is, or choose another key.",
            )
        return cleaned

    @property
    def successor(self) -> Successor:
        given = self.cleaned_data
        return Successor(key=given["key"], wording=given["wording"], kind=given["kind"])


class SuccessionOperation(Operation):
    needs, leaves = State.LIVE, State.RETIRED
    picks = False
    # How many milestones follow at least and at most.
    parts: ClassVar[tuple[int, int]] = (1, 1)
    takes_live: ClassVar[bool] = False
    asks_what_counts: ClassVar[bool] = False

    def __init__(self, chosen: Sequence[Any], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(chosen, data)
        self.asking = requirements_of(self.rows)
        needed, most = self.parts
        keys = self.keys_of_last_time() if data is None else []
        self.forms = [
            SuccessorForm(
                data,
                prefix=f"new-{number}",
                before=self.rows,
                asking=self.asking if self.asks_what_counts else (),
                takes_live=self.takes_live,
                needed=number < needed,
                initial={
                    "key": keys[number] if number < len(keys) else "",
                    "kind": self.rows[0].kind if self.rows else Milestone.Kind.BUILD,
                },
            )
            for number in range(most)
        ]

    def keys_of_last_time(self) -> list[str]:
        """Give what followed these before it was undone, so that doing it again is a click."""
        same = self.same_rows(Succession.objects.exclude(undone=None))
        there = [one.key for one in same.after.all() if one.state != State.LIVE] if same else []
        return there[: self.parts[1]]

    def same_rows(self, successions: Any) -> Succession | None:
        """Give the last operation of this kind on just these rows, of some operations."""
        pks = {row.pk for row in self.chosen}
        if not pks:
            return None
        of_kind = successions.filter(kind=self.name, before__in=pks).distinct()
        return next(
            (
                each
                for each in of_kind.prefetch_related("before", "after")
                if {one.pk for one in each.before.all()} == pks
            ),
            None,
        )

    def needless(self) -> str:
        standing = Succession.objects.filter(undone=None)
        done = None if self.rows else self.same_rows(standing)
        if done:
            names, were = listing(map(label, self.chosen)), "was" if self.most == 1 else "were"
            into = keys_of(done.after.all())
            by = "by" if self.name == Succession.Kind.REPLACE else "into"
            return f"{NOTHING} {names} {were} {self.past} already, {by} {into}."
        return super().needless()

    def fieldsets(self) -> list[AdminForm]:
        made = []
        for number, form in enumerate(self.forms, start=1):
            optional = not (form.needed or form.errors or form.filled or form.initial["key"])
            title = (
                f"New milestone {number}" if len(self.forms) > 1 else "The milestone that follows"
            )
            options: Any = {
                "fields": list(form.fields),
                "classes": ["collapse"] if optional else [],
            }
            made.append(AdminForm(form, [(title, options)], {}))  # type: ignore[arg-type]
        return made

    def filled(self) -> list[SuccessorForm]:
        return [form for form in self.forms if form.filled]

    def is_valid(self) -> bool:
        filled = self.filled()
        # Each of them is checked, so that all errors are shown at once.
        return all([form.is_valid() for form in filled])  # noqa: C419

    @cached_property
    def stake_said(self) -> str:
        stakes = ledger().stakes([row.pk for row in self.rows])
        return ", and ".join(
            f"{completions(stakes[row.pk])} of {row.key}"
            if len(self.rows) > 1
            else completions(stakes[row.pk])
            for row in self.rows
        )

    def levels(self) -> list[Said]:
        said = listing(dict.fromkeys(str(each.level) for each in self.asking))
        if not said:
            return []
        how = (
            "Say below which of the new ones count for that; any one of them does."
            if self.asks_what_counts
            else "The one that follows counts for that too."
        )
        names = "them" if len(self.rows) > 1 else "it"
        return [Said(said, f"Asks for {names}. {how} Who reached it keeps it.")]

    def undo(self) -> tuple[str, Sequence[Any], str]:
        return "restore", self.rows, "Undo: restore…"


class Split(SuccessionOperation):
    name, verb, past, done = "split", "Split", "split", "retired"
    most = 1
    parts = (2, MOST_PARTS)
    asks_what_counts = True

    def consequences(self) -> list[Said]:
        key = self.rows[0].key
        return [
            Said(NEWCOMERS, f"The new ones stand wherever {key} stood. {key} leaves the roadmap."),
            Said(
                "Learners who did it",
                f"They keep {key} as done, with its date and evidence, and are asked to confirm "
                "the new ones. Nothing is ticked for them.",
            ),
            *self.levels(),
        ]

    def is_valid(self) -> bool:
        valid = super().is_valid()
        seen: set[str] = set()
        for form in self.filled():
            key = str(form.cleaned_data.get("key", ""))
            if key and key in seen:
                form.add_error("key", f"{key} stands above already. Give each a key of its own.")
                valid = False
            seen.add(key)
        if valid and self.asking and not self.counting():
            levels = listing(dict.fromkeys(str(each.level) for each in self.asking))
            self.forms[0].add_error(
                "counts",
                f"{levels} asks for {self.names}. Tick at least one of the new milestones to "
                "count for that.",
            )
            valid = False
        return valid

    def counting(self) -> set[str]:
        return {
            form.cleaned_data["key"] for form in self.filled() if form.cleaned_data.get("counts")
        }

    def run(self) -> str:
        said = self.stake_said
        into = [form.successor for form in self.filled()]
        done = operations.split(self.rows[0], into, self.counting())
        return (
            f"Split {self.names} into {keys_of(done.after.all())}. All of {self.names} is "
            f"kept: {said}. Whoever did it is asked to confirm the new ones."
        )


class Replace(SuccessionOperation):
    name, verb, past, done = "replace", "Replace", "replaced", "retired"
    most = 1
    takes_live = True

    def consequences(self) -> list[Said]:
        key = self.rows[0].key
        return [
            Said(
                NEWCOMERS, f"The other one stands wherever {key} stood. {key} leaves the roadmap."
            ),
            Said(
                "Learners who did it",
                f"They keep {key} as done, with its date and evidence, and are asked to confirm "
                "the other one. Nothing is ticked for them.",
            ),
            *self.levels(),
        ]

    def run(self) -> str:
        said = self.stake_said
        done = operations.replace(self.rows[0], self.forms[0].successor)
        return (
            f"Replaced {self.names} by {keys_of(done.after.all())}. All of {self.names} is "
            f"kept: {said}. Whoever did it is asked to confirm the other."
        )


class Merge(SuccessionOperation):
    name, verb, past, done = "merge", "Merge", "merged", "retired"
    fewest = 2

    def candidates(self) -> list[tuple[int, str]]:
        pks = [row.pk for row in self.rows]
        # Deliverables and other milestones are counted apart, so they stay apart.
        alike = Milestone.objects.published().filter(deliverable=self.rows[0].deliverable)
        beside = alike.filter(placements__phase__milestones__in=pks)
        return [
            (one.pk, name_of_milestone(one))
            for one in worded(beside.exclude(pk__in=pks).distinct())
        ]

    def obstacles(self) -> list[str]:
        return list(mixed(self.rows))

    @cached_property
    def did_all(self) -> int:
        return ledger().all_done([row.pk for row in self.rows])

    def consequences(self) -> list[Said]:
        people = "1 learner" if self.did_all == 1 else f"{self.did_all} learners"
        given = (
            f"{people} did all of them and will have the new one as done, on the latest of their "
            "days, with the evidence of all."
            if self.did_all
            else "Nobody did all of them, so nobody will have the new one as done."
        )
        return [
            Said(NEWCOMERS, "One milestone stands where these stood. They leave the roadmap."),
            Said("Learners who did all of them", given),
            Said(
                "Learners who did some of them",
                "They keep those, with dates and evidence, under “no longer on the roadmap”. The "
                "new one is open for them.",
            ),
            *self.levels(),
        ]

    def run(self) -> str:
        did_all, said = self.did_all, self.stake_said
        done = operations.merge(self.rows, self.forms[0].successor)
        key = keys_of(done.after.all())
        have = (
            "1 learner who did all of them has"
            if did_all == 1
            else (f"{did_all} learners who did all of them have")
        )
        return f"Merged {self.names} into {key}. {have} {key} done too. All kept: {said}."
