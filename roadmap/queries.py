"""The manual as pages show it: all content that is live, read once and kept in the process."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import Prefetch, Q

from roadmap.links import LinkState, link_states
from roadmap.models import (
    Chapter,
    Claim,
    ContentVersion,
    FormerSlug,
    Habit,
    Level,
    Milestone,
    MilestoneRevision,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Question,
    Release,
    Resource,
    State,
    Step,
    Succession,
    Topic,
    Track,
    Trap,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that must ship with a deliverable; ``label`` is that of the link that shows it."""

    slug: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a milestone took the place of: whoever did all of these may confirm it."""

    kind: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManualMilestone:
    """A milestone with its current wording, and the phases that hold it, its home first."""

    pk: int
    key: str
    kind: str
    deliverable: bool
    state: str
    detail: str
    revision_pk: int
    wording: str
    phases: tuple[str, ...]
    # What must ship, in its order. Empty unless it is a deliverable.
    parts: tuple[Part, ...]
    # The revisions that say what the current one says: but for spelling it never changed since.
    alike: frozenset[int]
    # The days, in UTC, since which it was worded so, and the revisions that did it.
    worded: tuple[tuple[dt.date, int], ...]
    # By phase: when it came there. None: it was there from the start.
    since: Mapping[str, dt.datetime | None] = field(hash=False)
    # What it took the place of, and the keys of what took its own.
    origins: tuple[Origin, ...]
    became: tuple[str, ...]

    @property
    def kind_label(self) -> str:
        return str(Milestone.Kind(self.kind).label).partition(":")[0]

    @property
    def live(self) -> bool:
        return self.state == State.LIVE

    def revision_on(self, day: dt.date) -> int:
        """Give the revision by which it was worded at the end of a day, in UTC.

        It is the present one where that says the same, and of days before there was any.
        """
        then = next((pk for since, pk in reversed(self.worded) if since <= day), self.revision_pk)
        return self.revision_pk if then in self.alike else then

    @property
    def open_to_all(self) -> bool:
        """Whether anybody may tick it; others are shown to those alone who did."""
        return self.live and bool(self.phases)


@dataclass(frozen=True)
class ManualPhase:
    row: Phase
    topics: list[Topic]
    steps: list[Step]
    traps: list[Trap]
    resources: list[PhaseResource]
    # Retired ones too: they stay with whoever did them.
    milestones: list[ManualMilestone]
    deliverables: list[ManualMilestone]

    @property
    def slug(self) -> str:
        return self.row.slug

    @property
    def track(self) -> str:
        return self.row.track.slug


@dataclass(frozen=True)
class ManualResource:
    row: Resource
    uses: list[PhaseResource]

    @property
    def phases(self) -> set[str]:
        return {use.phase.slug for use in self.uses}


@dataclass(frozen=True)
class Manual:
    """Everything that is live, in its order. Shared by all threads and never changed."""

    tracks: list[Track]
    phases: Mapping[str, ManualPhase]
    milestones: Mapping[str, ManualMilestone]
    resources: list[ManualResource]
    levels: list[Level]
    # What each level asks for, by its slug: of every group, any one milestone.
    asks: Mapping[str, list[list[ManualMilestone]]]
    # The same as keys, with those that were retired: they go on counting for whoever did them.
    rules: Mapping[str, tuple[tuple[str, ...], ...]]
    habits: list[Habit]
    principles: list[Principle]
    chapters: Mapping[str, list[Chapter]]
    claims: list[Claim]
    questions: list[Question]
    # What is known of links, by address.
    links: Mapping[str, LinkState]
    version: UUID | None = field(default=None)
    # When something of it was published, the newest first.
    published: tuple[dt.datetime, ...] = ()
    # What phases are called that left the roadmap, by their slugs.
    retired: Mapping[str, str] = field(default_factory=dict)
    # Slugs that phases had once, and those they have now.
    moved: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_track(self) -> list[tuple[Track, list[ManualPhase]]]:
        return [
            (track, [phase for phase in self.phases.values() if phase.track == track.slug])
            for track in self.tracks
        ]

    def neighbours(self, slug: str) -> tuple[ManualPhase | None, ManualPhase | None]:
        """Give the phases before and after one, within the manual's whole order."""
        order = list(self.phases)
        at = order.index(slug)
        before = self.phases[order[at - 1]] if at else None
        after = self.phases[order[at + 1]] if at + 1 < len(order) else None
        return before, after

    def changes_since(self, instant: dt.datetime) -> int:
        """Count what was published after an instant."""
        return sum(at > instant for at in self.published)


@dataclass(frozen=True, slots=True)
class Sight:
    """Which rows count as live: those that are and, in a preview, the drafts of one release."""

    release: int | None = None

    def rows(self, prefix: str = "") -> Q:
        live = Q(**{f"{prefix}state": State.LIVE})
        if self.release is None:
            return live
        return live | Q(**{f"{prefix}state": State.DRAFT, f"{prefix}release": self.release})

    def state_of(self, row: Phase | Milestone) -> str:
        coming = self.release is not None and row.release_id == self.release
        return State.LIVE if coming and row.state == State.DRAFT else row.state


_kept: Manual | None = None
# What this request alone sees for the manual.
_instead: ContextVar[Manual | None] = ContextVar("instead", default=None)


def manual() -> Manual:
    """Give the manual as the database has it now: one query when this process knows it already."""
    global _kept
    if preview := _instead.get():
        return preview
    version = ContentVersion.objects.values_list("token", flat=True).first()
    if version is None:
        return _read(None)
    # Another thread may put one of another version there at any moment.
    known = _kept
    if known is None or known.version != version:
        # Read after the version, so that it is at least as new as its name says.
        known = _kept = _read(version)
    return known


@contextmanager
def preview_of(release: Release) -> Iterator[Manual]:
    """Let ``manual()`` be what it will be once a set of drafts is published. Kept for nobody."""
    content = _read(None, Sight(release.pk))
    token = _instead.set(content)
    try:
        yield content
    finally:
        _instead.reset(token)


def _read(version: UUID | None, sight: Sight = Sight()) -> Manual:
    places = Placement.objects.select_related("phase__track").order_by(
        "phase__track__position", "phase__position", "position", "pk"
    )
    standing = Succession.objects.filter(undone=None).prefetch_related("before", "after")
    milestones = {
        row.key: _milestone(row, sight)
        for row in Milestone.objects.prefetch_related(
            "revisions",
            "parts",
            Prefetch("placements", places),
            Prefetch("origins", standing),
            Prefetch("successions", standing),
        )
        # Without a wording there is nothing to show yet.
        if row.revisions.all()
    }
    rows = (
        Phase.objects.filter(sight.rows())
        .select_related("track", "same_as")
        .prefetch_related("topics", "steps", "traps", "placements__milestone")
    )
    uses = list(
        PhaseResource.objects.filter(sight.rows("phase__"), sight.rows("resource__"))
        .select_related("phase__track", "resource")
        .prefetch_related("resource__links")
        .order_by("phase__track__position", "phase__position", "position", "pk")
    )
    phases = {row.slug: _phase(row, milestones, uses) for row in rows}
    for phase in phases.values():
        if phase.row.same_as and phase.row.same_as.slug not in phases:
            # Nobody is led to what is not live.
            phase.row.same_as = None
    levels = list(Level.objects.prefetch_related("requirements__any_of"))
    return Manual(
        tracks=list(Track.objects.all()),
        phases=phases,
        milestones=milestones,
        resources=[
            ManualResource(row, [use for use in uses if use.resource_id == row.pk])
            for row in Resource.objects.filter(sight.rows()).prefetch_related("links")
        ],
        levels=levels,
        asks={
            level.slug: [
                [one for key in part.any_of.all() if (one := milestones.get(key.key)) and one.live]
                for part in level.requirements.all()
            ]
            for level in levels
        },
        rules={
            level.slug: tuple(
                tuple(key.key for key in part.any_of.all() if sight.state_of(key) != State.DRAFT)
                for part in level.requirements.all()
            )
            for level in levels
        },
        habits=list(Habit.objects.all()),
        principles=list(Principle.objects.all()),
        chapters={
            section: list(Chapter.objects.filter(sight.rows(), section=section))
            for section in Chapter.Section.values
        },
        claims=list(Claim.objects.all()),
        questions=list(
            Question.objects.filter(sight.rows("phase__")).select_related("phase__track")
        ),
        links=link_states(),
        version=version,
        published=tuple(
            at for at in Release.objects.published().values_list("published", flat=True) if at
        ),
        retired={row.slug: str(row) for row in Phase.objects.filter(state=State.RETIRED)},
        moved=dict(
            FormerSlug.objects.exclude(phase__state=State.DRAFT).values_list("slug", "phase__slug")
        ),
    )


def _milestone(row: Milestone, sight: Sight) -> ManualMilestone:
    revisions = list(row.revisions.all())
    revision = revisions[-1]
    state = sight.state_of(row)
    return ManualMilestone(
        pk=row.pk,
        key=row.key,
        kind=row.kind,
        deliverable=row.deliverable,
        state=state,
        detail=row.detail,
        revision_pk=revision.pk,
        wording=revision.wording,
        phases=tuple(
            place.phase.slug
            for place in row.placements.all()
            if sight.state_of(place.phase) == State.LIVE and state != State.DRAFT
        ),
        parts=tuple(
            Part(part.slug, part.name, part.label) for part in row.parts.all() if row.deliverable
        ),
        alike=frozenset(_alike(revisions)),
        worded=tuple((one.created.astimezone(dt.UTC).date(), one.pk) for one in revisions),
        since={
            place.phase.slug: max(filter(None, (row.since, place.since)), default=None)
            for place in row.placements.all()
        },
        origins=tuple(
            Origin(one.kind, tuple(before.key for before in one.before.all()))
            for one in row.origins.all()
        ),
        became=tuple(after.key for one in row.successions.all() for after in one.after.all()),
    )


def _alike(revisions: list[MilestoneRevision]) -> Iterator[int]:
    """Give the revisions from the last one back to where the meaning changed."""
    for revision in reversed(revisions):
        yield revision.pk
        if revision.change == MilestoneRevision.Change.MATERIAL:
            return


def _phase(
    row: Phase, milestones: Mapping[str, ManualMilestone], uses: list[PhaseResource]
) -> ManualPhase:
    keys = [place.milestone.key for place in row.placements.all()]
    placed = [one for key in keys if (one := milestones.get(key)) and row.slug in one.phases]
    return ManualPhase(
        row=row,
        topics=list(row.topics.all()),
        steps=list(row.steps.all()),
        traps=list(row.traps.all()),
        resources=[use for use in uses if use.phase_id == row.pk],
        milestones=[milestone for milestone in placed if not milestone.deliverable],
        deliverables=[milestone for milestone in placed if milestone.deliverable],
    )
