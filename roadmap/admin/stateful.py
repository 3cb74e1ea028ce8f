"""The desk of content that is drafted, lives and is retired: forms, lists and operations' pages."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from roadmap.admin.base import ContentAdmin, Link, short_state
from roadmap.admin.operations import Operation, Publish, Restore, Retire
from roadmap.models import Release, State
from roadmap.operations import RefusedError


def action_of(kind: type[Operation]) -> Any:
    """Make the action of a list, which leads to the operation's page."""

    def action(
        model_admin: "StatefulAdmin", request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse:
        return HttpResponseRedirect(model_admin.page_of(kind.name, rows))

    action.__name__ = kind.name
    return admin.action(permissions=["change"], description=f"{kind.verb}…")(action)


class StatefulForm(forms.ModelForm[Any]):
    """The form of a row that is drafted, lives and is retired."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        state = cleaned.get("state", self.instance.state)
        if cleaned.get("release") and state != State.DRAFT:
            self.add_error(
                "release",
                "Only a draft is published with a set. Make it a draft, or leave this empty.",
            )
        return cleaned


class StatefulAdmin(ContentAdmin):
    """The desk of content that is drafted, lives and is retired, by operations alone."""

    form = StatefulForm
    kinds: ClassVar[Sequence[type[Operation]]] = [Retire, Restore, Publish]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actions = [action_of(kind) for kind in self.kinds]

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"{kind.name}/",
                self.admin_site.admin_view(partial(self.operate, kind=kind)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{kind.name}",
            )
            for kind in self.kinds
        ]
        return [*pages, *super().get_urls()]

    def page_of(self, operation: str, rows: Iterable[Any]) -> str:
        """Give the address of an operation's page for these rows."""
        base = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{operation}")
        return f"{base}?{urlencode({'row': [row.pk for row in rows]}, doseq=True)}"

    def links_for(self, request: HttpRequest, row: Any) -> list[Link]:
        if not self.has_change_permission(request, row):
            return []
        return [
            Link(f"{kind.verb}…", self.page_of(kind.name, [row]))
            for kind in self.kinds
            if kind.needs == row.state
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj is None or obj.state == State.DRAFT else without_release(fieldsets)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "release":
            kwargs.setdefault("queryset", Release.objects.drafts())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="state", ordering="state")
    def standing(self, row: Any) -> str:
        return short_state(row.state)

    def chosen(self, request: HttpRequest) -> list[Any]:
        """Give the rows that the address names, in the order of the list."""
        # More digits than any row's number would be refused by the database.
        pks = [pk for pk in request.GET.getlist("row") if pk.isdecimal() and len(pk) < 16]
        return list(self.get_queryset(request).filter(pk__in=pks).order_by(*self.order(request)))

    def order(self, request: HttpRequest) -> Sequence[Any]:
        return self.get_ordering(request) or self.opts.ordering or ["pk"]

    def operate(self, request: HttpRequest, kind: type[Operation]) -> HttpResponse:
        """Show an operation's page, or do what was sent from it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        page = kind(self.chosen(request), data)
        if page.needless():
            return self.leave(request, page)
        if page.lacks_rows:
            return self.show(request, page, 200)
        if data is not None and page.is_valid():
            try:
                return self.finish(request, page)
            except RefusedError as refused:
                again = kind(self.chosen(request), data)
                if again.needless():
                    # The same was sent twice at once, and the other came first.
                    return self.leave(request, again)
                page.refused = refused.reasons
        return self.show(request, page, 200 if data is None else 422)

    def leave(self, request: HttpRequest, page: Operation) -> HttpResponse:
        self.message_user(request, page.needless(), messages.INFO)
        return HttpResponseRedirect(self.home_of(page.chosen))

    def finish(self, request: HttpRequest, page: Operation) -> HttpResponse:
        with transaction.atomic():
            said = page.run()
            for row in page.rows:
                self.log_change(request, row, said)
        operation, rows, words = page.undo()
        link = format_html('<a href="{}">{}</a>', self.page_of(operation, rows), words)
        self.message_user(request, format_html("{} {}", said, link), messages.SUCCESS)
        return HttpResponseRedirect(self.home_of(page.chosen))

    def home_of(self, rows: Sequence[Any]) -> str:
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if len(rows) == 1:
            return reverse(f"{base}_change", args=[rows[0].pk])
        return reverse(f"{base}_changelist")

    def show(self, request: HttpRequest, page: Operation, status: int) -> HttpResponse:
        obstacles = page.obstacles()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": page.title,
            "page": page,
            "obstacles": obstacles,
            # What stood in its way before is often what it was refused for.
            "reasons": list(dict.fromkeys([*page.refused, *obstacles])),
            "invalid": status == 422 and not page.refused,
            "rests": page.resting(),
            "fieldsets": page.fieldsets(),
            "back": self.home_of(page.chosen),
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/roadmap/operation.html", context, status=status)


def without_release(fieldsets: Any) -> Any:
    """Leave out the set that only drafts are published with."""
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name != "release"]})
        for title, options in fieldsets
    ]
