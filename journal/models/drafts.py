import datetime as dt
from typing import Self

from django.db import models, transaction
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left, NullIf

from journal.models.entries import Entry
from journal.models.fields import CodeField
from journal.models.writing import PROMPTS
from mastery.models import User

# Autosaves so close to each other are one state to go back to.
MERGED = dt.timedelta(minutes=10)
MOST_CHECKPOINTS = 100

# What stands in a form's fields, by their names.
type Typed = dict[str, str | list[str]]


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, user: User) -> "DraftQuerySet":
        return self.filter(user=user)

    def open(self) -> "DraftQuerySet":
        return self.filter(discarded_at=None)

    def discarded(self) -> "DraftQuerySet":
        return self.exclude(discarded_at=None)

    def in_short(self) -> Self:
        """Leave the texts in the database but for their beginning, as ``excerpt``."""
        filled = [NullIf(KT(f"fields__{name}"), Value("")) for name in ("title", *PROMPTS)]
        excerpt = Left(Coalesce(*filled, Value("")), 140)
        return (
            self.select_related("entry")
            .defer("fields", *(f"entry__{prompt}" for prompt in PROMPTS))
            .annotate(excerpt=excerpt)
        )

    def keep(
        self,
        user: User,
        fields: Typed,
        *,
        entry: Entry | None,
        began_from: int,
        code: str,
        version: int | None,
        now: dt.datetime,
    ) -> "tuple[Draft, bool]":
        """Keep what stands in a form; give its draft, and whether that is another than it named.

        A form that fell behind its draft, because a second one writes into it too, gets a draft
        of its own. What was sent before and is sent again, its answer lost, is the same draft.
        """
        place = self.of(user).open().filter(entry=entry)
        with transaction.atomic():
            draft = place.select_for_update(of=("self",)).filter(code=code).first()
            if draft is None or (draft.version != version and draft.fields != fields):
                draft = place.filter(fields=fields).first()
            if draft is None:
                draft = Draft(user=user, entry=entry, created=now, version=0)
            if draft.fields != fields:
                draft.set(fields, began_from=began_from, now=now)
        return draft, bool(code) and draft.code != code

    def finish(self, user: User, fields: Typed, *, code: str, version: int | None) -> None:
        """Let go of a draft that was saved as an entry, unless it holds something else by now."""
        draft = self.of(user).select_for_update(of=("self",)).filter(code=code).first()
        if draft and (version in (None, draft.version) or draft.fields == fields):
            draft.delete()


class Draft(models.Model):
    """What stands in a form and is not saved as an entry yet: typed words, valid or not.

    Each opened form has a draft of its own, so that two browsers never write over each other.
    Saving the entry ends it; a discarded one can be taken back for 30 days.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    code = CodeField()
    entry = models.ForeignKey(
        Entry, models.CASCADE, null=True, related_name="drafts", help_text="None: a new entry."
    )
    began_from = models.PositiveIntegerField(
        default=0, help_text="The entry's revision that the form was opened with."
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Counts autosaves: a form that fell behind gets a draft of its own."
    )
    fields = models.JSONField(help_text="The form's fields as typed, by name.")
    created = models.DateTimeField()
    saved = models.DateTimeField()
    discarded_at = models.DateTimeField(null=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-saved"]
        indexes = [models.Index(fields=["user", "-saved"], name="draft_by_user")]

    def __str__(self) -> str:
        return self.code

    def set(self, fields: Typed, *, began_from: int, now: dt.datetime) -> None:
        """Write down what is typed now, in place of what was; that stays as a checkpoint."""
        self.fields, self.began_from, self.saved = fields, began_from, now
        self.version += 1
        self.save()
        latest = self.checkpoints.first()
        if latest and now - latest.began < MERGED:
            latest.fields, latest.began_from, latest.saved = fields, began_from, now
            latest.save(update_fields=["fields", "began_from", "saved"])
        else:
            self._check_in(now)
            stale = self.checkpoints.values("pk")[MOST_CHECKPOINTS:]
            self.checkpoints.filter(pk__in=stale).delete()

    def go_back_to(self, checkpoint: "DraftCheckpoint", *, now: dt.datetime) -> None:
        """Put an earlier state back; the one it replaces stays a checkpoint."""
        self.fields, self.began_from, self.saved = checkpoint.fields, checkpoint.began_from, now
        self.version += 1
        self.save(update_fields=["fields", "began_from", "saved", "version"])
        self._check_in(now)

    def _check_in(self, now: dt.datetime) -> None:
        self.checkpoints.create(
            fields=self.fields, began_from=self.began_from, began=now, saved=now
        )


class DraftCheckpoint(models.Model):
    """A draft as it stood once. Autosaves within ten minutes merge into one."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="checkpoints")
    fields = models.JSONField()
    began_from = models.PositiveIntegerField(
        default=0, help_text="The entry's revision that these words know of."
    )
    began = models.DateTimeField()
    saved = models.DateTimeField()

    class Meta:
        ordering = ["-began"]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.began:%H:%M}"
