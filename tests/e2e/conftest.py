"""A real Chromium for the browser tests, found on the system."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import PASSWORD
from tests.e2e import chromium
from tests.e2e.tour import Tour

# Playwright's synchronous interface runs an event loop in this thread, which Django minds.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        assert not os.environ.get("CI"), "CI has to have a Chromium for the browser tests"
        pytest.skip("no Chromium on this machine; install chromium to run the browser tests")
    # In a thread with an event loop Django keeps other connections than in the same thread
    # without one; those of the other time would stay open, and the test database could not go.
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield browser
        browser.close()
        connections.close_all()


class Complaints(list[str]):
    """What a page's console and its requests had to say; a test that expects some clears it."""


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    complaints = Complaints()
    yield complaints
    assert complaints == []


@pytest.fixture
def open_context(
    browser: Browser, live_server: LiveServer, complaints: Complaints
) -> Iterator[Callable[..., BrowserContext]]:
    contexts: list[BrowserContext] = []

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=live_server.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        context.on("console", lambda message: complaints.append(f"console: {message.text}"))
        context.on("weberror", lambda error: complaints.append(f"error: {error.error}"))
        context.on(
            "response",
            lambda answer: (
                complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
            ),
        )
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()


@pytest.fixture(scope="class")
def tour(
    request: pytest.FixtureRequest,
    browser: Browser,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Tour]:
    """A site and a browser that a whole class of tests shares, made as the class says.

    Its rows are really in the database, and go away with everything else in it at the end.
    """
    with django_db_blocker.unblock(), Tour.begun(browser) as tour:
        request.cls.prepare(tour)
        tour.complaints.clear()
        yield tour


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


def sign_up(page: Page, handle: str = "ada") -> None:
    page.goto("/accounts/signup/")
    page.fill("[name=email]", f"{handle}@example.org")
    page.fill("[name=username]", handle)
    page.fill("[name=password1]", PASSWORD)
    page.locator("main form button[type=submit], main form button:not([type])").first.click()
    page.wait_for_url("**/")


def log_in(page: Page, handle: str = "ada") -> None:
    page.fill("[name=login]", handle)
    page.fill("[name=password]", PASSWORD)
    page.locator("main form[method=post] button").first.click()


def all_sent(page: Page) -> None:
    """Wait until no tick is under way or waits for its turn, in any tab."""
    page.wait_for_function(
        "() => navigator.locks.query().then(all => !all.held.length && !all.pending.length)"
    )
