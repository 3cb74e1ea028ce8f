"""Dates as people say them, with the exact one at hand."""

import calendar
import datetime as dt
from typing import Literal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def when(day: dt.date, today: dt.date | Literal[""]) -> SafeString:
    """Show a plain local date by its distance from the reader's own today.

    Without one, as a visitor is to us, it is the day in UTC.

    The exact date is in ``title``, which only a mouse can reach. It is in the text as well, for
    screen readers, touch and print; the style sheet hides it from whoever has the title.
    """
    exact = date_format(day, "j F Y")
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}'
        '<span class="when__exact"> ({})</span></time>',
        day.isoformat(),
        exact,
        relative(day, today or timezone.now().date()),
        exact,
    )


def relative(day: dt.date, today: dt.date) -> str:
    """Say how far a date is from today: ``yesterday``, ``2 weeks ago``, ``in 5 months``."""
    days = (day - today).days
    if abs(days) < 2:
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    if abs(days) < 14:
        return _apart(days, abs(days), "day")
    months = full_months(*sorted((day, today)))
    if months < 1:
        return _apart(days, abs(days) // 7, "week")
    if months < 12:
        return _apart(days, months, "month")
    years = day.year - today.year
    if abs(years) == 1:
        return "last year" if years < 0 else "next year"
    return _apart(days, months // 12, "year")


def full_months(start: dt.date, end: dt.date) -> int:
    """Count the whole months between two dates; a month's last day completes one."""
    months = (end.year - start.year) * 12 + end.month - start.month
    last = calendar.monthrange(end.year, end.month)[1]
    return months - (end.day < start.day and end.day != last)


def _apart(days: int, count: int, unit: str) -> str:
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if days < 0 else f"in {words}"
