"""What reading a log gives."""

import datetime as dt
from dataclasses import dataclass, field
from textwrap import dedent

from journal.excerpts import clipped, plain
from journal.logfile.dates import is_roughly_dated
from journal.logfile.metadata import Metadata
from journal.models import PROMPTS, Writing


@dataclass(frozen=True)
class Dated:
    """An entry of the file. ``line`` counts from 1; no zone: the file does not say."""

    line: int
    writing: Writing
    zone: str = ""

    @property
    def prompts(self) -> list[str]:
        """Give the prompts that are filled."""
        return [prompt for prompt in PROMPTS if getattr(self.writing, prompt)]

    @property
    def excerpt(self) -> str:
        """Give the first words, for an entry without a title."""
        return clipped(plain(getattr(self.writing, self.prompts[0])), 120)


@dataclass(frozen=True)
class Undated:
    """A part of the file that could not be dated, word for word."""

    line: int
    heading: str
    source: str
    doubt: str
    suggestion: dt.date | None
    _title: str = field(repr=False)
    _body: "Body" = field(repr=False)

    def on(self, day: dt.date) -> Dated:
        return self._body.entry(self.line, day, self._title)

    @property
    def as_preamble(self) -> str:
        """The same as a part of what stands before the first entry: nothing in it is a date."""
        is_date = self.doubt or is_roughly_dated(self.heading)
        return f"\\{self.source}" if is_date else self.source


@dataclass(frozen=True)
class Log:
    """What a log holds. ``asks_order``: 03/04/2026 is in it, and nothing says how to read it."""

    front_matter: str = ""
    preamble: str = ""
    entries: list[Dated] = field(default_factory=list)
    undated: list[Undated] = field(default_factory=list)
    bare: list[tuple[int, str]] = field(default_factory=list)  # of days and months, nothing below
    passed: list[tuple[int, str]] = field(default_factory=list)  # dates alone, taken as words
    asks_order: bool = False
    open_block: tuple[int, str] | None = None  # the line that opens code which is never closed

    @property
    def opening(self) -> str:
        return self.front_matter + self.preamble

    @property
    def is_newest_first(self) -> bool:
        return bool(self.entries) and self.entries[0].writing.day > self.entries[-1].writing.day


@dataclass(frozen=True)
class Body:
    said: Metadata
    words: dict[str, str]

    def entry(self, line: int, day: dt.date, title: str, inline: str = "") -> Dated:
        words = {prompt: text for prompt, text in self.words.items() if text}
        if inline:
            words["happened"] = f"{inline}\n{dedent(words.get('happened', ''))}"
        if not words:
            # A heading alone: its words are all there is.
            title, words = "", {"happened": title}
        writing = Writing(
            day=day,
            title=title,
            tags=self.said.tags,
            milestones=self.said.milestones,
            minutes=self.said.minutes,
            build_work=self.said.build_work,
            **words,
        )
        return Dated(line, writing.tidied(), self.said.zone)
