"""Reading in a real browser: the theme, the place in a long text, paper, very long words."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from mastery.models import User
from roadmap.models import Milestone, Phase
from tests.conftest import PASSWORD
from tests.e2e.conftest import log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roadmap")]

type Open = Callable[..., BrowserContext]

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 800}
PAPER = "getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(245, 242, 234)", "rgb(22, 24, 21)"


# Theme


@pytest.mark.parametrize("scripts", [True, False])
def test_a_theme_is_chosen_at_the_foot_of_a_page_and_stays(
    open_context: Open, scripts: bool
) -> None:
    context = open_context(java_script_enabled=scripts, color_scheme="light", viewport=PHONE)
    page = context.new_page()
    page.goto("/roadmap/3/")
    assert page.evaluate(PAPER) == LIGHT
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_be_in_viewport()
    assert page.evaluate(PAPER) == DARK
    page.goto("/resources/")
    assert page.evaluate(PAPER) == DARK
    # What the browser draws itself follows: lists to choose from, bars to scroll with.
    assert page.evaluate("getComputedStyle(document.querySelector('select')).colorScheme") == "dark"
    page.get_by_role("button", name="System").click()
    expect(page.locator("html[data-theme]")).to_have_count(0)
    assert page.evaluate(PAPER) == LIGHT


def test_a_light_theme_holds_against_a_dark_system(open_context: Open) -> None:
    page = open_context(color_scheme="dark").new_page()
    page.goto("/")
    assert page.evaluate(PAPER) == DARK
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(PAPER) == LIGHT


# The place in a long text


def current(page: Page) -> list[str]:
    return page.locator(".toc [aria-current=location]").all_inner_texts()


def boxes(page: Page) -> object:
    return page.evaluate(
        "[...document.querySelectorAll('.toc a')].map(a => [a.offsetLeft, a.offsetTop,"
        " a.offsetWidth, a.offsetHeight])"
    )


@pytest.mark.parametrize("path", ["/method/", "/roadmap/rl-1/"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_contents_mark_the_section_that_a_link_led_to(
    open_context: Open, path: str, size: dict[str, int]
) -> None:
    page = open_context(viewport=size, reduced_motion="reduce").new_page()
    page.goto(path)
    before = boxes(page)
    links = page.locator(".toc a").all()
    assert len(links) >= 6
    for link in links:
        link.click()
        expect(link).to_have_attribute("aria-current", "location")
        assert current(page) == [link.inner_text()]
    assert boxes(page) == before, "marking moves nothing"


def test_they_follow_whoever_scrolls_and_stay_in_sight(open_context: Open) -> None:
    page = open_context(viewport=WIDE).new_page()
    page.goto("/method/")
    toc = page.get_by_role("navigation", name="On this page")
    assert current(page) == []
    names = toc.locator("a").all_inner_texts()
    seen = []
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height + 400, 400):
        page.evaluate("top => scrollTo({ top, behavior: 'instant' })", top)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        seen += [name for name in current(page) if name not in seen]
        if 400 < top < height - 1200:
            expect(toc).to_be_in_viewport(ratio=1)
    assert seen == names


def test_the_contents_are_a_plain_list_without_javascript(open_context: Open) -> None:
    page = open_context(java_script_enabled=False, viewport=WIDE).new_page()
    page.goto("/roadmap/3/")
    page.locator(".toc").get_by_role("link", name="Traps").click()
    expect(page.locator("#traps")).to_be_in_viewport()
    assert current(page) == []


def test_who_arrives_at_a_heading_is_there_at_once(open_context: Open) -> None:
    page = open_context(viewport=WIDE).new_page()
    page.goto("/method/#writing")
    expect(page.locator("#writing")).to_be_in_viewport()
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    expect(page.locator(".toc [aria-current=location]")).to_have_text("Writing")


# Dates


def test_the_exact_date_of_a_tick_is_there_for_those_without_a_mouse(
    open_context: Open, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    context = open_context(has_touch=True, is_mobile=True, viewport=PHONE)
    page = context.new_page()
    page.goto("/accounts/login/?next=/roadmap/0/")
    log_in(page)
    exact = page.locator("#milestone-p0-0 .when__exact")
    expect(exact).to_have_text(" (14 March 2026)")
    assert page.evaluate("document.querySelector('.when__exact').offsetWidth") > 50
    mouse = open_context(viewport=WIDE, storage_state=context.storage_state()).new_page()
    mouse.goto("/roadmap/0/")
    assert mouse.evaluate("document.querySelector('.when__exact').offsetWidth") == 1
    expect(mouse.locator("#milestone-p0-0 time")).to_have_attribute("title", "14 March 2026")
    mouse.emulate_media(media="print")
    assert mouse.evaluate("document.querySelector('.when__exact').offsetWidth") > 50


# Paper


def test_a_printed_phase_is_the_text_alone_on_white(open_context: Open) -> None:
    page = open_context(color_scheme="dark", viewport={"width": 673, "height": 1000}).new_page()
    page.goto("/roadmap/3/")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(media="print")
    assert page.evaluate(PAPER) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
    # The phase keeps its colour: the light one.
    numeral = "getComputedStyle(document.querySelector('.phase-head__numeral')).color"
    assert page.evaluate(numeral) == "rgb(154, 121, 18)"
    for gone in ("nav", "button", ".site-foot", ".heading-anchor", ".skip-link", ".no-print"):
        for one in page.locator(gone).all():
            expect(one).to_be_hidden()
    address = "getComputedStyle(document.querySelector('{}'), '::after').content"
    assert "http" in page.evaluate(address.format("a.resources__title[href]"))
    assert "http" in page.evaluate(address.format(".prose a[href^=http]"))
    for heading in page.locator("main :is(h2, h3)").all():
        assert heading.evaluate("el => getComputedStyle(el).breakAfter") == "avoid"


# Words of any length

LONGEST = ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte " * 4)[:250]


@pytest.mark.parametrize("width", [320, 1280])
def test_very_long_words_and_handles_break_no_page(
    open_context: Open, make_user: Callable[..., User], width: int
) -> None:
    handle = "a" * 30
    make_user(handle)
    Phase.objects.filter(slug="rl-3").update(title=LONGEST, length=LONGEST)
    for key, wording in (("p3-0", "x" * 250), ("d3", LONGEST), ("rl-3", LONGEST)):
        Milestone.objects.get(key=key).reword(wording, "cosmetic")
    page = open_context(viewport={"width": width, "height": 600}).new_page()
    page.goto("/accounts/login/")
    page.fill("[name=login]", handle)
    page.fill("[name=password]", PASSWORD)
    page.locator("main form[method=post] button").first.click()
    page.wait_for_url("**/")
    too_wide = {}
    for path in ("/", "/roadmap/", "/roadmap/3/", "/roadmap/rl-3/", "/roadmap/rl-2/", "/levels/",
                 "/progress/", "/settings/"):  # fmt: skip
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            too_wide[path] = wide
    assert too_wide == {}
