"""What people come for, from the first page to the last, in each way in which they may come."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Locator, Page, expect

from mastery.models import User
from roadmap.models import Phase
from tests.conftest import PASSWORD
from tests.e2e.conftest import log_in
from tracker.models import Completion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roadmap")]

WAYS: dict[str, dict[str, Any]] = {
    "at a desk": {},
    "on a phone": {
        "viewport": {"width": 375, "height": 667},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
    "without JavaScript": {"java_script_enabled": False},
}


@pytest.fixture(autouse=True)
def _nobody_was_here_before() -> Iterator[None]:
    """Forget the attempts that the site has counted; every journey comes from one address."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(way: str, open_context: Callable[..., BrowserContext]) -> Page:
    return open_context(**WAYS[way]).new_page()


def nothing_sticks_out(page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{page.url} scrolls sideways by {width} px"


def fill_in_sign_up(page: Page, handle: str = "ada") -> None:
    page.get_by_label("E-mail").fill(f"{handle}@example.org")
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form[method=post] button:not([name=theme])").first.click()


def set_box(page: Page, way: str, key: str, done: bool) -> None:
    page.locator(f"#done-{key}").set_checked(done)
    if "without" in way:
        page.locator(f"#milestone-{key} form").first.get_by_role("button", name="Save").click()


def test_a_visitor_finds_the_entry_point_and_signs_up_to_begin_there(page: Page, way: str) -> None:
    page.goto("/")
    nothing_sticks_out(page)
    page.get_by_role("main").get_by_role("link", name="Find your entry point").first.click()
    expect(page).to_have_url(re.compile(r"/start/$"))
    nothing_sticks_out(page)
    for number, answer in enumerate(["Yes", "No"]):
        page.locator("fieldset", has_text="?").nth(number).get_by_label(answer).check()
    page.get_by_role("button", name="Where do I start?").click()
    expect(page.locator("#advice")).to_contain_text("Start at Phase 2")
    page.get_by_role("link", name="Open Phase 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(Phase.objects.get(slug="2").title)
    nothing_sticks_out(page)

    page.get_by_role("navigation", name="The manual").get_by_role("link", name="Resources").click()
    expect(page).to_have_url(re.compile(r"/resources/$"))
    everything = page.locator(".resources > li").count()
    page.get_by_label("Phase").select_option("2")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"\?phase=2"))
    assert 0 < page.locator(".resources > li").count() < everything
    nothing_sticks_out(page)

    page.get_by_role("main").get_by_role("link", name="Phase 2", exact=True).first.click()
    page.locator("#milestones ~ p, .section").get_by_role("link", name="Sign up").first.click()
    nothing_sticks_out(page)
    fill_in_sign_up(page)
    expect(page).to_have_url(re.compile(r"/roadmap/2/#milestones$"))
    expect(page.locator("#done-p2-0")).to_be_enabled()
    assert User.objects.get().handle == "ada"


def test_a_learner_ticks_settles_in_leaves_and_comes_back(page: Page, way: str) -> None:
    page.goto("/accounts/signup/")
    fill_in_sign_up(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    nothing_sticks_out(page)
    page.goto("/progress/")
    nothing_sticks_out(page)
    set_box(page, way, "p0-0", True)
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    set_box(page, way, "p0-1", True)
    expect(page.locator("#phase-0-progress")).to_contain_text("2 of 5")
    set_box(page, way, "p0-1", False)
    expect(page.locator("#total-progress")).to_contain_text("1 of 35")

    page.goto("/settings/")
    nothing_sticks_out(page)
    page.get_by_label("Reinforcement learning").check()
    page.get_by_label("Hours a week").fill("12")
    page.get_by_role("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Your settings are saved.")
    page.goto("/progress/")
    total = page.locator("#total-progress")
    expect(total).not_to_contain_text("of 35")
    expect(total).to_contain_text("1 of ")

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in").first).to_be_visible()
    page.goto("/accounts/login/?next=/")
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    expect(total).to_contain_text("1 of ")
    assert Completion.objects.get(done=True).milestone.key == "p0-0"


def test_an_editor_changes_a_goal_and_sees_it_on_the_site(page: Page, way: str) -> None:
    User.objects.create_superuser("ada", "ada@example.org", PASSWORD)
    page.goto("/admin/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=%2Fadmin%2F$"))
    log_in(page)
    page.get_by_role("main").get_by_role("link", name="Phases", exact=True).click()
    title = Phase.objects.get(slug="1").title
    page.get_by_role("main").get_by_role("link", name=re.compile(re.escape(title))).first.click()
    page.locator("[name=goal]").fill("You can say **why** it works, in a sentence of your own.")
    page.locator("[name=_continue]").first.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    with page.context.expect_page() if opens_anew(page) else page.expect_navigation():
        page.get_by_role("link", name="View on site").click()
    seen = page.context.pages[-1]
    expect(seen).to_have_url(re.compile(r"/roadmap/1/$"))
    expect(seen.locator("main")).to_contain_text("You can say why it works, in a sentence of")
    expect(seen.locator("main strong", has_text="why")).to_be_visible()
    nothing_sticks_out(seen)


def opens_anew(page: Page) -> bool:
    link = page.get_by_role("link", name="View on site")
    return link.get_attribute("target") not in {None, "_self"}


# By keyboard alone


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the Tab key until the element has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("el => el === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not come to {wanted}")


def test_by_keyboard_alone_a_visitor_becomes_a_learner_with_a_tick(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context().new_page()
    press, main = page.keyboard.press, page.get_by_role("main")
    page.goto("/")
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the text")).to_be_focused()
    press("Enter")
    expect(main).to_be_focused()
    press("Tab")
    expect(main.get_by_role("link", name="Find your entry point").first).to_be_focused()
    press("Enter")
    expect(page).to_have_url(re.compile(r"/start/$"))

    no = page.locator("fieldset").first.get_by_label("No")
    tab_to(page, page.locator("fieldset").first.get_by_label("Yes"))
    press("ArrowRight")
    expect(no).to_be_checked()
    press("Enter")
    expect(page.locator("#advice")).to_contain_text("Start at Phase 1")
    tab_to(page, page.get_by_role("link", name="Open Phase 1"))
    press("Enter")
    expect(page).to_have_url(re.compile(r"/roadmap/1/$"))

    tab_to(page, main.get_by_role("link", name="Sign up"))
    press("Enter")
    page.wait_for_url("**/accounts/signup/**")
    email = page.get_by_label("E-mail")
    if not email.evaluate("el => el === document.activeElement"):
        tab_to(page, email)
    page.keyboard.type("ada@example.org")
    for name, words in (("Handle", "ada"), ("Password", PASSWORD)):
        tab_to(page, page.get_by_label(name))
        page.keyboard.type(words)
    press("Enter")
    expect(page).to_have_url(re.compile(r"/roadmap/1/#milestones$"))

    box = page.locator("#done-p1-0")
    tab_to(page, box)
    press("Space")
    expect(page.locator("#phase-1-progress")).to_contain_text("1 of 5")
    expect(page.locator("#announcement")).to_contain_text("Phase 1: 1 of 5")
    expect(box).to_be_focused()
    expect(box).to_be_checked()
    tab_to(page, page.locator("#done-p1-1"))

    page.goto("/")
    tab_to(page, page.get_by_role("button", name="Log out"))
    press("Enter")
    expect(page.get_by_role("link", name="Log in").first).to_be_visible()
    assert Completion.objects.get().milestone.key == "p1-0"
