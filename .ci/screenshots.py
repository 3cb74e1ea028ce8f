"""Make the pictures of the README from a running site: ``uv run python .ci/screenshots.py``."""

import io
from pathlib import Path
from typing import Any

from PIL import Image
from served import browser, served

PLACE = Path(__file__).resolve().parent / "screenshots"
MOST_BYTES = 150_000
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 375, "height": 780},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "dark",
}
# Name, path, whether the demo learner is logged in, and in front of what.
PICTURES = [
    ("home", "/", False, DESK),
    ("map", "/roadmap/", True, DESK),
    ("phase", "/roadmap/3/", True, DESK),
    ("progress", "/progress/", True, DESK),
    ("log", "/@demo-learner/log/", False, DESK),
    ("levels", "/levels/", True, DESK),
    ("phone", "/", True, PHONE),
]


def main() -> None:
    PLACE.mkdir(exist_ok=True)
    with served() as site, browser() as chrome:
        for name, path, logged_in, device in PICTURES:
            context = chrome.new_context(**device, reduced_motion="reduce")
            if logged_in:
                site.log_in(context)
            page = context.new_page()
            page.goto(site.url + path, wait_until="networkidle")
            page.evaluate("document.fonts.ready.then(() => 0)")
            picture = PLACE / f"{name}.webp"
            Image.open(io.BytesIO(page.screenshot())).save(picture, quality=82, method=6)
            context.close()
            size = picture.stat().st_size
            assert size <= MOST_BYTES, f"{picture.name} has {size} bytes"
            print(f"{picture.name}: {size} bytes")


if __name__ == "__main__":
    main()
