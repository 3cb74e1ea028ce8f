"""Pictures in an entry: the site's own are shown, all others are links, so nothing is fetched."""

import re
from html import escape

OWN = re.compile(r"/journal/pictures/[a-z2-7]{32}")


def is_own(address: str) -> bool:
    return OWN.fullmatch(address) is not None


def picture(address: str, alt: str, title: str, *, in_link: bool) -> str:
    """Write a picture as HTML; inside a link, one from elsewhere is its text."""
    titled = f' title="{escape(title)}"' if title else ""
    if is_own(address):
        return f'<img src="{address}" alt="{escape(alt)}"{titled}>'
    words = escape(alt or address, quote=False)
    return words if in_link or not address else f'<a href="{escape(address)}"{titled}>{words}</a>'
