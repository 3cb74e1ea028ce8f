"""What the roadmap's text files hold: the form that ``content/README.md`` tells a person."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = str | int | bool | dt.date | None | tuple[str, ...]
RowId = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of content.

    ``key`` of a row inside another is ``outer/inner``. ``values`` has every field of its kind,
    names of other rows by their keys. ``where`` is ``file:line``, empty for rows of the database.
    """

    kind: str
    key: str
    values: Mapping[str, Value]
    where: str = ""

    @property
    def id(self) -> RowId:
        return self.kind, self.key


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str = "line"
    optional: bool = False
    default: Value = ""
    choices: tuple[str, ...] = ()
    longest: int = 250
    refers_to: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a mapping in a file holds: its key, its fields in order, then its lists."""

    name: str
    key: str
    fields: tuple[Field, ...]
    lists: tuple[tuple[str, str], ...] = ()
    # Fields a row has beside those written in its mapping: its parent, its place.
    parent: str = ""


def line(name: str, **more: Any) -> Field:
    return Field(name, **more)


def text(name: str, **more: Any) -> Field:
    return Field(name, "text", longest=50_000, **more)


def slug(name: str = "slug", **more: Any) -> Field:
    return Field(name, "slug", longest=60, **more)


def flag(name: str) -> Field:
    return Field(name, "flag", optional=True, default=False)


def choice(name: str, *choices: str, **more: Any) -> Field:
    return Field(name, "choice", choices=choices, **more)


STATE = choice("state", "draft", "live", "retired", optional=True, default="live")
MILESTONE_FIELDS = (
    slug("key"),
    choice("kind", "build", "explain", "ship", "join", "outside"),
    STATE,
    choice("change", "material", "cosmetic", optional=True, default="material"),
    line("wording"),
    text("detail", optional=True),
    # Written in milestones.yaml alone; in a phase's file the list it stands in says it.
    flag("deliverable"),
)
# The labels of evidence links.
PART_LABELS = ("repository", "commit", "write-up", "plot", "weights", "other")
RESOURCE_KINDS = (
    "course", "book", "video", "article", "code",
    "paper", "person", "community", "compute", "venue",
)  # fmt: skip

# In the order in which rows can be stored: what is referred to comes first.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "track", "slug", (slug(), line("name"), line("summary"), text("text"), flag("optional"))
        ),
        Kind(
            "resource",
            "slug",
            (
                slug(),
                line("title"),
                line("author", optional=True),
                choice("kind", *RESOURCE_KINDS),
                STATE,
                Field("url", "url", optional=True, longest=500),
                line("summary"),
            ),
            lists=(("links", "resourcelink"),),
        ),
        Kind(
            "resourcelink",
            "label",
            (line("label"), Field("url", "url", longest=500)),
            parent="resource",
        ),
        Kind(
            "phase",
            "slug",
            (
                slug(),
                slug("track", refers_to="track"),
                Field("position", "number"),
                line("title"),
                STATE,
                line("length"),
                Field("weeks_min", "number", optional=True, default=None),
                Field("weeks_max", "number", optional=True, default=None),
                line("level", optional=True),
                slug("same_as", optional=True, default=None, refers_to="phase"),
                line("summary", longest=160),
                text("goal"),
                text("path"),
                text("done_when"),
            ),
            lists=(
                ("topics", "topic"),
                ("steps", "step"),
                ("resources", "phaseresource"),
                ("milestones", "milestone"),
                ("deliverables", "milestone"),
                ("traps", "trap"),
            ),
        ),
        Kind(
            "topic",
            "slug",
            (slug(), line("title"), flag("essential"), text("text")),
            parent="phase",
        ),
        Kind(
            "step",
            "slug",
            (slug(), line("title"), line("time", optional=True), text("text")),
            parent="phase",
        ),
        Kind("trap", "slug", (slug(), line("title"), text("text")), parent="phase"),
        Kind(
            "phaseresource",
            "resource",
            (
                slug("resource", refers_to="resource"),
                choice("role", "primary", "companion", "reference"),
                line("note", optional=True),
            ),
            parent="phase",
        ),
        Kind("milestone", "key", MILESTONE_FIELDS, lists=(("parts", "deliverablepart"),)),
        Kind(
            "deliverablepart",
            "slug",
            (slug(), line("name"), choice("label", *PART_LABELS)),
            parent="milestone",
        ),
        Kind("placement", "milestone", (slug("milestone", refers_to="milestone"),), parent="phase"),
        Kind(
            "level",
            "slug",
            (
                slug(),
                line("name"),
                line("can"),
                line("time"),
                line("reached_by"),
                flag("beyond"),
            ),
            lists=(("requirements", "requirement"),),
        ),
        Kind(
            "requirement",
            "slug",
            (slug(), Field("any_of", "slugs", refers_to="milestone")),
            parent="level",
        ),
        Kind("habit", "slug", (slug(), line("name"), line("target"), text("text"))),
        Kind("principle", "slug", (slug(), line("title"), text("text"))),
        Kind(
            "chapter",
            "slug",
            (slug(), line("title"), STATE, line("summary", optional=True), text("text")),
        ),
        Kind(
            "claim",
            "slug",
            (
                slug(),
                line("statement", longest=500),
                Field("tier", "number", choices=("1", "2", "3")),
                text("source"),
                Field("checked", "date", optional=True, default=None),
            ),
        ),
        Kind(
            "question", "slug", (slug(), line("ask", longest=500), slug("phase", refers_to="phase"))
        ),
    )
}

# Files that hold a list of one kind, as ``tracks.yaml``.
LIST_FILES = {
    "tracks.yaml": "track",
    "resources.yaml": "resource",
    "levels.yaml": "level",
    "habits.yaml": "habit",
    "principles.yaml": "principle",
    "claims.yaml": "claim",
    "questions.yaml": "question",
}
# Milestones that no phase holds; there is no such file while there are none.
UNPLACED_FILE = "milestones.yaml"
SECTIONS = ("overview", "mental-model", "branches", "anti-patterns", "method", "provenance")
