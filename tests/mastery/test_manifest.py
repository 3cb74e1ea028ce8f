import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

pytestmark = pytest.mark.usefixtures("roadmap")


@pytest.fixture
def manifest(client: Client) -> Any:
    response = client.get("/manifest.webmanifest")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/manifest+json"
    assert "max-age" in response["Cache-Control"]
    return json.loads(response.content)


def test_every_page_names_the_manifest(client: Client) -> None:
    link = '<link rel="manifest" href="/manifest.webmanifest">'
    for path in ("/", "/roadmap/3/", "/accounts/login/"):
        assert link in client.get(path).content.decode()


def test_a_phone_learns_what_to_put_beside_its_apps(manifest: Any) -> None:
    assert manifest["short_name"] == "Mastery"
    assert manifest["start_url"] == manifest["scope"] == manifest["id"] == "/"
    assert manifest["display"] == "standalone"
    assert manifest["background_color"] == manifest["theme_color"] == "#f5f2ea"


def test_its_icons_are_there_as_large_as_it_says_and_small_to_fetch(
    manifest: Any, settings: LazySettings
) -> None:
    kinds = set()
    for icon in manifest["icons"]:
        path = finders.find(icon["src"].removeprefix(settings.STATIC_URL))
        assert isinstance(path, str)
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert f"{image.width}x{image.height}" == icon["sizes"]
            if icon["purpose"] == "maskable":
                # A phone cuts it to its own shape: no corner may be empty.
                assert image.convert("RGBA").getpixel((0, 0)) == (0x1F, 0x21, 0x1D, 255)
            assert (image.width, icon["purpose"]) not in kinds
            kinds.add((image.width, icon["purpose"]))
        assert Path(path).stat().st_size < 8_000
    assert kinds == {(size, kind) for size in (192, 512) for kind in ("any", "maskable")}
