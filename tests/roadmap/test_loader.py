import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import models

from mastery.models import User
from roadmap.content import read_folder
from roadmap.content_kinds import Row, RowId
from roadmap.loader import Report, load
from roadmap.management.commands.load_roadmap import CONTENT
from roadmap.models import (
    Chapter,
    Claim,
    ContentVersion,
    DeliverablePart,
    FormerSlug,
    Habit,
    Level,
    LoadedRow,
    Milestone,
    Phase,
    Placement,
    Question,
    Release,
    ReleaseItem,
    Requirement,
    Resource,
    ResourceLink,
    State,
    Step,
    Succession,
    Topic,
    Track,
    Trap,
)
from roadmap.operations import Successor, split
from roadmap.queries import manual
from roadmap.tables import TABLES, stored
from tests.conftest import empty_roadmap, milestone
from tracker.models import Completion
from tracker.queries import board_of

pytestmark = pytest.mark.django_db

type Files = dict[RowId, Row]


@pytest.fixture(scope="module")
def shipped() -> Files:
    return read_folder(CONTENT)


@pytest.fixture
def files(shipped: Files) -> Files:
    return dict(shipped)


@pytest.fixture
def empty(db: None) -> Callable[[], None]:
    """Empty the roadmap's tables, at once and again when called."""

    empty_roadmap()
    return empty_roadmap


def change(files: Files, kind: str, key: str, **values: Any) -> None:
    row = files[kind, key]
    files[kind, key] = Row(kind, key, {**row.values, **values})


def add(files: Files, kind: str, key: str, like: str, **values: Any) -> None:
    files[kind, key] = Row(kind, key, {**files[kind, like].values, **values})


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of every table, primary keys included."""
    return {
        kind: list(table.model._default_manager.order_by("pk").values_list())
        for kind, table in TABLES.items()
    }


def plain(rows: Files) -> dict[RowId, dict[str, Any]]:
    return {key: dict(row.values) for key, row in rows.items()}


def changes(report: Report) -> tuple[list[str], list[str], list[str], list[str]]:
    return report.created, report.updated, report.removed, report.left_alone


def test_the_database_holds_what_the_files_say(shipped: Files) -> None:
    assert plain(stored()) == plain(shipped)


def test_loading_into_an_empty_database_creates_every_row(
    empty: Callable[[], None], files: Files
) -> None:
    report = load(files)
    assert len(report.created) == len(files)
    assert report.left_alone == []
    assert plain(stored()) == plain(files)


def test_loading_again_changes_nothing(files: Files) -> None:
    before, version = everything(), ContentVersion.objects.get().token
    report = load(files)
    assert changes(report) == ([], [], [], [])
    assert report.same == len(files)
    assert everything() == before
    assert ContentVersion.objects.get().token == version


def test_an_update_keeps_the_primary_key_and_touches_nothing_else(files: Files) -> None:
    before = everything()
    change(files, "topic", "1/backpropagation", title="Backprop", essential=False)
    change(files, "phase", "1", goal="Another goal.")
    report = load(files)
    assert report.updated == ["phase 1", "topic 1/backpropagation"]
    topic = Topic.objects.get(phase__slug="1", slug="backpropagation")
    assert (topic.title, topic.essential) == ("Backprop", False)
    after = everything()
    for kind in TABLES:
        assert [row[0] for row in after[kind]] == [row[0] for row in before[kind]]
        differing = sum(new != old for new, old in zip(after[kind], before[kind], strict=True))
        assert differing == (1 if kind in {"topic", "phase"} else 0)
    assert changes(load(files)) == ([], [], [], [])


def test_a_new_row_of_the_files_is_created(files: Files) -> None:
    add(files, "trap", "1/new", "1/watching", slug="new", position=9)
    assert load(files).created == ["trap 1/new"]
    assert Trap.objects.get(slug="new").phase.slug == "1"


def edit(model: type[models.Model], wanted: dict[str, Any], **values: Any) -> Callable[[], Any]:
    def edit() -> None:
        row = model._default_manager.get(**wanted)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()

    return edit


def reword() -> None:
    milestone("p1-0").reword("An editor's own words", "cosmetic")


def ask_for_less() -> None:
    Requirement.objects.get(level__slug="l2", slug="credential").any_of.set([milestone("d3")])


EDITS = {
    "a title": (
        edit(Phase, {"slug": "2"}, title="Transformers"),
        "phase 2",
        lambda: Phase.objects.get(slug="2").title == "Transformers",
    ),
    "a topic's text": (
        edit(Topic, {"slug": "backpropagation"}, text="Written by an editor."),
        "topic 1/backpropagation",
        lambda: Topic.objects.get(slug="backpropagation").text == "Written by an editor.",
    ),
    "a position": (
        edit(Habit, {"slug": "engage"}, position=0),
        "habit engage",
        lambda: Habit.objects.get(slug="engage").position == 0,
    ),
    "a wording": (
        reword,
        "milestone p1-0",
        lambda: milestone("p1-0").latest_revision().number == 2,  # type: ignore[union-attr]
    ),
    "a part of a deliverable": (
        edit(DeliverablePart, {"milestone__key": "d3", "slug": "harness"}, label="other"),
        "deliverablepart d3/harness",
        lambda: DeliverablePart.objects.get(slug="harness", milestone__key="d3").label == "other",
    ),
    "a requirement": (
        ask_for_less,
        "requirement l2/credential",
        lambda: Requirement.objects.get(level__slug="l2", slug="credential").any_of.count() == 1,
    ),
    "a state": (
        edit(Chapter, {"slug": "reading"}, state=State.DRAFT),
        "chapter reading",
        lambda: Chapter.objects.get(slug="reading").state == State.DRAFT,
    ),
    "a date": (
        edit(Claim, {"slug": "muon"}, checked=None),
        "claim muon",
        lambda: Claim.objects.get(slug="muon").checked is None,
    ),
    "a deletion": (
        lambda: Trap.objects.get(slug="no-log").delete(),
        "trap 0/no-log",
        lambda: not Trap.objects.filter(slug="no-log").exists(),
    ),
}


@pytest.mark.parametrize(("act", "what", "stands"), EDITS.values(), ids=EDITS)
def test_what_an_editor_changed_is_left_alone_until_forced(
    act: Callable[[], Any], what: str, stands: Callable[[], bool], files: Files
) -> None:
    act()
    report = load(files)
    assert stands()
    assert [line.partition(":")[0] for line in report.left_alone] == [what]
    assert report.changed == 0
    assert load(files).left_alone == report.left_alone
    forced = load(files, force=True)
    assert (forced.left_alone, forced.changed) == ([], 1)
    assert not stands()
    assert plain(stored()) == plain(files)


def test_the_report_tells_when_the_files_have_something_newer_than_the_edit(files: Files) -> None:
    Phase.objects.filter(slug="2").update(title="An editor's title")
    [line] = load(files).left_alone
    assert line == "phase 2: an editor changed it"
    change(files, "phase", "2", title="A new title in the files")
    [line] = load(files).left_alone
    assert line == "phase 2: an editor changed it, and the files have something new"
    assert Phase.objects.get(slug="2").title == "An editor's title"


def test_an_edit_that_the_files_take_over_is_no_difference_any_more(files: Files) -> None:
    Phase.objects.filter(slug="2").update(title="The better title")
    change(files, "phase", "2", title="The better title")
    assert changes(load(files)) == ([], [], [], [])
    change(files, "phase", "2", title="The best title")
    assert load(files).updated == ["phase 2"]


@pytest.mark.parametrize("force", [False, True])
def test_what_an_editor_added_stays(force: bool, files: Files) -> None:
    phase = Phase.objects.get(slug="1")
    Topic.objects.create(phase=phase, slug="own", title="Own", text="Text", position=9)
    ours = Milestone.objects.create(key="own-0", kind="build")
    ours.reword("Something of ours", "material")
    Placement.objects.create(phase=phase, milestone=ours, position=9)
    assert changes(load(files, force=force)) == ([], [], [], [])
    assert Topic.objects.filter(slug="own").exists()
    assert Placement.objects.filter(milestone=ours).exists()


def test_what_stood_in_a_row_that_an_editor_deleted_is_left_out_and_said(files: Files) -> None:
    Question.objects.filter(phase__slug="5").delete()
    Phase.objects.filter(slug="5").delete()
    report = load(files)
    assert report.created == []
    assert "phase 5: an editor deleted it" in report.left_alone
    assert not Phase.objects.filter(slug="5").exists()
    load(files, force=True)
    assert plain(stored()) == plain(files)


def test_a_new_part_of_a_phase_that_an_editor_deleted_is_left_out_and_said(files: Files) -> None:
    Question.objects.filter(phase__slug="5").delete()
    Phase.objects.filter(slug="5").delete()
    add(files, "trap", "5/new", "1/watching", phase="5", slug="new")
    assert "trap 5/new: it needs the phase 5, which an editor removed" in load(files).left_alone


def test_a_new_requirement_of_a_milestone_that_an_editor_deleted_is_left_out_and_said(
    files: Files,
) -> None:
    milestone("d1").delete()
    add(files, "requirement", "l1/new", "l1/phase-1-deliverable", slug="new", position=9)
    report = load(files)
    assert "requirement l1/new: it needs the milestone d1, which an editor removed" in (
        report.left_alone
    )


@pytest.mark.parametrize(
    ("kind", "key", "model"),
    [
        ("topic", "1/maths", Topic),
        ("step", "0/target", Step),
        ("trap", "0/no-log", Trap),
        ("placement", "0/p0-4", Placement),
        ("deliverablepart", "d3/plan", DeliverablePart),
        ("phaseresource", "1/mml", TABLES["phaseresource"].model),
        ("resourcelink", "cs336/Lectures", ResourceLink),
        ("requirement", "l1/phase-1-deliverable", Requirement),
        ("claim", "muon", Claim),
        ("habit", "engage", Habit),
        ("question", "design-an-extension", Question),
    ],
)
def test_a_part_that_the_files_drop_is_removed_unless_edited(
    kind: str, key: str, model: type[models.Model], files: Files
) -> None:
    before = model._default_manager.count()
    del files[kind, key]
    assert load(files).removed == [f"{kind} {key}"]
    assert model._default_manager.count() == before - 1
    assert changes(load(files)) == ([], [], [], [])


@pytest.mark.parametrize(
    ("kind", "key", "model", "wanted"),
    [
        ("milestone", "p0-4", Milestone, {"key": "p0-4"}),
        ("resource", "szepesvari", Resource, {"slug": "szepesvari"}),
        ("chapter", "reading", Chapter, {"slug": "reading"}),
        ("phase", "rl-4", Phase, {"slug": "rl-4"}),
    ],
)
def test_what_learners_may_hold_is_retired_when_the_files_drop_it(
    kind: str, key: str, model: type[models.Model], wanted: dict[str, str], files: Files
) -> None:
    row = model._default_manager.get(**wanted)
    dropped = {row_id for row_id in files if row_id == (kind, key)}
    dropped |= {one.id for one in files.values() if one.values.get(kind) == key}
    kept = {row_id: files.pop(row_id) for row_id in dropped}
    assert f"{kind} {key}" in load(files).removed
    row.refresh_from_db()
    assert row.state == State.RETIRED  # type: ignore[attr-defined]
    assert changes(load(files)) == ([], [], [], [])
    # And back again, when the files have it again.
    report = load({**files, **kept})
    assert report.left_alone == []
    row.refresh_from_db()
    assert row.state == State.LIVE  # type: ignore[attr-defined]
    assert plain(stored()) == plain({**files, **kept})


def test_what_an_editor_changed_stays_when_the_files_drop_it(files: Files) -> None:
    Trap.objects.filter(slug="no-log").update(title="An editor's title")
    milestone("p0-4").reword("An editor's words", "cosmetic")
    for row_id in [("trap", "0/no-log"), ("milestone", "p0-4"), ("placement", "0/p0-4")]:
        del files[row_id]
    report = load(files)
    why = "the files no longer have it, and an editor changed it"
    assert report.left_alone == [f"milestone p0-4: {why}", f"trap 0/no-log: {why}"]
    assert report.removed == []
    assert Trap.objects.filter(slug="no-log").exists()
    assert milestone("p0-4").state == State.LIVE


def test_a_milestone_that_the_files_drop_is_retired_in_its_place(files: Files) -> None:
    for row_id in [("milestone", "p0-4"), ("placement", "0/p0-4")]:
        del files[row_id]
    assert load(files).removed == ["milestone p0-4"]
    assert milestone("p0-4").state == State.RETIRED
    assert milestone("p0-4").phases.get().slug == "0"
    assert changes(load(files)) == ([], [], [], [])


def names(key: str) -> list[str]:
    return [part.slug for part in milestone(key).parts.all()]


def test_parts_are_added_changed_and_put_in_another_order(files: Files) -> None:
    kept = DeliverablePart.objects.get(milestone__key="d3", slug="harness").pk
    add(files, "deliverablepart", "d3/data", "d3/plot", slug="data", name="The data", position=0)
    change(files, "deliverablepart", "d3/harness", name="A harness", label="weights", position=9)
    report = load(files)
    assert report.created == ["deliverablepart d3/data"]
    assert report.updated == ["deliverablepart d3/harness"]
    part = DeliverablePart.objects.get(pk=kept)
    assert (part.name, part.label) == ("A harness", "weights")
    assert names("d3") == ["data", "repository", "plot", "write-up", "plan", "harness"]
    assert changes(load(files)) == ([], [], [], [])


def test_a_part_that_an_editor_added_stays(files: Files) -> None:
    milestone("d3").parts.create(slug="own", name="Something of ours", label="other", position=9)
    assert changes(load(files, force=True)) == ([], [], [], [])
    assert "own" in names("d3")


def test_a_deliverable_that_the_files_drop_is_retired_with_its_parts(files: Files) -> None:
    before = names("d3")
    for row_id in [*files]:
        if row_id in {("milestone", "d3"), ("placement", "3/d3")} or row_id[1].startswith("d3/"):
            del files[row_id]
    assert load(files).removed == ["milestone d3"]
    assert milestone("d3").state == State.RETIRED
    assert names("d3") == before
    assert changes(load(files)) == ([], [], [], [])


def test_a_deliverable_that_becomes_a_milestone_in_the_files_loses_its_parts(files: Files) -> None:
    change(files, "milestone", "d3", deliverable=False)
    parts = [row_id for row_id in files if row_id[1].startswith("d3/")]
    for row_id in parts:
        del files[row_id]
    report = load(files)
    assert report.updated == ["milestone d3"]
    assert sorted(report.removed) == sorted(f"{kind} {key}" for kind, key in parts)
    assert names("d3") == []


def test_what_an_editor_made_a_milestone_gets_no_parts_until_forced(files: Files) -> None:
    before = names("d3")
    milestone("d3").parts.all().delete()
    Milestone.objects.filter(key="d3").update(deliverable=False)
    add(files, "deliverablepart", "d3/data", "d3/plot", slug="data", position=9)
    report = load(files)
    assert "deliverablepart d3/data: it needs the deliverable d3, which an editor removed" in (
        report.left_alone
    )
    assert names("d3") == []
    load(files, force=True)
    assert names("d3") == [*before, "data"]


def test_a_level_or_track_that_the_files_drop_is_left_to_an_editor(files: Files) -> None:
    del files["level", "l4"]
    [line] = load(files).left_alone
    assert line == "level l4: the files no longer have it; delete it in the admin"
    assert Level.objects.filter(slug="l4").exists()
    assert Track.objects.count() == 3


@pytest.mark.parametrize("kind_of_change", ["material", "cosmetic"])
def test_a_new_wording_is_a_new_revision_of_its_kind(
    kind_of_change: str, files: Files, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p1-0")
    first = milestone("p1-0").latest_revision()
    change(files, "milestone", "p1-0", wording="Said anew", change=kind_of_change)
    assert load(files).updated == ["milestone p1-0"]
    revisions = list(milestone("p1-0").revisions.values_list("number", "wording", "change"))
    assert first is not None
    assert revisions == [(1, first.wording, "material"), (2, "Said anew", kind_of_change)]
    asked = board_of(user, manual()).item(manual().milestones["p1-0"]).reworded
    assert bool(asked) is (kind_of_change == "material")
    assert changes(load(files)) == ([], [], [], [])


def test_a_new_detail_is_no_new_wording(files: Files) -> None:
    change(files, "milestone", "p1-0", detail="Said in more detail.")
    load(files)
    assert milestone("p1-0").revisions.count() == 1


def test_a_milestone_that_moves_to_another_phase_stays_the_same_milestone(files: Files) -> None:
    pk = milestone("p1-0").pk
    del files["placement", "1/p1-0"]
    add(files, "placement", "2/p1-0", "2/p2-0", milestone="p1-0", position=9)
    report = load(files)
    assert (report.created, report.removed) == (["placement 2/p1-0"], ["placement 1/p1-0"])
    assert milestone("p1-0").pk == pk
    assert list(milestone("p1-0").phases.values_list("slug", flat=True)) == ["2"]


def test_phases_that_name_each_other_as_twins_are_both_loaded(
    empty: Callable[[], None], files: Files
) -> None:
    change(files, "phase", "4", same_as="rl-3")
    report = load(files)
    assert report.left_alone == []
    assert plain(stored()) == plain(files)


# Learners


def items() -> list[tuple[str, str, str]]:
    return list(ReleaseItem.objects.values_list("what", "kind", "key"))


def test_the_first_load_is_nobodys_news(empty: Callable[[], None], files: Files) -> None:
    load(files)
    assert not Release.objects.exists()
    assert not Milestone.objects.exclude(since=None).exists()


def test_what_comes_goes_and_asks_for_something_else_is_one_release(files: Files) -> None:
    new = {**files["milestone", "p1-0"].values, "key": "p1-new", "wording": "Something new"}
    files["milestone", "p1-new"] = Row("milestone", "p1-new", new)
    add(files, "placement", "1/p1-new", "1/p1-0", milestone="p1-new", position=9)
    # Without a place nobody sees it.
    files["milestone", "p1-lost"] = Row("milestone", "p1-lost", {**new, "key": "p1-lost"})
    change(files, "milestone", "p1-0", wording="Said anew")
    change(files, "milestone", "p1-1", wording="Spelt anew", change="cosmetic")
    change(files, "chapter", "reading", state="retired")
    load(files)
    load(files)
    [release] = Release.objects.published()
    assert release.title == "Changes from the files"
    assert items() == [
        ("reworded", "milestone", "p1-0"),
        ("added", "milestone", "p1-new"),
        ("retired", "chapter", "reading"),
    ]
    assert milestone("p1-new").since is not None


def test_a_draft_that_the_files_make_live_is_new_from_then_on(files: Files) -> None:
    change(files, "milestone", "p1-0", state="draft")
    load(files)
    assert items() == [("retired", "milestone", "p1-0")]
    change(files, "milestone", "p1-0", state="live")
    assert milestone("p1-0").since is None
    load(files)
    assert milestone("p1-0").since is not None


@pytest.mark.parametrize("force", [False, True])
def test_what_learners_did_is_retired_by_files_and_never_made_a_draft(
    files: Files, user: User, tick: Callable[..., None], force: bool
) -> None:
    tick(user, "p1-0")
    change(files, "milestone", "p1-0", state="draft")
    [line] = load(files, force=force).left_alone
    assert line.startswith("milestone p1-0: a draft would hide what learners did")
    assert milestone("p1-0").state == State.LIVE
    change(files, "milestone", "p1-0", state="retired")
    assert load(files, force=force).left_alone == []
    assert milestone("p1-0").state == State.RETIRED
    assert Completion.objects.get(user=user).done


@pytest.mark.parametrize("how", ["retired", "dropped", "moved out", "with its phase", "unasked"])
def test_files_put_no_level_out_of_reach(files: Files, how: str) -> None:
    if how == "retired":
        change(files, "milestone", "d1", state="retired")
    elif how == "with its phase":
        change(files, "phase", "1", state="draft")
    elif how == "unasked":
        change(files, "requirement", "l1/phase-1-deliverable", any_of=("d0",))
        change(files, "milestone", "d0", state="retired")
    else:
        del files["placement", "1/d1"]
        if how == "dropped":
            del files["milestone", "d1"]
    report = load(files, force=True)
    assert any("nobody could reach L1 any more" in line for line in report.left_alone)
    assert milestone("d1").state == State.LIVE
    assert Placement.objects.filter(milestone__key="d1", phase__state=State.LIVE).exists()
    asked = Requirement.objects.get(level__slug="l1", slug="phase-1-deliverable")
    assert [one.key for one in asked.any_of.all()] == ["d1"]


def test_a_milestone_that_force_brings_back_takes_back_what_it_became(files: Files) -> None:
    into = [Successor(key, wording=f"A half: {key}") for key in ("half-1", "half-2")]
    split(milestone("p1-0"), into, [])
    assert "milestone p1-0: an editor changed it" in load(files).left_alone
    assert milestone("p1-0").state == State.RETIRED
    load(files, force=True)
    assert milestone("p1-0").state == State.LIVE
    assert milestone("half-1").state == State.RETIRED
    assert not Succession.objects.filter(undone=None).exists()


def test_a_phase_that_an_editor_renamed_is_not_brought_a_second_time(files: Files) -> None:
    phase = Phase.objects.get(slug="5")
    FormerSlug.objects.create(slug="5", phase=phase)
    Phase.objects.filter(slug="5").update(slug="five")
    report = load(files, force=True)
    assert "phase 5: an editor renamed it: it is phase five now" in report.left_alone
    assert not Phase.objects.filter(slug="5").exists()


def test_each_source_has_its_own_memory(files: Files) -> None:
    archive = dict(files)
    change(archive, "phase", "2", title="The archive’s title")
    del archive["trap", "0/no-log"]
    assert load(archive, source=LoadedRow.Source.ARCHIVE).changed == 2
    report = load(files)
    assert (report.changed, len(report.left_alone)) == (0, 2)
    change(archive, "phase", "2", title="The archive’s next title")
    assert load(archive, source=LoadedRow.Source.ARCHIVE).updated == ["phase 2"]


# The commands


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_loading_then_dumping_gives_the_same_bytes(tmp_path: Path) -> None:
    run("dump_roadmap", tmp_path)
    shipped = {name: body for name, body in contents(CONTENT).items() if name.endswith(".yaml")}
    assert contents(tmp_path) == shipped


def test_the_load_command_sums_up_what_it_did(empty: Callable[[], None], files: Files) -> None:
    assert run("load_roadmap") == (
        f"Roadmap: {len(files)} rows new, 0 updated, 0 removed or retired, 0 as they were.\n"
    )
    Phase.objects.filter(slug="2").update(title="An editor's title")
    assert run("load_roadmap").splitlines() == [
        "left alone: phase 2: an editor changed it",
        "--force overwrites what was left alone.",
        f"Roadmap: 0 rows new, 0 updated, 0 removed or retired, {len(files) - 1} as they were.",
    ]
    assert "1 updated" in run("load_roadmap", "--force")


def test_an_editors_work_survives_a_dump_and_a_load_elsewhere(
    tmp_path: Path, empty: Callable[[], None], files: Files
) -> None:
    load(files)
    Phase.objects.filter(slug="2").update(title="no", goal="- a list\n\n    and code: #1")
    Topic.objects.filter(slug="maths").delete()
    Trap.objects.create(
        phase=Phase.objects.get(slug="2"), slug="own", title="'Own'", text="A — B", position=4
    )
    milestone("p1-0").reword("An editor's words: all of them", "cosmetic")
    Milestone.objects.filter(key="p1-1").update(state=State.RETIRED)
    Claim.objects.filter(slug="muon").update(checked=None)
    DeliverablePart.objects.filter(milestone__key="d3", slug="plan").delete()
    milestone("d3").parts.create(slug="own", name="no", label="weights", position=5)
    Placement.objects.filter(milestone__key="p0-4").delete()
    edited = plain(stored())
    run("dump_roadmap", tmp_path)
    empty()
    run("load_roadmap", tmp_path)
    assert plain(stored()) == edited
    first = contents(tmp_path)
    run("dump_roadmap", tmp_path)
    assert contents(tmp_path) == first
    assert "milestones.yaml" in first


def test_a_dump_removes_the_files_of_what_is_gone_and_touches_no_others(tmp_path: Path) -> None:
    run("dump_roadmap", tmp_path)
    others = [
        tmp_path / name for name in ("notes.yaml", "README.md", "drafts/6.yaml", "phases/x.txt")
    ]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine\n")
    Question.objects.filter(phase__slug="rl-4").delete()
    Phase.objects.filter(slug="rl-4").delete()
    Chapter.objects.filter(section="branches").delete()
    run("dump_roadmap", tmp_path)
    names = set(contents(tmp_path))
    assert "phases/rl-3.yaml" in names
    assert not {"phases/rl-4.yaml", "chapters/branches.yaml"} & names
    assert all(path.read_text() == "mine\n" for path in others)


def test_a_broken_file_is_told_and_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    run("dump_roadmap", tmp_path)
    path = tmp_path / "phases" / "1.yaml"
    path.write_text(path.read_text().replace("track: trunk", "track: twig"))
    (tmp_path / "habits.yaml").write_text("- slug: [\n")
    before = everything()
    with pytest.raises(CommandError) as caught:
        run("load_roadmap", tmp_path, "--force")
    text = str(caught.value)
    assert "phases/1.yaml:1: " in text
    assert "habits.yaml:2: not YAML" in text
    assert text.endswith("Nothing was loaded.")
    assert everything() == before


def test_a_folder_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        run("load_roadmap", tmp_path / "nowhere")


def test_a_place_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        run("dump_roadmap", tmp_path / "file")


def test_a_load_that_fails_in_the_middle_leaves_nothing_behind(files: Files) -> None:
    change(files, "phase", "0", title="Changed before the failure")
    add(files, "question", "broken", "backprop-by-hand", slug="broken", ask="?" * 501)
    before = everything()
    with pytest.raises(Exception, match="too long"):
        load(files)
    assert everything() == before


def test_every_row_that_was_loaded_is_remembered_once(files: Files) -> None:
    assert LoadedRow.objects.count() == len(files)
    del files["trap", "0/no-log"]
    load(files)
    assert LoadedRow.objects.count() == len(files)
