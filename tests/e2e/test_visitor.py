"""Progress that starts before the account, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.conftest import PASSWORD
from tests.e2e.conftest import Complaints, all_sent, sign_up
from tracker.models import Completion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roadmap")]


def test_a_visitor_ticks_signs_up_and_has_the_ticks_in_the_account(page: Page) -> None:
    page.goto("/roadmap/0/")
    page.click("#done-p0-0")
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    expect(page.locator("#announcement")).to_contain_text("Phase 0: 1 of 5. In all: 1 of 35.")
    expect(page.locator("#done-p0-0")).to_be_focused()
    page.keyboard.press("Tab")
    page.focus("#done-p0-1")
    page.keyboard.press("Space")
    expect(page.locator("#phase-0-progress")).to_contain_text("2 of 5")
    expect(page).to_have_url(re.compile(r"/roadmap/0/$"))
    page.reload()
    expect(page.locator("#done-p0-0")).to_be_checked()
    expect(page.locator("#done-p0-1")).to_be_checked()
    page.goto("/")
    expect(page.locator("main")).to_contain_text("2 of 35 in this browser")
    assert not Completion.objects.exists()

    page.get_by_role("link", name="your progress").click()
    page.locator("#in-this-browser").get_by_role("link", name="Sign up").click()
    page.fill("[name=email]", "ada@example.org")
    page.fill("[name=username]", "ada")
    page.fill("[name=password1]", PASSWORD)
    page.locator("main form button:not([type])").first.click()
    expect(page).to_have_url(re.compile(r"/progress/$"))
    receipt = page.locator(".message", has_text="2 ticks from this browser are in your account.")
    receipt.get_by_text("Which").click()
    expect(receipt.locator("li")).to_have_count(2)
    expect(page.locator("#done-p0-0")).to_be_checked()
    expect(page.locator("#total-progress")).to_contain_text("2 of 35")
    assert Completion.objects.filter(done=True).count() == 2
    assert "ticks" not in {cookie["name"] for cookie in page.context.cookies()}


def test_without_javascript_a_visitor_ticks_and_unticks(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto("/roadmap/0/")
    page.check("#done-p0-0")
    page.locator("#milestone-p0-0").get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/roadmap/0/#milestone-p0-0$"))
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    page.goto("/progress/")
    page.uncheck("#done-p0-0")
    page.locator("#milestone-p0-0").get_by_role("button", name="Save").click()
    expect(page.locator("#total-progress")).to_contain_text("0 of 35")
    assert page.context.cookies() == []


def test_who_only_reads_gets_no_cookie_and_no_htmx(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/roadmap/0/", "/progress/"):
        page.goto(path, wait_until="networkidle")
    assert not [url for url in asked if "htmx" in url]
    assert page.context.cookies() == []
    page.hover("#done-p0-0")
    page.wait_for_function("() => window.htmx")


@pytest.mark.parametrize(("clicks", "done"), [(1, True), (2, False), (3, True)])
def test_clicks_before_htmx_has_come_end_in_the_state_the_person_sees(
    page: Page, clicks: int, done: bool
) -> None:
    page.goto("/progress/")
    page.evaluate(
        "n => { for (let i = 0; i < n; i++) document.getElementById('done-p0-0').click(); }", clicks
    )
    page.wait_for_function("() => window.htmx")
    all_sent(page)
    expect(page.locator("#total-progress")).to_contain_text(f"{int(done)} of 35")
    expect(page.locator("#done-p0-0")).to_be_checked(checked=done)
    page.reload()
    expect(page.locator("#done-p0-0")).to_be_checked(checked=done)


def test_boxes_ticked_in_one_breath_are_all_kept(page: Page) -> None:
    page.goto("/progress/")
    page.hover("#done-p0-0")
    page.wait_for_function("() => window.htmx")
    page.evaluate(
        "keys => keys.forEach(key => document.getElementById(`done-${key}`).click())",
        # The second one is clicked three times while it waits for the first.
        ["p0-0", "p0-1", "p0-1", "p0-1", "p0-2", "p1-0"],
    )
    expect(page.locator("#total-progress")).to_contain_text("4 of 35")
    page.reload()
    for key in ("p0-0", "p0-1", "p0-2", "p1-0"):
        expect(page.locator(f"#done-{key}")).to_be_checked()


def test_of_two_tabs_that_tick_at_once_both_ticks_are_kept(page: Page) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto("/progress/")
        tab.hover("#done-p0-0")
        tab.wait_for_function("() => window.htmx")
    held: list[Route] = []
    sent: list[str] = []
    page.route("**/progress/p0-0/", lambda route: held.append(route))
    other.on("request", lambda request: sent.append(request.url))
    with page.expect_request("**/progress/p0-0/"):
        page.evaluate("document.getElementById('done-p0-0').click()")
    other.evaluate("document.getElementById('done-p0-1').click()")
    other.wait_for_function("() => navigator.locks.query().then(all => all.pending.length)")
    assert sent == []
    held[0].continue_()
    expect(page.locator("#total-progress")).to_contain_text("1 of 35")
    expect(other.locator("#total-progress")).to_contain_text("2 of 35")
    page.reload()
    for key in ("p0-0", "p0-1"):
        expect(page.locator(f"#done-{key}")).to_be_checked()


def test_with_the_line_down_the_box_goes_back_and_can_be_tried_again(
    page: Page, complaints: Complaints
) -> None:
    page.goto("/progress/")
    page.context.set_offline(True)
    page.evaluate("document.getElementById('done-p0-0').click()")
    expect(page.locator("#announcement")).to_contain_text("Not saved")
    expect(page.locator("#done-p0-0")).not_to_be_checked()
    complaints.clear()  # the browser reports what it could not fetch
    page.context.set_offline(False)
    page.click("#done-p0-0")
    expect(page.locator("#total-progress")).to_contain_text("1 of 35")


def test_logging_in_asks_what_becomes_of_the_ticks(page: Page) -> None:
    sign_up(page)
    page.get_by_role("button", name="Log out").click()
    page.goto("/progress/")
    page.click("#done-p1-0")
    expect(page.locator("#total-progress")).to_contain_text("1 of 35")
    page.locator("#in-this-browser").get_by_role("link", name="log in").click()
    page.fill("[name=login]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.locator("main form[method=post] button").first.click()
    expect(page.locator("h2#new")).to_have_text("New: 1")
    page.get_by_role("button", name="Add them").click()
    expect(page).to_have_url(re.compile(r"/progress/$"))
    expect(page.locator("main")).to_contain_text("1 tick added.")
    expect(page.locator("#done-p1-0")).to_be_checked()
