"""The levels explained: what each rests on, its award, and what it lacks."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser

from mastery.models import User
from roadmap.models import Level, Milestone, Requirement
from roadmap.queries import Manual, manual
from tests.tracker.showing import hide, show, tick_again, untick
from tracker.ladder import Groups, Ladder, Named, Rung, ladder_of
from tracker.models import Award
from tracker.queries import completions_of
from tracker.templatetags.ladder import groups, names, standing

APRIL, MAY, JUNE, JULY = (dt.date(2026, month, 3) for month in (4, 5, 6, 7))


def ladder(user: User) -> Ladder:
    return ladder_of(user, manual(), completions_of(user))


def rung(user: User, slug: str) -> Rung:
    found = ladder(user).rung(slug)
    assert found
    return found


def keys(milestones: list[Named]) -> list[str]:
    return [one.key for one in milestones]


def groups_of(asked: Groups) -> list[list[str]]:
    return [keys(group) for group in asked]


def held(user: User) -> list[str]:
    return [one.level.slug for one in ladder(user).rungs if one.held]


def asks(level: str, requirement: str, *milestones: str) -> None:
    """Have an editor change what a level asks for."""
    row = Requirement.objects.get(level__slug=level, slug=requirement)
    row.any_of.set(Milestone.objects.filter(key__in=milestones))


# An empty account


def test_an_empty_account_has_the_level_that_asks_nothing(user: User, roadmap: Manual) -> None:
    own = ladder(user)
    assert held(user) == ["l0"]
    assert own.highest
    assert own.highest.start
    assert own.next
    assert own.next.level.slug == "l1"
    assert own.lost == []


@pytest.mark.parametrize(
    ("level", "lacks"),
    [
        ("l0", []),
        ("l1", [["d1"], ["d2"]]),
        ("l2", [["d3", "drl-2"], ["d4", "drl-3"]]),
        ("l3", [["d5", "drl-4"]]),
        ("l4", []),
    ],
)
def test_an_empty_account_lacks_all_that_is_asked(
    user: User, roadmap: Manual, level: str, lacks: list[list[str]]
) -> None:
    one = rung(user, level)
    assert groups_of(one.lacks) == lacks
    assert (one.because, one.since, one.award) == ([], None, None)


def test_a_visitor_has_no_levels_and_reads_what_each_asks(roadmap: Manual) -> None:
    own = ladder_of(AnonymousUser(), roadmap, {})
    assert not own.own
    assert [len(one.asks) for one in own.rungs] == [0, 2, 2, 1, 0]


def test_beyond_the_map_nothing_is_held_or_lacking_or_next(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", "d3", "d4", "d5", on=MAY)
    assert held(user) == ["l0", "l1", "l2", "l3"]
    assert ladder(user).next is None
    assert rung(user, "l4").lacks == []


# Claims


def test_a_claim_reaches_nothing_and_says_what_it_lacks(
    user: User, roadmap: Manual, tick: Callable[..., None]
) -> None:
    tick(user, "d1")
    ((d1,), (d2,)) = rung(user, "l1").lacks
    assert (d1.claimed, d2.claimed) == (True, False)
    assert standing(d1) == 'claimed: <a href="/progress/d1/evidence/">add evidence</a>'
    assert standing(d2) == "not ticked"


# L1 by both deliverables


def test_l1_by_both_deliverables(user: User, roadmap: Manual) -> None:
    show(user, "d1", on=APRIL)
    assert groups_of(rung(user, "l1").lacks) == [["d2"]]
    show(user, "d2", on=MAY)
    one = rung(user, "l1")
    assert (one.held, one.since, one.lacks) == (True, MAY, [])
    assert [(named.key, named.on) for named in one.because] == [("d1", APRIL), ("d2", MAY)]
    assert (one.rests_on, one.fallen, one.granted_by) == ([], [], [])
    own = ladder(user)
    assert own.highest
    assert own.highest.level.slug == "l1"
    assert own.next
    assert own.next.level.slug == "l2"


# L2 through RL-2


def test_l2_through_rl_2(user: User, roadmap: Manual) -> None:
    show(user, "drl-2", on=APRIL)
    show(user, "d4", on=MAY)
    one = rung(user, "l2")
    assert (one.held, one.since) == (True, MAY)
    assert keys(one.because) == ["drl-2", "d4"]
    assert held(user) == ["l0", "l2"]
    assert groups_of(rung(user, "l1").lacks) == [["d1"], ["d2"]]


def test_what_takes_over_is_told_beside_what_reached_it(user: User, roadmap: Manual) -> None:
    show(user, "drl-2", on=APRIL)
    show(user, "d4", on=MAY)
    show(user, "d3", on=JUNE)
    untick(user, "drl-2", on=JULY)
    one = rung(user, "l2")
    assert (one.held, one.since) == (True, MAY)
    assert keys(one.because) == ["drl-2", "d4"]
    assert keys(one.rests_on) == ["d3", "d4"]
    assert one.fallen == []


# Support lost


@pytest.mark.parametrize("how", [untick, hide])
def test_support_that_is_lost_is_told_with_its_day_and_the_date_stays(
    user: User, roadmap: Manual, how: Callable[..., object]
) -> None:
    show(user, "d1", on=APRIL)
    show(user, "d2", on=MAY)
    how(user, "d1", on=JUNE)
    one = rung(user, "l1")
    assert (one.held, one.lost, one.state, one.since) == (False, True, "lost", MAY)
    assert one.award
    assert one.award.unsupported_since == JUNE
    assert keys(one.because) == ["d1", "d2"]
    assert keys(one.fallen) == ["d1"]
    assert groups_of(one.lacks) == [["d1"]]
    assert ladder(user).lost == [one]


def test_support_that_comes_back_brings_the_level_with_its_first_date(
    user: User, roadmap: Manual
) -> None:
    show(user, "d1", on=APRIL)
    show(user, "d2", on=MAY)
    untick(user, "d1", on=JUNE)
    tick_again(user, "d1", on=JULY)
    one = rung(user, "l1")
    assert (one.held, one.since) == (True, MAY)
    assert one.award
    assert one.award.supported
    assert [named.on for named in one.because] == [APRIL, MAY]


def test_losing_one_level_leaves_the_other(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", "d3", "d4", on=MAY)
    untick(user, "d1", on=JUNE)
    assert held(user) == ["l0", "l2"]


# Rules that an editor changes


def test_an_award_keeps_the_rule_that_granted_it(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", on=MAY)
    before = Award.objects.values("granted_on", "rule", "because").get()
    asks("l1", "phase-2-deliverable", "d3")
    assert untick(user, "d0", on=JUNE).marked == 0
    assert Award.objects.values("granted_on", "rule", "because").get() == before
    one = rung(user, "l1")
    assert (one.held, one.since) == (True, MAY)
    assert groups_of(one.granted_by) == [["d1"], ["d2"]]
    assert groups_of(one.lacks) == [["d3"]]


def test_a_rule_that_asks_less_is_met_without_the_award_for_it(user: User, roadmap: Manual) -> None:
    show(user, "d1", on=APRIL)
    asks("l1", "phase-2-deliverable", "d1", "d2")
    one = rung(user, "l1")
    assert (one.held, one.award, one.since) == (True, None, APRIL)


def test_what_met_two_groups_is_named_once(user: User, roadmap: Manual) -> None:
    asks("l1", "phase-2-deliverable", "d1", "d2")
    show(user, "d1", on=MAY)
    assert keys(rung(user, "l1").because) == ["d1"]
    Award.objects.all().delete()
    assert keys(rung(user, "l1").because) == ["d1"]


def test_the_order_of_a_rule_is_no_change_of_it(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", on=MAY)
    Requirement.objects.filter(level__slug="l1", slug="phase-1-deliverable").update(position=9)
    assert rung(user, "l1").granted_by == []


def test_an_old_rule_loses_its_support_with_the_milestone_it_asked_for(
    user: User, roadmap: Manual
) -> None:
    show(user, "d1", "d2", on=MAY)
    asks("l1", "phase-2-deliverable", "d3")
    untick(user, "d2", on=JUNE)
    one = rung(user, "l1")
    assert one.lost
    assert keys(one.fallen) == ["d2"]


def test_a_new_wording_leaves_the_award_its_own(user: User, roadmap: Manual) -> None:
    show(user, "d1", "d2", on=MAY)
    old = roadmap.milestones["d1"].wording
    Milestone.objects.get(key="d1").reword("Something else", "material")
    one = rung(user, "l1")
    assert one.because[0].wording == old
    assert one.asks[0][0].wording == "Something else"


def test_a_retired_milestone_counts_for_whoever_showed_it_and_is_asked_of_nobody_else(
    user: User, make_user: Callable[..., User], roadmap: Manual
) -> None:
    show(user, "drl-2", "d4", on=MAY)
    Milestone.objects.filter(key="drl-2").update(state="retired")
    assert groups_of(rung(user, "l2").asks) == [["d3", "drl-2"], ["d4", "drl-3"]]
    assert rung(user, "l2").held
    assert groups_of(rung(make_user("emmy"), "l2").lacks) == [["d3"], ["d4", "drl-3"]]


def test_a_requirement_of_drafts_alone_cannot_be_met_and_says_so(
    user: User, roadmap: Manual
) -> None:
    Milestone.objects.filter(key="d2").update(state="draft")
    assert groups(rung(user, "l1").lacks).endswith(
        "</a> and something that is not on the roadmap at present"
    )


def test_a_level_above_all_others_may_be_missing(user: User, roadmap: Manual) -> None:
    Level.objects.all().delete()
    assert (ladder(user).highest, ladder(user).next, ladder(user).rungs) == (None, None, [])


# Names and sentences


def test_a_deliverable_is_named_by_its_phase_and_leads_to_it(user: User, roadmap: Manual) -> None:
    ((d3, drl2), _) = rung(user, "l2").lacks
    assert (d3.name, d3.url) == ("phase 3’s deliverable", "/roadmap/3/#milestone-d3")
    assert drl2.name == "RL-2’s deliverable"


def test_any_other_milestone_is_named_by_its_wording(user: User, roadmap: Manual) -> None:
    asks("l1", "phase-2-deliverable", "p2-0")
    assert rung(user, "l1").lacks[1][0].name == f"“{roadmap.milestones['p2-0'].wording}”"


def test_what_no_page_shows_any_more_is_named_without_a_link(user: User, roadmap: Manual) -> None:
    Milestone.objects.get(key="d1").placements.all().delete()
    (d1,) = rung(user, "l1").lacks[0]
    assert d1.url == ""
    assert names([d1]) == (f'<span class="named">“{roadmap.milestones["d1"].wording}”</span>')


@pytest.mark.parametrize(("count", "said"), [(0, ""), (1, "a"), (2, "a and b"), (3, "a, b and c")])
def test_names_are_joined_as_people_say_them(count: int, said: str) -> None:
    named = [Named(letter, letter, letter) for letter in "abc"[:count]]
    assert (
        names(named).replace('<span class="named named--short">', "").replace("</span>", "") == said
    )


def test_a_rule_is_said_with_or_within_and_and_between(user: User, roadmap: Manual) -> None:
    said = groups(rung(user, "l2").lacks)
    assert ">phase 3’s deliverable</a> or <" in said
    assert ">RL-2’s deliverable</a>, and <" in said
    assert ">phase 1’s deliverable</a> and <" in groups(rung(user, "l1").lacks)


def test_a_wording_in_a_sentence_is_escaped() -> None:
    assert "<script>" not in names([Named("x", "“<script>”", "<script>")])
