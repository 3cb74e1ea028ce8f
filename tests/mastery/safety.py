"""What no HTML of a person's may hold, found by reading it as a browser does."""

import re

import html5lib
from html5lib.constants import namespaces

HTML, MATHML = (f"{{{namespaces[name]}}}" for name in ("html", "mathml"))
TAGS = set(
    """
    a abbr b bdi blockquote br caption cite code dd del details dfn div dl dt em figcaption figure
    h4 h5 h6 hr i img input ins kbd label li mark ol p pre q rp rt ruby s samp small span strong
    sub summary sup table tbody td tfoot th thead tr u ul var wbr
    """.split()  # noqa: SIM905
)
MATHS_TAGS = set(
    """
    annotation math mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub
    msubsup msup mtable mtd mtext mtr munder munderover semantics
    """.split()  # noqa: SIM905
)
ATTRIBUTES = set(
    """
    alt aria-label checked class colspan dir disabled height href id lang loading open rel role
    rowspan src start tabindex title type width
    """.split()  # noqa: SIM905
)
MATHS_ATTRIBUTES = set(
    """
    accent accentunder class depth display displaystyle encoding fence form height largeop
    linethickness lspace mathvariant maxsize minsize movablelimits rspace scriptlevel separator
    stretchy symmetric voffset width
    """.split()  # noqa: SIM905
)
BOX = ({"type", "disabled"}, {"type", "disabled", "checked"})
PICTURE = re.compile(r"/journal/pictures/[a-z2-7]{32}")
# With what browsers take out of an address before they read its scheme.
ADDRESS = re.compile(r"(https?|mailto):|[^:]*$|[^:/?#]*[/?#]", re.IGNORECASE)
CLASS = re.compile(
    r"[a-z]{1,2}|language-[\w.+#-]+|task|table-wrap|footnotes|footnote-(ref|back)|left|center|right"
    r"|formula( formula--long)?"
)


def faults(html: str, prefix: str) -> list[str]:
    """List what is wrong with HTML that a person's text became."""
    parser = html5lib.HTMLParser(strict=True)
    found: list[str] = []
    ids: list[str] = []
    for element in parser.parseFragment(html).iter():
        tag = str(element.tag)
        if tag == "DOCUMENT_FRAGMENT":
            continue
        name = tag.rpartition("}")[2]
        attributes = {str(key): value for key, value in element.attrib.items()}
        ours = (tag.startswith(HTML) and name in TAGS) or (
            tag.startswith(MATHML) and name in MATHS_TAGS
        )
        if not ours:
            found.append(f"element {tag}")
        found += [
            f"attribute {key} of {name}"
            for key in attributes.keys()
            - (MATHS_ATTRIBUTES if tag.startswith(MATHML) else ATTRIBUTES)
        ]
        if name == "input" and (attributes.keys() not in BOX or attributes["type"] != "checkbox"):
            found.append(f"input with {attributes}")
        if "src" in attributes and not (name == "img" and PICTURE.fullmatch(attributes["src"])):
            found.append(f"src {attributes['src']}")
        if tag.startswith(HTML) and {"width", "height"} & attributes.keys() and name != "img":
            found.append(f"size of {name}")
        if name == "img" and attributes.get("loading") != "lazy":
            found.append("a picture that loads at once")
        href = re.sub(r"[\x00-\x20]", "", attributes.get("href", ""))
        if href and not ADDRESS.match(href):
            found.append(f"href {href}")
        if name == "a" and attributes.get("rel") != "nofollow ugc noopener":
            found.append("a link without rel")
        if "class" in attributes and not CLASS.fullmatch(attributes["class"]):
            found.append(f"class {attributes['class']}")
        if "id" in attributes:
            ids.append(attributes["id"])
            if not re.fullmatch(rf"{prefix}-fn(ref)?-\d+(-\d+)?", attributes["id"]):
                found.append(f"id {attributes['id']}")
    if len(ids) != len(set(ids)):
        found.append("an id twice")
    return found
