from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mastery.http import LearnerRequest, Request, open_to_visitors, safe_path, see_other
from mastery.models import User
from roadmap.queries import manual
from tracker import claims, visitors
from tracker.queries import completions_of
from tracker.source import DryRun, SourceForm, known, unknown


@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: LearnerRequest) -> HttpResponse:
    """Ask what becomes of the ticks that this browser brought along, and do it."""
    content, here = manual(), visitors.ticks_of(request)
    sent = request.POST if request.method == "POST" else request.GET
    onward = safe_path(request, sent.get("next")) or reverse("progress")
    if request.method != "POST":
        found = claims.difference(here, completions_of(request.user), content)
        return render(request, "tracker/claim.html", {"found": found, "onward": onward})
    answer = request.POST.get("answer")
    if answer not in {"add", "leave"}:
        return HttpResponseBadRequest("Send answer=add or answer=leave.\n")
    # Sent again, the browser brings nothing any more: nothing happens, and nothing is said.
    if answer == "add":
        if found := claims.claim(request.user, content, here):
            say_receipt(request, found)
    elif here:
        messages.info(request, "Your account is as it was, and this browser has let go.")
    response = see_other(onward)
    visitors.forget(response)
    return response


def say_receipt(request: Request, found: claims.Difference) -> None:
    """Tell on the next page what came into an account, which and how many."""
    messages.success(request, render_to_string("tracker/_receipt.html", {"found": found}))


@open_to_visitors
@require_http_methods(["GET", "HEAD", "POST"])
def import_progress(request: Request) -> HttpResponse:
    """Take over the ticks of the source page: first a dry run, then the same with ``add``."""
    if request.method != "POST":
        return render(request, "tracker/import_progress.html", {"form": SourceForm()})
    form = SourceForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "tracker/import_progress.html", {"form": form}, status=422)
    content, here, user = manual(), visitors.ticks_of(request), request.user
    if isinstance(user, User):
        held, today = completions_of(user), user.today
    else:
        held, today = visitors.completions_in(here, content), timezone.now().date()
    ticks = known(form.ticks, content, held, today)
    if "add" not in request.POST:
        dry_run = DryRun(
            claims.difference(ticks, held, content),
            unknown=unknown(form.ticks, ticks),
            unticked=sum(not done for done in form.ticks.values()),
        )
        return render(request, "tracker/import_progress.html", {"form": form, "dry_run": dry_run})
    response = see_other(reverse("progress"))
    if isinstance(user, User):
        if found := claims.claim(user, content, ticks):
            say_receipt(request, found)
        else:
            messages.info(request, "Nothing to add: all of it is there.")
        return response
    try:
        # What is here already keeps its date.
        visitors.keep(response, ticks | here)
    except visitors.TooManyTicksError:
        return HttpResponseBadRequest(visitors.FULL)
    # In a cookie till the next page, where what a learner is told of each would not fit.
    if new := len(ticks.keys() - here.keys()):
        messages.success(request, f"{new} tick{'' if new == 1 else 's'} added, in this browser.")
    else:
        messages.info(request, "Nothing to add: all of it is there.")
    return response
