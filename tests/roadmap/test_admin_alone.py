"""The admin alone is enough: it fills an empty database with all that the files hold."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import models
from django.http import HttpResponse
from django.test import Client

from roadmap.content_kinds import KINDS, Row, RowId, Value
from roadmap.content_writer import write
from roadmap.models import Milestone, Phase
from roadmap.queries import Manual
from roadmap.tables import TABLES, stored
from tests.conftest import empty_roadmap

pytestmark = pytest.mark.django_db

type Rows = dict[RowId, Row]

PAGES = ["/", "/roadmap/", "/levels/", "/method/", "/resources/", "/provenance/", "/start/"]
PAGES += ["/progress/", "/roadmap/changes/"]
# Forms in the order in which one row needs another, each with the rows it holds, by their prefix.
FORMS: dict[str, dict[str, str]] = {
    "track": {},
    "resource": {"links": "resourcelink"},
    "phase": {"steps": "step", "topics": "topic", "resources": "phaseresource", "traps": "trap"},
    "milestone": {"placements": "placement", "parts": "deliverablepart"},
    "level": {"requirements": "requirement"},
    "habit": {},
    "principle": {},
    "chapter": {},
    "claim": {},
    "question": {},
}


class FormReader(HTMLParser):
    """Reads what a browser would send back from the desk's form as it stands."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self.inside = False
        self.text = self.select = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self.inside = (given.get("id") or "").endswith("_form")
        name = given.get("name") or ""
        if tag == "option" and self.select and "selected" in given:
            self.values[self.select].append(given.get("value") or "")
        if not self.inside or not name or "__prefix__" in name or "disabled" in given:
            return
        if tag == "textarea":
            self.text, self.values[name] = name, ""
        elif tag == "select":
            self.select, self.values[name] = name, []
        elif given.get("type") in {"checkbox", "radio"}:
            if "checked" in given:
                self.values[name] = given.get("value") or "on"
        elif tag == "input" and given.get("type") != "submit":
            self.values[name] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self.text:
            # As a parser of HTML does, without the line end right after the tag.
            self.values[self.text] = data.removeprefix("\n").replace("\n", "\r\n")
            self.text = ""

    def handle_endtag(self, tag: str) -> None:
        self.text = ""
        if tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = False


class Typist:
    """An editor who types rows into the desk's forms."""

    def __init__(self, client: Client, rows: Rows) -> None:
        self.client = client
        self.rows = rows
        # A form looks the same for each row of a kind: one look a kind.
        self.forms: dict[str, dict[str, Any]] = {}

    def add(self, row: Row) -> None:
        address = f"/admin/roadmap/{row.kind}/add/"
        if row.kind not in self.forms:
            self.forms[row.kind] = FormReader(self.client.get(address)).values
        form = dict(self.forms[row.kind])
        # Twins are joined once both are there.
        self.type(form, row, "", but={"change", "same_as"})
        for prefix, kind in FORMS[row.kind].items():
            inner = list(self.inside(row, kind))
            assert form[f"{prefix}-TOTAL_FORMS"] == "0"
            form[f"{prefix}-TOTAL_FORMS"] = len(inner)
            for number, one in enumerate(inner):
                self.type(form, one, f"{prefix}-{number}-", but={row.kind})
        self.send(address, form)

    def join(self, row: Row) -> None:
        twins = Phase.objects.in_bulk(field_name="slug")
        address = f"/admin/roadmap/phase/{twins[row.key].pk}/change/"
        form = FormReader(self.client.get(address)).values
        self.send(address, {**form, "same_as": twins[str(row.values["same_as"])].pk})

    def send(self, address: str, form: dict[str, Any]) -> None:
        response = self.client.post(address, form)
        assert response.status_code == 302, (address, response.context["errors"])

    def inside(self, row: Row, kind: str) -> Iterator[Row]:
        rows = (one for one in self.rows.values() if one.kind == kind)
        return (one for one in rows if one.values[row.kind] == row.key)

    def type(self, form: dict[str, Any], row: Row, prefix: str, but: set[str]) -> None:
        refers = TABLES[row.kind].refers
        for name, value in row.values.items():
            if name in but:
                continue
            # A field that the form has not got would go unnoticed.
            assert prefix or name in form or isinstance(value, bool) or name == "kind", name
            match value:
                case bool():
                    form.pop(prefix + name, None)
                    if value:
                        form[prefix + name] = "on"
                case None:
                    form[prefix + name] = ""
                case tuple():
                    form[prefix + name] = [self.pk("milestone", key) for key in value]
                case dt.date():
                    form[prefix + name] = value.isoformat()
                case _ if name in refers:
                    form[prefix + name] = self.pk(refers[name], value)
                case _:
                    form[prefix + name] = str(value).replace("\n", "\r\n")

    def pk(self, kind: str, key: Value) -> int:
        model = TABLES[kind].model
        name = "key" if model is Milestone else "slug"
        return int(model._default_manager.values_list("pk", flat=True).get(**{name: key}))


def pages(phases: Iterable[str]) -> dict[str, str]:
    addresses = [*PAGES, *(f"/roadmap/{slug}/" for slug in phases)]
    return {address: page(address) for address in addresses}


def page(address: str) -> str:
    response = Client().get(address)
    assert response.status_code == 200, address
    return re.sub(
        r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"', r'\1=""', response.content.decode()
    )


def of_kind(rows: Rows, kind: str) -> list[Row]:
    return [row for row in rows.values() if row.kind == kind]


def test_an_empty_database_filled_through_the_admin_has_the_pages_of_the_loaded_content(
    roadmap: Manual, editor: Client
) -> None:
    loaded = stored()
    files, shown = write(loaded.values()), pages(roadmap.phases)
    empty_roadmap()
    assert stored() == {}

    typist = Typist(editor, loaded)
    for kind in FORMS:
        for row in of_kind(loaded, kind):
            typist.add(row)
    for row in of_kind(loaded, "phase"):
        if row.values["same_as"]:
            typist.join(row)

    assert write(stored().values()) == files
    filled = pages(roadmap.phases)
    for address, text in shown.items():
        assert filled[address] == text, address


def test_every_kind_of_row_has_a_form() -> None:
    assert {*FORMS, *(kind for rows in FORMS.values() for kind in rows.values())} == set(KINDS)
    registered: set[type[models.Model]] = {TABLES[kind].model for kind in FORMS}
    assert len(registered) == len(FORMS)
