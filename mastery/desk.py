"""The editors' desk: Django's admin, reached through the site's own log-in."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.auth.decorators import login_not_required
from django.db import models
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from mastery.markdown import render

# What editors come for stands first on the index; the rest follows by name.
FIRST = ["roadmap", "mastery"]


class Site(admin.AdminSite):
    site_header = "The editors’ desk"
    site_title = "Mastery: the editors’ desk"
    index_title = "What learners read"

    # Log-in goes through the site's own pages: their rate limits, second factor and look.
    @method_decorator([login_not_required, secure_admin_login])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().login(request, extra_context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        preview = path("preview/", self.admin_view(self.preview), name="preview")
        return [preview, *super().get_urls()]

    @method_decorator(require_POST)
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Render the Markdown an editor is writing, by the renderer of the pages."""
        # Past the cache: what is being typed is shown once.
        return HttpResponse(render.__wrapped__(request.POST.get("text", ""), shift=1))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return Suggestions.as_view(admin_site=self)(request)  # type: ignore[return-value]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List apps by importance, and their models in the order in which they are registered."""
        registered = list(self._registry)
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda entry: registered.index(entry["model"]))
        labels = [*FIRST, *(app["app_label"] for app in apps)]
        return sorted(apps, key=lambda app: labels.index(app["app_label"]))


class Suggestions(AutocompleteJsonView):
    """What the search boxes for related rows offer, each row named as its own admin names it."""

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        name = getattr(self.model_admin, "name_in_search", None)
        return {**result, "text": name(obj)} if name else result


class MarkdownWidget(AdminTextareaWidget):
    """A textarea as high as its text; where there is JavaScript, with a preview."""

    template_name = "admin/widgets/markdown.html"

    class Media:
        css = {"all": ["mastery/admin/markdown.css"]}
        js = [Script("mastery/admin/markdown.js", defer=True)]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "markdown-text", "cols": 90, **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        lines = str(value or "").splitlines()
        context["widget"]["attrs"]["rows"] = max(4, min(24, len(lines) + 1))
        context["widget"]["preview"] = reverse("admin:preview")
        return context
