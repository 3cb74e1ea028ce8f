"""Whatever a person writes, what comes out does nothing, and comes out in time."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastery.markdown import render_entry
from mastery.markdown.sanitise import entries
from tests.mastery.safety import faults

# One a line. Pictures of control characters stand for these, the one of a line feed included.
HOSTILE = [
    "".join(chr(ord(sign) - 0x2400) if "␀" <= sign <= "␟" else sign for sign in line).replace(
        "␤", "\n"
    )
    for line in (Path(__file__).parent / "data" / "hostile.txt")
    .read_text(encoding="utf-8")
    .splitlines()
] + ["\ud83d<script>alert(1)</script>", "<b \udc00onclick=alert(1)>x</b>"]


def render(text: str) -> str:
    return render_entry(text, prefix="entry")


@pytest.mark.parametrize(
    "around", ["{}", "x {} y", "- {}", "> {}", "# {}", "<div>\n{}\n</div>", "[^1]\n\n[^1]: {}"]
)
def test_hostile_texts_are_inert(around: str) -> None:
    htmls = {text: render(around.replace("{}", text)) for text in HOSTILE}
    assert {text: html for text, html in htmls.items() if faults(html, "entry")} == {}


def test_all_hostile_texts_together_are_inert() -> None:
    assert faults(render("\n\n".join(HOSTILE)), "entry") == []
    assert faults(render(" ".join(HOSTILE)), "entry") == []


@pytest.mark.parametrize(
    "html",
    [
        "<p onclick=alert(1)>x</p>",
        "<svg></svg>",
        "<a href='javascript:alert(1)' rel='nofollow ugc noopener'>x</a>",
        "<a href='java\tscript:alert(1)' rel='nofollow ugc noopener'>x</a>",
        "<a href='/x'>x</a>",
        "<img src='https://evil.example/x.png' loading=lazy>",
        "<input type=text disabled=''>",
        "<div style='color:red'></div>",
        "<p class='toast'>x</p>",
        "<li id='main'>x</li>",
        "<li id='entry-fn-1'>x</li><li id='entry-fn-1'>x</li>",
    ],
)
def test_the_look_for_faults_finds_them(html: str) -> None:
    assert faults(html, "entry")


def test_a_tag_that_is_not_allowed_is_shown_as_the_text_it_is() -> None:
    assert "List&lt;int&gt; and &lt;title&gt;" in render("List<int> and <title> *and* more")
    assert "<em>and</em> more" in render("List<int> and <title> *and* more")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in render("<script>alert(1)</script>")


def test_tags_are_closed_inside_what_they_were_opened_in() -> None:
    assert render("<b title=x>one\n\ntwo") == "<p><b>one</b></p>\n<p>two</p>\n"
    assert render("one </p></div> two") == "<p>one </p> two\n"
    assert render("<kbd>Ctrl</kbd> + H<sub>2</sub>O") == (
        "<p><kbd>Ctrl</kbd> + H<sub>2</sub>O</p>\n"
    )


PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(HOSTILE),
    st.sampled_from(
        [
            "\n", "\n\n", "    ", "\t", "# ", "- ", "1. ", "- [ ] ", "- [x] ", "> ", "[", "]",
            "(", ")", "![", "](", "[^1]", "[^1]: ", "`", "```\n", "```python\n", "$", "$$",
            "\\frac{", "}", "x_i", "**", "*", "~~", "<", ">", "</p>", "<p>", "<b>", "</b>",
            "<a href=/x>", "</a>", "<pre>\n", "</pre>", "<table>", "<tr>", "<td>", "</table>",
            "<li>", "<details>", "<summary>", "<div>", "</div>", "<kbd>", "<h1>", "<!--", "-->",
            "<?", "&amp;", "&#1;", "&copy=", "\n| a | b |\n", "\n|-|-|\n", "\x00", "\x0c",
            "\x1b[0m", "\u2028", "\ufffe", "\ud83d",
        ]
    ),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=14).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_any_text_becomes_sound_html(text: str) -> None:
    html = render(text)
    assert faults(html, "entry") == []
    assert entries.clean(html) == html


LONG = 100_000  # where what grows with the square already stands out


def lines(text: str) -> str:
    return text * (LONG // len(text))


PATHOLOGICAL = {
    "opening brackets": "[" * LONG,
    "opening pictures": lines("!["),
    "brackets in lines": lines("[a\n"),
    "brackets round brackets": "[" * 25_000 + "a" + "]" * 25_000,
    "opening links": lines("[a]("),
    "one line of words": lines("word "),
    "one long word": "a" * LONG,
    "stars": "*" * LONG,
    "open emphasis": lines("*a **a "),
    "nested emphasis": "*a " * 16_000 + "a* " * 16_000,
    "backticks": "".join("`" * n + " " for n in range(440)),
    "deep quotations": ">" * LONG,
    "a deep quotation that goes on": ">" * 100 + lines("a b\n"),
    "deep lists": lines("- ") + "a",
    "columns": "|" + "a|" * 3_000 + "\n|" + "-|" * 3_000 + "\n" + "|a|\n" * 2_000,
    "footnotes": "".join(f"[^{n}]: x[^{n}]\n" for n in range(6_000)),
    "marks of one footnote": "[^a]: x\n\n" + lines("[^a] "),
    "footnotes in footnotes": lines("[^a]: "),
    "opening footnotes": "[^a]: x\n\n" + lines("[^"),
    "a long address used often": "[a]: /" + "u" * 40_000 + "\n\n" + "[a]" * 20_000,
    "comments": lines("<!--"),
    "elements": lines("<div>"),
    "elements that browsers open again": "".join(f"<b title={n}>" for n in range(2_500))
    + "\n\na" * 16_000,
    "attributes": "<div " + lines("b ") + ">",
    "dollars": lines("$x "),
    "formulas": "".join(f"$x_{{{n}}}$ " for n in range(10_000)),
    "a deep formula": "$" + "{" * 1_900 + "}" * 1_900 + "$",
    "roots of roots": "$" + r"\sqrt" * 700 + "$",
    "a formula that stands for others": r"$\def\a{xx}\def\b{\a\a}\def\c{\b\b}\c$",
    "huge code": "```python\n" + lines("x = 1\n") + "```",
    "code that its lexer takes long for": "```ts\n" + ("a.b" * 300 + "\n") * 50 + "```\n",
    "empty lines": "\n" * LONG,
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_a_pathological_text_takes_seconds_at_most(name: str) -> None:
    """Processor time, so that a busy machine does not matter."""
    began = time.process_time()
    html = render(PATHOLOGICAL[name])
    assert time.process_time() - began < 2.5
    assert len(html) < 8_000_000


def test_time_grows_with_the_length_and_not_faster() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        render(text)
        return time.process_time() - began

    note = "Tried `lr=3e-4`, see [run](https://example.org/7), **worse**.\n\n- one\n- two $x_i$\n\n"
    render(note)
    short, long = seconds(note * 100), seconds(note * 800)
    assert long < 8 * short * 3
