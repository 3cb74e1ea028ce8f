"""The line below an entry's heading that holds what is not words.

tags: adam, bf16; milestones: p1-0; minutes: 90; build work: yes; zone: Europe/Berlin
"""

import re
from dataclasses import dataclass
from typing import Any

from journal.models import Writing
from journal.text import TAG, tags_of

_MILESTONE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MINUTES = re.compile(r"([0-9]{1,5})(?: ?(?:m|min|mins|minutes))?")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")
_BEGINNING = re.compile(r"(?:tags?|milestones?|minutes|build work|zone) *:", re.IGNORECASE)


@dataclass(frozen=True)
class Metadata:
    tags: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    minutes: int | None = None
    build_work: bool = False
    zone: str = ""

    def joined(self, more: "Metadata") -> "Metadata":
        return Metadata(
            self.tags + more.tags,
            self.milestones + more.milestones,
            self.minutes if more.minutes is None else more.minutes,
            self.build_work or more.build_work,
            more.zone or self.zone,
        )


def write_metadata(writing: Writing, zone: str) -> str:
    parts = []
    if writing.tags:
        parts.append(f"tags: {', '.join(writing.tags)}")
    if writing.milestones:
        parts.append(f"milestones: {', '.join(writing.milestones)}")
    if writing.minutes is not None:
        parts.append(f"minutes: {writing.minutes}")
    if writing.build_work:
        parts.append("build work: yes")
    # Always there: it also tells that the entry is written in our form, backslashes and all.
    parts.append(f"zone: {zone}")
    return "; ".join(parts)


def read_metadata(line: str) -> Metadata | None:
    """Read such a line; None for any other, and for one of which a part makes no sense."""
    if not _BEGINNING.match(line):
        return None
    found: dict[str, Any] = {}
    for part in line.rstrip(" \t;").split(";"):
        name, colon, value = part.partition(":")
        read = _read(name.strip().casefold(), value.strip()) if colon else None
        if read is None or read[0] in found:
            return None
        found[read[0]] = read[1]
    return Metadata(**found)


def _read(name: str, value: str) -> tuple[str, Any] | None:
    if name in ("tag", "tags"):
        tags = tags_of(value)
        return ("tags", tags) if tags and all(map(TAG.fullmatch, tags)) else None
    if name in ("milestone", "milestones"):
        keys = tags_of(value)
        return ("milestones", keys) if keys and all(map(_MILESTONE.fullmatch, keys)) else None
    if name == "minutes":
        minutes = _MINUTES.fullmatch(value.casefold())
        return ("minutes", int(minutes[1])) if minutes else None
    if name == "build work" and value.casefold() in ("yes", "no"):
        return "build_work", value.casefold() == "yes"
    if name == "zone" and _ZONE.fullmatch(value):
        return "zone", value
    return None
