"""A milestone's own page in every state, held to what every page is held to."""

import pytest
from django.urls import reverse

from roadmap.models import Milestone, MilestoneRevision
from roadmap.operations import Successor, split
from roadmap.queries import manual
from tests.e2e.pages import Visit
from tests.e2e.ticks import LONGEST, WORD, tick
from tests.e2e.tour import Tour
from tracker.models import SubStep

pytestmark = pytest.mark.django_db


def sent(tour: Tour, url: str, label: str = "other") -> None:
    tour.go(reverse("evidence", args=["p0-0"]))
    form = tour.page.locator(".evidence-form")
    form.evaluate("form => form.noValidate = true")
    form.locator("[name=url]").first.fill(url)
    form.locator("[name=label]").first.select_option(label)
    form.locator("textarea").fill("abc " * 30 + WORD)
    with tour.page.expect_navigation():
        form.locator("button").first.click()


def changed(tour: Tour) -> None:
    sent(tour, f"https://example.org/{'a' * 200}", "commit")
    sent(tour, "https://example.org/other", "repository")


def noted(tour: Tour) -> None:
    tour.go(reverse("evidence", args=["p0-0"]))
    tour.page.fill("#note-text", f"## Two\n\n{WORD}\n\n- a\n\n`{WORD}`\n\n|a|\n|-|\n|{WORD}|")
    with tour.page.expect_navigation():
        tour.page.click("text=Save the note")


def step_removed(tour: Tour) -> None:
    SubStep.objects.add(tour.user, milestone=manual().milestones["p0-0"].pk, text="y" * 180)
    tour.go(reverse("evidence", args=["p0-0"]))
    tour.page.locator(".sub-step__more summary").last.click()
    with tour.page.expect_navigation():
        tour.page.locator(".sub-step__more[open] button", has_text="Remove").click()


VISITS = [
    Visit("evidence", "not ticked", args=("d1",)),
    Visit("evidence", "long words", args=("p0-1",)),
    Visit("evidence", "split", args=("p0-4",)),
    Visit("evidence", "refused", way=lambda tour: sent(tour, "javascript:alert(1)"), status=422),
    Visit("evidence", "changed", way=changed),
    Visit("evidence", "with a note", way=noted),
    Visit("evidence", "a step removed", way=step_removed),
    Visit("reset", args=("trunk",)),
    Visit("reset", "nothing to reset", args=("rl",)),
]


class TestMilestone:
    @staticmethod
    def prepare(tour: Tour) -> None:
        user = tour.person("ada")
        tick(user, "p0-0", "p0-1", "p0-4", "d0")
        Milestone.objects.get(key="p0-1").reword(LONGEST, MilestoneRevision.Change.MATERIAL)
        into = [Successor(f"p0-4{letter}", f"{letter} {LONGEST[2:]}") for letter in "ab"]
        split(Milestone.objects.get(key="p0-4"), into, counts=set())
        for text in ("one", f"two {WORD}", "three"):
            SubStep.objects.add(user, milestone=manual().milestones["p0-0"].pk, text=text)
        tour.enter("ada")

    @pytest.mark.parametrize("visit", VISITS, ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit, still=visit.way is None)
