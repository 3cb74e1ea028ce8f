"""What the Atom feeds (RFC 4287) of every app have in common."""

import datetime as dt
import re
import uuid
from html import escape, unescape
from typing import Any
from urllib.parse import urljoin

from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

LENGTH = 30  # entries
TYPE = "application/atom+xml; charset=utf-8"

# Of every id that a feed ever gave. To change it is to send every subscriber everything anew.
NAMESPACE = uuid.UUID("18ff9f4f-585d-4cf1-aa10-197463c87ed0")

# What a feed without entries says of when it was updated, which the standard asks for.
NOTHING_YET = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

# What XML 1.0 cannot hold, escaped or not.
ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A link or picture in HTML that the sanitiser wrote: `<` stands nowhere but at a tag, and every
# value is in double quotes. Only those without a scheme or host of their own.
WITHIN = re.compile(
    r'(<[a-z][\w-]*(?:\s[\w:-]+="[^"]*")*?\s(?:href|src)=")(?!//|[a-zA-Z][\w+.-]*:)([^"]*)'
)


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

    def latest_post_date(self) -> dt.datetime:
        """Give when anything in it changed last; an empty one is the same at every look."""
        return super().latest_post_date() if self.items else NOTHING_YET
