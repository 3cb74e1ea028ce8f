"""Pages read for what is in them, quickly; whether their HTML is valid, other tests ask."""

from html.parser import HTMLParser
from typing import Any


def words(html: str) -> str:
    """Give all text of a page."""
    return " ".join("".join(_read(html).text).split())


def form(html: str) -> dict[str, Any]:
    """Give what a browser would send of the desk's form, as it stands on the page."""
    return _read(html).fields


def _read(html: str) -> "_Reader":
    reader = _Reader()
    reader.feed(html.replace("\r\n", "\n"))
    reader.close()
    return reader


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.fields: dict[str, Any] = {}
        self._within = self._done = False
        # What select and textarea gather until they end.
        self._select: list[str | None] | None = None
        self._textarea: str | None = None
        self._began = 0

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and not self._done:
            self._within = (given.get("id") or "").endswith("_form")
        elif self._within and tag == "option":
            if self._select is not None and "selected" in given:
                self._select.append(given.get("value"))
        elif self._within and tag in {"input", "select", "textarea"}:
            name = given.get("name")
            if name and "__prefix__" not in name and "disabled" not in given:
                self._field(tag, name, given)

    def _field(self, tag: str, name: str, given: dict[str, str | None]) -> None:
        if tag == "select":
            self.fields[name] = self._select = []
        elif tag == "textarea":
            self._textarea, self._began = name, len(self.text)
        elif given.get("type") in {"checkbox", "radio"}:
            if "checked" in given:
                self.fields[name] = given.get("value", "on")
        elif given.get("type") != "submit":
            self.fields[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._within:
            self._within, self._done = False, True
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._textarea is not None:
            # A browser leaves out the line end right after the tag.
            typed = "".join(self.text[self._began :]).removeprefix("\n")
            self.fields[self._textarea] = typed.replace("\n", "\r\n")
            self._textarea = None
