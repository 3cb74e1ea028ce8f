import datetime as dt
from itertools import pairwise

import pytest

from journal.calendar import LEFT, STEP, TOP, legend, shades, year_of


@pytest.mark.parametrize(
    ("year", "days", "weeks", "first_row"),
    [
        (2018, 365, 53, 0),  # begins on a Monday, which is also its last day
        (2024, 366, 53, 0),  # a leap year that begins on a Monday
        (2017, 365, 53, 6),  # begins on a Sunday
        (2012, 366, 54, 6),  # a leap year that begins on a Sunday: the most weeks there are
        (2020, 366, 53, 2),  # has an ISO week 53
        (2026, 365, 53, 3),  # begins on a Thursday, and so has an ISO week 53
        (1900, 365, 53, 0),  # no leap year
        (2000, 366, 53, 5),
    ],
)
def test_a_year_lies_in_weeks_from_monday(year: int, days: int, weeks: int, first_row: int) -> None:
    drawn = year_of(year, {})
    cells = [cell for month in drawn.months for cell in month.cells]
    assert len(cells) == days
    assert drawn.weeks == weeks
    assert cells[0].day == dt.date(year, 1, 1)
    assert cells[0].day.weekday() == first_row
    assert cells[0].week == 0
    assert cells[-1].day == dt.date(year, 12, 31)
    assert len({(cell.week, cell.day.weekday()) for cell in cells}) == days
    for cell, after in pairwise(cells):
        assert after.week - cell.week == (after.day.weekday() == 0)


def test_a_week_stays_in_the_year_that_is_drawn() -> None:
    # 1 January 2027 is in ISO week 53 of 2026, and first in the drawing of its own year.
    assert year_of(2027, {}).months[0].cells[0].week == 0
    assert year_of(2026, {}).months[-1].cells[-1].week == 52


@pytest.mark.parametrize(("month", "late"), [(6, False), (7, True)])
def test_a_year_last_written_in_after_june_is_shown_from_its_end(month: int, late: bool) -> None:
    assert year_of(2026, {dt.date(2026, 1, 1): 1, dt.date(2026, month, 1): 1}).late is late


def test_days_of_other_years_count_nowhere() -> None:
    counts = {dt.date(2025, 12, 31): 3, dt.date(2026, 1, 1): 2, dt.date(2026, 12, 31): 1}
    year = year_of(2026, counts)
    assert year.count == 3
    assert [month.count for month in year.months] == [2, *[0] * 10, 1]


def test_a_day_says_in_words_how_many_entries_it_has() -> None:
    year = year_of(2026, {dt.date(2026, 3, 14): 1200, dt.date(2026, 3, 15): 1})
    titles = [cell.title for cell in year.months[2].cells]
    assert titles[12:15] == [
        "13 March 2026: no entry",
        "14 March 2026: 1,200 entries",
        "15 March 2026: 1 entry",
    ]


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [1, 2, 3, 4]),
        (1, [1, 2, 3, 4]),
        (4, [1, 2, 3, 4]),
        (5, [1, 2, 3, 4]),
        (8, [1, 2, 3, 5]),
        (16, [1, 2, 4, 8]),
        (100, [1, 4, 10, 32]),
    ],
)
def test_shades_follow_the_fullest_day(most: int, steps: list[int]) -> None:
    counts = {dt.date(2026, 1, 1): most} if most else {}
    assert shades(counts) == steps
    assert sorted(set(steps)) == steps


def test_more_entries_are_a_larger_square_and_not_only_a_darker_one() -> None:
    counts = {dt.date(2026, 3, day): day for day in (1, 2, 3, 4)}
    cells = year_of(2026, counts).months[2].cells[:5]
    sides = [cell.side for cell in cells]
    assert sides[:4] == sorted(set(sides[:4]))
    assert sides[4] < sides[0]
    for cell in cells:
        assert cell.x - LEFT >= cell.week * STEP
        assert cell.y - TOP + cell.side <= (cell.day.weekday() + 1) * STEP


def test_the_legend_names_what_the_year_has() -> None:
    assert [(key.shade, key.words) for key in legend([1, 2, 3, 4], 2)] == [(1, "1"), (2, "2")]
    assert [key.words for key in legend([1, 3, 5, 7], 8)] == [
        "1 to 2",
        "3 to 4",
        "5 to 6",
        "7 to 8",
    ]
    assert legend([1, 2, 3, 4], 0) == []


def test_a_month_is_outlined_from_its_first_day_to_its_last() -> None:
    august = year_of(2026, {}).months[7]  # from a Saturday to a Monday
    begin, end = august.cells[0], august.cells[-1]
    assert f"V{TOP + begin.day.weekday() * STEP}H" in august.outline
    assert f"V{TOP + (end.day.weekday() + 1) * STEP}H" in august.outline


def test_days_without_entries_are_drawn_at_once() -> None:
    march = year_of(2026, {dt.date(2026, 3, 14): 2}).months[2]
    assert [cell.day.day for cell in march.filled] == [14]
    assert march.blank.count("M") == 30
