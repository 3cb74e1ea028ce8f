"""The editors' desk, page by page, in a real browser; and what it lets others see."""

import datetime as dt

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry, Writing
from mastery import roles
from roadmap.models import (
    Habit,
    LinkCheck,
    Milestone,
    MilestoneRevision,
    Phase,
    Placement,
    PreviewLink,
    Release,
    Resource,
    State,
)
from roadmap.operations import retire
from tests.e2e.pages import Visit, row_of, rows
from tests.e2e.ticks import LONGEST, tick
from tests.e2e.tour import Tour

# Only so that there is a database; what the tests look at is made by the class.
pytestmark = pytest.mark.django_db


def to(name: str, *args: object, query: str = "") -> str:
    return reverse(f"admin:{name}", args=args) + query


def at(name: str, *args: object, state: str = "") -> Visit:
    return Visit(f"admin:{name}", state, way=lambda tour: tour.go(to(name, *args)))


def form(kind: str, page: str = "change") -> Visit:
    name = f"{kind}_{page}"
    return Visit(f"admin:{name}", way=lambda tour: tour.go(to(name, row_of(kind))))


def of(page: str, *keys: str, state: str = "") -> Visit:
    """Come to an operation's page for milestones."""

    def go(tour: Tour) -> None:
        pks = [Milestone.objects.get(key=key).pk for key in keys]
        tour.go(to(f"roadmap_milestone_{page}", query="?" + "&".join(f"row={pk}" for pk in pks)))

    return Visit(f"admin:roadmap_milestone_{page}", state, way=go)


def of_phase(page: str, slug: str) -> Visit:
    def go(tour: Tour) -> None:
        tour.go(to(f"roadmap_phase_{page}", query=f"?row={Phase.objects.get(slug=slug).pk}"))

    return Visit(f"admin:roadmap_phase_{page}", way=go)


def of_set(page: str) -> Visit:
    name = f"roadmap_release_{page}"
    return Visit(
        f"admin:{name}", way=lambda tour: tour.go(to(name, Release.objects.drafts().get().pk))
    )


def shared_entry(tour: Tour) -> None:
    tour.go(to("journal_entry_change", Entry.objects.get(visibility="public").pk))


def milestone_form(tour: Tour) -> None:
    tour.go(to("roadmap_milestone_change", Milestone.objects.get(key="p1-2").pk))


def reworded_without_a_choice(tour: Tour) -> None:
    milestone_form(tour)
    tour.page.fill("[name=wording]", "Another wording")
    with tour.page.expect_navigation():
        tour.page.locator("[name=_save]").first.click()


def overtaken(tour: Tour) -> None:
    milestone_form(tour)
    other = tour.context.new_page()
    other.goto(tour.page.url)
    for page, words in ((other, "Said meanwhile by somebody else."), (tour.page, "Said by me.")):
        page.fill("[name=detail]", words)
        with page.expect_navigation():
            page.locator("[name=_save]").first.click()
    other.close()


def history_of_a_milestone(tour: Tour) -> None:
    tour.go(to("roadmap_milestone_history", Milestone.objects.get(key="p1-2").pk))


def putting_back(tour: Tour) -> None:
    history_of_a_milestone(tour)
    with tour.page.expect_navigation():
        tour.page.get_by_role("link", name="Put this back").first.click()


def putting_back_a_phase(tour: Tour) -> None:
    tour.go(to("roadmap_phase_history", Phase.objects.get(slug="1").pk))
    with tour.page.expect_navigation():
        tour.page.get_by_role("link", name="Put this back").first.click()


def saved_empty(tour: Tour) -> None:
    tour.go(to("roadmap_phase_add"))
    tour.page.evaluate("document.querySelector('#phase_form').noValidate = true")
    with tour.page.expect_navigation():
        tour.page.click("[name=_save]")


def previewed(tour: Tour) -> None:
    tour.go(reverse("release_preview", args=[PreviewLink.objects.get().token, "roadmap/1/"]))


# Kinds of rows whose forms are looked at in a state of their own, below.
SPECIAL = {"journal_entry", "roadmap_milestone", "roadmap_release"}
DESK = [
    at("index"),
    at("app_list", "roadmap"),
    at("password_change"),
    Visit(
        "admin:auth_user_password_change",
        way=lambda tour: tour.go(to("auth_user_password_change", row_of("mastery_user"))),
    ),
    *(at(f"{kind}_changelist") for kind in rows()),
    *(form(kind) for kind in rows() if kind not in SPECIAL),
    at("roadmap_phase_add"),
    at("mastery_user_add"),
    form("mastery_user", "history"),
    form("mastery_user", "delete"),
    form("roadmap_phase", "history"),
    form("roadmap_phase", "delete"),
    Visit("admin:roadmap_milestone_changelist", "nothing found", query="?q=nothing-like-it"),
    Visit("admin:roadmap_phase_add", "with mistakes", way=saved_empty),
    Visit("admin:roadmap_milestone_change", way=milestone_form),
    Visit("admin:roadmap_milestone_change", "no choice", way=reworded_without_a_choice),
    Visit("admin:roadmap_milestone_change", "overtaken", way=overtaken, status=409),
    Visit("admin:roadmap_milestone_history", way=history_of_a_milestone),
    Visit("admin:roadmap_milestone_put_back", way=putting_back),
    Visit("admin:roadmap_phase_put_back", way=putting_back_a_phase),
    at("roadmap_phase_deleted"),
    at("roadmap_habit_deleted"),
    of("split", "p1-2"),
    of("merge", "p1-2", "p1-3"),
    of("replace", "p1-2"),
    of("retire", "p1-2"),
    of("restore", "p2-5"),
    of_phase("retire", "2"),
    of_phase("restore", "rl-4"),
    of_phase("publish", "new"),
    of_set("change"),
    of_set("links"),
    of_set("publish"),
    Visit("admin:journal_entry_change", way=shared_entry),
    at("numbers"),
    at("links"),
    at("content"),
]


class TestEditor:
    @staticmethod
    def prepare(tour: Tour) -> None:
        grace = tour.person("grace", is_staff=True, is_superuser=True)
        TOTP.activate(tour.person("linus"), generate_totp_secret())
        UserSession.objects.create(
            user=grace, ip="127.0.0.1", session_key="1", user_agent="Lynx 2.9"
        )
        ada = tour.person("ada")
        tick(ada, "p1-2", "p1-3", "p2-5", "d1")
        Entry.objects.add(
            ada,
            [Writing(day=dt.date(2026, 3, 14), title=LONGEST[:200], tried="Adam.")],
            now=timezone.now(),
            visibility="public",
        )
        make_content(tour)
        tour.enter("grace")

    @pytest.mark.parametrize("visit", DESK, ids=str)
    def test_a_page_of_the_desk_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)

    def test_a_page_of_the_site_is_in_order(self, tour: Tour) -> None:
        tour.look(Visit("phase", args=("1",)))


def make_content(tour: Tour) -> None:
    """Bring content into every state that the desk has pages for."""
    Milestone.objects.get(key="p1-2").reword(LONGEST, MilestoneRevision.Change.MATERIAL)
    retire([Milestone.objects.get(key="p2-5")])
    retire([Phase.objects.get(slug="rl-4")])
    first = Phase.objects.get(slug="1")
    first.goal = f"{first.goal}\n\nAnd one more thing."
    first.save()
    Habit.objects.last().delete()
    release = Release.objects.create(title="More of the trunk", notes="Because **so**.")
    PreviewLink.objects.create(release=release, made_by=tour.people["grace"])
    draft = Milestone.objects.create(key="p1-new", kind="build", state=State.DRAFT, release=release)
    draft.reword("Something that is not there yet", MilestoneRevision.Change.MATERIAL)
    Placement.objects.create(phase=first, milestone=draft, position=99)
    Phase.objects.create(
        slug="new", track=first.track, position=99, title="A phase to come", state=State.DRAFT,
        length="A week", summary="Short", goal="Go.", path="Walk.", done_when="- There.",
    )  # fmt: skip
    url = Resource.objects.exclude(url="").first().url
    LinkCheck.objects.create(
        url=url, checked=timezone.now(), status=404, problem="404 Not Found", failures=2,
        definite=True, since=timezone.now(),
    )  # fmt: skip


ROLES = {
    "lovelace": [at("index"), at("roadmap_milestone_changelist"), at("numbers")],
    "hopper": [
        at("index"),
        at("mastery_user_changelist"),
        form("mastery_user"),
        at("journal_entry_changelist"),
    ],
}


class TestRoles:
    @staticmethod
    def prepare(tour: Tour) -> None:
        tour.person("ada")
        roles.appoint(tour.person("lovelace"), roles.EDITOR)
        roles.appoint(tour.person("hopper"), roles.HOST)

    @pytest.mark.parametrize(
        ("handle", "visit"),
        [(handle, visit) for handle, visits in ROLES.items() for visit in visits],
        ids=str,
    )
    def test_a_page_of_the_desk_is_in_order(self, tour: Tour, handle: str, visit: Visit) -> None:
        tour.enter(handle)
        tour.look(visit)


PREVIEW = [Visit("release_preview", way=previewed)]


class TestPreview:
    @staticmethod
    def prepare(tour: Tour) -> None:
        tour.person("grace")
        make_content(tour)
        tour.enter("")

    @pytest.mark.parametrize("visit", [*PREVIEW, Visit("changes")], ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)


VISITS = [*DESK, *(visit for visits in ROLES.values() for visit in visits), *PREVIEW]
