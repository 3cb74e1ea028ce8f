"""Learners' completions, as changing the content needs to know and move them."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from itertools import groupby
from operator import or_

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from psycopg.types.json import Jsonb

from mastery.models import User
from roadmap.ledger import Stake
from roadmap.models import Milestone
from roadmap.queries import manual
from tracker.awards import counts_for_a_level, settle_all
from tracker.evidence import Evidence
from tracker.models import Award, Completion, CompletionEvent, Recheck
from tracker.models.completions import Carried, change

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

# Accounts that are going take their rows along: what is carried waits for that, and skips them.
CARRY = """
    INSERT INTO tracker_completion (user_id, milestone_id, revision_id, done,
        completed_on, shown_on, evidence, zone, changed)
    SELECT account.id, %(milestone)s, %(revision)s, true, on_day, shown_on, evidence, zone, %(now)s
    FROM unnest(%(users)s::bigint[], %(days)s::date[], %(shown)s::date[],
        %(zones)s::text[], %(evidence)s::jsonb[])
        AS carried (carried_for, on_day, shown_on, zone, evidence)
    JOIN mastery_user AS account ON account.id = carried_for
    ORDER BY account.id
    FOR KEY SHARE OF account
    ON CONFLICT (user_id, milestone_id) DO UPDATE SET
        done = true, revision_id = excluded.revision_id, kept_id = NULL,
        completed_on = excluded.completed_on, shown_on = excluded.shown_on,
        evidence = excluded.evidence, zone = excluded.zone, changed = excluded.changed
    WHERE NOT tracker_completion.done
"""

# What was carried and is as it was then: nothing happened to it since, but for a new spelling, and
# it was not done again from a blank file. A row that was there before gets its day back.
PUT_BACK = """
    UPDATE tracker_completion SET done = false, changed = %(now)s,
        completed_on = coalesce(was_on, completed_on),
        revision_id = coalesce(was_revision, revision_id)
    FROM (
        SELECT last.completion_id, before.completed_on AS was_on, before.revision_id AS was_revision
        FROM (
            SELECT DISTINCT ON (told.completion_id) told.*
            FROM tracker_completionevent AS told
            JOIN tracker_completion AS own ON own.id = told.completion_id
            WHERE own.milestone_id = %(milestone)s AND told.kind <> %(moved)s
            ORDER BY told.completion_id, told.id DESC
        ) AS last
        LEFT JOIN LATERAL (
            SELECT told.completed_on, told.revision_id FROM tracker_completionevent AS told
            WHERE told.completion_id = last.completion_id AND told.id < last.id
            ORDER BY told.id DESC LIMIT 1
        ) AS before ON true
        WHERE last.kind = %(carried)s AND NOT EXISTS (
            SELECT FROM tracker_recheck AS again
            WHERE again.completion_id = last.completion_id AND again.at > last.at
        )
    ) AS given
    WHERE id = given.completion_id AND done
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

    def all_done(self, milestones: Collection[int]) -> int:
        wanted = set(milestones)
        done = Completion.objects.filter(milestone__in=wanted, done=True).order_by()
        return done.values("user").annotate(of=Count("pk")).filter(of=len(wanted)).count()

    def move_on(self, old: int, new: int) -> int:
        values = {"old": old, "new": new, "now": timezone.now()}
        with transaction.atomic():
            Completion.objects.filter(kept=old).update(kept=new)
            return len(
                change(
                    "UPDATE tracker_completion SET revision_id = %(new)s "
                    "WHERE revision_id = %(old)s",
                    CompletionEvent.Kind.MOVED,
                    values,
                )
            )

    def carry(self, sources: Collection[int], target: int, *, now: dt.datetime) -> int:
        with transaction.atomic():
            milestone = Milestone.objects.get(pk=target)
            revision = milestone.latest_revision()
            assert revision is not None
            carried = _carried(set(sources), milestone)
            if not carried:
                return 0
            changed = change(
                CARRY,
                CompletionEvent.Kind.CARRIED,
                {
                    "milestone": target,
                    "revision": revision.pk,
                    "users": list(carried),
                    "days": [one.on for one in carried.values()],
                    "shown": [one.shown_on for one in carried.values()],
                    "zones": [one.zone for one in carried.values()],
                    "evidence": [Jsonb(one.evidence.kept()) for one in carried.values()],
                    "now": now,
                },
            )
            Recheck.objects.carry(sources, changed)
            self._settle([milestone.key], User.objects.filter(completions__in=changed))
        return len(changed)

    def settle(self, milestones: Collection[int]) -> None:
        shown = Completion.objects.filter(
            milestone__in=list(milestones), done=True, shown_on__isnull=False
        )
        with transaction.atomic():
            keys = Milestone.objects.filter(pk__in=list(milestones)).values_list("key", flat=True)
            self._settle(keys, User.objects.filter(pk__in=shown.values("user")))

    def put_back(self, target: int, *, now: dt.datetime) -> int:
        given = Completion.objects.filter(milestone=target, done=True).order_by("user")
        with transaction.atomic():
            # Whoever is changing one of them comes first, and has touched it.
            list(given.select_for_update(no_key=True).values_list("pk"))
            changed = change(
                PUT_BACK,
                CompletionEvent.Kind.PUT_BACK,
                {
                    "milestone": target,
                    "carried": CompletionEvent.Kind.CARRIED,
                    "moved": CompletionEvent.Kind.MOVED,
                    "now": now,
                },
            )
            Recheck.objects.put_back(changed)
            key = Milestone.objects.get(pk=target).key
            self._settle([key], User.objects.filter(completions__in=changed))
        return len(changed)

    def _settle(self, keys: Iterable[str], users: QuerySet[User]) -> None:
        content, keys = manual(), list(keys)
        if not any(counts_for_a_level(content, key) for key in keys):
            # What no level asks for any more may hold up an award by the rule of then.
            rules = [Q(rule__contains=[[key]]) for key in keys]
            awards = Award.objects.filter(reduce(or_, rules, Q(pk=None)))
            users = users.filter(pk__in=awards.values("user"))
        settle_all(users, content)


def _carried(sources: set[int], milestone: Milestone) -> dict[int, Carried]:
    """Give what is to be carried, by the person who has done all sources."""
    rows = Completion.objects.filter(milestone__in=sources, done=True).order_by(
        "user", "completed_on", "pk"
    )
    # What they have of it already, while it is not done. The lock is held until it is.
    before = Completion.objects.filter(milestone=milestone, done=False).order_by("user")
    own = {row.user_id: row for row in before.select_for_update(no_key=True)}
    carried = {}
    for user, group in groupby(rows, key=lambda row: row.user_id):
        if len(done := list(group)) == len(sources):
            one = Carried.of(done, milestone.kind)
            if user in own:
                one = _beside([own[user], *done], one, milestone.kind)
            carried[user] = one
    return carried


def _beside(rows: Iterable[Completion], carried: Carried, kind: str) -> Carried:
    """Put what is carried under the evidence that is there."""
    evidence = Evidence.together(Evidence.of(row.evidence) for row in rows)
    shown_on = carried.shown_on or (carried.on if evidence.shows(kind) else None)
    return replace(carried, evidence=evidence, shown_on=shown_on)
