"""A person's own log to read: the list with its search, one entry, the tags and milestones."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from journal.models import Entry
from journal.queries import Asked, all_tags, entry_page, linked_milestones, log_of
from mastery.http import LearnerRequest


@require_safe
def journal(request: LearnerRequest) -> HttpResponse:
    query = request.GET
    number = query.get("page", "")
    log = log_of(
        request.user,
        Asked.read(query),
        before=query.get("before", ""),
        after=query.get("after", ""),
        number=int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 1,
    )
    return render(request, "journal/journal.html", {"log": log, "today": request.user.today})


@require_safe
def tags(request: LearnerRequest) -> HttpResponse:
    context = {
        "tags": list(all_tags(request.user)),
        "milestones": linked_milestones(request.user),
        "today": request.user.today,
    }
    return render(request, "journal/tags.html", context)


@require_safe
def entry(request: LearnerRequest, code: str) -> HttpResponse:
    mine = Entry.objects.of(request.user).live().with_words()
    found = get_object_or_404(mine, code=code)
    found.user = request.user  # of whom the public address tells the handle
    context = {"page": entry_page(found), "visibilities": Entry.Visibility}
    return render(request, "journal/entry.html", context)
