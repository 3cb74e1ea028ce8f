"""Sets of drafts on the desk: what they hold, their preview links, publishing them."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from mastery.models import User
from roadmap import operations
from roadmap.models import Chapter, Milestone, Phase, Placement, PreviewLink, Release, State
from roadmap.operations import Stateful
from roadmap.queries import Manual
from tests.conftest import milestone
from tests.roadmap.test_admin import address, edit, form_of, text_of
from tests.roadmap.test_queries import queries

pytestmark = pytest.mark.usefixtures("roadmap")
LIST = "/admin/roadmap/release/"


@pytest.fixture
def release(db: None) -> Release:
    return Release.objects.create(title="Evaluation", notes="Because *many* asked.")


def draft(
    release: Release, key: str, *, phase: str = "1", wording: str = "A new thing"
) -> Milestone:
    row = Milestone.objects.create(key=key, kind="build", state=State.DRAFT, release=release)
    if wording:
        row.reword(wording, "material")
    if phase:
        Placement.objects.create(phase=Phase.objects.get(slug=phase), milestone=row)
    return row


def publish(client: Client, release: Release) -> str:
    page = client.get(address(release, "publish"))
    sent = {"drafts": drafts_on(page.content.decode())}
    return text_of(client.post(address(release, "publish"), sent, follow=True))


def drafts_on(page: str) -> str:
    return page.partition('name="drafts" value="')[2].partition('"')[0]


def test_a_set_is_made_and_says_what_it_holds_and_where_to_go_on(editor: Client) -> None:
    page = editor.post(f"{LIST}add/", {"title": "Evaluation", "notes": "Why."}, follow=True)
    release = Release.objects.get()
    assert page.redirect_chain[-1][0] == address(release, "change")
    assert "There is none yet." in text_of(page)
    for kind in ("phase", "milestone", "resource", "chapter"):
        link = f"/admin/roadmap/{kind}/add/?state=draft&amp;release={release.pk}"
        assert link in page.content.decode()
        form = editor.get(link.replace("&amp;", "&"))
        chosen = form_of(form)
        assert chosen["release"] in (str(release.pk), [str(release.pk)])
    row = draft(release, "p1-20", phase="", wording="")
    page = editor.get(address(release, "change"))
    assert "p1-20: no wording yet" in text_of(page)
    assert address(row, "change") in page.content.decode()
    assert "p1-20 has no wording yet." in text_of(page)
    assert "No phase that is live or comes with this set holds p1-20." in text_of(page)


def test_drafts_come_first_in_the_list(editor: Client, release: Release) -> None:
    draft(release, "p1-20")
    operations.retire([Chapter.objects.all()[0]])
    page = text_of(editor.get(LIST))
    assert page.index("1 draft, not published yet") < page.index("1 change")


def test_the_list_and_a_sets_form_ask_as_much_however_much_there_is(
    editor: Client, release: Release
) -> None:
    def grow(count: int) -> None:
        for number in range(count):
            one = Release.objects.create(title=f"Set {number}")
            draft(one, f"p1-{one.pk}-{number}")
            draft(release, f"p1-r-{one.pk}")
            release.links.create()

    pages = [LIST, address(release, "change"), address(release, "links")]
    grow(2)
    for page in pages:
        editor.get(page)
    few = [queries(lambda page=page: editor.get(page)) for page in pages]
    grow(20)
    assert [queries(lambda page=page: editor.get(page)) for page in pages] == few


def test_publishing_shows_what_learners_will_see_and_makes_it_so(
    editor: Client, release: Release, roadmap: Manual
) -> None:
    draft(release, "p1-20", wording="Measure it twice")
    draft(release, "p1-21", wording="Cut it once")
    page = editor.get(address(release, "publish"))
    text = text_of(page)
    assert "Because many asked." in text
    # Learners see no keys.
    assert "Measure it twice (milestone)" in text
    assert "p1-20" not in text
    assert "will ask for 2 milestones more. Whoever was done with it" in text
    assert "and that 2 are new." in text
    assert Client().get("/roadmap/1/").content.decode().count("Measure it twice") == 0

    assert "is published: 2 changes." in publish(editor, release)

    assert "Measure it twice" in Client().get("/roadmap/1/").content.decode()
    assert "Measure it twice" in Client().get("/roadmap/changes/").content.decode()
    release.refresh_from_db()
    assert release.published is not None


def test_publishing_twice_is_harmless_and_says_so(editor: Client, release: Release) -> None:
    draft(release, "p1-20")
    marks = drafts_on(editor.get(address(release, "publish")).content.decode())
    publish(editor, release)
    first = Release.objects.get(pk=release.pk)
    for ask in (editor.get, editor.post):
        again = ask(address(release, "publish"), {"drafts": marks}, follow=True)
        assert "is published already. Nothing was changed." in text_of(again)
    second = Release.objects.get(pk=release.pk)
    assert (second.published, second.items.count()) == (first.published, 1)


def test_only_what_the_page_listed_is_published(editor: Client, release: Release) -> None:
    draft(release, "p1-20")
    marks = drafts_on(editor.get(address(release, "publish")).content.decode())
    draft(release, "p1-21", wording="Slipped in meanwhile")
    answer = editor.post(address(release, "publish"), {"drafts": marks})
    assert answer.status_code == 422
    assert "The set changed since this page was made." in text_of(answer)
    assert "Slipped in meanwhile" in text_of(answer)
    assert milestone("p1-20").state == State.DRAFT


def test_what_comes_into_the_set_at_the_very_moment_is_not_published_unseen(
    editor: Client, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(release, "p1-20")
    marks = drafts_on(editor.get(address(release, "publish")).content.decode())
    listed = operations.drafts_of

    def listed_just_before(release: Release) -> list[Stateful]:
        rows = listed(release)
        if not Milestone.objects.filter(key="p1-21").exists():
            draft(release, "p1-21", wording="Slipped in meanwhile")
        return rows

    monkeypatch.setattr(operations, "drafts_of", listed_just_before)
    answer = editor.post(address(release, "publish"), {"drafts": marks})
    assert answer.status_code == 422
    assert "The set changed since this page was made." in text_of(answer)
    assert "Slipped in meanwhile" in text_of(answer)
    assert not Release.objects.published()
    assert milestone("p1-20").state == State.DRAFT


def test_a_new_deliverable_stands_beside_what_was_done(editor: Client, release: Release) -> None:
    row = draft(release, "d20")
    Milestone.objects.filter(pk=row.pk).update(deliverable=True)
    text = text_of(editor.get(address(release, "publish")))
    assert "will ask for 1 deliverable more." in text
    assert "as it stood" not in text


def test_what_is_not_ready_is_not_published_and_says_what_is_missing(
    editor: Client, release: Release
) -> None:
    empty = editor.get(address(release, "publish"))
    assert "There is no draft in this set. Add one first." in text_of(empty)
    row = draft(release, "p1-20", phase="")
    page = editor.get(address(release, "publish"))
    assert 'type="submit" value="Publish' not in page.content.decode()
    answer = editor.post(address(release, "publish"), {"drafts": f"milestone-{row.pk}"})
    assert answer.status_code == 422
    assert "holds p1-20. Place it in one." in text_of(answer)
    assert milestone("p1-20").state == State.DRAFT


def test_of_a_published_one_the_notes_alone_can_change(editor: Client, release: Release) -> None:
    draft(release, "p1-20")
    publish(editor, release)
    form = form_of(editor.get(address(release, "change")))
    assert "title" not in form
    edit(editor, release, title="Something else", notes="Corrected.")
    release.refresh_from_db()
    assert (release.title, release.notes) == ("Evaluation", "Corrected.")
    refused = editor.post(address(release, "delete"), {"post": "yes"})
    assert "learners read it on the page of changes" in text_of(refused)
    assert Release.objects.filter(pk=release.pk).exists()


def test_deleting_a_set_keeps_its_drafts(editor: Client, release: Release) -> None:
    draft(release, "p1-20")
    editor.post(address(release, "delete"), {"post": "yes"})
    assert not Release.objects.filter(pk=release.pk).exists()
    kept = milestone("p1-20")
    assert (kept.state, kept.release) == (State.DRAFT, None)


# Preview links


def test_a_link_is_made_for_two_weeks_copied_and_revoked(editor: Client, release: Release) -> None:
    with time_machine.travel(dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC), tick=False):
        page = editor.post(address(release, "links"), {"ends": ""}, follow=True)
        link = release.links.get()
        assert link.expires == timezone.now() + dt.timedelta(days=14)
        assert link.made_by == User.objects.get(handle="grace")
        where = f"/preview/{link.token}/"
        assert f'value="http://localhost:8000{where}"' in page.content.decode()
        assert Client().get(where).status_code == 200

        revoke = f"{address(release, 'links')}{link.pk}/revoke/"
        assert editor.get(revoke).status_code == 405
        for _ in range(2):
            page = editor.post(revoke, follow=True)
            assert "The link is revoked" in text_of(page)
        assert link.token not in page.content.decode()
        assert Client().get(where).status_code == 404


def test_a_link_ends_on_the_day_an_editor_gives(editor: Client, release: Release) -> None:
    with time_machine.travel(dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC), tick=False):
        editor.post(address(release, "links"), {"ends": "2026-05-03"})
        link = release.links.get()
        assert link.expires == dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
        for wrong, error in {
            "2026-05-02": "This day is over.",
            "2027-06-01": "for a year at most",
            "9999-12-31": "for a year at most",
            "soon\0": "Enter a valid date.",
        }.items():
            answer = editor.post(address(release, "links"), {"ends": wrong})
            assert answer.status_code == 422
            assert error in text_of(answer)
        assert release.links.count() == 1


def test_learners_and_helpers_without_the_right_come_to_none_of_it(
    learner: Client, release: Release
) -> None:
    helper = User.objects.create_user("hedy", "hedy@example.org", is_staff=True)
    staff = Client()
    staff.force_login(helper)
    link = PreviewLink.objects.create(release=release)
    for page in ("publish", "links", f"links/{link.pk}/revoke"):
        assert staff.post(address(release, page)).status_code == 403
        assert learner.post(address(release, page)).status_code in {302, 403}
    link.refresh_from_db()
    assert link.revoked is None


@pytest.mark.parametrize("pk", [999, 10**30])
def test_a_set_that_is_not_there_is_404(editor: Client, pk: int) -> None:
    for page in ("publish", "links", "links/1/revoke"):
        assert editor.post(f"{LIST}{pk}/{page}/").status_code == 404
