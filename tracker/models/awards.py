from typing import Any

from django.db import models

from mastery.models import User
from roadmap.models import Level


class AwardQuerySet(models.QuerySet["Award"]):
    def of(self, user: User) -> "AwardQuerySet":
        return self.filter(user=user)


class Award(models.Model):
    """That a person reached a level, by the rule of that time. Dated once and never taken back."""

    user = models.ForeignKey(User, models.CASCADE, related_name="awards")
    level = models.ForeignKey(Level, models.PROTECT, related_name="awards")
    granted_on = models.DateField(help_text="The person's own date when the last part was shown.")
    rule = models.JSONField(help_text="The rule that granted it: groups of milestone keys.")
    because = models.JSONField(
        help_text="What met each group: key, wording and date, as they stood."
    )
    unsupported_since = models.DateField(
        null=True, help_text="The person's own date when what held it up fell away."
    )

    objects = AwardQuerySet.as_manager()

    class Meta:
        ordering = ["level__position"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "level"],
                name="award_unique",
                violation_error_message="This level was awarded already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} of {self.user}"

    @property
    def supported(self) -> bool:
        return self.unsupported_since is None

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        rule: Any = self.rule
        return tuple(tuple(group) for group in rule)
