"""Markdown to safe HTML, the same for every page: CommonMark with tables, sanitised on output.

``render`` is for texts of editors, ``render_entry`` for what everybody else writes: it knows
tasks, footnotes, formulas, colours in code and a few HTML tags as well. Both go the same way:
parse, lower the headings, write HTML, sanitise.
"""

import re
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from mastery.markdown import sanitise
from mastery.markdown.parser import editors_parser, entries_parser
from mastery.markdown.pictures import Sizes
from mastery.markdown.raw import balanced

__all__ = ["render", "render_entry", "slug_of"]

# No HTML may hold these. Control characters get the pictures that Unicode has of them.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_editors = editors_parser()
_entries = entries_parser()


@lru_cache(maxsize=4096)
def render(text: str, *, shift: int = 0, prefix: str = "") -> SafeString:
    """Render Markdown as HTML that is safe to put on a page.

    ``shift`` lowers headings by so many levels, so that a text's ``##`` can stand below a page's
    own headings. ``prefix`` is put before their ids, so that several texts can share a page; with
    it, headings get ids and a link to themselves.
    """
    tokens = _editors.parse(text)
    slugs: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        if token.type == "heading_open" and prefix:
            _add_anchor(token, tokens[index + 1], prefix, slugs)
    html = _editors.renderer.render(tokens, _editors.options, {})
    return mark_safe(sanitise.editors.clean(html))  # noqa: S308  (sanitised right here)


def render_entry(text: str, *, prefix: str, shift: int = 3, sizes: Sizes | None = None) -> str:
    """Render what a person wrote, as HTML that is safe to put on a page.

    Headings begin at ``h4``, since a prompt is an ``h3``; another ``shift`` says otherwise.
    ``prefix`` begins every id, so that several texts can share a page. ``sizes`` are those of
    the pictures that may be in it.
    """
    env: dict[str, Any] = {"prefix": prefix, "shift": shift, "sizes": sizes or {}}
    html = _entries.render(_shown(text), env)
    if env["tamer"].found:
        return sanitise.settled(balanced(html))
    return sanitise.entries.clean(html)


def slug_of(title: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in title.lower()).split()
    return "-".join(words) or "section"


def _shown(text: str) -> str:
    return _UNSHOWABLE.sub(lambda found: _picture_of(ord(found[0])), text)


def _picture_of(code: int) -> str:
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    return chr(0x2400 + code) if 0 < code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def _add_anchor(heading: Token, inline: Token, prefix: str, slugs: set[str]) -> None:
    """Give a heading an id and the link to itself that ``_anchor.html`` gives those of a page."""
    assert inline.children is not None
    title = "".join(
        child.content for child in inline.children if child.type in {"text", "code_inline"}
    )
    slug = unique = f"{prefix}-{slug_of(title)}"
    count = 0
    while unique in slugs:
        count += 1
        unique = f"{slug}-{count}"
    slugs.add(unique)
    heading.attrs["id"] = unique
    opening = Token("link_open", "a", 1)
    opening.attrs = {
        "class": "heading-anchor",
        "href": f"#{unique}",
        "aria-label": f"Link to “{inline.content}”",
    }
    inline.children += [opening, Token("text", "", 0, content="#"), Token("link_close", "a", -1)]
