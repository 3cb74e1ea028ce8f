"""Bytes to text, or a sentence that says where it went wrong."""

import codecs
import re

from journal.text import unkeepable

_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n|\r|\n")


class UnreadableError(ValueError):
    """Says in a sentence for its person why a file is no text."""


def decode(data: bytes) -> str:
    """Read UTF-8, or UTF-16 that says so with a byte order mark. The mark is dropped."""
    encoding = _UTF_16.get(data[:2], "utf-8")
    data = data[2:] if encoding != "utf-8" else data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_BREAKS.findall(data[: error.start].decode(encoding, "replace"))) + 1
        raise UnreadableError(
            f"This is no {encoding[:6].upper()} text: byte {error.start + 1:,}, on line {line:,}, "
            "fits no character. Save the file as UTF-8 and send it again."
        ) from None
    if encoding == "utf-8" and data[1:200:2].strip(b"\0") == b"" != data[1:2]:
        raise UnreadableError(
            "This looks like UTF-16 that does not say so. Save the file as UTF-8 and send it again."
        )
    check(text)
    return text


def check(text: str) -> None:
    """Refuse what no database can keep, naming the line."""
    if reason := unkeepable(text):
        before = _UNKEEPABLE.split(text, 1)[0]
        line = len(_BREAKS.findall(before)) + 1
        raise UnreadableError(f"Line {line:,}: {reason[0].lower()}{reason[1:]}")
    if not text.strip():
        raise UnreadableError("There is nothing in it.")
