"""CommonMark's own examples, through the whole of our renderer.

What the specification wants goes through the same sanitiser, with headings lowered as in an entry.
Colours in code, which the specification knows nothing of, are taken out before comparing. No other
example is left out or excused.
"""

import json
import re
from pathlib import Path

import html5lib

from mastery.markdown import render_entry
from mastery.markdown.raw import Tamer, balanced
from mastery.markdown.sanitise import settled

SPECIFICATION = Path(__file__).parent / "data" / "commonmark.json"
EXAMPLES = json.loads(SPECIFICATION.read_text(encoding="utf-8"))["examples"]


def sanitised(html: str, *, shift: int = 0) -> str:
    return settled(balanced(Tamer(shift, {})(html)))


def test_every_example_of_commonmark_is_shown_as_specified() -> None:
    for number, (text, html) in enumerate(EXAMPLES, start=1):
        shown = sanitised(render_entry(text, prefix="entry"))
        if "<pre" in shown:
            shown = re.sub("</?span>", "", shown)
        assert shown == sanitised(html, shift=3), number


def test_the_sanitiser_keeps_what_most_examples_say() -> None:
    """Else equal would mean equally empty. What differs is other tags, comments and pictures."""

    def words(html: str) -> str:
        return "".join(html5lib.parseFragment(html).itertext()).strip()

    assert len(EXAMPLES) == 652
    assert sum(words(html) == words(sanitised(html)) for _text, html in EXAMPLES) > 590
