"""The levels, the level line, the pace and the chart, as a person sees them."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone, Requirement
from roadmap.queries import Manual
from tests.tracker.showing import show, untick
from tracker.models import Award, Completion

APRIL, MAY, JUNE = (dt.date(2026, month, 3) for month in (4, 5, 6))
NOON = "2026-11-22T12:00:00Z"
HX = {"HX-Request": "true"}


def flat(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", "", html).split())


def rung(client: Client, slug: str) -> str:
    """Give what the page says of one level, without its mark-up."""
    html = client.get("/levels/").content.decode()
    found = re.search(rf'<li id="level-{slug}".*?(?=<li id="level-|</ol>)', html, re.DOTALL)
    assert found
    return flat(found[0])


def ticks(user: User, roadmap: Manual, *, days_ago: list[int], today: dt.date) -> None:
    """Tick the first milestones of the roadmap, one on each of these days."""
    milestones = [one for phase in roadmap.phases.values() for one in phase.milestones]
    for days, one in zip(days_ago, milestones, strict=False):
        Completion.objects.of(user).tick(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            on=today - dt.timedelta(days=days),
            now=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        )


# The page


def test_a_visitor_reads_the_ladder_and_nothing_of_their_own(
    client: Client, roadmap: Manual
) -> None:
    html = client.get("/levels/").content.decode()
    assert "data-state" not in html
    assert "you lack" not in html
    assert "not ticked" not in html


def test_an_empty_account_is_told_what_each_level_lacks(learner: Client, roadmap: Manual) -> None:
    assert "You have this from the start." in rung(learner, "l0")
    assert "For L1 you lack phase 1’s deliverable and phase 2’s deliverable." in rung(learner, "l1")
    assert (
        "For L2 you lack phase 3’s deliverable or RL-2’s deliverable, "
        "and phase 4’s deliverable or RL-3’s deliverable." in rung(learner, "l2")
    )
    assert rung(learner, "l2").count("(not ticked)") == 4
    assert "For L3 you lack phase 5’s deliverable or RL-4’s deliverable." in rung(learner, "l3")


def test_l4_is_beyond_the_map_and_says_so(learner: Client, roadmap: Manual) -> None:
    assert "L4 is beyond the map: nothing here can award it." in rung(learner, "l4")
    assert "lack" not in rung(learner, "l4")


def test_a_claim_asks_for_its_evidence(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "d1")
    assert (
        "For L1 you lack phase 1’s deliverable (claimed: add evidence) and phase 2’s deliverable."
        in rung(learner, "l1")
    )
    assert 'href="/progress/d1/evidence/"' in learner.get("/levels/").content.decode()


def test_l1_is_explained_by_both_deliverables(learner: Client, user: User, roadmap: Manual) -> None:
    show(user, "d1", on=APRIL)
    show(user, "d2", on=MAY)
    said = rung(learner, "l1")
    assert (
        "L1 since 3 May 2026, because phase 1’s deliverable and phase 2’s deliverable are shown."
        in said
    )
    assert "(shown 3 April 2026)" in said
    assert f"“{roadmap.milestones['d1'].wording}”, shown 3 April 2026" in said
    html = learner.get("/levels/").content.decode()
    assert '<li id="level-l1" data-state="reached">' in html
    assert 'href="/roadmap/1/#milestone-d1">phase 1’s deliverable</a>' in html


def test_l2_is_explained_through_rl_2(learner: Client, user: User, roadmap: Manual) -> None:
    show(user, "drl-2", on=APRIL)
    show(user, "d4", on=MAY)
    assert (
        "L2 since 3 May 2026, because RL-2’s deliverable and phase 4’s deliverable are shown."
        in rung(learner, "l2")
    )
    assert "For L1 you lack" in rung(learner, "l1")


def test_lost_support_is_told_and_the_date_stays(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "d1", "d2", on=MAY)
    untick(user, "d2", on=JUNE)
    said = rung(learner, "l1")
    assert "Reached 3 May 2026, because phase 1’s deliverable and phase 2’s deliverable" in said
    assert (
        "No longer supported since 3 June 2026: phase 2’s deliverable is not shown any more. "
        "The date stays." in said
    )
    assert "For L1 you lack phase 2’s deliverable." in said
    html = learner.get("/levels/").content.decode()
    assert '<li id="level-l1" data-state="lost">' in html


def test_a_rule_that_changed_since_is_told_as_it_was(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "d1", "d2", on=MAY)
    row = Requirement.objects.get(level__slug="l1", slug="phase-2-deliverable")
    row.any_of.set(Milestone.objects.filter(key="d3"))
    said = rung(learner, "l1")
    assert "L1 since 3 May 2026" in said
    assert (
        "Granted by the rule of that time: phase 1’s deliverable and phase 2’s deliverable." in said
    )
    assert "By the rule of today you would lack phase 3’s deliverable." in said


def test_what_took_over_is_told(learner: Client, user: User, roadmap: Manual) -> None:
    show(user, "d3", "drl-2", "d4", on=MAY)
    untick(user, "d3", on=JUNE)
    assert "Today it rests on RL-2’s deliverable and phase 4’s deliverable." in rung(learner, "l2")


def test_somebody_elses_levels_are_not_mine(
    learner: Client, make_user: Callable[..., User], roadmap: Manual
) -> None:
    show(make_user("emmy"), "d1", "d2", on=MAY)
    assert "For L1 you lack" in rung(learner, "l1")


def test_reading_the_page_writes_nothing(learner: Client, user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", on=MAY)
    Award.objects.all().delete()
    assert "L1 since 3 May 2026" in rung(learner, "l1")
    assert not Award.objects.exists()


def test_the_page_takes_no_other_method(learner: Client) -> None:
    assert learner.post("/levels/").status_code == 405


# The line on home and progress


@pytest.mark.parametrize("path", ["/", "/progress/"])
def test_home_and_progress_say_the_level_and_what_the_next_lacks(
    learner: Client, user: User, roadmap: Manual, path: str
) -> None:
    text = flat(learner.get(path).content.decode())
    assert "L0 Tourist, where everybody starts. For L1 you lack phase 1’s deliverable" in text
    show(user, "d1", "d2", on=MAY)
    text = flat(learner.get(path).content.decode())
    assert "L1 Reproducer since 3 May 2026. For L2 you lack phase 3’s deliverable or" in text


def test_home_says_that_a_level_lost_its_support(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "d1", "d2", on=MAY)
    untick(user, "d1", on=JUNE)
    html = learner.get("/").content.decode()
    assert "L1, reached 3 May 2026, is no longer supported: why." in flat(html)
    assert 'href="/levels/#level-l1">why</a>' in html


def test_whoever_has_every_level_of_the_map_is_told_so(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "d1", "d2", "d3", "d4", "d5", on=MAY)
    assert "L3 Contributor since 3 May 2026. That is as far as the map goes." in flat(
        learner.get("/").content.decode()
    )


@pytest.mark.parametrize("path", ["/", "/roadmap/"])
def test_a_visitor_sees_no_level_line(client: Client, roadmap: Manual, path: str) -> None:
    assert 'id="level"' not in client.get(path).content.decode()


# Pace


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param(None, "At 3 milestones a month you reach L2 in June 2027.", id="none"),
        pytest.param(
            dt.date(2027, 3, 1),
            "you reach L2 in June 2027; your target says March 2027. "
            "5.9 a month would get there by then, or you can move the target.",
            id="late",
        ),
        pytest.param(
            dt.date(2026, 1, 1),
            "you reach L2 in June 2027; your target says January 2026. You can move the target.",
            id="gone by",
        ),
        pytest.param(
            dt.date(2028, 5, 1),
            "you reach L2 in June 2027, before May 2028, which is your target.",
            id="early",
        ),
        pytest.param(
            dt.date(2027, 6, 1),
            "you reach L2 in June 2027, which is your target.",
            id="as said",
        ),
    ],
)
def test_the_pace_says_when_the_target_level_is_reached(
    learner: Client, user: User, roadmap: Manual, target: dt.date | None, said: str
) -> None:
    user.target_date = target
    user.save()
    with time_machine.travel(NOON, tick=False):
        ticks(user, roadmap, days_ago=[122, 110, *range(100, -10, -10)], today=user.today)
        for path in ("/", "/progress/"):
            assert said in flat(learner.get(path).content.decode())


@pytest.mark.parametrize("days_ago", [[], [3, 2, 1], [100, 50], [500, 450, 400]])
def test_with_too_little_to_go_on_nothing_is_said_of_the_pace(
    learner: Client, user: User, roadmap: Manual, days_ago: list[int]
) -> None:
    ticks(user, roadmap, days_ago=days_ago, today=user.today)
    for path in ("/", "/progress/"):
        assert "you reach" not in flat(learner.get(path).content.decode())


@pytest.mark.parametrize("level", ["", "l0", "l4", "gone"])
def test_without_a_target_that_can_be_reached_nothing_is_said_of_the_pace(
    learner: Client, user: User, roadmap: Manual, level: str
) -> None:
    user.target_level = level
    user.save()
    ticks(user, roadmap, days_ago=[120, 80, 40, 0], today=user.today)
    assert "you reach" not in flat(learner.get("/progress/").content.decode())


def test_of_a_level_that_is_held_no_pace_is_said(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "d3", "d4", on=user.today)
    ticks(user, roadmap, days_ago=[120, 80, 40, 0], today=user.today)
    assert "you reach" not in flat(learner.get("/progress/").content.decode())


# The chart


def test_progress_over_time_is_drawn_and_ends_where_the_total_stands(
    learner: Client, user: User, roadmap: Manual
) -> None:
    assert "<figure" not in learner.get("/progress/").content.decode()
    ticks(user, roadmap, days_ago=[100, 70, 40, 10], today=user.today)
    show(user, roadmap.phases["0"].milestones[0].key, on=user.today)
    one = roadmap.milestones["rl-0"]
    Completion.objects.of(user).tick(
        user, milestone=one.pk, revision=one.revision_pk, on=user.today, now=timezone.now()
    )
    html = learner.get("/progress/").content.decode()
    total = re.search(r'id="total-progress".*?<progress value="(\d+)"', html, re.DOTALL)
    assert total
    assert f">{total[1]} done</text>" in html
    assert ">1 shown</text>" in html


def test_a_retired_milestone_stays_in_the_chart_as_in_the_total(
    learner: Client, user: User, roadmap: Manual
) -> None:
    ticks(user, roadmap, days_ago=[100, 70, 40, 10], today=user.today)
    before = re.findall(r">(\d+) done</text>", learner.get("/progress/").content.decode())
    Milestone.objects.filter(key=roadmap.phases["0"].milestones[0].key).update(state="retired")
    after = learner.get("/progress/").content.decode()
    assert before == re.findall(r">(\d+) done</text>", after) == ["4"]
    total = re.search(r'id="total-progress".*?<progress value="(\d+)"', after, re.DOTALL)
    assert total
    assert [total[1]] == before


# After a tick


def test_a_tick_on_the_board_brings_level_pace_and_chart_along(
    learner: Client, user: User, roadmap: Manual
) -> None:
    ticks(user, roadmap, days_ago=[100, 70, 40, 10], today=user.today)
    html = learner.post("/progress/p2-0/", {"done": "1", "page": ""}, headers=HX).content.decode()
    for block in ("level", "pace", "chart"):
        assert len(re.findall(rf'<div[^>]* ?id="{block}" hx-swap-oob="true"', html)) == 1, block
    assert ">5 done</text>" in html


def test_a_tick_on_the_board_takes_at_most_six_statements(
    learner: Client, user: User, roadmap: Manual
) -> None:
    learner.post("/progress/p0-0/", {"done": "1", "page": ""}, headers=HX)
    with CaptureQueriesContext(connection) as queries:
        learner.post("/progress/p0-1/", {"done": "1", "page": ""}, headers=HX)
    assert len(queries) <= 6


def test_a_tick_on_a_phase_page_brings_what_that_page_shows(
    learner: Client, roadmap: Manual
) -> None:
    html = learner.post("/progress/p0-0/", {"done": "1", "page": "0"}, headers=HX).content.decode()
    assert 'id="level"' not in html
    assert 'id="chart"' not in html
