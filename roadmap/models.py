"""The roadmap: content that everybody shares. Nothing here knows a user.

Rows are known by slug or key, in the files of ``roadmap/content/`` as in addresses; both stay as
they are once public. Text is Markdown.
"""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SLUG_RULE = "Lower-case letters, digits and single hyphens. It stays as it is once public."


class SlugField(models.SlugField[str, str]):
    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("help_text", SLUG_RULE)
        kwargs.setdefault("validators", [RegexValidator(SLUG_PATTERN, SLUG_RULE)])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def line(label: str | None = None, **options: object) -> "models.CharField[str, str]":
    return models.CharField(label, max_length=250, **options)  # type: ignore[arg-type]


class MarkdownField(models.TextField[str, str]):
    """Text with one kind of line end and nothing trailing, whatever the browser sent."""

    def to_python(self, value: object) -> str | None:
        text = super().to_python(value)
        return text if text is None else tidy(text)


def tidy(text: str) -> str:
    return "\n".join(row.rstrip() for row in text.splitlines()).strip("\n")


class State(models.TextChoices):
    DRAFT = "draft", "Draft: editors only"
    LIVE = "live", "Live"
    RETIRED = "retired", "Retired: kept for those who had it"


class PublishedQuerySet[M: models.Model](models.QuerySet[M]):
    def published(self) -> "PublishedQuerySet[M]":
        return self.filter(state=State.LIVE)


def state_field() -> "models.CharField[str, str]":
    return models.CharField(max_length=7, choices=State, default=State.LIVE, db_index=True)


def position_field(**options: object) -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        default=0,
        help_text="Smaller comes first.",
        **options,  # type: ignore[arg-type]
    )


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


class Phase(models.Model):
    slug = SlugField(unique=True)
    track = models.ForeignKey(Track, models.PROTECT, related_name="phases")
    position = position_field()
    title = line()
    state = state_field()
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


class Topic(PhasePart):
    essential = models.BooleanField(default=False, help_text="The one that matters most.")


class Step(PhasePart):
    time = line(blank=True, help_text="In words: half a day.")


class Trap(PhasePart):
    pass


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
    detail = MarkdownField(blank=True, help_text="What counts and what does not.")
    phases = models.ManyToManyField(Phase, through="Placement", related_name="milestones")

    objects = PublishedQuerySet.as_manager()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def latest_revision(self) -> "MilestoneRevision | None":
        return self.revisions.order_by("-number").first()

    def reword(self, wording: str, change: str) -> "MilestoneRevision":
        """Give the milestone a new wording as its next revision; older ones stay."""
        latest = self.latest_revision()
        return self.revisions.create(
            number=latest.number + 1 if latest else 1, wording=wording, change=change
        )


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


class Placement(models.Model):
    """A milestone's place in a phase. Shared ones have two places and one tick."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="placements")
    milestone = models.ForeignKey(Milestone, models.CASCADE, related_name="placements")
    position = position_field()

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


class Principle(models.Model):
    slug = SlugField(unique=True)
    title = line()
    text = MarkdownField()
    position = position_field()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


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
