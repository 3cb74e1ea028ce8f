"""What no browser of ours would send, and what has to be answered all the same."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.urls import reverse

from mastery.accounts import AccountAdapter
from mastery.models import User
from mastery.sessions import SessionStore
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("roadmap")

LONG = f"{'a' * 40}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.example"
NEW = {"username": "grace", "email": "grace@example.org", "password1": "a compiler of 1952"}


@pytest.fixture
def entered(client: Client, user: User) -> Client:
    client.post(reverse("account_login"), {"login": user.handle, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


# NUL, which Postgres does not take


@pytest.mark.parametrize(
    "key", ['"abcdefghij\\000kk"', "short", "A" * 32, "a" * 31, "a" * 33, "é" * 32, "\\", '"' * 32]
)
def test_a_session_cookie_that_cannot_be_ours_is_a_strangers(key: str) -> None:
    browser = Client(headers={"cookie": f"sessionid={key}"})
    assert browser.get("/settings/").status_code == 302
    assert browser.get("/").status_code == 200


def test_a_session_key_is_one_that_the_store_makes() -> None:
    store = SessionStore()
    store.create()
    assert SessionStore(store.session_key).session_key == store.session_key
    assert SessionStore("abcdefgh\0" + "a" * 23).session_key is None


@pytest.mark.parametrize(
    "url",
    [
        "/admin/roadmap/phase/?state__exact=%00",
        "/admin/roadmap/phase/?q=%00",
        "/admin/autocomplete/?app_label=roadmap&model_name=milestone&field_name=phase&term=%00",
        "/?a=%00",
        "/accounts/login/?next=/%00",
        "/?%00=1",
    ],
)
def test_nul_in_a_query_is_a_bad_request(url: str, editor: Client) -> None:
    response = editor.get(url)
    assert response.status_code == 400
    assert response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"<h1" in response.content


def test_a_percent_sign_before_two_noughts_is_not_nul(client: Client) -> None:
    assert client.get("/?a=%2500").status_code == 200


@pytest.mark.parametrize("name", ["username", "email", "password1", "time_zone"])
def test_nul_in_a_form_is_an_error_of_the_form(name: str, client: Client) -> None:
    response = client.post(reverse("account_signup"), {**NEW, name: "gra\0ce"})
    assert response.status_code == 200
    assert not User.objects.exists()


# Answers of keys

CREDENTIALS: list[Any] = [
    {"id": 1},
    {},
    [],
    "text",
    5,
    {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": None},
    {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"userHandle": 1}},
    {
        "id": "AAAA",
        "rawId": "AAAA",
        "type": "public-key",
        "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
    },
    {
        "id": "AAAA",
        "rawId": "AAAA",
        "type": "public-key",
        "response": {
            "clientDataJSON": "e30",
            "authenticatorData": "AAAA",
            "signature": "AA",
            "userHandle": "MQ",
        },
    },
    {"id": "\0"},
]
RAW = [*(json.dumps(value) for value in CREDENTIALS), "", "{", "[" * 100_000, "9" * 5000]


@pytest.mark.parametrize("credential", RAW, ids=range(len(RAW)))
def test_a_strangers_passkey_that_makes_no_sense_leads_back_to_log_in(
    credential: str, client: Client
) -> None:
    url = reverse("mfa_login_webauthn")
    client.get(url, headers={"accept": "application/json"})
    response = client.post(url, {"credential": credential})
    assert (response.status_code, response["Location"]) == (302, reverse("account_login"))
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("credential", RAW, ids=range(len(RAW)))
@pytest.mark.parametrize("name", ["mfa_add_webauthn", "mfa_reauthenticate_webauthn"])
def test_a_key_that_makes_no_sense_is_refused(name: str, credential: str, entered: Client) -> None:
    entered.get(reverse(name))
    response = entered.post(reverse(name), {"name": "key", "credential": credential})
    assert response.status_code in {200, 302}
    assert not User.objects.get().authenticator_set.exists()


# Addresses


@pytest.mark.parametrize("email", [LONG, "a" * 255 + "@example.org", "ſ@example.org"])
@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email"])
def test_an_address_that_nobody_can_have_is_refused_beside_the_field(
    name: str, email: str, client: Client, entered: Client, user: User
) -> None:
    browser = entered if name == "account_email" else Client()
    response = browser.post(reverse(name), {**NEW, "email": email, "action_add": "1"})
    assert response.status_code == 200
    assert 'id="id_email_error"' in response.content.decode()
    assert User.objects.count() == 1
    assert set(EmailAddress.objects.values_list("email", flat=True)) <= {user.email}


# A mail server that does not answer


@pytest.fixture
def deaf(settings: LazySettings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    # pytest-django's mailbox stands in for every mailer; this one is real, and nobody listens.
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1},
        }
    }


@pytest.mark.usefixtures("deaf")
def test_without_the_mail_server_an_account_is_made_all_the_same(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post(reverse("account_signup"), NEW)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert EmailAddress.objects.get().email == NEW["email"]
    assert "The mail server did not take account/email/email_confirmation_signup" in caplog.text


@pytest.mark.usefixtures("deaf")
def test_without_the_mail_server_a_reset_tells_nothing(client: Client, user: User) -> None:
    url = reverse("account_reset_password")
    known, unknown = (client.post(url, {"email": f"{who}@example.org"}) for who in ("ada", "eve"))
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]
    assert not mail.outbox


# Two at once


@pytest.mark.parametrize(
    ("verification", "rival", "says"),
    [
        ("optional", ("grace", "other@example.org"), "This handle is taken."),
        ("mandatory", ("grace", "other@example.org"), "This handle is taken."),
        ("optional", ("hopper", "grace@example.org"), "already registered"),
    ],
)
def test_whoever_signs_up_second_is_told_what_is_taken(
    verification: str,
    rival: tuple[str, str],
    says: str,
    client: Client,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    be_faster(rival, monkeypatch)
    response = client.post(reverse("account_signup"), NEW)
    assert response.status_code == 200
    assert says in response.content.decode()
    assert 'name="csrfmiddlewaretoken"' in response.content.decode()
    assert list(User.objects.values_list("handle", flat=True)) == [rival[0]]


def test_whoever_signs_up_second_with_an_address_gets_the_usual_answer(
    client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    be_faster(("hopper", "grace@example.org"), monkeypatch)
    response = client.post(reverse("account_signup"), NEW)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert User.objects.get().handle == "hopper"


def be_faster(rival: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign somebody up after the form was checked and before it is saved."""
    checked = AccountAdapter.clean_password

    def clean_password(self: AccountAdapter, password: str, user: Any = None) -> str:
        if not User.objects.exists():
            User.objects.create_user(*rival, PASSWORD)
        return str(checked(self, password, user))

    monkeypatch.setattr(AccountAdapter, "clean_password", clean_password)
