import datetime as dt

from django.db import models
from django.utils import timezone

from mastery.models import User

UNDOABLE = dt.timedelta(days=30)


class ResetQuerySet(models.QuerySet["Reset"]):
    def of(self, user: User) -> "ResetQuerySet":
        return self.filter(user=user)

    def undoable(self, now: dt.datetime) -> "ResetQuerySet":
        return self.filter(undone_at=None, at__gt=now - UNDOABLE)


class Reset(models.Model):
    """That a person unticked a whole track at once, and what, so that it can be taken back."""

    user = models.ForeignKey(User, models.CASCADE, related_name="resets")
    track = models.SlugField(help_text="Its slug then.")
    name = models.CharField(max_length=250, help_text="Its name then.")
    completions = models.JSONField(help_text="Primary keys of the completions it unticked.")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    objects = ResetQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.track} at {self.at:%Y-%m-%d}"

    @property
    def until(self) -> dt.datetime:
        """The moment from which it can no longer be undone."""
        return self.at + UNDOABLE

    @property
    def late(self) -> bool:
        return self.until <= timezone.now()
