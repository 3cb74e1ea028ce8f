"""Editors and learners do what they like, in any order: nobody loses anything."""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mastery.models import User
from roadmap import operations
from roadmap.models import (
    Level,
    Milestone,
    MilestoneRevision,
    Phase,
    Placement,
    Release,
    State,
    Succession,
    Track,
)
from roadmap.operations import RefusedError, Successor
from roadmap.queries import ManualMilestone, manual
from tests.tracker.recounting import assert_recounted, pieces_by_user
from tracker.awards import Settled, settle
from tracker.deliverables import shelf_of
from tracker.evidence import Evidence, Link
from tracker.models import Award, Completion, CompletionEvent, Note, Recheck, Reset
from tracker.queries import board_of, due_again
from tracker.views.resets import retick
from tracker.views.resets import untick as reset

FIRST = dt.date(2026, 3, 1)
# What the phases hold at the start, and what editors may add.
PHASES = {"0": "a b c x", "1": "c d y", "rl-0": "c e z"}
ADDED = ["n0", "n1", "n2", "n3"]
HELD = ["a", "b", "c", "d", "e", "x", "y", "z"]
KEYS = [*HELD, *ADDED]
KINDS = Milestone.Kind.values
DELIVERABLES = {"x", "y", "z"}
# Of each level what it asks for: any one of each group.
ASKS = {"l0": [], "l1": ["x y z"], "l2": ["a d", "y z"]}

key, phase = st.sampled_from(KEYS), st.sampled_from(list(PHASES))
# Which of several, whatever there is at the time.
pick = st.integers(0, 11)
picks = st.lists(pick, min_size=1, max_size=2)
who, day = st.integers(0, 2), st.integers(0, 60)
change = st.sampled_from(["material", "cosmetic"])


def small_roadmap() -> None:
    """Take the real roadmap away until the test is over: a small one is read fast."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE roadmap_track, roadmap_milestone, roadmap_level, roadmap_resource, "
            "roadmap_chapter, roadmap_claim, roadmap_release, roadmap_succession CASCADE"
        )
    tracks = {
        slug: Track.objects.create(slug=slug, name=slug, text=slug, optional=slug == "rl")
        for slug in ("trunk", "rl")
    }
    for slug, keys in PHASES.items():
        row = Phase.objects.create(
            slug=slug, title=slug, track=tracks["rl" if slug == "rl-0" else "trunk"]
        )
        for at, one in enumerate(keys.split()):
            made, _ = Milestone.objects.get_or_create(
                key=one, defaults={"kind": "build", "deliverable": one in DELIVERABLES}
            )
            Placement.objects.create(phase=row, milestone=made, position=at)
    for made in Milestone.objects.all():
        made.reword(f"Do {made.key}", "material")
    for slug, groups in ASKS.items():
        level = Level.objects.create(slug=slug, name=slug)
        for at, group in enumerate(groups):
            asked = level.requirements.create(slug=f"asks-{at}")
            asked.any_of.set(Milestone.objects.filter(key__in=group.split()))


class Editing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.users = [
            User.objects.create(handle=f"user-{n}", email=f"user-{n}@example.org", tracks=tracks)
            for n, tracks in enumerate((["trunk"], ["trunk", "rl"], []))
        ]
        self.step = 0
        # There is nothing to lose yet: looking at it after each tick would take long.
        self.beginning = True

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize(
        steps=st.lists(
            st.tuples(st.sampled_from(["split", "merge", "replace"]), pick, pick),
            min_size=3,
            max_size=4,
        )
    )
    def begin(self, steps: list[tuple[str, int, int]]) -> None:
        """Let one learner show everything, one tick everything, one do half; then change much."""
        for who, keys in ((0, HELD), (1, HELD), (2, HELD[::2])):
            for at, key in enumerate(keys):
                if who == 0:
                    self.show(who, key, at, full=True, words=True)
                else:
                    self.tick(who, key, at)
        self.beginning = False
        for user in self.users:
            self.settle(user)
        self.remember(None)
        for name, first, second in steps:
            if name == "split":
                self.split(first, second, 2)
            elif name == "merge":
                self.merge([first, first + 1], second, deliverable=False)
            else:
                self.replace(first, KEYS[second])
            self.nothing_is_lost()

    # What editors do

    def attempt(self, operation: Callable[[], object]) -> None:
        """Do it, unless it is refused."""
        self.remember(None)
        with suppress(RefusedError):
            operation()

    def rows(self, *states: str) -> list[Milestone]:
        return list(Milestone.objects.filter(state__in=states))

    def some(self, picks: list[int], *states: str) -> list[Milestone]:
        """Give milestones of these states, one for each pick."""
        rows = self.rows(*states)
        return [rows[at % len(rows)] for at in picks if rows]

    def vacant(self, pick: int, many: int) -> list[Successor]:
        """Give what may take a place: new ones, and ones that are not on the roadmap."""
        bound = Q(state=State.LIVE) | Q(successions__in=Succession.objects.filter(undone=None))
        taken = set(Milestone.objects.filter(bound).values_list("key", flat=True))
        keys = [key for key in KEYS if key not in taken]
        at = pick % max(len(keys), 1)
        return [self.successor(key) for key in [*keys[at:], *keys[:at]][:many]]

    def successor(self, key: str) -> Successor:
        taken = Milestone.objects.filter(key=key).exists()
        return Successor(key, "" if taken else f"Do {key}", KINDS[self.step % len(KINDS)])

    @rule(picks=picks, change=change)
    def reword(self, picks: list[int], change: str) -> None:
        self.remember(None)
        for row in self.some(picks, *State):
            row.reword(f"{row.key}, once more at {self.step}", change)

    @rule(key=key, position=st.sampled_from([0, 1, 2, 32_767]))
    def reorder(self, key: str, position: int) -> None:
        self.remember(None)
        Placement.objects.filter(milestone__key=key).update(position=position)

    @rule(picks=picks, phase=phase, twice=st.booleans())
    def place(self, picks: list[int], phase: str, twice: bool) -> None:
        """Put milestones into another phase, or into one more."""
        self.remember(None)
        to = Phase.objects.get(slug=phase)
        for row in self.some(picks, *State):
            first = row.placements.first()
            if first and not twice and not row.placements.filter(phase=to).exists():
                first.phase = to
                first.save()
            else:
                Placement.objects.get_or_create(phase=to, milestone=row)

    @rule(pick=pick, into=pick, counts=st.integers(0, 2))
    def split(self, pick: int, into: int, counts: int) -> None:
        new = self.vacant(into, 2)
        for one in self.some([pick], State.LIVE):
            self.attempt(lambda: operations.split(one, new, [n.key for n in new[:counts]]))  # noqa: B023

    @rule(
        picks=st.lists(pick, min_size=2, max_size=3, unique=True),
        into=pick,
        deliverable=st.booleans(),
    )
    def merge(self, picks: list[int], into: int, deliverable: bool) -> None:
        rows = [row for row in self.rows(State.LIVE) if row.deliverable is deliverable]
        if rows and (new := self.vacant(into, 1)):
            chosen = [rows[at % len(rows)] for at in picks]
            self.attempt(lambda: operations.merge(chosen, new[0]))

    @rule(pick=pick, by=key)
    def replace(self, pick: int, by: str) -> None:
        for one in self.some([pick], State.LIVE):
            self.attempt(lambda: operations.replace(one, self.successor(by)))  # noqa: B023

    @rule(picks=picks)
    def retire(self, picks: list[int]) -> None:
        self.attempt(lambda: operations.retire(self.some(picks, State.LIVE)))

    @rule(picks=picks)
    def restore(self, picks: list[int]) -> None:
        self.attempt(lambda: operations.restore(self.some(picks, State.RETIRED)))

    @precondition(lambda _machine: Succession.objects.filter(undone=None).exists())
    @rule(pick=pick)
    def undo(self, pick: int) -> None:
        standing = list(Succession.objects.filter(undone=None))
        before = standing[pick % len(standing)].before.all()
        self.attempt(lambda: operations.restore(list(before)))

    # Rarely: all that needs a phase would go by it.
    @precondition(lambda machine: machine.step % 4 == 0)
    @rule(phase=phase)
    def open_or_close_phase(self, phase: str) -> None:
        row = Phase.objects.get(slug=phase)
        do = operations.retire if row.state == State.LIVE else operations.restore
        self.attempt(lambda: do([row]))

    @rule(key=st.sampled_from(ADDED), phase=phase, deliverable=st.booleans())
    def add_draft(self, key: str, phase: str, deliverable: bool) -> None:
        self.remember(None)
        if not Milestone.objects.filter(key=key).exists():
            release, _ = Release.objects.get_or_create(published=None, defaults={"title": "Set"})
            row = Milestone.objects.create(
                key=key, kind="ship", deliverable=deliverable, state=State.DRAFT, release=release
            )
            row.reword(f"Do {key}", "material")
            Placement.objects.create(phase=Phase.objects.get(slug=phase), milestone=row)

    @precondition(lambda _machine: Milestone.objects.filter(state=State.DRAFT).exists())
    @rule(alone=st.booleans(), pick=pick)
    def publish(self, alone: bool, pick: int) -> None:
        if alone:
            self.attempt(lambda: operations.publish_alone(self.some([pick], State.DRAFT)))
        elif release := Release.objects.drafts().first():
            self.attempt(lambda: operations.publish(release))

    # What learners do

    def own(self, who: int, key: str) -> tuple[User, ManualMilestone | None]:
        self.remember(who)
        return self.users[who], manual().milestones.get(key)

    def settle(self, user: User) -> None:
        if not self.beginning:
            settle(user, manual(), today=user.today)

    @rule(who=who, key=key, day=day)
    def tick(self, who: int, key: str, day: int) -> None:
        user, one = self.own(who, key)
        if one and one.open_to_all:
            Completion.objects.tick(
                user,
                milestone=one.pk,
                revision=one.revision_pk,
                on=FIRST + dt.timedelta(days=day),
                now=timezone.now(),
                shown=one.kind == Milestone.Kind.JOIN,
            )
        elif one:
            Completion.objects.restore(user, milestone=one.pk, now=timezone.now())
        self.settle(user)

    @rule(who=who, day=day)
    def tick_everything(self, who: int, day: int) -> None:
        for key in KEYS:
            self.tick(who, key, day)
        self.remember(who)

    @rule(who=who, key=key)
    def untick(self, who: int, key: str) -> None:
        user, one = self.own(who, key)
        if one:
            Completion.objects.untick(user, milestone=one.pk, now=timezone.now())
            self.settle(user)

    @rule(who=who, key=key)
    def take_untick_back(self, who: int, key: str) -> None:
        user, one = self.own(who, key)
        if one:
            Completion.objects.restore(user, milestone=one.pk, now=timezone.now())
            self.settle(user)

    @rule(who=who, key=key, day=day, full=st.booleans(), words=st.booleans())
    def show(self, who: int, key: str, day: int, full: bool, words: bool) -> None:
        user, one = self.own(who, key)
        if one and (one.open_to_all or Completion.objects.of(user).filter(milestone=one.pk)):
            labels = ["repository", "write-up"] if full else []
            url = f"https://example.org/{self.step}"
            Completion.objects.show(
                user,
                milestone=one.pk,
                revision=one.revision_pk,
                evidence=Evidence(
                    tuple(Link(label, f"{url}/{label}") for label in labels),
                    f"Words of step {self.step}." if words else "",
                ),
                kind=one.kind,
                on=FIRST + dt.timedelta(days=day),
                now=timezone.now(),
            )
            self.settle(user)

    @rule(who=who, key=key, keep=st.booleans())
    def answer_rewording(self, who: int, key: str, keep: bool) -> None:
        user, one = self.own(who, key)
        if one and board_of(user, manual()).item(one).reworded:
            do = Completion.objects.keep_as_it_stood if keep else Completion.objects.confirm
            assert do(user, milestone=one.pk, revision=one.revision_pk, now=timezone.now())
            assert not board_of(user, manual()).item(one).reworded

    @rule(who=who, most=st.integers(1, 3))
    def confirm_successors(self, who: int, most: int) -> None:
        user, _ = self.own(who, "")
        board = board_of(user, manual())
        offered = [
            item for one in manual().milestones.values() if (item := board.item(one)).sources
        ]
        for item in offered[:most]:
            assert Completion.objects.take_on(
                user,
                milestone=item.milestone.pk,
                revision=item.milestone.revision_pk,
                kind=item.milestone.kind,
                sources=[source.milestone.pk for source in item.sources],
                now=timezone.now(),
            )
        self.settle(user)

    @rule(who=who, slug=st.sampled_from(["trunk", "rl"]))
    def reset_track(self, who: int, slug: str) -> None:
        user, _ = self.own(who, "")
        track = next(one for one in manual().tracks if one.slug == slug)
        home = [
            one.pk
            for one in manual().milestones.values()
            if one.phases and manual().phases[one.phases[0]].track == slug
        ]
        reset(user, manual(), track, home)

    @rule(who=who)
    def take_reset_back(self, who: int) -> None:
        user, _ = self.own(who, "")
        if row := Reset.objects.of(user).undoable(timezone.now()).first():
            retick(user, row)

    @rule(who=who, key=key)
    def do_it_again_and_write(self, who: int, key: str) -> None:
        user, one = self.own(who, key)
        now = timezone.now()
        row = Completion.objects.of(user).filter(milestone__key=key, done=True).first()
        if one and row:
            Recheck.objects.answer(
                row, "held", due=FIRST + dt.timedelta(days=90), today=user.today, now=now
            )
            Note.objects.update_or_create(
                user=user, milestone_id=one.pk, defaults={"text": ".", "html": ".", "saved": now}
            )

    # What holds after each of them

    def remember(self, who: int | None) -> None:
        """Keep how things stand before a step, and whose step it is: None is an editor."""
        self.step += 1
        self.who = who
        if self.beginning:
            return
        self.rows_before = self.completions()
        self.given = pieces_by_user()
        self.awards = self.granted()
        self.notes = Note.objects.count() + Recheck.objects.count()

    def completions(self) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in Completion.objects.values()}

    def granted(self) -> set[tuple[Any, ...]]:
        rows = Award.objects.values_list("user", "level", "granted_on", "rule", "because")
        return {(user, level, on, str(rule), str(why)) for user, level, on, rule, why in rows}

    @invariant()
    def nothing_is_lost(self) -> None:
        now = self.completions()
        for pk, before in self.rows_before.items():
            after = now[pk]
            if before["done"] and after["done"]:
                assert before["completed_on"] == after["completed_on"]
                if self.who is None and before["revision_id"] != after["revision_id"]:
                    # Nobody is said to have done what they were not asked for.
                    assert self.changes_between(before, after) == {"cosmetic"}
            elif before["done"] != after["done"] and self.who is None:
                # A tick goes only if nobody touched it since it was carried over.
                took = ["putback", "carried"] if before["done"] else ["carried"]
                assert self.events(pk)[: len(took)] == took
            if self.who is None and (before["done"] or not after["done"]):
                assert before["evidence"] == after["evidence"]
            if self.who is not None and before["user_id"] != self.users[self.who].pk:
                assert before == after
        for pk in now.keys() - self.rows_before.keys():
            assert self.who is not None or self.events(pk) == ["carried"]
        given = pieces_by_user()
        assert all(given[user] >= pieces for user, pieces in self.given.items())
        assert self.granted() >= self.awards
        assert Note.objects.count() + Recheck.objects.count() >= self.notes

    def changes_between(self, before: dict[str, Any], after: dict[str, Any]) -> set[str]:
        """Give the kinds of change that made of one wording the other."""
        passed = MilestoneRevision.objects.filter(
            milestone=after["milestone_id"],
            pk__gt=before["revision_id"],
            pk__lte=after["revision_id"],
        )
        return set(passed.values_list("change", flat=True))

    def events(self, completion: int) -> list[str]:
        """Give what happened to a completion, the latest first, but for new spellings."""
        told = CompletionEvent.objects.filter(completion=completion).exclude(kind="moved")
        return list(told.order_by("-pk").values_list("kind", flat=True))

    @invariant()
    def every_number_is_right_and_every_page_can_be_made(self) -> None:
        content = manual()
        for user, board in zip(self.users, assert_recounted(*self.users), strict=True):
            for slug in content.phases:
                board.whole(slug)
            shelf_of(board)
            due_again(user, content, board)
            assert board.next_phase is None or board.next_phase.next_item

    @invariant()
    def levels_are_settled(self) -> None:
        for user in self.users:
            assert settle(user, manual(), today=user.today) == Settled()

    @invariant()
    def what_lives_on_in_another_is_not_there_itself(self) -> None:
        standing = Succession.objects.filter(undone=None)
        assert not Milestone.objects.filter(successions__in=standing).exclude(state="retired")


@pytest.mark.usefixtures("db")
def test_whatever_editors_and_learners_do_nobody_loses_anything() -> None:
    small_roadmap()
    run_state_machine_as_test(
        Editing,
        settings=settings(max_examples=7, stateful_step_count=15, deadline=None, print_blob=True),
    )
