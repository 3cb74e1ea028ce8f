from django import template
from django.utils.safestring import SafeString

from mastery.markdown import render

register = template.Library()


@register.filter
def markdown(text: str, shift: int = 2) -> SafeString:
    """Render a text that stands below a heading of the page, an h2 unless ``shift`` says more."""
    return render(text, shift=shift)


@register.simple_tag
def prose(text: str, *, prefix: str, shift: int = 0) -> SafeString:
    """Render a text that has headings of its own, each with an id and a link to itself."""
    return render(text, shift=shift, prefix=prefix)
