"""The board of somebody without an account: their ticks live in one signed cookie."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Milestone, Placement, State
from roadmap.queries import Manual
from tracker import visitors
from tracker.models import Completion
from tracker.visitors import COOKIE, TooManyTicksError, read, written

HX = {"HX-Request": "true"}
URL = "/progress/p0-0/"
DAY = dt.date(2026, 3, 14)
TODAY = dt.date(2026, 5, 1)


def signed(text: str) -> str:
    return signing.Signer(salt="tracker.visitors").sign(text)


def kept(client: Client) -> dict[str, dt.date]:
    cookie = client.cookies.get(COOKIE)
    return read(cookie.value, today=dt.date.max) if cookie else {}


# The cookie


@pytest.mark.parametrize(
    "ticks",
    [{}, {"p0-0": DAY}, {"p0-0": DAY, "rl-6": TODAY, "drl-4": dt.date(2024, 2, 29)}],
)
def test_what_is_written_can_be_read(ticks: dict[str, dt.date]) -> None:
    assert read(written(ticks), today=TODAY) == ticks


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "p0-0.20260314",
        "p0-0.20260314:wrong",
        ":",
        "\0",
        "é~é",
        "x" * 100_000,
        signing.Signer(salt="of something else").sign("p0-0.20260314"),
    ],
)
def test_what_we_did_not_sign_is_nothing(cookie: str) -> None:
    assert read(cookie, today=TODAY) == {}


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("", {}),
        ("~~.~", {}),
        ("p0-0", {}),
        ("p0-0.", {}),
        (".20260314", {}),
        ("p0-0.20261341", {}),
        ("p0-0.yesterday~p0-1.20260314", {"p0-1": DAY}),
        ("p0-0.20260501", {"p0-0": TODAY}),
        ("p0-0.20260502", {}),
        ("a.b.20260314", {"a.b": DAY}),
    ],
)
def test_of_what_we_signed_what_makes_no_sense_is_left_out(
    text: str, ticks: dict[str, dt.date]
) -> None:
    assert read(signed(text), today=TODAY) == ticks


def test_all_milestones_take_a_quarter_of_a_cookie(roadmap: Manual) -> None:
    assert len(roadmap.milestones) >= 42 + 11
    assert len(written(dict.fromkeys(roadmap.milestones, DAY))) < 1024


def test_more_than_a_browser_keeps_is_refused() -> None:
    with pytest.raises(TooManyTicksError):
        written({f"key-{number}": DAY for number in range(300)})


def test_a_cookie_needs_no_quotes_and_fits_with_its_attributes() -> None:
    response = HttpResponse()
    visitors.keep(response, {f"key-{number}": DAY for number in range(200)})
    line = response.cookies[COOKIE].OutputString()
    assert '"' not in line
    assert len(line) <= 4096


# Ticking


def test_a_visitors_tick_is_kept_in_the_browser_and_nowhere_else(
    client: Client, roadmap: Manual
) -> None:
    with time_machine.travel("2026-03-14T23:30:00Z"):
        response = client.post(URL, {"done": "1", "page": "0"})
    assert (response.status_code, response["Location"]) == (303, "/roadmap/0/#milestone-p0-0")
    assert kept(client) == {"p0-0": DAY}
    assert set(response.cookies) == {COOKIE}
    assert not Completion.objects.exists()
    assert not Session.objects.exists()


def test_the_cookie_is_closed_to_scripts_and_other_sites_and_lasts_a_year(
    client: Client, roadmap: Manual
) -> None:
    cookie = client.post(URL, {"done": "1"}, secure=True).cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 24 * 3600
    assert not client.post(URL, {"done": "1"}).cookies[COOKIE]["secure"]


@pytest.mark.usefixtures("roadmap")
def test_ticking_twice_keeps_the_first_day(client: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        client.post(URL, {"done": "1"})
    with time_machine.travel("2026-05-01T12:00:00Z"):
        client.post(URL, {"done": "1"})
    assert kept(client) == {"p0-0": DAY}


@pytest.mark.usefixtures("roadmap")
def test_unticking_the_last_one_leaves_no_cookie(client: Client) -> None:
    client.post(URL, {"done": "1"})
    client.post("/progress/p0-1/", {"done": "1"})
    client.post(URL, {"done": "0"})
    client.post(URL, {"done": "0"})
    assert list(kept(client)) == ["p0-1"]
    response = client.post("/progress/p0-1/", {"done": "0"})
    assert response.cookies[COOKIE]["max-age"] == 0


@pytest.mark.usefixtures("roadmap")
def test_the_fragment_tells_a_visitor_the_state_of_everything(client: Client) -> None:
    client.post("/progress/p0-1/", {"done": "1", "csrfmiddlewaretoken": ""})
    html = client.post(URL, {"done": "1", "page": "0"}, headers=HX).content.decode()
    assert "<html" not in html
    assert "csrfmiddlewaretoken" not in html
    assert html.count('id="milestone-p0-0"') == 1
    assert 'data-evidence="claimed"' in html
    assert "Phase 0: 2 of 5. In all: 2 of 35." in html
    assert "2 claimed; evidence comes with an account" in html
    assert "shown of" not in html
    board = client.post("/progress/p4-0/", {"done": "1"}, headers=HX).content.decode()
    assert "Phase 4: 1 of 5, RL-3: 1 of 4" in board
    assert 'id="track-llm-progress"' in board


@pytest.mark.usefixtures("roadmap")
def test_evidence_needs_an_account_and_the_tick_says_so(client: Client) -> None:
    html = client.post(URL, {"done": "1", "page": "0"}, headers=HX).content.decode()
    assert "/accounts/signup/?next=/roadmap/0/%23milestone-p0-0" in html
    assert "/evidence/" not in html


def test_joining_is_shown_by_a_visitors_word_too(client: Client, roadmap: Manual) -> None:
    key = next(key for key, one in roadmap.milestones.items() if one.kind == "join")
    html = client.post(f"/progress/{key}/", {"done": "1"}, headers=HX).content.decode()
    assert 'data-evidence="shown"' in html
    assert "/evidence/" not in html
    assert "evidence comes with an account" not in html


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("data", [{}, {"done": ""}, {"done": "yes"}, {"done": "2"}])
def test_a_state_we_do_not_know_is_refused(client: Client, data: dict[str, str]) -> None:
    assert client.post(URL, data).status_code == 400
    assert kept(client) == {}


@pytest.mark.usefixtures("roadmap")
def test_a_milestone_that_does_not_exist_is_not_found(client: Client) -> None:
    assert client.post("/progress/p9-9/", {"done": "1"}).status_code == 404


@pytest.mark.usefixtures("roadmap")
def test_reading_never_ticks(client: Client) -> None:
    assert client.get(URL, {"done": "1"}).status_code == 405


@pytest.mark.usefixtures("roadmap")
def test_a_browser_that_is_full_is_told_and_keeps_what_it_has(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(URL, {"done": "1"})
    monkeypatch.setattr(visitors, "LONGEST", 70)
    response = client.post("/progress/p0-1/", {"done": "1"})
    assert response.status_code == 400
    assert b"Sign up" in response.content
    assert list(kept(client)) == ["p0-0"]


def test_a_retired_milestone_stays_with_the_browser_that_ticked_it(
    client: Client, roadmap: Manual
) -> None:
    client.post(URL, {"done": "1"})
    Milestone.objects.filter(key__in=["p0-0", "p0-1"]).update(state=State.RETIRED)
    html = client.get("/progress/").content.decode()
    assert "no longer on the roadmap" in html
    assert "milestone-p0-1" not in html
    assert client.post("/progress/p0-1/", {"done": "1"}).status_code == 404
    client.post(URL, {"done": "1"})
    assert list(kept(client)) == ["p0-0"]


def test_what_no_phase_holds_any_more_stays_in_sight(client: Client, roadmap: Manual) -> None:
    client.post(URL, {"done": "1"})
    Placement.objects.filter(milestone__key="p0-0").delete()
    html = client.get("/progress/").content.decode()
    assert "No longer on the roadmap" in html
    assert html.count('id="milestone-p0-0"') == 1


# Who may send it


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_page_of_this_site_may_tick(headers: dict[str, str]) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(URL, {"done": "1"}, headers=headers).status_code == 303
    assert list(kept(browser)) == ["p0-0"]


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("path", [URL, "/progress/import/"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://testserver"},
        {"Origin": "null"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_somebody_elses_may_not(headers: dict[str, str], path: str) -> None:
    browser = Client()
    data = {"done": "1", "text": '{"p0-0": true}', "add": "1"}
    assert browser.post(path, data, headers=headers).status_code == 403
    assert not browser.cookies


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("path", [URL, "/progress/import/"])
def test_a_learner_needs_the_token_as_everywhere(user: User, path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    data = {"done": "1", "text": '{"p0-0": true}', "add": "1"}
    same = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert browser.post(path, data, headers=same).status_code == 403
    html = browser.get("/progress/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    assert found
    data["csrfmiddlewaretoken"] = found[1]
    assert browser.post(path, data, headers=same).status_code == 303
    assert Completion.objects.count() == 1
    assert COOKIE not in browser.cookies


# Pages


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("path", ["/", "/roadmap/", "/roadmap/0/", "/progress/"])
def test_a_page_shows_a_visitors_ticks_and_sets_no_cookie(client: Client, path: str) -> None:
    before = client.get(path)
    assert not before.cookies
    client.post(URL, {"done": "1"})
    after = client.get(path)
    assert not after.cookies
    assert after.content != before.content
    assert "Cookie" in after["Vary"]
    assert "Cookie" in before["Vary"]


@pytest.mark.usefixtures("roadmap")
def test_the_answer_to_a_tick_is_nobody_elses_either(client: Client) -> None:
    assert "Cookie" in client.post(URL, {"done": "1"}, headers=HX)["Vary"]


@pytest.mark.usefixtures("roadmap")
def test_the_home_page_counts_what_this_browser_keeps(client: Client) -> None:
    assert "in this browser" not in client.get("/").content.decode()
    for key in ("p0-0", "p0-1", "p1-0", "rl-0"):
        client.post(f"/progress/{key}/", {"done": "1"})
    assert "3 of 35 in this browser" in client.get("/").content.decode()


@pytest.mark.usefixtures("roadmap")
def test_the_board_says_where_the_ticks_are_and_how_to_keep_them(client: Client) -> None:
    html = client.get("/progress/").content.decode()
    assert "kept in this browser" in html
    assert "/accounts/signup/?next=/progress/" in html
    assert "noindex" in html


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("path", ["/", "/roadmap/", "/roadmap/0/", "/progress/", "/levels/"])
def test_a_page_costs_no_more_however_much_a_visitor_ticked(
    client: Client, roadmap: Manual, path: str
) -> None:
    def queries() -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    few = queries()
    client.cookies[COOKIE] = written(dict.fromkeys(roadmap.milestones, DAY))
    assert queries() == few <= 2


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("cookie", ["nonsense", "p0-0.20260314:x", "\0", '"', "a" * 4000])
def test_a_cookie_that_is_not_ours_is_an_empty_board(client: Client, cookie: str) -> None:
    client.cookies[COOKIE] = cookie
    response = client.get("/progress/")
    assert response.status_code == 200
    assert " checked>" not in response.content.decode()


def test_keys_that_nobody_knows_are_left_out(client: Client, roadmap: Manual) -> None:
    client.cookies[COOKIE] = written({"p9-9": DAY, "p0-0": DAY})
    html = client.get("/progress/").content.decode()
    assert html.count(" checked>") == 1


def test_a_learners_board_is_theirs_whatever_the_browser_keeps(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    learner.cookies[COOKIE] = written({"p0-1": DAY})
    html = learner.get("/roadmap/0/").content.decode()
    assert re.search(r'id="done-p0-0" checked', html)
    assert not re.search(r'id="done-p0-1" checked', html)
