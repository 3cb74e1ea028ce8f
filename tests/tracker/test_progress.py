import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tracker.progress import Did, Stood, Total, as_it_stood, percent, total


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


AUCKLAND = ZoneInfo("Pacific/Auckland")


def at(month: int, day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


def did(
    month: int,
    day: int,
    *,
    written: dt.datetime | None = None,
    since: dt.datetime | None = None,
    zone: dt.tzinfo = dt.UTC,
) -> Did:
    return Did(dt.date(2026, month, day), zone, written or at(month, day), since)


MAY = did(5, 3)


@pytest.mark.parametrize(
    ("done", "came", "expected"),
    [
        pytest.param([], [], None, id="empty"),
        pytest.param([], [at(6, 1)], None, id="nothing done"),
        pytest.param([MAY], [], None, id="complete today"),
        pytest.param([MAY], [None], None, id="open from the start"),
        pytest.param([MAY], [None, at(6, 1)], None, id="one of two open from the start"),
        pytest.param([MAY], [at(5, 4)], Stood(dt.date(2026, 5, 3), 1), id="came the day after"),
        pytest.param([MAY], [at(5, 2)], None, id="came the day before"),
        pytest.param(
            [MAY, did(3, 1)],
            [at(6, 1), at(7, 1)],
            Stood(dt.date(2026, 5, 3), 2),
            id="the last day of several",
        ),
        pytest.param([MAY, did(6, 2)], [at(6, 1)], None, id="one of them done later"),
        pytest.param([MAY], [at(5, 3, 13)], Stood(dt.date(2026, 5, 3), 1), id="an hour after"),
        pytest.param([MAY], [at(5, 3, 11)], None, id="an hour before"),
        pytest.param(
            [did(5, 3, written=at(5, 9))],
            [at(5, 3, 1)],
            Stood(dt.date(2026, 5, 3), 1),
            id="the same day, and evidence given later",
        ),
        pytest.param(
            [did(5, 4, written=at(5, 3, 20), zone=AUCKLAND)],
            [at(5, 3, 21)],
            Stood(dt.date(2026, 5, 4), 1),
            id="the person's own day",
        ),
        pytest.param(
            [MAY, did(7, 1, since=at(6, 1))],
            [at(6, 1)],
            Stood(dt.date(2026, 5, 3), 1),
            id="one of two new ones done",
        ),
        pytest.param(
            [MAY, did(7, 1, since=at(6, 1))],
            [at(8, 1)],
            Stood(dt.date(2026, 7, 1), 1),
            id="complete twice",
        ),
        pytest.param(
            [MAY, did(9, 1, since=at(6, 1))],
            [at(8, 1)],
            Stood(dt.date(2026, 5, 3), 1),
            id="complete once, and the first new one done last",
        ),
        pytest.param([did(5, 3, since=at(6, 1))], [at(6, 1)], None, id="nothing was there"),
    ],
)
def test_a_place_was_complete_as_it_stood_before_something_came_to_it(
    done: list[Did], came: list[dt.datetime | None], expected: Stood | None
) -> None:
    assert as_it_stood(done, came) == expected
