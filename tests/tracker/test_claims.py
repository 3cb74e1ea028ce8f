"""Ticks from a browser, held against an account and claimed into it."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from roadmap.models import Milestone, State
from roadmap.queries import Manual, manual
from tests.conftest import milestone
from tests.tracker.showing import PROOF, show
from tracker import claims
from tracker.claims import claim, difference
from tracker.models import Award, Completion, CompletionEvent
from tracker.visitors import COOKIE, written

EARLY, DAY, LATE = dt.date(2026, 1, 5), dt.date(2026, 3, 14), dt.date(2026, 4, 2)
CLAIM = "/progress/claim/"


@pytest.fixture
def browser(learner: Client) -> Callable[..., Client]:
    """Ada's browser, logged in, with ticks of before in it."""

    def with_ticks(**ticks: dt.date) -> Client:
        learner.cookies[COOKIE] = written({key.replace("_", "-"): on for key, on in ticks.items()})
        return learner

    return with_ticks


def gone(client: Client) -> bool:
    return client.cookies[COOKIE].value == ""


# The difference


@pytest.mark.parametrize(
    ("on", "done", "place"),
    [
        (None, True, "new"),
        (DAY, False, "new"),
        (LATE, False, "new"),
        (LATE, True, "earlier"),
        (DAY, True, "same"),
        (EARLY, True, "same"),
    ],
)
def test_a_tick_is_new_or_earlier_or_changes_nothing(
    on: dt.date | None, done: bool, place: str, roadmap: Manual
) -> None:
    milestone = roadmap.milestones["p0-0"]
    rows = {milestone.pk: Completion(done=done, completed_on=on)} if on else {}
    found = difference({"p0-0": DAY}, rows, roadmap)
    assert [one.key for one in getattr(found, place)] == ["p0-0"]
    assert len(found.everything) == 1
    assert bool(found) == (place != "same")


def test_keys_that_nobody_knows_are_no_difference(roadmap: Manual) -> None:
    assert not difference({"p9-9": DAY}, {}, roadmap).everything
    assert not difference({}, {}, roadmap).everything


def test_the_difference_is_in_the_roadmaps_order(roadmap: Manual) -> None:
    keys = list(roadmap.milestones)
    found = difference(dict.fromkeys(reversed(keys), DAY), {}, roadmap)
    assert [one.key for one in found.new] == keys


# The claim


def test_a_claim_of_40_into_an_account_of_10_loses_nothing(
    user: User, roadmap: Manual, tick: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key for key, one in roadmap.milestones.items() if one.kind != "join"]
    tick(user, *keys[:4], on=LATE)  # the browser was earlier
    tick(user, *keys[4:7], on=EARLY)  # the account was
    show(user, keys[7], on=LATE)  # with evidence, and the browser was earlier
    show(user, keys[8], on=EARLY)
    tick(user, keys[45], on=DAY)  # in the account alone
    before = {row.milestone.key: row for row in Completion.objects.select_related("milestone")}
    assert len(before) == 10
    settled: list[User] = []
    settle = claims.settle

    def counting(user: User, manual: Manual, *, today: dt.date) -> object:
        settled.append(user)
        return settle(user, manual, today=today)

    monkeypatch.setattr(claims, "settle", counting)
    found = claim(user, roadmap, dict.fromkeys(keys[:40], DAY))

    after = {row.milestone.key: row for row in Completion.objects.select_related("milestone")}
    assert set(after) == {*keys[:40], keys[45]}
    assert all(row.done for row in after.values())
    dates = {key: row.completed_on for key, row in after.items()}
    assert dates == {
        **dict.fromkeys(keys[:40], DAY),
        **dict.fromkeys([*keys[4:7], keys[8]], EARLY),
        keys[45]: DAY,
    }
    for key, row in before.items():
        assert after[key].pk == row.pk
        assert after[key].evidence == row.evidence
        assert after[key].shown_on == row.shown_on
        assert after[key].revision_id == row.revision_id
    assert after[keys[7]].evidence == after[keys[8]].evidence == PROOF.kept()
    assert [len(part) for part in (found.new, found.earlier, found.same)] == [31, 5, 4]
    assert settled == [user]


def test_a_claim_again_changes_nothing(user: User, roadmap: Manual) -> None:
    ticks = {"p0-0": DAY, "p0-1": EARLY}
    assert claim(user, roadmap, ticks)
    events = CompletionEvent.objects.count()
    assert not claim(user, roadmap, ticks)
    assert CompletionEvent.objects.count() == events == 2


def test_a_tick_that_was_taken_away_comes_back_with_its_evidence(
    user: User, roadmap: Manual
) -> None:
    show(user, "p0-1", on=EARLY)
    Completion.objects.of(user).untick(
        user, milestone=roadmap.milestones["p0-1"].pk, now=dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    )
    claim(user, roadmap, {"p0-1": DAY})
    row = Completion.objects.get()
    assert (row.done, row.completed_on, row.evidence) == (True, EARLY, PROOF.kept())


def test_a_day_that_has_not_begun_where_the_person_is_is_today(
    make_user: Callable[..., User], roadmap: Manual
) -> None:
    user = make_user(time_zone="America/Los_Angeles")
    with time_machine.travel("2026-03-15T02:00:00Z"):
        claim(user, roadmap, {"p0-0": dt.date(2026, 3, 15)})
    assert Completion.objects.get().completed_on == DAY


def test_joining_is_shown_by_the_claim_alone(user: User, roadmap: Manual) -> None:
    key = next(key for key, one in roadmap.milestones.items() if one.kind == "join")
    claim(user, roadmap, {key: DAY, "p0-0": DAY})
    shown = dict(Completion.objects.values_list("milestone__key", "shown_on"))
    assert shown == {key: DAY, "p0-0": None}


def test_levels_are_settled_when_a_claim_brings_them_back(user: User, roadmap: Manual) -> None:
    keys = [group[0] for group in roadmap.rules["l1"]]
    show(user, *keys, on=EARLY)
    row = Completion.objects.of(user).get(milestone__key=keys[0])
    row.done = False
    row.save()
    claims.settle(user, roadmap, today=DAY)
    assert not Award.objects.get().supported
    claim(user, roadmap, {keys[0]: DAY})
    assert Award.objects.get().supported


def test_a_claim_that_cannot_be_settled_adds_nothing(
    user: User, roadmap: Manual, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(claims, "settle", broken)
    with pytest.raises(DatabaseError):
        claim(user, roadmap, {"d1": DAY, "p0-0": DAY})
    assert not Completion.objects.exists()


def test_what_was_retired_since_is_claimed_too(user: User, roadmap: Manual) -> None:
    Milestone.objects.filter(key="p0-0").update(state=State.RETIRED)
    claim(user, roadmap, {"p0-0": DAY})
    assert Completion.objects.get().done


@pytest.mark.parametrize("change", ["material", "cosmetic"])
def test_a_tick_is_claimed_for_the_wording_of_its_day(
    user: User, roadmap: Manual, learner: Client, change: str
) -> None:
    row = milestone("p0-0")
    old = row.latest_revision()
    assert old is not None
    row.revisions.update(created="2026-01-01T00:00Z")
    new = row.reword("Something else now", change)
    row.revisions.filter(pk=new.pk).update(created="2026-03-15T00:00Z")
    claim(user, manual(), {"p0-0": DAY})
    asked = change == "material"
    assert Completion.objects.get().revision_id == (old.pk if asked else new.pk)
    page = learner.get("/progress/").content.decode()
    assert ("Reworded since. On 14 March 2026 you ticked:" in page) is asked


@pytest.mark.parametrize(("on", "number"), [(EARLY, 2), (DAY, 1), (LATE, 2)])
def test_a_day_has_the_wording_it_ended_with(on: dt.date, number: int, roadmap: Manual) -> None:
    row = milestone("p0-0")
    row.revisions.update(created="2026-02-01T00:00Z")
    new = row.reword("Something else now", "material")
    row.revisions.filter(pk=new.pk).update(created="2026-04-02T23:59Z")
    known = manual().milestones["p0-0"]
    assert known.revision_on(on) == row.revisions.get(number=number).pk


# The page


def test_the_page_shows_what_is_new_the_same_and_earlier(
    browser: Callable[..., Client], user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-1", on=LATE)
    tick(user, "p0-2", on=EARLY)
    client = browser(p0_0=DAY, p0_1=DAY, p0_2=DAY)
    response = client.get(CLAIM, {"next": "/roadmap/0/"})
    html = response.content.decode()
    for words in ("New: 1", "An earlier date: 1", "Nothing new: 1", "14 March 2026"):
        assert words in html
    assert 'name="next" value="/roadmap/0/"' in html
    assert not gone(client)
    assert Completion.objects.count() == 2


def test_adding_them_says_which_and_lets_the_browser_go(
    browser: Callable[..., Client], user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-1", on=LATE)
    client = browser(p0_0=DAY, p0_1=DAY)
    response = client.post(CLAIM, {"answer": "add", "next": "/roadmap/0/"})
    assert (response.status_code, response["Location"]) == (303, "/roadmap/0/")
    assert gone(client)
    assert set(Completion.objects.values_list("completed_on", flat=True)) == {DAY}
    html = client.get("/roadmap/0/").content.decode()
    assert "1 tick added. The earlier date kept for 1." in html
    assert html.count(roadmap.milestones["p0-0"].wording) > 1


def test_leaving_them_out_changes_nothing_but_the_browser(
    browser: Callable[..., Client], roadmap: Manual
) -> None:
    client = browser(p0_0=DAY)
    assert client.post(CLAIM, {"answer": "leave"})["Location"] == "/progress/"
    assert gone(client)
    assert not Completion.objects.exists()


@pytest.mark.parametrize("again", ["add", "leave"])
@pytest.mark.parametrize("answer", ["add", "leave"])
def test_a_second_answer_changes_nothing_and_says_nothing_else(
    browser: Callable[..., Client], roadmap: Manual, answer: str, again: str
) -> None:
    client = browser(p0_0=DAY)
    client.post(CLAIM, {"answer": answer})
    rows = Completion.objects.count()
    assert client.post(CLAIM, {"answer": again}).status_code == 303
    assert Completion.objects.count() == CompletionEvent.objects.count() == rows
    html = client.get("/progress/").content.decode()
    assert ("1 tick added." in html) is (answer == "add")
    assert ("Your account is as it was" in html) is (answer == "leave")


def test_the_question_can_wait(browser: Callable[..., Client], roadmap: Manual) -> None:
    client = browser(p0_0=DAY)
    html = client.get(CLAIM, {"next": "/roadmap/0/"}).content.decode()
    assert '<a href="/roadmap/0/">Decide later</a>' in html
    assert not gone(client)


@pytest.mark.parametrize("answer", ["", "yes", "\0"])
def test_another_answer_is_refused_and_nothing_is_lost(
    browser: Callable[..., Client], roadmap: Manual, answer: str
) -> None:
    client = browser(p0_0=DAY)
    assert client.post(CLAIM, {"answer": answer}).status_code == 400
    assert not gone(client)
    assert not Completion.objects.exists()


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_way_on_stays_on_this_site(
    browser: Callable[..., Client], roadmap: Manual, where: str
) -> None:
    client = browser(p0_0=DAY)
    assert "evil" not in client.get(CLAIM, {"next": where}).content.decode()
    assert client.post(CLAIM, {"answer": "add", "next": where})["Location"] == "/progress/"


@pytest.mark.parametrize("cookie", ["", "nonsense", written({"p9-9": DAY})])
def test_where_nothing_waits_there_is_no_question(
    learner: Client, roadmap: Manual, cookie: str
) -> None:
    learner.cookies[COOKIE] = cookie
    html = learner.get(CLAIM).content.decode()
    assert "keeps no ticks" in html
    assert 'name="answer"' not in html
    assert "in-this-browser" not in learner.get("/progress/").content.decode()


def test_the_board_leads_to_what_waits(browser: Callable[..., Client], roadmap: Manual) -> None:
    assert f'href="{CLAIM}"' in browser(p0_0=DAY).get("/progress/").content.decode()


@pytest.mark.django_db
def test_claiming_needs_a_login(client: Client) -> None:
    assert client.get(CLAIM)["Location"] == "/accounts/login/?next=/progress/claim/"
    client.cookies[COOKIE] = written({"p0-0": DAY})
    assert client.post(CLAIM, {"answer": "add"}).status_code == 303
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_a_forged_claim_is_refused(user: User) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(user)
    forged.cookies[COOKIE] = written({"p0-0": DAY})
    assert forged.post(CLAIM, {"answer": "add"}).status_code == 403
    assert not Completion.objects.exists()


def test_a_page_of_many_ticks_asks_the_database_as_often_as_one_of_few(
    browser: Callable[..., Client], roadmap: Manual
) -> None:
    counts = []
    for keys in (["p0-0"], roadmap.milestones):
        client = browser(**dict.fromkeys(keys, DAY))
        client.get(CLAIM)
        with CaptureQueriesContext(connection) as queries:
            client.get(CLAIM)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4
