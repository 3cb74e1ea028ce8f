import datetime as dt

from django.db import models

from mastery.models import User

KEPT_UNFINISHED = dt.timedelta(days=7)


class LogFile(models.Model):
    """What a person's LOG.md holds before its first entry."""

    user = models.OneToOneField(User, models.CASCADE, related_name="log_file")
    front_matter = models.TextField(blank=True)
    preamble = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"LOG.md of {self.user_id}"


class LogImportQuerySet(models.QuerySet["LogImport"]):
    def of(self, user: User) -> "LogImportQuerySet":
        return self.filter(user=user)

    def waiting(self) -> "LogImportQuerySet":
        return self.filter(finished=None)

    def sweep(self, now: dt.datetime) -> int:
        """Delete files that were sent and then left; say how many."""
        _all, by_model = self.waiting().filter(sent__lt=now - KEPT_UNFINISHED).delete()
        return by_model.get("journal.LogImport", 0)


class LogImport(models.Model):
    """A log that was sent in, kept until its person has said what becomes of it.

    Once it is done the text is let go, and the receipt stays.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="log_imports")
    name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    sent = models.DateTimeField()
    finished = models.DateTimeField(null=True)
    receipt = models.JSONField(default=dict, help_text="Counts of what was done, by name.")

    objects = LogImportQuerySet.as_manager()

    class Meta:
        ordering = ["-sent"]

    def __str__(self) -> str:
        return self.name
