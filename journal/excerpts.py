"""The words of a text without its Markdown, for lists. Not HTML: the template escapes it."""

import re

LENGTH = 240  # characters shown of a text

_LINES = [
    (re.compile(r"^\s*(`{3,}|~{3,}).*$"), ""),  # fences
    (re.compile(r"^\s*(?:[-*_]\s*){3,}$"), ""),  # rules
    (re.compile(r"^[\s|:-]*\|[\s|:-]*$"), ""),  # under the head of a table
    (re.compile(r"^\s*\[\^?[^\]]+\]:\s*\S.*$"), ""),  # footnotes, addresses of links
    (re.compile(r"^(?:\s*>)+\s?"), ""),
    (re.compile(r"^\s*#{1,6}\s+"), ""),
    (re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?"), "· "),
]
_WITHIN = [
    (re.compile(r"!\[([^\]]{0,200})\]\([^)\s]{0,500}(?:\s[^)]{0,200})?\)"), r"\1"),
    (re.compile(r"\[([^\]]{1,200})\]\([^)\s]{0,500}(?:\s[^)]{0,200})?\)"), r"\1"),
    (re.compile(r"\[\^[^\]\s]{1,60}\]"), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,300}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"(`{1,3})([^`]+)\1"), r"\2"),
]


def plain(text: str) -> str:
    """Give the words of a Markdown text as one line, as far as a glance needs it."""
    lines = []
    fenced = False
    for line in text.split("\n"):
        if _LINES[0][0].match(line):
            fenced = not fenced
            continue
        if not fenced:
            for pattern, by in _LINES[1:]:
                line = pattern.sub(by, line)
            for pattern, by in _WITHIN:
                line = pattern.sub(by, line)
        lines.append(line)
    return " ".join(" ".join(lines).split()).removeprefix("· ")


def clipped(text: str, length: int = LENGTH) -> str:
    """Give the beginning of a line of words, whole when it is short; cut at a space."""
    if len(text) <= length:
        return text
    cut = text.rfind(" ", length // 2, length)
    return text[: cut if cut > 0 else length].rstrip(" ,;:") + "…"
