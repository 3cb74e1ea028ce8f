"""What happened to a row: read in words, put back, brought back."""

import re
from collections.abc import Callable
from typing import Any

import pghistory
import pytest
from django.db import DatabaseError, connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap import history
from roadmap.models import (
    Chapter,
    Level,
    Milestone,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Release,
    Resource,
    State,
    Topic,
)
from roadmap.queries import Manual
from tests.roadmap.test_admin import address, edit, form_of, make_phase, text_of

pytestmark = pytest.mark.usefixtures("roadmap")


@pytest.fixture
def phase(db: None) -> Phase:
    """A phase with two topics, its history begun by nobody on the desk."""
    phase = make_phase("9")
    phase.topics.create(slug="first", title="First", text="One two three.", position=1)
    phase.topics.create(slug="second", title="Second", text="Four.", position=2)
    nobody()
    return phase


def by_grace() -> pghistory.context:
    return pghistory.context(user=User.objects.get(handle="grace").pk)


def nobody() -> None:
    """End the context that the last request left to this test's one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', '', true),"
            " set_config('pghistory.context_metadata', '', true)"
        )


def page_of(client: Client, row: models.Model, query: str = "") -> HttpResponse:
    return client.get(address(row, "history") + query)


def the_save(row: models.Model) -> history.Save:
    """Give the one save that somebody is known to have made."""
    pk = int(row.pk)
    keys = history.keys_of_saves(type(row), pk)
    (save,) = [one for one in history.saves(type(row), pk, keys) if one.author.handle]
    return save


def put_back(client: Client, row: models.Model, save: str, part: str = "", **more: Any) -> Any:
    """Open the page that puts a save back, and send it."""
    base = f"/admin/roadmap/{row._meta.model_name}/{row.pk}/history/put-back/"
    shown = client.get(base, {"save": save, "row": part})
    if shown.status_code != 200:
        return shown
    return client.post(base, {**form_of(shown), **more}, follow=True)


def events() -> int:
    return sum(
        model.pgh_event_model._default_manager.count()  # type: ignore[attr-defined]
        for model in (Phase, Topic, Placement, PhaseResource, Milestone, Level)
    )


# Reading


def test_a_change_is_told_in_words_with_who_made_it(phase: Phase, editor: Client) -> None:
    topic = phase.topics.get(slug="first")
    edit(editor, phase, title="Part ten", **{"topics-0-text": "One 2 three."})

    page = page_of(editor, phase)

    shown = text_of(page)
    assert re.search(r"\d{4}, \d\d:\d\d · grace", shown)
    assert "Title Part [gone: 9][new: ten]" in shown
    assert "Topic “First” changed" in shown
    assert "Text One [gone: two][new: 2] three." in shown
    body = page.content.decode()
    assert f"save={the_save(phase).key}&amp;row=topic-{topic.pk}" in body
    assert "<del>" in body
    assert "<ins>" in body


def test_choices_and_rows_pointed_at_are_named(phase: Phase, editor: Client) -> None:
    resource = Resource.objects.earliest("pk")
    phase.resources.create(resource=resource, role="primary", position=1)
    nobody()
    twin = Phase.objects.get(slug="1")
    edit(editor, phase, same_as=twin.pk, **{"resources-0-role": "reference"})
    shown = text_of(page_of(editor, phase))
    assert f"Resource “{resource.title}” changed" in shown
    assert "Role [gone: Primary][new: Reference]" in shown
    assert f"Same as [gone: nothing][new: {twin}]" in shown


def test_rows_that_only_changed_their_places_are_folded(phase: Phase, editor: Client) -> None:
    edit(editor, phase, **{"topics-0-position": 2, "topics-1-position": 1})
    shown = text_of(page_of(editor, phase))
    assert "Moved: Topic “First”, Topic “Second”" in shown or (
        "Moved: Topic “Second”, Topic “First”" in shown
    )
    assert "Position" not in shown


def test_rows_added_and_deleted_are_told_in_full_and_places_in_a_sentence(
    phase: Phase, editor: Client
) -> None:
    milestone = Milestone.objects.get(key="p1-0")
    edit(
        editor,
        phase,
        **{
            "topics-0-DELETE": "on",
            "placements-2-TOTAL_FORMS": 1,
            "placements-2-0-milestone": milestone.pk,
            "placements-2-0-position": 1,
        },
    )
    shown = text_of(page_of(editor, phase))
    assert "Topic “First” deleted" in shown
    assert "[gone: One two three.]" in shown
    wording = milestone.revisions.latest("number").wording
    assert f"p1-0: {wording} is now in {phase}." in shown
    assert "is now in" in text_of(page_of(editor, milestone))


def test_a_wording_is_told_against_the_one_before(editor: Client) -> None:
    milestone = Milestone.objects.create(key="m-1", kind="build")
    milestone.reword("A thing built by hand", "material")
    nobody()
    edit(editor, milestone, wording="A thing built by ear", change="cosmetic")
    shown = text_of(page_of(editor, milestone))
    assert "Wording A thing built by [gone: hand][new: ear]" in shown
    assert "Change [new: Cosmetic: spelling, no change of meaning]" in shown


def test_what_a_level_asks_for_is_told_in_a_sentence(editor: Client) -> None:
    level = Level.objects.create(slug="l9", name="Far", can="x", time="x", reached_by="x")
    requirement = level.requirements.create(slug="both")
    requirement.any_of.add(Milestone.objects.get(key="d0"))
    nobody()
    edit(editor, level, **{"requirements-0-any_of": [Milestone.objects.get(key="d1").pk]})
    shown = text_of(page_of(editor, level))
    assert re.search(r"Requirement “both” is now met by d1: .+?\.", shown)
    assert re.search(r"Requirement “both” is no longer met by d0: .+?\.", shown)


def test_who_is_unknown_is_said_so_and_the_files_are_named(editor: Client) -> None:
    # What the tests load before any of them came from the files.
    chapter = Chapter.objects.earliest("pk")
    assert "· the files of the site How it began" in text_of(page_of(editor, chapter))
    nobody()
    Chapter.objects.filter(pk=chapter.pk).update(title="Changed in a shell")
    assert "somebody, outside the desk" in text_of(page_of(editor, chapter))


def test_saving_a_form_as_it_is_writes_no_event(editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    level = Level.objects.earliest("pk")
    before = events()
    for row in (phase, Milestone.objects.get(key="d1"), level):
        edit(editor, row)
    assert events() == before


def test_events_are_neither_changed_nor_deleted() -> None:
    topics = Topic.pgh_event_model._default_manager  # type: ignore[attr-defined]
    for rewrite in (lambda: topics.update(title="x"), lambda: topics.all().delete()):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            rewrite()


def test_the_history_keeps_no_name_of_an_account_that_is_gone(
    phase: Phase, editor: Client, make_user: Callable[..., User]
) -> None:
    with by_grace():
        Phase.objects.filter(pk=phase.pk).update(title="Otherwise")
    User.objects.get(handle="grace").delete()
    editor.force_login(make_user("linus", is_staff=True, is_superuser=True))
    text = text_of(page_of(editor, phase))
    assert "a former editor" in text
    assert "grace" not in text


def test_a_history_costs_the_same_however_long_and_is_paged(phase: Phase, editor: Client) -> None:
    def changes(count: int) -> None:
        for number in range(count):
            with by_grace():
                Phase.objects.filter(pk=phase.pk).update(title=f"Title {number} of {count}")
                phase.topics.filter(slug="first").update(text=f"Text {number} of {count}")

    def queries(query: str = "") -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert page_of(editor, phase, query).status_code == 200
        return len(captured)

    changes(2)
    queries()
    few = queries()
    changes(50)
    assert queries() == few
    assert queries("?p=2") == few
    assert "Page 2 of 3" in text_of(page_of(editor, phase, "?p=2"))
    assert page_of(editor, phase, "?p=x").status_code == 200


# Putting back


def test_a_save_is_put_back_whole_as_a_change_of_its_own(phase: Phase, editor: Client) -> None:
    topic = phase.topics.get(slug="first")
    edit(editor, phase, title="Part ten", **{"topics-0-DELETE": "on", "topics-1-position": 7})
    save = the_save(phase)
    count = len(history.keys_of_saves(Phase, phase.pk))

    response = put_back(editor, phase, save.key)

    phase.refresh_from_db()
    assert phase.title == "Part 9"
    assert list(phase.topics.values_list("pk", "slug", "position")) == [
        (topic.pk, "first", 1),
        (topic.pk + 1, "second", 2),
    ]
    assert "Put back" in text_of(response)
    assert "grace · put back" in text_of(page_of(editor, phase))
    assert len(history.keys_of_saves(Phase, phase.pk)) == count + 1
    # Sent again, it changes nothing more.
    assert "as before already" in text_of(put_back(editor, phase, save.key))
    assert len(history.keys_of_saves(Phase, phase.pk)) == count + 1


def test_one_row_of_a_save_is_put_back_alone(phase: Phase, editor: Client) -> None:
    topic = phase.topics.get(slug="first")
    edit(editor, phase, title="Part ten", **{"topics-0-text": "Other."})
    put_back(editor, phase, the_save(phase).key, f"topic-{topic.pk}")
    phase.refresh_from_db()
    topic.refresh_from_db()
    assert (phase.title, topic.text) == ("Part ten", "One two three.")


def test_what_was_added_is_taken_out_again(phase: Phase, editor: Client) -> None:
    held = phase.topics.count()
    edit(
        editor,
        phase,
        **{
            "topics-TOTAL_FORMS": held + 1,
            f"topics-{held}-title": "Third",
            f"topics-{held}-slug": "third",
            f"topics-{held}-position": 3,
            f"topics-{held}-text": "Five.",
        },
    )
    assert phase.topics.count() == held + 1
    put_back(editor, phase, the_save(phase).key)
    assert phase.topics.count() == held


def test_the_page_warns_of_what_changed_again_and_keeps_the_rest(
    phase: Phase, editor: Client
) -> None:
    edit(editor, phase, title="Part ten")
    save = the_save(phase)
    edit(editor, phase, title="Part eleven", goal="Go on.")
    shown = editor.get(f"/admin/roadmap/phase/{phase.pk}/history/put-back/", {"save": save.key})
    assert "“Title” was changed again since." in text_of(shown)
    assert "Part [gone: eleven][new: 9]" in text_of(shown)
    put_back(editor, phase, save.key)
    phase.refresh_from_db()
    assert (phase.title, phase.goal) == ("Part 9", "Go on.")


def test_what_changes_between_the_page_and_its_answer_is_shown_first(
    phase: Phase, editor: Client
) -> None:
    edit(editor, phase, title="Part ten")
    base = f"/admin/roadmap/phase/{phase.pk}/history/put-back/"
    form = form_of(editor.get(base, {"save": the_save(phase).key}))
    edit(editor, phase, title="Part eleven")
    response = editor.post(base, form)
    assert response.status_code == 409
    phase.refresh_from_db()
    assert phase.title == "Part eleven"
    editor.post(base, form_of(response))
    phase.refresh_from_db()
    assert phase.title == "Part 9"


def test_a_state_never_goes_back_this_way(phase: Phase, editor: Client) -> None:
    with by_grace():
        Phase.objects.filter(pk=phase.pk).update(state=State.RETIRED, title="Gone")
    response = put_back(editor, phase, the_save(phase).key)
    phase.refresh_from_db()
    assert (phase.state, phase.title) == (State.RETIRED, "Part 9")
    assert "“Retire”, “Restore” and “Publish” change it." in text_of(response)


def test_a_wording_goes_back_by_a_new_revision_that_says_what_kind_it_is(editor: Client) -> None:
    milestone = Milestone.objects.create(key="m-1", kind="build")
    milestone.reword("A thing built by hand", "material")
    Placement.objects.create(phase=make_phase("9"), milestone=milestone)
    nobody()
    edit(editor, milestone, wording="A thing bought", change="cosmetic", detail="More.")
    save = the_save(milestone).key
    releases = Release.objects.count()

    unsaid = put_back(editor, milestone, save)
    assert unsaid.status_code == 422
    assert "Say which kind of change it is." in text_of(unsaid)
    assert milestone.revisions.count() == 2

    put_back(editor, milestone, save, change="material")
    milestone.refresh_from_db()
    assert milestone.detail == ""
    assert list(milestone.revisions.values_list("number", "wording", "change")) == [
        (1, "A thing built by hand", "material"),
        (2, "A thing bought", "cosmetic"),
        (3, "A thing built by hand", "material"),
    ]
    assert Release.objects.count() == releases + 1


def test_what_cannot_come_back_says_why_and_nothing_is_half_done(
    phase: Phase, editor: Client
) -> None:
    resource = Resource.objects.create(slug="gone", title="Gone soon", kind="book", summary="x")
    phase.resources.create(resource=resource, role="primary", position=1)
    nobody()
    edit(editor, phase, title="Part ten", **{"resources-0-DELETE": "on", "topics-0-DELETE": "on"})
    save = the_save(phase).key
    resource.delete()
    response = put_back(editor, phase, save)
    assert response.status_code == 422
    assert "needs the resource “Gone soon”, which was deleted." in text_of(response)
    phase.refresh_from_db()
    assert (phase.title, phase.topics.count()) == ("Part ten", 1)


def test_a_taken_slug_is_said(phase: Phase, editor: Client) -> None:
    edit(editor, phase, **{"topics-0-DELETE": "on"})
    save = the_save(phase).key
    nobody()
    phase.topics.create(slug="first", title="Another", text="x", position=3)
    response = put_back(editor, phase, save)
    assert "This phase has another row with that slug." in text_of(response)
    assert phase.topics.get(slug="first").title == "Another"


def test_the_last_place_of_a_milestone_is_not_taken_back(phase: Phase, editor: Client) -> None:
    milestone = Milestone.objects.create(key="m-1", kind="build")
    milestone.reword("A thing", "material")
    with by_grace():
        phase.placements.create(milestone=milestone, position=1)
    response = put_back(editor, phase, the_save(phase).key)
    assert "No other phase holds m-1." in text_of(response)
    assert phase.placements.count() == 1


def test_a_requirement_is_never_left_asking_for_nothing(editor: Client) -> None:
    level = Level.objects.create(slug="l9", name="Far", can="x", time="x", reached_by="x")
    requirement = level.requirements.create(slug="one")
    nobody()
    with by_grace():
        requirement.any_of.add(Milestone.objects.get(key="d0"))
    response = put_back(editor, level, the_save(level).key)
    assert "would ask for nothing" in text_of(response)
    assert requirement.any_of.count() == 1


# What was deleted


def test_a_deleted_row_is_listed_and_comes_back_as_a_draft_with_its_keys(
    phase: Phase, editor: Client
) -> None:
    topics = list(phase.topics.values_list("pk", "slug", "text"))
    pk = phase.pk
    assert 'href="/admin/roadmap/phase/deleted/"' in editor.get(address(Phase)).content.decode()
    editor.post(address(phase, "delete"), {"post": "yes"})
    assert not Phase.objects.filter(pk=pk).exists()
    page = editor.get("/admin/roadmap/phase/deleted/")
    shown = text_of(page)
    assert "Phase 9: Part 9" in shown
    assert "grace" in shown
    assert "It was deleted." in text_of(editor.get(f"/admin/roadmap/phase/{pk}/history/"))

    phase.pk = pk
    put_back(editor, phase, the_save(phase).key)

    back = Phase.objects.get(pk=pk)
    assert (back.slug, back.title, back.state) == ("9", "Part 9", State.DRAFT)
    assert list(back.topics.values_list("pk", "slug", "text")) == topics
    assert "Phase 9: Part 9" not in text_of(editor.get("/admin/roadmap/phase/deleted/"))


def test_a_milestone_comes_back_with_its_wordings(editor: Client) -> None:
    milestone = Milestone.objects.create(key="m-1", kind="build", state=State.DRAFT)
    milestone.reword("First", "material")
    milestone.reword("Second", "cosmetic")
    before = list(milestone.revisions.values())
    pk = milestone.pk
    nobody()
    with by_grace():
        milestone.delete()
    milestone.pk = pk
    put_back(editor, milestone, the_save(milestone).key)
    assert list(Milestone.objects.get(pk=pk).revisions.values()) == before


def test_the_list_of_the_deleted_costs_the_same_for_more_rows(editor: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert editor.get("/admin/roadmap/principle/deleted/").status_code == 200
        return len(captured)

    def delete(count: int) -> None:
        for number in range(count):
            slug = f"p{count}-{number}"
            Principle.objects.create(slug=slug, title=slug, text="x").delete()

    delete(2)
    queries()
    few = queries()
    delete(20)
    assert queries() == few


# Who may


@pytest.fixture
def reader(make_user: Callable[..., User]) -> Client:
    """A browser of somebody who may look at phases and nothing else."""
    from django.contrib.auth.models import Permission

    user = make_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_phase"))
    client = Client()
    client.force_login(user)
    return client


def test_reading_takes_the_right_to_look_and_putting_back_the_right_to_change(
    phase: Phase, editor: Client, reader: Client
) -> None:
    edit(editor, phase, title="Part ten")
    save = the_save(phase).key
    assert reader.get(address(phase, "history")).status_code == 200
    assert "Put" not in text_of(reader.get(address(phase, "history")))
    assert reader.get("/admin/roadmap/phase/deleted/").status_code == 200
    base = f"/admin/roadmap/phase/{phase.pk}/history/put-back/"
    assert reader.get(base, {"save": save}).status_code == 403
    assert reader.post(base, {"save": save}).status_code == 403
    for page in (f"{phase.track_id}/history/", "deleted/", "999999/history/"):
        assert reader.get(f"/admin/roadmap/track/{page}").status_code == 403
    phase.refresh_from_db()
    assert phase.title == "Part ten"


@pytest.mark.parametrize(
    "path",
    [
        "phase/999999/history/",
        "phase/x/history/",
        "phase/99999999999999999999999/history/",
        "phase/{pk}/history/put-back/",
        "phase/{pk}/history/put-back/?save=nothing&row=topic-1",
        "phase/99999999999999999999/history/put-back/?save=x",
    ],
)
def test_what_is_not_there_is_not_found(roadmap: Manual, editor: Client, path: str) -> None:
    pk = Phase.objects.get(slug="1").pk
    assert editor.get(f"/admin/roadmap/{path.format(pk=pk)}").status_code == 404
