import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from journal.models import Entry, StepDecision
from journal.steps import carried, decide, name_of, steps_in, steps_of
from mastery.models import User
from tests.journal.editing import NEW, add, form_in, opened


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", []),
        ("Read the paper", ["Read the paper"]),
        ("Read the paper\nRun it", ["Read the paper", "Run it"]),
        ("- a\n* b\n+ c\n1. d\n2) e", ["a", "b", "c", "d", "e"]),
        ("- [ ] open\n- [x] done\n- [X] done too\n1. [ ] open too", ["open", "open too"]),
        ("- a\n  goes on\nlazily\n- b", ["a goes on lazily", "b"]),
        ("- [x] done\n  and more of it\n- b", ["b"]),
        ("- a\n\n  a paragraph about it\n- b", ["a", "b"]),
        ("- a\n  - nested", ["a", "nested"]),
        ("- a\n\nBeside the list", ["a", "Beside the list"]),
        ("# Heading\nTomorrow:\n- a", ["a"]),
        ("```\n- code\n```\n- a", ["a"]),
        ("~~~~\n```\n- code\n~~~\n~~~~\n- a", ["a"]),
        ("- a\n- a\n---\n* * *\n-\n- [ ]", ["a"]),
        ("- `lr=3e-4` and **bf16**", ["`lr=3e-4` and **bf16**"]),
    ],
)
def test_steps_are_list_items_and_lines(text: str, steps: list[str]) -> None:
    assert steps_in(text) == steps


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "- a\n- b"),
        ("- c", "- c\n- a\n- b"),
        ("c", "c\n\n- a\n- b"),
        ("- [ ] b\n", "- [ ] b\n- a"),
        ("a\nb", "a\nb"),
    ],
)
def test_steps_carried_over_are_list_items_named_once(text: str, after: str) -> None:
    choices = {"a": "carried", "b": "carried", "x": "done", "y": "dropped"}
    assert carried(text, choices) == after
    assert carried(after, choices) == after


STEPS = ["Read the paper", "Run it", "Plot it", "Rest"]


@pytest.fixture
def last(user: User, roadmap: object) -> Entry:
    return add(user, next="\n".join(f"- {step}" for step in STEPS))


def choices(*decided: str) -> dict[str, Any]:
    return dict(zip(map(name_of, STEPS), decided, strict=False))


def test_the_next_entry_decides_the_open_steps(learner: Client, last: Entry) -> None:
    html = learner.get(NEW).content.decode()
    assert all(f">{step}</legend>" in html for step in STEPS)
    fields = {
        **form_in(html),
        "tried": "x",
        "next": "Sleep",
        **choices("done", "carried", "dropped"),
    }
    for _ in range(2):
        assert learner.post(NEW, fields).status_code == 303
    entry = Entry.objects.exclude(pk=last.pk).get()
    assert entry.next == "Sleep\n\n- Run it"
    assert [(step.text, step.decision, step.decided_in) for step in steps_of(last)] == [
        ("Read the paper", "done", entry),
        ("Run it", "carried", entry),
        ("Plot it", "dropped", entry),
        ("Rest", None, None),
    ]
    assert StepDecision.objects.count() == 3


def test_steps_of_an_entry_take_one_query(last: Entry, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        steps_of(last)


def test_what_is_decided_is_not_offered_again(learner: Client, last: Entry) -> None:
    learner.post(NEW, {**opened(learner, NEW), "tried": "x", **choices("done")})
    html = learner.get(NEW).content.decode()
    assert ">Read the paper</legend>" not in html
    assert ">Run it</legend>" in html


def test_a_step_carried_into_an_entry_that_is_gone_is_open_again(
    learner: Client, last: Entry
) -> None:
    learner.post(NEW, {**opened(learner, NEW), "tried": "x", **choices("done", "carried")})
    Entry.objects.exclude(pk=last.pk).get().put_in_bin(now=timezone.now())
    html = learner.get(NEW).content.decode()
    assert ">Run it</legend>" in html
    assert ">Read the paper</legend>" not in html
    learner.post(NEW, {**form_in(html), "tried": "y", **choices("dropped", "done")})
    assert {step.text: step.decision for step in steps_of(last)} == {
        "Read the paper": "done",
        "Run it": "done",
        "Plot it": None,
        "Rest": None,
    }


def test_a_step_is_decided_once(user: User, last: Entry) -> None:
    one, other = add(user), add(user)
    now = timezone.now()
    decide(last, {"Run it": "done"}, entry=one, now=now)
    decide(
        last, {"Run it": "dropped", "Rest": "dropped", "x" * 100_000: "done"}, entry=other, now=now
    )
    fates = {step.text: step.decision for step in steps_of(last)}
    assert (fates["Run it"], fates["Rest"]) == ("done", "dropped")
    with pytest.raises(IntegrityError), transaction.atomic():
        StepDecision.objects.create(entry=last, step="Run it", decision="dropped", at=now)


def test_choices_survive_a_mistake_elsewhere(learner: Client, last: Entry) -> None:
    fields = {**opened(learner, NEW), "minutes": "x", **choices("done")}
    response = learner.post(NEW, fields)
    assert response.status_code == 422
    assert form_in(response.content.decode())[name_of(STEPS[0])] == "done"
    assert not StepDecision.objects.exists()


def test_a_step_alone_is_an_entry(learner: Client, last: Entry) -> None:
    learner.post(NEW, {**opened(learner, NEW), **choices("carried")})
    assert Entry.objects.exclude(pk=last.pk).get().next == "- Read the paper"


def test_the_steps_of_somebody_else_are_nobodys_to_decide(
    learner: Client, make_user: Any, roadmap: object
) -> None:
    theirs = add(make_user("grace"), next="- Read the paper")
    assert "Read the paper" not in learner.get(NEW).content.decode()
    learner.post(NEW, {"tried": "x", "steps_from": theirs.code, **choices("done")})
    assert Entry.objects.count() == 2
    assert not StepDecision.objects.exists()


def test_an_entry_for_an_earlier_day_does_not_hide_the_steps(
    learner: Client, last: Entry, user: User
) -> None:
    learner.post(NEW, {"date": str(last.day - dt.timedelta(days=9)), "tried": "x", "next": "- Old"})
    html = learner.get(NEW).content.decode()
    assert ">Run it</legend>" in html
    assert ">Old</legend>" not in html
