"""Unticking a whole track: what it would take, and what of it can still be undone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from mastery.models import User
from roadmap.models import Track
from roadmap.queries import Manual, ManualMilestone
from tracker.awards import counts_for_a_level
from tracker.models import Completion, Reset
from tracker.queries import Item


@dataclass(frozen=True)
class Plan:
    """What a reset of a track takes: the ticks of milestones that have their box on it."""

    track: Track
    # The milestones whose first phase is on the track, ticked or not.
    home: list[ManualMilestone]
    ticked: list[Item]
    # Of those ticked, the ones that count on another track too.
    shared: list[Item]
    # Ticked ones that count on this track too, and have their box on another one.
    staying: list[Item]
    # Whether a level may rest on what is taken.
    levels: bool

    @property
    def milestones(self) -> int:
        return sum(not item.milestone.deliverable for item in self.ticked)

    @property
    def deliverables(self) -> int:
        return len(self.ticked) - self.milestones


def plan_of(manual: Manual, track: Track, completions: Mapping[int, Completion]) -> Plan:
    items = {
        milestone: [manual.phases[slug].track for slug in milestone.phases]
        for milestone in manual.milestones.values()
    }
    home = [one for one, tracks in items.items() if tracks[:1] == [track.slug]]
    ticked = [item for one in home if (item := Item(one, completions.get(one.pk))).done]
    return Plan(
        track=track,
        home=home,
        ticked=ticked,
        shared=[item for item in ticked if set(items[item.milestone]) != {track.slug}],
        staying=[
            item
            for one, tracks in items.items()
            if track.slug in tracks[1:]
            and tracks[0] != track.slug
            and (item := Item(one, completions.get(one.pk))).done
        ],
        levels=any(item.shown and counts_for_a_level(manual, item.key) for item in ticked),
    )


def undoable(user: User | AnonymousUser, completions: Mapping[int, Completion]) -> list[Reset]:
    """Give the resets of which something can be put back, the latest first."""
    unticked = {row.pk for row in completions.values() if not row.done}
    if not isinstance(user, User) or not unticked:
        return []
    resets = Reset.objects.of(user).undoable(timezone.now())
    return [reset for reset in resets if not unticked.isdisjoint(reset.completions)]
