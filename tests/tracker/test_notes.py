"""A person's private note on a milestone."""

import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from mastery.models import User
from roadmap.queries import Manual
from tests.conftest import milestone
from tracker.models import Completion, Note

URL = "/progress/p0-0/note/"
PAGE = "/progress/p0-0/evidence/"

pytestmark = pytest.mark.usefixtures("roadmap")


def page(browser: Client) -> str:
    return browser.get(PAGE).content.decode()


def test_a_note_is_kept_and_shown_as_markdown(learner: Client, user: User) -> None:
    response = learner.post(URL, {"text": "# Try\r\n\r\nthe *small* one"})
    assert (response.status_code, response["Location"]) == (303, f"{PAGE}#note")
    note = Note.objects.of(user).get()
    assert note.text == "# Try\n\nthe *small* one"
    shown = page(learner)
    assert "<h4>Try</h4>" in shown
    assert "<em>small</em>" in shown
    assert "# Try" in shown


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# a\n## b", ["h4", "h5"]),
        ("## a\n### b", ["h4", "h5"]),
        ("###### a", ["h4"]),
        ("a\n===\n\n## b", ["h4", "h5"]),
        ("#tag\n\n## a", ["h4"]),
        ("no heading", []),
    ],
)
def test_the_headings_of_a_note_stand_below_those_of_the_page(
    learner: Client, text: str, headings: list[str]
) -> None:
    learner.post(URL, {"text": text})
    assert re.findall(r"<(h\d)", Note.objects.get().html) == headings


def test_a_note_knows_what_an_entry_knows(learner: Client) -> None:
    learner.post(URL, {"text": "$x^2$\n\n- [x] done\n\n```python\ndef f(): ...\n```"})
    html = Note.objects.get().html
    assert "<math" in html
    assert 'type="checkbox"' in html
    assert '<span class="k">def' in html
    assert "css/prose" in page(learner)


def test_a_note_ticks_nothing(learner: Client) -> None:
    learner.post(URL, {"text": "x"})
    assert not Completion.objects.exists()


def test_a_note_is_kept_with_its_spaces(learner: Client) -> None:
    learner.post(URL, {"text": "    code = 1\n"})
    assert "<code>code = 1" in Note.objects.get().html


def test_saving_again_keeps_one_note_and_its_date(learner: Client) -> None:
    with time_machine.travel("2026-05-03T12:00:00Z"):
        learner.post(URL, {"text": "one"})
        first = Note.objects.get()
    learner.post(URL, {"text": "one"})
    assert Note.objects.get().saved == first.saved
    learner.post(URL, {"text": "two"})
    assert [note.text for note in Note.objects.all()] == ["two"]


@pytest.mark.parametrize("text", ["", "  \r\n "])
def test_an_empty_note_is_taken_away(learner: Client, text: str) -> None:
    learner.post(URL, {"text": "one"})
    assert learner.post(URL, {"text": text}).status_code == 303
    assert learner.post(URL, {"text": text}).status_code == 303
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("a" * 20_001, "At most 20,000 characters; this has 20001."), ("keep\0this", "Null")],
)
def test_a_note_that_cannot_be_kept_stays_in_its_form(
    learner: Client, text: str, said: str
) -> None:
    learner.post(URL, {"text": "one"})
    response = learner.post(URL, {"text": text})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert text.replace("\0", "") in response.content.decode().replace("\0", "")
    assert Note.objects.get().text == "one"
    assert learner.post(URL, {"text": "a\r\n" * 10_000}).status_code == 303


def test_a_note_changed_in_another_tab_is_not_written_over_unseen(learner: Client) -> None:
    learner.post(URL, {"text": "one"})
    began_from = Note.objects.get().version
    learner.post(URL, {"text": "from the other tab", "since": began_from})
    response = learner.post(URL, {"text": "from this tab", "since": began_from})
    shown = response.content.decode()
    assert response.status_code == 409
    assert "<p>from the other tab</p>" in shown
    assert "from this tab</textarea>" in shown
    assert Note.objects.get().text == "from the other tab"
    learner.post(URL, {"text": "from this tab", "since": Note.objects.get().version})
    assert Note.objects.get().text == "from this tab"


def test_a_note_that_came_back_to_be_mended_still_began_where_it_did(learner: Client) -> None:
    learner.post(URL, {"text": "from the other tab"})
    response = learner.post(URL, {"text": "a" * 20_001, "since": "before"})
    assert 'name="since" value="before"' in response.content.decode()
    assert learner.post(URL, {"text": "", "since": "before"}).status_code == 409
    assert Note.objects.get().text == "from the other tab"


def test_what_is_in_a_note_is_inert(learner: Client) -> None:
    nasty = (
        "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
        "</textarea><script>alert(2)</script>"
    )
    learner.post(URL, {"text": nasty})
    shown = page(learner)
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert 'href="javascript:' not in shown


def test_a_note_is_seen_and_changed_by_its_owner_alone(
    learner: Client, make_user: Callable[..., User]
) -> None:
    learner.post(URL, {"text": "my secret"})
    other = Client()
    other.force_login(make_user("emmy"))
    assert "my secret" not in page(other)
    other.post(URL, {"text": ""})
    assert Note.objects.get().text == "my secret"


def test_a_stranger_is_sent_to_log_in(client: Client) -> None:
    assert client.post(URL, {"text": ""})["Location"].startswith("/accounts/login/")
    assert client.post(URL, {"text": "x"}).status_code == 403  # with the words to be sent again
    assert not Note.objects.exists()


def test_reading_never_writes(learner: Client) -> None:
    assert learner.get(URL, {"text": "x"}).status_code == 405
    assert not Note.objects.exists()


def test_a_note_on_nothing_is_not_found(learner: Client) -> None:
    assert learner.post("/progress/p9-9/note/", {"text": "x"}).status_code == 404


def test_the_database_keeps_one_note_a_person_and_milestone(
    learner: Client, user: User, roadmap: Manual
) -> None:
    learner.post(URL, {"text": "x"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.create(
            user=user, milestone=milestone("p0-0"), text="y", html="y", saved=timezone.now()
        )
