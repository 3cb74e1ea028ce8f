"""Writing LOG.md: what reading it back gives is what was written."""

import re

from journal.logfile.lines import Scanner, escape, escape_title
from journal.logfile.metadata import write_metadata
from journal.models import PROMPTS, Writing

_LAST_BREAK = re.compile(r"(?:\r\n|\r|\n)\Z")
_BLANK_LINE = re.compile(r"(?:\A|\r\n|\r|\n)[ \t]*(?:\r\n|\r(?!\n)|\n)\Z")
_BREAKS = re.compile(r"\r\n|\r|\n")


def write_opening(front_matter: str, preamble: str, *, entries: bool) -> str:
    """Give what stands before the first entry, byte for byte as it came in.

    Only what the entries need is added: the end of a last line, a blank line, and the end of code
    or a comment that would swallow them.
    """
    text = front_matter
    if text and not _LAST_BREAK.search(text) and (preamble or entries):
        text += "\n"
    text += preamble
    if not entries or not text:
        return text
    found = _LAST_BREAK.search(text)
    line_break = found[0] if found else "\n"
    if not found:
        text += line_break
    scanner = Scanner()
    for line in _BREAKS.split(preamble):
        scanner.place(line)
    if scanner.closing:
        text += scanner.closing + line_break
    return text if _BLANK_LINE.search(text) else text + line_break


def write_entry(writing: Writing, zone: str) -> str:
    title = f": {escape_title(writing.title)}" if writing.title else ""
    parts = [f"## {writing.day}{title}", write_metadata(writing, zone)]
    for prompt in PROMPTS:
        if text := getattr(writing, prompt):
            parts += [f"### {prompt.capitalize()}", escape(text)]
    return "\n\n".join(parts) + "\n"
