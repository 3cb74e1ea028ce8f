"""Reading the day from a heading, in the ways people write days."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
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
_SUFFIX = r"(?:st|nd|rd|th)"
_DATE = re.compile(
    rf"""(?<![\w/.-])(?:
        (?P<year>[0-9]{{4}})(?P<sign>[-/.])(?P<month>[0-9]{{1,2}})(?P=sign)(?P<day>[0-9]{{1,2}})
      | (?P<digits>(?:19|20)[0-9]{{6}})
      | (?P<dotted>[0-9]{{1,2}}\.[ ]?[0-9]{{1,2}}\.[ ]?[0-9]{{4}})
      | (?P<first>[0-9]{{1,2}})(?P<mark>[/-])(?P<second>[0-9]{{1,2}})(?P=mark)(?P<last>[0-9]{{4}})
      | (?P<monthname>{_MONTH})\.?[ ]+(?P<monthday>[0-9]{{1,2}}){_SUFFIX}?,?[ ]+
        (?P<monthyear>[0-9]{{4}})
      | (?P<daynumber>[0-9]{{1,2}})(?:{_SUFFIX}|\.)?[ /-]+(?:of[ ]+)?(?P<dayname>{_MONTH})
        \.?,?[ /-]+(?P<dayyear>[0-9]{{4}})
      | (?P<firstyear>[0-9]{{4}}),?[ /-]+(?P<midname>{_MONTH})\.?[ /-]+(?P<lastday>[0-9]{{1,2}})
    )(?![^\WT_]|T(?![0-9]{{2}})|[-/.][0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_CALENDAR = re.compile(
    rf"(?:{_MONTH}|{_WEEKDAY}|year|month|week|wk|kw|w|quarter|q|to|until|[\W_]|[0-9])+",
    re.IGNORECASE,
)
# A date without its year, or with two digits of it: enough to ask, too little to tell.
_ROUGHLY = re.compile(
    rf"""(?<![\w.])(?:
        (?P<monthname>{_MONTH})\.?[ ]+(?P<monthday>[0-9]{{1,2}}){_SUFFIX}?
      | (?P<daynumber>[0-9]{{1,2}})(?:{_SUFFIX}|\.)?[ -]+(?:of[ ]+)?(?P<dayname>{_MONTH})\.?
      | (?P<one>[0-9]{{1,2}})(?P<mark>[/.-])(?P<two>[0-9]{{1,2}})(?P=mark)(?P<three>[0-9]{{2}})
    )(?!\w)(?:,?[ -]+['’]?(?P<year>[0-9]{{4}}|[0-9]{{2}})(?![\w:]))?""",
    re.VERBOSE | re.IGNORECASE,
)
# A day, a word and a year, as with the months of other languages.
_FOREIGN = re.compile(r"[0-9]{1,2}\.?[ ]+[^\W\d_]+\.?[ ]+[0-9]{4}\b|[0-9]{4}年")
# A backslash is how we say that something is no date.
_BEFORE = re.compile(
    rf"((?:_|[^\w\\]){{0,40}})(?:({_WEEKDAY})\b[.,]*[ ]+)?(?:the[ ]+)?", re.IGNORECASE
)
_MARKUP = {"[": "]", "(": ")", "<": ">", "*": "*", "_": "_", "~": "~", "`": "`"}
_WEEKDAY_AFTER = re.compile(
    rf"[ ,]*(?:\(({_WEEKDAY})\.?\)|({_WEEKDAY})\b\.?(?=[ ]*(?:[:|–—-]|$)))", re.IGNORECASE
)
_SEPARATOR = re.compile(r"[ ]*[:|,·–—-]*[ ]*")
_TIME = re.compile(r"[ ]*[0-9]{1,2}:[0-9]{2}")
_YEAR = re.compile(r"[0-9]{4}")
_OUR_OWN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:: (.*))?")


@dataclass(frozen=True)
class Head:
    """What a heading that begins with a date says: its day, or why it has none.

    ``apart``: what follows the date is set off from it, by a sign, brackets or a time of day.
    """

    day: dt.date | None
    title: str
    doubt: str = ""
    asks_order: bool = False
    apart: bool = True


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
    signs, rest = _unwrapped(before[1], text[found.end() :])
    day, doubt, asks = _day_of(found, order)
    if day and before[2] and _weekday(before[2]) != day.weekday():
        day, doubt = None, f"{found[0]} was no {before[2].capitalize()}."
    after = _WEEKDAY_AFTER.match(rest)
    if after and day and _weekday(after[1] or after[2]) == day.weekday():
        rest = rest[after.end() :]
    rest = re.sub(r"\A(?:T(?=[0-9]{2})|_+)", "", rest)
    separator = _SEPARATOR.match(rest)
    assert separator  # as above
    apart = bool(separator[0].strip(" ,") or _TIME.match(rest) or before[1].strip())
    title = line(f"{signs} {rest[separator.end() :]}")
    return _in_range(Head(day, title, doubt, asks, apart or not title), today)


def _unwrapped(before: str, rest: str) -> tuple[str, str]:
    """Take brackets and emphasis off around a date; give what other signs stood before it."""
    for sign in reversed(before):
        if (closing := _MARKUP.get(sign)) and closing in rest:
            rest = rest.replace(closing, "", 1)
    kept = before.translate({ord(sign): None for sign in f'{"".join(_MARKUP)}:|,·–—-#>"“'})
    return kept.strip(), rest


def is_roughly_dated(text: str) -> bool:
    """Say whether a heading has something of a date: one within, or one that lacks its year."""
    before = _BEFORE.match(text)
    return bool(
        _DATE.search(text)
        or (before and (_ROUGHLY.match(text, before.end()) or _FOREIGN.match(text, before.end())))
    )


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


def is_calendar(text: str) -> bool:
    """Say whether a heading names a month, a week or the like, and nothing else."""
    # On a long line the pattern would try its many ways of parting the same letters.
    return len(text) < 100 and _CALENDAR.fullmatch(text) is not None


def guess(text: str, *, today: dt.date, near: dt.date | None) -> dt.date | None:
    """Find a day anywhere in a text, to propose it; ``near`` tells the year that is missing."""
    for found in _DATE.finditer(text):
        day, _doubt, _asks = _day_of(found, None)
        if day and EARLIEST <= day <= today:
            return day
    if not (rough := _ROUGHLY.search(text)):
        return None
    days = [day for day in _readings(rough, near or today) if EARLIEST <= day <= today]
    before = _BEFORE.match(text)
    if before and before[2]:
        days = [day for day in days if day.weekday() == _weekday(before[2])]
    return min(days, key=lambda day: abs(day - (near or today)), default=None)


def _readings(found: re.Match[str], near: dt.date) -> Iterator[dt.date]:
    """Give the days that a date without a full year may be."""
    years = [near.year - 1, near.year, near.year + 1]
    if found["one"]:
        one, two, three = (int(found[part]) for part in ("one", "two", "three"))
        orders = {".": [(three, two, one)], "-": [(one, two, three), (three, two, one)]}
        both = [(three, two, one), (three, one, two)]
        parts = orders.get(found["mark"], both if max(one, two) > 12 or one == two else [])
        parts = [(2000 + year, month, day) for year, month, day in parts]
    else:
        if year := found["year"]:
            years = [int(year) if len(year) == 4 else 2000 + int(year)]
        month = _month(found["monthname"] or found["dayname"])
        parts = [(year, month, int(found["monthday"] or found["daynumber"])) for year in years]
    for part in parts:
        with suppress(ValueError):
            yield dt.date(*part)


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
        month = _month(found["monthname"] or found["dayname"] or found["midname"])
        day = int(found["monthday"] or found["daynumber"] or found["lastday"])
        year = int(found["monthyear"] or found["dayyear"] or found["firstyear"])
    try:
        return dt.date(year, month, day), "", False
    except ValueError:
        return None, f"There is no {found[0]}.", False


def _month(name: str) -> int:
    return next(n for n, full in enumerate(MONTHS, 1) if full.startswith(name[:3].lower()))


def _weekday(name: str) -> int:
    return next(n for n, full in enumerate(WEEKDAYS) if full.startswith(name[:3].lower()))


def _in_range(head: Head, today: dt.date) -> Head:
    if head.day and head.day > today + dt.timedelta(days=1):
        return replace(head, day=None, doubt=f"{head.day} lies in the future.")
    if head.day and head.day < EARLIEST:
        return replace(head, day=None, doubt=f"{head.day} lies before {EARLIEST:%Y}.")
    return head
