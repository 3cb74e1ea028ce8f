import datetime as dt
import itertools
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from journal.importing import Answers, carry_out, compare
from journal.logfile import parse
from journal.models import Entry, EntryRevision, LogFile, LogImport, Writing
from mastery.models import User
from tests.journal.test_logfile import DAY, WRITINGS

pytestmark = pytest.mark.django_db


def export(client: Client) -> bytes:
    response = client.get("/journal/LOG.md")
    assert response.status_code == 200
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def bring_in(user: User, text: str) -> dict[str, int]:
    """Do an import as a person would who changes no answer."""
    log = parse(text, today=user.today)
    sent = LogImport.objects.create(user=user, text=text, sent=timezone.now())
    *_steps, receipt = carry_out(sent, log, Answers(), now=timezone.now())
    assert isinstance(receipt, dict)
    return receipt


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_log_leaves_as_a_markdown_file(user: User, learner: Client) -> None:
    LogFile.objects.create(user=user, front_matter="---\na: b\n---\n", preamble="# Log\r\n\r\n")
    later = Writing(day=DAY + dt.timedelta(days=1), title="Later", happened="x")
    first, second = Writing(day=DAY, tried="1"), Writing(day=DAY, tried="2")
    Entry.objects.add(user, [later, first, second], now=timezone.now(), zone="Europe/Berlin")
    response = learner.get("/journal/LOG.md")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="LOG.md"'
    assert export(learner).decode() == (
        "---\na: b\n---\n# Log\r\n\r\n"
        "## 2026-03-14\n\nzone: Europe/Berlin\n\n### Tried\n\n1\n\n"
        "## 2026-03-14\n\nzone: Europe/Berlin\n\n### Tried\n\n2\n\n"
        "## 2026-03-15: Later\n\nzone: Europe/Berlin\n\n### Happened\n\nx\n"
    )


def test_the_bin_and_others_entries_stay_out(
    user: User, learner: Client, make_user: Callable[..., User]
) -> None:
    (binned,) = Entry.objects.add(user, [Writing(day=DAY, tried="binned")], now=timezone.now())
    binned.put_in_bin(now=timezone.now())
    eve = make_user("eve")
    Entry.objects.add(eve, [Writing(day=DAY, tried="eve's")], now=timezone.now())
    assert export(learner) == b""


def test_strangers_log_in_first(client: Client) -> None:
    assert client.get("/journal/LOG.md")["Location"].startswith("/accounts/login/")


def test_nothing_can_be_posted_to_it(learner: Client) -> None:
    assert learner.post("/journal/LOG.md").status_code == 405


def test_a_long_log_takes_no_more_queries(user: User, learner: Client) -> None:
    counts = []
    for many in (2, 20):
        writings = [
            Writing(day=DAY, tried=str(n), tags=("a", f"t{n}"), milestones=("p0-0", "rl-1"))
            for n in range(many)
        ]
        Entry.objects.add(user, writings, now=timezone.now())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            export(learner)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_may_read_is_not_in_the_file(
    user: User, learner: Client, make_user: Callable[..., User]
) -> None:
    now = timezone.now()
    Entry.objects.add(user, [Writing(day=DAY, tried="x")], now=now, visibility="public")
    eve = make_user("eve")
    bring_in(eve, export(learner).decode())
    assert Entry.objects.of(eve).get().visibility == "private"


class RoundTrip(TestCase):
    """Hypothesis wants the database put back after each example, which its own class does."""

    number = itertools.count()

    def account(self) -> User:
        handle = f"user-{next(self.number)}"
        return User.objects.create_user(handle, f"{handle}@example.org")

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(WRITINGS, max_size=5),
        st.booleans(),
        st.sampled_from(["", "---\na: b\n---\n", "---\r\na: b\r\n---"]),
        st.sampled_from(["", "# Log\n\n", "# Log", "\n", "```\nopen", "- list\r\n\r\n  ```"]),
        st.sampled_from(["UTC", "Asia/Kathmandu"]),
    )
    def test_out_in_out_gives_equal_bytes(
        self, writings: list[Writing], twice: bool, front: str, preamble: str, zone: str
    ) -> None:
        ada, bea = self.account(), self.account()
        if front.endswith("-") and preamble:
            front += "\r\n"
        LogFile.objects.create(user=ada, front_matter=front, preamble=preamble)
        for zone_of_some in {zone, "UTC"}:
            some = writings * 2 if twice else writings
            Entry.objects.add(ada, some, now=timezone.now(), zone=zone_of_some)
        out = export(browser_of(ada))
        count = Entry.objects.of(ada).count()

        receipt = bring_in(ada, out.decode())
        assert (receipt["same"], receipt["new"], receipt["opening"]) == (count, 0, 0)
        assert compare(ada, parse(out.decode(), today=ada.today)).changes_nothing
        assert EntryRevision.objects.filter(entry__user=ada).count() == count
        assert export(browser_of(ada)) == out

        receipt = bring_in(bea, out.decode())
        assert (receipt["same"], receipt["new"], receipt["refused"]) == (0, count, 0)
        assert export(browser_of(bea)) == out
