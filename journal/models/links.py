"""What hangs on entries: tags, milestones, and what became of next steps."""

from django.db import models
from django.db.models.functions import MD5

from mastery.models import User
from roadmap.models import Milestone


class Tag(models.Model):
    """A word of a person's own, in lower case, to find entries by."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                name="tag_unique",
                violation_error_message="This tag exists already.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class EntryMilestone(models.Model):
    entry = models.ForeignKey("journal.Entry", models.CASCADE)
    milestone = models.ForeignKey(Milestone, models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "milestone"],
                name="entry_milestone_unique",
                violation_error_message="The entry links to this milestone already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} to {self.milestone_id}"


class StepDecision(models.Model):
    """What became of one next step of an entry."""

    class Decision(models.TextChoices):
        DONE = "done", "Done"
        CARRIED = "carried", "Carried over"
        DROPPED = "dropped", "Dropped"

    entry = models.ForeignKey("journal.Entry", models.CASCADE, related_name="step_decisions")
    step = models.TextField()
    decision = models.CharField(max_length=7, choices=Decision)
    decided_in = models.ForeignKey(
        "journal.Entry", models.SET_NULL, null=True, related_name="steps_decided_here"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            # By its digest: an index has no room for a step as long as a text may be.
            models.UniqueConstraint(
                "entry",
                MD5("step"),
                name="step_decided_once",
                violation_error_message="What became of this step is decided already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step[:40]}: {self.decision}"
