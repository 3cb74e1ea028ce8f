"""Where the content links to, how that answers, and what else waits for an editor to look at it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urlsplit

from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from mastery.markdown import render
from roadmap.models import (
    Chapter,
    Claim,
    ContentVersion,
    Habit,
    LinkCheck,
    MarkdownField,
    Milestone,
    Phase,
    Principle,
    Resource,
    ResourceLink,
    State,
    Step,
    Topic,
    Track,
    Trap,
)

LONGEST = 500  # characters of an address
CLAIMS_LAST = dt.timedelta(days=365)
# Judgement is nothing to look up: there is no source that could have changed.
JUDGEMENT = 3

LIVE = Q(state=State.LIVE)
IN_LIVE_PHASE = Q(phase__state=State.LIVE)
# What is live, and how to reach the row whose form holds it.
TEXTS: dict[type[models.Model], tuple[Q, str]] = {
    Track: (Q(), ""),
    Phase: (LIVE, ""),
    Topic: (IN_LIVE_PHASE, "phase"),
    Step: (IN_LIVE_PHASE, "phase"),
    Trap: (IN_LIVE_PHASE, "phase"),
    Milestone: (LIVE, ""),
    Habit: (Q(), ""),
    Principle: (Q(), ""),
    Chapter: (LIVE, ""),
    Claim: (Q(), ""),
}


@dataclass(frozen=True, slots=True)
class Use:
    """A place of the content that links somewhere, and the row in whose form it stands."""

    what: str
    model: str
    pk: int

    @property
    def form(self) -> str:
        return reverse(f"admin:roadmap_{self.model}_change", args=[self.pk])


@dataclass(frozen=True, slots=True)
class LinkState:
    """What visitors are told of an address. Never both: what is dead has no good day to tell."""

    # When it was last asked and answered.
    checked: dt.datetime | None
    # When it was last asked, and there was nothing, as the times before.
    dead: dt.datetime | None


class _Hrefs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def links_in(text: str) -> list[str]:
    """Give the addresses that a Markdown text links to, once it is on a page."""
    reader = _Hrefs()
    reader.feed(render(text))
    reader.close()
    return reader.found


def address_of(url: str) -> str:
    """Give what is asked for when a link is followed: all but the place within the page.

    Empty for what is no address on the web.
    """
    try:
        whole = urldefrag(url)[0]
        parts = urlsplit(whole)
    except ValueError:
        return ""
    return whole if parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


_kept: tuple[object, Mapping[str, tuple[Use, ...]]] | None = None


def uses() -> Mapping[str, tuple[Use, ...]]:
    """Give every address that live content links to, and where; kept as long as content is."""
    global _kept
    version = ContentVersion.objects.values_list("token", flat=True).first()
    if _kept is None or version is None or _kept[0] != version:
        _kept = (version, _read())
    return _kept[1]


def _read() -> dict[str, tuple[Use, ...]]:
    found: dict[str, dict[Use, None]] = {}

    def add(url: str, use: Use) -> None:
        if address := address_of(url):
            found.setdefault(address, {})[use] = None

    for resource in Resource.objects.published():
        add(resource.url, Use(f"Resource “{resource}”", "resource", resource.pk))
    for link in ResourceLink.objects.filter(resource__state=State.LIVE).select_related("resource"):
        what = f"Resource “{link.resource}”, {link.label}"
        add(link.url, Use(what, "resource", link.resource_id))
    for model, (live, owner) in TEXTS.items():
        rows = model._default_manager.filter(live)
        texts = [field for field in model._meta.fields if isinstance(field, MarkdownField)]
        for row in rows.select_related(owner) if owner else rows:
            holder: Any = getattr(row, owner) if owner else row
            name = str(model._meta.verbose_name)
            within = f"{name.capitalize()} “{row}”"
            if holder._meta.model is Phase:
                within = f"{holder.label}, {name} “{row}”" if owner else holder.label
            for field in texts:
                part = f", {field.verbose_name}" if len(texts) > 1 else ""
                use = Use(within + part, str(holder._meta.model_name), holder.pk)
                for url in links_in(getattr(row, field.attname)):
                    add(url, use)
    return {address: tuple(where) for address, where in found.items()}


def link_states() -> dict[str, LinkState]:
    """Give what visitors are told, by address; nothing of those never known to have answered."""
    return {
        row.url: LinkState(
            checked=None if row.dead else row.answered, dead=row.checked if row.dead else None
        )
        for row in LinkCheck.objects.all()
        if row.dead or row.answered
    }


def old_claims(today: dt.date) -> QuerySet[Claim]:
    """Give claims that rest on a source and were not checked within a year, the oldest first."""
    return (
        Claim.objects.filter(tier__lt=JUDGEMENT)
        .filter(Q(checked=None) | Q(checked__lt=today - CLAIMS_LAST))
        .order_by(models.F("checked").asc(nulls_first=True), "tier", "position", "slug")
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """An address as an editor sees it: how it answered, and where it is used."""

    check: LinkCheck
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Report:
    dead: list[Checked]
    unsure: list[Checked]
    fine: int
    # Addresses that nobody has asked yet.
    never: int
    claims: list[Claim]
    # When an address was last asked.
    last: dt.datetime | None

    @cached_property
    def addresses(self) -> int:
        return len(self.dead) + len(self.unsure) + self.fine + self.never


def report(today: dt.date) -> Report:
    """Give the state of all links and claims; a fixed number of queries."""
    where = uses()
    checks = [row for row in LinkCheck.objects.order_by("since", "url") if row.url in where]
    failing = [row for row in checks if row.problem]
    return Report(
        dead=[Checked(row, where[row.url]) for row in failing if row.dead],
        unsure=[Checked(row, where[row.url]) for row in failing if not row.dead],
        fine=len(checks) - len(failing),
        never=len(where) - len(checks),
        claims=list(old_claims(today)),
        last=max((row.checked for row in checks), default=None),
    )


@dataclass(frozen=True, slots=True)
class Attention:
    """Something for an editor to look at, as a sentence, and the page that lists it."""

    count: int
    text: str
    url: str


def needs_attention() -> list[Attention]:
    """Give what waits for an editor, dead links and old claims; nothing when all is well.

    Cheap: three queries once this process has read the content's links.
    """
    page = reverse("admin:links")
    where = uses()
    dead = sum(url in where for url in LinkCheck.objects.dead().values_list("url", flat=True))
    claims = old_claims(timezone.now().date()).count()
    told = []
    if dead:
        text = "1 link is dead" if dead == 1 else f"{dead} links are dead"
        told.append(Attention(dead, f"{text}.", f"{page}#dead"))
    if claims:
        text = "1 claim was" if claims == 1 else f"{claims} claims were"
        told.append(Attention(claims, f"{text} not checked for a year.", f"{page}#claims"))
    return told
