"""The roadmap's text files: read, check, write. Pure: no database, no Django.

``content/README.md`` tells a person the format; ``KINDS`` tells it to the code. A file becomes
rows, each known by its kind and key, and rows become the same bytes again.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Value = str | int | bool | dt.date | None | tuple[str, ...]
RowId = tuple[str, str]

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


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
class Problem:
    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class ContentError(Exception):
    """The files cannot be loaded; ``problems`` says where and why, all at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


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
        Kind("milestone", "key", MILESTONE_FIELDS),
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


def read_folder(folder: Path) -> dict[RowId, Row]:
    """Read every content file below a folder; see :func:`read`."""
    return read(
        {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.yaml"))
        }
    )


def read(files: Mapping[str, str]) -> dict[RowId, Row]:
    """Turn content files, name to text, into rows by kind and key.

    Raises ContentError with every problem found.
    """
    reader = _Reader()
    for name, body in files.items():
        reader.read_file(name, body)
    for name in LIST_FILES:
        if name not in files:
            reader.problem(name, 1, "this file is missing")
    reader.check_references()
    if reader.problems:
        raise ContentError(sorted(reader.problems, key=lambda p: (p.file, p.line)))
    return reader.rows


@dataclass(slots=True)
class _Reader:
    rows: dict[RowId, Row] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: str = ""

    def problem(self, file: str, line: int, reason: str) -> None:
        self.problems.append(Problem(file, line, reason))

    def complain(self, node: yaml.Node, reason: str) -> None:
        self.problem(self.file, node.start_mark.line + 1, reason)

    def read_file(self, name: str, body: str) -> None:
        self.file = name
        try:
            root = yaml.compose(body, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or str(error).splitlines()[0]
            at = mark.line if mark else body.count("\n", 0, getattr(error, "position", 0))
            self.problem(name, at + 1, f"not YAML: {reason}")
            return
        folder, _, leaf = name.rpartition("/")
        stem = leaf.removesuffix(".yaml")
        if root is None:
            self.problem(name, 1, "this file is empty")
        elif name in LIST_FILES:
            self.read_list(LIST_FILES[name], root)
        elif name == UNPLACED_FILE:
            self.read_list("milestone", root, places=False)
        elif folder == "chapters" and stem in SECTIONS:
            self.read_list("chapter", root, more={"section": stem})
        elif folder == "phases":
            key = self.read_mapping("phase", root, {})
            if key is not None and key != stem:
                self.complain(root, f"the slug is {key!r}, so this file should be {key}.yaml")
        else:
            self.problem(name, 1, "no content file has this name")

    def read_list(
        self,
        kind: str,
        node: yaml.Node,
        outer: str = "",
        more: Mapping[str, Value] | None = None,
        places: bool = True,
    ) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, f"expected a list, each entry beginning with '- ' ({kind})")
            return
        for position, item in enumerate(node.value, start=1):
            place = {"position": position} if places else {}
            self.read_mapping(kind, item, {**(more or {}), **place}, outer)

    def read_milestones(self, node: yaml.Node, phase: str, deliverable: bool) -> None:
        """Read the milestones of a phase; the place of each is a row of its own."""
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, "expected a list of milestones")
            return
        for position, item in enumerate(node.value, start=1):
            entries = _entries(item)
            if "placed" in entries:
                key = str(self.read_scalar(slug("placed"), entries["placed"][1])) or None
                if len(entries) > 1:
                    self.complain(item, "a milestone placed here a second time has no other keys")
            else:
                if "deliverable" in entries:
                    self.complain(
                        item, "the list a milestone stands in says if it is a deliverable"
                    )
                key = self.read_mapping("milestone", item, {"deliverable": deliverable})
            if key is not None:
                values: dict[str, Value] = {
                    "phase": phase,
                    "milestone": key,
                    "position": position,
                }
                self.add("placement", f"{phase}/{key}", values, item)

    def read_mapping(
        self, kind_name: str, node: yaml.Node, more: dict[str, Value], outer: str = ""
    ) -> str | None:
        """Read one row and the lists inside it; give its own key, or None when it has none."""
        kind = KINDS[kind_name]
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, f"expected 'key: value' lines ({kind_name})")
            return None
        entries = _entries(node)
        if len(entries) < len(node.value):
            self.complain(node, "a key stands here twice")
        known = [f.name for f in kind.fields] + [name for name, _ in kind.lists]
        for name, (key_node, _) in entries.items():
            if name not in known:
                self.complain(key_node, f"a {kind_name} has no {name!r}; it has {', '.join(known)}")
        values: dict[str, Value] = {kind.parent: outer} if kind.parent else {}
        for spec in kind.fields:
            if spec.name in entries:
                values[spec.name] = self.read_value(spec, entries[spec.name][1])
            elif spec.optional:
                values[spec.name] = spec.default
            else:
                self.complain(node, f"{spec.name!r} is missing from this {kind_name}")
        key = values.get(kind.key)
        if not isinstance(key, str):
            return None
        self.check_row(kind_name, values, node)
        self.add(kind_name, f"{outer}/{key}" if outer else key, values | more, node)
        for name, inner in kind.lists:
            if name not in entries:
                continue
            child = entries[name][1]
            if inner == "milestone":
                self.read_milestones(child, key, deliverable=name == "deliverables")
            else:
                self.read_list(inner, child, outer=key)
        return key

    def add(self, kind: str, key: str, values: Mapping[str, Value], node: yaml.Node) -> None:
        if (kind, key) in self.rows:
            self.complain(node, f"{kind} {key!r} stands already in {self.rows[kind, key].where}")
            return
        self.rows[kind, key] = Row(kind, key, values, f"{self.file}:{node.start_mark.line + 1}")

    def check_row(self, kind: str, values: Mapping[str, Value], node: yaml.Node) -> None:
        if kind == "phase":
            least, most = values.get("weeks_min"), values.get("weeks_max")
            if (least is None) != (most is None):
                self.complain(node, "give both weeks_min and weeks_max, or neither")
            elif isinstance(least, int) and isinstance(most, int) and not 1 <= least <= most:
                self.complain(node, "weeks_min is at least 1 and no more than weeks_max")

    def read_value(self, spec: Field, node: yaml.Node) -> Value:
        if spec.type == "slugs":
            if not isinstance(node, yaml.SequenceNode) or not node.value:
                self.complain(node, f"{spec.name!r} takes a list of keys")
                return ()
            return tuple(
                sorted(str(self.read_scalar(slug(spec.name), item)) for item in node.value)
            )
        return self.read_scalar(spec, node)

    def read_scalar(self, spec: Field, node: yaml.Node) -> Value:
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, f"{spec.name!r} takes one value")
            return spec.default
        raw = str(node.value).rstrip("\n") if spec.type == "text" else str(node.value)
        try:
            return _SCALARS[spec.type](spec, raw)
        except ValueError as error:
            self.complain(node, f"{spec.name!r} {error}")
            return spec.default

    def check_references(self) -> None:
        for row in self.rows.values():
            for spec in KINDS[row.kind].fields:
                value = row.values.get(spec.name)
                targets = value if isinstance(value, tuple) else (value,)
                for target in targets if spec.refers_to else ():
                    if target and (spec.refers_to, target) not in self.rows:
                        file, _, number = row.where.rpartition(":")
                        reason = f"no file has the {spec.refers_to} {target!r} of {spec.name!r}"
                        self.problem(file, int(number), reason)


def _entries(node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def _words(spec: Field, raw: str) -> str:
    if not raw.strip():
        raise ValueError("is empty")
    if len(raw) > spec.longest:
        raise ValueError(f"has {len(raw)} characters; at most {spec.longest} fit")
    if CONTROL.search(raw):
        raise ValueError("holds a control character")
    return raw


def _line(spec: Field, raw: str) -> str:
    if "\n" in raw:
        raise ValueError("takes one line")
    if raw != raw.strip():
        raise ValueError("begins or ends with a space")
    return _words(spec, raw)


def _text(spec: Field, raw: str) -> str:
    if any(row != row.rstrip() for row in raw.split("\n")):
        raise ValueError("has a line that ends in a space")
    return _words(spec, raw.strip("\n"))


def _slug(spec: Field, raw: str) -> str:
    if not SLUG.fullmatch(_line(spec, raw)):
        raise ValueError(f"is {raw!r}; it takes lower-case letters, digits and single hyphens")
    return raw


def _choice(spec: Field, raw: str) -> str:
    if raw not in spec.choices:
        raise ValueError(f"is {raw!r}; it takes {', '.join(spec.choices)}")
    return raw


def _flag(spec: Field, raw: str) -> bool:
    if raw not in {"true", "false"}:
        raise ValueError(f"is {raw!r}; it takes true or false")
    return raw == "true"


def _number(spec: Field, raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 32_767:
        raise ValueError(f"is {raw!r}; it takes a whole number")
    if spec.choices:
        _choice(spec, raw)
    return int(raw)


def _date(spec: Field, raw: str) -> dt.date:
    try:
        return dt.date.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"is {raw!r}; it takes a date such as 2026-03-14") from None


def _url(spec: Field, raw: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", _line(spec, raw)):
        raise ValueError(f"is {raw!r}; it takes an address that begins with https:// or http://")
    return raw


_SCALARS: dict[str, Callable[[Field, str], Value]] = {
    "line": _line,
    "text": _text,
    "slug": _slug,
    "choice": _choice,
    "flag": _flag,
    "number": _number,
    "date": _date,
    "url": _url,
}


# Writing


def write(rows: Iterable[Row]) -> dict[str, str]:
    """Turn rows into content files, name to text: what :func:`read` takes, in one fixed form."""
    book = _Book(list(rows))
    files = {name: _document(list(book.of(kind))) for name, kind in LIST_FILES.items()}
    if unplaced := book.unplaced():
        files[UNPLACED_FILE] = _document(unplaced)
    for section in SECTIONS:
        chapters = list(book.of("chapter", section=section))
        if chapters:
            files[f"chapters/{section}.yaml"] = _document(chapters)
    for phase in book.of("phase"):
        files[f"phases/{phase['slug']}.yaml"] = _document(phase)
    return files


class _Text(str):
    """A string that is written as a block."""


@dataclass(slots=True)
class _Book:
    rows: list[Row]
    by_id: dict[RowId, Row] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {row.id: row for row in self.rows}

    def of(self, kind: str, **wanted: Value) -> Iterator[dict[str, Any]]:
        """Give the mappings of one kind in their order."""
        chosen = [
            row
            for row in self.rows
            if row.kind == kind and all(row.values[k] == v for k, v in wanted.items())
        ]
        for row in sorted(chosen, key=lambda row: (row.values["position"], row.key)):
            yield self.mapping(row)

    def mapping(self, row: Row) -> dict[str, Any]:
        kind = KINDS[row.kind]
        result: dict[str, Any] = {}
        for spec in kind.fields:
            value = row.values[spec.name]
            if spec.optional and value == spec.default:
                continue
            if spec.type == "text":
                value = _Text(f"{value}\n")
            result[spec.name] = list(value) if isinstance(value, tuple) else value
        for name, inner in kind.lists:
            if inner == "milestone":
                entries = self.milestones(row.key, deliverable=name == "deliverables")
            else:
                entries = list(self.of(inner, **{KINDS[inner].parent: row.key}))
            if entries:
                result[name] = entries
        return result

    def milestones(self, phase: str, deliverable: bool) -> list[dict[str, Any]]:
        """A milestone is written whole in the first phase that holds it, as ``placed`` after."""
        result = []
        for place in self.of("placement", phase=phase):
            milestone = self.by_id["milestone", place["milestone"]]
            if milestone.values["deliverable"] is not deliverable:
                continue
            if self.home_of(milestone.key) == phase:
                entry = self.mapping(milestone)
                entry.pop("deliverable", None)
                result.append(entry)
            else:
                result.append({"placed": milestone.key})
        return result

    def unplaced(self) -> list[dict[str, Any]]:
        placed = {row.values["milestone"] for row in self.rows if row.kind == "placement"}
        milestones = (row for row in self.rows if row.kind == "milestone" and row.key not in placed)
        return [self.mapping(row) for row in sorted(milestones, key=lambda row: row.key)]

    def home_of(self, milestone: str) -> Value:
        def rank(phase: Value) -> tuple[Value, ...]:
            values = self.by_id["phase", str(phase)].values
            track = self.by_id["track", str(values["track"])].values
            return track["position"], values["position"], phase

        holders = (
            row.values["phase"]
            for row in self.rows
            if row.kind == "placement" and row.values["milestone"] == milestone
        )
        return min(holders, key=rank)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, value: _Text) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")


_Dumper.add_representer(_Text, _represent_text)


def _dump(value: object) -> str:
    return yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000, indent=2
    )


def _document(value: list[dict[str, Any]] | dict[str, Any]) -> str:
    """Write a file: entries of a list, and the lists of a phase, stand apart by an empty line."""
    if isinstance(value, list):
        return "\n".join(_dump([entry]) for entry in value) if value else "[]\n"
    lists = {key: part for key, part in value.items() if isinstance(part, list)}
    scalars = {key: part for key, part in value.items() if key not in lists}
    return "\n".join([_dump(scalars), *(_dump({key: part}) for key, part in lists.items())])
