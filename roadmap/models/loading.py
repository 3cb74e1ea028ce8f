"""What the site itself remembers about its content."""

from django.db import models
from django.db.models import Q


class LoadedRow(models.Model):
    """What the content files last gave a row, so that a later load sees what an editor changed."""

    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                name="loadedrow_unique",
                violation_error_message="This row is remembered already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class ContentVersion(models.Model):
    """One row that triggers renew with every change of content, by whichever path it came."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    token = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1),
                name="contentversion_single",
                violation_error_message="There is one version of the content.",
            )
        ]

    def __str__(self) -> str:
        return str(self.token)
