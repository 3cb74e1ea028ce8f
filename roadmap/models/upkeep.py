"""What the site keeps about its content on the side: whether links answer, archives to load."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class LinkCheckQuerySet(models.QuerySet["LinkCheck"]):
    def dead(self) -> "LinkCheckQuerySet":
        return self.exclude(problem="")


class LinkCheck(models.Model):
    """How an address that the content links to answered the last time somebody asked."""

    url = models.URLField("address", max_length=500, unique=True)
    checked = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of HTTP.")
    problem = models.CharField(max_length=200, blank=True, help_text="Empty: it answers.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")

    objects = LinkCheckQuerySet.as_manager()

    class Meta:
        ordering = ["url"]
        constraints = [
            models.CheckConstraint(
                condition=Q(problem="", failures=0) | (~Q(problem="") & Q(failures__gte=1)),
                name="linkcheck_failures_match",
                violation_error_message="A link that answers has no failures.",
            )
        ]

    def __str__(self) -> str:
        return self.url


class ContentArchive(models.Model):
    """An archive of content files between its dry run and the word to load it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=250)
    body = models.BinaryField()
    uploaded = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
