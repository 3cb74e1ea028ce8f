"""The manual's pages as they will be once a set of drafts is published, for whoever has a link."""

import re
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from mastery.http import Request, theme_of
from roadmap.changes import Named, Signposts
from roadmap.models import PreviewLink
from roadmap.operations import drafts_of
from roadmap.queries import preview_of

# What is made of the manual alone. Everything else is as it is, at its own address.
PAGES = {
    "home", "roadmap", "phase", "levels", "method", "resources", "provenance", "start",
}  # fmt: skip
# Where a link or a form of a page leads to within the site. `<` stands nowhere but at a tag, and
# our templates and the sanitiser put every value in double quotes.
WITHIN = re.compile(r'(<(?:a|form)\s(?:[^>]*?\s)?(?:href|action)=")(/[^"]*)')
# What a request says of whoever sent it, beside its cookies.
PERSONAL = {"CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE", "HTTP_AUTHORIZATION"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What the pages say of themselves while they are a preview."""

    link: PreviewLink
    drafts: list[Named]


@login_not_required
@require_safe
def preview(request: Request, token: str, rest: str = "") -> HttpResponse:
    link = PreviewLink.objects.by_token(token)
    if link is None:
        raise Http404
    root = reverse("release_preview", args=[token])
    path = "/" + rest.lstrip("/")
    match = page_at(path)
    if match is None:
        # A page whose last slash was forgotten is one all the same.
        path = within(f"{path}/", root) if page_at(f"{path}/") else path
        query = request.META.get("QUERY_STRING", "")
        return sealed(HttpResponseRedirect(path + (f"?{query}" if query else "")))
    with preview_of(link.release) as content:
        signposts = Signposts(content)
        drafts = [signposts.named(row) for row in drafts_of(link.release)]
        visitor = visitors(request, path, match)
        visitor.preview = Preview(link, drafts)
        response: HttpResponse = match.func(visitor, *match.args, **match.kwargs)
    if "Location" in response:
        response["Location"] = within(response["Location"], root)
    response.content = WITHIN.sub(
        lambda found: found[1] + escape(within(unescape(found[2]), root)), response.text
    )
    return sealed(response)


def page_at(path: str) -> ResolverMatch | None:
    """Give the page of the manual at an address of the site; None when there is none."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if match.view_name in PAGES else None


def within(url: str, root: str) -> str:
    """Give the address of a page of the manual as it stands within the preview."""
    parts = urlsplit(url)
    if parts.netloc or not page_at(parts.path):
        return url
    return root + url.removeprefix("/")


class VisitorRequest(WSGIRequest, Request):
    preview: Preview


def visitors(request: HttpRequest, path: str, match: ResolverMatch) -> VisitorRequest:
    """Give a request for a page by nobody in particular: of this browser it has the theme alone."""
    theme = theme_of(request)
    environ = {
        **{name: value for name, value in request.META.items() if name not in PERSONAL},
        "PATH_INFO": path.encode().decode("latin-1"),
        "HTTP_COOKIE": f"theme={theme}" if theme else "",
    }
    visitor = VisitorRequest(environ)
    # Whoever logs in from here comes back here.
    visitor.path = request.path
    visitor.user = AnonymousUser()
    visitor.htmx = HtmxDetails(visitor)
    visitor.resolver_match = match
    return visitor


def sealed(response: HttpResponse) -> HttpResponse:
    """Keep what is not published out of caches, search engines and other sites' logs."""
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
