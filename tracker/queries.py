"""What the tracker shows of one person's work: two queries, whatever the amount of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser

from mastery.models import User
from roadmap.models import Track
from roadmap.queries import Manual, ManualMilestone, ManualPhase
from tracker.models import Completion
from tracker.progress import Total, total


@dataclass(frozen=True)
class Item:
    """A milestone as one person sees it; ``completion`` is kept while unticked."""

    milestone: ManualMilestone
    completion: Completion | None
    # The phase that shows its box, when that is another one on the same page.
    shown_in: ManualPhase | None = None

    @property
    def done(self) -> bool:
        return self.completion is not None and self.completion.done

    @property
    def key(self) -> str:
        return self.milestone.key

    @property
    def reworded(self) -> bool:
        """Whether the tick was given for an earlier wording."""
        return (
            self.completion is not None
            and self.completion.done
            and self.completion.revision_id != self.milestone.revision_pk
        )


@dataclass(frozen=True)
class PhaseProgress:
    phase: ManualPhase
    items: list[Item]
    deliverables: list[Item]
    total: Total

    @property
    def shipped(self) -> bool:
        return bool(self.deliverables) and all(item.done for item in self.deliverables)

    @property
    def next_item(self) -> Item | None:
        return next((item for item in [*self.items, *self.deliverables] if not item.done), None)


@dataclass(frozen=True)
class TrackProgress:
    track: Track
    phases: list[PhaseProgress]
    total: Total
    chosen: bool

    @property
    def label(self) -> str:
        return self.track.name if self.chosen else f"{self.track.name} (not counted)"


@dataclass(frozen=True)
class Board:
    """Everything one person has done and has before them."""

    tracks: list[TrackProgress]
    total: Total
    completions: Mapping[int, Completion]
    # What this person did and no phase shows any more: it stays with them.
    off_the_roadmap: list[Item]

    @property
    def phases(self) -> dict[str, PhaseProgress]:
        return {part.phase.slug: part for track in self.tracks for part in track.phases}

    def whole(self, slug: str) -> PhaseProgress:
        """Give one phase as its own page shows it, with the boxes of shared milestones too."""
        return phase_progress(self.phases[slug].phase, self.completions)

    def item(self, milestone: ManualMilestone) -> Item:
        return Item(milestone, self.completions.get(milestone.pk))

    @property
    def next_phase(self) -> PhaseProgress | None:
        """The first phase, on the tracks this person chose, that still has something open."""
        chosen = (part for track in self.tracks if track.chosen for part in track.phases)
        return next((part for part in chosen if part.next_item is not None), None)

    @property
    def started(self) -> bool:
        return any(completion.done for completion in self.completions.values())


def completions_of(user: User | AnonymousUser) -> dict[int, Completion]:
    """Give a person's completions by milestone, unticked ones too."""
    if not isinstance(user, User):
        return {}
    return {row.milestone_id: row for row in Completion.objects.of(user).select_related("revision")}


def board_of(user: User | AnonymousUser, manual: Manual) -> Board:
    completions = completions_of(user)
    chosen = set(user.tracks) if isinstance(user, User) else set()
    tracks = [
        TrackProgress(
            track=track,
            phases=[phase_progress(phase, completions) for phase in phases],
            total=total_of(phases, completions),
            chosen=track.slug in chosen or not (chosen or track.optional),
        )
        for track, phases in manual.by_track
    ]
    counted = [part.phase for track in tracks if track.chosen for part in track.phases]
    return Board(
        tracks=[once(track, manual) for track in tracks],
        total=total_of(counted, completions),
        completions=completions,
        off_the_roadmap=[
            Item(milestone, completions[milestone.pk])
            for milestone in manual.milestones.values()
            if milestone.pk in completions and not milestone.phases
        ],
    )


def phase_progress(phase: ManualPhase, completions: Mapping[int, Completion]) -> PhaseProgress:
    return PhaseProgress(
        phase=phase,
        items=items_of(phase.milestones, completions),
        deliverables=items_of(phase.deliverables, completions),
        total=total_of([phase], completions),
    )


def items_of(
    milestones: Iterable[ManualMilestone], completions: Mapping[int, Completion]
) -> list[Item]:
    """Give the milestones a person sees: live ones, and retired ones they once did."""
    items = [Item(milestone, completions.get(milestone.pk)) for milestone in milestones]
    return [item for item in items if item.milestone.live or item.completion]


def total_of(phases: Iterable[ManualPhase], completions: Mapping[int, Completion]) -> Total:
    """Count milestones once, however many of the phases hold them; deliverables stand beside."""
    milestones = {m.key: m for phase in phases for m in phase.milestones}.values()
    return total(
        live={m.key for m in milestones if m.live},
        retired={m.key for m in milestones if not m.live},
        done={m.key for m in milestones if (row := completions.get(m.pk)) and row.done},
    )


def once(track: TrackProgress, manual: Manual) -> TrackProgress:
    """Show each shared milestone's box once on the board, in the first phase that holds it."""
    return replace(
        track,
        phases=[
            replace(
                part,
                items=[
                    item
                    if item.milestone.phases[0] == part.phase.slug
                    else replace(item, shown_in=manual.phases[item.milestone.phases[0]])
                    for item in part.items
                ],
            )
            for part in track.phases
        ],
    )
