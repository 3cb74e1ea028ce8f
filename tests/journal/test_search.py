import datetime as dt
import importlib.util
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.models import PROMPTS, Entry, Writing
from journal.queries import Asked, log_of
from journal.search import MOST_RANKED, QuestionError, ask, matching, ranked, words_of
from mastery.models import User
from roadmap.models import Milestone

DAY = dt.date(2026, 3, 14)
pytestmark = pytest.mark.django_db


def add(user: User, *texts: str, **words: Any) -> list[Entry]:
    writings = [Writing(day=DAY, tried=text, **words) for text in texts]
    return Entry.objects.add(user, writings, now=timezone.now())


def search(user: User, text: str) -> list[str]:
    """Give what is found, best first, by the words tried."""
    question = ask(text)
    keys, _cut = ranked(matching(Entry.objects.live(), user, question), question)
    rows = Entry.objects.in_bulk(keys)
    return [rows[key].tried for key in keys]


def page(client: Client, **query: str) -> str:
    response = client.get(reverse("journal"), query)
    assert response.status_code == 200
    return response.content.decode()


CODE = [
    "lr=3e-4", "bf16", "torch.nn.functional", "train.py", "fp8_e4m3", "p5-7", "C++", "/data/run-3",
    "0.1", "1e-3", "KL(p||q)", "--lr", "x.T", "a/b", "v1.2.3", "step_size=0.5e-3", "i.i.d.",
    "user@host:~/runs", "https://example.org/a?b=c#d", "[0, 1)", "f\"{x!r}\"", "50%",
    "$HOME/.cache", "naïve",
    "日本語", "Δ-method", "データ", "한국어", "русский-текст", "עברית", "b̂=0.3",
]  # fmt: skip


@pytest.mark.parametrize("word", CODE)
def test_a_code_word_finds_itself_amid_prose(user: User, word: str) -> None:
    text = f"We set {word}, and it fell."
    add(user, text, "Something else entirely.")
    assert search(user, word) == [text]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("torch.nn.functional.softmax", "functional"),
        ("torch.nn.functional.softmax", "nn.functional"),
        ("/data/run-3/train.py", "run-3"),
        ("/data/run-3/train.py", "train"),
        ("fp8_e4m3", "e4m3"),
        ("--lr=3e-4", "3e-4"),
        ("--lr=3e-4", "lr"),
        ("KL(p||q)", "kl"),
        ("これは日本語のテキストです", "日本語"),
        ("batch=64,lr=0.1;", "lr=0.1"),
        ("torch 2.9.1", "2.9"),
        ("Rényi, Erdős, Hölder", "renyi holder erdos"),
        ("Renyi", "RÉNYI"),
        ("na\u00efve", "nai\u0308ve"),
        ("nai\u0308ve", "na\u00efve"),
        ("データ", "テ\u3099ータ"),
    ],
)
def test_a_part_finds_the_whole(user: User, text: str, part: str) -> None:
    add(user, text)
    assert search(user, part) == [text]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("lr=3e-4", "lr=3e-5"),
        ("lr=3e-4", "3e4"),
        ("0.1", "0.15"),
        ("1.23", "1.2.3"),
        ("データ", "テータ"),
        ("between 0 and 1", "0.1"),
        ("[0, 1]", "0.1"),
        ("bf16", "fp16"),
        ("vitamin C", "C++"),
        ("train.py", "train.sh"),
        ("p5-7", "p5-8"),
        ("日本", "本日"),
    ],
)
def test_a_code_word_does_not_find_its_like(user: User, text: str, other: str) -> None:
    add(user, text)
    assert search(user, other) == []


def test_a_code_word_is_found_at_the_end_of_a_long_training_log(user: User) -> None:
    lines = [f"step={step} loss={step % 997}.5 lr=1e-4" for step in range(6000)]
    add(user, "\n".join([*lines, "step=6000 lr=3e-7 torch.compile"]))
    assert len(search(user, "lr=3e-7")) == 1
    assert len(search(user, "torch.compile")) == 1


def test_prose_is_found_in_other_forms(user: User) -> None:
    add(user, "A longer warm-up helps with spikes.")
    for text in ("warmed", "warm-up", "spike", "helping LONGER", "Warm-Up spikes"):
        assert search(user, text), text


def test_the_syntax_is_that_of_search_engines(user: User) -> None:
    add(user, "warm start", "start warm", "cold start", "cold end")
    assert search(user, '"warm start"') == ["warm start"]
    assert search(user, "warm start") == ["start warm", "warm start"]
    assert sorted(search(user, "warm or end")) == ["cold end", "start warm", "warm start"]
    assert search(user, "start -warm") == ["cold start"]
    assert search(user, '-"warm start" start warm') == ["start warm"]
    assert search(user, "warm start or cold end") == ["cold end", "start warm", "warm start"]
    assert sorted(search(user, "-warm")) == ["cold end", "cold start"]
    assert search(user, '"warm start') == ["warm start"]
    assert search(user, "or warm start or") == ["start warm", "warm start"]


def test_a_word_in_the_title_weighs_more(user: User) -> None:
    (titled,) = add(user, "Something.", title="Warm-up")
    add(user, "Warm-up and other things.", "The warm-up, warm, warm.")
    question = ask("warm-up")
    keys, _cut = ranked(matching(Entry.objects.live(), user, question), question)
    assert keys[0] == titled.pk
    assert len(keys) == 3


def test_the_newest_stands_first_of_what_is_as_good(user: User) -> None:
    old, long, twice, new = (
        Writing(day=DAY + dt.timedelta(days=at), tried=text)
        for at, text in enumerate(
            [
                "Adam.",
                "Then Adam, and what came of it. " + "Much was said about other things. " * 30,
                "Adam and Adam.",
                "Much about other things, and Adam.",
            ]
        )
    )
    Entry.objects.add(user, [new, old, twice, long], now=timezone.now())
    found = search(user, "adam")
    assert found == [one.tidied().tried for one in (twice, new, long, old)]


def test_the_words_follow_what_is_written(user: User) -> None:
    (entry,) = add(user, "First words.")
    writing = Writing(day=DAY, learned="Second thoughts.")
    entry.rewrite(writing, began_from=1, now=timezone.now())
    assert search(user, "first") == []
    assert search(user, "thoughts") == [""]


def test_only_ones_own_entries_outside_the_bin_are_found(
    user: User, make_user: Callable[..., User]
) -> None:
    stranger = make_user("eve")
    add(stranger, "Adam diverged.", f"@{user.pk} Adam")
    (binned,) = add(user, "Adam in the bin.")
    binned.put_in_bin(now=timezone.now())
    add(user, "Adam converged.")
    assert search(user, "adam") == ["Adam converged."]
    assert search(user, f"@{stranger.pk} or adam") == ["Adam converged."]
    assert search(user, "-adam") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("the", "nearly every entry"),
        ("it is not the", "nearly every entry"),
        ("&& | !", "no word"),
        ("-", "no word"),
        ('""', "no word"),
        ("or", "no word"),
        ("😀", "no word"),
        ("a" * 201, "201 characters"),
        ("x\ud800", "half of a character"),
        ("x\0", "NUL"),
    ],
)
def test_what_cannot_be_searched_for_is_told_in_a_sentence(
    user: User, text: str, says: str
) -> None:
    with pytest.raises(QuestionError, match=says):
        ask(text)


@pytest.mark.parametrize(
    "text", ["the", "&& | !", "a" * 201, "%ED%A0%80", "' or 1=1 --", "\\", "%"]
)
def test_the_page_survives_any_question_and_keeps_it(
    learner: Client, user: User, text: str
) -> None:
    add(user, "Something.")
    response = learner.get(reverse("journal"), {"q": text})
    assert response.status_code == 200
    assert f'value="{text}"' in response.content.decode().replace("&#x27;", "'").replace(
        "&amp;", "&"
    )


def test_nul_in_a_question_is_refused(learner: Client) -> None:
    assert learner.get("/journal/?q=a%00b").status_code == 400


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_no_question_breaks_the_search(text: str) -> None:
    user = User(pk=1)
    try:
        question = ask(text)
    except QuestionError:
        return
    list(matching(Entry.objects.live(), user, question)[:1])


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(max_codepoint=0x2FF, exclude_characters="\0"), max_size=80))
def test_postgres_and_python_see_the_same_words(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT journal_vector(1, '', %s, '', '', '')"
            " @@ ('''@1'''::tsquery && phraseto_tsquery('english', %s))",
            [text, words_of(text)],
        )
        assert cursor.fetchone() == (True,)
    assert len(words_of(text)) == len(text)


def test_matches_are_marked_where_they_stand(learner: Client, user: User) -> None:
    add(user, "Use **bold** `torch.nn.functional` with lr=3e-4 here.", title="On lr=3e-4")
    html = page(learner, q="functional lr=3e-4")
    assert "bold torch.nn.<mark>functional</mark> with <mark>lr=3e-4</mark> here." in html
    assert "On <mark>lr=3e-4</mark>" in html


def test_a_match_is_marked_with_its_accents(learner: Client, user: User) -> None:
    add(user, "A na\u00efve x\u0302, and a nai\u0308ve y.")
    html = page(learner, q="naive")
    assert html.count("<mark>na\u00efve</mark>") == 2


def test_a_match_in_the_address_of_a_link_is_shown_with_it(learner: Client, user: User) -> None:
    add(user, "See [the *paper*](https://example.org/grokking).")
    html = page(learner, q="grokking")
    assert "[the *paper*](https://example.org/<mark>grokking</mark>)" in html
    assert "<mark>paper</mark>" in page(learner, q="paper")


def test_a_match_in_another_script_is_marked(learner: Client, user: User) -> None:
    add(user, "これは日本語です。")
    assert "これは<mark>日本語</mark>です。" in page(learner, q="日本語")


@pytest.mark.parametrize("asked", ["grokking", "GROKKED", "absent or grokking", "-absent grokking"])
def test_a_match_far_inside_a_long_text_is_shown(learner: Client, user: User, asked: str) -> None:
    add(user, "filler words " * 8000 + "then grokking began " + "and more " * 4000)
    html = page(learner, q=asked)
    assert "<mark>grokking</mark> began" in html
    assert len(html) < 40_000


@pytest.mark.parametrize(
    "vector",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</mark><svg onload=alert(1)>",
        "\ue000<b>\ue001",
        "&lt;script&gt;",
        '"><input autofocus onfocus=alert(1)>',
    ],
)
def test_html_in_an_entry_stays_text_beside_a_mark(
    learner: Client, user: User, vector: str
) -> None:
    add(user, f"word {vector} word", title=f"word {vector}")
    html = page(learner, q="word")
    assert html.count("<mark>word</mark>") == 3
    outside = re.sub(r"</?mark>", "", html)
    for piece in re.findall(r"<[a-z]+[^>]*>", vector):
        assert piece not in outside
    assert "\ue000" not in html
    assert page(learner, q=f"{vector} word")


def test_results_page_through_and_say_when_older_ones_were_left_out(
    learner: Client, user: User
) -> None:
    add(user, *(f"Common number{n}" for n in range(MOST_RANKED + 5)))
    html = page(learner, q="common")
    assert f"Best of the newest {MOST_RANKED:,} matches" in html
    assert "page=2" in html
    assert 'href="?q=common&amp;page=1"' in page(learner, q="common", page="2")
    for nonsense in ("0", "-1", "x", "9" * 30, "²"):
        assert "Common" in re.sub(r"</?mark>", "", page(learner, q="common", page=nonsense))


@pytest.mark.usefixtures("roadmap")
@pytest.mark.parametrize(("state", "told"), [("draft", False), ("live", True), ("retired", True)])
def test_a_filter_does_not_tell_the_words_of_a_draft(
    learner: Client, state: str, told: bool
) -> None:
    row = Milestone.objects.create(key="p9-0", kind="build", state=state)
    row.reword("Measure it in secret", "material")
    for query in ({"milestone": "p9-0"}, {"milestone": "p9-0", "q": "adam"}):
        assert ("Measure it in secret" in page(learner, **query)) is told


def test_a_search_keeps_to_the_filters(learner: Client, user: User) -> None:
    add(user, "Adam one.", tags=("bf16",))
    add(user, "Adam two.", milestones=("p1-0",))
    found = log_of(user, Asked(q="adam", tag="bf16")).found
    assert found
    assert [card.entry.tags.get().name for card in found.cards] == ["bf16"]
    assert "two." in page(learner, q="adam", milestone="p1-0")
    html = page(learner, q="adam", tag="gone")
    assert "No entry has this in its title or words." in html
    assert 'href="?q=adam"' in html


def test_a_search_names_the_tags_of_its_words(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    add(user, "One.", "Two.", tags=("c++",))
    add(user, "One.", tags=("gone",))[0].put_in_bin(now=timezone.now())
    add(make_user("eve"), "Of eve.", tags=("evil",))
    html = page(learner, q='"C++" evil gone')
    assert "No entry has this" in html
    assert re.findall(r"\?tag=([^\"]+)", html) == ["c%2B%2B"]
    assert '2<span class="visually-hidden"> entries</span>' in html


SCRIPTS = {
    "Chinese": (0x4E00, 0x9FFF, 0.0),
    "everything East Asian": (0x3040, 0xD7A3, 0.0),
    "emoji": (0x1F300, 0x1FAFF, 0.2),
    "rare Chinese words": (0x20000, 0x2A6DF, 0.3),
    "ASCII": (33, 126, 0.15),
    "any": (0x21, 0xD7FF, 0.3),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_longest_entry_of_random_text_is_saved(user: User, script: str) -> None:
    first, last, spaces = SCRIPTS[script]
    chance = random.Random(7)  # noqa: S311
    letters = [chr(code) for code in range(first, last + 1)]

    def text() -> str:
        drawn = chance.choices(letters, k=250_000)
        return "".join(" " if chance.random() < spaces else letter for letter in drawn)

    Entry.objects.bulk_create([unsaved(user, **{prompt: text() for prompt in PROMPTS})])
    assert vector_size() < 1_000_000


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6])
def test_the_longest_entry_of_hyphened_words_is_saved(user: User, length: int) -> None:
    chance = random.Random(length)  # noqa: S311
    signs = "abcdefghijklmnopqrstuvwxyz0123456789"

    def word() -> str:
        return "".join(chance.choices(signs, k=length))

    text = " ".join(f"{word()}-{word()}" for _ in range(250_000 // (2 * length + 2)))
    Entry.objects.bulk_create([unsaved(user, **dict.fromkeys(PROMPTS, text), title="findable")])
    assert vector_size() < 1_000_000
    assert len(search(user, "findable")) == 1


def unsaved(user: User, **words: str) -> Entry:
    """Give an entry without a revision: the row is what is tried here, not its HTML."""
    now = timezone.now()
    return Entry(user=user, day=DAY, zone="UTC", created=now, changed=now, **words)


def vector_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(pg_column_size(search)) FROM journal_entry")
        size: int = cursor.fetchone()[0]
    return size


def test_rows_come_without_the_vector(user: User) -> None:
    (entry,) = add(user, "Something.")
    assert Entry.objects.get().search is None
    assert Entry.objects.values_list("search", flat=True).get() is None
    entry.refresh_from_db()
    entry.title = "Other"
    entry.save()
    assert vector_size() > 0


def test_a_search_reads_the_index_and_no_others_entries(
    user: User, make_user: Callable[..., User]
) -> None:
    stranger = make_user("eve")
    rows = []
    for number in range(3000):
        text = f"{'the run went on as before ' * 20} loss number{number}" + (
            " grokking" if number % 500 == 0 else ""
        )
        rows += [unsaved(user, tried=text), unsaved(stranger, tried=text)]
    Entry.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        # What a vacuum does now and then, which no transaction can.
        cursor.execute("SELECT gin_clean_pending_list('entry_search')")
        cursor.execute("ANALYZE journal_entry")
    for text in ("grokking", "loss grokking", '"loss number7"', "number7 or number8", "lr=3e-4"):
        found = matching(Entry.objects.live(), user, ask(text)).order_by("-day", "-pk")
        plan = found.values("pk")[: MOST_RANKED + 1].explain(analyze=True)
        assert "Bitmap Index Scan on entry_search" in plan, plan
        assert f"'@{user.pk}'".replace("'", "''") in plan
        assert "Seq Scan" not in plan
        # The index gave nobody else's: what the table is asked again throws none away.
        assert "Rows Removed by Filter" not in plan, plan


def test_the_benchmark_still_writes_entries_that_are_found(user: User) -> None:
    path = Path(__file__).parents[2] / ".ci" / "bench_search.py"
    spec = importlib.util.spec_from_file_location("bench_search", path)
    assert spec
    assert spec.loader
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    with connection.cursor() as cursor:
        cursor.execute(bench.SENTENCES)
        cursor.execute(bench.FILL, {"people": [user.pk], "seed": 1, "entries": 20})
    assert len(search(user, '"loss fell"')) == 10
    assert len(search(user, "lr=3e-4")) == 4
