import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Milestone, Phase, Placement
from roadmap.queries import Manual, manual
from tracker.models import Completion
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


def test_a_shared_milestone_is_ticked_once_and_counts_in_both_phases(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p4-0")
    board = board_of(user, roadmap)
    assert board.phases["4"].total.done == 1
    assert board.phases["rl-3"].total.done == 1
    assert board.total.done == 1


def test_deliverables_stand_beside_the_totals(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "d0")
    part = board_of(user, roadmap).phases["0"]
    assert (part.total.done, part.total.total) == (0, 5)
    assert part.shipped


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


def test_the_board_needs_a_login(client: Client) -> None:
    response = client.get("/progress/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/progress/"


@pytest.mark.parametrize("path", ["/progress/", "/roadmap/0/", "/", "/roadmap/"])
def test_a_page_asks_the_database_the_same_few_times_however_much_there_is(
    learner: Client, user: User, roadmap: Manual, tick: Callable[..., None], path: str
) -> None:
    def queries() -> int:
        learner.get(path)  # the content of the roadmap is read by whoever comes first
        with CaptureQueriesContext(connection) as captured:
            assert learner.get(path).status_code == 200
        return len(captured)

    few = queries()
    keys = add_milestones("0", 160)
    without_ticks = queries()

    content = manual()
    for key in [*roadmap.milestones, *keys]:
        one = content.milestones[key]
        Completion.objects.create(
            user=user,
            milestone_id=one.pk,
            revision_id=one.revision_pk,
            completed_on="2026-03-14",
            zone="UTC",
            changed="2026-03-14T00:00:00Z",
        )
    many = queries()
    assert few == without_ticks == many
    assert many <= 4


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
