"""What learners see when editors changed the content under their ticks, and what they answer."""

import datetime as dt
import html
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision, Phase, Placement, State, Succession
from roadmap.operations import Successor, merge, replace, restore, retire, split
from roadmap.queries import Manual, manual
from tests.conftest import milestone
from tests.tracker.showing import PROOF, show
from tracker.evidence import LONGEST_TEXT, MOST_LINKS, Evidence, Link
from tracker.models import Award, Completion, CompletionEvent
from tracker.queries import board_of
from tracker.visitors import COOKIE, read, written

HX = {"HX-Request": "true"}
URL = "/progress/p0-0/confirm/"
MARCH, MAY = dt.date(2026, 3, 14), dt.date(2026, 5, 3)
MATERIAL, COSMETIC = MilestoneRevision.Change.MATERIAL, MilestoneRevision.Change.COSMETIC
TWO = [Successor("p0-0a", "Half of it"), Successor("p0-0b", "The other half")]


def text_of(response: object) -> str:
    content = getattr(response, "content", b"").decode()
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", content)))


def part_of(client: Client, path: str, key: str) -> str:
    """Give what a page says at one milestone, as text."""
    page = client.get(path).content.decode()
    found = re.search(rf'<li class="[^"]*" id="milestone-{key}".*?\n</li>', page, re.DOTALL)
    assert found, key
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[0])))


def form_of(client: Client, path: str, key: str) -> dict[str, list[str]]:
    """Give what the form for an answer at one milestone sends, but for its buttons."""
    page = client.get(path).content.decode()
    found = re.search(
        rf'<form method="post" action="/progress/{key}/confirm/".*?</form>', page, re.DOTALL
    )
    assert found, key
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[0]):
        sent.setdefault(name, []).append(value)
    return sent


def row(user: User, key: str) -> Completion:
    return Completion.objects.of(user).get(milestone__key=key)


def state() -> list[tuple[object, ...]]:
    """Give all completions, as they are compared before and after."""
    return list(
        Completion.objects.order_by("pk").values_list(
            "milestone__key", "revision", "kept", "done", "completed_on", "shown_on", "evidence"
        )
    )


def events() -> list[str]:
    return list(CompletionEvent.objects.values_list("kind", flat=True))


def reword(key: str, wording: str, change: str = MATERIAL) -> int:
    return milestone(key).reword(wording, change).pk


# Reworded


@pytest.fixture
def reworded(learner: Client, user: User, tick: Callable[..., None]) -> Client:
    """A browser of somebody whose tick is for an earlier wording."""
    tick(user, "p0-0", on=MAY)
    reword("p0-0", "Something else altogether")
    return learner


def test_a_cosmetic_change_moves_the_tick_and_tells_nobody(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    new = reword("p0-0", "The same, spelled better", COSMETIC)
    assert row(user, "p0-0").revision_id == new
    page = part_of(learner, "/roadmap/0/", "p0-0")
    assert "The same, spelled better" in page
    assert "Reworded" not in page
    assert "as it stood" not in page


@pytest.mark.parametrize("path", ["/roadmap/0/", "/progress/", "/progress/p0-0/evidence/"])
def test_a_material_change_shows_the_old_text_and_asks(
    reworded: Client, user: User, path: str
) -> None:
    said = text_of(reworded.get(path))
    old = row(user, "p0-0").revision.wording
    assert f"Reworded since. On 3 May 2026 you ticked: “{old}”" in said
    assert "Something else altogether" in said
    assert "It still holds" in said
    assert "Keep it as it stood" in said


def test_a_spelling_put_right_afterwards_asks_the_same(reworded: Client, user: User) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    newest = reword("p0-0", "Something else, all together", COSMETIC)
    assert "Reworded since" in part_of(reworded, "/roadmap/0/", "p0-0")
    # An answer to the one wording is an answer to the other, which says the same.
    reworded.post(URL, {**sent, "as": "reworded"})
    assert row(user, "p0-0").revision_id == newest


def test_what_still_holds_moves_to_the_present_wording_with_its_date_and_evidence(
    learner: Client, user: User, roadmap: Manual
) -> None:
    show(user, "p0-0", on=MAY)
    before = row(user, "p0-0")
    new = reword("p0-0", "Something else altogether")
    sent = form_of(learner, "/roadmap/0/", "p0-0") | {"as": ["reworded"]}
    response = learner.post(URL, sent)
    assert (response.status_code, response["Location"]) == (303, "/roadmap/0/#milestone-p0-0")
    learner.post(URL, sent)
    after = row(user, "p0-0")
    assert after.revision_id == new
    assert (after.completed_on, after.shown_on) == (before.completed_on, before.shown_on)
    assert after.evidence == before.evidence
    assert events()[-1:] == ["confirm"]
    assert events().count("confirm") == 1
    assert "Reworded" not in part_of(learner, "/roadmap/0/", "p0-0")


def test_what_is_kept_as_it_stood_is_not_asked_again_until_the_next_change(
    reworded: Client, user: User
) -> None:
    old = row(user, "p0-0").revision
    sent = form_of(reworded, "/progress/", "p0-0") | {"as": ["kept"]}
    reworded.post(URL, sent)
    reworded.post(URL, sent)
    assert (row(user, "p0-0").revision, row(user, "p0-0").completed_on) == (old, MAY)
    assert events().count("kept") == 1
    reword("p0-0", "Something else, all together", COSMETIC)
    for path in ("/roadmap/0/", "/progress/"):
        page = part_of(reworded, path, "p0-0")
        assert f"Done on 3 May 2026 as it stood: “{old.wording}”" in page
        assert "It still holds" not in page
    reword("p0-0", "A third thing")
    assert "It still holds" in part_of(reworded, "/roadmap/0/", "p0-0")


def test_two_tabs_end_in_one_state(reworded: Client, user: User) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    reworded.post(URL, {**sent, "as": "kept"})
    reworded.post(URL, {**sent, "as": "reworded"})
    held = state()
    reworded.post(URL, {**sent, "as": "kept"})
    assert state() == held
    assert not board_of(user, manual()).item(manual().milestones["p0-0"]).outworn


@pytest.mark.parametrize("answer", ["reworded", "kept"])
@pytest.mark.parametrize("htmx", [True, False])
def test_an_answer_to_a_wording_that_is_gone_changes_nothing(
    reworded: Client, answer: str, htmx: bool
) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    reword("p0-0", "A third thing")
    before, told = state(), events()
    response = reworded.post(URL, {**sent, "as": answer}, headers=HX if htmx else {})
    assert (state(), events()) == (before, told)
    said = text_of(response if htmx else reworded.get(response["Location"]))
    assert "The wording has changed again. Nothing was changed." in said
    assert "A third thing" in said
    assert "It still holds" in said


def test_the_database_holds_an_answer_against_the_wording_of_that_moment(
    reworded: Client, user: User
) -> None:
    read = manual().milestones["p0-0"]
    reword("p0-0", "A third thing, while the answer is under way")
    before = state()
    for answer in (Completion.objects.confirm, Completion.objects.keep_as_it_stood):
        now = timezone.now()
        assert not answer(user, milestone=read.pk, revision=read.revision_pk, now=now)
    assert state() == before


def test_by_htmx_the_box_and_its_totals_come_back_with_the_focus(reworded: Client) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    reply = reworded.post(URL, {**sent, "as": "reworded"}, headers=HX).content.decode()
    assert "<html" not in reply
    assert reply.count('id="milestone-p0-0"') == 1
    assert "hx-swap-oob" not in reply.split("</li>")[0]
    assert "data-focus" in reply.split("</li>")[0]
    assert "Moved to the present wording. Phase 0: 1 of 5." in reply


def test_from_the_milestones_own_page_the_answer_leads_back_there(reworded: Client) -> None:
    sent = form_of(reworded, "/progress/p0-0/evidence/", "p0-0")
    response = reworded.post(URL, {**sent, "as": "kept"})
    assert response["Location"] == "/progress/p0-0/evidence/#milestone-p0-0"
    assert "Done on 3 May 2026 as it stood" in text_of(reworded.get("/progress/p0-0/evidence/"))


def test_what_was_unticked_is_asked_nothing_and_answers_nothing(
    reworded: Client, user: User
) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    reworded.post("/progress/p0-0/", {"done": "0"})
    before = state()
    reworded.post(URL, {**sent, "as": "reworded"})
    reworded.post(URL, {**sent, "as": "kept"})
    assert state() == before
    assert "It still holds" not in part_of(reworded, "/roadmap/0/", "p0-0")
    # Ticked anew it is for the wording of today; put back it is for the old one, and asked.
    reworded.post("/progress/p0-0/", {"done": "1", "restore": "1"})
    assert "It still holds" in part_of(reworded, "/roadmap/0/", "p0-0")


def test_what_was_reworded_and_retired_says_what_was_done_and_asks_nothing(
    reworded: Client,
) -> None:
    Milestone.objects.filter(key="p0-0").update(state=State.RETIRED)
    page = part_of(reworded, "/roadmap/0/", "p0-0")
    assert "Done on 3 May 2026 as it stood" in page
    assert "It still holds" not in page


# Split, replaced, merged


@pytest.fixture
def halved(learner: Client, user: User, tick: Callable[..., None]) -> Client:
    """A browser of somebody who did what was split in two since."""
    show(user, "p0-0", on=MAY)
    split(milestone("p0-0"), TWO, counts={"p0-0a"})
    return learner


@pytest.mark.parametrize("path", ["/roadmap/0/", "/progress/"])
def test_a_split_is_told_at_the_old_one_and_offered_at_the_new(
    halved: Client, user: User, path: str
) -> None:
    old = part_of(halved, path, "p0-0")
    assert "Done; confirm “Half of it” and “The other half”, which it became." in old
    assert "Confirm all" in old
    assert "no longer on the roadmap" in old
    wording = row(user, "p0-0").revision.wording
    for key in ("p0-0a", "p0-0b"):
        offer = f"You did “{wording}” on 3 May 2026, which this came from. Does that cover it?"
        assert offer in part_of(halved, path, key)
    assert '<a href="#milestone-p0-0a">' in halved.get(path).content.decode()


def test_the_own_pages_of_old_and_new_say_the_same(halved: Client) -> None:
    old = halved.get("/progress/p0-0/evidence/")
    assert "Done; confirm “Half of it” and “The other half”" in text_of(old)
    assert 'href="/progress/p0-0a/evidence/"' in old.content.decode()
    assert "Does that cover it?" in text_of(halved.get("/progress/p0-0a/evidence/"))


@pytest.mark.usefixtures("roadmap")
def test_newcomers_see_the_new_ones_alone(learner: Client) -> None:
    split(milestone("p0-0"), TWO, counts={"p0-0a"})
    page = text_of(learner.get("/roadmap/0/"))
    assert "Half of it" in page
    assert "which this came from" not in page
    assert 'id="milestone-p0-0"' not in learner.get("/roadmap/0/").content.decode()
    newest = {"revision": manual().milestones["p0-0a"].revision_pk}
    assert learner.post("/progress/p0-0/confirm/", {"as": "successors"} | newest).status_code == 404
    learner.post("/progress/p0-0a/confirm/", {"as": "successor"} | newest)
    assert not Completion.objects.exists()


def test_one_is_confirmed_on_the_old_date_with_the_old_evidence(halved: Client, user: User) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0a") | {"as": ["successor"]}
    before = row(user, "p0-0")
    halved.post("/progress/p0-0a/confirm/", sent)
    held = state()
    halved.post("/progress/p0-0a/confirm/", sent)
    assert state() == held
    new = row(user, "p0-0a")
    assert (new.done, new.completed_on, new.shown_on) == (True, MAY, MAY)
    assert Evidence.of(new.evidence) == PROOF
    assert [event.kind for event in new.events.all()] == ["confirm"]
    assert vars(before) | {"_state": 0} == vars(row(user, "p0-0")) | {"_state": 0}
    assert "Done; confirm “The other half”, which it became." in part_of(
        halved, "/roadmap/0/", "p0-0"
    )


def test_all_are_confirmed_at_once_and_the_old_one_says_what_it_became(
    halved: Client, user: User
) -> None:
    sent = form_of(halved, "/progress/", "p0-0") | {"as": ["successors"]}
    assert len(sent["revision"]) == 2
    halved.post(URL, sent)
    halved.post(URL, sent)
    dates = Completion.objects.of(user).values_list("completed_on", flat=True)
    assert list(dates) == [MAY] * 3
    assert events().count("confirm") == 2
    page = part_of(halved, "/progress/", "p0-0")
    assert "It became “Half of it” and “The other half”." in page
    assert "Confirm all" not in page


def test_by_htmx_the_old_one_and_both_new_ones_come_back(halved: Client) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0") | {"as": ["successors"]}
    reply = halved.post(URL, sent, headers=HX).content.decode()
    for key in ("p0-0", "p0-0a", "p0-0b"):
        assert reply.count(f'id="milestone-{key}"') == 1, key
        assert f'id="done-{key}" checked' in reply
    assert reply.count('<li class="milestone" id="milestone-p0-0" data-done="true"') == 1
    assert len(re.findall(r'id="milestone-p0-0[ab]"[^>]* hx-swap-oob="true"', reply)) == 2
    assert "Confirmed: 2 milestones. Phase 0: 3 of 7." in html.unescape(reply)


@pytest.mark.parametrize("path", ["/progress/", "/roadmap/rl-3/"])
def test_an_answer_replaces_nothing_that_the_page_does_not_show(
    learner: Client, user: User, tick: Callable[..., None], path: str
) -> None:
    tick(user, "p4-0", on=MAY)
    split(milestone("p4-0"), TWO, counts=set())
    # One of them moved out of the phase whose page it is.
    Placement.objects.filter(milestone__key="p0-0b", phase__slug="rl-3").delete()
    sent = form_of(learner, path, "p4-0") | {"as": ["successors"]}
    reply = learner.post("/progress/p4-0/confirm/", sent, headers=HX).content.decode()
    ids = re.findall(r'id="([^"]+)"[^>]* hx-swap-oob="true"', reply)
    assert len(ids) == len(set(ids))
    page = learner.get(path).content.decode()
    assert [name for name in ids if page.count(f'id="{name}"') != 1] == []
    on_board = path == "/progress/"
    assert ("milestone-p0-0b" in ids) == on_board
    assert ("shared-rl-3-p0-0a" in ids) == on_board
    assert {"milestone-p0-0a", "phase-rl-3-progress"} <= set(ids)


def test_a_plain_tick_of_a_new_one_takes_the_question_away_at_the_old_one(halved: Client) -> None:
    reply = halved.post("/progress/p0-0a/", {"done": "1", "page": "0"}, headers=HX)
    assert "Done; confirm “The other half”, which it became." in text_of(reply)


def test_who_unticked_a_new_one_is_not_asked_again(halved: Client, user: User) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0a") | {"as": ["successor"]}
    halved.post("/progress/p0-0a/confirm/", sent)
    halved.post("/progress/p0-0a/", {"done": "0"})
    assert "Does that cover it?" not in part_of(halved, "/roadmap/0/", "p0-0a")
    assert "Half of it" not in part_of(halved, "/roadmap/0/", "p0-0")
    halved.post("/progress/p0-0a/confirm/", sent)
    assert not row(user, "p0-0a").done


def test_who_unticked_the_old_one_is_offered_nothing(halved: Client) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0a") | {"as": ["successor"]}
    halved.post("/progress/p0-0/", {"done": "0"})
    assert "Does that cover it?" not in part_of(halved, "/roadmap/0/", "p0-0a")
    before = state()
    halved.post("/progress/p0-0a/confirm/", sent)
    assert state() == before


def test_a_new_one_that_was_reworded_meanwhile_is_not_confirmed_unseen(halved: Client) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0") | {"as": ["successors"]}
    reword("p0-0a", "Much more than half of it")
    reply = text_of(halved.post(URL, sent, headers=HX))
    assert "Confirmed: 1 milestone." in reply
    assert "Done; confirm “Much more than half of it”, which it became." in reply
    before = state()
    assert "The wording has changed again" in text_of(halved.post(URL, sent, headers=HX))
    assert state() == before


def test_evidence_shows_a_new_one_only_where_its_kind_asks_for_it(
    learner: Client, user: User, roadmap: Manual
) -> None:
    learner.post(
        "/progress/p0-0/evidence/", {"url": "https://example.org/a", "label": "repository"}
    )
    replace(milestone("p0-0"), Successor("p0-9", "Publish it", kind="ship"))
    sent = form_of(learner, "/roadmap/0/", "p0-9") | {"as": ["successor"]}
    learner.post("/progress/p0-9/confirm/", sent)
    new = row(user, "p0-9")
    assert new.shown_on is None
    assert Evidence.of(new.evidence).links == (Link("repository", "https://example.org/a"),)
    assert "it lacks a write-up" in part_of(learner, "/roadmap/0/", "p0-9")


def test_what_was_replaced_twice_is_offered_to_whoever_did_the_first(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=MAY)
    replace(milestone("p0-0"), Successor("p0-8", "A second thing"))
    replace(milestone("p0-8"), Successor("p0-9", "A third thing"))
    assert "Done; confirm “A third thing”, which it became." in part_of(
        learner, "/roadmap/0/", "p0-0"
    )
    sent = form_of(learner, "/roadmap/0/", "p0-9") | {"as": ["successor"]}
    learner.post("/progress/p0-9/confirm/", sent)
    assert row(user, "p0-9").completed_on == MAY


def test_what_took_the_place_of_each_other_ends_somewhere(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=MAY)
    replace(milestone("p0-0"), Successor("p0-8", "A second thing"))
    back = Succession.objects.create(kind=Succession.Kind.REPLACE)
    back.before.set([milestone("p0-8")])
    back.after.set([milestone("p0-0")])
    assert "Done; confirm “A second thing”" in part_of(learner, "/roadmap/0/", "p0-0")
    Milestone.objects.filter(key="p0-8").update(state=State.RETIRED)
    assert "It became" not in part_of(learner, "/roadmap/0/", "p0-0")
    Milestone.objects.filter(key="p0-0").update(state=State.LIVE)
    page = part_of(learner, "/roadmap/0/", "p0-0")
    assert "confirm" not in page
    assert 'id="milestone-p0-8"' not in learner.get("/roadmap/0/").content.decode()


def test_a_merge_is_offered_once_all_of_it_is_done_and_takes_the_latest_date(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    learner.post("/progress/p0-1/evidence/", {"text": "first"})
    tick(user, "p0-0", on=MARCH)
    learner.post("/progress/p0-0/", {"done": "0"})
    Completion.objects.filter(milestone__key="p0-1").update(completed_on=MAY)
    merge([milestone("p0-0"), milestone("p0-1")], Successor("p0-9", "Both at once"))
    assert "Does that cover it?" not in part_of(learner, "/roadmap/0/", "p0-9")
    assert "confirm" not in part_of(learner, "/roadmap/0/", "p0-1")
    learner.post("/progress/p0-0/", {"done": "1", "restore": "1"})
    assert " on 14 March 2026 and “" in part_of(learner, "/roadmap/0/", "p0-9")
    sent = form_of(learner, "/roadmap/0/", "p0-9") | {"as": ["successor"]}
    learner.post("/progress/p0-9/confirm/", sent)
    assert row(user, "p0-9").completed_on == MAY
    assert row(user, "p0-9").evidence["text"] == "first"


def test_levels_are_settled_with_what_is_confirmed(
    learner: Client, user: User, roadmap: Manual
) -> None:
    keys = [group[0] for group in roadmap.rules["l1"]]
    new = Successor("d1-new", "The same as one artifact", kind="ship")
    show(user, *keys, on=MAY)
    assert Award.objects.get().supported
    learner.post(f"/progress/{keys[0]}/", {"done": "0"})
    replace(milestone(keys[0]), new)
    learner.post(f"/progress/{keys[0]}/", {"done": "1", "restore": "1"})
    Award.objects.all().delete()
    phase = manual().milestones["d1-new"].phases[0]
    sent = form_of(learner, f"/roadmap/{phase}/", "d1-new") | {"as": ["successor"]}
    learner.post("/progress/d1-new/confirm/", sent)
    assert Award.objects.get().supported


def test_an_undone_split_asks_nothing_and_loses_nothing(halved: Client, user: User) -> None:
    sent = form_of(halved, "/roadmap/0/", "p0-0a") | {"as": ["successor"]}
    halved.post("/progress/p0-0a/confirm/", sent)
    restore([milestone("p0-0")])
    old, new = (part_of(halved, "/roadmap/0/", key) for key in ("p0-0", "p0-0a"))
    assert "confirm" not in old
    assert "no longer on the roadmap" in new
    assert 'id="milestone-p0-0b"' not in halved.get("/roadmap/0/").content.decode()
    before = state()
    halved.post("/progress/p0-0b/confirm/", {**sent, "as": "successor"})
    assert state() == before


# Visitors


def test_a_visitor_confirms_in_their_browser(client: Client, roadmap: Manual) -> None:
    client.cookies[COOKIE] = written({"p0-0": MARCH})
    split(milestone("p0-0"), TWO, counts={"p0-0a"})
    page = part_of(client, "/roadmap/0/", "p0-0a")
    assert "on 14 March 2026, which this came from. Does that cover it?" in page
    sent = form_of(client, "/roadmap/0/", "p0-0") | {"as": ["successors"]}
    assert "csrfmiddlewaretoken" not in sent
    assert "Confirmed: 2 milestones." in text_of(client.post(URL, sent, headers=HX))
    kept = read(client.cookies[COOKIE].value, today=dt.date.max)
    assert kept == dict.fromkeys(["p0-0", "p0-0a", "p0-0b"], MARCH)
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_a_visitor_without_the_old_tick_confirms_nothing(client: Client) -> None:
    split(milestone("p0-0"), TWO, counts={"p0-0a"})
    newest = {"revision": manual().milestones["p0-0a"].revision_pk}
    assert client.post(URL, {"as": "successors"} | newest).status_code == 404
    client.post("/progress/p0-0a/confirm/", {"as": "successor"} | newest)
    assert not read(client.cookies[COOKIE].value, today=dt.date.max)


# Added


@pytest.fixture
def complete(learner: Client, user: User, tick: Callable[..., None]) -> Client:
    """A browser of somebody who had done all of a phase before something came to it."""
    keys = [one.key for one in manual().phases["0"].milestones]
    tick(user, *keys[1:], on=MARCH)
    tick(user, keys[0], on=MAY)
    return learner


def add(key: str, phase: str = "0", **more: object) -> Milestone:
    one = Milestone.objects.create(key=key, kind="build", **more)
    one.reword(f"More: {key}", MATERIAL)
    Placement.objects.create(phase=Phase.objects.get(slug=phase), milestone=one, position=90)
    return one


@pytest.mark.parametrize("path", ["/roadmap/0/", "/progress/", "/roadmap/"])
def test_a_phase_that_was_done_says_so_when_something_comes_to_it(
    complete: Client, path: str
) -> None:
    assert "as it stood" not in text_of(complete.get(path))
    add("p0-9")
    said = text_of(complete.get(path))
    assert "5 of 6 Done on 3 May 2026 as it stood; 1 new" in said
    assert said.count("as it stood") == 1
    add("p0-10")
    assert "5 of 7 Done on 3 May 2026 as it stood; 2 new" in text_of(complete.get(path))
    reply = complete.post("/progress/p0-9/", {"done": "1", "page": "0"}, headers=HX)
    assert "6 of 7 Done on 3 May 2026 as it stood; 1 new" in text_of(reply)


def test_a_phase_that_was_split_into_stays_done_as_it_stood(complete: Client) -> None:
    split(milestone("p0-1"), TWO, counts={"p0-0a"})
    assert "5 of 7 Done on 3 May 2026 as it stood; 2 new" in text_of(complete.get("/roadmap/0/"))


def test_what_was_there_from_the_start_is_not_new(complete: Client) -> None:
    add("p0-9", since=None)
    Placement.objects.update(since=None)
    assert "as it stood" not in text_of(complete.get("/roadmap/0/"))


# Retired


def test_what_was_retired_stays_with_holders_on_every_page(
    learner: Client, client: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", on=MAY)
    retire([milestone("p0-0"), milestone("p0-1")])
    for path in ("/roadmap/0/", "/progress/"):
        assert "no longer on the roadmap" in part_of(learner, path, "p0-0")
        assert "milestone-p0-1" not in learner.get(path).content.decode()
        assert "milestone-p0-0" not in client.get(path).content.decode()
    assert "no longer on the roadmap" in text_of(learner.get("/progress/p0-0/evidence/"))
    assert learner.get("/progress/p0-1/evidence/").status_code == 404
    part = board_of(user, manual()).phases["0"]
    assert (part.total.done, part.total.total) == (1, 4)
    retire([Phase.objects.get(slug="0")])
    page = text_of(learner.get("/progress/"))
    assert "The roadmap moved on. What you did stays with you" in page
    assert learner.get("/progress/p0-0/evidence/").status_code == 200


# Evidence of several


def test_carried_evidence_that_is_more_than_fits_can_be_kept_and_cut_down(
    learner: Client, user: User, roadmap: Manual
) -> None:
    for key in ("p0-0", "p0-1"):
        urls = [f"https://example.org/{key}/{number}" for number in range(MOST_LINKS)]
        learner.post(f"/progress/{key}/evidence/", {"url": urls, "text": key * (LONGEST_TEXT // 4)})
    merge([milestone("p0-0"), milestone("p0-1")], Successor("p0-9", "Both at once"))
    carried = row(user, "p0-9").evidence
    address = "/progress/p0-9/evidence/"
    page = learner.get(address).content.decode()
    urls = re.findall(r'name="url" id="[^"]*" value="([^"]+)"', page)
    assert len(urls) == 2 * MOST_LINKS
    assert 'name="another"' not in page
    assert f'maxlength="{len(carried["text"])}"' in page
    sent = {"url": urls, "label": ["other"] * len(urls), "text": carried["text"]}
    assert learner.post(address, sent).status_code == 303
    assert row(user, "p0-9").evidence == carried
    more = sent | {"url": [*urls, "https://example.org/more"]}
    assert learner.post(address, more).status_code == 422
    assert learner.post(address, sent | {"text": carried["text"] + "!"}).status_code == 422
    assert row(user, "p0-9").evidence == carried
    learner.post(address, sent | {"url": urls[:-1], "text": "short"})
    assert len(row(user, "p0-9").evidence["links"]) == 2 * MOST_LINKS - 1
    assert learner.post(address, sent).status_code == 422


# What is refused, and what it costs


def test_an_answer_we_do_not_know_is_refused(reworded: Client) -> None:
    before = state()
    for sent in (
        {},
        {"as": "reworded"},
        {"as": "nonsense", "revision": "1"},
        {"as": "kept", "revision": "one"},
        {"as": "kept", "revision": "9" * 5000},
        {"as": "kept", "revision": "²"},
    ):
        assert reworded.post(URL, sent).status_code == 400, sent
    assert state() == before


@pytest.mark.usefixtures("roadmap")
def test_only_a_post_answers_and_only_for_a_milestone_there_is(learner: Client) -> None:
    assert learner.get(URL).status_code == 405
    sent = {"as": "kept", "revision": "1"}
    assert learner.post("/progress/p9-9/confirm/", sent).status_code == 404


def test_nobody_answers_for_somebody_else(reworded: Client, make_user: Callable[..., User]) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    stranger = Client()
    stranger.force_login(make_user("emmy"))
    before = state()
    for answer in ("reworded", "kept", "successor", "successors"):
        stranger.post(URL, {**sent, "as": answer})
    assert state() == before


@pytest.mark.parametrize("path", ["/progress/", "/roadmap/0/", "/progress/p0-0/evidence/"])
def test_a_page_asks_the_database_no_more_for_all_that_changed(
    learner: Client, user: User, tick: Callable[..., None], path: str
) -> None:
    def queries() -> int:
        learner.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert learner.get(path).status_code == 200
        return len(captured)

    tick(user, "p0-0", "p0-1", "p0-2", "p0-3")
    few = queries()
    into = [Successor(f"p0-0-{number}", f"Part {number}") for number in range(20)]
    split(milestone("p0-0"), into, counts=set())
    replace(milestone("p0-1"), Successor("p0-9", "Another"))
    reword("p0-2", "Something else")
    assert Succession.objects.count() == 2
    assert queries() == few


def test_an_answer_takes_few_statements(reworded: Client) -> None:
    sent = form_of(reworded, "/roadmap/0/", "p0-0")
    with CaptureQueriesContext(connection) as queries:
        reworded.post(URL, {**sent, "as": "reworded"}, headers=HX)
    assert len(queries) <= 6, [query["sql"] for query in queries]


def test_a_tick_stays_as_cheap_after_a_split(halved: Client) -> None:
    halved.get("/roadmap/0/")
    with CaptureQueriesContext(connection) as queries:
        halved.post("/progress/p0-0a/", {"done": "1", "page": "0"}, headers=HX)
    assert len(queries) <= 6, [query["sql"] for query in queries]
