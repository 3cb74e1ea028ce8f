import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.template import engines
from django.test import Client

from mastery.models import User
from mastery.templatetags.dates import full_months, relative, when


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("date", "today", "words"),
    [
        ("2026-03-14", "2026-03-14", "today"),
        ("2026-03-13", "2026-03-14", "yesterday"),
        ("2026-03-12", "2026-03-14", "2 days ago"),
        ("2026-03-01", "2026-03-14", "13 days ago"),
        ("2026-02-28", "2026-03-14", "2 weeks ago"),
        ("2026-02-22", "2026-03-14", "2 weeks ago"),
        ("2026-02-21", "2026-03-14", "3 weeks ago"),
        ("2026-02-15", "2026-03-14", "3 weeks ago"),
        ("2026-02-14", "2026-03-14", "1 month ago"),
        ("2026-01-15", "2026-03-14", "1 month ago"),
        ("2026-01-14", "2026-03-14", "2 months ago"),
        ("2025-10-14", "2026-03-14", "5 months ago"),
        ("2025-03-15", "2026-03-14", "11 months ago"),
        ("2025-03-14", "2026-03-14", "last year"),
        ("2025-01-01", "2026-12-31", "last year"),
        ("2024-12-31", "2026-01-05", "1 year ago"),
        ("2024-03-14", "2026-03-14", "2 years ago"),
        ("2016-03-15", "2026-03-14", "9 years ago"),
        # Over the new year
        ("2025-12-31", "2026-01-01", "yesterday"),
        ("2025-12-25", "2026-01-14", "2 weeks ago"),
        # Month ends
        ("2026-01-31", "2026-02-27", "3 weeks ago"),
        ("2026-01-31", "2026-02-28", "1 month ago"),
        ("2026-02-28", "2026-03-30", "1 month ago"),
        ("2026-03-31", "2026-04-29", "4 weeks ago"),
        ("2026-03-31", "2026-04-30", "1 month ago"),
        # Leap days
        ("2024-02-29", "2024-03-01", "yesterday"),
        ("2024-02-28", "2024-03-01", "2 days ago"),
        ("2024-02-29", "2025-02-27", "11 months ago"),
        ("2024-02-29", "2025-02-28", "last year"),
        ("2024-02-29", "2028-02-29", "4 years ago"),
        # What is still to come
        ("2026-03-15", "2026-03-14", "tomorrow"),
        ("2026-03-16", "2026-03-14", "in 2 days"),
        ("2026-03-28", "2026-03-14", "in 2 weeks"),
        ("2026-04-14", "2026-03-14", "in 1 month"),
        ("2026-08-14", "2026-03-14", "in 5 months"),
        ("2027-03-14", "2026-03-14", "next year"),
        ("2028-01-05", "2026-12-31", "in 1 year"),
        ("2030-03-14", "2026-03-14", "in 4 years"),
    ],
)
def test_a_date_is_said_by_its_distance_from_today(date: str, today: str, words: str) -> None:
    assert relative(day(date), day(today)) == words


def test_every_distance_can_be_said_and_grows() -> None:
    today = day("2026-03-31")
    dates = [today - dt.timedelta(days=n) for n in range(3000)]
    months = [full_months(date, today) for date in dates]
    assert months == sorted(months)
    assert all(relative(date, today) for date in dates)
    assert all(relative(today, date) for date in dates)


def test_the_exact_date_is_in_the_title_and_in_the_text() -> None:
    assert when(day("2026-03-14"), day("2026-03-17")) == (
        '<time class="when" datetime="2026-03-14" title="14 March 2026">3 days ago'
        '<span class="when__exact"> (14 March 2026)</span></time>'
    )


def test_it_is_a_filter_of_templates() -> None:
    template = engines["django"].from_string("{% load dates %}{{ day|when:today }}")
    assert ">yesterday<" in template.render({"day": day("2026-03-13"), "today": day("2026-03-14")})


@pytest.mark.parametrize(
    ("zone", "date"),
    [
        ("UTC", "2026-03-14"),
        ("Pacific/Kiritimati", "2026-03-15"),
        ("Pacific/Pago_Pago", "2026-03-14"),
        ("Asia/Kolkata", "2026-03-15"),
    ],
)
@time_machine.travel(dt.datetime(2026, 3, 14, 20, tzinfo=dt.UTC), tick=False)
def test_today_is_the_readers_own(zone: str, date: str) -> None:
    assert User(time_zone=zone).today == day(date)


@pytest.mark.parametrize(("zone", "words"), [("UTC", "today"), ("Asia/Tokyo", "yesterday")])
def test_a_tick_is_dated_by_the_readers_calendar(
    learner: Client, user: User, tick: Callable[..., None], zone: str, words: str
) -> None:
    User.objects.update(time_zone=zone)
    tick(user, "p3-0", on=day("2026-03-14"))
    with time_machine.travel(dt.datetime(2026, 3, 14, 20, tzinfo=dt.UTC), tick=False):
        learner.force_login(user)
        page = learner.get("/roadmap/3/").content.decode()
    assert f'title="14 March 2026">{words}<span class="when__exact">' in page


def test_an_unticked_one_still_says_when(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p3-0", on=day("2026-03-14"))
    learner.post("/progress/p3-0/", {"done": "0"})
    page = learner.get("/roadmap/3/").content.decode()
    assert 'it was done <time class="when" datetime="2026-03-14"' in page
