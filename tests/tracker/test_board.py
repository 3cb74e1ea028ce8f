import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Milestone, Phase, Placement, State
from roadmap.queries import Manual, manual
from tests.tracker.showing import PROOF
from tracker.awards import settle
from tracker.models import Completion, CompletionEvent
from tracker.queries import board_of

PHASE_SIZES = {
    "0": 5,
    "1": 5,
    "2": 6,
    "3": 6,
    "4": 5,
    "5": 8,
    "rl-0": 1,
    "rl-1": 2,
    "rl-2": 2,
    "rl-3": 4,
    "rl-4": 1,
}


def add_milestones(phase: str, count: int) -> list[str]:
    keys = []
    for number in range(count):
        one = Milestone.objects.create(key=f"extra-{number}", kind="build")
        one.reword(f"Extra work number {number}", "material")
        Placement.objects.create(
            phase=Phase.objects.get(slug=phase), milestone=one, position=100 + number
        )
        keys.append(one.key)
    return keys


def test_an_empty_board_counts_every_milestone_and_nothing_done(
    user: User, roadmap: Manual
) -> None:
    board = board_of(user, roadmap)
    assert {slug: part.total.total for slug, part in board.phases.items()} == PHASE_SIZES
    assert all(part.total.done == 0 for part in board.phases.values())


def test_the_rl_track_counts_only_for_those_who_chose_it(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "rl-0", "p4-0")
    board = board_of(user, roadmap)
    assert (board.total.done, board.total.total) == (2, 35)
    user.tracks = ["trunk", "llm", "rl"]
    board = board_of(user, roadmap)
    assert (board.total.done, board.total.total) == (3, 42)


DONE = ["p0-0", "p1-0", "d0", "p2-0", "p4-0", "rl-0", "rl-5", "drl-0"]
SHARED = [("4", "rl-3", key) for key in ("p4-0", "p4-1", "p4-4")]


@pytest.mark.parametrize(
    ("tracks", "total", "parts"),
    [
        pytest.param(["trunk"], (2, 10), {"0": 1, "1": 1}, id="one track"),
        pytest.param(["trunk", "llm"], (4, 35), {"0": 1, "4": 1}, id="two"),
        pytest.param(["trunk", "rl"], (5, 20), {"4": 1, "rl-3": 2}, id="RL without phase 4"),
        pytest.param(["trunk", "llm", "rl"], (6, 42), {"4": 1, "rl-3": 2}, id="all"),
        pytest.param(["rl"], (3, 10), {"rl-0": 1, "rl-3": 2}, id="RL alone"),
        pytest.param([], (4, 35), {"0": 1}, id="none chosen: those that are not optional"),
        pytest.param(["cooking"], (0, 0), {"0": 1}, id="one that is gone"),
    ],
)
def test_a_track_that_is_not_chosen_is_held_against_nobody(
    user: User,
    roadmap: Manual,
    tick: Callable[..., None],
    tracks: list[str],
    total: tuple[int, int],
    parts: dict[str, int],
) -> None:
    tick(user, *DONE)
    user.tracks = tracks
    board = board_of(user, roadmap)
    assert (board.total.done, board.total.total) == total
    # What a phase holds is the same whoever looks at it.
    assert {slug: board.phases[slug].total.done for slug in parts} == parts
    assert {slug: part.total.total for slug, part in board.phases.items()} == PHASE_SIZES


@pytest.mark.parametrize(("home", "other", "key"), SHARED)
def test_each_shared_milestone_has_one_box_and_counts_in_both_phases(
    learner: Client, user: User, roadmap: Manual, home: str, other: str, key: str
) -> None:
    user.tracks = ["trunk", "llm", "rl"]
    user.save(update_fields=["tracks"])
    learner.post(f"/progress/{key}/", {"done": "1", "page": other})
    board = board_of(user, roadmap)
    assert [board.phases[slug].total.done for slug in (home, other)] == [1, 1]
    assert [track.total.done for track in board.tracks] == [0, 1, 1]
    assert board.total.done == 1
    html = learner.get("/progress/").content.decode()
    assert html.count(f'id="done-{key}"') == 1
    assert f'id="shared-{other}-{key}"' in html
    learner.post(f"/progress/{key}/", {"done": "0", "page": home})
    assert board_of(user, roadmap).phases[other].total.done == 0


@pytest.mark.parametrize(
    "chosen", [["trunk", "llm", "rl"], ["rl"], ["trunk"]], ids=["with RL", "RL alone", "less"]
)
def test_choosing_tracks_changes_no_date_and_no_tick(
    learner: Client, user: User, tick: Callable[..., None], chosen: list[str]
) -> None:
    tick(user, *DONE)
    before = list(Completion.objects.order_by("pk").values())
    events = list(CompletionEvent.objects.order_by("pk").values())
    for tracks in (chosen, ["trunk", "llm"]):
        response = learner.post("/settings/", {"time_zone": "UTC", "tracks": tracks})
        assert response.status_code == 302
        assert list(Completion.objects.order_by("pk").values()) == before
        assert list(CompletionEvent.objects.order_by("pk").values()) == events


def test_deliverables_stand_beside_the_totals(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "d0")
    part = board_of(user, roadmap).phases["0"]
    assert (part.total.done, part.total.total) == (0, 5)
    assert part.shipped


def test_a_retired_deliverable_that_was_unticked_is_held_against_nobody(
    learner: Client, user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    old = Milestone.objects.get(key="d1")
    old.placements.update(phase=Phase.objects.get(slug="0"))
    tick(user, "d0", "d1")
    Completion.objects.filter(milestone=old).update(done=False)
    assert not board_of(user, manual()).phases["0"].shipped
    old.state = State.RETIRED
    old.save()
    assert board_of(user, manual()).phases["0"].shipped
    told = learner.get("/roadmap/0/").content.decode()
    assert "Put that tick back" in told
    assert "Deliverable not shipped yet" not in told


def test_the_next_step_is_the_first_open_milestone_on_the_chosen_tracks(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p0-1")
    part = board_of(user, roadmap).next_phase
    assert part is not None
    assert part.phase.slug == "0"
    assert part.next_item is not None
    assert part.next_item.key == "p0-2"


def test_the_page_shows_every_box_once_with_its_totals(learner: Client, roadmap: Manual) -> None:
    html = learner.get("/progress/").content.decode()
    for key in roadmap.milestones:
        assert html.count(f'id="milestone-{key}"') == 1, key
    for slug, size in PHASE_SIZES.items():
        block = re.search(rf'id="phase-{slug}-progress".*?</div>', html, re.DOTALL)
        assert block, slug
        assert f'<progress value="0" max="{size}"' in block[0]
    assert re.search(r'id="total-progress".*?<progress value="0" max="35"', html, re.DOTALL)


def test_a_strangers_ticks_are_not_on_my_board(
    learner: Client, make_user: Callable[..., User], tick: Callable[..., None]
) -> None:
    tick(make_user("emmy"), "p0-0", "p1-0")
    html = learner.get("/progress/").content.decode()
    assert " checked>" not in html


# Home has the last entries and an open draft beside the progress.
MOST = {
    "/": 7,
    "/levels/": 5,
    "/progress/": 5,
    "/progress/claim/": 5,
    "/progress/reset/trunk/": 8,
    "/roadmap/": 5,
    "/roadmap/0/": 5,
    "/settings/": 5,
}


def test_no_page_asks_the_database_more_often_however_much_there_is(
    learner: Client, user: User, roadmap: Manual
) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert learner.get(path).status_code == 200
        return len(captured)

    def all_of_them() -> dict[str, int]:
        learner.get("/")  # the content of the roadmap is read by whoever comes first
        return {path: queries(path) for path in MOST}

    few = all_of_them()
    add_milestones("0", 160)
    without_ticks = all_of_them()

    content = manual()
    Completion.objects.bulk_create(
        Completion(
            user=user,
            milestone_id=one.pk,
            revision_id=one.revision_pk,
            completed_on="2026-03-14",
            shown_on="2026-03-14",
            evidence=PROOF.kept(),
            zone="UTC",
            changed="2026-03-14T00:00:00Z",
        )
        for one in content.milestones.values()
    )
    assert settle(user, content, today=user.today).granted == 3
    assert few == without_ticks == all_of_them()
    assert {path: count for path, count in few.items() if count > MOST[path]} == {}


@pytest.mark.parametrize("how", ["phase retired", "phase drafted", "place removed", "drafted"])
def test_what_a_person_did_stays_in_sight_when_it_leaves_the_roadmap(
    learner: Client, user: User, tick: Callable[..., None], how: str
) -> None:
    tick(user, "p0-4")
    if how == "phase retired":
        Phase.objects.filter(slug="0").update(state="retired")
    elif how == "phase drafted":
        Phase.objects.filter(slug="0").update(state="draft")
    elif how == "place removed":
        Placement.objects.filter(milestone__key="p0-4").delete()
    else:
        Milestone.objects.filter(key="p0-4").update(state="draft")
    html = learner.get("/progress/").content.decode()
    assert "No longer on the roadmap" in html
    assert html.count('id="milestone-p0-4"') == 1
    learner.post("/progress/p0-4/", {"done": "0"})
    learner.post("/progress/p0-4/", {"done": "1"})
    assert Completion.objects.get().done
    assert Completion.objects.get().completed_on.isoformat() == "2026-03-14"


def test_nobody_else_sees_or_ticks_what_no_phase_holds(
    learner: Client, user: User, roadmap: Manual
) -> None:
    Placement.objects.filter(milestone__key="p0-4").delete()
    assert "milestone-p0-4" not in learner.get("/progress/").content.decode()
    assert learner.post("/progress/p0-4/", {"done": "1"}).status_code == 404
