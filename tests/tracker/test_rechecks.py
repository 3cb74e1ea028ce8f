import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Milestone, Placement
from roadmap.operations import Successor, merge, restore, split
from roadmap.queries import Manual, manual
from tests.conftest import milestone
from tracker.models import Completion, Recheck
from tracker.queries import board_of

HX = {"HX-Request": "true"}
URL = "/progress/p1-0/recheck/"
DONE = dt.date(2026, 1, 1)
BUILT = ["p0-1", "p1-0", "p1-2", "p1-4", "p2-0"]  # build milestones


def on(days: int) -> time_machine.travel:
    """Go to noon of the day so many days after the milestone was done."""
    noon = dt.datetime.combine(DONE, dt.time(12), dt.UTC)
    return time_machine.travel(noon + dt.timedelta(days=days), tick=False)


@pytest.fixture(autouse=True)
def _done(user: User, tick: Callable[..., None]) -> None:
    tick(user, "p1-0", on=DONE)


@pytest.fixture
def due() -> Iterator[None]:
    with on(31):
        yield


def asked(learner: Client, path: str = "/") -> list[str]:
    """Give the keys that a page asks for, in its order."""
    html = learner.get(path).content.decode()
    return [part.partition('"')[0] for part in html.split('id="recheck-')[1:]]


def answers() -> list[tuple[str, dt.date]]:
    return list(Recheck.objects.values_list("outcome", "on"))


def day(number: int) -> dt.date:
    return DONE + dt.timedelta(days=number)


def test_home_asks_from_30_days_on(learner: Client) -> None:
    for days, there in ((0, False), (29, False), (30, True), (300, True)):
        with on(days):
            html = learner.get("/").content.decode()
        assert ("Again, from a blank file?" in html) == there, days
        assert ('action="/progress/p1-0/recheck/"' in html) == there, days


def test_the_day_is_the_persons_own(learner: Client, user: User) -> None:
    user.time_zone = "Pacific/Auckland"
    user.save(update_fields=["time_zone"])
    with time_machine.travel("2026-01-30T20:00:00Z", tick=False):  # the 31st there
        assert asked(learner) == ["p1-0"]


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("held", "Held. Asked again in April."),
        ("shaky", "Shaky. Asked again in April."),
        ("lost", "Lost. The tick stays. Asked again in April."),
        ("later", "Put off until 8 February."),
    ],
)
def test_an_answer_is_kept_and_home_says_what_comes_of_it(
    learner: Client, user: User, outcome: str, says: str
) -> None:
    response = learner.post(URL, {"outcome": outcome, "page": "home"})
    assert (response.status_code, response["Location"]) == (303, "/")
    assert says in learner.get("/").content.decode()
    row = Recheck.objects.of(user).get()
    assert (row.outcome, row.on, row.due) == (outcome, day(31), day(30))
    assert row.until == (day(38) if outcome == "later" else None)
    assert asked(learner) == []
    completion = Completion.objects.get()
    assert (completion.done, completion.completed_on) == (True, DONE)


def test_the_three_days_ask_one_after_another_and_then_nothing_does(learner: Client) -> None:
    for days in (30, 90, 180):
        with on(days - 1):
            assert asked(learner) == []
        with on(days):
            assert asked(learner) == ["p1-0"]
            learner.post(URL, {"outcome": "held"})
            assert asked(learner) == []
    with on(300):
        assert learner.get("/").status_code == 200
        assert asked(learner) == []
    assert answers() == [("held", day(30)), ("held", day(90)), ("held", day(180))]


def test_later_puts_it_off_by_7_days_each_time(learner: Client) -> None:
    with on(31):
        learner.post(URL, {"outcome": "later"})
    with on(37):
        assert asked(learner) == []
        learner.post(URL, {"outcome": "later"})  # from a tab of six days ago
    with on(38):
        assert asked(learner) == ["p1-0"]
        learner.post(URL, {"outcome": "later"})
        assert asked(learner) == []
    with on(44):
        assert asked(learner) == []
    with on(45):
        assert asked(learner) == ["p1-0"]
    assert answers() == [("later", day(38))]


@pytest.mark.usefixtures("due")
def test_a_repeat_changes_nothing(learner: Client) -> None:
    learner.post(URL, {"outcome": "held"})
    first = Recheck.objects.values().get()
    learner.post(URL, {"outcome": "held"})
    assert Recheck.objects.values().get() == first


def test_a_replay_on_a_later_day_changes_nothing(learner: Client) -> None:
    with on(31):
        learner.post(URL, {"outcome": "held"})
    with on(32):
        learner.post(URL, {"outcome": "held"})
    assert answers() == [("held", day(31))]


@pytest.mark.usefixtures("due")
def test_of_two_answers_the_last_one_counts(learner: Client) -> None:
    for outcome in ("later", "held", "lost"):
        learner.post(URL, {"outcome": outcome})
    assert answers() == [("lost", day(31))]
    assert Recheck.objects.get().until is None


@pytest.mark.usefixtures("due")
def test_an_answer_can_be_taken_back_also_twice(learner: Client) -> None:
    learner.post(URL, {"outcome": "lost", "page": "home"})
    assert 'value="none"' in learner.get("/").content.decode()
    for _ in range(2):
        learner.post(URL, {"outcome": "none"})
        assert asked(learner) == ["p1-0"]
    assert answers() == []


@pytest.mark.usefixtures("due")
def test_the_row_is_replaced_by_what_was_said_and_back(learner: Client) -> None:
    sent = {"outcome": "held", "page": "home"}
    html = learner.post(URL, sent, headers=HX).content.decode()
    assert "<html" not in html
    assert html.count('id="recheck-p1-0"') == 1
    assert html.count("Held. Asked again in April.") == 2  # in the row, and read aloud
    assert 'value="held"' not in html
    assert html.count("data-focus") == 1
    html = learner.post(URL, {**sent, "outcome": "none"}, headers=HX).content.decode()
    assert 'value="held"' in html
    assert html.count("data-focus") == 1


def test_what_is_said_names_the_next_day(learner: Client) -> None:
    for days, says in {
        30: "Held. Asked again in April.",
        70: "Held. Asked again on 1 April.",
        80: "Held. Asked again in June.",
        90: "Held. Asked again in June.",
        180: "Held. It was the last of the three times.",
    }.items():
        Recheck.objects.all().delete()
        with on(days):
            html = learner.post(URL, {"outcome": "held"}, headers=HX).content.decode()
        assert says in html, days


def test_the_month_of_another_year_is_said_with_its_year(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p1-4", on=dt.date(2026, 10, 20))
    with time_machine.travel("2026-11-22T12:00:00Z"):
        html = learner.post("/progress/p1-4/recheck/", {"outcome": "held"}, headers=HX)
    assert "Held. Asked again in January 2027." in html.content.decode()


@pytest.mark.usefixtures("due")
def test_the_answer_leads_back_to_where_it_was_given(learner: Client) -> None:
    for page, leads_to in {
        "home": "/",
        "progress": "/progress/",
        "evidence": "/progress/p1-0/evidence/",
        "https://evil.example/": "/",
    }.items():
        response = learner.post(URL, {"outcome": "held", "page": page})
        assert (response.status_code, response["Location"]) == (303, leads_to)


def test_home_shows_three_at_most_the_oldest_first_and_progress_all(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    for at, key in enumerate(BUILT):
        if key != "p1-0":
            tick(user, key, on=DONE - dt.timedelta(days=at))
    with on(31):
        assert asked(learner) == ["p2-0", "p1-4", "p1-2"]
        html = learner.get("/").content.decode()
        assert "And 2 more" in html
        # Whoever hears the buttons hears what they are about.
        assert '<p class="recheck__wording" id="again-p2-0">' in html
        assert 'role="group" aria-labelledby="again-p2-0"' in html
        assert len(asked(learner, "/progress/")) == 5
        for key in BUILT[1:4]:
            learner.post(f"/progress/{key}/recheck/", {"outcome": "held"})
        assert asked(learner) == ["p2-0", "p0-1"]
        assert " more <a" not in learner.get("/").content.decode()


@pytest.mark.usefixtures("due")
def test_its_age_and_its_last_outcome_stand_beside_the_tick(learner: Client) -> None:
    learner.post(URL, {"outcome": "shaky"})
    with on(52):
        for path in ("/progress/", "/roadmap/1/", "/progress/p1-0/evidence/"):
            html = learner.get(path).content.decode()
            assert "Shaky when done again" in html
            assert "3 weeks ago" in html
    with on(91):
        learner.post(URL, {"outcome": "later"})
        assert "Shaky when done again" in learner.get("/roadmap/1/").content.decode()


@pytest.mark.usefixtures("due")
def test_the_milestones_own_page_asks_too(learner: Client) -> None:
    assert asked(learner, "/progress/p1-0/evidence/") == ["p1-0"]
    learner.post(URL, {"outcome": "held", "page": "evidence"})
    assert asked(learner, "/progress/p1-0/evidence/") == []


@pytest.mark.usefixtures("due")
def test_the_answer_stands_beside_the_tick_at_once_where_the_page_has_it(learner: Client) -> None:
    place = 'id="rechecked-p1-0" hx-swap-oob="true">'
    for page, path, there in (
        ("home", "/", 0),
        ("progress", "/progress/", 1),
        ("evidence", "/progress/p1-0/evidence/", 1),
    ):
        assert learner.get(path).content.decode().count('id="rechecked-p1-0"></span>') == there
        html = learner.post(URL, {"outcome": "lost", "page": page}, headers=HX).content.decode()
        assert html.count(f"{place}Lost when done again") == there
        html = learner.post(URL, {"outcome": "none", "page": page}, headers=HX).content.decode()
        assert html.count(f"{place}</span>") == there


# What was said goes along with a tick


def said(user: User, key: str) -> list[tuple[str, dt.date]]:
    rows = Recheck.objects.of(user).filter(completion__milestone__key=key)
    return list(rows.values_list("outcome", "on"))


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("answered", [True, False])
def test_whoever_answered_is_not_asked_at_once_for_what_a_milestone_became(
    learner: Client, user: User, tick: Callable[..., None], answered: bool
) -> None:
    if answered:
        learner.post(URL, {"outcome": "shaky"})
    into = [Successor("p1-0a", "Half of it"), Successor("p1-0b", "The other half")]
    split(milestone("p1-0"), into, counts={"p1-0a"})
    assert asked(learner) == []
    newest = [manual().milestones[key].revision_pk for key in ("p1-0a", "p1-0b")]
    learner.post("/progress/p1-0/confirm/", {"as": "successors", "revision": newest})
    assert set(asked(learner)) == (set() if answered else {"p1-0a", "p1-0b"})
    for key in ("p1-0a", "p1-0b"):
        assert said(user, key) == [("shaky", day(31))] * answered
    with on(90):
        assert set(asked(learner)) == {"p1-0a", "p1-0b"}


@pytest.mark.usefixtures("due")
def test_what_was_said_of_several_goes_along_to_the_one_they_became(
    learner: Client, user: User, make_user: Callable[..., User], tick: Callable[..., None]
) -> None:
    emmy = make_user("emmy")
    tick(user, "p1-2", on=DONE)
    tick(emmy, "p1-0", "p1-2", on=DONE)
    for key in ("p1-0", "p1-2"):
        learner.post(f"/progress/{key}/recheck/", {"outcome": "held"})
    # Of an earlier tick: it stays behind.
    earlier = Completion.objects.of(emmy).get(milestone__key="p1-0")
    Recheck.objects.create(
        completion=earlier, due=DONE, outcome="lost", on=DONE, at=dt.datetime.now(dt.UTC)
    )
    merge([milestone("p1-0"), milestone("p1-2")], Successor("p1-9", "Both at once"))
    assert asked(learner) == []
    assert said(user, "p1-9") == [("held", day(31))]
    assert said(emmy, "p1-9") == []
    restore([milestone("p1-0"), milestone("p1-2")])
    assert asked(learner) == []
    assert len(said(user, "p1-0")) == 1
    # What was carried went with the merge, and what is said since goes along with the next.
    assert said(user, "p1-9") == []
    with on(32):
        for key in ("p1-0", "p1-2"):
            learner.post(f"/progress/{key}/recheck/", {"outcome": "lost"})
    merge([milestone("p1-0"), milestone("p1-2")], Successor("p1-9"))
    assert said(user, "p1-9") == [("lost", day(32))]


@pytest.mark.usefixtures("due")
def test_what_was_said_of_an_earlier_tick_is_over(learner: Client) -> None:
    learner.post(URL, {"outcome": "later"})
    with on(60):
        learner.post(URL, {"outcome": "lost"})
        learner.post("/progress/p1-0/", {"done": "0"})
        assert asked(learner) == []
        learner.post("/progress/p1-0/", {"done": "1"})
        assert "when done again" not in learner.get("/roadmap/1/").content.decode()
    with on(89):
        assert asked(learner) == []
    with on(90):
        assert asked(learner) == ["p1-0"]


@pytest.mark.usefixtures("due")
def test_a_tick_put_back_keeps_what_was_said(learner: Client) -> None:
    learner.post(URL, {"outcome": "held"})
    learner.post("/progress/p1-0/", {"done": "0"})
    learner.post("/progress/p1-0/", {"done": "1", "restore": "1"})
    assert asked(learner) == []
    assert "Held when done again" in learner.get("/roadmap/1/").content.decode()


@pytest.mark.usefixtures("due")
def test_unticking_on_the_board_takes_the_question_away(learner: Client) -> None:
    html = learner.post("/progress/p1-0/", {"done": "0"}, headers=HX).content.decode()
    assert 'id="again-list" hx-swap-oob="true"' in html
    assert 'id="recheck-' not in html
    html = learner.post(
        "/progress/p1-0/", {"done": "1", "restore": "1"}, headers=HX
    ).content.decode()
    assert 'id="recheck-p1-0"' in html


@pytest.mark.usefixtures("due")
def test_whoever_switched_it_off_is_not_asked(learner: Client, user: User) -> None:
    user.rechecks = False
    user.save(update_fields=["rechecks"])
    for path in ("/", "/progress/", "/progress/p1-0/evidence/"):
        assert asked(learner, path) == []
    # An answer from a page of before is still kept, and promises no question.
    for outcome, says in (("held", "Held."), ("later", "Put off.")):
        html = learner.post(URL, {"outcome": outcome}, headers=HX).content.decode()
        assert f"<span>{says}</span>" in html


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("how", ["kind", "retired", "draft", "place"])
def test_only_what_is_built_and_on_the_roadmap_is_asked_for(learner: Client, how: str) -> None:
    row = Milestone.objects.filter(key="p1-0")
    if how == "kind":
        row.update(kind="explain")
    elif how == "place":
        Placement.objects.filter(milestone__key="p1-0").delete()
    else:
        row.update(state=how)
    assert asked(learner) == []
    assert learner.post(URL, {"outcome": "held"}).status_code == 404
    assert not Recheck.objects.exists()


def test_what_is_not_asked_for_has_no_answer(learner: Client) -> None:
    for key, days in (("p1-0", 29), ("p1-2", 31), ("p1-3", 31), ("p9-9", 31), ("d1", 31)):
        with on(days):
            response = learner.post(f"/progress/{key}/recheck/", {"outcome": "held"})
        assert response.status_code == 404, key
    assert not Recheck.objects.exists()


@pytest.mark.usefixtures("due")
def test_an_answer_that_is_none_is_refused(learner: Client) -> None:
    for sent in ({}, {"outcome": ""}, {"outcome": "maybe"}, {"outcome": "HELD"}):
        response = learner.post(URL, sent)
        assert response.status_code == 400, sent
        assert b"outcome=held" in response.content
    assert not Recheck.objects.exists()


@pytest.mark.usefixtures("due")
def test_nobody_answers_for_somebody_else_or_sees_what_they_said(
    learner: Client, make_user: Callable[..., User]
) -> None:
    other = Client()
    other.force_login(make_user("emmy"))
    assert other.post(URL, {"outcome": "lost"}).status_code == 404
    assert not Recheck.objects.exists()
    learner.post(URL, {"outcome": "lost"})
    assert asked(other) == []
    assert "when done again" not in other.get("/progress/").content.decode()
    assert "when done again" not in Client().get("/roadmap/1/").content.decode()


@pytest.mark.usefixtures("due")
def test_an_answer_needs_a_login_and_a_form(client: Client, learner: Client) -> None:
    response = client.post(URL, {"outcome": "held"})
    assert response.status_code == 303
    assert response["Location"].startswith("/accounts/login/")
    assert learner.get(URL).status_code == 405
    assert not Recheck.objects.exists()


@pytest.mark.parametrize("path", ["/", "/progress/", "/roadmap/1/", "/progress/p1-0/evidence/"])
def test_pages_ask_the_database_no_more_often_with_many_answers(
    learner: Client, user: User, tick: Callable[..., None], path: str
) -> None:
    def queries() -> int:
        learner.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert learner.get(path).status_code == 200
        return len(captured)

    with on(200):
        few = queries()
        tick(user, *BUILT, on=DONE)
        for row in Completion.objects.of(user):
            for days in (31, 91):
                Recheck.objects.create(
                    completion=row, due=day(days - 1), outcome="held", on=day(days),
                    at=dt.datetime.now(dt.UTC),
                )  # fmt: skip
        assert queries() == few


def test_the_database_keeps_one_answer_a_due_day_and_a_day_for_what_is_put_off(
    user: User, roadmap: Manual
) -> None:
    completion = board_of(user, roadmap).completions[roadmap.milestones["p1-0"].pk]
    kept = {"completion": completion, "due": day(30), "on": day(31), "at": dt.datetime.now(dt.UTC)}
    with pytest.raises(IntegrityError), transaction.atomic():
        Recheck.objects.create(outcome="later", **kept)
    Recheck.objects.create(outcome="held", **kept)
    with pytest.raises(IntegrityError), transaction.atomic():
        Recheck.objects.create(outcome="lost", **kept)
