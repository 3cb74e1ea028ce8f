from typing import Any

from django.db import models
from django.utils.safestring import SafeString, mark_safe

from journal.models.writing import PROMPTS, Writing
from mastery.markdown import render_entry
from mastery.markdown.pictures import Sizes


class EntryRevision(models.Model):
    """An entry's words as saved once, with their HTML. Never changed, except to render anew."""

    entry = models.ForeignKey("journal.Entry", models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    day = models.DateField()
    title = models.CharField(max_length=200, blank=True)
    tried = models.TextField(blank=True)
    happened = models.TextField(blank=True)
    learned = models.TextField(blank=True)
    next = models.TextField(blank=True)
    tags = models.JSONField(default=list, help_text="Names.")
    milestones = models.JSONField(default=list, help_text="Keys.")
    minutes = models.PositiveSmallIntegerField(null=True)
    build_work = models.BooleanField(default=False)
    html = models.JSONField(help_text="HTML of each prompt that is filled, by its name.")
    saved = models.DateTimeField()
    restored_from = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "number"],
                name="entry_revision_unique",
                violation_error_message="This revision exists already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} r{self.number}"

    @property
    def words(self) -> dict[str, SafeString]:
        """The HTML of each prompt that is filled, in their order; sanitised when it was made."""
        return {
            prompt: mark_safe(self.html[prompt])  # noqa: S308  (what render_entry gave)
            for prompt in PROMPTS
            if prompt in self.html
        }

    def writing(self) -> Writing:
        return Writing(
            day=self.day,
            title=self.title,
            tags=tuple(self.tags),
            milestones=tuple(self.milestones),
            minutes=self.minutes,
            build_work=self.build_work,
            **{prompt: getattr(self, prompt) for prompt in PROMPTS},
        )


def html_of(writing: Writing, code: str, sizes: Sizes) -> dict[str, str]:
    """Render the prompts that are filled; ids in them begin with the entry's code."""
    return {
        prompt: render_entry(text, prefix=f"{code}-{prompt}", sizes=sizes)
        for prompt in PROMPTS
        if (text := getattr(writing, prompt))
    }


def columns_of(writing: Writing) -> dict[str, Any]:
    names = ("day", "title", *PROMPTS, "minutes", "build_work")
    return {name: getattr(writing, name) for name in names}
