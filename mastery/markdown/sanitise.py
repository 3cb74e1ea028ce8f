"""The last word on every page's HTML: what is not in these lists is not on the page."""

import re

import nh3

from mastery.markdown import highlight, raw
from mastery.markdown.pictures import is_own

_HEADINGS = ("h2", "h3", "h4", "h5", "h6")

editors = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS - {"map", "area", "img", "bdo"},
    attributes={
        "a": {"href", "title", "class", "aria-label"},
        **{heading: {"id"} for heading in _HEADINGS},
        "ol": {"start"},
        "code": {"class"},
        "th": {"align"},
        "td": {"align"},
    },
    link_rel="noopener",
)
"""For texts of editors."""

_MATHS: dict[str, set[str]] = {
    "math": {"display"},
    "semantics": set(),
    "annotation": {"encoding"},
    "mfrac": {"linethickness"},
    "mi": {"mathvariant"},
    "mn": set(),
    "mo": {
        "accent", "fence", "form", "largeop", "lspace", "maxsize", "minsize", "movablelimits",
        "rspace", "separator", "stretchy", "symmetric",
    },
    "mover": {"accent"},
    "mpadded": {"depth", "height", "lspace", "voffset", "width"},
    "mphantom": set(),
    "mroot": set(),
    "mrow": set(),
    "mspace": {"depth", "height", "width"},
    "msqrt": set(),
    "mstyle": {"displaystyle", "scriptlevel"},
    "msub": set(),
    "msubsup": set(),
    "msup": set(),
    "mtable": set(),
    "mtd": {"class"},
    "mtext": set(),
    "mtr": set(),
    "munder": {"accentunder"},
    "munderover": {"accent", "accentunder"},
}  # fmt: skip
_FRAME = {"class", "role", "aria-label", "tabindex"}
_OURS: dict[str, set[str]] = {
    **_MATHS,
    "a": {"id", "class", "aria-label"},
    "code": {"class"},
    "div": _FRAME,
    "img": {"width", "height"},
    "input": {"checked"},
    "label": set(),
    "li": {"id", "class"},
    "span": _FRAME,
    "sup": {"class"},
    "td": {"class"},
    "th": {"class"},
}
_CLASSES: dict[str, frozenset[str]] = {
    "a": frozenset({"footnote-back"}),
    "div": frozenset({"footnotes", "formula", "table-wrap"}),
    "li": frozenset({"task"}),
    "mtd": frozenset({"left", "right"}),
    "span": highlight.CLASSES | {"formula", "formula formula--long"},
    "sup": frozenset({"footnote-ref"}),
    "td": frozenset({"left", "center", "right"}),
    "th": frozenset({"left", "center", "right"}),
}
_PIXELS = re.compile(r"[1-9][0-9]{0,4}")
_LANGUAGE = re.compile(r"language-[\w.+#-]{1,40}")


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        if tag == "code":
            return value if _LANGUAGE.fullmatch(value) else None
        return value if value in _CLASSES[tag] else None
    if name == "src":
        return value if is_own(value) else None
    if tag == "img" and name in {"width", "height"}:
        return value if _PIXELS.fullmatch(value) else None
    return value


def _relative(address: str) -> str | None:
    """Take no address whose scheme is only spelled oddly."""
    return None if ":" in re.split("[/?#]", address, maxsplit=1)[0] else address


entries = nh3.Cleaner(
    tags=raw.ALLOWED.keys() | _OURS.keys(),
    attributes={
        "*": raw.COMMON,
        **{
            tag: raw.ALLOWED.get(tag, set()) | _OURS.get(tag, set())
            for tag in raw.ALLOWED.keys() | _OURS.keys()
        },
    },
    attribute_filter=_filter,
    # Whatever box gets here is a box to look at, and what scrolls can be reached by keyboard.
    set_tag_attribute_values={
        "input": {"type": "checkbox", "disabled": ""},
        "img": {"loading": "lazy"},
        "pre": {"tabindex": "0"},
    },
    url_relative=_relative,
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow ugc noopener",
)
"""For texts of everybody."""

PASSES = 4


def settled(html: str) -> str:
    """Sanitise until another pass changes nothing: what people write as tags may need several."""
    for _ in range(PASSES):
        cleaned = entries.clean(html)
        if cleaned == html:
            break
        html = cleaned
    return html
