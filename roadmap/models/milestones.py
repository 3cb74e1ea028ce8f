"""What a learner ticks, and the levels that are reached by it."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from roadmap.ledger import ledger
from roadmap.models.fields import (
    MarkdownField,
    PublishedQuerySet,
    SlugField,
    line,
    position_field,
    release_field,
    since_field,
    state_field,
)
from roadmap.models.history import tracked, tracked_pairs
from roadmap.models.phases import Phase

# Keys stand in addresses, where these words lead to pages of their own.
TAKEN = {"claim", "import", "reset"}


@tracked
class Milestone(models.Model):
    class Kind(models.TextChoices):
        BUILD = "build", "Build: code of your own"
        EXPLAIN = "explain", "Explain: in your own words"
        SHIP = "ship", "Ship: published work"
        JOIN = "join", "Join: take part"
        OUTSIDE = "outside", "Outside: what somebody else did with it"

    key = SlugField(unique=True)
    kind = models.CharField(max_length=7, choices=Kind)
    deliverable = models.BooleanField(
        default=False, help_text="The artifact a phase ends in. Stands beside the totals."
    )
    state = state_field()
    release = release_field()
    since = since_field()
    detail = MarkdownField(blank=True, help_text="What counts and what does not.")
    phases = models.ManyToManyField(Phase, through="Placement", related_name="milestones")

    objects = PublishedQuerySet.as_manager()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        if self._state.adding and self.key in TAKEN:
            taken = f"“{self.key}” is the address of another page of learners. Choose another key."
            raise ValidationError({"key": taken})

    def latest_revision(self) -> "MilestoneRevision | None":
        return self.revisions.order_by("-number").first()

    def reword(self, wording: str, change: str) -> "MilestoneRevision":
        """Give the milestone a new wording as its next revision; older ones stay.

        What learners have of the last one moves along when the change is cosmetic.
        """
        with transaction.atomic():
            # Of two who reword it at once, the second one's is the later revision.
            Milestone.objects.select_for_update(no_key=True).get(pk=self.pk)
            latest = self.latest_revision()
            number = latest.number + 1 if latest else 1
            revision = self.revisions.create(number=number, wording=wording, change=change)
            if latest and change == MilestoneRevision.Change.COSMETIC:
                ledger().move_on(latest.pk, revision.pk)
        return revision


@tracked
class MilestoneRevision(models.Model):
    class Change(models.TextChoices):
        MATERIAL = "material", "Material: it asks for something else now"
        COSMETIC = "cosmetic", "Cosmetic: spelling, no change of meaning"

    milestone = models.ForeignKey(Milestone, models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    wording = line()
    change = models.CharField(max_length=8, choices=Change, default=Change.MATERIAL)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["milestone", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["milestone", "number"],
                name="milestonerevision_number_unique",
                violation_error_message="This milestone has a revision of that number already.",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1),
                name="milestonerevision_number_from_one",
                violation_error_message="Revisions are numbered from 1.",
            ),
        ]

    def __str__(self) -> str:
        return self.wording


@tracked
class DeliverablePart(models.Model):
    """One thing that must ship with a deliverable, and the label of the link that shows it.

    Only deliverables have parts. The milestone says which it is, in another table, so that the
    files' reader, the loader and the desk see to it rather than a constraint.
    """

    class Label(models.TextChoices):
        REPOSITORY = "repository", "Repository"
        COMMIT = "commit", "Commit"
        WRITE_UP = "write-up", "Write-up"
        PLOT = "plot", "Plot"
        WEIGHTS = "weights", "Weights"
        OTHER = "other", "Other"

    milestone = models.ForeignKey(Milestone, models.CASCADE, related_name="parts")
    slug = SlugField()
    name = line(help_text="Such as: An evaluation harness that others can run.")
    label = models.CharField(
        max_length=10, choices=Label, help_text="The label of the link that shows it."
    )
    position = position_field()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["milestone", "slug"],
                name="deliverablepart_slug_unique",
                violation_error_message="This deliverable has another part with that slug.",
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked
class Placement(models.Model):
    """A milestone's place in a phase. Shared ones have two places and one tick."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="placements")
    milestone = models.ForeignKey(Milestone, models.CASCADE, related_name="placements")
    position = position_field()
    since = since_field()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "milestone"],
                name="placement_unique",
                violation_error_message="This phase holds that milestone already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.milestone} in {self.phase}"


@tracked
class Level(models.Model):
    slug = SlugField(unique=True)
    name = line()
    can = line(help_text="What a person at this level can do.")
    time = line(help_text="In words: 3–6 months.")
    reached_by = line(help_text="In words. The requirements below are what decides.")
    beyond = models.BooleanField(default=False, help_text="Beyond the map: no phase leads here.")
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return f"{self.label} {self.name}"

    def get_absolute_url(self) -> str:
        return f"{reverse('levels')}#level-{self.slug}"

    @property
    def label(self) -> str:
        return self.slug.upper()


@tracked
class Requirement(models.Model):
    """One thing a level asks for: any one of these milestones will do."""

    level = models.ForeignKey(Level, models.CASCADE, related_name="requirements")
    slug = SlugField()
    any_of = models.ManyToManyField(Milestone, related_name="requirements")
    position = position_field()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["level", "slug"],
                name="requirement_slug_unique",
                violation_error_message="This level has another requirement with that slug.",
            )
        ]

    def __str__(self) -> str:
        return self.slug


@tracked_pairs
class RequirementMilestone(Requirement.any_of.through):  # type: ignore[name-defined,misc]
    """That a milestone fulfils a requirement, so that this too has a history."""

    class Meta:
        proxy = True
