"""What views of every app share about requests and answers. Knows no app."""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.encoding import iri_to_uri
from django.utils.http import http_date, quote_etag, url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from mastery.models import User

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
    words = [(name, value) for name, value in sent if name in names and value.strip()]
    if not words:
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

    The tag is that of the very bytes, so nothing can pass for what it was. ``changed`` has to be
    a whole second that no other state of the page has.
    """
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
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
    modified = int(changed.timestamp()) if changed else None
    answer = get_conditional_response(request, etag, modified, response)
    assert isinstance(answer, HttpResponse)
    return answer
