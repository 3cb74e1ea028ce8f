"""The tags that people write themselves: a few are kept, the others are shown as the text they are.

CommonMark lets any tag through and leaves the rest to a sanitiser, which would drop ``<int>`` from
``List<int>`` and, after ``<title>``, the rest of the entry. Here every tag is written anew from a
list of names and attributes, and everything is closed inside what it was opened in. The sanitiser
still has the last word.
"""

import re
from html import escape, unescape

from mastery.markdown.pictures import Sizes, picture

DEEPEST = 150  # elements inside each other; a browser stops at 512

COMMON = {"dir", "lang"}
ALLOWED: dict[str, set[str]] = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "b": set(),
    "bdi": set(),
    "blockquote": set(),
    "br": set(),
    "caption": set(),
    "cite": set(),
    "code": set(),
    "dd": set(),
    "del": set(),
    "details": {"open"},
    "dfn": {"title"},
    "div": set(),
    "dl": set(),
    "dt": set(),
    "em": set(),
    "figcaption": set(),
    "figure": set(),
    "h1": set(),
    "h2": set(),
    "h3": set(),
    "h4": set(),
    "h5": set(),
    "h6": set(),
    "hr": set(),
    "i": set(),
    "img": {"src", "alt", "title"},
    "ins": set(),
    "kbd": set(),
    "li": set(),
    "mark": set(),
    "ol": {"start"},
    "p": set(),
    "pre": set(),
    "q": set(),
    "rp": set(),
    "rt": set(),
    "ruby": set(),
    "s": set(),
    "samp": set(),
    "small": set(),
    "span": set(),
    "strong": set(),
    "sub": set(),
    "summary": set(),
    "sup": set(),
    "table": set(),
    "tbody": set(),
    "td": {"colspan", "rowspan"},
    "tfoot": set(),
    "th": {"colspan", "rowspan"},
    "thead": set(),
    "tr": set(),
    "u": set(),
    "ul": set(),
    "var": set(),
    "wbr": set(),
}
_VOID = {"br", "col", "hr", "img", "input", "wbr"}
# Left open, a browser opens these again in every block that follows.
_FORMATTING = {"a", "b", "code", "em", "i", "s", "small", "strong", "u"}
_BLOCKS = {
    "blockquote", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1",
    "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "summary", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip

_ATTRIBUTE = re.compile(
    r"""\s++([a-zA-Z_:][a-zA-Z0-9:._-]*+)(?:\s*+=\s*+([^"'=<>`\x00-\x20]++|'[^']*+'|"[^"]*+"))?"""
)
_PIECE = re.compile(
    rf"""
    (?P<comment> <!-- (?: -?> | [\s\S]*? (?: --!?> | \Z ) ) | <[!?] [^>]*+ (?: > | \Z ) )
    | <(?P<slash>/?) (?P<name>[A-Za-z][A-Za-z0-9-]*+)
      (?P<attributes>(?:{_ATTRIBUTE.pattern})*+) \s*+ /?>
    | (?P<text> < | [^<]++ )
    """,
    re.VERBOSE,
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:[^>"]|"[^"]*+")*+>')


class Tamer:
    """Write the raw HTML of one text anew, piece by piece in order."""

    def __init__(self, shift: int, sizes: Sizes) -> None:
        self.shift = shift
        self.sizes = sizes
        self.in_link = False
        self.found = False

    def __call__(self, html: str) -> str:
        self.found = True
        return _PIECE.sub(self._piece, html)

    def _piece(self, piece: re.Match[str]) -> str:
        if piece["comment"]:
            return ""
        if piece["text"]:
            return escape(_plain(piece["text"]), quote=False)
        name = piece["name"].lower()
        if name not in ALLOWED:
            return escape(piece[0], quote=False)
        if name == "a":
            self.in_link = not piece["slash"]
        if re.fullmatch("h[1-6]", name):
            name = f"h{min(6, int(name[1]) + self.shift)}"
        if piece["slash"]:
            return f"</{name}>"
        attributes = _kept(name, piece["attributes"])
        if name == "img":
            return picture(
                attributes.get("src", ""),
                attributes.get("alt", ""),
                attributes.get("title", ""),
                in_link=self.in_link,
                sizes=self.sizes,
            )
        written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
        return f"<{name}{written}>"


def _kept(name: str, attributes: str) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, value in _ATTRIBUTE.findall(attributes):
        key = key.lower()
        if key in COMMON | ALLOWED[name] and key not in kept:
            value = _plain(value[1:-1] if value[:1] in {"'", '"'} else value)
            if key not in {"colspan", "rowspan", "start"} or re.fullmatch(r"\d{1,2}", value):
                kept[key] = value
    return kept


def _plain(text: str) -> str:
    """Read character references, those alone that are whole."""
    return _REFERENCE.sub(lambda found: unescape(found[0]), text)


def balanced(html: str) -> str:
    """Close everything inside what it was opened in, and drop ends without a beginning."""
    parts: list[str] = []
    opened: list[str] = []
    at = 0
    for tag in _TAG.finditer(html):
        parts.append(html[at : tag.start()])
        at = tag.end()
        name = tag[2].lower()
        if tag[1]:
            if name in opened:
                _close(parts, opened, opened[::-1].index(name) + 1)
            continue
        _close(parts, opened, _to_close_before(name, opened))
        if name in _VOID:
            parts.append(tag[0])
        elif len(opened) < DEEPEST:
            opened.append(name)
            parts.append(tag[0])
    parts.append(html[at:])
    _close(parts, opened, len(opened))
    return "".join(parts)


def _close(parts: list[str], opened: list[str], count: int) -> None:
    parts += [f"</{opened.pop()}>" for _ in range(count)]


def _to_close_before(name: str, opened: list[str]) -> int:
    """Count what has to be closed before an element that cannot stand inside it."""
    if name == "a" and "a" in opened:
        return len(opened) - opened.index("a")
    if name not in _BLOCKS:
        return 0
    if "p" in opened:
        return len(opened) - opened.index("p")
    first = len(opened)
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] in _BLOCKS:
            break
        if opened[index] in _FORMATTING:
            first = index
    return len(opened) - first
