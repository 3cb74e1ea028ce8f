"""Ticks as a person makes them, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from mastery.models import User
from roadmap.queries import Manual
from tests.e2e.conftest import Complaints, all_sent, log_in, sign_up
from tracker.models import Completion, CompletionEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roadmap")]


def test_a_person_signs_up_ticks_logs_out_and_finds_the_tick_again(page: Page) -> None:
    sign_up(page)
    page.goto("/roadmap/0/")
    page.check("#done-p0-0")
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    expect(page.locator("#total-progress")).to_contain_text("1 of 35")
    expect(page.locator("#announcement")).to_contain_text("Phase 0: 1 of 5")
    page.goto("/accounts/logout/")
    page.locator("main form[method=post] button").first.click()
    page.goto("/accounts/login/?next=/progress/")
    log_in(page)
    expect(page.locator("#done-p0-0")).to_be_checked()
    expect(page.locator("#phase-0-progress progress")).to_have_js_property("value", 1)


def test_without_javascript_the_same_person_gets_as_far(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    sign_up(page)
    page.goto("/roadmap/0/")
    page.check("#done-p0-0")
    page.locator("#milestone-p0-0 noscript button, #milestone-p0-0 button").first.click()
    expect(page).to_have_url(re.compile(r"/roadmap/0/#milestone-p0-0$"))
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    page.uncheck("#done-p0-0")
    page.locator("#milestone-p0-0 noscript button, #milestone-p0-0 button").first.click()
    expect(page.locator("#phase-0-progress")).to_contain_text("0 of 5")
    page.get_by_role("button", name="Put that tick back").click()
    expect(page.locator("#done-p0-0")).to_be_checked()


def test_by_keyboard_a_tick_and_putting_it_back_keep_the_focus_on_the_box(page: Page) -> None:
    sign_up(page)
    page.goto("/progress/")
    page.focus("#done-p0-0")
    page.keyboard.press("Space")
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    expect(page.locator("#done-p0-0")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#phase-0-progress")).to_contain_text("0 of 5")
    expect(page.locator("#done-p0-0")).to_be_focused()
    page.focus("#restore-p0-0")
    page.keyboard.press("Enter")
    expect(page.locator("#done-p0-0")).to_be_checked()
    expect(page.locator("#done-p0-0")).to_be_focused()


def test_with_the_line_down_the_box_goes_back_and_says_so(
    page: Page, complaints: Complaints
) -> None:
    sign_up(page)
    page.goto("/progress/")
    page.context.set_offline(True)
    page.click("#done-p0-0")
    expect(page.locator("#announcement")).to_contain_text("Not saved")
    expect(page.locator("#done-p0-0")).not_to_be_checked()
    complaints.clear()  # the browser reports the request that could not be sent
    page.context.set_offline(False)
    page.click("#done-p0-0")
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    assert Completion.objects.get().done


def test_an_error_of_the_site_puts_the_box_back_and_says_so(
    page: Page, complaints: Complaints
) -> None:
    sign_up(page)
    page.goto("/progress/")
    page.route("**/progress/p0-0/", lambda route: route.fulfill(status=500, body="broken"))
    at_once(page, "p0-0", "p0-1")
    # The tick that waited is kept, and its answer leaves what was said.
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    expect(page.locator("#announcement")).to_contain_text("Not saved")
    expect(page.locator("#done-p0-0")).not_to_be_checked()
    page.click("#done-p0-2")
    expect(page.locator("#announcement")).to_have_text("Phase 0: 2 of 5. In all: 2 of 35.")
    complaints.clear()


def test_a_box_that_an_answer_replaces_while_it_waits_is_ticked_all_the_same(page: Page) -> None:
    sign_up(page)
    page.goto("/progress/")
    row = page.locator("#milestone-p0-1").evaluate("row => row.outerHTML")

    def replace(route: Route) -> None:
        answer = route.fetch()
        also = row.replace("<li ", '<li hx-swap-oob="true" ', 1)
        route.fulfill(response=answer, body=answer.text() + also)

    page.route("**/progress/p0-0/", replace)
    at_once(page, "p0-0", "p0-1")
    expect(page.locator("#phase-0-progress")).to_contain_text("2 of 5")
    expect(page.locator("#done-p0-1")).to_be_checked()


def at_once(page: Page, *keys: str) -> None:
    page.evaluate(
        "keys => keys.forEach(key => document.getElementById(`done-${key}`).click())", keys
    )


def test_with_the_session_gone_the_person_logs_in_and_comes_back(page: Page) -> None:
    sign_up(page)
    page.goto("/roadmap/0/")
    page.context.clear_cookies(name="sessionid")
    page.click("#done-p0-0")
    page.wait_for_url("**/accounts/login/?next=%2Froadmap%2F0%2F%23milestone-p0-0")
    expect(page.locator("main")).to_contain_text("your last change was not saved")
    log_in(page)
    expect(page).to_have_url(re.compile(r"/roadmap/0/#milestone-p0-0$"))
    expect(page.locator("#done-p0-0")).not_to_be_checked()


@pytest.mark.parametrize(("clicks", "done"), [(2, False), (5, True)])
def test_fast_clicks_end_in_the_state_the_person_sees(page: Page, clicks: int, done: bool) -> None:
    if done:  # as over plain http, to another machine than one's own
        page.add_init_script("delete Navigator.prototype.locks;")
    sign_up(page)
    page.goto("/progress/")
    page.evaluate(
        "n => { for (let i = 0; i < n; i++) document.getElementById('done-p0-0').click(); }", clicks
    )
    if not done:
        all_sent(page)
    expect(page.locator("#done-p0-0")).to_be_checked(checked=done)
    expect(page.locator("#phase-0-progress")).to_contain_text(f"{int(done)} of 5")
    page.reload()
    expect(page.locator("#done-p0-0")).to_be_checked(checked=done)


def test_two_tabs_show_one_truth_after_their_next_tick(page: Page) -> None:
    sign_up(page)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto("/progress/")
    page.check("#done-p0-0")
    expect(page.locator("#phase-0-progress")).to_contain_text("1 of 5")
    other.check("#done-p0-0")
    expect(other.locator("#phase-0-progress")).to_contain_text("1 of 5")
    other.check("#done-p0-1")
    expect(other.locator("#phase-0-progress")).to_contain_text("2 of 5")
    kinds = list(CompletionEvent.objects.values_list("kind", flat=True))
    assert kinds == ["ticked", "ticked"]


def test_the_browsers_time_zone_is_taken_at_sign_up(
    open_context: Callable[..., BrowserContext],
) -> None:
    page = open_context(timezone_id="Asia/Tokyo").new_page()
    sign_up(page)
    assert User.objects.get().time_zone == "Asia/Tokyo"


def test_a_shared_milestone_changes_everywhere_on_the_board_at_once(
    page: Page, roadmap: Manual
) -> None:
    sign_up(page)
    page.goto("/progress/")
    page.check("#done-p4-0")
    expect(page.locator("#phase-4-progress")).to_contain_text("1 of 5")
    expect(page.locator("#phase-rl-3-progress")).to_contain_text("1 of 4")
    expect(page.locator("#shared-rl-3-p4-0")).to_contain_text("Done")
