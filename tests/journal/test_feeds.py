import datetime as dt
import io
import re
import uuid
from collections import Counter
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

import html5lib
import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from journal.feeds import entry_id, log_id
from journal.models import Entry, Picture, PublicLog, Writing
from journal.pictures import recode
from mastery.feeds import absolute
from mastery.models import User

pytestmark = pytest.mark.usefixtures("roadmap")

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/@ada/feed.atom"
TAG_FEED = "/@ada/tags/adam/feed.atom"
FEEDS = [FEED, TAG_FEED]
ORIGIN = "http://localhost:8000"
DAY = dt.date(2026, 3, 14)
NOW = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)


def publish(user: User, *, now: dt.datetime = NOW, **words: Any) -> Entry:
    words.setdefault("title", "Warm-up matters")
    words.setdefault("tried", "Adam.")
    words.setdefault("tags", ("adam",))
    writing = Writing(day=DAY, **words)
    (entry,) = Entry.objects.add(user, [writing], now=now, visibility="public")
    return entry


def rewrite(entry: Entry, *, now: dt.datetime, **words: Any) -> None:
    entry = Entry.objects.get(pk=entry.pk)
    writing = Writing(**{**vars(entry.writing()), **words})
    assert entry.rewrite(writing, began_from=entry.revision, now=now)


def tree(client: Client, path: str = FEED) -> ElementTree.Element:
    response = client.get(path)
    assert response.status_code == 200
    return ElementTree.fromstring(response.content)  # noqa: S314  (our own)


def text(element: ElementTree.Element, name: str) -> str:
    (found,) = element.findall(ATOM + name)
    assert found.text
    return found.text


def items(client: Client, path: str = FEED) -> list[ElementTree.Element]:
    return tree(client, path).findall(f"{ATOM}entry")


def link(element: ElementTree.Element, rel: str) -> str:
    (found,) = [one for one in element.findall(f"{ATOM}link") if one.get("rel") == rel]
    return found.attrib["href"]


# The form of a feed


ONCE = {"id", "title", "updated"}
AT_MOST_ONCE = {
    "feed": ONCE | {"subtitle", "generator", "icon", "logo", "rights"},
    "entry": ONCE | {"published", "content", "summary", "rights", "source"},
}
MAY_HOLD = {
    "feed": AT_MOST_ONCE["feed"] | {"author", "category", "contributor", "entry", "link"},
    "entry": AT_MOST_ONCE["entry"] | {"author", "category", "contributor", "link"},
}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
EVERY_KIND = """
A **b**, $x^2$, [phase](/roadmap/1/), [above](#top), a note[^1] and
![loss](/journal/pictures/PICTURE).

- [x] done

$$\\sum_i x_i$$

```python
x = "<tag>"
```

[^1]: Its words.
""".replace("PICTURE", "a" * 32)


def follows_rfc_4287(element: ElementTree.Element) -> None:
    """Check a feed, or an entry in one, against what the standard says that there has to be."""
    kind = element.tag.removeprefix(ATOM)
    names = Counter(child.tag.removeprefix(ATOM) for child in element)
    assert set(names) <= MAY_HOLD[kind]
    assert all(names[name] == 1 for name in ONCE)
    assert all(names[name] <= 1 for name in AT_MOST_ONCE[kind])
    assert uuid.UUID(text(element, "id").removeprefix("urn:uuid:")).urn == text(element, "id")
    for name in ("updated", "published"):
        assert all(RFC_3339.fullmatch(date.text or "") for date in element.findall(ATOM + name))
    for one in element.findall(f"{ATOM}link"):
        assert one.attrib["href"].startswith(f"{ORIGIN}/")
        assert set(one.attrib) <= {"href", "rel", "type", "hreflang", "title", "length"}
    rels = Counter(one.get("rel", "alternate") for one in element.findall(f"{ATOM}link"))
    assert rels["alternate"] == 1
    assert rels["self"] == (kind == "feed")
    for author in element.findall(f"{ATOM}author"):
        assert text(author, "name")
        assert text(author, "uri").startswith(f"{ORIGIN}/")
    assert all(one.get("term") for one in element.findall(f"{ATOM}category"))
    assert element.findall(f"{ATOM}title")[0].get("type") in {None, "text"}
    if kind == "feed":
        entries = element.findall(f"{ATOM}entry")
        assert names["author"] == 1, "or each entry needs one"
        assert len({text(one, "id") for one in (element, *entries)}) == len(entries) + 1
        assert text(element, "updated") == max(text(entry, "updated") for entry in entries)
        for entry in entries:
            follows_rfc_4287(entry)
        return
    assert text(element, "published") <= text(element, "updated")
    (content,) = element.findall(f"{ATOM}content")
    assert content.get("type") == "html"
    assert not len(content), "HTML is escaped, and holds no elements"
    for one in html5lib.parseFragment(text(element, "content"), namespaceHTMLElements=False).iter():
        for name in ("href", "src"):
            assert one.get(name, ORIGIN).startswith(ORIGIN), "it leads there from anywhere"


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_what_the_standard_asks_for(path: str, client: Client, user: User) -> None:
    User.objects.update(name="Ada & <co>", profile_is_public=True)
    for number in range(3):
        publish(user, title=f"t{number} <b>&", tried=EVERY_KIND, tags=("adam", "bf16"))
    response = client.get(path)
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert response.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    feed = tree(client, path)
    assert feed.tag == f"{ATOM}feed"
    follows_rfc_4287(feed)
    assert link(feed, "self") == f"{ORIGIN}{path}"
    page = path.removesuffix("feed.atom")
    assert link(feed, "alternate") == f"{ORIGIN}{page if 'tags' in page else '/@ada/log/'}"
    (author,) = feed.findall(f"{ATOM}author")
    assert text(author, "name") == "Ada & <co>"
    assert text(author, "uri") == f"{ORIGIN}/@ada/"
    for number, entry in enumerate(reversed(feed.findall(f"{ATOM}entry"))):
        assert text(entry, "title") == f"t{number} <b>&"
        assert link(entry, "alternate").startswith(f"{ORIGIN}/@ada/log/")
        assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["adam", "bf16"]
        for part in ("<math", 'display="block"', 'type="checkbox"', "<img", 'class="footnotes"'):
            assert part in text(entry, "content")


def test_a_feed_holds_the_whole_entry_as_html(client: Client, user: User) -> None:
    publish(user, tried="A **b** <x> & `c`", learned="# More")
    (entry,) = items(client)
    (content,) = entry.findall(f"{ATOM}content")
    assert content.get("type") == "html"
    html = text(entry, "content")
    assert "<h3>Tried</h3>" in html
    assert "<p>A <strong>b</strong> &lt;x&gt; &amp; <code>c</code></p>" in html
    assert "<h3>Learned</h3>" in html


def test_the_newest_thirty_are_there_by_date_of_publication(client: Client, user: User) -> None:
    first = publish(user, title="first of all")
    for number in range(30):
        publish(user, title=f"t{number}", now=NOW + dt.timedelta(minutes=number + 1))
    titles = [text(entry, "title") for entry in items(client)]
    assert titles == [f"t{number}" for number in reversed(range(30))]
    first.show_to("private", now=NOW + dt.timedelta(days=1))
    first.show_to("public", now=NOW + dt.timedelta(days=2))
    assert len(items(client)) == 30
    assert text(items(client)[0], "title") == "t29"


def test_private_and_unlisted_entries_are_in_no_feed(client: Client, user: User) -> None:
    publish(user)
    for visibility in ("private", "unlisted"):
        publish(user, title=visibility).show_to(visibility, now=NOW)
    assert [text(entry, "title") for entry in items(client)] == ["Warm-up matters"]
    assert len(items(client, TAG_FEED)) == 1


def test_a_tags_feed_has_what_has_the_tag(client: Client, user: User) -> None:
    publish(user)
    publish(user, title="other", tags=("sgd",))
    assert len(items(client)) == 2
    assert [text(entry, "title") for entry in items(client, TAG_FEED)] == ["Warm-up matters"]
    assert client.get("/@ada/tags/nothing/feed.atom").status_code == 404


@pytest.mark.parametrize("field", ["title", "tried", "name"])
@pytest.mark.parametrize(
    "sign",
    ["\x0c", "\x1b", "\x01", "\x08", "\x1f", "\ufffe", "\uffff", "\x7f", "\x85", "\U0001f600"],
)
def test_no_character_breaks_a_feed(sign: str, field: str, client: Client, user: User) -> None:
    words = f"before{sign}after"
    if field == "name":
        User.objects.update(name=words, profile_is_public=True)
        publish(user)
    else:
        entry = publish(user)
        # As if it had come past the form, which takes some of these for spaces.
        Entry.objects.update(**{field: words})
        entry.revisions.update(html={"tried": f"<p>{words}</p>"})
    tree(client)
    assert "after" in client.get(FEED).content.decode()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="/roadmap/">x</a>', '<a href="https://site/roadmap/">x</a>'),
        ('<a href="#fn1">x</a>', '<a href="https://site/page/#fn1">x</a>'),
        ('<a href="x?y=1&amp;z">x</a>', '<a href="https://site/page/x?y=1&amp;z">x</a>'),
        ('<a href="">x</a>', '<a href="https://site/page/">x</a>'),
        ('<a title="a > b" href="/">', '<a title="a > b" href="https://site/">'),
        ('<img alt="" src="/p/x">', '<img alt="" src="https://site/p/x">'),
        ('<a href="//elsewhere.example/[">', '<a href="//elsewhere.example/[">'),
        ('<a href="https://example.org/#x">', '<a href="https://example.org/#x">'),
        ('<a href="mailto:ada@example.org">', '<a href="mailto:ada@example.org">'),
        ('<code>a href="/x" &lt;a href="/"</code>', '<code>a href="/x" &lt;a href="/"</code>'),
        ('<p id="x">src="/y"</p>', '<p id="x">src="/y"</p>'),
    ],
)
def test_links_lead_to_the_site_from_anywhere(html: str, expected: str) -> None:
    assert absolute(html, page="https://site/page/") == expected


def test_readers_elsewhere_may_show_the_pictures_of_a_feed(
    client: Client, learner: Client, user: User
) -> None:
    drawn = Image.new("RGB", (8, 8))
    drawn.save(file := io.BytesIO(), "PNG")
    kept = Picture.objects.keep(user, recode(file.getvalue()), now=NOW)
    entry = publish(user, tried=kept.markdown)
    (address,) = re.findall(r'src="([^"]+)"', text(items(client)[0], "content"))
    assert address == f"{ORIGIN}{kept.get_absolute_url()}"
    policy = "Cross-Origin-Resource-Policy"
    assert client.get(kept.get_absolute_url())[policy] == "cross-origin"
    # What is shown for the sake of a log-in is for this site alone.
    assert learner.get(kept.get_absolute_url())[policy] == "same-origin"
    entry.show_to("private", now=NOW)
    assert client.get(kept.get_absolute_url()).status_code == 404


# Ids and dates


def test_an_id_stays_whatever_becomes_of_title_handle_and_host(
    client: Client, user: User, settings: LazySettings
) -> None:
    entry = publish(user)
    ids = [text(items(client, path)[0], "id") for path in FEEDS]
    assert ids[0] == ids[1] == entry_id(entry)
    feed_id = text(tree(client), "id")
    assert feed_id != text(tree(client, TAG_FEED), "id")
    rewrite(entry, title="Another title", now=NOW)
    User.objects.update(handle="lovelace")
    settings.ORIGIN = "https://elsewhere.example"
    feed = tree(client, "/@lovelace/feed.atom")
    assert link(feed, "self") == "https://elsewhere.example/@lovelace/feed.atom"
    assert text(feed, "id") == feed_id
    (moved,) = feed.findall(f"{ATOM}entry")
    assert text(moved, "id") == ids[0]


def test_ids_are_made_in_the_way_they_always_were() -> None:
    # Readers know entries by them: a change here shows everybody everything anew.
    assert (
        entry_id(Entry(code="abcdefghij234567")) == "urn:uuid:dbc0cb45-0f26-56fe-83bd-ece357e027f7"
    )
    joined = dt.datetime(2026, 3, 14, 9, 30, 0, 5, tzinfo=dt.UTC)
    ada = User(pk=7, date_joined=joined)
    assert log_id(ada) == "urn:uuid:d89d8f5e-a810-56b3-acf1-f54be25b9bd2"
    ada.date_joined = joined.astimezone(dt.timezone(dt.timedelta(hours=2)))
    assert log_id(ada) == "urn:uuid:d89d8f5e-a810-56b3-acf1-f54be25b9bd2"


def test_published_stays_and_updated_follows_the_words_alone(client: Client, user: User) -> None:
    entry = publish(user)

    def dates() -> tuple[str, str, str]:
        feed = tree(client)
        (item,) = feed.findall(f"{ATOM}entry")
        return text(item, "published"), text(item, "updated"), text(feed, "updated")

    first = "2026-03-14T09:30:00+00:00"
    assert dates() == (first, first, first)
    rewrite(entry, tags=("adam", "more"), minutes=5, now=NOW + dt.timedelta(hours=1))
    assert dates() == (first, first, first)
    rewrite(entry, learned="Something.", now=NOW + dt.timedelta(hours=2))
    later = "2026-03-14T11:30:00+00:00"
    assert dates() == (first, later, later)


# Asking again


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize(
    ("asks", "gives"), [("if-none-match", "ETag"), ("if-modified-since", "Last-Modified")]
)
def test_who_has_the_feed_is_told_that_nothing_changed(
    asks: str, gives: str, path: str, client: Client, user: User
) -> None:
    publish(user)
    first = client.get(path, headers={"accept-encoding": "gzip"})
    again = client.get(path, headers={"accept-encoding": "gzip", asks: first[gives]})
    assert first["Content-Encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")
    for name in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
        assert again[name] == first[name]


def test_a_tag_is_found_among_several_and_weak_ones(client: Client, user: User) -> None:
    publish(user)
    etag = client.get(FEED)["ETag"]
    assert etag.startswith('W/"'), "packed or not, it is the same"
    held = {"if-none-match": f'"other", {etag.removeprefix("W/")}'}
    assert client.get(FEED, headers=held).status_code == 304


def test_the_tag_decides_over_the_date(client: Client, user: User) -> None:
    publish(user)
    since = client.get(FEED)["Last-Modified"]
    held = {"if-none-match": '"other"', "if-modified-since": since}
    assert client.get(FEED, headers=held).status_code == 200


def private(entry: Entry, user: User) -> None:
    entry.show_to("private", now=NOW)


def binned(entry: Entry, user: User) -> None:
    entry.put_in_bin(now=NOW)


def deleted(entry: Entry, user: User) -> None:
    entry.delete()


def other_words(entry: Entry, user: User) -> None:
    rewrite(entry, learned="More.", now=NOW)


def other_tags(entry: Entry, user: User) -> None:
    rewrite(entry, tags=("adam", "more"), now=NOW)


def one_more(entry: Entry, user: User) -> None:
    publish(user, title="Another")


def published_again(entry: Entry, user: User) -> None:
    old = Entry.objects.exclude(visibility="public").get()
    old.show_to("public", now=NOW)


def a_name(entry: Entry, user: User) -> None:
    User.objects.update(name="Ada", profile_is_public=True)


CHANGES = [private, binned, deleted, other_words, other_tags, one_more, published_again, a_name]


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_hides_behind_a_date_not_even_within_a_second(
    change: Any, client: Client, user: User
) -> None:
    publish(user, title="Stays")
    publish(user, title="Old").show_to("private", now=NOW)
    entry = publish(user)
    first = client.get(FEED)
    change(entry, user)
    for held in (
        {"if-modified-since": first["Last-Modified"]},
        {"if-none-match": first["ETag"]},
    ):
        answer = client.get(FEED, headers=held)
        assert answer.status_code == 200
        assert answer.content != first.content


def test_private_work_and_other_people_change_no_date(
    client: Client, user: User, make_user: Any
) -> None:
    publish(user)
    entry = publish(user)
    entry.show_to("private", now=NOW)
    first = PublicLog.objects.get(user=user)
    rewrite(entry, tried="Quietly.", now=NOW)
    publish(make_user("grace"))
    User.objects.update(last_login=timezone.now(), about="x", time_zone="Asia/Tokyo")
    assert PublicLog.objects.get(user=user).changed == first.changed


def test_many_entries_at_once_are_one_change(user: User) -> None:
    writings = [Writing(day=DAY, tried=f"n{number}") for number in range(50)]
    before = timezone.now().replace(microsecond=0)
    Entry.objects.add(user, writings, now=NOW, visibility="public")
    changed = PublicLog.objects.get(user=user).changed
    assert before <= changed <= timezone.now()
    Entry.objects.of(user).update(visibility="private")
    assert PublicLog.objects.get(user=user).changed <= timezone.now() + dt.timedelta(seconds=1)


def test_the_date_is_never_ahead_of_the_clock(client: Client, user: User) -> None:
    entry = publish(user)
    for _ in range(5):
        entry.show_to("private", now=NOW)
        entry.show_to("public", now=NOW)
    now = timezone.now()
    assert PublicLog.objects.get(user=user).changed > now
    with time_machine.travel(now, tick=False):
        response = client.get(FEED)
        assert response["Last-Modified"] == format_datetime(now.replace(microsecond=0), usegmt=True)
        held = {"if-modified-since": response["Last-Modified"]}
        assert client.get(FEED, headers=held).status_code == 200


def test_with_the_person_goes_the_row(user: User) -> None:
    publish(user)
    user.delete()
    connection.check_constraints()
    assert not PublicLog.objects.exists()


# Finding it


def test_pages_name_the_feed(client: Client, user: User) -> None:
    entry = publish(user)
    found = {
        path: re.findall(
            r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)">',
            client.get(path).content.decode(),
        )
        for path in ("/@ada/", "/@ada/log/", "/@ada/tags/adam/", entry.public_path)
    }
    assert found == {
        "/@ada/": [FEED],
        "/@ada/log/": [FEED],
        "/@ada/tags/adam/": [FEED, TAG_FEED],
        entry.public_path: [FEED],
    }
