import datetime as dt

import pytest

from tracker.levels import Rule, derive, holds

JAN, FEB, MAR, APR = (dt.date(2026, month, 3) for month in range(1, 5))
L0 = Rule("l0", ())
L1 = Rule("l1", (("d1",), ("d2",)))
L2 = Rule("l2", (("d3", "drl-2"), ("d4", "drl-3")))
L4 = Rule("l4", (), beyond=True)


@pytest.mark.parametrize(
    ("rule", "shown", "since", "because", "lacking"),
    [
        pytest.param(L0, {}, None, (), (), id="what asks nothing is never reached"),
        pytest.param(L4, {"d1": JAN}, None, (), (), id="beyond the map nothing is reached"),
        pytest.param(
            Rule("l4", (("d1",),), beyond=True), {"d1": JAN}, None, (("d1", JAN),), (),
            id="beyond the map, whatever it asks",
        ),
        pytest.param(L1, {}, None, (), (("d1",), ("d2",)), id="nothing shown"),
        pytest.param(L1, {"d2": FEB}, None, (("d2", FEB),), (("d1",),), id="one of two"),
        pytest.param(
            L1, {"d1": MAR, "d2": FEB}, MAR, (("d1", MAR), ("d2", FEB)), (), id="both, by the later"
        ),
        pytest.param(
            L2, {"drl-2": JAN, "d4": FEB}, FEB, (("drl-2", JAN), ("d4", FEB)), (), id="by rl-2"
        ),
        pytest.param(
            L2,
            {"d3": APR, "drl-2": JAN, "d4": FEB, "drl-3": FEB},
            FEB,
            (("drl-2", JAN), ("d4", FEB)),
            (),
            id="of two that met a group the first, of one day the one named first",
        ),
        pytest.param(
            Rule("l3", ((),)), {"d1": JAN}, None, (), ((),), id="a group without milestones is open"
        ),
    ],
)  # fmt: skip
def test_a_level_is_derived_with_its_reasons(
    rule: Rule,
    shown: dict[str, dt.date],
    since: dt.date | None,
    because: tuple[tuple[str, dt.date], ...],
    lacking: tuple[tuple[str, ...], ...],
) -> None:
    (derivation,) = derive([rule], shown)
    assert derivation.since == since
    assert derivation.reached == (since is not None)
    assert derivation.because == because
    assert derivation.lacking == lacking


def test_levels_are_derived_each_for_itself_and_in_their_order() -> None:
    reached = [one.reached for one in derive([L0, L1, L2, L4], {"drl-2": JAN, "drl-3": JAN})]
    assert reached == [False, False, True, False]


@pytest.mark.parametrize(
    ("groups", "shown", "held"),
    [
        ([], {"d1": JAN}, False),
        ([["d1"]], {}, False),
        ([["d1", "d2"]], {"d2": JAN}, True),
        ([["d1"], ["d2"]], {"d2": JAN}, False),
        ([[]], {"d2": JAN}, False),
    ],
)
def test_an_old_rule_holds_while_its_groups_are_met(
    groups: list[list[str]], shown: dict[str, dt.date], held: bool
) -> None:
    assert holds(groups, shown) is held
