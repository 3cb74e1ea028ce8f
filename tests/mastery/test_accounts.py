import io
import re
from collections.abc import Callable
from typing import Any

import html5lib
import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import LazySettings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from mastery.mail import ConsoleBackend
from mastery.models import User
from mastery.sessions import browser_of
from tests.conftest import PASSWORD

# What a page must hold to be one of ours: the frame, and the layout inside it.
FRAME = 'class="site-head"'
ENTRANCE = 'class="entrance'
MANAGE = 'class="side-layout"'

NEW = {"username": "grace", "email": "grace@example.org", "password1": "a compiler of 1952"}
TYPED = {"username": "value", "email": "value"}


def read(response: Any, layout: str = "") -> str:
    """Give the page, having checked that it is valid HTML and looks like the site."""
    page: str = response.content.decode()
    html5lib.HTMLParser(strict=True).parse(page)
    assert FRAME in page
    assert layout in page
    assert "style=" not in page
    assert '<meta name="robots" content="noindex">' in page
    return page


def who(client: Client) -> str:
    """Give the primary key of whoever is logged in with this browser, or nothing."""
    return str(client.session.get("_auth_user_id", ""))


def log_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": login, "password": password})


def code_of(secret: str, at: int) -> str:
    return format_hotp_value(hotp_value(secret, at // 30))


@pytest.fixture
def entered(client: Client, user: User) -> Client:
    """A browser in which ada has just logged in, and has shown once more that it is her."""
    log_in(client, user.handle)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_email_verification_sent",
        "account_inactive",
    ],
)
def test_a_strangers_page_looks_like_the_site(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 200
    read(response, ENTRANCE)


@pytest.mark.parametrize(
    "name",
    [
        "settings",
        "account_email",
        "account_change_password",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "usersessions_list",
    ],
)
def test_a_persons_page_looks_like_the_site_and_lists_its_neighbours(
    entered: Client, name: str
) -> None:
    response = entered.get(reverse(name))
    assert response.status_code == 200
    page = read(response, MANAGE)
    for neighbour in ("settings", "account_email", "mfa_index", "usersessions_list"):
        assert f'href="{reverse(neighbour)}"' in page
    assert 'aria-current="' in page


@pytest.mark.parametrize("name", ["account_logout", "account_reauthenticate"])
def test_a_question_to_a_person_looks_like_the_site(entered: Client, name: str) -> None:
    response = entered.get(reverse(name))
    assert response.status_code == 200
    read(response, ENTRANCE)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["settings", "account_email", "account_change_password", "mfa_index"]
)
def test_a_strangers_visit_to_a_persons_page_ends_at_log_in(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.django_db
def test_signing_up_makes_an_account_and_logs_in(client: Client) -> None:
    response = client.post(reverse("account_signup"), NEW)
    user = User.objects.get(handle="grace")
    assert response.status_code == 302
    assert who(client) == str(user.pk)
    assert user.email == "grace@example.org"
    assert user.check_password(NEW["password1"])


@pytest.mark.django_db
def test_an_upper_case_handle_is_folded(client: Client) -> None:
    client.post(reverse("account_signup"), {**NEW, "username": "GraCe"})
    assert User.objects.get().handle == "grace"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("username", "admin", "kept for the site"),
        ("username", "Admin", "kept for the site"),
        ("username", "ada", "taken"),
        ("username", "ADA", "taken"),
        ("username", "gr", "3"),
        ("username", "gr_ace", "letters a–z, digits and hyphens"),
        ("email", "nowhere", "valid email address"),
        ("password1", "short", "at least 10 characters"),
        ("password1", "1234567890", "numeric"),
    ],
)
def test_sign_up_says_what_is_wrong_beside_the_field_and_keeps_what_was_typed(
    client: Client, user: User, field: str, value: str, says: str
) -> None:
    response = client.post(reverse("account_signup"), {**NEW, field: value})
    page = read(response, ENTRANCE)
    assert says in page
    assert re.search(rf'id="id_{field}_error"', page)
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', page)
    assert 'role="alert"' in page
    assert NEW["username"] in page or field == "username"
    assert not who(client)
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "kept"), [("Europe/Berlin", "Europe/Berlin"), ("Nowhere/Land", "UTC"), ("", "UTC")]
)
def test_the_browsers_time_zone_lands_on_the_person(client: Client, sent: str, kept: str) -> None:
    client.post(reverse("account_signup"), {**NEW, "time_zone": sent})
    user = User.objects.get()
    assert user.time_zone == kept
    assert not user.time_zone_confirmed


def test_settings_ask_whether_the_time_zone_is_right_until_it_is_saved(
    entered: Client, user: User
) -> None:
    assert "data-browser-zone" in read(entered.get(reverse("settings")))
    entered.post(
        reverse("settings"),
        {"time_zone": "Europe/Berlin", "tracks": ["trunk"], "target_level": "l2"},
    )
    user.refresh_from_db()
    assert user.time_zone == "Europe/Berlin"
    assert user.time_zone_confirmed
    assert "data-browser-zone" not in read(entered.get(reverse("settings")))


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.org", "Ada@Example.org"])
def test_logging_in_takes_the_handle_or_the_address(client: Client, user: User, login: str) -> None:
    response = log_in(client, login)
    assert response.status_code == 302
    assert who(client) == str(user.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("login", ["ada", "ada@example.org", "nobody", "nobody@example.org"])
def test_a_failed_log_in_keeps_the_name_and_says_so(
    client: Client, make_user: Callable[..., User], login: str
) -> None:
    make_user()
    page = read(log_in(client, login, "wrong password"), ENTRANCE)
    assert "not correct" in page
    assert f'value="{login}"' in page
    assert "wrong password" not in page
    assert not who(client)


def test_a_failed_log_in_tells_nobody_whether_the_account_exists(
    client: Client, user: User
) -> None:
    def words(login: str) -> str:
        page = log_in(client, login, "wrong password").content.decode().replace(login, "")
        return re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page)

    assert words("ada") == words("nobody7")
    assert words("ada@example.org") == words("nobody7@example.org")


def test_logging_out_takes_a_post(entered: Client, user: User) -> None:
    entered.get(reverse("account_logout"))
    assert who(entered) == str(user.pk)
    entered.post(reverse("account_logout"))
    assert not who(entered)


def test_a_reset_does_not_tell_whether_the_account_exists(client: Client, user: User) -> None:
    def answer(email: str) -> tuple[int, str]:
        response = client.post(reverse("account_reset_password"), {"email": email})
        return response.status_code, response["Location"]

    assert answer("ada@example.org") == answer("eve@example.org")
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]]


def test_the_link_of_a_reset_lets_a_person_choose_a_new_password(
    client: Client, user: User
) -> None:
    client.post(reverse("account_reset_password"), {"email": user.email})
    letter = mail.outbox[0]
    assert letter.subject == "Mastery: A new password"
    link = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", str(letter.body))
    assert link
    form = client.get(link[1], follow=True)
    read(form, ENTRANCE)
    address = form.request["PATH_INFO"]
    client.post(address, {"password1": "enigma with 4 rotors", "password2": "enigma with 4 rotors"})
    assert log_in(Client(), "ada", "enigma with 4 rotors").status_code == 302
    used = client.get(link[1], follow=True)
    assert "no longer works" in read(used, ENTRANCE)


@pytest.mark.django_db
def test_the_letter_after_signing_up_confirms_the_address(client: Client) -> None:
    client.post(reverse("account_signup"), NEW)
    letter = mail.outbox[0]
    assert letter.subject == "Mastery: Please confirm your address"
    assert letter.body.startswith("Hello grace,\n")
    assert "testserver" in letter.body
    assert "!" not in letter.body
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", str(letter.body))
    assert link
    read(client.get(link[1]), ENTRANCE)
    client.post(link[1])
    assert EmailAddress.objects.get(email=NEW["email"]).verified


def test_a_new_address_waits_for_its_letter(entered: Client, user: User) -> None:
    entered.post(reverse("account_email"), {"action_add": "", "email": "ada@example.com"})
    page = read(entered.get(reverse("account_email")), MANAGE)
    assert "waiting to be confirmed" in page
    assert ["ada@example.com"] in [letter.to for letter in mail.outbox]


@pytest.mark.parametrize("verification", ["optional", "mandatory"])
@pytest.mark.parametrize("confirmed", [True, False, None])
def test_the_old_address_stays_until_the_new_one_is_confirmed(
    confirmed: bool | None, verification: str, entered: Client, user: User, settings: LazySettings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    EmailAddress.objects.filter(user=user).delete()
    if confirmed is not None:
        EmailAddress.objects.create(user=user, email=user.email, verified=confirmed, primary=True)
    for address in ("slip@example.com", "ada@example.com"):
        response = entered.post(reverse("account_email"), {"action_add": "1", "email": address})
        assert response.status_code == 302
    user.refresh_from_db()
    assert user.email == "ada@example.org"
    assert set(EmailAddress.objects.values_list("email", "verified")) == {
        ("ada@example.org", bool(confirmed)),
        ("ada@example.com", False),
    }
    page = read(entered.get(reverse("account_email")), MANAGE)
    assert re.search(r"<dt>Now</dt><dd>ada@example\.org", page)
    assert re.search(r"<dt>Changing to</dt><dd>ada@example\.com", page)

    stays = {"action_remove": "", "email": "ada@example.org"}
    entered.post(reverse("account_email"), stays)
    assert EmailAddress.objects.count() == 2
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    entered.post(link[1])
    user.refresh_from_db()
    assert user.email == "ada@example.com"
    assert EmailAddress.objects.get().verified


def test_with_an_unconfirmed_address_that_is_being_changed_one_can_log_in(
    entered: Client, client: Client, user: User
) -> None:
    entered.post(reverse("account_email"), {"action_add": "1", "email": "ada@example.com"})
    browser = Client()
    log_in(browser, "ada@example.org")
    assert who(browser) == str(user.pk)


def test_whoever_changes_their_mind_keeps_the_old_address(entered: Client, user: User) -> None:
    entered.post(reverse("account_email"), {"action_add": "1", "email": "ada@example.com"})
    entered.post(reverse("account_email"), {"action_remove": "", "email": "ada@example.com"})
    user.refresh_from_db()
    assert user.email == EmailAddress.objects.get().email == "ada@example.org"


def test_an_address_that_became_somebody_elses_is_not_confirmed(
    entered: Client, user: User, make_user: Callable[..., User]
) -> None:
    entered.post(reverse("account_email"), {"action_add": "1", "email": "eve@example.org"})
    make_user("eve")
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    assert entered.post(link[1]).status_code in {200, 302}
    user.refresh_from_db()
    assert user.email == "ada@example.org"


@pytest.mark.parametrize("just_signed_up", [True, False])
def test_signing_up_does_not_tell_whether_an_address_has_an_account(
    just_signed_up: bool, user: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: hashed.append(password) or encode(self, password, salt),
    )

    def answer(handle: str, email: str) -> tuple[Any, ...]:
        browser = Client()
        hashed.clear()
        data = {**NEW, "username": handle, "email": email}
        response = browser.post(reverse("account_signup"), data)
        page = read(browser.get(response["Location"]), ENTRANCE).replace(email, "")
        page = re.sub(r'nonce="[^"]*"|value="[^"]*"', "", page)
        return response.status_code, response["Location"], sorted(browser.cookies), page, [*hashed]

    if just_signed_up:
        answer("first", "known@example.org")
        known = answer("second", "known@example.org")
    else:
        known = answer("second", user.email)
    assert not User.objects.filter(handle="second").exists()
    assert known == answer("grace", NEW["email"])
    assert User.objects.filter(handle="grace").exists()
    assert known[-1] == [NEW["password1"]]


def test_a_letter_on_the_console_can_be_read_and_its_link_followed() -> None:
    link = f"https://mastery.example/accounts/password/reset/key/{'a1-' * 40}=ü/"
    stream = io.StringIO()
    letter = mail.EmailMessage("Ein Brief für dich", f"Hello,\n\n{link}\n", to=["ada@example.org"])
    assert ConsoleBackend(stream=stream).send_messages([letter]) == 1
    shown = stream.getvalue()
    assert shown.startswith("To: ada@example.org\nSubject: Ein Brief für dich\n\nHello,\n")
    assert f"\n{link}\n" in shown


def test_a_superuser_is_made_by_the_rules_of_sign_up(db: None, capsys: Any) -> None:
    call_command("createsuperuser", handle="Edi", email="Edi@Example.org", interactive=False)
    found = User.objects.get()
    assert (found.handle, found.email, found.is_superuser) == ("edi", "edi@example.org", True)


@pytest.mark.parametrize(
    ("handle", "email", "says"),
    [
        ("grace", "ADA@example.org", "--email: This e-mail address is in use."),
        ("ADA", "grace@example.org", "already taken"),
        ("admin", "grace@example.org", "--handle: This handle is kept for the site."),
        ("demo-learner", "grace@example.org", "--handle: This handle is kept for the site."),
        ("g", "grace@example.org", "--handle: A handle has 3 to 30 letters"),
        ("grace", "nowhere", "--email: Enter a valid email address."),
    ],
)
def test_a_superuser_that_cannot_be_made_is_refused_in_a_sentence(
    handle: str, email: str, says: str, user: User
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("createsuperuser", handle=handle, email=email, interactive=False)
    assert User.objects.count() == 1


def test_a_superuser_typed_in_is_asked_again(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["Grace", "ada@example.org", "grace@example.org"])
    monkeypatch.setattr("builtins.input", lambda _message: next(typed))
    monkeypatch.setattr("getpass.getpass", lambda *_: "a compiler of 1952")
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    call_command("createsuperuser", stdin=terminal)
    assert "Error: This e-mail address is in use." in capsys.readouterr().err
    assert User.objects.get(handle="grace").email == "grace@example.org"


def test_a_password_is_changed_by_whoever_knows_the_old_one(entered: Client, user: User) -> None:
    new = {"password1": "enigma with 4 rotors", "password2": "enigma with 4 rotors"}
    wrong = entered.post(reverse("account_change_password"), {"oldpassword": "no", **new})
    assert "id_oldpassword_error" in read(wrong, MANAGE)
    entered.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    user.refresh_from_db()
    assert user.check_password("enigma with 4 rotors")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("account_login", {"login": "ada", "password": "wrong"}),
        ("account_signup", {"username": "x", "email": "x", "password1": "x"}),
        ("account_reset_password", {"email": "ada@example.org"}),
    ],
)
def test_too_many_tries_are_answered_with_429_and_our_page(
    client: Client, name: str, data: dict[str, str]
) -> None:
    for _ in range(40):
        response = client.post(reverse(name), data)
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert "Too many tries" in read(response, ENTRANCE)


def test_guessing_a_password_is_stopped_even_for_the_right_one(client: Client, user: User) -> None:
    for guess in range(6):
        log_in(client, "ada", f"wrong {guess}")
    page = read(log_in(client, "ada"), ENTRANCE)
    assert "Too many" in page
    assert not who(client)


def test_other_sessions_are_listed_and_ended(entered: Client, user: User) -> None:
    elsewhere = Client(headers={"user-agent": "Lynx 2.9"})
    log_in(elsewhere, "ada")
    page = read(entered.get(reverse("usersessions_list")), MANAGE)
    assert "Lynx 2.9" in page
    entered.post(reverse("usersessions_list"))
    assert not who(elsewhere)
    assert who(entered) == str(user.pk)
    assert "Lynx 2.9" not in read(entered.get(reverse("usersessions_list")))


def sessions(client: Client) -> dict[str, str]:
    """Give the addresses that end each session, by what the page calls its browser."""
    page = read(client.get(reverse("usersessions_list")), MANAGE)
    names = re.findall(r'id="browser-\d+"[^>]*>([^<]*)<', page)
    return dict(
        zip(names, re.findall(r'action="(/settings/sessions/\d+/end/)"', page), strict=True)
    )


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


def test_one_session_is_ended_and_the_others_stay(entered: Client, user: User) -> None:
    phone, other = Client(headers={"user-agent": FIREFOX}), Client(headers={"user-agent": "Lynx"})
    log_in(phone, "ada")
    log_in(other, "ada")
    ends = sessions(entered)["Firefox on Linux"]
    for _ in range(2):
        response = entered.post(ends)
    assert response.status_code == 404
    assert (who(phone), who(other), who(entered)) == ("", str(user.pk), str(user.pk))


def test_ending_the_session_one_is_in_logs_out(user: User) -> None:
    browser = Client(headers={"user-agent": FIREFOX})
    log_in(browser, "ada")
    response = browser.post(sessions(browser)["Firefox on Linux"])
    assert (response.status_code, response["Location"]) == (303, "/")
    assert not who(browser)


def test_nobody_ends_somebody_elses_session(
    entered: Client, user: User, make_user: Callable[..., User]
) -> None:
    make_user("eve")
    eve = Client(headers={"user-agent": FIREFOX})
    log_in(eve, "eve")
    ends = sessions(eve)["Firefox on Linux"]
    assert entered.post(ends).status_code == 404
    assert entered.get(ends).status_code == 405
    assert who(eve)


EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/26.0 Safari/605.1.15"
)


@pytest.mark.parametrize(
    ("user_agent", "says"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (ANDROID, "Chrome on Android"),
        (IPHONE, "Safari on iPhone"),
        (MAC, "Safari on macOS"),
        ("Lynx 2.9", "Lynx 2.9"),
        ("", "unknown"),
    ],
)
def test_a_browser_is_named_as_people_name_it(user_agent: str, says: str) -> None:
    assert browser_of(user_agent) == says


@pytest.fixture
def guarded(entered: Client) -> tuple[Client, str, list[str]]:
    """A browser of ada, who has an authenticator app; its secret, and her recovery codes."""
    with time_machine.travel(1_000_000_000, tick=False):
        entered.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        page = read(entered.get(reverse("mfa_activate_totp")), MANAGE)
        secret = re.search(r'<code class="secret">([A-Z2-7]+)</code>', page)
        assert secret
        assert 'src="data:image/svg+xml' in page
        code = code_of(secret[1], 1_000_000_000)
        entered.post(reverse("mfa_activate_totp"), {"code": code})
        page = read(entered.get(reverse("mfa_view_recovery_codes")), MANAGE)
        codes = re.search(r'<ul class="codes".*?</ul>', page, re.DOTALL)
        assert codes
        return entered, secret[1], re.findall(r"<li>([^<]+)</li>", codes[0])


def test_a_wrong_code_does_not_switch_the_app_on(entered: Client, user: User) -> None:
    entered.get(reverse("mfa_activate_totp"))
    page = read(entered.post(reverse("mfa_activate_totp"), {"code": "000000"}), MANAGE)
    assert "id_code_error" in page
    assert 'class="qr"' in page


def test_with_an_app_logging_in_asks_for_its_code(
    guarded: tuple[Client, str, list[str]], user: User
) -> None:
    _, secret, _ = guarded
    browser = Client()
    with time_machine.travel(1_000_000_300, tick=False):
        response = log_in(browser, "ada")
        assert response["Location"] == reverse("mfa_authenticate")
        assert not who(browser)
        read(browser.get(reverse("mfa_authenticate")), ENTRANCE)
        wrong = browser.post(reverse("mfa_authenticate"), {"code": "000000"})
        assert "id_code_error" in read(wrong, ENTRANCE)
        assert not who(browser)
        browser.post(reverse("mfa_authenticate"), {"code": code_of(secret, 1_000_000_300)})
        assert who(browser) == str(user.pk)


def test_a_recovery_code_lets_in_once(guarded: tuple[Client, str, list[str]], user: User) -> None:
    _, _, codes = guarded
    for lets_in in (True, False):
        browser = Client()
        log_in(browser, "ada")
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert bool(who(browser)) is lets_in


@pytest.mark.parametrize(
    "name", ["mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes"]
)
def test_pages_of_a_guarded_account_look_like_the_site(
    guarded: tuple[Client, str, list[str]], name: str
) -> None:
    browser, _, _ = guarded
    with time_machine.travel(1_000_000_010, tick=False):
        response = browser.get(reverse(name))
        assert response.status_code == 200
        read(response, MANAGE)
        read(browser.get(reverse("mfa_index")), MANAGE)


def test_the_recovery_codes_can_be_downloaded(guarded: tuple[Client, str, list[str]]) -> None:
    browser, _, codes = guarded
    with time_machine.travel(1_000_000_010, tick=False):
        text = browser.get(reverse("mfa_download_recovery_codes")).content.decode()
    assert text.split() == codes


@pytest.mark.django_db
def test_a_passkey_log_in_has_its_challenge_and_no_script_in_the_page(client: Client) -> None:
    page = read(client.get(reverse("account_login")), ENTRANCE)
    assert 'id="passkey_login"' in page
    for script in re.findall(r"<script[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script
    challenge = client.get(
        reverse("mfa_login_webauthn"), headers={"accept": "application/json"}
    ).json()
    assert challenge["request_options"]["publicKey"]["challenge"]


def test_adding_a_key_has_its_challenge_in_the_page(entered: Client) -> None:
    page = read(entered.get(reverse("mfa_add_webauthn")), MANAGE)
    assert '<script id="js_data" type="application/json">' in page
    assert 'id="mfa_webauthn_add"' in page


def test_reauthentication_comes_back_to_what_was_asked_for(learner: Client) -> None:
    response = learner.get(reverse("mfa_activate_totp"))
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    again = learner.post(response["Location"], {"password": PASSWORD})
    assert again["Location"] == reverse("mfa_activate_totp")


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"]
)
def test_an_error_page_needs_no_context_and_no_database(name: str) -> None:
    page = render_to_string(name)
    html5lib.HTMLParser(strict=True).parse(page)
    assert FRAME in page
    assert ENTRANCE in page


def test_every_letter_is_plain_and_says_where_it_comes_from() -> None:
    context: dict[str, Any] = {
        "user": User(handle="ada"),
        "current_site": {"name": "Mastery", "domain": "mastery.example"},
        "activate_url": "https://mastery.example/a",
        "password_reset_url": "https://mastery.example/b",
        "signup_url": "https://mastery.example/c",
        "email": "ada@example.org",
    }
    for name in (
        "account/email/account_already_exists",
        "account/email/email_changed",
        "account/email/email_confirm",
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "account/email/email_deleted",
        "account/email/login_code",
        "account/email/password_changed",
        "account/email/password_reset",
        "account/email/password_reset_code",
        "account/email/password_reset_key",
        "account/email/password_set",
        "account/email/unknown_account",
        "mfa/email/recovery_codes_generated",
        "mfa/email/totp_activated",
        "mfa/email/totp_deactivated",
        "mfa/email/webauthn_added",
        "mfa/email/webauthn_removed",
    ):
        subject = render_to_string(f"{name}_subject.txt", context).strip()
        letter = render_to_string(f"{name}_message.txt", context)
        assert re.fullmatch(r"[^\n!]+", subject)
        assert letter.startswith("Hello ada,\n\n")
        assert letter.rstrip().endswith("mastery.example")
        assert "!" not in letter
