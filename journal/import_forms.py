from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField
from django.http import QueryDict

from journal.changes import FieldChange
from journal.importing import Answers, Conflict, Plan, differences
from journal.logfile import Log, Order, Undated, UnreadableError, check, decode, parse
from journal.models import LogImport
from mastery.models import User

LARGEST = 25_000_000  # bytes
SHOWN = 50

CONFLICTS = [
    ("both", "Keep both: the file’s comes in as a further entry"),
    ("mine", "Keep mine"),
    ("theirs", "Take the file’s: the next revision of mine, read by whoever may read mine"),
]
AS_ABOVE = ("", "As chosen for all")
DAY = ("day", "An entry of the day below")
OPENING = ("opening", "A part of what stands before the first entry")
LEAVE = ("leave", "Leave it out")


class LogForm(forms.Form):
    """A log as a file or as text; ``sent`` is what it came to."""

    log = forms.FileField(
        label="Your log",
        required=False,
        help_text="A Markdown or text file of up to 25 MB.",
        widget=forms.FileInput(attrs={"accept": ".md,.markdown,.txt,text/markdown,text/plain"}),
        error_messages={"empty": "There is nothing in this file."},
    )
    text = forms.CharField(
        label="Or paste it",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Ours names the line.
        self.fields["text"].validators = []

    def clean_log(self) -> str:
        file: UploadedFile[bytes] | None = self.cleaned_data["log"]
        if not file:
            return ""
        if file.size and file.size > LARGEST:
            raise forms.ValidationError(
                f"This file has {file.size / 1e6:,.0f} MB, and {LARGEST // 10**6} MB fit. "
                "Part it by years and send one after the other."
            )
        try:
            return decode(file.read())
        except UnreadableError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].removeprefix("\ufeff")
        if text.strip():
            try:
                check(text)
            except UnreadableError as error:
                raise forms.ValidationError(str(error)) from None
        return text if text.strip() else ""

    def clean(self) -> dict[str, Any]:
        log, text = self.cleaned_data.get("log"), self.cleaned_data.get("text")
        if log and text:
            self.add_error("text", "Send a file or paste a text, not both.")
        elif not (log or text or self.errors):
            self.add_error("log", "Choose a file, or paste your log below.")
        return self.cleaned_data

    @property
    def sent(self) -> str:
        return str(self.cleaned_data["log"] or self.cleaned_data["text"])

    @property
    def name(self) -> str:
        file = self.files.get("log")
        return str(file.name)[:200] if file and self.cleaned_data["log"] else ""


@dataclass(frozen=True)
class How:
    """How a file is to be read, as far as it leaves that open."""

    order: Order = None
    every_date: bool = False

    @classmethod
    def said_in(cls, data: QueryDict) -> Self:
        order = data.get("order")
        return cls(
            order="day" if order == "day" else "month" if order == "month" else None,
            every_date=data.get("dates") == "all",
        )

    def read(self, sent: LogImport, user: User) -> Log:
        return parse(sent.text, today=user.today, order=self.order, every_date=self.every_date)

    @property
    def query(self) -> dict[str, str]:
        said = {"order": self.order or "", "dates": "all" if self.every_date else ""}
        return {name: value for name, value in said.items() if value}


class AnswersForm(forms.Form):
    """What becomes of what a dry run cannot decide. Asks about no more than the plan holds."""

    def __init__(self, *args: Any, plan: Plan, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        self.user = user
        if plan.opening == "other":
            self.fields["opening"] = forms.ChoiceField(
                label="What stands before the first entry",
                choices=[("mine", "Keep mine"), ("theirs", "Take the file’s")],
                initial="mine",
                required=False,
                widget=forms.RadioSelect,
            )
        if plan.conflicts:
            self.fields["conflicts"] = forms.ChoiceField(
                label="For all of them",
                choices=CONFLICTS,
                initial="both",
                required=False,
                widget=forms.RadioSelect,
            )
        for conflict in plan.conflicts[:SHOWN]:
            self.fields[f"conflict-{conflict.entry.line}"] = forms.ChoiceField(
                label="For this one", choices=[AS_ABOVE, *CONFLICTS], required=False
            )
        for part in plan.log.undated[:SHOWN]:
            self._ask_about(part)
        if rest := plan.log.undated[SHOWN:]:
            datable = all(part.suggestion for part in rest)
            days = [("day", "Entries of the day before them")] if datable else []
            self.fields["undated"] = forms.ChoiceField(
                label=f"The {len(rest):,} others",
                choices=[*days, OPENING, LEAVE],
                required=False,
            )

    def _ask_about(self, part: Undated) -> None:
        choices = [DAY, OPENING, LEAVE]
        if not part.suggestion:
            choices.insert(0, ("", "Choose"))
        self.fields[f"undated-{part.line}"] = forms.ChoiceField(
            label="Make it", choices=choices, required=False
        )
        self.fields[f"day-{part.line}"] = forms.DateField(
            label="Day",
            initial=part.suggestion,
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        )

    def conflict_rows(self) -> Iterator[tuple[Conflict, list[FieldChange], BoundField]]:
        """Give conflicts with what differs, and the field."""
        some = self.plan.conflicts[:SHOWN]
        for conflict, changes in zip(some, differences(self.user, some), strict=True):
            yield conflict, changes, self[f"conflict-{conflict.entry.line}"]

    def undated_rows(self) -> Iterator[tuple[Undated, BoundField, BoundField]]:
        for part in self.plan.log.undated[:SHOWN]:
            yield part, self[f"undated-{part.line}"], self[f"day-{part.line}"]

    def clean(self) -> dict[str, Any]:
        for part in self.plan.log.undated[:SHOWN]:
            self._check(part)
        return self.cleaned_data

    def _check(self, part: Undated) -> None:
        choice, day = f"undated-{part.line}", f"day-{part.line}"
        if choice in self.errors or day in self.errors:
            return
        if choice not in self.data:
            # A form that left it out, as a program would: what was proposed, if anything was.
            self.cleaned_data[choice] = "day" if part.suggestion else ""
            self.cleaned_data[day] = self.cleaned_data[day] or part.suggestion
        if not self.cleaned_data[choice]:
            self.cleaned_data[choice] = "day" if self.cleaned_data[day] else ""
        if not self.cleaned_data[choice]:
            self.add_error(choice, "Give it a day, or say what becomes of it.")
        elif self.cleaned_data[choice] == "day" and not self.cleaned_data[day]:
            self.add_error(day, "Choose a day.")
        elif self.cleaned_data[choice] == "day":
            problems = part.on(self.cleaned_data[day]).writing.problems(today=self.user.today)
            for name, problem in problems.items():
                self.add_error(day if name == "day" else choice, problem)

    def answers(self) -> Answers:
        said = self.cleaned_data
        undated = self.plan.log.undated
        choices = {part.line: said[f"undated-{part.line}"] for part in undated[:SHOWN]}
        choices |= {part.line: said.get("undated") or "opening" for part in undated[SHOWN:]}
        days = {
            part.line: said.get(f"day-{part.line}") or part.suggestion
            for part in undated
            if choices[part.line] == "day"
        }
        return Answers(
            conflicts=said.get("conflicts") or "both",
            each_conflict={
                conflict.entry.line: said[f"conflict-{conflict.entry.line}"]
                for conflict in self.plan.conflicts[:SHOWN]
            },
            days={line: day for line, day in days.items() if day},
            into_opening=frozenset(line for line, said in choices.items() if said == "opening"),
            opening=said.get("opening") or "mine",
        )
