"""What the site itself remembers about its content."""

from django.db import models
from django.db.models import Q


class LoadedRow(models.Model):
    """What a load last gave a row, so that a later one sees what an editor changed.

    Each source has its own memory: to the files that ship with the site, what an editor loads from
    an archive is an editor's change like any other.
    """

    class Source(models.TextChoices):
        FILES = "files", "The files of the site"
        ARCHIVE = "archive", "An archive that an editor loaded"

    source = models.CharField(max_length=7, choices=Source, default=Source.FILES)
    kind = models.CharField(max_length=20)
    # As long as the longest: a resource's slug with the label of a link.
    key = models.CharField(max_length=311)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "key"],
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
