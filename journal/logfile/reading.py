"""Reading a log: whatever dated Markdown it is, each line of it ends up somewhere."""

import datetime as dt
import re
from bisect import bisect
from collections.abc import Callable, Iterator

from journal.logfile.dates import (
    Head,
    Order,
    guess,
    is_calendar,
    is_roughly_dated,
    order_of,
    read_head,
)
from journal.logfile.definitions import definitions_at_end, wanted, with_definitions
from journal.logfile.lines import (
    Heading,
    Place,
    Scanner,
    can_be_underlined,
    heading_of,
    item_indent,
    item_prompt,
    marked_prompt,
    plain_prompt,
    prompt_of,
    underline_of,
    unescape,
)
from journal.logfile.log import Body, Log, Undated
from journal.logfile.metadata import Metadata, read_metadata
from journal.text import tidy

_PARTS = re.compile(r"(\r\n|\r|\n)")
_BOLD = re.compile(r"(?:\*\*|__)([^*_].*?)(?:\*\*|__)(.*)")
_NO_SPACE = re.compile(r"#{1,6}(?=[^#\s])(.*)")  # a heading, but for its space
_ITEM = re.compile(r"[-*+][ ]+(.*)")
_YEAR = re.compile(r"[0-9]{4}")
# Levels of what is no heading. An undated heading of the first two levels parts such entries.
_BOLD_LEVEL, _LINE_LEVEL, _ITEM_LEVEL = 7, 8, 9
_LONGEST_HEAD = 300  # characters: a longer line is words, whatever it begins with
_LONGEST_TITLE = 120  # of such a head
_MOST_COPIED = 5_000_000  # characters of definitions that go to entries; of more, none does


def parse(text: str, *, today: dt.date, order: Order = None, every_date: bool = False) -> Log:
    """Read a log. Takes any text; ``today`` is the person's own day.

    The days of a file are headings, or else bold, or else lines, or else items of a list. With
    ``every_date``, dates that stand alone begin entries beside the strongest of these too.
    """
    return _Reader(text, today, order, every_date=every_date).log()


class _Reader:
    def __init__(self, text: str, today: dt.date, order: Order, *, every_date: bool) -> None:
        self.parts = _PARTS.split(text)
        self.lines = self.parts[::2]
        self.today = today
        self.headings: dict[int, Heading] = {}
        self.weaker: list[Heading] = []
        self.top = bytearray(len(self.lines))
        self.item = bytearray(len(self.lines))
        self.open_block: tuple[int, str] | None = None
        self.start = self._after_front_matter()
        self._scan()
        self.order = order
        self.heads = self._heads()
        if every_date:
            self.heads |= {head.line: head for head in self._alone()}
        self.order = order or order_of([head.text for head in self.heads.values()])

    def raw(self, begin: int, end: int) -> str:
        return "".join(self.parts[2 * begin : 2 * end])

    def log(self) -> Log:
        starts = self._starts()
        heads = [self._read(start) for start in starts]
        first = starts[0].line if starts else len(self.lines)
        ends = [*(start.line for start in starts[1:]), len(self.lines)]
        log = Log(
            front_matter=self.raw(0, self.start),
            preamble=self.raw(self.start, first),
            passed=self._passed(starts),
            asks_order=any(head and head.asks_order for head in heads),
            open_block=self.open_block,
        )
        latest = None
        nearest = next((head.day for head in heads if head and head.day), None)
        for start, end, head, body in zip(starts, ends, heads, self._bodies(starts), strict=False):
            if head and head.day:
                latest = nearest = head.day
                if not head.title and not any(body.words.values()):
                    log.bare.append((start.line + 1, start.text))
                else:
                    title, inline = self._title(start, head, body)
                    log.entries.append(body.entry(start.line + 1, head.day, title, inline))
                continue
            if not head and not any(body.words.values()) and is_calendar(start.text):
                log.bare.append((start.line + 1, start.text))
                continue
            suggestion = guess(start.text, today=self.today, near=nearest) or latest
            log.undated.append(
                Undated(
                    line=start.line + 1,
                    heading=start.text,
                    source=self.raw(start.line, end),
                    doubt=head.doubt if head else "",
                    suggestion=None if head else suggestion,
                    _title=head.title if head else start.text,
                    _body=body,
                )
            )
        return log

    def _read(self, start: Heading) -> Head | None:
        return read_head(start.text, today=self.today, order=self.order)

    def _title(self, start: Heading, head: Head, body: Body) -> tuple[str, str]:
        """Part what follows a date on its line into the title and the first words of the entry."""
        if start.level < _BOLD_LEVEL or not head.title:
            return head.title, ""
        below = self.lines[start.end] if start.end < len(self.lines) else ""
        is_title = start.level != _ITEM_LEVEL and (
            start.text.startswith("[") or (not below.strip() and any(body.words.values()))
        )
        if is_title and len(head.title) <= _LONGEST_TITLE:
            return head.title, ""
        return "", head.title

    def _passed(self, starts: list[Heading]) -> list[tuple[int, str]]:
        """Give the dates that stand alone and begin no entry, save in entries of our own form."""
        lines = [start.line for start in starts]
        ours = [self._is_ours(start) for start in starts]
        return [
            (head.line + 1, head.text)
            for head in self._alone()
            if not ours[max(0, bisect(lines, head.line) - 1)]
        ]

    def _alone(self) -> list[Heading]:
        """Give lines that are nothing but a date, where the file has a stronger kind of days."""
        return [
            head
            for head in self.weaker
            if head.level < _ITEM_LEVEL
            and head.line not in self.heads
            and (found := self._read(head))
            and not found.title
        ]

    def _is_ours(self, start: Heading) -> bool:
        """Say whether an entry is written in the form we write, which names its zone."""
        below = (line for line in self.lines[start.end : start.end + 3] if line.strip())
        said = read_metadata(next(below, ""))
        return bool(said and said.zone)

    def _after_front_matter(self) -> int:
        """Give the line after the front matter: 0 without.

        A dated heading is never in it; a comment of its YAML may look like one.
        """
        if self.lines[0].rstrip(" \t") != "---":
            return 0
        for number, line in enumerate(self.lines[1:], 1):
            if line.rstrip(" \t") in ("---", "..."):
                return number + 1
            if line.startswith("# ") and number > 1 and self.lines[number - 1].strip():
                continue
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
            was_open = bool(scanner.closing)
            place = scanner.place(line)
            if scanner.closing and not was_open:
                self.open_block = number + 1, line.strip()
            if place is Place.TOP and number != skip:
                self.top[number] = 1
                if heading := self._heading_at(number, before):
                    self.headings[number] = heading
                    skip = heading.end - 1 if heading.end > number + 1 else -1
                    scanner.reset()
                elif weak := _weak_head(line):
                    self.weaker.append(Heading(number, number + 1, *weak))
            elif place is Place.ITEM:
                self.item[number] = 1
                if _YEAR.search(line) and (item := _ITEM.fullmatch(line)):
                    text = item[1].replace("**", "", 2)
                    self.weaker.append(Heading(number, number + 1, _ITEM_LEVEL, text))
            before = line
        self.open_block = self.open_block if scanner.closing else None

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
        dated = {n: head for n, head in self.headings.items() if self._read(head)}
        for level in (_BOLD_LEVEL, _LINE_LEVEL, _ITEM_LEVEL):
            if dated:
                break
            for head in self.weaker:
                found = self._read(head) if head.level == level else None
                if found and (level != _LINE_LEVEL or found.apart):
                    dated[head.line] = head
        return dated

    def _starts(self) -> list[Heading]:
        """Give what parts the file: dated heads, and undated headings that stand beside them.

        What may be a date counts before the first of these as well, unless we wrote the file.
        """
        leader = min(self.heads.values(), key=lambda head: head.line, default=None)
        counts_before = leader is None or not self._is_ours(leader)
        starts: list[Heading] = []
        level = 0
        for head in sorted({**self.headings, **self.heads}.values(), key=lambda head: head.line):
            if head.line in self.heads:
                level = _level(head)
                starts.append(head)
            elif starts and head.level <= level:
                if not prompt_of(head.text):
                    starts.append(head)
            elif (
                not leader or (counts_before and not starts and head.level == _level(leader))
            ) and is_roughly_dated(head.text):
                level = head.level
                starts.append(head)
        return starts

    def _bodies(self, starts: list[Heading]) -> list[Body]:
        if not starts:
            return []
        ends = [*(start.line for start in starts[1:]), len(self.lines)]
        definitions: dict[str, str] = {}
        if not self._is_ours(starts[-1]):
            begin, definitions = definitions_at_end(self.lines, self.top)
            if begin < starts[-1].end:
                definitions = {}
            elif definitions:
                ends[-1] = begin
        bodies = [self._body(start, end) for start, end in zip(starts, ends, strict=True)]
        if not definitions:
            return bodies
        named = [
            (body.words, prompt, labels)
            for body in bodies
            for prompt, text in body.words.items()
            if (labels := wanted(text, definitions))
        ]
        if sum(len(definitions[one]) for *_, labels in named for one in labels) > _MOST_COPIED:
            bodies[-1] = self._body(starts[-1], len(self.lines))
            return bodies
        left = dict(definitions)
        for words, prompt, labels in named:
            words[prompt] = with_definitions(words[prompt], definitions, labels)
            for label in labels:
                left.pop(label, None)
        if left:
            words = bodies[-1].words
            prompt = next(reversed(words), "happened")
            words[prompt] = with_definitions(words.get(prompt, ""), definitions, [*left])
        return bodies

    def _body(self, start: Heading, end: int) -> Body:
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
        return Body(said, {prompt: _joined(chunks) for prompt, chunks in pieces.items()})

    def _pieces(self, numbers: range, *, ours: bool) -> Iterator[tuple[str, str | None]]:
        """Give each line with the prompt it belongs to, and None where a prompt begins."""
        reads, in_items = self._style(numbers)
        prompt = ""
        skip = -1
        indent = 0  # of the list item that holds a prompt
        for number in numbers:
            line = self.lines[number]
            heading = self.headings.get(number)
            if number == skip:
                continue
            if heading and (named := prompt_of(heading.text)):
                prompt, skip = named, heading.end - 1
                yield prompt, None
            elif self.top[number] and (found := reads(line)):
                prompt, indent = found[0], 0
                yield prompt, None
                yield found
            elif in_items and self.item[number] and (found := item_prompt(line)):
                prompt, indent = found[0], item_indent(line)
                yield prompt, None
                yield found
            elif self.top[number]:
                indent = 0
                yield prompt, unescape(line) if ours else line
            else:
                yield prompt, _outdented(line, indent)

    def _style(self, numbers: range) -> tuple[Callable[[str], tuple[str, str] | None], bool]:
        """Tell how an entry marks its prompts: what else looks like one is text.

        The second of the two says whether items of a list do, which all of them have to.
        """
        for number in numbers:
            if (heading := self.headings.get(number)) and prompt_of(heading.text):
                return _no_prompt, False
        items = [self.lines[number] for number in numbers if self.item[number]]
        in_items = all(map(item_prompt, items))
        if any(self.top[number] and marked_prompt(self.lines[number]) for number in numbers):
            return marked_prompt, in_items
        return plain_prompt, in_items


def _level(head: Heading) -> int:
    return head.level if head.level < _BOLD_LEVEL else 2


def _weak_head(line: str) -> tuple[int, str] | None:
    """Give level and text of a line that could begin a day without being a heading."""
    if len(line) >= _LONGEST_HEAD or line[:1].isspace() or not _YEAR.search(line):
        return None
    if bold := _BOLD.fullmatch(line):
        return _BOLD_LEVEL, (bold[1].rstrip(" :") + bold[2]).rstrip(" \t:")
    if heading := _NO_SPACE.fullmatch(line):
        return _BOLD_LEVEL, heading[1].rstrip(" \t:")
    if line[0].isalnum() or line[0] in "[(<":
        return _LINE_LEVEL, line.rstrip(" \t:")
    return None


def _outdented(line: str, columns: int) -> str:
    """Take up to so many columns off a line's indent."""
    if not columns:
        return line
    words = line.lstrip(" \t")
    return line[: len(line) - len(words)].expandtabs(4)[columns:] + words


def _no_prompt(_line: str) -> None:
    return None


def _joined(chunks: list[list[str]]) -> str:
    return "\n\n".join(filter(None, (tidy("\n".join(lines)) for lines in chunks)))
