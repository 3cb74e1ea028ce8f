"""What changed in the roadmap, for people and for feed readers."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from mastery.differences import Piece, pieces_of
from mastery.feeds import LENGTH, NAMESPACE, Feed, absolute, legal
from mastery.models import User
from roadmap.groundwork import Stateful
from roadmap.models import Milestone, Release, ReleaseItem
from roadmap.queries import Manual

PAGE = 20  # releases
UNDER_WAY = dt.timedelta(minutes=1)  # longer than any publishing takes
What = ReleaseItem.What


@dataclass(frozen=True, slots=True)
class Named:
    """A row as it was called when it changed, and where it stands now: nowhere if it left."""

    kind: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to rows: each of them alone, or what several became or came from."""

    what: str
    rows: list[Named]
    was: list[str]

    @property
    def label(self) -> str:
        return What(self.what).label

    @property
    def pieces(self) -> list[Piece]:
        """The difference in words, of what was reworded."""
        if self.what != What.REWORDED:
            return []
        return pieces_of("\n".join(self.was), "\n".join(row.name for row in self.rows))


@dataclass(frozen=True)
class News:
    """A published release as one reader sees it."""

    release: Release
    changes: list[Change]
    # On the reader's own calendar.
    day: dt.date
    new: bool = False


@dataclass(frozen=True)
class Signposts:
    """Where what the manual shows can be found, by the names that releases gave it."""

    manual: Manual

    def named(self, row: Stateful) -> Named:
        """Name a row that this manual shows."""
        kind = ReleaseItem.Kind(str(row._meta.model_name))
        if not isinstance(row, Milestone):
            return Named(kind.label, row.title, self.to(kind, row.slug))
        shown = self.manual.milestones.get(row.key)
        return Named(kind.label, shown.wording if shown else row.key, self.to(kind, row.key))

    def to(self, kind: str, key: str) -> str:
        if kind == ReleaseItem.Kind.MILESTONE:
            milestone = self.manual.milestones.get(key)
            if milestone is None or not milestone.open_to_all:
                return ""
            return f"{self._phase(milestone.phases[0])}#milestone-{key}"
        if kind == ReleaseItem.Kind.PHASE:
            return self._phase(key)
        found = self._resources if kind == ReleaseItem.Kind.RESOURCE else self._chapters
        return found.get(key, "")

    def _phase(self, slug: str) -> str:
        there = self.manual.phases
        phase = there.get(slug) or there.get(self.manual.moved.get(slug, ""))
        return phase.row.get_absolute_url() if phase else ""

    @cached_property
    def _resources(self) -> dict[str, str]:
        return {one.row.slug: one.row.get_absolute_url() for one in self.manual.resources}

    @cached_property
    def _chapters(self) -> dict[str, str]:
        chapters = (one for section in self.manual.chapters.values() for one in section)
        return {one.slug: one.get_absolute_url() for one in chapters}


def last_visit(user: User) -> dt.datetime:
    """Give when a learner last looked at what changed; who never did counts from joining."""
    return user.changes_seen or user.date_joined


def unread(user: User | AnonymousUser, manual: Manual) -> int:
    """Count the changes since a learner's last visit; visitors have none to count from."""
    return manual.changes_since(last_visit(user)) if isinstance(user, User) else 0


def read_until(manual: Manual) -> dt.datetime:
    """Give up to when whoever reads all that this manual knows of has read what was published.

    What is being published at this moment has its time already and is not in sight yet.
    """
    return max([*manual.published[:1], timezone.now() - UNDER_WAY])


def mark_seen(user: User, until: dt.datetime) -> None:
    """Remember what a learner has seen; an earlier look never takes back a later one."""
    until = min(until, timezone.now())
    if until <= last_visit(user):
        return
    known = User.objects.filter(pk=user.pk)
    (known.filter(changes_seen=None) | known.filter(changes_seen__lt=until)).update(
        changes_seen=until
    )


def instant_of(text: str) -> dt.datetime | None:
    """Read an instant that a page of ours wrote; None for anything else."""
    try:
        instant = parse_datetime(text)
    except ValueError:
        return None
    return instant if instant and instant.tzinfo == dt.UTC else None


def news_of(
    manual: Manual,
    *,
    start: Release | None = None,
    since: dt.datetime | None = None,
    zone: dt.tzinfo = dt.UTC,
    most: int = PAGE,
) -> tuple[list[News], Release | None]:
    """Give the newest releases, or one and those before it, and where the next page starts.

    What was published after ``since`` is marked as new.
    """
    releases = Release.objects.published().prefetch_related("items")
    if start:
        releases = releases.back_from(start)
    found = list(releases[: most + 1])
    signposts = Signposts(manual)
    news = [
        News(
            release=release,
            changes=list(changes_of(release.items.all(), signposts)),
            day=release.published.astimezone(zone).date(),
            new=since is not None and release.published > since,
        )
        for release in found[:most]
        if release.published
    ]
    return news, found[most] if len(found) > most else None


def changes_of(items: Iterable[ReleaseItem], signposts: Signposts) -> Iterator[Change]:
    """Put items together that tell of one change: what became several, what came at once."""

    def together(item: ReleaseItem) -> tuple[str, str]:
        # Reworded ones have each a wording of their own, the same as before or not.
        return item.what, f"{item.was}\n{item.pk}" if item.what == What.REWORDED else item.was

    for (what, _), group in groupby(items, together):
        rows = list(group)
        named = [
            Named(row.get_kind_display(), row.name or row.key, signposts.to(row.kind, row.key))
            for row in rows
        ]
        yield Change(what, named, rows[0].was.splitlines())


def release_id(release: Release) -> str:
    """Name a release once and for all, whatever becomes of its title or of the host."""
    made = release.created.astimezone(dt.UTC).isoformat()
    return uuid.uuid5(NAMESPACE, f"release {release.pk} {made}").urn


def atom(manual: Manual) -> bytes:
    """Write the feed of what changed. What a release tells is fixed, so it is never updated: an
    editor's correction of its notes reaches readers without a second notice."""
    page = settings.ORIGIN + reverse("changes")
    feed = Feed(
        title="Mastery: what changed in the roadmap",
        link=page,
        feed_url=settings.ORIGIN + reverse("changes_feed"),
        feed_guid=uuid.uuid5(NAMESPACE, f"changes {settings.ORIGIN}").urn,
        description="",
        author_name="Mastery",
        author_link=settings.ORIGIN + reverse("home"),
    )
    for one in news_of(manual, most=LENGTH)[0]:
        content = render_to_string("roadmap/_release.html", {"entry": one})
        feed.add_item(
            title=legal(one.release.title),
            link=settings.ORIGIN + one.release.get_absolute_url(),
            description=legal(absolute(content, page=page)),
            unique_id=release_id(one.release),
            pubdate=one.release.published,
            updateddate=one.release.published,
        )
    return feed.writeString("utf-8").encode()
