from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from roadmap.models import Milestone
from roadmap.queries import ManualMilestone
from tracker.evidence import LABELS, LONGEST_TEXT, MOST_LINKS, Evidence, Link
from tracker.links import read_url

LONGEST_NOTE = 20_000  # characters
LONGEST_STEP = 200  # characters
EMPTY_ROWS = 2
PART = "part:"


class Words(forms.CharField):
    """A text of several lines, counted as the browser counts it: a line's end is one character."""

    def __init__(self, *, longest: int, rows: int, **more: Any) -> None:
        super().__init__(
            required=False,
            max_length=longest,
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages={
                "max_length": f"At most {longest:,} characters; this has %(show_value)s."
            },
            **more,
        )

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


@dataclass
class Row:
    """One link of the form as it was typed, and what is wrong with it."""

    number: int
    label: str = "other"
    url: str = ""
    error: str = ""

    @property
    def id(self) -> str:
        return f"url-{self.number}"


type Choices = list[tuple[str, list[tuple[str, str]]]]


class EvidenceForm(forms.Form):
    """Links, each with what it is, and a text. ``label`` and ``url`` are sent as often as wanted,
    in the same order; where the address is empty there is no link.

    What was carried over from several milestones may be more than fits here: it can be kept as it
    is and cut down, and no more can be added to it.
    """

    text = Words(longest=LONGEST_TEXT, rows=5, label="In words")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        milestone: ManualMilestone,
        evidence: Evidence,
        **more: str,
    ) -> None:
        super().__init__(data, auto_id="evidence-%s", initial={"text": evidence.text} | more)
        self.milestone = milestone
        self.most_links = max(MOST_LINKS, len(evidence.links))
        longest = max(LONGEST_TEXT, len(evidence.text))
        self.longest = f"{longest:,}"
        if longest > LONGEST_TEXT:
            self.fields["text"] = Words(longest=longest, rows=5, label="In words")
        self.parts = {PART + part.slug: part for part in milestone.parts}
        self.evidence = Evidence()
        if data is not None:
            self.rows = self.typed(data)
        else:
            self.rows = [Row(0, self.value_of(link), link.url) for link in evidence.links]
        self.pad()

    @classmethod
    def another(
        cls, data: QueryDict, milestone: ManualMilestone, evidence: Evidence
    ) -> "EvidenceForm":
        """Give the form with all that was typed and room for more, saying nothing of mistakes."""
        form = cls(milestone=milestone, evidence=evidence, text=data.get("text", ""))
        form.rows = form.typed(data)
        form.pad()
        return form

    @property
    def choices(self) -> Choices:
        """What a link can be: one of the deliverable's parts, or anything else."""
        labels = list(LABELS.items())
        if not self.parts:
            return [("", labels)]
        parts = [(value, part.name) for value, part in self.parts.items()]
        return [("What must ship", parts), ("Anything else", labels)]

    @property
    def room(self) -> bool:
        """Whether another link would fit."""
        return len(self.rows) < self.most_links

    @property
    def mistakes(self) -> list[Row]:
        return [row for row in self.rows if row.error]

    def typed(self, data: QueryDict) -> list[Row]:
        labels = data.getlist("label")
        return [
            Row(0, labels[at].strip() or "other" if at < len(labels) else "other", url)
            for at, url in enumerate(data.getlist("url"))
            if url.strip()
        ]

    def pad(self) -> None:
        """Add empty rows: one for each thing that is still asked, and some to spare."""
        wanted = self.wanted()
        spare = max(EMPTY_ROWS - len(wanted), 0)
        room = max(self.most_links - len(self.rows), 0)
        self.rows += [Row(0, label) for label in [*wanted, *["other"] * spare][:room]]
        for number, row in enumerate(self.rows):
            row.number = number

    def wanted(self) -> list[str]:
        """Say what empty rows are for: the parts that no link shows, and what the kind asks."""
        given = [self.given(row.label, row.url) for row in self.rows]
        missing = Evidence(tuple(given)).missing(self.milestone.parts)
        labels = {link.label for link in given} | {part.label for part in missing}
        match self.milestone.kind:
            case Milestone.Kind.SHIP:
                asked = [label for label in ("repository", "write-up") if label not in labels]
            case Milestone.Kind.BUILD:
                asked = [] if labels & {"repository", "commit"} else ["repository"]
            case Milestone.Kind.EXPLAIN:
                asked = [] if labels else ["write-up"]
            case _:
                asked = []
        return [*(PART + part.slug for part in missing), *asked]

    def value_of(self, link: Link) -> str:
        return PART + link.part if PART + link.part in self.parts else link.label

    def given(self, value: str, url: str) -> Link:
        """Make the link of what was chosen in the list."""
        part = self.parts.get(value)
        return Link(part.label, url, part.slug) if part else Link(value, url)

    def link_of(self, row: Row) -> Link:
        if row.label not in self.parts and row.label not in LABELS:
            raise ValidationError("Choose from the list what this link is.")
        return self.given(row.label, read_url(row.url))

    def clean(self) -> dict[str, Any]:
        links: list[Link] = []
        for row in self.rows:
            if not row.url:
                continue
            try:
                links.append(self.link_of(row))
            except ValidationError as error:
                row.error = error.messages[0]
            if len(links) + len(self.mistakes) > self.most_links:
                row.error = f"At most {self.most_links} links: this one is too many."
        if self.mistakes:
            self.add_error(None, "Some links cannot be kept as they are.")
        # Given twice is given once.
        self.evidence = Evidence(tuple(dict.fromkeys(links)), self.cleaned_data.get("text", ""))
        return self.cleaned_data


class NoteForm(forms.Form):
    text = Words(longest=LONGEST_NOTE, rows=8, strip=False, label="Your note")


class StepForm(forms.Form):
    """The words of a sub-step: one line."""

    text = forms.CharField(
        max_length=LONGEST_STEP,
        label="A step of your own",
        error_messages={
            "required": "Say what the step is.",
            "max_length": f"A step has at most {LONGEST_STEP} characters; this has %(show_value)s.",
        },
    )

    def clean_text(self) -> str:
        return " ".join(self.cleaned_data["text"].split())
