import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from journal.models import ConflictError, Entry, Writing
from journal.text import tags_of
from mastery.models import User

DAY = dt.date(2026, 3, 14)
pytestmark = pytest.mark.django_db


def add(user: User, **words: Any) -> Entry:
    words.setdefault("tried", "Adam with warm-up.")
    (entry,) = Entry.objects.add(user, [Writing(day=DAY, **words)], now=timezone.now())
    return entry


def rewrite(entry: Entry, began_from: int, **words: Any) -> bool:
    writing = Writing(**{**vars(entry.writing()), **words})
    return entry.rewrite(writing, began_from=began_from, now=timezone.now())


def test_an_entry_has_its_first_revision_with_html(user: User) -> None:
    entry = add(user, tags=("bf16", "adam"), milestones=("p1-0",))
    revision = entry.revisions.get()
    assert (revision.number, revision.tags, revision.milestones) == (1, ["adam", "bf16"], ["p1-0"])
    assert revision.html == {"tried": "<p>Adam with warm-up.</p>\n"}
    assert revision.writing() == entry.writing()


def test_a_save_that_changes_something_is_a_revision(user: User) -> None:
    entry = add(user)
    assert rewrite(entry, 1, learned="Warm-up matters.", tags=("adam",))
    assert list(entry.revisions.values_list("number", flat=True)) == [2, 1]
    assert Entry.objects.get().writing().tags == ("adam",)


def test_a_save_of_the_same_words_is_none(user: User) -> None:
    entry = add(user, tags=("adam",))
    assert not rewrite(entry, 1, tried="Adam with warm-up.\r\n\r\n")
    assert entry.revisions.count() == 1


def test_a_form_sent_twice_saves_once(user: User) -> None:
    entry = add(user)
    assert rewrite(entry, 1, learned="x")
    assert not rewrite(entry, 1, learned="x")


def test_an_entry_that_moved_on_is_not_written_over(user: User) -> None:
    entry = add(user)
    rewrite(entry, 1, learned="Mine.")
    with pytest.raises(ConflictError) as caught:
        rewrite(entry, 1, learned="Theirs.")
    assert caught.value.entry.learned == Entry.objects.get().learned == "Mine."


def test_the_first_publication_stays_the_date(user: User) -> None:
    entry = add(user)
    first = timezone.now()
    entry.show_to("public", now=first)
    entry.show_to("private", now=first)
    entry.show_to("public", now=first + dt.timedelta(days=3))
    entry = Entry.objects.get()
    assert entry.published_at == first
    assert entry.updated_at == first


def test_words_changed_while_hidden_are_an_update_all_the_same(user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    published = entry.updated_at
    entry.show_to("private", now=timezone.now())
    rewrite(Entry.objects.get(), 1, learned="More.")
    Entry.objects.get().show_to("public", now=timezone.now())
    entry = Entry.objects.get()
    assert entry.updated_at
    assert published
    assert entry.updated_at > published


def test_feeds_hear_of_changed_words_and_not_of_tags(user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    published = entry.updated_at
    rewrite(entry, 1, tags=("adam",))
    assert Entry.objects.get().updated_at == published
    rewrite(entry, 2, learned="More.")
    updated = Entry.objects.get().updated_at
    assert updated
    assert published
    assert updated > published


def test_what_comes_back_from_the_bin_is_private(user: User) -> None:
    entry = add(user)
    entry.show_to("public", now=timezone.now())
    assert entry.put_in_bin(now=timezone.now())
    assert not Entry.objects.of(user).public().exists()
    assert entry.take_back()
    assert Entry.objects.get().visibility == "private"


@pytest.mark.parametrize(
    "change",
    [
        {"tried": ""},
        {"visibility": "everyone"},
        {"minutes": 0},
        {"visibility": "public"},
    ],
)
def test_the_database_refuses_what_may_never_be(user: User, change: dict[str, Any]) -> None:
    entry = add(user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(**change)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"tried": ""}, "tried"),
        ({"tried": "\0"}, "tried"),
        ({"tried": "x", "learned": "\ud800"}, "learned"),
        ({"tried": "x" * 250_001}, "tried"),
        ({"tried": "x", "title": "x" * 201}, "title"),
        ({"tried": "x", "tags": ("a b",)}, "tags"),
        ({"tried": "x", "tags": tuple(f"t{n}" for n in range(21))}, "tags"),
        ({"tried": "x", "minutes": 1441}, "minutes"),
        ({"tried": "x", "day": dt.date(1969, 12, 31)}, "day"),
        ({"tried": "x", "day": DAY + dt.timedelta(days=2)}, "day"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(words: dict[str, Any], field: str) -> None:
    assert list(Writing(**{"day": DAY, **words}).problems(today=DAY)) == [field]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("cafe\u0301, CAFÉ", ("café",)),
        ("हिन्दी ไทยที่ İstanbul", ("हिन्दी", "ไทยที่", "i̇stanbul")),
        ("#bf16,,  lr-3e-4\tC++", ("bf16", "lr-3e-4", "c++")),
    ],
)
def test_tags_are_words_of_any_language(user: User, typed: str, kept: tuple[str, ...]) -> None:
    assert tags_of(typed) == kept
    assert not Writing(day=DAY, tried="x", tags=kept).problems(today=DAY)
    assert set(add(user, tags=kept).writing().tags) == set(kept)
