import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model

from mastery.models import User
from roadmap import operations
from roadmap.models import (
    Chapter,
    DeliverablePart,
    Milestone,
    Phase,
    Placement,
    Release,
    ReleaseItem,
    Requirement,
    Resource,
    State,
    Succession,
)
from roadmap.operations import RefusedError, Successor
from roadmap.queries import Manual, manual
from tests.conftest import milestone
from tests.tracker.crowd import PHASE, crowd
from tests.tracker.recounting import assert_recounted, kept, pieces_by_user
from tracker.models import Completion, Note

pytestmark = pytest.mark.usefixtures("roadmap")

B = Successor("p1-b", "A first half")
C = Successor("p1-c", "A second half", kind=Milestone.Kind.EXPLAIN)
ONE = Successor("p1-one", "Both in one")


def split(key: str = "p1-1", *, counts: set[str] = frozenset()) -> Succession:  # type: ignore[assignment]
    return operations.split(milestone(key), [B, C], counts)


def merge(*keys: str, into: Successor = ONE) -> Succession:
    return operations.merge([milestone(key) for key in keys or ("p1-0", "p1-1")], into)


def replace(key: str = "p1-1", by: Successor = B) -> Succession:
    return operations.replace(milestone(key), by)


def retire(*keys: str) -> Release:
    return operations.retire([milestone(key) for key in keys])


def restore(*keys: str) -> Release:
    return operations.restore([milestone(key) for key in keys])


def states(*keys: str) -> list[str]:
    found = dict(Milestone.objects.values_list("key", "state"))
    return [found[key] for key in keys]


def order(slug: str) -> list[str]:
    """Give the live milestones of a phase as its page has them."""
    return [one.key for one in manual().phases[slug].milestones if one.live]


def told() -> list[tuple[str, str]]:
    release = Release.objects.latest("pk")
    return list(release.items.values_list("what", "key"))


def refused(do: Callable[[], object]) -> str:
    """Give what an operation says that may not be done, and insist that it did nothing."""
    before = everything()
    with pytest.raises(RefusedError) as refusal:
        do()
    assert everything() == before
    assert all(reason.endswith((".", "”.")) for reason in refusal.value.reasons)
    return " ".join(refusal.value.reasons)


def everything() -> list[Any]:
    rows = (Milestone, Placement, Succession, Release, ReleaseItem, DeliverablePart, Completion)
    ties = (Requirement.any_of.through, Succession.brought.through, Succession.gained.through)
    return [list(model._default_manager.order_by("pk").values()) for model in (*rows, *ties)]


def requirement(slug: str, *keys: str) -> Requirement:
    """Give what a level asks for, and let these milestones alone fulfil it."""
    row = Requirement.objects.get(slug=slug)
    row.any_of.set([milestone(key) for key in keys])
    return row


def fulfil(row: Requirement) -> set[str]:
    return set(row.any_of.values_list("key", flat=True))


# Nobody loses a tick


def reword_kindly() -> None:
    milestone("p1-1").reword("The same in better words", "cosmetic")


def reword_hard() -> None:
    milestone("p1-1").reword("Something else altogether", "material")


def reorder() -> None:
    for at, place in enumerate(Placement.objects.filter(phase__slug="1").order_by("-position")):
        place.position = at
        place.save()


def move() -> None:
    Placement.objects.filter(milestone__key="p1-1").update(phase=Phase.objects.get(slug="2"))


def publish() -> None:
    release = Release.objects.create(title="News")
    fresh = draft("p1-new", release)
    Placement.objects.create(phase=Phase.objects.get(slug="1"), milestone=fresh, position=2)
    operations.publish(release)


def draft(key: str, release: Release | None = None) -> Milestone:
    row = Milestone.objects.create(key=key, kind="build", state=State.DRAFT, release=release)
    row.reword("Something new", "material")
    return row


def split_and_undo() -> None:
    split()
    restore("p1-1")
    split()


def merge_and_undo() -> None:
    merge()
    restore("p1-0")
    merge()


def retire_a_phase() -> None:
    operations.retire([Phase.objects.get(slug="0")])


def chain() -> None:
    merge()
    operations.merge([milestone("p1-one"), milestone("p1-2")], Successor("p1-all", "All three"))
    replace("p1-all", Successor("p1-end", "The end of it"))


@pytest.mark.parametrize(
    "change",
    [
        reword_kindly,
        reword_hard,
        reorder,
        move,
        split,
        merge,
        replace,
        lambda: retire("p1-1", "p1-2"),
        lambda: (retire("p1-1"), restore("p1-1")),
        publish,
        split_and_undo,
        merge_and_undo,
        retire_a_phase,
        chain,
    ],
)
def test_25_learners_lose_no_completion_date_or_evidence(change: Callable[[], object]) -> None:
    users = crowd()
    before, given, notes = kept(), pieces_by_user(), Note.objects.count()

    change()

    after = kept()
    assert {pk: after[pk] for pk in before} == before
    now = pieces_by_user()
    assert all(given[user] <= now[user] for user in given)
    assert Note.objects.count() == notes
    assert_recounted(*users)


def test_a_cosmetic_rewording_moves_every_tick_and_a_material_one_none() -> None:
    crowd()
    old = milestone("p1-1").latest_revision()
    assert old is not None
    ticks = Completion.objects.filter(milestone__key="p1-1")
    everyone = ticks.count()

    reword_kindly()
    assert ticks.filter(revision__number=2).count() == everyone
    reword_hard()
    assert ticks.filter(revision__number=2).count() == everyone


# What takes the place of what


def test_what_a_split_brings_stands_where_the_old_one_stood() -> None:
    was = order("1")
    split("p1-1")
    now = order("1")
    assert now == [*was[:1], "p1-b", "p1-c", *was[2:]]
    assert states("p1-1", "p1-b", "p1-c") == ["retired", "live", "live"]


def test_a_shared_milestone_is_split_in_every_place_that_it_has() -> None:
    shared = next(one for one in manual().milestones.values() if len(one.phases) == 2)
    operations.split(milestone(shared.key), [B, C], {"p1-b"})
    assert manual().milestones["p1-b"].phases == shared.phases
    assert manual().milestones["p1-c"].phases == shared.phases


@pytest.mark.parametrize("position", [0, 5, 32_767])
def test_the_place_is_right_where_all_have_the_same_position(position: int) -> None:
    was = order("1")
    Placement.objects.filter(phase__slug="1").update(position=position)
    split("p1-1")
    replace("p1-b", Successor("p1-bb", "Half of a half"))
    assert order("1") == [*was[:1], "p1-bb", "p1-c", *was[2:]]


def test_a_merge_stands_where_the_first_of_them_stood() -> None:
    was = order("1")
    merge("p1-3", "p1-1")
    assert order("1") == [was[0], "p1-one", was[2], was[4]]


def test_a_new_deliverable_asks_for_the_parts_of_the_old_one() -> None:
    names = set(milestone("d1").parts.values_list("slug", "name", "label"))
    assert names
    operations.split(milestone("d1"), [B, C], {"p1-b"})
    for key in ("p1-b", "p1-c"):
        assert milestone(key).deliverable
        assert set(milestone(key).parts.values_list("slug", "name", "label")) == names


def test_deliverables_that_are_merged_keep_all_their_parts() -> None:
    for key, thing in (("d1", "A harness"), ("d2", "A model")):
        row = milestone(key)
        row.parts.all().delete()
        row.parts.create(slug="repo", name=thing, label="repository", position=1)
        row.parts.create(slug="story", name="The write-up", label="write-up", position=2)
    operations.merge([milestone("d1"), milestone("d2")], ONE)
    assert list(milestone("p1-one").parts.values_list("slug", "name")) == [
        ("repo", "A harness"),
        ("story", "The write-up"),
        ("repo-2", "A model"),
    ]


def test_learners_read_what_became_of_it() -> None:
    was = manual().milestones["p1-1"].wording
    split()
    release = Release.objects.latest("pk")
    # Learners see no keys.
    old = "“One gradient worked out by hand, and the engine…”"
    assert release.title == f"{old} became “A first half” and “A second half”"
    assert release.published
    assert list(release.items.values_list("what", "name", "was")) == [
        ("split", "A first half", was),
        ("split", "A second half", was),
    ]


def test_learners_read_of_what_leaves_and_of_what_comes_back() -> None:
    retire("p1-1", "p1-2")
    assert told() == [("retired", "p1-1"), ("retired", "p1-2")]
    restore("p1-2")
    assert told() == [("restored", "p1-2")]
    # To whoever did the phase meanwhile it is new.
    assert milestone("p1-2").since == Release.objects.latest("pk").published


@pytest.mark.parametrize(
    ("number", "called"), [(2, f"“{'x' * 50}…” and “{'x' * 50}…”"), (3, "3 chapters")]
)
def test_a_title_names_two_in_short_and_counts_more(number: int, called: str) -> None:
    chapters = [
        Chapter(section="method", slug=f"c-{n}", title="x" * 240, text=".", state=State.DRAFT)
        for n in range(number)
    ]
    Chapter.objects.bulk_create(chapters)
    changes = (operations.publish_alone, operations.retire, operations.restore)
    assert [change(chapters).title for change in changes] == [
        f"New: {called}",
        f"{called} left the roadmap",
        f"{called} are back on the roadmap",
    ]


def test_the_longest_title_there_can_be_fits() -> None:
    for row in (milestone("p1-0"), milestone("p1-1")):
        row.reword("y" * 250, "cosmetic")
    long = [Successor(key, letter * 250) for key, letter in (("p1-b", "b"), ("p1-c", "c"))]
    assert operations.tell_of_wording(milestone("p1-0"), "y" * 250).title.endswith("reworded")
    operations.split(milestone("p1-1"), long, {"p1-b"})
    title = operations.restore([milestone("p1-1")]).title
    assert title.endswith("…”")
    assert len(title) <= 250


# What levels ask for


def test_what_counts_for_a_level_fulfils_what_the_old_one_did() -> None:
    row = requirement("phase-1-deliverable", "d1")
    assert "L1" in refused(lambda: operations.split(milestone("d1"), [B, C], set()))
    operations.split(milestone("d1"), [B, C], {"p1-c"})
    assert fulfil(row) == {"d1", "p1-c"}


def test_what_was_live_before_counts_only_while_it_stands_in() -> None:
    row = requirement("phase-1-deliverable", "d1")
    replace("d1", Successor("d2"))
    assert fulfil(row) == {"d1", "d2"}
    assert "d2" in [one.key for one in manual().phases["1"].deliverables]

    restore("d1")
    assert fulfil(row) == {"d1"}
    assert states("d1", "d2") == ["live", "live"]
    assert "d2" not in [one.key for one in manual().phases["1"].deliverables]


def test_what_stands_in_for_two_goes_on_counting_for_the_other() -> None:
    row = requirement("phase-1-deliverable", "d1", "d3")
    replace("d1", Successor("d2"))
    replace("d3", Successor("d2"))
    restore("d1")
    assert fulfil(row) == {"d1", "d2", "d3"}
    restore("d3")
    assert fulfil(row) == {"d1", "d3"}
    assert manual().milestones["d2"].phases == ("2",)


def test_a_level_that_newcomers_could_not_reach_any_more_is_not_taken_from_them() -> None:
    requirement("phase-1-deliverable", "d1", "drl-0")
    retire("drl-0")
    assert "L1" in refused(lambda: retire("d1"))
    phase = Phase.objects.get(slug="1")
    assert "L1" in refused(lambda: operations.retire([phase]))


def test_undoing_takes_no_level_from_newcomers_either() -> None:
    replace("d1", Successor("d1-b", "A better one"))
    requirement("phase-1-deliverable", "d1-b")
    assert "phase-1-deliverable" in refused(lambda: restore("d1"))


# The opposite


@pytest.mark.parametrize("operation", [split, merge, replace])
def test_what_was_undone_can_be_done_again_with_the_same_keys(
    operation: Callable[[], Succession],
) -> None:
    first = operation()
    keys = [one.key for one in first.before.all()]
    brought = [one.key for one in first.after.all()]
    for _ in range(2):
        restore(keys[0])
        assert states(*keys, *brought) == ["live"] * len(keys) + ["retired"] * len(brought)
        operation()
        assert states(*keys, *brought) == ["retired"] * len(keys) + ["live"] * len(brought)
    assert Succession.objects.filter(undone=None).count() == 1


def test_restoring_one_or_all_of_what_was_merged_undoes_it_once() -> None:
    merge()
    release = restore("p1-1", "p1-0")
    assert states("p1-0", "p1-1", "p1-one") == ["live", "live", "retired"]
    assert release.title == (
        "“One gradient worked out by hand, and the engine…” and “Reverse-mode autodiff, written "
        "from a blank file” are back on the roadmap in place of “Both in one”"
    )
    assert told() == [("restored", "p1-1"), ("restored", "p1-0"), ("retired", "p1-one")]
    assert Succession.objects.exclude(undone=None).count() == 1


def test_what_has_changed_further_is_undone_from_the_end() -> None:
    merge()
    replace("p1-one", by=B)
    assert "Restore p1-one first." in refused(lambda: restore("p1-0"))
    restore("p1-one")
    restore("p1-0")
    assert states("p1-0", "p1-1", "p1-one", "p1-b") == ["live", "live", "retired", "retired"]


def test_a_milestone_and_what_took_its_place_do_not_come_back_together() -> None:
    replace()
    retire("p1-b")
    assert "cannot come back together" in refused(lambda: restore("p1-1", "p1-b"))
    restore("p1-1")
    restore("p1-b")
    assert states("p1-1", "p1-b") == ["live", "live"]


def test_what_stands_for_another_too_stays_until_that_is_undone() -> None:
    replace("p1-1", by=B)
    replace("p1-3", by=Successor("p1-b"))
    restore("p1-1")
    assert states("p1-1", "p1-3", "p1-b") == ["live", "retired", "live"]
    restore("p1-3")
    assert states("p1-1", "p1-3", "p1-b") == ["live", "live", "retired"]


def test_what_became_something_else_is_restored_rather_than_reused() -> None:
    replace("p1-1", by=B)
    text = refused(lambda: replace("p1-2", Successor("p1-1")))
    assert "p1-1 became p1-b. Restore it instead" in text


# What is refused

NEW = Successor("p1-x", "New")
type Case = Callable[[], object]
REFUSED: dict[str, Case] = {
    "at least two milestones to split": lambda: operations.split(milestone("p1-1"), [B], set()),
    "have one key": lambda: operations.split(milestone("p1-1"), [B, B], set()),
    "needs at least two milestones.": lambda: merge("p1-1", "p1-1"),
    "cannot follow itself": lambda: replace("p1-1", Successor("p1-1")),
    "taken by a live milestone": lambda: merge(into=Successor("p1-3")),
    "worded “": lambda: replace("p1-1", Successor("p1-2", "Other words")),
    "p1-x needs a wording": lambda: replace("p1-1", Successor("p1-x")),
    "A new milestone, key": lambda: replace("p1-1", Successor("", "New")),
    "key: Lower-case letters": lambda: replace("p1-1", Successor("No Key", "New")),
    "key: Ensure this value has at most 60": lambda: replace("p1-1", Successor("k" * 61, "New")),
    "wording: Ensure this value has at most 250": lambda: replace(
        "p1-1", Successor("p1-x", "w" * 251)
    ),
    "kind: Value 'none'": lambda: replace("p1-1", Successor("p1-x", "New", kind="none")),
    "d1 is a deliverable and p1-1 not": lambda: merge("p1-1", "d1"),
    "d1 is a deliverable and p1-2 not": lambda: replace("p1-2", Successor("d1")),
    "p1-1 is live already": lambda: restore("p1-1"),
    "Choose at least one row": lambda: operations.retire([]),
    "Nothing is chosen": lambda: operations.restore([]),
    "Nothing is chosen.": lambda: operations.publish_alone([]),
    "p1-1 is live already.": lambda: operations.publish_alone([milestone("p1-1")]),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_cannot_be_done_is_refused_in_a_sentence(says: str) -> None:
    assert says in refused(REFUSED[says])


def test_what_is_gone_or_done_already_is_refused() -> None:
    gone = draft("gone")
    stale = Milestone.objects.get(pk=gone.pk)
    gone.delete()
    for change in (operations.retire, operations.restore, operations.publish_alone):
        assert "deleted meanwhile" in refused(lambda: change([stale]))  # noqa: B023
    assert "deleted meanwhile" in refused(lambda: operations.replace(stale, NEW))

    one = milestone("p1-1")
    retire("p1-1")
    again: list[Case] = [
        lambda: operations.retire([one]),
        lambda: operations.split(one, [B, C], set()),
        lambda: operations.merge([one, milestone("p1-0")], ONE),
        lambda: operations.replace(one, NEW),
    ]
    for do in again:
        assert "p1-1 is retired already. Restore it first" in refused(do)
    assert "Restore it instead" in refused(lambda: operations.publish_alone([one]))
    waiting = draft("waiting")
    assert "Publish it first" in refused(lambda: operations.retire([waiting]))
    assert "Publish it instead" in refused(lambda: operations.restore([waiting]))


# Sets of drafts


def test_a_set_goes_live_at_once_and_learners_read_of_all_of_it() -> None:
    release = Release.objects.create(title="Winter")
    fresh = draft("p1-new", release)
    Placement.objects.create(phase=Phase.objects.get(slug="1"), milestone=fresh)
    Resource.objects.create(
        slug="book", title="A book", kind="book", summary=".", state=State.DRAFT, release=release
    )
    operations.publish(release)
    assert states("p1-new") == ["live"]
    assert Resource.objects.get(slug="book").state == State.LIVE
    assert told() == [("added", "p1-new"), ("added", "book")]
    assert milestone("p1-new").since == Release.objects.get(pk=release.pk).published
    assert "published already" in refused(lambda: operations.publish(release))


def test_a_set_that_is_not_ready_changes_nothing() -> None:
    release = Release.objects.create(title="Winter")
    assert "no draft in this set" in refused(lambda: operations.publish(release))
    Milestone.objects.create(key="bare", kind="build", state=State.DRAFT, release=release)
    draft("lost", release)
    text = refused(lambda: operations.publish(release))
    assert "bare has no wording yet" in text
    assert "holds lost" in text
    assert "holds lost" in refused(lambda: operations.publish_alone([milestone("lost")]))
    stale = Release.objects.get(pk=release.pk)
    Milestone.objects.filter(release=release).delete()
    release.delete()
    assert "deleted meanwhile" in refused(lambda: operations.publish(stale))


def test_a_draft_in_a_draft_phase_needs_the_phase_in_its_set() -> None:
    phase = Phase.objects.get(slug="5")
    Phase.objects.filter(pk=phase.pk).update(state=State.DRAFT)
    release = Release.objects.create(title="Winter")
    Placement.objects.create(phase=phase, milestone=draft("p5-new", release))
    assert "holds p5-new" in refused(lambda: operations.publish(release))
    Phase.objects.filter(pk=phase.pk).update(release=release)
    operations.publish(release)
    assert "p5-new" in order("5")


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_at_once_the_second_is_told_and_ticks_wait_for_neither(
    make_user: Callable[..., User],
) -> None:
    user, one = make_user(), milestone("p1-1")
    said: list[str] = []

    def second() -> None:
        try:
            split()
        except RefusedError as refusal:
            said.extend(refusal.reasons)
        finally:
            connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        split()
        other.start()
        ticking = threading.Thread(target=_tick, args=(user, one))
        ticking.start()
        ticking.join(5)
        assert not ticking.is_alive()
        assert other.is_alive()
    other.join(5)
    assert said == ["p1-1 is retired already. Restore it first to change it."]
    assert Completion.objects.get().done
    assert_recounted(user)


def _tick(user: User, one: Model) -> None:
    row = manual().milestones["p1-1"]
    Completion.objects.tick(
        user,
        milestone=one.pk,
        revision=row.revision_pk,
        on=dt.date(2026, 3, 14),
        now=dt.datetime(2026, 3, 14, 12, tzinfo=dt.UTC),
    )
    connection.close()


def test_the_real_phase_is_what_these_tests_say(roadmap: Manual) -> None:
    assert [one.key for one in roadmap.phases["1"].milestones] == list(PHASE)
