import datetime as dt
from collections.abc import Mapping

from django import template

from roadmap.links import LinkState, address_of
from roadmap.models import Resource

register = template.Library()


@register.filter
def at(links: Mapping[str, LinkState], url: str) -> LinkState | None:
    """Give what is known of an address."""
    return links.get(address_of(url))


@register.simple_tag
def last_checked(links: Mapping[str, LinkState], resource: Resource) -> dt.datetime | None:
    """Say since when all links of a resource are known to answer, but for those that are dead."""
    urls = [resource.url, *(link.url for link in resource.links.all())]
    states = [at(links, url) for url in urls if url]
    if not all(states):
        return None
    return min((state.checked for state in states if state and state.checked), default=None)
