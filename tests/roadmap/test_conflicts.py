"""Two editors on one row: nobody's words are overwritten, whatever either of them saves."""

from typing import Any

import pytest
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Habit, Level, Milestone, Phase, Placement, Resource
from tests.roadmap.test_admin import address, edit, form_of, make_phase, text_of
from tests.roadmap.test_history import events

pytestmark = pytest.mark.usefixtures("roadmap")


@pytest.fixture
def colleague(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("hedy", "hedy@example.org", "x"))
    return client


@pytest.fixture
def phase(db: None) -> Phase:
    phase = make_phase("9")
    for position, slug in enumerate(("first", "second", "third"), start=1):
        phase.topics.create(slug=slug, title=slug.title(), text=f"{slug}.", position=position)
    return phase


def began(client: Client, row: models.Model) -> dict[str, Any]:
    return form_of(client.get(address(row, "change")))


def send(client: Client, row: models.Model, form: dict[str, Any], **changes: Any) -> HttpResponse:
    return client.post(address(row, "change"), {**form, **changes})


def topics(phase: Phase) -> list[tuple[str, str]]:
    return list(phase.topics.values_list("slug", "text"))


def test_a_form_that_began_earlier_overwrites_nothing_and_shows_both(
    phase: Phase, editor: Client, colleague: Client
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, goal="Go *far*.")

    response = send(editor, phase, form, goal="Go *home*.", title="Part ten")

    assert response.status_code == 409
    phase.refresh_from_db()
    assert (phase.goal, phase.title) == ("Go *far*.", "Part 9")
    shown = text_of(response)
    assert "Goal: both of you changed it" in shown
    assert "Saved by hedy on" in shown
    assert "Go [gone: *far*.][new: *home*.]" in shown
    again = form_of(response)
    # What was typed is kept, and nothing is chosen for anybody.
    assert (again["goal"], again["title"]) == ("Go *home*.", "Part ten")
    assert "choose-goal" not in again

    undecided = send(editor, phase, again)
    assert undecided.status_code == 409
    assert "Choose yours or theirs." in text_of(undecided)
    assert form_of(undecided)["goal"] == "Go *home*."
    phase.refresh_from_db()
    assert phase.title == "Part 9"


@pytest.mark.parametrize("digits", ["fullwidth", "padded"])
def test_no_other_way_to_write_an_address_gets_past_a_colleague(
    phase: Phase, editor: Client, colleague: Client, digits: str
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, goal="Go *far*.")
    number = str(phase.pk)
    odd = f"{number}%20" if digits == "padded" else "".join(chr(ord(n) + 0xFEE0) for n in number)
    editor.post(address(Phase, f"{odd}/change/"), {**form, "goal": "Go *home*."})
    phase.refresh_from_db()
    assert phase.goal == "Go *far*."


@pytest.mark.parametrize(("choice", "goal"), [("mine", "Go *home*."), ("theirs", "Go *far*.")])
def test_whose_it_is_to_be_is_chosen_and_saved(
    phase: Phase, editor: Client, colleague: Client, choice: str, goal: str
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, goal="Go *far*.")
    again = form_of(send(editor, phase, form, goal="Go *home*.", title="Part ten"))
    response = send(editor, phase, again, **{"choose-goal": choice})
    assert response.status_code == 302
    phase.refresh_from_db()
    assert (phase.goal, phase.title) == (goal, "Part ten")


def test_fields_that_one_alone_changed_need_no_choice(
    phase: Phase, editor: Client, colleague: Client
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, goal="Go *far*.", level="L9 begins")
    response = send(editor, phase, form, title="Part ten")
    assert response.status_code == 409
    assert "Goal: the form below has theirs" in text_of(response)
    assert send(editor, phase, form_of(response)).status_code == 302
    phase.refresh_from_db()
    assert (phase.title, phase.goal, phase.level) == ("Part ten", "Go *far*.", "L9 begins")


def test_a_third_save_in_between_asks_once_more(
    phase: Phase, editor: Client, colleague: Client
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, goal="Go *far*.")
    again = form_of(send(editor, phase, form, goal="Go *home*."))
    edit(colleague, phase, goal="Go *farther*.")
    response = send(editor, phase, again, **{"choose-goal": "mine"})
    assert response.status_code == 409
    assert "Go [gone: *farther*.][new: *home*.]" in text_of(response)
    phase.refresh_from_db()
    assert phase.goal == "Go *farther*."
    send(editor, phase, form_of(response), **{"choose-goal": "mine"})
    phase.refresh_from_db()
    assert phase.goal == "Go *home*."


def test_the_same_form_sent_twice_is_saved_once_and_asks_nothing(
    phase: Phase, editor: Client
) -> None:
    form = {
        **began(editor, phase),
        "title": "Part ten",
        "topics-TOTAL_FORMS": 4,
        "topics-3-title": "Fourth",
        "topics-3-slug": "fourth",
        "topics-3-position": 4,
        "topics-3-text": "fourth.",
    }
    assert send(editor, phase, form).status_code == 302
    count = events()
    assert send(editor, phase, form).status_code == 302
    assert events() == count
    assert phase.topics.count() == 4


# Rows inside


def test_rows_that_others_added_changed_and_deleted_are_neither_lost_nor_doubled(
    phase: Phase, editor: Client, colleague: Client
) -> None:
    form = began(editor, phase)
    edit(
        colleague,
        phase,
        **{
            "topics-0-text": "Theirs.",
            "topics-1-DELETE": "on",
            "topics-TOTAL_FORMS": 4,
            "topics-3-title": "Added",
            "topics-3-slug": "added",
            "topics-3-position": 4,
            "topics-3-text": "Theirs too.",
        },
    )
    mine = {
        "topics-2-text": "Mine.",
        "topics-TOTAL_FORMS": 4,
        "topics-3-title": "Mine",
        "topics-3-slug": "mine",
        "topics-3-position": 5,
        "topics-3-text": "Mine too.",
    }
    response = send(editor, phase, form, **mine)
    assert response.status_code == 409
    shown = text_of(response)
    assert "Topic “First”: Text: the form below has theirs" in shown
    assert "Topic “Added”: the form below has theirs" in shown
    assert "Topic “second”: the form below has theirs" in shown

    assert send(editor, phase, form_of(response)).status_code == 302

    assert topics(phase) == [
        ("first", "Theirs."),
        ("third", "Mine."),
        ("added", "Theirs too."),
        ("mine", "Mine too."),
    ]


@pytest.mark.parametrize(("choice", "kept"), [("mine", [("second", "Mine.")]), ("theirs", [])])
def test_a_row_that_one_changed_and_the_other_deleted_is_asked_about(
    phase: Phase, editor: Client, colleague: Client, choice: str, kept: list[tuple[str, str]]
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, **{"topics-1-DELETE": "on"})
    response = send(editor, phase, form, **{"topics-1-text": "Mine."})
    assert response.status_code == 409
    assert "it comes back, as it stands in the form below" in text_of(response)
    again = form_of(response)
    assert send(editor, phase, again).status_code == 409
    assert send(editor, phase, again, **{"choose-topics-gone-second": choice}).status_code == 302
    assert [topic for topic in topics(phase) if topic[0] == "second"] == kept
    assert phase.topics.count() == 2 + len(kept)


@pytest.mark.parametrize(("choice", "count"), [("mine", 2), ("theirs", 3)])
def test_a_row_that_one_deleted_and_the_other_changed_is_asked_about(
    phase: Phase, editor: Client, colleague: Client, choice: str, count: int
) -> None:
    form = began(editor, phase)
    topic = phase.topics.get(slug="second")
    edit(colleague, phase, **{"topics-1-text": "Theirs."})
    response = send(editor, phase, form, **{"topics-1-DELETE": "on"})
    assert response.status_code == 409
    assert phase.topics.count() == 3
    key = f"choose-topics-{topic.pk}-DELETE"
    assert send(editor, phase, form_of(response), **{key: choice}).status_code == 302
    assert phase.topics.count() == count


@pytest.mark.parametrize(
    ("choice", "order"),
    [("mine", ["third", "second", "first"]), ("theirs", ["second", "first", "third"])],
)
def test_two_orders_are_one_question(
    phase: Phase, editor: Client, colleague: Client, choice: str, order: list[str]
) -> None:
    form = began(editor, phase)
    edit(colleague, phase, **{"topics-0-position": 2, "topics-1-position": 1})
    response = send(editor, phase, form, **{"topics-0-position": 9, "topics-2-position": 0})
    assert response.status_code == 409
    assert text_of(response).count("both of you changed it") == 1
    form = form_of(response)
    assert send(editor, phase, form, **{"choose-topics-order": choice}).status_code == 302
    expected = order if choice == "theirs" else ["third", "second", "first"]
    assert [slug for slug, _text in topics(phase)] == expected


def test_what_a_requirement_takes_and_where_a_milestone_stands_are_compared_too(
    phase: Phase, editor: Client, colleague: Client
) -> None:
    one, two, three = (Milestone.objects.get(key=key) for key in ("d0", "d1", "d2"))
    level = Level.objects.create(slug="l9", name="Far", can="x", time="x", reached_by="x")
    level.requirements.create(slug="one").any_of.add(one)
    form = began(editor, level)
    edit(colleague, level, **{"requirements-0-any_of": [one.pk, two.pk]})
    response = send(editor, level, form, **{"requirements-0-any_of": [three.pk]})
    assert response.status_code == 409
    assert level.requirements.get().any_of.count() == 2
    shown = text_of(response)
    assert "both of you changed it" in shown
    assert "d2: " in shown

    form = began(editor, phase)
    place = Placement.objects.create(phase=phase, milestone=two, position=1)
    response = send(editor, phase, form, title="Part ten")
    assert response.status_code == 409
    assert send(editor, phase, form_of(response)).status_code == 302
    assert list(phase.placements.all()) == [place]


def test_two_wordings_are_a_conflict_and_no_revision_is_lost(
    editor: Client, colleague: Client
) -> None:
    milestone = Milestone.objects.create(key="m-1", kind="build")
    milestone.reword("A thing built", "material")
    Placement.objects.create(phase=make_phase("9"), milestone=milestone)
    form = began(editor, milestone)
    edit(colleague, milestone, wording="A thing built by ear", change="cosmetic")
    mine = {"wording": "A thing bought", "change": "cosmetic"}
    response = send(editor, milestone, form, **mine)
    assert response.status_code == 409
    assert milestone.revisions.count() == 2
    again = form_of(response)
    assert send(editor, milestone, again, **{"choose-wording": "theirs"}).status_code == 302
    assert milestone.revisions.count() == 2
    assert send(editor, milestone, form, **mine).status_code == 409
    assert send(editor, milestone, again, **{"choose-wording": "mine"}).status_code == 302
    assert [revision.wording for revision in milestone.revisions.all()] == [
        "A thing built",
        "A thing built by ear",
        "A thing bought",
    ]


# The ends of it


@pytest.mark.parametrize("token", ["", "x", "1-2", "-".join(["9" * 40] * 6), "0-0-0-0-0-0"])
def test_a_form_that_does_not_say_when_it_began_is_asked_about_everything(
    phase: Phase, editor: Client, token: str
) -> None:
    form = {**began(editor, phase), "began": token, "title": "Part ten"}
    response = send(editor, phase, form)
    assert response.status_code == 409
    phase.refresh_from_db()
    assert phase.title == "Part 9"
    response = send(editor, phase, form_of(response), **{"choose-title": "mine"})
    assert response.status_code == 302
    phase.refresh_from_db()
    assert phase.title == "Part ten"


def test_nonsense_in_the_rows_is_no_error_of_ours(phase: Phase, editor: Client) -> None:
    form = began(editor, phase) | {"began": "1-1-1-1-1-1"}
    for nonsense in (
        {"topics-0-id": "x", "topics-1-id": "9" * 30, "topics-TOTAL_FORMS": "x"},
        {"topics-TOTAL_FORMS": "99", "topics-0-position": "x", "track": "x"},
        {"topics-0-id": "", "same_as": "9" * 30, "placements-TOTAL_FORMS": "-1"},
        {"clash-title": "x", "clash-x": "x", "choose-title": "both", "since": "x"},
    ):
        assert send(editor, phase, form, **nonsense).status_code in {200, 302, 409}


def test_every_form_says_when_it_began_and_its_save_waits_for_others(
    phase: Phase, editor: Client
) -> None:
    for row in (phase, Resource.objects.earliest("pk"), Habit.objects.earliest("pk")):
        assert began(editor, row)["began"]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        edit(editor, phase, title="Part ten")
    statements = [query["sql"] for query in captured]
    lock = next(i for i, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql)
    row = next(i for i, sql in enumerate(statements) if "FOR UPDATE" in sql)
    write = next(i for i, sql in enumerate(statements) if 'UPDATE "roadmap_phase"' in sql)
    # The moment is looked at between taking the locks and writing.
    looks = [i for i, sql in enumerate(statements) if "MAX(" in sql and "phaseevent" in sql]
    assert any(lock < row < look < write for look in looks)


def positions(client: Client) -> dict[str, Any]:
    formset = client.get(address(Habit)).context["cl"].formset
    forms = list(formset)
    return {
        "form-TOTAL_FORMS": len(forms),
        "form-INITIAL_FORMS": len(forms),
        "form-began": formset.management_form["began"].value(),
        "_save": "Save",
        **{f"form-{i}-id": form.instance.pk for i, form in enumerate(forms)},
        **{f"form-{i}-position": form.instance.position for i, form in enumerate(forms)},
    }


def test_two_who_reorder_a_list_do_not_undo_each_other(editor: Client, colleague: Client) -> None:
    mine, theirs = positions(editor), positions(colleague)
    assert 'name="form-began"' in editor.get(address(Habit)).content.decode()
    colleague.post(address(Habit), theirs | {"form-0-position": 50})
    order = list(Habit.objects.values_list("pk", "position"))

    response = editor.post(address(Habit), mine | {"form-1-position": 60}, follow=True)

    assert "Somebody else changed this list after you opened it." in text_of(response)
    assert list(Habit.objects.values_list("pk", "position")) == order
    # Their own form sent twice is no quarrel.
    response = colleague.post(address(Habit), theirs | {"form-0-position": 50}, follow=True)
    assert "Somebody else" not in text_of(response)
    editor.post(address(Habit), positions(editor) | {"form-0-position": 70})
    assert Habit.objects.filter(position=70).exists()
