"""What shows that a milestone was done: pure, no database."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from roadmap.models import Milestone
from roadmap.queries import Part

Kind = Milestone.Kind

LABELS = {
    "repository": "Repository",
    "commit": "Commit",
    "write-up": "Write-up",
    "plot": "Plot",
    "weights": "Weights",
    "other": "Other",
}
MOST_LINKS = 10
LONGEST_URL = 500  # characters
LONGEST_TEXT = 5_000  # characters

# Of each kind: what is asked for, in the words of the form. Every group needs one of its labels;
# a group without labels takes any link.
ASKED: dict[str, str] = {
    Kind.BUILD: "A link to the repository or the commit shows it.",
    Kind.EXPLAIN: "Your own words show it: write them here, or link to where they stand.",
    Kind.SHIP: "Links to the repository and to the write-up show it.",
    Kind.OUTSIDE: "A link to what somebody else did with it shows it.",
    Kind.JOIN: "Your word is enough.",
}


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    # The slug of the deliverable's part that it shows, if it was given for one.
    part: str = ""

    @property
    def name(self) -> str:
        return LABELS.get(self.label, self.label)

    @property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person gives to show a milestone: links, each with what it is, and a text."""

    links: tuple[Link, ...] = ()
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.links or self.text)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """Read it as the database keeps it."""
        links = tuple(
            Link(one["label"], one["url"], one.get("part", "")) for one in kept.get("links", ())
        )
        return cls(links, kept.get("text", ""))

    @classmethod
    def together(cls, several: Iterable[Self]) -> Self:
        """Make one of several: every link once, every text under the other, unless it is there."""
        rows = list(several)
        links = dict.fromkeys(link for row in rows for link in row.links)
        together = ""
        for row in rows:
            if row.text and f"\n\n{row.text}\n\n" not in f"\n\n{together}\n\n":
                together += f"\n\n{row.text}" if together else row.text
        return cls(tuple(links), together)

    def kept(self) -> dict[str, Any]:
        """Give it as the database keeps it; nothing at all is an empty object."""
        if not self:
            return {}
        return {
            "links": [
                {"label": link.label, "url": link.url} | ({"part": link.part} if link.part else {})
                for link in self.links
            ],
            "text": self.text,
        }

    @property
    def version(self) -> str:
        """What a form says it began from."""
        return hashlib.sha256(json.dumps(self.kept()).encode()).hexdigest()[:16]

    def lacks(self, kind: str) -> tuple[str, ...]:
        """Name what is asked of a milestone of this kind and is not there; nothing when shown."""
        labels = {link.label for link in self.links}
        match kind:
            case Kind.BUILD:
                wanted = [("a repository or commit", bool(labels & {"repository", "commit"}))]
            case Kind.EXPLAIN:
                wanted = [("your words or a link to them", bool(self))]
            case Kind.SHIP:
                wanted = [
                    ("a repository", "repository" in labels),
                    ("a write-up", "write-up" in labels),
                ]
            case Kind.OUTSIDE:
                wanted = [("a link to what somebody else did with it", bool(self.links))]
            case _:
                wanted = []
        return tuple(name for name, there in wanted if not there)

    def shows(self, kind: str) -> bool:
        """Say whether this is what a milestone of this kind asks for. Joining is word of honour."""
        return not self.lacks(kind)

    def by_part(self, parts: Sequence[Part]) -> list[tuple[Part, list[Link]]]:
        """Give each part of a deliverable with the links that show it.

        A link given for no part, or for one that an editor took away, shows the one part of its
        label, where there is only one.
        """
        often = Counter(part.label for part in parts)
        slugs = {part.slug for part in parts}
        return [
            (
                part,
                [
                    link
                    for link in self.links
                    if link.part == part.slug
                    or (
                        link.part not in slugs
                        and link.label == part.label
                        and often[part.label] == 1
                    )
                ],
            )
            for part in parts
        ]

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """Give the parts of a deliverable that no link shows."""
        return [part for part, links in self.by_part(parts) if not links]
