"""What the site keeps about its content on the side: whether links answer, archives to load."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q

# One refusal may be a bad day; so many in a row, and nobody is there any more.
DEAD_AFTER = 2


class LinkCheckQuerySet(models.QuerySet["LinkCheck"]):
    def dead(self) -> "LinkCheckQuerySet":
        """Give those that said for sure that there is nothing, the last times they were asked."""
        return self.filter(definite=True, failures__gte=DEAD_AFTER)

    def unsure(self) -> "LinkCheckQuerySet":
        return self.exclude(problem="").filter(Q(definite=False) | Q(failures__lt=DEAD_AFTER))

    def fine(self) -> "LinkCheckQuerySet":
        return self.filter(problem="")

    def keep(
        self,
        url: str,
        *,
        at: dt.datetime,
        status: int | None = None,
        problem: str = "",
        definite: bool = False,
        not_before: dt.datetime | None = None,
    ) -> "LinkCheck":
        """Keep how an address answered, and since when and how often in a row it did so."""
        row = self.filter(url=url).first() or LinkCheck(url=url)
        again = row.problem != "" and row.definite == definite
        row.failures = 0 if not problem else row.failures + 1 if again else 1
        row.since = (row.since or at) if problem else None
        row.answered = row.answered if problem else at
        row.checked, row.status, row.problem = at, status, problem[:200]
        row.definite, row.not_before = definite, not_before
        row.save()
        return row


class LinkCheck(models.Model):
    """How an address that the content links to answered the last time somebody asked."""

    url = models.URLField("address", max_length=500, unique=True, help_text="Without fragment.")
    checked = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of HTTP.")
    problem = models.CharField(max_length=200, blank=True, help_text="Empty: it answers.")
    definite = models.BooleanField(
        default=False, help_text="Whether the problem says for sure that there is nothing."
    )
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="In a row, all definite or all not."
    )
    since = models.DateTimeField(null=True, blank=True, help_text="Of the first failure in a row.")
    answered = models.DateTimeField(null=True, blank=True, help_text="The last time it was fine.")
    not_before = models.DateTimeField(null=True, blank=True, help_text="Its host wants to be left.")

    objects = LinkCheckQuerySet.as_manager()

    class Meta:
        ordering = ["url"]
        constraints = [
            models.CheckConstraint(
                condition=Q(problem="", failures=0, definite=False, since=None)
                | (~Q(problem="") & Q(failures__gte=1, since__isnull=False)),
                name="linkcheck_failures_match",
                violation_error_message="A link that answers has no failures.",
            )
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def dead(self) -> bool:
        return self.definite and self.failures >= DEAD_AFTER


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
