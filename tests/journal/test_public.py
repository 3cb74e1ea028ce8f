import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal.keyset import Place
from journal.models import Entry, Writing
from mastery.models import User

pytestmark = pytest.mark.usefixtures("roadmap")

DAY = dt.date(2026, 3, 14)
LONG_AGO = str(Place(dt.date(1980, 1, 1), 1))


def publish(user: User, *, visibility: str = "public", day: dt.date = DAY, **words: Any) -> Entry:
    words.setdefault("title", "Warm-up matters")
    words.setdefault("tried", "Adam with **warm-up**.")
    words.setdefault("tags", ("adam",))
    writing = Writing(day=day, **words)
    (entry,) = Entry.objects.add(user, [writing], now=timezone.now(), visibility=visibility)
    return entry


def hide(entry: Entry) -> None:
    entry.show_to("private", now=timezone.now())


def settle(user: User) -> User:
    """Make an account so old that search engines may have it."""
    user.date_joined = timezone.now() - dt.timedelta(days=8)
    user.save()
    return user


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


LISTS = ["/@ada/", "/@ada/log/", "/@ada/tags/adam/", "/@ada/feed.atom", "/@ada/tags/adam/feed.atom"]


# What is public


def test_a_public_entry_stands_in_every_list_for_a_stranger(client: Client, user: User) -> None:
    entry = publish(user)
    for path in LISTS:
        page = shown(client, path)
        assert "Warm-up matters" in page, path
        assert entry.public_path in page, path


def test_the_entry_is_read_under_its_own_address(client: Client, user: User) -> None:
    entry = publish(user, milestones=("p1-0",), learned="Bias correction is not enough.")
    page = shown(client, f"/@ada/log/{entry.code}-warm-up-matters/")
    assert "<strong>warm-up</strong>" in page
    assert "Bias correction is not enough." in page
    assert '<time datetime="2026-03-14">14 March 2026</time>' in page
    assert 'href="/@ada/tags/adam/"' in page
    assert "#milestone-p1-0" in page


def test_how_long_it_took_is_nobodys_affair(client: Client, user: User) -> None:
    entry = publish(user, minutes=733, build_work=True)
    for path in [*LISTS, entry.public_path]:
        page = shown(client, path)
        assert "733" not in page
        assert "build" not in page.lower()


def test_an_entry_without_a_title_goes_by_its_day(client: Client, user: User) -> None:
    entry = publish(user, title="")
    assert entry.public_path == f"/@ada/log/{entry.code}-2026-03-14/"
    page = shown(client, entry.public_path)
    assert '<h1 id="title"><time datetime="2026-03-14">14 March 2026</time></h1>' in page
    assert "Adam with warm-up." in shown(client, "/@ada/")


def test_the_newest_day_comes_first_whenever_it_was_written(client: Client, user: User) -> None:
    publish(user, title="Later", day=DAY)
    publish(user, title="Earlier", day=DAY - dt.timedelta(days=1))
    publish(user, title="Same day, after", day=DAY)
    page = shown(client, "/@ada/log/")
    assert re.findall(r"<bdi>(.*?)</bdi></a></h2>", page) == ["Same day, after", "Later", "Earlier"]


def test_entries_have_their_neighbours(client: Client, user: User) -> None:
    first, second, third = (publish(user, title=f"n{number}") for number in (1, 2, 3))
    publish(user, title="hidden", visibility="private")
    publish(user, title="linked", visibility="unlisted")
    page = shown(client, second.public_path)
    assert re.findall(r'<a rel="(\w+)" href="([^"]+)"', page) == [
        ("prev", first.public_path),
        ("next", third.public_path),
    ]
    assert 'rel="next"' not in shown(client, third.public_path)


# Addresses


@pytest.mark.parametrize("ending", ["", "/", "-/", "-something-else/", "-Warm-Up-Matters/"])
def test_a_wrong_or_missing_slug_leads_to_the_right_one(
    ending: str, client: Client, user: User
) -> None:
    entry = publish(user)
    response = client.get(f"/@ada/log/{entry.code}{ending}", follow=True)
    assert response.redirect_chain[-1] == (entry.public_path, 301)
    assert "no-cache" in client.get(f"/@ada/log/{entry.code}")["Cache-Control"]


def test_the_slug_follows_the_title(client: Client, user: User) -> None:
    entry = publish(user)
    old = entry.public_path
    writing = Writing(**{**vars(entry.writing()), "title": "Ångström & co"})
    entry.rewrite(writing, began_from=1, now=timezone.now())
    response = client.get(old)
    assert (response.status_code, response["Location"]) == (
        301,
        f"/@ada/log/{entry.code}-angstrom-co/",
    )


@pytest.mark.parametrize("path", ["/@grace/log/{}", "/@grace/log/{}-warm-up-matters/"])
def test_the_wrong_handle_leads_nowhere(
    path: str, client: Client, user: User, make_user: Callable[..., User]
) -> None:
    publish(make_user("grace"))
    entry = publish(user)
    assert client.get(path.format(entry.code)).status_code == 404


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/@Ada/", "/@ada/"),
        ("/@ADA/log/?before=2026-03-14.7", "/@ada/log/?before=2026-03-14.7"),
        ("/@Nobody/feed.atom", "/@nobody/feed.atom"),
    ],
)
def test_a_handle_in_capitals_is_the_one_in_lower_case(
    typed: str, meant: str, client: Client, user: User
) -> None:
    response = client.get(typed)
    assert (response.status_code, response["Location"]) == (301, meant)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_public_pages_are_only_read(method: str, client: Client, user: User) -> None:
    entry = publish(user)
    for path in [*LISTS, entry.public_path]:
        assert getattr(client, method)(path).status_code == 405


# What is not public


def not_found(client: Client, path: str, handle: str = "ada") -> tuple[str, dict[str, str]]:
    """Give body and headers of a 404, with the handle taken out of it."""
    response = client.get(path)
    assert response.status_code == 404, path
    headers = {name: value for name, value in response.items() if name != "Content-Length"}
    assert not response.cookies
    return response.content.decode().replace(f"@{handle}", "@"), headers


@pytest.mark.parametrize("state", ["nothing", "private", "unlisted", "binned", "inactive"])
def test_without_public_entries_an_account_is_like_none(
    state: str, client: Client, user: User
) -> None:
    if state in {"private", "unlisted"}:
        publish(user, visibility=state)
    if state == "binned":
        publish(user).put_in_bin(now=timezone.now())
    if state == "inactive":
        publish(user)
        User.objects.update(is_active=False, profile_is_public=True)
    for path in LISTS:
        never = not_found(client, path.replace("@ada", "@nobody"), "nobody")
        assert not_found(client, path) == never, path


def test_a_missing_account_takes_as_many_questions_as_a_silent_one(
    client: Client, user: User
) -> None:
    publish(user, visibility="private")
    for path in [*LISTS, *(path.replace("@ada", "@nobody") for path in LISTS)]:
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        assert len(queries) == 1, path


@pytest.mark.parametrize("who", ["anonymous", "another", "owner"])
def test_a_private_entry_is_like_none_that_ever_was(
    who: str, client: Client, learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    publish(user, title="Another, which is public")
    entry = publish(user, visibility="private")
    reader = {"anonymous": client, "another": Client(), "owner": learner}[who]
    if who == "another":
        reader.force_login(make_user("grace"))
    for path in (entry.public_path, f"/@ada/log/{entry.code}", f"/@ada/log/{entry.code}-x/"):
        assert reader.get(path).status_code == 404
    assert "Warm-up matters" not in shown(reader, "/@ada/log/")


def test_an_inactive_persons_entry_is_gone(client: Client, user: User) -> None:
    entry = publish(user, visibility="unlisted")
    assert client.get(entry.public_path).status_code == 200
    User.objects.update(is_active=False)
    assert client.get(entry.public_path).status_code == 404


def test_an_unlisted_entry_is_there_for_whoever_has_the_link_and_nowhere_else(
    client: Client, user: User
) -> None:
    settle(user)
    publish(user, title="Public")
    entry = publish(user, title="By link", visibility="unlisted", tags=("adam", "hushed"))
    response = client.get(entry.public_path)
    page = response.content.decode()
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page
    for absent in ("application/atom+xml", 'rel="prev"', 'rel="next"', "/tags/"):
        assert absent not in page
    assert response["Referrer-Policy"] == "same-origin", "nobody else is told the address"
    for path in LISTS:
        listing = shown(client, path)
        assert not any(word in listing for word in ("By link", "hushed", entry.code)), path
    assert re.search(r"on </span>(\d+)<", shown(client, "/@ada/"))[1] == "1"  # type: ignore[index]
    assert client.get("/@ada/tags/hushed/").status_code == 404
    assert client.get("/@ada/tags/hushed/feed.atom").status_code == 404


def test_an_unlisted_entry_gives_no_profile_away(client: Client, user: User) -> None:
    User.objects.update(name="Ada Lovelace")
    page = shown(client, publish(user, visibility="unlisted").public_path)
    assert "Lovelace" not in page
    assert 'href="/@ada/"' not in page


# Changing one's mind


WAYS: dict[str, Callable[[Entry], object]] = {
    "private": hide,
    "unlisted": lambda entry: entry.show_to("unlisted", now=timezone.now()),
    "bin": lambda entry: entry.put_in_bin(now=timezone.now()),
    "delete": lambda entry: entry.delete(),
}


@pytest.mark.parametrize("other", [False, True], ids=["anonymous", "another"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_taken_back_is_gone_from_everywhere_at_once(
    way: str, other: bool, client: Client, user: User, make_user: Callable[..., User]
) -> None:
    if other:
        client.force_login(make_user("grace"))
    stays = publish(user, title="This one stays")
    entry = publish(user, title="This one goes", day=DAY + dt.timedelta(days=1))
    paths = [*LISTS, entry.public_path, stays.public_path]
    before = {path: client.get(path) for path in paths}
    assert all("This one goes" in before[path].content.decode() for path in paths)
    WAYS[way](entry)
    for path in paths:
        held = {"if-none-match": before[path]["ETag"]}
        if since := before[path].headers.get("Last-Modified"):
            dated = client.get(path, headers={"if-modified-since": since})
            assert dated.status_code == 200, path
            assert "This one goes" not in dated.content.decode()
        answer = client.get(path, headers=held)
        if path == entry.public_path:
            assert answer.status_code == (200 if way == "unlisted" else 404)
            continue
        assert answer.status_code == 200, path
        assert "This one goes" not in answer.content.decode()
        assert entry.code not in answer.content.decode()


@pytest.mark.parametrize("action", ["visibility", "delete", "edit"])
def test_the_owners_own_forms_take_it_back_at_once(
    action: str, client: Client, learner: Client, user: User
) -> None:
    stays = publish(user, title="This one stays")
    entry = publish(user, title="This one goes", day=DAY + dt.timedelta(days=1))
    paths = [*LISTS, stays.public_path]
    assert all("This one goes" in shown(client, path) for path in paths)
    fields = {"title": "This one goes", "date": "2026-03-15", "tried": "Adam.", "tags": "adam",
              "visibility": "private", "shown_to": "public", "began_from": "1"}  # fmt: skip
    response = learner.post(f"/journal/{entry.code}/{action}/", fields)
    assert response.status_code in {302, 303}
    assert client.get(entry.public_path).status_code == 404
    assert not any("This one goes" in shown(client, path) for path in paths)


@pytest.mark.parametrize("way", WAYS)
def test_with_the_last_public_entry_the_log_is_gone(way: str, client: Client, user: User) -> None:
    entry = publish(user)
    before = {path: client.get(path) for path in LISTS}
    WAYS[way](entry)
    for path in LISTS:
        held = {"if-none-match": before[path]["ETag"]}
        assert client.get(path, headers=held).status_code == 404
        assert client.get(path, headers={"if-none-match": "*"}).status_code == 404


def test_a_tag_without_public_entries_has_no_further_pages_either(
    client: Client, user: User
) -> None:
    publish(user)
    publish(user, tags=("secret",), visibility="private")
    for tag in ("secret", "never"):
        assert client.get(f"/@ada/tags/{tag}/?before={LONG_AGO}").status_code == 404
    assert client.get(f"/@ada/tags/adam/?before={LONG_AGO}").status_code == 200


def test_headings_of_an_entry_leave_no_level_out(client: Client, user: User) -> None:
    entry = publish(user, tried="# One\n\n## Two", learned="# Three")
    levels = re.findall(r"<h([1-6])", shown(client, entry.public_path))
    assert levels == ["1", "2", "3", "4", "5", "3", "4"]


def test_a_tag_taken_off_is_off_the_tags_page(client: Client, user: User) -> None:
    publish(user, title="Stays")
    entry = publish(user, title="Goes")
    writing = Writing(**{**vars(entry.writing()), "tags": ("sgd",)})
    entry.rewrite(writing, began_from=1, now=timezone.now())
    for path in ("/@ada/tags/adam/", "/@ada/tags/adam/feed.atom"):
        assert "Goes" not in shown(client, path)
    assert "Goes" in shown(client, "/@ada/tags/sgd/")


def test_who_holds_the_page_as_it_is_is_told_so(client: Client, user: User) -> None:
    for path in [*LISTS, publish(user).public_path]:
        first = client.get(path, headers={"accept-encoding": "gzip"})
        assert first["Cache-Control"] == "no-cache"
        held = {"accept-encoding": "gzip", "if-none-match": first["ETag"]}
        again = client.get(path, headers=held)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("Cache-Control", "ETag", "Vary"):
            assert again[name] == first[name], path


def test_a_page_with_somebody_logged_in_is_kept_by_no_shared_cache(
    learner: Client, user: User
) -> None:
    entry = publish(user)
    for path in ["/@ada/", "/@ada/log/", "/@ada/tags/adam/", entry.public_path]:
        response = learner.get(path)
        assert response["Cache-Control"] == "private, no-cache"
        assert "Cookie" in response["Vary"]
    assert "Cookie" not in learner.get("/@ada/feed.atom")["Vary"]


def test_a_visitor_gets_no_cookie(client: Client, user: User) -> None:
    entry = publish(user)
    for path in [*LISTS, entry.public_path]:
        response = client.get(path)
        assert not response.cookies
        if not path.endswith(".atom"):
            assert "Cookie" in response["Vary"]


# The owner's bar


def test_only_the_owner_is_told_that_the_page_is_theirs(
    client: Client, learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    entry = publish(user)
    other = Client()
    other.force_login(make_user("grace"))
    for path in ["/@ada/", "/@ada/log/", "/@ada/tags/adam/", entry.public_path]:
        assert "public-bar" in shown(learner, path)
        assert "public-bar" not in shown(client, path)
        assert "public-bar" not in shown(other, path)
    assert f"/journal/{entry.code}/edit/" in shown(learner, entry.public_path)


# Search engines


@pytest.mark.parametrize(("seconds", "indexed"), [(-1, False), (0, True)])
def test_an_account_is_for_search_engines_after_a_week(
    seconds: int, indexed: bool, client: Client, user: User
) -> None:
    entry = publish(user)
    then = user.date_joined + dt.timedelta(days=7, seconds=seconds)
    with time_machine.travel(then, tick=False):
        for path in [*LISTS, entry.public_path]:
            response = client.get(path)
            assert response.headers.get("X-Robots-Tag") == (None if indexed else "noindex"), path
            if not path.endswith(".atom"):
                wanted = "index, follow" if indexed else "noindex"
                assert f'<meta name="robots" content="{wanted}">' in response.content.decode()


def test_a_shared_link_says_what_the_entry_says(client: Client, user: User) -> None:
    entry = publish(
        user, title="Q & A", tried="*What* of `lr < 3e-4` & [this](https://example.org)?"
    )
    page = shown(client, entry.public_path)
    assert '<meta property="og:title" content="Q &amp; A · ada">' in page
    said = '<meta property="og:description" content="What of lr &lt; 3e-4 &amp; this?">'
    assert said in page
    assert '<meta property="og:type" content="article">' in page
    assert f'<link rel="canonical" href="http://localhost:8000{entry.public_path}">' in page


def test_a_long_entry_is_described_by_its_beginning(client: Client, user: User) -> None:
    entry = publish(user, tried="word " * 40_000)
    found = re.search(
        r'<meta name="description" content="([^"]*)">', shown(client, entry.public_path)
    )
    assert found
    assert 150 < len(found[1]) <= 200
    assert found[1].endswith("…")


# Paging


def test_a_long_log_is_read_page_by_page(client: Client, user: User) -> None:
    for number in range(45):
        publish(user, title=f"t{number}.", day=DAY - dt.timedelta(days=number // 3))
    seen: list[str] = []
    path = "/@ada/log/"
    pages = []
    while path:
        page = shown(client, path)
        pages.append(re.findall(r"<bdi>(t\d+)\.</bdi></a></h2>", page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/@ada/log/{older[1]}" if older else ""
    assert [len(titles) for titles in pages] == [20, 20, 5]
    seen = [title for titles in pages for title in titles]
    assert len(set(seen)) == 45
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer
    back = shown(client, f"/@ada/log/{newer[1]}")
    assert re.findall(r"<bdi>(t\d+)\.</bdi></a></h2>", back) == pages[1]


def test_a_place_in_the_log_outlives_its_entry(client: Client, user: User) -> None:
    entries = [publish(user, title=f"t{number}.") for number in range(25)]
    older = re.search(r'rel="next" href="([^"]+)"', shown(client, "/@ada/log/"))
    assert older
    hide(entries[5])
    assert "t4." in shown(client, f"/@ada/log/{older[1]}")


@pytest.mark.parametrize("query", ["before=x", "after=2026-03-14.1", f"before={LONG_AGO[:-1]}"])
def test_what_is_no_place_in_the_log_is_nowhere(query: str, client: Client, user: User) -> None:
    publish(user)
    assert client.get(f"/@ada/log/?{query}").status_code == 404


def test_beyond_the_end_the_way_back_is_shown(client: Client, user: User) -> None:
    publish(user)
    assert "Nothing is here any more." in shown(client, f"/@ada/log/?before={LONG_AGO}")


@pytest.mark.parametrize("path", ["/@ada/", "/@ada/log/", "/@ada/tags/adam/", "/@ada/feed.atom"])
def test_a_longer_log_takes_no_more_queries(path: str, client: Client, user: User) -> None:
    counts = []
    for more in (2, 18):
        for number in range(more):
            publish(user, tags=("adam", f"t{number}"), milestones=("p1-0", "p1-1"))
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            shown(client, path)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
