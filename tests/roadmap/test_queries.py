from collections.abc import Callable
from typing import Any

import pghistory.models
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from roadmap import queries as queries_module
from roadmap.content_kinds import PART_LABELS
from roadmap.models import (
    Chapter,
    ContentArchive,
    ContentVersion,
    DeliverablePart,
    Habit,
    LoadedRow,
    Milestone,
    MilestoneRevision,
    Phase,
    Placement,
    PreviewLink,
    Requirement,
    Resource,
    State,
    Step,
    Topic,
)
from roadmap.queries import Manual, Part, manual
from tests.conftest import milestone

# What no page of visitors is made from, beside the history.
UNSHOWN = {LoadedRow, ContentVersion, ContentArchive, PreviewLink}
CONTENT_MODELS = [
    model
    for model in apps.get_app_config("roadmap").get_models(include_auto_created=True)
    if model not in UNSHOWN and not issubclass(model, pghistory.models.Event)
]


def queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_the_manual_is_kept_in_the_process_and_costs_one_query(roadmap: Manual) -> None:
    assert queries(manual) == 1
    assert manual() is roadmap


def test_what_another_thread_keeps_meanwhile_is_nobody_elses_manual(
    roadmap: Manual, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        """A manual that another thread puts one of an open transaction in the place of."""

        @property
        def version(self) -> Any:
            monkeypatch.setattr(queries_module, "_kept", "not committed")
            return roadmap.version

    kept: Any = Interrupted()
    monkeypatch.setattr(queries_module, "_kept", kept)
    assert manual() is kept


def test_reading_it_anew_takes_the_same_few_queries_however_much_there_is(roadmap: Manual) -> None:
    def anew() -> int:
        Habit.objects.filter(slug="build").update(name="Build")
        return queries(manual)

    few = anew()
    phase = Phase.objects.get(slug="0")
    for number in range(30):
        Step.objects.create(phase=phase, slug=f"more-{number}", title="More", text="More.")
        one = Milestone.objects.create(key=f"more-{number}", kind="build")
        one.reword("More", "material")
        Placement.objects.create(phase=phase, milestone=one)
        shipped = Milestone.objects.create(key=f"artifact-{number}", kind="ship", deliverable=True)
        shipped.reword("More", "material")
        shipped.parts.create(slug="code", name="The code", label="repository")
        Resource.objects.create(slug=f"more-{number}", title="More", kind="book", summary="More")
    assert anew() == few
    assert few <= 40


def by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE roadmap_phase SET title = 'Changed by hand' WHERE slug = '2'")


CHANGES: dict[str, Callable[[], Any]] = {
    "a row saved": lambda: Phase.objects.get(slug="2").save(),
    "a row created": lambda: milestone("p0-0").reword("Something else", "material"),
    "an update": lambda: Topic.objects.filter(slug="maths").update(title="Maths"),
    "a deletion": lambda: Topic.objects.filter(slug="maths").delete(),
    "many created": lambda: Habit.objects.bulk_create([Habit(slug="a", name="A", target="A")]),
    "many updated": lambda: Habit.objects.bulk_update([Habit.objects.all()[0]], ["name"]),
    "a part of a deliverable": lambda: DeliverablePart.objects.filter(slug="plan").delete(),
    "a link of many to many": lambda: Requirement.objects.all()[0].any_of.add(milestone("p0-0")),
    "plain SQL": by_sql,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_content_renews_it(change: Callable[[], Any], roadmap: Manual) -> None:
    change()
    assert manual() is not roadmap
    assert manual().version != roadmap.version
    assert manual() is manual()


def test_a_change_that_is_rolled_back_brings_the_old_manual_back(roadmap: Manual) -> None:
    with transaction.atomic():
        Phase.objects.filter(slug="2").update(title="Never happened")
        assert manual().phases["2"].row.title == "Never happened"
        transaction.set_rollback(True)
    assert manual().phases["2"].row.title == roadmap.phases["2"].row.title


@pytest.mark.django_db(transaction=True)
def test_a_change_over_another_connection_renews_it(roadmap: Manual) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("UPDATE roadmap_phase SET title = 'From elsewhere' WHERE slug = '2'")
    finally:
        other.close()
    assert manual().phases["2"].row.title == "From elsewhere"


@pytest.mark.parametrize("model", CONTENT_MODELS, ids=lambda model: model._meta.db_table)
def test_every_table_of_content_renews_the_version(model: Any, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgtype FROM pg_trigger WHERE tgrelid = %s::regclass "
            "AND tgname = 'renew_version' AND tgenabled = 'O'",
            [model._meta.db_table],
        )
        [(kind,)] = cursor.fetchall()
    # After (not bit 2), for each statement (not bit 1), insert, delete, update and truncate.
    assert kind & 0b1111111 == 0b0111100


def test_a_manual_without_a_version_is_read_and_not_kept(db: None) -> None:
    ContentVersion.objects.all().delete()
    assert manual() is not manual()
    assert manual().version is None


@pytest.mark.parametrize(
    ("draft", "has"),
    [
        (lambda: Phase.objects.filter(slug="5"), lambda it: "5" in it.phases),
        (
            lambda: Milestone.objects.filter(key="p0-0"),
            lambda it: it.milestones["p0-0"].open_to_all,
        ),
        (
            lambda: Milestone.objects.filter(key="p0-0"),
            lambda it: "p0-0" in {one.key for one in it.phases["0"].milestones},
        ),
        (
            lambda: Resource.objects.filter(slug="trl"),
            lambda it: "trl" in {one.row.slug for one in it.resources},
        ),
        (
            lambda: Resource.objects.filter(slug="trl"),
            lambda it: "trl" in {use.resource.slug for use in it.phases["4"].resources},
        ),
        (
            lambda: Chapter.objects.filter(slug="reading"),
            lambda it: "reading" in {one.slug for one in it.chapters["method"]},
        ),
        (
            lambda: Milestone.objects.filter(key="d1"),
            lambda it: "d1" in {one.key for ask in it.asks["l1"] for one in ask},
        ),
        (lambda: Phase.objects.filter(slug="5"), lambda it: len(it.questions) == 5),
        (
            lambda: Phase.objects.filter(slug="5"),
            lambda it: any("5" in resource.phases for resource in it.resources),
        ),
        (lambda: Phase.objects.filter(slug="rl-3"), lambda it: it.milestones["p4-0"].phases[1:]),
    ],
)
def test_a_draft_is_not_in_it(
    draft: Callable[[], Any], has: Callable[[Manual], bool], roadmap: Manual
) -> None:
    assert has(roadmap)
    draft().update(state=State.DRAFT)
    assert not has(manual())


def test_a_retired_milestone_stays_and_says_so(roadmap: Manual) -> None:
    Milestone.objects.filter(key="p0-0").update(state=State.RETIRED)
    one = manual().milestones["p0-0"]
    assert not one.live
    assert "p0-0" in [milestone.key for milestone in manual().phases["0"].milestones]


def test_a_milestone_has_its_latest_wording_and_its_home_first(roadmap: Manual) -> None:
    new = milestone("p4-0").reword("Said anew", MilestoneRevision.Change.COSMETIC)
    one = manual().milestones["p4-0"]
    assert (one.wording, one.revision_pk) == ("Said anew", new.pk)
    assert one.phases == ("4", "rl-3")


def test_a_deliverable_has_its_parts_in_their_order(roadmap: Manual) -> None:
    milestone("d3").parts.filter(slug="harness").update(name="A harness", position=0)
    parts = manual().milestones["d3"].parts
    assert parts[0] == Part("harness", "A harness", "repository")
    assert [part.slug for part in parts] == ["harness", "repository", "plot", "write-up", "plan"]
    assert all(one.parts for phase in manual().phases.values() for one in phase.deliverables)


def test_what_is_no_deliverable_shows_no_parts(roadmap: Manual) -> None:
    assert not any(one.parts for one in roadmap.milestones.values() if not one.deliverable)
    Milestone.objects.filter(key="d3").update(deliverable=False)
    assert manual().milestones["d3"].parts == ()


def test_the_database_refuses_a_second_part_with_the_same_slug(roadmap: Manual) -> None:
    with pytest.raises(IntegrityError, match="deliverablepart_slug_unique"):
        milestone("d3").parts.create(slug="plan", name="Another", label="other")


def test_files_and_database_know_the_same_labels() -> None:
    assert tuple(DeliverablePart.Label.values) == PART_LABELS


def test_phases_follow_the_order_of_tracks_and_positions(roadmap: Manual) -> None:
    order = ["0", "1", "2", "3", "4", "5", "rl-0", "rl-1", "rl-2", "rl-3", "rl-4"]
    assert list(roadmap.phases) == order
    assert roadmap.neighbours("0")[0] is None
    assert roadmap.neighbours("rl-4")[1] is None
    before, after = roadmap.neighbours("5")
    assert (before and before.slug, after and after.slug) == ("4", "rl-0")
    assert [len(phases) for _track, phases in roadmap.by_track] == [2, 4, 5]


def test_what_a_page_needs_of_the_manual_asks_the_database_nothing_more(roadmap: Manual) -> None:
    def look() -> None:
        for phase in roadmap.phases.values():
            assert str(phase.row), phase.row.track.name
            assert phase.row.same_as is None or phase.row.same_as.label
            for use in phase.resources:
                assert use.resource.title
                assert list(use.resource.links.all()) is not None
        for resource in roadmap.resources:
            assert list(resource.row.links.all()) is not None
            assert all(use.phase.label for use in resource.uses)
        assert all(question.phase.title for question in roadmap.questions)

    assert queries(look) == 0
