"""What is sent to the desk by hand, by accident or in bad faith: refused in words, no error."""

from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

import tracker.urls
from roadmap.models import (
    Chapter,
    Level,
    Milestone,
    MilestoneRevision,
    Phase,
    Placement,
    Resource,
    State,
)
from roadmap.models.milestones import TAKEN
from roadmap.queries import Manual
from tests.roadmap.test_admin import address, edit, form_of, text_of
from tests.roadmap.test_desk_operations import new, page, send, the

NO_NUMBERS = ["abc", "", "-1", "1e3", "٣", "99999999999999999999"]


@pytest.mark.parametrize("action", ["retire", "delete_selected"])
def test_an_action_leaves_alone_what_is_no_row(
    editor: Client, roadmap: Manual, action: str
) -> None:
    row = the("p1-2")
    for model in (Milestone, Phase):
        response = editor.post(
            address(model), {"action": action, "_selected_action": NO_NUMBERS}, follow=True
        )
        assert response.status_code == 200
    response = editor.post(
        address(Milestone),
        {"action": action, "_selected_action": [*NO_NUMBERS, row.pk]},
        follow=True,
    )
    assert "p1-2" in text_of(response)
    assert the("p1-2").state == State.LIVE


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Phase, "placements-2-0-milestone"),
        (Phase, "resources-0-resource"),
        (Level, "requirements-0-any_of"),
    ],
)
@pytest.mark.parametrize("sent", NO_NUMBERS[:1] + NO_NUMBERS[-1:])
def test_a_chosen_row_that_is_none_is_refused_beside_its_field(
    editor: Client, roadmap: Manual, model: type[models.Model], name: str, sent: str
) -> None:
    rows = {Phase: Phase.objects.filter(slug="1"), Level: Level.objects.filter(slug="l1")}[model]
    response = edit(editor, rows.get(), **{name: sent})
    assert response.status_code == 200
    assert "Please correct" in text_of(response)


def test_a_phase_cannot_be_its_own_twin(editor: Client, roadmap: Manual) -> None:
    phase = Phase.objects.get(slug="2")
    response = edit(editor, phase, same_as=str(phase.pk))
    assert "Select a valid choice." in text_of(response)
    edit(editor, phase, same_as=str(Phase.objects.get(slug="3").pk))
    phase.refresh_from_db()
    assert phase.same_as == Phase.objects.get(slug="3")


@pytest.mark.parametrize("key", sorted(TAKEN))
def test_a_key_that_leads_to_another_page_is_refused(
    editor: Client, roadmap: Manual, key: str
) -> None:
    form = form_of(editor.get(address(Milestone, "add/")))
    added = editor.post(address(Milestone, "add/"), {**form, "key": key, "wording": "What"})
    assert "is the address of another page" in text_of(added)
    split = send(editor, "split", the("p1-2"), **new(0, key, "One"), **new(1, "p1-2b", "Two"))
    assert "is the address of another page" in text_of(split)
    assert not Milestone.objects.filter(key=key).exists()
    assert the("p1-2").state == State.LIVE


def test_the_keys_that_are_taken_are_those_of_other_pages() -> None:
    below = {str(one.pattern).split("/")[1] for one in tracker.urls.urlpatterns}
    assert {word for word in below if word and not word.startswith("<")} == TAKEN
    assert resolve("/progress/p1-2/").url_name == "tick"


def test_what_nobody_can_see_is_left_out(editor: Client, roadmap: Manual) -> None:
    milestone, chapter = the("p1-2"), Chapter.objects.all()[0]
    edit(
        editor,
        milestone,
        wording="Ring\x07 the\x1b \x9bbell",
        change="cosmetic",
        detail="a\x08b\tc\x85d",
    )
    edit(editor, chapter, title="A\x0ctitle", text="One\x0c\r\ntwo\x7f")
    assert milestone.latest_revision() == MilestoneRevision.objects.get(wording="Ring the bell")
    milestone.refresh_from_db()
    chapter.refresh_from_db()
    assert (milestone.detail, chapter.title) == ("ab\tc\nd", "A title")
    assert chapter.text.split() == ["One", "two"]


@pytest.mark.parametrize("wording", ["w" * 251, "a\0b", " \x07 "])
def test_a_wording_that_cannot_be_is_refused_with_its_error(
    editor: Client, roadmap: Manual, wording: str
) -> None:
    response = edit(editor, the("p1-2"), wording=wording, change="cosmetic")
    assert "Please correct" in text_of(response)
    into = {**new(0, "p1-2a", wording), **new(1, "p1-2b", "Two")}
    assert send(editor, "split", the("p1-2"), **into).status_code == 422
    assert MilestoneRevision.objects.filter(milestone=the("p1-2")).count() == 1


def test_what_cannot_be_merged_is_told_before_anything_is_sent(
    editor: Client, roadmap: Manual
) -> None:
    looked = editor.get(page("merge", the("p1-2"), the("d1")))
    assert "d1 is a deliverable and p1-2 not." in text_of(looked)
    assert "operation_form" not in looked.content.decode()
    assert "operation_form" in editor.get(page("merge", the("p1-2"), the("p1-3"))).content.decode()


def test_milestones_in_no_phase_are_found_by_that_name(editor: Client, roadmap: Manual) -> None:
    Placement.objects.filter(milestone=the("p1-2")).delete()
    listed = editor.get(address(Milestone))
    assert "In no phase" in text_of(listed)
    found: Any = editor.get(address(Milestone), {"phases__isnull": "True"})
    assert [row.key for row in found.context["cl"].queryset] == ["p1-2"]


@pytest.mark.parametrize(("model", "slug"), [(Phase, "1"), (Level, "l1")])
def test_a_form_costs_the_same_with_more_rows_in_it(
    editor: Client, roadmap: Manual, model: type[models.Model], slug: str
) -> None:
    row: Any = model._default_manager.get(slug=slug)
    few = cost(editor, address(row, "change"))
    for number in range(18):
        if isinstance(row, Phase):
            milestone = Milestone.objects.create(key=f"new-{number}", kind="build")
            milestone.reword("What", "material")
            row.placements.create(milestone=milestone)
            title = {"slug": f"new-{number}", "title": "New", "kind": "book", "summary": "S"}
            row.resources.create(resource=Resource.objects.create(**title), role="primary")
        else:
            row.requirements.create(slug=f"new-{number}").any_of.set([the("d1"), the("d2")])
    assert cost(editor, address(row, "change")) == few
    body = text_of(editor.get(address(row, "change")))
    assert ("new-17: What" if model is Phase else "d2: ") in body


def test_undoing_many_operations_costs_the_same_to_look_at(editor: Client, roadmap: Manual) -> None:
    rows = [the(f"p1-{number}") for number in range(5)]
    for row in rows:
        into = {**new(0, f"{row.key}a", "One"), **new(1, f"{row.key}b", "Two")}
        send(editor, "split", row, **into)
    assert cost(editor, page("restore", rows[0])) == cost(editor, page("restore", *rows))


def cost(client: Client, url: str) -> int:
    """Count the queries of a page, with what is kept between requests at hand."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_a_state_or_a_set_that_is_forged_changes_nothing(editor: Client, roadmap: Manual) -> None:
    resource = Resource.objects.all()[0]
    edit(editor, the("p1-2"), state="retired", release="1", key="mine")
    edit(editor, resource, state="draft", release="1", slug="mine")
    resource.refresh_from_db()
    assert (the("p1-2").state, the("p1-2").release) == (State.LIVE, None)
    assert (resource.state, resource.release) == (State.LIVE, None)
    assert not Resource.objects.filter(slug="mine").exists()
