"""The walk over all pages: who visits what, and what has to hold on every one of them.

The addresses come from the URL configuration. Whoever adds one says here who visits it, or why
nobody does; a test fails until then.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import html5lib
from django.apps import apps
from django.contrib import admin
from django.urls import URLResolver, get_resolver, reverse
from html5lib.html5parser import ParseError
from playwright.sync_api import Page, Response, ViewportSize

HEIGHT = 800
TARGET = 44  # CSS pixels, both ways


@dataclass(frozen=True)
class Visit:
    """A page in one of its states: an address, or a way there that ends on the page."""

    name: str  # of the address in the URL configuration; of an error page, its number
    state: str = ""
    args: tuple[object, ...] = ()
    query: str = ""
    way: Callable[[Any], object] | None = None  # takes the tour
    status: int = 200
    bare: bool = False  # without navigation, because it has to do without the database

    def __str__(self) -> str:
        said = [self.name, *map(str, self.args), self.state or self.query]
        return " ".join(filter(None, said))

    @property
    def ours(self) -> bool:
        """Whether the page is made of the site's own parts, and not of Django's admin."""
        return not self.name.startswith("admin:")

    @property
    def in_the_dark(self) -> bool:
        """Whether its dark colours are looked at: once a page, and where errors stand on it."""
        return not self.state or "mistake" in self.state or self.status == 422

    @property
    def path(self) -> str:
        return reverse(self.name, args=self.args) + self.query


# Addresses that are no page, and pages that nobody can come to.
LEFT_OUT = {
    "theme": "takes POST alone; the form in the foot of every page sends it",
    "manifest": "JSON for phones",
    "share": "a picture",
    "phase_share": "a picture",
    "end_session": "takes POST alone; the page of sessions sends it",
    "tick": "takes POST alone; the boxes of the phase and progress pages send it",
    "confirm": "takes POST alone; milestones that changed send it",
    "changes_seen": "takes POST alone; the page of changes sends it",
    "changes_feed": "Atom",
    "note": "takes POST alone; the milestone's own page sends it",
    "sub_steps": "takes POST alone; the milestone's own page sends it",
    "sub_step": "takes POST alone; the milestone's own page sends it",
    "recheck": "takes POST alone; the pages that ask again send it",
    "undo_reset": "takes POST alone; the progress page sends it",
    "preview": "takes POST alone; a fragment",
    "autosave": "takes POST alone; JSON for the editor",
    "discard_draft": "takes POST alone; the forms of drafts send it",
    "restore_draft": "takes POST alone; the forms of drafts send it",
    "restore_revision": "takes POST alone; the history of an entry sends it",
    "restore_entry": "takes POST alone; the bin sends it",
    "delete_entry": "takes POST alone; the page of an entry sends it",
    "set_visibility": "takes POST alone; the page of an entry sends it",
    "picture": "a picture",
    "delete_picture": "takes POST alone; the page of pictures sends it",
    "log_file": "Markdown to keep",
    "apply_import": "takes POST alone; the dry run of an import sends it",
    "cancel_import": "takes POST alone; the dry run of an import sends it",
    "public_entry_by_code": "leads on to the entry's whole address",
    "small_handle": "leads on to the address in small letters",
    "feed": "Atom",
    "tag_feed": "Atom",
    "api_log": "JSON for programs",
    "api_entry": "JSON for programs",
    "api_nothing": "JSON for programs",
    "revoke_token": "takes POST alone; the page of tokens sends it",
    "sitemap": "XML for search engines",
    "robots": "plain text for search engines",
    "favicon": "leads on to the icon's file",
    "healthz": "plain text for machines",
    "readyz": "plain text for machines",
    "account_confirm_login_code": "logging in by a code in a letter is switched off",
    "mfa_download_recovery_codes": "plain text to keep",
    "mfa_login_webauthn": "JSON for the passkey script",
    "admin:preview": "takes POST alone; a fragment",
    "admin:roadmap_release_revoke": "takes POST alone; the page of preview links sends it",
    "admin:login": "leads on to the site's own log-in",
    "admin:logout": "takes POST alone",
    "admin:autocomplete": "JSON for search boxes",
    "admin:jsi18n": "JavaScript",
    "admin:view_on_site": "leads on to a page of the site",
    "admin:password_change_done": "Django's own words under Django's own page of the same kind",
}
# Of the desk's pages for one kind of row, these look the same for every kind: seen on one.
ALIKE = (
    "add", "history", "delete", "deleted", "put_back", "publish", "restore", "retire",
)  # fmt: skip
SEEN_ON = {"roadmap_phase", "mastery_user"}


def names() -> set[str]:
    """Give the name of every address the site knows."""

    def walk(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, f"{one.namespace}:" if one.namespace else namespace)
            elif one.name:
                yield f"{namespace}{one.name}"

    return set(walk(get_resolver()))


def rows() -> list[str]:
    """Give the kinds of rows on the editors' desk, as its addresses name them."""
    return [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]


def left_out(name: str) -> bool:
    alike = {f"admin:{kind}_{page}" for kind in set(rows()) - SEEN_ON for page in ALIKE}
    return name in LEFT_OUT or name in alike


def row_of(kind: str) -> object:
    """Give the key of a row of that kind; there has to be one."""
    row = apps.get_model(kind.replace("_", ".", 1))._default_manager.first()
    assert row is not None, f"the tour has to make a row of {kind}, so that its form is looked at"
    return row.pk


# What holds on a page


def judge(page: Page, answer: Response, visit: Visit) -> list[str]:
    """Give what is wrong with the page that is open; answer is what brought it."""
    ours, bare = visit.ours, visit.bare
    found = [] if visit.name in LOOSE else markup(answer.text())
    found += page.evaluate(FRAME, ours and not bare)
    # To lay a page out costs more than to look at it: every width once, the one it has first.
    wide(page, 1280)
    found += fit(page, ours)
    if ours and not bare:
        found += focus(page)
    if ours and visit.in_the_dark:
        page.emulate_media(color_scheme="dark")
        found += axe(page, "dark", only=("color-contrast",))
        page.emulate_media(color_scheme="light")
    wide(page, 320)
    found += fit(page, ours)
    wide(page, 375)
    found += fit(page, ours)
    found += axe(page, "light", without=() if ours else tuple(ADMIN_RULES))
    return found


def wide(page: Page, width: int) -> None:
    if page.viewport_size != (size := ViewportSize(width=width, height=HEIGHT)):
        page.set_viewport_size(size)


def fit(page: Page, ours: bool) -> list[str]:
    width = width_of(page)
    return [f"{width} px: {words}" for words in page.evaluate(FIT, [ours, TARGET])]


def axe(page: Page, theme: str, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[str]:
    width = width_of(page)
    return [f"{theme}, {width} px: {words}" for words in page.evaluate(AXE, [only, without])]


def width_of(page: Page) -> int:
    assert page.viewport_size
    return page.viewport_size["width"]


def markup(text: str) -> list[str]:
    """Give what keeps the HTML from being valid."""
    parser = html5lib.HTMLParser(strict=True)
    try:
        parser.parse(text)
    except ParseError as error:
        (line, column), code, details = parser.errors[-1]
        near = text.splitlines()[max(0, line - 1)][max(0, column - 80) : column + 20]
        return [f"HTML, line {line}: {code} {details} {error} near {near!r}"]
    return []


def focus(page: Page) -> list[str]:
    """Give what is wrong for somebody with a keyboard: the skip link first, then every stop."""
    page.evaluate(FROM_THE_TOP)
    page.keyboard.press("Tab")
    if first := page.evaluate(SKIP_LINK):
        return [f"the first stop of the keyboard is no skip link in sight: {first}"]
    page.keyboard.press("Enter")
    if page.evaluate("document.activeElement?.id") != "main":
        return ["the skip link does not lead into the text"]
    page.keyboard.press("Shift+Tab")
    return list(page.evaluate(FOCUS))


def lines(page: Page) -> list[str]:
    """Give the lines that a reader sees, without those that have to do with scripts or chance."""
    return [line for line in page.evaluate(LINES).splitlines() if line.strip()]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


FRAME = """(ours) => {
  const found = [];
  const count = (what, selector, wanted) => {
    const n = [...document.querySelectorAll(selector)].filter((el) => el.checkVisibility()).length;
    if (!wanted(n)) found.push(`${n} ${what}`);
  };
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title.trim()) found.push("no title");
  count("h1", "h1", (n) => n === 1);
  count("main", "main, [role=main]", (n) => n === 1);
  count("header", "body > header, header[id=header]", (n) => n === 1);
  if (ours) {
    count("footer", "body > footer", (n) => n === 1);
    count("nav", "nav", (n) => n >= 2);
    const named = [...document.querySelectorAll("nav")].filter(
      (nav) => !nav.ariaLabel && !nav.getAttribute("aria-labelledby"));
    if (named.length) found.push(`${named.length} nav without a name`);
    if (!document.title.endsWith(" · Mastery")) found.push(`title ${document.title}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  for (const id of new Set(ids)) {
    if (ids.filter((one) => one === id).length > 1) found.push(`id ${id} twice`);
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const id = decodeURIComponent(link.getAttribute("href").slice(1));
    if (id && !document.getElementById(id)) found.push(`link to #${id}, which is not there`);
  }
  return found;
}"""

# The width of the page, and of what a finger has to meet. Links in running text may be smaller,
# and so may what cannot be used now.
FIT = """async ([ours, target]) => {
  await document.fonts.ready;
  const found = [];
  const name = (el) => {
    const text = (el.innerText || el.value || el.name || el.getAttribute("aria-label") || "");
    return `<${el.tagName.toLowerCase()}${el.id ? " id=" + el.id : ""} class="${
      el.getAttribute("class") || ""}"> ${text.trim().slice(0, 40)}`;
  };
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth;
  if (wide > width) {
    const over = [...document.body.querySelectorAll("*")].filter((el) => {
      const box = el.getBoundingClientRect();
      return box.width && box.right > width + 0.5 && el.checkVisibility();
    });
    found.push(`scrolls sideways to ${wide}: ${over.slice(-3).map(name).join(" | ")}`);
  }
  if (!ours) return found;
  const wanted = `button, input:not([type=hidden]), select, textarea, summary, [role=button],
    nav a, a.button, svg a:not(.calendar__link)`;  // days in a month that is a target itself
  for (const el of document.querySelectorAll(wanted)) {
    if (el.disabled || !el.checkVisibility({ visibilityProperty: true })) continue;
    const boxes = [el, ...(el.labels || [])].map((one) => one.getBoundingClientRect());
    const tall = Math.max(...boxes.map((b) => b.bottom)) - Math.min(...boxes.map((b) => b.top));
    const broad = Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left));
    if (!tall || !broad) continue;
    if (tall < target - 0.5 || broad < target - 0.5) {
      found.push(`target of ${Math.round(broad)} by ${Math.round(tall)}: ${name(el)}`);
    }
  }
  return found;
}"""

FROM_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  scrollTo(0, 0);
}"""

SKIP_LINK = """async () => {
  await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  const link = document.activeElement;
  const box = link.getBoundingClientRect();
  const seen = box.top >= 0 && box.left >= 0 && box.height >= 44;
  return link.matches(".skip-link") && seen ? "" : `${link.outerHTML.slice(0, 90)} ${box.top}`;
}"""

# Each stop of the keyboard in turn has to look different from before, itself or one around it.
FOCUS = """async () => {
  const frame = () => new Promise((next) => {
    requestAnimationFrame(() => requestAnimationFrame(next));
  });
  const look = (el) => {
    const seen = [];
    for (let one = el, i = 0; one && i < 3; one = one.parentElement, i++) {
      const style = getComputedStyle(one);
      const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      seen.push(outline ? style.outline : "", style.boxShadow, style.borderColor);
    }
    for (const part of el.querySelectorAll("svg *, path, rect")) {
      const style = getComputedStyle(part);
      seen.push(style.stroke, style.strokeWidth);
    }
    return seen.join(";");
  };
  const stops = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']",
  )].filter((el) => !el.disabled && el.checkVisibility({ visibilityProperty: true }));
  const found = [];
  for (const stop of stops) {
    document.activeElement.blur();
    const before = look(stop);
    stop.focus({ preventScroll: true });
    if (document.activeElement !== stop) continue;
    if (look(stop) === before) await frame();
    if (look(stop) === before) found.push(`no focus to be seen: ${stop.outerHTML.slice(0, 90)}`);
  }
  document.activeElement.blur();
  return found;
}"""

LINES = """() => {
  const script = "[data-needs-script], [data-browser-zone], #announcement, noscript, .secret";
  for (const part of document.querySelectorAll(script)) part.remove();
  return document.body.innerText;
}"""

AXE = """async ([rules, except]) => {
  // Colours that are on their way: those of the parts follow those of the whole.
  for (let moving; (moving = document.getAnimations()).length; ) {
    await Promise.allSettled(moving.map((one) => one.finished));
  }
  const options = { resultTypes: ["violations"], preload: false };
  if (rules.length) options.runOnly = { type: "rule", values: rules };
  else options.rules = Object.fromEntries(except.map((rule) => [rule, { enabled: false }]));
  const { violations } = await axe.run(document, options);
  return violations.map((one) => `axe ${one.id} (${one.impact}): ${one.help}: ` + one.nodes
    .slice(0, 3).map((node) => `${node.target.join(" ")} ${node.html.slice(0, 120)} ${
      node.any.map((check) => check.message).join("; ").slice(0, 200)}`).join(" | "));
}"""

# Pages of Django's own whose HTML is not valid, and why.
LOOSE = {"admin:auth_user_password_change": "its help text has a list inside a paragraph"}
# Rules that Django's own admin pages break, which are not ours to mend.
ADMIN_RULES = {
    "aria-prohibited-attr": "the help beside the boxes for groups and permissions",
}
