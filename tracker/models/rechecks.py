import datetime as dt
from collections.abc import Collection

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models.functions import JSONObject

from mastery.models import User
from tracker.models.completions import Completion

# What was said of an earlier tick is over, and is left behind.
CARRY = """
    INSERT INTO tracker_recheck (completion_id, due, outcome, "on", until, at)
    SELECT DISTINCT ON (target.id, said.due)
        target.id, said.due, said.outcome, said."on", said.until, said.at
    FROM tracker_completion AS target
    JOIN tracker_completion AS source ON source.user_id = target.user_id
    JOIN tracker_recheck AS said ON said.completion_id = source.id
    WHERE target.id = ANY(%(completions)s) AND source.milestone_id = ANY(%(sources)s)
        AND said."on" > source.completed_on
    ORDER BY target.id, said.due, said.at DESC
    ON CONFLICT (completion_id, due) DO NOTHING
"""

# What was carried is known by its moment: the person said it of another milestone.
PUT_BACK = """
    DELETE FROM tracker_recheck AS carried
    USING tracker_completion AS target, tracker_completion AS source, tracker_recheck AS said
    WHERE carried.completion_id = target.id AND target.id = ANY(%(completions)s)
        AND source.user_id = target.user_id AND source.id <> target.id
        AND said.completion_id = source.id AND said.due = carried.due AND said.at = carried.at
"""

PUT_OFF = dt.timedelta(days=7)


class RecheckQuerySet(models.QuerySet["Recheck"]):
    def of(self, user: User) -> "RecheckQuerySet":
        return self.filter(completion__user=user)

    def answer(
        self,
        completion: Completion,
        outcome: str,
        *,
        due: dt.date,
        today: dt.date,
        now: dt.datetime,
    ) -> None:
        """Keep how it went, for the day since which it was due; the last answer to that counts.

        A repeat changes nothing, unless what was put off is put off anew once its day has come.
        """
        row = self.filter(completion=completion, due=due).first()
        if row and row.outcome == outcome and (row.until is None or row.until > today):
            return
        later = outcome == Recheck.Outcome.LATER
        self.bulk_create(
            [
                Recheck(
                    completion=completion,
                    due=due,
                    outcome=outcome,
                    on=today,
                    until=today + PUT_OFF if later else None,
                    at=now,
                )
            ],
            update_conflicts=True,
            unique_fields=["completion", "due"],
            update_fields=["outcome", "on", "until", "at"],
        )

    def take_back(self, completion: Completion, *, due: dt.date) -> None:
        self.filter(completion=completion, due=due).delete()

    def carry(self, sources: Collection[int], completions: Collection[int]) -> None:
        """Take what was said of milestones over to completions that stand for them, in one
        statement, so that nobody is asked at once again. What is there stays.
        """
        with connection.cursor() as cursor:
            cursor.execute(CARRY, {"sources": list(sources), "completions": list(completions)})

    def put_back(self, completions: Collection[int]) -> None:
        """Let go of what was carried over to completions that no longer stand for others."""
        with connection.cursor() as cursor:
            cursor.execute(PUT_BACK, {"completions": list(completions)})


class Recheck(models.Model):
    """How it went to do a milestone again from a blank file. The tick stays whatever it says."""

    class Outcome(models.TextChoices):
        HELD = "held", "Held"
        SHAKY = "shaky", "Shaky"
        LOST = "lost", "Lost"
        LATER = "later", "Later"

    completion = models.ForeignKey(Completion, models.CASCADE, related_name="rechecks")
    due = models.DateField(help_text="Since when it was asked for.")
    outcome = models.CharField(max_length=5, choices=Outcome)
    on = models.DateField(help_text="The person's own date when they answered.")
    until = models.DateField(null=True, help_text="Put off until then.")
    at = models.DateTimeField()

    objects = RecheckQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["completion", "due"],
                name="recheck_unique",
                violation_error_message="This was answered already.",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="later", until__isnull=False)
                | (~models.Q(outcome="later") & models.Q(until=None)),
                name="recheck_later_has_a_day",
                violation_error_message="What is put off is put off until a day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.completion_id} {self.outcome}"


def answers() -> ArraySubquery:
    """Give a completion's answers, in order, to come along with its own row."""
    rows = Recheck.objects.filter(completion=models.OuterRef("pk")).order_by("at", "pk")
    return ArraySubquery(rows.values(json=JSONObject(outcome="outcome", on="on", until="until")))
