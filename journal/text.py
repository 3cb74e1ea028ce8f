"""What counts as the same text, whichever way it came in: form, file or API."""

import re

NUL = "The text holds a NUL character, which cannot be kept. Remove it and try again."
BROKEN = "The text holds half of a character (a lone surrogate). Remove it and try again."

_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?")
_BLANK_BEFORE = re.compile(r"\A(?:[^\S\n]*\n)+")
TAG = re.compile(r"\w[\w.+-]{0,39}")


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
    names = (name.lstrip("#").casefold() for name in re.split(r"[\s,]+", text))
    return tuple(dict.fromkeys(filter(None, names)))
