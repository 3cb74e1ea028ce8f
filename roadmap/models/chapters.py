"""What stands beside the phases: habits, principles, prose, claims and questions."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
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
from roadmap.models.phases import Phase


@tracked
class Habit(models.Model):
    slug = SlugField(unique=True)
    name = line()
    target = line()
    text = MarkdownField()
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.name


@tracked
class Principle(models.Model):
    slug = SlugField(unique=True)
    title = line()
    text = MarkdownField()
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


@tracked
class Chapter(models.Model):
    class Section(models.TextChoices):
        OVERVIEW = "overview", "Overview"
        MENTAL_MODEL = "mental-model", "Mental model"
        BRANCHES = "branches", "Trunk and branches"
        ANTI_PATTERNS = "anti-patterns", "Anti-patterns"
        METHOD = "method", "Research method"
        PROVENANCE = "provenance", "Provenance"

    section = models.CharField(max_length=13, choices=Section)
    slug = SlugField(unique=True)
    title = line()
    state = state_field()
    release = release_field()
    summary = line(blank=True)
    text = MarkdownField()
    position = position_field()

    objects = PublishedQuerySet.as_manager()

    class Meta:
        ordering = ["section", "position", "slug"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        pages = {
            self.Section.OVERVIEW: "roadmap",
            self.Section.MENTAL_MODEL: "roadmap",
            self.Section.BRANCHES: "roadmap",
            self.Section.ANTI_PATTERNS: "method",
            self.Section.METHOD: "method",
            self.Section.PROVENANCE: "provenance",
        }
        return f"{reverse(pages[self.Section(self.section)])}#{self.slug}"


@tracked
class Claim(models.Model):
    slug = SlugField(unique=True)
    statement = models.CharField(max_length=500)
    tier = models.PositiveSmallIntegerField(
        choices=[
            (1, "1: verified against a source"),
            (2, "2: standard knowledge"),
            (3, "3: editorial judgement"),
        ],
        validators=[MinValueValidator(1), MaxValueValidator(3)],
    )
    source = MarkdownField(help_text="The receipts, as Markdown links.")
    checked = models.DateField("last checked", null=True, blank=True)
    position = position_field()

    class Meta:
        ordering = ["tier", "position", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__gte=1, tier__lte=3),
                name="claim_tier_range",
                violation_error_message="There are three tiers.",
            )
        ]

    def __str__(self) -> str:
        return self.statement

    def get_absolute_url(self) -> str:
        return f"{reverse('provenance')}#claim-{self.slug}"


@tracked
class Question(models.Model):
    """Find your entry point: whoever cannot do this starts at that phase."""

    slug = SlugField(unique=True)
    ask = models.CharField(max_length=500)
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="questions")
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.ask

    def get_absolute_url(self) -> str:
        return reverse("start")
