"""The pages of what happened to a row: its history, what was deleted, putting back."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from roadmap import history, reverting
from roadmap.history import Author, Save
from roadmap.models import MilestoneRevision
from roadmap.telling import Names, row_name, tell

SAVES_ON_PAGE = 20
ROWS_ON_PAGE = 50
MOST = 2**63
SAVING = 4_310_720_255


def one_at_a_time() -> None:
    """Wait until nobody else on the desk is saving; the end of the transaction lets others on.

    What is compared with the stored rows stays true until it is written, whichever rows a form
    holds beside its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SAVING])


class HistoryMixin(admin.ModelAdmin[Any]):
    """The history of rows as triggers keep it, instead of the admin's log of its own forms."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("deleted/", wrap(self.deleted_view), name=f"{name}_deleted"),
            path(
                "<path:object_id>/history/put-back/",
                wrap(self.put_back_view),
                name=f"{name}_put_back",
            ),
            *super().get_urls(),
        ]

    def to(self, page: str, *args: Any, **query: str) -> str:
        """Give the address of one of this model's pages."""
        base = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)
        return f"{base}?{urlencode(query)}" if query else base

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row, pk, name = self.row_or_404(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        keys: Page[str] = Paginator(history.keys_of_saves(self.model, pk), SAVES_ON_PAGE).get_page(
            request.GET.get("p")
        )
        saves = tell(self.model, pk, history.saves(self.model, pk, list(keys)))
        put_back = self.to("put_back", pk) if self.has_change_permission(request, row) else ""
        return self.page(
            request,
            "admin/roadmap/history.html",
            f"History of “{name}”",
            row=row,
            name=name,
            saves=saves,
            pages=keys,
            put_back=put_back,
            **(extra_context or {}),
        )

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """List the rows that are gone, each with the way to its history and back."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        events = Paginator(history.deleted(self.model), ROWS_ON_PAGE)
        page = events.get_page(request.GET.get("p"))
        rows = [(event, history.values_of(event)) for event in page]
        names = Names.around((self.model, values) for _event, values in rows)
        gone = [
            {
                "name": names.of(self.model, values),
                "author": Author.of(event),
                "at": event.pgh_created_at,
                "history": self.to("history", event.id),
                "put_back": self.to("put_back", event.id, save=event.save)
                if self.has_change_permission(request)
                else "",
            }
            for event, values in rows
        ]
        title = f"Deleted {self.opts.verbose_name_plural}"
        return self.page(
            request, "admin/roadmap/deleted.html", title, gone=gone, pages=page, row=None
        )

    def put_back_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what putting back would change today; from there, do it."""
        row, pk, name = self.row_or_404(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else request.GET
        save = self.save_or_404(pk, sent.get("save", ""))
        part = sent.get("row", "")
        if part and part not in {row_name(change.model, change.pk) for change in save.changes}:
            raise Http404
        if request.method == "POST":
            return self.put_back(request, pk, name, save, part)
        return self.confirm(request, pk, name, save, part)

    @transaction.atomic
    def put_back(
        self, request: HttpRequest, pk: int, name: str, save: Save, part: str
    ) -> HttpResponse:
        one_at_a_time()
        change = request.POST.get("change", "")
        plan = reverting.rehearse(self.model, pk, save, part)
        if plan.empty and not plan.reasons:
            self.message_user(request, "It was as before already. Nothing changed.", messages.INFO)
            return HttpResponseRedirect(self.to("history", pk))
        if request.POST.get("began") != history.present(self.model, pk):
            error = "Somebody saved it after you opened this page. This is what would change now."
            return self.confirm(request, pk, name, save, part, error=error, status=409)
        if plan.wording is not None and change not in MilestoneRevision.Change:
            error = "Say which kind of change it is."
            return self.confirm(request, pk, name, save, part, change_error=error, status=422)
        if plan.reasons:
            return self.confirm(request, pk, name, save, part, status=422)
        reverting.put_back(self.model, pk, save, part, change=change)
        row = self.model._base_manager.get(pk=pk)
        self.log_change(request, row, "Put back an earlier state.")
        self.message_user(request, f"Put back: “{name}”.", messages.SUCCESS)
        for sentence in plan.stays:
            self.message_user(request, sentence, messages.WARNING)
        return HttpResponseRedirect(self.to("history", pk))

    def confirm(
        self,
        request: HttpRequest,
        pk: int,
        name: str,
        save: Save,
        part: str,
        *,
        error: str = "",
        change_error: str = "",
        status: int = 200,
    ) -> HttpResponse:
        # Before it is read: what comes between is seen when it is sent.
        began = history.present(self.model, pk)
        return self.page(
            request,
            "admin/roadmap/put_back.html",
            f"Put back “{name}”",
            status=status,
            row=self.model._base_manager.filter(pk=pk).first(),
            name=name,
            save=save,
            part=part,
            plan=reverting.rehearse(self.model, pk, save, part),
            began=began,
            error=error,
            change_error=change_error,
            kinds=MilestoneRevision.Change.choices,
            chosen=request.POST.get("change", ""),
            history_url=self.to("history", pk),
        )

    def row_or_404(self, request: HttpRequest, object_id: str) -> tuple[Any, int, str]:
        """Give a row, its key and its name; of a deleted one no row, and the name it had."""
        if not (object_id.isascii() and object_id.isdigit()) or int(object_id) >= MOST:
            raise Http404
        pk = int(object_id)
        row = self.get_object(request, object_id)
        if row is not None:
            return row, pk, str(row)
        last = history.last_values(self.model, [pk])
        # What this person may not see is not told of after it is gone either.
        if pk not in last or self.model._base_manager.filter(pk=pk).exists():
            raise Http404
        return None, pk, Names.around([(self.model, last[pk])]).of(self.model, last[pk])

    def save_or_404(self, pk: int, key: str) -> Save:
        if key not in history.keys_of_saves(self.model, pk):
            raise Http404
        found = history.saves(self.model, pk, [key])
        if not found:
            raise Http404
        return found[0]

    def page(
        self, request: HttpRequest, template: str, title: str, *, status: int = 200, **more: Any
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "has_view_permission": True,
            "list_url": self.to("changelist"),
            "deleted_url": self.to("deleted"),
            **more,
        }
        return TemplateResponse(request, template, context, status=status)
