import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal.models import Entry, Writing
from mastery.models import User
from tests.journal.editing import DAY, add

pytestmark = pytest.mark.usefixtures("roadmap")


def rewritten(entry: Entry, *texts: str) -> Entry:
    for text in texts:
        entry.rewrite(Writing(day=DAY, tried=text), began_from=entry.revision, now=timezone.now())
    return entry


def history(entry: Entry) -> str:
    return f"/journal/{entry.code}/history/"


@pytest.fixture
def entry(user: User) -> Entry:
    return rewritten(add(user, tried="One two."), "One three.", "One three four.")


def test_revisions_are_listed_newest_first_with_what_changed(learner: Client, entry: Entry) -> None:
    html = learner.get(history(entry)).content.decode()
    assert re.findall(r'<h2 id="revision-(\d+)"', html) == ["3", "2", "1"]
    text = re.sub(r"<span[^>]*>[^<]*</span>", "", html)
    assert "<del>two.</del><ins>three.</ins>" in text
    assert "The entry as it was first saved." in html


def test_any_two_revisions_can_be_compared(learner: Client, entry: Entry) -> None:
    html = learner.get(f"{history(entry)}?from=1&to=3").content.decode()
    text = re.sub(r"<span[^>]*>[^<]*</span>", "", html)
    assert "<del>two.</del><ins>three four.</ins>" in text
    same = learner.get(f"{history(entry)}?from=2&to=2").content.decode()
    assert "Both say the same." in same
    assert learner.get(f"{history(entry)}?to=2").status_code == 200
    assert learner.get(f"{history(entry)}?from=2&to=").status_code == 200


def test_a_revision_can_be_read(learner: Client, entry: Entry) -> None:
    assert "<p>One two.</p>" in learner.get(f"{history(entry)}?revision=1").content.decode()


@pytest.mark.parametrize(
    "query", ["from=9&to=1", "from=x&to=1", "revision=0", "revision=" + "9" * 40, "to=-1"]
)
def test_a_revision_that_never_was_is_not_there(learner: Client, entry: Entry, query: str) -> None:
    assert learner.get(f"{history(entry)}?{query}").status_code == 404


@pytest.mark.parametrize("before", ["x", "0", "9" * 40])
def test_a_page_that_never_was_is_empty(learner: Client, entry: Entry, before: str) -> None:
    assert learner.get(f"{history(entry)}?before={before}").status_code == 200


def test_restoring_makes_a_new_revision(learner: Client, entry: Entry) -> None:
    for _ in range(2):
        response = learner.post(f"{history(entry)}1/restore/")
        assert (response.status_code, response["Location"]) == (303, f"/journal/{entry.code}/")
    entry.refresh_from_db()
    assert (entry.tried, entry.revision) == ("One two.", 4)
    assert entry.revisions.get(number=4).restored_from == 1
    assert entry.revisions.get(number=3).tried == "One three four."
    assert "Restored from revision 1" in learner.get(history(entry)).content.decode()


def test_history_of_somebody_else_and_of_the_bin_is_not_there(
    learner: Client, entry: Entry, make_user: Callable[..., User]
) -> None:
    theirs = rewritten(add(make_user("grace"), tried="Hers."), "Hers, too.")
    entry.put_in_bin(now=timezone.now())
    for one in (theirs, entry):
        assert learner.get(history(one)).status_code == 404
        assert learner.post(f"{history(one)}1/restore/").status_code == 404
        assert one.revisions.count() == one.revision
    assert learner.post(f"{history(entry)}9/restore/").status_code == 404


def test_restoring_is_for_posting(learner: Client, client: Client, entry: Entry) -> None:
    assert learner.get(f"{history(entry)}1/restore/").status_code == 405
    assert client.post(f"{history(entry)}1/restore/").status_code == 303
    entry.refresh_from_db()
    assert entry.revision == 3


def test_a_long_history_has_pages_and_few_queries(learner: Client, user: User) -> None:
    entry = rewritten(add(user, tried="Text 1"), "Text 2")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            learner.get(history(entry))
        return len(seen)

    few = queries()
    rewritten(entry, *(f"Text {number}" for number in range(3, 54)))
    assert queries() == few
    html = learner.get(history(entry)).content.decode()
    assert re.findall(r'<h2 id="revision-(\d+)"', html) == [str(n) for n in range(53, 3, -1)]
    assert "?before=4" in html
    html = learner.get(f"{history(entry)}?before=4").content.decode()
    assert re.findall(r'<h2 id="revision-(\d+)"', html) == ["3", "2", "1"]
    assert html.count("<ins>") == 2
