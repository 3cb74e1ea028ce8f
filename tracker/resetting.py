"""Unticking a whole track: what it would take, and what of it can still be undone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.template.defaultfilters import pluralize
from django.utils import timezone

from mastery.models import User
from roadmap.models import Level, Track
from roadmap.queries import Manual, ManualMilestone
from tracker.awards import rules_of, shown_by
from tracker.levels import derive, holds
from tracker.models import Award, Completion, Reset
from tracker.queries import Board, Item


@dataclass(frozen=True)
class Plan:
    """What a reset of a track takes: the ticks of milestones that are at home on it.

    One that several tracks share is at home on the first of them that the person chose, and
    without such a one on the first of all: whoever resets all tracks has nothing left.
    """

    track: Track
    # The milestones at home on the track, ticked or not.
    home: list[ManualMilestone]
    ticked: list[Item]
    # Of those ticked, the ones that count on another track too.
    shared: list[Item]
    # Ticked ones that count on this track too, and are at home on another one.
    staying: list[Item]

    @property
    def said(self) -> str:
        return counted(item.milestone for item in self.ticked)


@dataclass(frozen=True)
class Undo:
    """A reset of which something can be put back, and what."""

    reset: Reset
    said: str


def counted(milestones: Iterable[ManualMilestone]) -> str:
    """Say ``3 milestones and 1 deliverable``, as the totals count them."""
    deliverables = [one.deliverable for one in milestones]
    counts = [
        (deliverables.count(False), "milestone"),
        (deliverables.count(True), "deliverable"),
    ]
    return " and ".join(f"{count} {name}{pluralize(count)}" for count, name in counts if count)


def plan_of(board: Board, track: Track) -> Plan:
    """Plan the reset of a track for whoever's board it is."""
    manual, slug = board.manual, track.slug
    chosen = {one.track.slug for one in board.chosen}
    tracks = {
        milestone: list(dict.fromkeys(manual.phases[phase].track for phase in milestone.phases))
        for milestone in manual.milestones.values()
        if milestone.phases
    }
    at_home = {one: next((t for t in on if t in chosen), on[0]) for one, on in tracks.items()}
    home = [one for one in tracks if at_home[one] == slug]
    done = [item for one in tracks if (item := Item(one, board.completions.get(one.pk))).done]
    ticked = [item for item in done if at_home[item.milestone] == slug]
    return Plan(
        track=track,
        home=home,
        ticked=ticked,
        shared=[item for item in ticked if len(tracks[item.milestone]) > 1],
        staying=[
            item
            for item in done
            if slug in tracks[item.milestone] and at_home[item.milestone] != slug
        ],
    )


def cost_of(plan: Plan, user: User, board: Board) -> list[Level]:
    """Give the levels that lose their support with what a plan takes."""
    taken = {item.milestone.pk for item in plan.ticked}
    rest = {pk: row for pk, row in board.completions.items() if pk not in taken}
    manual, shown = board.manual, shown_by(rest, board.manual)
    awards = {award.level_id: award for award in Award.objects.of(user) if award.supported}
    return [
        level
        for level, derivation in zip(manual.levels, derive(rules_of(manual), shown), strict=True)
        if (award := awards.get(level.pk))
        and not (derivation.reached or holds(award.groups, shown))
    ]


def undoable(
    user: User | AnonymousUser, manual: Manual, completions: Mapping[int, Completion]
) -> list[Undo]:
    """Give the resets of which something can be put back, the latest first."""
    unticked = {
        row.pk: milestone
        for milestone in manual.milestones.values()
        if (row := completions.get(milestone.pk)) and not row.done
    }
    if not isinstance(user, User) or not unticked:
        return []
    undos = [
        Undo(reset, counted(unticked[pk] for pk in reset.completions if pk in unticked))
        for reset in Reset.objects.of(user).undoable(timezone.now())
    ]
    return [one for one in undos if one.said]
