import datetime as dt

import pytest

from tracker.pace import Pace, pace

TODAY = dt.date(2026, 11, 22)


def ago(*days: int) -> list[dt.date]:
    return [TODAY - dt.timedelta(days=n) for n in days]


@pytest.mark.parametrize(
    ("done", "left"),
    [
        pytest.param([], 10, id="nothing done"),
        pytest.param(ago(100, 50, 10), 10, id="two after the first day are too few"),
        pytest.param(ago(27, 20, 10, 5, 1), 10, id="less than four weeks are too short"),
        pytest.param(ago(0, 0, 0, 0), 10, id="all on one day"),
        pytest.param(ago(*[60] * 40, 5), 10, id="all but one on the first day"),
        pytest.param(ago(100, 50, 10, 5), 0, id="nothing left"),
        pytest.param(ago(100, 50, 10, 5), -1, id="less than nothing left"),
        pytest.param(ago(400, 300, 200), 10, id="nothing in the half year"),
        pytest.param(ago(400, 300, 100, 50), 10, id="too few in the half year"),
        pytest.param(ago(-1, -2, -3, 100), 10, id="days to come count nothing"),
        pytest.param(ago(170, 150, 130, 120, 91), 10, id="nothing in the last three months"),
        pytest.param(ago(170, 120, 90, 10), 1000, id="more than ten years away"),
    ],
)
def test_it_is_silent_where_there_is_too_little_to_go_on(done: list[dt.date], left: int) -> None:
    assert pace(done, left=left, today=TODAY) is None


def test_it_reckons_from_the_first_tick_while_that_is_within_half_a_year() -> None:
    found = pace(ago(60, 45, 30, 15, 0), left=6, today=TODAY)
    assert found
    assert found.a_month == pytest.approx(4 / 60 * 30.4375)
    assert (found.done, found.after) == (4, TODAY - dt.timedelta(days=60))
    assert found.reaches == TODAY + dt.timedelta(days=90)


def test_what_was_ticked_on_the_first_day_is_no_pace() -> None:
    few, many = (pace(ago(*[60] * count, 45, 30, 15, 0), left=6, today=TODAY) for count in (1, 40))
    assert few == many


def test_it_reckons_over_the_half_year_once_there_was_something_before() -> None:
    found = pace(ago(400, 180, 170, 120, 90), left=1, today=TODAY)
    assert found
    assert (found.done, found.after) == (3, TODAY - dt.timedelta(days=180))
    assert found.reaches == TODAY + dt.timedelta(days=60)


def test_order_does_not_matter() -> None:
    days = ago(60, 0, 45, 15, 30)
    assert pace(days, left=6, today=TODAY) == pace(sorted(days), left=6, today=TODAY)


@pytest.mark.parametrize(
    ("target", "late", "early"),
    [
        pytest.param(None, False, False, id="no target"),
        pytest.param(dt.date(2027, 1, 31), True, False, id="after it, by a month's name"),
        pytest.param(dt.date(2027, 2, 1), False, False, id="in its month"),
        pytest.param(dt.date(2027, 2, 28), False, False, id="in its month, before the day"),
        pytest.param(dt.date(2027, 3, 1), False, True, id="before it"),
    ],
)
def test_it_says_whether_that_is_after_the_target(
    target: dt.date | None, late: bool, early: bool
) -> None:
    found = pace(ago(60, 45, 30, 15, 0), left=6, today=TODAY, target=target)
    assert found
    assert found.reaches == dt.date(2027, 2, 20)
    assert (found.late, found.early) == (late, early)


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        pytest.param(None, None, id="no target"),
        pytest.param(TODAY - dt.timedelta(days=400), None, id="a target gone by"),
        pytest.param(TODAY + dt.timedelta(days=30), None, id="less than a month until then"),
        pytest.param(TODAY + dt.timedelta(days=61), 2.99, id="two months until then"),
    ],
)
def test_it_says_what_a_month_would_have_to_hold(
    target: dt.date | None, needed: float | None
) -> None:
    found = pace(ago(60, 45, 30, 15, 0), left=6, today=TODAY, target=target)
    assert found
    assert found.needed == (needed and pytest.approx(needed, abs=0.01))


@pytest.mark.parametrize(
    ("a_month", "needed", "rate", "rate_needed"),
    [
        (2.99, None, "3", ""),
        (0.96, 0.97, "1", "1.1"),
        (0.52, 6.149, "0.5", "6.2"),
        (12.34, 13.01, "12.3", "13.1"),
        (3.06, 3.07, "3.1", "3.2"),
    ],
)
def test_rates_are_said_to_a_tenth_and_what_is_needed_is_rounded_up(
    a_month: float, needed: float | None, rate: str, rate_needed: str
) -> None:
    found = Pace(a_month, 3, TODAY, 1, reaches=TODAY, target=None, needed=needed)
    assert (found.rate, found.rate_needed) == (rate, rate_needed)
