import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.test import Client

from mastery.desk import Page
from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual
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
    assert names[:5] == ["Release", "Track", "Phase", "Milestone", "Resource"]
    assert not {"LoadedRow", "ContentVersion"} & set(names)
    assert "tracker" not in {app["app_label"] for app in apps}


def test_the_desk_leads_back_to_the_site(editor: Client) -> None:
    page = editor.get("/admin/").content.decode()
    assert re.search(r'<a href="/" class="desk-home"><svg.*?</svg> Mastery</a>', page)


@pytest.mark.parametrize("theme", ["", "light", "dark"])
def test_the_desk_has_the_colours_that_the_site_remembers(editor: Client, theme: str) -> None:
    if theme:
        editor.cookies["theme"] = theme
    for path in ("/admin/", address(User), address(User, "add/"), "/admin/password_change/"):
        html = editor.get(path).content.decode()
        bodies = re.findall(r'<body class="([^"]*)"', html)
        assert [name for name in bodies[0].split() if name.startswith("desk--")] == (
            [f"desk--{theme}"] if theme else []
        )
        assert f'value="{theme or "system"}" aria-pressed="true"' in html
        assert html.count('aria-pressed="true"') == 1
        sheets = re.findall(r'href="/static/([^"]+\.css)"', html)
        assert sheets[-1] == "mastery/admin/theme.css"
        assert "mastery/css/tokens.css" in sheets
        # Django keeps a choice of its own in the browser, apart from the site's.
        assert "dark_mode" not in html
        assert "admin/js/theme.js" not in html
        assert "theme-toggle" not in html


def test_the_theme_chosen_on_the_desk_leads_back_to_it(editor: Client) -> None:
    answer = editor.post(
        "/theme/", {"theme": "dark"}, headers={"Referer": "http://testserver/admin/"}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/admin/#theme")
    assert "desk--dark" in editor.get("/admin/").content.decode()


def test_the_index_has_the_desks_own_pages_on_top_with_what_waits(
    editor: Client, host: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [SimpleNamespace(text="2 links are dead.", url="/admin/links/#dead")]
    page = Page("index", "Links", "Which are dead.", "roadmap.view_phase", list, lambda: waiting)
    monkeypatch.setitem(admin.site.pages, "index", page)
    html = editor.get("/admin/").content.decode()
    assert '<a href="/admin/links/#dead">2 links are dead.</a>' in html
    assert (
        html.index("2 links are dead.") < html.index("Which are dead.") < html.index("app-roadmap")
    )
    assert "Which are dead." not in editor.get("/admin/roadmap/").content.decode()
    page_of_host = text_of(host.get("/admin/"))
    assert "dead" not in page_of_host
    assert "What learners read" not in page_of_host


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
    form = form_of(editor.get(address(user, "change")))
    form.pop("rechecks")
    response = editor.post(
        address(user, "change"), {**form, "tracks": "trunk,rl", "handle": "Emmy"}, follow=True
    )
    assert "changed successfully" in text_of(response)
    user.refresh_from_db()
    assert (user.handle, user.rechecks, user.tracks) == ("emmy", False, ["trunk", "rl"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"handle": "admin"}, "This handle is kept for the site."),
        ({"handle": "Grace"}, "This handle is taken."),
        ({"email": "GRACE@example.org"}, "This e-mail address is in use."),
        ({"hours_a_week": "900"}, "less than or equal to 100"),
        ({"time_zone": "Mars/Base"}, "This is no time zone we know."),
    ],
)
def test_an_account_that_cannot_be_like_that_is_refused(
    editor: Client, user: User, changes: dict[str, str], reason: str
) -> None:
    before = User.objects.filter(pk=user.pk).values().get()
    assert reason in text_of(edit(editor, user, **changes))
    assert User.objects.filter(pk=user.pk).values().get() == before


@pytest.mark.parametrize("email", ["New@Example.org", ""])
def test_a_changed_address_is_the_only_one_and_waits_to_be_confirmed(
    editor: Client, user: User, email: str
) -> None:
    addresses = EmailAddress.objects.filter(user=user)
    addresses.create(user=user, email=user.email, primary=True, verified=True)
    addresses.create(user=user, email="pending@example.org", primary=False, verified=False)
    edit(editor, user, name="Ada")
    assert addresses.count() == 2
    edit(editor, user, email=email)
    user.refresh_from_db()
    assert user.email == email.lower()
    there = list(addresses.values_list("email", "primary", "verified"))
    assert there == ([(email.lower(), True, False)] if email else [])


def test_a_handle_that_was_kept_for_the_site_later_stands_in_nobodys_way(
    editor: Client, make_user: Callable[..., User]
) -> None:
    user = make_user("demo-learner")
    assert "changed successfully" in text_of(edit(editor, user, name="Demo"))
    assert "kept for the site" in text_of(edit(editor, user, handle="demo"))


def test_what_somebody_saved_meanwhile_is_not_put_back(editor: Client, user: User) -> None:
    form = form_of(editor.get(address(user, "change")))
    User.objects.filter(pk=user.pk).update(changes_seen=user.date_joined, password="md5$new$one")
    editor.post(address(user, "change"), {**form, "name": "Ada L"})
    user.refresh_from_db()
    assert (user.name, user.password) == ("Ada L", "md5$new$one")


def test_an_account_shows_nothing_of_what_its_person_did(
    editor: Client, user: User, roadmap: Manual
) -> None:
    tick(user, Milestone.objects.get(key="p0-0"))
    assert "p0-0" not in editor.get(address(user, "change")).content.decode()


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
