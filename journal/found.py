"""What a search found, a page of it, with what was asked for marked where it stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from django.db.models import Func, Value
from django.db.models.functions import Coalesce, Greatest, Lower, NullIf, StrIndex, Substr

from journal import search
from journal.cards import Card, in_short, milestones_of, start_of
from journal.excerpts import plain
from journal.keyset import PAGE
from journal.models import PROMPTS, Entry
from journal.models.entries import EntryQuerySet
from journal.text import line
from mastery.models import User
from roadmap.queries import Manual

SEARCHED, SEARCHED_BEFORE = 8000, 2000  # characters of a text in which matches are marked

Marked = tuple[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Found:
    """One page of what a search found, best first."""

    cards: list[Card]
    count: int
    cut: bool
    number: int
    pages: int

    @property
    def newer(self) -> int:
        return self.number - 1

    @property
    def older(self) -> int:
        return self.number + 1 if self.number < self.pages else 0


def find(user: User, entries: EntryQuerySet, text: str, number: int, content: Manual) -> Found:
    """Search among entries; raise QuestionError."""
    question = search.ask(text)
    keys, cut = search.ranked(search.matching(entries, user, question), question)
    pages = max(1, -(-len(keys) // PAGE))
    number = min(max(1, number), pages)
    shown = keys[(number - 1) * PAGE : number * PAGE]
    rows = in_short(Entry.objects.of(user), _around(question.needles)).in_bulk(shown)
    ordered = [rows[key] for key in shown if key in rows]
    return Found(_cards(ordered, question, content), len(keys), cut, number, pages)


def _around(needles: Iterable[str]) -> Mapping[str, Func]:
    """Take the part of each text in which the first needle that it has stands."""

    def place(prompt: str) -> Func:
        lower = Lower(prompt)
        places = [NullIf(StrIndex(lower, Value(needle)), 0) for needle in needles]
        return Coalesce(*places, Value(1), Value(1))

    return {
        f"start_{prompt}": Substr(prompt, Greatest(place(prompt) - SEARCHED_BEFORE, 1), SEARCHED)
        for prompt in PROMPTS
    }


def _cards(entries: list[Entry], question: search.Question, content: Manual) -> list[Card]:
    texts = [[entry.title, *(plain(start_of(entry, one)) for one in PROMPTS)] for entry in entries]
    rows = _marked(question, texts)
    # What stands in the address of a link, or in other markup, is shown with its markup.
    hidden = [at for at, row in enumerate(rows) if not _any(row)]
    if hidden:
        sources = [
            [entries[at].title, *(line(start_of(entries[at], one)) for one in PROMPTS)]
            for at in hidden
        ]
        for at, row in zip(hidden, _marked(question, sources), strict=True):
            rows[at] = row if _any(row) else rows[at]
    cards = []
    for entry, (title, *prompts) in zip(entries, rows, strict=True):
        pairs = list(zip(PROMPTS, prompts, strict=True))
        shown = [pair for pair in pairs if pair[1][1]] or [pair for pair in pairs if pair[1][0]][:1]
        cards.append(
            Card(
                entry=entry,
                title=search.snippet(*title, whole=True),
                excerpts=[(prompt, search.snippet(*part)) for prompt, part in shown],
                milestones=milestones_of(entry, content),
            )
        )
    return cards


def _any(row: list[Marked]) -> bool:
    return any(places for _text, places in row)


def _marked(question: search.Question, rows: list[list[str]]) -> list[list[Marked]]:
    """Say of the texts of each entry where in them something was found."""
    clean = [[normalize("NFC", text).translate(search.OURS) for text in row] for row in rows]
    places = iter(search.marks_in(question, [text for row in clean for text in row]))
    return [[(text, next(places)) for text in row] for row in clean]
