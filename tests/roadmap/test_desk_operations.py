"""What editors do to content that learners stand on, through the desk's own forms."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import (
    Chapter,
    FormerSlug,
    Level,
    Milestone,
    Phase,
    Placement,
    Release,
    Resource,
    State,
    Succession,
)
from roadmap.queries import Manual, manual
from tests.roadmap.test_admin import address, edit, form_of, make_phase, text_of
from tracker.evidence import Evidence, Link
from tracker.models import Completion, Note
from tracker.queries import board_of

LEARNERS = 25
KEYS = ["p1-0", "p1-1", "p1-2", "p1-3", "p1-4", "d1"]
GIVEN = [
    Evidence(),
    Evidence(links=(Link("repository", "https://example.org/code"),)),
    Evidence(text="In my own words."),
    Evidence(
        links=(
            Link("repository", "https://example.org/code"),
            Link("write-up", "https://example.org/words"),
        ),
        text="Both.",
    ),
]


def the(key: str) -> Milestone:
    return Milestone.objects.get(key=key)


def page(verb: str, *rows: models.Model) -> str:
    """Give the address of an operation's page for these rows."""
    return f"{address(type(rows[0]))}{verb}/?{'&'.join(f'row={row.pk}' for row in rows)}"


def send(client: Client, verb: str, *rows: models.Model, **changes: Any) -> Any:
    """Look at an operation's page, fill in its form, send it."""
    looked = client.get(page(verb, *rows))
    assert looked.status_code == 200, looked.get("Location")
    return client.post(page(verb, *rows), {**form_of(looked), **changes}, follow=True)


def new(number: int, key: str, wording: str = "", **more: str) -> dict[str, str]:
    values = {"key": key, "wording": wording, **more}
    return {f"new-{number}-{name}": value for name, value in values.items()}


def two_parts() -> dict[str, str]:
    return {**new(0, "p1-2a", "The first half"), **new(1, "p1-2b", "The second half")}


@pytest.fixture
def learners(roadmap: Manual, make_user: Callable[..., User]) -> list[User]:
    return enrol(LEARNERS, roadmap, make_user)


@pytest.fixture
def some(roadmap: Manual, make_user: Callable[..., User]) -> list[User]:
    """As many of the learners as have each sort of completion between them."""
    return enrol(6, roadmap, make_user)


def enrol(count: int, roadmap: Manual, make_user: Callable[..., User]) -> list[User]:
    """Make people with all sorts of completions on phase 1: dates, zones, evidence, unticks."""
    made = []
    zones = ["Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati"]
    for number in range(count):
        user = make_user(
            f"learner-{number}", password=None, time_zone=zones[number % 4], tracks=["trunk"]
        )
        for at, key in enumerate(KEYS):
            milestone = roadmap.milestones[key]
            if (number + at) % 4 == 3:
                continue
            given = {
                "milestone": milestone.pk,
                "revision": milestone.revision_pk,
                "on": dt.date(2026, 1, 1) + dt.timedelta(days=7 * at + number),
                "now": timezone.now(),
            }
            Completion.objects.tick(user, **given)
            evidence = GIVEN[(number + 2 * at) % 4]
            if evidence:
                Completion.objects.show(user, **given, evidence=evidence, kind=milestone.kind)
            if (number + at) % 11 == 5:
                Completion.objects.untick(user, milestone=milestone.pk, now=timezone.now())
        if number % 5 == 0:
            Note.objects.create(
                user=user, milestone=the("p1-3"), text="Mine", html="", saved=timezone.now()
            )
        made.append(user)
    return made


def kept() -> dict[tuple[int, int], tuple[Any, ...]]:
    """Give everything that no edit may cost: by learner and milestone."""
    return {
        (row.user_id, row.milestone_id): (
            row.done,
            row.completed_on,
            row.shown_on,
            row.zone,
            row.evidence,
        )
        for row in Completion.objects.all()
    }


def check(before: dict[tuple[int, int], tuple[Any, ...]], learners: list[User]) -> None:
    """Nothing is lost, and what pages count is what the tables say."""
    now = kept()
    assert {pair: now.get(pair) for pair in before} == before
    assert Note.objects.count() == len(learners[::5])
    content = manual()
    places = list(
        Placement.objects.exclude(milestone__state=State.DRAFT)
        .filter(phase__state=State.LIVE, milestone__deliverable=False)
        .values_list("phase__slug", "milestone", "milestone__state", "phase__track__slug")
    )
    for user in learners:
        done = {milestone for (pk, milestone), row in now.items() if pk == user.pk and row[0]}
        board = board_of(user, content)
        for slug in content.phases:
            counted = {
                pk for at, pk, state, _ in places if at == slug and (state == "live" or pk in done)
            }
            compare(board.whole(slug).total, counted, done)
        trunk = {
            pk
            for _, pk, state, track in places
            if track == "trunk" and (state == "live" or pk in done)
        }
        compare(board.total, trunk, done)


def compare(shown: Any, counted: set[int], done: set[int]) -> None:
    assert (shown.done, shown.total) == (len(counted & done), len(counted))
    expected = len(counted & done) * 100 // len(counted) if counted else None
    assert shown.percent == expected
    assert shown.percent is None or 0 <= shown.percent <= 100


def numbers(key: str) -> list[str]:
    """Give a milestone's numbers as its row on an operation's page has them."""
    rows = Completion.objects.filter(milestone__key=key, done=True)
    with_evidence, shown = rows.exclude(evidence={}), rows.exclude(shown_on=None)
    return [str(each.count()) for each in (rows, with_evidence, shown)]


def test_twenty_five_learners_lose_nothing_by_anything_an_editor_does(
    learners: list[User], editor: Client
) -> None:
    phase = Phase.objects.get(slug="1")
    before = kept()
    assert len(before) > 80
    assert len([row for row in before.values() if row[4]]) > 40
    assert not all(row[0] for row in before.values())
    check(before, learners)

    # Reworded in spelling only, and nobody is told.
    told = Release.objects.count()
    edit(editor, the("p1-0"), wording="Spelt in another way", change="cosmetic")
    revision = the("p1-0").latest_revision()
    assert set(Completion.objects.filter(milestone__key="p1-0").values_list("revision")) == {
        (revision.pk if revision else None,)
    }
    assert Release.objects.count() == told
    check(before, learners)

    # Reworded in meaning: completions stay with what they were given for.
    was = the("p1-1").latest_revision()
    edit(editor, the("p1-1"), wording="Something else altogether", change="material")
    assert was is not None
    assert set(Completion.objects.filter(milestone__key="p1-1").values_list("revision")) == {
        (was.pk,)
    }
    item = Release.objects.published()[0].items.get()
    assert (item.key, item.name, item.was) == ("p1-1", "Something else altogether", was.wording)
    check(before, learners)

    # Reordered.
    form = form_of(editor.get(address(phase, "change")))
    places = [name for name in form if name.startswith("placements") and "position" in name]
    back = {name: 20 - number for number, name in enumerate(places)}
    editor.post(address(phase, "change"), {**form, **back})
    keys = [place.milestone.key for place in phase.placements.all()]
    assert [key for key in keys if key.startswith("p")] == ["p1-4", "p1-3", "p1-2", "p1-1", "p1-0"]
    check(before, learners)

    # Split.
    expected = numbers("p1-2")
    looked = editor.get(page("split", the("p1-2")))
    assert cells(looked)[0] == expected
    response = send(editor, "split", the("p1-2"), **two_parts())
    assert f"kept: {expected[0]} completions, {expected[1]} with evidence" in text_of(response)
    assert (the("p1-2").state, the("p1-2a").state) == (State.RETIRED, State.LIVE)
    check(before, learners)

    # Replaced.
    send(editor, "replace", the("p1-2a"), **new(0, "p1-2c", "The first half, better"))
    assert (the("p1-2a").state, the("p1-2c").state) == (State.RETIRED, State.LIVE)
    check(before, learners)

    # Merged: done for those who did both, and the page names how many.
    both = [
        user
        for user in learners
        if Completion.objects.filter(
            user=user, milestone__key__in=["p1-0", "p1-1"], done=True
        ).count()
        == 2
    ]
    assert 0 < len(both) < LEARNERS
    looked = editor.get(page("merge", the("p1-0"), the("p1-1")))
    assert f"{len(both)} learners did all of them" in text_of(looked)
    response = send(editor, "merge", the("p1-0"), the("p1-1"), **new(0, "p1-01", "Both at once"))
    assert f"{len(both)} learners who did all of them have p1-01 done too" in text_of(response)
    assert set(Completion.objects.filter(milestone__key="p1-01").values_list("user")) == {
        (user.pk,) for user in both
    }
    check(before, learners)

    # Retired, with a note beside it that somebody keeps who is not done.
    expected = numbers("p1-3")
    response = send(editor, "retire", the("p1-3"))
    assert f"{expected[0]} completions, {expected[1]} with evidence" in text_of(response)
    check(before, learners)

    # Published.
    form = form_of(editor.get(address(Milestone, "add/")))
    form |= {"key": "p1-new", "wording": "Brand new", "kind": "build", "state": "draft"}
    form |= {"placements-TOTAL_FORMS": 1, "placements-0-phase": phase.pk}
    editor.post(address(Milestone, "add/"), form)
    assert 'id="milestone-p1-new"' not in Client().get("/roadmap/1/").content.decode()
    response = send(editor, "publish", the("p1-new"))
    assert "Published p1-new." in text_of(response)
    assert 'id="milestone-p1-new"' in Client().get("/roadmap/1/").content.decode()
    check(before, learners)

    # All of it undone again, the last first.
    for key in ("p1-3", "p1-0", "p1-2a", "p1-2"):
        response = send(editor, "restore", the(key))
        assert f"Restored {key}." in text_of(response)
        check(before, learners)
    send(editor, "retire", the("p1-new"))
    check(before, learners)
    live = phase.milestones.filter(state=State.LIVE, deliverable=False)
    assert sorted(live.values_list("key", flat=True)) == KEYS[:-1]
    assert not Completion.objects.filter(milestone__key="p1-01", done=True).exists()


def cells(response: HttpResponse) -> list[list[str]]:
    """Give the numbers of each row in the table of what rests on the rows."""
    import html5lib

    document = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
    return [
        ["".join(cell.itertext()) for cell in row.iter("td")]
        for row in document.iter("tr")
        if row.get("class") != "desk-beside" and len(list(row.iter("td"))) == 3
    ]


# Rewording


def test_the_form_says_what_the_wording_carries_and_asks_for_the_kind_of_change(
    some: list[User], editor: Client
) -> None:
    milestone = the("p1-2")
    done, with_evidence, _ = numbers("p1-2")
    looked = editor.get(address(milestone, "change"))
    said = f"The wording of p1-2 stands under {done} completions, {with_evidence} with evidence"
    assert said in text_of(looked)
    assert "Completions move to the new wording, nobody is told." in text_of(looked)
    assert "change" not in form_of(looked)

    response = edit(editor, milestone, wording="Something  else", detail="Kept as typed.")

    form = response.context["adminform"].form
    assert form.errors == {"change": ["The wording changed: say which kind of change it is."]}
    typed = form_of(response)
    assert (typed["wording"], typed["detail"]) == ("Something  else", "Kept as typed.")
    assert said in text_of(response)
    assert milestone.revisions.count() == 1


def test_what_nobody_sees_yet_is_reworded_without_telling_anybody(
    roadmap: Manual, editor: Client
) -> None:
    Milestone.objects.filter(key="p1-2").update(state=State.DRAFT)
    edit(editor, the("p1-2"), wording="Something else", change="material")
    assert the("p1-2").revisions.count() == 2
    assert not Release.objects.exists()


def test_what_rests_on_it_stands_above_every_form(some: list[User], editor: Client) -> None:
    phase = Phase.objects.get(slug="1")
    pks = phase.placements.values_list("milestone", flat=True)
    done = Completion.objects.filter(milestone__in=pks, done=True).count()
    assert f"6 milestones stand in phase 1, with {done} completions" in text_of(
        editor.get(address(phase, "change"))
    )
    level = Level.objects.get(slug="l1")
    assert "L1 asks for" in text_of(editor.get(address(level, "change")))
    resource = Resource.objects.filter(uses__phase=phase)[0]
    assert "It is used in" in text_of(editor.get(address(resource, "change")))
    assert "Learners read it" in text_of(editor.get(address(Chapter.objects.all()[0], "change")))


# Pages of operations


def test_the_list_and_the_form_lead_to_the_pages(roadmap: Manual, editor: Client) -> None:
    one, other = the("p1-0"), the("p1-1")
    chosen = {"action": "merge", "_selected_action": [one.pk, other.pk], "index": 0}
    response = editor.post(address(Milestone), chosen, follow=True)
    assert response.context["title"] == "Merge p1-0 and p1-1"
    looked = editor.get(address(one, "change")).content.decode()
    offered = {verb for verb in VERBS if f"milestone/{verb}/?row={one.pk}" in looked}
    assert offered == {"split", "merge", "replace", "retire"}
    Milestone.objects.filter(pk=one.pk).update(state=State.RETIRED)
    looked = editor.get(address(one, "change")).content.decode()
    assert {verb for verb in VERBS if f"milestone/{verb}/?row=" in looked} == {"restore"}


VERBS = ["split", "merge", "replace", "retire", "restore", "publish"]
PLACES = [
    (model, verb)
    for model in (Milestone, Phase, Resource, Chapter)
    for verb in (VERBS if model is Milestone else VERBS[3:])
]


@pytest.fixture
def onlooker(make_user: Callable[..., User]) -> Client:
    """A browser of somebody who may look at content and not change it."""
    user = make_user("onlooker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_not_change_content_is_refused_everywhere(
    roadmap: Manual, onlooker: Client
) -> None:
    for model, verb in PLACES:
        row = model._default_manager.all()[0]
        for ask in (onlooker.get, onlooker.post):
            assert ask(page(verb, row)).status_code == 403, (model, verb)
    looked = onlooker.get(address(the("p1-2"), "change"))
    assert looked.status_code == 200
    assert "milestone/split/" not in looked.content.decode()
    assert not Succession.objects.exists()


@pytest.mark.parametrize("model", [Milestone, Resource])
def test_a_page_about_no_row_leads_back_to_the_list(
    roadmap: Manual, editor: Client, model: type[models.Model]
) -> None:
    for query in ("", "?row=", "?row=x", "?row=99999999", f"?row={'9' * 40}"):
        for ask in (editor.get, editor.post):
            response = ask(f"{address(model)}retire/{query}")
            assert (response.status_code, response["Location"]) == (302, address(model))
    assert "Choose what to retire first." in text_of(editor.get(address(model)))


def test_the_same_sent_twice_changes_nothing_more_and_says_so(
    some: list[User], editor: Client
) -> None:
    p0, p1, p2, p3 = (the(key) for key in KEYS[:4])
    chapter = Chapter.objects.all()[0]
    sent: list[tuple[str, list[models.Model], dict[str, str]]] = [
        ("split", [p2], two_parts()),
        ("merge", [p0, p1], new(0, "p1-01", "Both")),
        ("replace", [p3], new(0, "p1-z", "Another")),
        ("retire", [chapter], {}),
        ("restore", [chapter], {}),
        ("restore", [p2], {}),
    ]
    for verb, rows, changes in sent:
        form = form_of(editor.get(page(verb, *rows))) | changes
        first = editor.post(page(verb, *rows), form, follow=True)
        assert "already" not in text_of(first)
        before = state_of_everything()
        again = editor.post(page(verb, *rows), form, follow=True)
        assert again.status_code == 200
        assert "already" in text_of(again), verb
        assert "Nothing was changed." in text_of(again)
        assert state_of_everything() == before


def state_of_everything() -> list[Any]:
    return [
        sorted(Milestone.objects.values_list("key", "state")),
        sorted(Chapter.objects.values_list("slug", "state")),
        list(Placement.objects.order_by("pk").values_list("phase", "milestone", "position")),
        list(Succession.objects.values_list("pk", "undone")),
        Release.objects.count(),
        kept(),
    ]


def test_each_is_undone_by_the_link_it_leaves(some: list[User], editor: Client) -> None:
    p2 = the("p1-2")
    response = send(editor, "split", p2, **two_parts())
    assert page("restore", p2) in response.content.decode()
    looked = editor.get(page("restore", p2))
    assert "p1-2a and p1-2b leave and stay with whoever did" in text_of(looked)
    response = send(editor, "restore", p2)
    assert the("p1-2a").state == the("p1-2b").state == State.RETIRED
    # Once more, with the keys of the last time in their boxes.
    assert page("split", p2) in response.content.decode()
    assert form_of(editor.get(page("split", p2)))["new-1-key"] == "p1-2b"
    send(editor, "split", p2)
    assert (the("p1-2").state, the("p1-2b").state) == (State.RETIRED, State.LIVE)


# What is typed wrongly


@pytest.mark.parametrize(
    ("verb", "changes", "name", "error"),
    [
        ("split", new(0, "only-one", "One"), "new-1-key", "Give it a key."),
        ("split", {**new(0, "a-1"), **new(1, "b", "B")}, "new-0-wording", "a-1 is new."),
        ("split", {**new(0, "A b", "A"), **new(1, "b", "B")}, "new-0-key", "Lower-case letters"),
        ("split", {**new(0, "p1-3", "A"), **new(1, "b", "B")}, "new-0-key", "taken by a live"),
        ("split", {**new(0, "p1-2", "A"), **new(1, "b", "B")}, "new-0-key", "cannot follow itself"),
        ("split", {**new(0, "b", "A"), **new(1, "b", "B")}, "new-1-key", "stands above already"),
        ("split", {**two_parts(), **new(4, "", "C")}, "new-4-key", "Give it a key."),
        ("split", two_parts() | {"new-1-kind": "sing"}, "new-1-kind", "Select a valid choice"),
        ("replace", new(0, "b", "x" * 251), "new-0-wording", "at most 250 characters"),
        ("replace", new(0, "p1-3", "Not its wording"), "new-0-wording", "exists already, worded"),
        ("replace", new(0, "", ""), "new-0-key", "Give it a key."),
    ],
)
def test_errors_stand_beside_their_fields_and_what_was_typed_stays(
    roadmap: Manual, editor: Client, verb: str, changes: dict[str, str], name: str, error: str
) -> None:
    response = send(editor, verb, the("p1-2"), **changes)
    assert response.status_code == 422
    prefix, _, field = name.rpartition("-")
    form = next(form for form in response.context["page"].forms if form.prefix == prefix)
    assert error in " ".join(form.errors[field])
    assert error in text_of(response)
    typed = form_of(response)
    assert {key: typed[key] for key in changes if key != "new-1-kind"} == {
        key: value for key, value in changes.items() if key != "new-1-kind"
    }
    assert the("p1-2").state == State.LIVE
    assert not Succession.objects.exists()


def test_a_milestone_that_a_level_asks_for_is_split_with_a_choice_of_what_counts(
    roadmap: Manual, editor: Client
) -> None:
    d1 = the("d1")
    requirement = d1.requirements.all()[0]
    parts = {**new(0, "d1-a", "Shipped"), **new(1, "d1-b", "Written up")}
    assert f"{requirement.level}" in text_of(editor.get(page("split", d1)))
    response = send(editor, "split", d1, **parts)
    assert "Tick at least one of the new milestones" in text_of(response)
    assert the("d1").state == State.LIVE
    send(editor, "split", d1, **parts, **{"new-1-counts": "on"})
    assert the("d1").state == State.RETIRED
    keys = set(requirement.any_of.values_list("key", flat=True))
    assert "d1-b" in keys
    assert "d1-a" not in keys


def test_what_a_level_cannot_do_without_is_not_retired(roadmap: Manual, editor: Client) -> None:
    requirement = Level.objects.exclude(requirements=None)[0].requirements.all()[0]
    asked = list(requirement.any_of.all())
    looked = editor.get(page("retire", *asked))
    for response in (looked, editor.post(page("retire", *asked))):
        said = f"Nobody could reach {requirement.level} any more"
        assert text_of(response).count(said) == 1
        assert b'id="operation_form"' not in response.content
    assert not Milestone.objects.filter(state=State.RETIRED).exists()


def test_a_draft_that_is_not_ready_is_not_published(roadmap: Manual, editor: Client) -> None:
    draft = Milestone.objects.create(key="p1-x", kind="build", state=State.DRAFT)
    looked, sent = editor.get(page("publish", draft)), editor.post(page("publish", draft))
    assert (looked.status_code, sent.status_code) == (200, 422)
    for response in (looked, sent):
        assert text_of(response).count("p1-x has no wording yet.") == 1
        assert "No phase that is live or comes with this set holds p1-x." in text_of(response)
    assert the("p1-x").state == State.DRAFT
    assert not Release.objects.exists()


def test_one_milestone_asks_what_it_is_merged_with(roadmap: Manual, editor: Client) -> None:
    looked = editor.get(page("merge", the("p1-0")))
    assert "Merge p1-0 with" in text_of(looked)
    assert f'value="{the("p1-3").pk}"' in looked.content.decode()
    assert f'value="{the("p2-0").pk}"' not in looked.content.decode()


def test_only_what_an_operation_is_for_is_taken(roadmap: Manual, editor: Client) -> None:
    Milestone.objects.filter(key="p1-0").update(state=State.RETIRED)
    rows = [the("p1-0"), the("p1-1")]
    response = editor.get(page("merge", *rows), follow=True)
    assert "Only what is live can be merged, and p1-0 is retired." in text_of(response)
    assert "Left as it is: p1-0 is retired." in text_of(editor.get(page("retire", *rows)))
    send(editor, "retire", *rows)
    assert the("p1-1").state == State.RETIRED


@pytest.mark.parametrize("verb", ["retire", "restore", "merge"])
def test_a_page_costs_the_same_for_more_rows(roadmap: Manual, editor: Client, verb: str) -> None:
    rows = list(Milestone.objects.filter(deliverable=False, requirements=None)[:20])
    if verb == "restore":
        Milestone.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.RETIRED)

    def cost(some: list[Milestone]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(page(verb, *some)).status_code == 200
        return len(queries)

    cost(rows[:2])
    assert cost(rows[:2]) == cost(rows)


# Phases, resources, chapters


@pytest.mark.parametrize("model", [Phase, Resource, Chapter])
def test_other_content_is_retired_restored_and_published(
    some: list[User], editor: Client, model: type[Any]
) -> None:
    before = kept()
    row = model.objects.filter(slug="rl-4" if model is Phase else model.objects.all()[0].slug).get()
    where = {Phase: "/roadmap/", Resource: "/resources/", Chapter: "/"}[model]
    send(editor, "retire", row)
    row.refresh_from_db()
    assert row.state == State.RETIRED
    assert Client().get(where).status_code == 200
    send(editor, "restore", row)
    row.refresh_from_db()
    assert row.state == State.LIVE
    model.objects.filter(pk=row.pk).update(state=State.DRAFT)
    send(editor, "publish", row)
    row.refresh_from_db()
    assert row.state == State.LIVE
    check(before, some)


@pytest.mark.parametrize("model", [Phase, Milestone, Resource, Chapter])
def test_the_state_is_chosen_once_and_then_shown(
    roadmap: Manual, editor: Client, model: type[Any]
) -> None:
    assert form_of(editor.get(address(model, "add/")))["state"] == State.LIVE
    row = model.objects.filter(state=State.LIVE)[0]
    assert not {"state", "release"} & set(form_of(editor.get(address(row, "change"))))
    edit(editor, row, state="retired")
    row.refresh_from_db()
    assert row.state == State.LIVE

    release = Release.objects.create(title="The next set")
    model.objects.filter(pk=row.pk).update(state=State.DRAFT)
    assert "release" in form_of(editor.get(address(row, "change")))
    edit(editor, row, release=release.pk)
    row.refresh_from_db()
    assert (row.state, row.release) == (State.DRAFT, release)


def test_what_is_live_waits_for_no_set(roadmap: Manual, editor: Client) -> None:
    release = Release.objects.create(title="The next set")
    form = form_of(editor.get(address(Milestone, "add/")))
    form |= {"key": "x", "wording": "X", "kind": "build", "release": release.pk}
    response = editor.post(address(Milestone, "add/"), form)
    assert "Only a draft is published with a set." in text_of(response)
    assert not Milestone.objects.filter(key="x").exists()


# Addresses of phases


def test_a_phases_address_changes_and_the_old_one_is_kept_for_it(
    roadmap: Manual, editor: Client
) -> None:
    phase = Phase.objects.get(slug="1")
    edit(editor, phase, slug="start-here")
    phase.refresh_from_db()
    assert phase.slug == "start-here"
    assert Client().get("/roadmap/start-here/").status_code == 200
    assert FormerSlug.objects.get().slug == "1"
    assert FormerSlug.objects.get().phase == phase

    response = edit(editor, Phase.objects.get(slug="2"), slug="1")
    assert "“1” is a former address of" in text_of(response)
    assert Phase.objects.filter(slug="2").exists()

    edit(editor, phase, slug="1")
    assert [row.slug for row in FormerSlug.objects.all()] == ["start-here"]
    assert Client().get("/roadmap/1/").status_code == 200


@pytest.mark.parametrize("slug", ["changes", "share.png", "A b", "2", ""])
def test_an_address_that_is_taken_or_no_address_is_refused(
    roadmap: Manual, editor: Client, slug: str
) -> None:
    response = edit(editor, Phase.objects.get(slug="1"), slug=slug)
    assert response.context["adminform"].form.errors["slug"]
    assert Phase.objects.filter(slug="1").exists()
    assert not FormerSlug.objects.exists()


def test_a_draft_had_no_address_to_keep(roadmap: Manual, editor: Client) -> None:
    phase = make_phase("soon")
    Phase.objects.filter(pk=phase.pk).update(state=State.DRAFT)
    edit(editor, phase, slug="later")
    assert Phase.objects.filter(slug="later").exists()
    assert not FormerSlug.objects.exists()


# Deleting


@pytest.fixture
def late_tick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The desk looks whether a row may go, and a tick lands right after."""
    desk = type(admin.site._registry[Milestone])
    looks: list[int] = []
    really = desk.get_deleted_objects

    def too_early(self: Any, objs: Any, request: Any) -> Any:
        looks.append(1)
        told = really(self, objs, request)
        return (*told[:3], []) if len(looks) == 1 else told

    monkeypatch.setattr(desk, "get_deleted_objects", too_early)
    yield
    assert len(looks) == 2


@pytest.mark.usefixtures("late_tick")
@pytest.mark.parametrize("from_list", [False, True])
def test_a_tick_that_lands_in_between_is_kept_and_the_page_says_so(
    some: list[User], editor: Client, from_list: bool
) -> None:
    milestone = the("p1-2")
    action = {"action": "delete_selected", "_selected_action": [milestone.pk], "post": "yes"}
    response = (
        editor.post(address(Milestone), action)
        if from_list
        else editor.post(address(milestone, "delete"), {"post": "yes"})
    )
    assert response.status_code == 200
    assert f"p1-2 has {numbers('p1-2')[0]} completions" in text_of(response)
    assert f"milestone/retire/?row={milestone.pk}" in response.content.decode()
    assert the("p1-2").completions.exists()
