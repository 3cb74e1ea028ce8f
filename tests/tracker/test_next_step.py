import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual, manual
from tracker.next_step import Stage, left, way_to, where
from tracker.queries import board_of

MARCH, APRIL, MAY = (dt.date(2026, month, 14) for month in (3, 4, 5))
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def stage(
    slug: str, open_: str = "", *, ticked: dt.date | None = None, at: int = 0, also: str = ""
) -> Stage:
    """Make a phase with what is open in it, and what it holds besides."""
    moment = (ticked, NOON + dt.timedelta(minutes=at)) if ticked else None
    keys = tuple(open_.split())
    return Stage(slug, frozenset({*keys, *also.split()}), keys, moment)


# The phase a person is in


@pytest.mark.parametrize(
    ("stages", "slug"),
    [
        pytest.param([], None, id="no phase at all"),
        pytest.param([stage("0", "a b"), stage("1", "c")], "0", id="nothing done: the first"),
        pytest.param([stage("0"), stage("1", "c")], "1", id="a phase without anything is passed"),
        pytest.param(
            [stage("0", "a", ticked=MARCH), stage("1", "c", ticked=APRIL), stage("2", "d")],
            "1",
            id="where the last tick is, though an earlier phase is open",
        ),
        pytest.param(
            [stage("0", "a", ticked=APRIL), stage("1", "c", ticked=MARCH)],
            "0",
            id="the last tick by its date, not by the order",
        ),
        pytest.param(
            [stage("0", ticked=MARCH), stage("1", "c"), stage("2", "d")],
            "1",
            id="the phase of the last tick is complete: the first open one",
        ),
        pytest.param(
            [stage("0", "a"), stage("1", "c", ticked=MARCH), stage("2", ticked=APRIL)],
            "1",
            id="the phase of the last tick is complete: the one begun before it",
        ),
        pytest.param(
            [stage("0", "a", ticked=MARCH, at=1), stage("1", "c", ticked=MARCH, at=2)],
            "1",
            id="of one day the later moment",
        ),
        pytest.param(
            [stage("4", "a", ticked=MARCH), stage("rl-3", "b", ticked=MARCH)],
            "4",
            id="a shared milestone ticked last: the first of its phases",
        ),
        pytest.param(
            [stage("0", ticked=MARCH), stage("1", ticked=APRIL)], None, id="all done: none"
        ),
        pytest.param(
            [stage("0", "d0", ticked=APRIL), stage("1", "c")], "0", id="only the deliverable open"
        ),
    ],
)
def test_the_phase_a_person_is_in(stages: list[Stage], slug: str | None) -> None:
    found = where(stages)
    assert (found.slug if found else None) == slug


def next_of(user: User, content: Manual) -> tuple[str, str] | None:
    part = board_of(user, content).next_phase
    return (part.phase.slug, part.next_item.key) if part and part.next_item else None


def test_before_anything_the_next_step_is_the_first_milestone(user: User, roadmap: Manual) -> None:
    assert next_of(user, roadmap) == ("0", "p0-0")


def test_the_next_step_is_where_the_last_tick_was(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=APRIL)
    tick(user, "p3-0", on=MAY)
    assert next_of(user, roadmap) == ("3", "p3-1")


def test_ticks_on_a_track_that_was_not_chosen_do_not_lead_there(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=MARCH)
    tick(user, "rl-1", on=MAY)
    assert next_of(user, roadmap) == ("0", "p0-1")
    user.tracks = ["trunk", "rl"]
    found = next_of(user, roadmap)
    assert found
    assert found[0] == "rl-1"


def test_the_deliverable_comes_when_the_milestones_of_its_phase_are_done(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, *(one.key for one in roadmap.phases["0"].milestones))
    assert next_of(user, roadmap) == ("0", "d0")
    tick(user, "d0")
    assert next_of(user, roadmap) == ("1", "p1-0")


def test_what_was_retired_is_nobodys_next_step_though_it_was_once_ticked(
    learner: Client, user: User, tick: Callable[..., None], roadmap: Manual
) -> None:
    tick(user, "p0-0", "p0-1")
    learner.post("/progress/p0-0/", {"done": "0"})
    Milestone.objects.filter(key="p0-0").update(state="retired")
    assert next_of(user, manual()) == ("0", "p0-2")


def test_everything_done_leaves_no_next_step(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, *roadmap.milestones)
    assert next_of(user, roadmap) is None


def test_shared_work_done_on_one_road_is_not_asked_for_on_the_other(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    shared = [one.key for one in roadmap.phases["rl-3"].milestones if len(one.phases) > 1]
    assert shared
    tick(user, *shared)
    user.tracks = ["rl"]
    part = board_of(user, roadmap).phases["rl-3"]
    assert not {item.key for item in part.all_items if item.open} & set(shared)


# What is left on the way to a level

TRUNK = [stage("0", "a0 d0"), stage("1", "a1 d1")]
LLM = [stage("2", "a2 d2"), stage("3", "a3 d3"), stage("4", "a4 s d4"), stage("5", "a5 d5")]
RL = [stage("rl-2", "r2 e2"), stage("rl-3", "r3 s e3"), stage("rl-4", "r4 e4")]
L1 = (("d1",), ("d2",))
L2 = (("d3", "e2"), ("d4", "e3"))


@pytest.mark.parametrize(
    ("groups", "tracks", "slugs", "count"),
    [
        pytest.param((), [TRUNK, LLM], "", 0, id="a level that asks nothing"),
        pytest.param(((),), [TRUNK, LLM], "", 0, id="one that asks what nobody can do"),
        pytest.param(L1, [], "", 0, id="no tracks"),
        pytest.param(L1, [TRUNK, LLM], "0 1 2", 6, id="up to the last phase that is asked for"),
        pytest.param(L1, [TRUNK, LLM, RL], "0 1 2", 6, id="no phase of a track that leads past"),
        pytest.param(L2, [TRUNK, LLM], "0 1 2 3 4", 11, id="the track before it whole"),
        pytest.param(L2, [TRUNK, RL], "0 1 rl-2 rl-3", 9, id="the other road"),
        pytest.param(
            L2, [TRUNK, LLM, RL], "0 1 rl-2 rl-3", 9, id="of two roads the one with less left"
        ),
        pytest.param(
            (*L2, ("d4",), ("e3",)),
            [TRUNK, LLM, RL],
            "0 1 2 3 4 rl-2 rl-3",
            15,
            id="both roads where both are asked for, shared ones once",
        ),
        pytest.param(
            L2,
            [TRUNK, [stage(one.slug, also=" ".join(one.holds)) for one in LLM], RL],
            "0 1 2 3 4",
            4,
            id="the other road is not asked for beside the one that was walked",
        ),
        pytest.param(L2, [TRUNK], "", 0, id="tracks that do not lead there"),
        pytest.param(L1, [TRUNK], "", 0, id="tracks that lead half the way"),
        pytest.param(
            L1,
            [[stage("0", also="a0 d0"), stage("1", "d1", also="a1")], [stage("2", "d2")]],
            "0 1 2",
            2,
            id="only what is open counts",
        ),
    ],
)
def test_what_is_left_on_the_way_to_a_level(
    groups: tuple[tuple[str, ...], ...], tracks: list[list[Stage]], slugs: str, count: int
) -> None:
    way = way_to(groups, tracks)
    assert [one.slug for one in way] == slugs.split()
    assert left(way) == count


def test_the_way_to_l2_on_the_real_roadmap_is_phases_0_to_4(user: User, roadmap: Manual) -> None:
    board = board_of(user, roadmap)
    tracks = [[part.stage for part in track.phases] for track in board.chosen]
    assert [one.slug for one in way_to(roadmap.rules["l2"], tracks)] == ["0", "1", "2", "3", "4"]


def test_a_phase_of_the_optional_track_keeps_its_name_within_a_sentence(
    learner: Client, user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    user.tracks = ["rl"]
    user.save()
    tick(user, "rl-0")
    assert "Read RL-" in learner.get("/").content.decode()
