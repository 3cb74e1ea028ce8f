import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from mastery.models import RESERVED_HANDLES, User, default_tracks

pytestmark = pytest.mark.django_db


def test_a_new_person_has_the_trunk_and_language_models_and_aims_at_l2(user: User) -> None:
    user.full_clean()
    assert user.tracks == default_tracks() == ["trunk", "llm"]
    assert (user.target_level, user.time_zone) == ("l2", "UTC")
    assert not user.time_zone_confirmed


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "the same handle": ({"handle": "ada", "email": ""}, "user_handle_unique"),
    "the same address": ({"email": "ada@example.org"}, "user_email_unique"),
    "the same address in other case": ({"email": "ADA@Example.ORG"}, "user_email_unique"),
    "no hours": ({"hours_a_week": 0}, "user_hours_a_week_range"),
    "too many hours": ({"hours_a_week": 101}, "user_hours_a_week_range"),
}
BAD_HANDLES = ["", "ab", "a" * 31, "-ada", "Ada", "ada.l", "ada l", "ada_l", "adä", "ada\n", "@ada"]


@pytest.mark.parametrize(("values", "constraint"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("user")
def test_the_database_refuses_what_may_never_be(
    values: dict[str, Any], constraint: str, make_user: Callable[..., User]
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_user(**{"handle": "emmy", **values})
    assert User.objects.count() == 1


@pytest.mark.parametrize("handle", BAD_HANDLES)
def test_the_database_refuses_a_handle_of_another_shape(handle: str, user: User) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(handle=handle)
    with pytest.raises(ValidationError):
        User(handle=handle, password="x").full_clean()


@pytest.mark.parametrize("handle", ["abc", "a-1", "3blue1brown", "a" * 30, "a--b", "ada-"])
def test_handles_are_letters_digits_and_hyphens(
    handle: str, make_user: Callable[..., User]
) -> None:
    make_user(handle).full_clean()


def test_handles_are_lower_case_whatever_is_typed(make_user: Callable[..., User]) -> None:
    assert make_user("Ada").handle == "ada"
    assert User.objects.get_by_natural_key("ADA").handle == "ada"
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(None)


@pytest.mark.parametrize("handle", sorted(RESERVED_HANDLES))
def test_a_name_that_reads_like_the_site_is_kept_for_it(handle: str) -> None:
    with pytest.raises(ValidationError) as caught:
        User(handle=handle, password="x").full_clean()
    assert "handle" in caught.value.message_dict


@pytest.mark.parametrize("one", get_resolver().url_patterns, ids=str)
def test_the_first_word_of_every_address_is_a_reserved_handle(
    one: URLPattern | URLResolver,
) -> None:
    word = re.match("[a-z0-9-]*", str(one.pattern))
    assert word
    # What is longer than a word, as robots.txt, is no handle; health is asked for by machines.
    if word[0] not in {"healthz", "readyz"} and re.fullmatch(
        r"[a-z0-9-]+/?|[a-z0-9-]+/<.*", str(one.pattern)
    ):
        assert word[0] in RESERVED_HANDLES


def test_two_people_may_have_no_address(make_user: Callable[..., User]) -> None:
    make_user("ada", email="").full_clean()
    make_user("emmy", email="").full_clean()
    assert User.objects.filter(email="").count() == 2


def test_a_taken_handle_or_address_is_said_in_words(user: User) -> None:
    with pytest.raises(ValidationError) as caught:
        User(handle="ada", email="Ada@Example.org", password="x").full_clean()
    text = str(caught.value)
    assert "This handle is taken." in text
    assert "This e-mail address is in use." in text


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_a_zone_that_exists_is_accepted(zone: str, user: User) -> None:
    user.time_zone = zone
    user.full_clean()
    assert user.zone.key == zone


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "europe/berlin", "../../etc/passwd", "+02:00"]
)
def test_a_zone_that_does_not_exist_is_refused(zone: str, user: User) -> None:
    user.time_zone = zone
    with pytest.raises(ValidationError):
        user.full_clean()


def test_an_editor_is_made_with_every_right(db: None) -> None:
    editor = User.objects.create_superuser("grace", "grace@example.org", "x")
    assert editor.is_staff
    assert editor.is_superuser
    assert (str(editor), editor.get_full_name(), editor.get_short_name()) == ("grace",) * 3
