import datetime as dt
import re
from collections.abc import Callable
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from journal.excerpts import LENGTH, clipped, plain
from journal.keyset import PAGE, Place
from journal.models import PROMPTS, Draft, Entry, StepDecision, Writing
from journal.queries import last_entries
from mastery.models import User
from roadmap.models import Milestone
from tests.mastery.test_profile import VECTORS, active

DAY = dt.date(2026, 3, 14)
LOG = "/journal/"
LOGIN = "/accounts/login/"
pytestmark = pytest.mark.django_db


def add(user: User, day: dt.date = DAY, **words: Any) -> Entry:
    words.setdefault("tried", "Adam with warm-up.")
    (entry,) = Entry.objects.add(user, [Writing(day=day, **words)], now=timezone.now())
    return entry


def add_days(user: User, count: int, first: dt.date = DAY) -> None:
    writings = [
        Writing(day=first + dt.timedelta(days=at), title=f"Number {at:03}", tried="x")
        for at in range(count)
    ]
    Entry.objects.add(user, writings, now=timezone.now())


def get(client: Client, path: str = LOG, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def titles(html: str) -> list[str]:
    return [part.partition("<")[0] for part in html.split("<bdi>Number ")[1:]]


# The list


def test_entries_stand_by_day_newest_first(learner: Client, user: User) -> None:
    add(user, DAY, title="Morning")
    add(user, DAY, title="Evening", minutes=45, build_work=True, tags=("bf16",))
    add(user, dt.date(2026, 4, 1), title="Later", milestones=("p1-0",))
    html = get(learner)
    assert html.index("April 2026</h2>") < html.index("Later") < html.index("March 2026</h2>")
    assert html.index("Evening") < html.index("Morning")
    assert html.count('id="day-2026-03-14"') == 1
    for text in ("45 min", "build work", "?tag=bf16", "?milestone=p1-0", "Adam with warm-up."):
        assert text in html


def test_each_prompt_is_shown_by_its_beginning_in_plain_words(learner: Client, user: User) -> None:
    add(user, tried="# Plan\n\n- **Adam** with `lr`\n- [x] <T>", learned="word " * 1000)
    html = get(learner)
    assert "Plan · Adam with lr · &lt;T&gt;" in html
    assert "<dt>Learned</dt>" in html
    assert "<dt>Happened</dt>" not in html
    assert len(html) < 40_000


def test_nobody_sees_a_strangers_entries(learner: Client, make_user: Callable[..., User]) -> None:
    add(make_user("eve"), title="Of eve", tags=("evil",))
    for path in (LOG, reverse("tags")):
        html = get(learner, path)
        assert "Of eve" not in html
        assert "evil" not in html


@pytest.mark.parametrize("name", ["journal", "tags"])
def test_a_list_asks_visitors_to_log_in(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(LOGIN)


@pytest.mark.parametrize("name", ["journal", "tags"])
def test_a_list_takes_no_post(learner: Client, name: str) -> None:
    assert learner.post(reverse(name)).status_code == 405


def test_an_empty_log_says_how_to_begin(learner: Client) -> None:
    html = get(learner)
    assert "Your first entry" in html
    assert 'href="/journal/new/"' in html
    assert 'href="/journal/import/"' in html


def test_pages_part_the_log_without_gap_or_overlap(learner: Client, user: User) -> None:
    add_days(user, PAGE * 2 + 5)
    seen, path, pages = [], LOG, []
    while path:
        html = get(learner, path)
        pages.append(path)
        seen += titles(html)
        older = html.partition('rel="next" href="')[2].partition('"')[0]
        path = f"{LOG}{older}" if older else ""
    assert seen == [f"{at:03}" for at in reversed(range(PAGE * 2 + 5))]
    assert len(pages) == 3
    newer = get(learner, pages[2]).partition('rel="prev" href="')[2].partition('"')[0]
    assert titles(get(learner, f"{LOG}{newer}")) == titles(get(learner, pages[1]))
    newer = get(learner, f"{LOG}{newer}").partition('rel="prev" href="')[2].partition('"')[0]
    assert titles(get(learner, f"{LOG}{newer}")) == titles(get(learner))


def test_many_entries_of_one_day_page_through_too(learner: Client, user: User) -> None:
    writings = [Writing(day=DAY, title=f"Number {at:03}", tried="x") for at in range(PAGE + 3)]
    Entry.objects.add(user, writings, now=timezone.now())
    older = get(learner).partition('rel="next" href="')[2].partition('"')[0]
    assert titles(get(learner, f"{LOG}{older}")) == ["002", "001", "000"]


@pytest.mark.parametrize(
    "cursor", ["x", "2026-02-31.5", "2026-03-14", "2026-03-14.999999999999999999999", "²", "'"]
)
@pytest.mark.parametrize("direction", ["before", "after"])
def test_a_cursor_that_is_none_gives_the_first_page(
    learner: Client, user: User, cursor: str, direction: str
) -> None:
    add_days(user, 3)
    assert titles(get(learner, **{direction: cursor})) == ["002", "001", "000"]


def test_beyond_the_last_entry_there_is_a_way_back(learner: Client, user: User) -> None:
    add(user)
    assert "To the newest entries" in get(learner, before=str(Place(dt.date(1980, 1, 1), 1)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tag": "bf16"}, ["000"]),
        ({"tag": "BF16"}, ["000"]),
        ({"milestone": "p1-0"}, ["001"]),
        ({"month": "2026-04"}, ["002"]),
        ({"day": "2026-03-15"}, ["001"]),
        ({"tag": "bf16", "milestone": "p1-0"}, []),
        ({"tag": "nobody"}, []),
        ({"milestone": "p99"}, []),
        ({"month": "1999-01"}, []),
        ({"month": "nonsense"}, ["002", "001", "000"]),
        ({"month": "9999-12"}, ["002", "001", "000"]),
        ({"day": "2026-02-31"}, ["002", "001", "000"]),
        ({"year": "x"}, ["002", "001", "000"]),
        ({"year": "99999"}, ["002", "001", "000"]),
        ({"year": "2026"}, ["002", "001", "000"]),
        ({"year": "2025"}, ["003"]),
        ({"year": "2999"}, []),
        ({"year": "2025", "month": "2026-04"}, []),
        ({"year": "0001"}, ["002", "001", "000"]),
        ({"year": "9999"}, ["002", "001", "000"]),
        ({"q": "", "tag": "", "month": ""}, ["002", "001", "000"]),
    ],
)
def test_a_log_is_narrowed_by_its_address(
    learner: Client, user: User, query: dict[str, str], found: list[str]
) -> None:
    add(user, DAY, title="Number 000", tags=("bf16",))
    add(user, DAY + dt.timedelta(days=1), title="Number 001", milestones=("p1-0",))
    add(user, dt.date(2026, 4, 2), title="Number 002")
    if query.get("year") == "2025":
        add(user, dt.date(2025, 12, 31), title="Number 003")
    html = get(learner, **query)
    assert titles(html) == found
    if not found:
        assert "The whole log" in html


@pytest.mark.parametrize(
    ("name", "value"),
    [("tag", "bf16"), ("milestone", "p1-0"), ("month", "2026-03"), ("day", "2026-03-14"),
     ("year", "2026")],
)  # fmt: skip
def test_a_search_stays_within_what_is_shown(
    learner: Client, user: User, name: str, value: str
) -> None:
    add(user)
    assert f'<input type="hidden" name="{name}" value="{value}">' in get(learner, **{name: value})


def test_a_month_leads_to_those_beside_it_that_have_entries(learner: Client, user: User) -> None:
    for month in (1, 3, 7):
        add(user, dt.date(2026, month, 5), tags=("bf16",))
    add(user, dt.date(2026, 2, 5))
    html = get(learner, month="2026-03", tag="bf16")
    assert 'rel="next" href="/journal/?tag=bf16&amp;month=2026-01"' in html
    assert 'rel="prev" href="/journal/?tag=bf16&amp;month=2026-07"' in html
    assert 'rel="prev"' not in get(learner, month="2026-07")


def test_a_month_of_many_pages_has_others_at_both_its_ends(learner: Client, user: User) -> None:
    add(user, dt.date(2026, 1, 5))
    add_days(user, PAGE + 1, dt.date(2026, 3, 1))
    add(user, dt.date(2026, 4, 5))
    first = get(learner, month="2026-03")
    assert 'rel="prev" href="/journal/?month=2026-04"' in first
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    last = get(learner, f"{LOG}{older}")
    assert titles(last) == ["000"]
    assert 'rel="prev" href="?month=2026-03&amp;after=' in last
    assert 'rel="next" href="/journal/?month=2026-01"' in last


def test_the_calendar_shows_the_year_asked_for_with_its_months_in_words(
    learner: Client, user: User
) -> None:
    add(user, dt.date(2025, 2, 1))
    add(user, dt.date(2025, 2, 1))
    add(user, DAY)
    html = get(learner)
    assert "<title>14 March 2026: 1 entry</title>" in html
    assert 'href="/journal/?day=2026-03-14"' in html
    assert 'href="/journal/?year=2025#year"' in html
    html = get(learner, year="2025")
    assert "<title>1 February 2025: 2 entries</title>" in html
    assert '2<span class="visually-hidden"> entries</span>' in html


def test_the_calendar_is_of_what_the_log_is_narrowed_to(learner: Client, user: User) -> None:
    add(user, dt.date(2024, 2, 1), tags=("c++",), milestones=("p1-0",))
    add(user, dt.date(2026, 2, 2))
    html = get(learner, tag="c++")
    assert "1 February 2024: 1 entry</title>" in html
    assert "2026</a>" not in html
    for time in ("month=2024-02", "day=2024-02-01"):
        assert f'href="/journal/?tag=c%2B%2B&amp;{time}"' in html
    html = get(learner, milestone="p1-0", tag="c++", month="2026-02")
    assert "No entry is here." in html
    assert 'href="/journal/?tag=c%2B%2B&amp;milestone=p1-0&amp;year=2024#year"' in html
    assert 'id="year"' not in get(learner, tag="nobody")


def test_the_title_of_the_page_says_what_is_shown(learner: Client, user: User) -> None:
    add(user)
    assert "<title>Research log · " in get(learner)
    html = get(learner, tag="bf16", month="2026-03", q="<b>" * 50)
    title = html.partition("<title>")[2].partition("</title>")[0]
    assert "…”, tag bf16, March 2026 in your log" in title
    assert len(title) < 400


def test_open_drafts_are_noted_with_the_time_on_the_persons_clock(
    learner: Client, user: User
) -> None:
    user.time_zone = "Asia/Tokyo"
    user.save()
    with time_machine.travel(dt.datetime(2026, 3, 14, 5, 2, tzinfo=dt.UTC), tick=False):
        entry = add(user, title="Kept")
        new, _ = keep(user, None)
        edit, _ = keep(user, entry)
        learner.force_login(user)
        html = get(learner)
    assert f'href="/journal/new/?draft={new.code}"' in html
    assert f'href="/journal/{entry.code}/edit/?draft={edit.code}"' in html
    assert ">14:02</time>" in html
    with time_machine.travel(dt.datetime(2026, 3, 16, 5, 2, tzinfo=dt.UTC), tick=False):
        assert ">14 March 2026, 14:02</time>" in get(learner)


def keep(user: User, entry: Entry | None) -> tuple[Draft, bool]:
    return Draft.objects.keep(
        user,
        {"title": "", "tried": "Half a"},
        entry=entry,
        began_from=1 if entry else 0,
        code="",
        version=None,
        now=timezone.now(),
    )


def test_drafts_that_were_discarded_or_are_anothers_are_not_noted(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    keep(make_user("eve"), None)
    draft, _ = keep(user, None)
    Draft.objects.filter(pk=draft.pk).update(discarded_at=timezone.now())
    assert "Not saved yet" not in get(learner)


def test_the_public_log_is_linked_once_there_is_one(learner: Client, user: User) -> None:
    entry = add(user)
    assert "Public log" not in get(learner)
    entry.show_to("public", now=timezone.now())
    assert 'href="/@ada/log/"' in get(learner)


def test_a_longer_log_costs_no_more_queries(learner: Client, user: User) -> None:
    shown = [
        {},
        {"q": "adam bf16"},
        {"tag": "bf16"},
        {"milestone": "p1-0"},
        {"month": "2026-03"},
        {"year": "2026"},
    ]

    def fill(count: int) -> None:
        for at in range(count):
            add(user, tags=("bf16", f"tag{at}"), milestones=("p1-0", "p3-1"))
            keep(user, None)

    def queries(path: str, **query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(learner, path, **query)
        return len(captured)

    def all_of_them() -> list[int]:
        return [*(queries(LOG, **query) for query in shown), queries(reverse("tags"))]

    fill(2)
    all_of_them()
    few = all_of_them()
    fill(18)
    assert all_of_them() == few
    assert max(few) <= 15


# Tags


def test_tags_are_listed_with_their_number_and_last_day(learner: Client, user: User) -> None:
    add(user, DAY, tags=("bf16",))
    add(user, DAY + dt.timedelta(days=3), tags=("bf16", "c++"))
    add(user, tags=("gone",)).put_in_bin(now=timezone.now())
    html = get(learner, reverse("tags"))
    assert "17 March 2026" in html
    assert 'href="/journal/?tag=c%2B%2B"' in html
    assert "gone" not in html


def test_milestones_are_listed_too_as_the_roadmap_has_them(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    Milestone.objects.filter(key="p1-1").update(state="retired")
    add(user, milestones=("p1-1",))
    add(user, DAY + dt.timedelta(days=3), milestones=("p1-1", "p1-0"))
    add(user, milestones=("p3-1",)).put_in_bin(now=timezone.now())
    add(make_user("eve"), milestones=("p3-0",))
    html = get(learner, reverse("tags"))
    assert re.findall(r"milestone=([a-z0-9-]+)", html) == ["p1-0", "p1-1"]
    assert '2<span class="visually-hidden"> entries, last</span>' in html
    assert get(learner, milestone="p1-1").count("entry-card__title") == 2


def test_without_tags_the_page_says_where_they_come_from(learner: Client) -> None:
    assert "No entry has a tag yet." in get(learner, reverse("tags"))


# One entry


def test_an_entry_shows_all_of_it(learner: Client, user: User) -> None:
    entry = add(
        user,
        title="Warm-up",
        tried="Adam with *warm-up*.",
        tags=("bf16",),
        milestones=("p1-0",),
        minutes=45,
        build_work=True,
    )
    html = get(learner, entry.get_absolute_url())
    for text in ("<em>warm-up</em>", "?tag=bf16", "45 minutes<", "Build work", "14 March 2026"):
        assert text in html
    assert 'href="/roadmap/1/#milestone-p1-0"' in html
    for name in ("edit_entry", "entry_history", "delete_entry", "set_visibility"):
        assert reverse(name, args=[entry.code]) in html
    assert entry.public_path not in html


def test_a_minute_is_no_minutes(learner: Client, user: User) -> None:
    assert "<dd>1 minute</dd>" in get(learner, add(user, minutes=1).get_absolute_url())


def test_headings_of_an_entry_leave_no_level_out(learner: Client, user: User) -> None:
    entry = add(user, tried="# One\n\n## Two", learned="# Three", next="- On")
    levels = [
        int(level) for level in re.findall(r"<h([1-6])", get(learner, entry.get_absolute_url()))
    ]
    assert levels[:6] == [1, 2, 3, 4, 5, 3]
    assert all(later <= level + 1 for level, later in pairwise(levels))


@pytest.mark.parametrize("name", ["journal", "tags"])
def test_the_log_is_marked_as_where_one_is(learner: Client, user: User, name: str) -> None:
    mark = "page" if name == "journal" else "true"
    assert f'href="/journal/" aria-current="{mark}">Log<' in get(learner, reverse(name))
    assert f'aria-current="{mark}">Log<' not in get(learner, reverse("home"))


@pytest.mark.parametrize("visibility", ["unlisted", "public"])
def test_a_shared_entry_shows_the_link_to_it(learner: Client, user: User, visibility: str) -> None:
    entry = add(user)
    entry.show_to(visibility, now=timezone.now())
    html = get(learner, entry.get_absolute_url())
    assert f'{entry.public_path}"' in html
    assert f'value="{visibility}" checked' in html


def test_an_entry_leads_to_those_beside_it(learner: Client, user: User) -> None:
    older, entry, newer = (add(user, DAY + dt.timedelta(days=at)) for at in range(3))
    html = get(learner, entry.get_absolute_url())
    assert f'rel="prev" href="{older.get_absolute_url()}"' in html
    assert f'rel="next" href="{newer.get_absolute_url()}"' in html
    assert 'rel="prev"' not in get(learner, older.get_absolute_url())


def test_an_entry_tells_what_became_of_its_next_steps(learner: Client, user: User) -> None:
    entry = add(user, next="- Clip the gradient\n- Read on")
    later = add(user, DAY + dt.timedelta(days=1), title="Clipped")
    StepDecision.objects.create(
        entry=entry,
        step="Clip the gradient",
        decision="done",
        decided_in=later,
        at=timezone.now(),
    )
    html = get(learner, entry.get_absolute_url())
    assert 'data-fate="done"' in html
    assert 'data-fate="open"' in html
    assert later.get_absolute_url() in html


def test_an_entry_of_somebody_else_or_in_the_bin_is_not_there(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    binned = add(user)
    binned.put_in_bin(now=timezone.now())
    public = add(make_user("eve"))
    public.show_to("public", now=timezone.now())
    for code in (binned.code, public.code, "a" * 16):
        assert learner.get(reverse("entry", args=[code])).status_code == 404


def test_an_entry_asks_visitors_to_log_in_and_takes_no_post(
    client: Client, learner: Client, user: User
) -> None:
    path = add(user).get_absolute_url()
    assert client.get(path).headers["Location"].startswith(LOGIN)
    assert learner.post(path).status_code == 405


def test_an_entry_costs_the_same_however_much_stands_beside_it(learner: Client, user: User) -> None:
    def queries(entry: Entry) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(learner, entry.get_absolute_url())
        return len(captured)

    few = queries(add(user, tags=("a1",), milestones=("p1-0",)))
    add_days(user, 20)
    many = add(user, tags=("a1", "b2", "c3"), milestones=("p1-0", "p1-1", "p3-1"), next="- x\n- y")
    assert queries(many) == few


def test_the_last_entries_are_the_newest_days(user: User) -> None:
    add_days(user, 5)
    assert [line.words for line in last_entries(user, 2)] == ["Number 004", "Number 003"]


# Hostile words


def test_words_stay_words_on_pages_of_ones_own(learner: Client, user: User) -> None:
    def running(values: list[str]) -> list[list[str]]:
        entries = [
            add(
                user,
                DAY + dt.timedelta(days=at),
                **dict.fromkeys(("title", *PROMPTS), f"word {value}"),
            )
            for at, value in enumerate(values)
        ]
        pages = [
            get(learner),
            get(learner, q="word"),
            # Each names those beside it, too.
            *(get(learner, entry.get_absolute_url()) for entry in entries),
        ]
        assert all("word" in page for page in pages)
        pages.append(get(learner, "/"))
        Entry.objects.all().delete()
        return [active(page) for page in pages]

    assert running(VECTORS) == running(["harmless"] * len(VECTORS))


# Excerpts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One\n\ntwo  three", "One two three"),
        ("# Head\n> quoted\n>> twice", "Head quoted twice"),
        ("- one\n- [x] two\n3. three", "one · two · three"),
        ("**bold** *it* __b__ `code`", "bold it b code"),
        ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
        ("[text](https://example.org) ![alt](/journal/pictures/x)", "text alt"),
        ("Note.[^1]\n\n[^1]: Below.", "Note."),
        ("```py\n# not a heading\n- x\n```\nafter", "# not a heading - x after"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |\n\nso | so", "a · b · 1 · 2 so | so"),
        ("a | b\n--|--\n`x` | 2", "a · b · x · 2"),
        ("| $p(x \\mid y)$ |\n|---|\n| $\\|x\\|$ |", "p(x | y) · |x|"),
        ("~~old~~ _it_ <kbd>Ctrl</kbd> H<sub class='x'>2</sub>O", "old it Ctrl H2O"),
        ("List<int> and <https://example.org/a_b_c>", "List<int> and https://example.org/a_b_c"),
        (r"\*not it\* and \$5, `a\*b` ``c`d``", r"*not it* and $5, a\*b c`d"),
        ("$5 and $6, `$x$`, $HOME/$PATH", "$5 and $6, $x$, $HOME/$PATH"),
        (
            r"$\alpha\beta_i$ and $\frac{1}{2} * \mathbf{W}_* x^{2}$",
            "alpha beta_i and 1/2 * W_* x^2",
        ),
        ("So:\n$$\n\\mathcal{L}(\\theta) \\mid \\{x\\}\n$$\n**then**", "So: L(theta) | x then"),
        ("$$x_1$$ and $$\n**", "x_1 and **"),
        ("---\n***", ""),
        ("", ""),
    ],
)
def test_a_glance_needs_no_markup(text: str, words: str) -> None:
    assert plain(text) == words


def test_what_nearly_is_a_table_takes_no_longer_than_other_words() -> None:
    words = f"a|b {'-' * 50_000}x"
    began = process_time()
    assert plain(words.replace(" ", "\n")) == words
    assert process_time() - began < 2


def test_short_texts_stay_whole_and_long_ones_end_at_a_word() -> None:
    assert clipped("word " * 10) == "word " * 10
    cut = clipped("word " * 200)
    assert len(cut) <= LENGTH + 1
    assert cut.endswith("word…")
    assert len(clipped("x" * 1000)) == LENGTH + 1
