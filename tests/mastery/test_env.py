import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mastery.settings import (
    BASE_DIR,
    boolean,
    database,
    listing,
    mailer,
    number,
    origin,
    secret_key,
    text,
)

NAME = "MASTERY_PROBE"


@pytest.fixture
def probe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if request.param is not None:
        monkeypatch.setenv(NAME, request.param)


def values(*pairs: tuple[str | None, Any]) -> Any:
    return pytest.mark.parametrize(("probe", "wanted"), pairs, indirect=["probe"])


@values((None, "x"), ("", ""), (" a b ", "a b"))
@pytest.mark.usefixtures("probe")
def test_text_is_stripped(wanted: str) -> None:
    assert text(NAME, "x") == wanted


@values(
    ("1", True), ("true", True), ("TRUE", True), (" 1 ", True), ("0", False), ("false", False)
)  # fmt: skip
@pytest.mark.parametrize("default", [True, False])
@pytest.mark.usefixtures("probe")
def test_a_switch_is_on_or_off(wanted: bool, default: bool) -> None:
    assert boolean(NAME, default) is wanted


@values((None, None), ("", None))
@pytest.mark.parametrize("default", [True, False])
@pytest.mark.usefixtures("probe")
def test_a_switch_that_nobody_set_has_its_default(wanted: None, default: bool) -> None:
    assert boolean(NAME, default) is default


@values(("yes", 0), ("on", 0), ("2", 0), ("Nein", 0))
@pytest.mark.usefixtures("probe", "wanted")
def test_a_switch_that_is_neither_is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is .*it takes 1 or 0"):
        boolean(NAME)


@pytest.fixture
def wanted(request: pytest.FixtureRequest) -> Any:
    return request.param


@values((None, 7), ("0", 0), (" 12 ", 12))
@pytest.mark.usefixtures("probe")
def test_a_number_is_whole(wanted: int) -> None:
    assert number(NAME, 7) == wanted


@values(("", 7), ("-1", 7), ("1.5", 7), ("many", 7), ("1e3", 7))
@pytest.mark.usefixtures("probe", "wanted")
def test_what_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is .*it takes a whole number"):
        number(NAME, 7)


@values((None, []), ("", []), ("a", ["a"]), (" a, b ,,c,", ["a", "b", "c"]))
@pytest.mark.usefixtures("probe")
def test_a_listing_has_its_parts(wanted: list[str]) -> None:
    assert listing(NAME) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            "postgresql://ada:s%40cret@db.example.org:6543/manual?sslmode=require",
            ("manual", "ada", "s@cret", "db.example.org", "6543", {"sslmode": "require"}),
        ),
        ("postgres:///manual", ("manual", "", "", "", "", {})),
        (
            "postgresql://ada@/manual?host=/run/sockets&port=5433",
            ("manual", "ada", "", "/run/sockets", "5433", {}),
        ),
        (
            "dbname=manual user=ada connect_timeout=3",
            ("manual", "ada", "", "", "", {"connect_timeout": "3"}),
        ),
    ],
)
def test_an_address_of_a_database_is_taken_apart(url: str, wanted: tuple[Any, ...]) -> None:
    found = database(url)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert tuple(found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == wanted[:5]
    assert wanted[5].items() <= found["OPTIONS"].items()
    assert found["CONN_MAX_AGE"] is None
    assert found["CONN_HEALTH_CHECKS"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ada:s3cret@db.example.org/manual",
        "sqlite:///db.sqlite3",
        "db.example.org",
        "postgresql://ada:s3cret@db.example.org",
        "postgresql://ada:s3cret@db.example.org/manual?nonsense=1",
    ],
)
def test_another_address_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        database(url)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://mail.example.org", 587, True, False),
        ("smtps://mail.example.org", 465, False, True),
        ("smtps://mail.example.org:2465", 2465, False, True),
    ],
)
def test_an_address_of_a_mail_server_is_taken_apart(
    url: str, port: int, tls: bool, ssl: bool
) -> None:
    found = mailer(url)
    assert found["BACKEND"].endswith("smtp.EmailBackend")
    options = found["OPTIONS"]
    assert (options["host"], options["port"]) == ("mail.example.org", port)
    assert (options["use_tls"], options["use_ssl"]) == (tls, ssl)
    assert (options["username"], options["password"]) == ("", "")


def test_a_mail_servers_user_and_password_may_hold_any_sign() -> None:
    options = mailer("smtp+tls://ada%40example.org:p%3Ass%2Fword@mail.example.org")["OPTIONS"]
    assert (options["username"], options["password"]) == ("ada@example.org", "p:ss/word")


def test_without_a_mail_server_mail_goes_to_the_console() -> None:
    assert mailer("")["BACKEND"].endswith("ConsoleBackend")


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp:mail", "smtp://h:port"]
)
def test_another_address_of_a_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MASTERY_MAIL_URL"):
        mailer(url)


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://localhost:8000", "https://[2001:db8::1]:8443"]
)
def test_the_address_people_use_is_scheme_and_host(url: str) -> None:
    assert origin(url) == origin(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "example.org", "ftp://example.org", "https://", "http://[", "https://h:xx",
        "https://h:99999", "https://example.org/sub/path", "https://example.org?a=b",
        "https://example.org#a", "https://ada@example.org",
    ],
)  # fmt: skip
def test_another_address_for_people_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MASTERY_ORIGIN is not an address"):
        origin(url)


def test_a_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret_key"
    key = secret_key(path)
    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_key(path) == key
    assert [found.name for found in path.parent.iterdir()] == ["secret_key"]


def test_installations_have_keys_of_their_own(tmp_path: Path) -> None:
    assert secret_key(tmp_path / "a") != secret_key(tmp_path / "b")


def test_a_key_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("chosen by hand")
    assert secret_key(path) == "chosen by hand"


def test_those_who_start_together_get_one_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_key, [path] * 32))) == 1
    assert [found.name for found in path.parent.iterdir()] == ["secret_key"]


SHOW = """
from mastery import settings as s
print(s.ALLOWED_HOSTS, sorted(s.PLAIN_HTTP_HOSTS), s.DEFAULT_FROM_EMAIL,
      s.ACCOUNT_EMAIL_VERIFICATION, s.DEBUG, hasattr(s, "SECURE_PROXY_SSL_HEADER"), sep="|")
"""


def under(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process with these variables alone."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MASTERY_") and name not in {"DATABASE_URL", "DEBUG", "SECRET_KEY"}
    }
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=BASE_DIR,
        env={**env, "MASTERY_DATA": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_any_variable_the_site_is_one_for_this_machine(tmp_path: Path) -> None:
    shown = under(tmp_path).stdout.strip().split("|")
    assert shown == [
        "['localhost', '127.0.0.1', '[::1]', 'localhost']",
        "['127.0.0.1', '[::1]', 'localhost']",
        "Mastery <mail@localhost>",
        "optional",
        "False",
        "False",
    ]
    assert (tmp_path / "secret_key").exists()


def test_a_public_origin_takes_https_only_and_mail_asks_for_verification(tmp_path: Path) -> None:
    shown = under(
        tmp_path,
        MASTERY_ORIGIN="https://manual.example.org/",
        MASTERY_ALLOWED_HOSTS="other.example.org",
        MASTERY_MAIL_URL="smtp://mail.example.org",
        SECRET_KEY="given",
    ).stdout.strip().split("|")  # fmt: skip
    assert "'manual.example.org', 'other.example.org'" in shown[0]
    assert "example.org" not in shown[1]
    assert shown[2:] == ["Mastery <mail@manual.example.org>", "mandatory", "False", "True"]
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MASTERY_ORIGIN", "example.org"),
        ("MASTERY_ORIGIN", "http://["),
        ("DEBUG", "perhaps"),
        ("MASTERY_TRUSTED_PROXIES", "two"),
        ("MASTERY_MAIL_URL", "mail.example.org"),
        ("DATABASE_URL", "nonsense"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str, tmp_path: Path) -> None:
    last = under(tmp_path, **{name: value}).stderr.strip().splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert name in last
