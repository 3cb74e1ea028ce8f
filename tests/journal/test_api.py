import datetime as dt
import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from journal.api import MEANINGS
from journal.models import Entry, IdempotencyKey, Writing
from journal.views import api
from mastery.models import ApiToken, User
from roadmap.models import Milestone

pytestmark = pytest.mark.usefixtures("roadmap", "_nothing_counted")

URL = "/api/log"
HOST = "http://localhost:8000"


@pytest.fixture
def _nothing_counted(db: None) -> None:
    cache.clear()


class Script:
    """A program with a token, and no cookies."""

    def __init__(self, user: User, scope: str = "write") -> None:
        self.token, self.secret = ApiToken.objects.grant(user, name=scope, scope=scope)
        self.client = Client(headers={"authorization": f"Bearer {self.secret}"})

    def send(self, body: Any, kind: str = "application/json", **headers: str) -> Any:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(URL, text, content_type=kind, headers=names)

    def note(self, text: str | bytes, kind: str = "text/markdown") -> Any:
        return self.send(text, kind)

    def get(self, query: str = "") -> Any:
        return self.client.get(URL + query)


@pytest.fixture
def script(user: User) -> Script:
    return Script(user)


def problem(response: Any, status: int, *fields: str) -> dict[str, Any]:
    """Check that an answer is a problem of that status about those fields; give it."""
    said: dict[str, Any] = response.json()
    assert response.status_code == said["status"] == status, said
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert said["type"] == f"{HOST}/api/#problem-{status}"
    assert said["title"]
    assert said["detail"].endswith((".", "…"))
    assert sorted(said.get("errors", {})) == sorted(fields)
    return said


# Writing JSON


def test_json_fills_every_field(script: Script, user: User) -> None:
    sent = {
        "date": "2026-03-14",
        "title": "Warm-up",
        "tried": "`lr=3e-4`",
        "happened": "It diverged.",
        "learned": "Warm up.",
        "next": "- [ ] 20 steps",
        "tags": ["bf16", "adam"],
        "milestones": ["p1-0"],
        "minutes": 90,
        "build_work": True,
        "visibility": "unlisted",
    }
    response = script.send(sent)
    entry = Entry.objects.get()
    said = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"{HOST}{URL}/{entry.code}"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    assert {name: said[name] for name in sent} == {**sent, "tags": ["adam", "bf16"]}
    assert said["id"] == entry.code
    assert said["url"] == f"{HOST}/journal/{entry.code}/"
    assert (said["zone"], said["revision"], entry.user) == ("UTC", 1, user)
    assert dt.datetime.fromisoformat(said["created"])
    assert script.client.get(f"{URL}/{entry.code}").json() == said


def test_an_entry_is_of_today_and_private_unless_it_says_otherwise(
    script: Script, user: User
) -> None:
    User.objects.update(time_zone="Pacific/Auckland")
    with time_machine.travel(dt.datetime(2026, 3, 14, 20, tzinfo=dt.UTC)):
        said = script.send({"tried": "x", "title": None}).json()
    assert (said["date"], said["zone"]) == ("2026-03-15", "Pacific/Auckland")
    assert said["visibility"] == "private"
    assert said["minutes"] is None
    assert said["tags"] == said["milestones"] == []


def test_tags_may_be_a_line_of_them(script: Script) -> None:
    said = script.send({"tried": "x", "tags": "#Adam, bf16"}).json()
    assert said["tags"] == ["adam", "bf16"]


NOT_KEPT: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["tried"]),
    ({"tried": "  "}, ["tried"]),
    ({"tried": 1}, ["tried"]),
    ({"tried": "x", "date": "2026-02-30"}, ["date"]),
    ({"tried": "x", "date": "20260314"}, ["date"]),
    ({"tried": "x", "date": "2999-01-01"}, ["date"]),
    ({"tried": "x", "date": 5}, ["date"]),
    ({"tried": "x", "title": "x" * 201}, ["title"]),
    ({"tried": "x", "title": ["x"]}, ["title"]),
    ({"tried": "x" * 250_001}, ["tried"]),
    ({"tried": "a\0b"}, ["tried"]),
    ({"tried": "x", "title": "\ud800"}, ["title"]),
    ({"tried": "x", "tags": ["a b"]}, ["tags"]),
    ({"tried": "x", "tags": ["a\0"]}, ["tags"]),
    ({"tried": "x", "tags": [1]}, ["tags"]),
    ({"tried": "x", "tags": {"a": 1}}, ["tags"]),
    ({"tried": "x", "tags": [f"t{n}" for n in range(21)]}, ["tags"]),
    ({"tried": "x", "milestones": ["p9-9"]}, ["milestones"]),
    ({"tried": "x", "milestones": ["p1-0\0"]}, ["milestones"]),
    ({"tried": "x", "milestones": ["\udfff"]}, ["milestones"]),
    ({"tried": "x", "milestones": [[]]}, ["milestones"]),
    ({"tried": "x", "minutes": 0}, ["minutes"]),
    ({"tried": "x", "minutes": 10**400}, ["minutes"]),
    ({"tried": "x", "minutes": 1.5}, ["minutes"]),
    ({"tried": "x", "minutes": True}, ["minutes"]),
    ({"tried": "x", "minutes": "90"}, ["minutes"]),
    ({"tried": "x", "build_work": 1}, ["build_work"]),
    ({"tried": "x", "visibility": "everybody"}, ["visibility"]),
    ({"tried": "x", "visibility": True}, ["visibility"]),
    ({"tried": "x", "mood": "good"}, ["mood"]),
    ({"minutes": "x", "date": "x", "tags": 1}, ["date", "minutes", "tags", "tried"]),
]
NO_JSON: list[tuple[str | bytes, list[str]]] = [
    ("{", []),
    ("[]", []),
    ("null", []),
    ('"x"', []),
    ('{"tried": NaN}', []),
    ('{"tried": Infinity}', []),
    ('{"minutes": ' + "9" * 5000 + "}", []),
    ("[" * 100_000, []),
    ('{"tags":' * 50_000, []),
    ('{"tried": "x", "tried": "y"}', ["tried"]),
    ('{"tried": "a\nb"}', []),
    (b'{"tried": "\xff"}', []),
    ('{"tried": "x"}'.encode("utf-16"), []),
]


def test_what_cannot_be_kept_is_a_problem_of_its_field(script: Script) -> None:
    for sent, fields in NOT_KEPT:
        problem(script.send(sent), 422, *fields)
    for body, fields in NO_JSON:
        problem(script.send(body), 400, *fields)
    assert not Entry.objects.exists()


# Writing Markdown


@pytest.mark.parametrize(
    "kind",
    ["text/markdown", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", ""],
)
def test_any_text_is_what_happened_today(script: Script, kind: str) -> None:
    text = "a=1&b=%20\n\nloss → 3.28\n"
    said = script.note(text, kind).json()
    assert (said["happened"], said["title"]) == (text.strip(), "")
    assert said["date"] == dt.datetime.now(dt.UTC).date().isoformat()


@pytest.mark.parametrize(
    ("text", "title", "happened"),
    [
        ("# Run 7\n\nLoss 3.28.", "Run 7", "Loss 3.28."),
        ("# Run 7 ##\r\nx", "Run 7", "x"),
        ("\ufeff# Run 7\nx", "Run 7", "x"),
        ("#Run 7\nx", "", "#Run 7\nx"),
        ("## Run 7\nx", "", "## Run 7\nx"),
        ("x\n# Run 7", "", "x\n# Run 7"),
        (f"# {'x' * 201}\ny", "", f"# {'x' * 201}\ny"),
    ],
)
def test_a_heading_on_the_first_line_is_the_title(
    script: Script, text: str, title: str, happened: str
) -> None:
    said = script.note(text).json()
    assert (said["title"], said["happened"]) == (title, happened)


@pytest.mark.parametrize(
    "text",
    [
        "# T\n\n### Tried\n\na\n\n### Next\n\nb\n",
        "# T\n**Tried:** a\n\n**Next:** b\n",
        "# T\ntried: a\nnext: b\n",
    ],
)
def test_a_text_laid_out_by_the_prompts_fills_them(script: Script, text: str) -> None:
    said = script.note(text).json()
    assert [said[name] for name in ("title", "tried", "happened", "next")] == ["T", "a", "", "b"]


@pytest.mark.parametrize(
    "text", ["## 2026-01-01\n\ntried: a", "```\ntried: a\n```", "## Set-up\n\nx\n\n## Result\n\ny"]
)
def test_no_word_of_another_layout_is_lost(script: Script, text: str) -> None:
    assert script.note(text).json()["happened"] == text


def test_a_note_that_cannot_be_kept_is_a_problem(script: Script) -> None:
    problem(script.note(""), 422, "tried")
    problem(script.note("# Only a title"), 422, "tried")
    problem(script.note("a\0b"), 422, "happened")
    problem(script.note("x" * 250_001), 422, "happened")
    problem(script.note(b"\xff\xfe"), 400)
    assert not Entry.objects.exists()


def test_other_kinds_are_refused(script: Script) -> None:
    for kind in (
        "image/png", "multipart/form-data; boundary=x", "application/xml",
        "application/octet-stream", "text/plain; charset=latin-1",
        "application/json; charset=utf-16",
    ):  # fmt: skip
        problem(script.note("x", kind), 415)


def test_a_body_that_is_too_large_is_refused(script: Script) -> None:
    problem(script.note("x" * 2_000_001), 413)
    # A length that is none is one of nothing, as it is to Django.
    problem(script.client.post(URL, "x", "text/plain", CONTENT_LENGTH="many"), 422, "tried")
    chunked = script.client.generic("POST", URL, headers={"transfer-encoding": "chunked"})
    problem(chunked, 411)


# Who may


def test_without_a_token_there_is_nothing(client: Client, learner: Client) -> None:
    for browser in (client, learner):
        for response in (browser.get(URL), browser.post(URL, "x", "text/plain")):
            assert problem(response, 401)["detail"].startswith("Send a token")
            assert response["WWW-Authenticate"] == 'Bearer realm="Mastery"'
    assert not Entry.objects.exists()


def test_a_wrong_token_opens_nothing(script: Script) -> None:
    ApiToken.objects.update(revoked=timezone.now())
    response = script.get()
    problem(response, 401)
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_a_token_that_reads_does_not_write(user: User) -> None:
    reader = Script(user, "read")
    response = reader.send({"tried": "x"})
    problem(response, 403)
    assert "insufficient_scope" in response["WWW-Authenticate"]
    assert not Entry.objects.exists()
    assert reader.get().status_code == 200


def test_other_methods_are_refused(script: Script) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        response = script.client.generic(method, URL)
        problem(response, 405)
        assert response["Allow"] == "GET, HEAD, POST"
    problem(script.client.post(f"{URL}/{'a' * 16}"), 405)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200), ("*/*", 200), ("application/*;q=0.1", 200), ("", 200),
        ("text/html, */*;q=0.8", 200), ("text/html", 406), ("text/markdown, image/*", 406),
    ],
)  # fmt: skip
def test_answers_are_json_for_whoever_takes_it(script: Script, accept: str, status: int) -> None:
    headers = {"accept": accept}
    said = script.client.get(URL, headers=headers)
    assert said.status_code == status
    if status == 406:
        problem(said, 406)
        problem(script.client.post(URL, "x", "text/plain", headers=headers), 406)
        assert not Entry.objects.exists()


def test_no_cookie_is_needed_or_given(user: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    _token, secret = ApiToken.objects.grant(user, name="x", scope="write")
    response = strict.post(URL, "x", "text/plain", headers={"authorization": f"Bearer {secret}"})
    assert response.status_code == 201
    assert not response.cookies


def test_what_is_not_there_is_a_problem_too(script: Script, make_user: Callable[..., User]) -> None:
    (theirs,) = Entry.objects.add(
        make_user("grace"),
        [Writing(day=dt.date(2026, 3, 14), tried="x")],
        now=timezone.now(),
        visibility="public",
    )
    binned = script.note("x").json()["id"]
    Entry.objects.get(code=binned).put_in_bin(now=timezone.now())
    codes = [f"{URL}/{code}" for code in ("a" * 16, theirs.code, binned)]
    paths = [*codes, f"{URL}/", "/api/v1/x", "/api/%0A"]
    for path in paths:
        problem(script.client.get(path), 404)
    problem(script.client.post("/api/logs", "x", "text/plain"), 404)


def test_what_no_view_gets_to_see_is_a_problem_as_well(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem(script.client.get("/api/logs?a=%00"), 400)
    problem(script.client.get(URL, headers={"host": "evil.example"}), 400)
    monkeypatch.setattr(api, "shown", None)
    script.client.raise_request_exception = False
    problem(script.note("x"), 500)
    assert not script.client.get("/roadmap/%0A").headers["Content-Type"].endswith("json")


def test_writing_has_a_rate(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WRITES", "2/m/key")
    assert [script.note("x").status_code for _ in range(2)] == [201, 201]
    response = script.note("x")
    problem(response, 429)
    assert response["Retry-After"] == "60"
    assert script.get().status_code == 200
    assert Script(User.objects.get()).note("x").status_code == 201, "each token has its own"


def test_guessing_tokens_has_a_rate(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "REFUSALS", "2/m/ip")
    assert [client.get(URL).status_code for _ in range(3)] == [401, 401, 429]
    assert script.get().status_code == 200, "whoever has a token is let in"


# Sending again


def test_the_same_key_gives_the_same_entry(script: Script) -> None:
    first = script.note("x", "text/plain").json()
    one = script.send({"tried": "x"}, idempotency_key="run-7")
    two = script.send({"tried": "x"}, idempotency_key="run-7")
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json() == two.json() != first
    assert one["Location"] == two["Location"]
    assert "Idempotent-Replayed" not in one
    assert two["Idempotent-Replayed"] == "true"
    assert Entry.objects.count() == 2


def test_what_was_taken_once_is_not_looked_at_again(script: Script) -> None:
    sent = {"tried": "x", "milestones": ["p1-0"], "date": "2026-03-14"}
    with time_machine.travel(dt.datetime(2026, 3, 14, 12, tzinfo=dt.UTC)):
        first = script.send(sent, idempotency_key="run-7").json()
    Milestone.objects.filter(key="p1-0").update(key="p1-99")
    with time_machine.travel(dt.datetime(2026, 3, 12, 12, tzinfo=dt.UTC)):
        again = script.send(sent, idempotency_key="run-7")
    assert (again.status_code, again.json()["id"]) == (201, first["id"])


def test_the_same_key_with_another_body_is_refused(script: Script) -> None:
    script.send({"tried": "x"}, idempotency_key="run-7")
    problem(script.send({"tried": "y"}, idempotency_key="run-7"), 422)
    problem(script.send('{"tried": "x"}', "text/plain", idempotency_key="run-7"), 422)
    assert Entry.objects.count() == 1


def test_keys_are_a_persons_own(script: Script, make_user: Callable[..., User]) -> None:
    script.send({"tried": "x"}, idempotency_key="run-7")
    other = Script(make_user("grace")).send({"tried": "y"}, idempotency_key="run-7")
    assert other.status_code == 201
    assert Entry.objects.count() == 2


def test_a_key_of_a_refused_request_is_still_free(script: Script) -> None:
    problem(script.send({}, idempotency_key="run-7"), 422, "tried")
    assert script.send({"tried": "x"}, idempotency_key="run-7").status_code == 201


def test_a_key_whose_entry_was_deleted_makes_no_other(script: Script) -> None:
    script.send({"tried": "x"}, idempotency_key="run-7")
    Entry.objects.all().delete()
    problem(script.send({"tried": "x"}, idempotency_key="run-7"), 409)


@pytest.mark.parametrize("key", ["", " ", "a b", "ö", "x" * 201])
def test_a_key_that_is_none_is_refused(script: Script, key: str) -> None:
    problem(script.send({"tried": "x"}, idempotency_key=key), 400)


def test_keys_are_forgotten_in_the_end(script: Script, user: User) -> None:
    script.send({"tried": "x"}, idempotency_key="run-7")
    now = timezone.now()
    assert IdempotencyKey.objects.sweep(now + dt.timedelta(hours=25)) == 0
    assert IdempotencyKey.objects.sweep(now + dt.timedelta(days=8)) == 1
    assert Entry.objects.exists()


def test_the_database_takes_a_key_once(user: User) -> None:
    row = {"user": user, "key": "x", "digest": "", "used": timezone.now()}
    IdempotencyKey.objects.create(**row)
    with pytest.raises(IntegrityError, match="idempotency_key_unique"), transaction.atomic():
        IdempotencyKey.objects.create(**row)


@pytest.mark.django_db(transaction=True)
def test_twins_sent_at_once_make_one_entry(script: Script) -> None:
    start = threading.Barrier(4)
    answers: list[Any] = []

    def send() -> None:
        try:
            start.wait()
            answers.append(script.send({"tried": "x", "tags": ["a"]}, idempotency_key="run-7"))
        finally:
            connection.close()

    twins = [threading.Thread(target=send) for _ in range(4)]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 3
    assert Entry.objects.count() == 1


# Reading


def fill(user: User, number: int) -> None:
    day = dt.date(2026, 3, 1)
    Entry.objects.add(
        user,
        [
            Writing(day=day + dt.timedelta(days=n // 3), tried=f"entry {n}", tags=(f"t{n % 2}",))
            for n in range(number)
        ],
        now=timezone.now(),
    )


def test_reading_goes_page_by_page_from_the_newest(
    script: Script, user: User, make_user: Callable[..., User]
) -> None:
    fill(user, 25)
    fill(make_user("grace"), 3)
    Entry.objects.of(user).filter(tried="entry 7").update(deleted_at=timezone.now())
    found: list[str] = []
    query, pages = "?limit=10", 0
    while True:
        response = script.get(query)
        body = response.json()
        found += [entry["tried"] for entry in body["entries"]]
        pages += 1
        if body["next"] is None:
            assert "Link" not in response
            break
        assert response["Link"] == f'<{body["next"]}>; rel="next"'
        assert body["next"].startswith(f"{HOST}{URL}?limit=10&cursor=")
        query = "?" + urlsplit(body["next"]).query
    assert found == [f"entry {n}" for n in reversed(range(25)) if n != 7]
    assert pages == 3


def test_reading_can_be_narrowed(script: Script, user: User) -> None:
    fill(user, 6)

    def found(query: str) -> list[str]:
        return [entry["tried"][-1] for entry in script.get(query).json()["entries"]]

    assert found("?tag=T1") == ["5", "3", "1"]
    assert found("?since=2026-03-02") == ["5", "4", "3"]
    assert found("?since=2026-03-02&tag=t0") == ["4"]
    assert found("?q=%22entry+2%22") == ["2"]
    assert found("?limit=1") == ["5"]
    following = script.get("?tag=t1&limit=1").json()["next"]
    assert found("?" + urlsplit(following).query) == ["3"]


UNUSABLE = [
    ("?limit=0", "limit"),
    ("?limit=101", "limit"),
    ("?limit=ten", "limit"),
    ("?limit=", "limit"),
    ("?since=yesterday", "since"),
    ("?since=2026-02-30", "since"),
    ("?cursor=x", "cursor"),
    ("?cursor=2026-02-30.1", "cursor"),
    ("?q=..", "q"),
    ("?tags=adam", "tags"),
    ("?tag=adam&tag=sgd", "tag"),
    ("?q=a%00b", "q"),
    ("?tag=%00", "tag"),
    ("?cursor=%00", "cursor"),
]


def test_a_parameter_that_cannot_be_used_is_a_problem(script: Script) -> None:
    for query, field in UNUSABLE:
        problem(script.get(query), 400, field)


def test_reading_asks_no_more_for_more_entries(script: Script, user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert script.get().status_code == 200
        return len(found)

    fill(user, 2)
    script.get()
    few = queries()
    fill(user, 18)
    assert queries() == few


# The guide


def test_the_guide_is_for_everybody(client: Client) -> None:
    page = client.get("/api/")
    text = page.content.decode()
    assert page.status_code == 200
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/api/", "x", "text/plain")
    problem(response, 405)
    assert response["Allow"] == "GET, HEAD"
    assert client.get("/api/", headers={"accept": "text/html"}).status_code == 200
    for status in MEANINGS:
        assert f'id="problem-{status}"' in text
    assert reverse("tokens") in text


@pytest.mark.skipif(
    not os.environ.get("CI") and not Path("/usr/bin/curl").exists(), reason="no curl here"
)
def test_what_the_guide_says_to_run_runs(
    live_server: LiveServer, user: User, tmp_path: Path, settings: LazySettings
) -> None:
    settings.ORIGIN = live_server.url
    script = Script(user)
    text = Client().get("/api/").content.decode()
    runs = re.findall(r'<pre data-runs="(sh|py)"[^>]*><code>(.*?)</code></pre>', text, re.DOTALL)
    assert [kind for kind, _ in runs] == ["sh", "sh", "sh", "py", "sh", "py"]
    (tmp_path / "note.md").write_text("# By hand\n\nLoss 3.28.\n")
    (tmp_path / "train.log").write_text("step 1\nstep 2\n")
    said = []
    for kind, command in runs:
        shell = ["bash", "-ec"] if kind == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*shell, html.unescape(command)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "MASTERY_TOKEN": script.secret},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        said.append(done.stdout)
    titles = ["By hand", "", "Warm-up sweep", "Run 7"]
    assert list(Entry.objects.order_by("pk").values_list("title", flat=True)) == titles
    assert [json.loads(words)["title"] for words in said[:3]] == titles[:3]
    assert (
        said[3].strip() == f"{live_server.url}{Entry.objects.get(title='Run 7').get_absolute_url()}"
    )
    assert [entry["title"] for entry in json.loads(said[4])["entries"]] == ["Warm-up sweep"]
    assert "| 5000 | 3.50 |" in Entry.objects.get(title="Run 7").happened
    assert len(said[5].splitlines()) == 4
