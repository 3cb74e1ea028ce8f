"""What a page costs a visitor who comes for the first time, as ``serve`` sends it."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser

from roadmap.content import CONTENT
from tests.database import folder
from tests.mastery.test_serve import Site

# Only so that there is a database, for the site to serve.
pytestmark = pytest.mark.django_db

MOST_BYTES = 60_000  # over the wire, headers included
MOST_REQUESTS = 8
FILES = sorted((CONTENT / "phases").glob("*.yaml"), key=lambda file: file.stat().st_size)
LONGEST_PHASES = [file.stem for file in FILES[-3:]]


@pytest.fixture(scope="module")
def site(django_db_setup: None, browser: Browser) -> Iterator[Site]:
    """One that serves the tests' own database, which has its tables and the roadmap already."""
    name = str(connection.settings_dict["NAME"])
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with folder() as data:
        site = Site(data, DATABASE_URL=address)
        try:
            yield site
            assert site.stop(signal.SIGTERM) == 0
        finally:
            site.kill()


def received(browser: Browser, site: Site, path: str) -> dict[str, int]:
    """Visit a page with nothing cached; give what came for each request, in bytes."""
    context = browser.new_context()
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    asked: dict[str, str] = {}
    came: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            asked[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in asked:
            came[asked[event["requestId"]]] = int(event["encodedDataLength"])

    devtools.on("Network.requestWillBeSent", sent)
    devtools.on("Network.loadingFinished", finished)
    devtools.send("Network.enable")
    page.goto(f"http://127.0.0.1:{site.port}{path}", wait_until="networkidle")
    page.evaluate("document.fonts.ready.then(() => 0)")
    deadline = time.monotonic() + 10
    while set(came) != set(asked.values()):  # the icon comes when the page is there
        assert time.monotonic() < deadline, set(asked.values()) - set(came)
        page.wait_for_timeout(20)
    context.close()
    return came


@pytest.mark.parametrize("slug", LONGEST_PHASES)
def test_a_phase_page_is_light_for_a_first_visit(browser: Browser, site: Site, slug: str) -> None:
    came = received(browser, site, f"/roadmap/{slug}/")
    table = "\n".join(f"{size:6} {url}" for url, size in came.items())
    assert len(came) <= MOST_REQUESTS, f"{len(came)} requests\n{table}"
    assert sum(came.values()) <= MOST_BYTES, f"{sum(came.values())} bytes\n{table}"
    assert all(url.startswith(f"http://127.0.0.1:{site.port}/") for url in came), table
    assert any(url.endswith(".woff2") for url in came), table
