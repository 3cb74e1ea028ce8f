"""What one editor sent and what another saved meanwhile, as one form."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import ManyToManyField, Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst

from roadmap import history
from roadmap.admin.threeways import (
    MOST_PK,
    NOT_STORED,
    UNKNOWN,
    Clash,
    Field,
    as_sent,
    compared,
    number,
    put,
    shown,
)
from roadmap.history import Author
from roadmap.models import Milestone, MilestoneRevision, Requirement
from roadmap.models.milestones import RequirementMilestone
from roadmap.telling import kind_name

MINE, THEIRS = "mine", "theirs"
# What tells rows of one parent apart, the first of these that they have.
IDENTITIES = ("slug", "milestone", "resource", "phase", "label")

type FormSet = BaseInlineFormSet[Any, Any, Any]
# What is sent for a row of a formset, by the names of its fields.
type Sent = dict[str, list[str]]


class Merge:
    """What this editor sent, over what is stored now, from where the form began.

    ``began`` names the present moment, as ``history.present`` does.
    """

    def __init__(self, admin: Any, request: HttpRequest, row: Model, began: str) -> None:
        self.admin, self.request, self.row = admin, request, row
        self.posted = request.POST
        sent, since = (self.posted.get(name, "") for name in ("began", "since"))
        asked = (name for name in self.posted if name.startswith("clash-"))
        self.asked_before = {name.removeprefix("clash-") for name in asked}
        # Sent from the page of a conflict, and nothing happened since that page was made.
        self.again = sent == began and bool(self.asked_before)
        self.needed = sent != began or self.again
        self.since = since if self.again else sent
        self.clashes: list[Clash] = []
        # Whether this editor changed anything that is not stored yet.
        self.adds = False

    @property
    def asks(self) -> bool:
        """Whether the form goes back to the editor rather than into the database."""
        if self.again:
            return any(not clash.choice for clash in self.asked)
        # The same sent twice, or nothing typed at all: then there is nothing to ask.
        return self.adds or bool(self.asked)

    @property
    def asked(self) -> list[Clash]:
        return [clash for clash in self.clashes if clash.asked]

    @property
    def taken(self) -> list[Clash]:
        return [clash for clash in self.clashes if not clash.asked]

    def merged(self) -> QueryDict:
        """Give what is to be sent now: what was typed, and the colleague's elsewhere."""
        model, pk = type(self.row), self.row.pk
        known = history.states_at(model, pk, self.since)
        self.base: Mapping[Any, Mapping[int, Any]] = known or {}
        self.authors = history.authors_since(model, pk, self.since) if known else {}
        self.data = self.posted.copy()
        names = flatten_fieldsets(self.admin.get_fieldsets(self.request, self.row))
        form = self.admin.get_form(self.request, self.row, change=True, fields=names)
        self.merge_form(form(instance=self.row))
        for formset in self.formsets():
            if f"{formset.prefix}-TOTAL_FORMS" in self.posted:
                self.merge_rows(formset)
        return self.data

    def formsets(self) -> Iterator[FormSet]:
        """Give the stored rows as forms, named as the admin's view names them."""
        seen: dict[str, int] = {}
        for formset, inline in self.admin.get_formsets_with_inlines(self.request, self.row):
            prefix = formset.get_default_prefix()
            seen[prefix] = seen.get(prefix, 0) + 1
            name = prefix if seen[prefix] == 1 else f"{prefix}-{seen[prefix]}"
            rows = inline.get_queryset(self.request)
            yield formset(instance=self.row, prefix=name, queryset=rows)

    # The row itself

    def merge_form(self, form: forms.ModelForm[Any]) -> None:
        for name, one in self.fields_of(form, name_as=lambda name: name):
            title = capfirst(str(one.input.label or name))
            if self.takes_theirs(name, title, one, self.row.pk):
                put(self.data, name, one.input, one.theirs)
            if f"initial-{name}" in self.posted:
                put(self.data, f"initial-{name}", one.input, one.theirs)

    def fields_of(self, form: forms.ModelForm[Any], name_as: Any) -> Iterator[tuple[str, Field]]:
        """Give a stored row's fields three ways; ``name_as`` names them as they were sent."""
        row = form.instance
        for name, given in form.fields.items():
            if given.disabled or name in self.tied(form):
                continue
            mine = given.widget.value_from_datadict(self.posted, {}, name_as(name))
            theirs = form.get_initial_for_field(given, name)
            yield name, Field(given, self.at_first(type(row), row.pk, name), theirs, mine)

    def tied(self, form: forms.ModelForm[Any]) -> set[str]:
        """Name what ties a form to its row and to the row around it."""
        hidden = {name for name, given in form.fields.items() if is_tie(given)}
        return hidden | {"DELETE"}

    def at_first(self, model: type[Model], pk: int, name: str) -> Any:
        """Give a field's value when the form began."""
        if model is Milestone and name == "wording":
            wordings = self.base.get(MilestoneRevision, {}).values()
            last = max(wordings, key=lambda one: one["number"], default=None)
            return last["wording"] if last else UNKNOWN
        column = next((one for one in model._meta.get_fields() if one.name == name), None)
        if column is None:
            return NOT_STORED
        values = self.base.get(model, {}).get(pk)
        if values is None:
            return UNKNOWN
        if model is Requirement and isinstance(column, ManyToManyField):
            pairs = self.base.get(RequirementMilestone, {}).values()
            return [pair["milestone_id"] for pair in pairs if pair["requirement_id"] == pk]
        return values.get(getattr(column, "attname", name), UNKNOWN)

    def takes_theirs(self, key: str, title: str, one: Field, pk: int) -> bool:
        """Whether a field is sent on as it is stored rather than as typed; keep what to tell."""
        if self.again:
            if key not in self.asked_before or one.agreed:
                return False
            return self.ask_field(key, title, one, pk) == THEIRS
        if one.agreed:
            return False
        if not one.moved:
            self.adds = self.adds or one.touched
            return False
        if one.touched:
            self.ask_field(key, title, one, pk)
            return False
        before, theirs = shown(one.input, one.mine), shown(one.input, one.theirs)
        pieces = compared(one.input, before, theirs)
        author, at = self.author(pk)
        self.clashes.append(Clash(key, title, theirs, before, pieces, author, at, asked=False))
        return True

    def ask_field(self, key: str, title: str, one: Field, pk: int) -> str:
        theirs, mine = shown(one.input, one.theirs), shown(one.input, one.mine)
        pieces = compared(one.input, theirs, mine)
        return self.ask(Clash(key, title, theirs, mine, pieces, *self.author(pk)))

    def ask(self, clash: Clash) -> str:
        """Put a question on the page of the conflict; give the answer if there is one yet."""
        choice = self.posted.get(f"choose-{clash.key}", "") if self.again else ""
        clash.choice = choice if choice in {MINE, THEIRS} else ""
        self.clashes.append(clash)
        return clash.choice

    def tell(self, title: str, theirs: str, before: str, pk: int) -> None:
        """Put on the page what the colleague did where there is nothing to ask."""
        if not self.again:
            clash = Clash("", title, theirs, before, [], *self.author(pk), asked=False)
            self.clashes.append(clash)

    def author(self, pk: int = 0) -> tuple[Author, Any]:
        """Say who saved a row, or else anything of the form, last since it began."""
        own = [said for (_model, known), said in self.authors.items() if known == pk]
        return max(own or self.authors.values(), key=lambda said: said[1], default=(Author(), None))

    # The rows inside it

    def merge_rows(self, formset: FormSet) -> None:
        prefix = formset.prefix
        total = number(self.posted.get(f"{prefix}-TOTAL_FORMS"), formset.absolute_max)
        keys = {
            index: number(self.posted.get(f"{prefix}-{index}-id"), MOST_PK)
            for index in range(total)
        }
        sent = {pk: index for index, pk in keys.items() if pk}
        stored = {form.instance.pk: form for form in formset.initial_forms}
        order: list[tuple[Sent, Field]] = []
        rows = [self.stored_row(formset, form, sent.get(pk), order) for pk, form in stored.items()]
        self.settle_order(formset, order)
        came = [form for pk, form in stored.items() if pk not in sent]
        for index, pk in keys.items():
            if not pk:
                rows += self.new_row(formset, index, came)
            elif pk not in stored:
                rows += self.gone_row(formset, pk, index)
        names = [*formset.empty_form.fields, "DELETE"]
        for index in range(total):
            for name in names:
                self.data.pop(f"{prefix}-{index}-{name}", None)
        for index, row in enumerate(rows):
            for name, values in row.items():
                self.data.setlist(f"{prefix}-{index}-{name}", values)
        self.data[f"{prefix}-TOTAL_FORMS"] = str(len(rows))
        self.data[f"{prefix}-INITIAL_FORMS"] = str(len(stored))

    def stored_row(
        self, formset: FormSet, form: Any, index: int | None, order: list[tuple[Sent, Field]]
    ) -> Sent:
        """Give what to send for a row that is there, whether or not it was when the form began."""
        row = self.as_stored(form)
        prefix, pk = formset.prefix, form.instance.pk
        title = f"{capfirst(kind_name(self.model_of(formset)))} “{form.instance}”"
        if index is None:
            self.tell(title, "added", "not there", pk)
            return row
        fields = list(self.fields_of(form, name_as=lambda name: f"{prefix}-{index}-{name}"))
        if f"{prefix}-{index}-DELETE" in self.posted:
            return self.deleted_row(f"{prefix}-{pk}-DELETE", title, row, fields, pk)
        for name, one in fields:
            key = f"{prefix}-{pk}-{name}"
            if name == "position":
                order.append((row, one))
            elif not self.takes_theirs(key, f"{title}: {one.input.label}", one, pk):
                self.copy(row, name, f"{prefix}-{index}-{name}")
        return row

    def deleted_row(
        self, key: str, title: str, row: Sent, fields: list[tuple[str, Field]], pk: int
    ) -> Sent:
        moved = [one for name, one in fields if one.moved and name != "position"]
        if key in self.asked_before if self.again else moved:
            theirs = "\n".join(
                f"{one.input.label}: {shown(one.input, one.theirs)}" for one in moved
            )
            clash = Clash(key, title, theirs, "deleted", [], *self.author(pk))
            clash.keep_mine = "Mine: delete it"
            clash.take_theirs = "Theirs: keep it as they left it"
            if self.ask(clash) == THEIRS:
                return row
        self.adds = True
        return {**row, "DELETE": ["on"]}

    def settle_order(self, formset: FormSet, order: list[tuple[Sent, Field]]) -> None:
        """Order rows as this editor did, as the colleague did, or as they choose."""
        key = f"{formset.prefix}-order"
        differing = [one for _row, one in order if one.moved and one.touched and not one.agreed]
        choice = ""
        title = f"The order of the {self.model_of(formset)._meta.verbose_name_plural}"
        theirs = ", ".join(shown(one.input, one.theirs) for _row, one in order)
        if key in self.asked_before if self.again else differing:
            mine = ", ".join(shown(one.input, one.mine) for _row, one in order)
            choice = self.ask(Clash(key, title, theirs, mine, [], *self.author()))
        elif any(one.moved for _row, one in order):
            self.tell(
                title, theirs, ", ".join(shown(one.input, one.began) for _row, one in order), 0
            )
        for row, one in order:
            if choice != THEIRS and (one.touched or self.again):
                row["position"] = [str(one.mine)]
                self.adds = self.adds or not one.agreed

    def gone_row(self, formset: FormSet, pk: int, index: int) -> list[Sent]:
        """Give a row that was deleted meanwhile anew, if this editor changed it."""
        prefix, form = formset.prefix, formset.empty_form
        link = formset.fk.name
        elsewhere = self.model_of(formset)._base_manager.filter(pk=pk, **{link: self.row})
        if f"{prefix}-{index}-DELETE" in self.posted or elsewhere.exists():
            return []
        row: Sent = {"id": [""], link: [str(self.row.pk)]}
        touched, identity = False, ""
        for name, given in form.fields.items():
            if name in self.tied(form):
                continue
            sent, began = (
                f"{prefix}-{index}-{name}",
                self.at_first(self.model_of(formset), pk, name),
            )
            if name in IDENTITIES and sent not in self.posted and began is not UNKNOWN:
                # What is typed once is not sent again.
                row[name] = as_sent(given, began)
            else:
                mine = given.widget.value_from_datadict(self.posted, {}, sent)
                touched = touched or (
                    name != "position" and (began is UNKNOWN or given.has_changed(began, mine))
                )
                self.copy(row, name, sent)
            identity = identity or (row.get(name, [""])[0] if name in IDENTITIES else "")
        if touched:
            self.ask_of_gone(formset, identity, row)
            return [row]
        self.tell(f"{capfirst(kind_name(self.model_of(formset)))} “{identity}”", "deleted", "", pk)
        return []

    def ask_of_gone(self, formset: FormSet, identity: str, row: Sent) -> str:
        form = formset.empty_form
        told = []
        for name in [name for name in form.fields if name not in self.tied(form)]:
            values = row.get(name, [])
            value = shown(form.fields[name], values if len(values) > 1 else "".join(values))
            told.append(f"{form.fields[name].label}: {value}")
        key = f"{formset.prefix}-gone-{identity}"
        title = capfirst(kind_name(self.model_of(formset)))
        clash = Clash(key, title, "deleted", "\n".join(told), [], *self.author())
        clash.keep_mine = "Mine: it comes back, as it stands in the form below"
        clash.take_theirs = "Theirs: it stays deleted"
        return self.ask(clash)

    def new_row(self, formset: FormSet, index: int, came: list[Any]) -> list[Sent]:
        """Give a row that this editor added, unless it came to be stored meanwhile as it is."""
        prefix, form = formset.prefix, formset.empty_form
        row: Sent = {"id": [""], formset.fk.name: [str(self.row.pk)]}
        typed: dict[str, Any] = {}
        identity, filled = "", False
        for name, given in form.fields.items():
            sent = f"{prefix}-{index}-{name}"
            if name in self.tied(form):
                continue
            self.copy(row, name, sent)
            identity = identity or (row.get(name, [""])[0] if name in IDENTITIES else "")
            if name != "position":
                typed[name] = given.widget.value_from_datadict(self.posted, {}, sent)
                filled = filled or given.has_changed(
                    form.get_initial_for_field(given, name), typed[name]
                )
        if f"{prefix}-{index}-DELETE" in self.posted:
            return [{**row, "DELETE": ["on"]}]
        if filled and any(says(other, typed) for other in came):
            return []
        if f"{prefix}-gone-{identity}" in self.asked_before and self.again:
            return [] if self.ask_of_gone(formset, identity, row) == THEIRS else [row]
        self.adds = self.adds or filled
        return [row]

    def as_stored(self, form: Any) -> Sent:
        """Give what a browser would send of a stored row that nobody touched."""
        return {
            "id": [str(form.instance.pk)],
            **{
                name: values
                for name, given in form.fields.items()
                if name != "id"
                and not given.disabled
                and (values := as_sent(given, form.get_initial_for_field(given, name)))
            },
        }

    def model_of(self, formset: FormSet) -> type[Model]:
        assert formset.model is not None
        return formset.model

    def copy(self, row: Sent, name: str, sent: str) -> None:
        if sent in self.posted:
            row[name] = self.posted.getlist(sent)
        else:
            row.pop(name, None)


def is_tie(given: forms.Field) -> bool:
    """Whether a field is the hidden key of its row, or of the row around it."""
    return isinstance(given, forms.models.InlineForeignKeyField) or isinstance(
        given.widget, forms.HiddenInput
    )


def says(form: Any, typed: Mapping[str, Any]) -> bool:
    return all(
        not form.fields[name].has_changed(form.get_initial_for_field(form.fields[name], name), mine)
        for name, mine in typed.items()
        if name in form.fields and not form.fields[name].disabled
    )
