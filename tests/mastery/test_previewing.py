"""Previews: the manual's pages as they will be, by a link, for whoever has it."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core import signing
from django.http import Http404
from django.test import Client
from django.utils import timezone

from mastery.models import User
from roadmap import operations
from roadmap.models import (
    Chapter,
    Level,
    Milestone,
    Phase,
    PhaseResource,
    Placement,
    PreviewLink,
    Release,
    Resource,
    State,
    Track,
)
from roadmap.queries import manual, preview_of
from tests.conftest import milestone
from tests.roadmap.test_admin import text_of

pytestmark = pytest.mark.usefixtures("roadmap")
PAGES = ["", "roadmap/", "roadmap/1/", "roadmap/6/", "levels/", "method/", "resources/",
         "provenance/", "start/"]  # fmt: skip


@pytest.fixture
def release(db: None) -> Release:
    """A set with a phase, two milestones, a resource and a chapter in it."""
    release = Release.objects.create(title="Evaluation")
    mine = {"state": State.DRAFT, "release": release}
    phase = Phase.objects.create(
        slug="6",
        track=Track.objects.get(slug="llm"),
        position=99,
        title="Evaluate for real",
        length="4 weeks",
        summary="Measure",
        goal="After [phase 4](/roadmap/4/), see [the web](https://example.org/roadmap/4/).",
        path="Walk.",
        done_when="- Done.",
        **mine,
    )
    for key, slug in (("p6-0", "6"), ("p1-20", "1")):
        row = Milestone.objects.create(key=key, kind="build", **mine)
        row.reword(f"Drafted {key}", "material")
        Placement.objects.create(phase=Phase.objects.get(slug=slug), milestone=row)
    resource = Resource.objects.create(
        slug="fresh", title="Fresh book", kind="book", summary="New", **mine
    )
    PhaseResource.objects.create(phase=phase, resource=resource, role="primary")
    Chapter.objects.create(
        slug="fresh", section="method", title="Fresh chapter", text="New.", **mine
    )
    return release


@pytest.fixture
def link(release: Release) -> PreviewLink:
    return PreviewLink.objects.create(release=release)


@pytest.fixture
def root(link: PreviewLink) -> str:
    return f"/preview/{link.token}/"


def test_the_pages_are_as_they_will_be(client: Client, root: str) -> None:
    for page, text in {
        "": "Evaluate for real",
        "roadmap/": "Evaluate for real",
        "roadmap/1/": "Drafted p1-20",
        "roadmap/6/": "Drafted p6-0",
        "resources/": "Fresh book",
        "method/": "Fresh chapter",
    }.items():
        assert text in text_of(client.get(root + page)), page
        assert text not in text_of(client.get(f"/{page}")), page


def test_a_preview_is_kept_for_nobody_else(client: Client, root: str) -> None:
    before = manual()
    client.get(f"{root}roadmap/6/")
    assert manual() is before

    def breaks() -> None:
        with preview_of(Release.objects.get()) as content:
            assert manual() is content
            raise Http404

    with pytest.raises(Http404):
        breaks()
    assert manual() is before
    assert client.get("/roadmap/6/").status_code == 404


def test_the_drafts_of_another_set_are_not_in_it(client: Client, root: str) -> None:
    other = Release.objects.create(title="Another")
    Chapter.objects.filter(slug="fresh").update(release=other)
    page = text_of(client.get(f"{root}method/"))
    assert "Fresh chapter" not in page


def test_it_shows_what_publishing_will_make_of_it(
    client: Client, root: str, release: Release
) -> None:
    level = Level.objects.get(slug="l1")
    level.requirements.all()[0].any_of.add(milestone("p6-0"))
    # A preview says nothing of ticks; what it says of them itself is put aside here.
    aside = re.compile(
        r'<fieldset[^>]*not-to-tick.*?</legend>|</fieldset>|<p class="no-print">Your.*?</p>|\s+',
        flags=re.DOTALL,
    )

    def shown(path: str) -> str:
        main = client.get(path).content.decode().partition("<main")[2].partition("</main>")[0]
        assert main
        return " ".join(aside.sub(" ", main.replace(root, "/")).split())

    before = {page: shown(root + page) for page in PAGES}
    operations.publish(release)
    for page in PAGES:
        assert shown(f"/{page}") == before[page], page


def test_every_page_says_that_it_is_a_preview_and_is_kept_nowhere(
    client: Client, root: str, link: PreviewLink
) -> None:
    for page in PAGES:
        response = client.get(root + page)
        assert response.status_code == 200, page
        text = text_of(response)
        assert "Preview of “Evaluation”, not published yet." in text
        assert f"This link ends on {link.expires:%-d %B %Y, %H:%M} UTC" in text
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Robots-Tag"] == "noindex"
        html = response.content.decode()
        assert '<meta name="robots" content="noindex">' in html
        assert 'rel="canonical"' not in html
        assert not response.cookies
    assert "preview" not in client.get("/robots.txt").content.decode()
    assert "preview" not in client.get("/sitemap.xml").content.decode()


def test_links_and_forms_of_the_manual_stay_in_it_and_others_lead_out(
    client: Client, root: str
) -> None:
    for page in ("", "roadmap/6/", "resources/"):
        html = client.get(root + page).content.decode()
        for address in re.findall(r'<(?:a|form)\s[^>]*?(?:href|action)="(/[^"]*)"', html):
            inside = address.startswith(root)
            path = "/" + address.removeprefix(root) if inside else address
            of_manual = re.match(
                r"/($|[?#]|(roadmap|levels|method|resources|provenance|start)/)", path
            ) and not path.startswith("/roadmap/changes/")
            assert inside == bool(of_manual), address
    page = client.get(f"{root}roadmap/6/").content.decode()
    assert f'href="{root}roadmap/4/"' in page
    assert 'href="https://example.org/roadmap/4/"' in page


def test_boxes_cannot_be_ticked_and_say_why(client: Client, root: str) -> None:
    html = client.get(f"{root}roadmap/1/").content.decode()
    fieldsets = re.findall(r"<fieldset[^>]* disabled>(.*?)</fieldset>", html, flags=re.DOTALL)
    assert sum(part.count('type="checkbox"') for part in fieldsets) == html.count('type="checkbox"')
    assert all("Nothing can be ticked in a preview." in part for part in fieldsets)


def test_nothing_of_whoever_looks_is_shown(
    client: Client, learner: Client, user: User, root: str, tick: Callable[..., None]
) -> None:
    tick(user, "p1-0")
    client.post("/progress/p1-0/", {"done": ["0", "1"], "page": "1"})
    client.cookies["theme"] = "dark"
    own, visitors, strangers = (
        browser.get(f"{root}roadmap/1/").content.decode() for browser in (learner, client, Client())
    )
    assert own == strangers
    assert " checked" not in visitors
    # The colours are the browser's own affair.
    assert 'data-theme="dark"' in visitors


def test_messages_meant_for_somebody_wait_for_their_own_page(learner: Client, root: str) -> None:
    Phase.objects.filter(slug="0").update(state=State.RETIRED)
    learner.get("/roadmap/0/")
    assert "has left the roadmap" not in text_of(learner.get(f"{root}roadmap/"))
    assert "has left the roadmap" in text_of(learner.get("/roadmap/"))


@pytest.mark.parametrize(
    ("rest", "leads_to"),
    [
        ("accounts/login/?next=/", "/accounts/login/?next=/"),
        ("progress/", "/progress/"),
        ("roadmap/changes/feed.atom", "/roadmap/changes/feed.atom"),
        ("static/mastery/css/base.css", "/static/mastery/css/base.css"),
        ("/evil.example/", "/evil.example/"),
        ("//evil.example/", "/evil.example/"),
        ("%5Cevil.example/", "/%5Cevil.example/"),
        ("preview/", "/preview/"),
    ],
)
def test_what_is_no_page_of_the_manual_is_at_its_own_address(
    rest: str, leads_to: str, client: Client, root: str
) -> None:
    response = client.get(root + rest)
    assert (response.status_code, response["Location"]) == (302, leads_to)


def test_redirects_between_pages_stay_within(client: Client, root: str) -> None:
    assert client.get(f"{root}roadmap/6")["Location"] == f"{root}roadmap/6/"
    Phase.objects.filter(slug="0").update(state=State.RETIRED)
    assert client.get(f"{root}roadmap/0/")["Location"] == f"{root}roadmap/"
    assert client.get(f"{root}roadmap/nowhere/").status_code == 404


def test_it_is_for_looking_alone(client: Client, root: str) -> None:
    for path in (root, f"{root}roadmap/1/", f"{root}progress/p1-0/"):
        assert client.post(path, {"done": "1"}).status_code == 405
    assert client.head(root).status_code == 200


def test_an_ended_link_leads_nowhere(client: Client, release: Release, link: PreviewLink) -> None:
    now = timezone.now()
    expired = PreviewLink.objects.create(release=release, expires=now - dt.timedelta(seconds=1))
    revoked = PreviewLink.objects.create(release=release, revoked=now)
    for one in (expired, revoked):
        response = client.get(f"/preview/{one.token}/roadmap/1/")
        assert response.status_code == 404
        assert "Evaluation" not in text_of(response)
    assert client.get(f"/preview/{link.token}/").status_code == 200
    operations.publish(release)
    assert client.get(f"/preview/{link.token}/").status_code == 404


def signed(value: str) -> str:
    return signing.Signer(salt="preview").sign(value)


@pytest.mark.parametrize(
    "token",
    ["1:", ":", "x", "1", "%00", "1%00:a", "9" * 40 + ":a", "1:%F0%9F%98%80", "%ff:a", "²:a"],
)
def test_a_forged_token_is_404(token: str, client: Client, link: PreviewLink) -> None:
    assert client.get(f"/preview/{token}/roadmap/1/").status_code == 404


@pytest.mark.parametrize("value", ["", "x", "9" * 40, "-1", "²", "\0", "1\n", "0"])
def test_whatever_was_signed_a_token_breaks_nothing(value: str, link: PreviewLink) -> None:
    assert PreviewLink.objects.by_token(signed(value)) is None


def test_a_token_of_another_signature_opens_nothing(link: PreviewLink) -> None:
    other = signing.Signer(salt="tracker.visitors").sign(str(link.pk))
    assert PreviewLink.objects.by_token(other) is None
    assert PreviewLink.objects.by_token(link.token) == link
