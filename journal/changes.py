"""What changed between two writings, field by field, as data for a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import date_format

from journal.models.writing import PROMPTS, Writing
from mastery.differences import Piece, pieces_of, shortened


@dataclass(frozen=True, slots=True)
class FieldChange:
    name: str
    pieces: list[Piece]


def changes_of(
    before: Writing, after: Writing, *, wordings: Mapping[str, str] | None = None
) -> list[FieldChange]:
    """Tell what differs between two writings, field by field; nothing of what does not.

    ``wordings`` gives milestones by their keys.
    """
    old, new = readable(before, wordings or {}), readable(after, wordings or {})
    return [
        FieldChange(name, shortened(pieces_of(old[name], new[name])))
        for name in old
        if old[name] != new[name]
    ]


def readable(writing: Writing, wordings: Mapping[str, str]) -> dict[str, str]:
    """Give what a writing says, as one text a field."""
    return {
        "Date": date_format(writing.day, "j F Y"),
        "Title": writing.title,
        **{prompt.capitalize(): getattr(writing, prompt) for prompt in PROMPTS},
        "Tags": " ".join(writing.tags),
        "Milestones": "\n".join(wordings.get(key, key) for key in writing.milestones),
        "Minutes": str(writing.minutes or ""),
        "Build work": "yes" if writing.build_work else "",
    }
