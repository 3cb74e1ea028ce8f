"""Full-text search in a person's own entries: what is asked, which entries, and where in them."""

import re
import string
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from django.db import connection
from django.db.models import F, FloatField, Func, TextField, Value
from django.db.models.functions import Floor, Greatest, Log
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from journal.models.entries import EntryQuerySet
from journal.models.search import owner_word
from journal.text import unkeepable
from mastery.models import User

LONGEST = 200  # characters of a query
MOST_NEEDLES = 4
MOST_RANKED = 1000  # matches; of more, the newest are looked at
CONFIG = "english"

# The same as in the database's ``journal_vector``. Each pattern keeps the number of characters,
# so that a place in the words is a place in the text.
ACCENTS = re.compile(r"[\u0300-\u036f]")
MARKS = string.punctuation
SPACED = str.maketrans(MARKS, " " * len(MARKS))
NUMBERS = (
    (re.compile(r"(?<![0-9A-Za-z_.])([0-9]+)\.(?=[0-9])"), r"\1d"),
    (re.compile(r"([0-9])[eE]-(?=[0-9])"), r"\1em"),
    (re.compile(r"([A-Za-z])\+\+"), r"\1pp"),
)
RUNNING = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])")
DOTTED = re.compile(r"([0-9])\.(?=[0-9])")
HELD = re.compile(r"([0-9A-Za-z])[!-/:-@\[-`{-~]+(?=[0-9A-Za-z])")

PIECE = re.compile(r"""(?P<no>-?)"(?P<phrase>[^"]*)"?|(?P<word>\S+)""")

# Signs for private use, which no font has: what we put them around is found again.
START, STOP, GAP = "\ue000", "\ue001", "\ue002"
OURS = str.maketrans("", "", START + STOP + GAP)
ALL = f"HighlightAll=true, StartSel={START}, StopSel={STOP}"
WIDTH, BEFORE = 260, 60  # characters shown of a text, and of these before the first match


class QuestionError(ValueError):
    """Says to a person why their words cannot be searched for."""


@dataclass(frozen=True)
class Question:
    """What somebody asked for: as typed, and as Postgres has it.

    ``needles`` may stand in a text as they are: the words typed, then their stems.
    """

    text: str
    query: str
    needles: tuple[str, ...]


def unaccented(text: str) -> str:
    """Give a text as if accents were not: Rényi is Renyi, however the é was typed."""
    if text.isascii():
        return text
    bare = ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare)


class _Bare(dict[int, str]):
    """Letters without their accents, for ``str.translate``, filled as letters come."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        bare = unaccented(letter)
        self[code] = bare if len(bare) == 1 else letter
        return self[code]


BARE = _Bare()


def words_of(text: str) -> str:
    """Give a text with nothing but words and spaces between them, of the same length."""
    return _numbered(text.translate(BARE)).translate(SPACED)


def _numbered(text: str) -> str:
    return reduce(lambda text, rule: rule[0].sub(rule[1], text), NUMBERS, text)


def ask(text: str) -> Question:
    """Read what was typed, in the syntax of search engines: "a phrase", or, -without.

    Code is a phrase of its parts: ``lr=3e-4`` finds itself, and ``functional`` finds
    ``torch.nn.functional``. Raises QuestionError.
    """
    if reason := unkeepable(text):
        raise QuestionError(reason)
    if len(text) > LONGEST:
        raise QuestionError(f"This is {len(text):,} characters long; {LONGEST} can be asked for.")
    groups: list[list[str]] = [[]]
    asked: list[str] = []
    typed: list[str] = []
    for words, kind in _pieces(text):
        if kind == "or":
            groups.append([])
            continue
        forms = _forms(words, whole=kind != "phrase")
        either = " || ".join(["phraseto_tsquery(%s::regconfig, %s)"] * len(forms))
        groups[-1].append(f"(!!({either}))" if kind == "without" else f"({either})")
        asked += [value for form in forms for value in (CONFIG, form)]
        if kind != "without":
            typed += words.split()
    sql = " || ".join(f"({' && '.join(group)})" for group in groups if group)
    if not sql:
        raise QuestionError("There is no word in this to search for.")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({sql})::text", asked)
        (query,) = cursor.fetchone()
    if not query:
        raise QuestionError(
            "Words like these are in nearly every entry, so they are not searched for. "
            "Add one that says more."
        )
    return Question(text, query, _needles(typed, query))


def _needles(typed: list[str], query: str) -> tuple[str, ...]:
    # Long words say more than short ones. A few are enough to find a place to show.
    stems = [stem.replace("''", "'") for stem in re.findall(r"(?<!!)'((?:[^']|'')+)'", query)]
    words = dict.fromkeys(word.lower() for word in [*_longest(typed), *_longest(stems)])
    return tuple(words)


def _longest(words: list[str]) -> list[str]:
    return sorted(dict.fromkeys(words), key=len, reverse=True)[:MOST_NEEDLES]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Give words and phrases with their kind: ``word``, ``phrase``, ``without`` or ``or``."""
    for piece in PIECE.finditer(text):
        words = piece["word"] or piece["phrase"] or ""
        bare = piece["word"] is not None
        if bare and words.lower() == "or":
            yield words, "or"
        elif bare and re.match(r"-[^-]", words) and any(map(str.isalnum, words)):
            yield words[1:], "without"
        elif any(map(str.isalnum, words)):
            yield words, "without" if piece["no"] else "word" if bare else "phrase"


def _forms(words: str, *, whole: bool) -> list[str]:
    """Give how a word or phrase may stand in the vector."""
    words = unaccented(words)
    parts = words_of(RUNNING.sub(r" \1 ", words))
    held = HELD.sub(r"\1", DOTTED.sub(r"\1d", _numbered(words))).translate(SPACED)
    # A word that marks hold together; between spaces nothing is held.
    return [parts, held] if whole and held.split() != parts.split() else [parts]


def matching(entries: EntryQuerySet, user: User, question: Question) -> EntryQuerySet:
    """Cut entries down to this person's that match. The index is asked for both at once."""
    return entries.of(user).filter(search__matches=f"'{owner_word(user.pk)}' & ({question.query})")


def ranked(entries: EntryQuerySet, question: Question) -> tuple[list[int], bool]:
    """Give the primary keys of what matches, best first, and whether older ones were left out.

    In a title says more than in a text, twice more than once, close together more than apart; of
    what is alike in that the newest stands first.
    """
    newest = entries.order_by("-day", "-pk").values("pk")[: MOST_RANKED + 1]
    rank = Func(
        F("search"),
        Func(Value(question.query), template="%(expressions)s::tsquery", output_field=TextField()),
        function="ts_rank",
        output_field=FloatField(),
    )
    # Ranks within a factor of two are alike: however long an entry and however often it has a
    # word, more than once is more than once. Where only -without was asked for, all are 0.
    about = Floor(Log(2.0, Greatest(rank, 1e-9)))
    # The rank is reckoned for those few, and not for all that match.
    rows = list(
        entries.model.objects.filter(pk__in=newest)
        .annotate(rank=about)
        .order_by("-rank", "-day", "-pk")
        .values_list("pk", flat=True)
    )
    return rows[:MOST_RANKED], len(rows) > MOST_RANKED


def marks_in(question: Question, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Say for each text where what was asked for stands in it, by start and end.

    The texts have none of OURS in them.
    """
    spread = [RUNNING.sub(rf"{GAP}\1{GAP}", text) for text in texts]
    words = [words_of(text).replace(GAP, " ") for text in spread]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts_headline(%s::regconfig, one, %s::tsquery, %s) "
            "FROM unnest(%s::text[]) WITH ORDINALITY AS given (one, place) ORDER BY place",
            [CONFIG, question.query, ALL, words],
        )
        lines = [line for (line,) in cursor.fetchall()]
    return [_marks(text, line) for text, line in zip(spread, lines, strict=True)]


def _marks(spread: str, line: str) -> list[tuple[int, int]]:
    """Take the places of marks out of a headline; what only marks part is one place."""
    if len(line.translate(OURS)) != len(spread):
        return []  # Postgres changed the text: no place can be told
    places: list[tuple[int, int]] = []
    at = gaps = last = 0
    for part in re.split(f"({START}.*?{STOP})", line, flags=re.DOTALL):
        marked = part.startswith(START)
        end = at + len(part) - 2 * marked
        within = spread.count(GAP, at, end)
        if marked:
            joined = bool(places) and not spread[last:at].strip(MARKS + GAP)
            start = places.pop()[0] if joined else at - gaps
            places.append((start, end - gaps - within))
            last = end
        at, gaps = end, gaps + within
    return places


def snippet(text: str, places: Sequence[tuple[int, int]], *, whole: bool = False) -> SafeString:
    """Give the part of a text in which most places are, as HTML with the places marked."""
    starts = [start for start, _end in places]
    held = [bisect_right(starts, start + WIDTH - BEFORE) - at for at, start in enumerate(starts)]
    best = starts[held.index(max(held))] if held else 0
    begin, end = (0, len(text)) if whole else _window(text, max(0, best - BEFORE))
    html = ["…" if begin else ""]
    at = begin
    for start, stop in places:
        if start >= begin and stop <= end:
            html += [escape(text[at:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            at = stop
    html += [escape(text[at:end]), "…" if end < len(text) else ""]
    return mark_safe("".join(html))  # noqa: S308  (escaped above, piece by piece)


def _window(text: str, begin: int) -> tuple[int, int]:
    """Cut at spaces, unless a word is as long as the window."""
    end = min(len(text), begin + WIDTH)
    if begin and (space := text.find(" ", begin, begin + BEFORE)) >= 0:
        begin = space + 1
    if end < len(text) and (space := text.rfind(" ", begin + WIDTH // 2, end)) >= 0:
        end = space
    return begin, end
