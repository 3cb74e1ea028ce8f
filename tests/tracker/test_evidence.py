import pytest

from roadmap.models import DeliverablePart
from roadmap.queries import Part
from tracker.evidence import LABELS, Evidence, Link

REPOSITORY = Link("repository", "https://www.example.org/ada/net")
PART = Link("repository", "https://example.org/ada/harness", part="harness")


def links(*labels: str) -> Evidence:
    return Evidence(tuple(Link(label, f"https://example.org/{label}") for label in labels))


@pytest.mark.parametrize(
    ("kind", "evidence", "lacks"),
    [
        ("build", Evidence(), 1),
        ("build", Evidence(text="I did."), 1),
        ("build", links("plot", "write-up"), 1),
        ("build", links("repository"), 0),
        ("build", links("plot", "commit"), 0),
        ("explain", Evidence(), 1),
        ("explain", Evidence(text="Cross-entropy is …"), 0),
        ("explain", links("other"), 0),
        ("ship", Evidence(text="Shipped."), 2),
        ("ship", links("repository"), 1),
        ("ship", links("write-up"), 1),
        ("ship", links("write-up", "repository"), 0),
        ("outside", Evidence(text="Somebody cited it."), 1),
        ("outside", links("other"), 0),
        ("join", Evidence(), 0),
    ],
)
def test_each_kind_asks_for_its_own_evidence(kind: str, evidence: Evidence, lacks: int) -> None:
    assert len(evidence.lacks(kind)) == lacks
    assert evidence.shows(kind) is (lacks == 0)


@pytest.mark.parametrize(
    "evidence",
    [Evidence(), Evidence(text="x"), Evidence((REPOSITORY,)), Evidence((REPOSITORY, PART), "x")],
)
def test_evidence_is_kept_as_it_was_given(evidence: Evidence) -> None:
    assert Evidence.of(evidence.kept()) == evidence


def test_nothing_is_kept_as_nothing() -> None:
    assert Evidence().kept() == {}
    assert not Evidence()


def test_a_link_is_known_by_its_host() -> None:
    assert REPOSITORY.host == "example.org"
    assert Link("other", "https://[::1]:8000/x").host == "::1"


PARTS = [
    Part("repository", "The repository", "repository"),
    Part("harness", "The harness", "repository"),
    Part("plot", "A plot", "plot"),
    Part("write-up", "The write-up", "write-up"),
]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (Evidence(), ["repository", "harness", "plot", "write-up"]),
        (links("plot", "other"), ["repository", "harness", "write-up"]),
        (links("repository", "write-up"), ["repository", "harness", "plot"]),
        (
            Evidence((Link("repository", "https://example.org", part="harness"),)),
            ["repository", "plot", "write-up"],
        ),
        # What was given for a part that an editor took away goes by its label.
        (
            Evidence((Link("plot", "https://example.org", part="gone"),)),
            ["repository", "harness", "write-up"],
        ),
        (
            Evidence((Link("repository", "https://example.org", part="gone"),)),
            [part.slug for part in PARTS],
        ),
    ],
)
def test_a_deliverable_misses_the_parts_that_no_link_shows(
    given: Evidence, missing: list[str]
) -> None:
    assert [part.slug for part in given.missing(PARTS)] == missing


def test_the_labels_of_links_are_those_of_parts() -> None:
    assert set(LABELS) == set(DeliverablePart.Label.values)
