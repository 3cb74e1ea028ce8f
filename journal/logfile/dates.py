"""Reading the day from a heading, in the ways people write days."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from journal.models.writing import EARLIEST
from journal.text import line

# Which number comes first in 03/04/2026: the day or the month. None: nobody has said.
Order = Literal["day", "month"] | None

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|sept"
_WEEKDAY = "|".join(f"{name}|{name[:3]}" for name in WEEKDAYS) + "|tues|thur|thurs"
_DATE = re.compile(
    rf"""(?<![\w/.-])(?:
        (?P<year>[0-9]{{4}})(?P<sign>[-/.])(?P<month>[0-9]{{1,2}})(?P=sign)(?P<day>[0-9]{{1,2}})
      | (?P<digits>(?:19|20)[0-9]{{6}})
      | (?P<dotted>[0-9]{{1,2}}\.[ ]?[0-9]{{1,2}}\.[ ]?[0-9]{{4}})
      | (?P<first>[0-9]{{1,2}})(?P<mark>[/-])(?P<second>[0-9]{{1,2}})(?P=mark)(?P<last>[0-9]{{4}})
      | (?P<monthname>{_MONTH})\.?[ ]+(?P<monthday>[0-9]{{1,2}})(?:st|nd|rd|th)?,?[ ]+
        (?P<monthyear>[0-9]{{4}})
      | (?P<daynumber>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[ ]+(?:of[ ]+)?(?P<dayname>{_MONTH})\.?,?[ ]+
        (?P<dayyear>[0-9]{{4}})
    )(?![^\WT_]|[T_](?![0-9]{{2}}:)|[-/.][0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_BEFORE = re.compile(rf"[\[(]?(?:({_WEEKDAY})\b[.,]*[ ]+)?(?:the[ ]+)?", re.IGNORECASE)
_WEEKDAY_AFTER = re.compile(
    rf"[ ,]*(?:\(({_WEEKDAY})\.?\)|({_WEEKDAY})\b\.?(?=[ ]*(?:[:|–—-]|$)))", re.IGNORECASE
)
_SEPARATOR = re.compile(r"[ ]*[:|,·–—-]*[ ]*")
_YEAR = re.compile(r"[0-9]{4}")
_OUR_OWN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:: (.*))?")


@dataclass(frozen=True)
class Head:
    """What a heading that begins with a date says: its day, or why it has none."""

    day: dt.date | None
    title: str
    doubt: str = ""
    asks_order: bool = False


def read_head(text: str, *, today: dt.date, order: Order = None) -> Head | None:
    """Read a heading that begins with a date; None for one that does not.

    ``today`` is the person's own; what lies behind it by more than a day is in doubt.
    """
    if ours := _OUR_OWN.fullmatch(text):
        try:
            head = Head(dt.date.fromisoformat(ours[1]), ours[2] or "")
        except ValueError:
            head = Head(None, ours[2] or "", f"There is no {ours[1]}.")
        return _in_range(head, today)
    if not _YEAR.search(text):
        return None
    before = _BEFORE.match(text)
    assert before  # every part of it may be missing
    found = _DATE.match(text, before.end())
    if not found:
        return None
    rest = text[found.end() :].removeprefix("]" if text.startswith("[") else "")
    rest = rest.removeprefix(")" if text.startswith("(") else "")
    day, doubt, asks = _day_of(found, order)
    if day and before[1] and _weekday(before[1]) != day.weekday():
        day, doubt = None, f"{found[0]} was no {before[1].capitalize()}."
    after = _WEEKDAY_AFTER.match(rest)
    if after and day and _weekday(after[1] or after[2]) == day.weekday():
        rest = rest[after.end() :]
    rest = re.sub(r"\A[T_](?=[0-9]{2}:)", "", rest)
    title = line(rest[_SEPARATOR.match(rest).end() :])  # type: ignore[union-attr]  # matches always
    return _in_range(Head(day, title, doubt, asks), today)


def order_of(texts: list[str]) -> Order:
    """Tell from the headings of a file what its 03/04/2026 means, if only one reading fits."""
    pairs = [
        (int(found["first"]), int(found["second"]))
        for text in texts
        if (found := _DATE.search(text)) and found["first"]
    ]
    days_first = any(first > 12 for first, _second in pairs)
    months_first = any(second > 12 for _first, second in pairs)
    if days_first == months_first:
        return None
    return "day" if days_first else "month"


def day_within(text: str, *, today: dt.date) -> dt.date | None:
    """Find a day anywhere in a text, to propose it."""
    for found in _DATE.finditer(text):
        day, _doubt, _asks = _day_of(found, None)
        if day and EARLIEST <= day <= today:
            return day
    return None


def _day_of(found: re.Match[str], order: Order) -> tuple[dt.date | None, str, bool]:
    if found["digits"]:
        digits = found["digits"]
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    elif found["dotted"]:
        # With dots the day comes first wherever people write it so.
        day, month, year = (int(part) for part in found["dotted"].split("."))
    elif found["first"]:
        first, second, year = int(found["first"]), int(found["second"]), int(found["last"])
        if first != second and max(first, second) <= 12 and order is None:
            return None, f"{found[0]} can be read day first or month first.", True
        month_first = second > 12 or (first <= 12 and order == "month")
        month, day = (first, second) if month_first else (second, first)
    elif found["year"]:
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    else:
        name = found["monthname"] or found["dayname"]
        month = next(n for n, full in enumerate(MONTHS, 1) if full.startswith(name[:3].lower()))
        day = int(found["monthday"] or found["daynumber"])
        year = int(found["monthyear"] or found["dayyear"])
    try:
        return dt.date(year, month, day), "", False
    except ValueError:
        return None, f"There is no {found[0]}.", False


def _weekday(name: str) -> int:
    return next(n for n, full in enumerate(WEEKDAYS) if full.startswith(name[:3].lower()))


def _in_range(head: Head, today: dt.date) -> Head:
    if head.day and head.day > today + dt.timedelta(days=1):
        return Head(None, head.title, f"{head.day} lies in the future.")
    if head.day and head.day < EARLIEST:
        return Head(None, head.title, f"{head.day} lies before {EARLIEST:%Y}.")
    return head
