"""The bin: what was deleted, for 30 days."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.bin import erase
from journal.models import PROMPTS, Draft, Entry
from journal.models.entries import KEPT_IN_BIN, EntryQuerySet
from mastery.http import LearnerRequest, see_other

PAGE = 50


@dataclass(frozen=True, slots=True)
class Binned[Row]:
    row: Row
    days_left: int


@require_safe
def journal_bin(request: LearnerRequest) -> HttpResponse:
    user, now = request.user, timezone.now()
    page = Paginator(in_short(Entry.objects.of(user).binned()), PAGE).get_page(
        request.GET.get("page")
    )
    drafts = Draft.objects.of(user).discarded().order_by("-discarded_at", "-pk").in_short()[:PAGE]
    context = {
        "page": page,
        "entries": [Binned(row, days_left(row.deleted_at, now)) for row in page],
        "drafts": [Binned(row, days_left(row.discarded_at, now)) for row in drafts],
    }
    return render(request, "journal/journal_bin.html", context)


def in_short(entries: EntryQuerySet) -> EntryQuerySet:
    """Bring entries without their texts but for the beginning, as ``excerpt``."""
    filled = [NullIf(prompt, Value("")) for prompt in PROMPTS]
    return (
        entries.defer(*PROMPTS)
        .annotate(excerpt=Left(Coalesce(*filled, Value("")), 140))
        .order_by("-deleted_at", "-pk")
    )


def days_left(since: dt.datetime | None, now: dt.datetime) -> int:
    """Count the day under way as a whole one."""
    assert since
    return max(0, -((now - since - KEPT_IN_BIN) // dt.timedelta(days=1)))


@require_POST
def delete_entry(request: LearnerRequest, code: str) -> HttpResponse:
    entry = get_object_or_404(Entry.objects.of(request.user), code=code)
    entry.put_in_bin(now=timezone.now())
    told = render_to_string("journal/_binned.html", {"entry": entry}, request)
    messages.success(request, mark_safe(told))  # noqa: S308  (a template, with a form to undo it)
    return see_other(reverse("journal"))


@require_POST
def restore_entry(request: LearnerRequest, code: str) -> HttpResponse:
    entry = get_object_or_404(Entry.objects.of(request.user), code=code)
    if entry.take_back():
        messages.success(request, "The entry is back. It is private.")
    return see_other(entry.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
def delete_for_good(request: LearnerRequest, code: str) -> HttpResponse:
    binned = Entry.objects.of(request.user).binned()
    entry = get_object_or_404(binned, code=code)
    if request.method != "POST":
        return render(request, "journal/delete_for_good.html", {"entry": entry})
    erase(binned.filter(pk=entry.pk))
    messages.success(request, "The entry is deleted for good.")
    return see_other(reverse("journal_bin"))
