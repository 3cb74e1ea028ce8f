import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db import connection, models, transaction
from psycopg.types.json import Jsonb

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision
from tracker.conflicts import ConflictError
from tracker.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Tick:
    """A milestone done elsewhere, to be taken over: primary keys, and the person's own date."""

    milestone: int
    revision: int
    on: dt.date
    # Whether it needs nothing beside the tick, as joining does.
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Carried:
    """A person's completions of several milestones as one: of the latest day, with all evidence."""

    on: dt.date
    shown_on: dt.date | None
    zone: str
    evidence: Evidence

    @classmethod
    def of(cls, rows: Sequence["Completion"], kind: str) -> Self:
        """Make it of one row or more, for a milestone of this kind."""
        evidence = Evidence.together(Evidence.of(row.evidence) for row in rows)
        last = max(rows, key=lambda row: row.completed_on)
        shown_on = max([last.completed_on, *(row.shown_on for row in rows if row.shown_on)])
        return cls(
            last.completed_on, shown_on if evidence.shows(kind) else None, last.zone, evidence
        )


# That nobody has reworded a milestone since the revision which an answer is about.
STILL = """
    %(revision)s = (SELECT id FROM roadmap_milestonerevision
        WHERE milestone_id = %(milestone)s ORDER BY number DESC LIMIT 1)
"""


class CompletionQuerySet(models.QuerySet["Completion"]):
    def of(self, user: User) -> "CompletionQuerySet":
        return self.filter(user=user)

    def tick(
        self,
        user: User,
        *,
        milestone: int,
        revision: int,
        on: dt.date,
        now: dt.datetime,
        shown: bool = False,
    ) -> bool:
        """Make a milestone done, in one statement; say whether that changed anything.

        A repeat changes nothing, also when two come at once: the unique constraint decides.
        ``shown`` says that a tick of its kind needs no evidence. Evidence given before an untick
        counts again.
        """
        return bool(
            change(
                """
                INSERT INTO tracker_completion (user_id, milestone_id, revision_id, done,
                    completed_on, shown_on, evidence, zone, changed)
                VALUES (%(user)s, %(milestone)s, %(revision)s, true,
                    %(on)s, %(shown_on)s, '{}', %(zone)s, %(now)s)
                ON CONFLICT (user_id, milestone_id) DO UPDATE SET
                    done = true, revision_id = excluded.revision_id, kept_id = NULL,
                    completed_on = excluded.completed_on, zone = excluded.zone,
                    shown_on = CASE
                        WHEN tracker_completion.shown_on IS NULL THEN excluded.shown_on
                        ELSE excluded.completed_on END,
                    changed = excluded.changed
                WHERE NOT tracker_completion.done
                """,
                CompletionEvent.Kind.TICKED,
                {
                    "user": user.pk,
                    "milestone": milestone,
                    "revision": revision,
                    "on": on,
                    "shown_on": on if shown else None,
                    "zone": user.time_zone,
                    "now": now,
                },
            )
        )

    def untick(self, user: User, *, milestone: int, now: dt.datetime) -> bool:
        """Make a milestone not done, in one statement; date and evidence stay for later."""
        return bool(self._set(False, CompletionEvent.Kind.UNTICKED, user, [milestone], now))

    def restore(self, user: User, *, milestone: int, now: dt.datetime) -> bool:
        """Take an untick back, in one statement: the tick stands again with its old date."""
        return bool(self._set(True, CompletionEvent.Kind.RESTORED, user, [milestone], now))

    def reset(self, user: User, *, milestones: list[int], now: dt.datetime) -> list[int]:
        """Make many milestones not done, in one statement; give the completions that were."""
        return self._set(False, CompletionEvent.Kind.RESET, user, milestones, now)

    def undo_reset(self, user: User, *, completions: list[int], now: dt.datetime) -> list[int]:
        """Put back, in one statement, the ticks that a reset took and nobody gave since."""
        return change(
            """
            UPDATE tracker_completion SET done = true, changed = %(now)s
            WHERE user_id = %(user)s AND id = ANY(%(completions)s) AND NOT done
            """,
            CompletionEvent.Kind.RESTORED,
            {"user": user.pk, "completions": completions, "now": now},
        )

    def take_over(self, user: User, ticks: Iterable[Tick], *, now: dt.datetime) -> list[int]:
        """Add ticks from elsewhere, in one statement: the union, and of two dates the earlier.

        Evidence, wording and notes that are there stay as they are. Gives the completions changed.
        """
        rows = list(ticks)
        return change(
            """
            INSERT INTO tracker_completion (user_id, milestone_id, revision_id, done,
                completed_on, shown_on, evidence, zone, changed)
            SELECT %(user)s, milestone, revision, true, on_day,
                CASE WHEN shown THEN on_day END, '{}', %(zone)s, %(now)s
            FROM unnest(%(milestones)s::bigint[], %(revisions)s::bigint[], %(days)s::date[],
                %(shown)s::boolean[]) AS tick (milestone, revision, on_day, shown)
            ON CONFLICT (user_id, milestone_id) DO UPDATE SET
                done = true,
                completed_on = least(tracker_completion.completed_on, excluded.completed_on),
                shown_on = CASE
                    WHEN excluded.shown_on IS NULL THEN tracker_completion.shown_on
                    ELSE least(tracker_completion.shown_on, excluded.shown_on) END,
                changed = excluded.changed
            WHERE NOT tracker_completion.done
                OR excluded.completed_on < tracker_completion.completed_on
            """,
            CompletionEvent.Kind.TAKEN_OVER,
            {
                "user": user.pk,
                "milestones": [row.milestone for row in rows],
                "revisions": [row.revision for row in rows],
                "days": [row.on for row in rows],
                "shown": [row.shown for row in rows],
                "zone": user.time_zone,
                "now": now,
            },
        )

    def confirm(self, user: User, *, milestone: int, revision: int, now: dt.datetime) -> bool:
        """Move a tick to the present wording, in one statement; say whether that changed anything.

        Its date and its evidence stay. Nothing changes when ``revision`` is not the last one any
        more: what was asked about is no longer what the milestone says.
        """
        return bool(
            change(
                f"""
                UPDATE tracker_completion SET revision_id = %(revision)s, kept_id = NULL
                WHERE user_id = %(user)s AND milestone_id = %(milestone)s AND done
                    AND revision_id <> %(revision)s AND {STILL}
                """,  # noqa: S608  (a constant of this module)
                CompletionEvent.Kind.CONFIRMED,
                {"user": user.pk, "milestone": milestone, "revision": revision, "now": now},
            )
        )

    def keep_as_it_stood(
        self, user: User, *, milestone: int, revision: int, now: dt.datetime
    ) -> bool:
        """Keep a tick for its old wording beside the present one, in one statement; say whether
        that changed anything. ``revision`` is as in ``confirm``.
        """
        return bool(
            change(
                f"""
                UPDATE tracker_completion SET kept_id = %(revision)s
                WHERE user_id = %(user)s AND milestone_id = %(milestone)s AND done
                    AND revision_id <> %(revision)s AND kept_id IS DISTINCT FROM %(revision)s
                    AND {STILL}
                """,  # noqa: S608  (a constant of this module)
                CompletionEvent.Kind.KEPT,
                {"user": user.pk, "milestone": milestone, "revision": revision, "now": now},
            )
        )

    def take_on(
        self,
        user: User,
        *,
        milestone: int,
        revision: int,
        kind: str,
        sources: Collection[int],
        now: dt.datetime,
    ) -> bool:
        """Make a milestone done for having done those it took the place of; say whether that
        changed anything.

        It is done on the latest of their days, with the evidence of all. A row that is there stays
        as it is, ticked or not, and nothing changes unless all of the sources are done.
        """
        with transaction.atomic(savepoint=False):
            rows = list(
                self.of(user)
                .filter(milestone__in=sources, done=True)
                .order_by("completed_on", "pk")
                .select_for_update(no_key=True)
            )
            if not rows or len(rows) < len(set(sources)):
                return False
            carried = Carried.of(rows, kind)
            return bool(
                change(
                    """
                    INSERT INTO tracker_completion (user_id, milestone_id, revision_id, done,
                        completed_on, shown_on, evidence, zone, changed)
                    VALUES (%(user)s, %(milestone)s, %(revision)s, true,
                        %(on)s, %(shown_on)s, %(evidence)s, %(zone)s, %(now)s)
                    ON CONFLICT (user_id, milestone_id) DO NOTHING
                    """,
                    CompletionEvent.Kind.CONFIRMED,
                    {
                        "user": user.pk,
                        "milestone": milestone,
                        "revision": revision,
                        "on": carried.on,
                        "shown_on": carried.shown_on,
                        "evidence": Jsonb(carried.evidence.kept()),
                        "zone": carried.zone,
                        "now": now,
                    },
                )
            )

    def show(
        self,
        user: User,
        *,
        milestone: int,
        revision: int,
        evidence: Evidence,
        kind: str,
        on: dt.date,
        now: dt.datetime,
        began_from: str | None = None,
    ) -> bool:
        """Give a milestone its evidence, ticking it where it is not; say whether anything changed.

        To take all evidence away ticks nothing. The evidence it had goes into the events. The
        date on which it was shown stays while it goes on being shown. ``began_from`` is the
        version of the evidence that the writer saw, None when they do not say. Raises
        ConflictError, and changes nothing, when there is other evidence now.
        """
        shown = evidence.shows(kind)
        with transaction.atomic():
            ticked = bool(evidence) and self.tick(
                user, milestone=milestone, revision=revision, on=on, now=now
            )
            if began_from is not None:
                # The row is there and locked now, whoever made it.
                row = self.of(user).filter(milestone=milestone).select_for_update(no_key=True)
                there = Evidence.of(next((one.evidence for one in row), {}))
                if there.version != began_from and there != evidence:
                    raise ConflictError
            changed = change(
                """
                UPDATE tracker_completion SET
                    evidence = %(evidence)s,
                    shown_on = CASE WHEN %(shown)s
                        THEN coalesce(tracker_completion.shown_on, %(on)s) END,
                    changed = %(now)s
                FROM (SELECT id AS old_id, evidence AS was FROM tracker_completion
                    WHERE user_id = %(user)s AND milestone_id = %(milestone)s FOR UPDATE) AS old
                WHERE id = old_id
                    AND (evidence <> %(evidence)s OR (shown_on IS NOT NULL) <> %(shown)s)
                """,
                CompletionEvent.Kind.EVIDENCE,
                {
                    "user": user.pk,
                    "milestone": milestone,
                    "evidence": Jsonb(evidence.kept()),
                    "shown": shown,
                    "on": on,
                    "now": now,
                },
                was="was",
            )
        return bool(changed) or ticked

    def _set(
        self, done: bool, kind: str, user: User, milestones: list[int], now: dt.datetime
    ) -> list[int]:
        return change(
            """
            UPDATE tracker_completion SET done = %(done)s, changed = %(now)s
            WHERE user_id = %(user)s AND milestone_id = ANY(%(milestones)s) AND done <> %(done)s
            """,
            kind,
            {"done": done, "user": user.pk, "milestones": milestones, "now": now},
        )


def change(change: str, kind: str, values: dict[str, Any], was: str = "'{}'::jsonb") -> list[int]:
    """Change completions and add an event for each, both or neither; give the rows changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH changed AS (
                {change} RETURNING id, revision_id, completed_on, {was} AS was
            ), told AS (
                INSERT INTO tracker_completionevent
                    (completion_id, kind, revision_id, completed_on, was, at)
                SELECT id, %(kind)s, revision_id, completed_on, was, %(now)s FROM changed
            )
            SELECT id FROM changed ORDER BY id
            """,  # noqa: S608  (the change is one of the statements above)
            {**values, "kind": kind},
        )
        return [pk for (pk,) in cursor.fetchall()]


class Completion(models.Model):
    """Whether a person has done a milestone, by which wording, and on which of their days.

    Unticking keeps the row: its date and its evidence come back with the tick.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="completions")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="completions")
    revision = models.ForeignKey(MilestoneRevision, models.PROTECT, related_name="completions")
    kept = models.ForeignKey(
        MilestoneRevision,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The later wording beside which this person keeps the tick as it stood.",
    )
    done = models.BooleanField(default=True)
    completed_on = models.DateField(help_text="The person's own date when they ticked it.")
    shown_on = models.DateField(
        null=True, help_text="The person's own date when evidence showed it. None: claimed."
    )
    evidence = models.JSONField(default=dict, help_text="Links and a text: see Evidence.")
    zone = models.CharField(max_length=64, help_text="The time zone those dates were read in.")
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

    @property
    def shown(self) -> bool:
        return self.done and self.shown_on is not None


class CompletionEvent(models.Model):
    """What happened to a completion, in order. Rows are added and never changed (a trigger)."""

    class Kind(models.TextChoices):
        TICKED = "ticked", "Ticked"
        UNTICKED = "unticked", "Unticked"
        RESTORED = "restored", "Tick restored"
        EVIDENCE = "evidence", "Evidence changed"
        RESET = "reset", "Unticked with its track"
        TAKEN_OVER = "taken", "Taken over from a browser"
        MOVED = "moved", "Moved to the same in other words"
        CONFIRMED = "confirm", "Confirmed for the new wording"
        KEPT = "kept", "Kept as it stood"
        CARRIED = "carried", "Carried over from milestones that became this one"
        PUT_BACK = "putback", "Taken back with what had carried it over"

    completion = models.ForeignKey(Completion, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind)
    revision = models.ForeignKey(MilestoneRevision, models.PROTECT, related_name="+")
    completed_on = models.DateField()
    was = models.JSONField(default=dict, help_text="The evidence before it changed.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.completion_id} {self.kind}"
