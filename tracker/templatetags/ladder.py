"""The ladder's sentences: milestones joined by commas, "and" and "or", each a link."""

from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tracker.ladder import Groups, Named

register = template.Library()


@register.filter
def names(milestones: Sequence[Named]) -> SafeString:
    """Say ``this, that and those``."""
    return _joined([_link(one) for one in milestones], ", ", " and ")


@register.filter
def groups(asked: Groups) -> SafeString:
    """Say ``this or that, and those``, and of those that are claimed what they lack.

    Where none leaves a choice, ``this and those``.
    """
    sentences = [
        _joined([_with_claim(one) for one in group], " or ", " or ")
        or "something that is not on the roadmap at present"
        for group in asked
    ]
    choice = any(len(group) > 1 for group in asked)
    return _joined(sentences, ", ", ", and " if choice else " and ")


@register.filter
def standing(one: Named) -> SafeString:
    """Say where a milestone stands: shown, claimed with what is missing, or not ticked."""
    if one.on:
        return format_html("shown {}", date_format(one.on, "j F Y"))
    if one.item is None or not one.claimed:
        return format_html("{}", "not ticked")
    evidence = one.item.evidence
    return format_html(
        'claimed: <a href="{}">{}</a>',
        reverse("evidence", args=[one.key]),
        f"it lacks {' and '.join(one.item.lacks)}" if evidence else "add evidence",
    )


def _link(one: Named) -> SafeString:
    kind = "named named--short" if one.short else "named"
    if not one.url:
        return format_html('<span class="{}">{}</span>', kind, one.name)
    return format_html('<a class="{}" href="{}">{}</a>', kind, one.url, one.name)


def _with_claim(one: Named) -> SafeString:
    return format_html("{} ({})", _link(one), standing(one)) if one.claimed else _link(one)


def _joined(parts: Sequence[str], by: str, last: str) -> SafeString:
    if len(parts) < 2:
        return format_html_join("", "{}", ((part,) for part in parts))
    head = format_html_join(by, "{}", ((part,) for part in parts[:-1]))
    return format_html("{}{}{}", head, last, parts[-1])
