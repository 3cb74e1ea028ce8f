import datetime as dt
import hashlib
import secrets
import zoneinfo
from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

HANDLE_PATTERN = r"^[a-z0-9][a-z0-9-]{2,29}$"
HANDLE_HELP = "3 to 30 letters a–z, digits and hyphens. It is your name on public pages."

# Names that a visitor would take for the site itself, or that a page may want one day.
RESERVED_HANDLES = frozenset(
    {
        "about", "abuse", "account", "accounts", "admin", "administrator", "anonymous", "api",
        "app", "assets", "atom", "blog", "contact", "demo", "demo-learner", "editor", "editors",
        "everyone", "experiments", "export", "feed", "feeds", "help", "home", "host", "hostmaster",
        "hosts", "import", "index", "info", "journal", "level", "levels", "licence",
        "license", "log", "login", "logout", "mail", "manual", "mastery", "me", "method",
        "milestone", "milestones", "moderator", "moderators", "new", "news", "nobody", "null",
        "official", "owner", "papers", "password", "phase", "phases", "postmaster", "preview",
        "privacy", "profile", "progress", "provenance", "public", "register", "resources",
        "roadmap", "robots", "root", "rss", "search", "security", "settings", "signin", "signup",
        "site",
        "sitemap", "staff", "start", "static", "status", "support", "sysadmin", "system",
        "team", "terms", "theme", "tracker", "undefined", "user", "users", "webmaster", "week",
        "www",
    }
)  # fmt: skip


def validate_handle_is_free_to_take(value: str) -> None:
    if value.lower() in RESERVED_HANDLES:
        raise ValidationError("This handle is kept for the site. Choose another one.")


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError("This is no time zone we know. Choose one from the list.")


def default_tracks() -> list[str]:
    return ["trunk", "llm"]


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        # All lower case, as allauth looks for it.
        return super().normalize_email(email).lower()

    def create_user(
        self, handle: str, email: str = "", password: str | None = None, **more: Any
    ) -> "User":
        user = self.model(handle=handle.lower(), email=self.normalize_email(email), **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, handle: str, email: str = "", password: str | None = None, **more: Any
    ) -> "User":
        return self.create_user(
            handle, email, password, **{**more, "is_staff": True, "is_superuser": True}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(handle=(username or "").lower())


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    handle = models.CharField(
        max_length=30,
        help_text=HANDLE_HELP,
        validators=[
            RegexValidator(
                HANDLE_PATTERN,
                "A handle has 3 to 30 letters a–z, digits and hyphens, "
                "and begins with a letter or a digit.",
            ),
            validate_handle_is_free_to_take,
        ],
    )
    email = models.EmailField("e-mail address", blank=True)
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text="Decides which day it is for you. Days already written never move.",
    )
    time_zone_confirmed = models.BooleanField(default=False)
    tracks = ArrayField(
        models.SlugField(),
        default=default_tracks,
        blank=True,
        help_text="The tracks that count in your totals.",
    )
    target_level = models.SlugField(default="l2", blank=True)
    target_date = models.DateField(null=True, blank=True)
    hours_a_week = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    rechecks = models.BooleanField(
        "Ask me again",
        default=True,
        help_text="30, 90 and 180 days after you built something, your home page asks whether you "
        "can do it again from a blank file. What you answer is yours alone.",
    )

    changes_seen = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When this person last looked at what changed in the roadmap.",
    )

    # What a stranger may see of a person; nothing of it by default.
    profile_is_public = models.BooleanField(
        "show my profile",
        default=False,
        help_text="Your name, these lines and links at your public address. Off: nobody sees them.",
    )
    name = models.CharField(max_length=80, blank=True, help_text="As it stands on your profile.")
    about = models.TextField(max_length=2000, blank=True, help_text="Markdown.")
    links = ArrayField(
        models.URLField(max_length=200),
        default=list,
        blank=True,
        size=6,
        help_text="Places that are yours. They carry rel=me, so that they can point back here.",
    )

    objects = UserManager()  # type: ignore[misc,assignment]

    USERNAME_FIELD = "handle"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handle"],
                name="user_handle_unique",
                violation_error_message="This handle is taken.",
            ),
            models.CheckConstraint(
                condition=models.Q(handle__regex=HANDLE_PATTERN),
                name="user_handle_shape",
                violation_error_message="A handle has 3 to 30 letters a–z, digits and hyphens.",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="user_email_unique",
                violation_error_message="This e-mail address is in use.",
            ),
            models.CheckConstraint(
                condition=models.Q(hours_a_week=None)
                | models.Q(hours_a_week__gte=1, hours_a_week__lte=100),
                name="user_hours_a_week_range",
                violation_error_message="Hours a week lie between 1 and 100.",
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def today(self) -> dt.date:
        """The date on this person's own calendar."""
        return timezone.now().astimezone(self.zone).date()

    def get_full_name(self) -> str:
        return self.handle

    def get_short_name(self) -> str:
        return self.handle


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def of(self, user: User) -> "ApiTokenQuerySet":
        return self.filter(user=user)

    def valid(self) -> "ApiTokenQuerySet":
        return self.filter(revoked=None, user__is_active=True)

    def grant(self, user: User, *, name: str, scope: str) -> "tuple[ApiToken, str]":
        """Make a token; give it with its secret, which nobody can tell again."""
        secret = f"mastery_{secrets.token_urlsafe(32)}"
        token = self.create(
            user=user,
            name=name,
            scope=scope,
            digest=ApiToken.digest_of(secret),
            ending=secret[-4:],
            created=timezone.now(),
        )
        return token, secret


class ApiToken(models.Model):
    """Lets a program act for a person. Kept as a digest alone: a copy of the table opens nothing.

    The secret has 256 random bits, so a plain SHA-256 cannot be run backwards.
    """

    class Scope(models.TextChoices):
        READ = "read", "Read the log"
        WRITE = "write", "Read and write the log"

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.READ)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    ending = models.CharField(max_length=4, editable=False, help_text="To tell tokens apart.")
    created = models.DateTimeField(editable=False)
    last_used = models.DateTimeField(null=True, editable=False)
    revoked = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope__in=["read", "write"]),
                name="api_token_scope",
                violation_error_message="A token reads, or reads and writes.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()
