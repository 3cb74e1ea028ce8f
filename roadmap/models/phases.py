"""Tracks and phases, and what a phase is made of."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roadmap.models.fields import (
    MarkdownField,
    PublishedQuerySet,
    SlugField,
    line,
    position_field,
    release_field,
    state_field,
)
from roadmap.models.history import tracked


@tracked
class Track(models.Model):
    slug = SlugField(unique=True)
    name = line()
    summary = line()
    text = MarkdownField()
    optional = models.BooleanField(default=False, help_text="Counts only for those who choose it.")
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.name


@tracked
class Resource(models.Model):
    class Kind(models.TextChoices):
        COURSE = "course", "Courses"
        BOOK = "book", "Books"
        VIDEO = "video", "Videos"
        ARTICLE = "article", "Articles"
        CODE = "code", "Code and tools"
        PAPER = "paper", "Papers"
        PERSON = "person", "People and newsletters"
        COMMUNITY = "community", "Community"
        COMPUTE = "compute", "Compute"
        VENUE = "venue", "Venues"

    slug = SlugField(unique=True)
    title = line()
    author = line(blank=True)
    kind = models.CharField(max_length=9, choices=Kind)
    state = state_field()
    release = release_field()
    url = models.URLField("address", max_length=500, blank=True)
    summary = line()
    position = position_field()

    objects = PublishedQuerySet.as_manager()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('resources')}#resource-{self.slug}"


@tracked
class ResourceLink(models.Model):
    """A second address of a resource: its lectures, its assignments."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="links")
    label = line()
    url = models.URLField("address", max_length=500)
    position = position_field()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "label"],
                name="resourcelink_label_unique",
                violation_error_message="This resource has a link of that name already.",
            )
        ]

    def __str__(self) -> str:
        return self.label


@tracked
class Phase(models.Model):
    slug = SlugField(unique=True)
    track = models.ForeignKey(Track, models.PROTECT, related_name="phases")
    position = position_field()
    title = line()
    state = state_field()
    release = release_field()
    length = line(help_text="In words: 4–8 weeks.")
    weeks_min = models.PositiveSmallIntegerField(null=True, blank=True)
    weeks_max = models.PositiveSmallIntegerField(null=True, blank=True)
    level = line(blank=True, help_text="What it means on the ladder: L1 begins.")
    same_as = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="equals",
        help_text="The phase of another track with the same destination.",
    )
    summary = models.CharField(max_length=160, help_text="For the map and for search engines.")
    goal = MarkdownField()
    path = MarkdownField(help_text="How to go through it. Markdown.")
    done_when = MarkdownField("done when", help_text="A Markdown list.")

    objects = PublishedQuerySet.as_manager()

    class Meta:
        ordering = ["track__position", "position", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weeks_min=None, weeks_max=None)
                | Q(weeks_min__gte=1, weeks_max__gte=F("weeks_min")),
                name="phase_weeks_in_order",
                violation_error_message="Give both weeks, the smaller first, or neither.",
            ),
            models.CheckConstraint(
                condition=~Q(same_as=F("id")),
                name="phase_same_as_another",
                violation_error_message="A phase cannot have itself as its twin.",
            ),
            models.CheckConstraint(
                condition=~Q(slug="changes"),
                name="phase_slug_not_changes",
                violation_error_message="The page of what changed has this address. "
                "Choose another slug.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("phase", args=[self.slug])

    @property
    def label(self) -> str:
        """The short name people say: ``Phase 3``, ``RL-2``."""
        return f"Phase {self.slug}" if self.slug.isdecimal() else self.slug.upper()

    @property
    def label_within(self) -> str:
        """The label within a sentence: ``phase 3``, ``RL-2``."""
        return f"phase {self.slug}" if self.slug.isdecimal() else self.label

    @property
    def number(self) -> str:
        """The numeral within its family: ``3`` of phase 3, ``2`` of RL-2."""
        return self.slug.rpartition("-")[2]


class PhasePart(models.Model):
    """A slugged, titled paragraph of a phase, in the phase's own order."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="%(class)ss")
    slug = SlugField()
    title = line()
    text = MarkdownField()
    position = position_field()

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "slug"],
                name="%(class)s_slug_unique",
                violation_error_message="This phase has another row with that slug.",
            )
        ]

    def __str__(self) -> str:
        return self.title


@tracked
class Topic(PhasePart):
    essential = models.BooleanField(default=False, help_text="The one that matters most.")


@tracked
class Step(PhasePart):
    time = line(blank=True, help_text="In words: half a day.")


@tracked
class Trap(PhasePart):
    pass


@tracked
class PhaseResource(models.Model):
    class Role(models.TextChoices):
        PRIMARY = "primary", "Primary"
        COMPANION = "companion", "Companion"
        REFERENCE = "reference", "Reference"

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="resources")
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="uses")
    role = models.CharField(max_length=9, choices=Role)
    note = line(blank=True, help_text="What to use it for in this phase.")
    position = position_field()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "resource"],
                name="phaseresource_unique",
                violation_error_message="This phase lists that resource already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource} in {self.phase}"
