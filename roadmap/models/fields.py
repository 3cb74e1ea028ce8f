"""Fields and states that content shares."""

import datetime as dt
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SLUG_RULE = "Lower-case letters, digits and single hyphens. It stays as it is once public."


class SlugField(models.SlugField[str, str]):
    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("help_text", SLUG_RULE)
        kwargs.setdefault("validators", [RegexValidator(SLUG_PATTERN, SLUG_RULE)])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def line(label: str | None = None, **options: object) -> "models.CharField[str, str]":
    return models.CharField(label, max_length=250, **options)  # type: ignore[arg-type]


class MarkdownField(models.TextField[str, str]):
    """Text with one kind of line end and nothing trailing, whatever the browser sent."""

    def to_python(self, value: object) -> str | None:
        text = super().to_python(value)
        return text if text is None else tidy(text)


def tidy(text: str) -> str:
    return "\n".join(row.rstrip() for row in text.splitlines()).strip("\n")


class State(models.TextChoices):
    DRAFT = "draft", "Draft: editors only"
    LIVE = "live", "Live"
    RETIRED = "retired", "Retired: kept for those who had it"


class PublishedQuerySet[M: models.Model](models.QuerySet[M]):
    def published(self) -> "PublishedQuerySet[M]":
        return self.filter(state=State.LIVE)


def state_field() -> "models.CharField[str, str]":
    return models.CharField(max_length=7, choices=State, default=State.LIVE, db_index=True)


def release_field() -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        "roadmap.Release",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="%(class)ss",
        verbose_name="published with",
        help_text="Drafts of one set are previewed and published together.",
    )


def since_field() -> "models.DateTimeField[dt.datetime | None, dt.datetime | None]":
    """When it came to the roadmap, so that learners who were done before can be told that it is
    new. None: it was there from the start."""
    return models.DateTimeField(null=True, default=timezone.now, editable=False)


def position_field(**options: object) -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        default=0,
        help_text="Smaller comes first.",
        **options,  # type: ignore[arg-type]
    )
