"""What the pages of a log show, each in a fixed number of queries however long the log is."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from django.db.models import Count, Func, Max, Q, QuerySet, Value
from django.db.models.functions import Greatest, Left, Lower, StrIndex, Substr
from django.http import QueryDict
from django.urls import reverse

from journal import search
from journal.calendar import Key, Year, legend, shades, year_of
from journal.excerpts import LENGTH, clipped, plain
from journal.keyset import PAGE, Page, Place, page_of
from journal.models import PROMPTS, Draft, Entry, Tag
from journal.models.entries import EntryQuerySet
from journal.models.writing import EARLIEST
from journal.steps import Step, steps_of
from journal.text import fold
from mastery.models import User
from roadmap.models import State
from roadmap.queries import Manual, ManualMilestone, manual

TAGS_SHOWN = 9
RECENT = 300  # entries whose tags are shown beside a log
DRAFTS_SHOWN = 5
WORDS = 80  # characters of an entry or draft that stand for its title
READ = 5 * LENGTH  # characters of a text that are enough for its beginning without markup
LATEST = dt.date(3000, 1, 1)
SEARCHED, SEARCHED_BEFORE = 8000, 2000  # characters of a text in which matches are marked


@dataclass(frozen=True)
class Asked:
    """What a list is narrowed down to, as its address says it. Nonsense narrows nothing."""

    q: str = ""
    tag: str = ""
    milestone: str = ""
    month: dt.date | None = None
    day: dt.date | None = None
    year: int | None = None

    @classmethod
    def read(cls, query: QueryDict) -> "Asked":
        year = _date(f"{query.get('year', '')}-01-01")
        return cls(
            q=" ".join(query.get("q", "").split()),
            tag=fold(query.get("tag", "").strip()),
            milestone=query.get("milestone", "").strip(),
            month=_date(f"{query.get('month', '')}-01"),
            day=_date(query.get("day", "")),
            year=year.year if year else None,
        )

    @property
    def narrowed(self) -> bool:
        return bool(self.q or self.tag or self.milestone or self.month or self.day or self.year)

    def among(self, user: User, content: Manual) -> EntryQuerySet:
        entries = Entry.objects.of(user).live()
        # By number rather than by name, for which Postgres knows how many entries to expect.
        if self.tag:
            tag = Tag.objects.filter(user=user, name=self.tag).first()
            entries = entries.filter(tags=tag.pk) if tag else entries.none()
        if self.milestone:
            milestone = content.milestones.get(self.milestone)
            entries = entries.filter(milestones=milestone.pk) if milestone else entries.none()
        if self.month:
            entries = entries.filter(day__gte=self.month, day__lt=_next_month(self.month))
        if self.day:
            entries = entries.filter(day=self.day)
        if self.year:
            # As dates, which the index is entered by.
            first = dt.date(self.year, 1, 1)
            entries = entries.filter(day__gte=first, day__lt=first.replace(year=self.year + 1))
        return entries


@dataclass(frozen=True)
class LinkedMilestone:
    """A milestone as an entry names it, with the place where it is ticked, if there is one."""

    key: str
    wording: str
    url: str
    phase: str


@dataclass(frozen=True)
class Card:
    """An entry in a list: its title, and the beginning of each prompt or where matches are.

    Both are plain text to be escaped, or HTML of ours that knows it is safe.
    """

    entry: Entry
    title: str
    excerpts: list[tuple[str, str]]
    milestones: list[LinkedMilestone]

    @property
    def tags(self) -> list[str]:
        return [tag.name for tag in self.entry.tags.all()]


@dataclass(frozen=True)
class Headline:
    """An entry in one line: its title, or else its first words, if it has any."""

    entry: Entry
    words: str


@dataclass(frozen=True)
class DayGroup:
    day: dt.date
    cards: list[Card]


@dataclass(frozen=True)
class MonthGroup:
    first: dt.date
    days: list[DayGroup]


@dataclass(frozen=True)
class OpenDraft:
    """Typed words that are not saved yet, with the time on the person's own clock."""

    url: str
    saved: dt.datetime
    excerpt: str
    entry: Entry | None


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


@dataclass(frozen=True)
class Overview:
    """A whole log by numbers: a year of it day by day, and the years that have entries."""

    count: int
    year: Year
    years: list[tuple[int, int]]
    legend: list[Key]
    months: list[dt.date]  # that have entries, oldest first

    def beside(self, month: dt.date) -> tuple[dt.date | None, dt.date | None]:
        """Give the nearest months with entries before and after one."""
        earlier = [one for one in self.months if one < month]
        later = [one for one in self.months if one > month]
        return (earlier[-1] if earlier else None, later[0] if later else None)


@dataclass(frozen=True)
class Log:
    """The page of a log: a list of days, or what a search found, and the ways through it all."""

    asked: Asked
    overview: Overview
    months: list[MonthGroup]
    page: Page
    found: Found | None
    problem: str
    milestone: LinkedMilestone | None
    tags: list[Tag]
    drafts: list[OpenDraft]
    has_public: bool

    @property
    def beside(self) -> tuple[dt.date | None, dt.date | None]:
        return self.overview.beside(self.asked.month) if self.asked.month else (None, None)


@dataclass(frozen=True)
class EntryPage:
    entry: Entry
    milestones: list[LinkedMilestone]
    steps: list[Step]
    older: Entry | None
    newer: Entry | None

    @property
    def created(self) -> dt.datetime:
        return _on_the_clock(self.entry.created, self.entry.user)

    @property
    def changed(self) -> dt.datetime:
        return _on_the_clock(self.entry.changed, self.entry.user)


def log_of(user: User, asked: Asked, *, before: str = "", after: str = "", number: int = 1) -> Log:
    """Give a page of a log. A cursor that is none gives the first page."""
    content = manual()
    entries = asked.among(user, content)
    found, problem, page = None, "", Page([], "", "")
    if asked.q:
        try:
            found = _found(user, entries, asked.q, number, content)
        except search.QuestionError as error:
            problem = str(error)
    else:
        page = _page(_in_short(entries), before, after)
    milestone = content.milestones.get(asked.milestone)
    if milestone and milestone.state == State.DRAFT:
        # Whoever guesses its key is not told its words.
        milestone = None
    return Log(
        asked=asked,
        overview=_overview(user, asked),
        months=_by_month(_cards(page.entries, content)),
        page=page,
        found=found,
        problem=problem,
        milestone=_linked(milestone) if milestone else None,
        tags=_recent_tags(user),
        drafts=open_drafts(user),
        has_public=Entry.objects.of(user).public().exists(),
    )


def last_entries(user: User, count: int) -> list[Headline]:
    """Give a person's newest entries, for pages that show a few."""
    newest = _in_short(Entry.objects.of(user).live()).prefetch_related(None)
    return [
        Headline(entry, entry.title or _first_words(entry))
        for entry in newest.order_by("-day", "-pk")[:count]
    ]


def open_drafts(user: User, count: int = DRAFTS_SHOWN) -> list[OpenDraft]:
    """Give what was typed last and not saved yet."""
    rows = (
        Draft.objects.of(user).open().in_short().filter(Q(entry=None) | Q(entry__deleted_at=None))
    )
    drafts = []
    for draft in rows.order_by("-saved")[:count]:
        entry = draft.entry
        path = reverse("edit_entry", args=[entry.code]) if entry else reverse("new_entry")
        excerpt = clipped(plain(vars(draft)["excerpt"]), WORDS)
        saved = _on_the_clock(draft.saved, user)
        drafts.append(OpenDraft(f"{path}?draft={draft.code}", saved, excerpt, entry))
    return drafts


def entry_page(entry: Entry) -> EntryPage:
    """Give what stands around an entry that has its words."""
    others = Entry.objects.of(entry.user).live().only("code", "title", "day")
    place = Place.of(entry)
    return EntryPage(
        entry=entry,
        milestones=_milestones(entry, manual()),
        steps=[replace(step, text=plain(step.text)) for step in steps_of(entry)],
        older=place.older(others).first(),
        newer=place.newer(others).first(),
    )


def all_tags(user: User) -> QuerySet[Tag]:
    """Give every tag that entries have, with how many and the last day, by name."""
    live = Q(entries__deleted_at=None)
    return (
        Tag.objects.filter(user=user)
        .annotate(number=Count("entries", filter=live), last_day=Max("entries__day", filter=live))
        .filter(number__gt=0)
        .order_by("name")
    )


def _page(entries: EntryQuerySet, before: str, after: str) -> Page:
    try:
        page = page_of(entries, before=before, after=after)
    except ValueError:
        return page_of(entries)
    # Going back, the first page is a whole one, whatever was written meanwhile.
    return page_of(entries) if after and not page.newer else page


def _found(user: User, entries: EntryQuerySet, text: str, number: int, content: Manual) -> Found:
    question = search.ask(text)
    keys, cut = search.ranked(search.matching(entries, user, question), question)
    pages = max(1, -(-len(keys) // PAGE))
    number = min(max(1, number), pages)
    shown = keys[(number - 1) * PAGE : number * PAGE]
    windows = {
        f"start_{prompt}": Substr(
            prompt,
            Greatest(
                StrIndex(Lower(prompt), Value(question.needle.lower())) - SEARCHED_BEFORE,
                Value(1),
            ),
            SEARCHED,
        )
        for prompt in PROMPTS
    }
    rows = _in_short(Entry.objects.of(user), windows).in_bulk(shown)
    ordered = [rows[key] for key in shown if key in rows]
    return Found(_found_cards(ordered, question, content), len(keys), cut, number, pages)


def _found_cards(entries: list[Entry], question: search.Question, content: Manual) -> list[Card]:
    texts = [
        [
            text.translate(search.OURS)
            for text in (entry.title, *(plain(vars(entry)[f"start_{one}"]) for one in PROMPTS))
        ]
        for entry in entries
    ]
    places = iter(search.marks_in(question, [text for row in texts for text in row]))
    cards = []
    for entry, row in zip(entries, texts, strict=True):
        marked = [(text, next(places)) for text in row]
        title, *prompts = marked
        pairs = list(zip(PROMPTS, prompts, strict=True))
        shown = [pair for pair in pairs if pair[1][1]] or [pair for pair in pairs if pair[1][0]][:1]
        cards.append(
            Card(
                entry=entry,
                title=search.snippet(*title, whole=True),
                excerpts=[(prompt, search.snippet(*part)) for prompt, part in shown],
                milestones=_milestones(entry, content),
            )
        )
    return cards


def _in_short(entries: EntryQuerySet, starts: Mapping[str, Func] | None = None) -> EntryQuerySet:
    """Leave the texts in the database but for a part of each, which may be all of it."""
    parts: Mapping[str, Func] = starts or {
        f"start_{prompt}": Left(prompt, READ) for prompt in PROMPTS
    }
    return (
        entries.defer(*PROMPTS, "search").annotate(**parts).prefetch_related("tags", "milestones")
    )


def _cards(entries: Iterable[Entry], content: Manual) -> list[Card]:
    return [
        Card(
            entry=entry,
            title=entry.title,
            excerpts=[
                (prompt, clipped(text))
                for prompt in PROMPTS
                if (text := plain(getattr(entry, f"start_{prompt}")))
            ],
            milestones=_milestones(entry, content),
        )
        for entry in entries
    ]


def _first_words(entry: Entry) -> str:
    starts = (plain(getattr(entry, f"start_{prompt}")) for prompt in PROMPTS)
    return clipped(next(filter(None, starts), ""), WORDS)


def _by_month(cards: list[Card]) -> list[MonthGroup]:
    return [
        MonthGroup(
            first,
            [DayGroup(day, list(some)) for day, some in groupby(of_month, lambda c: c.entry.day)],
        )
        for first, of_month in groupby(cards, lambda card: card.entry.day.replace(day=1))
    ]


def _overview(user: User, asked: Asked) -> Overview:
    rows = Entry.objects.of(user).live().order_by().values_list("day")
    counts: dict[dt.date, int] = dict(rows.annotate(Count("pk")))
    by_year: dict[int, int] = {}
    for day, count in counts.items():
        by_year[day.year] = by_year.get(day.year, 0) + count
    wanted = asked.day or asked.month or max(counts, default=user.today)
    number = asked.year or wanted.year
    of_year = {day: count for day, count in counts.items() if day.year == number}
    return Overview(
        count=sum(counts.values()),
        year=year_of(number, of_year),
        years=sorted((by_year | {number: by_year.get(number, 0)}).items(), reverse=True),
        legend=legend(shades(of_year), max(of_year.values(), default=0)),
        months=sorted({day.replace(day=1) for day in counts}),
    )


def _recent_tags(user: User) -> list[Tag]:
    """Give the tags of the newest entries, most used first: counting all of them takes long."""
    newest = Entry.objects.of(user).live().order_by("-day", "-pk").values("pk")[:RECENT]
    tags = Tag.objects.filter(user=user, entries__in=newest).annotate(number=Count("pk"))
    return list(tags.order_by("-number", "name")[:TAGS_SHOWN])


def _milestones(entry: Entry, content: Manual) -> list[LinkedMilestone]:
    keys = [milestone.key for milestone in entry.milestones.all()]
    return [_linked(content.milestones[key]) for key in keys if key in content.milestones]


def _linked(milestone: ManualMilestone) -> LinkedMilestone:
    phase = milestone.phases[0] if milestone.phases else ""
    url = f"{reverse('phase', args=[phase])}#milestone-{milestone.key}" if phase else ""
    return LinkedMilestone(milestone.key, milestone.wording, url, phase)


def _on_the_clock(moment: dt.datetime, user: User) -> dt.datetime:
    """Give a moment in a person's zone, without it: templates would move it to another."""
    return moment.astimezone(user.zone).replace(tzinfo=None)


def _date(text: str) -> dt.date | None:
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a plain date)
    except ValueError:
        return None
    return day if EARLIEST <= day < LATEST else None


def _next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=31)).replace(day=1)
