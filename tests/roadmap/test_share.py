import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.test import Client
from PIL import Image

from roadmap import share
from roadmap.models import Phase
from roadmap.queries import Manual
from roadmap.share import COLOURS, Card, Face, card_of, draw, fit, picture, wrap

SLUGS = ["0", "1", "2", "3", "4", "5", "rl-0", "rl-1", "rl-2", "rl-3", "rl-4"]
Queries = Callable[..., Any]


def opened(response: Any) -> Image.Image:
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    return Image.open(io.BytesIO(response.content))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_phase_has_a_picture_in_its_colour(client: Client, roadmap: Manual, slug: str) -> None:
    response = client.get(f"/roadmap/{slug}/share.png")
    image = opened(response)
    assert image.size == (1200, 630)
    stripe = image.convert("RGB").getpixel((600, 5))
    assert isinstance(stripe, tuple)
    wanted = rgb(COLOURS[slug if slug in COLOURS else "rl"][0])
    assert all(abs(a - b) < 6 for a, b in zip(stripe, wanted, strict=True))
    assert len(response.content) < 60_000


def test_the_site_has_one_in_all_colours(client: Client, roadmap: Manual) -> None:
    image = opened(client.get("/share.png")).convert("RGB")
    assert image.size == (1200, 630)
    assert len({image.getpixel((85 + 171 * n, 5)) for n in range(7)}) == 7


def test_what_is_no_phase_has_none(client: Client, roadmap: Manual) -> None:
    Phase.objects.filter(slug="2").update(state="draft")
    for slug in ("9", "2", "nowhere"):
        assert client.get(f"/roadmap/{slug}/share.png").status_code == 404


def test_it_takes_one_query_and_no_cookie(
    client: Client, roadmap: Manual, django_assert_num_queries: Queries
) -> None:
    client.get("/roadmap/3/share.png")
    with django_assert_num_queries(1):
        response = client.get("/roadmap/3/share.png")
    assert response.cookies == {}
    assert "Cookie" not in response.get("Vary", "")
    with django_assert_num_queries(0):
        client.get("/share.png")


def test_a_repeat_is_answered_without_the_picture(client: Client, roadmap: Manual) -> None:
    first = client.get("/roadmap/3/share.png")
    again = client.get("/roadmap/3/share.png", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again["ETag"] == first["ETag"]
    assert "max-age" in first["Cache-Control"]
    assert "public" in first["Cache-Control"]


def test_it_is_drawn_once(client: Client, roadmap: Manual, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/roadmap/3/share.png")

    def never(card: Card) -> Image.Image:
        raise AssertionError("drawn again")

    monkeypatch.setattr(share, "draw", never)
    assert client.get("/roadmap/3/share.png").content == first.content


def test_a_new_title_makes_a_new_picture_and_leaves_the_others(
    client: Client, roadmap: Manual
) -> None:
    before = {slug: client.get(f"/roadmap/{slug}/share.png")["ETag"] for slug in ("3", "4")}
    Phase.objects.filter(slug="3").update(title="Another title")
    after = {slug: client.get(f"/roadmap/{slug}/share.png")["ETag"] for slug in ("3", "4")}
    assert after["3"] != before["3"]
    assert after["4"] == before["4"]


def tags(client: Client, path: str) -> dict[str, str]:
    page = client.get(path).content.decode()
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', page)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_a_phase_page_names_its_own_picture(
    client: Client, roadmap: Manual, settings: LazySettings
) -> None:
    settings.ORIGIN = "https://manual.example.org"
    found = tags(client, "/roadmap/3/")
    assert found["og:image"] == "https://manual.example.org/roadmap/3/share.png"
    assert found["og:image:alt"] == "Phase 3: Training &amp; systems. 8–12 weeks"
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert found["twitter:card"] == "summary_large_image"


@pytest.mark.parametrize("path", ["/", "/roadmap/", "/method/", "/start/", "/accounts/login/"])
def test_other_pages_name_the_sites_picture(
    client: Client, roadmap: Manual, settings: LazySettings, path: str
) -> None:
    settings.ORIGIN = "https://manual.example.org"
    found = tags(client, path)
    assert found["og:image"] == "https://manual.example.org/share.png"
    assert found["og:image:alt"]


# The drawing


def test_its_colours_are_the_style_sheets_own() -> None:
    tokens = Path(django_settings.BASE_DIR, "mastery/static/mastery/css/tokens.css").read_text()

    def light(name: str) -> str:
        found = re.search(rf"--{name}: light-dark\((#\w+),", tokens)
        assert found, name
        return found[1]

    assert [light(name) for name in ("paper", "ink", "ink-soft", "rule")] == [
        share.PAPER,
        share.INK,
        share.SOFT,
        share.RULE,
    ]
    for family, colours in COLOURS.items():
        assert colours == (light(f"phase-{family}"), light(f"phase-{family}-ink"))


def test_the_card_says_what_the_phase_does(roadmap: Manual) -> None:
    assert card_of(roadmap.phases["rl-3"].row) == Card(
        title=roadmap.phases["rl-3"].row.title,
        eyebrow="RL-3 · Reinforcement learning",
        foot="4–8 weeks",
        family="rl",
        numeral="3",
    )


LONG = {
    "many words": "a title of many short words " * 9,
    "one word": "x" * 250,
    "long words": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk " * 4,
    "a short one": "Deep RL",
    "nothing": "",
    "signs of no face": "研究 \U0001f9ea Łódź ∑β ﷽",
}


@pytest.mark.parametrize("title", LONG.values(), ids=LONG)
@pytest.mark.parametrize("room", [640, 1056])
def test_a_title_of_any_length_stays_in_its_room(title: str, room: int) -> None:
    face, lines = fit(title, room, 330)
    assert len(lines) * face.leading <= 330
    assert all(face.length(line) <= room for line in lines)
    if not lines[-1].endswith("…"):
        assert "".join("".join(lines).split()) == "".join(title.split())


@pytest.mark.parametrize("title", LONG.values(), ids=LONG)
def test_a_picture_of_it_can_be_drawn(title: str) -> None:
    card = Card(title, title, title, "3", "3")
    image = draw(card)
    # Nothing runs into the margins, where the paper is bare.
    right = image.crop((1150, 30, 1200, 630))
    assert right.getextrema() == tuple((value, value) for value in rgb(share.PAPER))


def test_a_long_title_is_set_smaller() -> None:
    assert fit("Deep RL", 640, 330)[0].size > fit("Deep RL " * 12, 640, 330)[0].size


def test_words_are_kept_whole_when_they_fit() -> None:
    face = Face(60)
    lines = wrap("Transformers & LLMs from scratch", face, 500)
    assert " ".join(lines) == "Transformers & LLMs from scratch"


def test_numerals_of_two_digits_leave_room_for_the_words() -> None:
    image, _ = picture(Card("Title", "Phase 12", "", "", "12"))
    assert Image.open(io.BytesIO(image)).size == (1200, 630)


def test_the_sites_face_can_be_read_and_has_every_sign_of_the_titles(roadmap: Manual) -> None:
    besley = share.FONTS[0]
    for phase in roadmap.phases.values():
        card = card_of(phase.row)
        for sign in card.title + card.eyebrow + card.foot:
            assert share._font_for(sign) == besley, sign


def test_without_any_font_of_its_own_it_draws_with_a_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = (share._fonts, share._font_for, share._font)
    monkeypatch.setattr(share, "FONTS", ("nowhere.woff2",))
    for one in kept:
        one.cache_clear()
    try:
        assert share._fonts() == ("",)
        assert draw(Card("Training & systems", "Łódź", "naïve", "3", "3")).size == (1200, 630)
    finally:
        for one in kept:
            one.cache_clear()
