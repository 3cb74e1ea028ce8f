import datetime as dt
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from journal.logfile import (
    Log,
    UnreadableError,
    check,
    decode,
    parse,
    write_entry,
    write_opening,
)
from journal.logfile.lines import Place, Scanner, heading_of
from journal.models import PROMPTS, Writing

TODAY = dt.date(2026, 11, 24)
DAY = dt.date(2026, 3, 14)


def read(text: str, **more: object) -> Log:
    return parse(text, today=TODAY, **more)  # type: ignore[arg-type]


def only(text: str) -> Writing:
    log = read(text)
    (entry,) = log.entries
    assert not log.undated
    return entry.writing


def write(writings: list[Writing], *, opening: tuple[str, str] = ("", "")) -> str:
    parts = [write_opening(*opening, entries=bool(writings))]
    parts.append("\n".join(write_entry(writing.tidied(), "Europe/Berlin") for writing in writings))
    return "".join(parts)


def words_of(writing: Writing) -> str:
    return "\n".join(getattr(writing, prompt) for prompt in PROMPTS)


# Days


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("## 2026-03-14", ""),
        ("# 2026-03-14", ""),
        ("## 2026-03-14 ##", ""),
        ("   ###### 2026-03-14", ""),
        ("# March 14, 2026", ""),
        ("# MARCH 14th 2026", ""),
        ("## 14 March 2026", ""),
        ("## 14th of March, 2026", ""),
        ("## 14. March 2026", ""),
        ("## Mar 14, 2026 - Warm-up", "Warm-up"),
        ("## Mar. 14, 2026 – Warm-up", "Warm-up"),
        ("## 2026-03-14: Warm-up: again", "Warm-up: again"),
        ("## 2026-03-14 (Sat) Warm-up", "Warm-up"),
        ("## 2026-03-14, Saturday", ""),
        ("## 2026-03-14 Sat: Warm-up", "Warm-up"),
        ("## 2026-03-14 Sun in the park", "Sun in the park"),
        ("## Saturday, 14 March 2026", ""),
        ("## Sat 14 Mar 2026 | Warm-up", "Warm-up"),
        ("## 2026/03/14", ""),
        ("## 2026/3/14", ""),
        ("## 20260314", ""),
        ("## 14.03.2026", ""),
        ("## 14.3.2026 Warm-up", "Warm-up"),
        ("## 14/03/2026", ""),
        ("## 03/14/2026", ""),
        ("## [2026-03-14] Warm-up", "Warm-up"),
        ("### 2026-03-14 09:30", "09:30"),
        ("### 2026-03-14T09:30 Warm-up", "09:30 Warm-up"),
        ("2026-03-14\n----------", ""),
        ("14 March 2026: Warm-up\n===", "Warm-up"),
        ("**2026-03-14**", ""),
        ("**March 14, 2026:**", ""),
        ("__2026-03-14: Warm-up__", "Warm-up"),
        ("2026-03-14", ""),
        ("Saturday, 14 March 2026:", ""),
        ("## 2026-03-14: C \\#", "C #"),
    ],
)
def test_a_day_is_read_in_the_ways_people_write_it(heading: str, title: str) -> None:
    assert only(f"{heading}\n\nWords.\n") == Writing(day=DAY, title=title, happened="Words.")


@pytest.mark.parametrize(
    ("heading", "doubt"),
    [
        ("2026-02-30: gone", "There is no 2026-02-30."),
        ("31 April 2026", "There is no 31 April 2026."),
        ("13/13/2026", "There is no 13/13/2026."),
        ("2026-11-26", "2026-11-26 lies in the future."),
        ("1969-12-31", "1969-12-31 lies before 1970."),
        ("Monday, 14 March 2026", "14 March 2026 was no Monday."),
        ("03/04/2026", "03/04/2026 can be read day first or month first."),
    ],
)
def test_a_day_in_doubt_is_asked_about(heading: str, doubt: str) -> None:
    log = read(f"## {heading}\n\nWords.\n\n## 2026-03-14\n\nMore.\n")
    (undated,) = log.undated
    assert (undated.line, undated.doubt, undated.suggestion) == (1, doubt, None)
    assert undated.source == f"## {heading}\n\nWords.\n\n"
    assert undated.on(DAY).writing.happened == "Words."
    assert len(log.entries) == 1


def test_the_order_of_day_and_month_is_asked_for_once() -> None:
    text = "## 03/04/2026\n\na\n\n## 5-6-2026\n\nb\n"
    assert read(text).asks_order
    for order, days in {
        "day": [dt.date(2026, 4, 3), dt.date(2026, 6, 5)],
        "month": [dt.date(2026, 3, 4), dt.date(2026, 5, 6)],
    }.items():
        log = read(text, order=order)
        assert not log.asks_order
        assert [entry.writing.day for entry in log.entries] == days


@pytest.mark.parametrize(("deciding", "month"), [("13/04/2026", 4), ("04/13/2026", 3)])
def test_a_file_may_decide_the_order_itself(deciding: str, month: int) -> None:
    log = read(f"## 03/04/2026\n\na\n\n## {deciding}\n\nb\n")
    assert not log.asks_order
    assert log.entries[0].writing.day.month == month


def test_a_file_of_both_orders_is_asked_about() -> None:
    log = read("## 03/04/2026\n\na\n\n## 13/04/2026\n\nb\n\n## 04/13/2026\n\nc\n")
    assert log.asks_order
    assert len(log.entries) == 2


def test_an_undated_heading_beside_the_days_is_asked_about() -> None:
    log = read("## 2026-03-14\n\na\n\n## Ideas\n\nb\n\n### Deeper\n\nc\n\n## 2026-03-15\n\nd\n")
    (undated,) = log.undated
    assert (undated.heading, undated.doubt, undated.suggestion) == ("Ideas", "", DAY)
    assert undated.on(DAY).writing == Writing(
        day=DAY, title="Ideas", happened="b\n\n### Deeper\n\nc"
    )
    assert [entry.writing.happened for entry in log.entries] == ["a", "d"]


def test_a_day_inside_an_undated_heading_is_proposed() -> None:
    (undated,) = read("## 2026-03-14\n\na\n\n## Day 2 (15 March 2026)\n\nb\n").undated
    assert undated.suggestion == dt.date(2026, 3, 15)


def test_headings_with_nothing_below_are_told() -> None:
    log = read(
        "# Log\n\n## 2026-03-14\n\na\n\n# April\n\n## 2026-04-01\n\n## 2026-04-02: Climbed\n"
    )
    assert log.bare == [(7, "April"), (9, "2026-04-01")]
    assert log.entries[-1].writing == Writing(day=dt.date(2026, 4, 2), happened="Climbed")


def test_days_in_a_list_are_entries_when_nothing_else_is() -> None:
    log = read("Log\n\n- 2026-03-14: first\n  and on\n- **2026-03-15**: second\n")
    assert [entry.writing.happened for entry in log.entries] == ["first\nand on", "second"]
    assert log.preamble == "Log\n\n"


def test_dates_in_bold_or_lists_are_words_where_headings_are_days() -> None:
    text = "**2026-01-01**\n\n- 2026-01-02: due\n\n2026-01-03"
    assert only(f"## 2026-03-14\n\n{text}\n").happened == text


# Prompts


@pytest.mark.parametrize(
    "text",
    [
        "**Tried:** a\n\n**Happened:** b\n\n**Learned:** c\n\n**Next:** d",
        "**Tried**: a\n**What happened**: b\n**Learnt**: c\n**Next steps**: d",
        "**Tried**\na\n**Happened**\nb\n**Learnings**\nc\n**Next**\nd",
        "### Tried\n\na\n\n### Happened\n\nb\n\n### Learned\n\nc\n\n### Next\n\nd",
        "# What I tried:\na\n# What happened\nb\n# What I learned\nc\n# Next steps\nd",
        "tried: a\nhappened: b\nlearned: c\nnext: d",
        "Tried:\na\n\nHAPPENED: b\nLearnt: c\nNext steps: d",
        "Tried\n-----\na\n\nHappened\n--------\nb\n\nLearned\n===\nc\n\nNext\n---\nd",
    ],
)
def test_the_four_prompts_are_found_in_the_ways_people_mark_them(text: str) -> None:
    writing = only(f"## 2026-03-14\n\n{text}\n")
    assert writing == Writing(day=DAY, tried="a", happened="b", learned="c", next="d")


def test_words_before_any_prompt_are_what_happened() -> None:
    writing = only("## 2026-03-14\nFirst.\n\n**Tried:** a\n\n**Happened:** b\n")
    assert (writing.tried, writing.happened) == ("a", "First.\n\nb")


def test_a_prompt_that_comes_twice_keeps_both() -> None:
    assert only("## 2026-03-14\n### Tried\na\n### Tried\nb\n").tried == "a\n\nb"


def test_where_prompts_are_headings_other_marks_are_words() -> None:
    text = "**Happened:** b\nnext: c"
    assert only(f"## 2026-03-14\n### Tried\n{text}\n").tried == text


def test_metadata_may_be_written_by_hand() -> None:
    writing = only("## 2026-03-14\ntags: #Adam bf16\nminutes: 90 min\n\nWords.\n")
    assert writing == Writing(day=DAY, tags=("adam", "bf16"), minutes=90, happened="Words.")


@pytest.mark.parametrize("line", ["tags: !?", "minutes: many", "tags: a; colour: red", "zone:"])
def test_a_line_that_makes_no_metadata_is_words(line: str) -> None:
    assert only(f"## 2026-03-14\n{line}\n").happened == line


# Fences


@pytest.mark.parametrize(
    "fence",
    [
        "```\n## 2026-01-01\n```",
        "```python\n# 2026-01-01\n### Tried\n```",
        "~~~ x ~~~\n## 2026-01-01\n```\n~~~",
        "   ```\n## 2026-01-01\n   ```",
        "````\n```\n## 2026-01-01\n```\n````",
        "```\n## 2026-01-01\n`````",
        "```\n## 2026-01-01",
        "> ```\n> ## 2026-01-01\n> ```",
        "- ```\n  ## 2026-01-01\n  ```",
        "- item\n\n  ```\n  ## 2026-01-01\n\n  ## 2026-01-02\n  ```",
        "1. item\n\n   ```\n   ## 2026-01-01\n   ```",
        "    ## 2026-01-01",
        "-\t## 2026-01-01",
    ],
)
def test_what_is_code_is_no_heading(fence: str) -> None:
    assert only(f"## 2026-03-14\n\n### Happened\n\n{fence}\n").happened == fence


def test_an_open_fence_is_told() -> None:
    assert read("## 2026-03-14\n\n```\nx\n```\n\n~~~\n## 2026-01-01\n").open_fence == 7
    assert not read("## 2026-03-14\n\n```\nx\n```\n").open_fence


def test_backticks_in_the_info_make_no_fence() -> None:
    assert len(read("## 2026-03-14\n\n``` a ` b\n\n## 2026-03-15\n\nx\n").entries) == 2


LINES = st.sampled_from(
    ["```", "````", "~~~", "``` py", "  ```", "   ~~~", "# h", "## h", "   # h", "    # h", "a", "",
     "- a", "  b", "  # h", "- ```", "> ```", "> # h", "1. a", "   ```", "* * *", "```  "]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=9))
def test_headings_are_where_commonmark_sees_them(lines: list[str]) -> None:
    theirs = {
        token.map[0]
        for token in MarkdownIt("commonmark").parse("\n".join(lines))
        if token.type == "heading_open" and token.level == 0 and token.map
    }
    scanner, ours = Scanner(), set()
    for number, line in enumerate(lines):
        if scanner.place(line) is Place.TOP and heading_of(line):
            ours.add(number)
            scanner.reset()
    assert ours == theirs


# Out and in again

SIGNS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
STRUCTURE = st.sampled_from(
    [
        "## 2026-01-01", "## 2026-01-01: x", "# March 14, 2026", "### Tried", "#### next steps:",
        "### 03/04/2026", "##### 2026-02-30", "# Ideas", "### Deeper", "#", "\\## 2026-01-01",
        "\\\\### Tried", "\\```", "```", "````", "```python", "~~~", "  ~~~", "    ```", "- ```",
        "  ```", "> ```", "- item", "  # 2026-01-01", "1. one", "---", "===", "\\---", "...",
        "2026-01-01", "**2026-01-01**", "**Tried:** x", "tried: x", "Happened:", "zone: UTC",
        "tags: a; zone: UTC", "title: x", "# comment", "", " ", "\x0b", "\x0c", "\x1c", "\x85",
        "\u2028", "\u00a0", "\\", "\\\\", "עברית", "\u202eאב", "🧪 e\u0301", "\ufeff",
        "\t# 2026-01-01", "a\rb", "a\r\nb",
        "<!--", "<pre>", "| a |", "|---|", "word  ", "  word", "-", "* * *", "#hash",
    ]
)  # fmt: skip
TEXTS = st.lists(STRUCTURE | st.text(SIGNS, max_size=20), max_size=12).map("\n".join)
TITLES = st.lists(
    st.sampled_from(["#", "##", ":", ": x", "[a](b)", "\\", "\\#", "- x", "(Sat)", "Sat", "09:30",
                     "2026-01-01", "*", "Tried", "🧪", "אב", "a"]) | st.text(SIGNS, max_size=8),
    max_size=4,
).map(" ".join)  # fmt: skip
TAGS = st.from_regex(r"\A\w[\w.+-]{0,9}\Z").map(str.casefold).filter(
    re.compile(r"\w[\w.+-]{0,39}").fullmatch
)  # fmt: skip
WRITINGS = st.builds(
    Writing,
    day=st.dates(dt.date(1970, 1, 1), TODAY) | st.just(DAY),
    title=TITLES,
    tags=st.lists(TAGS, max_size=3).map(tuple),
    milestones=st.lists(st.sampled_from(["p0-0", "rl-3", "d2"]), max_size=2).map(tuple),
    minutes=st.none() | st.integers(1, 1440),
    build_work=st.booleans(),
    **dict.fromkeys(PROMPTS, TEXTS),
).filter(lambda writing: bool(words_of(writing.tidied()).strip()))


@settings(max_examples=100, deadline=None)
@given(st.lists(WRITINGS, max_size=4))
@example([Writing(day=DAY, tried="```\n## 2026-01-01"), Writing(day=DAY, tried="```")])
@example([Writing(day=DAY, tried="- a\n## b\n- c\n\\## d\n  ## e")])
@example([Writing(day=DAY, tried="x" * 200_000 + " ## " + "#" * 200_000)])
def test_what_is_written_reads_back_the_same(writings: list[Writing]) -> None:
    log = read(write(writings))
    assert [entry.writing for entry in log.entries] == [writing.tidied() for writing in writings]
    assert {entry.zone for entry in log.entries} <= {"Europe/Berlin"}
    assert (log.undated, log.bare, log.opening) == ([], [], "")


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(WRITINGS, min_size=1, max_size=2))
@example("---\nhello", "\n", [Writing(day=DAY, tried="a\n\n---")])
@example("---\na: b\n---", "\n", [Writing(day=DAY, tried="a")])
@example("```", "\r", [Writing(day=DAY, tried="a")])
def test_what_stands_before_the_entries_is_kept_byte_for_byte(
    text: str, line_break: str, writings: list[Writing]
) -> None:
    came = read(re.sub(r"\r\n?|\n", line_break, text))
    if came.entries or came.undated:
        return
    opening = came.front_matter, came.preamble
    out = write(writings, opening=opening)
    again = read(out)
    assert again.opening.startswith(came.opening)
    assert [entry.writing for entry in again.entries] == [writing.tidied() for writing in writings]
    assert write(writings, opening=(again.front_matter, again.preamble)) == out


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line_breaks_of_every_system_part_lines(line_break: str) -> None:
    text = "---\ntitle: x\n---\n# Log\n\n## 2026-03-14\n\n### Tried\n\na\nb\n"
    log = read(text.replace("\n", line_break))
    assert log.front_matter == "---\ntitle: x\n---\n".replace("\n", line_break)
    assert log.preamble == "# Log\n\n".replace("\n", line_break)
    assert log.entries[0].writing.tried == "a\nb"


def test_an_entry_looks_as_one_would_write_it() -> None:
    writing = Writing(
        day=DAY,
        title="Warm-up",
        tried="Adam.",
        next="bf16\n\n## Later\n\n### Maybe",
        tags=("adam", "bf16"),
        milestones=("p1-0",),
        minutes=90,
        build_work=True,
    )
    assert write_entry(writing, "Europe/Berlin") == (
        "## 2026-03-14: Warm-up\n\n"
        "tags: adam, bf16; milestones: p1-0; minutes: 90; build work: yes; zone: Europe/Berlin\n\n"
        "### Tried\n\nAdam.\n\n### Next\n\nbf16\n\n\\## Later\n\n### Maybe\n"
    )


# Anything at all


@settings(max_examples=100, deadline=None)
@given(st.lists(STRUCTURE | st.text(max_size=15), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_no_text_is_too_strange_and_no_word_of_it_is_dropped(
    lines: list[str], line_break: str
) -> None:
    words = [f"kept{n}" for n in range(len(lines))]
    text = line_break.join(f"{line}\n{word}" for line, word in zip(lines, words, strict=True))
    log = read(text)
    places = [log.opening, *(undated.source for undated in log.undated)]
    places += [heading for _line, heading in log.bare]
    places += [f"{one.writing.title} {words_of(one.writing)}" for one in log.entries]
    assert sorted(re.findall(r"kept[0-9]+", "\n".join(places))) == sorted(words)


@settings(deadline=None)
@given(st.text())
def test_reading_never_fails(text: str) -> None:
    read(text)
    read(f"## 2026-03-14{text}")
    read(f"## {text}")


# Bytes


def test_a_byte_order_mark_is_dropped() -> None:
    assert decode(b"\xef\xbb\xbf## x") == "## x"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_when_it_says_so(encoding: str) -> None:
    assert decode("\ufeff## 2026-03-14 🧪".encode(encoding)) == "## 2026-03-14 🧪"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "There is nothing in it."),
        (b" \r\n\t", "There is nothing in it."),
        (b"a\n\xe9t\xe9", "byte 3, on line 2, fits no character"),
        (b"\x89PNG\r\n\x1a\n\0", "byte 1, on line 1"),
        (b"a\nb\0", "Line 2: the text holds a NUL character"),
        (b"\xff\xfea\0\0\xd8b\0", "This is no UTF-16"),
    ],
)
def test_what_is_no_text_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=re.escape(sentence)):
        decode(data)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UnreadableError, match="Line 2: the text holds half of a character"):
        check("a\n\ud800")
