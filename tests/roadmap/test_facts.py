"""What the roadmap must hold, whoever words it: its names, numbers, links and keys."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from roadmap.content import read_folder
from roadmap.content_kinds import Row, RowId
from roadmap.management.commands.load_roadmap import CONTENT

# Phase: track, length in words, weeks, level in words, milestones, deliverable.
PHASES: dict[str, tuple[str, str, tuple[int, int] | None, str, list[str], str]] = {
    "0": ("trunk", "About 1 week", (1, 1), "", ["p0-0", "p0-1", "p0-2", "p0-3", "p0-4"], "d0"),
    "1": (
        "trunk",
        "4–8 weeks",
        (4, 8),
        "L1 begins",
        ["p1-0", "p1-1", "p1-2", "p1-3", "p1-4"],
        "d1",
    ),
    "2": (
        "llm",
        "4–8 weeks",
        (4, 8),
        "L1 reached",
        ["p2-0", "p2-1", "p2-2", "p2-3", "p2-4", "p2-5"],
        "d2",
    ),
    "3": (
        "llm",
        "8–12 weeks",
        (8, 12),
        "L2 begins",
        ["p3-0", "p3-1", "p3-2", "p3-3", "p3-4", "p3-5"],
        "d3",
    ),
    "4": (
        "llm",
        "4–8 weeks",
        (4, 8),
        "L2 reached",
        ["p4-0", "p4-1", "p4-2", "p4-3", "p4-4"],
        "d4",
    ),
    "5": (
        "llm",
        "Ongoing",
        None,
        "L3",
        ["p5-0", "p5-1", "p5-2", "p5-3", "p5-4", "p5-5", "p5-6", "p5-7"],
        "d5",
    ),
    "rl-0": ("rl", "Days", (1, 1), "", ["rl-0"], "drl-0"),
    "rl-1": ("rl", "4–6 weeks", (4, 6), "", ["rl-1", "rl-2"], "drl-1"),
    "rl-2": ("rl", "8–12 weeks", (8, 12), "L2 credential", ["rl-3", "rl-4"], "drl-2"),
    "rl-3": ("rl", "4–8 weeks", (4, 8), "L2 reached", ["rl-5"], "drl-3"),
    "rl-4": ("rl", "Ongoing", None, "L3", ["rl-6"], "drl-4"),
}
SHARED = ["p4-0", "p4-1", "p4-4"]  # phase 4 and RL-3 are one destination

# What each phase says somewhere on its page, in small letters.
SAYS = {
    "0": """pytorch, consumer gpu, colab, kaggle, half a day, 1–2 days, an hour, fast.ai, nanogpt,
        tiny-shakespeare, log.md, eleutherai, discord, l2, tinystories, 2305.07759, three sentences,
        rabbit hole, loss curve""",
    "1": """backpropagation, chain rule, reverse-mode, sgd, momentum, adam, learning rate, mlp,
        activation, initialisation, cross-entropy, validation, overfitting, regularisation, bias,
        variance, linear algebra, probability, kl divergence, zero to hero, micrograd, makemore,
        fast.ai, dive into deep learning, mathematics for machine learning, 3blue1brown, bigram,
        readme, explainer""",
    "2": """self-attention, q, k, v, multi-head, causal, residual, layernorm, rmsnorm, bpe, rope,
        permutation-equivariant, perplexity, loss, sft, eval, let's build gpt, nanogpt, raschka,
        nanochat, illustrated transformer, depth, parameters""",
    "3": """chinchilla, 20 tokens, bf16, mfu, flashattention, triton, parallelism, curation,
        filtering, dedup, schedule, warm-up, adamw, muon, gradient accumulation, gptq, awq,
        distillation, pruning, cs336, common crawl, flashattention-2, distributed, modded-nanogpt,
        commit history, 3 seeds, same size, 8×h100, confound, profiler, memory, one gpu""",
    "4": """sft, lora, qlora, rlhf, dpo, grpo, rlvr, critic, reward hacking, contamination, prompt,
        metric, baseline, inference, rlhf book, trl, deepseek-r1, 0.5–1.5b, verifiable, harness""",
    "5": """efficiency, mechanistic interpretability, arena, transformerlens, data curation,
        reasoning, prior art, feasibility, confound, one axis, 3 seeds, baseline, weights, soar,
        eleutherai, iclr blog posts, enlsp, ml reproducibility challenge""",
    "rl-0": """unit 1, gymnasium, stable-baselines3, games, robotics, control, sample, brittle,
        deep rl that matters, rlvr, one gpu, reward curve, sutton""",
    "rl-1": """mdp, return, value function, bellman, dynamic programming, exploration, exploitation,
        q-learning, sarsa, td, sutton, part i, david silver, szepesv, blank file, gridworld,
        frozenlake, taxi, off-policy, on-policy, converge""",
    "rl-2": """function approximation, dqn, reinforce, actor-critic, ppo, sac, ddpg, td3, gae,
        advantage normalisation, spinning up, cleanrl, gymnasium, stable-baselines3, cartpole,
        lunarlander, 3 seeds, wall""",
    "rl-3": """reward model, reward hacking, rlhf, ppo, dpo, grpo, critic, group, rlvr, rlhf book,
        trl, open-reasoner-zero, dapo, deepseek-r1, 0.5–1.5b, verifiable, kl, vllm,
        faster, not smarter""",
    "rl-4": """reasoning, classic deep rl, model-based, offline, exploration, multi-agent,
        orchestration, reproduction, seeds""",
}

# Resource: the phases it belongs to.
RESOURCES = {
    "https://karpathy.ai/zero-to-hero.html": "1 2",
    "https://www.youtube.com/watch?v=aircAruvnKk&list=PLZHQObOWTQDNU6R1_67000Dx_ZCJB-3pi": "1",
    "https://github.com/karpathy/nanoGPT": "0 2",
    "https://github.com/karpathy/nanochat": "2",
    "https://jalammar.github.io/illustrated-transformer/": "2",
    "https://github.com/rasbt/LLMs-from-scratch": "2",
    "https://course.fast.ai": "0 1",
    "https://d2l.ai": "1 2 3",
    "https://cs336.stanford.edu/": "3 4",
    "https://huggingface.co/docs/trl": "4",
    "https://arena.education": "5",
    "https://github.com/TransformerLensOrg/TransformerLens": "5",
    "https://github.com/KellerJordan/modded-nanogpt": "3",
    "https://rlhfbook.com/": "4",
    "https://mml-book.github.io": "1",
    "https://www.deeplearningbook.org": "1 2 3",
    "https://arxiv.org/abs/1706.03762": "2",
    "https://cdn.openai.com/research-covers/language-unsupervised/"
    "language_understanding_paper.pdf": "2",
    "https://arxiv.org/abs/1810.04805": "2",
    "https://arxiv.org/abs/2203.15556": "3",
    "https://arxiv.org/abs/2205.14135": "3",
    "https://arxiv.org/abs/2210.17323": "3",
    "https://arxiv.org/abs/2306.00978": "3",
    "https://arxiv.org/abs/1503.02531": "3",
    "https://arxiv.org/abs/1606.07947": "3",
    "https://arxiv.org/abs/2305.07759": "0 3",
    "https://arxiv.org/abs/2203.02155": "4",
    "https://arxiv.org/abs/2305.18290": "4",
    "https://arxiv.org/abs/2501.12948": "4 rl-3",
    "https://arxiv.org/abs/1709.06560": "rl-0",
    "https://huggingface.co/learn/deep-rl-course/": "rl-0",
    "http://incompleteideas.net/book/the-book-2nd.html": "rl-1",
    "https://davidstarsilver.wordpress.com/teaching/": "rl-1",
    "https://spinningup.openai.com": "rl-2",
    "https://github.com/vwxyzjn/cleanrl": "rl-2",
    "https://gymnasium.farama.org": "rl-0 rl-1 rl-2",
    "https://stable-baselines3.readthedocs.io": "rl-0 rl-1 rl-2",
    "https://rl.paraz.in/#frontier": "rl-3",
}
RESOURCES_WITHOUT_ADDRESS = {
    "ng-specialization": "1",
    "szepesvari": "rl-1",
    "open-reasoner-zero": "rl-3 rl-4",
    "dapo": "rl-3 rl-4",
}
OTHER_LINKS = [
    "https://fadhlirahim.github.io/swe-to-researcher/",
    "https://www.youtube.com/playlist?list=PLoROMvodv4rMqXOcazWaTUHhq-yembLCV",
    "https://github.com/stanford-cs336",
    "https://magazine.sebastianraschka.com/",
    "https://lilianweng.github.io/",
    "https://www.neelnanda.io/",
    "https://www.interconnects.ai",
    "https://hanlab.mit.edu",
    "https://www.eleuther.ai",
    "https://epoch.ai/publications/chinchilla-scaling-a-replication-attempt",
    "https://kellerjordan.github.io/posts/muon/",
    "https://arxiv.org/abs/2503.06639v1",
]

REQUIREMENTS = {
    "l0": [],
    "l1": [{"d1"}, {"d2"}],
    "l2": [{"d3", "drl-2"}, {"d4", "drl-3"}],
    "l3": [{"d5", "drl-4"}],
    "l4": [],
}
LEVELS = {
    "l0": ("Tourist", "—"),
    "l1": ("Reproducer", "3–6 months"),
    "l2": ("Extender", "6–12 months"),
    "l3": ("Contributor", "1–2 years"),
    "l4": ("Independent", "2–4+ years"),
}


@pytest.fixture(scope="module")
def rows() -> dict[RowId, Row]:
    return read_folder(CONTENT)


def of(rows: dict[RowId, Row], kind: str, **wanted: object) -> list[Any]:
    """Give the values of a kind's rows in their order."""
    found = [
        row.values
        for row in rows.values()
        if row.kind == kind and all(row.values[name] == value for name, value in wanted.items())
    ]
    return sorted(found, key=lambda values: values.get("position", 0))


def words(rows: dict[RowId, Row]) -> Iterator[str]:
    for row in rows.values():
        yield from (value for value in row.values.values() if isinstance(value, str))


def flat(text: str) -> str:
    """Undo the wrapping of lines, and what a hand may write in two ways."""
    return re.sub(r"\s+", " ", text).lower().replace("’", "'")


def on_page(rows: dict[RowId, Row], phase: str) -> str:
    """Give all words of a phase's page."""
    own = {key: row for key, row in rows.items() if key == ("phase", phase)}
    own |= {key: row for key, row in rows.items() if row.values.get("phase") == phase}
    for row in list(own.values()):
        for kind in ("milestone", "resource"):
            if row.kind in {"placement", "phaseresource"} and kind in row.values:
                key = (kind, str(row.values[kind]))
                own[key] = rows[key]
    own |= {
        key: row
        for key, row in rows.items()
        if row.kind == "deliverablepart" and ("milestone", row.values["milestone"]) in own
    }
    return flat("\n".join(words(own)))


def test_there_are_three_tracks_of_which_reinforcement_learning_is_optional(
    rows: dict[RowId, Row],
) -> None:
    tracks = [(track["slug"], track["optional"]) for track in of(rows, "track")]
    assert tracks == [("trunk", False), ("llm", False), ("rl", True)]


def test_there_are_eleven_phases_in_their_tracks_and_order(rows: dict[RowId, Row]) -> None:
    for track in ("trunk", "llm", "rl"):
        wanted = [slug for slug, phase in PHASES.items() if phase[0] == track]
        assert [phase["slug"] for phase in of(rows, "phase", track=track)] == wanted
    assert len(of(rows, "phase", state="live")) == 11


@pytest.mark.parametrize("slug", PHASES)
def test_a_phase_has_its_length_level_milestones_and_deliverable(
    slug: str, rows: dict[RowId, Row]
) -> None:
    _track, length, weeks, level, milestones, deliverable = PHASES[slug]
    phase = rows["phase", slug].values
    assert (phase["length"], phase["level"]) == (length, level)
    assert (phase["weeks_min"], phase["weeks_max"]) == (weeks or (None, None))
    places = [place["milestone"] for place in of(rows, "placement", phase=slug)]
    shared = SHARED if slug == "rl-3" else []
    assert sorted(places) == sorted([*milestones, *shared, deliverable])
    in_order = [key for key in places if key in milestones]
    assert in_order == milestones
    assert rows["milestone", deliverable].values["deliverable"]
    assert rows["milestone", deliverable].values["kind"] == "ship"


def test_there_are_42_milestones_and_11_deliverables(rows: dict[RowId, Row]) -> None:
    counts = Counter(milestone["deliverable"] for milestone in of(rows, "milestone"))
    assert counts == {False: 42, True: 11}


@pytest.mark.parametrize("key", [phase[-1] for phase in PHASES.values()])
def test_a_deliverable_says_what_must_ship(key: str, rows: dict[RowId, Row]) -> None:
    parts = of(rows, "deliverablepart", milestone=key)
    assert 1 <= len(parts) <= 5
    # No artifact without a repository and something to read.
    assert {"repository", "write-up"} <= {part["label"] for part in parts}


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("d0", ["public repository", "loss curve", "log.md"]),
        ("d1", ["micrograd", "makemore", "from memory", "readme"]),
        ("d2", ["blank file", "empirical question"]),
        ("d3", ["repository", "harness", "plot", "write-up", "3 seeds", "pressure-tested"]),
        ("d4", ["lora", "dpo", "grpo", "harness", "same size", "gamed", "metric misses"]),
        ("d5", ["weights or code", "reproduce", "honest baselines", "write-up"]),
        ("drl-0", ["reward curve"]),
        ("drl-1", ["q-learning", "sarsa", "blank file"]),
        ("drl-2", ["ppo", "cartpole", "lunarlander", "one clean ablation", "3 seeds"]),
        ("drl-3", ["grpo", "rlvr", "verifiable reward", "harness", "gamed"]),
        ("drl-4", ["seeds", "reproduction", "limitations"]),
    ],
)
def test_the_parts_of_a_deliverable_name_what_the_roadmap_asks_for(
    key: str, says: list[str], rows: dict[RowId, Row]
) -> None:
    text = flat("\n".join(part["name"] for part in of(rows, "deliverablepart", milestone=key)))
    assert [word for word in says if word not in text] == []


def test_only_deliverables_have_parts(rows: dict[RowId, Row]) -> None:
    holders = {part["milestone"] for part in of(rows, "deliverablepart")}
    assert holders == {phase[-1] for phase in PHASES.values()}


def test_phase_4_and_rl_3_are_one_destination(rows: dict[RowId, Row]) -> None:
    assert rows["phase", "rl-3"].values["same_as"] == "4"


@pytest.mark.parametrize("slug", PHASES)
def test_a_phase_says_what_it_has_to(slug: str, rows: dict[RowId, Row]) -> None:
    page = on_page(rows, slug)
    wanted = [" ".join(word.split()) for word in SAYS[slug].split(",")]
    assert [word for word in wanted if word not in page] == []


@pytest.mark.parametrize("slug", PHASES)
def test_a_phase_has_all_its_parts(slug: str, rows: dict[RowId, Row]) -> None:
    assert of(rows, "step" if slug in {"0", "5"} else "topic", phase=slug)
    assert of(rows, "trap", phase=slug)
    assert of(rows, "phaseresource", phase=slug)


def test_the_week_of_orientation_has_its_steps_in_order(rows: dict[RowId, Row]) -> None:
    steps = of(rows, "step", phase="0")
    assert [step["slug"] for step in steps] == [
        "environment",
        "first-slice",
        "scaffolding",
        "community",
        "target",
    ]
    assert [step["time"] for step in steps[:4]] == [
        "half a day",
        "1–2 days",
        "half a day",
        "an hour",
    ]


@pytest.mark.parametrize(("slug", "topic"), [("1", "backpropagation"), ("4", "evaluation")])
def test_the_topic_that_matters_most_says_so(slug: str, topic: str, rows: dict[RowId, Row]) -> None:
    essential = [one for one in of(rows, "topic", phase=slug) if one["essential"]]
    assert any(topic in one["title"].lower() for one in essential)


@pytest.mark.parametrize("url", [*RESOURCES, *OTHER_LINKS])
def test_every_link_is_in_the_content(url: str, rows: dict[RowId, Row]) -> None:
    links = {row.values["url"] for row in rows.values() if row.values.get("url")}
    for text in words(rows):
        links |= set(re.findall(r"\]\((https?://[^)\s]+)\)", text))
    assert url in links


def test_a_resource_stands_in_its_phases(rows: dict[RowId, Row]) -> None:
    by_url = {row["url"]: row["slug"] for row in of(rows, "resource") if row["url"]}
    wanted = {by_url[url]: phases for url, phases in RESOURCES.items()} | RESOURCES_WITHOUT_ADDRESS
    missing = [
        f"{resource} in {phase}"
        for resource, phases in wanted.items()
        for phase in phases.split()
        if ("phaseresource", f"{phase}/{resource}") not in rows
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("phase", "resources"),
    [
        ("1", ["zero-to-hero"]),
        ("2", ["zero-to-hero"]),
        ("3", ["cs336"]),
        ("4", ["rlhf-book", "trl"]),
    ],
)
def test_a_phase_names_its_primary_resource(
    phase: str, resources: list[str], rows: dict[RowId, Row]
) -> None:
    uses = of(rows, "phaseresource", phase=phase, role="primary")
    assert {use["resource"] for use in uses} <= set(resources)
    assert uses


@pytest.mark.parametrize(
    "slug",
    ["sebastian-raschka", "lilian-weng", "neel-nanda", "nathan-lambert", "mit-han-lab",
     "eleutherai", "soar", "free-notebooks", "community-gpu-clouds", "compute-grants",
     "iclr-blog-posts", "neurips-enlsp", "ml-reproducibility-challenge"],
)  # fmt: skip
def test_people_community_compute_and_venues_are_resources(
    slug: str, rows: dict[RowId, Row]
) -> None:
    kind = rows["resource", slug].values["kind"]
    assert kind in {"person", "community", "compute", "venue"}


def test_five_levels_with_what_they_ask_for(rows: dict[RowId, Row]) -> None:
    levels = of(rows, "level")
    assert {level["slug"]: (level["name"], level["time"]) for level in levels} == LEVELS
    for level in levels:
        asks = [set(ask["any_of"]) for ask in of(rows, "requirement", level=level["slug"])]
        assert asks == REQUIREMENTS[level["slug"]], level["slug"]
    assert [level["slug"] for level in levels if level["beyond"]] == ["l4"]


def test_four_habits_and_five_principles(rows: dict[RowId, Row]) -> None:
    habits = of(rows, "habit")
    assert [habit["slug"] for habit in habits] == ["build", "read", "write", "engage"]
    assert "2–3 papers" in habits[1]["target"]
    assert [principle["title"] for principle in of(rows, "principle")] == [
        "Build first, theory just in time",
        "Spiral, don't sequence",
        "Artifacts over courses",
        "Reproduce before you innovate",
        "Learn in public",
    ]
    assert "80 %" in rows["principle", "reproduce-first"].values["text"]


def test_five_questions_lead_to_the_five_phases(rows: dict[RowId, Row]) -> None:
    questions = of(rows, "question")
    assert [question["phase"] for question in questions] == ["1", "2", "3", "4", "5"]
    wanted = ["2-layer MLP", "permutation-equivariant", "MFU", "DPO", "confound"]
    assert all(word in question["ask"] for word, question in zip(wanted, questions, strict=True))


def test_the_method_has_a_loop_and_seven_chapters(rows: dict[RowId, Row]) -> None:
    chapters = of(rows, "chapter", section="method")
    assert len(chapters) == 8
    text = flat("\n".join(f"{one['title']} {one['summary']} {one['text']}" for one in chapters))
    for word in (
        "question", "hypothesis", "minimal experiment", "sceptical", "5 minutes", "15–30 minutes",
        "three sentences", "docker", "uv", "same size", "at least 3 seeds", "flops", "calibration",
        "tried", "happened", "learned", "next", "limitations", "taste", "hallucinated",
    ):  # fmt: skip
        assert word in text, word


def test_six_anti_patterns(rows: dict[RowId, Row]) -> None:
    titles = [chapter["title"] for chapter in of(rows, "chapter", section="anti-patterns")]
    wanted = ["maths", "tutorial", "reproduction", "private", "plan", "order"]
    assert len(titles) == len(wanted)
    assert all(word in title.lower() for word, title in zip(wanted, titles, strict=True))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("overview", ["self-deception", "phase order|order", "map", "taste", "l2"]),
        (
            "mental-model",
            ["tokenizer", "embeddings", "attention", "logits", "next token", "evaluat"],
        ),
        ("branches", ["supervised", "self-supervised", "reinforcement", "trunk"]),
        ("provenance", ["fadhli rahim", "2026"]),
    ],
)
def test_the_prose_says_what_it_has_to(
    section: str, says: list[str], rows: dict[RowId, Row]
) -> None:
    text = flat("\n".join(chapter["text"] for chapter in of(rows, "chapter", section=section)))
    assert [word for word in says if not re.search(word, text)] == []


def test_claims_stand_in_three_tiers_with_receipts_and_dates(rows: dict[RowId, Row]) -> None:
    claims = of(rows, "claim")
    tiers = {tier: [claim for claim in claims if claim["tier"] == tier] for tier in (1, 2, 3)}
    assert all(tiers.values())
    assert all("](http" in claim["source"] and claim["checked"] for claim in tiers[1])
    for tier, says in {
        1: ["20 tokens", "Muon", "GRPO", "FlashAttention", "CS336", "RLHF Book", "ARENA", "fast.ai",
            "Dive into Deep Learning"],
        2: ["permutation-equivariant", "RoPE", "GPTQ", "AWQ", "Hinton", "Kim", "Cross-entropy"],
        3: ["six phases", "L0 to L4", "phases", "times"],
    }.items():  # fmt: skip
        text = "\n".join(claim["statement"] for claim in tiers[tier])
        assert [word for word in says if word not in text] == []
