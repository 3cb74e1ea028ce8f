"""What a visitor ticked, kept in a signed cookie of their own browser and nowhere else.

Nobody knows a visitor's time zone, so their dates are those of UTC.
"""

import datetime as dt
from collections.abc import Mapping

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from roadmap.models import Milestone
from roadmap.queries import Manual, ManualMilestone
from tracker.models import Completion

COOKIE = "ticks"
YEAR = 365 * 24 * 3600  # seconds
# Browsers keep 4,096 bytes of a cookie, its name and the rest of the line among them. The roadmap
# as it is takes less than 1,000.
LONGEST = 3_800
FULL = "A browser keeps no more than this. Sign up to go on.\n"

type Ticks = Mapping[str, dt.date]


class TooManyTicksError(ValueError):
    """There are more than a cookie can hold."""


def ticks_of(request: HttpRequest) -> dict[str, dt.date]:
    """Give what this browser keeps: the day of each milestone ticked, by key."""
    return read(request.COOKIES.get(COOKIE, ""), today=timezone.now().date())


def read(cookie: str, *, today: dt.date) -> dict[str, dt.date]:
    """Read a cookie. What we did not write ourselves is nothing."""
    try:
        text = signer().unsign(cookie)
    except signing.BadSignature:
        return {}
    ticks = {}
    for part in text.split("~"):
        key, _, day = part.rpartition(".")
        try:
            on = dt.datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007  (a plain date)
        except ValueError:
            continue
        if key and on <= today:
            ticks[key] = on
    return ticks


def written(ticks: Ticks) -> str:
    """Write a cookie. Raises TooManyTicksError when it would be longer than browsers keep.

    It is as compact as it has to be, and of characters that need no quoting in a cookie.
    """
    cookie = signer().sign("~".join(f"{key}.{on:%Y%m%d}" for key, on in ticks.items()))
    if len(cookie) > LONGEST:
        raise TooManyTicksError
    return cookie


def signer() -> signing.Signer:
    return signing.Signer(salt="tracker.visitors")


def keep(response: HttpResponse, ticks: Ticks) -> None:
    """Let the browser keep these ticks and no others.

    Each answer writes what its request brought, changed by one tick, so that of two requests at
    once the later answer undoes the other. Our pages send them one after the other, all tabs of a
    browser in one queue; without JavaScript each is a page of its own that somebody waits for.
    """
    if not ticks:
        forget(response)
        return
    response.set_cookie(
        COOKIE, written(ticks), max_age=YEAR, secure=True, httponly=True, samesite="Lax"
    )


def forget(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def changed(ticks: Ticks, milestone: ManualMilestone, done: bool) -> dict[str, dt.date]:
    """Tick or untick one milestone. A repeat changes nothing.

    Raises Http404 for one that has left the roadmap, except to whoever had ticked it.
    """
    if not milestone.open_to_all and milestone.key not in ticks:
        raise Http404
    others = {key: on for key, on in ticks.items() if key != milestone.key}
    if not done:
        return others
    return others | {milestone.key: ticks.get(milestone.key, timezone.now().date())}


def completions_in(ticks: Ticks, manual: Manual) -> dict[int, Completion]:
    """Give ticks as completions, by milestone, that stand in no database."""
    return {
        milestone.pk: Completion(
            milestone_id=milestone.pk,
            revision_id=milestone.revision_pk,
            completed_on=on,
            shown_on=on if milestone.kind == Milestone.Kind.JOIN else None,
            zone="UTC",
            changed=dt.datetime.combine(on, dt.time(), dt.UTC),
        )
        for key, on in ticks.items()
        if (milestone := manual.milestones.get(key))
    }
