from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadmap.content import ContentError, Problem, read, read_folder
from roadmap.content_kinds import KINDS, LIST_FILES, Row, RowId
from roadmap.content_writer import write
from roadmap.management.commands.load_roadmap import CONTENT

FILES = {
    path.relative_to(CONTENT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(CONTENT.rglob("*.yaml"))
}

# One of everything, small enough to break line by line.
SMALL = {
    **dict.fromkeys(LIST_FILES, "[]\n"),
    "tracks.yaml": """\
- slug: trunk
  name: Trunk
  summary: What everybody needs
  text: |
    The part that carries the rest.
""",
    "resources.yaml": """\
- slug: a-book
  title: A book
  kind: book
  url: https://example.org/book
  summary: Read it
  links:
    - label: Errata
      url: https://example.org/errata
""",
    "phases/0.yaml": """\
slug: '0'
track: trunk
position: 1
title: Orientation
length: 1–2 weeks
weeks_min: 1
weeks_max: 2
summary: The first run
goal: |
  A model, trained.
path: |
  Step by step.
done_when: |
  - It trained.

topics:
  - slug: gradients
    title: Gradients
    essential: true
    text: |
      They point uphill.

resources:
  - resource: a-book
    role: primary

milestones:
  - key: p0-0
    kind: build
    wording: It trained

deliverables:
  - key: d0
    kind: ship
    wording: It is public
    parts:
      - slug: curve
        name: A loss curve
        label: plot

traps:
  - slug: tools
    title: Tools
    text: |
      Later.
""",
    "phases/1.yaml": """\
slug: '1'
track: trunk
position: 2
title: Foundations
length: Ongoing
same_as: '0'
summary: The second run
goal: |
  A model, understood.
path: |
  Step by step.
done_when: |
  - It is understood.

milestones:
  - placed: p0-0
""",
    "levels.yaml": """\
- slug: l1
  name: Reproducer
  can: Reproduces
  time: Months
  reached_by: The deliverable
  requirements:
    - slug: shipped
      any_of:
        - d0
        - p0-0
""",
    "claims.yaml": """\
- slug: twenty
  statement: About twenty
  tier: 1
  source: |
    The paper.
  checked: 2026-03-14
""",
    "questions.yaml": """\
- slug: by-hand
  ask: Can you?
  phase: '0'
""",
    "chapters/method.yaml": """\
- slug: loop
  title: The loop
  text: |
    Round and round.
""",
}

PHASE = "phases/0.yaml"
MISTAKES = {
    "broken YAML": ("tracks.yaml", "name: Trunk", "name: a: b", 2, "not YAML"),
    "broken indent": ("tracks.yaml", "  name: Trunk", "   name: Trunk", 2, "not YAML"),
    "a bell": ("tracks.yaml", "name: Trunk", "name: Tr\x07unk", 2, "not YAML"),
    "two documents": ("tracks.yaml", "- slug", "---\n- slug: a\n---\n- slug", 3, "not YAML"),
    "nothing": ("tracks.yaml", SMALL["tracks.yaml"], "\n", 1, "this file is empty"),
    "a value alone": ("tracks.yaml", SMALL["tracks.yaml"], "trunk\n", 1, "expected a list"),
    "a list of values": (
        "tracks.yaml",
        SMALL["tracks.yaml"],
        "- trunk\n",
        1,
        "expected 'key: value",
    ),
    "a list for a phase": (PHASE, SMALL[PHASE], "- slug: '0'\n", 1, "expected 'key: value"),
    "unknown key": ("tracks.yaml", "name: Trunk", "nmae: Trunk", 2, "a track has no 'nmae'"),
    "unknown key within": (PHASE, "title: Gradients", "titel: Gradients", 18, "no 'titel'"),
    "missing key": (PHASE, "    title: Gradients\n", "", 17, "'title' is missing from this topic"),
    "missing slug": ("tracks.yaml", "- slug: trunk\n  name", "- name", 1, "'slug' is missing"),
    "a key twice": ("tracks.yaml", "  name: Trunk", "  name: T\n  name: T", 1, "stands here twice"),
    "no value": ("tracks.yaml", "name: Trunk", "name:", 2, "'name' is empty"),
    "blank text": (
        "tracks.yaml",
        "text: |\n    The part that carries the rest.",
        "text: ''",
        4,
        "empty",
    ),
    "a list for a value": ("tracks.yaml", "name: Trunk", "name: [Trunk]", 2, "takes one value"),
    "bad slug": (PHASE, "slug: gradients", "slug: The_Gradients", 17, "lower-case letters"),
    "slug ends in a hyphen": (
        PHASE,
        "slug: gradients",
        "slug: gradients-",
        17,
        "lower-case letters",
    ),
    "long slug": (PHASE, "slug: gradients", f"slug: {'g' * 61}", 17, "at most 60"),
    "unknown track": (PHASE, "track: trunk", "track: branch", 1, "track 'branch'"),
    "unknown twin": ("phases/1.yaml", "same_as: '0'", "same_as: '7'", 1, "phase '7'"),
    "unknown resource": (PHASE, "resource: a-book", "resource: no-book", 24, "resource 'no-book'"),
    "unknown phase": ("questions.yaml", "phase: '0'", "phase: '7'", 1, "phase '7'"),
    "unknown milestone": ("levels.yaml", "        - d0", "        - d7", 7, "milestone 'd7'"),
    "unknown placed": ("phases/1.yaml", "placed: p0-0", "placed: p7-7", 16, "milestone 'p7-7'"),
    "wrong role": (PHASE, "role: primary", "role: main", 25, "primary, companion, reference"),
    "wrong kind": ("resources.yaml", "kind: book", "kind: tome", 3, "it takes course"),
    "wrong state": (PHASE, "track: trunk", "track: trunk\nstate: gone", 3, "draft, live, retired"),
    "wrong flag": (PHASE, "essential: true", "essential: yes", 19, "true or false"),
    "wrong tier": ("claims.yaml", "tier: 1", "tier: 4", 3, "it takes 1, 2, 3"),
    "no number": (PHASE, "position: 1", "position: first", 3, "a whole number"),
    "negative number": (PHASE, "position: 1", "position: -1", 3, "a whole number"),
    "fraction": (PHASE, "position: 1", "position: 1.5", 3, "a whole number"),
    "huge number": (PHASE, "position: 1", "position: 32768", 3, "a whole number"),
    "bad date": ("claims.yaml", "2026-03-14", "14 March 2026", 6, "a date such as 2026-03-14"),
    "no such day": ("claims.yaml", "2026-03-14", "2026-02-30", 6, "a date such as 2026-03-14"),
    "address without a scheme": (
        "resources.yaml",
        "https://example.org/book",
        "example.org",
        4,
        "https://",
    ),
    "dangerous address": (
        "resources.yaml",
        "https://example.org/book",
        "javascript:alert(1)",
        4,
        "https://",
    ),
    "address with a space": (
        "resources.yaml",
        "example.org/book",
        "example.org/a book",
        4,
        "https://",
    ),
    "space at an end": ("tracks.yaml", "name: Trunk", "name: 'Trunk '", 2, "ends with a space"),
    "space at a line's end": (PHASE, "uphill.", "uphill. ", 20, "ends in a space"),
    "two lines in one": ("tracks.yaml", "name: Trunk", 'name: "Tr\\nunk"', 2, "takes one line"),
    "next line": ("tracks.yaml", "name: Trunk", 'name: "Tr\\x85unk"', 2, "control character"),
    "control character": ("tracks.yaml", "name: Trunk", 'name: "Tr\\eunk"', 2, "control character"),
    "too long": (
        "tracks.yaml",
        "name: Trunk",
        f"name: {'T' * 251}",
        2,
        "251 characters; at most 250",
    ),
    "summary too long": (PHASE, "The first run", "r" * 161, 8, "at most 160"),
    "weeks reversed": (PHASE, "weeks_min: 1", "weeks_min: 3", 1, "no more than weeks_max"),
    "weeks from none": (PHASE, "weeks_min: 1", "weeks_min: 0", 1, "at least 1"),
    "half the weeks": (PHASE, "weeks_max: 2\n", "", 1, "or neither"),
    "named unlike its slug": (PHASE, "slug: '0'", "slug: '2'", 1, "should be 2.yaml"),
    "slug twice": (
        "questions.yaml",
        SMALL["questions.yaml"],
        SMALL["questions.yaml"] * 2,
        4,
        "stands already in questions.yaml:1",
    ),
    "key in two phases": (
        "phases/1.yaml",
        "placed: p0-0",
        "key: d0\n    kind: ship\n    wording: Again",
        16,
        "stands already in phases/0.yaml:33",
    ),
    "placed twice": (
        "phases/1.yaml",
        "  - placed: p0-0",
        "  - placed: p0-0\n  - placed: p0-0",
        17,
        "stands already in phases/1.yaml:16",
    ),
    "placed with more": (
        "phases/1.yaml",
        "placed: p0-0",
        "placed: p0-0\n    kind: build",
        16,
        "no other keys",
    ),
    "placed without a key": (
        "phases/1.yaml",
        "placed: p0-0",
        "placed: ''",
        16,
        "'placed' is empty",
    ),
    "placed as a list": (
        "phases/1.yaml",
        "placed: p0-0",
        "placed: [p0-0]",
        16,
        "'placed' takes one value",
    ),
    "milestones as a mapping": (
        "phases/1.yaml",
        "  - placed: p0-0",
        "  placed: p0-0",
        16,
        "a list of milestones",
    ),
    "deliverable said twice": (
        PHASE,
        "    kind: ship",
        "    kind: ship\n    deliverable: true",
        33,
        "says if it is a deliverable",
    ),
    "wrong label": (PHASE, "label: plot", "label: picture", 39, "repository, commit, write-up"),
    "part without a label": (PHASE, "        label: plot\n", "", 37, "'label' is missing"),
    "parts of a milestone": (
        PHASE,
        "    wording: It trained",
        "    wording: It trained\n    parts: []",
        31,
        "only a deliverable has parts",
    ),
    "a part twice": (
        PHASE,
        "        label: plot\n",
        "        label: plot\n      - slug: curve\n        name: Again\n        label: plot\n",
        40,
        "stands already in phases/0.yaml:37",
    ),
    "placed with parts": (
        "phases/1.yaml",
        "placed: p0-0",
        "placed: p0-0\n    parts: []",
        16,
        "no other keys",
    ),
    "nothing will do": (
        "levels.yaml",
        "any_of:\n        - d0\n        - p0-0",
        "any_of: []",
        8,
        "a list of keys",
    ),
    "one thing twice": ("levels.yaml", "        - p0-0", "        - d0", 10, "twice"),
}


def problems(files: dict[str, str]) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        read(files)
    return caught.value.problems


def plain(rows: dict[RowId, Row]) -> dict[RowId, dict[str, Any]]:
    return {key: dict(row.values) for key, row in rows.items()}


@pytest.mark.parametrize("name", FILES)
def test_reading_and_writing_a_file_gives_the_same_bytes(
    name: str, written: dict[str, str]
) -> None:
    assert written[name] == FILES[name]


def test_writing_makes_no_file_that_was_not_there(written: dict[str, str]) -> None:
    assert sorted(written) == sorted(FILES)


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return write(read_folder(CONTENT).values())


def test_every_row_knows_where_it_stands() -> None:
    rows = read(SMALL)
    assert rows["topic", "0/gradients"].where == "phases/0.yaml:17"
    assert rows["placement", "1/p0-0"].where == "phases/1.yaml:16"
    assert rows["requirement", "l1/shipped"].values["any_of"] == ("d0", "p0-0")
    assert rows["deliverablepart", "d0/curve"].where == "phases/0.yaml:37"


@pytest.mark.parametrize(("name", "old", "new", "line", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_file_line_and_reason(
    name: str, old: str, new: str, line: int, reason: str
) -> None:
    assert SMALL[name].count(old) >= 1
    found = problems({**SMALL, name: SMALL[name].replace(old, new, 1)})
    assert any(
        (problem.file, problem.line) == (name, line) and reason in problem.reason
        for problem in found
    ), [str(problem) for problem in found]


@pytest.mark.parametrize(
    "name", ["notes.yaml", "phases.yaml", "chapters/notes.yaml", "phases/old/0.yaml", "x/0.yaml"]
)
def test_a_file_that_nothing_reads_is_refused(name: str) -> None:
    [problem] = problems({**SMALL, name: "[]\n"})
    assert str(problem) == f"{name}:1: no content file has this name"


@pytest.mark.parametrize("name", LIST_FILES)
def test_a_file_that_is_missing_is_named(name: str) -> None:
    found = problems({key: text for key, text in SMALL.items() if key != name})
    assert f"{name}:1: this file is missing" in map(str, found)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    for name, text in SMALL.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "tracks.yaml").write_bytes(b"- slug: trunk\n  name: Tr\xfcnk\n")
    with pytest.raises(ContentError, match=r"tracks\.yaml:2: .*UTF-8"):
        read_folder(tmp_path)


def test_several_mistakes_are_told_at_once_in_the_order_of_the_files() -> None:
    found = problems(
        {
            **SMALL,
            "tracks.yaml": SMALL["tracks.yaml"].replace("name: Trunk", "name:"),
            "phases/0.yaml": SMALL["phases/0.yaml"]
            .replace("position: 1", "position: one")
            .replace("role: primary", "role: main"),
        }
    )
    assert [(problem.file, problem.line) for problem in found] == [
        ("phases/0.yaml", 3),
        ("phases/0.yaml", 25),
        ("tracks.yaml", 2),
    ]


@pytest.mark.parametrize(
    "value", ["no", "null", "~", "0", "0x1F", "1_000", "2026-03-14", "true", "12:30:00", ".inf"]
)
def test_words_that_yaml_would_take_for_something_else_stay_words(value: str) -> None:
    files = {**SMALL, "tracks.yaml": SMALL["tracks.yaml"].replace("name: Trunk", f"name: {value}")}
    assert read(files)["track", "trunk"].values["name"] == value


# Whatever the rows hold: what is written is read as the same rows.

AWKWARD = ["no", "null", "~", "0", "2026-03-14", "- a", "# a", "a: b", "a #b", "'", '"', "|", "@a"]


characters = st.one_of(
    st.characters(codec="utf-8", exclude_categories=["Cc"]),
    st.sampled_from(" \t:#-'\"|>&*!%@`{}[],?~"),
)
lines = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(characters, max_size=40).map(lambda text: text.strip() or "x"),
)
texts = st.lists(
    st.one_of(st.just(""), lines, lines.map(lambda text: f"    {text}")), min_size=1, max_size=6
).map(lambda rows: "\n".join(rows).strip("\n") or "x")


@st.composite
def changed(draw: st.DrawFn) -> dict[RowId, Row]:
    """Give the small roadmap with other words in all its lines and texts."""
    rows = {}
    for row in read(SMALL).values():
        values = dict(row.values)
        for spec in KINDS[row.kind].fields:
            if spec.type == "line" and spec.name != "label":
                values[spec.name] = draw(lines)
            elif spec.type == "text":
                values[spec.name] = draw(texts)
        rows[row.id] = Row(row.kind, row.key, values)
    return rows


@settings(max_examples=25, deadline=None)
@given(changed())
def test_any_words_survive_writing_and_reading(rows: dict[RowId, Row]) -> None:
    files = write(rows.values())
    assert plain(read(files)) == plain(rows)
    assert write(read(files).values()) == files


@settings(max_examples=60, deadline=None)
@given(lines, texts)
@example("a", "    indented first\nthen not")
@example("a", "first\n\n\n    then code")
@example("a\u2028b", "#")
@example("a\tb", "if:\n\tindented by a tab")
def test_any_line_and_text_survive_writing_and_reading(line: str, text: str) -> None:
    rows = read(SMALL)
    values = {**rows["track", "trunk"].values, "name": line, "text": text}
    rows["track", "trunk"] = Row("track", "trunk", values)
    again = read(write(rows.values()))
    assert again["track", "trunk"].values == values


def test_a_milestone_without_a_place_is_written_aside_and_read_again() -> None:
    rows = read(SMALL)
    del rows["placement", "0/d0"]
    files = write(rows.values())
    assert "deliverable: true" in files["milestones.yaml"]
    assert "slug: curve" in files["milestones.yaml"]
    assert plain(read(files)) == plain(rows)


def test_parts_are_read_in_their_order_and_belong_to_their_deliverable() -> None:
    more = "\n      - slug: code\n        name: The code\n        label: repository"
    rows = read({**SMALL, PHASE: SMALL[PHASE].replace("label: plot", f"label: plot{more}")})
    assert [dict(row.values) for row in rows.values() if row.kind == "deliverablepart"] == [
        {
            "milestone": "d0",
            "slug": "curve",
            "name": "A loss curve",
            "label": "plot",
            "position": 1,
        },
        {
            "milestone": "d0",
            "slug": "code",
            "name": "The code",
            "label": "repository",
            "position": 2,
        },
    ]


def test_parts_of_what_is_no_deliverable_any_more_are_not_written() -> None:
    rows = read(SMALL)
    former = rows["milestone", "d0"]
    rows[former.id] = Row(former.kind, former.key, {**former.values, "deliverable": False})
    files = write(rows.values())
    again = read(files)
    assert again["milestone", "d0"].values == rows["milestone", "d0"].values
    assert {row.kind for row in rows.values()} - {row.kind for row in again.values()} == {
        "deliverablepart"
    }


def test_a_shared_milestone_is_written_whole_in_the_first_phase_that_holds_it() -> None:
    files = write(read(SMALL).values())
    assert "key: p0-0" in files["phases/0.yaml"]
    assert "placed: p0-0" in files["phases/1.yaml"]
