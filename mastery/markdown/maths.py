"""TeX to MathML on the server. What it cannot read is for the caller to show as it was written."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.commands import CONVERSION_MAP
from latex2mathml.converter import convert_to_element

LONGEST = 4_000  # characters of one formula
DEEPEST = 60  # elements inside each other
WIDE = 18  # signs in a line, past which a formula may need to scroll on a phone

# A definition can stand for any amount of text, and means nothing outside its own formula.
_DEFINES = re.compile(
    r"\\(?:(?:new|renew|provide)command|[gex]?def|(?:re)?newenvironment|DeclareMathOperator)"
    r"(?![A-Za-z])"
)
_ALIGNED = re.compile(r"\\(begin|end)\s*\{aligned\}")
_ENVIRONMENT = re.compile(r"\\begin\s*\{([^}]*)\}")
_OPERATOR = re.compile(r"\\operatorname\*?\s*\{[A-Za-z\s\\,;:!]{1,80}\}")
_LENGTH = re.compile(r"[+-]?\d{0,2}(?:\.\d{1,4})?(?:em|ex)|\d{1,2}(?:\.\d+)?(?:px|pt|mu)|0|1")
_LENGTHS = {
    "depth", "height", "linethickness", "lspace", "maxsize", "minsize", "rspace", "voffset", "width"
}  # fmt: skip
_CHILDREN = {
    "mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2,
    "msubsup": 3, "munderover": 3,
}  # fmt: skip
# What Unicode calls the letters of a style. Browsers take letters and leave mathvariant alone.
_STYLES = {
    "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "script": "SCRIPT",
    "bold-script": "BOLD SCRIPT", "fraktur": "FRAKTUR", "bold-fraktur": "BOLD FRAKTUR",
    "double-struck": "DOUBLE-STRUCK", "sans-serif": "SANS-SERIF",
    "bold-sans-serif": "SANS-SERIF BOLD", "sans-serif-italic": "SANS-SERIF ITALIC",
    "sans-serif-bold-italic": "SANS-SERIF BOLD ITALIC", "monospace": "MONOSPACE",
}  # fmt: skip
_SCRIPTS = {"LATIN ": "", "GREEK ": "", "DIGIT ": "DIGIT "}


@lru_cache(maxsize=2048)
def mathml(tex: str, *, block: bool) -> tuple[str, bool] | None:
    """Give MathML with its source inside, and whether it is wide; None when it cannot be read."""
    if len(tex) > LONGEST or _DEFINES.search(tex) or not _closed(tex):
        return None
    source = _ALIGNED.sub(r"\\\1{split}", tex)
    source = _OPERATOR.sub(lambda found: re.sub(r"\\[,;:!]", "\u2009", found[0]), source)
    if any(rf"\{name}" not in CONVERSION_MAP for name in _ENVIRONMENT.findall(source)):
        return None
    try:
        math = convert_to_element(source, display="block" if block else "inline")
        _mend(math)
    except Exception:  # latex2mathml fails in many ways, RecursionError among them
        return None
    signs = len("".join(math.itertext()))
    row = math[0]
    math.attrib.pop("xmlns", None)
    math.remove(row)
    semantics = SubElement(math, "semantics")
    semantics.append(row)
    note = SubElement(semantics, "annotation", encoding="application/x-tex")
    note.text = tex
    return tostring(math, encoding="unicode", short_empty_elements=False), signs > WIDE


def _closed(tex: str) -> bool:
    """Say whether every brace is closed. latex2mathml takes the end of the formula for one."""
    depth = 0
    for brace in re.findall(r"\\[\s\S]|[{}]", tex):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0


def _mend(math: Element) -> None:
    """Make latex2mathml's tree one that browsers show as meant, or raise ValueError."""
    for element, depth in _walk(math):
        if depth > DEEPEST or len(element) != _CHILDREN.get(element.tag, len(element)):
            raise ValueError(element.tag)
        text = unescape(element.text or "")
        if element.tag == "mi" and (text.startswith("\\") or element.text == "&"):
            raise ValueError(text)  # a command or a place it does not know
        if element.tag == "mi" and text == "~":
            element.tag, text = "mo", "\N{TILDE OPERATOR}"
        style = element.attrib.get("mathvariant", "")
        if style in _STYLES:
            text = "".join(_styled(sign, _STYLES[style]) for sign in text)
            del element.attrib["mathvariant"]
        element.text = text or None
        if (side := element.attrib.pop("columnalign", "")) in {"left", "right"}:
            element.set("class", side)
        for name in _LENGTHS & element.attrib.keys():
            if not _LENGTH.fullmatch(element.attrib[name]):
                del element.attrib[name]
    for element, _ in list(_walk(math)):
        if element.tag in {"mrow", "mtd", "mstyle"}:
            _join_upright(element)
            _space_functions(element)


def _walk(root: Element) -> Iterator[tuple[Element, int]]:
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        yield element, depth
        waiting += [(child, depth + 1) for child in element]


@lru_cache(maxsize=1024)
def _styled(sign: str, style: str) -> str:
    """Give the mathematical letter: A in bold is another sign than A."""
    name = unicodedata.name(sign, "").replace(" LETTER ", " ")
    for script, kept in _SCRIPTS.items():
        if name.startswith(script):
            rest = name.removeprefix(script)
            # Some were in Unicode before the others, under names of their own.
            older = style.replace("FRAKTUR", "BLACK-LETTER")
            for wanted in (f"MATHEMATICAL {style} {kept}{rest}", f"{older} {kept}{rest}"):
                try:
                    return unicodedata.lookup(wanted)
                except KeyError:
                    continue
    return sign


def _join_upright(row: Element) -> None:
    """Make one name of the letters of an upright one, as in softmax."""
    last: Element | None = None
    for child in list(row):
        upright = child.tag == "mi" and child.attrib == {"mathvariant": "normal"}
        if upright and last is not None:
            last.text = (last.text or "") + (child.text or "")
            row.remove(child)
        else:
            last = child if upright else None


def _space_functions(row: Element) -> None:
    """Part log from what it is applied to, unless by a sign, as TeX does."""
    for index, child in reversed(list(enumerate(row[:-1]))):
        name = child[0] if child.tag in {"msub", "msup", "msubsup"} else child
        if (
            name.tag == "mi"
            and len(name.text or "") > 1
            and row[index + 1].tag not in {"mo", "mspace"}
        ):
            row.insert(index + 1, Element("mspace", width="0.167em"))
