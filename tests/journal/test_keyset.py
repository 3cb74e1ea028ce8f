import base64
import datetime as dt
from itertools import pairwise

import pytest
from django.conf import LazySettings

from journal.keyset import Place

DAY = dt.date(2026, 3, 14)
CURSOR = str(Place(DAY, 1_234_567))


@pytest.mark.parametrize("place", [Place(DAY, 1), Place(dt.date.min, 2**63 - 1)])
def test_a_cursor_is_read_as_the_place_it_was_made_of(place: Place) -> None:
    assert Place.read(str(place)) == place


def test_a_cursor_tells_neither_a_number_nor_how_far_apart_two_are() -> None:
    sealed = [base64.urlsafe_b64decode(str(Place(DAY, number))) for number in range(100, 150)]
    assert len(set(sealed)) == 50
    for one, other in pairwise(sealed):
        assert sum(a != b for a, b in zip(one, other, strict=True)) > 20


def test_the_same_place_is_always_the_same_cursor() -> None:
    # Pages are known by their addresses and the bytes of their links.
    assert str(Place(DAY, 1_234_567)) == CURSOR


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "²", "\ud800", "'", "a" * 36, "a" * 100_000, CURSOR[:-1], CURSOR[:-4], CURSOR + "A",
     CURSOR.swapcase(), f" {CURSOR}", f"{CURSOR}=", "2026-03-14.1234567"],
    ids=lambda cursor: repr(cursor)[:20],
)  # fmt: skip
def test_what_nobody_gave_out_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (it says nothing of its own)
        Place.read(cursor)


def test_another_sites_cursor_is_none(settings: LazySettings) -> None:
    settings.SECRET_KEY = "another"
    with pytest.raises(ValueError):  # noqa: PT011
        Place.read(CURSOR)
