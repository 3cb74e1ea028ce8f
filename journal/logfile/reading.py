"""Reading a log: whatever dated Markdown it is, each line of it ends up somewhere."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from textwrap import dedent

from journal.logfile.dates import Order, day_within, order_of, read_head
from journal.logfile.lines import (
    Heading,
    Place,
    Scanner,
    bold_prompt,
    can_be_underlined,
    heading_of,
    plain_prompt,
    prompt_of,
    underline_of,
    unescape,
)
from journal.logfile.metadata import Metadata, read_metadata
from journal.models import PROMPTS, Writing
from journal.text import tidy

_PARTS = re.compile(r"(\r\n|\r|\n)")
_BOLD = re.compile(r"(?:\*\*|__)([^*_].*?):?(?:\*\*|__)[ ]*:?[ \t]*")
_ITEM = re.compile(r"[-*+][ ]+(.*)")
_YEAR = re.compile(r"[0-9]{4}")
# Levels of what is no heading. An undated heading of the first two levels parts such entries.
_BOLD_LEVEL, _LINE_LEVEL, _ITEM_LEVEL = 7, 8, 9


@dataclass(frozen=True)
class Dated:
    """An entry of the file. ``line`` counts from 1; no zone: the file does not say."""

    line: int
    writing: Writing
    zone: str = ""

    @property
    def excerpt(self) -> str:
        """Give the first words, for an entry without a title."""
        texts = (getattr(self.writing, prompt) for prompt in PROMPTS)
        return " ".join(next(filter(None, texts), "")[:120].split())


@dataclass(frozen=True)
class Undated:
    """A part of the file that could not be dated, word for word."""

    line: int
    heading: str
    source: str
    doubt: str
    suggestion: dt.date | None
    _title: str = field(repr=False)
    _body: "_Body" = field(repr=False)

    def on(self, day: dt.date) -> Dated:
        return self._body.entry(self.line, day, self._title)

    @property
    def as_preamble(self) -> str:
        """The same as a part of what stands before the first entry: nothing in it is a date."""
        first, line_break, rest = self.source.partition("\n")
        return f"\\{first}{line_break}{rest}" if self.doubt else self.source


@dataclass(frozen=True)
class Log:
    """What a log holds. ``asks_order``: 03/04/2026 is in it, and nothing says how to read it."""

    front_matter: str = ""
    preamble: str = ""
    entries: list[Dated] = field(default_factory=list)
    undated: list[Undated] = field(default_factory=list)
    bare: list[tuple[int, str]] = field(default_factory=list)  # headings with nothing below them
    asks_order: bool = False
    open_fence: int = 0  # the line of a code fence that is never closed

    @property
    def opening(self) -> str:
        return self.front_matter + self.preamble


def parse(text: str, *, today: dt.date, order: Order = None) -> Log:
    """Read a log. Takes any text; ``today`` is the person's own day."""
    return _Reader(text, today, order).log()


class _Reader:
    def __init__(self, text: str, today: dt.date, order: Order) -> None:
        self.parts = _PARTS.split(text)
        self.lines = self.parts[::2]
        self.today = today
        self.headings: dict[int, Heading] = {}
        self.weaker: list[Heading] = []
        self.top = bytearray(len(self.lines))
        self.open_fence = 0
        self.start = self._after_front_matter()
        self._scan()
        self.heads = self._heads()
        self.order = order or order_of([head.text for head in self.heads.values()])

    def raw(self, begin: int, end: int) -> str:
        return "".join(self.parts[2 * begin : 2 * end])

    def log(self) -> Log:
        starts = self._starts()
        first = starts[0].line if starts else len(self.lines)
        log = Log(
            front_matter=self.raw(0, self.start),
            preamble=self.raw(self.start, first),
            open_fence=self.open_fence,
        )
        asks = False
        latest = None
        ends = [*(start.line for start in starts[1:]), len(self.lines)]
        for start, end in zip(starts, ends, strict=False):
            head = read_head(start.text, today=self.today, order=self.order)
            body = self._body(start, end)
            if head and head.day:
                latest = head.day
                if not head.title and not any(body.words.values()):
                    log.bare.append((start.line + 1, start.text))
                elif start.level == _ITEM_LEVEL:
                    log.entries.append(body.entry(start.line + 1, head.day, "", head.title))
                else:
                    log.entries.append(body.entry(start.line + 1, head.day, head.title))
                continue
            asks = asks or bool(head and head.asks_order)
            if not head and not any(body.words.values()):
                log.bare.append((start.line + 1, start.text))
                continue
            suggestion = None if head else day_within(start.text, today=self.today) or latest
            log.undated.append(
                Undated(
                    line=start.line + 1,
                    heading=start.text,
                    source=self.raw(start.line, end),
                    doubt=head.doubt if head else "",
                    suggestion=suggestion,
                    _title=head.title if head else start.text,
                    _body=body,
                )
            )
        return replace(log, asks_order=asks)

    def _after_front_matter(self) -> int:
        """Give the line after the front matter: 0 without. A dated heading is never in it."""
        if self.lines[0].rstrip(" \t") != "---":
            return 0
        for number, line in enumerate(self.lines[1:], 1):
            if line.rstrip(" \t") in ("---", "..."):
                return number + 1
            heading = heading_of(line) if line.startswith("#") else None
            if heading and read_head(heading[1], today=self.today):
                return 0
        return 0

    def _scan(self) -> None:
        """Find every heading, and every other line that a log could hang its days on."""
        scanner = Scanner()
        before = ""
        skip = -1
        for number in range(self.start, len(self.lines)):
            line = self.lines[number]
            was_open = bool(scanner.fence)
            place = scanner.place(line)
            if scanner.fence and not was_open:
                self.open_fence = number + 1
            if place is Place.TOP and number != skip:
                self.top[number] = 1
                if heading := self._heading_at(number, before):
                    self.headings[number] = heading
                    skip = heading.end - 1 if heading.end > number + 1 else -1
                    scanner.reset()
                elif not before.strip() and len(line) < 300 and _YEAR.search(line):
                    bold = _BOLD.fullmatch(line)
                    level, text = (_BOLD_LEVEL, bold[1]) if bold else (_LINE_LEVEL, line)
                    self.weaker.append(Heading(number, number + 1, level, text.rstrip(" \t:")))
            elif place is Place.ITEM and _YEAR.search(line) and (item := _ITEM.fullmatch(line)):
                text = item[1].replace("**", "", 2)
                self.weaker.append(Heading(number, number + 1, _ITEM_LEVEL, text))
            before = line
        self.open_fence = self.open_fence if scanner.fence else 0

    def _heading_at(self, number: int, before: str) -> Heading | None:
        line = self.lines[number]
        if line.lstrip(" ").startswith("#") and (found := heading_of(line)):
            return Heading(number, number + 1, *found)
        after = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        if after and (level := underline_of(after)) and can_be_underlined(before, line):
            return Heading(number, number + 2, level, line.strip(" \t"))
        return None

    def _heads(self) -> dict[int, Heading]:
        """Give the lines that begin with dates, of the strongest kind that the file uses."""
        dated = {
            n: head for n, head in self.headings.items() if read_head(head.text, today=self.today)
        }
        for level in (_BOLD_LEVEL, _LINE_LEVEL, _ITEM_LEVEL):
            if dated:
                break
            for head in self.weaker:
                found = read_head(head.text, today=self.today) if head.level == level else None
                if found and (level != _LINE_LEVEL or not found.title):
                    dated[head.line] = head
        return dated

    def _starts(self) -> list[Heading]:
        """Give what parts the file: dated heads, and undated headings that stand beside them."""
        starts: list[Heading] = []
        level = 0
        for head in sorted({**self.headings, **self.heads}.values(), key=lambda head: head.line):
            if head.line in self.heads:
                level = min(head.level, 6) if head.level <= 6 else 2
                starts.append(head)
            elif starts and head.level <= level and not prompt_of(head.text):
                starts.append(head)
        return starts

    def _body(self, start: Heading, end: int) -> "_Body":
        numbers = range(start.end, end)
        while numbers and not self.lines[numbers[0]].strip():
            numbers = numbers[1:]
        said = Metadata()
        while numbers and self.top[numbers[0]]:
            more = read_metadata(self.lines[numbers[0]])
            if more is None:
                break
            said, numbers = said.joined(more), numbers[1:]
        pieces: dict[str, list[list[str]]] = {}
        for prompt, text in self._pieces(numbers, ours=bool(said.zone)):
            chunks = pieces.setdefault(prompt or "happened", [[]])
            if text is None:
                chunks.append([])
            else:
                chunks[-1].append(text)
        return _Body(said, {prompt: _joined(chunks) for prompt, chunks in pieces.items()})

    def _pieces(self, numbers: range, *, ours: bool) -> Iterator[tuple[str, str | None]]:
        """Give each line with the prompt it belongs to, and None where a prompt begins."""
        reads = self._style(numbers)
        prompt = ""
        skip = -1
        for number in numbers:
            line = self.lines[number]
            heading = self.headings.get(number)
            if number == skip:
                continue
            if heading and (named := prompt_of(heading.text)):
                prompt, skip = named, heading.end - 1
                yield prompt, None
            elif self.top[number] and (found := reads(line)):
                prompt = found[0]
                yield prompt, None
                yield found
            else:
                yield prompt, unescape(line) if ours and self.top[number] else line

    def _style(self, numbers: range) -> Callable[[str], tuple[str, str] | None]:
        """Tell how an entry marks its prompts: what else looks like one is text."""
        for number in numbers:
            if (heading := self.headings.get(number)) and prompt_of(heading.text):
                return _no_prompt
        if any(self.top[number] and bold_prompt(self.lines[number]) for number in numbers):
            return bold_prompt
        return plain_prompt


@dataclass(frozen=True)
class _Body:
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


def _no_prompt(_line: str) -> None:
    return None


def _joined(chunks: list[list[str]]) -> str:
    return "\n\n".join(filter(None, (tidy("\n".join(lines)) for lines in chunks)))
