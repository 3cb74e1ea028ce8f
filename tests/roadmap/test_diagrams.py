from dataclasses import replace
from itertools import combinations

import pytest

from roadmap.diagrams import Drawing, Line, Node, Rung, Stop, draw
from roadmap.diagrams.places import twins
from roadmap.diagrams.text import shorten, text_width, wrap


def stop(slug: str, title: str = "Foundations", weeks: float | None = 6, **more: object) -> Stop:
    values = {"length": "4–8 weeks", "total": 5, "shipped": False} | more
    return Stop(slug, f"Phase {slug}", slug, title, url=f"/roadmap/{slug}/", weeks=weeks, **values)  # type: ignore[arg-type]


TRUNK = Line("trunk", "Trunk", False, (stop("0", "Orientation", 1), stop("1")))
LLM = Line(
    "llm",
    "Language models",
    False,
    (
        stop("2", "Transformers & LLMs from scratch"),
        stop("3", "Training & systems", 10),
        stop("4", "Post-training & evaluation"),
        stop("5", "Specialisation & doing research", None),
    ),
)
RL = Line(
    "rl",
    "Reinforcement learning",
    True,
    (
        stop("rl-0", "RL orientation", 1),
        stop("rl-1", 'RL foundations, the "micrograd of RL"', 5),
        stop("rl-2", "Deep RL", 10),
        stop("rl-3", "The LLM intersection: RLHF / GRPO / RLVR", 6, twin="4"),
        stop("rl-4", "RL specialisation & research", None),
    ),
)
ROADMAP = (TRUNK, LLM, RL)
RUNGS = (
    Rung("L0", "Tourist"),
    Rung("L1", "Reproducer", (("1",), ("2",))),
    Rung("L2", "Extender", (("3", "rl-2"), ("4", "rl-3"))),
    Rung("L4", "Independent", beyond=True),
)
LONG = "An extraordinarily long title about Donaudampfschifffahrtsgesellschaftskapitänsmützen " * 2


def with_title(line: Line, title: str) -> Line:
    return replace(line, stops=tuple(replace(one, title=title) for one in line.stops))


def more_of(line: Line, count: int) -> Line:
    return replace(line, stops=tuple(stop(f"{line.slug}-{n}") for n in range(count)))


MAPS = {
    "the roadmap": ROADMAP,
    "trunk alone": (TRUNK,),
    "no trunk": (replace(TRUNK, stops=()), LLM, RL),
    "an empty branch": (TRUNK, LLM, replace(RL, stops=())),
    "one phase": (replace(TRUNK, stops=TRUNK.stops[:1]),),
    "long titles": tuple(with_title(line, LONG) for line in ROADMAP),
    "twelve phases more": (TRUNK, more_of(LLM, 12), RL),
    "a third branch": (
        *ROADMAP,
        replace(more_of(RL, 3), slug="vision", stops=(stop("v-0"), stop("v-1"))),
    ),
    "a year long": (TRUNK, replace(LLM, stops=(stop("2", weeks=52), *LLM.stops[1:])), RL),
    "everything open-ended": tuple(
        replace(line, stops=tuple(replace(one, weeks=None) for one in line.stops))
        for line in ROADMAP
    ),
    "a twin at the start": (
        TRUNK,
        LLM,
        replace(RL, stops=(replace(RL.stops[3], slug="rl-9", twin="4"), *RL.stops[4:])),
    ),
}


def drawings(lines: tuple[Line, ...]) -> list[Drawing]:
    made = [draw(lines, RUNGS, upright=upright) for upright in (True, False)]
    return [drawing for drawing in made if drawing]


def node(drawing: Drawing, slug: str) -> Node:
    return next(one for one in drawing.nodes if one.stop.slug == slug)


def extent(one: Node, drawing: Drawing) -> float:
    x0, y0, x1, y1 = one.box
    return y1 - y0 if drawing.upright else x1 - x0


@pytest.mark.parametrize("lines", MAPS.values(), ids=MAPS)
def test_no_two_phases_overlap_and_all_are_inside(lines: tuple[Line, ...]) -> None:
    for drawing in drawings(lines):
        assert len(drawing.nodes) == sum(len(line.stops) for line in lines)
        for one, two in combinations(drawing.nodes, 2):
            ax0, ay0, ax1, ay1 = one.box
            bx0, by0, bx1, by1 = two.box
            # A phase in the middle that is open-ended has no arrow head into the next.
            apart = ax1 <= bx0 + 0.2 or bx1 <= ax0 + 0.2 or ay1 <= by0 + 0.2 or by1 <= ay0 + 0.2
            assert apart, (one.stop.slug, two.stop.slug)
        for one in drawing.nodes:
            x0, y0, x1, y1 = one.box
            assert x0 >= 0
            assert y0 >= 0
            assert x1 <= drawing.width
            assert y1 <= drawing.height


@pytest.mark.parametrize("lines", MAPS.values(), ids=MAPS)
def test_text_stays_in_its_block(lines: tuple[Line, ...]) -> None:
    for drawing in drawings(lines):
        for one in drawing.nodes:
            x0, y0, x1, y1 = one.box
            for text in one.texts:
                assert y0 < text.y <= y1, (one.stop.slug, text)
                if text.kind == "title":
                    assert text.x >= x0
                    assert text.x + text_width(text.text, 14) <= x1, (one.stop.slug, text)


@pytest.mark.parametrize("lines", MAPS.values(), ids=MAPS)
def test_a_thumb_can_hit_every_phase(lines: tuple[Line, ...]) -> None:
    upright = drawings(lines)[0]
    # The page shows at least 280 px of it.
    scale = 280 / upright.width
    for one in upright.nodes:
        x0, y0, x1, y1 = one.box
        assert (y1 - y0) * scale >= 44
        assert (x1 - x0) * scale >= 44


def test_a_longer_phase_is_drawn_longer() -> None:
    for drawing in drawings(ROADMAP):
        sizes = [extent(node(drawing, slug), drawing) for slug in ("0", "1")]
        assert sizes[0] < sizes[1]
        assert extent(node(drawing, "2"), drawing) < extent(node(drawing, "3"), drawing)


def test_twins_stand_side_by_side_and_share_an_edge() -> None:
    upright, lying = drawings(ROADMAP)
    for drawing in (upright, lying):
        assert len(drawing.meetings) == 1
    four, three = node(upright, "4").box, node(upright, "rl-3").box
    assert (four[1], four[3]) == (three[1], three[3])
    assert four[2] == three[0]
    four, three = node(lying, "4").box, node(lying, "rl-3").box
    assert (four[0], four[2]) == (three[0], three[2])
    assert four[3] == three[1]


def test_twins_that_would_cross_are_left_apart() -> None:
    one = Line("a", "A", False, (stop("a0", twin="b1"), stop("a1", twin="b0")))
    two = Line("b", "B", False, (stop("b0"), stop("b1")))
    assert [(a.slug, b.slug) for a, b in twins([one, two])] == [("a0", "b1")]
    assert drawings((TRUNK, one, two))


def test_levels_stand_at_the_end_of_what_they_ask_for() -> None:
    upright = drawings(ROADMAP)[0]
    assert [mark.texts[0].text for mark in upright.marks] == ["L1", "L2"]
    assert [mark.y1 for mark in upright.marks] == [
        node(upright, "2").box[3],
        node(upright, "4").box[3],
    ]
    assert "L2 is reached at the end of Phase 4." in upright.description


def test_progress_is_filled_in_and_said() -> None:
    stops = (
        stop("0", done=5, shown=5, shipped=True, shipped_shown=True, own=True),
        stop("1", done=2, own=True, here=True),
        stop("2", total=0, shipped=None, own=True),
    )
    for drawing in drawings((replace(TRUNK, stops=stops),)):
        whole, part, empty = drawing.nodes
        assert whole.open_cells == ""
        assert whole.done_cells.count("M") == 5
        assert part.done_cells.count("M") == 2
        assert part.open_cells.count("M") == 3
        assert part.filled
        assert part.plate
        assert (empty.done_cells, empty.open_cells, empty.filled, empty.flag) == ("", "", "", "")
        assert whole.label == (
            "Phase 0, Foundations, 4–8 weeks, 5 of 5 done, 5 shown, deliverable shipped, shown"
        )
        assert part.label == "Phase 1, Foundations, 4–8 weeks, 2 of 5 done, 0 shown, go on here"
        assert empty.label == "Phase 2, Foundations, 4–8 weeks"


def test_what_is_claimed_is_drawn_by_half_and_said() -> None:
    shown = stop("0", done=3, shown=3, shipped=True, shipped_shown=True, own=True)
    claimed = replace(shown, shown=1, shipped_shown=False)
    for one, other in zip(
        drawings((replace(TRUNK, stops=(shown,)),)),
        drawings((replace(TRUNK, stops=(claimed,)),)),
        strict=True,
    ):
        (whole,), (half,) = one.nodes, other.nodes
        assert half.done_cells.count("M") == whole.done_cells.count("M") == 3
        assert half.done_cells != whole.done_cells
        assert half.done_cells.split("M")[1] == whole.done_cells.split("M")[1]
        assert (whole.flag_core, bool(half.flag_core)) == ("", True)
        assert "3 of 5 done, 1 shown, deliverable shipped, claimed" in half.label


def test_a_visitor_hears_how_many_milestones_there_are() -> None:
    (one, *_rest) = drawings(ROADMAP)[0].nodes
    assert one.label == "Phase 0, Orientation, 4–8 weeks, 5 milestones"


def test_without_phases_there_is_nothing_to_draw() -> None:
    assert drawings((replace(TRUNK, stops=()),)) == []
    assert drawings(()) == []


def test_a_map_too_long_to_lie_is_drawn_upright_alone() -> None:
    assert [drawing.upright for drawing in drawings((TRUNK, more_of(LLM, 30), RL))] == [True]


def test_ids_of_ribbons_are_unique() -> None:
    for drawing in drawings(ROADMAP):
        keys = [ribbon.key for ribbon in drawing.ribbons]
        assert len(keys) == len(set(keys)) == 6


def test_wrapping_breaks_at_words_and_ends_in_an_ellipsis() -> None:
    assert wrap("Deep RL", 200, 14, 3) == ["Deep RL"]
    short = wrap("one two three four", 40, 14, 2)
    assert len(short) == 2
    assert short[1].endswith("…")
    assert wrap("", 100, 14, 3) == []
    assert shorten("Donaudampfschiff", 60, 14).endswith("…")
    assert all(text_width(line, 14) <= 90 for line in wrap(LONG, 90, 14, 4))
