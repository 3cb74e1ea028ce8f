"""Ticks of the page the roadmap comes from, as its browser storage keeps them: rtm-progress."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import ProhibitNullCharactersValidator

from roadmap.queries import Manual
from tracker.claims import Difference
from tracker.successions import heirs

LONGEST = 100_000  # bytes; the source page's own 42 keys take less than 1,000
MOST_UNKNOWN = 10  # named one by one
LONGEST_NAME = 40  # characters of a key that we show

HUGE = "This is more than 100 kB, and those ticks take less than one. Is it the right text?"
NO_JSON = "This cannot be read as JSON: line {line}, column {column}. Copy all of it, braces too."
NO_OBJECT = 'This is JSON, but not what that page keeps, which looks like {"p0-0": true}.'
NESTED = "This is nested too deeply for what that page keeps."


def read(text: str) -> dict[str, bool]:
    """Read the JSON object of milestone keys. Raises ValidationError with a sentence."""
    if len(text.encode()) > LONGEST:
        raise ValidationError(HUGE)
    try:
        kept = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=Pairs)
    except json.JSONDecodeError as error:
        raise ValidationError(NO_JSON.format(line=error.lineno, column=error.colno)) from error
    except RecursionError as error:
        raise ValidationError(NESTED) from error
    except ValueError as error:  # a number too long to be one
        raise ValidationError(NO_OBJECT) from error
    if not isinstance(kept, Pairs):
        raise ValidationError(NO_OBJECT)
    ticks: dict[str, bool] = {}
    for key, value in kept:
        if not isinstance(value, bool):
            raise ValidationError(f"“{shown(key)}” is neither true nor false.")
        if key in ticks:
            raise ValidationError(f"“{shown(key)}” stands there twice.")
        ticks[key] = value
    return ticks


class Pairs(list[tuple[str, Any]]):
    """A JSON object with all its keys, those too that it has twice."""


def shown(key: str) -> str:
    """Give a key as a page can show it, whatever is in it."""
    plain = key if key.isprintable() else ascii(key)[1:-1]
    return plain if len(plain) <= LONGEST_NAME else f"{plain[:LONGEST_NAME]}…"


@dataclass(frozen=True)
class DryRun:
    """What an import would do: the ticks it knows, and how many of the others there are."""

    difference: Difference
    unknown: Sequence[str]
    unticked: int

    @property
    def named(self) -> list[str]:
        return [shown(key) for key in self.unknown[:MOST_UNKNOWN]]

    @property
    def unnamed(self) -> int:
        return max(0, len(self.unknown) - MOST_UNKNOWN)


def known(
    ticks: dict[str, bool], manual: Manual, held: Collection[int], today: dt.date
) -> dict[str, dt.date]:
    """Give the ticks that somebody who holds these milestones may have, as done today.

    The source page keeps no dates, and it still asks for what lives on in others here: whoever did
    that may confirm them for it.
    """
    return {
        key: today
        for key, milestone in manual.milestones.items()
        if ticks.get(key)
        and (milestone.open_to_all or milestone.pk in held or heirs(milestone, manual))
    }


def unknown(ticks: dict[str, bool], taken: Iterable[str]) -> list[str]:
    return sorted({key for key, done in ticks.items() if done} - set(taken))


class SourceForm(forms.Form):
    """The saved ticks, pasted or as a file. ``ticks`` has them once the form is valid."""

    text = forms.CharField(
        required=False,
        label="What that page saved",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )
    file = forms.FileField(required=False, allow_empty_file=True, label="Or a file with it")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticks: dict[str, bool] = {}

    def clean(self) -> dict[str, Any]:
        file: UploadedFile[bytes] | None = self.cleaned_data.get("file")
        name = "file" if file else "text"
        try:
            text = decoded(file) if file else self.cleaned_data.get("text", "")
            if file:
                # From here on the text is what counts: what was read of the file stays in sight.
                self.data = {**self.data, "text": text}
            if not text and "text" not in self.errors:
                raise ValidationError("Paste the text here, or choose a file with it.")
            if text:
                self.ticks = read(text)
        except ValidationError as error:
            self.add_error(name, error)
        return self.cleaned_data


def decoded(file: UploadedFile[bytes]) -> str:
    if (file.size or 0) > LONGEST:
        raise ValidationError(HUGE)
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError("This file is no text in UTF-8.") from error
    ProhibitNullCharactersValidator()(text)
    return str(text)
