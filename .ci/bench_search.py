"""Time the list and the search of a log with 100,000 entries, and say which index a search uses.

``uv run python .ci/bench_search.py [entries]``. A Postgres of its own, gone afterwards, holds as
many entries of one person and as many again of twenty others, about the same words. Each time is
that of everything a page asks of the database and of making what it shows, without the template:
the median of several runs. It ends with 1 when a search reads all entries, which one that finds
few does unless it uses ``entry_search``.
"""

import io
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import database

ENTRIES = 100_000
RUNS = 7
OTHERS = 20

# Words as a log has them, few of them often and most hardly ever, in sentences that come again.
SENTENCES = """
CREATE TABLE sentences AS
WITH vocabulary AS (
    SELECT at, 'w' || substr(md5(at::text), 1, 3 + at % 5) AS word
    FROM generate_series(1, 20000) at
), drawn AS MATERIALIZED (
    SELECT n, 1 + floor(20000 * power(random(), 4))::int AS at
    FROM generate_series(1, 5000) n, generate_series(1, 12)
)
SELECT n, string_agg(word, ' ') AS said FROM drawn JOIN vocabulary USING (at) GROUP BY n
"""
FILL = """
WITH pool AS (SELECT array_agg(said) AS sentences FROM sentences)
INSERT INTO journal_entry (
    user_id, code, day, zone, title, tried, happened, learned, next, build_work, visibility,
    revision, created, changed, taken_down_reason, shown_before
)
SELECT
    (%(people)s::bigint[])[1 + n %% cardinality(%(people)s::bigint[])],
    substr(translate(md5('code' || %(seed)s || n), '0189', 'ghij'), 1, 16),
    date '2026-03-14' - (n * 3650 / %(entries)s), 'UTC',
    CASE WHEN n %% 3 = 0 THEN 'Run ' || n ELSE '' END,
    said, '', CASE WHEN n %% 2 = 0 THEN left(said, 200) ELSE '' END, '',
    n %% 4 = 0, 'private', 1, now(), now(), '', ''
FROM generate_series(1, %(entries)s) n, pool, LATERAL (
    SELECT string_agg(sentences[1 + floor(5000 * random())::int + k * 0], '. ')
        || CASE WHEN n %% 2 = 0 THEN ' the loss fell' ELSE '' END
        || CASE WHEN n %% 5 = 0 THEN ' with lr=3e-4 and bf16' ELSE '' END
        || CASE WHEN n %% 700 = 0 THEN ' torch.nn.functional.scaled_dot_product' ELSE '' END
        || CASE WHEN n %% 9000 = 0 THEN ' grokking' ELSE '' END AS said
    FROM generate_series(1, 5 + n %% 10) k
) text
"""


def main(entries: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from journal.keyset import Place
    from journal.models import Entry
    from journal.queries import Asked, all_tags, linked_milestones, log_of
    from journal.search import MOST_RANKED, ask, matching, ranked
    from mastery.models import User
    from roadmap.queries import manual

    call_command("migrate", verbosity=0)
    call_command("load_roadmap", stdout=io.StringIO())
    user = User.objects.create_user("bench")
    others = [User.objects.create_user(f"other-{number}").pk for number in range(OTHERS)]
    (index,) = (one for one in Entry._meta.indexes if one.name == "entry_search")
    with connection.schema_editor() as editor:
        editor.remove_index(Entry, index)  # made at the end it takes a fraction of the time
    with connection.cursor() as cursor:
        cursor.execute(SENTENCES)
        for people in ([user.pk], others):
            given = {"people": people, "seed": people[0], "entries": entries}
            spent = took(lambda given=given: cursor.execute(FILL, given))
            print(
                f"{entries:,} entries of {len(people)} written in {spent / 1000:.0f} s", flush=True
            )
        cursor.execute(
            "INSERT INTO journal_tag (user_id, name) "
            "SELECT %s, 'tag' || n FROM generate_series(1, 300) n",
            [user.pk],
        )
        cursor.execute(
            "INSERT INTO journal_entry_tags (entry_id, tag_id) "
            "SELECT DISTINCT e.id, t.id FROM journal_entry e, generate_series(1, 2) k, LATERAL ("
            "  SELECT id FROM journal_tag WHERE user_id = e.user_id AND name = "
            "  'tag' || 1 + floor(300 * power(((e.id * (k * 7919)) %% 9973) / 9973.0, 5))::int) t "
            "WHERE e.user_id = %s",
            [user.pk],
        )
        cursor.execute(
            "INSERT INTO journal_entrymilestone (entry_id, milestone_id) "
            "SELECT e.id, m.id FROM journal_entry e JOIN ("
            "  SELECT id, row_number() OVER (ORDER BY id) AS n FROM roadmap_milestone"
            ") m ON m.n = e.id %% 200 WHERE e.user_id = %s",
            [user.pk],
        )
    with connection.schema_editor() as editor:
        editor.add_index(Entry, index)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")

    content = manual()
    mine = Entry.objects.of(user).live()
    deep = mine.order_by("-day", "-pk")[entries * 9 // 10]
    cursor_deep = str(Place.of(deep))
    pages: list[tuple[str, Callable[[], object]]] = [
        ("first page", lambda: log_of(user, Asked())),
        ("page at nine tenths", lambda: log_of(user, Asked(), before=cursor_deep)),
        ("a month", lambda: log_of(user, Asked(month=deep.day.replace(day=1)))),
        ("a common tag", lambda: log_of(user, Asked(tag="tag1"))),
        ("a rare tag", lambda: log_of(user, Asked(tag="tag300"))),
        ("a year of a common tag", lambda: log_of(user, Asked(tag="tag1", year=deep.day.year))),
        ("all tags", lambda: list(all_tags(user))),
        ("all milestones", lambda: linked_milestones(user)),
    ]
    queries = [
        ("rare word", "grokking"),
        ("common word", "loss"),
        ("phrase", '"loss fell"'),
        ("code word", "lr=3e-4"),
        ("part of a code word", "functional"),
        ("common and rare word", "loss functional"),
        ("either", "grokking or functional"),
        ("without", "bf16 -functional"),
        ("no entry has it", "absent"),
        ("without a common word", "-loss"),
        ("in a tag", "loss tag:tag300"),
    ]
    print("\n| page | ms |\n|---|---:|")
    for name, act in pages:
        print(f"| {name} | {typical(act):.0f} |", flush=True)
    print("\n| search | asked | page, ms | matches alone, ms | matches | index |")
    print("|---|---|---:|---:|---:|---|")
    unused = []
    for name, text in queries:
        words, _sign, tag = text.partition(" tag:")
        asked = Asked(q=words, tag=tag)
        question = ask(words)
        found = matching(asked.among(user, content), user, question)
        plan = found.order_by("-day", "-pk").values("pk")[: MOST_RANKED + 1].explain()
        used = sorted(set(re.findall(r"(?:Scan using| on) (entry_\w+)", plan)))
        count = found.count()
        if not tag and (not used or (count <= MOST_RANKED and "entry_search" not in used)):
            unused.append(f"{name}:\n{plan}")
        page = typical(lambda asked=asked: log_of(user, asked))
        alone = typical(lambda found=found, question=question: ranked(found, question))
        row = (
            name,
            f"`{text}`",
            f"{page:.0f}",
            f"{alone:.0f}",
            f"{count:,}",
            " and ".join(used) or "that of tags",
        )
        print(f"| {' | '.join(row)} |", flush=True)
    print("\n".join(unused), file=sys.stderr)
    return 1 if unused else 0


def took(act: Callable[[], object]) -> float:
    """Give milliseconds."""
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def typical(act: Callable[[], object]) -> float:
    act()
    return statistics.median(took(act) for _ in range(RUNS))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "mastery.settings"
    database.start()
    try:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES))
    finally:
        database.stop()
