"""What links and footnotes of a whole file refer to, when it stands at the file's end.

Entries are shown one by one, so each gets a copy of what its own words refer to.
"""

import re
from collections.abc import Sequence

_LABEL = re.compile(r"\[([^\]\[]+)\](:?)")
_DEFINITION = re.compile(r" {0,3}\[(\^?[^\]\[]+)\]:[ \t]*\S.*", re.DOTALL)


def definitions_at_end(lines: Sequence[str], top: Sequence[int]) -> tuple[int, dict[str, str]]:
    """Give the line where they begin, and each by its label; the number of lines without any.

    ``top`` says of each line whether it is text of the page itself.
    """
    begin = len(lines)
    labels: dict[int, str] = {}
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if top[number] and (found := _DEFINITION.fullmatch(line)):
            begin, labels[number] = number, found[1].casefold()
        elif line.strip() and not line.startswith(("    ", "\t")):
            break
    if not labels or (begin and lines[begin - 1].strip()):
        return len(lines), {}
    starts = sorted(labels)
    texts: dict[str, str] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        texts.setdefault(labels[start], "\n".join(lines[start:end]).rstrip())
    return begin, texts


def wanted(text: str, definitions: dict[str, str]) -> list[str]:
    """Give the labels that a text refers to and does not define itself."""
    found = _LABEL.findall(text.casefold())
    own = {label for label, colon in found if colon}
    return [
        label
        for label in dict.fromkeys(label for label, _colon in found)
        if label in definitions and label not in own
    ]


def with_definitions(text: str, definitions: dict[str, str], labels: Sequence[str]) -> str:
    blocks = [definitions[label] for label in labels]
    return "\n\n".join(filter(None, (text, "\n".join(blocks))))
