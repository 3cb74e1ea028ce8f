"""A person's public log as an Atom feed (RFC 4287)."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from journal.authors import Author
from journal.models import Entry
from mastery.feeds import NAMESPACE, Feed, absolute, legal
from mastery.models import User


def entry_id(entry: Entry) -> str:
    """Name an entry once and for all, whatever becomes of its title, author's handle or host."""
    return uuid.uuid5(NAMESPACE, f"entry {entry.code}").urn


def log_id(user: User, tag: str = "") -> str:
    """Name a person's log, or what of it has a tag, whatever becomes of their handle."""
    joined = user.date_joined.astimezone(dt.UTC).isoformat()
    return uuid.uuid5(NAMESPACE, f"log {user.pk} {joined} {tag}").urn


def atom(author: Author, entries: Iterable[Entry], *, tag: str = "") -> bytes:
    """Write the feed of a log, or of one of its tags."""
    args = [author.handle, tag] if tag else [author.handle]
    feed = Feed(
        title=legal(f"{author.name}: {tag}" if tag else f"{author.name}’s research log"),
        link=settings.ORIGIN + reverse("public_tag" if tag else "public_log", args=args),
        feed_url=settings.ORIGIN + reverse("tag_feed" if tag else "feed", args=args),
        feed_guid=log_id(author.user, tag),
        description="",
        author_name=legal(author.name),
        author_link=settings.ORIGIN + reverse("profile", args=[author.handle]),
    )
    for entry in entries:
        page = settings.ORIGIN + entry.public_path
        content = render_to_string("journal/_feed_entry.html", {"words": entry.words})
        feed.add_item(
            title=legal(str(entry)),
            link=page,
            description=legal(absolute(content, page=page)),
            unique_id=entry_id(entry),
            pubdate=entry.published_at,
            updateddate=entry.updated_at or entry.published_at,
            categories=[tag.name for tag in entry.tags.all()],
        )
    return feed.writeString("utf-8").encode()
