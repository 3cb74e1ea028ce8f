"""The editors' desk: Django's admin, reached through the site's own log-in."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator


class Site(admin.AdminSite):
    site_header = "Mastery: the editors’ desk"
    site_title = "Mastery"
    index_title = "What learners read"

    # Log-in goes through the site's own pages: their rate limits, second factor and look.
    @method_decorator([login_not_required, secure_admin_login])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().login(request, extra_context)
