import pytest

from tracker.progress import Total, percent, total


@pytest.mark.parametrize(
    ("done", "of", "expected"),
    [
        (0, 0, None),
        (0, 5, 0),
        (1, 5, 20),
        (1, 3, 33),
        (2, 3, 66),
        (199, 200, 99),
        (1, 200, 0),
        (5, 5, 100),
        (6, 5, 100),
        (-1, 5, 0),
    ],
)
def test_a_percentage_is_whole_and_100_only_when_complete(
    done: int, of: int, expected: int | None
) -> None:
    assert percent(done, of) == expected


@pytest.mark.parametrize(
    ("live", "retired", "done", "expected"),
    [
        (set(), set(), set(), Total(0, 0)),
        ({"a", "b"}, set(), set(), Total(0, 2)),
        ({"a", "b"}, set(), {"a"}, Total(1, 2)),
        ({"a", "b"}, set(), {"a", "elsewhere"}, Total(1, 2)),
        ({"a"}, {"old"}, set(), Total(0, 1)),
        ({"a"}, {"old"}, {"old"}, Total(1, 2)),
        ({"a"}, {"old"}, {"a", "old"}, Total(2, 2)),
        (set(), {"old"}, {"old"}, Total(1, 1)),
    ],
)
def test_a_retired_milestone_counts_on_both_sides_or_on_neither(
    live: set[str], retired: set[str], done: set[str], expected: Total
) -> None:
    assert total(live, retired, done) == expected


def test_only_a_whole_total_is_complete() -> None:
    assert Total(5, 5).complete
    assert not Total(4, 5).complete
    assert not Total(0, 0).complete


@pytest.mark.parametrize(
    ("done", "shown", "expected"),
    [
        ({"a", "b"}, {"a"}, Total(2, 3, 1)),
        ({"a"}, {"a", "b", "elsewhere"}, Total(1, 3, 1)),
        ({"a", "old"}, {"old"}, Total(2, 4, 1)),
        (set(), {"a", "old"}, Total(0, 3, 0)),
    ],
)
def test_what_is_shown_is_counted_of_what_is_done(
    done: set[str], shown: set[str], expected: Total
) -> None:
    assert total({"a", "b", "c"}, {"old"}, done, shown) == expected
