import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import (
    Chapter,
    Claim,
    DeliverablePart,
    Habit,
    Level,
    Milestone,
    Phase,
    PhaseResource,
    Placement,
    Principle,
    Question,
    Release,
    Resource,
    State,
    Topic,
    Track,
)
from roadmap.queries import Manual, manual
from tests import reading
from tracker.models import Completion

MODELS = [model for model in admin.site._registry if model._meta.app_label == "roadmap"]


def address(row: models.Model | type[models.Model], page: str = "") -> str:
    """Give the desk's address of a model's list, or of a row's page."""
    base = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
    return base + (f"{row.pk}/{page}/" if isinstance(row, models.Model) else page)


def form_of(response: HttpResponse) -> dict[str, Any]:
    """Read what a browser would send back from the desk's form, as it stands on the page."""
    return reading.form(response.content.decode())


def edit(client: Client, row: models.Model, **changes: Any) -> Any:
    """Open a row's form, change some fields, send it back."""
    form = form_of(client.get(address(row, "change")))
    return client.post(address(row, "change"), {**form, **changes}, follow=True)


def text_of(response: HttpResponse) -> str:
    return reading.words(response.content.decode())


def tick(user: User, milestone: Milestone) -> None:
    revision = milestone.latest_revision()
    assert revision is not None
    Completion.objects.tick(
        user,
        milestone=milestone.pk,
        revision=revision.pk,
        on=dt.date(2026, 3, 14),
        now=timezone.now(),
    )


@pytest.fixture
def milestone(db: None) -> Milestone:
    milestone = Milestone.objects.create(key="m-1", kind=Milestone.Kind.BUILD)
    milestone.reword("A thing built by hand", "material")
    Placement.objects.create(phase=make_phase("9"), milestone=milestone)
    return milestone


def make_phase(slug: str) -> Phase:
    track, _ = Track.objects.get_or_create(
        slug="side", defaults={"name": "Side", "summary": "Aside", "text": "Aside."}
    )
    return Phase.objects.create(
        slug=slug,
        track=track,
        title=f"Part {slug}",
        length="A week",
        summary="Short",
        goal="Go.",
        path="Walk.",
        done_when="- There.",
    )


# What a change does


def test_a_changed_goal_is_on_the_page_at_once(roadmap: Manual, editor: Client) -> None:
    phase = Phase.objects.get(slug="1")

    edit(editor, phase, goal="A goal that **nobody** had before.\r\n\r\nSecond part.  \r\n")

    phase.refresh_from_db()
    assert phase.goal == "A goal that **nobody** had before.\n\nSecond part."
    page = Client().get("/roadmap/1/").content.decode()
    assert "A goal that <strong>nobody</strong> had before." in page


def test_saving_a_form_as_it_is_changes_nothing(roadmap: Manual, editor: Client) -> None:
    for slug in ("0", "1", "rl-3"):
        response = edit(editor, Phase.objects.get(slug=slug))
        assert "changed successfully" in text_of(response)
    report = load_again()
    assert "left alone" not in report


def test_what_an_editor_changed_survives_the_next_load(roadmap: Manual, editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    edit(editor, phase, goal="The editors’ own goal.")
    topic = phase.topics.first()
    assert topic is not None
    edit(editor, phase, **{"topics-0-title": "Renamed"})

    report = load_again()

    phase.refresh_from_db()
    assert phase.goal == "The editors’ own goal."
    assert phase.topics.get(pk=topic.pk).title == "Renamed"
    assert "left alone: phase 1: an editor changed it" in report
    assert f"left alone: topic 1/{topic.slug}: an editor changed it" in report


def load_again() -> str:
    from io import StringIO

    out = StringIO()
    call_command("load_roadmap", stdout=out)
    return out.getvalue()


def test_a_topic_is_added_and_reordered_inside_its_phase(roadmap: Manual, editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    held = phase.topics.count()
    edit(
        editor,
        phase,
        **{
            "topics-TOTAL_FORMS": held + 1,
            f"topics-{held}-title": "Something  new\n",
            f"topics-{held}-slug": "something-new",
            f"topics-{held}-position": 0,
            f"topics-{held}-text": "Words.",
        },
    )
    first = phase.topics.first()
    assert first is not None
    assert (first.slug, first.title) == ("something-new", "Something new")


def test_a_row_added_and_left_empty_is_no_mistake(roadmap: Manual, editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    held = phase.topics.count()
    added = {"topics-TOTAL_FORMS": held + 1, f"topics-{held}-position": held + 1}
    assert "changed successfully" in text_of(edit(editor, phase, **added))
    assert phase.topics.count() == held


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://example.org/x", "data:text/html,x"])
def test_only_web_addresses_are_taken(roadmap: Manual, editor: Client, url: str) -> None:
    resource = Resource.objects.exclude(url="").first()
    assert resource is not None
    response = edit(editor, resource, url=url)
    assert "Enter a valid URL" in text_of(response)


def test_positions_are_set_in_the_list(roadmap: Manual, editor: Client) -> None:
    response = editor.get(address(Habit))
    formset = response.context["cl"].formset
    data = {f"form-{i}-id": form.instance.pk for i, form in enumerate(formset)}
    data |= {f"form-{i}-position": 10 - i for i in range(len(formset.forms))}
    before = [form.instance.slug for form in formset]
    editor.post(
        address(Habit),
        {
            **data,
            "form-TOTAL_FORMS": len(before),
            "form-INITIAL_FORMS": len(before),
            "form-began": formset.management_form["began"].value(),
            "_save": "Save",
        },
    )
    assert [habit.slug for habit in Habit.objects.all()] == before[::-1]


# Identities


@pytest.mark.parametrize("model", [Milestone, Resource, Level, Chapter, Question])
def test_what_identifies_a_row_is_typed_once(
    roadmap: Manual, editor: Client, model: type[models.Model]
) -> None:
    row = model._default_manager.first()
    assert row is not None
    name = "key" if model is Milestone else "slug"
    assert name in form_of(editor.get(address(model, "add/")))
    assert name not in form_of(editor.get(address(row, "change")))

    edit(editor, row, **{name: "another"})

    assert not model._default_manager.filter(**{name: "another"}).exists()


def test_a_topics_slug_stays_too(roadmap: Manual, editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    before = [topic.slug for topic in phase.topics.all()]
    edit(editor, phase, **{"topics-0-slug": "another", "topics-0-title": "Renamed"})
    assert [topic.slug for topic in phase.topics.all()] == before
    assert Topic.objects.filter(title="Renamed").exists()


def test_a_slug_has_its_shape(editor: Client) -> None:
    form = form_of(editor.get(address(Habit, "add/")))
    form |= {"name": "Read aloud", "slug": "Not_a slug", "target": "2", "text": "Read."}
    assert "single hyphens" in text_of(editor.post(address(Habit, "add/"), form))
    assert not Habit.objects.filter(name="Read aloud").exists()


# Milestones and their wording


def test_a_milestone_is_added_with_its_wording_and_placed_last(
    roadmap: Manual, editor: Client
) -> None:
    phase = Phase.objects.get(slug="1")
    form = form_of(editor.get(address(Milestone, "add/")))
    form |= {
        "key": "p1-new",
        "wording": "Something new,\nwritten from memory",
        "kind": "build",
        "placements-TOTAL_FORMS": 2,
        "placements-0-phase": phase.pk,
        "placements-0-position": "",
        "placements-1-phase": Phase.objects.get(slug="2").pk,
        "placements-1-position": 0,
    }

    editor.post(address(Milestone, "add/"), form)

    milestone = Milestone.objects.get(key="p1-new")
    revision = milestone.revisions.get()
    assert (revision.number, revision.change) == (1, "material")
    assert revision.wording == "Something new, written from memory"
    places = list(phase.placements.all())
    assert places[-1].milestone == milestone
    page = Client().get("/roadmap/1/").content.decode()
    assert 'id="milestone-p1-new"' in page
    assert "Something new, written from memory" in page
    assert 'id="milestone-p1-new"' in Client().get("/roadmap/2/").content.decode()


def test_rewording_asks_which_kind_of_change_it_is(milestone: Milestone, editor: Client) -> None:
    response = edit(editor, milestone, wording="Another thing built")
    form = response.context["adminform"].form
    assert form.errors == {"change": ["The wording changed: say which kind of change it is."]}
    assert milestone.revisions.count() == 1


@pytest.mark.parametrize("change", ["material", "cosmetic"])
def test_rewording_makes_the_next_revision(
    milestone: Milestone, editor: Client, change: str
) -> None:
    edit(editor, milestone, wording="Another thing built", change=change)
    latest = milestone.latest_revision()
    assert latest is not None
    assert (latest.number, latest.wording, latest.change) == (2, "Another thing built", change)
    assert milestone.revisions.get(number=1).wording == "A thing built by hand"


def test_an_unchanged_wording_makes_no_revision(milestone: Milestone, editor: Client) -> None:
    edit(editor, milestone, detail="It counts when it runs.", change="cosmetic")
    milestone.refresh_from_db()
    assert milestone.detail == "It counts when it runs."
    assert milestone.revisions.count() == 1


def test_an_editor_who_changed_something_else_leaves_a_colleagues_wording(
    milestone: Milestone, editor: Client
) -> None:
    form = form_of(editor.get(address(milestone, "change")))
    milestone.reword("A colleague’s wording", "material")

    shown = editor.post(address(milestone, "change"), {**form, "kind": "ship"})
    editor.post(address(milestone, "change"), form_of(shown))

    milestone.refresh_from_db()
    latest = milestone.latest_revision()
    assert latest is not None
    assert (milestone.kind, latest.number, latest.wording) == ("ship", 2, "A colleague’s wording")


def test_a_live_milestone_without_a_place_is_pointed_out(
    milestone: Milestone, editor: Client
) -> None:
    response = edit(editor, milestone, **{"placements-0-DELETE": "on"})
    assert "No phase holds m-1, so no learner sees it." in text_of(response)


# What must ship


@pytest.fixture
def deliverable(db: None) -> Milestone:
    milestone = Milestone.objects.create(key="d-1", kind=Milestone.Kind.SHIP, deliverable=True)
    milestone.reword("A thing shipped", "material")
    milestone.parts.create(slug="code", name="The code", label="repository", position=1)
    milestone.parts.create(slug="plot", name="A plot", label="plot", position=2)
    Placement.objects.create(phase=make_phase("9"), milestone=milestone)
    return milestone


ONLY_DELIVERABLES = "Only a deliverable has parts. Say that it is one, or delete them."


def parts_of(milestone: Milestone) -> list[tuple[str, str, str]]:
    return list(milestone.parts.values_list("slug", "name", "label"))


def new_part(number: int, **values: str) -> dict[str, Any]:
    given = {"name": "A harness", "slug": "harness", "label": "repository", "position": "3"}
    row = {f"parts-{number}-{name}": value for name, value in {**given, **values}.items()}
    return {"parts-TOTAL_FORMS": number + 1, **row}


def test_parts_are_edited_added_and_deleted_in_the_deliverables_form(
    deliverable: Milestone, editor: Client
) -> None:
    changes = {"parts-0-name": "All of\nthe code", "parts-0-slug": "x", "parts-1-DELETE": "on"}
    edit(editor, deliverable, **changes, **new_part(2))
    assert parts_of(deliverable) == [
        ("code", "All of the code", "repository"),
        ("harness", "A harness", "repository"),
    ]
    assert Client().get("/roadmap/9/").status_code == 200


def test_two_parts_of_a_deliverable_have_two_slugs(deliverable: Milestone, editor: Client) -> None:
    response = edit(editor, deliverable, **new_part(2, slug="plot"))
    assert "This deliverable has another part with that slug." in text_of(response)
    assert deliverable.parts.count() == 2


def test_a_part_needs_one_of_the_labels(deliverable: Milestone, editor: Client) -> None:
    for label in ("", "harness"):
        edit(editor, deliverable, **new_part(2, label=label))
    assert deliverable.parts.count() == 2
    edit(editor, deliverable, **new_part(2, label="weights"))
    assert deliverable.parts.count() == 3


def test_the_form_of_another_milestone_has_no_parts(milestone: Milestone, editor: Client) -> None:
    assert "What must ship" not in text_of(editor.get(address(milestone, "change")))
    edit(editor, milestone, deliverable="on")
    milestone.refresh_from_db()
    assert milestone.deliverable
    assert "What must ship" in text_of(editor.get(address(milestone, "change")))


def test_a_deliverable_with_parts_stays_one(deliverable: Milestone, editor: Client) -> None:
    form = form_of(editor.get(address(deliverable, "change")))
    del form["deliverable"]
    response = editor.post(address(deliverable, "change"), form)
    assert ONLY_DELIVERABLES in text_of(response)
    deliverable.refresh_from_db()
    assert deliverable.deliverable

    deleted = {"parts-0-DELETE": "on", "parts-1-DELETE": "on"}
    editor.post(address(deliverable, "change"), {**form, **deleted})
    deliverable.refresh_from_db()
    assert not deliverable.deliverable
    assert parts_of(deliverable) == []


def test_parts_added_while_the_box_is_cleared_are_not_lost_in_silence(
    deliverable: Milestone, editor: Client
) -> None:
    deliverable.parts.all().delete()
    form = form_of(editor.get(address(deliverable, "change")))
    del form["deliverable"]
    response = editor.post(address(deliverable, "change"), {**form, **new_part(0)})
    assert ONLY_DELIVERABLES in text_of(response)
    assert "A harness" in response.content.decode()


def test_parts_left_from_a_former_deliverable_can_be_deleted(
    deliverable: Milestone, editor: Client
) -> None:
    Milestone.objects.filter(pk=deliverable.pk).update(deliverable=False)
    assert ONLY_DELIVERABLES in text_of(edit(editor, deliverable))
    edit(editor, deliverable, **{"parts-0-DELETE": "on", "parts-1-DELETE": "on"})
    assert parts_of(deliverable) == []


@pytest.mark.parametrize("deliverable_box", [{}, {"deliverable": "on"}])
def test_a_new_deliverable_is_added_with_its_parts_and_no_other_milestone_is(
    editor: Client, deliverable_box: dict[str, str]
) -> None:
    form = form_of(editor.get(address(Milestone, "add/")))
    form |= {"key": "d-new", "wording": "Shipped", "kind": "ship", **new_part(0)}
    response = editor.post(address(Milestone, "add/"), {**form, **deliverable_box}, follow=True)
    assert (ONLY_DELIVERABLES in text_of(response)) is not bool(deliverable_box)
    parts = DeliverablePart.objects.filter(milestone__key="d-new")
    assert parts.count() == len(deliverable_box)


def test_what_an_editor_made_of_the_parts_survives_the_next_load(
    roadmap: Manual, editor: Client
) -> None:
    row = Milestone.objects.get(key="d3")
    edit(editor, row, **{"parts-0-label": "commit"})
    report = load_again()
    assert row.parts.all()[0].label == "commit"
    assert "left alone: deliverablepart d3/repository: an editor changed it" in report
    assert manual().milestones["d3"].parts[0].label == "commit"


# Deleting


@pytest.fixture
def learners(make_user: Callable[..., User], milestone: Milestone) -> Iterator[list[User]]:
    users = [make_user(handle) for handle in ("hypatia", "noether", "lovelace")]
    for user in users:
        tick(user, milestone)
    return users  # type: ignore[return-value]


REFUSAL = "m-1 has 3 completions, 0 with evidence, 0 shown. Retire it instead"


def test_a_ticked_milestone_is_not_deleted_and_the_page_says_why(
    milestone: Milestone, learners: list[User], editor: Client
) -> None:
    for response in (
        editor.get(address(milestone, "delete")),
        editor.post(address(milestone, "delete"), {"post": "yes"}),
    ):
        assert REFUSAL in text_of(response)
        assert "hypatia" not in text_of(response)
        assert "Yes, I’m sure" not in text_of(response)
        assert f"{address(Milestone)}retire/?row={milestone.pk}" in response.content.decode()
    assert Milestone.objects.filter(pk=milestone.pk).exists()
    assert Completion.objects.count() == 3


def test_the_action_does_not_delete_a_ticked_milestone_either(
    milestone: Milestone, learners: list[User], editor: Client
) -> None:
    other = Milestone.objects.create(key="m-2", kind="build")
    action = {"action": "delete_selected", "_selected_action": [milestone.pk, other.pk]}
    for confirmed in ({}, {"post": "yes"}):
        response = editor.post(address(Milestone), {**action, **confirmed})
        assert REFUSAL in text_of(response)
        assert "hypatia" not in text_of(response)
    assert Milestone.objects.filter(pk__in=[milestone.pk, other.pk]).count() == 2


def test_unticking_keeps_a_milestone_from_being_deleted_too(
    milestone: Milestone, make_user: Callable[..., User], editor: Client
) -> None:
    user = make_user()
    tick(user, milestone)
    Completion.objects.untick(user, milestone=milestone.pk, now=timezone.now())
    response = editor.post(address(milestone, "delete"), {"post": "yes"})
    assert "1 learner is not done and keeps an untick" in text_of(response)
    assert Milestone.objects.filter(pk=milestone.pk).exists()


def test_an_unticked_milestone_is_deleted(milestone: Milestone, editor: Client) -> None:
    editor.post(address(milestone, "delete"), {"post": "yes"})
    assert not Milestone.objects.filter(pk=milestone.pk).exists()


def test_a_milestone_that_a_level_rests_on_is_not_deleted(roadmap: Manual, editor: Client) -> None:
    requirement = Level.objects.exclude(requirements=None)[0].requirements.all()[0]
    asked = list(requirement.any_of.all())
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in asked]}
    response = editor.post(address(Milestone), {**data, "post": "yes"})
    assert f"Nobody could reach {requirement.level} any more" in text_of(response)
    assert requirement.any_of.count() == len(asked)


def test_a_phase_that_alone_holds_milestones_is_not_deleted(
    milestone: Milestone, editor: Client
) -> None:
    phase = milestone.phases.get()
    response = editor.post(address(phase, "delete"), {"post": "yes"})
    assert "No other phase holds m-1. Retire the phase instead" in text_of(response)
    assert Phase.objects.filter(pk=phase.pk).exists()

    Placement.objects.create(phase=make_phase("8"), milestone=milestone)
    editor.post(address(phase, "delete"), {"post": "yes"})
    assert not Phase.objects.filter(pk=phase.pk).exists()
    assert milestone.phases.get().slug == "8"


def test_what_other_content_needs_is_not_deleted(roadmap: Manual, editor: Client) -> None:
    track = Track.objects.get(slug="trunk")
    response = editor.post(address(track, "delete"), {"post": "yes"})
    assert "Phase “Phase 0" in text_of(response)
    assert "needs it." in text_of(response)
    resource = PhaseResource.objects.all()[0].resource
    editor.post(address(resource, "delete"), {"post": "yes"})
    assert Resource.objects.filter(pk=resource.pk).exists()


# The desk itself


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_every_list_and_every_form_opens(
    roadmap: Manual, editor: Client, model: type[models.Model]
) -> None:
    if model is Release:
        # A set comes from no file.
        make_row(model, 0)
    rows = model._default_manager.all()
    assert rows
    assert editor.get(address(model)).status_code == 200
    assert editor.get(address(model), {"q": "model"}).status_code == 200
    assert editor.get(address(model, "add/")).status_code == 200
    for row in rows[:3]:
        assert editor.get(address(row, "change")).status_code == 200
        assert editor.get(address(row, "delete")).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_every_filter_works(roadmap: Manual, editor: Client, model: type[models.Model]) -> None:
    changelist = editor.get(address(model)).context["cl"]
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            response = editor.get(address(model) + choice["query_string"])
            assert response.status_code == 200, (spec.title, choice)


def make_row(model: type[models.Model], number: int) -> None:
    slug = f"row-{number}"
    phase = Phase.objects.filter(slug="0").first() or make_phase("0")
    if model is Phase:
        Track.objects.create(slug=slug, name=slug, summary="s", text="t")
        made = make_phase(slug)
        made.track = Track.objects.get(slug=slug)
        made.save()
    elif model is Milestone:
        milestone = Milestone.objects.create(key=slug, kind="build")
        milestone.reword("Wording", "material")
        for each in (phase, make_phase(f"p-{number}")):
            Placement.objects.create(phase=each, milestone=milestone)
    elif model is Resource:
        resource = Resource.objects.create(slug=slug, title=slug, kind="book", summary="s")
        for each in (phase, make_phase(f"p-{number}")):
            PhaseResource.objects.create(phase=each, resource=resource, role="primary")
    elif model is Level:
        level = Level.objects.create(slug=slug, name=slug, can="c", time="t", reached_by="r")
        for part in "ab":
            milestone = Milestone.objects.create(key=f"{slug}-{part}", kind="build")
            level.requirements.create(slug=part).any_of.add(milestone)
    elif model is Release:
        Release.objects.create(title=slug)
    elif model is Question:
        Question.objects.create(slug=slug, ask="Can you?", phase=make_phase(f"p-{number}"))
    else:
        given: dict[type[models.Model], dict[str, Any]] = {
            Track: {"name": slug, "summary": "s", "text": "t"},
            Habit: {"name": slug, "target": "t", "text": "t"},
            Principle: {"title": slug, "text": "t"},
            Chapter: {"title": slug, "section": "method", "text": "t"},
            Claim: {"statement": slug, "tier": 1, "source": "s"},
        }
        model._default_manager.create(slug=slug, **given[model])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_list_costs_the_same_for_more_rows(editor: Client, model: type[models.Model]) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(address(model)).status_code == 200
        return len(queries)

    for number in range(2):
        make_row(model, number)
    editor.get(address(model))
    few = cost()
    for number in range(2, 20):
        make_row(model, number)
    assert cost() == few


@pytest.mark.parametrize(
    ("model", "named", "place"),
    [
        (Phase, {"slug": "rl-3"}, "/roadmap/rl-3/"),
        (Milestone, {"key": "p1-2"}, "/roadmap/1/#milestone-p1-2"),
        (Level, {"slug": "l1"}, "/levels/#level-l1"),
        (Question, {}, "/start/"),
    ],
)
def test_a_form_leads_to_the_row_on_the_site(
    roadmap: Manual, editor: Client, model: type[models.Model], named: dict[str, str], place: str
) -> None:
    row = model._default_manager.filter(**named)[0]
    response = editor.get(address(row, "change"))
    assert response.context["absolute_url"] == place
    assert Client().get(place).status_code == 200


def test_a_draft_has_no_place_on_the_site_yet(milestone: Milestone, editor: Client) -> None:
    phase = milestone.phases.get()
    Phase.objects.filter(pk=phase.pk).update(state=State.DRAFT)
    for row in (phase, milestone):
        assert "View on site" not in text_of(editor.get(address(row, "change")))


def test_milestones_are_found_by_their_wording(milestone: Milestone, editor: Client) -> None:
    asked = {"app_label": "roadmap", "model_name": "placement", "field_name": "milestone"}
    response = editor.get("/admin/autocomplete/", {**asked, "term": "m-1 by hand"})
    assert response.json()["results"] == [
        {"id": str(milestone.pk), "text": "m-1: A thing built by hand"}
    ]


def test_lists_stand_in_the_order_of_the_pages(roadmap: Manual, editor: Client) -> None:
    phases = editor.get(address(Phase)).context["cl"].result_list
    assert [phase.slug for phase in phases] == list(roadmap.phases)
    milestones = editor.get(address(Milestone)).context["cl"].result_list
    homes = [milestone.placements.all()[0].phase.slug for milestone in milestones]
    assert homes == sorted(homes, key=list(roadmap.phases).index)


@pytest.mark.parametrize("path", ["", "roadmap/phase/", "roadmap/milestone/add/"])
def test_the_desk_is_closed_to_learners_and_strangers(learner: Client, path: str) -> None:
    response = learner.get(f"/admin/{path}", follow=True)
    assert response.status_code == 403
    response = Client().get(f"/admin/{path}", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
