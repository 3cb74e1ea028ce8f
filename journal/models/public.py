from django.db import models

from mastery.models import User


class PublicLog(models.Model):
    """When what anybody may see of a person's log last changed, by going away too.

    Triggers keep it, as no save method sees every way there. It is a whole second that no other
    change of that log has, so that an HTTP date tells any two states apart.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="public_log")
    changed = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"{self.user_id} {self.changed:%Y-%m-%d %H:%M:%S}"
