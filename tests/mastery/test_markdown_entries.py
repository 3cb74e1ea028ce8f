"""What an entry's Markdown can do beyond CommonMark."""

import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import Element

import html5lib
import pytest

from mastery.markdown import render_entry
from mastery.markdown.highlight import LANGUAGES, LONGEST
from mastery.markdown.maths import mathml
from tests.mastery.safety import faults

PICTURE = "/journal/pictures/" + "abcdefghijklmnopqrstuvwxyz234567"


def render(text: str, prefix: str = "entry") -> str:
    html = render_entry(text, prefix=prefix)
    assert faults(html, prefix) == []
    return html


def tree(text: str) -> Element:
    return html5lib.parseFragment(render(text), namespaceHTMLElements=False)


def words(element: Element | None) -> str:
    assert element is not None
    return "".join(element.itertext()).strip()


# Headings


def test_headings_begin_below_those_of_the_page() -> None:
    html = render("# a\n\n## b\n\n### c\n\n#### d\n\ne\n===\n\n<h1>f</h1>")
    assert re.findall(r"<(h\d)>(\w)", html) == [
        ("h4", "a"), ("h5", "b"), ("h6", "c"), ("h6", "d"), ("h4", "e"), ("h4", "f")
    ]  # fmt: skip


# Tasks


def test_a_task_is_a_box_that_is_named_by_its_words_and_cannot_be_ticked() -> None:
    items = tree("- [ ] one\n- [x] *two*\n- [X] three\n- four\n").findall(".//li")
    boxes = [item.find("label/input") for item in items]
    assert [words(item) for item in items] == ["one", "two", "three", "four"]
    assert ["checked" in box.attrib for box in boxes if box is not None] == [False, True, True]
    assert all("disabled" in box.attrib for box in boxes if box is not None)
    assert [item.get("class") for item in items] == ["task", "task", "task", None]


@pytest.mark.parametrize(
    "text", ["- [x](/y)", "- [x]", "- [ ]", "- []  a", "- [y] a", "[ ] a", "- `[ ] a`", "- \\[ ] a"]
)
def test_what_only_looks_like_a_task_is_none(text: str) -> None:
    assert "<input" not in render(text)


def test_tasks_may_be_numbered_nested_and_loose() -> None:
    html = render("1. [ ] one\n\n   more\n\n2. [x] two\n   - [ ] three\n")
    assert html.count("<label><input") == 3


# Tables


def test_a_table_can_be_scrolled_by_keyboard_and_keeps_its_alignment() -> None:
    found = tree("| a | b | c | d |\n|---|:--|:-:|--:|\n| 1 | 2 | 3 | 4 |\n")
    frame = found.find("div[@class='table-wrap']")
    assert frame is not None
    assert (frame.get("tabindex"), frame.get("role"), frame.get("aria-label")) == (
        "0", "group", "Table"
    )  # fmt: skip
    for cell in ("th", "td"):
        assert [one.get("class") for one in frame.iter(cell)] == [None, "left", "center", "right"]


# Footnotes


def test_footnotes_lead_there_and_back() -> None:
    found = tree("One[^b] two[^a] three[^b].\n\n[^a]: First.\n[^b]: Second.\n\n    More *of* it.\n")
    marks = found.findall(".//sup/a")
    notes = found.findall("div[@class='footnotes']/ol/li")
    assert [mark.text for mark in marks] == ["1", "2", "1"]
    assert [mark.get("href") for mark in marks] == [
        "#entry-fn-1", "#entry-fn-2", "#entry-fn-1"
    ]  # fmt: skip
    assert [note.get("id") for note in notes] == ["entry-fn-1", "entry-fn-2"]
    backs = notes[0].findall(".//a[@class='footnote-back']")
    assert [back.get("href") for back in backs] == ["#entry-fnref-1", "#entry-fnref-1-2"]
    assert [mark.get("id") for mark in marks] == [
        "entry-fnref-1", "entry-fnref-2", "entry-fnref-1-2"
    ]  # fmt: skip
    assert len({back.get("aria-label") for back in found.iter("a")}) == 5


def test_entries_on_one_page_share_no_id() -> None:
    ids = [
        re.findall(' id="([^"]+)"', render("a[^1]\n\n[^1]: b", prefix))
        for prefix in ("k3-tried", "k3-next", "k4-tried")
    ]
    assert len({one for some in ids for one in some}) == 6


def test_a_note_that_nothing_leads_to_is_shown_all_the_same() -> None:
    html = render("Text.\n\n[^1]: Left over.\n[^2]: One.\n[^2]: The same name.\n\nSee[^2].")
    assert all(text in html for text in ("Left over.", "One.", "The same name."))


def test_notes_may_lead_to_each_other_and_to_themselves() -> None:
    html = render("a[^1]\n\n[^1]: b[^2]\n[^2]: c[^1][^2]\n[^3]: d[^4]\n[^4]: e[^3]\n")
    assert html.count("<li id=") == 4
    hrefs, ids = re.findall('href="#([^"]+)"', html), re.findall(' id="([^"]+)"', html)
    assert set(hrefs) == set(ids)


@pytest.mark.parametrize(
    "text",
    [
        "a[^1]",
        "[^1]: ",
        "a[^1] b\n\n    [^1]: code",
        "`[^1]`\n\n[^1]: b",
        "```\n[^1]: a\n```\n[^1]",
    ],
)
def test_a_mark_without_a_note_is_text(text: str) -> None:
    assert "<sup" not in render(text)


@pytest.mark.parametrize("text", ["[a [^1]](/b)", "<a href=/b>a [^1]</a>", "[![[^1]](/b)](/c)"])
def test_no_mark_is_a_link_inside_a_link(text: str) -> None:
    assert tree(f"{text}\n\n[^1]: c").find(".//a//a") is None


# Code


def test_code_is_coloured_by_class() -> None:
    html = render('```python\ndef f(x):\n    return "a<b"  # why\n```')
    assert '<pre tabindex="0"><code class="language-python">' in html
    assert '<span class="k">' in html
    assert '<span class="s">"a&lt;b"' in html
    assert "style" not in html


@pytest.mark.parametrize("language", ["", "nothing-known", 'x\\"y', "mermaid", "../../etc"])
def test_code_of_an_unknown_language_is_plain(language: str) -> None:
    assert "<span" not in render(f"```{language}\ndef f(): return 1\n```")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_is_one_and_loses_no_text(language: str) -> None:
    code = '\n\n  # a <b> & "c"\n\tx = {1: [2.5e-3]} // é 🎉\n--- a\n+++ b\n$ ls\n\n'
    block = tree(f"```{language}\n{code}```\n").find("pre/code")
    assert block is not None
    assert "".join(block.itertext()) == code


def test_huge_code_is_plain() -> None:
    line = "x = 1\n"
    assert "<span" not in render("```python\n" + line * (LONGEST // len(line) + 1) + "```")
    assert "<span" not in render("```python\nx = '" + "a" * 1_000 + "'\n```")
    assert "<span" in render("```python\n" + line * 100 + "```")


def test_a_fence_is_opaque() -> None:
    html = render("```markdown\n# 2026-03-14 $x$ [^1] - [ ] <b> `a`\n```\n\n[^1]: note")
    assert not {"<h4", "<math", "<sup", "<input", "<b>"} & set(re.findall("<[a-z0-9]+>?", html))


# Formulas


def formulas(text: str) -> list[str]:
    return re.findall('<annotation encoding="application/x-tex">([^<]*)</annotation>', render(text))


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("$x$", ["x"]),
        ("a $x_i$, $n$th, ($k$-means) and $y$.", ["x_i", "n", "k", "y"]),
        (r"$a < b$ and $\{a\} \& b$", ["a &lt; b", r"\{a\} \&amp; b"]),
        ("**$x$** [$y$](/z) *a $b*c$ d*", ["x", "y", "b*c"]),
        ("| a |\n|---|\n| $x$ |", ["x"]),
        ("$$x$$", ["x"]),
        ("so $$x$$ it is", ["x"]),
        ("$$\nx = 1\n$$", ["x = 1"]),
        ("> $$\n> x\n> + y\n> $$", ["x\n+ y"]),
        (r"$\text{\$5}$", [r"\text{\$5}"]),
        ("$a\nb$", ["a\nb"]),
    ],
)
def test_dollars_around_a_formula_make_mathml_with_its_source(text: str, tex: list[str]) -> None:
    assert formulas(text) == tex


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6", "$5, $6 and $7.50", "$5-$10", "from $5 to$6", "US$5 and US$6", "5$ and 6$",
        "$ x $", "$x", "$$", "$$$", "$$$$", r"\$x\$", r"\$x$", "`$x$`", "`a $x` $", "$5 `x$` y",
        "$HOME/$PATH", "$HOME and $PATH", "```\n$x$\n```", "    $x$", "$x\n\ny$", "a$b$c",
        "<https://a.example/$x$>", "[a](/$x$)",
    ],
)  # fmt: skip
def test_other_dollars_are_money_or_code(text: str) -> None:
    html = render(text)
    assert "<math" not in html
    assert "$" in re.sub("<[^>]*>", "", html) or text.startswith("[a]")


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{1", "}", "a^b^c", r"\left(x", r"\foo", r"\begin{foo}x\end{foo}", "^", "_", "&",
        r"\begin{matrix}", r"\frac", r"\sqrt" * 500, "{" * 900 + "}" * 900, "x" * 5_000,
        r"\def\a{b}\a", r"\newcommand{\a}{b}\a",
    ],
)  # fmt: skip
def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(tex: str) -> None:
    assert f"<code>${tex}$</code>".replace("&", "&amp;") in render(f"${tex}$")
    assert "<pre" in render(f"$$\n{tex}\n$$")


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\mathbf{Wx}", "𝐖𝐱"),
        (r"\boldsymbol{\theta}", "𝜽"),
        (r"\mathbb{E}[\mathcal{L}]", "𝔼[ℒ]"),
        (r"x \sim p", "x∼p"),
        (r"\mathrm{softmax}", "softmax"),
        (r"\operatorname*{arg\,max}_x", "arg\u2009maxx"),
        (r"\text{a<b & c}", "a<b\xa0&\xa0c"),
        (r"\begin{aligned} a &= b \end{aligned}", "a=b"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[1234]"),
    ],
)
def test_formulas_are_read_as_meant(tex: str, shown: str) -> None:
    math = html5lib.parseFragment(render(f"${tex}$"), namespaceHTMLElements=False)
    [semantics] = math.iter("{http://www.w3.org/1998/Math/MathML}semantics")
    assert "".join(semantics[0].itertext()) == shown


def test_wide_formulas_can_be_scrolled_by_keyboard() -> None:
    assert '<math display="inline">' in render("$x_i$")
    assert "tabindex" not in render("$x_i$")
    assert 'class="formula formula--long" role="group"' in render("$a+b+c+d+e+f+g+h+i+j+k+l$")
    assert '<div class="formula" role="group" aria-label="Formula" tabindex="0">' in render("$$x$$")


def test_no_length_in_a_formula_reaches_beyond_it() -> None:
    for tex in (r"\rule{999em}{1em}", r"\hspace{-500em}x", r"\raise{9999px}{x}"):
        formula = mathml(tex, block=False)
        assert formula is None or not re.search(r"\d{3}", formula[0].split("<annotation")[0])


# Pictures and links


def test_own_pictures_are_shown_when_they_are_reached() -> None:
    assert render(f'![a "plot"]({PICTURE} "Loss")') == (
        f'<p><img src="{PICTURE}" alt="a &quot;plot&quot;" title="Loss" loading="lazy"></p>\n'
    )
    assert f'<img src="{PICTURE}" alt="a" loading="lazy">' in render(f'<img src="{PICTURE}" alt=a>')


def test_own_pictures_keep_their_place_free_where_their_size_is_known() -> None:
    name = PICTURE.rpartition("/")[2]
    raw = f'<img src="{PICTURE}" width=9999 height=1><div width=9999>x</div>'
    html = render_entry(f"![a]({PICTURE})\n\n{raw}", prefix="entry", sizes={name: (640, 480)})
    assert faults(html, "entry") == []
    assert html.count('width="640" height="480"') == 2
    assert "9999" not in html
    assert "width" not in render(f"![a]({PICTURE})\n\n{raw}")


def test_a_formula_in_the_words_of_a_picture_stays_as_it_was_written() -> None:
    assert 'alt="loss of $x_1$"' in render(f"![loss of $x_1$]({PICTURE})")


REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("![a](https://b.example/c.png)", f'<a href="https://b.example/c.png" {REL}>a</a>'),
        ("![](https://b.example/c.png)", f'<a href="https://b.example/c.png" {REL}>'),
        ('<img src="https://b.example/c" alt=a>', f'<a href="https://b.example/c" {REL}>a</a>'),
        (f"![a]({PICTURE}.png)", f'<a href="{PICTURE}.png" {REL}>a</a>'),
        ("[![a](c.png)](/d)", f'<a href="/d" {REL}>a</a>'),
        ("[x](/y)", f'<a href="/y" {REL}>x</a>'),
    ],
)
def test_other_pictures_and_links_are_plain_links(text: str, html: str) -> None:
    assert html in render(text)
    assert "<img" not in render(text)


# Text


def test_nothing_that_is_written_is_lost_however_deep_it_stands() -> None:
    text = "".join("  " * depth + f"- item{depth}\n" for depth in range(120))
    html = render(text + "\nafter")
    assert all(f"item{depth}" in html for depth in range(120))
    assert html.endswith("<p>after</p>\n")
    assert "quoted" in render(">" * 300 + " quoted")


def test_control_characters_are_shown() -> None:
    assert render("\x1b[31mred\x7f \x00") == "<p>␛[31mred␡ �</p>\n"


def test_strikethrough_details_and_keys() -> None:
    html = render(
        "~~old~~ <kbd>Ctrl</kbd>\n\n<details><summary>More</summary>\n\n*in*\n\n</details>\n"
    )
    assert "<s>old</s> <kbd>Ctrl</kbd>" in html
    assert "<details><summary>More</summary>\n<p><em>in</em></p>\n</details>" in html


def test_many_threads_render_the_same() -> None:
    text = "# a\n\n- [x] b $x_i$ `c`\n\n```python\nx = 1\n```\n\n[^1] <b>d</b>\n\n[^1]: e\n"
    with ThreadPoolExecutor(8) as threads:
        results = set(threads.map(lambda _: render_entry(text, prefix="p"), range(200)))
    assert len(results) == 1
