"""A milestone's own page, and the evidence that is given on it."""

import datetime as dt
import html
import re
import threading
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision, State
from roadmap.queries import Manual
from tests.conftest import milestone
from tracker.conflicts import ConflictError
from tracker.evidence import Evidence, Link
from tracker.models import Award, Completion, CompletionEvent, Note, SubStep

URL = "/progress/p0-0/evidence/"
REPOSITORY = "https://github.com/ada/net"
WRITE_UP = "https://ada.example/net"


def address(key: str) -> str:
    return f"/progress/{key}/evidence/"


def of_kind(kind: str) -> str:
    """Give the key of a milestone of a kind, no deliverable."""
    rows = Milestone.objects.filter(kind=kind, deliverable=False, state=State.LIVE)
    return rows.exclude(placements=None).order_by("key").values_list("key", flat=True)[0]


def text_of(response: object) -> str:
    content = getattr(response, "content", b"").decode()
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", content)))


def kept() -> Evidence:
    return Evidence.of(Completion.objects.get().evidence)


@pytest.fixture
def shown(learner: Client, roadmap: Manual) -> Client:
    """A browser of somebody who has shown the first milestone with its repository."""
    with time_machine.travel("2026-05-03T12:00:00Z"):
        learner.post(URL, {"url": REPOSITORY, "label": "repository", "text": "As **asked**."})
    return learner


# Giving it


@pytest.mark.usefixtures("roadmap")
def test_one_link_is_kept_and_ticks_the_milestone(learner: Client) -> None:
    with time_machine.travel("2026-05-03T12:00:00Z"):
        response = learner.post(URL, {"url": REPOSITORY, "label": "repository", "text": ""})
    assert (response.status_code, response["Location"]) == (303, URL)
    completion = Completion.objects.get()
    assert kept() == Evidence((Link("repository", REPOSITORY),))
    assert completion.done
    assert (completion.completed_on, completion.shown_on) == (dt.date(2026, 5, 3),) * 2
    with time_machine.travel("2026-05-03T12:00:00Z"):
        assert "Saved, and ticked. Shown since today." in text_of(learner.get(URL))


@pytest.mark.usefixtures("roadmap")
def test_several_links_and_a_text_are_kept_in_their_order(learner: Client) -> None:
    labels = ["repository", "commit", "write-up", "plot", "weights", "other"]
    urls = [f"https://example.org/{label}" for label in labels]
    learner.post(URL, {"label": labels, "url": urls, "text": "One\r\ntwo"})
    pairs = zip(labels, urls, strict=True)
    assert kept() == Evidence(tuple(Link(*pair) for pair in pairs), "One\ntwo")


@pytest.mark.usefixtures("roadmap")
def test_a_link_without_a_label_is_another_one(learner: Client) -> None:
    learner.post(URL, {"url": [REPOSITORY, WRITE_UP], "label": ["repository"]})
    assert [link.label for link in kept().links] == ["repository", "other"]
    learner.post(URL, {"url": REPOSITORY})
    assert kept().links == (Link("other", REPOSITORY),)


@pytest.mark.usefixtures("roadmap")
def test_empty_rows_are_left_out_wherever_they_stand(learner: Client) -> None:
    urls = ["", REPOSITORY, "  ", WRITE_UP, ""]
    labels = ["plot", "repository", "nonsense", "write-up", "plot"]
    assert learner.post(URL, {"url": urls, "label": labels}).status_code == 303
    assert kept().links == (Link("repository", REPOSITORY), Link("write-up", WRITE_UP))


@pytest.mark.usefixtures("roadmap")
def test_a_link_given_twice_is_kept_once(learner: Client) -> None:
    learner.post(URL, {"url": [REPOSITORY] * 2, "label": ["repository"] * 2})
    assert kept().links == (Link("repository", REPOSITORY),)


@pytest.mark.parametrize(
    ("kind", "label", "lacks"),
    [
        ("build", "plot", "it lacks a repository or commit"),
        ("ship", "repository", "it lacks a write-up"),
        ("ship", "plot", "it lacks a repository and a write-up"),
    ],
)
def test_what_is_not_enough_is_claimed_and_told(
    learner: Client, roadmap: Manual, kind: str, label: str, lacks: str
) -> None:
    key = of_kind(kind)
    learner.post(address(key), {"url": REPOSITORY, "label": label})
    assert Completion.objects.get().shown_on is None
    said = text_of(learner.get(address(key)))
    assert f"Saved, and ticked. To count as shown {lacks}." in said
    assert "not shown yet" in said
    assert lacks in text_of(learner.get("/progress/"))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("build", {"url": REPOSITORY, "label": "commit"}),
        ("explain", {"text": "In my own words."}),
        ("explain", {"url": WRITE_UP, "label": "other"}),
        ("ship", {"url": [REPOSITORY, WRITE_UP], "label": ["repository", "write-up"]}),
        ("outside", {"url": WRITE_UP, "label": "other"}),
        ("join", {"url": WRITE_UP, "label": "other"}),
    ],
)
def test_each_kind_is_shown_by_what_it_asks(
    learner: Client, roadmap: Manual, kind: str, data: dict[str, object]
) -> None:
    learner.post(address(of_kind(kind)), data)
    assert Completion.objects.get().shown


def test_the_page_shows_what_was_given_with_its_hosts_and_since_when(shown: Client) -> None:
    page = shown.get(URL).content.decode()
    assert f'<a href="{REPOSITORY}" rel="nofollow noopener ugc">Repository</a>' in page
    assert '<span class="evidence-link__host">github.com</span>' in page
    assert '<p class="own-text">As **asked**.</p>' in page
    assert "Claimed since 3 May 2026, shown since 3 May 2026." in text_of(shown.get(URL))


def test_saving_again_changes_nothing(shown: Client) -> None:
    before = Completion.objects.get()
    for _ in range(2):
        shown.post(URL, {"url": REPOSITORY, "label": "repository", "text": "As **asked**."})
    after = Completion.objects.get()
    assert (after.changed, after.shown_on) == (before.changed, before.shown_on)
    assert list(CompletionEvent.objects.values_list("kind", flat=True)) == ["ticked", "evidence"]


def test_more_evidence_later_keeps_the_date_on_which_it_was_shown(shown: Client) -> None:
    shown.post(
        URL,
        {"url": [REPOSITORY, WRITE_UP], "label": ["repository", "write-up"], "text": ""},
    )
    assert Completion.objects.get().shown_on == dt.date(2026, 5, 3)
    assert "Saved. Shown since 3 May 2026." in text_of(shown.get(URL))


def test_what_it_was_before_is_shown_newest_first(shown: Client, user: User) -> None:
    user.time_zone = "Pacific/Auckland"
    user.save()
    for day in (4, 5):
        with time_machine.travel(f"2026-05-0{day}T20:00:00Z"):
            shown.post(URL, {"url": f"https://example.org/{day}", "label": "commit"})
    page = text_of(shown.get(URL))
    assert page.index("Before 6 May 2026, 08:00") < page.index("Before 5 May 2026")
    assert "As **asked**." in page
    assert page.count("Before ") == 2


def test_of_many_changes_the_last_twenty_are_shown(shown: Client) -> None:
    for number in range(21):
        shown.post(URL, {"url": f"https://example.org/{number}", "label": "commit"})
    page = shown.get(URL).content.decode()
    assert page.count("Before ") == 20
    assert "https://example.org/19" in page
    assert REPOSITORY not in page
    assert 'href="?earlier=all#earlier"' in page
    page = shown.get(URL, {"earlier": "all"}).content.decode()
    assert page.count("Before ") == 21
    assert REPOSITORY in page
    assert "?earlier=all" not in page


def test_evidence_taken_away_leaves_a_claim(shown: Client) -> None:
    shown.post(URL, {"url": "", "label": "repository", "text": " "})
    completion = Completion.objects.get()
    assert (completion.done, completion.shown_on, completion.evidence) == (True, None, {})
    page = text_of(shown.get(URL))
    assert "To count as shown it lacks a repository or commit." in page
    assert "Before " in page


@pytest.mark.usefixtures("roadmap")
def test_nothing_at_all_ticks_nothing(learner: Client) -> None:
    assert learner.post(URL, {"url": "", "label": "repository", "text": ""}).status_code == 303
    assert not Completion.objects.exists()
    assert "Nothing to save yet" in text_of(learner.get(URL))


def test_unticking_and_ticking_again_brings_the_evidence_back(shown: Client) -> None:
    shown.post("/progress/p0-0/", {"done": "0", "page": "evidence"})
    page = shown.get(URL).content.decode()
    assert "What you gave as evidence is kept" in page
    assert REPOSITORY in page
    shown.post("/progress/p0-0/", {"done": "1", "page": "evidence"})
    completion = Completion.objects.get()
    assert completion.shown
    assert completion.shown_on == completion.completed_on
    assert kept().links == (Link("repository", REPOSITORY),)


def test_evidence_taken_away_while_unticked_ticks_nothing(shown: Client) -> None:
    shown.post("/progress/p0-0/", {"done": "0"})
    shown.post(URL, {"text": ""})
    completion = Completion.objects.get()
    assert (completion.done, completion.evidence) == (False, {})


def test_ticking_from_its_own_page_leads_back_there(learner: Client, roadmap: Manual) -> None:
    response = learner.post("/progress/p0-0/", {"done": "1", "page": "evidence"})
    assert response["Location"] == f"{URL}#milestone-p0-0"
    assert 'id="milestone-p0-0"' in learner.get(URL).content.decode()


def test_the_same_evidence_counts_once_its_kind_asks_no_more(shown: Client) -> None:
    Milestone.objects.filter(key="p0-0").update(kind="ship")
    data = {"url": REPOSITORY, "label": "repository", "text": "As **asked**."}
    shown.post(URL, data)
    assert not Completion.objects.get().shown
    Milestone.objects.filter(key="p0-0").update(kind="build")
    shown.post(URL, data)
    assert Completion.objects.get().shown


# Deliverables


def test_a_deliverables_links_are_given_for_its_parts(learner: Client, roadmap: Manual) -> None:
    page = learner.get(address("d1")).content.decode()
    assert '<optgroup label="What must ship">' in page
    assert text_of(learner.get(address("d1"))).count("Missing: no link yet") == 3
    # A row is there for each part that is missing, with its choice made.
    for part in roadmap.milestones["d1"].parts:
        assert f'<option value="part:{part.slug}" selected>' in page
    learner.post(
        address("d1"),
        {"url": [REPOSITORY, WRITE_UP], "label": ["part:micrograd", "part:readmes"]},
    )
    assert kept().links == (
        Link("repository", REPOSITORY, "micrograd"),
        Link("write-up", WRITE_UP, "readmes"),
    )
    page = text_of(learner.get(address("d1")))
    assert page.count("Missing: no link yet") == 1
    assert page.count("Given: ") == 2


def test_a_part_that_an_editor_took_away_leaves_its_link(learner: Client, roadmap: Manual) -> None:
    learner.post(address("d1"), {"url": REPOSITORY, "label": "part:micrograd"})
    milestone("d1").parts.filter(slug="micrograd").delete()
    page = learner.get(address("d1"))
    assert REPOSITORY in page.content.decode()
    assert '<option value="repository" selected>' in page.content.decode()
    assert (
        learner.post(address("d1"), {"url": REPOSITORY, "label": "part:micrograd"}).status_code
        == 422
    )


def test_a_deliverable_that_is_shown_reaches_its_level_at_once(
    learner: Client, roadmap: Manual
) -> None:
    for group in roadmap.rules["l1"]:
        learner.post(
            address(group[0]),
            {"url": [REPOSITORY, WRITE_UP], "label": ["repository", "write-up"]},
        )
    assert Award.objects.get().level.slug == "l1"
    learner.post(address(roadmap.rules["l1"][0][0]), {"text": ""})
    assert not Award.objects.get().supported


def test_the_form_has_a_row_for_each_part_that_is_missing_and_for_what_else_is_asked(
    learner: Client, roadmap: Manual
) -> None:
    def wanted() -> list[str]:
        page = learner.get(address("d0")).content.decode()
        rows = page.split('<div class="evidence-row">')[1:]
        return [
            re.findall(r'value="([^"]+)" selected', row)[0] for row in rows if 'value=""' in row
        ]

    assert wanted() == ["part:repository", "part:loss-curve", "part:log"]
    # A link for no part shows the one of its label.
    learner.post(address("d0"), {"url": REPOSITORY, "label": "repository"})
    assert wanted() == ["part:loss-curve", "part:log"]
    milestone("d0").parts.filter(slug="log").delete()
    assert wanted() == ["part:loss-curve", "write-up"]


# Two tabs


def since_in(response: object) -> str:
    page = getattr(response, "content", b"").decode()
    form = page[page.index('<form class="form evidence-form') :]
    found = re.search(r'name="since" value="([^"]*)"', form)
    assert found
    return found[1]


def test_evidence_changed_in_another_tab_is_not_written_over_unseen(shown: Client) -> None:
    since = since_in(shown.get(URL))
    theirs = {"url": REPOSITORY, "label": "repository", "text": "From the other tab"}
    mine = {"url": WRITE_UP, "label": "commit", "text": "From this tab"}
    shown.post(URL, {**theirs, "since": since})
    # What comes back for another reason still began where it did.
    assert since_in(shown.post(URL, {**mine, "since": since, "another": "1"})) == since
    assert since_in(shown.post(URL, {"url": "x", "since": since})) == since
    events = CompletionEvent.objects.count()
    response = shown.post(URL, {**mine, "since": since})
    assert response.status_code == 409
    said = text_of(response)
    assert "This evidence was changed elsewhere since you opened it." in said
    assert "From the other tab" in said
    assert "From this tab" in said
    assert (kept().text, CompletionEvent.objects.count()) == ("From the other tab", events)
    # The same words from both tabs are no conflict.
    assert shown.post(URL, {**theirs, "since": since}).status_code == 303
    assert shown.post(URL, {**mine, "since": since_in(response)}).status_code == 303
    assert kept() == Evidence((Link("commit", WRITE_UP),), "From this tab")
    assert "From the other tab" in text_of(shown.get(URL))
    # Who does not say what they began from goes on not saying it.
    unsaid = since_in(shown.post(URL, {**theirs, "another": "1"}))
    assert shown.post(URL, {**theirs, "since": unsaid}).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_of_two_tabs_that_save_at_once_one_is_told(
    roadmap: Manual, make_user: Callable[..., User]
) -> None:
    user, one, now = make_user(), roadmap.milestones["p0-0"], timezone.now()
    start, told = threading.Barrier(2), []

    def tab(words: str) -> None:
        start.wait()
        for name, save in (
            (
                "note",
                lambda: Note.objects.keep(
                    user, milestone=one.pk, text=words, html=words, began_from="", now=now
                ),
            ),
            (
                "evidence",
                lambda: Completion.objects.show(
                    user,
                    milestone=one.pk,
                    revision=one.revision_pk,
                    evidence=Evidence(text=words),
                    kind=one.kind,
                    on=user.today,
                    now=now,
                    began_from=Evidence().version,
                ),
            ),
        ):
            try:
                save()
            except ConflictError:
                told.append(name)
        connection.close()

    tabs = [threading.Thread(target=tab, args=(words,)) for words in ("one", "two")]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    assert sorted(told) == ["evidence", "note"]
    assert CompletionEvent.objects.filter(kind="evidence").count() == 1
    assert Note.objects.get().text in {"one", "two"}


# What is refused


@pytest.mark.parametrize(
    ("url", "label", "said"),
    [
        ("javascript:alert(1)", "repository", "An address begins with https:// or http://."),
        ("https://ada:pw@example.org/", "repository", "Leave out the name and the password"),
        ("https://example.org/ x", "repository", "no spaces"),
        ("https://" + "a" * 500, "repository", "at most 500 characters"),
        (REPOSITORY, "nonsense", "Choose from the list what this link is."),
        (REPOSITORY, "part:micrograd", "Choose from the list what this link is."),
        ("https://exam\0ple.org", "other", "invisible"),
    ],
)
def test_a_bad_link_is_told_beside_it_and_all_that_was_typed_stays(
    learner: Client, roadmap: Manual, url: str, label: str, said: str
) -> None:
    data = {"url": [WRITE_UP, url], "label": ["plot", label], "text": "My words"}
    response = learner.post(URL, data)
    assert response.status_code == 422
    page = response.content.decode()
    beside = re.search(r'id="url-1-error">([^<]*)<', page)
    assert beside
    assert said in html.unescape(beside[1])
    assert 'id="url-0-error"' not in page
    assert html.escape(url) in page or "\0" in url
    assert WRITE_UP in page
    assert '<option value="plot" selected>' in page
    assert "My words" in page
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_ten_links_are_kept_and_an_eleventh_is_refused(learner: Client) -> None:
    urls = [f"https://example.org/{number}" for number in range(11)]
    response = learner.post(URL, {"url": urls})
    assert response.status_code == 422
    assert re.findall(r'id="url-(\d+)-error"', response.content.decode()) == ["10"]
    learner.post(URL, {"url": urls[:10]})
    assert len(kept().links) == 10
    assert 'name="another"' not in learner.get(URL).content.decode()


@pytest.mark.usefixtures("roadmap")
def test_a_text_is_limited_and_may_hold_no_nul(learner: Client) -> None:
    assert learner.post(URL, {"text": "a\r\n" * 2_500}).status_code == 303
    too_long = learner.post(URL, {"text": "a" * 5_001})
    assert too_long.status_code == 422
    assert "At most 5,000 characters; this has 5001." in text_of(too_long)
    assert learner.post(URL, {"text": "a\0b"}).status_code == 422


@pytest.mark.usefixtures("roadmap")
def test_another_link_makes_room_and_saves_nothing(learner: Client) -> None:
    data = {"url": [REPOSITORY, "nonsense"], "label": ["plot", "commit"], "text": "My words"}
    response = learner.post(URL, {**data, "another": "1"})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count('name="url"') == 4
    assert 'value="nonsense"' in page
    assert "My words" in page
    assert "field__error" not in page
    assert not Completion.objects.exists()


def test_the_page_always_has_two_rows_to_spare(shown: Client) -> None:
    assert shown.get(URL).content.decode().count('name="url"') == 3


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize(
    "data",
    [{}, {"url": []}, {"label": ["x"] * 300}, {"url": ["y"] * 300}, {"text": "\x1b"}],
)
def test_no_input_breaks_it(learner: Client, data: dict[str, object]) -> None:
    assert learner.post(URL, data).status_code in {200, 303, 422}


def test_what_was_typed_is_inert_on_every_page(learner: Client, roadmap: Manual) -> None:
    nasty = '"><script>alert(1)</script>'
    learner.post(URL, {"url": f"https://example.org/{nasty}", "label": "repository", "text": nasty})
    learner.post(URL, {"url": "https://example.org/x", "label": "repository", "text": "later"})
    learner.post(URL, {"url": f"https://example.org/{nasty}", "label": "repository"})
    for path in (URL, "/progress/", "/roadmap/0/"):
        assert "<script>alert" not in learner.get(path).content.decode()
    refused = learner.post(URL, {"url": nasty, "label": nasty, "text": nasty})
    assert "<script>alert" not in refused.content.decode()


# Where it is drawn


def test_both_shades_are_drawn_wherever_a_tick_is(
    shown: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-1")
    for path in ("/progress/", "/roadmap/0/"):
        page = shown.get(path).content.decode()
        boxes = dict(
            re.findall(r'id="milestone-(\S+)" data-done="true" data-evidence="(\w+)"', page)
        )
        assert boxes == {"p0-0": "shown", "p0-1": "claimed"}
        link = f'<a href="{REPOSITORY}" rel="nofollow noopener ugc">Repository</a>'
        assert link in page
        assert "github.com" in page
        assert 'href="/progress/p0-1/evidence/"' in page
        assert "1 shown of 2 done" in page
    label = shown.get("/roadmap/").content.decode()
    assert "2 of 5 done, 1 shown" in label


def test_a_shared_milestone_has_its_shade_in_both_phases(learner: Client, roadmap: Manual) -> None:
    learner.post(address("p4-0"), {"url": [REPOSITORY, WRITE_UP], "label": ["commit", "write-up"]})
    page = learner.get("/progress/").content.decode()
    assert page.count('data-evidence="shown"') == 2


def test_a_shipped_deliverable_is_told_in_two_shades(
    learner: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "d0")
    assert "deliverable shipped, claimed" in learner.get("/roadmap/").content.decode()
    learner.post(
        address("d0"), {"url": [REPOSITORY, WRITE_UP], "label": ["repository", "write-up"]}
    )
    assert "deliverable shipped, shown" in learner.get("/roadmap/").content.decode()


# Whose it is


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize("key", ["p9-9", "P0-0", "a" * 300])
def test_a_milestone_that_does_not_exist_has_no_page(learner: Client, key: str) -> None:
    assert learner.get(address(key)).status_code == 404
    assert learner.post(address(key), {"text": "x"}).status_code == 404


@pytest.mark.parametrize("state", [State.RETIRED, State.DRAFT])
def test_what_left_the_roadmap_has_a_page_for_those_who_did_it(
    learner: Client, user: User, tick: Callable[..., None], state: str
) -> None:
    tick(user, "p0-0")
    Milestone.objects.filter(key__in=["p0-0", "p0-1"]).update(state=state)
    assert learner.get(address("p0-1")).status_code == 404
    assert learner.post(address("p0-1"), {"text": "x"}).status_code == 404
    assert "no longer on the roadmap" in text_of(learner.get(URL))
    assert learner.post(URL, {"url": REPOSITORY, "label": "commit"}).status_code == 303
    assert Completion.objects.get().shown
    learner.post("/progress/p0-0/", {"done": "0"})
    learner.post(URL, {"url": WRITE_UP, "label": "commit"})
    completion = Completion.objects.get()
    assert (completion.done, completion.completed_on) == (True, dt.date(2026, 3, 14))


def test_what_somebody_wrote_stays_in_their_reach_but_is_no_tick(
    learner: Client, user: User, roadmap: Manual
) -> None:
    learner.post("/progress/p0-0/note/", {"text": "My words"})
    Milestone.objects.filter(key="p0-0").update(state=State.RETIRED)
    page = learner.get(URL)
    assert "My words" in page.content.decode()
    assert 'name="url"' not in page.content.decode()
    assert learner.post(URL, {"text": "x"}).status_code == 404


def test_nobody_sees_anothers_evidence(
    shown: Client, make_user: Callable[..., User], roadmap: Manual
) -> None:
    other = Client()
    other.force_login(make_user("emmy"))
    for path in (URL, "/progress/", "/roadmap/0/"):
        assert REPOSITORY not in other.get(path).content.decode()
    other.post(URL, {"url": WRITE_UP, "label": "commit"})
    assert Completion.objects.count() == 2


@pytest.mark.usefixtures("roadmap")
def test_a_stranger_is_sent_to_log_in(client: Client) -> None:
    for response in (client.get(URL), client.post(URL, {"url": "", "label": "plot"})):
        assert response["Location"].startswith("/accounts/login/?next=")
    assert client.post(URL, {"text": "x"}).status_code == 403  # with the words to be sent again
    assert not Completion.objects.exists()


@pytest.mark.usefixtures("roadmap")
def test_links_sent_after_the_session_ended_come_back_each_with_its_label(client: Client) -> None:
    data = {
        "url": ["", REPOSITORY, " ", WRITE_UP],
        "label": ["plot", "commit", "other", "write-up"],
    }
    response = client.post(URL, {**data, "since": "a version"})
    assert response.status_code == 403
    page = response.content.decode()
    for name, values in data.items():
        assert [
            value for _, value in re.findall(rf'name="({name})"[^>]* value="([^"]*)"', page)
        ] == (values)
    assert page.count('<input type="hidden" name="url"') == 2
    assert 'name="since" value="a version"' in page


def test_the_page_tells_of_a_reworded_milestone(shown: Client) -> None:
    old = milestone("p0-0").latest_revision()
    assert old
    milestone("p0-0").reword("Something else", MilestoneRevision.Change.MATERIAL)
    page = text_of(shown.get(URL))
    assert "Reworded since" in page
    assert old.wording in page


def test_the_page_leads_back_to_every_phase_of_the_milestone(
    learner: Client, roadmap: Manual
) -> None:
    page = learner.get(address("p4-0")).content.decode()
    for phase in ("4", "rl-3"):
        assert f'href="/roadmap/{phase}/#milestone-p4-0"' in page


def test_the_page_asks_as_much_of_the_database_however_much_there_is(
    shown: Client, user: User, tick: Callable[..., None]
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown.get(URL)
        return len(queries)

    shown.post("/progress/p0-0/note/", {"text": "x"})
    shown.post(URL, {"url": WRITE_UP, "label": "commit"})
    shown.post("/progress/p0-0/steps/", {"text": "one"})
    shown.get(URL)
    few = count()
    tick(user, "p0-1", "p0-2", "p1-0", "d0")
    row = Completion.objects.get(milestone__key="p0-0")
    for number in range(15):
        CompletionEvent.objects.create(
            completion=row,
            kind="evidence",
            revision=row.revision,
            completed_on=row.completed_on,
            was={"links": [], "text": f"{number}"},
            at=timezone.now(),
        )
        SubStep.objects.add(user, milestone=row.milestone_id, text=f"{number}")
    assert Note.objects.count() == 1
    assert count() == few <= 7
