import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from journal.models import Entry, Writing
from mastery import roles
from mastery.models import User
from roadmap.models import Milestone
from roadmap.queries import Manual
from tests.conftest import browser_of
from tests.mastery.test_admin import address, edit, form_of, text_of
from tests.test_project import ADDRESSES

# What every person of the desk has: the way in and out, and what its forms fetch.
COMMON = {
    "admin:index", "admin:login", "admin:logout", "admin:password_change",
    "admin:password_change_done", "admin:jsi18n", "admin:preview",
}  # fmt: skip
OF_HOSTS = {
    f"admin:{rows}_{page}"
    for rows in ("mastery_user", "journal_entry")
    for page in ("changelist", "change", "history")
}
# Without an object named they are nobody's.
ASKING = {"admin:autocomplete", "admin:view_on_site", "admin:app_list", "admin:"}
DESK = sorted({name for name, _ in ADDRESSES if name.startswith("admin:")} - ASKING)


def allowed(role: str, name: str) -> bool:
    if name in COMMON:
        return True
    if role == roles.HOST:
        return name in OF_HOSTS
    page = admin.site.pages.get(name.removeprefix("admin:"))  # type: ignore[attr-defined]
    return name.startswith("admin:roadmap_") or (
        page is not None and page.permission.startswith("roadmap.")
    )


def located(name: str) -> str:
    """Give an address of that name, of a row that there is."""
    try:
        return reverse(name)
    except NoReverseMatch:
        pass
    label, _, rest = name.removeprefix("admin:").partition("_")
    model = User if label == "auth" else apps.get_model(label, rest.split("_")[0])
    row = model._default_manager.order_by("pk").first()
    for arguments in ([row.pk if row else 1], [row.pk if row else 1, 1]):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no address for {name}")


@pytest.fixture
def shared(user: User) -> Entry:
    return entry_of(user, "public")


def entry_of(user: User, visibility: str) -> Entry:
    writing = Writing(day=user.today, title="A day", tried="**Something** said")
    (entry,) = Entry.objects.add(user, [writing], now=user.date_joined, visibility=visibility)
    return entry


# What a role is


def test_the_groups_have_what_is_written_down(db: None) -> None:
    groups = {
        group.name: {
            f"{one.content_type.app_label}.{one.codename}"
            for one in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }
    assert set(groups) == {roles.EDITOR, roles.HOST}
    content = {
        f"roadmap.{what}_{model._meta.model_name}"
        for model in apps.get_app_config("roadmap").get_models()
        for what in ("add", "change", "delete", "view")
    }
    why = "a model that came later needs a migration that lays the roles again"
    assert groups[roles.EDITOR] >= content, why
    assert {name.partition(".")[0] for name in groups[roles.EDITOR]} == {"roadmap"}
    assert groups[roles.HOST] == {
        "mastery.view_user", "mastery.change_user",
        "journal.view_entry", "journal.take_down_entry",
    }  # fmt: skip


def test_laying_the_roles_twice_changes_nothing_and_mends_what_was_changed(user: User) -> None:
    editors = Group.objects.get(name=roles.EDITOR)
    user.groups.add(editors)
    before = set(editors.permissions.values_list("pk", flat=True))
    editors.permissions.set(Permission.objects.filter(codename="change_user"))
    migration = importlib.import_module("mastery.migrations.0006_roles")
    for _ in range(2):
        with connection.schema_editor() as schema:
            migration.lay_roles(apps, schema)
    assert set(editors.permissions.values_list("pk", flat=True)) == before
    assert user.groups.get() == editors
    assert Permission.objects.filter(codename="view_phase").count() == 1


# Who may go where


@pytest.mark.usefixtures("roadmap", "shared")
@pytest.mark.parametrize("role", [roles.EDITOR, roles.HOST])
def test_a_role_opens_its_own_pages_of_the_desk_and_no_others(
    role: str, make_user: Callable[..., User]
) -> None:
    browser = browser_of(make_user("emmy"), role)
    wrong = []
    for name in DESK:
        place = located(name)
        if allowed(role, name):
            # What hangs on a row is as open as the row's form, which stands for it.
            if name.startswith("admin:roadmap_") and not name.endswith(("list", "add", "change")):
                continue
            answer = browser.get(place)
            if answer.status_code not in {200, 302, 405}:
                wrong.append((name, place, answer.status_code))
            continue
        changes = name.endswith(("_add", "_change", "_delete", "_password_change"))
        for ask in (browser.get, browser.post) if changes else (browser.get,):
            answer = ask(place)
            if answer.status_code != 403:
                wrong.append((name, place, answer.status_code))
    assert wrong == []
    assert {name for name in DESK if allowed(role, name)} > COMMON


@pytest.mark.parametrize(
    ("role", "closed"),
    [
        (roles.EDITOR, ["journal", "mastery", "account", "mfa", "usersessions", "tracker", "auth"]),
        (roles.HOST, ["roadmap", "account", "mfa", "usersessions", "tracker", "auth"]),
    ],
)
def test_what_is_guessed_is_refused(
    role: str, closed: list[str], make_user: Callable[..., User]
) -> None:
    browser = browser_of(make_user("emmy"), role)
    guesses = [
        *(f"/admin/{label}/" for label in closed),
        "/admin/journal/draft/", "/admin/tracker/completion/", "/admin/journal/entryrevision/1/",
        "/admin/account/emailaddress/99/history/", "/admin/mfa/authenticator/1/",
        "/admin/autocomplete/?app_label=roadmap&model_name=nothing&field_name=user",
        "/admin/nothing/at/all/",
    ]  # fmt: skip
    answers = {guess: browser.get(guess, follow=True).status_code for guess in guesses}
    assert {guess: code for guess, code in answers.items() if code != 403} == {}


def test_the_way_to_a_rows_page_is_for_those_who_may_see_the_row(
    content_editor: Client, host: Client, user: User
) -> None:
    kind = ContentType.objects.get_for_model(Entry).pk
    private, unlisted = entry_of(user, "private"), entry_of(user, "unlisted")
    for entry in (private, unlisted):
        assert content_editor.get(f"/admin/r/{kind}/{entry.pk}/").status_code == 403
    assert host.get(f"/admin/r/{kind}/{private.pk}/").status_code == 404
    for odd in ("1/abc", "abc/1", "999999/1", f"{kind}/9"):
        assert host.get(f"/admin/r/{odd}/").status_code in {403, 404}


# Appointing


@pytest.mark.parametrize("role", [roles.EDITOR, roles.HOST, roles.SUPERUSER, roles.LEARNER])
def test_a_superuser_gives_any_role(editor: Client, user: User, role: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename="view_user"))
    roles.appoint(user, roles.HOST if role == roles.LEARNER else roles.LEARNER)
    assert "changed successfully" in text_of(edit(editor, user, role=role))
    user = User.objects.get(pk=user.pk)
    assert roles.role_of(user) == role
    assert user.is_staff == (role != roles.LEARNER)
    assert user.is_superuser == (role == roles.SUPERUSER)
    assert not user.user_permissions.exists()


def test_a_host_appoints_an_editor_and_takes_the_role_back(host: Client, user: User) -> None:
    edit(host, user, role=roles.EDITOR)
    appointed = User.objects.get(pk=user.pk)
    assert appointed.has_perm("roadmap.change_phase")
    assert not appointed.has_perm("mastery.view_user")
    edit(host, user, role=roles.LEARNER)
    assert not User.objects.get(pk=user.pk).is_staff


def test_a_host_closes_an_account_and_opens_it_again(host: Client, user: User) -> None:
    browser = Client()
    browser.force_login(user)
    entry = entry_of(user, "public")
    place = entry.public_path
    form = form_of(host.get(address(user, "change")))
    form.pop("is_active")
    host.post(address(user, "change"), form)
    assert not User.objects.get(pk=user.pk).is_active
    for path in (place, f"/@{user.handle}/", f"/@{user.handle}/log/", f"/@{user.handle}/feed.atom"):
        assert Client().get(path).status_code == 404
    assert browser.get("/journal/").status_code == 302
    edit(host, user, is_active="on")
    assert Client().get(place).status_code == 200


FORGED: dict[str, Any] = {
    "role": "superuser",
    "is_superuser": "on",
    "is_staff": "on",
    "groups": ["1", "2", "3", "4"],
    "user_permissions": ["1", "2", "3"],
    "password": "md5$x$y",
    "handle": "taken-over",
    "email": "mine@example.org",
    "rechecks": "",
    "time_zone": "Asia/Tokyo",
    "last_login_0": "2020-01-01",
    "last_login_1": "00:00",
}


def state_of(user: User) -> tuple[Any, ...]:
    row = User.objects.filter(pk=user.pk).values().get()
    groups = list(user.groups.values_list("name", flat=True))
    return row, groups, list(user.user_permissions.values_list("pk", flat=True))


@pytest.mark.parametrize("role", ["superuser", "host", "nonsense", ""])
def test_a_host_cannot_forge_rights(host: Client, user: User, role: str) -> None:
    before = state_of(user)
    answer = host.post(address(user, "change"), {"is_active": "on", **FORGED, "role": role})
    assert state_of(user) == before
    assert answer.status_code == 200
    assert "Select a valid choice" in text_of(answer) or "required" in text_of(answer)


def test_a_host_changes_nothing_but_role_and_whether_an_account_is_open(
    host: Client, user: User
) -> None:
    before, *_ = state_of(user)
    host.post(address(user, "change"), {"is_active": "on", **FORGED, "role": roles.EDITOR})
    after, groups, permissions = state_of(user)
    assert {name for name in after if after[name] != before[name]} == {"is_staff"}
    assert (groups, permissions) == ([roles.EDITOR], [])


@pytest.mark.parametrize("of", [roles.SUPERUSER, roles.HOST, "themselves"])
def test_a_host_touches_no_superuser_no_host_and_not_themselves(
    host: Client, make_user: Callable[..., User], of: str
) -> None:
    other = User.objects.get(handle="hopper") if of == "themselves" else make_user("emmy")
    if of != "themselves":
        roles.appoint(other, of)
    before = state_of(other)
    for data in ({}, {"role": "learner"}, FORGED, {"role": "editor", "is_active": "on"}):
        assert host.post(address(other, "change"), data).status_code == 403
    assert host.post(address(other, "password"), {"password1": "x", "password2": "x"})
    assert state_of(other) == before
    assert host.get(address(other, "change")).status_code == 200


def test_nobody_changes_their_own_rights(editor: Client) -> None:
    grace = User.objects.get(handle="grace")
    edit(editor, grace, role="learner", name="Grace")
    grace.refresh_from_db()
    assert (grace.is_superuser, grace.is_active, grace.name) == (True, True, "Grace")


def test_a_host_sets_no_password_and_logs_in_as_nobody(host: Client, user: User) -> None:
    before = state_of(user)
    answer = host.post(
        address(user, "password"),
        {"usable_password": "true", "password1": "a new one 123", "password2": "a new one 123"},
    )
    assert answer.status_code == 403
    assert state_of(user) == before
    for path in (address(User, "add/"), address(user, "delete")):
        assert host.post(path, {"post": "yes", "handle": "x"}).status_code == 403
    assert host.post(
        address(User), {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    ).status_code in {200, 302}
    assert User.objects.filter(pk=user.pk).exists()


def test_a_host_reads_nothing_that_is_not_shown(
    host: Client, user: User, tick: Callable[..., None]
) -> None:
    User.objects.filter(pk=user.pk).update(name="Ada L", about="Secret words", target_level="l3")
    tick(user, "p0-0")
    for page in ("change", "history"):
        html = host.get(address(user, page)).content.decode()
        for words in ("Ada L", "Secret words", "l3", "rechecks", "md5$", "p0-0", "time_zone"):
            assert words not in html
    for query in ("rechecks=1", "tracks__contains=rl", "password__startswith=md5",
                  "completions__milestone__key=p0-0", "entries__title=x"):  # fmt: skip
        assert host.get(f"{address(User)}?{query}").status_code == 400, query


def test_people_are_found_by_name_and_role_in_a_fixed_number_of_queries(
    host: Client,
    make_user: Callable[..., User],
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(20):
        roles.appoint(make_user(f"emmy-{number}"), roles.EDITOR)
    make_user("noether")
    with django_assert_max_num_queries(12):
        page = text_of(host.get(f"{address(User)}?role=editor"))
    assert "emmy-19" in page
    assert "noether" not in page
    assert "noether" in text_of(host.get(f"{address(User)}?role=learner"))
    assert "emmy-1" in text_of(host.get(f"{address(User)}?q=emmy-1@example"))
    assert "hopper" in text_of(host.get(f"{address(User)}?role=host&q=hopp"))


def test_lists_do_not_tell_an_editor_who_did_what(
    content_editor: Client, user: User, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0")
    for query in ("completions__isnull=False", "completions__pk__gt=0", "completions=1",
                  "completions__user__handle__startswith=a",
                  "placements__milestone__completions__user=1"):  # fmt: skip
        assert content_editor.get(f"{address(Milestone)}?{query}").status_code == 400, query


@pytest.mark.parametrize("odd", ["abc", "", "-1", "\0", "٣", "99999999999999999999"])
@pytest.mark.parametrize(
    ("rows", "action"),
    [
        ("mastery/user", "delete_selected"),
        ("journal/entry", "take_down"),
        ("journal/entry", "lift"),
        ("account/emailaddress", "make_verified"),
    ],
)
def test_no_list_minds_what_is_no_row(editor: Client, rows: str, action: str, odd: str) -> None:
    data = {"action": action, "_selected_action": odd, "confirmed": "yes", "reason": "x"}
    assert editor.post(f"/admin/{rows}/", data).status_code in {200, 302}


def test_sessions_are_found_by_handle(editor: Client) -> None:
    assert editor.get("/admin/usersessions/usersession/?q=grace").status_code == 200


def test_an_editor_edits_content(content_editor: Client, roadmap: Manual) -> None:
    milestone = Milestone.objects.get(key="p0-0")
    assert content_editor.get(address(milestone, "change")).status_code == 200
    labels = [app["app_label"] for app in content_editor.get("/admin/").context["app_list"]]
    assert labels == ["roadmap"]


def test_a_learner_is_told_that_the_desk_is_not_theirs(learner: Client) -> None:
    assert learner.get("/admin/journal/entry/", follow=True).status_code == 403
