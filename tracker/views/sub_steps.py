from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from mastery.http import LearnerRequest, keeps_words, see_other
from roadmap.queries import manual
from tracker.conflicts import ConflictError
from tracker.forms import StepForm
from tracker.models import SubStep
from tracker.models.notes import MOST_STEPS
from tracker.views.evidence import answer, find

CHANGED = (
    "This step was changed elsewhere since you opened it, to the words above. "
    "Save again to put these in their place."
)


@keeps_words("text")
@require_POST
def add(request: LearnerRequest, key: str) -> HttpResponse:
    """Add a sub-step, or put one back that was removed."""
    content = manual()
    page = find(request.user, content, key)
    form = StepForm(request.POST, auto_id="step-%s")
    if form.is_valid() and not SubStep.objects.add(
        request.user,
        milestone=page.item.milestone.pk,
        text=form.cleaned_data["text"],
        done=request.POST.get("done") == "1",
        at=number(request.POST.get("to", "")),
    ):
        form.add_error("text", f"{MOST_STEPS} steps are as many as fit here. Remove one first.")
    if form.errors:
        return answer(request, content, page, step_form=form, status=422)
    return back(key)


@keeps_words("text")
@require_POST
def change(request: LearnerRequest, key: str, pk: int) -> HttpResponse:
    """Do to a sub-step what was sent: ``done``, ``to`` (its place), ``remove`` or ``text``."""
    content = manual()
    page = find(request.user, content, key)
    step = next((step for step in page.steps if step.pk == pk), None)
    if step is None:
        # Removed twice is removed; somebody else's is not there.
        if "remove" in request.POST and not SubStep.objects.filter(pk=pk).exists():
            return back(key)
        raise Http404
    row, sent = SubStep.objects.of(request.user).filter(pk=pk), request.POST
    if sent.get("done") in {"0", "1"}:
        row.update(done=sent["done"] == "1")
    elif (to := number(sent.get("to", ""))) is not None:
        SubStep.objects.move(step, to)
        return back(key, step)
    elif "remove" in sent:
        row.delete()
        context = {"key": key, "step": step, "to": page.steps.index(step)}
        said = render_to_string("tracker/_removed.html", context, request)
        messages.success(request, said)
    elif "text" in sent:
        form = StepForm(sent, auto_id=f"step-{pk}-%s")
        try:
            if form.is_valid() and not SubStep.objects.reword(
                step, form.cleaned_data["text"], began_from=sent.get("was")
            ):
                form.add_error("text", "You have that step already.")
        except ConflictError:
            page = find(request.user, content, key)
            form.add_error("text", CHANGED)
            return answer(request, content, page, edited=step, edit_form=form, status=409)
        if form.errors:
            return answer(
                request, content, page, edited=step, edit_form=form, was=sent.get("was"), status=422
            )
    else:
        return HttpResponseBadRequest("Send done=1, done=0, to=<place>, text or remove.\n")
    return back(key)


def number(sent: str) -> int | None:
    """Read a place; None where it is none."""
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 4 else None


def back(key: str, in_hand: SubStep | None = None) -> HttpResponse:
    """Lead back to the steps, or to the one that somebody is about to move on."""
    page = reverse("evidence", args=[key])
    return see_other(f"{page}?step={in_hand.pk}#step-{in_hand.pk}" if in_hand else f"{page}#steps")
