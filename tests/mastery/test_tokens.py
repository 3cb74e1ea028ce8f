import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from mastery import tokens
from mastery.models import ApiToken, User
from mastery.tokens import token_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("roadmap")

URL = "/settings/tokens/"
AGAIN = "/accounts/reauthenticate/"
NEW = {"name": "laptop", "scope": "write"}
SECRET = re.compile(r"mastery_[\w-]{43}")


@pytest.fixture
def entered(client: Client, user: User) -> Client:
    """A browser in which ada has just given her password."""
    client.post(reverse("account_login"), {"login": user.handle, "password": PASSWORD})
    client.post(AGAIN, {"password": PASSWORD})
    return client


def grant(user: User, name: str = "laptop", scope: str = "write") -> tuple[ApiToken, str]:
    return ApiToken.objects.grant(user, name=name, scope=scope)


def carried(secret: str, scheme: str = "Bearer") -> ApiToken | None:
    return token_of(RequestFactory().get("/", headers={"authorization": f"{scheme} {secret}"}))


def test_a_token_is_made_and_shown_once(entered: Client, user: User) -> None:
    response = entered.post(URL, NEW)
    html = response.content.decode()
    secrets = set(SECRET.findall(html))
    assert (response.status_code, len(secrets)) == (200, 1)
    token = ApiToken.objects.get()
    assert (token.user, token.name, token.scope) == (user, "laptop", "write")
    assert carried(secrets.pop()) == token
    assert "no-store" in response["Cache-Control"]
    page = entered.get(URL).content.decode()
    assert not SECRET.search(page)
    assert f"<code>{token.ending}</code>" in page


def test_the_secret_is_on_the_answer_and_nowhere_else(entered: Client) -> None:
    response = entered.post(URL, NEW)
    (secret,) = set(SECRET.findall(response.content.decode()))
    assert secret not in str(response.headers) + str(response.cookies)
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())
    assert secret not in str(ApiToken.objects.values())


def test_the_password_is_asked_for_first(learner: Client) -> None:
    assert learner.get(URL).status_code == 200
    response = learner.post(URL, NEW)
    assert response.status_code == 302
    assert response["Location"].startswith(AGAIN)
    assert not ApiToken.objects.exists()
    wrong = learner.post(response["Location"], {"password": "not it", "next": URL})
    assert "mastery_" not in wrong.content.decode()
    assert not ApiToken.objects.exists()
    # Then the form goes on where it was.
    made = learner.post(response["Location"], {"password": PASSWORD, "next": URL})
    assert SECRET.search(made.content.decode())
    assert "no-store" in made["Cache-Control"]
    assert ApiToken.objects.get().name == "laptop"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"name": "", "scope": "read"}, "required"),
        ({"name": "x" * 61, "scope": "read"}, "60"),
        ({"name": "a\0b", "scope": "read"}, "Null characters"),
        ({"name": "x", "scope": "admin"}, "admin"),
        ({"name": "x"}, "required"),
    ],
)
def test_what_is_wrong_is_shown_and_kept(entered: Client, sent: dict[str, str], words: str) -> None:
    response = entered.post(URL, sent)
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "Not made yet." in html
    assert not SECRET.search(html)
    assert not ApiToken.objects.exists()


def test_a_form_sent_twice_makes_one_token(entered: Client, user: User) -> None:
    assert entered.post(URL, NEW).status_code == 200
    again = entered.post(URL, {**NEW, "name": "Laptop"})
    assert again.status_code == 422
    assert "You have a token of this name." in again.content.decode()
    assert ApiToken.objects.count() == 1
    ApiToken.objects.update(revoked=timezone.now())
    assert entered.post(URL, NEW).status_code == 200, "a revoked one's name is free"


def test_there_are_only_so_many(
    entered: Client, user: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    for owner, name in ((make_user("grace"), "a"), (user, "b"), (user, "c")):
        grant(owner, name)
    response = entered.post(URL, NEW)
    assert response.status_code == 422
    assert "You have 2 tokens" in response.content.decode()
    ApiToken.objects.filter(name="b").update(revoked=timezone.now())
    assert entered.post(URL, NEW).status_code == 200


def test_the_page_lists_own_tokens_that_work(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    grant(user, "on the cluster")
    grant(make_user("grace"), "not mine")
    ApiToken.objects.filter(pk=grant(user, "revoked one")[0].pk).update(revoked=timezone.now())
    html = learner.get(URL).content.decode()
    assert "on the cluster" in html
    assert "not mine" not in html
    assert "revoked one" not in html
    assert 'href="/settings/tokens/" aria-current="page"' in html


def test_a_revoked_token_opens_nothing(learner: Client, user: User) -> None:
    token, secret = grant(user)
    where = f"{URL}{token.pk}/revoke/"
    assert learner.get(where).status_code == 405
    assert learner.post(where)["Location"] == URL
    first = ApiToken.objects.get().revoked
    assert first
    assert carried(secret) is None
    assert learner.post(where).status_code == 303
    assert ApiToken.objects.get().revoked == first, "a repeat changes nothing"


def test_nobody_revokes_somebody_elses(learner: Client, make_user: Callable[..., User]) -> None:
    token, _secret = grant(make_user("grace"))
    assert learner.post(f"{URL}{token.pk}/revoke/").status_code == 404
    assert Client().post(f"{URL}{token.pk}/revoke/").status_code == 303
    assert ApiToken.objects.get().revoked is None


def test_a_stranger_logs_in_first(client: Client) -> None:
    assert client.get(URL).status_code == 302
    assert client.post(URL, NEW).status_code == 303
    assert not ApiToken.objects.exists()


# What a request's token opens


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER  "])
def test_a_token_is_found_by_its_secret(user: User, scheme: str) -> None:
    token, secret = grant(user)
    grant(user, "another")
    assert carried(secret, scheme) == token


def test_anything_else_is_no_token(user: User) -> None:
    token, secret = grant(user)
    for wrong in (
        "", "x", secret[:-1], secret + "a", secret[8:], token.digest, secret.upper(),
        f"{secret} {secret}", f"{secret},x", "mastery_" + "ö" * 43, "mastery_" + "a" * 43,
    ):  # fmt: skip
        assert carried(wrong) is None, wrong
    assert carried(secret, "Basic") is None
    assert carried(secret, "") is None
    assert token_of(RequestFactory().get("/")) is None


def test_a_token_of_a_closed_account_opens_nothing(user: User) -> None:
    _token, secret = grant(user)
    User.objects.update(is_active=False)
    assert carried(secret) is None


def test_its_use_is_noted_once_a_minute(user: User) -> None:
    _token, secret = grant(user)
    start = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)
    noted = []
    for seconds in (0, 59, 61):
        with time_machine.travel(start + dt.timedelta(seconds=seconds), tick=False):
            carried(secret)
        noted.append(ApiToken.objects.get().last_used)
    assert noted == [start, start, start + dt.timedelta(seconds=61)]


def test_the_database_knows_two_scopes(user: User) -> None:
    with pytest.raises(IntegrityError, match="api_token_scope"), transaction.atomic():
        grant(user, scope="admin")
