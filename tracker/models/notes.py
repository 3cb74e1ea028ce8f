from django.db import models, transaction

from mastery.models import User
from roadmap.models import Milestone

MOST_STEPS = 30  # of a person, on one milestone


class OwnQuerySet[Row: models.Model](models.QuerySet[Row]):
    def of(self, user: User) -> "OwnQuerySet[Row]":
        return self.filter(user=user)


class Note(models.Model):
    """What a person keeps beside a milestone, in Markdown. Nobody else ever sees it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notes")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="notes")
    text = models.TextField(max_length=20_000)
    html = models.TextField(help_text="Rendered when it was saved.")
    saved = models.DateTimeField()

    objects = OwnQuerySet["Note"].as_manager()

    class Meta:
        ordering = ["milestone"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "milestone"],
                name="note_unique",
                violation_error_message="This milestone has a note already.",
            )
        ]

    def __str__(self) -> str:
        return f"Note on {self.milestone}"

    @property
    def version(self) -> str:
        """What a form says it began from."""
        return self.saved.isoformat()


class SubStepQuerySet(OwnQuerySet["SubStep"]):
    def add(
        self, user: User, *, milestone: int, text: str, done: bool = False, at: int | None = None
    ) -> bool:
        """Add a step, in a place or as the last one; say whether there was room for it.

        A step of the same words is the same step: a repeat changes nothing.
        """
        with transaction.atomic():
            steps = self._locked(user, milestone)
            if any(step.text == text for step in steps):
                return True
            if len(steps) >= MOST_STEPS:
                return False
            step = self.create(
                user=user, milestone_id=milestone, text=text, done=done, position=len(steps)
            )
            if at is not None:
                self._number([*steps[:at], step, *steps[at:]])
        return True

    def move(self, step: "SubStep", to: int) -> None:
        """Put a step into a place among those of its milestone, counted from 0."""
        with transaction.atomic():
            steps = [one for one in self._locked(step.user, step.milestone_id) if one != step]
            self._number([*steps[:to], step, *steps[to:]])

    def _locked(self, user: User, milestone: int) -> list["SubStep"]:
        # The person's row is the lock: two tabs add and move one after the other.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return list(self.of(user).filter(milestone=milestone))

    def _number(self, steps: list["SubStep"]) -> None:
        for position, step in enumerate(steps):
            step.position = position
        self.bulk_update(steps, ["position"])


class SubStep(models.Model):
    """A step of a person's own on the way to a milestone."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sub_steps")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="sub_steps")
    text = models.CharField(max_length=200)
    done = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    objects = SubStepQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["user", "milestone"], name="sub_step_by_milestone")]

    def __str__(self) -> str:
        return self.text
