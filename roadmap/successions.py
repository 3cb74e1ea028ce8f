"""Milestones that live on in others: split, merged, replaced; and how that is undone."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from roadmap.groundwork import (
    RefusedError,
    Stateful,
    called,
    in_turn,
    insist,
    labels,
    listing,
    locked,
    name,
    not_live,
    tell,
)
from roadmap.ledger import ledger
from roadmap.models import (
    DeliverablePart,
    Milestone,
    MilestoneRevision,
    Placement,
    ReleaseItem,
    Requirement,
    State,
    Succession,
)

What = ReleaseItem.What
Kind = Succession.Kind
TOLD = {Kind.SPLIT: What.SPLIT, Kind.MERGE: What.MERGED, Kind.REPLACE: What.REPLACED}


@dataclass(frozen=True, slots=True)
class Successor:
    """A milestone that an operation brings to the roadmap.

    Where a draft or retired milestone has that key already, that one comes, as it is worded;
    ``wording`` is then empty, or the one it has.
    """

    key: str
    wording: str = ""
    kind: str = Milestone.Kind.BUILD
    detail: str = ""


@in_turn
def split(milestone: Milestone, into: Sequence[Successor], counts: Collection[str]) -> Succession:
    """Retire a milestone in favour of several, each in every place that it had.

    ``counts`` names those of them that fulfil what levels ask the milestone for; any one of them
    does. Who did the old one keeps it and is asked to confirm the new ones.

    Raises:
        RefusedError: it is not live, there are fewer than two, a key is taken, or ``counts`` is
            empty although a level asks for it.
    """
    insist([] if len(into) >= 2 else ["A split needs at least two milestones to split into."])
    return _succeed(Kind.SPLIT, locked([milestone]), into, counts)


@in_turn
def merge(milestones: Collection[Milestone], into: Successor) -> Succession:
    """Retire several milestones in favour of one, which is done for whoever did all of them.

    Raises:
        RefusedError: fewer than two, not all live, deliverables among others, or the key is taken.
    """
    several = len({milestone.pk for milestone in milestones}) >= 2
    insist([] if several else ["A merge needs at least two milestones."])
    return _succeed(Kind.MERGE, locked(milestones), [into], {into.key})


@in_turn
def replace(milestone: Milestone, by: Successor) -> Succession:
    """Retire a milestone in favour of another, which who did the old one is asked to confirm.

    The other one may be live already.

    Raises:
        RefusedError: it is not live, the key is its own, or taken by something else.
    """
    return _succeed(Kind.REPLACE, locked([milestone]), [by], {by.key})


def _succeed(
    kind: Kind, before: Sequence[Milestone], into: Sequence[Successor], counts: Collection[str]
) -> Succession:
    now = timezone.now()
    keys = [successor.key for successor in into]
    insist(not_live(before))
    insist([] if len(set(keys)) == len(keys) else ["Two of the new milestones have one key."])
    insist(mixed(before))
    asking = list(Requirement.objects.filter(any_of__in=before).distinct().select_related("level"))
    if asking and not set(counts) & set(keys):
        levels = listing(dict.fromkeys(str(requirement.level) for requirement in asking))
        raise RefusedError(
            [f"{levels} asks for it. Say which of the new milestones count for that."]
        )
    after, brought = _bring(into, before, kind, now)
    succession = Succession.objects.create(kind=kind, at=now)
    succession.before.set(before)
    succession.after.set(after)
    succession.brought.set(brought)
    # Of each phase the first place: by its order the last to be put under its key.
    places = Placement.objects.filter(milestone__in=before).order_by("phase", "-position", "-pk")
    for place in {place.phase_id: place for place in places}.values():
        _place(after, place, now)
    Milestone.objects.filter(pk__in=[one.pk for one in before]).update(state=State.RETIRED)
    was = "\n".join(name(one) for one in before)
    tell(
        f"{called(before)} became {called(after)}",
        [(TOLD[kind], one, was) for one in after],
        now,
    )
    counting = [one for one in after if one.key in counts]
    gained = [one for one in asking if _gains(one, counting)]
    succession.gained.set(gained)
    if gained:
        ledger().settle([one.pk for one in counting])
    if kind == Kind.MERGE:
        ledger().carry([one.pk for one in before], after[0].pk, now=now)
    return succession


def _gains(requirement: Requirement, counting: Iterable[Milestone]) -> bool:
    """Let milestones fulfil a requirement; say whether one of them did not before."""
    held = set(requirement.any_of.values_list("pk", flat=True))
    new = [one for one in counting if one.pk not in held]
    requirement.any_of.add(*new)
    return bool(new)


def mixed(milestones: Iterable[Milestone]) -> Iterable[str]:
    """Say that deliverables stand among other milestones: they are counted apart."""
    by = {
        deliverable: [one for one in milestones if one.deliverable is deliverable]
        for deliverable in (True, False)
    }
    if by[True] and by[False]:
        are = "is a deliverable" if len(by[True]) == 1 else "are deliverables"
        yield (
            f"{labels(by[True])} {are} and {labels(by[False])} not. A deliverable can only "
            "become a deliverable, and a milestone a milestone."
        )


def _bring(
    into: Sequence[Successor], before: Sequence[Milestone], kind: Kind, now: dt.datetime
) -> tuple[list[Milestone], list[Milestone]]:
    """Give the successors in their order, and those of them that come to the roadmap now."""
    after, brought = [], []
    found = Milestone.objects.filter(key__in=[successor.key for successor in into])
    there = {one.key: one for one in (locked(found) if found else [])}
    for successor in into:
        milestone = there.get(successor.key)
        if milestone is None:
            milestone = _made(successor, before, now)
            brought.append(milestone)
        else:
            insist(_clashes(milestone, successor, before, kind))
            if milestone.state != State.LIVE:
                milestone.state, milestone.since = State.LIVE, now
                milestone.save(update_fields=["state", "since"])
                brought.append(milestone)
        after.append(milestone)
    return after, brought


def _clashes(
    milestone: Milestone, successor: Successor, before: Sequence[Milestone], kind: Kind
) -> Iterable[str]:
    wording = name(milestone)
    became = Milestone.objects.filter(origins__before=milestone, origins__undone=None).distinct()
    if milestone in before:
        yield f"{milestone.key} cannot follow itself. Give the new milestone a key of its own."
    elif milestone.state == State.LIVE and kind != Kind.REPLACE:
        yield f"{milestone.key} is taken by a live milestone. Choose another key."
    elif became:
        yield (
            f"{milestone.key} became {labels(became)}. Restore it instead, which undoes that, or "
            "choose another key."
        )
    elif successor.wording and _one_line(successor.wording) != wording:
        yield (
            f"{milestone.key} exists already, worded “{wording}”. Choose another key, or leave "
            "the wording empty to take that one as it is."
        )
    elif not wording:
        yield f"{milestone.key} has no wording yet. Give it one first."
    yield from mixed([*before, milestone])


def _made(successor: Successor, before: Sequence[Milestone], now: dt.datetime) -> Milestone:
    """Make a milestone that was not there, with the parts of the deliverables it follows."""
    milestone = Milestone(
        key=successor.key,
        kind=successor.kind,
        detail=successor.detail,
        deliverable=before[0].deliverable,
        since=now,
    )
    wording = _one_line(successor.wording)
    insist([] if wording else [f"{successor.key or 'A new milestone'} needs a wording."])
    revision = MilestoneRevision(milestone=milestone, number=1, wording=wording)
    try:
        milestone.full_clean()
        revision.full_clean(exclude=["milestone"], validate_constraints=False)
    except ValidationError as error:
        raise RefusedError(
            [
                f"{successor.key or 'A new milestone'}, {field}: {message}"
                for field, messages in error.message_dict.items()
                for message in messages
            ]
        ) from error
    try:
        with transaction.atomic():
            milestone.save(force_insert=True)
    except IntegrityError as error:
        raise RefusedError([f"{milestone.key} was just taken. Choose another key."]) from error
    milestone.reword(wording, MilestoneRevision.Change.MATERIAL)
    DeliverablePart.objects.bulk_create(_parts(milestone, before))
    return milestone


def _one_line(wording: str) -> str:
    return " ".join(wording.split())


def _parts(milestone: Milestone, before: Sequence[Milestone]) -> list[DeliverablePart]:
    """Give copies of what had to ship before, so that links given for a part show it still."""
    parts: dict[str, DeliverablePart] = {}
    for one in before:
        for part in one.parts.all() if milestone.deliverable else []:
            slug, number = part.slug, 2
            # Another thing under the same slug is a part of its own.
            while slug in parts and (parts[slug].name, parts[slug].label) != (
                part.name,
                part.label,
            ):
                end = f"-{number}"
                slug, number = part.slug[: 60 - len(end)].rstrip("-") + end, number + 1
            parts.setdefault(
                slug,
                DeliverablePart(
                    milestone=milestone,
                    slug=slug,
                    name=part.name,
                    label=part.label,
                    position=len(parts) + 1,
                ),
            )
    return list(parts.values())


def _place(after: Sequence[Milestone], behind: Placement, now: dt.datetime) -> None:
    """Put milestones right behind another in its phase.

    They get its position: of equals the one that was placed first comes first.
    """
    places = list(Placement.objects.filter(phase=behind.phase_id))
    held = {place.milestone_id for place in places}
    at = places.index(behind) + 1
    if at < len(places) and places[at].position == behind.position:
        for number, place in enumerate(places, start=1):
            place.position = number
        Placement.objects.bulk_update(places, ["position"])
        behind = places[at - 1]
    Placement.objects.bulk_create(
        (
            Placement(phase_id=behind.phase_id, milestone=one, position=behind.position, since=now)
            for one in after
            if one.pk not in held
        ),
        # Somebody may be placing it there at this moment.
        ignore_conflicts=True,
    )


def successions_of(rows: Iterable[Stateful]) -> list[Succession]:
    """Give the operations that restoring these rows would undo, the last one first."""
    pks = [row.pk for row in rows if isinstance(row, Milestone)]
    found = Succession.objects.filter(before__in=pks, undone=None).distinct()
    return list(found.prefetch_related("before", "after", "brought", "gained"))


def not_undone(successions: Sequence[Succession], rows: Sequence[Stateful]) -> Iterable[str]:
    """Say why operations cannot be undone to bring rows back; nothing when they can."""
    going = {succession.pk for succession in successions}
    brought = {one.pk for succession in successions for one in succession.brought.all()}
    later: dict[int, list[Succession]] = defaultdict(list)
    since = Succession.objects.filter(before__in=brought, undone=None).exclude(pk__in=going)
    for step in since.distinct().prefetch_related("before", "after"):
        for one in step.before.all():
            later[one.pk].append(step)
    for succession in successions:
        before = succession.before.all()
        for one in succession.brought.all():
            if one in rows:
                yield (
                    f"{one.key} took the place of {labels(before)}, so they cannot come back "
                    "together. Restore one of them alone."
                )
            for step in later[one.pk]:
                yield (
                    f"{labels(before)} became {one.key}, which has become "
                    f"{labels(step.after.all())} since. Restore {one.key} first."
                )


def undo(succession: Succession, now: dt.datetime) -> None:
    """Bring back what lived on in others, and let go what came for it."""
    before, after = list(succession.before.all()), list(succession.after.all())
    succession.undone = now
    succession.save(update_fields=["undone"])
    if succession.kind == Kind.MERGE:
        for milestone in after:
            ledger().put_back(milestone.pk, now=now)
    # Asked anew: another operation that was undone just now may have handed some over.
    leaving = [
        one for one in succession.brought.order_by("key") if not _handed_over(one, succession)
    ]
    Milestone.objects.filter(pk__in=[one.pk for one in leaving], state=State.LIVE).update(
        state=State.RETIRED
    )
    Milestone.objects.filter(pk__in=[one.pk for one in before]).update(state=State.LIVE, since=now)
    staying = [one for one in after if one not in leaving]
    for one in staying:
        _unplace(one, succession)
    lost = [one for one in staying if _let_go(one, succession)]
    if lost:
        ledger().settle([one.pk for one in lost])


def _handed_over(brought: Milestone, by: Succession) -> bool:
    """Leave a milestone to a later operation that it stands for too, if there is one."""
    other = _standing(brought).filter(pk__gt=by.pk).last()
    if other:
        other.brought.add(brought)
    return other is not None


def _unplace(milestone: Milestone, succession: Succession) -> None:
    """Take a milestone that was there before out of the places that the operation gave it.

    Where it stands for another one too, the place is that operation's from now on.
    """
    for place in Placement.objects.filter(milestone=milestone, since=succession.at):
        other = _standing(milestone).filter(before__placements__phase=place.phase_id).first()
        if other:
            place.since = other.at
            place.save(update_fields=["since"])
        else:
            place.delete()


def _let_go(milestone: Milestone, succession: Succession) -> bool:
    """Take a milestone out of the requirements that it fulfils by the operation; say whether it
    was in any. Who reached a level by it keeps the rule of then."""
    lost = False
    for requirement in succession.gained.order_by("pk"):
        other = _standing(milestone).filter(before__requirements=requirement).first()
        if other:
            other.gained.add(requirement)
        elif requirement.any_of.filter(pk=milestone.pk).exists():
            requirement.any_of.remove(milestone)
            lost = True
    return lost


def _standing(milestone: Milestone) -> QuerySet[Succession]:
    """Give the operations by which a milestone stands for others still."""
    return Succession.objects.filter(after=milestone, undone=None)
