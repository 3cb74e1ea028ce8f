from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand

from journal.models import EntryRevision, Picture
from journal.models.revisions import html_of
from mastery.markdown.pictures import Sizes

CHUNK = 200  # revisions in memory and in a statement


class Command(BaseCommand):
    help = (
        "Render the Markdown of every revision of every entry anew. To be run after an upgrade "
        "that changes how Markdown is shown; it may be stopped and run again at any time."
    )

    def handle(self, **options: Any) -> None:
        total = EntryRevision.objects.count()
        done = changed = 0
        for revisions in _chunks():
            sizes = _sizes(revisions)
            stale = [one for one in revisions if _render(one, sizes[one.entry.user_id])]
            EntryRevision.objects.bulk_update(stale, ["html"])
            done += len(revisions)
            changed += len(stale)
            self.stdout.write(f"\r{done} of {total} rendered, {changed} changed", ending="")
            self.stdout.flush()
        self.stdout.write(f"\r{done} of {total} rendered, {changed} changed")


def _chunks() -> Iterator[list[EntryRevision]]:
    """Give all revisions in order of their keys, some at a time, those added meanwhile as well."""
    last = 0
    while True:
        later = EntryRevision.objects.filter(pk__gt=last).select_related("entry").order_by("pk")
        revisions = list(later[:CHUNK])
        if not revisions:
            return
        last = revisions[-1].pk
        yield revisions


def _sizes(revisions: Iterable[EntryRevision]) -> dict[int, Sizes]:
    """Give the sizes of the pictures that revisions name, by whose they are."""
    sizes: defaultdict[int, Sizes] = defaultdict(dict)
    for one in Picture.objects.named_in(revision.writing() for revision in revisions):
        sizes[one.user_id] = {**sizes[one.user_id], one.name: one.dimensions}
    return sizes


def _render(revision: EntryRevision, sizes: Sizes) -> bool:
    """Render one, without saving; say whether its HTML is another now."""
    before = revision.html
    revision.html = html_of(revision.writing(), revision.entry.code, sizes)
    return bool(revision.html != before)
