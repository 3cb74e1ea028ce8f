"""Known ways to smuggle code in, through every field and onto every page that shows it."""

import datetime as dt
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from journal.models import PROMPTS, Draft, Entry, Writing
from mastery.models import User
from tests.mastery.test_profile import VECTORS, active

DAY = dt.date(2026, 3, 14)
pytestmark = pytest.mark.django_db


def pages_of(client: Client, user: User, words: str) -> dict[str, list[str]]:
    """Put words into every field; give what would run of each page, by its name."""
    fields = {**dict.fromkeys(PROMPTS, f"word {words}"), "title": f"word {words}"[:200]}
    writing = Writing(day=DAY, **fields)
    now = timezone.now()
    entry, binned = Entry.objects.add(user, [writing, writing], now=now)
    entry.rewrite(Writing(day=DAY, tried="word other"), began_from=1, now=now)
    entry.rewrite(writing, began_from=2, now=now)
    binned.put_in_bin(now=now)
    typed = {**fields, "date": "2026-03-14", "visibility": "private"}
    draft = Draft.objects.create(user=user, fields=typed, created=now, saved=now)
    text = f"# {words}\n\n## 2026-03-14: {words}\n\n{words}\n\n## {words}\n\nundated {words}\n"
    log = SimpleUploadedFile(f"{words}.md", text.encode())
    own = entry.get_absolute_url()
    answers = {
        "list": client.get("/journal/"),
        "search": client.get("/journal/", {"q": f"word {words}"}),
        "tag": client.get("/journal/", {"tag": words}),
        "entry": client.get(own),
        "edit": client.get(f"{own}edit/"),
        "history": client.get(f"{own}history/"),
        "compared": client.get(f"{own}history/", {"from": 1, "to": 2}),
        "bin": client.get("/journal/bin/"),
        "draft": client.get("/journal/new/", {"draft": draft.code}),
        "preview": client.post("/journal/preview/", typed),
        "refused": client.post("/journal/new/", {**typed, "date": words, "tags": words}),
        "conflict": client.post(f"{own}edit/", {**typed, "began_from": "1", "tried": f"{words}!"}),
        "import": client.get(client.post("/journal/import/", {"log": log})["Location"]),
    }
    shown = {name: answer.content.decode() for name, answer in answers.items()}
    assert {name for name, html in shown.items() if words[:5] not in unescape(html)} == set()
    Entry.objects.all().delete()
    Draft.objects.all().delete()
    return {name: active(html) for name, html in shown.items()}


@pytest.mark.parametrize("at", [0, 8])
def test_words_stay_words_on_every_page_of_ones_own(learner: Client, user: User, at: int) -> None:
    vectors = " ".join(VECTORS[at : at + 8])
    assert pages_of(learner, user, vectors) == pages_of(learner, user, "harmless")
