"""Find your entry point: the first thing you cannot do by implementing it decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadmap.models import Question


@dataclass(frozen=True, slots=True)
class Advice:
    """Where to start, or which question still needs an answer; neither: beyond the last one."""

    start: Question | None = None
    unanswered: Question | None = None


def advise(questions: Sequence[Question], answers: Mapping[str, str]) -> Advice:
    """Go through the questions in order; ``answers`` has ``yes`` or ``no`` by a question's slug."""
    for question in questions:
        answer = answers.get(question.slug)
        if answer == "no":
            return Advice(start=question)
        if answer != "yes":
            return Advice(unanswered=question)
    return Advice()
