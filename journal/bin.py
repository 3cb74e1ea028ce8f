"""What leaves for good: entries from the bin, drafts that were discarded, pictures of neither."""

import datetime as dt
from dataclasses import dataclass

from django.db import models, transaction

from journal.models import Draft, Entry, IdempotencyKey, LogImport, Picture
from journal.models.entries import KEPT_IN_BIN, EntryQuerySet


@dataclass(frozen=True, slots=True)
class Emptied:
    """How much is gone."""

    entries: int
    drafts: int
    pictures: int


def erase(entries: EntryQuerySet) -> Emptied:
    """Delete entries for good, with their drafts and the pictures that no other entry shows."""
    with transaction.atomic():
        going = list(entries.select_for_update(of=("self",)).only("pk"))
        # First, so that they hold no picture any more.
        drafts = _deleted(Draft.objects.filter(entry__in=going))
        pictures = Picture.objects.gone_with(going)
        Entry.objects.filter(pk__in=[entry.pk for entry in going]).only("pk").delete()
    return Emptied(len(going), drafts, pictures)


def empty(now: dt.datetime) -> Emptied:
    """Delete what has been in the bin for its time, pictures that no entry came to show, and what
    imports and programs left behind.
    """
    LogImport.objects.sweep(now)
    IdempotencyKey.objects.sweep(now)
    expired = now - KEPT_IN_BIN
    gone = erase(Entry.objects.filter(deleted_at__lt=expired))
    drafts = _deleted(Draft.objects.filter(discarded_at__lt=expired))
    return Emptied(gone.entries, gone.drafts + drafts, gone.pictures + Picture.objects.sweep(now))


def _deleted(drafts: models.QuerySet[Draft]) -> int:
    _all, by_model = drafts.only("pk").delete()
    return by_model.get("journal.Draft", 0)
