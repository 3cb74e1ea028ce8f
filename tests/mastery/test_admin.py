from collections.abc import Callable

import pytest
from django.test import Client

from mastery.models import User
from roadmap.models import Milestone
from tests.roadmap.test_admin import address, edit, form_of, text_of, tick

PREVIEW = "/admin/preview/"


def test_the_preview_shows_what_the_pages_would(editor: Client) -> None:
    response = editor.post(PREVIEW, {"text": "## Why\r\n\r\n- **one**\r\n- two"})
    assert response.status_code == 200
    html = response.content.decode()
    assert "<h3>Why</h3>" in html
    assert "<li><strong>one</strong></li>" in html
    assert "<html" not in html


def test_the_preview_is_sanitised(editor: Client) -> None:
    text = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    html = editor.post(PREVIEW, {"text": text}).content.decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html


def test_the_preview_of_nothing_is_empty(editor: Client) -> None:
    assert editor.post(PREVIEW).content == b""


def test_the_preview_is_for_editors(learner: Client) -> None:
    for client in (learner, Client()):
        response = client.post(PREVIEW, {"text": "secret *words*"})
        assert response.status_code in {302, 303, 403}
        assert b"<em>" not in response.content
    assert learner.post(PREVIEW, {"text": "x"}, follow=True).status_code == 403


def test_the_preview_wants_a_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(PREVIEW, {"text": "x"}).status_code == 403


def test_the_preview_is_not_for_get(editor: Client) -> None:
    assert editor.get(PREVIEW).status_code == 405


def test_every_markdown_text_has_its_preview(editor: Client) -> None:
    html = editor.get("/admin/roadmap/phase/add/").content.decode()
    for name in ("goal", "path", "done_when", "topics-__prefix__-text"):
        assert (
            f'name="{name}"' in html.split('<markdown-field data-preview="/admin/preview/">', 1)[1]
        )
    assert html.count("<markdown-field") == 6


def test_the_index_begins_with_the_roadmap_in_the_order_of_its_pages(editor: Client) -> None:
    apps = editor.get("/admin/").context["app_list"]
    assert [app["name"] for app in apps][:2] == ["Roadmap", "People"]
    names = [model["object_name"] for model in apps[0]["models"]]
    assert names[:4] == ["Track", "Phase", "Milestone", "Resource"]
    assert not {"LoadedRow", "ContentVersion"} & set(names)
    assert "tracker" not in {app["app_label"] for app in apps}


def test_the_desk_leads_back_to_the_site(editor: Client) -> None:
    assert '<a href="/" class="desk-home">Mastery</a>' in editor.get("/admin/").content.decode()


@pytest.mark.parametrize("path", ["", "roadmap/phase/", "roadmap/phase/add/", "mastery/user/add/"])
def test_the_desk_has_nothing_that_the_policy_would_block(editor: Client, path: str) -> None:
    response = editor.get(f"/admin/{path}")
    html = response.content.decode()
    assert "style=" not in html
    assert "<style" not in html
    assert "onclick=" not in html
    assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]


# People


def test_a_user_is_added_with_a_handle(editor: Client) -> None:
    form = form_of(editor.get(address(User, "add/")))
    form |= {
        "handle": "Emmy",
        "email": "emmy@example.org",
        "usable_password": "true",
        "password1": "correct horse staple",
        "password2": "correct horse staple",
    }
    editor.post(address(User, "add/"), form)
    user = User.objects.get(handle="emmy")
    assert user.check_password("correct horse staple")
    assert not user.is_staff


@pytest.mark.parametrize(
    ("handle", "email", "reason"),
    [
        ("ada", "other@example.org", "This handle is taken."),
        ("ADA", "other@example.org", "This handle is taken."),
        ("emmy", "ADA@example.org", "This e-mail address is in use."),
        ("admin", "other@example.org", "This handle is kept for the site."),
        ("a b", "other@example.org", "A handle has 3 to 30 letters"),
    ],
)
def test_a_user_who_cannot_be_is_refused(
    editor: Client, user: User, handle: str, email: str, reason: str
) -> None:
    form = form_of(editor.get(address(User, "add/")))
    form |= {"handle": handle, "email": email, "usable_password": "false"}
    assert reason in text_of(editor.post(address(User, "add/"), form))
    assert User.objects.count() == 2


def test_a_user_is_changed(editor: Client, user: User) -> None:
    response = edit(editor, user, email="new@example.org", is_staff="on", tracks="trunk,rl")
    assert "changed successfully" in text_of(response)
    user.refresh_from_db()
    assert (user.email, user.is_staff, user.tracks) == ("new@example.org", True, ["trunk", "rl"])


def test_deleting_an_account_counts_what_goes_with_it_and_lists_nothing(
    editor: Client, make_user: Callable[..., User]
) -> None:
    user = make_user("hypatia")
    milestone = Milestone.objects.create(key="m-1", kind="build")
    milestone.reword("A thing built", "material")
    tick(user, milestone)

    page = text_of(editor.get(address(user, "delete")))
    assert "Completions: 1" in page
    assert "m-1" not in page

    editor.post(address(user, "delete"), {"post": "yes"})
    assert not User.objects.filter(handle="hypatia").exists()
