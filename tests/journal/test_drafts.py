import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from journal.bin import erase
from journal.models import Draft, Entry
from mastery.models import User
from tests.journal.editing import NEW, add, edit, form_in, opened

pytestmark = pytest.mark.usefixtures("roadmap")

AUTOSAVE = "/journal/drafts/"
NOON = dt.datetime(2026, 3, 14, 12, 2, tzinfo=dt.UTC)


def autosaved(browser: Client, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Save a draft; give the form with what the answer puts into it."""
    response = browser.post(AUTOSAVE, {**fields, **more})
    assert response.status_code == 200, response.content
    told = response.json()
    return {**fields, **more, "draft": told["draft"], "draft_version": str(told["version"])}


def test_typing_is_kept_as_typed(learner: Client, user: User) -> None:
    user.time_zone = "Asia/Tokyo"
    user.save()
    with time_machine.travel(NOON, tick=False):
        response = learner.post(
            AUTOSAVE, {"date": "no day", "tried": "x", "minutes": "many", "milestones": ["a", "b"]}
        )
    draft = Draft.objects.get()
    assert response.json() == {"draft": draft.code, "version": 1, "saved": "21:02", "forked": False}
    assert draft.fields == {
        "date": "no day",
        "tried": "x",
        "minutes": "many",
        "milestones": ["a", "b"],
    }
    assert (draft.user, draft.entry) == (user, None)


def test_autosave_never_touches_the_entry(learner: Client, user: User) -> None:
    entry = add(user)
    before = Entry.objects.values().get()
    fields = autosaved(
        learner, opened(learner, edit(entry)), tried="Half a thou", visibility="public"
    )
    autosaved(learner, fields, tried="Half a thought")
    assert Entry.objects.values().get() == before
    assert entry.revisions.count() == 1
    draft = Draft.objects.get()
    assert (draft.entry, draft.began_from, draft.version) == (entry, 1, 2)
    assert draft.fields["tried"] == "Half a thought"


def test_saving_ends_the_draft(learner: Client, user: User) -> None:
    entry = add(user)
    for url in (NEW, edit(entry)):
        fields = autosaved(learner, opened(learner, url), tried="Typed.")
        assert learner.post(url, {**fields, "tried": "Typed, and more."}).status_code == 303
    assert not Draft.objects.exists()


@pytest.mark.parametrize("there", [False, True])
def test_what_arrives_after_the_same_words_were_saved_leaves_no_draft(
    learner: Client, user: User, there: bool
) -> None:
    fields = opened(learner, edit(add(user)) if there else NEW) | {"tried": "Half a thought "}
    saved = learner.post(edit(Entry.objects.get()) if there else NEW, fields)
    assert saved.status_code == 303
    assert autosaved(learner, fields)["draft"] == ""
    assert not Draft.objects.exists()
    autosaved(learner, fields, tried="Half a thought and more")
    assert Draft.objects.get().fields["tried"] == "Half a thought and more"


def test_a_tick_taken_away_stays_away_in_the_draft(learner: Client, user: User) -> None:
    entry = add(user, milestones=("p1-0",), build_work=True)
    fields = opened(learner, edit(entry)) | {"milestones": []}
    del fields["build_work"]
    code = autosaved(learner, fields)["draft"]
    again = opened(learner, f"{edit(entry)}?draft={code}")
    assert (again["milestones"], "build_work" in again) == ([], False)


def test_two_tabs_with_one_draft_write_over_nothing(learner: Client) -> None:
    both = autosaved(learner, opened(learner, NEW), tried="One.")
    autosaved(learner, both, tried="One, in the first tab.")
    response = learner.post(AUTOSAVE, {**both, "tried": "One, in the second tab."})
    assert response.json()["forked"] is True
    assert {draft.fields["tried"] for draft in Draft.objects.all()} == {
        "One, in the first tab.",
        "One, in the second tab.",
    }


def test_saving_one_of_two_tabs_leaves_the_others_text(learner: Client) -> None:
    both = autosaved(learner, opened(learner, NEW), tried="One.")
    autosaved(learner, both, tried="One, in the first tab.")
    assert learner.post(NEW, {**both, "tried": "The second tab."}).status_code == 303
    assert Draft.objects.get().fields["tried"] == "One, in the first tab."


def test_what_is_sent_again_because_the_answer_was_lost_is_the_same_draft(learner: Client) -> None:
    fields = {**opened(learner, NEW), "tried": "One."}
    first, again = (learner.post(AUTOSAVE, fields).json() for _ in range(2))
    assert first["draft"] == again["draft"]
    saved = autosaved(learner, fields)
    for _ in range(2):
        answer = learner.post(AUTOSAVE, {**saved, "tried": "Two."}).json()
        assert (answer["version"], answer["forked"]) == (2, False)
    assert Draft.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"tried": "a\0b"}, 422, "NUL"),
        ({"milestones": ["a\0"]}, 422, "NUL"),
        ({"tried": "x" * 1_200_001}, 413, "This is 1,200,001 characters long"),
    ],
)
def test_what_no_draft_can_hold_is_refused_with_a_sentence(
    learner: Client, fields: dict[str, Any], status: int, said: str
) -> None:
    response = learner.post(AUTOSAVE, fields)
    assert response.status_code == status
    assert said in response.json()["error"]
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "broken", [{"draft": "\0"}, {"draft_version": "9" * 99}, {"began_from": "x"}, {"step-1": "\0"}]
)
def test_broken_bookkeeping_keeps_the_words(learner: Client, broken: dict[str, str]) -> None:
    assert learner.post(AUTOSAVE, {"tried": "x", **broken}).status_code == 200
    assert Draft.objects.get().fields == {"tried": "x"}


def test_states_within_ten_minutes_are_one(learner: Client) -> None:
    fields = opened(learner, NEW)
    for minutes, text in enumerate(["a", "ab", "abc"]):
        with time_machine.travel(NOON + dt.timedelta(minutes=6 * minutes), tick=False):
            fields = autosaved(learner, fields, tried=text)
    states = [state.fields["tried"] for state in Draft.objects.get().checkpoints.all()]
    assert states == ["abc", "ab"]


def test_an_open_draft_is_told_of_and_never_loaded_by_itself(learner: Client, user: User) -> None:
    entry = add(user)
    with time_machine.travel(NOON, tick=False):
        autosaved(learner, opened(learner, NEW), tried="A new thought")
        autosaved(learner, opened(learner, edit(entry)), tried="Another thought")
    html = learner.get(NEW).content.decode()
    draft = Draft.objects.get(entry=None)
    assert "You have an unsaved draft from 12:02" in html
    assert "A new thought" in html
    assert "Another thought" not in html
    assert f'href="?draft={draft.code}"' in html
    assert form_in(html)["tried"] == ""
    assert form_in(learner.get(edit(entry)).content.decode())["tried"] == entry.tried


def test_no_open_draft_is_out_of_reach(learner: Client) -> None:
    for number in range(7):
        autosaved(learner, {"tried": f"Thought {number}"})
    html = learner.get(NEW).content.decode()
    assert "6 older drafts" in html
    assert all(f'href="?draft={draft.code}"' in html for draft in Draft.objects.all())
    assert html.index("Thought 6") < html.index("6 older drafts") < html.index("Thought 5")


def test_a_draft_opens_in_the_form_as_it_was_typed(learner: Client, user: User) -> None:
    entry = add(user)
    for url in (NEW, edit(entry)):
        typed = autosaved(
            learner, opened(learner, url), tried="x", date="soon", milestones=["p0-0"], minutes="?"
        )
        again = opened(learner, f"{url}?draft={typed['draft']}")
        if url == edit(entry):
            del again["form_key"], typed["form_key"]
        assert again == typed


def test_a_draft_of_a_text_that_moved_on_says_so_and_saves_as_a_conflict(
    learner: Client, user: User
) -> None:
    entry = add(user)
    draft = autosaved(learner, opened(learner, edit(entry)), tried="Mine.")["draft"]
    learner.post(edit(entry), {"tried": "Theirs."})
    response = learner.get(f"{edit(entry)}?draft={draft}")
    assert "The entry was saved elsewhere since this draft was begun." in response.content.decode()
    fields = form_in(response.content.decode())
    assert (fields["began_from"], fields["tried"]) == ("1", "Mine.")
    response = learner.post(edit(entry), fields)
    assert response.status_code == 409
    assert Entry.objects.get().tried == "Theirs."
    merged = {**form_in(response.content.decode()), "tried": "Both."}
    assert merged["draft"] == draft
    assert learner.post(edit(entry), merged).status_code == 303
    assert not Draft.objects.exists()


def test_a_draft_opened_later_makes_nothing_public_again(learner: Client, user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    draft = autosaved(learner, opened(learner, edit(entry)), tried="More.")["draft"]
    entry.show_to("private", now=timezone.now())
    fields = opened(learner, f"{edit(entry)}?draft={draft}")
    assert fields["visibility"] == "private"
    learner.post(edit(entry), fields)
    assert Entry.objects.get().visibility == "private"


def test_a_discarded_draft_can_be_taken_back(learner: Client) -> None:
    code = autosaved(learner, opened(learner, NEW), tried="x")["draft"]
    for _ in range(2):
        response = learner.post(f"{AUTOSAVE}{code}/discard/")
        assert (response.status_code, response["Location"]) == (303, NEW)
    assert learner.get(f"{NEW}?draft={code}").status_code == 404
    assert "unsaved draft" not in learner.get(NEW).content.decode()
    assert code in learner.get("/journal/bin/").content.decode()
    for _ in range(2):
        response = learner.post(f"{AUTOSAVE}{code}/restore/")
        assert (response.status_code, response["Location"]) == (303, f"{NEW}?draft={code}")
    assert opened(learner, f"{NEW}?draft={code}")["tried"] == "x"


def test_typing_on_after_the_draft_was_discarded_is_a_draft_of_its_own(learner: Client) -> None:
    fields = autosaved(learner, opened(learner, NEW), tried="x")
    learner.post(f"{AUTOSAVE}{fields['draft']}/discard/")
    response = learner.post(AUTOSAVE, {**fields, "tried": "xy"})
    assert response.json()["forked"] is True
    assert Draft.objects.open().get().fields["tried"] == "xy"


def test_an_earlier_state_can_be_looked_at_and_gone_back_to(learner: Client) -> None:
    fields = opened(learner, NEW)
    for minutes, text in enumerate(["The first words.", "The last words."]):
        with time_machine.travel(NOON + dt.timedelta(minutes=20 * minutes), tick=False):
            fields = autosaved(learner, fields, tried=text)
    draft = Draft.objects.get()
    page = f"{AUTOSAVE}{draft.code}/"
    earlier = draft.checkpoints.last()
    assert earlier
    assert "The last words." in learner.get(page).content.decode()
    html = learner.get(f"{page}?at={earlier.pk}").content.decode()
    assert "The first words." in html
    assert "<del>" in html

    learner.post(f"{page}restore/", {"checkpoint": earlier.pk})
    assert opened(learner, f"{NEW}?draft={draft.code}")["tried"] == "The first words."
    assert "The last words." in {state.fields["tried"] for state in draft.checkpoints.all()}
    # A tab that was open all the time writes over nothing.
    assert learner.post(AUTOSAVE, {**fields, "tried": "On."}).json()["forked"] is True


def test_an_earlier_state_knows_no_more_of_the_entry_than_it_did(
    learner: Client, user: User
) -> None:
    entry = add(user)
    fields = opened(learner, edit(entry))
    with time_machine.travel(NOON, tick=False) as clock:
        fields = autosaved(learner, fields, tried="Before I saw it.")
        learner.post(edit(entry), {"tried": "Written elsewhere."})
        clock.shift(dt.timedelta(minutes=11))
        autosaved(learner, fields, tried="Both, put together.", began_from="2")
        draft = Draft.objects.get()
        learner.post(
            f"/journal/drafts/{draft.code}/restore/", {"checkpoint": draft.checkpoints.last().pk}
        )
    again = opened(learner, f"{edit(entry)}?draft={draft.code}")
    assert again["tried"] == "Before I saw it."
    assert learner.post(edit(entry), again).status_code == 409
    entry.refresh_from_db()
    assert entry.tried == "Written elsewhere."


@pytest.mark.parametrize("at", ["0", "x", "9" * 99, "-1"])
def test_a_state_that_never_was_is_not_there(learner: Client, at: str) -> None:
    page = f"{AUTOSAVE}{autosaved(learner, {'tried': 'x'})['draft']}/"
    assert learner.get(f"{page}?at={at}").status_code == 404
    assert learner.post(f"{page}restore/", {"checkpoint": at}).status_code == 404


def test_drafts_of_somebody_else_are_not_there(
    learner: Client, make_user: Callable[..., User]
) -> None:
    grace = make_user("grace")
    entry = add(grace)
    draft, _ = Draft.objects.keep(
        grace,
        {"tried": "Hers."},
        entry=None,
        began_from=0,
        code="",
        version=None,
        now=timezone.now(),
    )
    page = f"{AUTOSAVE}{draft.code}/"
    assert learner.get(page).status_code == 404
    assert learner.get(f"{NEW}?draft={draft.code}").status_code == 404
    assert learner.post(f"{page}discard/").status_code == 404
    assert learner.post(f"{page}restore/").status_code == 404
    assert learner.post(AUTOSAVE, {"tried": "Mine.", "entry": entry.code}).status_code == 404
    named = {"tried": "Mine.", "draft": draft.code, "draft_version": "1"}
    assert learner.post(AUTOSAVE, named).json()["draft"] != draft.code
    learner.post(NEW, named)
    draft.refresh_from_db()
    assert (draft.fields, draft.discarded_at) == ({"tried": "Hers."}, None)


@pytest.mark.django_db(transaction=True)
def test_typing_in_an_entry_that_goes_for_good_meanwhile_is_not_there(
    learner: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = add(user)
    fields = opened(learner, edit(entry)) | {"tried": "Half a thought"}

    def gone_meanwhile(*_: object) -> bool:
        erase(Entry.objects.all())
        return False

    monkeypatch.setattr("journal.views.drafts.came_late", gone_meanwhile)
    assert learner.post(AUTOSAVE, fields).status_code == 404
    assert not Draft.objects.exists()


def test_drafts_are_for_posting_and_for_learners(learner: Client, client: Client) -> None:
    code = autosaved(learner, {"tried": "x"})["draft"]
    for url in (AUTOSAVE, f"{AUTOSAVE}{code}/discard/", f"{AUTOSAVE}{code}/restore/"):
        assert learner.get(url).status_code == 405
        assert client.post(url, {"tried": "y"}).status_code == 303
    assert Draft.objects.get().fields == {"tried": "x"}
