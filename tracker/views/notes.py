import re

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from mastery.http import LearnerRequest, keeps_words, see_other
from mastery.markdown import render
from roadmap.queries import manual
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
    if not form.is_valid():
        return answer(request, content, page, note_form=form, status=422)
    text, now = form.cleaned_data["text"], page.note
    began_from = request.POST.get("since")
    if began_from is not None and now and began_from != now.version and text != now.text:
        form.add_error("text", CHANGED)
        return answer(request, content, page, note_form=form, status=409)
    milestone = page.item.milestone.pk
    if not text.strip():
        if Note.objects.of(request.user).filter(milestone=milestone).delete()[0]:
            messages.success(request, "The note is gone.")
    elif now is None or now.text != text:
        Note.objects.bulk_create(
            [
                Note(
                    user=request.user,
                    milestone_id=milestone,
                    text=text,
                    html=html_of(text),
                    saved=timezone.now(),
                )
            ],
            update_conflicts=True,
            unique_fields=["user", "milestone"],
            update_fields=["text", "html", "saved"],
        )
        messages.success(request, "Your note is saved.")
    return see_other(f"{reverse('evidence', args=[key])}#note")


def html_of(text: str) -> str:
    """Render a note below an h3: its highest headings become h4, however many # they have."""
    highest = min((len(found[1] or "#") for found in HEADING.finditer(text)), default=1)
    return render(text, shift=4 - highest)
