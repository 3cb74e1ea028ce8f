import re

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastery.markdown import render, slug_of

ELEMENTS_THAT_ACT = {
    "script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math",
    "img", "link", "meta", "base", "video", "audio", "template",
}  # fmt: skip


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [(str(one.tag), dict(one.attrib)) for one in fragment.iter()]


def is_inert(html: str) -> bool:
    return all(
        tag not in ELEMENTS_THAT_ACT
        and not any(name.startswith("on") or name in {"style", "src"} for name in attributes)
        and re.match(r"https?:|mailto:|[/#?]|[^:]*$", attributes.get("href", ""))
        for tag, attributes in elements(html)
    )


RAW = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "text <b onclick='alert(1)'>bold</b>",
    "<style>body{display:none}</style>",
    "<iframe src='//evil.example'></iframe>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action=//evil.example><input name=password></form>",
    "<!-- <script>alert(1)</script> -->",
    "<?php alert(1) ?>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "</p></div></main><script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "## <img src=x onerror=alert(1)>",
    '## "><script>alert(1)</script>',
    "```<script>\nalert(1)\n```",
    '```"onmouseover="alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
]


@pytest.mark.parametrize("text", RAW)
@pytest.mark.parametrize("prefix", ["", "part"])
def test_raw_html_is_shown_as_the_text_it_is(text: str, prefix: str) -> None:
    html = render(text, prefix=prefix, shift=1)
    assert is_inert(html), html
    assert "<script" not in html
    assert "alert(1)" in html or "evil" in html or "display:none" in html


LINKS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](https://example.org 'title\" onclick=\"alert(1)')",
    '[x](https://example.org/"onclick="alert(1))',
]


@pytest.mark.parametrize("text", LINKS)
def test_a_link_that_would_run_something_leads_nowhere(text: str) -> None:
    assert is_inert(render(text)), render(text)


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("[x](https://example.org/a?b=c&d=e)", "https://example.org/a?b=c&d=e"),
        ("[x](http://example.org)", "http://example.org"),
        ("[x](/roadmap/3/#goal)", "/roadmap/3/#goal"),
        ("[x](#goal)", "#goal"),
        ("[x](mailto:ada@example.org)", "mailto:ada@example.org"),
        ("<https://example.org>", "https://example.org"),
    ],
)
def test_other_links_stay_and_tell_nobody_where_they_were(text: str, href: str) -> None:
    [link] = [attributes for tag, attributes in elements(render(text)) if tag == "a"]
    assert link["href"] == href
    assert link["rel"] == "noopener"


def test_pictures_from_elsewhere_are_not_fetched() -> None:
    assert "img" not in [tag for tag, _ in elements(render("![a](https://example.org/a.png)"))]


def test_tables_lists_and_code_are_shown() -> None:
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |\n\n3. c\n\n```python\nif a < b:\n    c\n```\n")
    tags = [tag for tag, _ in elements(html)]
    assert {"table", "thead", "th", "td", "ol", "li", "pre", "code"} <= set(tags)
    assert '<ol start="3">' in html
    assert '<code class="language-python">if a &lt; b:\n    c\n</code>' in html
    assert "style" not in html


def test_a_fence_is_opaque_to_headings_and_links() -> None:
    html = render("```markdown\n# 2026-03-14\n[x](https://example.org)\n```", prefix="log")
    assert [tag for tag, _ in elements(html) if re.fullmatch("h[1-6]|a", tag)] == []


def test_a_dollar_is_a_dollar() -> None:
    assert "$5 and $6" in render("$5 and $6")


def headings(html: str) -> list[tuple[str, str]]:
    return [
        (tag, attributes.get("id", ""))
        for tag, attributes in elements(html)
        if re.fullmatch("h[1-6]", tag)
    ]


@pytest.mark.parametrize(
    ("shift", "tags"),
    [(0, ["h1", "h2", "h3", "h6"]), (1, ["h2", "h3", "h4", "h6"]), (4, ["h5", "h6", "h6", "h6"])],
)
def test_headings_are_lowered_and_never_below_the_sixth(shift: int, tags: list[str]) -> None:
    html = render("# a\n\n## b\n\n### c\n\n###### d", shift=shift)
    assert [tag for tag, _ in headings(html)] == tags


def test_headings_get_ids_with_the_texts_prefix_and_a_link_to_themselves() -> None:
    html = render("## Three *passes*, `fast`\n\n> ## Quoted", shift=1, prefix="reading")
    assert headings(html) == [("h3", "reading-three-passes-fast"), ("h3", "reading-quoted")]
    [first, _second] = [attributes for tag, attributes in elements(html) if tag == "a"]
    assert first["href"] == "#reading-three-passes-fast"
    assert first["class"] == "heading-anchor"
    assert first["aria-label"].startswith("Link to")


def test_without_a_prefix_headings_have_no_ids() -> None:
    assert headings(render("## a", shift=1)) == [("h3", "")]


def test_headings_of_the_same_words_get_ids_of_their_own() -> None:
    html = render("## Why\n\n## Why\n\n### Why\n\n## ???\n\n## !", shift=1, prefix="part")
    ids = [id_ for _, id_ in headings(html)]
    assert len(set(ids)) == 5
    assert all(id_.startswith("part-") for id_ in ids)
    assert [f"#{id_}" for id_ in ids] == [
        attributes["href"] for tag, attributes in elements(html) if tag == "a"
    ]


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Was, und wie?", "was-und-wie"), ("Übung 3", "übung-3"), ("---", "section"), ("", "section")],
)
def test_an_id_is_made_of_a_titles_words(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "a\x00b", "\ufeff", "\u202e", "> " * 500 + "x", "[" * 2000, "*" * 3000, "`" * 999],
)
def test_strange_text_is_still_text(text: str) -> None:
    html = render(text, prefix="part", shift=1)
    assert is_inert(html)
    assert "\x00" not in html


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from([*RAW, *LINKS, "\n\n", "## ", "- ", "> ", "[a](", ")", "`", "<", ">"]),
        ),
        max_size=8,
    ).map("".join)
)
def test_no_text_makes_anything_that_acts(text: str) -> None:
    assert is_inert(render(text, prefix="part", shift=1)), text
