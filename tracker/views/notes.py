import re

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from mastery.http import LearnerRequest, keeps_words, see_other
from mastery.markdown import render_entry
from roadmap.queries import manual
from tracker.conflicts import ConflictError
from tracker.forms import NoteForm
from tracker.models import Note
from tracker.views.evidence import answer, find

CHANGED = (
    "This note was changed elsewhere since you opened it. It stands above as it is now; "
    "save again to put these words in its place."
)

HEADING = re.compile(r"^ {0,3}(?:(#{1,6})[ \t]|=+[ \t]*$)", re.MULTILINE)


@keeps_words("text")
@require_POST
def note(request: LearnerRequest, key: str) -> HttpResponse:
    """Keep a person's note on a milestone; an empty one is taken away."""
    content = manual()
    page = find(request.user, content, key)
    form = NoteForm(request.POST, auto_id="note-%s")
    since = request.POST.get("since")
    if not form.is_valid():
        return answer(request, content, page, note_form=form, note_since=since, status=422)
    text = form.cleaned_data["text"]
    try:
        changed = Note.objects.keep(
            request.user,
            milestone=page.item.milestone.pk,
            text=text,
            html=html_of(text),
            began_from=since,
            now=timezone.now(),
        )
    except ConflictError:
        form.add_error("text", CHANGED)
        page = find(request.user, content, key)
        return answer(request, content, page, note_form=form, status=409)
    if changed:
        said = "Your note is saved." if text.strip() else "The note is gone."
        messages.success(request, said)
    return see_other(f"{reverse('evidence', args=[key])}#note")


def html_of(text: str) -> str:
    """Render a note below an h3: its highest headings become h4, however many # they have."""
    highest = min((len(found[1] or "#") for found in HEADING.finditer(text)), default=1)
    return render_entry(text, prefix="note", shift=4 - highest)
