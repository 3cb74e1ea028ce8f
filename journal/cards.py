"""Entries as lists show them: little of each, and only that little is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Func
from django.db.models.functions import Left
from django.urls import reverse

from journal.excerpts import LENGTH, clipped, plain
from journal.models import PROMPTS, Entry
from journal.models.entries import EntryQuerySet
from roadmap.queries import Manual, ManualMilestone

READ = 5 * LENGTH  # characters of a text that are enough for its beginning without markup


@dataclass(frozen=True)
class LinkedMilestone:
    """A milestone as an entry names it, with the place where it is ticked, if there is one."""

    key: str
    wording: str
    url: str
    phase: str

    @classmethod
    def of(cls, milestone: ManualMilestone) -> "LinkedMilestone":
        phase = milestone.phases[0] if milestone.phases else ""
        url = f"{reverse('phase', args=[phase])}#milestone-{milestone.key}" if phase else ""
        return cls(milestone.key, milestone.wording, url, phase)


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


def in_short(entries: EntryQuerySet, starts: Mapping[str, Func] | None = None) -> EntryQuerySet:
    """Leave the texts in the database but for a part of each, which may be all of it."""
    parts: Mapping[str, Func] = starts or {
        f"start_{prompt}": Left(prompt, READ) for prompt in PROMPTS
    }
    return (
        entries.defer(*PROMPTS, "search").annotate(**parts).prefetch_related("tags", "milestones")
    )


def start_of(entry: Entry, prompt: str) -> str:
    """Give the part of a text that came along."""
    text: str = vars(entry)[f"start_{prompt}"]
    return text


def cards_of(entries: Iterable[Entry], content: Manual) -> list[Card]:
    return [
        Card(
            entry=entry,
            title=entry.title,
            excerpts=[
                (prompt, clipped(text))
                for prompt in PROMPTS
                if (text := plain(start_of(entry, prompt)))
            ],
            milestones=milestones_of(entry, content),
        )
        for entry in entries
    ]


def milestones_of(entry: Entry, content: Manual) -> list[LinkedMilestone]:
    keys = [milestone.key for milestone in entry.milestones.all()]
    return [
        LinkedMilestone.of(content.milestones[key]) for key in keys if key in content.milestones
    ]
