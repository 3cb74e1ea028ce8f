from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from mastery.http import LearnerRequest, keeps_words, see_other
from mastery.models import User
from roadmap.queries import Manual, ManualMilestone, manual
from tracker.awards import counts_for_a_level, settle
from tracker.conflicts import ConflictError
from tracker.evidence import ASKED, Evidence
from tracker.forms import EvidenceForm, NoteForm, StepForm
from tracker.models import Completion
from tracker.models.notes import MOST_STEPS
from tracker.own_pages import OwnPage, own_page
from tracker.queries import Item

CHANGED = (
    "This evidence was changed elsewhere since you opened it. It stands above as it is now; "
    "save again to put this in its place. What is there now will stand under “As it was before”."
)


@keeps_words("text", "url")
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: LearnerRequest, key: str) -> HttpResponse:
    """Show a milestone's own page, and keep the evidence that is sent from it."""
    content = manual()
    page = find(request.user, content, key, whole=request.GET.get("earlier") == "all")
    milestone = page.item.milestone
    if request.method != "POST":
        return answer(request, content, page)
    if not page.open:
        raise Http404
    before = page.item.evidence
    since = request.POST.get("since") or None
    if "another" in request.POST:
        form = EvidenceForm.another(request.POST, milestone, before)
        return answer(request, content, page, form=form, since=since)
    form = EvidenceForm(request.POST, milestone=milestone, evidence=before)
    if not form.is_valid():
        return answer(request, content, page, form=form, since=since, status=422)
    try:
        save(request.user, content, milestone, form.evidence, began_from=since)
    except ConflictError:
        form.add_error(None, CHANGED)
        page = find(request.user, content, key)
        return answer(request, content, page, form=form, status=409)
    completion = Completion.objects.of(request.user).filter(milestone=milestone.pk).first()
    messages.success(request, told(page.item, Item(milestone, completion), request.user))
    return see_other(reverse("evidence", args=[key]))


def find(user: User, content: Manual, key: str, *, whole: bool = False) -> OwnPage:
    """Give what a person has of a milestone. Raises Http404 where there is no page for them.

    ``whole`` asks for all earlier evidence, not for the last of it.
    """
    milestone = content.milestones.get(key)
    if milestone is None:
        raise Http404
    page = own_page(user, content, milestone, whole=whole)
    if not page.theirs:
        raise Http404
    return page


def answer(
    request: LearnerRequest, content: Manual, page: OwnPage, *, status: int = 200, **forms: Any
) -> HttpResponse:
    """Render the milestone's page; ``forms`` are those that come back with what was typed."""
    item = page.item
    parts = item.evidence.by_part(item.milestone.parts)
    context = {
        "page": page,
        "item": item,
        "phases": [content.phases[slug].row for slug in item.milestone.phases],
        "asked": ASKED[item.milestone.kind],
        "parts": parts,
        "others": [
            link for link in item.evidence.links if not any(link in given for _part, given in parts)
        ],
        "form": EvidenceForm(milestone=item.milestone, evidence=item.evidence),
        # What the two forms began from: one that comes back began where it did.
        "since": item.evidence.version,
        "note_since": page.note.version if page.note else "",
        "note_form": NoteForm(
            initial={"text": page.note.text if page.note else ""}, auto_id="note-%s"
        ),
        "step_form": StepForm(auto_id="step-%s"),
        # The step that was just moved, for it to be moved on.
        "in_hand": next((s for s in page.steps if str(s.pk) == request.GET.get("step")), None),
        "room": len(page.steps) < MOST_STEPS,
        "most_steps": MOST_STEPS,
    }
    return render(request, "tracker/evidence.html", context | forms, status=status)


@transaction.atomic
def save(
    user: User,
    content: Manual,
    milestone: ManualMilestone,
    given: Evidence,
    *,
    began_from: str | None,
) -> None:
    completions, now = Completion.objects.of(user), timezone.now()
    restored = False
    if given and not milestone.open_to_all:
        # As its box does: what left the roadmap is put back as it was, and not done anew.
        restored = completions.restore(user, milestone=milestone.pk, now=now)
    changed = completions.show(
        user,
        milestone=milestone.pk,
        revision=milestone.revision_pk,
        evidence=given,
        kind=milestone.kind,
        on=now.astimezone(user.zone).date(),
        now=now,
        began_from=began_from,
    )
    if (changed or restored) and counts_for_a_level(content, milestone.key):
        settle(user, content, today=user.today)


def told(before: Item, after: Item, user: User) -> str:
    """Say in a sentence or two what came of it."""
    if not before.evidence and not after.evidence:
        return "Nothing to save yet: give a link or a text."
    saved = "Saved, and ticked." if after.done and not before.done else "Saved."
    if after.completion and after.shown and after.completion.shown_on:
        since = after.completion.shown_on
        words = "today" if since == user.today else date_format(since, "j F Y")
        return f"{saved} Shown since {words}."
    if not after.done:
        return saved
    return f"{saved} To count as shown it lacks {' and '.join(after.lacks)}."
