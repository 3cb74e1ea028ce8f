"""What views of every app share about requests and answers. Knows no app."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
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
