"""The entry's form in a real browser: what is typed is never lost."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from PIL import Image
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from journal.models import Draft, Entry, Picture
from mastery.models import User
from tests.e2e.conftest import Complaints, log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roadmap")]

Open = Callable[..., Page]

NEW = "/journal/new/"
SAVED = re.compile(r"^saved \d\d:\d\d$")
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
})"""


@pytest.fixture
def open_browser(
    open_context: Callable[..., BrowserContext],
    live_server: LiveServer,
    complaints: Complaints,
    user: User,
) -> Iterator[Open]:
    """Give a page of a browser of its own in which ada, or somebody else, is logged in."""
    contexts: list[BrowserContext] = []
    under_way: set[Request] = set()

    def open_browser(who: User = user, **options: object) -> Page:
        context = open_context(**options)
        context.on("request", lambda request: under_way.add(request))
        context.on("requestfinished", lambda request: under_way.discard(request))
        context.on("requestfailed", lambda request: under_way.discard(request))
        enter(context, live_server, who)
        contexts.append(context)
        return context.new_page()

    yield open_browser
    # A page that is closed sends what it has. The database is emptied next, so that nothing may
    # be under way then.
    while under_way:
        under_way.pop().response()
    said = [*complaints]
    for context in contexts:
        context.set_offline(True)
        context.close()
    complaints[:] = said


def enter(context: BrowserContext, live_server: LiveServer, who: User) -> None:
    client = Client()
    client.force_login(who)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def state(page: Page) -> Locator:
    return page.locator("#editor-state")


def restore(page: Page) -> Locator:
    return page.locator("#editor-restore")


def type_in(page: Page, text: str, prompt: str = "tried") -> None:
    """Type as somebody at the keyboard does, at the end of what is there."""
    page.focus(f"#id_{prompt}")
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def now(page: Page) -> None:
    """Come back to the window, at which the page sends what waits to be sent."""
    page.evaluate("dispatchEvent(new Event('focus'))")


def wait_for_copies(page: Page, number: int) -> None:
    """Wait until the browser keeps so many texts."""
    own = "Object.keys(localStorage).filter((key) => key.startsWith('mastery.entry/')).length"
    page.wait_for_function(f"(number) => {own} === number", arg=number)


def wait_for_copy(page: Page) -> None:
    own = "Object.values(localStorage).some((copy) => copy.includes({}))"
    text = page.evaluate("JSON.stringify(document.querySelector('#id_tried').value)")
    page.wait_for_function("(text) => " + own.format("text"), arg=text)


def entry_of(user: User, text: str) -> Entry:
    client = Client()
    client.force_login(user)
    client.post(NEW, {"date": user.today.isoformat(), "tried": text, "visibility": "private"})
    return Entry.objects.get(user=user, tried=text)


def test_what_is_typed_is_saved_as_a_draft_and_offered_on_return(open_browser: Open) -> None:
    page = open_browser()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.post_data else None)
    page.goto(NEW)
    expect(page.locator("#editor-keys-open")).to_be_visible()
    now(page)
    type_in(page, "A warm-up of 500 steps")
    expect(state(page)).to_have_text(SAVED)
    assert [url.rpartition("/journal/")[2] for url in sent] == ["drafts/"]
    wait_for_copies(page, 0)
    assert Draft.objects.get().fields["tried"] == "A warm-up of 500 steps"
    assert not Entry.objects.exists()

    page.reload()
    expect(page.locator("#id_tried")).to_have_value("")
    expect(restore(page)).to_be_hidden()
    page.locator(f"main a[href$='?draft={Draft.objects.get().code}']").first.click()
    expect(page.locator("#id_tried")).to_have_value("A warm-up of 500 steps")
    type_in(page, ", then cosine")
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert Entry.objects.get().tried == "A warm-up of 500 steps, then cosine"
    assert not Draft.objects.exists()
    wait_for_copies(page, 0)


def test_of_two_browsers_at_one_entry_neither_loses_a_word(
    open_browser: Open, user: User, complaints: Complaints
) -> None:
    entry = entry_of(user, "lr=3e-4")
    path = f"/journal/{entry.code}/edit/"
    train, desk = open_browser(), open_browser()
    train.goto(path)
    desk.goto(path)

    train.context.set_offline(True)
    type_in(train, " written on the train")
    now(train)
    expect(state(train)).to_have_text("not saved: no connection, kept in this browser")
    wait_for_copy(train)
    type_in(desk, " written at the desk")
    desk.keyboard.press("Control+s")
    expect(desk).to_have_url(re.compile(rf"/journal/{entry.code}/$"))

    Session.objects.all().delete()
    train.context.set_offline(False)
    now(train)
    expect(state(train)).to_contain_text("logged out: kept in this browser")
    expect(train.locator("#id_tried")).to_have_value("lr=3e-4 written on the train")
    train.keyboard.press("Control+s")
    expect(train.locator("form#entry-form")).to_have_attribute("aria-busy", "false")
    expect(train.locator("#id_tried")).to_have_value("lr=3e-4 written on the train")
    with train.expect_popup() as popup:
        state(train).get_by_role("link", name="Log in").click()
    log_in(popup.value)
    popup.value.wait_for_url("**/edit/")
    popup.value.close()

    now(train)
    expect(state(train)).to_have_text(SAVED)
    assert Draft.objects.get().fields["tried"] == "lr=3e-4 written on the train"
    train.keyboard.press("Control+s")
    expect(train.locator("main")).to_contain_text("written at the desk")
    expect(train.locator("#id_tried")).to_have_value("lr=3e-4 written on the train")
    entry.refresh_from_db()
    assert entry.tried == "lr=3e-4 written at the desk"
    assert entry.revisions.count() == 2

    # Having seen both, the person decides.
    type_in(train, ", and at the desk")
    train.keyboard.press("Control+s")
    expect(train).to_have_url(re.compile(rf"/journal/{entry.code}/$"))
    entry.refresh_from_db()
    assert entry.tried == "lr=3e-4 written on the train, and at the desk"
    assert entry.revisions.count() == 3
    complaints.clear()


def test_text_of_a_browser_that_went_down_is_offered_and_each_choice_can_be_undone(
    open_browser: Open, user: User, complaints: Complaints
) -> None:
    entry = entry_of(user, "as it was saved")
    page = open_browser()
    page.goto(f"/journal/{entry.code}/edit/")
    page.context.set_offline(True)
    type_in(page, ", and more")
    wait_for_copy(page)
    page.close()
    page = page.context.new_page()
    page.context.set_offline(False)

    page.goto(f"/journal/{entry.code}/edit/")
    text, place = page.locator("#id_tried"), restore(page)
    expect(place).to_contain_text("differs from the form in: tried")
    expect(text).to_have_value("as it was saved")
    place.get_by_text("Look at it").click()
    expect(place.locator("pre")).to_have_text("as it was saved, and more")
    place.get_by_role("button", name="Use this text").click()
    expect(text).to_have_value("as it was saved, and more")
    place.get_by_role("button", name="Put back what was shown").click()
    expect(text).to_have_value("as it was saved")
    place.get_by_role("button", name="Discard").click()
    wait_for_copies(page, 0)
    place.get_by_role("button", name="Take it back").click()
    place.get_by_role("button", name="Keep what is shown").click()
    page.reload()
    place.get_by_role("button", name="Use this text").click()
    expect(state(page)).to_have_text(SAVED)
    wait_for_copies(page, 0)
    assert Draft.objects.get().fields["tried"] == "as it was saved, and more"
    complaints.clear()


def test_two_offline_tabs_keep_a_copy_each(open_browser: Open, complaints: Complaints) -> None:
    one = open_browser()
    other = one.context.new_page()
    for tab in (one, other):
        tab.goto(NEW)
    one.context.set_offline(True)
    type_in(one, "from the first tab")
    type_in(other, "from the second tab")
    wait_for_copy(one)
    wait_for_copy(other)
    wait_for_copies(one, 2)
    one.context.set_offline(False)
    for tab in (one, other):
        now(tab)
        expect(state(tab)).to_have_text(SAVED)
    assert {draft.fields["tried"] for draft in Draft.objects.all()} == {
        "from the first tab",
        "from the second tab",
    }
    wait_for_copies(one, 0)
    complaints.clear()


def test_one_persons_text_is_not_shown_to_another_in_the_same_browser(
    open_browser: Open,
    make_user: Callable[..., User],
    live_server: LiveServer,
    user: User,
    complaints: Complaints,
) -> None:
    page = open_browser()
    page.goto(NEW)
    page.context.set_offline(True)
    type_in(page, "for my eyes")
    wait_for_copy(page)
    page.context.clear_cookies()
    enter(page.context, live_server, make_user("bob"))
    page.context.set_offline(False)
    now(page)
    expect(state(page)).to_have_text("not saved: bob is logged in here now, kept in this browser")
    other = page.context.new_page()
    other.goto(NEW)
    expect(other.locator("#editor-keys-open")).to_be_visible()
    expect(restore(other)).to_be_hidden()
    assert not Draft.objects.exists()

    page.context.clear_cookies()
    enter(page.context, live_server, user)
    other.goto(NEW)
    restore(other).get_by_role("button", name="Use this text").click()
    expect(other.locator("#id_tried")).to_have_value("for my eyes")
    complaints.clear()


def test_logging_out_right_after_typing_leaves_the_text_with_the_server_alone(
    open_browser: Open,
) -> None:
    page = open_browser()
    page.goto(NEW)
    type_in(page, "the last words")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in").first).to_be_visible()
    assert Draft.objects.get().fields["tried"] == "the last words"
    wait_for_copies(page, 0)


def test_a_save_that_is_asked_for_twice_makes_one_entry(open_browser: Open) -> None:
    page = open_browser()
    page.goto(NEW)
    type_in(page, "once")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.post_data else None)
    page.evaluate("""() => {
      const press = () => document.dispatchEvent(
        new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
      press(); press();
      document.querySelector("#entry-form").requestSubmit();
    }""")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert [url for url in sent if url.endswith(NEW)] == [sent[-1]]
    assert Entry.objects.get().tried == "once"


def test_a_form_with_a_mistake_comes_back_with_the_text(
    open_browser: Open, complaints: Complaints
) -> None:
    page = open_browser()
    page.goto(NEW)
    page.fill("#id_title", "x" * 300)
    type_in(page, "kept with the mistake")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#id_tried")).to_have_value("kept with the mistake")
    wait_for_copies(page, 1)
    page.fill("#id_title", "short")
    page.locator("#id_tried").press("Control+s")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert Entry.objects.get().title == "short"
    wait_for_copies(page, 0)
    complaints.clear()


def test_words_for_an_entry_that_is_gone_become_a_new_one(
    open_browser: Open, user: User, complaints: Complaints
) -> None:
    entry = entry_of(user, "as it was")
    page = open_browser()
    page.goto(f"/journal/{entry.code}/edit/")
    # As when it was deleted for good meanwhile; this form began from one that nobody has.
    page.evaluate("""document.querySelector("#entry-form").action =
      "/journal/aaaaaaaaaaaaaaaa/edit/" """)
    type_in(page, ", and more")
    page.keyboard.press("Control+s")
    expect(page.locator(".callout--danger")).to_be_focused()
    expect(page.locator("#id_tried")).to_have_value("as it was, and more")
    page.locator("#id_tried").press("Control+s")
    expect(page).to_have_url(re.compile(rf"/journal/(?!{entry.code})[a-z2-7]{{16}}/$"))
    assert Entry.objects.get(tried="as it was, and more").pk != entry.pk
    wait_for_copies(page, 0)
    complaints.clear()


def test_a_save_without_connection_keeps_the_page_and_goes_through_later(
    open_browser: Open, complaints: Complaints
) -> None:
    page = open_browser()
    page.goto(NEW)
    page.context.set_offline(True)
    type_in(page, "from a tunnel")
    page.keyboard.press("Control+s")
    expect(state(page)).to_have_text("not saved: no connection, kept in this browser")
    expect(page.locator("#id_tried")).to_be_editable()
    page.context.set_offline(False)
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert Entry.objects.get().tried == "from a tunnel"
    complaints.clear()


def test_leaving_asks_while_the_site_has_not_got_the_text(
    open_browser: Open, complaints: Complaints
) -> None:
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    def open_where_no_draft_arrives(text: str, script: str = "") -> Page:
        page = open_browser()
        page.on("dialog", answer)
        page.route("**/journal/drafts/", lambda route: route.abort())
        page.add_init_script(script)
        page.goto(NEW)
        type_in(page, text)
        now(page)
        return page

    page = open_where_no_draft_arrives("kept by the browser")
    expect(state(page)).to_have_text("not saved: no connection, kept in this browser")
    page.goto("/progress/")
    assert asked == ["beforeunload"]

    page = open_where_no_draft_arrives("kept by nobody", NO_STORAGE)
    expect(state(page)).to_contain_text("and this browser cannot keep it")
    page.goto("/progress/")
    assert asked == ["beforeunload"] * 2

    page = open_browser()
    page.on("dialog", answer)
    page.goto(NEW)
    type_in(page, "kept by the site")
    expect(state(page)).to_have_text(SAVED)
    page.goto("/progress/")
    assert asked == ["beforeunload"] * 2
    complaints.clear()


def test_without_storage_in_the_browser_drafts_and_saving_work(open_browser: Open) -> None:
    page = open_browser()
    page.add_init_script(NO_STORAGE)
    page.goto(NEW)
    type_in(page, "no storage here")
    now(page)
    expect(state(page)).to_have_text(SAVED)
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert Entry.objects.get().tried == "no storage here"


def test_the_preview_is_what_the_entry_will_show(open_browser: Open) -> None:
    page = open_browser()
    page.goto(NEW)
    type_in(page, "**bold**, $x^2$ and `lr=3e-4`\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    page.keyboard.press("Control+Shift+P")
    preview = page.locator("#preview .words")
    expect(preview.locator("strong")).to_have_text("bold")
    type_in(page, "\n\nas it is typed")
    expect(preview).to_contain_text("as it is typed")
    shown = preview.locator(".prose").inner_html()
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert page.locator("main .words .prose").first.inner_html() == shown
    page.goto(NEW)
    expect(page.locator("#preview")).to_be_visible()


def test_a_pasted_picture_comes_into_the_text_where_the_caret_was(
    open_browser: Open, complaints: Complaints
) -> None:
    page = open_browser()
    page.goto(NEW)
    type_in(page, "before  after")
    page.evaluate("document.querySelector('#id_tried').setSelectionRange(7, 7)")
    data = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(data, "PNG")
    paste(page, "plot.png", data.getvalue())
    page.keyboard.press("Control+End")
    page.keyboard.type(" and on")
    expect(page.locator("#id_tried")).to_have_value(
        re.compile(r"^before !\[\]\(/journal/pictures/[a-z2-7]{32}\) after and on$")
    )
    assert Picture.objects.count() == 1

    paste(page, "broken.png", b"no picture at all")
    expect(state(page)).to_contain_text("broken.png was not uploaded:")
    expect(page.locator("form li", has_text="broken.png was not uploaded:")).to_be_visible()
    expect(page.locator("#id_tried")).to_have_value(re.compile(r" after and on$"))
    complaints.clear()


def paste(page: Page, name: str, data: bytes) -> None:
    page.evaluate(
        """([name, bytes]) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(
            new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          document.activeElement.dispatchEvent(new ClipboardEvent(
            "paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        [name, list(data)],
    )


def test_keys_mark_text_and_show_the_help_sheet(open_browser: Open) -> None:
    page = open_browser()
    page.goto(NEW)
    type_in(page, "seed")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Control+b")
    expect(page.locator("#id_tried")).to_have_value("**seed**")
    page.keyboard.press("Control+i")
    expect(page.locator("#id_tried")).to_have_value("***seed***")
    page.keyboard.press("Control+b")
    expect(page.locator("#id_tried")).to_have_value("*seed*")
    page.keyboard.press("Control+z")
    expect(page.locator("#id_tried")).to_have_value("***seed***")
    page.keyboard.press("Tab")
    expect(page.locator("#id_tried")).not_to_be_focused()
    sheet = page.locator("#editor-keys")
    page.focus("#id_tried")
    page.keyboard.type("?")
    expect(sheet).to_be_hidden()
    # On a keyboard without Latin letters a key is known by its place.
    page.fill("#id_tried", "")
    page.evaluate("""document.querySelector("#id_tried").dispatchEvent(new KeyboardEvent(
      "keydown", { key: "и", code: "KeyB", ctrlKey: true, bubbles: true }))""")
    expect(page.locator("#id_tried")).to_have_value("****")
    page.focus("#editor-keys-open")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#editor-keys-open")).to_be_focused()


def test_without_javascript_the_form_saves(open_browser: Open) -> None:
    page = open_browser(java_script_enabled=False)
    page.goto(NEW)
    page.fill("#id_tried", "by hand")
    page.locator("#entry-form").get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("by hand")
    page.locator("#entry-form").get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/journal/[a-z2-7]{16}/$"))
    assert Entry.objects.get().tried == "by hand"
