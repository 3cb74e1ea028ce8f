"""Every page of the log in every state, held to what every page is held to."""

import datetime as dt
import io
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from journal.demo import make_log
from journal.models import Draft, Entry, Writing
from mastery.models import ApiToken, User
from tests.e2e.pages import Visit
from tests.e2e.ticks import WORD
from tests.e2e.tour import Tour

pytestmark = pytest.mark.django_db

REWRITTEN = "Depth against width at 6 M parameters"
LOG = """# Notes

## 2026-03-14: A day
### Tried
Something.

## 2026-02-30
A day that never was.
"""


def at(name: str, *more: str, title: str = REWRITTEN) -> Visit:
    """Visit a page of one entry, found by its title."""

    def way(tour: Tour) -> None:
        entry = Entry.objects.of(tour.user).get(title=title)
        tour.go(reverse(name, args=[entry.code]) + "".join(more))

    return Visit(name, " ".join(more), way=way)


def sent(name: str, state: str, **fields: str) -> Visit:
    return Visit(name, state, status=422, way=lambda tour: tour.send(reverse(name), **fields))


def send_as_a_browser_does(tour: Tour, **fields: str) -> None:
    """Send the entry's form without the editor's help, which would stay on the page."""
    for name, value in fields.items():
        tour.page.fill(f"[name={name}]", value)
    with tour.page.expect_navigation():
        tour.page.evaluate("""() => {
          document.querySelector("entry-editor").left = true;  // so that it asks nothing
          HTMLFormElement.prototype.submit.call(document.forms["entry-form"]);
        }""")


def with_mistakes(tour: Tour) -> None:
    tour.go(reverse("new_entry"))
    send_as_a_browser_does(tour, date="2026-03-14", title="Nothing in it")


def in_conflict(tour: Tour) -> None:
    """Save what was begun from the first revision of an entry that has a second."""
    entry = Entry.objects.of(tour.user).get(title=REWRITTEN)
    tour.go(reverse("edit_entry", args=[entry.code]))
    tour.page.evaluate("document.querySelector('[name=began_from]').value = '1'")
    send_as_a_browser_does(tour, learned="Something else altogether.")


def own(name: str, **given: str) -> Callable[[Tour], None]:
    def way(tour: Tour) -> None:
        entry = Entry.objects.of(tour.user).public().first()
        assert entry
        args = {"handle": tour.user.handle, "code": entry.code, **given}
        wanted = {key: args[key] for key in ("handle", "code", "ending", "tag") if key in args}
        if name in {"profile", "public_log"}:
            wanted = {"handle": args["handle"]}
        if name == "public_entry":
            tour.go(entry.public_path)
            return
        if name == "public_tag":
            wanted.pop("code")
        tour.go(reverse(name, kwargs=wanted))

    return way


def dry_run(tour: Tour) -> None:
    tour.go(reverse("import_log"))
    tour.page.fill("[name=text]", LOG)
    with tour.page.expect_navigation():
        tour.page.locator("main form[method=post] button:not([type=button])").first.click()


def at_draft(tour: Tour) -> None:
    draft = Draft.objects.of(tour.user).open().first()
    assert draft
    tour.go(reverse("draft", args=[draft.code]))


KEEPING = [
    Visit("home"),
    Visit("journal"),
    Visit("journal", query="?q=seeds"),
    Visit("journal", "nothing found", query="?q=nothing-like-it"),
    Visit("journal", query="?tag=training"),
    Visit("journal", query="?milestone=p2-0"),
    Visit("tags"),
    Visit("new_entry"),
    Visit("new_entry", query="?milestone=p1-2"),
    at("entry"),
    at("edit_entry"),
    at("entry_history"),
    at("entry_history", "?from=1&to=2"),
    Visit("draft", way=at_draft),
    Visit("journal_bin"),
    Visit("import_log"),
    Visit("upload_picture"),
    Visit("tokens"),
    Visit("profile_settings"),
    Visit("profile", way=own("profile")),
    Visit("public_log", way=own("public_log")),
    Visit("public_entry", way=own("public_entry")),
    Visit("public_tag", way=own("public_tag", tag="transformer")),
    Visit("api_guide"),
]
KEEPING_SENDING = [
    Visit("new_entry", "with mistakes", way=with_mistakes, status=422),
    sent("import_log", "empty"),
    Visit("import_check", way=dry_run),
    Visit("edit_entry", "in conflict", way=in_conflict, status=409),
    at("entry", title=WORD),
    Visit("delete_for_good", way=lambda tour: tour.go(
        reverse("delete_for_good", args=[Entry.objects.of(tour.user).binned()[0].code]))),
]  # fmt: skip


def browser_of(user: User) -> Client:
    # By the name of this machine: others are sent on to https.
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def picture(user: User) -> None:
    client, data = browser_of(user), io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(data, "PNG")
    file = SimpleUploadedFile("plot.png", data.getvalue(), "image/png")
    client.post(reverse("upload_picture"), {"picture": file})


class TestKeeperOfALog:
    @staticmethod
    def prepare(tour: Tour) -> None:
        user = tour.person("grace")
        make_log(user)
        now = timezone.now()
        entry = Entry.objects.of(user).get(title=REWRITTEN)
        better = Writing(**{**vars(entry.writing()), "learned": "Depth matters little here."})
        entry.rewrite(better, began_from=1, now=now)
        long = Writing(day=dt.date(2026, 3, 1), title=WORD, tried=f"{WORD} `{WORD}`", tags=("x",))
        Entry.objects.add(user, [long], now=now)
        binned = Writing(day=dt.date(2026, 3, 2), title="Away", tried="With it.")
        (away,) = Entry.objects.add(user, [binned], now=now)
        away.put_in_bin(now=now)
        picture(user)
        ApiToken.objects.grant(user, name="Training box", scope="write")
        tour.enter("grace")
        fields = {"tried": "Half a sentence", "date": "2026-03-14"}
        browser_of(user).post(reverse("autosave"), fields)

    @pytest.mark.parametrize("visit", KEEPING + KEEPING_SENDING, ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)


NEW = [
    Visit("journal"),
    Visit("tags"),
    Visit("journal_bin"),
    Visit("upload_picture"),
    Visit("tokens"),
    Visit("profile_settings"),
]


class TestBeginnerWithoutALog:
    @staticmethod
    def prepare(tour: Tour) -> None:
        tour.person("ada")
        tour.enter("ada")

    @pytest.mark.parametrize("visit", [*NEW, Visit("api_guide")], ids=str)
    def test_a_page_is_in_order_with_scripts_and_without(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit, still=True)


VISITS = [*KEEPING, *KEEPING_SENDING, *NEW]
