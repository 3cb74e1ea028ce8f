"""The words of a text without its Markdown, for lists. Not HTML: the template escapes it."""

import re

from mastery.markdown.dollars import formula_at
from mastery.markdown.raw import ALLOWED

LENGTH = 240  # characters shown of a text

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_UNDER_HEAD = re.compile(r"(?=[^-]*-)[\s|:-]+$")  # of a table
_LINES = [
    (re.compile(r"^\s*(?:[-*_]\s*){3,}$"), ""),  # rules
    (re.compile(r"^\s*\[\^?[^\]]+\]:\s*\S.*$"), ""),  # footnotes, addresses of links
    (re.compile(r"^(?:\s*>)+\s?"), ""),
    (re.compile(r"^\s*#{1,6}\s+"), ""),
    (re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?"), "· "),
]
# What stands for itself, whatever signs are in it.
_OPAQUE = re.compile(
    r"""
    \\(?P<sign>[!-/:-@\[-`{-~])
    | (?P<ticks>`+)(?P<code>[^`].{0,300}?)(?<!`)(?P=ticks)(?!`)
    | <(?P<address>(?:https?://|mailto:)[^\s<>]+)>
    | (?P<dollar>\$)
    """,
    re.VERBOSE,
)
_WITHIN = [
    (re.compile(rf"</?(?:{'|'.join(ALLOWED)})(?:\s[^<>]{{0,500}})?/?>", re.IGNORECASE), ""),
    (re.compile(r"!\[([^\]]{0,200})\]\([^)\s]{0,500}(?:\s[^)]{0,200})?\)"), r"\1"),
    (re.compile(r"\[([^\]]{1,200})\]\([^)\s]{0,500}(?:\s[^)]{0,200})?\)"), r"\1"),
    (re.compile(r"\[\^[^\]\s]{1,60}\]"), ""),
    (re.compile(r"(\*\*|__|~~)(?=\S)(.{1,300}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,300}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)_(?=[^\s_])([^_]{1,300}?)(?<=[^\s_])_(?!\w)"), r"\1"),
]
_KEPT = re.compile("\0([0-9]+)\0")
# Names of signs stay words, so that a search that found one can mark it.
_TEX = [
    (re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"\1/\2"),
    (re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}"), " "),
    (
        re.compile(
            r"\\(?:left|right|[bB]igg?[lr]?|math[a-z]+|text[a-z]*|boldsymbol|operatorname\*?"
            r"|displaystyle|limits)(?![A-Za-z])"
        ),
        "",
    ),
    (re.compile(r"\\mid(?![A-Za-z])"), "|"),
    (re.compile(r"\\[,;:!\\ ]|[~&]"), " "),
    (re.compile(r"(?<=[A-Za-z])\\(?=[A-Za-z])"), " "),
    (re.compile(r"[\\{}]"), ""),
]


def plain(text: str) -> str:
    """Give the words of a Markdown text as one line, as far as a glance needs it."""
    words: list[str] = []
    inside = head = ""  # inside of a fence, a formula or a table; what may be its head
    for line in text.split("\n"):
        before, head = head, ""
        if inside != "$" and _FENCE.match(line):
            inside = "" if inside == "`" else "`"
        elif inside == "`":
            words.append(line)
        elif inside == "$" or line.strip().startswith("$$"):
            if line.count("$$") % 2:
                inside = "" if inside == "$" else "$"
            words.append(_tex(line.replace("$$", " ")))
        elif "|" in before and _UNDER_HEAD.match(line):
            words[-1] = _row(before)
            inside = "|"
        elif "|" in line and (inside or line.lstrip().startswith("|")):
            words.append(_row(line))
            head = line
        else:
            inside = ""
            words.append(_line(line))
            head = line
    return " ".join(" ".join(words).split()).removeprefix("· ")


def _line(line: str) -> str:
    for pattern, by in _LINES:
        line = pattern.sub(by, line)
    return _within(line)


def _row(line: str) -> str:
    cells = (_within(cell.replace(r"\|", "|").strip()) for cell in re.split(r"(?<!\\)\|", line))
    return " · ".join(["", *filter(None, cells)])


def _within(line: str) -> str:
    kept: list[str] = []

    def keep(words: str) -> str:
        kept.append(words)
        return f"\0{len(kept) - 1}\0"  # no text has a NUL of its own

    parts: list[str] = []
    at = 0
    while found := _OPAQUE.search(line, at):
        parts.append(line[at : found.start()])
        at = found.end()
        if not found["dollar"]:
            parts.append(keep(found["sign"] or found["code"] or found["address"]))
        elif formula := formula_at(line, found.start()):
            parts.append(keep(_tex(formula["inline"] or formula["display"])))
            at = formula.end()
        else:
            parts.append("$")
    line = "".join([*parts, line[at:]])
    for pattern, by in _WITHIN:
        line = pattern.sub(by, line)
    return _KEPT.sub(lambda found: kept[int(found[1])], line)


def _tex(source: str) -> str:
    for pattern, by in _TEX:
        source = pattern.sub(by, source)
    return source


def clipped(text: str, length: int = LENGTH) -> str:
    """Give the beginning of a line of words, whole when it is short; cut at a space."""
    if len(text) <= length:
        return text
    cut = text.rfind(" ", length // 2, length)
    return text[: cut if cut > 0 else length].rstrip(" ,;:") + "…"
