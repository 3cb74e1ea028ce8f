"""What views of every app share about requests and answers. Knows no app."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import http_date, url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from mastery.models import User

# Asked by hand by views that only some requests need a token for.
TOKENS = CsrfViewMiddleware(lambda _request: HttpResponse())

ID = re.compile(r"[a-z0-9-]{1,100}")

# What a browser may have chosen over its system's, with the colour of that theme's paper.
THEMES = {"light": "#f5f2ea", "dark": "#161815"}


class Request(HttpRequest):
    """A request that came through our middleware, from anybody."""

    htmx: HtmxDetails


class LearnerRequest(Request):
    """A request to a view that needs a login."""

    user: User


def safe_path(request: HttpRequest, url: str | None) -> str | None:
    """Give the path of a URL on this site, or None for anybody else's."""
    if not url or not url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return None
    parts = urlsplit(url)
    path = parts._replace(scheme="", netloc="").geturl()
    return path if path.startswith("/") and not path.startswith("//") else None


def page_of(request: HttpRequest) -> str:
    """Give the path of the page that a form or fragment was sent from, home when unknown."""
    claims = (
        request.POST.get("next"),
        request.headers.get("HX-Current-URL"),
        request.headers.get("Referer"),
    )
    return next((path for url in claims if (path := safe_path(request, url))), "/")


def login_path(next_path: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: next_path})}"


def see_other(path: str) -> HttpResponse:
    """Redirect after a POST, to be fetched with GET."""
    return HttpResponse(status=303, headers={"Location": iri_to_uri(path)})


def log_in_again(request: HttpRequest) -> HttpResponse:
    """Answer a change that came without a login: say that it is lost, and lead back to its place.

    A form's address takes POST alone, so the way back is the page that held the form. A fragment
    is never swapped for the log-in form: the browser is told to go there as a whole.
    """
    messages.warning(request, "You were logged out, so your last change was not saved.")
    place = request.headers.get("HX-Target", "")
    login = login_path(page_of(request) + (f"#{place}" if ID.fullmatch(place) else ""))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(login)
    return see_other(login)


def open_to_visitors[**P](
    view: Callable[Concatenate[Request, P], HttpResponse],
) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Let a view take a visitor's form without a token, so that the page with it sets no cookie.

    All that a visitor can change is a cookie of their own browser, and the browser has to say
    that a page of this site sent the form; only those too old to say it are believed. A learner's
    form needs its token as everywhere, and one that comes with a token and without a login is a
    learner's whose session is gone: it must not end up in a cookie.
    """

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def checked(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            refusal = TOKENS.process_view(request, view, args, kwargs)
            return refusal or view(request, *args, **kwargs)
        if request.POST.get("csrfmiddlewaretoken"):
            return log_in_again(request)
        if not sent_from_here(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def sent_from_here(request: HttpRequest) -> bool:
    here = f"{request.scheme}://{request.get_host()}"
    return (
        request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and request.headers.get("Origin", here) == here
    )


def keeps_words[View: Callable[..., HttpResponseBase]](*names: str) -> Callable[[View], View]:
    """Mark a view whose form holds words in these fields: a POST that is turned away for want of
    a log-in or of a valid token gets them back, to be sent again.
    """

    def marked(view: View) -> View:
        vars(view)["kept_words"] = names
        return view

    return marked


def words_back(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> HttpResponse | None:
    """Give a form back that could not be taken; nothing if its view keeps no words.

    The page holds the form with a token that is valid, so it is for requests of our own pages.
    """
    names = getattr(view, "kept_words", ())
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        for value in map(str, values)
        if name != "csrfmiddlewaretoken"
    ]
    # Also the empty ones: where a field comes several times, its place says what it belongs to.
    words = [(name, value) for name, value in sent if name in names]
    if not any(value.strip() for _name, value in words):
        return None
    context = {"words": words, "rest": [pair for pair in sent if pair not in words]}
    return render(request, "mastery/words_back.html", context, status=403)


def length_of(request: HttpRequest) -> int:
    """Give how many bytes a request says it sends, as Django reads it."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isdecimal() and said.isascii() else 0


def theme_of(request: HttpRequest) -> str:
    """Give the theme that this browser remembers, or nothing while it follows its system."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


def site(request: HttpRequest) -> dict[str, Any]:
    """Give templates what every page's head needs."""
    theme = theme_of(request)
    return {
        "ORIGIN": settings.ORIGIN,
        "canonical": f"{settings.ORIGIN}{request.path}",
        "theme": theme,
        "papers": {theme: THEMES[theme]} if theme else THEMES,
    }


def revalidated(
    request: HttpRequest,
    response: HttpResponse,
    *,
    indexed: bool = True,
    changed: dt.datetime | None = None,
) -> HttpResponse:
    """Let caches keep what is public today only if they ask each time whether it still is.

    The tag is that of the very bytes, so nothing can pass for what it was; weak, because they may
    be sent packed. ``changed`` has to be a whole second that no other state of the page has.
    """
    etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    # Reading the session tells who asks; a page that never did is the same for everybody.
    personal = request.session.accessed and request.user.is_authenticated
    response.headers["Cache-Control"] = "private, no-cache" if personal else "no-cache"
    if not indexed:
        response.headers["X-Robots-Tag"] = "noindex"
    if response.status_code == 200:
        response.headers["ETag"] = etag
    if changed:
        # Several changes within a second run ahead of the clock, which the header may not.
        shown = min(changed, timezone.now())
        response.headers["Last-Modified"] = http_date(shown.timestamp())
    # As on the page itself, which is packed further out.
    patch_vary_headers(response, ["Accept-Encoding"])
    modified = int(changed.timestamp()) if changed else None
    answer = get_conditional_response(request, etag, modified, response)
    assert isinstance(answer, HttpResponse)
    return answer
