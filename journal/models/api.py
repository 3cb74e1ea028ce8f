import datetime as dt

from django.db import models

from journal.models.entries import Entry
from mastery.models import User

# For so long a request may be sent again.
KEPT = dt.timedelta(days=7)


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def of(self, user: User) -> "IdempotencyKeyQuerySet":
        return self.filter(user=user)

    def sweep(self, now: dt.datetime) -> int:
        """Forget keys that nobody will send again; give how many."""
        deleted, _by_model = self.filter(used__lt=now - KEPT).delete()
        return deleted


class IdempotencyKey(models.Model):
    """A name that a script gave to one request, so that sending it again adds nothing."""

    user = models.ForeignKey(User, models.CASCADE, related_name="idempotency_keys")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the request, in hex.")
    entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="+")
    used = models.DateTimeField()

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"],
                name="idempotency_key_unique",
                violation_error_message="This key was used before.",
            )
        ]

    def __str__(self) -> str:
        return self.key
