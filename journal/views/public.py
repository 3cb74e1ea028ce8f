"""What anybody may read of a log: its public entries, one by one, by tag and as feeds."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from journal.authors import Author, author_of, excerpt
from journal.feeds import atom
from journal.keyset import Place, page_of
from journal.models import Entry
from journal.models.entries import EntryQuerySet
from mastery.feeds import LENGTH, TYPE
from mastery.http import Request, revalidated
from roadmap.queries import manual


@login_not_required
@require_safe
def public_log(request: Request, handle: str) -> HttpResponse:
    author = author_with_log(handle)
    return show_list(request, "journal/public_log.html", author, author.entries())


@login_not_required
@require_safe
def public_tag(request: Request, handle: str, tag: str) -> HttpResponse:
    author = author_with_log(handle)
    entries = author.entries().filter(tags__name=tag)
    return show_list(request, "journal/public_tag.html", author, entries, tag=tag)


@login_not_required
@require_safe
def public_entry(request: Request, handle: str, code: str, slug: str = "") -> HttpResponse:
    """Show an entry to whoever has its address; one that is only unlisted, by itself."""
    author, entry = entry_of(handle, code)
    listed = entry.visibility == Entry.Visibility.PUBLIC
    indexed = listed and not author.is_new
    if slug != entry.slug:
        return revalidated(request, redirect(entry.public_path, permanent=True), indexed=indexed)
    milestones = manual().milestones
    keys = [milestone.key for milestone in entry.milestones.all()]
    context = {
        "author": author,
        "entry": entry,
        "listed": listed,
        "indexed": indexed,
        "excerpt": excerpt(entry),
        "milestones": [milestones[key] for key in keys if key in milestones],
    }
    if listed:
        place, others = Place.of(entry), author.entries()
        context["newer"] = place.newer(others).first()
        context["older"] = place.older(others).first()
    return revalidated(
        request, render(request, "journal/public_entry.html", context), indexed=indexed
    )


@login_not_required
@require_safe
def feed(request: Request, handle: str) -> HttpResponse:
    author = author_with_log(handle)
    return send_feed(request, author, author.entries())


@login_not_required
@require_safe
def tag_feed(request: Request, handle: str, tag: str) -> HttpResponse:
    author = author_with_log(handle)
    return send_feed(request, author, author.entries().filter(tags__name=tag), tag=tag)


def author_with_log(handle: str) -> Author:
    author = author_of(handle)
    if author is None or not author.has_log:
        raise Http404
    return author


def entry_of(handle: str, code: str) -> tuple[Author, Entry]:
    """Find an entry by its address in one query, whether or not there is such a handle."""
    shared = Entry.objects.shared().filter(user__handle=handle, user__is_active=True)
    entry = get_object_or_404(shared.with_words().select_related("user"), code=code)
    author = author_of(handle)
    if author is None:  # gone between the two
        raise Http404
    return author, entry


def show_list(
    request: Request, template: str, author: Author, entries: EntryQuerySet, *, tag: str = ""
) -> HttpResponse:
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    try:
        page = page_of(entries.with_words(), before=before, after=after)
    except ValueError:
        raise Http404 from None
    if tag and not page.entries and not entries.exists():
        raise Http404
    context: dict[str, Any] = {
        "author": author,
        "page": page,
        "tag": tag,
        "indexed": not author.is_new,
    }
    if before or after:
        context["canonical"] = f"{settings.ORIGIN}{request.get_full_path()}"
    return revalidated(request, render(request, template, context), indexed=not author.is_new)


def send_feed(
    request: Request, author: Author, entries: EntryQuerySet, *, tag: str = ""
) -> HttpResponse:
    newest = entries.with_words().order_by("-published_at", "-pk")[:LENGTH]
    if not newest:
        raise Http404
    response = HttpResponse(atom(author, newest, tag=tag), content_type=TYPE)
    return revalidated(request, response, indexed=not author.is_new, changed=author.changed)
