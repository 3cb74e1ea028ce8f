"""Pages that join the apps, and those that belong to none: accounts, health, errors."""

from allauth.usersessions.models import UserSession
from django.conf import settings as site_settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.api import refusal
from journal.authors import Author, author_of, excerpt
from journal.queries import last_entries, open_drafts
from mastery.forms import ProfileForm, SettingsForm
from mastery.http import (
    THEMES,
    LearnerRequest,
    Request,
    keeps_words,
    page_of,
    revalidated,
    see_other,
    words_back,
)
from roadmap.changes import unread
from roadmap.models import Chapter
from roadmap.queries import Manual, manual
from tracker.ladder import ladder_of
from tracker.outlook import outlook_of
from tracker.queries import board_of, completions_of, due_again
from tracker.visitors import ticks_of

YEAR = 365 * 24 * 3600  # seconds


@login_not_required
@require_safe
def home(request: Request) -> HttpResponse:
    content = manual()
    board = board_of(request.user, content, ticks_of(request))
    context: dict[str, object] = {
        "manual": content,
        "board": board,
        "changes": unread(request.user, content),
    }
    if not request.user.is_authenticated:
        return render(request, "mastery/home.html", context)
    context |= {
        "outlook": outlook_of(request.user, content, board),
        "again": due_again(request.user, content, board),
        "entries": last_entries(request.user, 3),
        "drafts": open_drafts(request.user, 1),
    }
    return render(request, "mastery/today.html", context)


@login_not_required
@require_safe
def roadmap(request: Request) -> HttpResponse:
    content = manual()
    return render(
        request,
        "roadmap/roadmap.html",
        {
            "manual": content,
            "board": board_of(request.user, content, ticks_of(request)),
            "changes": unread(request.user, content),
            "mental_model": content.chapters[Chapter.Section.MENTAL_MODEL],
            "branches": content.chapters[Chapter.Section.BRANCHES],
            "overview": content.chapters[Chapter.Section.OVERVIEW],
        },
    )


@login_not_required
@require_safe
def phase(request: Request, slug: str) -> HttpResponse:
    content = manual()
    if slug not in content.phases:
        return left(request, content, slug)
    board = board_of(request.user, content, ticks_of(request))
    before, after = content.neighbours(slug)
    return render(
        request,
        "roadmap/phase.html",
        {
            "page": content.phases[slug],
            "links": content.links,
            "before": before,
            "after": after,
            "board": board,
            "part": board.whole(slug),
        },
    )


def left(request: Request, content: Manual, slug: str) -> HttpResponse:
    """Lead on from the address of a phase that has another one now, or none any more.

    Raises Http404 for what never was public.
    """
    if slug not in content.retired:
        if slug not in content.moved:
            raise Http404
        return redirect("phase", content.moved[slug], permanent=True)
    board = board_of(request.user, content, ticks_of(request))
    text = f"“{content.retired[slug]}” has left the roadmap."
    if not any(slug in item.milestone.since for item in board.off_the_roadmap):
        messages.info(request, text, fail_silently=True)
        return redirect("roadmap")
    messages.info(request, f"{text} What you ticked of it stays with you, and stands here.")
    return redirect(f"{reverse('progress')}#off-the-roadmap")


@login_not_required
@require_safe
def levels(request: Request) -> HttpResponse:
    content = manual()
    ladder = ladder_of(request.user, content, completions_of(request.user))
    return render(request, "mastery/levels.html", {"ladder": ladder})


@login_not_required
@require_safe
def profile(request: Request, handle: str) -> HttpResponse:
    """Show what a person shows: the log when there is one, the rest when they switched it on."""
    author = author_of(handle)
    if author is None or not author.has_page:
        raise Http404
    indexed = not author.is_new
    context = {"author": author, "shown": shown_of(author), "indexed": indexed}
    return revalidated(request, render(request, "mastery/profile.html", context), indexed=indexed)


@login_not_required
@require_safe
def small_handle(request: Request, handle: str, rest: str = "") -> HttpResponse:
    """Lead whoever typed a handle in capitals to the page in lower case, if there is one."""
    path = request.get_full_path()
    return redirect(path.replace(f"/@{handle}/", f"/@{handle.lower()}/", 1), permanent=True)


@keeps_words("about")
@require_http_methods(["GET", "HEAD", "POST"])
def profile_settings(request: LearnerRequest) -> HttpResponse:
    """Keep what a person says of themselves, and show them what strangers see of it."""
    author = author_of(request.user.handle)
    assert author is not None  # whoever is logged in is active
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=author.user)
    # Asked for on a form not sent as well; it puts what was typed into the author.
    valid = form.is_valid()
    if valid and "preview" not in request.POST:
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("profile_settings")
    context = {"form": form, "author": author, "shown": shown_of(author), "previewed": valid}
    status = 422 if form.errors else 200
    return render(request, "mastery/profile_settings.html", context, status=status)


def shown_of(author: Author) -> dict[str, object]:
    """Give the newest entries, each with what to call it, and the tags that stand on a profile."""
    entries = author.entries().order_by("-day", "-pk")[:5]
    called = [(entry, entry.title or excerpt(entry)) for entry in entries]
    return {"entries": called, "tags": author.tags()[:30]}


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: LearnerRequest) -> HttpResponse:
    content = manual()
    form = SettingsForm(
        request.POST if request.method == "POST" else None,
        instance=request.user,
        tracks=[(track.slug, track.name) for track in content.tracks],
        levels=[(level.slug, str(level)) for level in content.levels],
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your settings are saved.")
        return redirect("settings")
    status = 422 if form.errors else 200
    return render(request, "mastery/settings.html", {"form": form}, status=status)


@require_POST
def end_session(request: LearnerRequest, pk: int) -> HttpResponse:
    """End one of a person's own sessions; to end the one they are in is to log out."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    here = session.is_current()
    session.end()
    if here:
        logout(request)
        return see_other(reverse("home"))
    messages.success(request, "The session is ended.")
    return see_other(reverse("usersessions_list"))


# Exempt: it changes nothing but a cookie of the browser that sends it, and a page that anybody may
# read should not need a cookie of its own for the sake of a form in its foot.
@csrf_exempt
@login_not_required
@require_POST
def theme(request: Request) -> HttpResponse:
    """Remember light or dark for this browser; to follow the system is to remember nothing."""
    chosen = request.POST.get("theme", "")
    if chosen not in {"system", *THEMES}:
        return HttpResponseBadRequest("Send theme=system, theme=light or theme=dark.\n")
    # The form stands at the foot of a page that may be long: whoever used it stays there.
    response = see_other(f"{page_of(request)}#theme")
    if chosen == "system":
        response.delete_cookie("theme", samesite="Lax")
    else:
        response.set_cookie(
            "theme", chosen, max_age=YEAR, secure=True, httponly=True, samesite="Lax"
        )
    return response


@login_not_required
@require_safe
def manifest(request: Request) -> HttpResponse:
    """Tell a phone how to put the site beside its apps. A view: it names versioned files."""
    icons = [
        {
            "src": static(f"mastery/icons/{name}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in (("icon", "any"), ("maskable", "maskable"))
        for size in (192, 512)
    ]
    response = JsonResponse(
        {
            "name": "Mastery: a field manual with memory",
            "short_name": "Mastery",
            "description": "From software engineer to machine learning researcher.",
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "lang": "en-GB",
            "background_color": THEMES["light"],
            "theme_color": THEMES["light"],
            "icons": icons,
        },
        content_type="application/manifest+json",
    )
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@login_not_required
@require_safe
def robots(request: Request) -> HttpResponse:
    closed = ["/accounts/", "/admin/", "/journal/", "/progress/", "/settings/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    lines += ["", f"Sitemap: {site_settings.ORIGIN}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def favicon(request: Request) -> HttpResponse:
    """Lead those that guess the icon's address to the real one."""
    return redirect(static("mastery/icons/favicon.ico"))


@login_not_required
@require_safe
def healthz(request: Request) -> HttpResponse:
    """Say that this process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: Request) -> HttpResponse:
    """Say whether pages can be served: the database answers and has every migration."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("the database does not answer\n", "text/plain", status=503)
    if behind:
        return HttpResponse(f"{len(behind)} migrations to apply\n", "text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, 400) or render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, 404) or render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request: whatever broke the page may break its header too.
    return refusal(request, 500) or render(None, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    # Logging in makes old pages invalid. Words come back to those who sent them from a page of
    # ours alone: anybody else's page would get a form that its visitor has only to send.
    ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    place = request.resolver_match if ours else None
    if place and (page := words_back(request, place.func)):
        return page
    return render(request, "403_csrf.html", status=403)
