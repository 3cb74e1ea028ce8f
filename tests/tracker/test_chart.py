import datetime as dt

import pytest
from django.template.loader import render_to_string

from tracker.chart import Chart, chart

TODAY = dt.date(2026, 11, 22)


def day(month: int, year: int = 2026, of_month: int = 10) -> dt.date:
    return dt.date(year, month, of_month)


def drawn(*days: tuple[dt.date, dt.date | None], today: dt.date = TODAY) -> Chart:
    found = chart(days, today=today)
    assert found
    return found


def counts(found: Chart) -> list[tuple[int, int, int, int]]:
    return [(one.first.month, one.added, one.done, one.shown) for one in found.months]


@pytest.mark.parametrize(
    "days",
    [
        pytest.param([], id="nothing done"),
        pytest.param([(day(11), day(11)), (day(11, of_month=1), None)], id="one month alone"),
        pytest.param([(TODAY + dt.timedelta(days=1), None)], id="a day to come"),
    ],
)
def test_without_two_months_there_is_nothing_to_draw(
    days: list[tuple[dt.date, dt.date | None]],
) -> None:
    assert chart(days, today=TODAY) is None


def test_months_without_ticks_are_there_with_the_count_of_the_month_before() -> None:
    found = drawn((day(8), day(9)), (day(8), None), (day(11), None))
    assert counts(found) == [(8, 2, 2, 0), (9, 0, 2, 1), (10, 0, 2, 1), (11, 1, 3, 1)]
    assert found.before == (0, 0)


def test_a_month_runs_from_its_first_day_to_its_last() -> None:
    found = drawn((day(9, of_month=30), None), (day(10, of_month=1), None))
    assert counts(found)[:2] == [(9, 1, 1, 0), (10, 1, 2, 0)]


def test_a_year_ends_in_december() -> None:
    found = drawn((day(12, 2025), None), today=day(1))
    assert [one.first for one in found.months] == [dt.date(2025, 12, 1), dt.date(2026, 1, 1)]


def test_it_ends_with_this_month_and_shows_no_more_than_two_years_of_them() -> None:
    found = drawn((day(1, 2023), day(1, 2023)), (day(11, 2024), None), (day(12, 2024), None))
    assert len(found.months) == 24
    assert (found.months[0].first, found.last.first) == (day(12, 2024, 1), day(11, 2026, 1))
    assert found.before == (2, 1)
    assert counts(found)[0] == (12, 1, 3, 1)


def test_a_day_to_come_counts_as_today() -> None:
    found = drawn((day(10), None), (dt.date(2027, 1, 1), dt.date(2027, 1, 1)))
    assert counts(found) == [(10, 1, 1, 0), (11, 1, 2, 1)]


def test_nothing_is_shown_before_it_is_done() -> None:
    assert counts(drawn((day(10), day(3)))) == [(10, 1, 1, 1), (11, 0, 1, 1)]


@pytest.mark.parametrize(
    ("count", "heights"),
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (9, [0, 5, 10]),
        (23, [0, 10, 20, 30]),
        (42, [0, 20, 40, 60]),
        (200, [0, 50, 100, 150, 200]),
        (1001, [0, 500, 1000, 1500]),
    ],
)
def test_the_grid_has_round_counts_from_nothing_to_above_the_line(
    count: int, heights: list[int]
) -> None:
    found = drawn((day(10), None), *[(day(11), None)] * (count - 1))
    assert [line.height for line in found.grid] == heights
    assert (found.grid[0].y, found.grid[-1].y) == (100, 0)


def test_the_lines_go_from_what_was_before_to_the_last_month() -> None:
    found = drawn((day(10), None), (day(11), None), (day(11), day(11)), (day(11), None))
    assert found.done == "0.00,100 50.00,75 100.00,0"
    assert found.shown == "0.00,100 50.00,100 100.00,75"
    assert found.area == "0,100 0.00,100 50.00,75 100.00,0 100,100"


@pytest.mark.parametrize(("done", "shown"), [(1, 1), (4, 4), (8, 7), (20, 0), (20, 19)])
def test_the_two_counts_at_the_end_never_lie_on_each_other(done: int, shown: int) -> None:
    days = [(day(10), day(10) if at < shown else None) for at in range(done)]
    found = drawn(*days)
    assert found.shown_y - found.done_y >= 10
    assert (found.last.done, found.last.shown) == (done, shown)


@pytest.mark.parametrize(
    ("months", "wide", "narrow"), [(2, 2, 1), (6, 6, 3), (7, 4, 2), (12, 6, 3), (24, 6, 3)]
)
def test_few_months_are_named_and_fewer_where_it_is_narrow(
    months: int, wide: int, narrow: int
) -> None:
    first = TODAY.year * 12 + TODAY.month - months
    found = drawn((dt.date(first // 12, first % 12 + 1, 1), None))
    assert len(found.months) == months
    assert len(found.labels) == wide
    assert sum(not label.wide for label in found.labels) == narrow
    assert found.labels[0].month == found.last.first
    assert all(0 < label.x < 100 for label in found.labels)


def test_its_table_has_every_number_of_the_drawing() -> None:
    found = drawn((day(9, 2024), None), (day(9), day(9)), (day(11), None))
    html = render_to_string("tracker/_chart.html", {"chart": found})
    assert 'role="img"' in html
    for month in found.months:
        numbers = "".join(
            f'<td class="num">{number}</td>' for number in (month.added, month.done, month.shown)
        )
        assert f'<th scope="row">{month.first:%B %Y}</th>{numbers}' in html
    assert "before, there were 1 done, 0 of them shown" in html


def test_without_a_drawing_its_place_is_empty() -> None:
    html = render_to_string("tracker/_chart.html", {"chart": None})
    assert "".join(html.split()) == '<divid="chart"></div>'
