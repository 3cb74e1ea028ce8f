import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from mastery.models import User

pytestmark = pytest.mark.usefixtures("roadmap")

URL = "/settings/"
GOOD: dict[str, Any] = {
    "time_zone": "Pacific/Auckland",
    "tracks": ["trunk", "rl"],
    "target_level": "l3",
    "target_date": "2027-06-30",
    "hours_a_week": "12",
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
    assert html.count(" checked") == 2


def test_what_is_chosen_is_kept(learner: Client, user: User) -> None:
    response = learner.post(URL, GOOD, follow=True)
    assert response.redirect_chain == [(URL, 302)]
    assert "Your settings are saved." in response.content.decode()
    user.refresh_from_db()
    assert chosen(user) == {
        "time_zone": "Pacific/Auckland",
        "tracks": ["trunk", "rl"],
        "target_level": "l3",
        "target_date": dt.date(2027, 6, 30),
        "hours_a_week": 12,
    }


def test_saving_confirms_the_time_zone(learner: Client, user: User) -> None:
    assert not user.time_zone_confirmed
    assert "data-browser-zone" in learner.get(URL).content.decode()
    learner.post(URL, {"time_zone": "UTC"})
    user.refresh_from_db()
    assert user.time_zone_confirmed
    assert "data-browser-zone" not in learner.get(URL).content.decode()


def test_everything_but_the_zone_may_be_left_out(learner: Client, user: User) -> None:
    empty = {"time_zone": "UTC", "target_level": "", "target_date": "", "hours_a_week": ""}
    assert learner.post(URL, empty).status_code == 302
    user.refresh_from_db()
    assert (user.tracks, user.target_level, user.target_date, user.hours_a_week) == (
        [],
        "",
        None,
        None,
    )


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
    kept = {"target_date": "2027-06-30", "hours_a_week": "12", field: str(value)}
    for name in ("target_date", "hours_a_week"):
        if "<" not in kept[name]:
            assert f'value="{kept[name]}"' in html
    assert "<script>" not in html
    user.refresh_from_db()
    assert chosen(user) == before
    assert not user.time_zone_confirmed


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
