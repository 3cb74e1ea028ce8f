import datetime as dt
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from roadmap.checking import (
    Answer,
    Asker,
    Manners,
    ask_all,
    host_of,
    reaches_any,
)
from roadmap.links import LONGEST, uses
from roadmap.models import LinkCheck

# So many hosts are tried before this machine is said to reach none.
HOSTS_TRIED = 8
NOTHING_REACHED = "This machine reaches nothing: nothing was checked."
LOST = "This machine reaches nothing any more. What was checked before is kept."
# One run at a time, or a host would be asked by two at once. Any number does, if it is ours alone.
LOCK = 20_261_122


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def read(given: str) -> float:
        try:
            number = kind(given)
        except ValueError:
            number = 0
        if not 0 < number < 1_000_000:
            raise ArgumentTypeError(f"“{given}” is no number above 0.")
        return number

    return read


def days(given: str) -> int:
    if not given.isdecimal() or int(given) > 36_500:
        raise ArgumentTypeError(f"“{given}” is no number of days.")
    return int(given)


class Command(BaseCommand):
    help = (
        "Ask every address that the content links to whether it still answers. Each answer is kept "
        "at once, so that a run that was stopped goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--limit", type=positive(int), default=1_000, help="ask so many at most: 1000"
        )
        parser.add_argument(
            "--older-than",
            type=days,
            default=7,
            metavar="DAYS",
            help="leave what was checked within so many days: 7; 0 asks for everything",
        )
        parser.add_argument(
            "--timeout",
            type=positive(float),
            default=10.0,
            metavar="SECONDS",
            help="to connect, and of silence: 10",
        )
        parser.add_argument(
            "--pause",
            type=positive(float),
            default=2.0,
            metavar="SECONDS",
            help="between two requests to one host: 2",
        )
        parser.add_argument(
            "--at-once", type=positive(int), default=4, metavar="HOSTS", help="so many hosts: 4"
        )
        parser.add_argument(
            "--minutes", type=positive(float), default=30.0, help="stop after so many: 30"
        )

    def handle(
        self, *args: Any, limit: int, older_than: int, at_once: int, minutes: float, **options: Any
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            (alone,) = cursor.fetchone()
            if not alone:
                raise CommandError("Another check of the links is running. Nothing was checked.")
            try:
                self._check(
                    options["timeout"], options["pause"], limit, older_than, at_once, minutes
                )
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _check(
        self,
        timeout: float,
        pause: float,
        limit: int,
        older_than: int,
        at_once: int,
        minutes: float,
    ) -> None:
        ends = time.monotonic() + 60 * minutes
        linked = [url for url in uses() if len(url) <= LONGEST]
        if too_long := len(uses()) - len(linked):
            self.stdout.write(f"{too_long} too long to keep: nobody asks for more than {LONGEST}.")
        LinkCheck.objects.exclude(url__in=linked).delete()
        due = due_of(linked, timezone.now(), older_than)
        if not due:
            self.stdout.write(f"Nothing to ask: {told(len(linked))} checked lately.")
            return
        agent = f"Mastery link check (+{settings.ORIGIN}{reverse('resources')})"
        asker = Asker(Manners(agent, timeout=timeout, longest=3 * timeout, pause=pause))
        if not reaches_any(asker, well_known(linked)):
            raise CommandError(NOTHING_REACHED)
        asked = due[:limit]
        counts = {"fine": 0, "dead": 0, "could not tell": 0}
        try:
            for url, answer in ask_all(asker, asked, at_once=at_once):
                if time.monotonic() > ends:
                    asker.stop.set()
                if not answer.reached and not self._online(asker, linked):
                    if asker.stop.is_set():
                        continue  # nobody can say whether it was us
                    raise CommandError(LOST)
                row = kept(url, answer, trusts=asker.trusts)
                said = "dead" if row.dead else "could not tell" if row.problem else "fine"
                counts[said] += 1
                number = f"{sum(counts.values())}/{len(asked)}"
                because = f" ({row.problem})" if row.problem else ""
                self.stdout.write(f"{number:>9}  {said:<14}  {url}{because}")
                self.stdout.flush()
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was checked is kept.", returncode=130) from None
        left = len(due) - sum(counts.values())
        lately = len(linked) - len(due)
        self.stdout.write(
            f"{told(sum(counts.values()))} checked: "
            + ", ".join(f"{count} {said}" for said, count in counts.items())
            + f". {left} left for the next run; {lately} checked lately or asked to be left alone."
        )

    def _online(self, asker: Asker, linked: Collection[str]) -> bool:
        """Say whether anybody who answered before still does, the last one first."""
        answered = LinkCheck.objects.fine().order_by("-checked").values_list("url", flat=True)
        return reaches_any(asker, one_a_host(answered[:100])[:2] or well_known(linked))


def told(count: int) -> str:
    return f"{count} address{'' if count == 1 else 'es'}"


def due_of(linked: Collection[str], now: dt.datetime, older_than: int) -> list[str]:
    """Give what is to be asked for: first what never was, then what waits longest."""
    checks = {row.url: row for row in LinkCheck.objects.all()}
    left = {host_of(row.url) for row in checks.values() if row.not_before and row.not_before > now}
    # By days, so that what is asked for once a week need not come a few minutes later each time.
    before = now.date() - dt.timedelta(days=older_than)
    never = [url for url in linked if url not in checks]
    old = sorted(
        (url for url in linked if url in checks and checks[url].checked.date() <= before),
        key=lambda url: checks[url].checked,
    )
    return [url for url in [*never, *old] if host_of(url) not in left]


def well_known(linked: Collection[str]) -> list[str]:
    """Give an address of each of a few hosts, first of those that answered the last time."""
    fine = set(LinkCheck.objects.fine().values_list("url", flat=True))
    return one_a_host(sorted(linked, key=lambda url: url not in fine))[:HOSTS_TRIED]


def one_a_host(urls: Collection[str]) -> list[str]:
    return list({host_of(url): url for url in reversed(list(urls))}.values())[::-1]


def kept(url: str, answer: Answer, *, trusts: bool) -> LinkCheck:
    now = timezone.now()
    return LinkCheck.objects.keep(
        url,
        at=now,
        status=answer.status,
        problem=answer.problem,
        definite=answer.definite and (trusts or not answer.by_certificate),
        not_before=now + answer.leave if answer.leave else None,
    )
