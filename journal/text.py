"""What counts as the same text, whichever way it came in: form, file or API."""

import re
import unicodedata

NUL = "The text holds a NUL character, which cannot be kept. Remove it and try again."
BROKEN = "The text holds half of a character (a lone surrogate). Remove it and try again."

_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?")
_BLANK_BEFORE = re.compile(r"\A(?:[^\S\n]*\n)+")
# Signs that stand on letters, which are no letters to ``\w``: of Latin, Hebrew and Arabic, of the
# scripts of India, Thailand, Laos, Tibet, Myanmar and Cambodia, and of kana.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0df3"
    "\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u0f18-\u0f84\u102b-\u109d\u17b4-\u17d3\u3099\u309a"
)
TAG = re.compile(rf"\w[\w.+{_MARKS}-]{{0,39}}")


def tidy(text: str) -> str:
    """Give a text with line feeds alone, without blank lines around it.

    The first line keeps its indent, which may be that of a code block. Tidying twice is tidying
    once.
    """
    return _BLANK_BEFORE.sub("", _BREAKS.sub("\n", text)).rstrip()


def line(text: str) -> str:
    """Give a text as one line, with single spaces."""
    return " ".join(text.split())


def unkeepable(text: str) -> str:
    """Say why no database can keep this text, or nothing."""
    if "\0" in text:
        return NUL
    if _SURROGATE.search(text):
        return BROKEN
    return ""


def tags_of(text: str) -> tuple[str, ...]:
    """Give the tags in a line of them, parted by commas or spaces, in order and each once."""
    names = (fold(name.lstrip("#")) for name in re.split(r"[\s,]+", text))
    return tuple(dict.fromkeys(filter(None, names)))


def fold(tag: str) -> str:
    """Give a tag in lower case, and with its accents put together: what looks alike is alike."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).casefold())
