"""The picture that stands for a page where its link is shared: 1200 by 630 pixels, drawn here.

Chat programs and social sites take no SVG and no WebP, and fetch with neither script nor fonts.
"""

import hashlib
import io
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import mastery
from roadmap.models import Phase

WIDTH, HEIGHT = 1200, 630
MARGIN = 72
STRIPE = 20

# The light values of tokens.css, by data-phase, for fills and for text.
PAPER, INK, SOFT, RULE = "#f5f2ea", "#1f211d", "#50534a", "#d5d0c1"
COLOURS = {
    "0": ("#44699a", "#2f5583"),
    "1": ("#22808c", "#0d6470"),
    "2": ("#4d8350", "#35663a"),
    "3": ("#9a7912", "#735800"),
    "4": ("#bd651f", "#8f4608"),
    "5": ("#c2402a", "#a32c17"),
    "rl": ("#85478f", "#6c337a"),
}

STATIC = Path(mastery.__file__).parent / "static" / "mastery"
# The site's display face, and for signs outside its subset what systems have; as in tokens.css.
FONTS = (
    str(STATIC / "fonts" / "besley-600.woff2"),
    "DejaVuSerif-Bold.ttf",
    "LiberationSerif-Bold.ttf",
    "timesbd.ttf",
)
MARK = STATIC / "icons" / "icon-192.png"
# A code point that no font has: what is drawn for it is drawn for every sign that is missing.
MISSING = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Card:
    """The words of one picture; without others those of the site itself."""

    title: str = "From software engineer to machine learning researcher"
    eyebrow: str = "A field manual with memory"
    foot: str = ""
    family: str = ""
    numeral: str = ""


def card_of(phase: Phase) -> Card:
    return Card(
        title=phase.title,
        eyebrow=f"{phase.label} · {phase.track.name}",
        foot=phase.length,
        family=phase.slug if phase.slug in COLOURS else phase.slug.partition("-")[0],
        numeral=phase.number,
    )


@lru_cache(maxsize=64)
def picture(card: Card) -> tuple[bytes, str]:
    """Give a card as PNG, with its ETag.

    Kept by what is written on it, so that a change of content draws anew what it changes and
    nothing else.
    """
    file = io.BytesIO()
    # Few colours and no photograph: a palette is a third of the size.
    draw(card).quantize(128).save(file, "PNG", optimize=True)
    data = file.getvalue()
    return data, f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def draw(card: Card) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    fill, text = COLOURS.get(card.family, (INK, SOFT))
    left = float(MARGIN)
    if card.numeral:
        pen.rectangle((0, 0, WIDTH, STRIPE), fill)
        left = _numeral(pen, card, fill)
    else:
        step = WIDTH / len(COLOURS)
        for place, (colour, _) in enumerate(COLOURS.values()):
            pen.rectangle((place * step, 0, (place + 1) * step, STRIPE), colour)
    _words(pen, card, left, text)
    _foot(image, pen, card)
    return image


def _numeral(pen: ImageDraw.ImageDraw, card: Card, colour: str) -> float:
    """Draw the numeral as on the phase's own page; give where the words beside it begin."""
    left = float(MARGIN)
    if card.family == "rl":
        small = Face(112)
        small.write(pen, (left, 440), "RL", colour)
        left += small.length("RL") + 12
    # Long numbers keep out of the words' way.
    large = Face(max(120, (340 if card.family == "rl" else 400) - 90 * (len(card.numeral) - 1)))
    large.write(pen, (left - large.size * 0.04, 440), card.numeral, colour)
    return max(MARGIN + 310, left + large.length(card.numeral) + 48)


def _words(pen: ImageDraw.ImageDraw, card: Card, left: float, colour: str) -> None:
    """Write the eyebrow, and below it the title as large as it fits."""
    room = WIDTH - MARGIN - left
    eyebrow = Face(32)
    face, lines = fit(card.title, room, 330)
    height = face.leading * len(lines)
    # Centred on the numeral's height, 150 to 440, or on the whole where there is none.
    top = max(150.0, 295 - height / 2)
    eyebrow.write(pen, (left, top - 22), _clip(card.eyebrow, eyebrow, room), colour)
    for number, line in enumerate(lines, 1):
        face.write(pen, (left, top + number * face.leading), line, INK)


def _foot(image: Image.Image, pen: ImageDraw.ImageDraw, card: Card) -> None:
    face = Face(40)
    pen.line((MARGIN, 512, WIDTH - MARGIN, 512), RULE, 2)
    mark = Image.open(MARK).convert("RGBA").resize((56, 56), Image.Resampling.LANCZOS)
    image.paste(mark, (MARGIN, 539), mark)
    face.write(pen, (MARGIN + 74, 581), "Mastery", INK)
    if card.foot:
        foot = _clip(card.foot, face, WIDTH - 2 * MARGIN - 74 - face.length("Mastery") - 60)
        face.write(pen, (WIDTH - MARGIN - face.length(foot), 581), foot, SOFT)


def fit(title: str, room: float, height: float) -> tuple["Face", list[str]]:
    """Give the largest face in which a title fits, and its lines, about equally long.

    A title too long for the smallest loses its end.
    """
    for size in range(84, 35, -4):
        face = Face(size)
        lines = wrap(title, face, room)
        if len(lines) * face.leading <= height:
            return face, _balanced(title, face, room, len(lines))
    most = int(height // face.leading)
    return face, [*lines[: most - 1], _clip(" ".join(lines[most - 1 :]), face, room)]


def wrap(text: str, face: "Face", room: float) -> list[str]:
    """Break a text into lines that fit; a word longer than a line is broken too."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.length(longer) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for sign in word:
            if face.length(lines[-1] + sign) > room:
                lines.append("")
            lines[-1] += sign
    return lines


def _balanced(text: str, face: "Face", room: float, count: int) -> list[str]:
    """Narrow the lines while there are no more of them."""
    lines = wrap(text, face, room)
    while room > 120 and len(narrower := wrap(text, face, room := room - 12)) == count:
        if any(len(word) > 1 and word not in " ".join(narrower) for word in text.split()):
            break  # it would tear a word
        lines = narrower
    return lines


def _clip(text: str, face: "Face", room: float) -> str:
    if face.length(text) <= room:
        return text
    while text and face.length(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


@dataclass(frozen=True)
class Face:
    """The site's display face at one size, with others for signs that it lacks."""

    size: int

    @property
    def leading(self) -> float:
        return self.size * 1.14

    def runs(self, text: str) -> Iterator[tuple["Font", str]]:
        """Cut a text into what one font can draw, accents taken off where none can."""
        known = [
            sign if _font_for(sign) is not None else unicodedata.normalize("NFKD", sign)[0]
            for sign in text
        ]
        for name, signs in groupby(known, lambda sign: _font_for(sign) or ""):
            yield _font(name, self.size), "".join(signs)

    def length(self, text: str) -> float:
        return sum(font.getlength(signs) for font, signs in self.runs(text))

    def write(
        self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: str
    ) -> None:
        """Write a line on its baseline, from the left."""
        x, y = place
        for font, signs in self.runs(text):
            pen.text((x, y), signs, colour, font, anchor="ls")
            x += font.getlength(signs)


type Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=128)
def _font(name: str, size: int) -> Font:
    """Give a font by file name; without a name the plain one that Pillow carries."""
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


@cache
def _fonts() -> tuple[str, ...]:
    """Give the fonts that are here and can be read, the best first.

    A FreeType without brotli cannot read WOFF2, and a server may have no fonts of its own.
    """
    found = []
    for name in FONTS:
        with suppress(OSError):
            _font(name, 16)
            found.append(name)
    return (*found, "")


@lru_cache(maxsize=4096)
def _font_for(sign: str) -> str | None:
    if sign.isspace():
        return _fonts()[0]
    for name in _fonts():
        font = _font(name, 16)
        if bytes(font.getmask(sign)) != bytes(font.getmask(MISSING)):
            return name
    return None
