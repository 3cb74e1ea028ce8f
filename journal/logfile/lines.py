"""Which lines of a log are its structure: headings and fences, as CommonMark sees them.

A line inside a code fence, a comment, a list item or a quote is never structure. What we write so
that it could be taken for structure gets a backslash before it; reading our own files takes that
off again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from journal.logfile.dates import Order, read_head
from journal.models import PROMPTS
from journal.models.writing import EARLIEST

_FENCE = re.compile(r" {0,3}(?:(?P<ticks>`{3,})[^`]*|(?P<tildes>~{3,}).*)")
_CLOSING = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})[ \t]*")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?", re.DOTALL)
_HASHES_AFTER = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*\Z")
_ESCAPED_HASHES = re.compile(r"(?:^|(?<=[ \t]))\\(?=\\*#+\Z)")
_HASHES_AT_END = re.compile(r"(?:^|(?<=[ \t]))(?=\\*#+\Z)")
_UNDERLINE = re.compile(r" {0,3}(={3,}|-{3,})[ \t]*")
_ITEM = re.compile(r"( {0,3}(?:[-*+]|[0-9]{1,9}[.)]))(?:([ \t]+)(?=\S)|[ \t]*\Z)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
# HTML that may hold blank lines: a comment up to its end, and these four up to the end of any.
_HTML = re.compile(
    r" {0,3}<(?:(?P<comment>!--)|(?P<tag>pre|script|style|textarea)(?=[ \t>]|\Z)).*",
    re.IGNORECASE | re.DOTALL,
)
_END_OF_TAG = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
# What ends a list item that it does not belong to. With backslashes or without: what we escape must
# stand where it stood.
_STARTS = re.compile(
    r" {0,3}(?:\\*(?:#{1,6}(?:[ \t]|\Z)|`{3}|~{3}|(?:={3,}|-{3,})[ \t]*\Z"
    r"|<(?:!--|(?:pre|script|style|textarea)(?:[ \t>]|\Z)))"
    r"|>|[-*+](?:[ \t]|\Z)|[0-9]{1,9}[.)][ \t])",
    re.IGNORECASE,
)
# Backslashes, and what would be structure without them.
_MARKED = re.compile(
    r"(?P<indent> {0,3})(?P<slashes>\\*)"
    r"(?:(?P<heading>#{1,6}(?:[ \t].*)?)|(?P<fence>`{3}.*|~{3}.*)"
    r"|(?P<under>(?:={3,}|-{3,})[ \t]*)"
    r"|(?P<html><(?:!--|(?:pre|script|style|textarea)(?=[ \t>]|\Z)).*))",
    re.DOTALL | re.IGNORECASE,
)

DEEPEST = 20  # lists in lists that are followed; further in, nothing is structure anyway

_NAMES = {
    "tried": "tried",
    "i tried": "tried",
    "what i tried": "tried",
    "what we tried": "tried",
    "what did i try": "tried",
    "what did we try": "tried",
    "happened": "happened",
    "what happened": "happened",
    "learned": "learned",
    "learnt": "learned",
    "i learned": "learned",
    "i learnt": "learned",
    "what i learned": "learned",
    "what i learnt": "learned",
    "what we learned": "learned",
    "what we learnt": "learned",
    "what did i learn": "learned",
    "what did we learn": "learned",
    "lessons learned": "learned",
    "lessons learnt": "learned",
    "learning": "learned",
    "learnings": "learned",
    "next": "next",
    "next step": "next",
    "next steps": "next",
    "next up": "next",
    "up next": "next",
    "what next": "next",
    "what is next": "next",
    "what's next": "next",
    "what’s next": "next",
}
assert set(_NAMES.values()) == set(PROMPTS)
_NAME = "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
_MARK = r"(?:\*\*|__|\*|_)"
_MARKED_PROMPT = re.compile(
    rf"{_MARK}[ ]*({_NAME})[ ]*(?:\??:[ ]*{_MARK}|\?[ ]*{_MARK}:?|{_MARK}[ ]*(?:[:–—-]|\Z))(.*)",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_PROMPT = re.compile(
    rf"({_NAME})[ ]*(?:\??:|\?(?=[ \t]*\Z)|[ ]-|[–—])(?:[ \t]+(.*)|\Z)", re.IGNORECASE | re.DOTALL
)


class Place(Enum):
    """Where a line stands."""

    TOP = "text of the page itself"
    BLANK = "blank"
    ITEM = "the first line of a list item"
    WITHIN = "inside a fence or a list item"


class Scanner:
    """Reads lines from above to below and says of each where it stands.

    ``closing`` is what would end the code or comment that is open, empty when none is.
    """

    __slots__ = ("_columns", "_depth", "_item", "_paragraph", "closing")

    def __init__(self, depth: int = 0) -> None:
        self.closing = ""
        self._depth = depth
        self._item: Scanner | None = None  # reads what is in the open list item
        self._columns = 0  # that lines of the item are indented by
        self._paragraph = False  # whether the line before may go on without its indent

    def reset(self) -> None:
        """Forget what stood before: a heading ends it all."""
        self.closing, self._item, self._paragraph = "", None, False

    def holds(self, line: str) -> bool:
        """Say whether a line belongs to open code or by its indent to an open list item."""
        return bool(self.closing) or (
            self._item is not None and _indent(line) >= self._columns and not line.isspace()
        )

    def place(self, line: str) -> Place:
        if self.closing:
            if _closes(line, self.closing):
                self.closing = ""
            return Place.WITHIN
        if not line or line.isspace():
            self._paragraph = False
            if self._item:
                self._item.place("")
            return Place.BLANK
        if self._item:
            if self.holds(line):
                self._item.place(line.expandtabs(4)[self._columns :])
                return Place.WITHIN
            if self._item.in_paragraph and not _STARTS.match(line):
                return Place.WITHIN
            self._item = None
        sign = line.lstrip(" ")[0]
        if sign.isalpha():
            # Most lines. An indent of four matters only where no paragraph is open.
            self._paragraph = self._paragraph or _indent(line) < 4
            return Place.TOP
        if sign in "`~" and (fence := _FENCE.fullmatch(line)):
            self.closing = fence["ticks"] or fence["tildes"]
            self._paragraph = False
            return Place.WITHIN
        if sign == "<" and (html := _HTML.fullmatch(line)):
            closing = "-->" if html["comment"] else f"</{html['tag']}>"
            self.closing = "" if _closes(line, closing) else closing
            self._paragraph = False
            return Place.WITHIN
        if (sign in "-*+" or sign.isdecimal()) and self._depth < DEEPEST and _ITEM.match(line):
            if _RULE.fullmatch(line):
                self._paragraph = False
                return Place.TOP
            self._columns = item_indent(line)
            self._item = Scanner(self._depth + 1)
            self._item.place(line.expandtabs(4)[self._columns :])
            return Place.ITEM
        code = not self._paragraph and _indent(line) >= 4
        self._paragraph = not (code or (sign == "#" and heading_of(line)))
        return Place.TOP

    @property
    def in_paragraph(self) -> bool:
        if self.closing:
            return False
        return self._item.in_paragraph if self._item else self._paragraph


def _closes(line: str, closing: str) -> bool:
    if closing == "-->":
        return closing in line
    if closing[0] == "<":
        return bool(_END_OF_TAG.search(line))
    found = _CLOSING.fullmatch(line)
    return bool(found) and found["fence"].startswith(closing)  # type: ignore[index]


def _indent(line: str) -> int:
    if line[:1] not in (" ", "\t"):
        return 0
    return len(line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: ``line`` counts from 0, ``end`` is the line after it."""

    line: int
    end: int
    level: int
    text: str


def heading_of(line: str) -> tuple[int, str] | None:
    """Give level and text of a ``#`` heading."""
    found = _HEADING.fullmatch(line)
    if not found:
        return None
    text = _HASHES_AFTER.sub("", (found[2] or "").rstrip(" \t")).rstrip(" \t")
    return len(found[1]), _ESCAPED_HASHES.sub("", text)


def underline_of(line: str) -> int:
    """Give the level of heading that this line makes of the one above it, 0 for none."""
    if not line or line.lstrip(" ")[:1] not in ("=", "-"):
        return 0
    found = _UNDERLINE.fullmatch(line)
    return 0 if not found else 1 if found[1][0] == "=" else 2


def can_be_underlined(before: str, line: str) -> bool:
    """Say whether a line at the top is a paragraph of its own, and so may become a heading."""
    if line.lstrip(" ")[:1] in (">", "#", "=", "-") or line.startswith(("    ", "\t", " \t")):
        return False
    return (
        not before
        or before.isspace()
        or heading_of(before) is not None
        or _RULE.fullmatch(before) is not None
    )


def escape_title(title: str) -> str:
    """Keep hashes at the end of a title from closing its heading."""
    return _HASHES_AT_END.sub(r"\\", title)


def prompt_of(text: str) -> str:
    """Give the prompt that a heading names, or nothing."""
    return _NAMES.get(text.strip(" \t*_:?").casefold(), "")


def marked_prompt(line: str) -> tuple[str, str] | None:
    """Give prompt and the rest of the line for ``**Tried:** this``, or with ``_`` or one star."""
    found = _MARKED_PROMPT.fullmatch(line) if line[:1] in ("*", "_") else None
    return (_NAMES[found[1].casefold()], found[2].lstrip(" \t")) if found else None


def plain_prompt(line: str) -> tuple[str, str] | None:
    """Give prompt and the rest of the line for ``tried: this`` or ``Tried - this``."""
    found = _PLAIN_PROMPT.fullmatch(line) if line[:1].isalpha() else None
    return (_NAMES[found[1].casefold()], found[2] or "") if found else None


def item_prompt(line: str) -> tuple[str, str] | None:
    """Give prompt and the rest of the line for ``- tried: this``, marked or not."""
    item = _ITEM.match(line)
    if not item:
        return None
    text = line[item.end() :].rstrip(" \t")
    if named := prompt_of(text):
        return named, ""
    return marked_prompt(text) or plain_prompt(text)


def item_indent(line: str) -> int:
    """Give the columns that lines of the list item beginning here are indented by."""
    item = _ITEM.match(line)
    if not item:
        return 0
    space = len((item[2] or "").expandtabs(4))
    return len(item[1]) + (space if 1 <= space <= 4 else 1)


def escape(text: str) -> str:
    """Give a text so that no line of it is structure in our own files."""
    return "\n".join(_escaped(text.split("\n")))


def unescape(line: str) -> str:
    """Take back what ``escape`` did to a line at the top."""
    found = _MARKED.fullmatch(line) if "\\" in line[:4] else None
    if not found or not found["slashes"]:
        return line
    return f"{found['indent']}{line[found.end('indent') + 1 :]}"


def _escaped(lines: list[str]) -> Iterator[str]:
    scanner = Scanner()
    after = _closings(lines)
    before = paragraph = ""
    for number, line in enumerate(lines):
        stands = "" if scanner.holds(line) else _structure_in(line, paragraph, after[number])
        written = f"{line[: -len(stands)]}\\{stands}" if stands else line
        yield written
        place = scanner.place(written)
        top = place is Place.TOP
        paragraph = written if top and can_be_underlined(before, written) else ""
        if top and heading_of(written):
            scanner.reset()
        before = written


@dataclass(frozen=True, slots=True)
class _Closings:
    """What closes from a line on: the longest fences after it, comments and tags also in it."""

    ticks: int = 0
    tildes: int = 0
    comment: bool = False
    tag: bool = False


def _structure_in(line: str, paragraph: str, after: _Closings) -> str:
    """Give the part of a line before which a backslash has to stand, or nothing."""
    if line.lstrip(" ")[:1] not in ("#", "`", "~", "=", "-", "<", "\\"):
        return ""
    found = _MARKED.fullmatch(line)
    if not found:
        return ""
    rest = line[found.end("indent") :]
    if found["slashes"]:
        return rest
    if found["fence"]:
        fence = _FENCE.fullmatch(line)
        if not fence:
            return ""
        length = len(fence["ticks"] or fence["tildes"])
        return rest if length > (after.ticks if fence["ticks"] else after.tildes) else ""
    if found["html"]:
        return "" if (after.comment if rest.startswith("<!--") else after.tag) else rest
    if found["under"]:
        return rest if paragraph else ""
    level, text = heading_of(line) or (0, "")
    return rest if level <= 2 or prompt_of(text) or begins_with_date(text) else ""


def begins_with_date(text: str) -> bool:
    order: Order = None
    return read_head(text, today=EARLIEST, order=order) is not None


def _closings(lines: list[str]) -> list[_Closings]:
    after = _Closings()
    found = []
    for line in reversed(lines):
        comment, tag = "-->" in line, "</" in line and bool(_END_OF_TAG.search(line))
        if (comment and not after.comment) or (tag and not after.tag):
            after = replace(after, comment=after.comment or comment, tag=after.tag or tag)
        found.append(after)
        if closing := _CLOSING.fullmatch(line):
            length = len(closing["fence"])
            if closing["fence"][0] == "`":
                after = replace(after, ticks=max(after.ticks, length))
            else:
                after = replace(after, tildes=max(after.tildes, length))
    return found[::-1]
