"""The editors' desk: Django's admin, reached through the site's own log-in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol

import pghistory
from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.views import shortcut
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from mastery.markdown import render
from mastery.models import User

# What editors come for stands first on the index; the rest follows by name.
FIRST = ["roadmap", "mastery"]


type View = Callable[[HttpRequest], HttpResponseBase]


class Notice(Protocol):
    """Something that waits for somebody, as a sentence, and the page where it is seen to."""

    @property
    def text(self) -> str: ...
    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the desk that belongs to no one model, for those who have the permission."""

    name: str
    title: str
    summary: str
    permission: str
    view: View
    attention: "Callable[[], Iterable[Notice]]" = list

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.name}")


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pages: dict[str, Page] = {}

    def page(
        self,
        name: str,
        *,
        title: str,
        summary: str,
        permission: str,
        attention: Callable[[], Iterable[Notice]] = list,
    ) -> Callable[[View], View]:
        """Put a view on the desk at ``/admin/<name>/``, as ``admin:<name>``.

        It is listed on the index, with what needs ``attention`` above, and answers 403 to those
        without the permission.
        """

        def add(view: View) -> View:
            guarded = permission_required(permission, raise_exception=True)(view)
            self.pages[name] = Page(name, title, summary, permission, guarded, attention)
            return view

        return add

    def pages_for(self, request: HttpRequest) -> list[Page]:
        return [page for page in self.pages.values() if request.user.has_perm(page.permission)]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "desk_pages": self.pages_for(request)}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        preview = path("preview/", self.admin_view(self.preview), name="preview")
        # Before Django's own, which asks nothing of whoever follows it.
        on_site = path(
            "r/<path:content_type_id>/<path:object_id>/",
            self.admin_view(self.view_on_site),
            name="view_on_site",
        )
        pages = [
            path(f"{page.name}/", self.admin_view(page.view), name=page.name)
            for page in self.pages.values()
        ]
        return [preview, on_site, *pages, *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's, and whatever a view changes is put down to whoever is logged in.

        All pages of a model are closed to those who may not even look at its rows; some of
        Django's ask only when there is such a row.
        """
        inner: Callable[..., HttpResponseBase] = super().admin_view(view, cacheable)

        @wraps(inner)
        def known(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and not is_for(request, view):
                raise PermissionDenied
            if request.method != "POST" or not isinstance(request.user, User):
                return inner(request, *args, **kwargs)
            keep_numbers(request)
            # By number alone: the history outlives accounts, and nobody's name is to stay in it.
            with pghistory.context(user=request.user.pk):
                return inner(request, *args, **kwargs)

        return known

    @method_decorator(require_POST)
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Render the Markdown an editor is writing, by the renderer of the pages."""
        # Past the cache: what is being typed is shown once.
        return HttpResponse(render.__wrapped__(request.POST.get("text", ""), shift=1))

    def view_on_site(
        self, request: HttpRequest, content_type_id: str, object_id: str
    ) -> HttpResponse:
        """Lead to a row's page, for those who may see the row here: an address can be a secret."""
        number = content_type_id.isdecimal() and len(content_type_id) < 10
        kind = ContentType.objects.filter(pk=content_type_id).first() if number else None
        model = kind.model_class() if kind else None
        rows = self._registry.get(model) if model else None
        if rows is None or not rows.has_view_permission(request):
            raise PermissionDenied
        if rows.get_object(request, object_id) is None:
            raise Http404
        return shortcut(request, content_type_id, object_id)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        waiting = [one for page in self.pages_for(request) for one in page.attention()]
        content = request.user.has_module_perms("roadmap")
        context = {
            "desk_attention": waiting,
            "title": self.index_title if content else "People, and what they publish",
        }
        return super().index(request, {**context, **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        try:
            return super().app_index(request, app_label, extra_context)
        except Http404:
            # The addresses hold no other labels: there is something, and not for this person.
            raise PermissionDenied from None

    def catch_all_view(self, request: HttpRequest, url: str) -> HttpResponse:
        """Tell only superusers what is not there: to others it looks like what is not theirs."""
        try:
            return super().catch_all_view(request, url)
        except Http404:
            if request.user.is_superuser:
                raise
            raise PermissionDenied from None

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


def is_for(request: HttpRequest, view: Any) -> bool:
    """Say whether somebody may do anything with the rows that a view is about, if it is."""
    rows = getattr(view, "__self__", None)
    if not isinstance(rows, admin.ModelAdmin):
        return True
    return rows.has_view_or_change_permission(request) or rows.has_add_permission(request)


def is_number(sent: object) -> bool:
    """Say whether what was sent can be the number of a row; longer ones the database refuses."""
    text = str(sent)
    return text.isascii() and text.isdecimal() and len(text) < 19


def keep_numbers(request: HttpRequest) -> None:
    """Leave of the rows chosen in a list those that can be rows: Django looks up what it gets."""
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
    if not all(map(is_number, chosen)):
        sent = request.POST.copy()
        sent.setlist(ACTION_CHECKBOX_NAME, [one for one in chosen if is_number(one)])
        request.POST = sent  # type: ignore[assignment]


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
