"""An entry's history: its revisions, what changed between them, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from journal.changes import FieldChange, changes_of
from journal.models import ConflictError, Entry, EntryRevision
from journal.views.drafts import number
from mastery.http import LearnerRequest, see_other
from roadmap.queries import manual

PAGE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """A revision and what it changed in the one before."""

    revision: EntryRevision
    changes: list[FieldChange]


@require_safe
def entry_history(request: LearnerRequest, code: str) -> HttpResponse:
    entry = get_object_or_404(Entry.objects.of(request.user).live(), code=code)
    if "from" in request.GET or "to" in request.GET:
        return compared(request, entry)
    if "revision" in request.GET:
        revision = revision_of(entry, request.GET["revision"])
        return render(request, "journal/revision.html", {"entry": entry, "revision": revision})
    rows = entry.revisions.defer("html")
    if "before" in request.GET:
        rows = rows.filter(number__lt=number(request.GET["before"]) or 0)
    # One more than is shown: the last one is told by what it changed, too.
    found = list(rows[: PAGE + 1])
    context = {
        "entry": entry,
        "told": told(found)[:PAGE],
        "older": found[PAGE - 1].number if len(found) > PAGE else None,
        "newer": "before" in request.GET,
    }
    return render(request, "journal/entry_history.html", context)


def compared(request: LearnerRequest, entry: Entry) -> HttpResponse:
    """Show what changed between any two revisions; the current one stands in for a missing one."""
    after = revision_of(entry, request.GET.get("to") or str(entry.revision))
    before = revision_of(entry, request.GET.get("from") or str(max(1, after.number - 1)))
    changes = changes_of(before.writing(), after.writing(), wordings=wordings())
    context = {"entry": entry, "before": before, "after": after, "changes": changes}
    return render(request, "journal/entry_changes.html", context)


@require_POST
def restore_revision(request: LearnerRequest, code: str, number: int) -> HttpResponse:
    """Make an earlier revision's words those of a new one."""
    entry = get_object_or_404(Entry.objects.of(request.user).live(), code=code)
    revision = get_object_or_404(entry.revisions, number=number)
    try:
        changed = entry.rewrite(
            revision.writing(),
            began_from=entry.revision,
            now=timezone.now(),
            restored_from=number,
        )
    except ConflictError:
        messages.warning(request, "The entry was saved elsewhere meanwhile. Look at it first.")
        return see_other(reverse("entry_history", args=[code]))
    if changed:
        messages.success(request, f"Revision {number} is back, as revision {entry.revision}.")
    else:
        messages.info(request, f"The entry reads like revision {number} already.")
    return see_other(entry.get_absolute_url())


def told(revisions: Sequence[EntryRevision]) -> list[Told]:
    names = wordings()
    pairs = [
        Told(after, changes_of(before.writing(), after.writing(), wordings=names))
        for after, before in pairwise(revisions)
    ]
    return pairs + [Told(first, []) for first in revisions[-1:]]


def revision_of(entry: Entry, text: str) -> EntryRevision:
    found = number(text)
    if found is None:
        raise Http404
    return get_object_or_404(entry.revisions, number=found)


def wordings() -> dict[str, str]:
    return {key: one.wording for key, one in manual().milestones.items()}
