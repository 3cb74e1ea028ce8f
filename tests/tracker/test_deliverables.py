import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from mastery.models import User
from roadmap.models import DeliverablePart, Milestone
from roadmap.queries import Manual
from tracker.deliverables import shelf_of
from tracker.evidence import Evidence, Link
from tracker.models import Completion
from tracker.progress import Total
from tracker.queries import board_of

HX = {"HX-Request": "true"}
OURS = ["d0", "d1", "d2", "d3", "d4", "d5"]
REPOSITORY = Link("repository", "https://git.example/ada/d0", "repository")
PLOT = Link("plot", "https://plots.example/d0.png", "loss-curve")
LOG = Link("write-up", "https://www.ada.example/log", "log")


@pytest.fixture
def give(user: User, roadmap: Manual) -> Callable[..., None]:
    """Give links for a deliverable, which ticks it."""

    def give(key: str, *links: Link) -> None:
        one = roadmap.milestones[key]
        Completion.objects.of(user).show(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            evidence=Evidence(links),
            kind=one.kind,
            on=dt.date(2026, 3, 14),
            now=timezone.now(),
        )

    return give


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def shelf(html: str, key: str) -> str:
    """Give the words of one deliverable in the list of all."""
    (row,) = re.findall(
        rf'<li id="shelf-{key}".*?</li>\s*(?=<li id="shelf-|</ul>\s*</div>)', html, re.DOTALL
    )
    return words(row)


def test_a_phase_page_says_to_anybody_what_must_ship(client: Client, roadmap: Manual) -> None:
    for slug, phase in roadmap.phases.items():
        text = words(client.get(f"/roadmap/{slug}/").content.decode())
        for deliverable in phase.deliverables:
            assert "What must ship" in text
            for part in deliverable.parts:
                assert part.name.replace("'", "&#x27;") in text
    assert "Missing" not in text


def test_a_phase_page_shows_what_shipped_and_what_is_missing(
    learner: Client, give: Callable[..., None]
) -> None:
    give("d0", REPOSITORY, LOG, Link("other", "https://talks.example/"))
    html = learner.get("/roadmap/0/").content.decode()
    text = words(html)
    assert "What must ship: 2 of 3 linked" in text
    assert "Repository git.example" in text
    assert "Write-up ada.example" in text
    assert "Missing: a link to the plot" in text
    assert "Other talks.example" in text
    assert html.count('href="https://git.example/ada/d0"') == 1
    assert 'name="done"' in html
    assert 'href="/progress/d0/evidence/"' in html


@pytest.mark.parametrize(
    ("links", "says"),
    [
        ((REPOSITORY,), "Shipped, claimed"),
        ((REPOSITORY, LOG), "Shipped and shown"),
        ((REPOSITORY, LOG, PLOT), "Shipped and shown"),
    ],
)
def test_the_board_lists_each_deliverable_with_its_state(
    learner: Client, give: Callable[..., None], links: tuple[Link, ...], says: str
) -> None:
    give("d0", *links)
    html = learner.get("/progress/").content.decode()
    row = shelf(html, "d0")
    assert says in row
    assert f"{len(links)} of 3 parts linked" in row
    assert row.count("Missing: ") == 3 - len(links)
    assert "Not shipped yet" in shelf(html, "d1")
    assert "Missing" not in shelf(html, "d1")
    assert f"1 of 6 shipped, {int(len(links) > 1)} of them shown." in words(html)


def test_a_deliverable_ticked_without_links_lacks_all_its_parts(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "d0")
    row = shelf(learner.get("/progress/").content.decode(), "d0")
    assert "Shipped, claimed" in row
    assert "0 of 3 parts linked" in row
    assert row.count("Missing: ") == 3


def test_a_tick_brings_the_list_up_to_date(learner: Client, roadmap: Manual) -> None:
    html = learner.post("/progress/d0/", {"done": "1"}, headers=HX).content.decode()
    assert re.search(r'id="shelf" hx-swap-oob="true"', html)
    assert "Shipped, claimed" in shelf(html, "d0")
    assert 'id="shelf"' not in (
        learner.post("/progress/p0-0/", {"done": "1"}, headers=HX).content.decode()
    )
    html = learner.post("/progress/d0/", {"done": "0", "page": "0"}, headers=HX).content.decode()
    assert "What must ship" in html
    assert 'id="shelf"' not in html


@pytest.mark.parametrize(
    ("tracks", "given", "keys", "total"),
    [
        pytest.param(["trunk", "llm"], [], OURS, Total(0, 6), id="none"),
        pytest.param(["trunk"], [], ["d0", "d1"], Total(0, 2), id="one track"),
        pytest.param(["trunk", "llm"], ["d0", "d2"], OURS, Total(2, 6, 2), id="some"),
        pytest.param(
            ["trunk", "llm"], ["drl-0"], [*OURS, "drl-0"], Total(0, 6), id="on another track"
        ),
        pytest.param(
            ["trunk", "rl"],
            ["d0", "drl-0"],
            ["d0", "d1", "drl-0", "drl-1", "drl-2", "drl-3", "drl-4"],
            Total(2, 7, 2),
            id="RL chosen",
        ),
    ],
)
def test_only_deliverables_of_chosen_tracks_are_asked_for(
    user: User,
    roadmap: Manual,
    give: Callable[..., None],
    tracks: list[str],
    given: list[str],
    keys: list[str],
    total: Total,
) -> None:
    user.tracks = tracks
    for key in given:
        give(key, REPOSITORY, LOG)
    found = shelf_of(board_of(user, roadmap))
    assert [row.item.key for row in found.rows] == keys
    assert found.total == total


def test_a_deliverable_of_another_track_is_shown_and_not_counted(
    learner: Client, give: Callable[..., None]
) -> None:
    give("drl-0", REPOSITORY, LOG)
    html = learner.get("/progress/").content.decode()
    assert "not on your tracks" in shelf(html, "drl-0")
    assert "0 of 6 shipped." in words(html)
    assert 'id="shelf-drl-1"' not in html


def test_a_retired_deliverable_stays_with_whoever_shipped_it(
    user: User, roadmap: Manual, give: Callable[..., None], learner: Client
) -> None:
    give("d0", REPOSITORY, LOG)
    Milestone.objects.filter(key__in=["d0", "d1"]).update(state="retired")
    html = learner.get("/progress/").content.decode()
    assert "Shipped and shown" in shelf(html, "d0")
    assert 'id="shelf-d1"' not in html
    assert "1 of 5 shipped, 1 of them shown." in words(html)


def test_what_an_editor_adds_to_the_list_is_missing_from_then_on(
    learner: Client, give: Callable[..., None]
) -> None:
    give("d0", REPOSITORY, LOG, PLOT)
    assert "3 of 3 linked" in words(learner.get("/roadmap/0/").content.decode())
    DeliverablePart.objects.create(
        milestone=Milestone.objects.get(key="d0"),
        slug="weights",
        name="The weights, to download",
        label="weights",
        position=9,
    )
    text = words(learner.get("/roadmap/0/").content.decode())
    assert "3 of 4 linked" in text
    assert "The weights, to download Missing: a link to the weights" in text


def test_nobody_sees_what_somebody_else_shipped(
    give: Callable[..., None], make_user: Callable[..., User]
) -> None:
    give("d0", REPOSITORY)
    other = Client()
    other.force_login(make_user("emmy"))
    for browser in (other, Client()):
        for path in ("/roadmap/0/", "/progress/"):
            assert "git.example" not in browser.get(path).content.decode()
