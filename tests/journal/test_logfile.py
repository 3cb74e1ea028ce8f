import datetime as dt
import re
import time

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
        ("## 14-Mar-2026", ""),
        ("## 2026 March 14 - Warm-up", "Warm-up"),
        ("## 🧪 2026-03-14: Warm-up", "🧪 Warm-up"),
        ("## *2026-03-14*", ""),
        ("## [[2026-03-14]]", ""),
        ("## <2026-03-14 Sat>", ""),
        ("## 2026-03-14_warm-up", "warm-up"),
        ("## 20260314T0930", "0930"),
        ("#2026-03-14 Warm-up", "Warm-up"),
        ("**2026-03-14** – Warm-up", "Warm-up"),
        ("**2026-03-14:** Warm-up", "Warm-up"),
        ("2026-03-14: Warm-up", "Warm-up"),
        ("2026-03-14 (Sat)", ""),
        ("[2026-03-14 09:30] Warm-up", "09:30 Warm-up"),
        ("Log\n\n---\n2026-03-14\n---", ""),
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


@pytest.mark.parametrize(
    ("heading", "day"),
    [
        ("Day 2 (15 March 2026)", dt.date(2026, 3, 15)),
        ("Mon 16 Mar", dt.date(2026, 3, 16)),
        ("March 12th: x", dt.date(2026, 3, 12)),
        ("Sunday, 16 March", dt.date(2025, 3, 16)),
        ("31 Dec", dt.date(2025, 12, 31)),
        ("14 Mar ’25", dt.date(2025, 3, 14)),
        ("15/03/26", dt.date(2026, 3, 15)),
        ("3.4.26", dt.date(2026, 4, 3)),
        ("26-04-03", dt.date(2026, 4, 3)),
        ("14-16 March 2026", dt.date(2026, 3, 16)),
        ("03/04/26", DAY),
        ("14 mars 2026", DAY),
    ],
)
def test_a_heading_with_half_a_date_gets_a_proposal(heading: str, day: dt.date) -> None:
    (undated,) = read(f"## 2026-03-14\n\na\n\n## {heading}\n\nb\n").undated
    assert (undated.heading, undated.suggestion) == (heading, day)


@pytest.mark.parametrize(
    "heading", ["Day 1: 2026-03-13", "Fri 13 Mar", "13/03/26", "13 mars 2026", "2026年3月13日"]
)
@pytest.mark.parametrize("rest", ["", "\n## 2026-03-14\n\nb\n"])
def test_half_a_date_is_asked_about_where_no_day_came_before(heading: str, rest: str) -> None:
    log = read(f"# Log\n\n## {heading}\n\na\n{rest}")
    (undated,) = log.undated
    assert (undated.line, undated.on(DAY).writing.happened, log.preamble) == (3, "a", "# Log\n\n")
    kept = read(f"{undated.as_preamble}\n## 2026-03-14\n\nb\n")
    assert (len(kept.entries), kept.undated) == (1, [])


def test_before_our_own_entries_stands_what_was_kept_there() -> None:
    log = read(f"## Since 13 March 2026\n\n{write([Writing(day=DAY, tried='x')])}")
    assert (log.preamble, log.undated) == ("## Since 13 March 2026\n\n", [])


def test_headings_with_nothing_below_are_told() -> None:
    log = read(
        "# Log\n\n## 2026-03-14\n\na\n\n# April\n\n## 2026-04-01\n\n# Call Bob\n\n"
        "# Week 14, 2026\n\n## 2026-04-02: Climbed\n"
    )
    assert log.bare == [(7, "April"), (9, "2026-04-01"), (13, "Week 14, 2026")]
    assert [part.on(DAY).writing.happened for part in log.undated] == ["Call Bob"]
    assert log.entries[-1].writing == Writing(day=dt.date(2026, 4, 2), happened="Climbed")


def test_days_in_a_list_are_entries_when_nothing_else_is() -> None:
    log = read("Log\n\n- 2026-03-14: first\n  and on\n- **2026-03-15**: second\n")
    assert [entry.writing.happened for entry in log.entries] == ["first\nand on", "second"]
    assert log.preamble == "Log\n\n"


def test_dates_in_bold_or_lists_are_words_where_headings_are_days() -> None:
    text = "**2026-01-01**\n\n- 2026-01-02: due\n\n2026-01-03\nso"
    assert only(f"## 2026-03-14\n\n{text}\n").happened == text


def test_dates_that_stand_alone_are_told_and_may_begin_entries() -> None:
    text = "2026-01-01\n\na\n\n## 2026-03-14\n\nb\n\n**2026-03-15**\n\nc\n\n2026-03-16: d\n"
    assert read(text).passed == [(1, "2026-01-01"), (9, "2026-03-15")]
    log = read(text, every_date=True)
    assert log.passed == []
    assert [entry.writing.happened for entry in log.entries] == ["a", "b", "c\n\n2026-03-16: d"]
    ours = write([Writing(day=DAY, tried="2026-01-01\n\n**2026-03-15**")])
    assert read(ours).passed == []


def test_bold_dates_and_lines_need_no_blank_line_and_may_hold_words() -> None:
    for mark in ("**", ""):
        log = read(
            f"{mark}2026-03-14{mark}\na\n{mark}2026-03-15{mark}: b\nand on\n"
            f"{mark}2026-03-16{mark} - Title\n\nc\n"
        )
        assert [(entry.writing.title, entry.writing.happened) for entry in log.entries] == [
            ("", "a"), ("", "b\nand on"), ("Title", "c"),
        ]  # fmt: skip


def test_a_sentence_that_begins_with_a_date_is_no_day() -> None:
    log = read("2026-03-14\n\na\n\n2026-04-01 is the deadline.\n")
    assert [entry.writing.happened for entry in log.entries] == ["a\n\n2026-04-01 is the deadline."]


def test_yaml_may_hold_comments_with_dates() -> None:
    front = "---\ntitle: x\n# 2026-01-01: begun\ntext: |\n  ## 2026-01-02\n---\n"
    assert read(f"{front}\n## 2026-03-14\n\na\n").front_matter == front
    for text in ("---\n# 2026-03-14\na\n---\n", "---\na: b\n\n# 2026-03-14\n\na\n\n---\n"):
        assert len(read(text).entries) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"## 2026-03-14\n\na\n\n## {'wk' * 100_000}x\n",
        f"## {'(' * 500_000}2026-03-14{')' * 500_000}\n\na\n",
        "".join(f"## 2026-03-14\n\n[{n}]\n\n" for n in range(8_000))
        + "".join(f"[{n}]: a\n" for n in range(8_000)),
    ],
    ids=["heading", "signs", "definitions"],
)
def test_what_means_to_take_long_is_read_in_a_moment(text: str) -> None:
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 5


# Links and footnotes


def test_what_is_defined_at_the_end_of_a_file_goes_to_who_refers_to_it() -> None:
    note, link, free = "[^1]: Kaplan.\n    More.", "[Docs]: https://a.test", "[x]: https://b.test"
    log = read(
        f"## 2026-03-14\n\nSee[^1] and [it][docs].\n\n### Next\n\n[docs]\n\n"
        f"## 2026-03-15\n\nNothing.\n\n{note}\n\n{link}\n{free}\n"
    )
    first, last = (entry.writing for entry in log.entries)
    assert first.happened == f"See[^1] and [it][docs].\n\n{note}\n{link}"
    assert first.next == f"[docs]\n\n{link}"
    assert last.happened == f"Nothing.\n\n{free}"


def test_in_our_own_form_definitions_stay_where_they_are() -> None:
    entries = [Writing(day=DAY, tried="[a]"), Writing(day=DAY, tried="b\n\n[a]: https://a.test")]
    assert [entry.writing for entry in read(write(entries)).entries] == entries


def test_definitions_that_would_grow_out_of_bounds_stay_where_they_are() -> None:
    note = f"[a]: https://a.test\n    {'x' * 100_000}"
    log = read("".join(f"## 2026-03-14: {n}\n\n[a]\n\n" for n in range(60)) + note)
    assert [entry.writing.happened for entry in log.entries] == ["[a]"] * 59 + [f"[a]\n\n{note}"]


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
        "- tried: a\n- happened: b\n- learned: c\n- next: d",
        "* **Tried:** a\n* **What happened?** b\n* **Learned** – c\n* **Next:** d",
        "- Tried\n  a\n- Happened\n  b\n- Learned\n  c\n- Next\n  d",
        "1. Tried: a\n2. Happened: b\n3. Learned: c\n4. Next: d",
        "Tried - a\nHappened – b\nLearned — c\nNext - d",
        "_Tried_: a\n*Happened:* b\n__Learned__ - c\n**Next:** d",
        "## What did I try?\na\n## What happened?\nb\n## What did I learn?\nc\n## What's next?\nd",
        "next: d\nlearned: c\nhappened: b\ntried: a",
        "Tried\n-----\na\n\nHappened\n--------\nb\n\nLearned\n===\nc\n\nNext\n---\nd",
    ],
)
def test_the_four_prompts_are_found_in_the_ways_people_mark_them(text: str) -> None:
    writing = only(f"## 2026-03-14\n\n{text}\n")
    assert writing == Writing(day=DAY, tried="a", happened="b", learned="c", next="d")


def test_lists_under_an_item_that_is_a_prompt_keep_their_shape() -> None:
    writing = only("## 2026-03-14\n- tried: a\n  more\n  - x\n    - y\n- next:\n\n  1. z\n\nEnd.\n")
    assert (writing.tried, writing.next) == ("a\nmore\n- x\n  - y", "1. z\n\nEnd.")


def test_a_list_of_other_things_too_is_words() -> None:
    text = "- Loaded the data\n- Next: write tests\n- Bought coffee"
    assert only(f"## 2026-03-14\n{text}\n").happened == text


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
        "<!--\n## 2026-01-01\n\ntried: x\n-->",
        "<pre>\n\n## 2026-01-01\n</pre>",
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
    text = "## 2026-03-14\n\n```\nx\n```\n\n"
    assert read(text).open_block is None
    for opening in ("~~~", "<!-- template", "<pre>"):
        log = read(f"{text}{opening}\n## 2026-01-01\n")
        assert log.open_block == (7, opening)
        assert len(log.entries) == 1


def test_backticks_in_the_info_make_no_fence() -> None:
    assert len(read("## 2026-03-14\n\n``` a ` b\n\n## 2026-03-15\n\nx\n").entries) == 2


LINES = st.sampled_from(
    ["```", "````", "~~~", "<!--", "-->", "<!-- x -->", "<pre>", "</pre> x", "- <!--",
     "``` py", "  ```", "   ~~~", "# h", "## h", "   # h", "    # h", "a", "",
     "- a", "  b", "  # h", "- ```", "> ```", "> # h", "1. a", "   ```", "* * *", "```  "]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=9))
@example(["- a", "  ```", "  ```", "a", "  # h"])
@example(["- a", "<!--", "# h", "-->", "# h"])
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
        "<!--", "<pre>", "a --> b", "</style>", "  <!-- x -->", "\\<!--", "- <!--", "| a |",
        "Tried - x", "What happened?", "- tried: x", "* **Next:** y", "*Learned:* z", "#2026-01-01",
        "## 🧪 2026-01-01", "## Mar 14", "# 14/03/26", "[2026-01-01 09:30] x", "2026-01-01: x",
        "[^1]: note", "[a]: https://a.test", "[a][^1]", "|---|", "word  ", "  word", "-", "* * *",
        "#hash", "- [ ] do", "- [x] done",
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
        ("## 2026".encode("utf-16-le"), "This looks like UTF-16 that does not say so."),
    ],
)
def test_what_is_no_text_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=re.escape(sentence)):
        decode(data)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UnreadableError, match="Line 2: the text holds half of a character"):
        check("a\n\ud800")
