import datetime as dt
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal.models import Draft, DraftCheckpoint, Entry, EntryRevision, Picture, PictureUse
from mastery.models import User
from tests.journal.editing import add

pytestmark = pytest.mark.usefixtures("roadmap")

BIN = "/journal/bin/"


def draw(user: User, *, uploaded: dt.datetime) -> Picture:
    return Picture.objects.create(
        user=user, kind="png", width=1, height=1, size=1, data=b"x", uploaded=uploaded
    )


def days_ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def emptied() -> str:
    said = StringIO()
    call_command("empty_bin", stdout=said)
    return said.getvalue()


def test_deleting_puts_an_entry_in_the_bin(learner: Client, user: User) -> None:
    entry = add(user, title="Gone")
    entry.show_to("public", now=timezone.now())
    for _ in range(2):
        response = learner.post(f"/journal/{entry.code}/delete/")
        assert (response.status_code, response["Location"]) == (303, "/journal/")
    entry.refresh_from_db()
    assert entry.deleted_at
    html = learner.get(BIN).content.decode()
    assert "Gone is in the bin for 30 days." in html
    assert html.count(f'action="/journal/bin/{entry.code}/restore/"') == 3  # two messages, one row
    assert "30 days left." in html


def test_what_is_taken_back_is_private(learner: Client, user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    entry.put_in_bin(now=timezone.now())
    for _ in range(2):
        response = learner.post(f"{BIN}{entry.code}/restore/")
        assert (response.status_code, response["Location"]) == (303, f"/journal/{entry.code}/")
    entry.refresh_from_db()
    assert (entry.deleted_at, entry.visibility) == (None, "private")


def test_taking_back_what_is_not_in_the_bin_changes_nothing(learner: Client, user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    learner.post(f"{BIN}{entry.code}/restore/")
    assert Entry.objects.get().visibility == "public"


def test_deleting_for_good_asks_first_and_takes_pictures_and_drafts_along(
    learner: Client, user: User
) -> None:
    entry, other = add(user), add(user)
    alone, shared = (draw(user, uploaded=timezone.now()) for _ in range(2))
    for picture, one in ((alone, entry), (shared, entry), (shared, other)):
        PictureUse.objects.create(picture=picture, entry=one)
    now = timezone.now()
    Draft.objects.create(
        user=user, entry=entry, fields={"tried": alone.markdown}, created=now, saved=now
    )
    entry.put_in_bin(now=now)
    url = f"{BIN}{entry.code}/delete/"
    assert "Delete for good?" in learner.get(url).content.decode()
    assert Entry.objects.count() == 2
    assert learner.post(url)["Location"] == BIN
    assert learner.post(url).status_code == 404
    assert Entry.objects.get() == other
    assert EntryRevision.objects.get().entry == other
    assert Picture.objects.get() == shared
    assert not Draft.objects.exists()


def test_only_what_is_in_the_bin_is_deleted_for_good(learner: Client, user: User) -> None:
    entry = add(user)
    assert learner.post(f"{BIN}{entry.code}/delete/").status_code == 404
    assert Entry.objects.get() == entry


def test_entries_of_somebody_else_are_not_there(
    learner: Client, make_user: Callable[..., User]
) -> None:
    grace = make_user("grace")
    live, binned = add(grace), add(grace, title="Hers")
    binned.put_in_bin(now=timezone.now())
    assert learner.post(f"/journal/{live.code}/delete/").status_code == 404
    assert learner.post(f"{BIN}{binned.code}/restore/").status_code == 404
    assert learner.get(f"{BIN}{binned.code}/delete/").status_code == 404
    assert learner.post(f"{BIN}{binned.code}/delete/").status_code == 404
    assert "Hers" not in learner.get(BIN).content.decode()
    assert Entry.objects.live().get() == live
    assert Entry.objects.binned().get() == binned


def test_the_bin_is_changed_by_posting_and_by_learners(
    learner: Client, client: Client, user: User
) -> None:
    entry = add(user)
    for url in (f"/journal/{entry.code}/delete/", f"{BIN}{entry.code}/restore/"):
        assert learner.get(url).status_code == 405
        assert client.post(url).status_code == 303
    assert client.get(BIN)["Location"].startswith("/accounts/login/")
    assert Entry.objects.live().get() == entry


def test_an_empty_bin_says_so(learner: Client) -> None:
    html = learner.get(BIN).content.decode()
    assert "No entry is in the bin." in html
    assert "No draft was discarded lately." in html


def test_the_bin_asks_the_database_the_same_few_times_however_much_is_in_it(
    learner: Client, user: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            learner.get(BIN)
        return len(seen)

    def more(count: int) -> None:
        now = timezone.now()
        for number in range(count):
            entry = add(user, tried=f"Number {number}")
            entry.put_in_bin(now=now)
            Draft.objects.create(
                user=user, entry=entry, fields={}, created=now, saved=now, discarded_at=now
            )

    more(2)
    few = queries()
    more(60)
    assert queries() == few
    html = learner.get(BIN).content.decode()
    assert html.count(">Delete for good<") == 50
    assert learner.get(f"{BIN}?page=2").content.decode().count(">Delete for good<") == 12
    assert learner.get(f"{BIN}?page=nonsense").status_code == 200


def test_emptying_deletes_what_is_older_than_30_days_and_nothing_else(user: User) -> None:
    kept, young, old = add(user), add(user), add(user)
    young.put_in_bin(now=days_ago(29.9))
    old.put_in_bin(now=days_ago(30.1))
    stale = draw(user, uploaded=days_ago(1.1))
    fresh = draw(user, uploaded=days_ago(0.9))
    gone_with = draw(user, uploaded=days_ago(40))
    PictureUse.objects.create(picture=gone_with, entry=old)
    drafts = [
        Draft.objects.create(
            user=user, fields={}, created=days_ago(50), saved=days_ago(50), discarded_at=at
        )
        for at in (None, days_ago(29.9), days_ago(30.1))
    ]
    DraftCheckpoint.objects.create(
        draft=drafts[2], fields={}, began=days_ago(50), saved=days_ago(50)
    )
    assert emptied() == "Deleted for good: entries 1, drafts 1, pictures 2.\n"
    assert set(Entry.objects.all()) == {kept, young}
    assert set(Draft.objects.all()) == set(drafts[:2])
    assert set(Picture.objects.all()) == {fresh}
    assert stale not in Picture.objects.all()
    assert emptied() == "Nothing in the bins is older than 30 days.\n"
