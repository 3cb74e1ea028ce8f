"""Pictures that people send in: judged by what they hold, and made anew by us.

Nothing of the file that was sent is kept but its pixels: no metadata, no comment, nothing behind
its end. Pure: bytes in, bytes out.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import isqrt, sqrt
from typing import Any

from PIL import Image, ImageCms, ImageOps

MOST_BYTES = 10_000_000  # of a file that is sent
MOST_PIXELS = 40_000_000  # of a picture that is sent
MOST_FRAMES = 200
MOST_MOVING_PIXELS = 20_000_000  # over all frames
# Of what is kept. Counted in all, so that a tall screenshot stays readable.
KEPT_PIXELS = 2560 * 2560
LONGEST_SIDE = 16_000

KINDS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp", "GIF": "gif"}
TYPES = {kind: f"image/{kind}" for kind in KINDS.values()}
SAVED: dict[str, dict[str, Any]] = {
    "png": {},
    "jpeg": {"quality": 90, "optimize": True, "progressive": True},
    "webp": {"quality": 88},
    "gif": {"optimize": True},
}
MOVING: dict[str, dict[str, Any]] = {"gif": {"disposal": 2}, "webp": {"method": 2}}

EMPTY = "The file is empty. Choose a picture."
UNREADABLE = "This is no picture we can read. PNG, JPEG, WebP and GIF work; SVG does not."
TOO_BIG = (
    f"The picture has more than {MOST_PIXELS // 1_000_000} megapixels. "
    "Make it smaller and send it again."
)
TOO_HEAVY = f"The file is larger than {MOST_BYTES // 1_000_000} MB. Make it smaller and try again."
STILL = (
    f"Only the first frame is kept: what moves may have {MOST_FRAMES} frames and "
    f"{MOST_MOVING_PIXELS // 1_000_000} megapixels over all of them."
)

# A picture of the largest size takes a few hundred MB while it is worked on.
_one_at_a_time = threading.Lock()


class PictureError(Exception):
    """Why a file is not taken, in a sentence for whoever sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """A picture made anew. ``note`` says what of it was lost, if anything was."""

    kind: str
    width: int
    height: int
    data: bytes
    note: str = ""


def recode(data: bytes) -> Recoded:
    """Make a picture anew from a file's pixels; raise PictureError if it holds no good one."""
    if not data:
        raise PictureError(EMPTY)
    if len(data) > MOST_BYTES:
        raise PictureError(TOO_HEAVY)
    formats = ["PNG", "JPEG", "WEBP", "GIF"]
    try:
        with _one_at_a_time, Image.open(io.BytesIO(data), formats=formats) as im:
            return _recoded(im, data)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(TOO_BIG) from None
    except Exception:
        # Each decoder trips over nonsense in its own way, and a list of those ways would never be
        # complete.
        raise PictureError(UNREADABLE) from None


def _recoded(im: Image.Image, data: bytes) -> Recoded:
    if im.width * im.height > MOST_PIXELS:
        raise PictureError(TOO_BIG)
    kind = KINDS[im.format or ""]
    options = dict(SAVED[kind])
    note = ""
    if getattr(im, "is_animated", False) and kind != "jpeg":
        if moving := _frames(im):
            return _save(kind, moving[0], options | MOVING.get(kind, {}) | moving[1])
        note = STILL
        im.seek(0)
    elif kind == "webp" and b"VP8L" in {data[12:16], data[30:34]}:
        options = {"lossless": True, "quality": 50}
    # A JPEG is read at about the size that is kept, which saves time and memory.
    im.draft(None, (isqrt(KEPT_PIXELS), isqrt(KEPT_PIXELS)))
    im.load()
    if kind == "gif" and im.mode == "P" and _shrunk(im) == im.size:
        # Its own palette is exact; one made anew would be near it.
        return _save(kind, _painted(im), options, note)
    with suppress(Exception):  # a broken orientation turns nothing
        ImageOps.exif_transpose(im, in_place=True)
    return _save(kind, _bare(im, alpha=kind != "jpeg"), options, note)


def _save(kind: str, im: Image.Image, options: dict[str, Any], note: str = "") -> Recoded:
    file = io.BytesIO()
    im.save(file, kind, **options)
    return Recoded(kind=kind, width=im.width, height=im.height, data=file.getvalue(), note=note)


def _frames(im: Image.Image) -> tuple[Image.Image, dict[str, Any]] | None:
    """Give the first frame with how to save it and those after it; None if there are too many."""
    most = min(MOST_FRAMES, MOST_MOVING_PIXELS // (im.width * im.height))
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame in _played(im):
        if len(frames) == most:
            return None
        frames.append(_bare(frame, alpha=True))
        durations.append(max(20, round(frame.info.get("duration") or 100)))
    first, *more = frames
    # What says nothing of repeating plays once.
    times = im.info.get("loop", 1)
    loop = {} if im.format == "GIF" and "loop" not in im.info else {"loop": times}
    return first, {"save_all": True, "append_images": more, "duration": durations, **loop}


def _played(im: Image.Image) -> Iterator[Image.Image]:
    """Give one frame after the other, without asking how many there are: that may be a lie."""
    number = 1 if im.info.get("default_image") else 0
    while True:
        try:
            im.seek(number)
        except EOFError:
            return
        im.load()
        yield im
        number += 1


def _bare(im: Image.Image, *, alpha: bool) -> Image.Image:
    """Give nothing but the pixels: in 8 bits, in sRGB, no larger than what is kept."""
    if im.mode.startswith("I"):
        # Pillow would cut 16 bits off at 255.
        im = im.point(lambda value: value * (1 / 256)).convert("L")
    profile = im.info.get("icc_profile")
    if im.mode not in {"L", "RGB", "RGBA", "CMYK"}:
        im = im.convert("RGBA" if im.has_transparency_data else "L" if im.mode == "1" else "RGB")
    elif im.has_transparency_data:
        im = im.convert("RGBA")
    if profile and im.mode != "L":
        im = _in_srgb(im, profile)
    if im.mode == "CMYK":
        im = im.convert("RGB")
    if im.mode == "RGBA" and not alpha:
        im = im.convert("RGB")
    size = _shrunk(im)
    if size != im.size:
        im = im.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    else:
        im = im.copy()
    im.info = {}
    return im


def _shrunk(im: Image.Image) -> tuple[int, int]:
    """Give the size that is kept of a picture."""
    width, height = im.size
    scale = max(1, sqrt(width * height / KEPT_PIXELS), max(im.size) / LONGEST_SIDE)
    return max(1, round(width / scale)), max(1, round(height / scale))


def _painted(im: Image.Image) -> Image.Image:
    """Give the pixels of a picture with a palette, and what in it is clear."""
    bare = im.copy()
    bare.info = {name: im.info[name] for name in ("transparency",) if name in im.info}
    return bare


def _in_srgb(im: Image.Image, profile: bytes) -> Image.Image:
    """Move the colours from the picture's own space into that of screens, if its profile fits."""
    mode = "RGB" if im.mode == "CMYK" else im.mode
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        moved = ImageCms.profileToProfile(im, own, ImageCms.createProfile("sRGB"), outputMode=mode)
        return moved or im
    return im
