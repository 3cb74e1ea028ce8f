from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from journal.models import EntryRevision
from journal.models.revisions import html_of

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
            stale = [revision for revision in revisions if _render(revision)]
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


def _render(revision: EntryRevision) -> bool:
    """Render one, without saving; say whether its HTML is another now."""
    before, revision.html = revision.html, html_of(revision.writing(), revision.entry.code)
    return bool(revision.html != before)
