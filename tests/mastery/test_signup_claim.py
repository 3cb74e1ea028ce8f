"""What becomes of a visitor's ticks when they sign up, and when they log in."""

import datetime as dt
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.conf import LazySettings
from django.contrib.messages import get_messages
from django.core import mail
from django.db import DatabaseError, IntegrityError
from django.test import Client
from django.urls import reverse

from mastery.models import User
from roadmap.queries import Manual
from tests.conftest import PASSWORD
from tracker.models import Completion
from tracker.visitors import COOKIE, read, written

DAY, LATE = dt.date(2026, 3, 14), dt.date(2026, 4, 2)
NEW = {"username": "grace", "email": "grace@example.org", "password1": "a compiler of 1952"}
SIGN_UP = "/accounts/signup/"


@pytest.fixture
def visitor(client: Client, roadmap: Manual) -> Client:
    """A browser of somebody without an account who has ticked two milestones."""
    client.cookies[COOKIE] = written({"p0-0": DAY, "p1-0": LATE})
    return client


def kept(client: Client) -> set[str]:
    return set(read(client.cookies[COOKIE].value, today=dt.date.max))


def log_in(client: Client, **more: str) -> Any:
    data = {"login": "ada", "password": PASSWORD, **more}
    return client.post(reverse("account_login"), data)


def dates() -> dict[str, dt.date]:
    return dict(Completion.objects.filter(done=True).values_list("milestone__key", "completed_on"))


# Signing up


def test_signing_up_claims_them_and_shows_a_receipt(visitor: Client, roadmap: Manual) -> None:
    assert "comes with you" in visitor.get(SIGN_UP).content.decode()
    response = visitor.post(SIGN_UP, {**NEW, "next": "/roadmap/0/"})
    assert response["Location"] == "/roadmap/0/"
    assert dates() == {"p0-0": DAY, "p1-0": LATE}
    assert Completion.objects.filter(user__handle="grace").count() == 2
    assert kept(visitor) == set()
    html = visitor.get("/roadmap/0/").content.decode()
    assert "2 ticks from this browser are in your account." in html
    assert roadmap.milestones["p1-0"].wording in html
    assert re.search(r'id="done-p0-0" checked', html)


def test_the_persons_own_zone_is_known_when_they_are_claimed(visitor: Client) -> None:
    visitor.cookies[COOKIE] = written({"p0-0": dt.date(2026, 3, 15)})
    with time_machine.travel("2026-03-15T02:00:00Z"):
        visitor.post(SIGN_UP, {**NEW, "time_zone": "America/Los_Angeles"})
    assert dates() == {"p0-0": DAY}
    assert Completion.objects.get().zone == "America/Los_Angeles"
    assert kept(visitor) == set()


@pytest.mark.usefixtures("roadmap")
def test_signing_up_without_ticks_says_nothing_of_them(client: Client) -> None:
    assert "comes with you" not in client.get(SIGN_UP).content.decode()
    response = client.post(SIGN_UP, NEW)
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert not [words for words in said if "browser" in words]
    assert COOKIE not in response.cookies


def test_a_sign_up_with_mistakes_claims_nothing(visitor: Client) -> None:
    assert visitor.post(SIGN_UP, {**NEW, "username": "x"}).status_code == 200
    assert kept(visitor) == {"p0-0", "p1-0"}
    assert not Completion.objects.exists()


@pytest.mark.parametrize("error", [DatabaseError, IntegrityError])
def test_when_the_claim_fails_there_is_no_account_either(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("tracker.models.completions.CompletionQuerySet.take_over", broken)
    visitor.raise_request_exception = False
    assert visitor.post(SIGN_UP, NEW).status_code in {200, 500}
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not Completion.objects.exists()
    assert kept(visitor) == {"p0-0", "p1-0"}


def test_when_the_account_fails_nothing_is_claimed(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise DatabaseError

    # What comes after the claim, in the same transaction.
    monkeypatch.setattr("allauth.account.forms.setup_user_email", broken)
    visitor.raise_request_exception = False
    assert visitor.post(SIGN_UP, NEW).status_code == 500
    assert not Completion.objects.exists()
    assert not User.objects.exists()
    assert kept(visitor) == {"p0-0", "p1-0"}


def test_whoever_has_to_verify_first_has_them_already_and_hears_of_it_at_log_in(
    visitor: Client, settings: LazySettings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    assert visitor.post(SIGN_UP, NEW)["Location"] == reverse("account_email_verification_sent")
    assert dates() == {"p0-0": DAY, "p1-0": LATE}
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    visitor.post(link[1])
    response = log_in(visitor, login="grace", password=NEW["password1"], next="/progress/")
    assert "/claim/" not in response.get("Location", "")
    assert kept(visitor) == set()
    html = visitor.get("/progress/").content.decode()
    assert "2 ticks from this browser are in your account." in html


def test_the_ticks_do_not_tell_whether_an_address_has_an_account(
    roadmap: Manual, user: User, settings: LazySettings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def answer(handle: str, email: str) -> tuple[Any, ...]:
        browser = Client()
        browser.cookies[COOKIE] = written({"p0-0": DAY})
        response = browser.post(SIGN_UP, {**NEW, "username": handle, "email": email})
        page = browser.get(response["Location"]).content.decode().replace(email, "")
        return response["Location"], sorted(browser.cookies), kept(browser), page

    known, new = answer("second", user.email), answer("grace", NEW["email"])
    blank = r'nonce="[^"]*"|value="[^"]*"'
    assert known[:3] == new[:3]
    assert re.sub(blank, "", known[3]) == re.sub(blank, "", new[3])
    assert set(Completion.objects.values_list("user__handle", flat=True)) == {"grace"}


# Logging in


def test_logging_in_asks_before_anything_is_merged(
    visitor: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=LATE)
    response = log_in(visitor, next="/roadmap/2/")
    assert response["Location"] == "/progress/claim/?next=%2Froadmap%2F2%2F"
    assert dates() == {"p0-0": LATE}
    assert kept(visitor) == {"p0-0", "p1-0"}
    html = visitor.get(response["Location"]).content.decode()
    assert "New: 1" in html
    assert "An earlier date: 1" in html
    assert 'name="next" value="/roadmap/2/"' in html


def test_with_a_second_factor_the_question_comes_after_it(visitor: Client, user: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False):
        assert log_in(visitor, next="/roadmap/2/")["Location"] == "/accounts/2fa/authenticate/"
        assert kept(visitor) == {"p0-0", "p1-0"}
        code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
        response = visitor.post("/accounts/2fa/authenticate/", {"code": code})
    assert response["Location"] == "/progress/claim/?next=%2Froadmap%2F2%2F"


def test_where_the_account_has_all_of_them_there_is_no_question(
    visitor: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p1-0", on=DAY)
    assert log_in(visitor, next="/roadmap/2/")["Location"] == "/roadmap/2/"
    assert kept(visitor) == set()
    assert dates() == {"p0-0": DAY, "p1-0": DAY}
    html = visitor.get("/roadmap/2/").content.decode()
    assert "2 ticks from this browser are in your account." in html


@pytest.mark.usefixtures("roadmap", "user")
@pytest.mark.parametrize("cookie", [None, "", "nonsense", written({}), written({"p9-9": DAY})])
def test_logging_in_without_ticks_goes_where_it_always_went(
    client: Client, cookie: str | None
) -> None:
    if cookie is not None:
        client.cookies[COOKIE] = cookie
    assert log_in(client, next="/roadmap/2/")["Location"] == "/roadmap/2/"
    assert "from this browser" not in client.get("/roadmap/2/").content.decode()


def test_a_log_in_that_fails_changes_nothing(visitor: Client, user: User) -> None:
    assert log_in(visitor, password="wrong").status_code == 200
    assert kept(visitor) == {"p0-0", "p1-0"}
    assert not Completion.objects.exists()


def test_an_unsafe_way_on_is_dropped_before_the_question(visitor: Client, user: User) -> None:
    assert log_in(visitor, next="https://evil.example/")["Location"] == (
        "/progress/claim/?next=%2F"
    )
