from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from mastery.http import LearnerRequest, see_other
from roadmap.queries import manual
from tracker.forms import StepForm
from tracker.models import SubStep
from tracker.models.notes import MOST_STEPS
from tracker.views.evidence import answer, find


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
    elif "remove" in sent:
        row.delete()
        context = {"key": key, "step": step, "to": page.steps.index(step)}
        said = render_to_string("tracker/_removed.html", context, request)
        messages.success(request, said)
    elif "text" in sent:
        form = StepForm(sent, auto_id=f"step-{pk}-%s")
        if form.is_valid() and any(
            one.text == form.cleaned_data["text"] for one in page.steps if one.pk != pk
        ):
            form.add_error("text", "You have that step already.")
        if form.errors:
            return answer(request, content, page, edited=step, edit_form=form, status=422)
        row.update(text=form.cleaned_data["text"])
    else:
        return HttpResponseBadRequest("Send done=1, done=0, to=<place>, text or remove.\n")
    return back(key)


def number(sent: str) -> int | None:
    """Read a place; None where it is none."""
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 4 else None


def back(key: str) -> HttpResponse:
    return see_other(f"{reverse('evidence', args=[key])}#steps")
