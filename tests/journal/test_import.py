import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal import import_forms, importing
from journal.importing import Answers, BusyError, Progress, carry_out, compare
from journal.logfile import parse
from journal.models import Entry, LogFile, LogImport, Writing
from mastery.models import User

DAY = dt.date(2026, 3, 14)
LOG = "# Log\n\n## 2026-03-14: One\n\nfirst\n\n## 2026-03-15\n\n### Tried\n\nsecond\n"
pytestmark = pytest.mark.django_db


def send(browser: Client, text: str | bytes, name: str = "LOG.md") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return browser.post("/journal/import/", {"log": SimpleUploadedFile(name, data)})


def sent(browser: Client, text: str) -> str:
    """Send a log; give the address of its dry run."""
    response = send(browser, text)
    assert response.status_code == 303, response.content.decode()
    return str(response["Location"])


def counts(browser: Client, address: str) -> dict[str, int]:
    """Give what the dry run counts."""
    page = browser.get(address)
    assert page.status_code == 200
    plan = page.context["plan"]
    return {
        "new": len(plan.new),
        "same": len(plan.same),
        "conflicting": len(plan.conflicts),
        "undated": len(plan.log.undated),
        "refused": len(plan.refused),
    }


def applied(browser: Client, address: str, **answers: str) -> str:
    """Apply an import; give the page that was sent bit by bit."""
    fields = {name.replace("_", "-"): answer for name, answer in answers.items()}
    response: Any = browser.post(f"{address}apply/", fields)
    assert response.status_code == 200, response.content.decode()
    return unescape(b"".join(response.streaming_content).decode())


def add(user: User, **words: Any) -> Entry:
    (entry,) = Entry.objects.add(user, [Writing(**{"day": DAY, **words})], now=timezone.now())
    return entry


# Sending


def test_a_file_leads_to_its_dry_run_and_writes_nothing(user: User, learner: Client) -> None:
    address = sent(learner, LOG)
    assert address == f"/journal/import/{LogImport.objects.get().pk}/"
    assert counts(learner, address) == {
        "new": 2, "same": 0, "conflicting": 0, "undated": 0, "refused": 0,
    }  # fmt: skip
    page = unescape(learner.get(address).content.decode())
    assert "14 March 2026</span> <bdi>One</bdi>" in page
    assert "15 March 2026</span> <bdi>second</bdi>" in page
    assert not Entry.objects.exists()
    assert not LogFile.objects.exists()


@time_machine.travel("2026-03-14 23:30Z", tick=False)
def test_times_are_in_the_persons_zone(user: User, learner: Client) -> None:
    user.time_zone = "Asia/Tokyo"
    user.save()
    address = sent(learner, LOG)
    assert "sent 15 March, 08:30" in learner.get("/journal/import/").content.decode()
    applied(learner, address)
    assert "On 15 March 2026, 08:30." in learner.get(address).content.decode()


def test_a_text_may_be_pasted(learner: Client) -> None:
    response = learner.post("/journal/import/", {"text": "## 2026-03-14\r\n\r\nx"})
    assert response.status_code == 303
    assert counts(learner, response["Location"])["new"] == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "There is nothing in this file."),
        (b"\xef\xbb\xbf \n", "There is nothing in it."),
        (b"caf\xe9", "This is no UTF-8 text: byte 4, on line 1, fits no character."),
        (b"\x89PNG\r\n\x1a\n", "This is no UTF-8 text: byte 1, on line 1"),
        (b"a\nb\0", "Line 2: the text holds a NUL character"),
    ],
)
def test_what_is_no_log_is_refused_beside_the_field(
    data: bytes, sentence: str, learner: Client
) -> None:
    response = send(learner, data)
    assert response.status_code == 422
    assert sentence in unescape(response.content.decode())
    assert not LogImport.objects.exists()


def test_a_file_that_is_too_large_is_refused_with_its_size(
    learner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_forms, "LARGEST", 2_000_000)
    response = send(learner, b"## 2026-03-14\n" + b"x" * 3_000_000)
    assert response.status_code == 422
    assert "This file has 3 MB, and 2 MB fit." in response.content.decode()


def test_nothing_sent_is_said(learner: Client) -> None:
    response = learner.post("/journal/import/", {"text": " "})
    assert response.status_code == 422
    assert "Choose a file, or paste your log below." in response.content.decode()


def test_pasted_text_that_is_refused_is_kept(learner: Client) -> None:
    response = learner.post("/journal/import/", {"text": "my words\0"})
    assert response.status_code == 422
    assert "Line 1: the text holds a NUL character" in response.content.decode()
    assert "my words" in response.content.decode()


def test_utf_16_and_windows_line_breaks_are_read(learner: Client) -> None:
    response = send(learner, "\ufeff## 2026-03-14\r\n\r\n🧪".encode("utf-16-le"))
    address = response["Location"]
    assert counts(learner, address)["new"] == 1


# The dry run


def test_each_entry_is_new_same_or_conflicting(user: User, learner: Client) -> None:
    add(user, title="One", happened="first")
    add(user, title="Two", happened="mine")
    add(user, happened="untitled")
    text = (
        "## 2026-03-14: One\n\nfirst\n\n## 2026-03-14: One\n\nfirst\n\n"
        "## 2026-03-14: Two\n\ntheirs\n\n## 2026-03-14\n\nother\n\n## 2026-03-15: Two\n\ntheirs\n"
    )
    plan = compare(user, parse(text, today=user.today))
    assert [entry.line for entry in plan.same] == [1]
    assert [conflict.entry.line for conflict in plan.conflicts] == [9, 13]
    assert [entry.line for entry in plan.new] == [5, 17]


def test_what_lies_in_the_bin_is_not_the_same(user: User) -> None:
    add(user, happened="x").put_in_bin(now=timezone.now())
    assert compare(user, parse("## 2026-03-14\n\nx\n", today=user.today)).new


def test_a_conflict_shows_the_line_that_differs(user: User, learner: Client) -> None:
    add(user, title="One", happened="the same\n\n" + "long " * 40 + "mine")
    text = "## 2026-03-14: One\n\nthe same\n\n" + "long " * 40 + "theirs\n"
    page = unescape(learner.get(sent(learner, text)).content.decode())
    assert re.search(r"<del>.{1,60}mine.{1,60}</del><ins>.{1,60}theirs.{1,60}</ins>", page)


def test_a_text_that_is_too_long_is_refused_with_its_line_and_never_cut(
    user: User, learner: Client
) -> None:
    address = sent(learner, f"## 2026-03-14\n\nok\n\n## 2026-03-15\n\n{'x' * 250_001}\n")
    assert counts(learner, address)["refused"] == 1
    page = unescape(learner.get(address).content.decode())
    assert "This is 250,001 characters long; 250,000 fit." in page
    assert "line 5" in page
    assert "1 could not be kept as it is" in applied(learner, address)
    assert Entry.objects.get().happened == "ok"


def test_lists_are_bounded_and_say_how_many_more(learner: Client) -> None:
    text = "".join(f"## 2026-03-14: n{n}\n\nx\n\n" for n in range(60))
    page = unescape(learner.get(sent(learner, text)).content.decode())
    assert "<bdi>n49</bdi>" in page
    assert "<bdi>n50</bdi>" not in page
    assert "and 10 more" in page


def test_an_unknown_milestone_is_told_and_left_out(user: User, learner: Client) -> None:
    text = "## 2026-03-14\n\nmilestones: p0-0, p9-99; zone: Mars/Base\n\nx\n"
    address = sent(learner, text)
    page = unescape(learner.get(address).content.decode())
    assert "no milestone p9-99" in page
    assert "no time zone Mars/Base" in page
    applied(learner, address)
    entry = Entry.objects.get()
    assert (entry.writing().milestones, entry.zone) == (("p0-0",), "UTC")
    assert counts(learner, sent(learner, text))["same"] == 1


def test_the_order_of_day_and_month_is_asked_before_anything_else(learner: Client) -> None:
    address = sent(learner, "## 03/04/2026\n\nx\n")
    page = learner.get(address).content.decode()
    assert "Day first: 3 April 2026" in page
    assert ">Apply</button>" not in page
    assert learner.post(f"{address}apply/").status_code == 422
    assert counts(learner, f"{address}?order=month")["new"] == 1
    applied(learner, address, order="month")
    assert Entry.objects.get().day == dt.date(2026, 3, 4)


def test_dates_that_stand_alone_begin_entries_when_asked_to(learner: Client) -> None:
    address = sent(learner, "## 03/04/2026\n\na\n\n**2026-03-15**\n\nb\n")
    assert 'dates=all">Begin entries there too' in learner.get(address).content.decode()
    page = learner.get(f"{address}?dates=all").content.decode()
    assert '<input type="hidden" name="dates" value="all">' in page
    both = f"{address}?order=day&dates=all"
    page = unescape(learner.get(both).content.decode())
    assert f'<input type="hidden" name="next" value="{both}">' in page
    assert f'href="{address}?order=day">Only where days stand out most' in page
    applied(learner, address, order="day", dates="all")
    assert set(Entry.objects.values_list("happened", flat=True)) == {"a", "b"}


def test_the_dry_run_says_which_prompts_each_entry_fills(learner: Client) -> None:
    address = sent(learner, "## 2026-03-14\n\n- tried: a\n- next: b\n")
    assert "tried, next; line 1</span>" in learner.get(address).content.decode()


def test_a_long_list_takes_no_more_queries(user: User, learner: Client) -> None:
    numbers = []
    for many in (2, 20):
        Entry.objects.all().delete()
        text = ""
        for n in range(many):
            add(user, title=f"c{n}", happened="mine", tags=("a", f"t{n}"))
            add(user, title=f"s{n}", happened="same", milestones=("p0-0",))
            text += f"## 2026-03-14: c{n}\n\ntheirs\n\n## 2026-03-14: s{n}\n\nsame\n\n"
            text += f"## 2026-03-14: new{n}\n\nx\n\n## Odd{n}\n\nx\n\n"
        address = sent(learner, text)
        with CaptureQueriesContext(connection) as queries:
            learner.get(address)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


# Applying


def test_applying_writes_private_entries_and_a_receipt(user: User, learner: Client) -> None:
    address = sent(learner, LOG)
    page = applied(learner, address)
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert '<progress value="2" max="2"' in page
    assert "2 entries came in, private." in page
    assert {(e.day, e.title, e.visibility) for e in Entry.objects.of(user)} == {
        (DAY, "One", "private"),
        (dt.date(2026, 3, 15), "", "private"),
    }
    assert LogFile.objects.get(user=user).preamble == "# Log\n\n"
    done = LogImport.objects.get()
    assert done.finished
    assert done.text == ""
    assert "2 entries came in, private." in learner.get(address).content.decode()


def test_applying_twice_does_it_once(learner: Client) -> None:
    address = sent(learner, LOG)
    applied(learner, address)
    again = learner.post(f"{address}apply/")
    assert (again.status_code, again["Location"]) == (303, address)
    assert Entry.objects.count() == 2


def test_a_click_that_came_before_the_first_was_done_does_nothing(user: User) -> None:
    log = parse(LOG, today=user.today)
    row = LogImport.objects.create(user=user, text=LOG, sent=timezone.now())
    *_steps, first = carry_out(row, log, Answers(), now=timezone.now())
    assert list(carry_out(row, log, Answers(), now=timezone.now())) == [first]
    assert Entry.objects.count() == 2


def test_sending_the_same_again_brings_nothing(learner: Client) -> None:
    applied(learner, sent(learner, LOG))
    address = sent(learner, LOG)
    assert counts(learner, address)["same"] == 2
    assert "Nothing: all of it is in your log already." in learner.get(address).content.decode()


@pytest.mark.parametrize(
    ("answers", "texts", "revisions"),
    [
        ({}, ["mine", "theirs"], 1),
        ({"conflicts": "both"}, ["mine", "theirs"], 1),
        ({"conflicts": "mine"}, ["mine"], 1),
        ({"conflicts": "theirs"}, ["theirs"], 2),
        ({"conflicts": "mine", "conflict_1": "theirs"}, ["theirs"], 2),
        ({"conflicts": "theirs", "conflict_1": "mine"}, ["mine"], 1),
    ],
)
def test_a_conflict_ends_as_its_person_says(
    answers: dict[str, str], texts: list[str], revisions: int, user: User, learner: Client
) -> None:
    entry = add(user, title="One", happened="mine")
    applied(learner, sent(learner, "## 2026-03-14: One\n\ntheirs\n"), **answers)
    assert sorted(Entry.objects.values_list("happened", flat=True)) == texts
    assert entry.revisions.count() == revisions


def test_an_undated_part_gets_the_day_it_was_given(user: User, learner: Client) -> None:
    address = sent(learner, "## 2026-02-30: Odd\n\nx\n")
    assert counts(learner, address)["undated"] == 1
    applied(learner, address, undated_1="day", day_1="2026-02-28")
    entry = Entry.objects.get()
    assert (entry.day, entry.title, entry.happened) == (dt.date(2026, 2, 28), "Odd", "x")


def test_an_undated_part_may_stand_before_the_first_entry(learner: Client, user: User) -> None:
    text = "# Log\n\n## 2026-03-14\n\na\n\n## 2026-02-30: Odd\n\nx\n"
    applied(learner, sent(learner, text), undated_7="opening")
    assert LogFile.objects.get().preamble == "# Log\n\n\\## 2026-02-30: Odd\n\nx\n"
    out = b"".join(learner.get("/journal/LOG.md").streaming_content).decode()  # type: ignore[attr-defined]
    assert compare(user, parse(out, today=user.today)).changes_nothing


def test_an_undated_part_may_be_left_out(learner: Client) -> None:
    page = applied(learner, sent(learner, "## 2026-02-30\n\nx\n"), undated_1="leave")
    assert "1, as you said." in page
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "Give it a day, or say what becomes of it."),
        ({"undated-1": "", "day-1": ""}, "Give it a day, or say what becomes of it."),
        ({"undated-1": "day", "day-1": ""}, "Choose a day."),
        ({"undated-1": "day", "day-1": "2026-02-30"}, "Enter a valid date."),
        ({"undated-1": "day", "day-1": "1969-12-31"}, "Choose a day from 1970 to today."),
    ],
)
def test_an_undated_part_without_an_answer_is_asked_about_again(
    answers: dict[str, str], sentence: str, learner: Client
) -> None:
    address = sent(learner, "## 2026-02-30\n\nx\n")
    response = learner.post(f"{address}apply/", answers)
    assert response.status_code == 422
    assert sentence in unescape(response.content.decode())
    assert not LogImport.objects.get().finished


def test_an_undated_heading_becomes_an_entry_of_the_day_before_it(learner: Client) -> None:
    applied(learner, sent(learner, "## 2026-03-14\n\na\n\n## Ideas\n\nb\n"))
    assert list(Entry.objects.order_by("pk").values_list("day", "title", "happened")) == [
        (DAY, "", "a"),
        (DAY, "Ideas", "b"),
    ]


def test_many_undated_parts_are_decided_together(learner: Client) -> None:
    text = "## 2026-03-14\n\na\n\n" + "".join(f"## Part {n}\n\nb{n}\n\n" for n in range(55))
    page = applied(learner, sent(learner, text), undated="leave")
    assert "5, as you said." in page
    assert Entry.objects.count() == 51


@pytest.mark.parametrize(
    ("answers", "kept"), [({}, "mine\n"), ({"opening": "theirs"}, "theirs\n\n")]
)
def test_another_beginning_is_taken_only_when_asked_for(
    answers: dict[str, str], kept: str, user: User, learner: Client
) -> None:
    LogFile.objects.create(user=user, preamble="mine\n")
    applied(learner, sent(learner, "theirs\n\n## 2026-03-14\n\nx\n"), **answers)
    assert LogFile.objects.get().preamble == kept


def test_a_file_without_days_is_shown_before_it_is_kept(learner: Client) -> None:
    address = sent(learner, "just words\n")
    assert "No heading of this file has a date" in learner.get(address).content.decode()
    applied(learner, address)
    assert LogFile.objects.get().preamble == "just words\n"


def test_zones_of_the_file_are_kept_and_the_order_too(user: User) -> None:
    text = "".join(
        f"## 2026-03-14\n\nzone: {zone}\n\n### Tried\n\n{n}\n\n"
        for n, zone in enumerate(["UTC", "Asia/Tokyo", "Asia/Tokyo", "UTC"])
    )
    row = LogImport.objects.create(user=user, text=text, sent=timezone.now())
    list(carry_out(row, parse(text, today=user.today), Answers(), now=timezone.now()))
    assert list(Entry.objects.order_by("pk").values_list("tried", "zone")) == [
        ("0", "UTC"), ("1", "Asia/Tokyo"), ("2", "Asia/Tokyo"), ("3", "UTC"),
    ]  # fmt: skip


def test_a_file_that_begins_with_its_newest_day_is_read_from_below(
    user: User, learner: Client
) -> None:
    text = "## 2026-03-15\n\nd\n\n## 2026-03-14\n\nc\n\n## 2026-03-14\n\nb\n"
    applied(learner, sent(learner, text))
    assert list(Entry.objects.order_by("day", "pk").values_list("happened", flat=True)) == [
        "b", "c", "d",
    ]  # fmt: skip
    changed = text.replace("c\n", "C\n").replace("b\n", "B\n") + "\n## 2026-03-14\n\na\n"
    plan = compare(user, parse(changed, today=user.today))
    assert [conflict.entry.line for conflict in plan.conflicts] == [9, 13]
    assert [entry.line for entry in plan.new] == [5]


def test_much_text_is_not_told_apart(
    user: User, learner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "COMPARED", 20)
    for title in ("One", "Two"):
        add(user, title=title, happened="mine")
    address = sent(learner, "## 2026-03-14: One\n\nother\n\n## 2026-03-14: Two\n\n" + "other " * 9)
    page = learner.get(address).content.decode()
    assert page.count('<p class="change__name">Happened</p>') == 1
    assert page.count("Too much text to tell apart on one page.") == 1


def test_an_error_is_said_on_the_page_and_takes_everything_back(
    learner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(importing, "_keep_opening", fail)
    address = sent(learner, LOG)
    page = applied(learner, address)
    assert "nothing of the file was written" in page
    assert page.rstrip().endswith("</html>")
    assert not Entry.objects.exists()
    assert not LogImport.objects.get().finished


def test_stopping_on_the_way_takes_everything_back(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 1)
    log = parse(LOG, today=user.today)
    row = LogImport.objects.create(user=user, text=LOG, sent=timezone.now())
    steps = carry_out(row, log, Answers(), now=timezone.now())
    assert [next(steps), next(steps)] == [Progress(0, 2), Progress(1, 2)]
    assert Entry.objects.count() == 1
    steps.close()  # type: ignore[attr-defined]
    assert not Entry.objects.exists()
    list(carry_out(row, log, Answers(), now=timezone.now()))
    assert Entry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_second_import_at_the_same_time_is_told_to_wait(user: User) -> None:
    log = parse(LOG, today=user.today)
    rows = [LogImport.objects.create(user=user, text=LOG, sent=timezone.now()) for _ in range(2)]
    other = connections["default"].copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM journal_logimport WHERE id = %s FOR UPDATE", [rows[0].pk])
        for row in rows:
            with pytest.raises(BusyError):
                list(carry_out(row, log, Answers(), now=timezone.now()))
        cursor.execute("ROLLBACK")
    other.close()
    assert not Entry.objects.exists()
    steps = list(carry_out(rows[0], log, Answers(), now=timezone.now()))
    assert steps[0] == Progress(0, 2)
    assert Entry.objects.count() == 2


# Whose it is


def test_a_file_can_be_taken_away(learner: Client) -> None:
    address = sent(learner, LOG)
    response = learner.post(f"{address}cancel/")
    assert (response.status_code, response["Location"]) == (303, "/journal/import/")
    assert not LogImport.objects.exists()
    assert learner.post(f"{address}cancel/").status_code == 404


def test_others_files_are_not_there(learner: Client, make_user: Callable[..., User]) -> None:
    eve = Client()
    eve.force_login(make_user("eve"))
    address = sent(learner, LOG)
    assert eve.get(address).status_code == 404
    assert eve.post(f"{address}apply/").status_code == 404
    assert eve.post(f"{address}cancel/").status_code == 404
    assert "LOG.md</bdi>, sent" not in eve.get("/journal/import/").content.decode()
    assert "LOG.md</bdi>, sent" in learner.get("/journal/import/").content.decode()
    assert not LogImport.objects.get().finished


@pytest.mark.parametrize("path", ["", "1/", "1/apply/", "1/cancel/"])
def test_strangers_log_in_first(path: str, client: Client) -> None:
    for ask in (client.get, client.post):
        response = ask(f"/journal/import/{path}")
        assert response["Location"].startswith("/accounts/login/")


def test_nothing_is_done_by_looking(learner: Client) -> None:
    address = sent(learner, LOG)
    assert learner.get(f"{address}apply/").status_code == 405
    assert learner.get(f"{address}cancel/").status_code == 405
    assert learner.post(address).status_code == 405


def test_what_was_left_for_a_week_is_swept(user: User) -> None:
    now = timezone.now()
    old = now - dt.timedelta(days=8)
    LogImport.objects.create(user=user, text="x", sent=old)
    LogImport.objects.create(user=user, text="", sent=old, finished=old)
    LogImport.objects.create(user=user, text="x", sent=now)
    assert LogImport.objects.sweep(now) == 1
    assert LogImport.objects.count() == 2
