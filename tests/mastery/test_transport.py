import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from mastery import urls, views

pytestmark = pytest.mark.usefixtures("roadmap")

type Answer = Callable[[LazySettings, Path], Any]


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


# The site with one page more, for tests that make this module the URLconf.
urlpatterns = [path("broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500


def break_it(settings: LazySettings, folder: Path) -> Any:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False).get("/broken/")


def static_file(settings: LazySettings, folder: Path) -> Any:
    (folder / "own.css").write_text("a{}")
    settings.STATIC_ROOT = folder
    return Client().get("/static/own.css")


ANSWERS: dict[str, tuple[int, Answer]] = {
    "a page": (200, lambda *_: Client().get("/")),
    "a page without a body": (200, lambda *_: Client().head("/")),
    "a file": (200, static_file),
    "alive": (200, lambda *_: Client().get("/healthz")),
    "robots": (200, lambda *_: Client().get("/robots.txt")),
    "a redirect to log in": (302, lambda *_: Client().get("/settings/")),
    "a redirect to the slash": (301, lambda *_: Client().get("/levels")),
    "a fragment for a stranger": (
        200,
        lambda *_: Client().post("/settings/", headers={"HX-Request": "true"}),
    ),
    "a bad host": (400, lambda *_: Client().get("/", headers={"host": "evil.example"})),
    "a forged form": (403, lambda *_: Client(enforce_csrf_checks=True).post("/accounts/login/")),
    "not found": (404, lambda *_: Client().get("/nowhere/")),
    "a wrong method": (405, lambda *_: Client().post("/")),
    "a broken page": (500, break_it),
}


@pytest.fixture(params=ANSWERS)
def answer(
    request: pytest.FixtureRequest,
    settings: LazySettings,
    tmp_path: Path,
) -> Any:
    status, get = ANSWERS[request.param]
    response = get(settings, tmp_path)
    response.getvalue()  # reads a file to its end
    response.close()
    assert response.status_code == status
    return response


def policy(response: Any) -> dict[str, list[str]]:
    parts = response["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for part in parts if (words := part.split())}


def test_every_answer_carries_the_security_headers(answer: Any) -> None:
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted


def test_every_answer_says_that_no_frame_may_hold_it(answer: Any) -> None:
    assert policy(answer)["frame-ancestors"] == ["'none'"]


def test_every_answer_carries_a_policy_that_lets_nothing_inline_run(answer: Any) -> None:
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == ["'self'"]
    assert rules["base-uri"] == ["'none'"]
    assert rules["form-action"] == ["'self'"]
    words = [word for sources in rules.values() for word in sources]
    assert not [word for word in words if "unsafe" in word or "*" in word or "http" in word]


@pytest.mark.parametrize("kind", ["a bad host", "a forged form", "not found", "a broken page"])
def test_an_error_is_a_page_of_the_site(kind: str, settings: LazySettings, tmp_path: Path) -> None:
    html = ANSWERS[kind][1](settings, tmp_path).content.decode()
    assert html.count("<h1") == 1
    assert "Mastery" in html
    assert 'name="robots" content="noindex"' in html
    assert not re.search(r"<style|<script(?! src)|\sstyle=|\son\w+=", html)


def test_a_broken_page_tells_strangers_nothing_of_the_code(
    settings: LazySettings, tmp_path: Path
) -> None:
    html = break_it(settings, tmp_path).content.decode()
    assert "on purpose" not in html
    assert "Traceback" not in html


# Plain http and https


@pytest.fixture
def public(settings: LazySettings) -> Client:
    """A browser of a site that says it is at https://example.org, behind a proxy."""
    settings.ORIGIN = "https://example.org"
    settings.ALLOWED_HOSTS = ["example.org", "localhost"]
    settings.PLAIN_HTTP_HOSTS = {"localhost"}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return Client(headers={"host": "example.org", "X-Forwarded-Proto": "https"})


def log_in(client: Client, **more: Any) -> Any:
    page = client.get("/accounts/login/", **more)
    assert page.status_code == 200
    return page


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_on_this_machine_cookies_work_without_https(host: str) -> None:
    cookies = log_in(Client(), headers={"host": host}).cookies
    assert cookies
    for cookie in cookies.values():
        assert not cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]


def test_behind_https_cookies_are_secure(public: Client) -> None:
    cookies = log_in(public).cookies
    assert cookies
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]


def test_behind_https_browsers_are_told_to_stay_there(public: Client) -> None:
    header = public.get("/")["Strict-Transport-Security"]
    assert int(header.partition("=")[2].partition(";")[0]) >= 365 * 24 * 3600


def test_on_plain_http_browsers_are_not_told_to_leave_it() -> None:
    assert "Strict-Transport-Security" not in Client().get("/", headers={"host": "localhost"})


@pytest.mark.parametrize("path", ["/", "/roadmap/0/?a=b", "/accounts/login/", "/nowhere/"])
def test_plain_http_on_a_public_host_leads_to_https(path: str, public: Client) -> None:
    response = Client(headers={"host": "example.org"}).get(path)
    assert response.status_code == 301
    assert response["Location"] == f"https://example.org{path}"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_those_who_watch_the_site_may_ask_in_plain_http(path: str, public: Client) -> None:
    assert Client(headers={"host": "example.org"}).get(path).status_code == 200


def test_a_host_we_do_not_have_is_refused_without_a_redirect(public: Client) -> None:
    response = Client(headers={"host": "evil.example"}).get("/")
    assert response.status_code == 400
    assert "Location" not in response


@pytest.mark.usefixtures("public")
def test_a_form_from_another_site_is_refused_behind_https() -> None:
    browser = Client(
        enforce_csrf_checks=True, headers={"host": "example.org", "X-Forwarded-Proto": "https"}
    )
    browser.get("/accounts/login/")
    token = browser.cookies["csrftoken"].value
    data = {"login": "ada", "password": "x", "csrfmiddlewaretoken": token}
    forged = browser.post("/accounts/login/", data, headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403
    own = browser.post("/accounts/login/", data, headers={"Origin": "https://example.org"})
    assert own.status_code == 200


@pytest.mark.parametrize(
    "path", ["/journal/", "/journal/new/", "/journal/import/", "/settings/", "/journal/none/"]
)
def test_what_is_for_one_person_is_in_no_cache_of_many(path: str, learner: Client) -> None:
    assert "private" in learner.get(path)["Cache-Control"]


def test_a_page_is_sent_packed() -> None:
    response = Client().get("/roadmap/0/", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"


def test_the_page_for_a_broken_page_needs_neither_request_nor_database() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert views.server_error(HttpRequest()).status_code == 500
    assert len(queries) == 0
