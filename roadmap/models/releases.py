"""Sets of drafts that are published together, and what learners read about it."""

import datetime as dt
import re

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from roadmap.models.fields import MarkdownField, line
from roadmap.models.history import tracked

LINK_LIVES = dt.timedelta(days=14)
PK = re.compile(r"[0-9]{1,18}")


class ReleaseQuerySet(models.QuerySet["Release"]):
    def published(self) -> "ReleaseQuerySet":
        return self.exclude(published=None)

    def drafts(self) -> "ReleaseQuerySet":
        return self.filter(published=None)

    def back_from(self, release: "Release") -> "ReleaseQuerySet":
        """Give a published one and what was published before it."""
        earlier = Q(published__lt=release.published)
        return self.filter(earlier | Q(published=release.published, pk__lte=release.pk))


@tracked
class Release(models.Model):
    """Changes to the roadmap that learners meet as one. Not published yet: a set of drafts.

    What editors do to live content, as a split, makes a release of its own at once.
    """

    title = line(help_text="What learners read on the page of changes.")
    notes = MarkdownField(blank=True, help_text="Why, and what it means for those who are on it.")
    created = models.DateTimeField(auto_now_add=True)
    published = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        # Drafts first, then the newest.
        ordering = [models.F("published").desc(nulls_first=True), "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        # Wherever it stands among the pages of changes by then.
        return f"{reverse('changes')}?from={self.pk}#release-{self.pk}"


class ReleaseItem(models.Model):
    """One change of a published release, as it stood then."""

    class What(models.TextChoices):
        ADDED = "added", "New"
        REWORDED = "reworded", "Reworded"
        SPLIT = "split", "Split"
        MERGED = "merged", "Merged"
        REPLACED = "replaced", "Replaced"
        RETIRED = "retired", "Retired"
        RESTORED = "restored", "Back again"

    class Kind(models.TextChoices):
        PHASE = "phase", "Phase"
        MILESTONE = "milestone", "Milestone"
        RESOURCE = "resource", "Resource"
        CHAPTER = "chapter", "Chapter"

    release = models.ForeignKey(Release, models.CASCADE, related_name="items")
    what = models.CharField(max_length=8, choices=What)
    kind = models.CharField(max_length=9, choices=Kind)
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=250, help_text="Its title or wording as it stood then.")
    was = models.TextField(blank=True, help_text="What it was before, one line each.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.name}"


class PreviewLinkQuerySet(models.QuerySet["PreviewLink"]):
    def open(self) -> "PreviewLinkQuerySet":
        return self.filter(revoked=None, expires__gt=timezone.now(), release__published=None)

    def by_token(self, token: str) -> "PreviewLink | None":
        """Give the link that a token opens, unless it ran out, was revoked or was never made."""
        try:
            pk = signing.Signer(salt="preview").unsign(token)
        except signing.BadSignature:
            return None
        # Whatever was signed, a number that no row can have is no row's.
        if not PK.fullmatch(pk):
            return None
        return self.open().select_related("release").filter(pk=int(pk)).first()


def two_weeks_from_now() -> dt.datetime:
    return timezone.now() + LINK_LIVES


class PreviewLink(models.Model):
    """Lets whoever has it see the pages as they will be once a set of drafts is published."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="links")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(default=two_weeks_from_now)
    revoked = models.DateTimeField(null=True, blank=True)

    objects = PreviewLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Preview of {self.release}"

    @property
    def token(self) -> str:
        """What the address holds; the key of this site vouches for it, the row can end it."""
        return signing.Signer(salt="preview").sign(str(self.pk))

    @property
    def is_open(self) -> bool:
        return self.revoked is None and self.expires > timezone.now()


class Succession(models.Model):
    """Milestones that live on in others. Undone, it binds nobody and stays for the record."""

    class Kind(models.TextChoices):
        SPLIT = "split", "Split"
        MERGE = "merge", "Merge"
        REPLACE = "replace", "Replace"

    kind = models.CharField(max_length=7, choices=Kind)
    before = models.ManyToManyField("roadmap.Milestone", related_name="successions")
    after = models.ManyToManyField("roadmap.Milestone", related_name="origins")
    # Of ``after``, those that came to the roadmap by it and leave when it is undone.
    brought = models.ManyToManyField("roadmap.Milestone", related_name="+")
    # What levels ask for that one of ``after`` fulfils since, and did not before.
    gained = models.ManyToManyField("roadmap.Requirement", related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.at:%Y-%m-%d}"


class FormerSlug(models.Model):
    """An address that a phase once had; it leads to the phase's present one for good."""

    slug = models.SlugField(max_length=60, unique=True)
    phase = models.ForeignKey("roadmap.Phase", models.CASCADE, related_name="former_slugs")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug
