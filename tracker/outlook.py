"""How far a person is and where that leads: level, pace and drawing, for home and progress."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from mastery.models import User
from roadmap.models import Level
from roadmap.queries import Manual
from tracker.chart import Chart, chart
from tracker.ladder import Groups, Ladder, Named, ladder_of
from tracker.models import Completion
from tracker.next_step import left, way_to
from tracker.pace import Pace, pace
from tracker.queries import Board


@dataclass(frozen=True)
class Outlook:
    ladder: Ladder
    # The level they are after, and the pace towards it where there is enough to go on.
    target: Level | None
    pace: Pace | None
    # What that level asks for and they claim: it has to be shown as well.
    to_show: list[Named]
    chart: Chart | None


def outlook_of(user: User | AnonymousUser, manual: Manual, board: Board) -> Outlook | None:
    """Give a person's outlook: one query besides the board's. A visitor has none."""
    if not isinstance(user, User):
        return None
    ladder = ladder_of(user, manual, board.completions)
    target = ladder.rung(user.target_level)
    return Outlook(
        ladder=ladder,
        target=target.level if target else None,
        pace=_pace(user, manual, board) if target and not target.held else None,
        to_show=_claimed(target.lacks) if target else [],
        chart=_chart(user, board),
    )


def _pace(user: User, manual: Manual, board: Board) -> Pace | None:
    """Reckon with all that was done on the chosen tracks, deliverables too: they take time."""
    way = way_to(
        manual.rules[user.target_level],
        [[part.stage for part in track.phases] for track in board.chosen],
    )
    return pace(
        [row.completed_on for row in _done(board, deliverables=True)],
        left=left(way),
        today=user.today,
        target=user.target_date,
    )


def _claimed(lacks: Groups) -> list[Named]:
    """Give what is claimed of groups that are not met, of each what it names first."""
    claimed = (next((one for one in group if one.claimed), None) for group in lacks)
    return [one for one in claimed if one]


def _chart(user: User, board: Board) -> Chart | None:
    """Draw what the total counts, so that the line ends where the total stands."""
    return chart(
        [(row.completed_on, row.shown_on) for row in _done(board, deliverables=False)],
        today=user.today,
    )


def _done(board: Board, *, deliverables: bool) -> list[Completion]:
    """Give what is done on the chosen tracks, once each."""
    items = (
        item
        for track in board.chosen
        for part in track.phases
        for item in (part.all_items if deliverables else part.items)
    )
    return list(
        {item.key: item.completion for item in items if item.completion and item.done}.values()
    )
