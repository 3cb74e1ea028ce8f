"""The roadmap's rows as text files, in one fixed form. Pure: no database, no Django."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from roadmap.content_kinds import KINDS, LIST_FILES, SECTIONS, UNPLACED_FILE, Row, RowId, Value


def write(rows: Iterable[Row]) -> dict[str, str]:
    """Turn rows into content files, name to text: what ``content.read`` takes."""
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
            if inner == "deliverablepart" and not row.values["deliverable"]:
                # What an editor's milestone kept from its days as a deliverable counts no more.
                continue
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
