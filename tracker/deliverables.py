"""The artifacts that phases end in: which are shipped, and which are still to come."""

from dataclasses import dataclass

from roadmap.queries import ManualPhase
from tracker.progress import Total, total
from tracker.queries import Board, Item


@dataclass(frozen=True)
class Deliverable:
    phase: ManualPhase
    item: Item
    # Whether it is on a track that the person chose. Others are never held against them.
    asked: bool


@dataclass(frozen=True)
class Shelf:
    """The deliverables one person is after, and those of other tracks that they did anyway."""

    rows: list[Deliverable]
    # Of those asked for.
    total: Total


def shelf_of(board: Board) -> Shelf:
    rows: dict[str, Deliverable] = {}
    for track in board.tracks:
        for part in track.phases:
            for item in part.deliverables:
                if track.chosen or item.done or item.evidence:
                    rows.setdefault(item.key, Deliverable(part.phase, item, track.chosen))
    asked = [row.item for row in rows.values() if row.asked]
    return Shelf(
        rows=list(rows.values()),
        total=total(
            live={item.key for item in asked if item.milestone.live},
            retired={item.key for item in asked if not item.milestone.live},
            done={item.key for item in asked if item.done},
            shown={item.key for item in asked if item.shown},
        ),
    )
