"""What one person has of one milestone: its own page."""

import datetime as dt
from dataclasses import dataclass

from mastery.models import User
from roadmap.queries import Manual, ManualMilestone
from tracker.evidence import Evidence
from tracker.models import CompletionEvent, Note, SubStep
from tracker.queries import Item, item_of, rows_of
from tracker.successions import kin

EARLIER = 20  # versions of the evidence that a milestone's own page shows


@dataclass(frozen=True)
class Earlier:
    """Evidence as it stood until a time on the person's own clock, without its zone."""

    until: dt.datetime
    evidence: Evidence


@dataclass(frozen=True)
class OwnPage:
    """What one person has of one milestone."""

    item: Item
    # The day since which it is to be done again from a blank file.
    again: dt.date | None
    # The last versions of it, newest first, and whether there are more of them.
    earlier: list[Earlier]
    earlier_still: bool
    note: Note | None
    steps: list[SubStep]

    @property
    def open(self) -> bool:
        """Whether they may tick it: of one that left the roadmap, who did it may."""
        return self.item.milestone.open_to_all or self.item.completion is not None

    @property
    def theirs(self) -> bool:
        """Whether there is a page for them at all. What they wrote stays in their reach."""
        return self.open or self.note is not None or bool(self.steps)


def own_page(
    user: User, manual: Manual, milestone: ManualMilestone, *, whole: bool = False
) -> OwnPage:
    """Give all that a person has of a milestone, in four queries at most.

    ``whole`` asks for all earlier evidence, not for the last of it.
    """
    family = [milestone.pk, *(one.pk for one in kin(milestone, manual))]
    rows = {row.milestone_id: row for row in rows_of(user).filter(milestone__in=family)}
    item = item_of(milestone, manual, rows)
    completion = item.completion
    # What there was before the first evidence is nothing to show.
    changes = CompletionEvent.objects.filter(
        completion=completion, kind=CompletionEvent.Kind.EVIDENCE
    ).exclude(was={})
    asked = None if whole else EARLIER + 1
    events = list(changes.order_by("-at", "-pk")[:asked]) if completion else []
    last = events if whole else events[:EARLIER]
    return OwnPage(
        item=item,
        again=item.due_again(user.today) if user.rechecks else None,
        earlier=[
            Earlier(event.at.astimezone(user.zone).replace(tzinfo=None), Evidence.of(event.was))
            for event in last
        ],
        earlier_still=len(events) > len(last),
        note=Note.objects.of(user).filter(milestone=milestone.pk).first(),
        steps=list(SubStep.objects.of(user).filter(milestone=milestone.pk)),
    )
