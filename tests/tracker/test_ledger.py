import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap import operations
from roadmap.ledger import Stake, ledger
from roadmap.models import Milestone, Requirement
from roadmap.operations import Successor
from roadmap.queries import Manual, manual
from tests.conftest import milestone
from tests.tracker.crowd import PHASE, crowd
from tests.tracker.recounting import assert_recounted, pieces
from tests.tracker.showing import PROOF, hide, show
from tracker.evidence import LONGEST_TEXT, MOST_LINKS, Evidence, Link
from tracker.models import Award, Completion, CompletionEvent, Note, Recheck

pytestmark = pytest.mark.usefixtures("roadmap")

MARCH = dt.date(2026, 3, 14)
APRIL = dt.date(2026, 4, 1)
ONE = Successor("p1-one", "Both in one")
TWO = ("p1-0", "p1-1")


def pk(key: str) -> int:
    return manual().milestones[key].pk


def merge(*keys: str, into: Successor = ONE) -> None:
    operations.merge([milestone(key) for key in keys or TWO], into)


def restore(key: str = "p1-0") -> None:
    operations.restore([milestone(key)])


def row(user: User, key: str = "p1-one") -> Completion:
    return Completion.objects.get(user=user, milestone__key=key)


def give(user: User, key: str, evidence: Evidence, on: dt.date = MARCH) -> None:
    one = manual().milestones[key]
    Completion.objects.show(
        user,
        milestone=one.pk,
        revision=one.revision_pk,
        evidence=evidence,
        kind=one.kind,
        on=on,
        now=timezone.now(),
    )


def untick(user: User, key: str) -> None:
    Completion.objects.untick(user, milestone=pk(key), now=timezone.now())


def kinds(user: User, key: str = "p1-one") -> list[str]:
    told = CompletionEvent.objects.filter(completion=row(user, key))
    return list(told.order_by("pk").values_list("kind", flat=True))


# What rests on a milestone


def test_what_rests_on_milestones_is_told_in_numbers() -> None:
    crowd()
    stakes = ledger().stakes([pk("p1-0"), pk("p1-2"), pk("p2-0")])
    # By fives: all with and without evidence, unticked, with notes, notes alone.
    assert stakes[pk("p1-0")] == Stake(done=15, with_evidence=5, shown=5, beside=10)
    assert stakes[pk("p1-2")] == Stake(done=15, with_evidence=10, shown=10, beside=10)
    assert stakes[pk("p2-0")] == Stake()
    assert str(stakes[pk("p1-0")]) == (
        "15 completions, 5 with evidence; 10 more kept something beside it"
    )
    assert str(Stake(done=1)) == "1 completion"
    assert ledger().stakes([]) == {}


def test_it_is_told_in_as_many_queries_for_one_as_for_all(
    user: User, tick: Callable[..., None]
) -> None:
    def queries(pks: list[int]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            ledger().stakes(pks)
        return len(asked)

    tick(user, "p1-0")
    few = queries([pk("p1-0")])
    crowd()
    assert queries([pk(key) for key in manual().milestones]) == few == 2


def test_those_who_did_all_of_them_are_counted_once() -> None:
    crowd()
    assert ledger().all_done([pk("p1-0"), pk("p1-1")]) == 15
    assert ledger().all_done([pk("p1-0"), pk("p1-0")]) == 15
    assert ledger().all_done([pk(key) for key in PHASE]) == 10
    assert ledger().all_done([pk("p1-0"), pk("p2-0")]) == 0
    assert ledger().all_done([]) == 0


# Merged: done for whoever did all


def test_a_merge_is_done_for_those_who_did_all_on_the_latest_day_with_all_evidence(
    user: User, make_user: Callable[..., User]
) -> None:
    half = make_user("half")
    user.time_zone = "Pacific/Auckland"
    user.save()
    first = Evidence((Link("repository", "https://example.org/a"),), "How I did it.")
    second = Evidence((Link("plot", "https://example.org/b"),), "And the rest.")
    give(user, "p1-0", first, MARCH)
    give(user, "p1-1", second, APRIL)
    give(half, "p1-0", first)
    merge()

    one = row(user)
    assert (one.done, one.completed_on, one.shown_on) == (True, APRIL, APRIL)
    assert one.zone == "Pacific/Auckland"
    assert one.revision == milestone("p1-one").latest_revision()
    assert Evidence.of(one.evidence) == Evidence.together([first, second])
    assert kinds(user) == ["carried"]
    assert not Completion.objects.filter(user=half, milestone__key="p1-one").exists()
    assert row(half, "p1-0").done
    assert_recounted(user, half)


def test_what_one_kind_takes_for_shown_another_takes_for_claimed(user: User) -> None:
    for key in TWO:
        give(user, key, Evidence(text=f"In words: {key}."))
    merge(into=Successor("p1-one", "Both in one", kind=Milestone.Kind.SHIP))
    assert row(user).done
    assert row(user).shown_on is None
    restore()
    merge(into=Successor("p1-two", "Both told", kind=Milestone.Kind.EXPLAIN))
    assert row(user, "p1-two").shown_on == MARCH


def test_more_evidence_than_a_form_takes_is_carried_whole(user: User) -> None:
    given = [
        Evidence(
            tuple(Link("other", f"https://example.org/{key}/{n}") for n in range(MOST_LINKS)),
            key * (LONGEST_TEXT // 4),
        )
        for key in TWO
    ]
    for key, evidence in zip(TWO, given, strict=True):
        give(user, key, evidence)
    merge()
    kept = Evidence.of(row(user).evidence)
    assert len(kept.links) == 2 * MOST_LINKS
    assert all(evidence.text in kept.text for evidence in given)


def test_a_merge_that_is_undone_takes_its_ticks_back_and_leaves_the_old_ones() -> None:
    users = crowd()
    before = list(Completion.objects.order_by("pk").values())
    merge()
    assert Completion.objects.filter(milestone__key="p1-one", done=True).count() == 15
    restore()
    assert not Completion.objects.filter(milestone__key="p1-one", done=True).exists()
    assert list(Completion.objects.exclude(milestone__key="p1-one").order_by("pk").values()) == (
        before
    )
    assert_recounted(*users)


def evidence(user: User) -> None:
    give(user, "p1-one", PROOF)


def note(user: User) -> None:
    Note.objects.create(user=user, milestone=milestone("p1-one"), text=".", saved=timezone.now())


def recheck(user: User) -> None:
    Recheck.objects.create(
        completion=row(user), due=APRIL, outcome="held", on=APRIL, at=timezone.now()
    )


def tick_again(user: User) -> None:
    untick(user, "p1-one")
    Completion.objects.restore(user, milestone=pk("p1-one"), now=timezone.now())


def respell(user: User) -> None:
    milestone("p1-one").reword("Both, in one", "cosmetic")


@pytest.mark.parametrize(
    ("touch", "stays"),
    [(evidence, True), (recheck, True), (tick_again, True), (note, False), (respell, False)],
)
def test_what_somebody_did_to_a_carried_tick_makes_it_their_own(
    user: User, tick: Callable[..., None], touch: Callable[[User], None], stays: bool
) -> None:
    tick(user, *TWO)
    merge()
    touch(user)
    restore()
    assert row(user).done is stays
    assert row(user, "p1-0").done
    assert_recounted(user)


def test_an_older_row_gets_its_day_back_and_keeps_its_evidence(
    user: User, tick: Callable[..., None]
) -> None:
    merge()
    give(user, "p1-one", Evidence(text="My own words."), on=MARCH)
    untick(user, "p1-one")
    restore()
    tick(user, *TWO, on=APRIL)
    merge()
    assert (row(user).done, row(user).completed_on) == (True, APRIL)
    restore()
    assert (row(user).done, row(user).completed_on) == (False, MARCH)
    assert row(user).evidence["text"] == "My own words."


def test_merging_again_carries_what_was_added_meanwhile(user: User) -> None:
    give(user, "p1-0", Evidence(text="First."))
    give(user, "p1-1", Evidence(text="Second."))
    merge()
    restore()
    give(user, "p1-1", Evidence((Link("commit", "https://example.org/c"),), "Third."))
    merge()
    assert pieces(row(user).evidence) == {"First.", "Second.", "Third.", "https://example.org/c"}
    restore()
    merge()
    assert row(user).evidence["text"].split("\n\n") == ["First.", "Second.", "Third."]


def test_what_is_done_already_stays_as_it_is(user: User, tick: Callable[..., None]) -> None:
    merge()
    give(user, "p1-one", PROOF, on=MARCH)
    operations.restore([milestone("p1-0")])
    tick(user, *TWO, on=APRIL)
    merge()
    assert (row(user).completed_on, Evidence.of(row(user).evidence)) == (MARCH, PROOF)


def test_a_merge_of_a_merge_asks_for_everything(
    user: User, make_user: Callable[..., User], tick: Callable[..., None]
) -> None:
    part = make_user("part")
    tick(user, *TWO, "p1-2")
    tick(part, *TWO)
    merge()
    merge("p1-one", "p1-2", into=Successor("p1-all", "All of it"))
    assert row(user, "p1-all").done
    assert not Completion.objects.filter(user=part, milestone__key="p1-all").exists()
    operations.restore([milestone("p1-2")])
    assert [row(user, key).done for key in ("p1-one", "p1-2", "p1-all")] == [True, True, False]
    assert_recounted(user, part)


# Levels


@pytest.fixture
def climber(make_user: Callable[..., User]) -> User:
    """Somebody who reached the first level by the deliverables of two phases."""
    user = make_user("climber")
    show(user, "d1", "d2", on=MARCH)
    assert levels(user) == [("l1", True)]
    return user


def levels(user: User) -> list[tuple[str, bool]]:
    awards = Award.objects.filter(user=user)
    return [(award.level.slug, award.supported) for award in awards]


def test_no_operation_costs_a_level(climber: User) -> None:
    rule = Award.objects.get().rule
    operations.replace(milestone("d1"), Successor("d1-b", "Another"))
    operations.split(milestone("d2"), [Successor("d2-b", "B"), Successor("d2-c", "C")], {"d2-b"})
    merge("d1-b", "d2-c", into=Successor("d-all", "Both"))
    for key in ("d2-c", "d2", "d1"):
        assert levels(climber) == [("l1", True)]
        restore(key)
    assert levels(climber) == [("l1", True)]
    assert Award.objects.get().rule == rule
    assert Award.objects.get().granted_on == MARCH


def test_who_has_shown_what_counts_from_now_on_reaches_the_level(
    make_user: Callable[..., User], climber: User
) -> None:
    ahead = make_user("ahead")
    show(ahead, "d2", "d3", on=APRIL)
    assert levels(ahead) == []
    operations.replace(milestone("d1"), Successor("d3"))
    assert ("l1", True) in levels(ahead)
    restore("d1")
    # The rule that granted it goes on holding it up.
    assert ("l1", True) in levels(ahead)
    assert levels(climber) == [("l1", True)]


def test_a_level_that_was_held_up_by_a_stand_in_alone_says_so(climber: User) -> None:
    operations.replace(milestone("d1"), Successor("d3"))
    show(climber, "d3", on=APRIL)
    hide(climber, "d1", on=APRIL)
    assert ("l1", True) in levels(climber)
    restore("d1")
    assert ("l1", False) in levels(climber)


def test_a_carried_level_goes_with_what_carried_it(user: User) -> None:
    group = Requirement.objects.get(slug="phase-1-deliverable")
    show(user, "d1", "d2", "d3", on=MARCH)
    Award.objects.all().delete()
    # Only both together count.
    merge("d1", "d3", into=Successor("d-one", "Both"))
    group.any_of.set([milestone("d-one")])
    ledger().settle([pk("d-one")])
    assert ("l1", True) in levels(user)
    group.any_of.add(milestone("d1"))
    restore("d1")
    assert not row(user, "d-one").done
    assert ("l1", True) in levels(user)


def test_nobody_else_is_looked_at(
    climber: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def look(users: QuerySet[User], *_args: Any) -> None:
        looked_at.extend(users.values_list("handle", flat=True))

    monkeypatch.setattr("tracker.ledger.settle_all", look)
    both = make_user("both")
    show(both, "d1", "d2", on=MARCH)
    claimer = make_user("claimer")
    give(claimer, "d3", Evidence(text="Not shown."))
    other = make_user("other")
    show(other, "d3", on=MARCH)
    looked_at.clear()

    merge("d2", "d1", into=Successor("d-one", "Both"))
    assert sorted(looked_at) == ["both", "climber"]
    looked_at.clear()
    restore("d1")
    assert sorted(looked_at) == ["both", "climber"]
    looked_at.clear()
    operations.replace(milestone("d1"), Successor("d3"))
    assert looked_at == ["other"]
    looked_at.clear()
    merge("p1-0", "p1-1")
    assert looked_at == []


# Reworded


def test_a_new_spelling_takes_along_those_who_keep_an_older_wording(
    user: User, tick: Callable[..., None], roadmap: Manual
) -> None:
    tick(user, "p1-0")
    one = milestone("p1-0")
    hard = one.reword("Something else", "material")
    Completion.objects.filter(user=user).update(kept=hard)
    kind = one.reword("Something else.", "cosmetic")
    assert row(user, "p1-0").revision_id == roadmap.milestones["p1-0"].revision_pk
    assert row(user, "p1-0").kept == kind
    assert kinds(user, "p1-0") == ["ticked"]
