"""Drafts: what stands in a form and is not saved as an entry yet."""

import re
from dataclasses import dataclass

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from journal.changes import FieldChange
from journal.forms import EntryForm, key_of, typed, words_in
from journal.models import CODE_PATTERN, PROMPTS, Draft, Entry
from journal.models.drafts import Typed
from journal.steps import chosen, source_of
from journal.text import tidy, unkeepable
from mastery.differences import pieces_of, shortened
from mastery.http import LearnerRequest, see_other
from mastery.models import User
from roadmap.queries import manual

MOST_TYPED = 1_200_000  # characters in one form
MOST_SHOWN = 100  # states of one draft on its page


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form belongs: the entry, its revision that the form began from, and the draft."""

    entry: Entry | None = None
    began_from: int = 0
    draft: str = ""
    version: int | None = None


def place_of(post: QueryDict, entry: Entry | None = None) -> Place:
    """Read what a form carries about its place.

    Who names no revision, such as a script that fetched nothing before, writes on the current
    one. A revision that is no number is none, so that it is a conflict rather than a guess.
    """
    began_from = 0
    if entry:
        began_from = (
            number(post.get("began_from", "")) or 0 if "began_from" in post else entry.revision
        )
    version = number(post.get("draft_version", ""))
    return Place(entry, began_from, code_in(post.get("draft", "")), version)


def code_in(text: str) -> str:
    return text if re.fullmatch(CODE_PATTERN, text) else ""


def number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


@require_POST
def autosave(request: LearnerRequest) -> HttpResponse:
    """Keep what is typed, valid or not. Never touches an entry."""
    user, fields, now = request.user, typed(request.POST), timezone.now()
    texts = words_in(fields)
    if reason := next(filter(None, map(unkeepable, texts)), ""):
        return JsonResponse({"error": reason}, status=422)
    if (size := sum(map(len, texts))) > MOST_TYPED:
        error = f"This is {size:,} characters long; a draft holds {MOST_TYPED:,}. Part it in two."
        return JsonResponse({"error": error}, status=413)
    code = request.POST.get("entry", "")
    entry = get_object_or_404(Entry.objects.of(user), code=code_in(code)) if code else None
    place = place_of(request.POST, entry)
    saved = f"{now.astimezone(user.zone):%H:%M}"
    if came_late(user, fields, place):
        return JsonResponse({"draft": "", "version": "", "saved": saved, "forked": False})
    try:
        draft, forked = Draft.objects.keep(
            user,
            fields,
            entry=entry,
            began_from=place.began_from,
            code=place.draft,
            version=place.version,
            now=now,
        )
    except IntegrityError:
        raise Http404("The entry was deleted for good just now.") from None
    return JsonResponse(
        {"draft": draft.code, "version": draft.version, "saved": saved, "forked": forked}
    )


def came_late(user: User, fields: Typed, place: Place) -> bool:
    """Say whether a form has no draft and says what its entry says: it was saved before this."""
    entry = place.entry or Entry.objects.of(user).filter(code=key_of(fields)).first()
    if entry is None or Draft.objects.of(user).open().filter(code=place.draft).exists():
        return False
    choices = {} if place.entry else chosen(source_of(user, fields), fields)
    form = EntryForm(fields, user=user, manual=manual(), entry=entry, choices=choices, bound=True)
    if not form.is_valid() or form.cleaned_data["visibility"] != entry.visibility:
        return False
    return form.writing == entry.writing()


@require_safe
def draft(request: LearnerRequest, code: str) -> HttpResponse:
    """Show a draft, or one of its earlier states: the words, and what they differ in from now."""
    row = get_object_or_404(Draft.objects.of(request.user).select_related("entry"), code=code)
    fields: Typed = row.fields
    checkpoint = None
    if "at" in request.GET:
        at = number(request.GET["at"])
        checkpoint = get_object_or_404(row.checkpoints, pk=at)
        fields = checkpoint.fields
    texts = {name: tidy(str(fields.get(name, ""))) for name in ("title", *PROMPTS, "tags")}
    now = row.fields if checkpoint else {name: getattr(row.entry, name, "") for name in PROMPTS}
    changes = [
        FieldChange(
            name.capitalize(), shortened(pieces_of(tidy(str(now.get(name, ""))), texts[name]))
        )
        for name in PROMPTS
        if (checkpoint or row.entry) and tidy(str(now.get(name, ""))) != texts[name]
    ]
    context = {
        "draft": row,
        "path": path_of(row),
        "texts": {name: text for name, text in texts.items() if text},
        "checkpoint": checkpoint,
        "changes": changes,
        "checkpoints": row.checkpoints.defer("fields")[:MOST_SHOWN],
    }
    return render(request, "journal/draft.html", context)


@require_POST
def discard_draft(request: LearnerRequest, code: str) -> HttpResponse:
    row = get_object_or_404(Draft.objects.of(request.user).select_related("entry"), code=code)
    Draft.objects.open().filter(pk=row.pk).update(discarded_at=timezone.now())
    messages.success(request, "The draft is discarded. It stays in the bin for 30 days.")
    return see_other(path_of(row).partition("?")[0])


@require_POST
def restore_draft(request: LearnerRequest, code: str) -> HttpResponse:
    """Take a discarded draft back, or an earlier state of one that ``checkpoint`` names."""
    row = get_object_or_404(Draft.objects.of(request.user).select_related("entry"), code=code)
    checkpoint = None
    if "checkpoint" in request.POST:
        checkpoint = get_object_or_404(row.checkpoints, pk=number(request.POST["checkpoint"]))
    Draft.objects.filter(pk=row.pk).update(discarded_at=None)
    if checkpoint:
        row.go_back_to(checkpoint, now=timezone.now())
    messages.success(request, "The draft is in the form again. Save it to keep it as the entry.")
    return see_other(path_of(row))


def path_of(draft: Draft) -> str:
    """Give the address of the form with a draft in it."""
    entry = draft.entry
    path = reverse("edit_entry", args=[entry.code]) if entry else reverse("new_entry")
    return f"{path}?draft={draft.code}"
