"""What may happen to a completion: each change one statement, with its event."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from mastery.models import User
from roadmap.queries import Manual, manual
from tracker.awards import settle
from tracker.evidence import Evidence, Link
from tracker.models import Award, Completion, CompletionEvent
from tracker.models.completions import Tick

MARCH, APRIL, MAY = (dt.date(2026, month, 14) for month in (3, 4, 5))
REPOSITORY = Link("repository", "https://example.org/ada/net")
WRITE_UP = Link("write-up", "https://example.org/ada/net.html")


@pytest.fixture
def show(roadmap: Manual) -> Callable[..., bool]:
    def show(user: User, key: str, *links: Link, text: str = "", on: dt.date = APRIL) -> bool:
        milestone = roadmap.milestones[key]
        changed = Completion.objects.of(user).show(
            user,
            milestone=milestone.pk,
            revision=milestone.revision_pk,
            evidence=Evidence(links, text),
            kind=milestone.kind,
            on=on,
            now=timezone.now(),
        )
        settle(user, roadmap, today=on)
        return changed

    return show


def row(user: User, key: str) -> Completion:
    return Completion.objects.of(user).get(milestone__key=key)


def untick(user: User, key: str) -> None:
    Completion.objects.of(user).untick(
        user, milestone=row(user, key).milestone_id, now=timezone.now()
    )


def kinds(user: User) -> list[str]:
    events = CompletionEvent.objects.filter(completion__user=user)
    return list(events.values_list("kind", flat=True))


def test_evidence_that_shows_it_is_dated(
    user: User, tick: Callable[..., None], show: Callable[..., bool]
) -> None:
    tick(user, "p1-0", on=MARCH)
    assert not row(user, "p1-0").shown
    assert show(user, "p1-0", REPOSITORY)
    assert (row(user, "p1-0").shown_on, row(user, "p1-0").completed_on) == (APRIL, MARCH)


def test_evidence_ticks_what_has_no_tick(user: User, show: Callable[..., bool]) -> None:
    assert show(user, "p1-0", REPOSITORY)
    assert row(user, "p1-0").done
    assert row(user, "p1-0").completed_on == APRIL


def test_evidence_that_is_not_what_was_asked_is_kept_and_shows_nothing(
    user: User, show: Callable[..., bool]
) -> None:
    show(user, "p1-0", WRITE_UP)
    assert row(user, "p1-0").shown_on is None
    assert Evidence.of(row(user, "p1-0").evidence).links == (WRITE_UP,)


def test_the_old_evidence_is_in_the_events(user: User, show: Callable[..., bool]) -> None:
    show(user, "p1-0", REPOSITORY, text="first")
    show(user, "p1-0", REPOSITORY, text="second", on=MAY)
    last = CompletionEvent.objects.filter(kind="evidence").last()
    assert last
    assert last.was["text"] == "first"
    assert row(user, "p1-0").shown_on == APRIL


def test_the_same_evidence_again_changes_nothing(user: User, show: Callable[..., bool]) -> None:
    show(user, "p1-0", REPOSITORY)
    before = kinds(user)
    assert not show(user, "p1-0", REPOSITORY, on=MAY)
    assert kinds(user) == before


def test_evidence_comes_back_with_the_tick(
    user: User, tick: Callable[..., None], show: Callable[..., bool]
) -> None:
    show(user, "p1-0", REPOSITORY)
    untick(user, "p1-0")
    assert not row(user, "p1-0").shown
    tick(user, "p1-0", on=MAY)
    assert row(user, "p1-0").shown
    assert row(user, "p1-0").shown_on == row(user, "p1-0").completed_on == MAY
    assert Evidence.of(row(user, "p1-0").evidence).links == (REPOSITORY,)


def taken(roadmap: Manual, *keys: str, on: dt.date) -> list[Tick]:
    return [
        Tick(one.pk, one.revision_pk, on, shown=one.kind == "join")
        for one in map(roadmap.milestones.__getitem__, keys)
    ]


def test_taking_over_is_the_union_with_the_earlier_date(
    user: User, roadmap: Manual, tick: Callable[..., None], show: Callable[..., bool]
) -> None:
    tick(user, "p0-0", on=APRIL)
    tick(user, "p0-1", on=MARCH)
    show(user, "p1-0", REPOSITORY, on=MAY)
    ticks = taken(roadmap, "p0-0", on=MARCH) + taken(roadmap, "p0-1", "p0-2", "p1-0", on=APRIL)
    changed = Completion.objects.of(user).take_over(user, ticks, now=timezone.now())
    dates = dict(Completion.objects.of(user).values_list("milestone__key", "completed_on"))
    assert dates == {"p0-0": MARCH, "p0-1": MARCH, "p0-2": APRIL, "p1-0": APRIL}
    assert len(changed) == 3
    assert row(user, "p1-0").shown_on == MAY
    assert Evidence.of(row(user, "p1-0").evidence).links == (REPOSITORY,)
    assert Completion.objects.of(user).take_over(user, ticks, now=timezone.now()) == []


def test_taking_over_nothing_is_nothing(user: User) -> None:
    assert Completion.objects.of(user).take_over(user, [], now=timezone.now()) == []


def test_a_reset_is_taken_back_but_for_what_was_ticked_since(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "p0-0", "p0-1", on=MARCH)
    keys = ["p0-0", "p0-1", "p0-2"]
    gone = Completion.objects.of(user).reset(
        user, milestones=[roadmap.milestones[key].pk for key in keys], now=timezone.now()
    )
    assert len(gone) == 2
    assert not Completion.objects.of(user).filter(done=True).exists()
    tick(user, "p0-0", on=MAY)
    Completion.objects.of(user).undo_reset(user, completions=gone, now=timezone.now())
    dates = dict(Completion.objects.of(user).values_list("milestone__key", "completed_on"))
    assert dates == {"p0-0": MAY, "p0-1": MARCH}


def test_one_persons_changes_touch_nobody_elses(
    user: User, make_user: Callable[..., User], roadmap: Manual, tick: Callable[..., None]
) -> None:
    other = make_user("grace")
    tick(other, "p0-0", on=APRIL)
    Completion.objects.of(user).take_over(
        user, taken(roadmap, "p0-0", on=MARCH), now=timezone.now()
    )
    gone = Completion.objects.of(user).reset(
        user, milestones=[roadmap.milestones["p0-0"].pk], now=timezone.now()
    )
    assert row(other, "p0-0").done
    untick(other, "p0-0")
    pks = [row(other, "p0-0").pk, *gone]
    Completion.objects.of(user).undo_reset(user, completions=pks, now=timezone.now())
    assert row(user, "p0-0").done
    assert not row(other, "p0-0").done


def test_a_level_is_awarded_with_the_date_of_its_last_part(
    user: User, show: Callable[..., bool]
) -> None:
    show(user, "d1", REPOSITORY, WRITE_UP, on=MAY)
    assert not Award.objects.exists()
    show(user, "d2", REPOSITORY, WRITE_UP, on=APRIL)
    award = Award.objects.of(user).get()
    assert (award.level.slug, award.granted_on, award.supported) == ("l1", MAY, True)
    assert [one["key"] for one in award.because] == ["d1", "d2"]


def test_what_is_claimed_reaches_no_level(user: User, tick: Callable[..., None]) -> None:
    tick(user, "d1", "d2")
    assert not Award.objects.exists()


def test_an_award_that_loses_support_is_marked_and_keeps_its_date(
    user: User, roadmap: Manual, tick: Callable[..., None], show: Callable[..., bool]
) -> None:
    show(user, "drl-2", REPOSITORY, WRITE_UP, on=MARCH)
    show(user, "d4", REPOSITORY, WRITE_UP, on=APRIL)
    untick(user, "d4")
    settle(user, roadmap, today=MAY)
    award = Award.objects.of(user).get()
    assert (award.level.slug, award.granted_on, award.unsupported_since) == ("l2", APRIL, MAY)
    tick(user, "d4", on=MAY)
    settle(user, roadmap, today=MAY)
    assert Award.objects.of(user).get().supported
    assert Award.objects.of(user).get().granted_on == APRIL


def test_an_award_is_held_up_by_the_rule_that_granted_it(
    user: User, show: Callable[..., bool]
) -> None:
    show(user, "d1", REPOSITORY, WRITE_UP)
    show(user, "d2", REPOSITORY, WRITE_UP)
    level = Award.objects.of(user).get().level
    level.requirements.get(slug="phase-2-deliverable").delete()
    level.requirements.create(slug="more", position=9)
    settle(user, manual(), today=MAY)
    assert Award.objects.of(user).get().supported
