"""What learners have that rests on milestones, as far as changing the content needs to know it.

The roadmap knows no user. The app that keeps learners' records puts its ledger here when it
starts, and every operation on content goes through it.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stake:
    """How much rests on one milestone: numbers of learners, never who they are."""

    done: int = 0
    # Of those who are done: with any evidence, and with what its kind asks for.
    with_evidence: int = 0
    shown: int = 0
    # Not done, and there is something all the same: an untick, a note, steps of their own.
    beside: int = 0

    @property
    def anybody(self) -> bool:
        return bool(self.done or self.beside)

    def __str__(self) -> str:
        """Say it as an editor reads it: ``214 completions, 12 with evidence``."""
        done = f"{self.done} completion{'' if self.done == 1 else 's'}"
        more = f", {self.with_evidence} with evidence" if self.with_evidence else ""
        beside = f"; {self.beside} more kept something beside it" if self.beside else ""
        return done + more + beside


class Ledger(Protocol):
    """Milestones and revisions are named by primary keys; each change is one transaction's."""

    def stakes(self, milestones: Collection[int]) -> Mapping[int, Stake]:
        """Say what rests on each of these milestones, in a fixed number of queries."""

    def all_done(self, milestones: Collection[int]) -> int:
        """Count the learners who have done every one of these; nobody has done all of nothing."""

    def move_on(self, old: int, new: int) -> int:
        """Move completions from one revision to the next, which says the same in other words."""

    def carry(self, sources: Collection[int], target: int, *, now: dt.datetime) -> int:
        """Make a milestone done for whoever has done all its sources, on the latest of their days,
        with the evidence of all; count those people. What they have of it already stays."""

    def settle(self, milestones: Collection[int]) -> None:
        """Bring levels in line for whoever has shown one of these, once they count otherwise."""

    def put_back(self, target: int, *, now: dt.datetime) -> int:
        """Take back what ``carry`` gave and nobody touched since; count those people."""


_kept: Ledger | None = None


def keep(ledger: Ledger) -> None:
    global _kept
    _kept = ledger


def ledger() -> Ledger:
    assert _kept is not None, "no app keeps learners' records"
    return _kept
