from django.db import models

from mastery.models import User


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


class LogImport(models.Model):
    """A log that was sent in, kept until its person has said what becomes of it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="log_imports")
    name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    sent = models.DateTimeField()
    finished = models.DateTimeField(null=True)

    objects = LogImportQuerySet.as_manager()

    class Meta:
        ordering = ["-sent"]

    def __str__(self) -> str:
        return self.name
