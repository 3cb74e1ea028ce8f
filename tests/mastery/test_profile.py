import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import html5lib
import pytest
from django.test import Client
from django.utils import timezone

from journal.models import Entry, Writing
from mastery.models import User

pytestmark = pytest.mark.usefixtures("roadmap")

PAGE = "/settings/profile/"
GOOD: dict[str, Any] = {
    "profile_is_public": "on",
    "name": "Ada Lovelace",
    "about": "Notes on **engines**.",
    "links": "https://ada.example/\nhttp://social.example/@ada",
}
LINKS = ["https://ada.example/", "http://social.example/@ada"]


def publish(user: User, **words: Any) -> Entry:
    words.setdefault("tried", "Adam.")
    writing = Writing(day=dt.date(2026, 3, 14), **words)
    (entry,) = Entry.objects.add(user, [writing], now=timezone.now(), visibility="public")
    return entry


def chosen(user: User) -> list[Any]:
    user.refresh_from_db()
    return [user.profile_is_public, user.name, user.about, user.links]


# The page


@pytest.mark.parametrize(
    ("switched_on", "entries", "status", "name", "log"),
    [
        (False, False, 404, False, False),
        (False, True, 200, False, True),
        (True, False, 200, True, False),
        (True, True, 200, True, True),
    ],
)
def test_a_profile_shows_what_its_person_decided_to_show(
    switched_on: bool,
    entries: bool,
    status: int,
    name: bool,
    log: bool,
    client: Client,
    user: User,
) -> None:
    User.objects.update(
        profile_is_public=switched_on, name="Ada Lovelace", about="On **engines**.", links=LINKS
    )
    if entries:
        publish(user, title="A title", tags=("adam",))
    response = client.get("/@ada/")
    page = response.content.decode()
    assert response.status_code == status
    for private in ("Ada Lovelace", "<strong>engines</strong>", *LINKS):
        assert (private in page) == name
    for part in ("A title", "/@ada/log/", "/@ada/tags/adam/", "application/atom+xml"):
        assert (part in page) == log
    assert client.get("/@ada/log/").status_code == (200 if log else 404)
    assert client.get("/@ada/feed.atom").status_code == (200 if log else 404)
    assert "ada@example.org" not in page


def test_headings_of_the_text_about_a_person_follow_their_name(client: Client, user: User) -> None:
    User.objects.update(profile_is_public=True, about="# Engines\n\n## Analytical")
    page = client.get("/@ada/").content.decode()
    assert [part[0] for part in page.split("<h")[1:] if part[0] in "123456"] == ["1", "2", "3"]


def test_links_say_that_they_are_the_persons_own(client: Client, user: User) -> None:
    User.objects.update(profile_is_public=True, links=LINKS)
    page = client.get("/@ada/").content.decode()
    for url in LINKS:
        assert f'<a href="{url}" rel="me nofollow noopener">' in page


def test_the_name_stands_on_public_pages_only_while_the_profile_is_on(
    client: Client, user: User
) -> None:
    User.objects.update(name="Ada Lovelace")
    entry = publish(user)
    paths = ["/@ada/", "/@ada/log/", "/@ada/feed.atom", entry.public_path]
    assert not any("Lovelace" in client.get(path).content.decode() for path in paths)
    User.objects.update(profile_is_public=True)
    assert all("Lovelace" in client.get(path).content.decode() for path in paths)


def test_switching_the_profile_off_takes_it_away_at_once(client: Client, user: User) -> None:
    User.objects.update(profile_is_public=True)
    held = {"if-none-match": client.get("/@ada/")["ETag"]}
    assert client.get("/@ada/", headers=held).status_code == 304
    User.objects.update(profile_is_public=False)
    assert client.get("/@ada/", headers=held).status_code == 404


def test_an_inactive_person_has_no_profile(client: Client, user: User) -> None:
    User.objects.update(profile_is_public=True, is_active=False)
    assert client.get("/@ada/").status_code == 404


# Hostile words

VECTORS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "' onmouseover='alert(1)",
    "`</code><script>alert(1)</script>`",
    "$\\href{javascript:alert(1)}{x}$",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
FIELDS = ["title", "tried", "happened", "learned", "next"]


def running(client: Client, *paths: str) -> dict[str, list[str]]:
    """Give what would run of the pages at these addresses and of the feed, where anything would."""
    found = {}
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200
        found[path] = active(response.content.decode())
    for content in contents(client.get("/@ada/feed.atom").content):
        found.setdefault("feed", []).extend(active(content))
    return {path: what for path, what in found.items() if what}


@pytest.mark.parametrize("vector", VECTORS)
def test_words_about_a_person_stay_words(vector: str, client: Client, user: User) -> None:
    # As if they had come past the form.
    User.objects.update(profile_is_public=True, name=vector, about=vector, links=[vector])
    entry = publish(user, tags=("adam",))
    pages = ("/@ada/", "/@ada/log/", "/@ada/tags/adam/", entry.public_path)
    assert running(client, *pages) == {}


@pytest.mark.parametrize("field", FIELDS)
def test_words_of_entries_stay_words(field: str, client: Client, user: User) -> None:
    entries = [publish(user, tags=("adam",), **{field: vector}) for vector in VECTORS]
    pages = ("/@ada/", "/@ada/log/", "/@ada/tags/adam/")
    assert running(client, *pages, *(entry.public_path for entry in entries)) == {}


def active(html: str) -> list[str]:
    """Give what a browser would run or fetch of a page that is not the site's own."""
    found = []
    for element in html5lib.parse(html, namespaceHTMLElements=False).iter():
        tag = str(element.tag)
        if tag in {"script", "iframe", "object", "embed", "base", "form", "style"}:
            if tag == "form" and element.get("action") == "/theme/":
                continue
            if not (tag == "script" and str(element.get("src", "")).startswith("/static/")):
                found.append(tag)
        for name, value in element.attrib.items():
            # Browsers leave out white space and control characters before they look at it.
            address = re.sub(r"[\x00-\x20]", "", str(value)).lower()
            if str(name).startswith("on"):
                found.append(f"{tag} {name}")
            scheme = re.match(r"[^/?#:]*:", address)
            ours = address.startswith(("https:", "http:", "data:image/svg+xml,%3csvg"))
            if name in {"href", "src", "action"} and scheme and not ours:
                found.append(f"{tag} {name}={value}")
        if tag in {"img", "svg"} and element.get("src", "/") == "x":
            found.append(tag)
    return found


def contents(feed: bytes) -> list[str]:
    """Give what a feed reader shows, which is HTML once more."""
    tree = ElementTree.fromstring(feed)  # noqa: S314  (our own)
    return [element.text or "" for element in tree.iter("{http://www.w3.org/2005/Atom}content")]


# The form


def test_the_form_shows_what_is_set(learner: Client, user: User) -> None:
    User.objects.update(profile_is_public=True, name="Ada", about="x", links=LINKS)
    page = learner.get(PAGE).content.decode()
    assert 'value="Ada"' in page
    assert "\n".join(LINKS) in page
    assert " checked" in page


def test_what_is_filled_in_is_kept(learner: Client, user: User) -> None:
    response = learner.post(PAGE, GOOD, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "Your profile is saved." in response.content.decode()
    assert chosen(user) == [True, "Ada Lovelace", "Notes on **engines**.", LINKS]
    learner.post(PAGE, GOOD)
    assert chosen(user) == [True, "Ada Lovelace", "Notes on **engines**.", LINKS]


def test_everything_may_be_emptied(learner: Client, user: User) -> None:
    learner.post(PAGE, GOOD)
    empty = {"name": "", "about": "", "links": ""}
    assert learner.post(PAGE, empty).status_code == 302
    assert chosen(user) == [False, "", "", []]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada.example", ["https://ada.example"]),
        ("  https://ada.example/x?y=z#w \r\n\r\n", ["https://ada.example/x?y=z#w"]),
        ("https://ada.example\nhttps://ada.example", ["https://ada.example"]),
        ("https://social.example/@ada", ["https://social.example/@ada"]),
        ("http://bücher.example/", ["http://bücher.example/"]),
    ],
)
def test_a_link_is_an_address_on_the_web(
    typed: str, kept: list[str], learner: Client, user: User
) -> None:
    assert learner.post(PAGE, {**GOOD, "links": typed}).status_code == 302
    assert chosen(user)[3] == kept


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "x" * 81, "at most 80 characters"),
        ("name", "a\0b", "Null characters are not allowed."),
        ("about", "x" * 2001, "at most 2000 characters"),
        ("links", "javascript:alert(1)", "Line 1:"),
        ("links", "https://ada.example\nmailto:ada@example.org", "Line 2:"),
        ("links", "ftp://ada.example/", "Line 1:"),
        ("links", "data:text/html,x", "Line 1:"),
        ("links", "https://bank.example@evil.example/", "Line 1:"),
        ("links", "https://", "Line 1:"),
        ("links", "http://[::1", "Line 1:"),
        ("links", "two words", "Line 1:"),
        ("links", f"https://ada.example/{'x' * 200}", "Line 1: an address has at most 200"),
        (
            "links",
            "\n".join(f"https://a{n}.example" for n in range(7)),
            "These are 7 links; 6 fit.",
        ),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_kept_in_the_form(
    field: str, value: str, says: str, learner: Client, user: User
) -> None:
    response = learner.post(PAGE, {**GOOD, field: value})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert says in page
    assert "Ada Lovelace" in page or field == "name"
    assert chosen(user) == [False, "", "", []]


def test_every_wrong_line_is_named(learner: Client) -> None:
    page = learner.post(PAGE, {**GOOD, "links": "x y\n\nhttps://ada.example\n<b>"})
    assert "Line 1: “x y”" in page.content.decode()
    assert "Line 4: “&lt;b&gt;”" in page.content.decode()


def test_a_preview_shows_what_strangers_would_see_and_saves_nothing(
    learner: Client, client: Client, user: User
) -> None:
    page = learner.post(PAGE, {**GOOD, "preview": "1"}).content.decode()
    assert "<strong>engines</strong>" in page
    assert 'rel="me nofollow noopener"' in page
    assert "Notes on **engines**." in page
    assert chosen(user) == [False, "", "", []]
    assert client.get("/@ada/").status_code == 404


def test_who_shows_nothing_is_told_so_and_how_to_begin(learner: Client, user: User) -> None:
    page = learner.get(PAGE).content.decode()
    assert "You have no public entries yet." in page
    assert 'href="/journal/new/"' in page
    assert "answers as if there were no such account" in page
    publish(user, title="A title")
    page = learner.get(PAGE).content.decode()
    assert "You have no public entries yet." not in page
    assert "A title" in page
    assert 'href="/@ada/"' in page


def test_a_strangers_form_changes_nothing(client: Client, user: User) -> None:
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    assert client.post(PAGE, GOOD).status_code == 403  # with the words to be sent again
    assert client.post(PAGE, {**GOOD, "about": ""}).status_code == 303
    assert chosen(user) == [False, "", "", []]


def test_nothing_else_of_the_account_and_nobody_else_is_touched(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    other = make_user("grace")
    more = {"handle": "root", "email": "x@example.org", "is_staff": "1", "pk": other.pk}
    learner.post(PAGE, {**GOOD, **more})
    user.refresh_from_db()
    assert (user.handle, user.email, user.is_staff) == ("ada", "ada@example.org", False)
    assert chosen(other) == [False, "", "", []]
