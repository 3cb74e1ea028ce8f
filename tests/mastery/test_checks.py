import pytest
from django.conf import LazySettings
from django.core.checks import Tags, run_checks
from django.core.management import call_command

from mastery import settings as ours
from mastery.checks import cache_is_shared, mail_has_a_sender

DATABASE = "django.core.cache.backends.db.DatabaseCache"
MEMORY = "django.core.cache.backends.locmem.LocMemCache"


def test_these_settings_pass_every_check_for_deployment(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # the browser tests' own
    settings.MAILERS = ours.MAILERS  # not the outbox of the tests
    call_command("check", deploy=True, fail_level="WARNING")


@pytest.mark.parametrize(("backend", "ids"), [(DATABASE, []), (MEMORY, ["mastery.W001"])])
def test_a_cache_that_workers_do_not_share_is_told(
    backend: str, ids: list[str], settings: LazySettings
) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "cache"}}
    assert [message.id for message in cache_is_shared(None)] == ids


@pytest.mark.parametrize(
    ("url", "sender", "ids"),
    [
        ("", "Mastery <mail@localhost>", []),
        ("smtp://mail.example.org", "Mastery <mail@example.org>", []),
        ("smtp://mail.example.org", "Mastery <mail@localhost>", ["mastery.W002"]),
        ("smtp://mail.example.org", "mail@localhost", ["mastery.W002"]),
    ],
)
def test_mail_from_localhost_is_told_once_there_is_a_mail_server(
    url: str, sender: str, ids: list[str], settings: LazySettings
) -> None:
    settings.MAIL_URL, settings.DEFAULT_FROM_EMAIL = url, sender
    assert [message.id for message in mail_has_a_sender(None)] == ids


def test_they_are_part_of_the_check_for_deployment(settings: LazySettings) -> None:
    settings.CACHES = {"default": {"BACKEND": MEMORY}}
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert "mastery.W001" in [message.id for message in found]
    assert run_checks(tags=[Tags.security]) == []
