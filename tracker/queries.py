"""What the tracker shows of one person's work: two queries, whatever the amount of it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser

from mastery.models import User
from roadmap.models import Milestone, Track
from roadmap.queries import Manual, ManualMilestone, ManualPhase, Part
from tracker.evidence import Evidence, Link
from tracker.models import Completion
from tracker.models.completions import CompletionQuerySet
from tracker.models.rechecks import answers
from tracker.next_step import Stage, where
from tracker.progress import Did, Stood, Total, as_it_stood, total
from tracker.rechecking import Answer, due
from tracker.successions import Rows, heirs, sources
from tracker.visitors import completions_in


@dataclass(frozen=True)
class Item:
    """A milestone as one person sees it; ``completion`` is kept while unticked."""

    milestone: ManualMilestone
    completion: Completion | None
    # The phase that shows its box, when that is another one on the same page.
    shown_in: ManualPhase | None = None
    # What this person did that it came from, while they may confirm it for that.
    sources: tuple["Item", ...] = ()
    # What is on the roadmap in its place; empty unless it left and this person did it.
    heirs: tuple["Item", ...] = ()

    @property
    def done(self) -> bool:
        return self.completion is not None and self.completion.done

    @property
    def open(self) -> bool:
        """Whether it is still to do. What was retired is nobody's next step."""
        return not self.done and self.milestone.open_to_all

    @property
    def shown(self) -> bool:
        """Whether it is done and shown; what is done and not shown is claimed."""
        return self.completion is not None and self.completion.shown

    @cached_property
    def evidence(self) -> Evidence:
        """What was given to show it, also while it is unticked."""
        return Evidence.of(self.completion.evidence) if self.completion else Evidence()

    @property
    def lacks(self) -> tuple[str, ...]:
        return self.evidence.lacks(self.milestone.kind)

    @cached_property
    def parts(self) -> list[tuple[Part, list[Link]]]:
        """What must ship of a deliverable, each part with the links that show it."""
        return self.evidence.by_part(self.milestone.parts)

    @property
    def missing(self) -> list[Part]:
        return self.evidence.missing(self.milestone.parts)

    @property
    def given(self) -> int:
        """How many of its parts have a link that shows them."""
        return len(self.parts) - len(self.missing)

    @property
    def beside(self) -> list[Link]:
        """The links that show no part of it."""
        given = {link for _part, links in self.parts for link in links}
        return [link for link in self.evidence.links if link not in given]

    @cached_property
    def answers(self) -> list[Answer]:
        """How it went to do it again, in order. What was said of an earlier tick is over."""
        if self.completion is None:
            return []
        # A visitor's completion comes from no query.
        said = [Answer.of(kept) for kept in getattr(self.completion, "said", ())]
        return [answer for answer in said if answer.on > self.completion.completed_on]

    @property
    def recheck(self) -> Answer | None:
        """How it went the last time; what was put off tells nothing."""
        return next((one for one in reversed(self.answers) if not one.until), None)

    @property
    def rechecked(self) -> bool:
        """Whether this is something to do again from a blank file: built, and on the roadmap."""
        return (
            self.done and self.milestone.open_to_all and self.milestone.kind == Milestone.Kind.BUILD
        )

    def due_again(self, today: dt.date) -> dt.date | None:
        """Give the day since which it is to be done again from a blank file, or None."""
        if self.completion is None or not self.rechecked:
            return None
        return due(
            self.completion.completed_on,
            [one.on for one in self.answers if not one.until],
            today=today,
            put_off_until=self.answers[-1].until if self.answers else None,
        )

    @property
    def key(self) -> str:
        return self.milestone.key

    @property
    def outworn(self) -> bool:
        """Whether the tick is for a wording that asked for something else."""
        return (
            self.completion is not None
            and self.completion.done
            and self.completion.revision_id not in self.milestone.alike
        )

    @property
    def reworded(self) -> bool:
        """Whether its holder has yet to say what of an outworn tick holds."""
        return self.outworn and self.milestone.open_to_all and not self._kept

    @property
    def stands_as_it_was(self) -> bool:
        """Whether an outworn tick stays beside the present wording, and nothing is asked."""
        return self.outworn and not self.reworded

    @property
    def _kept(self) -> bool:
        return self.completion is not None and self.completion.kept_id in self.milestone.alike

    @property
    def wording_done(self) -> str:
        """The words by which it was ticked."""
        if self.completion is not None and self.outworn:
            return self.completion.revision.wording
        return self.milestone.wording

    @property
    def to_confirm(self) -> list["Item"]:
        """Of what it became, all that this person may confirm for it."""
        own = self.milestone.pk
        return [heir for heir in self.heirs if any(s.milestone.pk == own for s in heir.sources)]


@dataclass(frozen=True)
class PhaseProgress:
    phase: ManualPhase
    items: list[Item]
    deliverables: list[Item]
    total: Total

    @property
    def to_ship(self) -> list[Item]:
        """Its deliverables, those without that were retired and are not done: nobody asks."""
        return [item for item in self.deliverables if item.milestone.live or item.done]

    @property
    def shipped(self) -> bool:
        return bool(self.to_ship) and all(item.done for item in self.to_ship)

    @property
    def shipped_and_shown(self) -> bool:
        return self.shipped and all(item.shown for item in self.to_ship)

    @property
    def next_item(self) -> Item | None:
        return next((item for item in self.all_items if item.open), None)

    @property
    def all_items(self) -> list[Item]:
        return [*self.items, *self.deliverables]

    @cached_property
    def stage(self) -> Stage:
        rows = [item.completion for item in self.all_items if item.completion and item.done]
        return Stage(
            slug=self.phase.slug,
            holds=frozenset(m.key for m in [*self.phase.milestones, *self.phase.deliverables]),
            open=tuple(item.key for item in self.all_items if item.open),
            ticked=max(((row.completed_on, row.changed) for row in rows), default=None),
        )


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

    manual: Manual
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
        return phase_progress(self.phases[slug].phase, self.manual, self.completions)

    def item(self, milestone: ManualMilestone) -> Item:
        return item_of(milestone, self.manual, self.completions)

    def shows(self, milestone: ManualMilestone, page: str = "") -> bool:
        """Say whether a phase's page has its box, or the board when no page is named."""
        held = milestone.pk in self.completions
        if not page and not milestone.phases:
            return held
        placed = page in milestone.phases if page else True
        return placed and (milestone.live or held)

    @property
    def chosen(self) -> list[TrackProgress]:
        return [track for track in self.tracks if track.chosen]

    @cached_property
    def next_phase(self) -> PhaseProgress | None:
        """The phase this person is in, on the tracks they chose; None when nothing is open."""
        stage = where([part.stage for track in self.chosen for part in track.phases])
        return self.phases[stage.slug] if stage else None

    @property
    def started(self) -> bool:
        return any(completion.done for completion in self.completions.values())


def rows_of(user: User) -> CompletionQuerySet:
    """Give a person's completions with all that a page tells of them, in one query."""
    return Completion.objects.of(user).select_related("revision").annotate(said=answers())


def completions_of(user: User | AnonymousUser) -> dict[int, Completion]:
    """Give a person's completions by milestone, unticked ones too. A visitor has no rows."""
    if not isinstance(user, User):
        return {}
    return {row.milestone_id: row for row in rows_of(user)}


def board_of(
    user: User | AnonymousUser, manual: Manual, here: Mapping[str, dt.date] | None = None
) -> Board:
    """Give a learner's board; a visitor's is made of ``here``, what their browser keeps."""
    if isinstance(user, User):
        completions = completions_of(user)
    else:
        completions = completions_in(here or {}, manual)
    chosen = set(user.tracks) if isinstance(user, User) else set()
    tracks = [
        TrackProgress(
            track=track,
            phases=[phase_progress(phase, manual, completions) for phase in phases],
            total=total_of(phases, completions),
            chosen=track.slug in chosen or not (chosen or track.optional),
        )
        for track, phases in manual.by_track
    ]
    counted = [part.phase for track in tracks if track.chosen for part in track.phases]
    return Board(
        manual=manual,
        tracks=[once(track, manual) for track in tracks],
        total=total_of(counted, completions),
        completions=completions,
        off_the_roadmap=[
            item_of(milestone, manual, completions)
            for milestone in manual.milestones.values()
            if milestone.pk in completions and not milestone.phases
        ],
    )


def phase_progress(phase: ManualPhase, manual: Manual, rows: Rows) -> PhaseProgress:
    return PhaseProgress(
        phase=phase,
        items=items_of(phase.milestones, manual, rows),
        deliverables=items_of(phase.deliverables, manual, rows),
        total=replace(total_of([phase], rows), stood=stood(phase, rows)),
    )


def items_of(milestones: Iterable[ManualMilestone], manual: Manual, rows: Rows) -> list[Item]:
    """Give the milestones a person sees: live ones, and retired ones they once did."""
    return [item_of(one, manual, rows) for one in milestones if one.live or one.pk in rows]


def item_of(milestone: ManualMilestone, manual: Manual, rows: Rows) -> Item:
    """Give one milestone with what of it can be confirmed, either way."""
    item = _offered(milestone, manual, rows)
    if not item.done:
        return item
    return replace(
        item, heirs=tuple(_offered(one, manual, rows) for one in heirs(milestone, manual))
    )


def _offered(milestone: ManualMilestone, manual: Manual, rows: Rows) -> Item:
    done = sources(milestone, manual, rows)
    return Item(
        milestone,
        rows.get(milestone.pk),
        sources=tuple(Item(one, rows[one.pk]) for one in done),
    )


def stood(phase: ManualPhase, rows: Rows) -> Stood | None:
    """Say when a phase was complete that has got new milestones since."""
    pairs = [(milestone, rows.get(milestone.pk)) for milestone in phase.milestones]
    return as_it_stood(
        did=[
            Did(row.completed_on, ZoneInfo(row.zone), row.changed, milestone.since[phase.slug])
            for milestone, row in pairs
            if row and row.done
        ],
        came=[
            milestone.since[phase.slug]
            for milestone, row in pairs
            if milestone.live and not (row and row.done)
        ],
    )


def total_of(phases: Iterable[ManualPhase], completions: Mapping[int, Completion]) -> Total:
    """Count milestones once, however many of the phases hold them; deliverables stand beside."""
    milestones = {m.key: m for phase in phases for m in phase.milestones}.values()
    return total(
        live={m.key for m in milestones if m.live},
        retired={m.key for m in milestones if not m.live},
        done={m.key for m in milestones if (row := completions.get(m.pk)) and row.done},
        shown={m.key for m in milestones if (row := completions.get(m.pk)) and row.shown},
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


@dataclass(frozen=True)
class Again:
    """A milestone to be done again from a blank file, and since when."""

    item: Item
    since: dt.date


def due_again(user: User | AnonymousUser, manual: Manual, board: Board) -> list[Again]:
    """Give what a person is to do again, what waits longest first."""
    if not isinstance(user, User) or not user.rechecks:
        return []
    today = user.today
    items = [board.item(milestone) for milestone in manual.milestones.values()]
    found = [Again(item, since) for item in items if (since := item.due_again(today))]
    return sorted(found, key=lambda one: one.since)
