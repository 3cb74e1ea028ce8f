import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from mastery.http import THEMES

pytestmark = pytest.mark.usefixtures("roadmap")

PHASE = "/roadmap/3/"


def choose(client: Client, theme: str, **more: Any) -> Any:
    return client.post(reverse("theme"), {"theme": theme}, **more)


def html_tag(client: Client, path: str = PHASE) -> str:
    found = re.search(r"<html[^>]*>", client.get(path).content.decode())
    assert found
    return found[0]


def pressed(client: Client) -> dict[str, str]:
    page = client.get(PHASE).content.decode()
    return dict(re.findall(r'name="theme" value="(\w+)" aria-pressed="(\w+)"', page))


def test_a_page_follows_the_system_until_a_theme_is_chosen(client: Client) -> None:
    assert html_tag(client) == '<html lang="en-GB">'
    assert pressed(client) == {"system": "true", "light": "false", "dark": "false"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_in_the_first_line_of_every_page(client: Client, theme: str) -> None:
    choose(client, theme)
    for path in ("/", PHASE, "/accounts/login/", "/nowhere/"):
        assert html_tag(client, path) == f'<html lang="en-GB" data-theme="{theme}">'
    assert [name for name, on in pressed(client).items() if on == "true"] == [theme]


def test_a_learner_has_it_too(learner: Client) -> None:
    choose(learner, "dark")
    assert 'data-theme="dark"' in html_tag(learner, "/progress/")


def test_back_to_the_system_forgets_the_choice(client: Client) -> None:
    choose(client, "dark")
    choose(client, "system")
    assert "data-theme" not in html_tag(client)
    assert client.cookies["theme"].value == ""


def test_the_choice_lasts_a_year_and_goes_to_this_site_alone(client: Client) -> None:
    cookie = choose(client, "dark", secure=True, headers={"host": "localhost"}).cookies["theme"]
    assert cookie["max-age"] == 365 * 24 * 3600
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]
    assert cookie["secure"]


@pytest.mark.parametrize("value", ["", "sepia", "Dark", 'dark" onload="'])
def test_an_unknown_theme_is_refused_and_nothing_remembered(client: Client, value: str) -> None:
    response = choose(client, value)
    assert response.status_code == 400
    assert "theme" not in response.cookies


@pytest.mark.parametrize("value", ["sepia", 'dark"><script>', ""])
def test_a_cookie_that_somebody_made_up_changes_nothing(client: Client, value: str) -> None:
    client.cookies["theme"] = value
    assert html_tag(client) == '<html lang="en-GB">'


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("http://testserver/roadmap/3/?a=1", "/roadmap/3/?a=1#theme"),
        ("https://evil.example/roadmap/3/", "/#theme"),
        ("", "/#theme"),
    ],
)
def test_it_leads_back_to_the_foot_of_the_page_it_was_sent_from(
    client: Client, came_from: str, goes_to: str
) -> None:
    response = choose(client, "dark", headers={"referer": came_from})
    assert response.status_code == 303
    assert response["Location"] == goes_to


def test_it_is_changed_by_post_alone(client: Client) -> None:
    assert client.get(reverse("theme"), {"theme": "dark"}).status_code == 405


def test_it_asks_for_no_token_and_a_page_to_read_sets_no_cookie() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get(PHASE).cookies == {}
    assert choose(client, "dark").status_code == 303


@pytest.mark.parametrize("path", ["/", PHASE, "/method/", "/nowhere/", "/accounts/login/"])
def test_a_cache_keeps_the_themes_apart(client: Client, path: str) -> None:
    assert "Cookie" in client.get(path)["Vary"]


def meta(client: Client, name: str) -> list[str]:
    page = client.get(PHASE).content.decode()
    return re.findall(rf'<meta name="{name}" content="([^"]*)"', page)


def test_the_browsers_own_frame_has_the_papers_colour(client: Client) -> None:
    assert meta(client, "theme-color") == list(THEMES.values())
    assert meta(client, "color-scheme") == ["light dark"]
    for theme, paper in THEMES.items():
        choose(client, theme)
        assert meta(client, "theme-color") == [paper]
        assert meta(client, "color-scheme") == [theme]


def test_those_colours_are_the_style_sheets_own() -> None:
    tokens = Path(settings.BASE_DIR, "mastery/static/mastery/css/tokens.css").read_text()
    assert f"--paper: light-dark({THEMES['light']}, {THEMES['dark']});" in tokens
    for theme in THEMES:
        assert re.search(rf'data-theme="{theme}"\] {{\s*color-scheme: {theme};', tokens)


def test_a_new_browser_asks_no_more_of_the_database(
    client: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(0):
        choose(client, "dark")
