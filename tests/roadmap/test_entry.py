import pytest

from roadmap.entry import Advice, advise
from roadmap.models import Phase, Question

QUESTIONS = [Question(slug=slug, phase=Phase(slug=slug)) for slug in ("one", "two", "three")]
ONE, TWO, THREE = QUESTIONS


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ("no no no", Advice(start=ONE)),
        ("no yes yes", Advice(start=ONE)),
        ("no - -", Advice(start=ONE)),
        ("yes no -", Advice(start=TWO)),
        ("yes no yes", Advice(start=TWO)),
        ("yes yes no", Advice(start=THREE)),
        ("yes yes yes", Advice()),
        ("- no no", Advice(unanswered=ONE)),
        ("- - -", Advice(unanswered=ONE)),
        ("yes - no", Advice(unanswered=TWO)),
        ("yes yes -", Advice(unanswered=THREE)),
        ("maybe no no", Advice(unanswered=ONE)),
        ("yes NO yes", Advice(unanswered=TWO)),
    ],
)
def test_the_first_no_decides_unless_an_answer_before_it_is_missing(
    answers: str, advice: Advice
) -> None:
    given = zip(("one", "two", "three"), answers.split(), strict=True)
    assert advise(QUESTIONS, {slug: answer for slug, answer in given if answer != "-"}) == advice


def test_without_questions_there_is_nothing_to_ask() -> None:
    assert advise([], {"one": "no"}) == Advice()


def test_answers_to_questions_that_are_gone_decide_nothing() -> None:
    answers = {"gone": "no", "one": "yes", "two": "yes", "three": "yes"}
    assert advise(QUESTIONS, answers) == Advice()
