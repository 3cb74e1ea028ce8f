from django import template

from tracker.numbers import Numbers, PhaseNumbers, Row

register = template.Library()


@register.filter
def width(numbers: Numbers, count: int) -> int:
    """Give a bar's length in percent, next to that of what most people have done."""
    return numbers.width(count)


@register.filter
def share(part: PhaseNumbers, row: Row) -> int:
    """Give how many in a hundred of those who began the phase stop at this milestone."""
    return part.share(row)
