"""A recount of everybody's totals from the bare rows, by no function of the tracker."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from mastery.models import User
from roadmap.models import Milestone, Phase, Placement, Track
from roadmap.queries import manual
from tracker.ladder import ladder_of
from tracker.models import Completion, CompletionEvent
from tracker.progress import Total
from tracker.queries import Board, board_of

# Of each phase by its slug, and of everything as "": how many are done, of how many.
type Count = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Places:
    """What there is to count, the same for everybody."""

    # Of each live phase its track.
    tracks: dict[str, str]
    chosen_by_default: list[str]
    # Phase, milestone's key and its state.
    rows: list[tuple[str, str, str]]


def recount(user: User, places: Places) -> Count:
    done = set(
        Completion.objects.filter(user=user, done=True).values_list("milestone__key", flat=True)
    )
    counted: dict[str, set[str]] = {phase: set() for phase in places.tracks}
    for phase, key, state in places.rows:
        if state == "live" or (state == "retired" and key in done):
            counted[phase].add(key)
    chosen = user.tracks or places.chosen_by_default
    everything = {
        key for phase, keys in counted.items() if places.tracks[phase] in chosen for key in keys
    }
    return {
        **{phase: (len(keys & done), len(keys)) for phase, keys in counted.items()},
        "": (len(everything & done), len(everything)),
    }


def places() -> Places:
    worded = Milestone.objects.filter(revisions__number=1, deliverable=False)
    return Places(
        dict(Phase.objects.filter(state="live").values_list("slug", "track__slug")),
        list(Track.objects.filter(optional=False).values_list("slug", flat=True)),
        list(
            Placement.objects.filter(phase__state="live", milestone__in=worded).values_list(
                "phase__slug", "milestone__key", "milestone__state"
            )
        ),
    )


def assert_recounted(*users: User) -> list[Board]:
    """Insist that what people are shown is in bounds, equals the recount, and can be shown."""
    content, there, boards = manual(), places(), []
    for user in users:
        board = board_of(user, content)
        counted = recount(user, there)
        shown = {slug: part.total for slug, part in board.phases.items()} | {"": board.total}
        assert {slug: (one.done, one.total) for slug, one in shown.items()} == counted
        for one in shown.values():
            in_bounds(one)
        ladder = ladder_of(user, content, board.completions)
        assert len(ladder.rungs) == len(content.levels)
        boards.append(board)
    return boards


def in_bounds(total: Total) -> None:
    if total.total == 0:
        assert total.percent is None
        return
    assert total.percent == (100 * total.done) // total.total
    assert 0 <= total.percent <= 100
    assert (total.percent == 100) == (total.done == total.total)
    assert total.shown <= total.done


type Kept = dict[int, tuple[bool, dt.date, dict[str, Any]]]


def kept() -> Kept:
    """Give of each completion whether it is done, its date and its evidence."""
    rows = Completion.objects.values_list("pk", "done", "completed_on", "evidence")
    return {pk: (done, on, evidence) for pk, done, on, evidence in rows}


def pieces(evidence: dict[str, Any]) -> set[str]:
    """Give what evidence is made of: its addresses, and its text in paragraphs."""
    texts = str(evidence.get("text", "")).split("\n\n")
    return {*(link["url"] for link in evidence.get("links", [])), *filter(None, texts)}


def pieces_by_user() -> dict[int, set[str]]:
    """Give all that each person has ever given as evidence, in rows and in what happened."""
    found: dict[int, set[str]] = defaultdict(set)
    for user, evidence in Completion.objects.values_list("user", "evidence"):
        found[user] |= pieces(evidence)
    for user, was in CompletionEvent.objects.values_list("completion__user", "was"):
        found[user] |= pieces(was)
    return dict(found)
