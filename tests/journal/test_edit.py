import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from journal.bin import erase
from journal.models import PROMPTS, Draft, Entry, Writing
from journal.models.writing import LONGEST_TEXT
from mastery.models import User
from tests.conftest import PASSWORD
from tests.journal.editing import DAY, NEW, add, edit, form_in, opened

pytestmark = pytest.mark.usefixtures("roadmap")


# A new entry


@time_machine.travel("2026-03-14 23:30Z", tick=False)
def test_a_new_entry_is_of_today_in_the_persons_zone_and_private(
    learner: Client, user: User
) -> None:
    user.time_zone = "Asia/Tokyo"
    user.save()
    fields = opened(learner, NEW)
    assert (fields["date"], fields["visibility"]) == ("2026-03-15", "private")
    response = learner.post(NEW, {**fields, "tried": "A batch of 8."})
    entry = Entry.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/journal/{entry.code}/")
    assert (entry.day, entry.zone) == (dt.date(2026, 3, 15), "Asia/Tokyo")
    assert (entry.visibility, entry.tried) == ("private", "A batch of 8.")
    # Having flown west, where it is the day before: the old day stays as it is.
    user.time_zone = "America/New_York"
    user.save()
    assert opened(learner, NEW)["date"] == "2026-03-14"
    html = learner.get(edit(entry)).content.decode()
    assert "In Asia/Tokyo time." in html
    learner.post(edit(entry), {**form_in(html), "tried": "A batch of 16."})
    entry.refresh_from_db()
    assert (entry.day, entry.tried) == (dt.date(2026, 3, 15), "A batch of 16.")


def test_everything_in_the_form_is_kept(learner: Client, user: User) -> None:
    learner.post(
        NEW,
        {
            **opened(learner, NEW),
            "date": "2026-03-10",
            "title": "Warm-up",
            "tried": "a",
            "happened": "b",
            "learned": "c",
            "next": "d",
            "tags": "#Adam, bf16 adam",
            "minutes": "90",
            "build_work": "on",
            "milestones": ["p1-2", "p0-0"],
            "visibility": "public",
        },
    )
    entry = Entry.objects.get()
    assert entry.writing() == Writing(
        day=dt.date(2026, 3, 10),
        title="Warm-up",
        tried="a",
        happened="b",
        learned="c",
        next="d",
        tags=("adam", "bf16"),
        milestones=("p0-0", "p1-2"),
        minutes=90,
        build_work=True,
    )
    assert entry.visibility == "public"
    assert entry.published_at


def test_a_few_fields_are_enough_for_whoever_sends_no_form(learner: Client, user: User) -> None:
    assert learner.post(NEW, {"tried": "x"}).status_code == 303
    learner.post(NEW, {"date": "2026-03-14", "tried": "y", "visibility": "unlisted"})
    assert list(Entry.objects.order_by("pk").values_list("day", "visibility")) == [
        (user.today, "private"),
        (DAY, "unlisted"),
    ]


def test_an_address_can_bring_a_milestone_along(learner: Client) -> None:
    assert opened(learner, NEW + "?milestone=p1-2")["milestones"] == ["p1-2"]
    assert opened(learner, NEW + "?milestone=nothing")["milestones"] == []


def test_a_form_sent_twice_adds_one_entry(learner: Client) -> None:
    fields = {**opened(learner, NEW), "tried": "Once."}
    first, second = learner.post(NEW, fields), learner.post(NEW, fields)
    assert first["Location"] == second["Location"]
    assert Entry.objects.count() == 1


def test_a_form_sent_again_with_other_words_writes_over_nothing(
    learner: Client, user: User
) -> None:
    fields = {**opened(learner, NEW), "tried": "Once."}
    learner.post(NEW, fields)
    response = learner.post(NEW, {**fields, "tried": "Once, and more."})
    entry = Entry.objects.get()
    assert (response.status_code, entry.tried) == (409, "Once.")
    again = form_in(response.content.decode())
    assert again["tried"] == "Once, and more."
    assert learner.post(edit(entry), again).status_code == 303
    entry.refresh_from_db()
    assert (entry.tried, entry.revision) == ("Once, and more.", 2)


def test_a_code_of_somebody_else_in_the_form_is_not_taken(
    learner: Client, make_user: Callable[..., User]
) -> None:
    theirs = add(make_user("grace"))
    response = learner.post(NEW, {"tried": "x", "form_key": theirs.code})
    assert response.status_code == 303
    assert Entry.objects.count() == 2
    theirs.refresh_from_db()
    assert theirs.tried == "Adam with warm-up."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("date", "", "Choose a day."),
        ("date", "0000", "This is no day."),
        ("date", "2026-02-30", "This is no day."),
        ("date", "1969-12-31", "Choose a day from 1970 to today."),
        ("date", "2999-01-01", "That day has not come yet in UTC time"),
        ("tried", "a\0b", "The text holds a NUL character"),
        ("title", "a\0b", "The text holds a NUL character"),
        ("title", "x" * 201, "A title has at most 200 characters."),
        ("next", "x" * 250_001, "This is 250,001 characters long"),
        ("tags", "a/b", "“a/b” is no tag"),
        ("tags", " ".join(f"t{n}" for n in range(21)), "An entry has at most 20 tags."),
        ("minutes", "1e9", "Write the minutes as a whole number."),
        ("minutes", "1000000000", "Minutes lie between 1 and 1,440"),
        ("minutes", "9" * 5000, "Write the minutes as a whole number."),
        ("minutes", "0", "Minutes lie between 1 and 1,440"),
        ("milestones", ["p0-0", "no-such"], "There is no milestone “no-such”."),
        ("visibility", "everybody", "An entry is private, unlisted or public."),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field_and_stays_typed(
    learner: Client, field: str, value: Any, said: str
) -> None:
    typed = {"tried": "Kept.", "learned": "Kept too.", field: value}
    response = learner.post(NEW, {**opened(learner, NEW), **typed})
    assert response.status_code == 422
    assert not Entry.objects.exists()
    html = response.content.decode()
    errors = re.search(rf'<ul class="field__errors" id="id_{field}_error">(.*?)</ul>', html)
    assert errors, field
    assert said in errors[1]
    again = form_in(html)
    assert again["learned"] == "Kept too."
    if field in {"tried", "next", "date", "tags", "minutes"}:
        assert again[field].strip() == str(value).replace("\r\n", "\n").strip()


def test_the_longest_entry_fits_however_it_is_encoded(learner: Client) -> None:
    # Browsers send a line's end as two characters, and it is kept as one.
    texts = dict.fromkeys(PROMPTS, "🦉" * (LONGEST_TEXT - 2000) + "\n" * 1999 + "🦉")
    sent = {name: text.replace("\n", "\r\n") for name, text in texts.items()}
    response = learner.post(NEW, urlencode(sent), content_type="application/x-www-form-urlencoded")
    assert response.status_code == 303
    assert Entry.objects.get().texts == texts


def test_an_entry_says_something(learner: Client) -> None:
    response = learner.post(NEW, {**opened(learner, NEW), "tried": " \r\n ", "title": "T"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "Fill in at least one of the four" in html[html.index('id="id_tried_error"') :]
    assert form_in(html)["title"] == "T"


@pytest.mark.parametrize(
    "broken",
    [
        {"began_from": "abc"},
        {"began_from": "1" + "0" * 30},
        {"draft": "\0", "draft_version": "\0"},
        {"form_key": "\0", "steps_from": "\0", "step-0123456789ab": "\0"},
        {"shown_to": "\0", "build_work": "\0"},
        {"entry": "nowhere", "preview_": "1"},
    ],
)
def test_broken_bookkeeping_is_no_error(learner: Client, broken: dict[str, str]) -> None:
    assert learner.post(NEW, {"tried": "x", **broken}).status_code == 303
    entry = Entry.objects.get()
    assert learner.post(edit(entry), {"tried": "x", **broken}).status_code == 303
    assert learner.post(edit(entry), {"tried": "y", **broken}).status_code in {303, 409}


# An entry that is there


def test_the_form_holds_the_entry_and_sending_it_back_changes_nothing(
    learner: Client, user: User
) -> None:
    entry = add(
        user,
        title="T",
        tried="    indented\n\n<b> & ```",
        next="- a",
        tags=("adam",),
        milestones=("p0-0",),
        minutes=5,
        build_work=True,
    )
    response = learner.get(edit(entry))
    assert b"    indented\n\n&lt;b&gt; &amp; ```" in response.content
    fields = form_in(response.content.decode())
    fields["tried"] = entry.tried.replace("\n", "\r\n")
    assert learner.post(edit(entry), fields).status_code == 303
    assert Entry.objects.get().revision == 1


def test_an_edit_is_a_revision(learner: Client, user: User) -> None:
    entry = add(user, milestones=("p0-0",), build_work=True)
    fields = {**opened(learner, edit(entry)), "learned": "More.", "milestones": []}
    del fields["build_work"]
    response = learner.post(edit(entry), fields)
    assert (response.status_code, response["Location"]) == (303, f"/journal/{entry.code}/")
    entry.refresh_from_db()
    assert (entry.learned, entry.revision, entry.build_work) == ("More.", 2, False)
    assert entry.writing().milestones == ()


def test_who_names_no_revision_and_few_fields_changes_those_alone(
    learner: Client, user: User
) -> None:
    entry = add(user, title="T", milestones=("p0-0",), build_work=True)
    entry.show_to("public", now=timezone.now())
    assert learner.post(edit(entry), {"learned": "More."}).status_code == 303
    now = Entry.objects.get()
    assert (now.title, now.learned, now.tried) == ("T", "More.", entry.tried)
    assert now.writing().milestones == ("p0-0",)
    assert (now.build_work, now.visibility) == (True, "public")


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_entry_of_somebody_else_is_not_there(
    learner: Client, make_user: Callable[..., User], method: str
) -> None:
    entry = add(make_user("grace"))
    assert getattr(learner, method)(edit(entry), {"tried": "Mine."}).status_code == 404
    entry.refresh_from_db()
    assert entry.tried == "Adam with warm-up."


def test_words_for_an_entry_that_was_deleted_for_good_come_back_for_a_new_one(
    learner: Client, user: User
) -> None:
    entry = add(user)
    fields = {**opened(learner, edit(entry)), "tried": "Still here.", "visibility": "public"}
    erase(Entry.objects.all())
    response = learner.post(edit(entry), fields)
    assert response.status_code == 404
    html = response.content.decode()
    assert "There is no such entry any more." in html
    again = form_in(html)
    assert (again["tried"], again["visibility"]) == ("Still here.", "private")
    assert learner.post(NEW, again).status_code == 303
    assert Entry.objects.get().tried == "Still here."
    # Without words there is nothing to give back.
    assert "entry-form" not in learner.post(edit(entry)).content.decode()


@pytest.mark.parametrize("url", [NEW, "/journal/aaaaaaaaaaaaaaaa/edit/"])
def test_a_stranger_goes_to_log_in(client: Client, url: str) -> None:
    assert client.get(url)["Location"].startswith("/accounts/login/")


def token_in(response: HttpResponse) -> str:
    found = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', response.content.decode())
    return str(found[-1])


def test_words_sent_after_the_session_ended_come_back_to_be_sent_again(user: User) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})
    browser.force_login(user)
    token = token_in(browser.get(NEW))
    fields = {**opened(browser, NEW), "tried": "\nAn </textarea> evening", "tags": "adam"}
    browser.cookies.pop("sessionid")

    returned = browser.post(NEW, {**fields, "csrfmiddlewaretoken": token})
    assert returned.status_code == 403
    assert b"You were logged out" in returned.content
    assert b"\n\nAn &lt;/textarea&gt; evening</textarea>" in returned.content

    # Logging in in another tab makes the token of this page invalid, too.
    login = reverse("account_login")
    sent = {"login": user.handle, "password": PASSWORD}
    browser.post(login, {**sent, "csrfmiddlewaretoken": token_in(browser.get(login))})
    again = {**fields, "csrfmiddlewaretoken": token_in(returned)}
    returned = browser.post(NEW, again)
    assert returned.status_code == 403
    assert not Entry.objects.exists()
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', str(returned.content)))
    assert (hidden["tags"], hidden["form_key"]) == ("adam", fields["form_key"])
    assert browser.post(NEW, {**again, **hidden}).status_code == 303
    assert Entry.objects.get().tried == "An </textarea> evening"


def test_a_form_of_somebody_elses_page_does_not_come_back(user: User) -> None:
    for origin in ({}, {"origin": "https://elsewhere.example"}, {"origin": "null"}):
        browser = Client(enforce_csrf_checks=True, headers=origin)
        browser.force_login(user)
        refused = browser.post(NEW, {"tried": "bait"})
        assert refused.status_code == 403
        assert b"bait" not in refused.content


def test_who_may_read_it_is_decided_by_whoever_changes_it(learner: Client, user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    stale = opened(learner, edit(entry))
    entry.show_to("private", now=timezone.now())
    learner.post(edit(entry), {**stale, "learned": "More."})
    entry.refresh_from_db()
    assert (entry.learned, entry.visibility) == ("More.", "private")
    learner.post(edit(entry), {**opened(learner, edit(entry)), "visibility": "public"})
    entry.refresh_from_db()
    assert (entry.visibility, entry.revision) == ("public", 2)


# Two texts


def test_two_browsers_edit_one_entry_and_both_texts_exist(learner: Client, user: User) -> None:
    entry = add(user)
    mine, theirs = opened(learner, edit(entry)), opened(learner, edit(entry))
    learner.post(edit(entry), {**theirs, "tried": "Adam with a long warm-up."})
    response = learner.post(edit(entry), {**mine, "tried": "Adam without warm-up.", "tags": "sgd"})
    assert response.status_code == 409
    html = response.content.decode()
    entry.refresh_from_db()
    assert entry.tried == "Adam with a long warm-up."
    assert '<pre tabindex="0">Adam with a long warm-up.</pre>' in html
    assert re.search(r"<del>.*?with a long.*?</del><ins>.*?without.*?</ins> warm-up\.", html)
    assert Draft.objects.get().fields["tried"] == "Adam without warm-up."

    merged = form_in(html)
    assert (merged["tried"], merged["tags"]) == ("Adam without warm-up.", "sgd")
    assert merged["began_from"] == "2"
    merged["tried"] = "Adam, with a long warm-up and without."
    assert learner.post(edit(entry), merged).status_code == 303
    entry.refresh_from_db()
    assert (entry.tried, entry.revision) == (merged["tried"], 3)
    assert not Draft.objects.exists()


def test_a_conflict_sent_again_is_the_same_conflict(learner: Client, user: User) -> None:
    entry = add(user)
    stale = opened(learner, edit(entry))
    learner.post(edit(entry), {"tried": "Theirs."})
    for _ in range(2):
        assert learner.post(edit(entry), {**stale, "tried": "Mine."}).status_code == 409
    assert Draft.objects.count() == 1
    assert Entry.objects.get().tried == "Theirs."


def test_a_revision_that_is_no_number_is_a_conflict(learner: Client, user: User) -> None:
    entry = add(user)
    response = learner.post(edit(entry), {"tried": "Mine.", "began_from": "abc"})
    assert response.status_code == 409
    assert Entry.objects.get().tried == "Adam with warm-up."


def test_the_second_text_can_become_an_entry_of_its_own(learner: Client, user: User) -> None:
    entry = add(user)
    stale = opened(learner, edit(entry))
    learner.post(edit(entry), {"tried": "Theirs."})
    response = learner.post(edit(entry), {**stale, "tried": "Mine."})
    as_new = {**form_in(response.content.decode()), "as_new": "1"}
    first, second = learner.post(edit(entry), as_new), learner.post(edit(entry), as_new)
    assert first["Location"] == second["Location"]
    assert set(Entry.objects.values_list("tried", flat=True)) == {"Theirs.", "Mine."}
    assert not Draft.objects.exists()


def test_an_entry_that_went_to_the_bin_can_be_taken_back_with_the_text(
    learner: Client, user: User
) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    fields = {**opened(learner, edit(entry)), "learned": "More."}
    entry.put_in_bin(now=timezone.now())
    response = learner.post(edit(entry), fields)
    assert response.status_code == 409
    html = response.content.decode()
    assert "This entry is in the bin" in html
    again = form_in(html)
    assert (again["learned"], again["visibility"]) == ("More.", "private")
    entry.refresh_from_db()
    assert (entry.learned, entry.deleted_at is None) == ("", False)

    assert learner.post(edit(entry), {**again, "take_back": "1"}).status_code == 303
    entry.refresh_from_db()
    assert (entry.learned, entry.deleted_at, entry.visibility) == ("More.", None, "private")


def test_what_comes_out_of_the_bin_in_public_is_told_to_feeds(learner: Client, user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    fields = {**opened(learner, edit(entry)), "learned": "More."}
    entry.put_in_bin(now=timezone.now())
    again = form_in(learner.post(edit(entry), fields).content.decode())
    learner.post(edit(entry), {**again, "take_back": "1", "visibility": "public"})
    now = Entry.objects.get()
    assert (now.learned, now.visibility, now.published_at) == (
        "More.",
        "public",
        entry.published_at,
    )
    assert now.updated_at == now.changed


def test_an_entry_in_the_bin_opens_in_no_form(learner: Client, user: User) -> None:
    entry = add(user)
    entry.put_in_bin(now=timezone.now())
    response = learner.get(edit(entry))
    assert (response.status_code, response["Location"]) == (303, "/journal/bin/")


# Preview


def test_the_preview_is_the_servers_own(learner: Client) -> None:
    response = learner.post("/journal/preview/", {"tried": "**Bold** <script>", "next": " "})
    html = response.content.decode()
    assert response.status_code == 200
    assert "<strong>Bold</strong> &lt;script&gt;" in html
    assert "<html" not in html
    assert "Next" not in html


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Nothing is written yet."),
        ({"tried": "a\0"}, "The text holds a NUL character"),
        ({"tried": "x" * 250_001}, "“Tried” is too long to be shown."),
    ],
)
def test_a_preview_of_nothing_says_so(learner: Client, fields: dict[str, str], said: str) -> None:
    assert said in learner.post("/journal/preview/", fields).content.decode()


def test_without_scripts_the_form_comes_back_with_its_preview(learner: Client, user: User) -> None:
    entry = add(user)
    for url in (NEW, edit(entry)):
        typed = {**opened(learner, url), "tried": "*Typed*.", "date": "no day", "preview": "1"}
        response = learner.post(url, typed)
        html = response.content.decode()
        assert response.status_code == 200
        assert "<em>Typed</em>" in html
        assert '<div id="preview">' in html
        again = form_in(html)
        assert (again["tried"], again["date"]) == ("*Typed*.", "no day")
        assert again["form_key"] == typed["form_key"] or url != NEW
    assert Entry.objects.get().tried == "Adam with warm-up."


def test_the_preview_is_for_posting(learner: Client) -> None:
    assert learner.get("/journal/preview/").status_code == 405


# Who may read it


@pytest.mark.parametrize("visibility", ["private", "unlisted", "public"])
def test_who_may_read_an_entry_is_set_by_name(learner: Client, user: User, visibility: str) -> None:
    entry = add(user)
    url = f"/journal/{entry.code}/visibility/"
    for _ in range(2):
        response = learner.post(url, {"visibility": visibility})
        assert (response.status_code, response["Location"]) == (303, f"/journal/{entry.code}/")
    assert Entry.objects.get().visibility == visibility


def test_nobody_else_and_no_other_word_sets_who_may_read_it(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    mine, theirs = add(user), add(make_user("grace"))
    url = "/journal/{}/visibility/"
    assert learner.post(url.format(mine.code), {"visibility": "all\0"}).status_code == 400
    assert learner.post(url.format(theirs.code), {"visibility": "public"}).status_code == 404
    assert learner.get(url.format(mine.code)).status_code == 405
    assert set(Entry.objects.values_list("visibility", flat=True)) == {"private"}


def test_the_form_asks_the_database_the_same_few_times_however_much_there_is(
    learner: Client, user: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            learner.get(NEW)
        return len(seen)

    def more(count: int) -> None:
        for number in range(count):
            add(user, next="\n".join(f"- step {number} {n}" for n in range(count)))
            Draft.objects.create(
                user=user, fields={"tried": "x"}, created=timezone.now(), saved=timezone.now()
            )

    more(2)
    few = queries()
    more(20)
    assert queries() == few
    assert few <= 9
