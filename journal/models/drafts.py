import datetime as dt

from django.db import models

from journal.models.entries import Entry
from journal.models.fields import CodeField
from mastery.models import User

# Autosaves so close to each other are one state to go back to.
MERGED = dt.timedelta(minutes=10)


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, user: User) -> "DraftQuerySet":
        return self.filter(user=user)

    def open(self) -> "DraftQuerySet":
        return self.filter(discarded_at=None)


class Draft(models.Model):
    """What stands in a form and is not saved as an entry yet: typed words, valid or not.

    Each opened form has a draft of its own, so that two browsers never write over each other.
    Saving the entry ends it; a discarded one can be taken back for 30 days.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    code = CodeField()
    entry = models.ForeignKey(
        Entry, models.CASCADE, null=True, related_name="drafts", help_text="None: a new entry."
    )
    began_from = models.PositiveIntegerField(
        default=0, help_text="The entry's revision that the form was opened with."
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Counts autosaves: a form that fell behind gets a draft of its own."
    )
    fields = models.JSONField(help_text="The form's fields as typed, by name.")
    created = models.DateTimeField()
    saved = models.DateTimeField()
    discarded_at = models.DateTimeField(null=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-saved"]
        indexes = [models.Index(fields=["user", "-saved"], name="draft_by_user")]

    def __str__(self) -> str:
        return self.code


class DraftCheckpoint(models.Model):
    """A draft as it stood once. Autosaves within ten minutes merge into one."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="checkpoints")
    fields = models.JSONField()
    began = models.DateTimeField()
    saved = models.DateTimeField()

    class Meta:
        ordering = ["-began"]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.began:%H:%M}"
