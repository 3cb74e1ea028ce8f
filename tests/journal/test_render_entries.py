import datetime as dt

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from journal.management.commands import render_entries
from journal.models import Entry, EntryRevision, Writing
from mastery.models import User

NOW = dt.datetime(2026, 3, 14, 20, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 14)


def write(user: User, count: int) -> None:
    Entry.objects.add(
        user, [Writing(day=DAY, tried=f"*one* {n}", next="`two`") for n in range(count)], now=NOW
    )


def test_every_revision_is_rendered_anew_and_nothing_else_changes(
    user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    write(user, 3)
    entry = Entry.objects.earliest("pk")
    entry.rewrite(Writing(day=DAY, learned="**three**"), began_from=1, now=NOW)
    good = list(EntryRevision.objects.order_by("pk").values())
    entries = list(Entry.objects.order_by("pk").values())
    assert good[0]["html"] == {
        "tried": "<p><em>one</em> 0</p>\n",
        "next": "<p><code>two</code></p>\n",
    }
    EntryRevision.objects.update(html={"tried": "<p>old</p>"})

    call_command("render_entries")

    assert list(EntryRevision.objects.order_by("pk").values()) == good
    assert list(Entry.objects.order_by("pk").values()) == entries
    assert capsys.readouterr().out.endswith("\r4 of 4 rendered, 4 changed\n")


def test_rendering_again_changes_nothing(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    write(user, 2)
    call_command("render_entries")
    assert capsys.readouterr().out.endswith("2 of 2 rendered, 0 changed\n")


def test_chunks_leave_none_out(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    write(user, 7)
    EntryRevision.objects.update(html={})
    monkeypatch.setattr(render_entries, "CHUNK", 3)
    call_command("render_entries", stdout=None)
    assert not EntryRevision.objects.filter(html={}).exists()


def test_statements_grow_with_chunks_and_not_with_revisions(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    write(user, 40)
    EntryRevision.objects.update(html={})
    with django_assert_num_queries(4):  # count, chunk, update, no further chunk
        call_command("render_entries")


@pytest.mark.django_db
def test_a_site_without_entries_is_done_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("render_entries")
    assert capsys.readouterr().out == "\r0 of 0 rendered, 0 changed\n"
