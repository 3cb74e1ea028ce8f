"""What editors and visitors are told of links and of claims that wear out."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.links import needs_attention, old_claims
from roadmap.models import Claim, LinkCheck, PhaseResource, Resource, ResourceLink
from roadmap.queries import Manual

NOW = dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
PAGE = "/admin/links/"

pytestmark = pytest.mark.usefixtures("roadmap")


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def resource(roadmap: Manual) -> Resource:
    """A resource of phase 1 with an address within a page, and another link beside it."""
    resource = PhaseResource.objects.filter(phase__slug="1", role="primary")[0].resource
    resource.links.all().delete()
    resource.url = "https://one.test/book#chapter-1"
    resource.save()
    ResourceLink.objects.create(resource=resource, label="Lectures", url="https://two.test/")
    return resource


def fine(url: str, at: dt.datetime = NOW) -> None:
    LinkCheck.objects.keep(url, at=at, status=200)


def failing(url: str, times: int = 2, *, definite: bool = True) -> None:
    for day in range(times, 0, -1):
        at = NOW - dt.timedelta(days=7 * (day - 1))
        problem = "404 Not Found" if definite else "403 Forbidden"
        LinkCheck.objects.keep(url, at=at, status=404, problem=problem, definite=definite)


def words(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return text_of(response.content.decode())


def text_of(html: str) -> str:
    return " ".join("".join(html5lib.parse(html).itertext()).split())


def item(client: Client, resource: Resource, address: str) -> str:
    """Give what a page says in the item of a list that names a resource."""
    page: Any = html5lib.parse(client.get(address).content.decode(), namespaceHTMLElements=False)
    items = [" ".join("".join(one.itertext()).split()) for one in page.iter("li")]
    return next(one for one in items if "Lectures" in one and resource.title in one)


# What visitors read


@pytest.mark.parametrize("address", ["/resources/", "/roadmap/1/"])
def test_visitors_read_when_links_were_last_checked(
    client: Client, resource: Resource, address: str
) -> None:
    assert "last checked" not in words(client, address)
    fine("https://one.test/book", NOW - dt.timedelta(days=1))
    assert "last checked" not in words(client, address)  # of the other one nothing is known
    fine("https://two.test/")
    assert "last checked 2 Nov 2026" in item(client, resource, address)
    assert "did not answer" not in words(client, address)


@pytest.mark.parametrize("address", ["/resources/", "/roadmap/1/"])
def test_visitors_read_beside_a_dead_link_that_it_did_not_answer(
    client: Client, resource: Resource, address: str
) -> None:
    fine("https://one.test/book")
    failing("https://two.test/", times=1)
    assert "did not answer" not in words(client, address)
    failing("https://two.test/", times=2)
    told = item(client, resource, address)
    assert "Lectures did not answer on 3 Nov 2026" in told
    assert "last checked 3 Nov 2026" in told


def test_visitors_read_the_last_good_day_of_what_could_not_be_told(
    client: Client, resource: Resource
) -> None:
    for url in ("https://one.test/book", "https://two.test/"):
        fine(url, NOW - dt.timedelta(days=60))
    failing("https://one.test/book", times=3, definite=False)
    told = item(client, resource, "/resources/")
    assert "last checked 4 Sep 2026" in told
    assert "did not answer" not in told


# What editors read of links


def test_the_report_names_dead_links_first_and_where_they_are_used(
    editor: Client, resource: Resource, roadmap: Manual
) -> None:
    phase = roadmap.phases["1"].row
    topic = phase.topics.all()[0]
    topic.text = "Read [it](https://two.test/#more)."
    topic.save()
    failing("https://two.test/", times=4)
    failing("https://one.test/book", times=2, definite=False)
    body = editor.get(PAGE).content.decode()
    told = text_of(body)
    assert "1 dead, 1 could not tell, 0 fine" in told
    assert told.index("https://two.test/") < told.index("https://one.test/book")
    assert "404 Not Found 13 Oct 2026, 4 times in a row 3 Nov 2026" in told
    assert f"Resource “{resource}”, Lectures" in told
    assert f"Phase 1, topic “{topic}”" in told
    assert body.count(f'href="/admin/roadmap/resource/{resource.pk}/change/"') == 2
    assert f'href="/admin/roadmap/phase/{phase.pk}/change/"' in body


def test_a_link_that_an_editor_took_out_is_no_longer_reported(
    editor: Client, resource: Resource
) -> None:
    failing("https://two.test/")
    assert [one.text for one in needs_attention() if "link" in one.text] == ["1 link is dead."]
    resource.links.all().delete()
    assert "https://two.test/" not in words(editor, PAGE)
    assert [one.text for one in needs_attention() if "link" in one.text] == []


@pytest.mark.parametrize(
    ("state", "named"),
    [("dead", "Dead"), ("unsure", "Could not tell"), ("fine", "Fine"), ("never", "Never asked")],
)
def test_the_list_of_resources_tells_and_filters_by_their_worst_link(
    editor: Client, resource: Resource, state: str, named: str
) -> None:
    if state != "never":
        fine("https://one.test/book")
    if state == "dead":
        failing("https://two.test/")
    elif state == "unsure":
        failing("https://two.test/", times=3, definite=False)
    found = editor.get("/admin/roadmap/resource/", {"links": state}).context["cl"].result_list
    assert resource.pk in [row.pk for row in found]
    assert state == "never" or len(found) == 1
    page: Any = html5lib.parse(
        editor.get("/admin/roadmap/resource/", {"q": resource.slug}).content.decode(),
        namespaceHTMLElements=False,
    )
    columns = [
        cell.text for cell in page.iter("td") if "field-link_verdict" in cell.get("class", "")
    ]
    assert columns == [named]


def test_one_definite_failure_is_not_dead_yet(editor: Client, resource: Resource) -> None:
    failing("https://one.test/book", times=1)
    assert "0 dead, 1 could not tell" in words(editor, PAGE)
    assert "No link is known to be dead." in words(editor, PAGE)


# What editors read of claims


def test_claims_are_old_after_a_year_unless_they_are_judgement(editor: Client) -> None:
    Claim.objects.all().delete()
    for slug, tier, days in (
        ("recent", 1, 365),
        ("old", 1, 366),
        ("older", 2, 800),
        ("never", 2, None),
        ("judgement", 3, None),
        ("old-judgement", 3, 900),
    ):
        checked = None if days is None else TODAY - dt.timedelta(days=days)
        Claim.objects.create(slug=slug, statement=slug, tier=tier, source="s", checked=checked)

    assert [claim.slug for claim in old_claims(TODAY)] == ["never", "older", "old"]
    told = words(editor, PAGE)
    assert "never 2 Never" in told
    assert "older 2 25 Aug 2024, 2 years, 2 months ago" in told.replace("\xa0", " ")
    assert "old 1 2 Nov 2025, 1 year ago" in told.replace("\xa0", " ")
    found = editor.get("/admin/roadmap/claim/", {"age": "old"}).context["cl"].result_list
    assert {claim.slug for claim in found} == {"never", "older", "old"}
    assert [one.text for one in needs_attention()] == ["3 claims were not checked for a year."]
    Claim.objects.exclude(slug="old").delete()
    assert [one.text for one in needs_attention()] == ["1 claim was not checked for a year."]


def test_nothing_waits_when_all_is_well(editor: Client) -> None:
    Claim.objects.update(checked=TODAY)
    assert needs_attention() == []
    told = words(editor, PAGE)
    assert "Every claim was checked within a year." in told
    assert "0 dead, 0 could not tell, 0 fine" in told


# The page itself


def test_the_report_is_for_editors(user: User, learner: Client) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert learner.get(PAGE).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_resource"))
    assert learner.get(PAGE).status_code == 200
    assert learner.post(PAGE).status_code == 405


@pytest.mark.parametrize("address", [PAGE, "/resources/", "/admin/roadmap/resource/"])
def test_pages_cost_the_same_for_more_links(editor: Client, address: str) -> None:
    def make(first: int, last: int) -> None:
        for number in range(first, last):
            url = f"https://{number}.test/"
            Resource.objects.create(
                slug=f"new-{number}", title="New", kind="book", summary="s", url=url
            )
            failing(url, definite=number % 2 > 0)
            Claim.objects.create(slug=f"c-{number}", statement="Is", tier=1, source=f"<{url}>")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(address).status_code == 200
        return len(queries)

    make(0, 2)
    editor.get(address)
    make(2, 4)
    few = cost()
    make(4, 20)
    assert cost() == few
