"""Learners' completions, as changing the content needs to know and move them."""

import datetime as dt
from collections.abc import Collection, Mapping
from itertools import groupby

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone
from psycopg.types.json import Jsonb

from mastery.models import User
from roadmap.ledger import Stake
from roadmap.models import Milestone
from roadmap.queries import manual
from tracker.awards import counts_for_a_level, settle
from tracker.evidence import Evidence
from tracker.models import Completion, CompletionEvent
from tracker.models.completions import change

# Learners who have something of a milestone and are not done with it.
BESIDE = """
    SELECT milestone_id, count(*) FROM (
        SELECT milestone_id, user_id FROM tracker_completion WHERE milestone_id = ANY(%(pks)s)
        UNION SELECT milestone_id, user_id FROM tracker_note WHERE milestone_id = ANY(%(pks)s)
        UNION SELECT milestone_id, user_id FROM tracker_substep WHERE milestone_id = ANY(%(pks)s)
    ) AS kept
    WHERE NOT EXISTS (
        SELECT FROM tracker_completion AS done WHERE done.done
        AND done.milestone_id = kept.milestone_id AND done.user_id = kept.user_id
    )
    GROUP BY milestone_id
"""


class Ledger:
    def stakes(self, milestones: Collection[int]) -> Mapping[int, Stake]:
        pks = list(milestones)
        done = (
            Completion.objects.filter(milestone__in=pks, done=True)
            .order_by()
            .values_list("milestone")
            .annotate(
                ticks=Count("pk"),
                ticks_with_evidence=Count("pk", filter=~Q(evidence={})),
                ticks_shown=Count("pk", filter=Q(shown_on__isnull=False)),
            )
        )
        with connection.cursor() as cursor:
            cursor.execute(BESIDE, {"pks": pks})
            beside = dict(cursor.fetchall())
        stakes = {pk: Stake(beside=beside.get(pk, 0)) for pk in pks}
        for pk, ticks, with_evidence, shown in done:
            stakes[pk] = Stake(ticks, with_evidence, shown, stakes[pk].beside)
        return stakes

    def move_on(self, old: int, new: int) -> int:
        values = {"old": old, "new": new, "now": timezone.now()}
        Completion.objects.filter(kept=old).update(kept=new)
        return len(
            change(
                "UPDATE tracker_completion SET revision_id = %(new)s WHERE revision_id = %(old)s",
                CompletionEvent.Kind.MOVED,
                values,
            )
        )

    def carry(self, sources: Collection[int], target: int, *, now: dt.datetime) -> int:
        milestone = Milestone.objects.get(pk=target)
        revision = milestone.latest_revision()
        assert revision is not None
        rows = (
            Completion.objects.filter(milestone__in=sources, done=True)
            .order_by("user", "completed_on", "pk")
            .select_for_update()
        )
        carried = [
            _together(user, own, milestone.kind)
            for user, group in groupby(rows, key=lambda row: row.user_id)
            if len(own := list(group)) == len(set(sources))
        ]
        if not carried:
            return 0
        users, days, shown, zones, evidence = (
            list(column) for column in zip(*carried, strict=True)
        )
        changed = change(
            """
            INSERT INTO tracker_completion (user_id, milestone_id, revision_id, done,
                completed_on, shown_on, evidence, zone, changed)
            SELECT user_id, %(milestone)s, %(revision)s, true, on_day, shown_on, evidence,
                zone, %(now)s
            FROM unnest(%(users)s::bigint[], %(days)s::date[], %(shown)s::date[],
                %(zones)s::text[], %(evidence)s::jsonb[])
                AS carried (user_id, on_day, shown_on, zone, evidence)
            ON CONFLICT (user_id, milestone_id) DO UPDATE SET
                done = true, revision_id = excluded.revision_id,
                completed_on = excluded.completed_on, zone = excluded.zone,
                evidence = CASE WHEN tracker_completion.evidence = '{}'
                    THEN excluded.evidence ELSE tracker_completion.evidence END,
                shown_on = CASE WHEN tracker_completion.evidence = '{}'
                    THEN excluded.shown_on ELSE tracker_completion.shown_on END,
                changed = excluded.changed
            WHERE NOT tracker_completion.done
            """,
            CompletionEvent.Kind.CARRIED,
            {
                "milestone": target,
                "revision": revision.pk,
                "users": users,
                "days": days,
                "shown": shown,
                "zones": zones,
                "evidence": evidence,
                "now": now,
            },
        )
        self._settle(milestone.key, changed)
        return len(changed)

    def put_back(self, target: int, *, now: dt.datetime) -> int:
        changed = change(
            """
            UPDATE tracker_completion SET done = false, changed = %(now)s
            WHERE milestone_id = %(milestone)s AND done AND %(carried)s = (
                SELECT told.kind FROM tracker_completionevent AS told
                WHERE told.completion_id = tracker_completion.id
                ORDER BY told.at DESC, told.id DESC LIMIT 1
            )
            """,
            CompletionEvent.Kind.PUT_BACK,
            {"milestone": target, "carried": CompletionEvent.Kind.CARRIED, "now": now},
        )
        self._settle(Milestone.objects.get(pk=target).key, changed)
        return len(changed)

    def _settle(self, key: str, completions: Collection[int]) -> None:
        content = manual()
        if counts_for_a_level(content, key):
            for user in User.objects.filter(completions__in=completions):
                settle(user, content, today=user.today)


def _together(
    user: int, rows: list[Completion], kind: str
) -> tuple[int, dt.date, dt.date | None, str, Jsonb]:
    """Make one of a person's completions of several milestones, as the columns of its row."""
    evidence = Evidence.together(Evidence.of(row.evidence) for row in rows)
    last = rows[-1]
    shown = max((row.shown_on for row in rows if row.shown_on), default=last.completed_on)
    shows = evidence.shows(kind)
    return user, last.completed_on, shown if shows else None, last.zone, Jsonb(evidence.kept())
