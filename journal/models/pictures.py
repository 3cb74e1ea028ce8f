import base64
import secrets

from django.db import models

from mastery.models import User


def fresh_name() -> str:
    """Give 160 random bits as 32 letters and digits."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


class PictureQuerySet(models.QuerySet["Picture"]):
    def of(self, user: User) -> "PictureQuerySet":
        return self.filter(user=user)


class Picture(models.Model):
    """A picture in a log, re-encoded by us. It lies in the database: kept, shown and deleted with
    the entry that shows it, in the same transaction.
    """

    class Kind(models.TextChoices):
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"
        WEBP = "webp", "WebP"
        GIF = "gif", "GIF"

    user = models.ForeignKey(User, models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=32, unique=True, default=fresh_name, editable=False)
    kind = models.CharField(max_length=4, choices=Kind)
    width = models.PositiveIntegerField(help_text="Pixels.")
    height = models.PositiveIntegerField(help_text="Pixels.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    data = models.BinaryField()
    uploaded = models.DateTimeField()
    entries = models.ManyToManyField("journal.Entry", through="PictureUse", related_name="pictures")

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded"]

    def __str__(self) -> str:
        return f"{self.name}.{self.kind}"


class PictureUse(models.Model):
    """That an entry's text shows a picture, or did in an older revision.

    Others see a picture only through an entry that shows it now.
    """

    picture = models.ForeignKey(Picture, models.CASCADE, related_name="uses")
    entry = models.ForeignKey("journal.Entry", models.CASCADE, related_name="picture_uses")
    current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["picture", "entry"],
                name="picture_use_unique",
                violation_error_message="The entry uses this picture already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.picture_id} in {self.entry_id}"
