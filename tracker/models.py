"""What one person did about the roadmap. Every row is reached through ``.of(user)``."""

import datetime as dt
from typing import Any

from django.db import connection, models

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision


class CompletionQuerySet(models.QuerySet["Completion"]):
    def of(self, user: User) -> "CompletionQuerySet":
        return self.filter(user=user)

    def tick(
        self, user: User, *, milestone: int, revision: int, on: dt.date, now: dt.datetime
    ) -> bool:
        """Make a milestone done, in one statement; say whether that changed anything.

        A repeat changes nothing, also when two come at once: the unique constraint decides.
        """
        return _changes(
            """
            INSERT INTO tracker_completion
                (user_id, milestone_id, revision_id, done, completed_on, zone, changed)
            VALUES (%(user)s, %(milestone)s, %(revision)s, true, %(on)s, %(zone)s, %(now)s)
            ON CONFLICT (user_id, milestone_id) DO UPDATE SET
                done = true, revision_id = excluded.revision_id,
                completed_on = excluded.completed_on, zone = excluded.zone,
                changed = excluded.changed
            WHERE NOT tracker_completion.done
            """,
            CompletionEvent.Kind.TICKED,
            {
                "user": user.pk,
                "milestone": milestone,
                "revision": revision,
                "on": on,
                "zone": user.time_zone,
                "now": now,
            },
        )

    def untick(self, user: User, *, milestone: int, now: dt.datetime) -> bool:
        """Make a milestone not done, in one statement; the row and its date stay for later."""
        return self._set(False, CompletionEvent.Kind.UNTICKED, user, milestone, now)

    def restore(self, user: User, *, milestone: int, now: dt.datetime) -> bool:
        """Take an untick back, in one statement: the tick stands again with its old date."""
        return self._set(True, CompletionEvent.Kind.RESTORED, user, milestone, now)

    def _set(self, done: bool, kind: str, user: User, milestone: int, now: dt.datetime) -> bool:
        return _changes(
            """
            UPDATE tracker_completion SET done = %(done)s, changed = %(now)s
            WHERE user_id = %(user)s AND milestone_id = %(milestone)s AND done <> %(done)s
            """,
            kind,
            {"done": done, "user": user.pk, "milestone": milestone, "now": now},
        )


def _changes(change: str, kind: str, values: dict[str, Any]) -> bool:
    """Change one completion and, if that did anything, add its event: both or neither."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH changed AS ({change} RETURNING id, revision_id, completed_on)
            INSERT INTO tracker_completionevent (completion_id, kind, revision_id, completed_on, at)
            SELECT id, %(kind)s, revision_id, completed_on, %(now)s FROM changed
            """,  # noqa: S608  (the change is one of the three statements above)
            {**values, "kind": kind},
        )
        return bool(cursor.rowcount)


class Completion(models.Model):
    """Whether a person has done a milestone, by which wording, and on which of their days.

    Unticking keeps the row: its date, and what will hang on it, come back with the tick.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="completions")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="completions")
    revision = models.ForeignKey(MilestoneRevision, models.PROTECT, related_name="completions")
    done = models.BooleanField(default=True)
    completed_on = models.DateField(help_text="The person's own date when they ticked it.")
    zone = models.CharField(max_length=64, help_text="The time zone that date was read in.")
    changed = models.DateTimeField()

    objects = CompletionQuerySet.as_manager()

    class Meta:
        ordering = ["user", "milestone"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "milestone"],
                name="completion_unique",
                violation_error_message="This milestone has its row already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.milestone} {'done' if self.done else 'not done'}"


class CompletionEvent(models.Model):
    """What happened to a completion, in order. Rows are added and never changed (a trigger)."""

    class Kind(models.TextChoices):
        TICKED = "ticked", "Ticked"
        UNTICKED = "unticked", "Unticked"
        RESTORED = "restored", "Tick restored"

    completion = models.ForeignKey(Completion, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind)
    revision = models.ForeignKey(MilestoneRevision, models.PROTECT, related_name="+")
    completed_on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.completion_id} {self.kind}"
