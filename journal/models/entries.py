import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify

from journal.models.fields import CodeField
from journal.models.links import EntryMilestone, Tag
from journal.models.pictures import Picture, PictureUse, names_in
from journal.models.revisions import EntryRevision, columns_of, html_of
from journal.models.search import SearchField
from journal.models.writing import PROMPTS, Writing
from mastery.models import User
from roadmap.models import Milestone

KEPT_IN_BIN = dt.timedelta(days=30)
# Neither rewritten since nor withdrawn by its author, who makes it private for themselves then.
AS_TAKEN_DOWN = ~Q(shown_before="") & Q(changed__lte=models.F("taken_down_at"))


class ConflictError(Exception):
    """The entry moved on after the form was opened: nothing is written over it."""

    def __init__(self, entry: "Entry") -> None:
        super().__init__(f"{entry} is at revision {entry.revision}")
        self.entry = entry


class EntryQuerySet(models.QuerySet["Entry"]):
    def of(self, user: User) -> "EntryQuerySet":
        return self.filter(user=user)

    def live(self) -> "EntryQuerySet":
        return self.filter(deleted_at=None)

    def binned(self) -> "EntryQuerySet":
        return self.filter(deleted_at__isnull=False)

    def public(self) -> "EntryQuerySet":
        """Those that anybody may come across."""
        return self.live().filter(visibility=Entry.Visibility.PUBLIC)

    def shared(self) -> "EntryQuerySet":
        """Those that anybody with the address may read."""
        return self.live().exclude(visibility=Entry.Visibility.PRIVATE)

    def moderated(self) -> "EntryQuerySet":
        """Those that hosts answer for: what is shared, and what they took down."""
        shared = ~Q(visibility=Entry.Visibility.PRIVATE)
        return self.live().filter(shared | Q(taken_down_at__isnull=False))

    def open_to_hosts(self) -> "EntryQuerySet":
        """Those whose words a host may read: also taken down ones, as long as they are as then."""
        shared = ~Q(visibility=Entry.Visibility.PRIVATE)
        return self.live().filter(shared | AS_TAKEN_DOWN)

    def with_words(self) -> "EntryQuerySet":
        """Bring tags, milestones and the current revision along, in a query each."""
        current = EntryRevision.objects.filter(number=models.F("entry__revision"))
        return self.prefetch_related(
            "tags", "milestones", models.Prefetch("revisions", current, to_attr="current")
        )

    def add(
        self,
        user: User,
        writings: Iterable[Writing],
        *,
        now: dt.datetime,
        visibility: str = "private",
        zone: str = "",
        code: str = "",
    ) -> "list[Entry]":
        """Write new entries down, each with its first revision, all or none.

        Takes what ``Writing.problems`` finds nothing wrong with, in as many statements for
        a thousand as for one. A form carries the ``code`` of its one entry, so that sending it
        twice cannot add two: the second time raises IntegrityError.
        """
        tidied = [writing.tidied() for writing in writings]
        entries = [
            Entry(
                user=user,
                zone=zone or user.time_zone,
                visibility=visibility,
                published_at=now if visibility == Entry.Visibility.PUBLIC else None,
                updated_at=now if visibility == Entry.Visibility.PUBLIC else None,
                created=now,
                changed=now,
                **({"code": code} if code else {}),
                **columns_of(writing),
            )
            for writing in tidied
        ]
        pairs = list(zip(entries, tidied, strict=True))
        with transaction.atomic():
            pictures = Picture.objects.of(user).held_for(tidied)
            self.bulk_create(entries)
            EntryRevision.objects.bulk_create(
                _revision(entry, writing, pictures, number=1, now=now) for entry, writing in pairs
            )
            _link(user, pairs, pictures)
        return entries


class Entry(models.Model):
    """One dated note in a person's log."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", "Private: only you"
        UNLISTED = "unlisted", "Unlisted: whoever has the link"
        PUBLIC = "public", "Public: on your public log and in its feed"

    user = models.ForeignKey(User, models.CASCADE, related_name="entries")
    code = CodeField()
    day = models.DateField(help_text="The person's own date.")
    zone = models.CharField(max_length=64, help_text="The time zone that date was read in.")
    title = models.CharField(max_length=200, blank=True)
    tried = models.TextField(blank=True)
    happened = models.TextField(blank=True)
    learned = models.TextField(blank=True)
    next = models.TextField(blank=True)
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    build_work = models.BooleanField(default=False)
    tags = models.ManyToManyField(Tag, related_name="entries")
    milestones = models.ManyToManyField(Milestone, through="EntryMilestone", related_name="entries")
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    revision = models.PositiveIntegerField(default=1, help_text="Number of the current one.")
    created = models.DateTimeField()
    changed = models.DateTimeField(help_text="When the current revision was saved.")
    published_at = models.DateTimeField(
        null=True, help_text="When it first became public. Never changes."
    )
    updated_at = models.DateTimeField(
        null=True, help_text="When public words last changed: what feeds call updated."
    )
    deleted_at = models.DateTimeField(null=True, help_text="In the bin since.")
    taken_down_at = models.DateTimeField(
        null=True, editable=False, help_text="Since then only its author reads it."
    )
    taken_down_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    taken_down_reason = models.CharField(max_length=500, blank=True, editable=False)
    shown_before = models.CharField(
        max_length=8,
        blank=True,
        editable=False,
        choices=Visibility,
        help_text="Who could read it until it was taken down.",
    )
    search = SearchField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "-pk"]
        verbose_name_plural = "entries"
        permissions = [("take_down_entry", "Can take a shared entry down")]
        indexes = [
            models.Index(
                fields=["user", "-day", "-id"], condition=Q(deleted_at=None), name="entry_by_day"
            ),
            models.Index(
                fields=["user", "-day", "-id"],
                condition=Q(deleted_at=None, visibility="public"),
                name="entry_public_by_day",
            ),
            models.Index(
                fields=["user", "-published_at", "-id"],
                condition=Q(deleted_at=None, visibility="public"),
                name="entry_public_by_date",
            ),
            models.Index(
                fields=["user", "-deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="entry_in_bin",
            ),
            GinIndex(fields=["search"], condition=Q(deleted_at=None), name="entry_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(tried="", happened="", learned="", next=""),
                name="entry_says_something",
                violation_error_message="Fill in at least one of the four prompts.",
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=["private", "unlisted", "public"]),
                name="entry_visibility",
                violation_error_message="An entry is private, unlisted or public.",
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gte=1, minutes__lte=1440),
                name="entry_minutes_range",
                violation_error_message="Minutes lie between 1 and 1,440, which is a day.",
            ),
            models.CheckConstraint(
                condition=~Q(visibility="public") | Q(published_at__isnull=False),
                name="entry_public_has_date",
                violation_error_message="What is public was published at some time.",
            ),
            models.CheckConstraint(
                condition=Q(taken_down_at=None) | Q(visibility="private"),
                name="entry_taken_down_is_private",
                violation_error_message="What was taken down stays private until that is lifted.",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Entry of {self.day}"

    def get_absolute_url(self) -> str:
        return reverse("entry", args=[self.code])

    @property
    def slug(self) -> str:
        """The readable end of the public address. It follows the title; the code decides."""
        return slugify(self.title)[:60].strip("-") or str(self.day)

    @property
    def public_path(self) -> str:
        return reverse("public_entry", args=[self.user.handle, self.code, self.slug])

    @property
    def words(self) -> dict[str, SafeString]:
        """The current revision's HTML of each prompt that is filled; needs ``with_words``."""
        revision: EntryRevision
        (revision,) = vars(self)["current"]
        return revision.words

    @property
    def texts(self) -> dict[str, str]:
        return {prompt: text for prompt in PROMPTS if (text := getattr(self, prompt))}

    def writing(self) -> Writing:
        """Give what is written now, as it would be written again."""
        return Writing(
            day=self.day,
            title=self.title,
            tags=tuple(sorted(tag.name for tag in self.tags.all())),
            milestones=tuple(sorted(milestone.key for milestone in self.milestones.all())),
            minutes=self.minutes,
            build_work=self.build_work,
            **{prompt: getattr(self, prompt) for prompt in PROMPTS},
        )

    def rewrite(
        self,
        writing: Writing,
        *,
        began_from: int,
        now: dt.datetime,
        restored_from: int | None = None,
    ) -> bool:
        """Save other words as the next revision; say whether there was anything to save.

        Raises ConflictError when the entry has moved on since revision ``began_from``, unless to
        the very same words: a form sent twice saves once.
        """
        writing = writing.tidied()
        with transaction.atomic():
            current = Entry.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if writing == current.writing():
                return False
            if current.revision != began_from:
                raise ConflictError(current)
            columns = columns_of(writing)
            seen = any(getattr(current, name) != columns[name] for name in ("title", *PROMPTS))
            # While it is hidden too: whoever reads it next finds other words.
            if seen and current.published_at:
                columns["updated_at"] = now
            for name, value in columns.items():
                setattr(self, name, value)
            self.revision, self.changed = began_from + 1, now
            self.save(update_fields=[*columns, "revision", "changed"])
            pictures = Picture.objects.of(self.user).held_for([writing])
            _revision(
                self, writing, pictures, number=self.revision, now=now, source=restored_from
            ).save()
            EntryMilestone.objects.filter(entry=self).delete()
            Entry.tags.through._default_manager.filter(entry_id=self.pk).delete()
            PictureUse.objects.filter(entry=self).update(current=False)
            _link(self.user, [(self, writing)], pictures)
        return True

    def show_to(self, visibility: str, *, now: dt.datetime) -> bool:
        """Decide who may read it; say whether that holds, as it does not for what was taken down.

        The date of publication stays the first one.
        """
        changes: dict[str, Any] = {"visibility": visibility}
        if visibility == Entry.Visibility.PUBLIC and self.visibility != visibility:
            changes |= {
                "published_at": self.published_at or now,
                "updated_at": self.updated_at or now,
            }
        rows = Entry.objects.filter(pk=self.pk)
        if visibility == Entry.Visibility.PRIVATE:
            changes["shown_before"] = ""
        else:
            rows = rows.filter(taken_down_at=None)
        if not rows.update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def take_down(self, *, by: User, reason: str, now: dt.datetime) -> bool:
        """Make it private until a host lifts that; say whether anybody else could read it."""
        shared = Entry.objects.shared().filter(pk=self.pk)
        return bool(
            shared.update(
                shown_before=models.F("visibility"),
                visibility=Entry.Visibility.PRIVATE,
                taken_down_at=now,
                taken_down_by=by,
                taken_down_reason=reason,
            )
        )

    def lift(self) -> bool:
        """Leave it to its author again; say whether it was taken down.

        Whoever could read it can read it again, unless it is not what it was any more.
        """
        down = Entry.objects.filter(pk=self.pk, taken_down_at__isnull=False)
        as_it_was = models.When(AS_TAKEN_DOWN & Q(deleted_at=None), then=models.F("shown_before"))
        return bool(
            down.update(
                visibility=models.Case(as_it_was, default=models.Value(Entry.Visibility.PRIVATE)),
                shown_before="",
                taken_down_at=None,
                taken_down_by=None,
                taken_down_reason="",
            )
        )

    def put_in_bin(self, *, now: dt.datetime) -> bool:
        """Take it away from everybody, for 30 days to take back; say whether it was not there."""
        return bool(Entry.objects.live().filter(pk=self.pk).update(deleted_at=now))

    def take_back(self) -> bool:
        """Take it out of the bin, private whatever it was; say whether it was there."""
        binned = Entry.objects.binned().filter(pk=self.pk)
        changes = {"visibility": Entry.Visibility.PRIVATE, "shown_before": ""}
        return bool(binned.update(deleted_at=None, **changes))


def _revision(
    entry: Entry,
    writing: Writing,
    pictures: Iterable[Picture],
    *,
    number: int,
    now: dt.datetime,
    source: int | None = None,
) -> EntryRevision:
    return EntryRevision(
        entry=entry,
        number=number,
        tags=list(writing.tags),
        milestones=list(writing.milestones),
        html=html_of(writing, entry.code, {one.name: one.dimensions for one in pictures}),
        saved=now,
        restored_from=source,
        **columns_of(writing),
    )


def _link(user: User, pairs: Sequence[tuple[Entry, Writing]], pictures: Iterable[Picture]) -> None:
    """Hang tags, milestones and pictures on entries that have none of them yet."""
    names = {name for _entry, writing in pairs for name in writing.tags}
    keys = {key for _entry, writing in pairs for key in writing.milestones}
    if names:
        Tag.objects.bulk_create(
            (Tag(user=user, name=name) for name in sorted(names)), ignore_conflicts=True
        )
        tags = dict(Tag.objects.filter(user=user, name__in=names).values_list("name", "pk"))
        through = Entry.tags.through
        through._default_manager.bulk_create(
            through(entry_id=entry.pk, tag_id=tags[name])
            for entry, writing in pairs
            for name in writing.tags
        )
    if keys:
        milestones = dict(Milestone.objects.filter(key__in=keys).values_list("key", "pk"))
        EntryMilestone.objects.bulk_create(
            EntryMilestone(entry=entry, milestone_id=milestones[key])
            for entry, writing in pairs
            for key in writing.milestones
            if key in milestones
        )
    if by_name := {one.name: one for one in pictures}:
        PictureUse.objects.bulk_create(
            (
                PictureUse(entry=entry, picture=by_name[name])
                for entry, writing in pairs
                for name in sorted(names_in([writing]) & by_name.keys())
            ),
            update_conflicts=True,
            unique_fields=["picture", "entry"],
            update_fields=["current"],
        )
