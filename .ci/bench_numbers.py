"""Time the numbers for editors with 5,000 learners who ticked 30 milestones each.

``uv run python .ci/bench_numbers.py [learners] [ticks]``. A Postgres of its own, gone afterwards.
Each time is the median of several runs: of adding up, statement by statement, and of the whole
page. It ends with 1 when the page takes longer than two seconds.
"""

import datetime as dt
import io
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "mastery.settings"

from tests import database

LEARNERS = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
TICKS = int(sys.argv[2]) if len(sys.argv) > 2 else 30
RUNS = 7
MOST = 2_000  # milliseconds

PEOPLE = """
INSERT INTO mastery_user (
    handle, email, password, is_superuser, is_staff, is_active, date_joined, time_zone,
    time_zone_confirmed, tracks, target_level, rechecks, profile_is_public, name, about, links
)
SELECT 'learner-' || n, 'learner-' || n || '@example.org', '!', false, false, n %% 100 > 0, now(),
    'UTC', true, CASE WHEN n %% 3 = 0 THEN '{trunk,llm,rl}'::text[] ELSE '{trunk,llm}' END, 'l2',
    true, false, '', '', '{}'
FROM generate_series(1, %s) n
"""
FILL = """
INSERT INTO tracker_completion (
    user_id, milestone_id, revision_id, done, completed_on, shown_on, evidence, zone, changed
)
SELECT person.id, chosen.milestone, chosen.revision, true, current_date - day,
    CASE WHEN chosen.n %% 3 = 0 THEN current_date - day END, '{}', 'UTC', now()
FROM mastery_user AS person, LATERAL (
    SELECT n, (%(milestones)s::bigint[])[n] AS milestone, (%(revisions)s::bigint[])[n] AS revision,
        ((person.id * 7 + n * 11) %% 200)::int AS day
    FROM generate_series(1, cardinality(%(milestones)s::bigint[])) n
    ORDER BY n * 3 + (hashint8(person.id * 1000 + n) & 63)
    LIMIT %(ticks)s
) AS chosen
WHERE person.handle LIKE 'learner-%%'
"""
TOLD = """
INSERT INTO tracker_completionevent (completion_id, kind, revision_id, completed_on, was, at)
SELECT id, 'ticked', revision_id, completed_on, '{}', changed FROM tracker_completion
"""
AGAIN = """
INSERT INTO tracker_recheck (completion_id, due, outcome, "on", at)
SELECT id, completed_on + 30 * k, (ARRAY['held', 'shaky', 'lost'])[1 + (id + k) % 3],
    completed_on + 30 * k, now()
FROM tracker_completion, generate_series(1, 2) k WHERE id % 4 = 0
"""


def main() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, override_settings

    from mastery.models import User
    from roadmap.queries import manual
    from tracker.numbers import as_csv, numbers_of

    call_command("migrate", verbosity=0)
    call_command("load_roadmap", stdout=io.StringIO())
    content = manual()
    live = [one for one in content.milestones.values() if one.open_to_all]
    given = {
        "milestones": [one.pk for one in live],
        "revisions": [one.revision_pk for one in live],
        "ticks": TICKS,
    }
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [LEARNERS])
        cursor.execute(FILL, given)
        for statement in (TOLD, AGAIN):
            cursor.execute(statement)
        cursor.execute("SELECT count(*) FROM tracker_completion")
        ((ticks,),) = cursor.fetchall()
        cursor.execute("VACUUM ANALYZE")
    print(f"{LEARNERS:,} learners, {ticks:,} ticks\n")

    today = dt.datetime.now(dt.UTC).date()
    numbers_of(content, today=today)
    with CaptureQueriesContext(connection) as queries:
        numbers_of(content, today=today)
    print("| what | ms |\n|---|---:|")
    for query in queries:
        name = " ".join(query["sql"].split())[:60]
        print(f"| `{name}` | {1000 * float(query['time']):.0f} |")
    added_up = numbers_of(content, today=today)
    print(f"| adding up | {typical(lambda: numbers_of(content, today=today)):.0f} |")
    print(f"| writing the CSV | {typical(lambda: as_csv(added_up)):.0f} |")
    editor = Client()
    editor.force_login(User.objects.create_superuser("bench-editor"))
    with override_settings(
        ALLOWED_HOSTS=["testserver"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        PLAIN_HTTP_HOSTS={"testserver"},
    ):
        assert editor.get("/admin/numbers/").status_code == 200
        page = typical(lambda: editor.get("/admin/numbers/"))
    print(f"| the page | {page:.0f} |")
    return 1 if page > MOST else 0


def typical(act: Callable[[], object]) -> float:
    """Give milliseconds."""

    def took() -> float:
        began = time.perf_counter()
        act()
        return 1000 * (time.perf_counter() - began)

    act()
    return statistics.median(took() for _ in range(RUNS))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    database.start()
    try:
        sys.exit(main())
    finally:
        database.stop()
