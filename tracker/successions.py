"""What became of milestones that left the roadmap, and which of it their holders may confirm: pure,
no database.
"""

from collections.abc import Iterator, Mapping, Set

from roadmap.queries import Manual, ManualMilestone
from tracker.models import Completion

type Rows = Mapping[int, Completion]


def kin(milestone: ManualMilestone, manual: Manual) -> list[ManualMilestone]:
    """Give all that a milestone came from or went into, however far, in the manual's order."""
    found, waiting = {milestone.key}, [milestone]
    while waiting:
        one = waiting.pop()
        keys = {*one.became, *(key for origin in one.origins for key in origin.keys)} - found
        found |= keys
        waiting += [manual.milestones[key] for key in keys if key in manual.milestones]
    found.remove(milestone.key)
    return [manual.milestones[key] for key in manual.milestones if key in found] if found else []


def heirs(milestone: ManualMilestone, manual: Manual) -> list[ManualMilestone]:
    """Give what is on the roadmap in a milestone's place; nothing while it is there itself."""
    if milestone.live:
        return []
    return list(dict.fromkeys(_heirs(milestone, manual, {milestone.key})))


def _heirs(milestone: ManualMilestone, manual: Manual, seen: Set[str]) -> Iterator[ManualMilestone]:
    for key in milestone.became:
        heir = manual.milestones.get(key)
        if heir is None or key in seen:
            continue
        if heir.open_to_all:
            yield heir
        elif not heir.live:
            # It was split or replaced in its turn.
            yield from _heirs(heir, manual, seen | {key})


def sources(milestone: ManualMilestone, manual: Manual, rows: Rows) -> list[ManualMilestone]:
    """Give what a person did that a milestone came from, so that they may confirm it.

    Nothing where there is a row of the milestone already: it is done, or was unticked on purpose.
    """
    if not milestone.origins or not milestone.open_to_all or milestone.pk in rows:
        return []
    return list(dict.fromkeys(_before(milestone, manual, rows, {milestone.key})))


def _before(
    milestone: ManualMilestone, manual: Manual, rows: Rows, seen: Set[str]
) -> Iterator[ManualMilestone]:
    for origin in milestone.origins:
        # Of a merge all are needed; others have one alone.
        parts = [_did(key, manual, rows, seen) for key in origin.keys if key not in seen]
        if len(parts) == len(origin.keys) and all(parts):
            yield from (one for part in parts for one in part)


def _did(key: str, manual: Manual, rows: Rows, seen: Set[str]) -> list[ManualMilestone]:
    """Give a milestone if it is done; if it left in its turn, what of that it came from is done."""
    milestone = manual.milestones.get(key)
    if milestone is None:
        return []
    row = rows.get(milestone.pk)
    if row is not None:
        return [milestone] if row.done else []
    return [] if milestone.live else list(_before(milestone, manual, rows, seen | {key}))
