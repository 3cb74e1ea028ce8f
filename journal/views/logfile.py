from collections.abc import Iterator, Sequence
from itertools import batched
from logging import getLogger
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.import_forms import SHOWN, AnswersForm, How, LogForm
from journal.importing import Answers, BusyError, Progress, carry_out, compare, written
from journal.logfile import Log, write_entry, write_opening
from journal.models import Entry, LogFile, LogImport
from mastery.http import LearnerRequest, keeps_words, see_other

logger = getLogger(__name__)

# Where the steps go into the page that is sent while an import runs.
STEPS = "<!-- steps -->"


class Beginning(NamedTuple):
    """The first of many."""

    first: Sequence[object]
    more: int


@require_safe
@never_cache
def log_file(request: LearnerRequest) -> HttpResponseBase:
    entries = Entry.objects.of(request.user).live()
    kept = LogFile.objects.filter(user=request.user).first() or LogFile()

    def parts() -> Iterator[str]:
        yield write_opening(kept.front_matter, kept.preamble, entries=entries.exists())
        between = ""
        for some in batched(written(entries), 100, strict=False):
            yield between + "\n".join(write_entry(writing, zone) for _pk, zone, writing in some)
            between = "\n"

    return StreamingHttpResponse(
        parts(),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="LOG.md"'},
    )


@keeps_words("text")
@require_http_methods(["GET", "HEAD", "POST"])
def import_log(request: LearnerRequest) -> HttpResponse:
    imports = LogImport.objects.of(request.user)
    form = LogForm(request.POST, request.FILES) if request.method == "POST" else LogForm()
    if form.is_valid():
        sent = imports.create(
            user=request.user, name=form.name, text=form.sent, sent=timezone.now()
        )
        return see_other(reverse("import_check", args=[sent.pk]))
    page = {"form": form, "waiting": imports.waiting().defer("text")[:5]}
    return render(request, "journal/import_log.html", page, status=422 if form.errors else 200)


@require_safe
def import_check(request: LearnerRequest, pk: int) -> HttpResponse:
    sent = get_object_or_404(LogImport.objects.of(request.user), pk=pk)
    if sent.finished:
        return render(request, "journal/import_check.html", {"sent": sent})
    how = How.said_in(request.GET)
    log = how.read(sent, request.user)
    form = AnswersForm(plan=compare(request.user, log), user=request.user)
    return _check_page(request, sent, form, how)


@require_POST
def apply_import(request: LearnerRequest, pk: int) -> HttpResponseBase:
    sent = get_object_or_404(LogImport.objects.of(request.user), pk=pk)
    if sent.finished:
        return see_other(reverse("import_check", args=[pk]))
    how = How.said_in(request.POST)
    log = how.read(sent, request.user)
    form = AnswersForm(request.POST, plan=compare(request.user, log), user=request.user)
    if log.asks_order or not form.is_valid():
        return _check_page(request, sent, form, how, status=422)
    page = render_to_string("journal/import_running.html", {"sent": sent}, request)
    return StreamingHttpResponse(_running(page, sent, log, form.answers()))


@require_POST
def cancel_import(request: LearnerRequest, pk: int) -> HttpResponse:
    sent = get_object_or_404(LogImport.objects.of(request.user).defer("text"), pk=pk)
    if not sent.finished:
        sent.delete()
        messages.success(request, "The file is gone from here. Nothing of it was imported.")
    return see_other(reverse("import_log"))


def _check_page(
    request: LearnerRequest, sent: LogImport, form: AnswersForm, how: How, *, status: int = 200
) -> HttpResponse:
    plan = form.plan
    long: dict[str, Sequence[object]] = {
        "new": plan.new,
        "same": plan.same,
        "refused": plan.refused,
        "bare": plan.log.bare,
        "passed": plan.log.passed,
        "conflicts": plan.conflicts,
    }
    lists = {
        name: Beginning(rows[:SHOWN], max(0, len(rows) - SHOWN)) for name, rows in long.items()
    }
    page = {"sent": sent, "form": form, "plan": plan, "lists": lists, "how": how}
    return render(request, "journal/import_check.html", page, status=status)


def _running(page: str, sent: LogImport, log: Log, answers: Answers) -> Iterator[str]:
    """Send a page bit by bit, so that neither browser nor proxy waits in vain.

    When the browser goes away, this stops at a step, and the transaction takes all of it back.
    """
    before, after = page.split(STEPS)
    yield before
    try:
        for step in carry_out(sent, log, answers, now=timezone.now()):
            if isinstance(step, Progress):
                yield render_to_string("journal/_import_progress.html", {"step": step})
            else:
                yield render_to_string("journal/_import_receipt.html", {"receipt": step})
    except (BusyError, LogImport.DoesNotExist):
        yield render_to_string("journal/_import_stopped.html", {"busy": True, "sent": sent})
    except Exception:
        # The page is half sent: whatever it was has to be said on it.
        logger.exception("An import stopped")
        yield render_to_string("journal/_import_stopped.html", {"sent": sent})
    yield after
