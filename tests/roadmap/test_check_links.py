import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from roadmap import checking
from roadmap.checking import Answer
from roadmap.links import address_of, links_in, uses
from roadmap.management.commands.check_links import LOST, NOTHING_REACHED
from roadmap.management.commands.check_links import kept as keep_answer
from roadmap.models import Chapter, LinkCheck, Phase, Resource, ResourceLink, State, Track
from tests.roadmap.web import Server

SOON = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


# Where the content links to


def test_links_are_those_that_a_reader_can_follow() -> None:
    text = """
[one](https://one.test/a_(b)) and <https://two.test/>, [three][3]; `[no](https://code.test/)`

    [no](https://indented.test/)

```
https://fence.test/
```
\\[no](https://escaped.test/) ![seen](https://picture.test/a.png) [bad](javascript:alert(1))
[within](/roadmap/1/) [here](#there) [mail](mailto:a@one.test) <a href="https://raw.test/">no</a>

[3]: https://three.test/?a=b&c=d
[4]: https://unused.test/
"""
    found = [address for url in links_in(text) if (address := address_of(url))]
    assert found == ["https://one.test/a_(b)", "https://two.test/", "https://three.test/?a=b&c=d"]


def test_every_address_of_live_content_is_found_once_with_its_places(roadmap: object) -> None:
    phase = Phase.objects.get(slug="1")
    shared = "https://shared.test/page"
    Resource.objects.create(
        slug="new", title="New", kind="book", summary="s", url=f"{shared}#first"
    )
    resource = Resource.objects.all()[0]
    ResourceLink.objects.create(resource=resource, label="Lectures", url=shared)
    texts = {
        phase.topics.all()[0]: "text",
        phase.traps.all()[0]: "text",
        phase: "goal",
        Chapter.objects.all()[0]: "text",
        Track.objects.get(slug="rl"): "text",
    }
    for row, name in texts.items():
        setattr(row, name, f"See [it]({shared}#{name}).")
        row.save()
    Chapter.objects.create(
        slug="d", title="Draft", section="method", state=State.DRAFT, text="<https://draft.test/>"
    )
    Resource.objects.create(
        slug="r", title="R", kind="book", summary="s", state="retired", url="https://retired.test/"
    )

    found = uses()

    assert {use.what.partition(" “")[0] for use in found[shared]} == {
        "Resource", "Phase 1, topic", "Phase 1, trap", "Phase 1, goal", "Chapter", "Track",
    }  # fmt: skip
    assert any(use.what.endswith(", Lectures") for use in found[shared])
    assert "https://draft.test/" not in found
    assert "https://retired.test/" not in found
    listed = Resource.objects.exclude(url="").published().values_list("url", flat=True)
    assert {address_of(url) for url in listed} <= set(found)
    Phase.objects.filter(pk=phase.pk).update(state=State.RETIRED)
    assert not any("Phase 1" in use.what for use in uses()[shared])


# The command


@pytest.fixture
def content(web: Server, at: Callable[..., str], db: None) -> Callable[..., None]:
    """Let these addresses be all that the content links to."""
    connection.cursor().execute("TRUNCATE roadmap_phase, roadmap_claim, roadmap_track CASCADE")
    for model in (Chapter, Resource):
        model.objects.all().delete()
    for table in ("habit", "principle", "milestone"):
        connection.cursor().execute(f"TRUNCATE roadmap_{table} CASCADE")

    def make(*urls: str) -> None:
        for number, url in enumerate(urls):
            slug = f"r-{Resource.objects.count()}-{number}"
            Resource.objects.create(slug=slug, title=slug, kind="book", summary="s", url=url)

    return make


def check(**options: Any) -> str:
    out = io.StringIO()
    given = {"timeout": 5, "pause": 0.001, "older_than": 0, **options}
    call_command("check_links", stdout=out, **given)
    return out.getvalue()


def kept(url: str) -> tuple[int | None, str, int, bool]:
    row = LinkCheck.objects.get(url=url)
    return row.status, row.problem, row.failures, row.dead


def test_a_link_is_dead_after_two_definite_answers_in_a_row_and_alive_after_one(
    content: Callable[..., None], web: Server, at: Callable[..., str]
) -> None:
    fine, gone = at("200"), at("404")
    content(fine, gone)
    with time_machine.travel(SOON, tick=False):
        said = check()
    assert "1 fine, 0 dead, 1 could not tell" in said
    assert kept(gone) == (404, "404 Not Found", 1, False)
    assert "1 fine, 1 dead, 0 could not tell" in check()
    assert kept(gone) == (404, "404 Not Found", 2, True)
    row = LinkCheck.objects.get(url=gone)
    assert (row.since, row.answered) == (SOON, None)
    assert list(LinkCheck.objects.dead()) == [row]

    web.become["/404"] = "503"
    check()
    assert kept(gone) == (503, "503 Service Unavailable", 1, False)
    web.become["/404"] = "404"
    check()
    assert kept(gone)[2:] == (1, False)
    web.become["/404"] = "200"
    check()
    assert kept(gone) == (200, "", 0, False)
    row.refresh_from_db()
    assert row.since is None
    assert row.answered == row.checked


def test_what_cannot_be_told_is_never_dead(
    content: Callable[..., None], at: Callable[..., str]
) -> None:
    urls = [at("200"), at("403", "two.test"), at("500", "three.test"), at("silent", "here.test")]
    content(*urls)
    for times in range(1, 4):
        check(timeout=0.1)
        assert {kept(url)[2:] for url in urls[1:]} == {(times, False)}


def test_a_host_that_is_gone_is_dead_while_others_answer(
    content: Callable[..., None], at: Callable[..., str]
) -> None:
    content(at("200"), "http://gone.test/")
    check()
    said = check()
    assert "dead            http://gone.test/ (no such host)" in said
    assert kept("http://gone.test/") == (None, "no such host", 2, True)


def test_a_machine_that_reaches_nothing_says_so_and_marks_nothing(
    content: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    content(*(f"http://gone-{number}.test/" for number in range(12)))
    for _ in range(2):
        with pytest.raises(CommandError, match=NOTHING_REACHED) as refused:
            check()
        assert refused.value.returncode == 1
    assert not LinkCheck.objects.exists()


def test_a_network_that_goes_away_half_way_marks_nothing_dead(
    content: Callable[..., None], at: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [at("200"), at("200", "two.test"), at("200", "three.test")]
    content(*urls)
    whole, asked = checking.resolve, []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        # Three looks at who is there, then the first address; after that the line is cut.
        return whole(host if len(asked) <= 4 else "cut.test", port)

    monkeypatch.setattr(checking, "resolve", resolve)
    with pytest.raises(CommandError, match=LOST):
        check(at_once=1)
    assert [row.problem for row in LinkCheck.objects.all()] == [""]


def test_a_killed_run_goes_on_where_it_was_the_oldest_first(
    content: Callable[..., None],
    web: Server,
    at: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls = [at(str(200 + number)) for number in range(5)]
    content(*urls)
    for url, days in zip(urls[2:], (9, 12, 3), strict=True):
        LinkCheck.objects.keep(url, at=timezone.now() - dt.timedelta(days=days))
    keep, count = type(LinkCheck.objects.all()).keep, 0

    def killed(*args: Any, **given: Any) -> LinkCheck:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return keep(*args, **given)

    with monkeypatch.context() as patch:
        patch.setattr(type(LinkCheck.objects.all()), "keep", killed)
        with pytest.raises(CommandError, match="What was checked is kept") as stopped:
            check(older_than=7, at_once=1)
    assert stopped.value.returncode == 130
    assert LinkCheck.objects.count() == 5
    web.asked.clear()

    said = check(older_than=7, at_once=1)

    # Never asked ones came first and are done; of the old ones the oldest is next.
    assert [path for _, _, path in web.asked] == ["/203", "/202"]
    assert "2 addresses checked: 2 fine" in said
    assert "Nothing to ask: 5 addresses checked lately." in check(older_than=7)


def test_no_more_are_asked_than_allowed_and_the_rest_next_time(
    content: Callable[..., None], web: Server, at: Callable[..., str]
) -> None:
    content(*(at(str(200 + number)) for number in range(5)))
    said = check(limit=2)
    assert "2 addresses checked: 2 fine, 0 dead, 0 could not tell. 3 left" in said
    assert len(web.asked) == 2
    check(older_than=7)
    assert LinkCheck.objects.fine().count() == 5
    assert len(web.asked) == 5


def test_time_runs_out_for_all_but_what_was_begun(
    content: Callable[..., None], at: Callable[..., str]
) -> None:
    content(*(at(str(200 + number)) for number in range(5)))
    said = check(minutes=0.000001, pause=0.5, at_once=1)
    assert "1 address checked: 1 fine, 0 dead, 0 could not tell. 4 left" in said


def test_a_host_that_asked_for_it_is_left_alone_until_then(
    content: Callable[..., None], web: Server, at: Callable[..., str]
) -> None:
    content(at("later/172800"), at("200"), at("200", "two.test"))
    with time_machine.travel(SOON, tick=False):
        check()
        check()
    assert [path for _, host, path in web.asked if host.startswith("one")] == ["/later/172800"]
    assert kept(at("later/172800"))[1:] == ("429 Too Many Requests", 1, False)
    with time_machine.travel(SOON + dt.timedelta(days=2, minutes=1), tick=False):
        check()
    asked = [path for _, host, path in web.asked if host.startswith("one")]
    assert asked == ["/later/172800", "/200", "/later/172800"]


def test_what_is_no_longer_linked_is_forgotten(
    content: Callable[..., None], at: Callable[..., str]
) -> None:
    content(at("200"))
    LinkCheck.objects.keep("https://old.test/", at=timezone.now(), problem="404", definite=True)
    check()
    assert [row.url for row in LinkCheck.objects.all()] == [at("200")]


def test_a_weekly_run_asks_everything_each_week(
    content: Callable[..., None], web: Server, at: Callable[..., str]
) -> None:
    content(at("200"))
    with time_machine.travel(SOON + dt.timedelta(minutes=9), tick=False):
        check(older_than=7)
    with time_machine.travel(SOON + dt.timedelta(days=6), tick=False):
        check(older_than=7)
    assert len(web.asked) == 1
    with time_machine.travel(SOON + dt.timedelta(days=7), tick=False):
        check(older_than=7)
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "option",
    ["--limit=0", "--limit=many", "--timeout=-1", "--pause=nan", "--older-than=-1", "--minutes=0"],
)
def test_a_bad_option_is_refused_with_a_sentence(db: None, option: str) -> None:
    with pytest.raises(CommandError, match="is no number"):
        call_command("check_links", option)


@pytest.mark.parametrize("trusts", [True, False])
def test_a_certificate_is_bad_for_sure_only_where_another_was_found_good(
    db: None, trusts: bool
) -> None:
    expired = Answer(problem="its certificate has expired", definite=True, by_certificate=True)
    for _ in range(2):
        row = keep_answer("https://a.test/", expired, trusts=trusts)
    assert row.dead is trusts


def test_the_database_refuses_a_fine_link_with_failures(db: None) -> None:
    row = LinkCheck.objects.keep("https://a.test/", at=timezone.now())
    row.failures = 1
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
