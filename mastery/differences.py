"""What differs between two texts, in words, as data for a page."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

# A word or a line, and the space after it. In scripts without spaces a character is a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"([{_UNSPACED}]|[^\s{_UNSPACED}]+|(?=\s))(\s*)")
_LINE = re.compile(r"([^\n]+|(?=\n))(\n*)")

# difflib's time grows with the square of what it compares; this much is half a second at worst.
MOST_PARTS = 1_000
MOST_PAIRS = 20_000
AROUND = 80  # characters of unchanged text to leave on each side of a change

type Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. ``kind`` is same, gone or new, or cut: unchanged and left out."""

    kind: str
    text: str


TOO_MANY = Piece("cut", "")


def pieces_of(before: str, after: str) -> list[Piece]:
    """Tell two texts apart word by word, and line by line where that would take too long.

    What is same and gone, one after the other, is ``before``; what is same and new is ``after``.
    """
    pieces = _trimmed(_parts(_LINE, before), _parts(_LINE, after), _by_words_or_lines)
    return list(_joined(pieces))


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """Leave out what is unchanged but for a little on each side of a change."""
    return [
        short
        for at, piece in enumerate(pieces)
        for short in (
            _cut(piece.text, first=at == 0, last=at == len(pieces) - 1)
            if piece.kind == "same"
            else [piece]
        )
    ]


def _cut(text: str, *, first: bool, last: bool) -> Iterator[Piece]:
    head, tail = (0 if first else AROUND), (0 if last else AROUND)
    left_out = text[head : len(text) - tail]
    if len(left_out) <= AROUND:
        yield Piece("same", text)
        return
    if head:
        yield Piece("same", text[:head])
    yield Piece("cut", left_out)
    if tail:
        yield Piece("same", text[-tail:])


def _trimmed(
    old: Sequence[Part],
    new: Sequence[Part],
    compare: Callable[[Sequence[Part], Sequence[Part]], Iterable[Piece]],
) -> Iterator[Piece]:
    """Compare what lies between an equal beginning and an equal end."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    yield Piece("same", _text(old[:head]))
    yield from compare(old[head : len(old) - tail], new[head : len(new) - tail])
    yield Piece("same", _text(old[len(old) - tail :]))


def _by_words_or_lines(old: Sequence[Part], new: Sequence[Part]) -> Iterable[Piece]:
    return _by_words(old, new, []) or _by_lines(old, new)


def _by_words(old: Sequence[Part], new: Sequence[Part], spent: list[int]) -> list[Piece]:
    """Compare by words; give nothing when there are too many of them, with those before them."""

    def compare(old: Sequence[Part], new: Sequence[Part]) -> Iterable[Piece]:
        size = len(old) * len(new)
        if not _comparable(old, new) or sum(spent) + size > MOST_PARTS**2:
            return [TOO_MANY]
        spent.append(size)
        return _matched(old, new)

    pieces = list(_trimmed(_parts(_WORD, _text(old)), _parts(_WORD, _text(new)), compare))
    return [] if TOO_MANY in pieces else pieces


def _by_lines(old: Sequence[Part], new: Sequence[Part]) -> Iterator[Piece]:
    if not _comparable(old, new):
        yield from _replaced(old, new)
        return
    spent: list[int] = []
    for kind, gone, fresh in _blocks(old, new):
        if kind == "equal":
            yield from _same(gone, fresh)
        else:
            yield from _by_words(gone, fresh, spent) or _replaced(gone, fresh)


def _matched(old: Sequence[Part], new: Sequence[Part]) -> Iterator[Piece]:
    for kind, gone, fresh in _blocks(old, new):
        yield from _same(gone, fresh) if kind == "equal" else _replaced(gone, fresh)


def _blocks(
    old: Sequence[Part], new: Sequence[Part]
) -> Iterator[tuple[str, Sequence[Part], Sequence[Part]]]:
    """Match parts without minding the space after them."""
    matcher = difflib.SequenceMatcher(
        None, [part[0] for part in old], [part[0] for part in new], autojunk=False
    )
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        yield kind, old[i:i_end], new[j:j_end]


def _same(old: Sequence[Part], new: Sequence[Part]) -> Iterator[Piece]:
    for (text, space), (_text, other) in zip(old, new, strict=True):
        yield Piece("same", text)
        if space == other:
            yield Piece("same", space)
        else:
            yield from (Piece("gone", space), Piece("new", other))


def _replaced(old: Sequence[Part], new: Sequence[Part]) -> list[Piece]:
    gone, fresh = _text(old), _text(new)
    # The space that ends both stays: a line break in the middle would tear the line apart.
    space = old[-1][1] if old and new and old[-1][1] == new[-1][1] else ""
    return [
        Piece("gone", gone.removesuffix(space)),
        Piece("new", fresh.removesuffix(space)),
        Piece("same", space),
    ]


def _comparable(old: Sequence[Part], new: Sequence[Part]) -> bool:
    if max(len(old), len(new)) > MOST_PARTS:
        return False
    counts = Counter(part[0] for part in new)
    return sum(counts[part[0]] for part in old) <= MOST_PAIRS


def _alike(old: Sequence[Part], new: Sequence[Part]) -> int:
    """Count the parts at the beginning that are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _parts(pattern: re.Pattern[str], text: str) -> list[Part]:
    return [(match[1], match[2]) for match in pattern.finditer(text) if match[0]]


def _text(parts: Iterable[Part]) -> str:
    return "".join(text + space for text, space in parts)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join pieces of a kind; between two unchanged ones, all that is gone comes before the new."""
    waiting: dict[str, list[str]] = {"same": [], "gone": [], "new": []}
    for piece in pieces:
        if not piece.text:
            continue
        ended = ("gone", "new") if piece.kind == "same" else ("same",)
        yield from _flushed(waiting, ended)
        waiting[piece.kind].append(piece.text)
    yield from _flushed(waiting, ("same", "gone", "new"))


def _flushed(waiting: dict[str, list[str]], kinds: Iterable[str]) -> Iterator[Piece]:
    for kind in kinds:
        if waiting[kind]:
            yield Piece(kind, "".join(waiting[kind]))
            waiting[kind] = []
