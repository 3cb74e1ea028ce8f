"""What changed in the roadmap: the page, what is new to a learner, the feed, old addresses."""

import datetime as dt
from collections.abc import Callable
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mastery.models import User
from roadmap import operations
from roadmap.models import FormerSlug, Phase, Release, Resource, State
from roadmap.operations import Successor
from tests.conftest import milestone
from tests.roadmap.test_admin import text_of
from tests.roadmap.test_queries import queries

pytestmark = pytest.mark.usefixtures("roadmap")
PAGE, SEEN, FEED = "/roadmap/changes/", "/roadmap/changes/seen/", "/roadmap/changes/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


def told(days_ago: float = 1, **more: Any) -> Release:
    """Publish a release with one new milestone, some days ago."""
    at = timezone.now() - dt.timedelta(days=days_ago)
    release = Release.objects.create(**{"title": "Something new", **more}, published=at)
    release.items.create(what="added", kind="milestone", key="p1-0", name="As it was called then")
    return release


def joined(user: User, days_ago: float) -> None:
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - dt.timedelta(days=days_ago))


def page_of(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return text_of(response)


def test_nothing_changed_yet_says_so_and_leads_on(client: Client) -> None:
    page = client.get(PAGE)
    assert "Nothing has changed since the roadmap was put here." in text_of(page)
    assert client.get(FEED).status_code == 200


def test_the_page_tells_of_each_thing_that_happened(client: Client) -> None:
    one = milestone("p1-2")
    one.reword("An MLP built with your own hands", "material")
    operations.tell_of_wording(one, "An MLP built by hand")
    operations.split(
        milestone("p1-3"),
        [Successor("p1-8", "First half"), Successor("p1-9", "Other half")],
        {"p1-8"},
    )
    operations.merge([milestone("p2-0"), milestone("p2-1")], Successor("p2-20", "Both at once"))
    operations.replace(milestone("p3-0"), Successor("p3-20", "Another one"))
    operations.retire([milestone("p3-1")])
    operations.restore([milestone("p3-1")])
    draft = Resource.objects.create(
        slug="fresh", title="Fresh book", kind="book", summary="New", state=State.DRAFT
    )
    operations.publish_alone([draft])

    page = client.get(PAGE)
    text, html = text_of(page), page.content.decode()
    for label in ("New", "Reworded", "Split", "Merged", "Replaced", "Retired", "Back again"):
        assert f"<h3>{label}</h3>" in html
    assert "<dd>An MLP built <del>by hand</del></dd>" in html
    assert 'p1-2">An MLP built <ins>with your own hands</ins></a>' in html
    assert "<dd>Cross-entropy, validation splits" in html
    assert 'href="/roadmap/1/#milestone-p1-8">First half</a>' in html
    assert 'href="/roadmap/1/#milestone-p1-9">Other half</a>' in html
    assert 'href="/resources/#resource-fresh">Fresh book</a>' in html
    # The newest comes first.
    assert text.index("Fresh book") < text.index("First half") < text.index("own hands")


def test_what_stands_nowhere_any_more_has_no_link(client: Client) -> None:
    operations.retire([milestone("p3-1")])
    html = client.get(PAGE).content.decode()
    assert "#milestone-p3-1" not in html
    phase = Phase.objects.get(slug="5")
    release = told()
    release.items.create(what="added", kind="phase", key="once", name="Under its first slug")
    FormerSlug.objects.create(slug="once", phase=phase)
    assert 'href="/roadmap/5/">Under its first slug</a>' in client.get(PAGE).content.decode()


def test_notes_are_markdown_and_titles_are_not(client: Client) -> None:
    told(title="<b>Bold</b> *title*", notes="Because *many* asked. <script>alert(1)</script>")
    html = client.get(PAGE).content.decode()
    assert "<em>many</em>" in html
    assert "&lt;b&gt;Bold&lt;/b&gt; *title*" in html
    assert "<script>alert" not in html


def test_drafts_are_told_to_nobody(client: Client, learner: Client) -> None:
    Release.objects.create(title="Not published yet")
    for browser in (client, learner):
        assert "Not published yet" not in page_of(browser)
    assert "Not published yet" not in client.get(FEED).content.decode()


# Since the last visit


def test_visitors_see_all_without_marks_and_get_no_cookie(client: Client) -> None:
    told()
    page = client.get(PAGE)
    assert "New to you" not in text_of(page)
    assert "Since" not in text_of(page)
    assert not page.cookies


def test_a_learner_sees_what_is_new_since_the_last_visit(learner: Client, user: User) -> None:
    joined(user, 30)
    told(40, title="Before my time")
    told(20, title="While I was away")
    since = (timezone.now() - dt.timedelta(days=30)).strftime("%-d %B %Y")
    text = page_of(learner)
    assert f"Since you joined on {since}: 1 change." in text
    assert text.count("New to you") == 1
    for page in ("/", "/roadmap/"):
        assert "The roadmap changed: 1 change since your last visit" in page_of(learner, page)

    # To look changes nothing; to say that one has looked does, and a repeat is harmless.
    assert "1 change." in page_of(learner)
    for _ in range(2):
        assert learner.post(SEEN).status_code == 303
    assert "Nothing changed since your last visit on" in page_of(learner)
    assert "New to you" not in page_of(learner)
    for page in ("/", "/roadmap/"):
        assert "The roadmap changed" not in page_of(learner, page)


def test_what_is_published_after_the_page_was_made_stays_new(learner: Client, user: User) -> None:
    joined(user, 30)
    told(20)
    made = timezone.now() - dt.timedelta(minutes=5)
    told(1 / 24 / 60, title="Right after")
    learner.post(SEEN, {"until": made.isoformat()})
    assert "1 change." in page_of(learner)
    # An older page's word takes nothing back.
    learner.post(SEEN)
    learner.post(SEEN, {"until": made.isoformat()})
    assert "Nothing changed" in page_of(learner)


def test_what_was_under_way_when_the_page_was_made_stays_new(learner: Client, user: User) -> None:
    joined(user, 30)
    told(20)
    html = learner.get(PAGE).content.decode()
    until = html.partition('name="until" value="')[2].partition('"')[0]
    # Its time is that of its beginning; nobody saw it before its end.
    told(2 / 24 / 3600, title="Took two seconds")
    learner.post(SEEN, {"until": until})
    assert "1 change." in page_of(learner)


def test_the_newest_that_a_page_shows_is_read_with_it(learner: Client, user: User) -> None:
    joined(user, 30)
    told(2 / 24 / 3600)
    html = learner.get(PAGE).content.decode()
    learner.post(SEEN, {"until": html.partition('name="until" value="')[2].partition('"')[0]})
    assert "Nothing changed" in page_of(learner)


def test_no_look_was_before_one_joined(learner: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(time_zone="America/New_York")
    learner.post(SEEN, {"until": "0001-01-01T00:00:00+00:00"})
    assert "Nothing changed since you joined on" in page_of(learner)


def test_nobody_reads_ahead_of_the_clock(learner: Client, user: User) -> None:
    learner.post(SEEN, {"until": "2999-01-01T00:00:00+00:00"})
    user.refresh_from_db()
    assert user.changes_seen is not None
    assert user.changes_seen <= timezone.now()


@pytest.mark.parametrize("until", ["soon", "2026-13-01T00:00:00+00:00", "2026-01-01", "\0"])
def test_an_until_that_is_no_instant_is_refused(until: str, learner: Client, user: User) -> None:
    assert learner.post(SEEN, {"until": until}).status_code == 400
    user.refresh_from_db()
    assert user.changes_seen is None


def test_marking_as_read_is_for_learners_and_by_post(client: Client, learner: Client) -> None:
    assert learner.get(SEEN).status_code == 405
    assert client.post(SEEN).status_code in {302, 303}
    answer = learner.post(SEEN, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_learners_page_without_script_has_a_button(learner: Client, user: User) -> None:
    joined(user, 30)
    told()
    html = learner.get(PAGE).content.decode()
    assert "<noscript><button" in html
    assert f'action="{SEEN}"' in html


def test_home_and_map_ask_the_database_nothing_more_for_it(learner: Client, user: User) -> None:
    def asked() -> list[int]:
        for page in ("/", "/roadmap/"):
            learner.get(page)
        return [queries(lambda page=page: learner.get(page)) for page in ("/", "/roadmap/")]

    joined(user, 30)
    before = asked()
    told(2)
    assert asked() == before


# Pages


def test_the_page_asks_as_much_however_much_changed(learner: Client, user: User) -> None:
    def asked(path: str) -> int:
        learner.get(path)
        return queries(lambda: learner.get(path))

    joined(user, 900)
    told(500)
    first = told(499)
    few = asked(PAGE)
    few_back = asked(f"{PAGE}?from={first.pk}")
    for number in range(45):
        release = told(400 - number)
        for item in range(3):
            release.items.create(what="retired", kind="milestone", key=f"p1-{item}", name="Gone")
    assert asked(PAGE) == few
    assert asked(f"{PAGE}?from={Release.objects.first().pk}") <= few_back  # type: ignore[union-attr]


def test_pages_show_each_release_once_and_keep_what_was_new(learner: Client, user: User) -> None:
    joined(user, 100)
    at = timezone.now() - dt.timedelta(days=50)
    # Many of one instant, as a page ends among them.
    for number in range(45):
        Release.objects.create(title=f"No {number:02}.", published=at)
    seen: list[str] = []
    path = PAGE
    for _ in range(3):
        html = learner.get(path).content.decode()
        titles = [part.partition(" <")[0] for part in html.split('-title">')[1:]]
        assert html.count("New to you") == len(titles)
        seen += titles
        learner.post(SEEN)
        path = PAGE + unescape(html.partition(f'rel="next" href="{PAGE}')[2].partition('"')[0])
    assert path == PAGE
    assert seen == [f"No {number:02}." for number in reversed(range(45))]


@pytest.mark.parametrize("start", ["x", "", "0", "-1", "9" * 40, "1%20", "%C2%B2"])
def test_a_start_that_is_no_published_release_is_404(start: str, client: Client) -> None:
    Release.objects.create(title="Draft")
    assert client.get(f"{PAGE}?from={start}").status_code == 404


@pytest.mark.parametrize("since", ["x", "0001-01-01T00:00:00%2B23:59", "2026-01-01T00:00:00"])
def test_a_since_that_we_did_not_write_is_nobodys_fault(since: str, learner: Client) -> None:
    told()
    assert learner.get(f"{PAGE}?since={since}").status_code == 200


# The feed


def entries(client: Client) -> list[ElementTree.Element]:
    response = client.get(FEED)
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(response.content).findall(f"{ATOM}entry")  # noqa: S314  (our own)


def values(entry: ElementTree.Element) -> tuple[str | None, ...]:
    return tuple(entry.findtext(ATOM + name) for name in ("id", "published", "updated"))


def test_the_feed_names_each_release_once_and_for_all(client: Client) -> None:
    release = told(2, title="Old title", notes="See [phase 2](/roadmap/2/).")
    (before,) = entries(client)
    assert (before.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
    content = before.findtext(f"{ATOM}content") or ""
    assert 'href="http://localhost:8000/roadmap/2/"' in content
    assert "As it was called then" in content
    Release.objects.filter(pk=release.pk).update(notes="Corrected.")
    told(1)
    newer, after = entries(client)
    assert values(after) == values(before)
    assert "Corrected." in (after.findtext(f"{ATOM}content") or "")
    assert values(newer)[0] != values(after)[0]


def test_the_feed_is_sent_again_only_when_it_changed(client: Client) -> None:
    for _ in range(2):
        etag = client.get(FEED)["ETag"]
        again = client.get(FEED, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        told()
        assert client.get(FEED, headers={"If-None-Match": etag}).status_code == 200


def test_the_feed_is_found_from_the_page_and_asks_as_much_however_much_there_is(
    client: Client,
) -> None:
    assert f'type="application/atom+xml" title="What changed in the roadmap" href="{FEED}"' in (
        client.get(PAGE).content.decode()
    )
    assert f"http://localhost:8000{PAGE}" in client.get("/sitemap.xml").content.decode()
    told(3)
    client.get(FEED)
    few = queries(lambda: client.get(FEED))
    for _ in range(40):
        told()
    client.get(FEED)
    assert queries(lambda: client.get(FEED)) == few
    assert len(entries(client)) == 30


# Old addresses


def test_a_former_slug_leads_on_for_good(client: Client) -> None:
    FormerSlug.objects.create(slug="fundamentals", phase=Phase.objects.get(slug="1"))
    for rest in ("", "share.png"):
        answer = client.get(f"/roadmap/fundamentals/{rest}")
        assert (answer.status_code, answer["Location"]) == (301, f"/roadmap/1/{rest}")


def test_a_retired_phase_leads_to_the_map_or_to_what_was_ticked_of_it(
    client: Client, learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "rl-0")
    slug = milestone("rl-0").placements.get().phase.slug
    Phase.objects.filter(slug=slug).update(state=State.RETIRED)
    assert "has left the roadmap." in text_of(client.get(f"/roadmap/{slug}/", follow=True))
    assert client.get(f"/roadmap/{slug}/")["Location"] == "/roadmap/"
    answer = learner.get(f"/roadmap/{slug}/")
    assert (answer.status_code, answer["Location"]) == (302, "/progress/#off-the-roadmap")
    page = learner.get("/progress/")
    assert "What you ticked of it stays with you" in text_of(page)
    assert 'id="off-the-roadmap"' in page.content.decode()
    assert client.get(f"/roadmap/{slug}/share.png").status_code == 302


def test_a_slug_leads_to_whose_it_is_now(client: Client) -> None:
    """A row of former slugs that says otherwise, as two editors at once can leave one."""
    one, other = Phase.objects.get(slug="1"), Phase.objects.get(slug="2")
    FormerSlug.objects.create(slug="1", phase=other)
    release = told()
    assert 'href="/roadmap/1/#milestone-p1-0"' in client.get(PAGE).content.decode(), release
    Phase.objects.filter(pk__in=[one.pk, other.pk]).update(state=State.RETIRED)
    FormerSlug.objects.create(slug="2", phase=other)
    for slug in ("1", "2"):
        assert client.get(f"/roadmap/{slug}/")["Location"] == "/roadmap/"
        assert client.get(f"/roadmap/{slug}/share.png")["Location"] == "/share.png"


def test_what_never_was_public_is_404(client: Client) -> None:
    phase = Phase.objects.get(slug="5")
    FormerSlug.objects.create(slug="its-old-name", phase=phase)
    Phase.objects.filter(pk=phase.pk).update(state=State.DRAFT)
    for slug in ("5", "its-old-name", "never"):
        for rest in ("", "share.png"):
            assert client.get(f"/roadmap/{slug}/{rest}").status_code == 404


def test_no_phase_takes_the_place_of_the_page_of_changes(client: Client) -> None:
    assert reverse("phase", args=["changes"]) == PAGE
    assert "What changed" in page_of(client)
    with pytest.raises(IntegrityError, match="phase_slug_not_changes"), transaction.atomic():
        Phase.objects.filter(slug="1").update(slug="changes")
