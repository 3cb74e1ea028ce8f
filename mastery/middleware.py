from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django_htmx.http import HttpResponseClientRedirect

from mastery.http import login_path, page_of, see_other


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
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return super().process_response(request, response)


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Sends strangers to log in and then back to the page they were on.

    A form's address takes POST alone, so the way back is the page that held the form. A fragment
    is never swapped for the log-in form: the browser is told to go there as a whole.
    """

    def handle_no_permission(  # type: ignore[override]  # a client redirect is a plain answer
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
            return super().handle_no_permission(request, view_func)
        login = login_path(page_of(request))
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(login)
        return see_other(login)
