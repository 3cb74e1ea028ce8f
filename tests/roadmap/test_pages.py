import re
from collections import Counter
from functools import cache
from html import escape
from itertools import pairwise
from urllib.parse import urldefrag, urlencode, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.markdown import render
from roadmap.models import (
    Chapter,
    Claim,
    Level,
    Milestone,
    Phase,
    PhaseResource,
    Question,
    Resource,
    State,
)
from roadmap.queries import Manual

pytestmark = pytest.mark.usefixtures("roadmap")

PHASES = ["0", "1", "2", "3", "4", "5", "rl-0", "rl-1", "rl-2", "rl-3", "rl-4"]
PAGES = [
    "/",
    "/roadmap/",
    *(f"/roadmap/{slug}/" for slug in PHASES),
    "/roadmap/changes/",
    "/levels/",
    "/method/",
    "/resources/",
    "/provenance/",
    "/start/",
]
# Strangers see these too; they are no part of the manual.
DOORS = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


def parse(html: str) -> Element:
    """Read HTML by the standard, refusing whatever a browser would have to repair."""
    parser = html5lib.HTMLParser(
        html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False
    )
    tree: Element = parser.parse(html)
    return tree


@cache
def source(path: str) -> str:
    response = Client().get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


@cache
def page(path: str) -> Element:
    """Give a page as a stranger sees it; the roadmap is the same for all tests that ask."""
    return parse(source(path))


def flat(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def shown(markdown: str) -> str:
    """Give the words a reader sees of a text."""
    return flat(html5lib.parseFragment(render(markdown), namespaceHTMLElements=False))


def ids(tree: Element) -> list[str]:
    return [element.attrib["id"] for element in tree.iter() if "id" in element.attrib]


def headings(tree: Element) -> list[Element]:
    return [element for element in tree.iter() if re.fullmatch("h[1-6]", str(element.tag))]


def links(tree: Element) -> set[str]:
    return {
        element.attrib["href"]
        for element in tree.iter()
        if "href" in element.attrib and str(element.tag).endswith(("a", "link"))
    }


def meta(tree: Element, name: str) -> str:
    found = [
        element.attrib.get("content", "")
        for element in tree.iter("meta")
        if name in {element.attrib.get("name"), element.attrib.get("property")}
    ]
    assert len(found) == 1, (name, found)
    return found[0]


# What every page has


@pytest.mark.parametrize("path", [*PAGES, *DOORS])
def test_a_page_answers_a_stranger_with_valid_html(path: str) -> None:
    assert page(path).tag == "html"


@pytest.mark.parametrize("path", [*PAGES, *DOORS])
def test_a_page_has_one_first_heading_and_skips_no_level(path: str) -> None:
    levels = [int(str(heading.tag)[1]) for heading in headings(page(path))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert [step for step in pairwise(levels) if step[1] > step[0] + 1] == []


@pytest.mark.parametrize("path", [*PAGES, *DOORS])
def test_every_id_on_a_page_is_its_own(path: str) -> None:
    assert [id_ for id_, count in Counter(ids(page(path))).items() if count > 1] == []


@pytest.mark.parametrize("path", [*PAGES, *DOORS])
def test_what_a_page_refers_to_by_id_is_on_it(path: str) -> None:
    tree = page(path)
    known = set(ids(tree))
    for attribute in ("aria-labelledby", "aria-describedby", "aria-controls", "for"):
        for element in tree.iter():
            named = element.attrib.get(attribute, "").split()
            assert set(named) <= known, (attribute, named)


@pytest.mark.parametrize("path", PAGES)
def test_every_heading_can_be_linked_to(path: str) -> None:
    tree = page(path)
    parents = {child: parent for parent in tree.iter() for child in parent}
    main = next(tree.iter("main"))
    lost = [
        flat(heading)
        for heading in headings(main)
        if heading.tag != "h1"
        and "id" not in {*heading.attrib, *parents[heading].attrib}
        and not any(link.attrib["href"][1:] in ids(tree) for link in heading.iter("a"))
    ]
    assert lost == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_its_canonical_address_and_what_it_shows_when_shared(
    path: str, settings: LazySettings
) -> None:
    tree = page(path)
    address = f"{settings.ORIGIN}{path}"
    [canonical] = [link for link in tree.iter("link") if link.attrib.get("rel") == "canonical"]
    assert canonical.attrib["href"] == address
    assert meta(tree, "og:url") == address
    assert meta(tree, "og:title")
    assert meta(tree, "og:description") == meta(tree, "description")
    assert meta(tree, "og:type") in {"website", "article"}
    assert meta(tree, "robots") == "index, follow"


def test_titles_and_descriptions_tell_pages_apart() -> None:
    titles = [flat(next(page(path).iter("title"))) for path in [*PAGES, *DOORS]]
    assert len(set(titles)) == len(titles)
    descriptions = [meta(page(path), "description") for path in PAGES]
    assert len(set(descriptions)) == len(descriptions)
    assert all(50 <= len(description) <= 170 for description in descriptions)
    first = [flat(next(page(path).iter("h1"))) for path in PAGES]
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_credits_the_roadmaps_author(path: str) -> None:
    assert "Fadhli Rahim" in flat(page(path))
    assert "https://fadhlirahim.github.io/swe-to-researcher/" in links(page(path))


def test_every_link_within_the_site_leads_to_something(client: Client) -> None:
    wanted = {
        (urldefrag(href).url or path, urldefrag(href).fragment, path)
        for path in [*PAGES, *DOORS]
        for href in links(page(path))
        if re.match("[/#?]", href) and not href.startswith("//")
    }

    def there(address: str) -> bool:
        if address.startswith("/static/"):
            return bool(finders.find(address.removeprefix("/static/")))
        return client.get(address).status_code == 200

    gone = {address for address in {address for address, _, _ in wanted} if not there(address)}
    broken = [
        (path, f"{address}#{fragment}")
        for address, fragment, path in wanted
        if address in gone or (fragment and fragment not in ids(page(address)))
    ]
    assert sorted(broken) == []


def test_everything_with_an_address_of_its_own_is_found_there() -> None:
    for model in (Phase, Level, Chapter, Claim, Question, Resource):
        for row in model.objects.all():
            url = urldefrag(row.get_absolute_url())
            assert url.fragment in ["", *ids(page(url.url))], row


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_page_comes_from_elsewhere(path: str) -> None:
    fetched = [
        element.attrib.get("src") or element.attrib["href"]
        for element in page(path).iter()
        if "src" in element.attrib
        or (element.tag == "link" and element.attrib.get("rel") not in {"canonical", "alternate"})
    ]
    own = ("/static/", "/manifest.webmanifest", "data:image/svg+xml,")
    assert [url for url in fetched if not url.startswith(own)] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_inline_style_or_script(path: str) -> None:
    for element in page(path).iter():
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert element.tag != "style"
        assert element.tag != "script" or element.attrib.get("src")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_asked_for_its_head_and_takes_no_form(path: str, client: Client) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(path).status_code == 405


@pytest.mark.parametrize("path", [*PAGES, "/sitemap.xml", "/robots.txt"])
def test_a_page_costs_a_stranger_two_queries_at_most(path: str, client: Client) -> None:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    assert len(queries) <= 2, [query["sql"] for query in queries]


def test_a_stranger_gets_no_cookie_for_reading(client: Client) -> None:
    for path in PAGES:
        assert not client.get(path).cookies, path


# Phases


@pytest.mark.parametrize("slug", PHASES)
def test_a_phase_page_holds_all_its_facts(slug: str, roadmap: Manual) -> None:
    phase, tree = roadmap.phases[slug], page(f"/roadmap/{slug}/")
    text, urls = flat(tree), links(tree)
    row = phase.row
    wanted = [row.label, row.title, row.length, row.level, row.summary]
    wanted += [shown(row.goal), shown(row.path), shown(row.done_when)]
    for part in [*phase.topics, *phase.steps, *phase.traps]:
        wanted += [part.title, shown(part.text)]
    wanted += [step.time for step in phase.steps]
    for use in phase.resources:
        wanted += [use.resource.title, use.resource.author, use.note, use.get_role_display()]
        assert not use.resource.url or use.resource.url in urls
        for link in use.resource.links.all():
            wanted.append(link.label)
            assert link.url in urls
    for milestone in [*phase.milestones, *phase.deliverables]:
        wanted += [milestone.wording, shown(milestone.detail), milestone.kind_label]
        wanted += [part.name for part in milestone.parts]
    assert [words for words in wanted if words not in text] == []


@pytest.mark.parametrize("slug", PHASES)
def test_a_phase_page_keeps_the_order_of_its_parts(slug: str, roadmap: Manual) -> None:
    phase, found = roadmap.phases[slug], ids(page(f"/roadmap/{slug}/"))
    for wanted in (
        [f"topic-{topic.slug}" for topic in phase.topics],
        [f"step-{step.slug}" for step in phase.steps],
        [f"trap-{trap.slug}" for trap in phase.traps],
        [f"milestone-{one.key}" for one in phase.deliverables],
        [f"milestone-{one.key}" for one in phase.milestones],
    ):
        assert [id_ for id_ in found if id_ in wanted] == wanted


@pytest.mark.parametrize(
    ("slug", "before", "after"),
    list(zip(PHASES, [None, *PHASES[:-1]], [*PHASES[1:], None], strict=True)),
)
def test_a_phase_leads_to_the_ones_before_and_after(
    slug: str, before: str | None, after: str | None
) -> None:
    found = {
        element.attrib["rel"]: element.attrib["href"]
        for element in page(f"/roadmap/{slug}/").iter("a")
        if element.attrib.get("rel") in {"prev", "next"}
    }
    wanted = {"prev": before, "next": after}
    assert found == {rel: f"/roadmap/{to}/" for rel, to in wanted.items() if to}


@pytest.mark.parametrize("slug", PHASES)
def test_a_stranger_can_tick_the_boxes_without_a_token(slug: str) -> None:
    tree = page(f"/roadmap/{slug}/")
    boxes = [box for box in tree.iter("input") if box.attrib.get("type") == "checkbox"]
    assert boxes
    assert all("disabled" not in box.attrib for box in boxes)
    posts = [form for form in tree.iter("form") if form.attrib.get("method") == "post"]
    keys = [box.attrib["id"].removeprefix("done-") for box in boxes]
    assert [form.attrib["action"] for form in posts] == [
        *(f"/progress/{key}/" for key in keys),
        "/theme/",
    ]
    names = {field.attrib.get("name") for field in tree.iter("input")}
    assert "csrfmiddlewaretoken" not in names


@pytest.mark.parametrize("slug", ["6", "rl-9", "x", "00", "-", "a" * 500, "Rl-0"])
def test_a_phase_that_does_not_exist_is_not_found(slug: str, client: Client) -> None:
    assert client.get(f"/roadmap/{slug}/").status_code == 404


@pytest.mark.parametrize("state", [State.DRAFT, State.RETIRED])
def test_a_phase_that_is_not_live_is_nowhere(state: State, client: Client) -> None:
    Phase.objects.filter(slug="5").update(state=state)
    # Where it was public once, its address still leads somewhere.
    expected = {State.DRAFT: (404, None), State.RETIRED: (302, "/roadmap/")}
    answer = client.get("/roadmap/5/")
    assert (answer.status_code, answer.headers.get("Location")) == expected[state]
    for path in PAGES:
        if path != "/roadmap/5/":
            html = client.get(path).content.decode()
            # What editors wrote into their own texts stays as it is.
            tree = parse(re.sub(r'<div class="[^"]*prose.*?</div>', "", html, flags=re.DOTALL))
            assert "/roadmap/5/" not in {urldefrag(href).url for href in links(tree)}, path
    assert b"/roadmap/5/" not in client.get("/sitemap.xml").content


def test_a_retired_milestone_is_gone_for_strangers(client: Client, roadmap: Manual) -> None:
    Milestone.objects.filter(key="p0-0").update(state=State.RETIRED)
    html = client.get("/roadmap/0/").content.decode()
    assert roadmap.milestones["p0-0"].wording not in html


def test_an_editors_change_is_on_the_page_at_once(client: Client) -> None:
    client.get("/roadmap/2/")
    Phase.objects.filter(slug="2").update(title="Attention & <friends>", goal="Be **bold**.")
    html = client.get("/roadmap/2/").content.decode()
    assert "Attention &amp; &lt;friends&gt;" in html
    assert "<strong>bold</strong>" in html


def test_a_manual_without_content_still_answers(client: Client) -> None:
    Phase.objects.update(same_as=None)
    for model in (Question, PhaseResource, Phase, Resource, Level, Chapter, Claim, Milestone):
        model.objects.all().delete()
    for path in PAGES:
        wanted = 404 if path in {f"/roadmap/{slug}/" for slug in PHASES} else 200
        assert client.get(path).status_code == wanted, path


# Home, map, levels, method, provenance


@pytest.mark.parametrize("path", ["/", "/roadmap/"])
def test_the_map_leads_to_every_phase(path: str, roadmap: Manual) -> None:
    tree = page(path)
    assert {f"/roadmap/{slug}/" for slug in PHASES} <= links(tree)
    drawings = [element for element in tree.iter() if str(element.tag).endswith("}svg")]
    assert drawings


def test_the_roadmap_page_holds_the_prose_and_every_phase(roadmap: Manual) -> None:
    text = flat(page("/roadmap/"))
    wanted = [
        shown(chapter.text)
        for section in ("overview", "mental-model", "branches")
        for chapter in roadmap.chapters[section]
    ]
    wanted += [phase.row.title for phase in roadmap.phases.values()]
    wanted += [track.name for track in roadmap.tracks]
    assert [words for words in wanted if words not in text] == []


def test_the_pipeline_is_drawn_with_its_stages(roadmap: Manual) -> None:
    text = flat(page("/roadmap/")).lower()
    stages = ["text", "tokenizer", "embeddings", "attention", "mlp", "logits", "next token"]
    assert [stage for stage in stages if stage not in text] == []


def test_habits_and_principles_are_shown(roadmap: Manual) -> None:
    text = " ".join(flat(page(path)) for path in PAGES)
    for habit in roadmap.habits:
        assert habit.target in text, habit
        assert shown(habit.text) in text, habit
    for principle in roadmap.principles:
        assert principle.title in text, principle
        assert shown(principle.text) in text, principle


def test_the_levels_page_holds_the_ladder_and_what_each_rung_asks_for(roadmap: Manual) -> None:
    tree = page("/levels/")
    text, urls = flat(tree), links(tree)
    for level in roadmap.levels:
        for words in (level.label, level.name, level.can, level.time, level.reached_by):
            assert words in text, level
        for any_of in roadmap.asks[level.slug]:
            for one in any_of:
                assert one.wording in text
                assert f"/roadmap/{one.phases[0]}/#milestone-{one.key}" in urls


def test_a_level_whose_milestone_has_no_place_still_shows(client: Client) -> None:
    Milestone.objects.get(key="d1").placements.all().delete()
    assert client.get("/levels/").status_code == 200


def test_the_method_page_holds_every_chapter_and_anti_pattern(roadmap: Manual) -> None:
    text = re.sub(" ?#", "", flat(page("/method/")))
    for section in ("method", "anti-patterns"):
        for chapter in roadmap.chapters[section]:
            for words in (chapter.title, chapter.summary, shown(chapter.text)):
                assert re.sub(" ?#", "", words) in text, chapter


def test_the_provenance_page_holds_three_tiers_with_receipts(roadmap: Manual) -> None:
    tree = page("/provenance/")
    text, urls = flat(tree), links(tree)
    assert {"tier-1", "tier-2", "tier-3"} <= set(ids(tree))
    for claim in roadmap.claims:
        assert claim.statement in text
        assert shown(claim.source) in text
        assert set(re.findall(r"\]\((http[^)\s]+)\)", claim.source)) <= urls


# Resources


def listed(tree: Element) -> set[str]:
    return {id_.removeprefix("resource-") for id_ in ids(tree) if id_.startswith("resource-")}


def test_the_resources_page_holds_every_resource_and_link(roadmap: Manual) -> None:
    tree = page("/resources/")
    text, urls = flat(tree), links(tree)
    assert listed(tree) == {resource.row.slug for resource in roadmap.resources}
    for resource in roadmap.resources:
        for words in (resource.row.title, resource.row.author, resource.row.summary):
            assert words in text
        assert not resource.row.url or resource.row.url in urls
        assert {link.url for link in resource.row.links.all()} <= urls


@pytest.mark.parametrize(
    ("phase", "kind"),
    [("3", ""), ("rl-3", ""), ("", "paper"), ("", "venue"), ("3", "paper"), ("4", "code")],
)
def test_resources_are_filtered_by_phase_and_kind(phase: str, kind: str, roadmap: Manual) -> None:
    tree = page(f"/resources/?{urlencode({'phase': phase, 'kind': kind})}")
    wanted = {
        resource.row.slug
        for resource in roadmap.resources
        if (not phase or phase in resource.phases) and (not kind or kind == resource.row.kind)
    }
    assert listed(tree) == wanted != set()
    chosen = {
        option.attrib["value"] for option in tree.iter("option") if "selected" in option.attrib
    }
    assert chosen - {""} == {phase, kind} - {""}
    assert f"{len(wanted)} resource" in flat(tree)


@pytest.mark.parametrize(
    "query",
    [
        "phase=rl-0&kind=venue",
        "phase=99",
        "kind=nonsense",
        "kind=<script>",
        "phase=../",
    ],
)
def test_a_filter_that_finds_nothing_says_so(query: str) -> None:
    tree = page(f"/resources/?{query}")
    assert listed(tree) == set()
    assert "0 resources" in flat(tree)
    assert "/resources/" in links(tree)


@pytest.mark.parametrize("query", ["", "phase=&kind=", "phase="])
def test_an_empty_filter_is_none(query: str, roadmap: Manual) -> None:
    assert listed(page(f"/resources/?{query}")) == {
        resource.row.slug for resource in roadmap.resources
    }


def test_a_filtered_page_names_the_whole_list_as_its_canonical_address() -> None:
    [canonical] = [
        link.attrib["href"]
        for link in page("/resources/?phase=3").iter("link")
        if link.attrib.get("rel") == "canonical"
    ]
    assert canonical.endswith("/resources/")


# Find your entry point


def start(*answers: str) -> Element:
    slugs = Question.objects.values_list("slug", flat=True)
    given = {slug: answer for slug, answer in zip(slugs, answers, strict=False) if answer != "-"}
    return page(f"/start/?{urlencode({'answer': 1, **given})}")


def advice(tree: Element) -> Element | None:
    return next((element for element in tree.iter() if element.attrib.get("id") == "advice"), None)


def test_the_five_questions_are_asked_without_advice() -> None:
    tree = page("/start/")
    assert advice(tree) is None
    for question in Question.objects.all():
        assert question.ask in flat(tree)
        radios = [
            radio.attrib["value"]
            for radio in tree.iter("input")
            if radio.attrib.get("name") == question.slug
        ]
        assert radios == ["yes", "no"]


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        ("no no no no no", "1"),
        ("no yes yes yes yes", "1"),
        ("yes no yes yes yes", "2"),
        ("yes yes no - -", "3"),
        ("yes yes yes no yes", "4"),
        ("yes yes yes yes no", "5"),
    ],
)
def test_the_first_no_decides_where_to_start(answers: str, phase: str) -> None:
    said = advice(start(*answers.split()))
    assert said is not None
    assert f"Start at Phase {phase}" in flat(said)
    assert f"/roadmap/{phase}/" in links(said)


@pytest.mark.parametrize(
    ("answers", "missing"), [("", 0), ("yes - no", 1), ("yes yes yes yes", 4), ("maybe no", 0)]
)
def test_a_missing_answer_is_asked_for(answers: str, missing: int) -> None:
    tree = start(*answers.split())
    question = Question.objects.all()[missing]
    said = advice(tree)
    assert said is not None
    assert question.ask in flat(said)
    assert "/roadmap/" not in links(said)
    assert f"error-{question.slug}" in ids(tree)


def test_whoever_can_do_all_five_is_told_so() -> None:
    said = advice(start(*["yes"] * 5))
    assert said is not None
    assert "/roadmap/" in links(said)


def test_answers_stay_in_the_form() -> None:
    checked = [
        radio.attrib["value"]
        for radio in start("yes", "no", "-", "yes").iter("input")
        if "checked" in radio.attrib
    ]
    assert checked == ["yes", "no", "yes"]


# For machines


def test_the_sitemap_lists_every_public_page(client: Client, settings: LazySettings) -> None:
    host = urlsplit(settings.ORIGIN).netloc
    response = client.get("/sitemap.xml", headers={"host": host})
    assert response["Content-Type"] == "application/xml"
    found = re.findall("<loc>(.*?)</loc>", response.content.decode())
    assert sorted(found) == sorted(f"{settings.ORIGIN}{path}" for path in PAGES)


def test_robots_are_told_where_the_sitemap_is_and_what_is_not_for_them(
    client: Client, settings: LazySettings
) -> None:
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert f"Sitemap: {settings.ORIGIN}/sitemap.xml" in lines
    closed = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")]
    assert "/progress/" in closed
    assert not [path for path in PAGES for rule in closed if path.startswith(rule)]


@pytest.mark.parametrize("state", [State.DRAFT, State.RETIRED])
def test_a_phase_names_no_twin_that_is_not_on_the_roadmap(client: Client, state: State) -> None:
    twin = Phase.objects.get(slug="4")
    assert '<dd><a href="/roadmap/4/">' in client.get("/roadmap/rl-3/").content.decode()
    Phase.objects.filter(pk=twin.pk).update(state=state)
    page = client.get("/roadmap/rl-3/").content.decode()
    assert "Same destination" not in page
    assert escape(twin.title) not in page
