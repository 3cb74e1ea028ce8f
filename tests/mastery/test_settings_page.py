import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from mastery.forms import SettingsForm
from mastery.models import User

pytestmark = pytest.mark.usefixtures("roadmap")

URL = "/settings/"
DATE = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=200)
GOOD: dict[str, Any] = {
    "time_zone": "Pacific/Auckland",
    "tracks": ["trunk", "rl"],
    "target_level": "l3",
    "target_date": str(DATE),
    "hours_a_week": "12",
    "rechecks": "on",
}


def chosen(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in GOOD}


def test_the_page_shows_what_is_set(learner: Client, user: User) -> None:
    user.target_date, user.hours_a_week = dt.date(2027, 1, 2), 7
    user.save()
    html = learner.get(URL).content.decode()
    assert 'value="2027-01-02"' in html
    assert 'value="7"' in html
    assert '<option value="UTC" selected>' in html
    assert '<option value="l2" selected>' in html
    assert html.count(" checked") == 3


def test_what_is_chosen_is_kept(learner: Client, user: User) -> None:
    response = learner.post(URL, GOOD, follow=True)
    assert response.redirect_chain == [(URL, 302)]
    assert "Your settings are saved." in response.content.decode()
    user.refresh_from_db()
    assert chosen(user) == {
        "time_zone": "Pacific/Auckland",
        "tracks": ["trunk", "rl"],
        "target_level": "l3",
        "target_date": DATE,
        "hours_a_week": 12,
        "rechecks": True,
    }


def test_saving_confirms_the_time_zone(learner: Client, user: User) -> None:
    assert not user.time_zone_confirmed
    assert "data-browser-zone" in learner.get(URL).content.decode()
    learner.post(URL, {"time_zone": "UTC", "tracks": ["trunk"]})
    user.refresh_from_db()
    assert user.time_zone_confirmed
    assert "data-browser-zone" not in learner.get(URL).content.decode()


def test_target_and_hours_may_be_left_out(learner: Client, user: User) -> None:
    empty = {"target_level": "", "target_date": "", "hours_a_week": ""}
    assert learner.post(URL, {**GOOD, **empty}).status_code == 302
    user.refresh_from_db()
    assert (user.target_level, user.target_date, user.hours_a_week) == ("", None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", ""),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("tracks", ["trunk", "cooking"]),
        ("tracks", "<script>"),
        ("target_level", "l9"),
        ("target_date", "30 June"),
        ("target_date", "2027-02-30"),
        ("target_date", "12027-02-30"),
        ("hours_a_week", "0"),
        ("hours_a_week", "101"),
        ("hours_a_week", "-3"),
        ("hours_a_week", "many"),
        ("hours_a_week", "99999999999999999999"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    field: str, value: Any, learner: Client, user: User
) -> None:
    before = chosen(user)
    response = learner.post(URL, {**GOOD, field: value})
    assert response.status_code == 422
    html = response.content.decode()
    assert f'id="id_{field}_error"' in html
    assert 'aria-invalid="true"' in html
    kept = {"target_date": str(DATE), "hours_a_week": "12", field: str(value)}
    for name in ("target_date", "hours_a_week"):
        if "<" not in kept[name]:
            assert f'value="{kept[name]}"' in html
    assert "<script>" not in html
    user.refresh_from_db()
    assert chosen(user) == before
    assert not user.time_zone_confirmed


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("tracks", [], "Choose at least one track."),
        ("target_date", "2020-01-01", "Choose a day between today and 20 years from now."),
        ("target_date", "2099-01-01", "Choose a day between today and 20 years from now."),
        ("hours_a_week", "0", "Hours a week lie between 1 and 100."),
        ("hours_a_week", "101", "Hours a week lie between 1 and 100."),
        ("hours_a_week", "-1", "Hours a week lie between 1 and 100."),
    ],
)
def test_a_refusal_says_what_is_possible_and_keeps_the_rest(
    field: str, value: Any, says: str, learner: Client, user: User
) -> None:
    response = learner.post(URL, {**GOOD, field: value})
    assert response.status_code == 422
    page = response.content.decode()
    assert page.count(says) == 2  # above the form and beside the field
    assert '<option value="Pacific/Auckland" selected>' in page
    user.refresh_from_db()
    assert user.time_zone == "UTC"


def test_rechecks_are_on_until_they_are_switched_off(learner: Client, user: User) -> None:
    assert user.rechecks
    assert "Ask me again" in learner.get(URL).content.decode()
    learner.post(URL, {name: value for name, value in GOOD.items() if name != "rechecks"})
    user.refresh_from_db()
    assert not user.rechecks
    learner.post(URL, GOOD)
    user.refresh_from_db()
    assert user.rechecks


def test_an_old_date_does_not_keep_anybody_from_saving_the_rest(
    learner: Client, user: User
) -> None:
    user.target_date = dt.date(2020, 1, 1)
    user.save()
    assert learner.post(URL, {**GOOD, "target_date": "2020-01-01"}).status_code == 302
    user.refresh_from_db()
    assert (user.hours_a_week, user.target_date) == (12, dt.date(2020, 1, 1))


@pytest.mark.parametrize("day", [0, 20 * 365])
def test_today_and_a_far_day_can_be_aimed_at(day: int, learner: Client, user: User) -> None:
    chosen = user.today + dt.timedelta(days=day)
    learner.post(URL, {**GOOD, "target_date": str(chosen)})
    user.refresh_from_db()
    assert user.target_date == chosen


def test_what_changed_elsewhere_meanwhile_stays(user: User) -> None:
    form = SettingsForm(GOOD, instance=user, **choices())
    assert form.is_valid()
    User.objects.update(password="changed meanwhile", is_active=False)
    form.save()
    user.refresh_from_db()
    assert (user.password, user.is_active) == ("changed meanwhile", False)
    assert user.time_zone == "Pacific/Auckland"


def choices() -> dict[str, list[tuple[str, str]]]:
    return {
        "tracks": [(slug, slug) for slug in GOOD["tracks"]],
        "levels": [(GOOD["target_level"], "")],
    }


def test_a_stranger_is_sent_to_log_in(client: Client) -> None:
    assert client.get(URL)["Location"] == "/accounts/login/?next=/settings/"
    assert client.post(URL, GOOD).status_code == 303


def test_a_forged_form_is_refused(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.post(URL, GOOD).status_code == 403
    user.refresh_from_db()
    assert user.time_zone == "UTC"


def test_saving_twice_is_saving_once(learner: Client, user: User) -> None:
    learner.post(URL, GOOD)
    user.refresh_from_db()
    first = chosen(user)
    learner.post(URL, GOOD)
    user.refresh_from_db()
    assert chosen(user) == first


def test_nothing_else_of_the_account_and_nobody_else_is_touched(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    other = make_user("emmy")
    password = user.password
    more = {"handle": "root", "email": "evil@example.org", "is_staff": "1", "is_superuser": "1",
            "password": "x", "id": other.pk, "pk": other.pk, "is_active": ""}  # fmt: skip
    learner.post(URL, {**GOOD, **more})
    user.refresh_from_db()
    assert (user.handle, user.email, user.password) == ("ada", "ada@example.org", password)
    assert user.is_active
    assert not user.is_staff
    assert not user.is_superuser
    assert chosen(User.objects.get(pk=other.pk)) == chosen(other)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_forms_change_settings(method: str, learner: Client) -> None:
    assert getattr(learner, method)(URL).status_code == 405
