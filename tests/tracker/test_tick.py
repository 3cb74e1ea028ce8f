import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision, State
from roadmap.queries import Manual
from tests.conftest import milestone
from tracker.models import Award, Completion, CompletionEvent

HX = {"HX-Request": "true"}
URL = "/progress/p0-0/"


def events() -> list[str]:
    return list(CompletionEvent.objects.values_list("kind", flat=True))


def test_a_tick_is_kept_with_the_wording_and_the_persons_own_date(
    learner: Client, user: User, roadmap: Manual
) -> None:
    user.time_zone = "Pacific/Auckland"
    user.save(update_fields=["time_zone"])
    with time_machine.travel("2026-03-14T20:00:00Z", tick=False):
        learner.post(URL, {"done": "1"})
    completion = Completion.objects.get()
    assert completion.user == user
    assert completion.done
    assert completion.revision == milestone("p0-0").latest_revision()
    assert completion.completed_on == dt.date(2026, 3, 15)
    assert completion.zone == "Pacific/Auckland"
    assert completion.changed == dt.datetime(2026, 3, 14, 20, tzinfo=dt.UTC)


def test_changing_the_zone_later_moves_no_day(learner: Client, user: User, roadmap: Manual) -> None:
    with time_machine.travel("2026-03-14T20:00:00Z", tick=False):
        learner.post(URL, {"done": "1"})
    user.time_zone = "Pacific/Auckland"
    user.save(update_fields=["time_zone"])
    learner.post(URL, {"done": "1"})
    assert Completion.objects.get().completed_on == dt.date(2026, 3, 14)


@pytest.mark.usefixtures("roadmap")
def test_ticking_twice_is_ticking_once(learner: Client) -> None:
    learner.post(URL, {"done": "1"})
    first = Completion.objects.get()
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=9)):
        learner.post(URL, {"done": "1"})
    again = Completion.objects.get()
    assert (again.completed_on, again.changed) == (first.completed_on, first.changed)
    assert events() == ["ticked"]


@pytest.mark.usefixtures("roadmap")
def test_unticking_keeps_the_row_and_says_when_it_was_done(learner: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        learner.post(URL, {"done": "1"})
    learner.post(URL, {"done": "0"})
    learner.post(URL, {"done": "0"})
    completion = Completion.objects.get()
    assert not completion.done
    assert completion.completed_on == dt.date(2026, 3, 14)
    assert events() == ["ticked", "unticked"]
    assert "14 March 2026" in learner.get("/progress/").content.decode()


@pytest.mark.usefixtures("roadmap")
def test_an_untick_can_be_taken_back_with_its_old_date(learner: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        learner.post(URL, {"done": "1"})
    learner.post(URL, {"done": "0"})
    learner.post(URL, {"done": "1", "restore": "1"})
    completion = Completion.objects.get()
    assert completion.done
    assert completion.completed_on == dt.date(2026, 3, 14)
    assert events() == ["ticked", "unticked", "restored"]


@pytest.mark.usefixtures("roadmap")
def test_ticking_anew_after_an_untick_is_done_today(learner: Client) -> None:
    with time_machine.travel("2026-03-14T12:00:00Z"):
        learner.post(URL, {"done": "1"})
        learner.post(URL, {"done": "0"})
    with time_machine.travel("2026-05-01T12:00:00Z"):
        learner.post(URL, {"done": "1"})
    assert Completion.objects.get().completed_on == dt.date(2026, 5, 1)


@pytest.mark.usefixtures("roadmap")
def test_unticking_what_was_never_ticked_changes_nothing(learner: Client) -> None:
    assert learner.post(URL, {"done": "0"}).status_code == 303
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_without_javascript_the_answer_leads_back_to_the_box(learner: Client) -> None:
    board = learner.post(URL, {"done": "1"})
    assert (board.status_code, board["Location"]) == (303, "/progress/#milestone-p0-0")
    page = learner.post(URL, {"done": "1", "page": "0"})
    assert page["Location"] == "/roadmap/0/#milestone-p0-0"
    elsewhere = learner.post(URL, {"done": "1", "page": "https://evil.example/"})
    assert elsewhere["Location"] == "/progress/#milestone-p0-0"


@pytest.mark.usefixtures("roadmap")
def test_a_checked_box_sends_its_hidden_zero_first_and_counts_as_one(learner: Client) -> None:
    learner.post(URL, {"done": ["0", "1"]})
    assert Completion.objects.get().done
    learner.post(URL, {"done": ["0"]})
    assert not Completion.objects.get().done


@pytest.mark.usefixtures("roadmap")
def test_the_fragment_tells_the_state_of_everything_a_phase_page_shows(learner: Client) -> None:
    html = learner.post(URL, {"done": "1", "page": "0"}, headers=HX).content.decode()
    assert "<html" not in html
    assert html.count('id="milestone-p0-0"') == 1
    assert 'data-done="true"' in html
    assert 'id="phase-0-progress"' in html
    assert 'id="total-progress"' in html
    assert "track-trunk-progress" not in html
    assert "Phase 0: 1 of 5" in html


@pytest.mark.usefixtures("roadmap")
def test_the_fragment_of_a_shared_milestone_updates_both_phases_on_the_board(
    learner: Client,
) -> None:
    html = learner.post("/progress/p4-0/", {"done": "1"}, headers=HX).content.decode()
    for id_ in (
        "milestone-p4-0",
        "phase-4-progress",
        "phase-rl-3-progress",
        "shared-rl-3-p4-0",
        "total-progress",
        "track-llm-progress",
        "track-rl-progress",
    ):
        assert html.count(f'id="{id_}"') == 1, id_
    assert "Phase 4: 1 of 5, RL-3: 1 of 4" in html


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("data", [{}, {"done": ""}, {"done": "yes"}, {"done": "2"}])
def test_a_state_we_do_not_know_is_refused_and_changes_nothing(
    learner: Client, data: dict[str, str]
) -> None:
    assert learner.post(URL, data).status_code == 400
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("key", ["p9-9", "p0-0x", "P0-0", "a" * 300])
def test_a_milestone_that_does_not_exist_is_not_found(learner: Client, key: str) -> None:
    assert learner.post(f"/progress/{key}/", {"done": "1"}).status_code == 404


@pytest.mark.usefixtures("roadmap")
def test_reading_never_ticks(learner: Client) -> None:
    assert learner.get(URL, {"done": "1"}).status_code == 405
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_a_learner_whose_session_is_gone_is_sent_to_log_in_and_back_to_the_page(
    client: Client,
) -> None:
    response = client.post(
        URL,
        {"done": "1", "csrfmiddlewaretoken": "of a page from before"},
        headers={"Referer": "http://testserver/roadmap/0/"},
    )
    assert "ticks" not in response.cookies
    assert response.status_code == 303
    assert response["Location"] == f"{reverse('account_login')}?next=%2Froadmap%2F0%2F"
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_a_fragment_whose_session_is_gone_sends_the_whole_page_to_log_in(client: Client) -> None:
    response = client.post(
        URL,
        {"done": "1", "csrfmiddlewaretoken": "of a page from before"},
        headers={
            **HX,
            "HX-Current-URL": "http://testserver/roadmap/0/",
            "HX-Target": "milestone-p0-0",
        },
    )
    login = f"{reverse('account_login')}?next=%2Froadmap%2F0%2F%23milestone-p0-0"
    assert response["HX-Redirect"] == login
    assert "your last change was not saved" in client.get(login).content.decode()
    assert b"<form" not in response.content


@pytest.mark.usefixtures("roadmap")
def test_a_forged_request_is_refused(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.post(URL, {"done": "1"}).status_code == 403
    assert not Completion.objects.exists()


def test_nobody_can_tick_for_somebody_else(
    learner: Client, make_user: Callable[..., User], tick: Callable[..., None]
) -> None:
    other = make_user("emmy")
    tick(other, "p0-0")
    learner.post(URL, {"done": "0"})
    assert Completion.objects.of(other).get().done
    assert not Completion.objects.exclude(user=other).exists()


def test_a_retired_milestone_stays_with_its_holders_and_is_gone_for_newcomers(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    Milestone.objects.filter(key__in=["p0-0", "p0-1"]).update(state=State.RETIRED)
    assert learner.post("/progress/p0-1/", {"done": "1"}).status_code == 404
    assert "no longer on the roadmap" in learner.get("/progress/").content.decode()
    learner.post(URL, {"done": "0"})
    assert not Completion.objects.get().done
    learner.post(URL, {"done": "1"})
    assert Completion.objects.get().done


def test_a_draft_cannot_be_ticked(learner: Client, roadmap: Manual) -> None:
    Milestone.objects.filter(key="p0-0").update(state=State.DRAFT)
    assert learner.post(URL, {"done": "1"}).status_code == 404


def test_a_reworded_milestone_shows_what_was_ticked(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    old = milestone("p0-0").latest_revision()
    assert old is not None
    milestone("p0-0").reword("Something else altogether", MilestoneRevision.Change.MATERIAL)
    html = learner.get("/roadmap/0/").content.decode()
    assert "Something else altogether" in html
    assert "Reworded since" in html
    assert old.wording in html


def test_a_tick_takes_at_most_six_statements(learner: Client, roadmap: Manual) -> None:
    learner.post(URL, {"done": "1"}, headers=HX)
    with CaptureQueriesContext(connection) as queries:
        learner.post("/progress/p0-1/", {"done": "1", "page": "0"}, headers=HX)
    assert len(queries) <= 6, [query["sql"] for query in queries]


def test_a_tick_without_evidence_is_a_claim_and_the_fragment_says_so(
    learner: Client, roadmap: Manual
) -> None:
    html = learner.post(URL, {"done": "1"}, headers=HX).content.decode()
    assert 'data-evidence="claimed"' in html
    assert 'href="/progress/p0-0/evidence/"' in html
    assert "0 shown of 1 done" in html


def test_a_tick_that_brings_evidence_back_is_shown_and_the_fragment_says_so(
    learner: Client, roadmap: Manual
) -> None:
    learner.post(f"{URL}evidence/", {"url": "https://example.org/net", "label": "commit"})
    learner.post(URL, {"done": "0"})
    html = learner.post(URL, {"done": "1"}, headers=HX).content.decode()
    assert 'data-evidence="shown"' in html
    assert "https://example.org/net" in html
    assert "1 shown of 1 done" in html


def test_joining_is_shown_by_the_tick_alone(learner: Client, roadmap: Manual) -> None:
    key = Milestone.objects.filter(kind="join").values_list("key", flat=True)[0]
    html = learner.post(f"/progress/{key}/", {"done": "1"}, headers=HX).content.decode()
    assert Completion.objects.get().shown
    assert 'data-evidence="shown"' in html
    assert "by your word" in html


def test_ticks_settle_the_levels_they_count_for(learner: Client, roadmap: Manual) -> None:
    urls = {"url": ["https://example.org/a", "https://example.org/b"]}
    keys = [group[0] for group in roadmap.rules["l1"]]
    for key in keys:
        learner.post(f"/progress/{key}/evidence/", {**urls, "label": ["repository", "write-up"]})
    assert Award.objects.get().supported
    learner.post(f"/progress/{keys[0]}/", {"done": "0"})
    assert not Award.objects.get().supported
    learner.post(f"/progress/{keys[0]}/", {"done": "1"})
    assert Award.objects.get().supported


def test_a_tick_whose_level_cannot_be_settled_is_not_kept(
    learner: Client, roadmap: Manual, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("tracker.views.board.settle", broken)
    learner.raise_request_exception = False
    key = roadmap.rules["l1"][0][0]
    assert learner.post(f"/progress/{key}/", {"done": "1"}).status_code == 500
    assert not Completion.objects.exists()


def test_the_database_keeps_one_row_a_person_and_milestone(
    user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    row = Completion.objects.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        Completion.objects.create(
            user=user,
            milestone=row.milestone,
            revision=row.revision,
            completed_on=row.completed_on,
            zone="UTC",
            changed=row.changed,
        )


def test_the_database_refuses_to_rewrite_what_happened(
    user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        CompletionEvent.objects.update(kind="unticked")


def test_the_database_refuses_to_lose_a_ticked_milestone(
    user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    with pytest.raises(DatabaseError), transaction.atomic():
        Milestone.objects.get(key="p0-0").delete()


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_tick_at_once_make_one_tick(
    roadmap: Manual, make_user: Callable[..., Any]
) -> None:
    user = make_user()
    one = roadmap.milestones["p0-0"]
    start = threading.Barrier(4)

    def tab() -> None:
        start.wait()
        Completion.objects.of(user).tick(
            user,
            milestone=one.pk,
            revision=one.revision_pk,
            on=dt.date(2026, 3, 14),
            now=dt.datetime(2026, 3, 14, tzinfo=dt.UTC),
        )
        connection.close()

    tabs = [threading.Thread(target=tab) for _ in range(4)]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    assert Completion.objects.count() == 1
    assert events() == ["ticked"]
