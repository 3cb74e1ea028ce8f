import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal.models import Draft, Entry, Writing
from mastery.models import User
from roadmap.operations import Successor, split
from roadmap.queries import Manual
from tests.conftest import milestone
from tests.tracker.showing import show

pytestmark = pytest.mark.usefixtures("roadmap")

DAY = dt.date(2026, 3, 14)
NOON = dt.datetime(2026, 3, 14, 12, tzinfo=dt.UTC)


@pytest.fixture
def on_the_way(learner: Client, user: User, tick: Callable[..., None]) -> Client:
    """A browser of somebody with three ticks after the first day, of whose level one is claimed."""
    for key, days in {"p0-0": 60, "p0-2": 40, "d1": 20, "p0-3": 10}.items():
        tick(user, key, on=user.today - dt.timedelta(days=days))
    user.target_level = "l1"
    user.save()
    return learner


def test_the_pace_says_what_it_is_reckoned_from_and_what_has_to_be_shown(
    on_the_way: Client, user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    first = user.today - dt.timedelta(days=60)
    phases = [roadmap.phases[slug] for slug in "012"]
    left = sum(len(phase.milestones) + len(phase.deliverables) for phase in phases) - 4
    reckoned = (
        f"Reckoned from 3 done after {first:%-d %B %Y} and {left} left on the way, "
        "deliverables included."
    )
    for path in ("/", "/progress/"):
        said = text_of(on_the_way.get(path))
        assert f"{reckoned} What is only claimed so far has to be shown as well: phase 1’s" in said
    tick(user, "d2", on=first)
    said = text_of(on_the_way.get("/"))
    assert "as well: phase 1’s deliverable and phase 2’s deliverable." in said
    show(user, "d1", "d2", on=user.today)
    assert "Reckoned" not in text_of(on_the_way.get("/"))


def test_choosing_another_road_as_well_makes_the_way_no_longer(
    on_the_way: Client, user: User
) -> None:
    def left(*tracks: str) -> int:
        User.objects.update(tracks=tracks, target_level="l2")
        found = re.search(r"(\d+) left on the way", text_of(on_the_way.get("/")))
        assert found
        return int(found[1])

    roads = [left("trunk", "llm"), left("trunk", "rl")]
    assert left("trunk", "llm", "rl") == min(roads)


def test_what_may_only_need_to_be_confirmed_says_so(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    hint = "It came from what you have done. It may be enough to confirm it."
    assert hint not in text_of(learner.get("/"))
    into = [Successor("p0-0a", "Half of it"), Successor("p0-0b", "The other half")]
    split(milestone("p0-0"), into, counts=set())
    said = text_of(learner.get("/"))
    assert f"Half of it {hint} Go to this milestone" in said


def add(user: User, day: dt.date = DAY, **words: Any) -> Entry:
    words.setdefault("tried", "Adam with **warm-up**.")
    (entry,) = Entry.objects.add(user, [Writing(day=day, **words)], now=timezone.now())
    return entry


def keep(user: User, entry: Entry | None = None, tried: str = "Half a sentence") -> Draft:
    draft, _forked = Draft.objects.keep(
        user,
        {"tried": tried},
        entry=entry,
        began_from=1 if entry else 0,
        code="",
        version=None,
        now=timezone.now(),
    )
    return draft


def text_of(response: object) -> str:
    content = getattr(response, "content", b"").decode()
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", content)))


def last_entries(client: Client) -> str:
    """Give the part of the page about the log."""
    response = client.get("/")
    assert response.status_code == 200
    _, found, rest = response.content.decode().partition('aria-labelledby="entries"')
    assert found
    return rest.partition("</section>")[0]


def test_the_last_three_entries_are_there_by_day(learner: Client, user: User) -> None:
    entries = [add(user, DAY - dt.timedelta(days=at), title=f"Number {at}") for at in (3, 0, 2, 1)]
    page = last_entries(learner)
    places = [page.find(f"<bdi>Number {at}</bdi>") for at in (0, 1, 2)]
    assert -1 not in places
    assert places == sorted(places)
    assert "Number 3" not in page
    assert f'href="{entries[1].get_absolute_url()}"' in page
    assert 'datetime="2026-03-14"' in page
    assert 'href="/journal/new/">New entry</a>' in page
    assert 'href="/journal/"' in page


def test_an_entry_without_a_title_goes_by_its_first_words(learner: Client, user: User) -> None:
    add(user, tried="", happened="# Loss\n\n`<nan>` after " + "word " * 100)
    page = last_entries(learner)
    assert "<bdi>Loss &lt;nan&gt; after word" in page
    assert len(page) < 2000


def test_an_entry_without_any_words_is_still_a_link(learner: Client, user: User) -> None:
    entry = add(user, tried="---")
    assert "Entry without a title" in last_entries(learner)
    assert entry.get_absolute_url() in last_entries(learner)


def test_an_empty_log_invites_to_the_first_entry(learner: Client, user: User) -> None:
    add(user).put_in_bin(now=timezone.now())
    page = last_entries(learner)
    assert "Your research log is empty." in page
    assert 'href="/journal/new/">Write the first entry</a>' in page
    assert 'href="/journal/import/"' in page


def test_the_last_draft_is_noted_with_the_time_on_the_persons_clock(
    learner: Client, user: User
) -> None:
    User.objects.update(time_zone="Asia/Tokyo")
    entry = add(user, title="Kept <i>")
    with time_machine.travel(NOON, tick=False):
        keep(user, tried="Older")
    with time_machine.travel(NOON + dt.timedelta(minutes=2), tick=False):
        draft = keep(user, tried="Half a < sentence")
        learner.force_login(user)
        page = last_entries(learner)
    assert f'href="/journal/new/?draft={draft.code}"' in page
    assert ">21:02</time>" in page
    assert "<bdi>Half a &lt; sentence</bdi>" in page
    assert "Older" not in page
    with time_machine.travel(NOON + dt.timedelta(days=1), tick=False):
        draft = keep(user, entry)
        learner.force_login(user)
        page = last_entries(learner)
    assert f'href="{entry.get_absolute_url()}edit/?draft={draft.code}"' in page
    assert "of <bdi>Kept &lt;i&gt;</bdi>" in page


def test_a_draft_alone_is_no_reason_to_hide_the_invitation(learner: Client, user: User) -> None:
    keep(user)
    page = last_entries(learner)
    assert "Continue the draft" in page
    assert "Write the first entry" in page


def test_nothing_of_another_person_is_there(
    learner: Client, make_user: Callable[..., User]
) -> None:
    eve = make_user("eve")
    add(eve, title="Of eve").show_to("public", now=timezone.now())
    keep(eve)
    page = last_entries(learner)
    assert "Of eve" not in page
    assert "Continue the draft" not in page


def test_a_visitor_is_shown_no_log(client: Client, user: User) -> None:
    add(user, title="Mine").show_to("public", now=timezone.now())
    page = client.get("/").content.decode()
    assert "Mine" not in page
    assert "Last entries" not in page


def test_a_longer_log_costs_no_more_queries(learner: Client, user: User) -> None:
    def fill(count: int) -> None:
        for at in range(count):
            keep(user, add(user, tags=(f"tag{at}",), milestones=("p1-0",)))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            learner.get("/")
        return len(captured)

    fill(2)
    queries()
    few = queries()
    fill(18)
    assert queries() == few
