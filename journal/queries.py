"""What the pages of a log show, each in a fixed number of queries however long the log is."""

import datetime as dt
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import Count, Max, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format

from journal import search
from journal.calendar import Key, Year, legend, shades, year_of
from journal.cards import Card, LinkedMilestone, cards_of, in_short, milestones_of, start_of
from journal.excerpts import clipped, plain
from journal.found import Found, find
from journal.keyset import Page, Place, page_of
from journal.models import PROMPTS, Draft, Entry, Tag
from journal.models.entries import EntryQuerySet
from journal.models.links import EntryMilestone
from journal.models.writing import EARLIEST
from journal.steps import Step, steps_of
from journal.text import fold, tags_of
from mastery.models import User
from roadmap.models import State
from roadmap.queries import Manual, manual

TAGS_SHOWN = 9
RECENT = 300  # entries whose tags are shown beside a log
DRAFTS_SHOWN = 5
WORDS = 80  # characters of an entry or draft that stand for its title
LATEST = dt.date(3000, 1, 1)


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
        return bool(self.said)

    @property
    def said(self) -> str:
        """Say it in words, for the title of the page."""
        parts = [
            f"“{clipped(self.q, WORDS)}”" if self.q else "",
            f"tag {self.tag}" if self.tag else "",
            f"milestone {self.milestone}" if self.milestone else "",
            date_format(self.month, "F Y") if self.month else "",
            date_format(self.day, "j F Y") if self.day else "",
            str(self.year or ""),
        ]
        return ", ".join(filter(None, parts))

    @property
    def within(self) -> str:
        """Give the address of the same tag and milestone, to which a time is added."""
        kept = {"tag": self.tag, "milestone": self.milestone}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{reverse('journal')}?{query}{'&' if query else ''}"

    def at_any_time(self) -> "Asked":
        return replace(self, month=None, day=None, year=None)

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
class Overview:
    """A log by numbers: a year of it day by day, and the years that have entries."""

    year: Year
    years: list[tuple[int, int]]
    legend: list[Key]


@dataclass(frozen=True)
class Log:
    """The page of a log: a list of days, or what a search found, and the ways through it all.

    The overview stands on the first page of a list alone, with the tags of the newest entries.
    A search has the tags that it names. ``earlier`` and ``later`` are the nearest months with
    entries beside the one that is shown.
    """

    asked: Asked
    empty: bool
    overview: Overview | None
    months: list[MonthGroup]
    page: Page
    found: Found | None
    problem: str
    milestone: LinkedMilestone | None
    earlier: dt.date | None
    later: dt.date | None
    tags: list[Tag]
    drafts: list[OpenDraft]
    has_public: bool


@dataclass(frozen=True)
class MilestoneCount:
    """A milestone that entries link to: how many, and the last day."""

    milestone: LinkedMilestone
    number: int
    last_day: dt.date


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
    overview, tags = None, []
    if asked.q:
        try:
            found = find(user, entries, asked.q, number, content)
            tags = _tags_named(user, asked)
        except search.QuestionError as error:
            problem = str(error)
    else:
        page = _page(in_short(entries), before, after)
        if not page.newer:
            overview = _overview(user, asked, content)
            tags = _recent_tags(user)
    earlier, later = _beside(user, asked, content)
    milestone = content.milestones.get(asked.milestone)
    if milestone and milestone.state == State.DRAFT:
        # Whoever guesses its key is not told its words.
        milestone = None
    return Log(
        asked=asked,
        empty=not page.entries and not Entry.objects.of(user).live().exists(),
        overview=overview,
        months=_by_month(cards_of(page.entries, content)),
        page=page,
        found=found,
        problem=problem,
        milestone=LinkedMilestone.of(milestone) if milestone else None,
        earlier=earlier,
        later=later,
        tags=tags,
        drafts=open_drafts(user),
        has_public=Entry.objects.of(user).public().exists(),
    )


def last_entries(user: User, count: int) -> list[Headline]:
    """Give a person's newest entries, for pages that show a few."""
    newest = in_short(Entry.objects.of(user).live()).prefetch_related(None)
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
        milestones=milestones_of(entry, manual()),
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


def linked_milestones(user: User) -> list[MilestoneCount]:
    """Give every milestone that entries link to, retired ones too, as the roadmap has them."""
    links = EntryMilestone.objects.filter(entry__user=user, entry__deleted_at=None)
    rows = links.values_list("milestone__key").annotate(Count("pk"), Max("entry__day"))
    numbers = {key: (number, last) for key, number, last in rows}
    return [
        MilestoneCount(LinkedMilestone.of(one), *numbers[key])
        for key, one in manual().milestones.items()
        if key in numbers
    ]


def _page(entries: EntryQuerySet, before: str, after: str) -> Page:
    try:
        page = page_of(entries, before=before, after=after)
    except ValueError:
        return page_of(entries)
    # Going back, the first page is a whole one, whatever was written meanwhile.
    return page_of(entries) if after and not page.newer else page


def _first_words(entry: Entry) -> str:
    starts = (plain(start_of(entry, prompt)) for prompt in PROMPTS)
    return clipped(next(filter(None, starts), ""), WORDS)


def _by_month(cards: list[Card]) -> list[MonthGroup]:
    return [
        MonthGroup(
            first,
            [DayGroup(day, list(some)) for day, some in groupby(of_month, lambda c: c.entry.day)],
        )
        for first, of_month in groupby(cards, lambda card: card.entry.day.replace(day=1))
    ]


def _overview(user: User, asked: Asked, content: Manual) -> Overview | None:
    rows = asked.at_any_time().among(user, content).order_by().values_list("day")
    counts: dict[dt.date, int] = dict(rows.annotate(Count("pk")))
    if not counts:
        return None
    by_year: dict[int, int] = {}
    for day, count in counts.items():
        by_year[day.year] = by_year.get(day.year, 0) + count
    number = asked.year or (asked.day or asked.month or max(counts)).year
    of_year = {day: count for day, count in counts.items() if day.year == number}
    return Overview(
        year=year_of(number, of_year),
        years=sorted((by_year | {number: by_year.get(number, 0)}).items(), reverse=True),
        legend=legend(shades(of_year), max(of_year.values(), default=0)),
    )


def _beside(user: User, asked: Asked, content: Manual) -> tuple[dt.date | None, dt.date | None]:
    """Give the nearest months with entries before and after the one asked for."""
    if not asked.month or asked.q:
        return None, None
    days = asked.at_any_time().among(user, content).values_list("day", flat=True)
    before = days.filter(day__lt=asked.month).order_by("-day", "-pk").first()
    after = days.filter(day__gte=_next_month(asked.month)).order_by("day", "pk").first()
    return before and before.replace(day=1), after and after.replace(day=1)


def _recent_tags(user: User) -> list[Tag]:
    """Give the tags of the newest entries, most used first: counting all of them takes long."""
    newest = Entry.objects.of(user).live().order_by("-day", "-pk").values("pk")[:RECENT]
    tags = Tag.objects.filter(user=user, entries__in=newest).annotate(number=Count("pk"))
    return list(tags.order_by("-number", "name")[:TAGS_SHOWN])


def _tags_named(user: User, asked: Asked) -> list[Tag]:
    """Give the tags that a search names: no search looks at tags."""
    names = tags_of(asked.q.replace('"', " "))
    return list(all_tags(user).filter(name__in=names).exclude(name=asked.tag))


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
