"""A person's public log as an Atom feed (RFC 4287)."""

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from html import escape, unescape
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from journal.authors import Author
from journal.models import Entry
from mastery.models import User

LENGTH = 30  # entries
TYPE = "application/atom+xml"

# Of every id that a feed ever gave. To change it is to send every subscriber everything anew.
NAMESPACE = uuid.UUID("18ff9f4f-585d-4cf1-aa10-197463c87ed0")

# What XML 1.0 cannot hold, escaped or not.
ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A link or picture in HTML that the sanitiser wrote: `<` stands nowhere but at a tag, and every
# value is in double quotes. Only those without a scheme or host of their own.
WITHIN = re.compile(
    r'(<[a-z][\w-]*(?:\s[\w:-]+="[^"]*")*?\s(?:href|src)=")(?!//|[a-zA-Z][\w+.-]*:)([^"]*)'
)


def entry_id(entry: Entry) -> str:
    """Name an entry once and for all, whatever becomes of its title, author's handle or host."""
    return uuid.uuid5(NAMESPACE, f"entry {entry.code}").urn


def log_id(user: User, tag: str = "") -> str:
    """Name a person's log, or what of it has a tag, whatever becomes of their handle."""
    joined = user.date_joined.astimezone(dt.UTC).isoformat()
    return uuid.uuid5(NAMESPACE, f"log {user.pk} {joined} {tag}").urn


def absolute(html: str, *, page: str) -> str:
    """Give HTML whose links within the site or the page lead there from anywhere."""

    def lead(match: re.Match[str]) -> str:
        opening, address = match.groups()
        return opening + escape(urljoin(page, unescape(address)))

    return WITHIN.sub(lead, html)


def legal(text: str) -> str:
    return ILLEGAL.sub("", text)


class Feed(Atom1Feed):
    """Django's, with whole entries in it instead of summaries."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, {**item, "description": None})
        handler.addQuickElement("content", item["description"], {"type": "html"})


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
