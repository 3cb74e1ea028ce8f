import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual
from tests.tracker.showing import hide
from tracker.awards import settle
from tracker.evidence import Evidence, Link
from tracker.models import Award, Completion, CompletionEvent, Reset
from tracker.queries import board_of
from tracker.resetting import plan_of

TRUNK = "/progress/reset/trunk/"
RL = "/progress/reset/rl/"


def done(user: User) -> set[str]:
    rows = Completion.objects.of(user).filter(done=True)
    return set(rows.values_list("milestone__key", flat=True))


def dates(user: User) -> set[tuple[str, dt.date]]:
    return set(Completion.objects.of(user).values_list("milestone__key", "completed_on"))


def undo() -> str:
    return f"/progress/reset/{Reset.objects.get().pk}/undo/"


@pytest.mark.parametrize(
    ("ticked", "says"),
    [
        (["p0-0"], "This unticks 1 milestone of Trunk."),
        (["p0-0", "p0-1", "p2-0"], "This unticks 2 milestones of Trunk."),
        (["p0-0", "p1-0", "d0"], "This unticks 2 milestones and 1 deliverable of Trunk."),
        (["d0", "d1"], "This unticks 2 deliverables of Trunk."),
        (["p2-0"], "Nothing of Trunk is ticked, so there is nothing to reset."),
    ],
)
def test_the_page_says_what_a_reset_takes_and_changes_nothing(
    learner: Client,
    user: User,
    roadmap: Manual,
    tick: Callable[..., None],
    ticked: list[str],
    says: str,
) -> None:
    tick(user, *ticked)
    html = learner.get(TRUNK).content.decode()
    assert says in html
    assert ("Untick " in html) == ("Nothing" not in says)
    assert done(user) == set(ticked)


def test_a_reset_unticks_one_track_and_keeps_all_else(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p1-0", "d0", "p2-0", "rl-0")
    before = dates(user)
    assert learner.post(TRUNK).status_code == 303
    assert done(user) == {"p2-0", "rl-0"}
    assert dates(user) == before
    assert CompletionEvent.objects.filter(kind="reset").count() == 3
    row = Reset.objects.of(user).get()
    assert (row.track, len(row.completions), row.undone_at) == ("trunk", 3, None)
    html = learner.get("/progress/").content.decode()
    assert "Trunk: 2 milestones and 1 deliverable unticked." in html
    assert "Trunk was reset on" in html
    assert ": 2 milestones and 1 deliverable." in html
    assert undo() in html


def test_a_reset_can_be_undone_with_dates_and_evidence(
    learner: Client, user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p1-0")
    show(user, roadmap, "p1-0")
    before = {tuple(sorted(row.items())) for row in rows(user)}
    learner.post(TRUNK)
    assert "2 milestones unticked" in learner.get("/progress/").content.decode()
    assert done(user) == set()
    assert learner.post(undo()).status_code == 303
    assert {tuple(sorted(row.items())) for row in rows(user)} == before
    html = learner.get("/progress/").content.decode()
    assert "2 milestones ticked again, as before." in html
    assert undo() not in html


def rows(user: User) -> list[dict[str, str]]:
    fields = ("milestone__key", "done", "completed_on", "shown_on", "evidence")
    return [
        {name: str(value) for name, value in row.items()}
        for row in Completion.objects.of(user).values(*fields)
    ]


def show(user: User, manual: Manual, *keys: str) -> None:
    for key in keys:
        one = manual.milestones[key]
        Completion.objects.of(user).show(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            evidence=Evidence(
                (Link("repository", "https://a.example/"), Link("write-up", "https://b.example/"))
            ),
            kind=one.kind,
            on=dt.date(2026, 4, 1),
            now=timezone.now(),
        )


def test_resetting_and_undoing_twice_is_once(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    learner.post(TRUNK)
    learner.post(TRUNK)
    assert "so nothing was changed" in learner.get("/progress/").content.decode()
    assert Reset.objects.count() == 1
    learner.post(undo())
    learner.get("/progress/")
    learner.post(undo())
    assert "is left to undo" in learner.get("/progress/").content.decode()
    assert done(user) == {"p0-0"}
    assert CompletionEvent.objects.filter(kind="restored").count() == 1


def test_an_undo_leaves_alone_what_was_done_since(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p0-1", "d0")
    learner.post(TRUNK)
    tick(user, "p0-0", on=dt.date(2026, 5, 1))
    learner.post("/progress/d0/", {"done": "1", "restore": "1"})
    # What it offers is what it would still put back.
    assert ": 1 milestone.</span>" in learner.get("/progress/").content.decode()
    learner.post(undo())
    assert "Trunk: 1 milestone ticked again" in learner.get("/progress/").content.decode()
    assert done(user) == {"p0-0", "p0-1", "d0"}
    assert ("p0-0", dt.date(2026, 5, 1)) in dates(user)


def test_of_two_resets_each_takes_back_its_own(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "rl-0")
    learner.post(TRUNK)
    learner.post(RL)
    trunk, rl = Reset.objects.order_by("at")
    learner.post(f"/progress/reset/{trunk.pk}/undo/")
    assert done(user) == {"p0-0"}
    learner.post(f"/progress/reset/{rl.pk}/undo/")
    assert done(user) == {"p0-0", "rl-0"}


def test_the_days_of_a_reset_are_the_persons_own(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    User.objects.update(time_zone="Pacific/Auckland")
    tick(user, "p0-0")
    with time_machine.travel("2026-03-14T20:00:00Z", tick=False):  # the 15th there
        learner.force_login(user)
        learner.post(TRUNK)
        html = learner.get("/progress/").content.decode()
    assert "Trunk was reset on 15 March:" in html
    assert "Until 14 April" in html


def test_a_milestone_is_asked_for_again_only_while_it_is_ticked(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-1", on=user.today - dt.timedelta(days=40))
    question = 'id="recheck-p0-1"'
    assert question in learner.get("/").content.decode()
    learner.post(TRUNK)
    assert question not in learner.get("/").content.decode()
    learner.post(undo())
    assert question in learner.get("/").content.decode()
    learner.post("/progress/p0-1/recheck/", {"outcome": "held"})
    learner.post(TRUNK)
    learner.post(f"/progress/reset/{Reset.objects.latest('at').pk}/undo/")
    html = learner.get("/roadmap/0/").content.decode()
    assert "Held when done again" in html
    assert question not in learner.get("/").content.decode()


@pytest.mark.parametrize(("days", "back"), [(29, True), (31, False)])
def test_a_reset_can_be_undone_for_30_days(
    learner: Client, user: User, tick: Callable[..., None], days: int, back: bool
) -> None:
    tick(user, "p0-0")
    learner.post(TRUNK)
    learner.get("/progress/")  # takes the message away
    path = undo()
    with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
        learner.force_login(user)
        assert (path in learner.get("/progress/").content.decode()) == back
        learner.post(path)
        html = learner.get("/progress/").content.decode()
    assert (done(user) == {"p0-0"}) == back
    assert ("is more than 30 days old" in html) != back


def test_a_shared_milestone_goes_with_the_track_that_has_its_box(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p4-0", "rl-5")
    assert "1 that it shares with another track is ticked there and stays ticked." in (
        learner.get(RL).content.decode()
    )
    learner.post(RL)
    assert done(user) == {"p4-0"}
    assert "1 of them counts on another track too and opens there as well." in (
        learner.get("/progress/reset/llm/").content.decode()
    )
    learner.post("/progress/reset/llm/")
    assert done(user) == set()


def test_a_level_loses_its_support_with_a_reset_and_has_it_again_with_the_undo(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, roadmap, "d1", "d2")
    settle(user, roadmap, today=user.today)
    assert Award.objects.get().supported
    for path in (TRUNK, "/progress/reset/llm/"):
        html = " ".join(learner.get(path).content.decode().split())
        assert "L1 rests on what this unticks, and is marked as no longer supported until" in html
    # The rule that granted it holds it up, though the one of today would not.
    rule = Award.objects.get().rule
    Award.objects.update(rule=[["d1"]])
    assert "no longer supported" in learner.get(TRUNK).content.decode()
    assert "no longer supported" not in learner.get("/progress/reset/llm/").content.decode()
    Award.objects.update(rule=rule)
    hide(user, "d2", on=user.today)
    assert "no longer supported" not in learner.get(TRUNK).content.decode()
    show(user, roadmap, "d2")
    settle(user, roadmap, today=user.today)
    learner.post(TRUNK)
    assert not Award.objects.get().supported
    learner.post(undo())
    assert Award.objects.get().supported


def test_what_was_retired_goes_and_comes_back_with_its_track(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    Milestone.objects.filter(key="p0-0").update(state="retired")
    learner.post(TRUNK)
    assert done(user) == set()
    learner.post(undo())
    assert done(user) == {"p0-0"}


def test_nobody_touches_somebody_elses_ticks_or_resets(
    learner: Client, user: User, make_user: Callable[..., User], tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    other = Client()
    other.force_login(make_user("emmy"))
    other.post(TRUNK)
    assert done(user) == {"p0-0"}
    learner.post(TRUNK)
    assert other.post(undo()).status_code == 404
    assert undo() not in other.get("/progress/").content.decode()
    assert done(user) == set()
    assert Reset.objects.get().undone_at is None


@pytest.mark.parametrize("path", [TRUNK, "/progress/reset/1/undo/"])
def test_a_reset_needs_a_login(client: Client, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 303
    assert response["Location"].startswith("/accounts/login/")
    assert client.get(TRUNK).status_code == 302


@pytest.mark.usefixtures("roadmap")
def test_what_is_not_there_is_not_found(learner: Client) -> None:
    assert learner.get("/progress/reset/cooking/").status_code == 404
    assert learner.post("/progress/reset/cooking/").status_code == 404
    for pk in (0, 7, 10**30):
        assert learner.post(f"/progress/reset/{pk}/undo/").status_code == 404
    assert learner.get("/progress/reset/7/undo/").status_code == 405


@pytest.mark.usefixtures("roadmap")
def test_the_board_leads_to_each_tracks_reset(learner: Client, roadmap: Manual) -> None:
    html = learner.get("/progress/").content.decode()
    for track in roadmap.tracks:
        assert f'href="/progress/reset/{track.slug}/"' in html


@pytest.mark.parametrize(
    ("chosen", "track", "ticked", "home", "shared", "staying"),
    [
        ("trunk llm", "trunk", [], [], [], []),
        ("trunk llm", "trunk", ["p0-0", "d1", "p3-0"], ["p0-0", "d1"], [], []),
        ("trunk llm", "llm", ["p4-0", "p3-0", "rl-5"], ["p3-0", "p4-0"], ["p4-0"], []),
        ("trunk llm", "rl", ["p4-0", "p3-0", "rl-5"], ["rl-5"], [], ["p4-0"]),
        ("trunk llm rl", "llm", ["p4-0", "rl-5"], ["p4-0"], ["p4-0"], []),
        ("trunk llm rl", "rl", ["p4-0", "rl-5"], ["rl-5"], [], ["p4-0"]),
        ("trunk rl", "llm", ["p4-0", "p3-0", "rl-5"], ["p3-0"], [], ["p4-0"]),
        ("trunk rl", "rl", ["p4-0", "p3-0", "rl-5"], ["p4-0", "rl-5"], ["p4-0"], []),
        ("trunk", "llm", ["p4-0"], ["p4-0"], ["p4-0"], []),
        ("trunk", "rl", ["p4-0"], [], [], ["p4-0"]),
    ],
)
def test_a_plan_takes_what_is_at_home_on_the_track_of_those_that_were_chosen(
    user: User,
    roadmap: Manual,
    tick: Callable[..., None],
    chosen: str,
    track: str,
    ticked: list[str],
    home: list[str],
    shared: list[str],
    staying: list[str],
) -> None:
    user.tracks = chosen.split()
    tick(user, *ticked)
    row = next(one for one in roadmap.tracks if one.slug == track)
    plan = plan_of(board_of(user, roadmap), row)
    assert [item.key for item in plan.ticked] == sorted(home, key=list(roadmap.milestones).index)
    assert [item.key for item in plan.shared] == shared
    assert [item.key for item in plan.staying] == staying
