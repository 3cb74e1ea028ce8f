"""Two editors on one row: a form that began before a colleague saved overwrites nothing.

A form carries the moment at which it began. When the stored row has moved on, its save is answered
with both texts and their difference, and with the form as it would be saved now: what this editor
typed, and where they left a field alone, what the colleague made of it.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model
from django.forms.models import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.functional import cached_property

from roadmap import history
from roadmap.admin.history import MOST, one_at_a_time
from roadmap.admin.merging import Merge
from roadmap.admin.threeways import number

ROW = re.compile(r"form-\d+-id$")
SAVES = ("_save", "_continue", "_addanother")
MOVED_ON = (
    "Nothing is saved yet: somebody else saved this meanwhile. Look at what they changed, choose "
    "where both of you changed the same, and save again."
)
LIST_MOVED_ON = (
    "Somebody else changed this list after you opened it. Nothing of yours was saved: here is the "
    "list as it is now. Change it again where you still want to."
)
UNDECIDED = "Nothing is saved yet: choose yours or theirs wherever it is asked."


class ConflictsMixin(admin.ModelAdmin[Any]):
    """Answer a save that began before somebody else's with 409 and both texts."""

    class Media:
        css: ClassVar = {"all": ["mastery/admin/history.css"]}

    def _changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None,
        form_url: str,
        extra_context: dict[str, Any] | None,
    ) -> Any:
        # Django's view of one form, within the transaction of its save.
        view = super()._changeform_view  # type: ignore[misc]
        if object_id is None or not object_id.isascii() or not object_id.isdigit():
            return view(request, object_id, form_url, extra_context)
        pk = int(object_id)
        if pk >= MOST:
            return view(request, object_id, form_url, extra_context)
        saving = request.method == "POST" and not is_action(request)
        if saving:
            one_at_a_time()
            # And wait for an operation that has the row.
            list(self.model._base_manager.select_for_update().filter(pk=pk).values("pk"))
        # Before the row is read: what is saved in between is seen when the form comes back.
        began = history.present(self.model, pk)
        more = {**(extra_context or {}), "began": began}
        row = self.get_object(request, object_id) if saving else None
        if row is None or not self.has_change_permission(request, row):
            return view(request, object_id, form_url, more)
        merge = Merge(self, request, row, began)
        if merge.needed:
            request.POST = merge.merged()  # type: ignore[assignment]
            if merge.asks:
                request.conflict = merge  # type: ignore[attr-defined]
                more["conflict"] = merge
        return view(request, object_id, form_url, more)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        merge: Merge | None = getattr(request, "conflict", None)
        return form if merge is None else refusing(form, UNDECIDED if merge.again else MOVED_ON)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        response = super().render_change_form(request, context, *args, **kwargs)
        if "conflict" in context:
            response.status_code = 409
        return response

    # Positions in a list

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        class Began(ListFormSet):
            began = getattr(request, "list_began", "")

        kwargs.setdefault("formset", Began)
        return super().get_changelist_formset(request, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, str] | None = None
    ) -> HttpResponse:
        if not self.list_editable:
            return super().changelist_view(request, extra_context)
        with transaction.atomic():
            saving = request.method == "POST" and "_save" in request.POST
            if saving:
                one_at_a_time()
            rows = editable(self.model, self.list_editable)
            request.list_began = began = fingerprint(rows)  # type: ignore[attr-defined]
            if saving and request.POST.get("form-began") != began and changes(request.POST, rows):
                self.message_user(request, LIST_MOVED_ON, messages.WARNING)
                return HttpResponseRedirect(request.get_full_path())
            return super().changelist_view(request, extra_context)


def is_action(request: HttpRequest) -> bool:
    """Whether an action was chosen beside the form, rather than the form saved."""
    chosen = any(name.endswith("-action") for name in request.POST)
    return chosen and not any(name in request.POST for name in SAVES)


def refusing(form: type[forms.ModelForm[Any]], sentence: str) -> type[forms.ModelForm[Any]]:
    """Make of a form one that shows what is wrong with it, and is never saved."""

    class Refusing(form):  # type: ignore[valid-type,misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            self.add_error(None, sentence)
            return cleaned

    return Refusing


type Rows = dict[int, dict[str, Any]]


def editable(model: type[Model], names: Sequence[str]) -> Rows:
    """Give what a list lets people edit, of all rows of its kind."""
    rows = model._base_manager.order_by("pk").values("pk", *names)
    return {row["pk"]: {name: row[name] for name in names} for row in rows}


def fingerprint(rows: Rows) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:32]


def changes(sent: QueryDict, rows: Rows) -> bool:
    """Whether a list says anything else than what is stored, as it does not when sent twice."""
    for key in filter(ROW.match, sent):
        values = rows.get(number(sent.get(key), MOST))
        row = key.removesuffix("-id")
        if values is None or any(str(values[name]) != sent.get(f"{row}-{name}") for name in values):
            return True
    return False


class ListFormSet(BaseModelFormSet[Any, Any]):
    """The rows of a list, with a fingerprint of them from when the list was opened."""

    began = ""

    @cached_property
    def management_form(self) -> Any:
        form = super().management_form
        form.fields["began"] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=self.began
        )
        return form
