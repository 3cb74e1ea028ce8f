"""Markdown to safe HTML, the same for every page: CommonMark with tables, sanitised on output."""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

TAGS = nh3.ALLOWED_TAGS - {"map", "area", "img", "bdo"}
ATTRIBUTES = {
    "a": {"href", "title", "class", "aria-label"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "h5": {"id"},
    "h6": {"id"},
    "ol": {"start"},
    "code": {"class"},
    "th": {"align"},
    "td": {"align"},
}


def _parser() -> MarkdownIt:
    # Raw HTML is shown as the text it is; what the sanitiser sees is our own output alone.
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


@lru_cache(maxsize=4096)
def render(text: str, *, shift: int = 0, prefix: str = "") -> SafeString:
    """Render Markdown as HTML that is safe to put on a page.

    ``shift`` lowers headings by so many levels, so that a text's ``##`` can stand below a page's
    own headings. ``prefix`` is put before their ids, so that several texts can share a page; with
    it, headings get ids and a link to themselves.
    """
    parser = _parser()
    if prefix:
        anchors_plugin(parser, max_level=6, slug_func=lambda title: f"{prefix}-{slug_of(title)}")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        if token.type == "heading_open" and prefix:
            add_anchor(tokens, token)
    html = parser.renderer.render(tokens, parser.options, {})
    return mark_safe(  # noqa: S308  (the line above it is what sanitises)
        nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener")
    )


def slug_of(title: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in title.lower()).split()
    return "-".join(words) or "section"


def add_anchor(tokens: list[Token], heading: Token) -> None:
    """Give a heading the link to itself that ``_anchor.html`` gives those of a page."""
    inline = tokens[tokens.index(heading) + 1]
    opening = Token("link_open", "a", 1)
    opening.attrs = {
        "class": "heading-anchor",
        "href": f"#{heading.attrs['id']}",
        "aria-label": f"Link to “{inline.content}”",
    }
    sign = Token("text", "", 0)
    sign.content = "#"
    assert inline.children is not None
    inline.children += [opening, sign, Token("link_close", "a", -1)]


def render_entry(text: str, *, prefix: str) -> str:
    """Render what a person wrote, as HTML that is safe to put on a page."""
    return str(render(text, shift=2, prefix=prefix))
