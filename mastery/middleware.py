from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.core.exceptions import BadRequest, DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django.utils.cache import has_vary_header

from mastery.http import log_in_again, words_back


def may_speak_plain_http(request: HttpRequest) -> bool:
    try:
        host, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        # Answered with 400 further in, where the answer still gets its security headers.
        return True
    return host in settings.PLAIN_HTTP_HOSTS


class TransportMiddleware(SecurityMiddleware):
    """Django's own, with one exception: this machine may be spoken to in plain http.

    The settings redirect http and make every cookie Secure. A browser on localhost would lose
    those cookies, and nobody could try the site out without a certificate.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if may_speak_plain_http(request):
            return None
        return super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.is_secure() and may_speak_plain_http(request):
            for cookie in response.cookies.values():
                cookie["secure"] = ""
        if has_vary_header(response, "Cookie"):
            # What is for one person is for no cache that people share.
            response.headers.setdefault("Cache-Control", "private")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return super().process_response(request, response)


class QueryMiddleware:
    """Answers NUL in a query with 400: no text in Postgres has it, and to ask for it is an error.

    Bodies are left to forms, whose text fields refuse it beside the field, and queries to views
    that say of themselves ``refuses_nul``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: object
    ) -> None:
        query = request.META.get("QUERY_STRING", "")
        if ("%00" in query or "\0" in query) and not getattr(view, "refuses_nul", False):
            raise BadRequest("NUL in the query")


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Sends strangers to log in and then back to the page they were on.

    Whoever sent words that took long to write gets them back.
    """

    def handle_no_permission(  # type: ignore[override]  # a client redirect is a plain answer
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
            return super().handle_no_permission(request, view_func)
        return words_back(request, view_func) or log_in_again(request)
