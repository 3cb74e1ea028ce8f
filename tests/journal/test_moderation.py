import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from journal.models import Entry, Writing
from mastery.models import User
from tests.mastery.test_admin import address, text_of

WHY = "It has somebody’s address in it."
DAY = dt.date(2026, 3, 14)


def write(user: User, visibility: str, title: str = "A day", tried: str = "*Bold* words") -> Entry:
    writing = Writing(day=DAY, title=title, tried=tried, tags=("adam",))
    (entry,) = Entry.objects.add(user, [writing], now=timezone.now(), visibility=visibility)
    return entry


@pytest.fixture
def entry(user: User) -> Entry:
    return write(user, "public")


def take_down(browser: Client, *entries: Entry, **more: Any) -> Any:
    data = {"action": "take_down", "_selected_action": [entry.pk for entry in entries]}
    return browser.post(address(Entry), {**data, "confirmed": "yes", "reason": WHY, **more})


def lift(browser: Client, entry: Entry) -> Any:
    data = {"action": "lift", "_selected_action": [entry.pk]}
    return browser.post(address(Entry), data, follow=True)


def places(entry: Entry) -> list[str]:
    base = f"/@{entry.user.handle}"
    return [
        entry.public_path,
        f"{base}/log/",
        f"{base}/feed.atom",
        f"{base}/tags/adam/",
        f"{base}/",
    ]


def codes(entry: Entry) -> set[int]:
    return {Client().get(place).status_code for place in places(entry)}


def test_hosts_read_what_is_shared_as_the_site_shows_it(host: Client, entry: Entry) -> None:
    html = host.get(address(entry, "change")).content.decode()
    assert "<em>Bold</em> words" in html
    assert f'href="{entry.public_path}"' in html
    assert 'name="_save"' not in html


def test_a_private_entry_is_not_there_whoever_asks(
    host: Client, editor: Client, user: User
) -> None:
    hidden = [write(user, "private", "Secret title", "Secret words"), write(user, "public", "Bin")]
    hidden[1].put_in_bin(now=timezone.now())
    for browser in (host, editor):
        for entry in hidden:
            for page in ("change", "history"):
                assert browser.get(address(entry, page)).status_code == 404
            answer = take_down(browser, entry)
            assert "Secret" not in text_of(answer) if answer.status_code == 200 else True
        for query in ("", "?q=Secret", "?q=ada", "?state=private", "?state=down", "?all="):
            page = text_of(browser.get(address(Entry) + query))
            assert "Secret" not in page
            assert "Bin" not in page
    for entry in hidden:
        entry.refresh_from_db()
        assert entry.taken_down_at is None


def test_an_entry_is_only_looked_at(host: Client, editor: Client, entry: Entry) -> None:
    for browser in (host, editor):
        assert browser.get(address(Entry, "add/")).status_code == 403
        assert browser.post(address(entry, "change"), {"title": "Mine"}).status_code == 403
        assert browser.post(address(entry, "delete"), {"post": "yes"}).status_code == 403
    entry.refresh_from_db()
    assert entry.title == "A day"


def test_taking_down_asks_first_and_wants_a_reason(host: Client, entry: Entry) -> None:
    for more, status in (
        ({"confirmed": ""}, 422),
        ({"reason": " "}, 422),
        ({"reason": "x" * 501}, 422),
    ):
        answer = (
            take_down(host, entry, **more)
            if more != {"confirmed": ""}
            else host.post(address(Entry), {"action": "take_down", "_selected_action": [entry.pk]})
        )
        assert answer.status_code in {200, status}
        assert "A day" in text_of(answer)
        assert 200 in codes(entry)
    assert "Say why." in text_of(take_down(host, entry, reason=""))
    assert "<title>Error: " in take_down(host, entry, reason="").content.decode()
    assert "these are 501" in text_of(take_down(host, entry, reason="x" * 501))
    assert "x" * 501 in text_of(take_down(host, entry, reason="x" * 501))


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_what_is_taken_down_is_gone_at_once_and_its_author_reads_why(
    host: Client, learner: Client, user: User, visibility: str
) -> None:
    entry = write(user, visibility)
    tag = Client().get(entry.public_path)["ETag"]
    assert take_down(host, entry).status_code == 302
    assert codes(entry) == {404}
    again = Client().get(entry.public_path, headers={"If-None-Match": tag})
    assert again.status_code == 404
    page = text_of(learner.get(entry.get_absolute_url()))
    assert WHY in page
    assert "Taken down by a host on" in page
    assert "hopper" not in page


def test_an_author_cannot_publish_it_again(host: Client, learner: Client, entry: Entry) -> None:
    take_down(host, entry)
    place = entry.get_absolute_url()
    for wanted in ("public", "unlisted"):
        learner.post(f"{place}visibility/", {"visibility": wanted})
        assert "A host took this entry down" in text_of(learner.get(place))
        form = {"visibility": wanted, "tried": "Other words", "began_from": "1"}
        answer = learner.post(f"{place}edit/", {**form, "date": "2026-03-14"})
        assert answer.status_code == 422
        assert "A host took this entry down" in text_of(answer)
        assert "Other words" in text_of(answer)
    learner.post(f"{place}delete/")
    learner.post(f"/journal/bin/{entry.code}/restore/")
    learner.post(f"{place}visibility/", {"visibility": "public"})
    assert codes(entry) == {404}
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(visibility="public")


def test_a_form_opened_before_keeps_its_words_and_publishes_nothing(
    host: Client, learner: Client, entry: Entry
) -> None:
    take_down(host, entry)
    form = {
        "visibility": "public", "shown_to": "public", "tried": "Other words",
        "began_from": "1", "date": "2026-03-14",
    }  # fmt: skip
    assert learner.post(f"{entry.get_absolute_url()}edit/", form).status_code == 303
    entry.refresh_from_db()
    assert (entry.tried, entry.visibility) == ("Other words", "private")


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_lifted_it_is_what_it_was(host: Client, user: User, visibility: str) -> None:
    entry = write(user, visibility)
    before = Entry.objects.filter(pk=entry.pk).values().get()
    take_down(host, entry)
    assert "A day" in text_of(host.get(address(entry, "change")))
    assert "as they were: 1" in text_of(lift(host, entry))
    assert Client().get(entry.public_path).status_code == 200
    assert Entry.objects.filter(pk=entry.pk).values().get() == before
    assert "Nothing of this is taken down" in text_of(lift(host, entry))


@pytest.mark.parametrize("how", ["rewritten", "withdrawn", "binned"])
def test_what_its_author_did_since_stays_private_when_lifted(
    host: Client, learner: Client, entry: Entry, how: str
) -> None:
    take_down(host, entry)
    place = entry.get_absolute_url()
    if how == "rewritten":
        form = {"title": "Secret title", "tried": "Secret words", "visibility": "private"}
        learner.post(f"{place}edit/", {**form, "began_from": "1", "date": "2026-03-14"})
    elif how == "withdrawn":
        learner.post(f"{place}visibility/", {"visibility": "private"})
    else:
        learner.post(f"{place}delete/")
        learner.post(f"/journal/bin/{entry.code}/restore/")
    pages = [address(entry, "change"), address(Entry), f"{address(Entry)}?q=Secret"]
    for page in map(host.get, pages):
        assert "Secret" not in text_of(page)
        assert "A day" not in text_of(page)
    assert "as they were: 0" in text_of(lift(host, entry))
    assert codes(entry) == {404}
    assert host.get(address(entry, "change")).status_code == 404
    learner.post(f"{place}visibility/", {"visibility": "public"})
    assert Client().get(entry.public_path, follow=True).status_code == 200


def test_the_form_of_an_entry_has_the_actions_too(host: Client, entry: Entry) -> None:
    place = address(entry, "change")
    data = {"CHANGE_FORM-action": "take_down", "_selected_action": [entry.pk]}
    page = host.post(place, data)
    assert 'name="CHANGE_FORM-action" value="take_down"' in page.content.decode()
    host.post(place, {**data, "confirmed": "yes", "reason": WHY})
    assert codes(entry) == {404}
    host.post(place, {"CHANGE_FORM-action": "lift", "_selected_action": [entry.pk]})
    assert codes(entry) == {200}


def test_taking_down_twice_keeps_the_first_reason(host: Client, entry: Entry) -> None:
    take_down(host, entry)
    take_down(host, entry, reason="Another one")
    entry.refresh_from_db()
    assert entry.taken_down_reason == WHY


def test_editors_and_learners_take_nothing_down(
    content_editor: Client, learner: Client, entry: Entry
) -> None:
    assert take_down(content_editor, entry).status_code == 403
    assert take_down(learner, entry).status_code in {302, 403}
    assert 200 in codes(entry)


def test_a_host_who_leaves_does_not_undo_what_they_decided(host: Client, entry: Entry) -> None:
    take_down(host, entry)
    User.objects.get(handle="hopper").delete()
    assert codes(entry) == {404}


def test_a_list_tells_nothing_of_words_that_are_not_shown(host: Client, entry: Entry) -> None:
    for query in ("title__startswith=A", "tried__contains=Bold", "visibility=private",
                  "shown_before=public", "user__password__startswith=md5"):  # fmt: skip
        assert host.get(f"{address(Entry)}?{query}").status_code == 400, query


def test_the_list_is_searched_and_takes_a_fixed_number_of_queries(
    host: Client, user: User, make_user: Callable[..., User], django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        write(user, "public", f"Entry {number}", "A word like heliotrope" if number == 7 else "No")
    write(make_user("emmy"), "unlisted", "Of emmy")
    with django_assert_max_num_queries(12):
        assert "Entry 19" in text_of(host.get(address(Entry)))
    found = text_of(host.get(f"{address(Entry)}?q=heliotrope"))
    assert "Entry 7" in found
    assert "Entry 8" not in found
    assert "Of emmy" in text_of(host.get(f"{address(Entry)}?q=emmy"))
    assert "Of emmy" not in text_of(host.get(f"{address(Entry)}?state=public"))
