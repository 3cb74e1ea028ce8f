import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.changes import changes_of
from journal.models import Writing
from mastery.differences import Piece, pieces_of, shortened

DAY = dt.date(2026, 3, 14)


def drawn(pieces: list[Piece]) -> str:
    """Draw a difference in one line: what is gone in [-...-], what is new in {+...+}."""
    signs = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}", "cut": "<{}>"}
    return "".join(signs[piece.kind].format(piece.text) for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "{+new+}"),
        ("gone", "", "[-gone-]"),
        ("a b c", "a x c", "a [-b-]{+x+} c"),
        ("the end", "the end of it", "the end{+ of it+}"),
        ("one two", "two", "[-one -]two"),
        ("a\nb\nc", "a\nB\nc", "a\n[-b-]{+B+}\nc"),
        ("a\n\nb", "a\nb", "a[-\n\n-]{+\n+}b"),
        ("x = 1", "    x = 1", "{+    +}x = 1"),
        ("学习率太高", "学习率太低", "学习率太[-高-]{+低+}"),
        ("lr=3e-4 warm", "lr=1e-4 warm", "[-lr=3e-4-]{+lr=1e-4+} warm"),
        ("a b c d e f", "a B c d E f", "a [-b-]{+B+} c d [-e-]{+E+} f"),
    ],
)
def test_texts_are_told_apart_by_words(before: str, after: str, difference: str) -> None:
    assert drawn(pieces_of(before, after)) == difference


TEXTS = st.lists(
    st.sampled_from(["a", "b", "cc", " ", "  ", "\n", "\n\n", "字", "\t"]), max_size=30
)


@given(TEXTS.map("".join), TEXTS.map("".join))
def test_a_difference_holds_both_texts_whole(before: str, after: str) -> None:
    pieces = pieces_of(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind in {"same", "gone"}) == before
    assert "".join(piece.text for piece in pieces if piece.kind in {"same", "new"}) == after
    assert all(piece.text for piece in pieces)


def words(count: int, name: str = "w") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        # One word in a line of 200,000 characters.
        (words(30_000), words(30_000).replace("w15000 ", "x "), ["same", "gone", "new", "same"]),
        # More words than are compared one by one: by lines.
        (
            "\n".join(words(30, f"l{n}-") for n in range(200)),
            "\n".join(words(30, f"l{n}-" if n % 50 else f"m{n}-") for n in range(200)),
            ["gone", "new", "same"] * 4,
        ),
        # Nothing to compare by.
        ("a\nb\n" * 60_000, "b\na\n" * 60_000, ["gone", "new", "same"]),
        (words(30_000), words(30_000, "x"), ["gone", "new"]),
    ],
)
def test_long_texts_take_a_moment_and_no_more(
    before: str, after: str, difference: list[str]
) -> None:
    began = time.process_time()
    pieces = pieces_of(before, after)
    assert time.process_time() - began < 5
    assert [piece.kind for piece in pieces] == difference


def test_many_changed_lines_are_compared_by_words_until_it_takes_too_long() -> None:
    old = " ".join(f"u{n} c{n % 15}" for n in range(450))
    new = " ".join(f"c{n % 15} v{n}" for n in range(450))
    texts = ["\n".join(f"line {n}\n{text}" for n in range(12)) for text in (old, new)]
    pieces = pieces_of(*texts)
    assert Piece("new", "v0") in pieces
    assert pieces[-2:] == [Piece("gone", old), Piece("new", new)]
    assert len(pieces) < 2_000


def test_what_is_unchanged_is_left_out_but_for_a_little() -> None:
    before = words(500)
    after = before.replace("w250 ", "x ")
    pieces = shortened(pieces_of(before, after))
    assert [piece.kind for piece in pieces] == ["cut", "same", "gone", "new", "same", "cut"]
    assert pieces[1].text.endswith("w249 ")
    assert len(pieces[1].text) == 80
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == before


def test_writings_are_told_apart_field_by_field() -> None:
    before = Writing(day=DAY, tried="Adam.", tags=("adam",), minutes=30, milestones=("p0-0",))
    after = Writing(
        day=dt.date(2026, 3, 15),
        title="T",
        tried="Adam.",
        tags=("adam", "bf16"),
        build_work=True,
        milestones=("p0-0", "p9"),
    )
    changes = changes_of(before, after, wordings={"p0-0": "Train a model"})
    assert {change.name: drawn(change.pieces) for change in changes} == {
        "Date": "[-14-]{+15+} March 2026",
        "Title": "{+T+}",
        "Tags": "adam{+ bf16+}",
        "Milestones": "Train a model{+\np9+}",
        "Minutes": "[-30-]",
        "Build work": "{+yes+}",
    }
    assert changes_of(before, before) == []
