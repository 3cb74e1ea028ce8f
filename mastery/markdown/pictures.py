"""Pictures in an entry: the site's own are shown, all others are links, so nothing is fetched."""

import re
from collections.abc import Mapping
from html import escape

OWN = re.compile(r"/journal/pictures/([a-z2-7]{32})")

type Sizes = Mapping[str, tuple[int, int]]
"""Width and height of pictures by their names, in pixels."""


def is_own(address: str) -> bool:
    return OWN.fullmatch(address) is not None


def picture(address: str, alt: str, title: str, *, in_link: bool, sizes: Sizes) -> str:
    """Write a picture as HTML; inside a link, one from elsewhere is its text.

    With its size, the page keeps the place free until the picture is there.
    """
    titled = f' title="{escape(title)}"' if title else ""
    if own := OWN.fullmatch(address):
        size = sizes.get(own[1])
        sized = f' width="{size[0]}" height="{size[1]}"' if size else ""
        return f'<img src="{address}" alt="{escape(alt)}"{titled}{sized}>'
    words = escape(alt or address, quote=False)
    return words if in_link or not address else f'<a href="{escape(address)}"{titled}>{words}</a>'
