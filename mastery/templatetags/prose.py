from django import template
from django.utils.safestring import SafeString

from mastery.markdown import render

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    return render(text)


@register.simple_tag
def prose(text: str, *, prefix: str, shift: int = 0) -> SafeString:
    """Render a text that has headings of its own, each with an id and a link to itself."""
    return render(text, shift=shift, prefix=prefix)
