import base64
import datetime as dt
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Sum, TextField
from django.db.models.functions import Cast
from django.urls import reverse

from journal.models.writing import PROMPTS, Writing
from mastery.markdown.pictures import OWN
from mastery.models import User

if TYPE_CHECKING:
    from journal.models.entries import Entry
    from journal.pictures import Recoded

# How long a picture waits for an entry to show it.
WAITS = dt.timedelta(days=1)


def fresh_name() -> str:
    """Give 160 random bits as 32 letters and digits."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def names_in(writings: Iterable[Writing]) -> set[str]:
    """Give the names of pictures that texts may show: wherever an address of one stands."""
    return {
        name
        for writing in writings
        for prompt in PROMPTS
        for name in OWN.findall(getattr(writing, prompt))
    }


class PictureQuerySet(models.QuerySet["Picture"]):
    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def visible_to(self, viewer: User | AnonymousUser) -> Self:
        """A person's own, and what somebody shows in an entry that is not private."""
        shown = PictureUse.objects.filter(
            picture=OuterRef("pk"),
            current=True,
            entry__deleted_at=None,
            entry__visibility__in=["unlisted", "public"],
            entry__user__is_active=True,
        )
        return self.filter(Q(user=viewer.pk) | Exists(shown))

    def unused(self) -> Self:
        """Those that no entry shows or ever showed."""
        return self.filter(~Exists(PictureUse.objects.filter(picture=OuterRef("pk"))))

    def undrafted(self) -> Self:
        """Those that no draft holds: what is typed and not saved may still want them."""
        drafts = apps.get_model("journal", "Draft")._default_manager
        holding = drafts.filter(user=OuterRef("user")).annotate(text=Cast("fields", TextField()))
        return self.filter(~Exists(holding.filter(text__contains=OuterRef("name"))))

    def bytes_kept(self) -> int:
        total: int = self.aggregate(total=Sum("size", default=0))["total"]
        return total

    def keep(self, user: User, made: "Recoded", *, now: dt.datetime) -> "Picture":
        return self.create(
            user=user,
            kind=made.kind,
            width=made.width,
            height=made.height,
            size=len(made.data),
            data=made.data,
            uploaded=now,
        )

    def named_in(self, writings: Iterable[Writing]) -> Self:
        return self.filter(name__in=names_in(writings)).defer("data")

    def held_for(self, writings: Iterable[Writing]) -> "list[Picture]":
        """Give those that texts name, and see that none is deleted before they are saved."""
        return list(self.named_in(writings).select_for_update(no_key=True).order_by("pk"))

    def gone_with(self, entries: "Iterable[Entry]") -> int:
        """Delete the pictures that these entries alone use; give how many.

        To be called in the transaction that deletes the entries for good, before it does.
        """
        going = [entry.pk for entry in entries]
        uses = PictureUse.objects.filter(picture=OuterRef("pk"))
        alone = self.filter(
            Exists(uses.filter(entry__in=going)), ~Exists(uses.exclude(entry__in=going))
        )
        return alone.undrafted().erase()

    def sweep(self, now: dt.datetime) -> int:
        """Delete what was uploaded more than a day ago and is in no entry; give how many."""
        return self.unused().filter(uploaded__lt=now - WAITS).undrafted().erase()

    def erase(self) -> int:
        """Delete them, but for those that an entry being saved took meanwhile; give how many."""
        with transaction.atomic():
            held = self.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
            # Whoever had them has saved by now: asked again, the conditions see it. Django reads
            # the rows first; their bytes can stay where they are.
            _all, by_model = self.filter(pk__in=list(held)).defer("data").delete()
        return by_model.get("journal.Picture", 0)


class Picture(models.Model):
    """A picture in a log, re-encoded by us. It lies in the database: kept, shown and deleted with
    the entry that shows it, in the same transaction.
    """

    class Kind(models.TextChoices):
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"
        WEBP = "webp", "WebP"
        GIF = "gif", "GIF"

    user = models.ForeignKey(User, models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=32, unique=True, default=fresh_name, editable=False)
    kind = models.CharField(max_length=4, choices=Kind)
    width = models.PositiveIntegerField(help_text="Pixels.")
    height = models.PositiveIntegerField(help_text="Pixels.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    data = models.BinaryField()
    uploaded = models.DateTimeField()
    entries = models.ManyToManyField("journal.Entry", through="PictureUse", related_name="pictures")

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded"]

    def __str__(self) -> str:
        return f"{self.name}.{self.kind}"

    def get_absolute_url(self) -> str:
        return reverse("picture", args=[self.name])

    @property
    def dimensions(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def markdown(self) -> str:
        """What shows it in an entry."""
        return f"![]({self.get_absolute_url()})"


class PictureUse(models.Model):
    """That an entry's text shows a picture, or did in an older revision.

    Others see a picture only through an entry that shows it now.
    """

    picture = models.ForeignKey(Picture, models.CASCADE, related_name="uses")
    entry = models.ForeignKey("journal.Entry", models.CASCADE, related_name="picture_uses")
    current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["picture", "entry"],
                name="picture_use_unique",
                violation_error_message="The entry uses this picture already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.picture_id} in {self.entry_id}"
