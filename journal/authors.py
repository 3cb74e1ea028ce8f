"""Whose log it is that a stranger reads, and what of it may be seen."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from journal.excerpts import clipped, plain
from journal.models import Entry, PublicLog, Tag
from journal.models.entries import EntryQuerySet
from mastery.markdown import render_entry
from mastery.models import User

# As long as this, an account has to exist before search engines may keep its pages.
NEW_FOR = dt.timedelta(days=7)
EXCERPT = 200  # characters


@dataclass(frozen=True)
class Author:
    """A person as strangers see them.

    ``changed`` is when something public of their log last changed, None if nothing ever was.
    """

    user: User
    has_log: bool
    changed: dt.datetime | None = None

    @property
    def handle(self) -> str:
        return self.user.handle

    @property
    def name(self) -> str:
        shown = self.user.name if self.user.profile_is_public else ""
        return shown or self.user.handle

    @property
    def has_page(self) -> bool:
        return self.has_log or self.user.profile_is_public

    @property
    def is_new(self) -> bool:
        return timezone.now() - self.user.date_joined < NEW_FOR

    @property
    def links(self) -> list[str]:
        """Their own places on the web; an address of any other kind is not theirs to link to."""
        return [url for url in self.user.links if url.startswith(("https://", "http://"))]

    @property
    def about(self) -> SafeString:
        # Below the name, which is the page's heading, there is none before it.
        html = render_entry(self.user.about, prefix="about", shift=1)
        return mark_safe(html)  # noqa: S308  (sanitised)

    def entries(self) -> EntryQuerySet:
        return Entry.objects.of(self.user).public().select_related("user")

    def tags(self) -> QuerySet[Tag]:
        """Give the tags of public entries, each with their number, most used first."""
        seen = Q(entries__visibility=Entry.Visibility.PUBLIC, entries__deleted_at=None)
        counted = Tag.objects.filter(user=self.user).annotate(number=Count("entries", filter=seen))
        return counted.filter(number__gt=0).order_by("-number", "name")


def author_of(handle: str) -> Author | None:
    """Find who has a handle, in one query whether or not anything of theirs is public."""
    changed = PublicLog.objects.filter(user=OuterRef("pk")).values("changed")
    found = (
        User.objects.filter(handle=handle, is_active=True)
        .annotate(
            has_log=Exists(Entry.objects.public().filter(user=OuterRef("pk"))),
            log_changed=Subquery(changed),
        )
        .first()
    )
    return Author(found, found.has_log, found.log_changed) if found else None


def excerpt(entry: Entry) -> str:
    """Give the first words of an entry without any markup."""
    # Ten times as much as is wanted, for the markup that goes.
    words = (plain(text[: 10 * EXCERPT]) for text in entry.texts.values())
    return clipped(" ".join(words), EXCERPT)
