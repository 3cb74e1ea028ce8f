"""The roadmap's text files, read and checked. Pure: no database, no Django.

A file becomes rows, each known by its kind and key; ``content_writer`` makes the same bytes of
them again.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import yaml
from yaml.composer import ComposerError

from roadmap.content_kinds import (
    KINDS,
    LIST_FILES,
    SECTIONS,
    UNPLACED_FILE,
    Field,
    Row,
    RowId,
    Value,
    slug,
)

# The roadmap that ships with the site.
CONTENT = Path(__file__).resolve().parent / "content"

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# What no text of the site holds, and half a letter, which none can be stored with.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

DEEPEST = 20  # lists and mappings inside one another; ours have seven
MOST_VALUES = 50_000  # in all files together: some ten times what the roadmap has
LONGEST_LIST = 2_000


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


def read_folder(folder: Path) -> dict[RowId, Row]:
    """Read every content file below a folder; see :func:`read`."""
    paths = sorted(folder.rglob("*.yaml"))
    return read_bytes({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def read_bytes(bodies: Mapping[str, bytes]) -> dict[RowId, Row]:
    """Read content files as they lie on a disk, name to bytes; see :func:`read`."""
    files, problems = {}, []
    for name, body in bodies.items():
        try:
            files[name] = body.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            problems.append(Problem(name, line, "this is not UTF-8 text"))
    if problems:
        raise ContentError(problems)
    return read(files)


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
    values_left: int = field(default_factory=lambda: MOST_VALUES)

    def problem(self, file: str, line: int, reason: str) -> None:
        self.problems.append(Problem(file, line, reason))

    def complain(self, node: yaml.Node, reason: str) -> None:
        self.problem(self.file, node.start_mark.line + 1, reason)

    def read_file(self, name: str, body: str) -> None:
        self.file = name
        try:
            root = self.compose(body)
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

    def compose(self, body: str) -> yaml.Node | None:
        loader = _Loader(body, self.values_left)
        try:
            return loader.get_single_node()
        finally:
            self.values_left = loader.values_left
            loader.dispose()

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
        for position, item in enumerate(self.entries(node), start=1):
            place = {"position": position} if places else {}
            self.read_mapping(kind, item, {**(more or {}), **place}, outer)

    def entries(self, node: yaml.SequenceNode) -> list[yaml.Node]:
        entries: list[yaml.Node] = node.value
        if len(entries) > LONGEST_LIST:
            self.complain(node, f"this list has {len(entries)} entries; at most {LONGEST_LIST} fit")
            return []
        return entries

    def read_milestones(self, node: yaml.Node, phase: str, deliverable: bool) -> None:
        """Read the milestones of a phase; the place of each is a row of its own."""
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, "expected a list of milestones")
            return
        for position, item in enumerate(self.entries(node), start=1):
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
        if kind_name == "milestone" and "parts" in entries and not (values | more)["deliverable"]:
            self.complain(entries["parts"][0], "only a deliverable has parts")
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
            if values.get("same_as") and values["same_as"] == values.get("slug"):
                self.complain(node, "a phase is not its own twin: see 'same_as'")
            if values.get("slug") == "changes":
                self.complain(node, "the page of what changed has the address of this 'slug'")

    def read_value(self, spec: Field, node: yaml.Node) -> Value:
        if spec.type == "slugs":
            if not isinstance(node, yaml.SequenceNode) or not node.value:
                self.complain(node, f"{spec.name!r} takes a list of keys")
                return ()
            keys: set[str] = set()
            for item in self.entries(node):
                key = str(self.read_scalar(slug(spec.name), item))
                if key in keys:
                    self.complain(item, f"{spec.name!r} names {key!r} twice")
                keys.add(key)
            return tuple(sorted(keys))
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


class _Loader(yaml.SafeLoader):
    """Reads no more than the form of the files needs: no aliases, no endless depth."""

    def __init__(self, body: str, values_left: int) -> None:
        super().__init__(body)
        self.values_left = values_left
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self.values_left -= 1
        self.depth += 1
        if self.check_event(yaml.AliasEvent):
            self.refuse("an alias stands here; write out what it stands for", event)
        if self.depth > DEEPEST:
            self.refuse("too many lists and mappings stand inside one another", event)
        if self.values_left < 0:
            self.refuse(f"the files hold more than {MOST_VALUES:,} values", event)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def refuse(self, reason: str, event: Any) -> Never:
        raise ComposerError(None, None, reason, event.start_mark)


def _entries(node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {
        str(key.value) if isinstance(key, yaml.ScalarNode) else "?": (key, value)
        for key, value in node.value
    }


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
