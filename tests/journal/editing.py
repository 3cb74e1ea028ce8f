"""What tests of the editor share: an entry to edit, and its form as a browser would send it."""

import datetime as dt
import re
from typing import Any

from django.test import Client
from django.utils import timezone

from journal.models import Entry, Writing
from mastery.models import User

NEW = "/journal/new/"
DAY = dt.date(2026, 3, 14)


def add(user: User, **words: Any) -> Entry:
    words.setdefault("tried", "Adam with warm-up.")
    (entry,) = Entry.objects.add(user, [Writing(day=DAY, **words)], now=timezone.now())
    return entry


def edit(entry: Entry) -> str:
    return f"/journal/{entry.code}/edit/"


def form_in(html: str) -> dict[str, Any]:
    """Read the form as a browser would send it: every field, and boxes that are ticked."""
    html = re.search(r'<form class="entry-form".*?</form>', html, re.DOTALL)[0]  # type: ignore[index]
    fields: dict[str, Any] = {"milestones": []}
    for tag in re.findall(r"<input[^>]*>", html):
        names = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind, name = names.get("type"), names.get("name", "")
        if kind in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if name == "milestones":
            fields["milestones"].append(names["value"])
        else:
            fields[name] = names.get("value", "on" if kind == "checkbox" else "")
    fields |= dict(re.findall(r'<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL))
    del fields["csrfmiddlewaretoken"]
    return fields


def opened(browser: Client, url: str) -> dict[str, Any]:
    response = browser.get(url)
    assert response.status_code == 200
    return form_in(response.content.decode())
