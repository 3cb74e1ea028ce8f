"""A site with a browser in front of it, which many tests look at one after another."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.models import EmailAddress
from axe_playwright_python.base import AXE_SCRIPT
from django.core.cache import cache
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Response
from pytest_django.live_server_helper import LiveServer

from mastery.models import User
from tests import clean
from tests.conftest import PASSWORD
from tests.e2e.pages import Visit, judge, lines, wide

SETTINGS: dict[str, Any] = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    # A long tour is one visit: nobody has to show again who they are on the way.
    "ACCOUNT_REAUTHENTICATION_TIMEOUT": 3600,
}
# Before anything of the page runs: what the policy refuses is said on the console too.
REPORT = """addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});"""
# A third of axe's time goes into reading the same few colours again and again.
QUICKER_AXE = """{
  const color = axe.commons.color.Color.prototype, parse = color.parseString, known = new Map();
  color.parseString = function (text) {
    if (known.has(text)) return Object.assign(this, known.get(text));
    const { r, g, b, alpha } = parse.call(this, text);
    known.set(text, { r, g, b, alpha });
    return this;
  };
}"""

NOTED = "Failed to load resource: the server responded with a status of"

# What Chromium has to say about Django's own forms for people and passwords.
DESK_NOTES = (
    "console: [DOM] Password forms should have (optionally hidden) username fields",
    "console: [DOM] Input elements should have autocomplete attributes",
    "console: Autofocus processing was blocked because a document already has a focused element",
)


def watch(context: BrowserContext, home: str, complaints: list[str]) -> None:
    """Note whatever a person with the developer tools open would frown at."""
    context.add_init_script(REPORT)
    context.on("console", lambda said: complaints.append(f"console: {said.text}"))
    context.on("weberror", lambda error: complaints.append(f"error: {error.error}"))

    def requested(url: str) -> None:
        if not url.startswith((home, "data:", "blob:")):
            complaints.append(f"third party: {url}")

    def failed(url: str, why: str) -> None:
        if why != "net::ERR_ABORTED":  # whoever goes on to another page wants no more of this one
            complaints.append(f"{why} {url}")

    def answered(status: int, url: str) -> None:
        if status >= 400:
            complaints.append(f"{status} {url}")

    context.on("request", lambda request: requested(request.url))
    context.on("requestfailed", lambda request: failed(request.url, str(request.failure)))
    context.on("response", lambda answer: answered(answer.status, answer.url))


class Tour:
    """A running site, a page in front of it, and whoever is logged in there."""

    def __init__(self, browser: Browser, server: LiveServer) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.people: dict[str, User] = {}
        self.keys: dict[str, str] = {}
        self.handle = ""
        self.documents: list[Response] = []
        self.context = browser.new_context(base_url=server.url, reduced_motion="reduce")
        self.context.set_default_timeout(20_000)
        self.context.add_init_script(AXE_SCRIPT + QUICKER_AXE)
        watch(self.context, server.url, self.complaints)
        self.page = self.context.new_page()
        self.page.on("response", self._keep)
        self.still = browser.new_context(base_url=server.url, java_script_enabled=False)
        self.still.set_default_timeout(20_000)
        self.still_page: Page = self.still.new_page()

    @classmethod
    @contextmanager
    def begun(cls, browser: Browser) -> Iterator["Tour"]:
        with override_settings(**SETTINGS):
            server = LiveServer("localhost")
            try:
                tour = cls(browser, server)
                try:
                    yield tour
                finally:
                    tour.context.close()
                    tour.still.close()
            finally:
                server.stop()
                cache.clear()
                clean.restore()

    def _keep(self, answer: Response) -> None:
        if answer.request.is_navigation_request() and answer.frame == self.page.main_frame:
            self.documents.append(answer)

    def person(self, handle: str, *, password: str | None = PASSWORD, **more: Any) -> User:
        more.setdefault("time_zone_confirmed", True)
        email = f"{handle}@example.org"
        user = User.objects.create_user(handle, email, password, **more)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        self.let_in(user)
        return user

    def let_in(self, user: User) -> None:
        """Make a session for a person, as if they had just given their password."""
        client = Client()
        client.force_login(user)
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        self.people[user.handle] = user
        self.keys[user.handle] = str(session.session_key)

    def enter(self, handle: str) -> None:
        """Put somebody in front of the browser; nobody's handle stands for a visitor."""
        self.handle = handle
        for context in (self.context, self.still):
            context.clear_cookies()
            if handle:
                value, url = self.keys[handle], self.server.url
                context.add_cookies([{"name": "sessionid", "value": value, "url": url}])

    @property
    def user(self) -> User:
        return self.people[self.handle]

    def go(self, path: str) -> None:
        self.page.goto(path)

    def send(self, path: str, **fields: str) -> None:
        """Fill in the form of a page and send it, leaving the checks to the site."""
        self.page.goto(path)
        form = self.page.locator("main form[method=post]").first
        form.evaluate("form => form.noValidate = true")
        for name, value in fields.items():
            form.locator(f"[name={name}]").fill(value)
        with self.page.expect_navigation():
            form.locator("button[type=submit], button:not([type])").first.click()

    def open(self, visit: Visit) -> Response:
        """Come to the page of a visit; give the answer that brought it."""
        wide(self.page, 1280)
        self.documents.clear()
        self.complaints.clear()
        if visit.way:
            visit.way(self)
        else:
            self.page.goto(visit.path)
        answer = self.documents[-1]
        assert answer.status == visit.status, f"{answer.status} {answer.url}"
        assert visit.way or answer.url == self.server.url + visit.path, f"led on to {answer.url}"
        return answer

    def look(self, visit: Visit, *, still: bool = False) -> None:
        """Visit a page, and hold it to everything that a page is held to.

        ``still`` also compares it with itself without JavaScript.
        """
        handle = self.handle
        answer = self.open(visit)
        found = judge(self.page, answer, visit)
        self.page.evaluate("0")  # whatever the page has said until now has arrived
        noted: tuple[str, ...] = () if visit.ours else DESK_NOTES
        if visit.status >= 400:
            # An error page is what was wanted here; the browser notes it all the same.
            noted += (f"{visit.status} {answer.url}", f"console: {NOTED} {visit.status}")
        found += [said for said in self.complaints if not said.startswith(noted)]
        if still:
            found += self.lost_without_scripts(visit)
        self.enter(handle)  # the way may have logged somebody in, or out
        assert found == [], "\n".join(["", answer.url, *found])

    def lost_without_scripts(self, visit: Visit) -> list[str]:
        """Visit the page that is open with JavaScript off too; give the lines it lacks there."""
        wide(self.page, 1280)
        self.still_page.goto(visit.path)
        wanted, still = lines(self.page), set(lines(self.still_page))
        assert len(wanted) > 10
        return [f"not there without JavaScript: {line}" for line in wanted if line not in still]
