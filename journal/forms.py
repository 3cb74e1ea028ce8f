"""The form of an entry. What stands in it is ``Typed``, the same for a form, a draft, an entry."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from journal.models import CODE_PATTERN, PROMPTS, Entry, StepDecision, Writing, fresh_code
from journal.models.drafts import Typed
from journal.models.writing import EARLIEST, MOST_MINUTES
from journal.steps import NAME as STEP_NAME
from journal.steps import carried
from journal.text import tags_of
from mastery.models import User
from roadmap.queries import Manual, ManualMilestone

WORDS = ("date", "title", *PROMPTS, "tags", "minutes", "visibility")
# The code that a new entry will have, and the entry whose next steps are decided.
CODES = ("form_key", "steps_from")
# A browser sends nothing of these when nothing is ticked.
BOXES = ("milestones", "build_work")

HINTS = {
    "tried": "What you set out to do, and how.",
    "happened": "What you saw: numbers, curves, errors.",
    "learned": "What you know now and did not before.",
    "next": "One step a line or list item. The next entry asks what became of them.",
}

TAKEN_DOWN = (
    "A host took this entry down. You can change its words; it stays private until a host lifts "
    "that."
)


def typed(post: QueryDict) -> Typed:
    """Pick what belongs to the form out of what was sent: words as typed, codes and choices whole.

    What is no code or no choice of ours was never typed by anybody, and is left out.
    """
    fields: Typed = {name: str(post[name]) for name in WORDS if name in post}
    for name in CODES:
        if re.fullmatch(CODE_PATTERN, post.get(name, "")):
            fields[name] = str(post[name])
    for name in post:
        if STEP_NAME.fullmatch(name) and post[name] in StepDecision.Decision:
            fields[name] = str(post[name])
    if post.get("shown_to") in Entry.Visibility:
        fields["shown_to"] = str(post["shown_to"])
    if "milestones" in post:
        fields["milestones"] = post.getlist("milestones")
    if "build_work" in post:
        fields["build_work"] = "" if str(post["build_work"]).lower() in {"", "0", "false"} else "on"
    return fields


def words_in(fields: Typed) -> list[str]:
    """Give every text in a form."""
    return [
        text
        for value in fields.values()
        for text in (value if isinstance(value, list) else [value])
    ]


def filled(post: QueryDict, present: Typed) -> Typed:
    """Fill in what was not sent from what is there: who does not name a field leaves it alone.

    A form of ours names all of them but boxes without a tick, and is known by ``began_from``.
    """
    sent_by_us = "began_from" in post
    rest = {name: value for name, value in present.items() if not (sent_by_us and name in BOXES)}
    return {**rest, **typed(post)}


def blank(user: User) -> Typed:
    """Give what stands in the form of a new entry. ``shown_to`` is who can read it so far."""
    return {
        "date": user.today.isoformat(),
        "visibility": Entry.Visibility.PRIVATE,
        "shown_to": Entry.Visibility.PRIVATE,
        "form_key": fresh_code(),
    }


def present(entry: Entry) -> Typed:
    """Give what stands in the form of an entry as it is."""
    writing = entry.writing()
    return {
        "date": writing.day.isoformat(),
        "title": writing.title,
        **{prompt: getattr(writing, prompt) for prompt in PROMPTS},
        "tags": " ".join(writing.tags),
        "milestones": list(writing.milestones),
        "minutes": str(writing.minutes or ""),
        "build_work": "on" if writing.build_work else "",
        "visibility": entry.visibility,
        "shown_to": entry.visibility,
    }


def key_of(fields: Typed) -> str:
    """Give the code that a new entry will have, or nothing when the form names none."""
    return str(fields.get("form_key", ""))


@dataclass(frozen=True, slots=True)
class MilestoneGroup:
    slug: str
    label: str
    milestones: list[ManualMilestone]


class EntryForm(forms.Form):
    date = forms.DateField(
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Choose a day.",
            "invalid": "This is no day. Write it as 2026-03-14.",
        },
    )
    title = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    tried = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    happened = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    learned = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    next = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    tags = forms.CharField(
        required=False,
        help_text="Parted by spaces or commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    milestones = forms.MultipleChoiceField(
        required=False,
        error_messages={"invalid_choice": "There is no milestone “%(value)s”."},
    )
    minutes = forms.IntegerField(
        required=False,
        error_messages={"invalid": "Write the minutes as a whole number."},
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_MINUTES}),
    )
    build_work = forms.BooleanField(required=False, label="This was build work")
    visibility = forms.ChoiceField(
        label="Who may read it",
        choices=Entry.Visibility,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose who may read it.",
            "invalid_choice": "An entry is private, unlisted or public.",
        },
    )

    use_required_attribute = False

    def __init__(
        self,
        fields: Typed,
        *,
        user: User,
        manual: Manual,
        entry: Entry | None = None,
        choices: dict[str, str] | None = None,
        bound: bool = False,
    ) -> None:
        """``choices`` say what becomes of the steps of an earlier entry, by their texts."""
        super().__init__(data=as_data(fields) if bound else None, initial=fields, label_suffix="")
        self.typed, self.user, self.entry, self.choices = fields, user, entry, choices or {}
        self.manual = manual
        linked = {one.key for one in entry.milestones.all()} if entry else set()
        self.chosen = {*fields.get("milestones", ())}
        self.offered = {
            key: one for key, one in manual.milestones.items() if one.open_to_all or key in linked
        }
        field = self.fields["milestones"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, one.wording) for key, one in self.offered.items()]
        for prompt in PROMPTS:
            self.fields[prompt].help_text = HINTS[prompt]
        for name in ("title", *PROMPTS, "tags"):
            # A writing says itself what cannot be kept.
            self.fields[name].validators = []
        zone = entry.zone if entry else user.time_zone
        self.fields["date"].help_text = f"In {zone.replace('_', ' ')} time."
        self.fields["date"].widget.attrs |= {"min": EARLIEST, "max": user.today}

    @property
    def prompts(self) -> list[forms.BoundField]:
        return [self[prompt] for prompt in PROMPTS]

    @property
    def linked_milestones(self) -> list[ManualMilestone]:
        return [one for key, one in self.offered.items() if key in self.chosen]

    @property
    def milestone_groups(self) -> list[MilestoneGroup]:
        """Give those that are not linked, by the phase that is their home."""
        groups = {
            slug: MilestoneGroup(slug, str(phase.row), [])
            for slug, phase in self.manual.phases.items()
        }
        for key, one in self.offered.items():
            if key not in self.chosen and one.phases:
                groups[one.phases[0]].milestones.append(one)
        return [group for group in groups.values() if group.milestones]

    def clean_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["date"]
        if day > self.user.today and not (self.entry and self.entry.day == day):
            raise forms.ValidationError(
                f"That day has not come yet in {self.user.time_zone} time, "
                "which is your time zone in settings."
            )
        return day

    def clean_visibility(self) -> str:
        chosen: str = self.cleaned_data["visibility"]
        # Left as it was when the form was opened, it changes nothing.
        asked = chosen not in {Entry.Visibility.PRIVATE, self.typed.get("shown_to")}
        if asked and self.entry and self.entry.taken_down_at:
            raise forms.ValidationError(TAKEN_DOWN)
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        self.writing = Writing(
            day=cleaned.get("date") or self.user.today,
            title=cleaned.get("title", ""),
            tried=cleaned.get("tried", ""),
            happened=cleaned.get("happened", ""),
            learned=cleaned.get("learned", ""),
            next=carried(cleaned.get("next", ""), self.choices),
            tags=tags_of(cleaned.get("tags", "")),
            milestones=tuple(cleaned.get("milestones", ())),
            minutes=cleaned.get("minutes"),
            build_work=cleaned.get("build_work", False),
        ).tidied()
        for name, reason in self.writing.problems(today=self.user.today).items():
            field = "date" if name == "day" else name
            if field not in self.errors:
                self.add_error(field, reason)
        return cleaned


def as_data(fields: Typed) -> MultiValueDict[str, str]:
    return MultiValueDict(
        {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    )
