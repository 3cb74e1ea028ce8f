import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import html5lib
import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision, Phase, State
from roadmap.queries import Manual, manual
from tracker.models import Completion, Recheck
from tracker.numbers import Numbers, PhaseNumbers, Row, numbers_of

TODAY = dt.date(2026, 11, 3)
PAGE = "/admin/numbers/"

type Tick = Callable[..., None]
type People = Callable[[int], list[User]]


@pytest.fixture
def people(make_user: Callable[..., User]) -> People:
    def make(count: int) -> list[User]:
        first = User.objects.count()
        handles = [f"learner-{number}" for number in range(first, first + count)]
        return [
            make_user(handle, email=f"{handle}@secret.test", password="!") for handle in handles
        ]

    return make


def numbers() -> Numbers:
    return numbers_of(manual(), today=TODAY)


def part(slug: str) -> PhaseNumbers:
    return next(part for part in numbers().phases if part.phase.slug == slug)


def row(key: str, slug: str = "") -> Row:
    return next(
        row
        for part in numbers().phases
        for row in part.rows
        if row.milestone.key == key and slug in {"", part.phase.slug}
    )


def show(user: User, key: str) -> None:
    completion = Completion.objects.of(user).filter(milestone__key=key)
    assert completion.update(shown_on=TODAY) == 1


def again(user: User, key: str, outcome: str, day: int) -> None:
    Recheck.objects.create(
        completion=Completion.objects.of(user).get(milestone__key=key),
        due=dt.date(2026, 4, day),
        outcome=outcome,
        on=dt.date(2026, 4, day),
        until=dt.date(2026, 5, day) if outcome == "later" else None,
        at=dt.datetime(2026, 4, day, 12, tzinfo=dt.UTC),
    )


# What is counted


def test_ticks_are_claimed_or_shown_and_unticked_ones_neither(people: People, tick: Tick) -> None:
    users = people(5)
    for user in users:
        tick(user, "p1-2")
    for user in users[:2]:
        show(user, "p1-2")
    pk = Milestone.objects.get(key="p1-2").pk
    Completion.objects.untick(users[4], milestone=pk, now=timezone.now())

    assert (row("p1-2").claimed, row("p1-2").shown) == (2, 2)
    assert numbers().learners == 4


def test_closed_accounts_do_not_count_and_editors_do(
    people: People, tick: Tick, make_user: Callable[..., User]
) -> None:
    users = [*people(3), make_user("grace", is_staff=True)]
    for user in users:
        tick(user, "p1-0")
        again(user, "p1-0", "held", 20)
    User.objects.filter(pk=users[0].pk).update(is_active=False)

    assert row("p1-0").claimed == 3
    assert row("p1-0").held.count == 3
    assert part("1").began.count == 3
    assert numbers().learners == 3


def test_of_a_persons_rechecks_the_last_answer_counts(people: People, tick: Tick) -> None:
    first, second, third, fourth = people(4)
    for user in (first, second, third, fourth):
        tick(user, "p1-0", on=dt.date(2026, 4, 5))
    again(first, "p1-0", "lost", 10)
    again(first, "p1-0", "held", 20)
    again(second, "p1-0", "held", 10)
    again(second, "p1-0", "shaky", 20)
    again(third, "p1-0", "lost", 10)
    again(third, "p1-0", "later", 20)  # to put it off tells nothing
    again(fourth, "p1-0", "lost", 5)  # of an earlier tick
    found = row("p1-0")
    assert (found.held.count, found.shaky.count, found.lost.count) == (1, 1, 1)


def test_who_ticked_an_earlier_wording_answered_or_has_yet_to(people: People, tick: Tick) -> None:
    users = people(8)
    for user in users[:7]:
        tick(user, "p1-3")
    milestone = Milestone.objects.get(key="p1-3")
    milestone.reword("It asks for something else now", MilestoneRevision.Change.MATERIAL)
    material = milestone.reword("It asks for something else, now", "cosmetic")
    for user in users[:2]:
        Completion.objects.confirm(
            user, milestone=milestone.pk, revision=material.pk, now=timezone.now()
        )
    Completion.objects.keep_as_it_stood(
        users[2], milestone=milestone.pk, revision=material.pk, now=timezone.now()
    )
    Completion.objects.filter(user=users[6]).update(done=False)
    # As one who confirms what a split milestone became: that is no answer to a rewording.
    Completion.objects.take_on(
        users[7],
        milestone=milestone.pk,
        revision=material.pk,
        kind="build",
        sources=[milestone.pk],
        now=timezone.now(),
    )

    found = row("p1-3")
    assert (found.answered.count, found.waiting.count) == (3, 3)
    assert found.done == 6


def test_a_phase_is_begun_with_one_milestone_and_finished_with_its_deliverable(
    people: People, tick: Tick, roadmap: Manual
) -> None:
    keys = [one.key for one in roadmap.phases["0"].milestones]
    (deliverable,) = [one.key for one in roadmap.phases["0"].deliverables]
    users = people(9)
    for user in users[:7]:
        tick(user, *keys)
    for user in users[:4]:
        tick(user, deliverable)
    tick(users[7], keys[0])

    found = part("0")
    assert (found.began.count, found.finished.count, found.open.count) == (8, 4, 4)
    assert row(deliverable).stop.people.count == 3
    assert row(keys[1]).stop.people.count == 1
    assert found.share(row(deliverable)) == 38
    assert found.share(row(keys[1])) == 0  # a bar for so few would tell what the number does not


def test_people_stop_at_their_first_open_milestone(
    people: People, tick: Tick, roadmap: Manual
) -> None:
    keys = [one.key for one in roadmap.phases["1"].milestones]
    done = [keys[:1], keys[:2], [keys[1]], [keys[0], keys[2]], keys[2:], keys]
    for user, ticked in zip(people(6), done, strict=True):
        tick(user, *ticked)
    stops = {row.milestone.key: row.stop.people.count for row in part("1").rows}
    deliverable = roadmap.phases["1"].deliverables[0].key
    assert {key: count for key, count in stops.items() if count} == {
        keys[0]: 2, keys[1]: 2, keys[2]: 1, deliverable: 1,
    }  # fmt: skip


def test_where_people_stop_follows_what_the_phase_asks_for_now(
    people: People, tick: Tick, roadmap: Manual
) -> None:
    keys = [one.key for one in roadmap.phases["0"].milestones]
    deliverable = roadmap.phases["0"].deliverables[0].key
    (user,) = people(1)
    tick(user, *keys[:2], *keys[3:], deliverable)
    assert row(keys[2]).stop.people.count == 1

    Milestone.objects.filter(key=keys[2]).update(state=State.RETIRED)

    assert part("0").finished.count == 1
    assert keys[2] not in [row.milestone.key for row in part("0").rows]
    Milestone.objects.filter(key=keys[0]).update(state=State.RETIRED)
    found = part("0")
    assert (found.began.count, found.finished.count) == (1, 1)
    assert row(keys[0]).claimed == 1


@pytest.mark.parametrize(
    ("days", "quiet", "gone"), [(0, 0, 0), (30, 0, 0), (31, 1, 0), (90, 1, 0), (91, 0, 1)]
)
def test_how_long_people_are_quiet_is_by_their_last_tick_anywhere(
    people: People, tick: Tick, days: int, quiet: int, gone: int
) -> None:
    (user,) = people(1)
    tick(user, "p0-0", on=dt.date(2025, 1, 1))
    tick(user, "p1-0", on=TODAY - dt.timedelta(days=days))
    stop = row("p0-1").stop
    assert (stop.people.count, stop.quiet.count, stop.gone.count) == (1, quiet, gone)


def test_a_phase_counts_those_who_chose_its_track(
    people: People, tick: Tick, roadmap: Manual
) -> None:
    shared = next(one for one in roadmap.milestones.values() if {"4", "rl-3"} <= set(one.phases))
    users = people(4)
    for user in users:
        tick(user, shared.key)
    User.objects.filter(pk=users[0].pk).update(tracks=["trunk", "rl"])
    User.objects.filter(pk=users[1].pk).update(tracks=[])
    User.objects.filter(pk=users[2].pk).update(tracks=["rl"])

    assert part("rl-3").began.count == 2
    assert row(shared.key, "4").claimed == row(shared.key, "rl-3").claimed == 4
    # One who chose it, and one who chose none: all but optional ones count then.
    assert part("4").began.count == 2


def test_what_left_the_roadmap_is_told_while_somebody_has_it(people: People, tick: Tick) -> None:
    (user,) = people(1)
    tick(user, "p0-0")
    milestone = Milestone.objects.get(key="p0-0")
    milestone.placements.all().delete()
    milestone.state = State.RETIRED
    milestone.save()
    assert [row.milestone.key for row in numbers().off] == ["p0-0"]


def test_an_empty_roadmap_and_an_empty_phase_have_numbers_too(editor: Client) -> None:
    Phase.objects.exclude(slug="0").update(state=State.DRAFT)
    Milestone.objects.update(state=State.DRAFT)
    assert "It holds no milestone." in editor.get(PAGE).content.decode()
    Phase.objects.update(state=State.DRAFT)
    assert "No phase is live yet." in editor.get(PAGE).content.decode()


# The page


@time_machine.travel(dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC), tick=False)
def test_the_page_names_numbers_and_nobody(editor: Client, people: People, tick: Tick) -> None:
    users = people(6)
    for user in users:
        tick(user, "p1-0")
    for user in users[:4]:
        tick(user, "p1-1")
        again(user, "p1-0", "held", 20)
    again(users[4], "p1-0", "lost", 20)
    body = editor.get(PAGE).content.decode()
    assert "6 people have ticked something" in text_of(body)
    assert cells(body, "p1-0") == ["6", "0", "4", "0", "under 3", "0", "0", "0", "0", "0"]
    assert cells(body, "p1-1") == ["4", "0", "0", "0", "0", "0", "0", "under 3", "0", "under 3"]
    assert cells(body, "p1-2")[-3:] == ["4 (80 %)", "0", "4"]
    for user in users:
        assert user.handle not in body
        assert "secret.test" not in body
        assert f"/user/{user.pk}/" not in body


def test_one_or_two_people_are_never_told_apart(editor: Client, people: People, tick: Tick) -> None:
    (user,) = people(1)
    tick(user, "p1-0")
    again(user, "p1-0", "lost", 20)
    body = editor.get(PAGE).content.decode()
    told = "Began it: under 3. Finished it as it stands: 0. Have something open in it: under 3."
    assert told in text_of(body)
    assert cells(body, "p1-0")[4] == "under 3"
    assert 'width="100%"' in body  # of what is claimed
    assert "(100 %)" not in body


def test_no_sum_gives_away_what_a_small_group_is(
    editor: Client, people: People, tick: Tick, roadmap: Manual
) -> None:
    keys = [one.key for one in roadmap.phases["1"].milestones]
    deliverable = roadmap.phases["1"].deliverables[0].key
    users = people(9)
    for user in users[:4]:
        tick(user, keys[0])
    for user in users[4:8]:
        tick(user, keys[0], keys[1])

    def told(finished: list[User]) -> list[str]:
        Completion.objects.exclude(user__in=users[:8]).delete()
        for user in finished:
            tick(user, *keys, deliverable)
        body = editor.get(PAGE).content.decode()
        sentence = next(line for line in body.splitlines() if "Began it: " in line and "8" in line)
        rows = csv.DictReader(io.StringIO(editor.get(PAGE, {"format": "csv"}).content.decode()))
        began = {row["began"] for row in rows if row["phase"] == "Phase 1"}
        return [text_of(sentence), *began, *cells(body, keys[1])[-3:][:1]]

    exact = "Began it: 8. Finished it as it stands: 0. Have something open in it: 8."
    assert told([]) == [exact, "8", "4 (50 %)"]
    about = "Began it: at least 9. Finished it as it stands: under 3. Have something open in it: 8."
    assert told(users[8:]) == [about, "at least 9", "4 (44 %)"]
    # Of two it says what it says of one.
    assert told([users[8], *people(1)]) == [about, "at least 9", "4 (44 %)"]
    assert part("1").began.count == 10


@pytest.mark.parametrize("asked", [{}, {"format": "csv"}])
def test_whoever_may_not_see_milestones_sees_no_numbers(
    user: User, learner: Client, asked: dict[str, str]
) -> None:
    assert learner.get(PAGE, asked).status_code in {302, 403}
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert learner.get(PAGE, asked).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_milestone"))
    assert learner.get(PAGE, asked).status_code == 200
    assert learner.post(PAGE, asked).status_code == 405
    assert "login" in Client().get(PAGE, asked)["Location"]


def test_the_csv_holds_the_same_numbers_and_no_formula(
    editor: Client, people: People, tick: Tick
) -> None:
    for user in people(3):
        tick(user, "p1-0")
    Milestone.objects.get(key="p1-0").reword('=HYPERLINK("http://a.test")', "cosmetic")
    response = editor.get(PAGE, {"format": "csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    (found,) = [row for row in rows if row["milestone"] == "p1-0"]
    assert found["wording"] == '\'=HYPERLINK("http://a.test")'
    assert (found["phase"], found["began"], found["claimed"]) == ("Phase 1", "3", "3")
    assert len(rows) == sum(len(part.rows) for part in numbers().phases)
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row.values() if cell)


def test_the_page_costs_the_same_for_more_people_and_milestones(
    editor: Client, people: People, tick: Tick
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(PAGE).status_code == 200
        return len(queries)

    def some(count: int) -> None:
        for user in people(count):
            tick(user, "p1-0", "p1-1", "p2-0")
            again(user, "p1-0", "held", 20)

    some(2)
    editor.get(PAGE)
    few = cost()
    some(18)
    assert cost() == few


def text_of(html: str) -> str:
    return " ".join("".join(html5lib.parse(html).itertext()).split())


def cells(html: str, key: str) -> list[str]:
    """Give what stands in the row of a milestone, beside its wording."""
    page: Any = html5lib.parse(html, namespaceHTMLElements=False)
    for row in page.iter("tr"):
        heading = row.find("th/a")
        if heading is not None and heading.text == key:
            return [" ".join("".join(cell.itertext()).split()) for cell in row.iter("td")]
    raise AssertionError(key)
