"""Full-text search in a person's own entries: what is asked, which entries, and where in them."""

import re
import string
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from django.db import connection
from django.db.models import F, FloatField, Func, TextField, Value
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from journal.models.entries import EntryQuerySet
from journal.models.search import owner_word
from journal.text import unkeepable
from mastery.models import User

LONGEST = 200  # characters of a query
MOST_RANKED = 1000  # matches; of more, the newest are looked at
CONFIG = "english"

# The same as in the database's ``journal_vector``. Each pattern keeps the number of characters,
# so that a place in the words is a place in the text.
MARKS = string.punctuation
SPACED = str.maketrans(MARKS, " " * len(MARKS))
NUMBERS = (
    (re.compile(r"(?<![0-9A-Za-z_.])([0-9]+)\.(?=[0-9])"), r"\1d"),
    (re.compile(r"([0-9])[eE]-(?=[0-9])"), r"\1em"),
    (re.compile(r"([A-Za-z])\+\+"), r"\1pp"),
)
RUNNING = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])")
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
    """What somebody asked for: as typed, and as Postgres has it. ``needle`` is its first word."""

    text: str
    query: str
    needle: str


def words_of(text: str) -> str:
    """Give a text with nothing but words and spaces between them, of the same length."""
    spread = reduce(lambda text, rule: rule[0].sub(rule[1], text), NUMBERS, text)
    return spread.translate(SPACED)


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
    needle = ""
    for words, kind in _pieces(text):
        if kind == "or":
            groups.append([])
            continue
        forms = _forms(words, whole=kind != "phrase")
        either = " || ".join(["phraseto_tsquery(%s::regconfig, %s)"] * len(forms))
        groups[-1].append(f"(!!({either}))" if kind == "without" else f"({either})")
        asked += [value for form in forms for value in (CONFIG, form)]
        needle = needle or ("" if kind == "without" else words)
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
    return Question(text, query, needle)


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
    parts = words_of(RUNNING.sub(r" \1 ", words))
    held = HELD.sub(r"\1", reduce(lambda text, rule: rule[0].sub(rule[1], text), NUMBERS, words))
    held = held.translate(SPACED)
    # A word that marks hold together; between spaces nothing is held.
    return [parts, held] if whole and held.split() != parts.split() else [parts]


def matching(entries: EntryQuerySet, user: User, question: Question) -> EntryQuerySet:
    """Cut entries down to this person's that match. The index is asked for both at once."""
    return entries.of(user).filter(search__matches=f"'{owner_word(user.pk)}' & ({question.query})")


def ranked(entries: EntryQuerySet, question: Question) -> tuple[list[int], bool]:
    """Give the primary keys of what matches, best first, and whether older ones were left out."""
    newest = entries.order_by("-day", "-pk").values("pk")[: MOST_RANKED + 1]
    rank = Func(
        F("search"),
        Func(Value(question.query), template="%(expressions)s::tsquery", output_field=TextField()),
        Value(1),  # long entries have more words, which says little
        function="ts_rank",
        output_field=FloatField(),
    )
    # The rank is reckoned for those few, and not for all that match.
    rows = list(
        entries.model.objects.filter(pk__in=newest)
        .annotate(rank=rank)
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
