"""A field of a form three ways: as the form began, as it is stored now, as it was sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from mastery.differences import Piece, pieces_of, shortened
from roadmap.history import Author

MOST_PK = 2**63 - 1
# Of a value that the history does not have, or that lies in no table.
UNKNOWN: Any = object()
NOT_STORED: Any = object()


@dataclass(frozen=True, slots=True)
class Field:
    """A field three ways: as the form began, as it is stored now, as it was sent."""

    input: forms.Field
    began: Any
    theirs: Any
    mine: Any

    @property
    def agreed(self) -> bool:
        return not self.input.has_changed(self.theirs, self.mine)

    @property
    def moved(self) -> bool:
        if self.began is NOT_STORED:
            return False
        return self.began is UNKNOWN or plain(self.began) != plain(self.theirs)

    @property
    def touched(self) -> bool:
        if self.began is NOT_STORED:
            return not self.agreed
        return self.began is UNKNOWN or self.input.has_changed(self.began, self.mine)


@dataclass(slots=True)
class Clash:
    """What a colleague changed. ``asked``: this editor too, and has to say whose it is to be."""

    key: str
    title: str
    theirs: str
    mine: str
    pieces: list[Piece]
    author: Author
    at: Any
    asked: bool = True
    choice: str = ""
    keep_mine: str = "Mine, as it stands in the form below"
    take_theirs: str = "Theirs"


def number(text: str | None, most: int) -> int:
    """Read a whole number; 0 for anything else, and never more than ``most``."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 19:
        return 0
    return min(int(text), most)


def plain(value: Any) -> Any:
    """Make values of a form and of a row comparable: rows by their keys, in any order."""
    if isinstance(value, list | tuple | set):
        return {getattr(one, "pk", one) for one in value}
    return "" if value is None else getattr(value, "pk", value)


def as_sent(given: forms.Field, value: Any) -> list[str]:
    """Give what a browser sends of a value; nothing of a box without a tick."""
    if isinstance(given, forms.BooleanField):
        return ["on"] if value else []
    ready = given.prepare_value(value)
    if isinstance(ready, list | tuple | set):
        return [str(one) for one in ready]
    return ["" if ready is None else str(ready)]


def put(data: QueryDict, name: str, given: forms.Field, value: Any) -> None:
    data.pop(name, None)
    if values := as_sent(given, value):
        data.setlist(name, values)


def shown(given: forms.Field, value: Any) -> str:
    """Say a value of a form, stored or just typed, as a person reads it."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(given, forms.BooleanField):
        return "yes" if value in {True, "on", "True"} else "no"
    if isinstance(given, forms.ModelChoiceField):
        pks = [str(one) for one in as_sent(given, value)]
        rows: Any = given.queryset
        rows = rows.filter(pk__in=[pk for pk in pks if number(pk, MOST_PK)])
        return "; ".join(given.label_from_instance(row) for row in rows) or ", ".join(pks)
    if isinstance(given, forms.ChoiceField):
        choices: Iterable[Any] = given.choices  # type: ignore[assignment]
        known = {str(key): str(words) for key, words in choices}
        return known.get(str(value), str(value))
    if isinstance(given, forms.CharField):
        return str(given.to_python(value))
    return str(value)


def compared(given: forms.Field, old: str, new: str) -> list[Piece]:
    if isinstance(given, forms.CharField):
        return shortened(pieces_of(old, new))
    return [Piece("gone", old or "nothing"), Piece("new", new or "nothing")]
