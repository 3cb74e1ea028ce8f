import datetime as dt
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from mastery import roles
from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual, manual
from roadmap.tables import TABLES
from tests import clean
from tracker.models import Completion

PASSWORD = "correct horse battery"


def pytest_configure() -> None:
    # Static files come from where they are written; gathering them is the work of ``serve``.
    django_settings.STATIC_ROOT.mkdir(exist_ok=True)
    # A thread of the live server that still waits for its browser holds no connection.
    django_settings.DATABASES["default"]["CONN_MAX_AGE"] = 0


def pytest_collection_finish() -> None:
    # Modules and tests stay; to look through them for garbage takes a twenty-fifth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(autouse=True)
def _test_settings(settings: LazySettings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PLAIN_HTTP_HOSTS = {*settings.PLAIN_HTTP_HOSTS, "testserver"}
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Load the real roadmap once; every test finds it in the database, and it is rolled back to."""
    with django_db_blocker.unblock():
        clean.begin()


@pytest.fixture(scope="session", autouse=True)
def _quick_to_clean() -> Iterator[None]:
    """After a test with transactions, bring the database back our own way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: clean.restore())
        yield


@pytest.fixture
def roadmap(db: None) -> Manual:
    """The real roadmap, as its files have it."""
    clean.know_again()
    return manual()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(handle: str = "ada", **more: Any) -> User:
        more.setdefault("email", f"{handle}@example.org")
        more.setdefault("password", PASSWORD)
        return User.objects.create_user(handle, **more)

    return make


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest.fixture
def learner(user: User) -> Client:
    """A browser in which ada is logged in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("grace", "grace@example.org", PASSWORD))
    return client


@pytest.fixture
def content_editor(make_user: Callable[..., User]) -> Client:
    """A browser of lovelace, an editor and nothing else."""
    return browser_of(make_user("lovelace"), roles.EDITOR)


@pytest.fixture
def host(make_user: Callable[..., User]) -> Client:
    """A browser of hopper, a host."""
    return browser_of(make_user("hopper"), roles.HOST)


def browser_of(user: User, role: str) -> Client:
    roles.appoint(user, role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def tick(roadmap: Manual) -> Callable[..., None]:
    """Tick milestones for a person, by key, without a request."""

    def tick(user: User, *keys: str, on: dt.date = dt.date(2026, 3, 14)) -> None:
        for key in keys:
            milestone = roadmap.milestones[key]
            Completion.objects.of(user).tick(
                user,
                milestone=milestone.pk,
                revision=milestone.revision_pk,
                on=on,
                now=timezone.now(),
            )

    return tick


def empty_roadmap() -> None:
    """Empty the roadmap's tables, and what stands on them; the end of the test takes it back."""
    tables = ", ".join(f"roadmap_{kind}" for kind in [*TABLES, "loadedrow", "release"])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {tables} CASCADE")


def milestone(key: str) -> Milestone:
    return Milestone.objects.get(key=key)
