import datetime as dt

import pytest

from tracker.rechecking import Answer, asked, due, next_day

DONE = dt.date(2026, 1, 1)


def day(number: int) -> dt.date:
    return DONE + dt.timedelta(days=number)


@pytest.mark.parametrize(
    ("today", "answered", "put_off_until", "expected"),
    [
        pytest.param(0, [], None, None, id="just done"),
        pytest.param(29, [], None, None, id="a day before the first"),
        pytest.param(30, [], None, 30, id="on the first"),
        pytest.param(89, [], None, 30, id="the first goes on asking"),
        pytest.param(90, [], None, 90, id="the second takes its place"),
        pytest.param(35, [31], None, None, id="answered"),
        pytest.param(95, [31], None, 90, id="the second asks though the first was answered"),
        pytest.param(95, [90], None, None, id="answered on its day"),
        pytest.param(90, [76], None, None, id="answered two weeks before it"),
        pytest.param(90, [75], None, 90, id="answered more than two weeks before it"),
        pytest.param(180, [76], None, 180, id="an early answer settles no later day"),
        pytest.param(200, [91], None, 180, id="the third"),
        pytest.param(200, [31, 91, 181], None, None, id="all answered"),
        pytest.param(5000, [181], None, None, id="after the third nothing asks"),
        pytest.param(35, [], 36, None, id="put off"),
        pytest.param(36, [], 36, 30, id="put off until today"),
        pytest.param(95, [], 92, 90, id="put off into the next"),
        pytest.param(35, [-400], None, 30, id="an answer to an earlier tick"),
    ],
)
def test_a_recheck_is_due(
    today: int, answered: list[int], put_off_until: int | None, expected: int | None
) -> None:
    found = due(
        DONE,
        [day(number) for number in answered],
        today=day(today),
        put_off_until=None if put_off_until is None else day(put_off_until),
    )
    assert found == (None if expected is None else day(expected))


@pytest.mark.parametrize(
    ("today", "expected"),
    [(0, None), (29, None), (30, 30), (89, 30), (90, 90), (180, 180), (5000, 180)],
)
def test_an_answer_is_for_the_last_of_the_days_that_has_come(
    today: int, expected: int | None
) -> None:
    assert asked(DONE, day(today)) == (None if expected is None else day(expected))


@pytest.mark.parametrize(
    ("today", "put_off_until", "expected"),
    [
        pytest.param(30, None, 90, id="after the first comes the second"),
        pytest.param(75, None, 90, id="also when it is near"),
        pytest.param(76, None, 180, id="but not within two weeks"),
        pytest.param(166, None, None, id="nor the third"),
        pytest.param(90, None, 180, id="after the second the third"),
        pytest.param(180, None, None, id="after the third nothing"),
        pytest.param(31, 38, 38, id="put off"),
        pytest.param(88, 95, 95, id="put off beyond the next"),
        pytest.param(38, 38, 90, id="put off until today and answered"),
    ],
)
def test_the_day_that_asks_next(
    today: int, put_off_until: int | None, expected: int | None
) -> None:
    found = next_day(
        DONE,
        today=day(today),
        put_off_until=None if put_off_until is None else day(put_off_until),
    )
    assert found == (None if expected is None else day(expected))


def test_an_answer_is_read_as_a_query_gives_it() -> None:
    assert Answer.of({"outcome": "held", "on": "2026-02-01", "until": None}) == Answer(
        "held", dt.date(2026, 2, 1)
    )
    assert Answer.of({"outcome": "later", "on": "2026-02-01", "until": "2026-02-08"}) == Answer(
        "later", dt.date(2026, 2, 1), dt.date(2026, 2, 8)
    )
