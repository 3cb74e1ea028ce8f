"""Ticks of the page the roadmap comes from, pasted or as a file."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mastery.models import User
from roadmap.models import Milestone, State
from roadmap.operations import Successor, merge, split
from roadmap.queries import Manual
from tests.conftest import milestone
from tracker.models import Completion, CompletionEvent
from tracker.source import LONGEST, read, shown
from tracker.visitors import COOKIE
from tracker.visitors import read as read_cookie

URL = "/progress/import/"
DAY = dt.date(2026, 3, 14)
SAVED = '{"p0-0": true, "p0-1": false, "p1-0": true, "p7-7": true}'
# What the source page knows.
SOURCE = [
    *(f"p{phase}-{at}" for phase, size in enumerate((5, 5, 6, 6, 5, 8)) for at in range(size)),
    *(f"rl-{at}" for at in range(7)),
]


def send(client: Client, text: str = "", **more: Any) -> Any:
    return client.post(URL, {"text": text, **more})


# Reading


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("{}", {}),
        ('{"p0-0":true,"p0-1":false}', {"p0-0": True, "p0-1": False}),
        ('\ufeff {"p0-0": true}\n', {"p0-0": True}),
        ('{"": true}', {"": True}),
    ],
)
def test_what_the_page_saved_is_read(text: str, ticks: dict[str, bool]) -> None:
    assert read(text) == ticks


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello", "cannot be read as JSON: line 1, column 1"),
        ('{"p0-0": true,\n', "cannot be read as JSON: line 2"),
        ("{'p0-0': true}", "cannot be read as JSON"),
        ('{"p0-0": true} and more', "cannot be read as JSON"),
        ('{"p0-0": tr\0ue}', "cannot be read as JSON"),
        ("[]", "not what that page keeps"),
        ("[[true]]", "not what that page keeps"),
        ("true", "not what that page keeps"),
        ('"p0-0"', "not what that page keeps"),
        ("NaN", "not what that page keeps"),
        ("9" * 9_000, "not what that page keeps"),
        ('{"p0-0": 1}', "“p0-0” is neither true nor false"),
        ('{"p0-0": null}', "neither true nor false"),
        ('{"p0-0": "true"}', "neither true nor false"),
        ('{"p0-0": {"done": true}}', "neither true nor false"),
        ('{"p0-0": [true]}', "neither true nor false"),
        ('{"p0-0": true, "p0-0": true}', "“p0-0” stands there twice"),
        ("[" * 50_000, "nested too deeply"),
        ('{"a":' * 15_000, "nested too deeply"),
        ('{"' + "x" * LONGEST + '": true}', "more than 100 kB"),
        ('{"' + "é" * (LONGEST // 2) + '": true}', "more than 100 kB"),
    ],
)
def test_anything_else_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(text)
    assert sentence in caught.value.messages[0]


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        ("p7-7", "p7-7"),
        ("", ""),
        ("é", "é"),
        ("a\0b", "a\\x00b"),
        ("\ud800", "\\ud800"),
        ("x" * 41, "x" * 40 + "…"),
    ],
)
def test_any_key_can_be_shown(key: str, plain: str) -> None:
    assert shown(key) == plain
    shown(key).encode()


def test_every_key_of_the_source_page_is_known(roadmap: Manual) -> None:
    assert len(SOURCE) == 42
    assert set(SOURCE) == {key for key, one in roadmap.milestones.items() if not one.deliverable}


# The dry run


def test_the_dry_run_counts_and_adds_nothing(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p1-0")
    response = send(learner, SAVED)
    html = response.content.decode()
    assert response.status_code == 200
    for words in ("New: 1", "There already: 1", "left alone here: 1", "Unknown here: 1", "p7-7"):
        assert words in html
    assert 'name="add"' in html
    assert "&quot;p1-0&quot;: true" in html
    assert Completion.objects.count() == 1


@pytest.mark.usefixtures("roadmap")
def test_unknown_keys_are_named_up_to_ten_and_made_harmless(learner: Client) -> None:
    saved = {f"<b>{number:02}\0": True for number in range(500)} | {"\ud800": True}
    html = send(learner, json.dumps(saved)).content.decode()
    assert "Unknown here: 501" in html
    assert "and 491 more" in html
    assert "&lt;b&gt;09\\x00" in html
    assert "<b>" not in html
    assert "\0" not in html
    assert 'name="add"' not in html


@pytest.mark.parametrize("state", [State.DRAFT, State.RETIRED])
def test_what_is_not_on_the_roadmap_is_unknown_to_newcomers_alone(
    learner: Client, user: User, tick: Callable[..., None], state: State
) -> None:
    Milestone.objects.filter(key__in=["p0-0", "p1-0"]).update(state=state)
    assert "Unknown here: 3" in send(learner, SAVED).content.decode()
    tick(user, "p1-0")
    assert "Unknown here: 2" in send(learner, SAVED).content.decode()


@pytest.mark.usefixtures("roadmap")
def test_what_lives_on_in_others_is_taken_and_may_be_confirmed(learner: Client) -> None:
    halves = [Successor("p0-0a", "Half of it"), Successor("p0-0b", "The other half")]
    split(milestone("p0-0"), halves, counts={"p0-0a"})
    merge([milestone("p1-0"), milestone("p1-1")], Successor("p1-0c", "Both at once"))
    text = '{"p0-0": true, "p1-0": true, "p1-1": true}'
    assert "Unknown here: 0" in send(learner, text).content.decode()
    send(learner, text, add="1")
    page = learner.get("/progress/").content.decode()
    assert "Done; confirm" in page
    for key in ("p0-0", "p1-0c"):
        assert f'id="confirm-{key}"' in page


# Adding


@pytest.mark.usefixtures("roadmap")
def test_adding_ticks_them_as_of_today_and_says_which(learner: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        response = send(learner, SAVED, add="1")
    assert (response.status_code, response["Location"]) == (303, "/progress/")
    done = dict(Completion.objects.values_list("milestone__key", "completed_on"))
    assert done == {"p0-0": DAY, "p1-0": DAY}
    assert "2 ticks added." in learner.get("/progress/").content.decode()


@pytest.mark.usefixtures("roadmap")
def test_adding_again_changes_nothing(learner: Client) -> None:
    send(learner, SAVED, add="1")
    send(learner, SAVED, add="1")
    assert CompletionEvent.objects.count() == 2
    assert "Nothing to add" in learner.get("/progress/").content.decode()


def test_adding_unticks_nothing_and_keeps_dates(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p0-1", on=DAY)
    send(learner, SAVED, add="1")
    rows = dict(Completion.objects.values_list("milestone__key", "completed_on"))
    assert rows["p0-0"] == rows["p0-1"] == DAY
    assert Completion.objects.filter(done=True).count() == 3


@pytest.mark.usefixtures("roadmap")
def test_all_42_come_in(learner: Client) -> None:
    send(learner, json.dumps(dict.fromkeys(SOURCE, True)), add="1")
    assert Completion.objects.filter(done=True).count() == 42


@pytest.mark.usefixtures("roadmap")
def test_a_visitors_go_into_the_browser(client: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        client.post("/progress/p0-0/", {"done": "1"})
    assert "There already: 1" in send(client, SAVED).content.decode()
    assert send(client, SAVED, add="1")["Location"] == "/progress/"
    assert "1 tick added, in this browser." in client.get("/progress/").content.decode()
    kept = read_cookie(client.cookies[COOKIE].value, today=dt.date.max)
    assert set(kept) == {"p0-0", "p1-0"}
    assert kept["p0-0"] == DAY
    assert not Completion.objects.exists()
    assert not Session.objects.exists()
    assert not client.get(URL).cookies
    send(client, SAVED, add="1")
    assert "Nothing to add" in client.get("/progress/").content.decode()


# What is wrong with it


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("add", [{}, {"add": "1"}])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Paste the text here"),
        ("  \n", "Paste the text here"),
        ("hello", "cannot be read as JSON"),
        ('{"p0-0": true, "p0-0": false}', "stands there twice"),
        ('{"p0-0": tr\0ue}', "Null characters"),
        ('{"' + "x" * LONGEST + '": true}', "more than 100 kB"),
        ("[" * 50_000, "nested too deeply"),
    ],
)
def test_a_mistake_is_said_beside_the_field_and_the_text_stays(
    learner: Client, text: str, sentence: str, add: dict[str, str]
) -> None:
    response = send(learner, text, **add)
    html = response.content.decode()
    assert response.status_code == 422
    assert sentence in html
    assert 'id="id_text_error"' in html
    assert text.strip("{} \n").replace('"', "&quot;") in html
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_a_file_is_read_and_its_text_stays_for_the_next_step(learner: Client) -> None:
    file = SimpleUploadedFile("saved.json", b"\xef\xbb\xbf" + SAVED.encode())
    html = send(learner, "something else", file=file).content.decode()
    assert "New: 2" in html
    assert "&quot;p1-0&quot;: true" in html
    assert "something else" not in html


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Paste the text here"),
        (b"\xff\xfe{\0", "no text in UTF-8"),
        (b'{"p0-0": tr\0ue}', "Null characters"),
        (b"x" * (LONGEST + 1), "more than 100 kB"),
        (b"hello", "cannot be read as JSON"),
    ],
)
def test_a_file_that_is_none_of_it_gets_a_sentence(
    learner: Client, content: bytes, sentence: str
) -> None:
    response = send(learner, file=SimpleUploadedFile("saved.json", content))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("who", ["client", "learner"])
def test_the_page_is_there_for_everybody_and_the_board_leads_to_it(
    who: str, request: pytest.FixtureRequest
) -> None:
    browser: Client = request.getfixturevalue(who)
    assert browser.get(URL).status_code == 200
    assert f'href="{URL}"' in browser.get("/progress/").content.decode()
