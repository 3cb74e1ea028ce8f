"""Awards by transactions and by the command: the same, and each once."""

import datetime as dt
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastery.models import User
from roadmap.models import Level, Milestone, Requirement
from roadmap.operations import rules_changed
from roadmap.queries import Manual, manual
from tests.roadmap.test_admin import edit
from tests.roadmap.test_history import nobody, put_back, the_save
from tests.tracker.showing import hide, show, tick_again, untick
from tracker.awards import Settled, counts_for_a_level, settle
from tracker.models import Award, Completion

APRIL, MAY, JUNE = (dt.date(2026, month, 3) for month in (4, 5, 6))
KEYS = ["d1", "d2", "d3", "drl-2", "d4", "drl-3", "d5"]
Kept = dict[str, tuple[dt.date, Any, Any, dt.date | None]]


def kept(user: User) -> Kept:
    return {
        award.level.slug: (award.granted_on, award.rule, award.because, award.unsupported_since)
        for award in Award.objects.of(user).select_related("level")
    }


def recompute(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("recompute_awards")
    return capsys.readouterr().out.strip()


def test_it_grants_what_is_shown_and_says_how_much(
    make_user: Callable[..., User], roadmap: Manual, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, emmy = make_user("ada"), make_user("emmy")
    make_user("nothing-done")
    show(ada, "d1", "d2", on=MAY)
    show(emmy, "d1", on=APRIL)
    before = kept(ada)
    Award.objects.all().delete()
    assert recompute(capsys) == (
        "Levels of 2 people: 1 granted, 0 marked as no longer supported, 0 supported again."
    )
    assert kept(ada) == before
    assert kept(emmy) == {}


def test_a_second_run_changes_nothing(
    user: User, roadmap: Manual, capsys: pytest.CaptureFixture[str]
) -> None:
    show(user, "d1", "d2", on=MAY)
    Award.objects.all().delete()
    recompute(capsys)
    before = kept(user)
    assert recompute(capsys).startswith("Levels of 1 person: 0 granted, 0 marked")
    assert kept(user) == before


def test_it_marks_what_lost_its_support_behind_the_pages_back_and_takes_the_mark_off(
    user: User, roadmap: Manual, capsys: pytest.CaptureFixture[str]
) -> None:
    show(user, "d1", "d2", on=MAY)
    Completion.objects.filter(milestone__key="d1").update(done=False)
    assert "1 marked" in recompute(capsys)
    assert kept(user)["l1"][0] == MAY
    assert kept(user)["l1"][3] == user.today
    Completion.objects.filter(milestone__key="d1").update(done=True)
    assert "1 supported again" in recompute(capsys)
    assert kept(user)["l1"][3] is None


def test_it_keeps_an_award_whose_person_has_nothing_left(
    user: User, roadmap: Manual, capsys: pytest.CaptureFixture[str]
) -> None:
    show(user, "d1", "d2", on=MAY)
    Completion.objects.filter(user=user).delete()
    recompute(capsys)
    assert kept(user)["l1"][0] == MAY
    assert kept(user)["l1"][3] is not None


def test_a_changed_rule_grants_what_it_now_allows_and_leaves_old_awards_theirs(
    make_user: Callable[..., User], roadmap: Manual, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, emmy = make_user("ada"), make_user("emmy")
    show(ada, "d1", "d2", on=MAY)
    show(emmy, "d1", "d3", on=APRIL)
    before = kept(ada)
    row = Requirement.objects.get(level__slug="l1", slug="phase-2-deliverable")
    row.any_of.set(Milestone.objects.filter(key="d3"))
    assert "1 granted, 0 marked" in recompute(capsys)
    assert kept(ada) == before
    assert kept(emmy)["l1"][:2] == (APRIL, [["d1"], ["d3"]])


def test_a_rule_that_an_editor_changes_grants_what_it_now_allows_at_once(
    editor: Client, make_user: Callable[..., User], roadmap: Manual
) -> None:
    ada, emmy = make_user("ada"), make_user("emmy")
    show(ada, "d1", "d2", on=MAY)
    show(emmy, "d1", "d3", on=APRIL)
    before = kept(ada)
    level = Level.objects.get(slug="l1")
    d3 = Milestone.objects.get(key="d3")
    edit(editor, level, **{"requirements-1-any_of": [d3.pk]})
    assert kept(ada) == before
    assert kept(emmy)["l1"][:2] == (APRIL, [["d1"], ["d3"]])
    Award.objects.of(emmy).delete()
    edit(editor, level, name="Somebody who reproduces")
    assert kept(emmy) == {}


def test_changed_rules_ask_no_more_often_for_many_people_and_mark_what_they_held_up(
    make_user: Callable[..., User], roadmap: Manual, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Requirement.objects.get(level__slug="l1", slug="phase-2-deliverable")
    queries = []
    for count in (2, 12):
        row.any_of.set(Milestone.objects.filter(key="d2"))
        people = [make_user(f"ada-{count}-{n}") for n in range(count)]
        for user in people:
            show(user, "d1", "d3", on=MAY)
        row.any_of.set(Milestone.objects.filter(key__in=["d2", "d3"]))
        manual()  # read anew, and not counted
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            rules_changed()
        queries.append(len(asked))
        assert all(kept(user)["l1"][3] is None for user in people)
    assert queries[0] == queries[1]
    # By its own rule an award stands; by the rule of now it does until that changes.
    Award.objects.update(rule=[["d1"], ["d2"]])
    row.any_of.set(Milestone.objects.filter(key="d2"))
    Requirement.objects.get(level__slug="l1", slug="phase-1-deliverable").delete()
    monkeypatch.setattr("tracker.awards.AT_ONCE", 5)
    with transaction.atomic():
        rules_changed()
    assert Award.objects.filter(unsupported_since=None).count() == 0


@pytest.mark.parametrize("how", ["put back", "loaded"])
def test_a_rule_that_comes_back_grants_what_it_allows_again(
    editor: Client, user: User, roadmap: Manual, how: str
) -> None:
    nobody()
    level = Level.objects.get(slug="l1")
    row = level.requirements.get(slug="phase-2-deliverable")
    edit(editor, level, **{"requirements-1-any_of": [Milestone.objects.get(key="d3").pk]})
    show(user, "d1", "d2", on=MAY)
    assert kept(user) == {}
    if how == "loaded":
        call_command("load_roadmap", force=True, stdout=io.StringIO())
    else:
        put_back(editor, level, the_save(level).key)
    assert list(row.any_of.values_list("key", flat=True)) == ["d2"]
    assert kept(user)["l1"][0] == MAY


STEPS = st.lists(
    st.tuples(st.sampled_from([show, show, show, untick, tick_again, hide]), st.sampled_from(KEYS)),
    max_size=25,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_it_gives_the_answer_that_the_transactions_gave(
    user: User, roadmap: Manual, steps: list[tuple[Callable[..., object], str]]
) -> None:
    """Awards that were never without what reached them come out of the completions alone again.

    Of one that lost it only the level is the same: nothing remembers the old reasons but the
    award, which is why nothing ever deletes one.
    """
    with rolled_back():
        shaken: set[str] = set()
        for at, (do, key) in enumerate(steps):
            do(user, key, on=APRIL + dt.timedelta(days=at))
            shown = shown_keys(user)
            shaken |= {
                level
                for level, (_, _, because, _) in kept(user).items()
                if not {one["key"] for one in because} <= shown
            }
        by_steps = kept(user)
        call_command("recompute_awards", stdout=io.StringIO())
        assert kept(user) == by_steps
        Award.objects.all().delete()
        call_command("recompute_awards", stdout=io.StringIO())
        again = kept(user)
        assert set(again) == {level for level, one in by_steps.items() if one[3] is None}
        for level in again.keys() - shaken:
            assert again[level] == by_steps[level]


def shown_keys(user: User) -> set[str]:
    rows = Completion.objects.of(user).filter(done=True, shown_on__isnull=False)
    return set(rows.values_list("milestone__key", flat=True))


@contextmanager
def rolled_back() -> Iterator[None]:
    """Take back what one example did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("key", "counts"), [("d1", True), ("drl-3", True), ("d0", True), ("p0-0", False), ("x", False)]
)
def test_what_may_change_a_level(roadmap: Manual, key: str, counts: bool) -> None:
    assert counts_for_a_level(roadmap, key) is counts


def test_settling_says_what_it_did(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", on=MAY)
    assert settle(user, manual(), today=MAY) == Settled()
    assert untick(user, "d1", on=JUNE) == Settled(marked=1)


@pytest.mark.django_db(transaction=True)
def test_two_halves_of_a_level_at_once_end_in_one_award(
    roadmap: Manual, make_user: Callable[..., Any]
) -> None:
    for turn in range(4):
        user = make_user(f"ada-{turn}")
        run_at_once(*(partial(show, user, key, on=MAY) for key in ("d1", "d2", "d1", "d2")))
        (award,) = Award.objects.of(user)
        assert (award.granted_on, award.supported) == (MAY, True)
        assert [one["key"] for one in award.because] == ["d1", "d2"]


@pytest.mark.django_db(transaction=True)
def test_the_command_beside_a_page_grants_once(
    roadmap: Manual, make_user: Callable[..., Any]
) -> None:
    user = make_user()
    show(user, "d1", "d2", on=MAY)
    Award.objects.all().delete()
    run_at_once(
        lambda: call_command("recompute_awards", stdout=io.StringIO()),
        lambda: call_command("recompute_awards", stdout=io.StringIO()),
        lambda: show(user, "d3", on=JUNE),
    )
    assert list(kept(user)) == ["l1"]


def run_at_once(*jobs: Callable[[], object]) -> None:
    """Run each in a thread with a connection of its own, and raise what any of them raised."""
    start = threading.Barrier(len(jobs))
    wrong: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait()
            job()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
