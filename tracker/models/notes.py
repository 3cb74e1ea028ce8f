import datetime as dt

from django.db import models, transaction

from mastery.models import User
from roadmap.models import Milestone
from tracker.conflicts import ConflictError

MOST_STEPS = 30  # of a person, on one milestone


class OwnQuerySet[Row: models.Model](models.QuerySet[Row]):
    def of(self, user: User) -> "OwnQuerySet[Row]":
        return self.filter(user=user)

    def locked(self, user: User, milestone: int) -> "OwnQuerySet[Row]":
        """Give what a person has on a milestone, within a transaction that has it to itself.

        The person's row is the lock: two tabs change it one after the other.
        """
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return self.of(user).filter(milestone=milestone)


class NoteQuerySet(OwnQuerySet["Note"]):
    def keep(
        self,
        user: User,
        *,
        milestone: int,
        text: str,
        html: str,
        began_from: str | None,
        now: dt.datetime,
    ) -> bool:
        """Put a note in the place of the one there is, an empty one takes it away; say whether
        that changed anything.

        ``began_from`` is the version that the writer saw, None when they do not say. Raises
        ConflictError when there are other words now.
        """
        with transaction.atomic():
            note = self.locked(user, milestone).first()
            if text == note.text if note else not text.strip():
                return False
            if note and began_from is not None and began_from != note.version:
                raise ConflictError
            if note and not text.strip():
                note.delete()
            else:
                self.update_or_create(
                    user=user,
                    milestone_id=milestone,
                    defaults={"text": text, "html": html, "saved": now},
                )
        return True


class Note(models.Model):
    """What a person keeps beside a milestone, in Markdown. Nobody else ever sees it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notes")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="notes")
    text = models.TextField(max_length=20_000)
    html = models.TextField(help_text="Rendered when it was saved.")
    saved = models.DateTimeField()

    objects = NoteQuerySet.as_manager()

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
            steps = list(self.locked(user, milestone))
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
            steps = [one for one in self.locked(step.user, step.milestone_id) if one != step]
            self._number([*steps[:to], step, *steps[to:]])

    def reword(self, step: "SubStep", text: str, *, began_from: str | None) -> bool:
        """Say a step in other words; say whether no other step has them.

        ``began_from`` are the words that the writer saw, None when they do not say. Raises
        ConflictError when it has other words now.
        """
        with transaction.atomic():
            steps = {one.pk: one.text for one in self.locked(step.user, step.milestone_id)}
            now = steps.pop(step.pk, text)
            if text in steps.values():
                return False
            if began_from is not None and now not in {began_from, text}:
                raise ConflictError
            self.filter(pk=step.pk).update(text=text)
        return True

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
