"""Next steps: what the last prompt of an entry names, and what became of each."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from journal.models import Entry, StepDecision
from journal.models.drafts import Typed
from mastery.models import User

MOST_OFFERED = 30

NAME = re.compile(r"step-[0-9a-f]{12}")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+(?:\[([ xX])\](?:\s+|$))?(.*)")
_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"`{3,}|~{3,}")


@dataclass(frozen=True, slots=True)
class Step:
    """A next step, with what was decided about it and the entry in which, if anything was."""

    text: str
    decision: StepDecision.Decision | None = None
    decided_in: Entry | None = None


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """An open step in a form: the name of its field, and what is chosen there."""

    name: str
    text: str
    choice: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The open steps of one entry, to be decided in a new one."""

    entry: Entry
    steps: list[OfferedStep]


def steps_in(text: str) -> list[str]:
    """Give the steps that a text names, each once: list items not ticked, and lines beside lists.

    Headings, lines that end in a colon, code and what stands further in an item name none.
    """
    steps: list[list[str]] = []
    item: list[str] | None = None
    below_list = False
    fence = ""
    for line in text.split("\n"):
        bare = line.strip()
        if fence:
            fence = "" if bare.startswith(fence) and not bare.strip(fence[0]) else fence
        elif opening := _FENCE.match(bare):
            fence, item = opening[0], None
        elif _HEADING.match(bare) or not any(map(str.isalnum, bare)):
            item = None
        elif found := _ITEM.fullmatch(bare):
            item, below_list = [found[2]], True
            if (found[1] or " ") == " ":
                steps.append(item)
        elif item is not None:
            item.append(bare)
        elif not (bare.endswith(":") or (below_list and line[0] in " \t")):
            steps.append([bare])
            below_list = False
    texts = (" ".join(parts).strip() for parts in steps)
    return list(dict.fromkeys(filter(None, texts)))


def steps_of(entry: Entry) -> list[Step]:
    """Give the steps that an entry names, each with its fate. One query."""
    fates = _fates(entry)
    return [
        Step(text, StepDecision.Decision(fate.decision), _shown(fate.decided_in))
        if (fate := fates.get(text))
        else Step(text)
        for text in steps_in(entry.next)
    ]


def offer(user: User, fields: Typed) -> Offer | None:
    """Give the open steps of the entry that a form is about, or of the last that names any."""
    source = source_of(user, fields)
    if source is None and "steps_from" not in fields:
        source = Entry.objects.of(user).live().exclude(next="").order_by("-day", "-pk").first()
    if source is None:
        return None
    decided = _fates(source)
    open_steps = [text for text in steps_in(source.next) if text not in decided][:MOST_OFFERED]
    steps = [
        OfferedStep(name_of(text), text, str(fields.get(name_of(text), ""))) for text in open_steps
    ]
    return Offer(source, steps) if steps else None


def source_of(user: User, fields: Typed) -> Entry | None:
    """Give the entry whose steps a form decides."""
    code = fields.get("steps_from")
    return Entry.objects.of(user).live().filter(code=code).first() if code else None


def chosen(source: Entry | None, fields: Typed) -> dict[str, str]:
    """Give what a form says about the steps of an entry, by their texts. Left open says nothing."""
    choices = {
        text: fields.get(name_of(text)) for text in (steps_in(source.next) if source else ())
    }
    return {
        text: choice
        for text, choice in choices.items()
        if isinstance(choice, str) and choice in StepDecision.Decision
    }


def carried(text: str, choices: Mapping[str, str]) -> str:
    """Add the steps carried over to a text, as list items, unless it names them already."""
    there = set(steps_in(text))
    added = [step for step, choice in choices.items() if choice == "carried" and step not in there]
    if not added:
        return text
    text = text.rstrip()
    last = text.rpartition("\n")[2].strip()
    gap = ("\n" if _ITEM.fullmatch(last) else "\n\n") if text else ""
    return text + gap + "\n".join(f"- {step}" for step in added)


def decide(source: Entry, choices: Mapping[str, str], *, entry: Entry, now: dt.datetime) -> None:
    """Write down what became of an entry's steps, but for those that were decided meanwhile."""
    gone = Q(decided_in=None) | Q(decided_in__deleted_at__isnull=False)
    source.step_decisions.filter(gone, step__in=[*choices], decision="carried").delete()
    StepDecision.objects.bulk_create(
        (
            StepDecision(entry=source, step=step, decision=choice, decided_in=entry, at=now)
            for step, choice in choices.items()
        ),
        ignore_conflicts=True,
    )


def name_of(step: str) -> str:
    """Give the name of the field that decides a step."""
    return f"step-{hashlib.sha256(step.encode()).hexdigest()[:12]}"


def _fates(entry: Entry) -> dict[str, StepDecision]:
    rows: Iterable[StepDecision] = entry.step_decisions.select_related("decided_in")
    # Carried into an entry that is gone, a step is where it was before.
    return {row.step: row for row in rows if row.decision != "carried" or _shown(row.decided_in)}


def _shown(entry: Entry | None) -> Entry | None:
    return entry if entry and entry.deleted_at is None else None
