"""Steps of a person's own on the way to a milestone."""

import html
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from mastery.models import User
from roadmap.queries import Manual
from tracker.models import Completion, SubStep
from tracker.models.notes import MOST_STEPS

URL = "/progress/p0-0/steps/"
PAGE = "/progress/p0-0/evidence/"

pytestmark = pytest.mark.usefixtures("roadmap")


def texts() -> list[str]:
    return list(SubStep.objects.values_list("text", flat=True))


def one(text: str) -> SubStep:
    return SubStep.objects.get(text=text)


def address(text: str) -> str:
    return f"{URL}{one(text).pk}/"


@pytest.fixture
def three(learner: Client) -> Client:
    for text in ("a", "b", "c"):
        learner.post(URL, {"text": text})
    return learner


def test_a_step_is_added_at_the_end_as_one_line(learner: Client, user: User) -> None:
    response = learner.post(URL, {"text": "  read \t the\n paper "})
    assert (response.status_code, response["Location"]) == (303, f"{PAGE}#steps")
    learner.post(URL, {"text": "write it again"})
    assert texts() == ["read the paper", "write it again"]
    assert set(SubStep.objects.of(user)) == set(SubStep.objects.all())
    assert not Completion.objects.exists()


def test_a_step_sent_twice_is_one_step(learner: Client) -> None:
    for _ in range(2):
        assert learner.post(URL, {"text": "a"}).status_code == 303
    assert texts() == ["a"]


def test_ticking_a_step_is_the_wanted_state(three: Client) -> None:
    for _ in range(2):
        assert three.post(address("b"), {"done": "1"}).status_code == 303
    assert [step.done for step in SubStep.objects.all()] == [False, True, False]
    page = three.get(PAGE).content.decode()
    assert page.count('value="0" aria-pressed="true"') == 1
    three.post(address("b"), {"done": "0"})
    assert not one("b").done
    assert not Completion.objects.exists()


@pytest.mark.parametrize(
    ("text", "to", "order"),
    [
        ("c", "1", ["a", "c", "b"]),
        ("a", "1", ["b", "a", "c"]),
        ("a", "0", ["a", "b", "c"]),
        ("c", "0", ["c", "a", "b"]),
        ("a", "999", ["b", "c", "a"]),
    ],
)
def test_a_step_is_put_into_a_place_and_a_repeat_leaves_it_there(
    three: Client, text: str, to: str, order: list[str]
) -> None:
    for _ in range(2):
        moved = three.post(address(text), {"to": to})
        assert moved.status_code == 303
        assert texts() == order
    # It can be moved on without being looked for.
    pk = one(text).pk
    assert moved["Location"] == f"{PAGE}?step={pk}#step-{pk}"
    page = three.get(moved["Location"]).content.decode()
    assert page.count('<details class="sub-step__more" open>') == 1
    assert page.index(f'id="step-{pk}"') < page.index('more" open>') < page.index(f"step-{pk}-text")


def test_the_page_offers_the_places_above_and_below(three: Client) -> None:
    page = three.get(PAGE).content.decode()
    assert re.findall(r'name="to" value="(\d)"', page) == ["1", "0", "2", "1"]


def test_a_step_can_be_said_in_other_words(three: Client) -> None:
    three.post(address("b"), {"text": "better"})
    assert texts() == ["a", "better", "c"]


def test_a_step_changed_in_another_tab_is_not_written_over_unseen(three: Client) -> None:
    place = address("b")
    three.post(place, {"text": "theirs", "was": "b"})
    too_long = three.post(place, {"text": "x" * 201, "was": "b"}).content.decode()
    assert 'name="was" value="b"' in too_long
    response = three.post(place, {"text": "mine", "was": "b"})
    page = response.content.decode()
    assert response.status_code == 409
    assert '<span class="sub-step__text">theirs</span>' in page
    assert 'value="mine"' in page
    assert 'name="was" value="theirs"' in page
    assert texts() == ["a", "theirs", "c"]
    assert three.post(place, {"text": "theirs", "was": "b"}).status_code == 303
    three.post(place, {"text": "mine", "was": "theirs"})
    assert texts() == ["a", "mine", "c"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\0b", "a"])
def test_words_that_cannot_be_kept_are_told_beside_the_step(three: Client, text: str) -> None:
    response = three.post(address("b"), {"text": text})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="step-{one("b").pk}-error"' in page
    assert page.count("field__error") == 1
    assert page.count('<details class="sub-step__more" open>') == 1
    assert texts() == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "a\0b"])
def test_a_step_that_cannot_be_added_stays_in_its_form(learner: Client, text: str) -> None:
    response = learner.post(URL, {"text": text})
    assert response.status_code == 422
    assert "Not added yet." in response.content.decode()
    assert text.strip("\0") in response.content.decode() or "\0" in text
    assert not SubStep.objects.exists()


def test_a_removed_step_can_be_put_back_into_its_place(three: Client) -> None:
    three.post(address("b"), {"done": "1"})
    place = address("b")
    three.post(place, {"remove": "1"})
    assert texts() == ["a", "c"]
    page = three.get(PAGE).content.decode()
    said = page[page.index("Removed “b”") : page.index("Put it back")]
    sent = dict(re.findall(r'name="(text|done|to)" value="([^"]*)"', said))
    assert sent == {"text": "b", "done": "1", "to": "1"}
    three.post(URL, sent)
    three.post(URL, sent)
    assert texts() == ["a", "b", "c"]
    assert one("b").done
    assert "Removed" not in three.get(PAGE).content.decode()


def test_removing_twice_is_removing_once(three: Client) -> None:
    place = address("b")
    for _ in range(2):
        assert three.post(place, {"remove": "1"}).status_code == 303
    assert texts() == ["a", "c"]


def test_thirty_steps_fit(learner: Client, user: User, roadmap: Manual) -> None:
    milestone = roadmap.milestones["p0-0"].pk
    for number in range(MOST_STEPS - 1):
        assert SubStep.objects.add(user, milestone=milestone, text=f"step {number}")
    assert learner.post(URL, {"text": "the last"}).status_code == 303
    response = learner.post(URL, {"text": "one too many"})
    assert response.status_code == 422
    assert "30 steps are as many as fit here" in response.content.decode()
    assert "one too many" in response.content.decode()
    assert len(texts()) == 30
    assert learner.post("/progress/p0-1/steps/", {"text": "elsewhere"}).status_code == 303


@pytest.mark.parametrize(
    "data", [{}, {"done": "2"}, {"done": ""}, {"to": "-1"}, {"to": "x"}, {"to": "1" * 9}]
)
def test_a_change_we_do_not_know_is_refused(three: Client, data: dict[str, str]) -> None:
    assert three.post(address("b"), data).status_code == 400
    assert texts() == ["a", "b", "c"]


@pytest.mark.parametrize("data", [{"done": "1"}, {"to": "0"}, {"remove": "1"}, {"text": "mine"}])
def test_somebody_elses_step_is_not_found(
    three: Client, make_user: Callable[..., User], data: dict[str, str]
) -> None:
    other = Client()
    other.force_login(make_user("emmy"))
    assert other.post(address("b"), data).status_code == 404
    assert three.post(address("b").replace("p0-0", "p0-1"), data).status_code == 404
    assert three.post(f"{URL}999999999999999999999/", {"done": "1"}).status_code == 404
    assert texts() == ["a", "b", "c"]
    assert not one("b").done


def test_a_step_on_nothing_is_not_found(learner: Client) -> None:
    assert learner.post("/progress/p9-9/steps/", {"text": "x"}).status_code == 404


def test_a_stranger_is_sent_to_log_in(client: Client) -> None:
    for path in (URL, f"{URL}1/"):
        assert client.post(path, {"done": "1"})["Location"].startswith("/accounts/login/")
        turned_away = client.post(path, {"text": "my words"})  # with the words to be sent again
        assert turned_away.status_code == 403
        assert "my words</textarea>" in turned_away.content.decode()
    assert not SubStep.objects.exists()


def test_reading_never_writes(three: Client) -> None:
    assert three.get(URL, {"text": "x"}).status_code == 405
    assert three.get(address("b"), {"remove": "1"}).status_code == 405
    assert texts() == ["a", "b", "c"]


def test_the_words_of_a_step_are_inert(learner: Client) -> None:
    nasty = '"><script>alert(1)</script>'
    learner.post(URL, {"text": nasty})
    learner.post(address(nasty), {"text": ""})
    assert "<script>alert" not in learner.get(PAGE).content.decode()
    learner.post(address(nasty), {"remove": "1"})
    page = learner.get(PAGE).content.decode()
    assert "<script>alert" not in page
    assert html.escape(nasty) in page


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_add_the_last_step_at_once_keep_to_the_limit(
    roadmap: Manual, make_user: Callable[..., Any]
) -> None:
    user = make_user()
    milestone = roadmap.milestones["p0-0"].pk
    for number in range(MOST_STEPS - 1):
        SubStep.objects.add(user, milestone=milestone, text=f"step {number}")
    start = threading.Barrier(4)

    def tab(text: str) -> None:
        start.wait()
        SubStep.objects.add(user, milestone=milestone, text=text)
        connection.close()

    tabs = [threading.Thread(target=tab, args=(text,)) for text in ("x", "x", "y", "z")]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    assert SubStep.objects.count() == MOST_STEPS
