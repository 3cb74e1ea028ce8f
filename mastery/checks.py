"""Is this deployment sane? Run by ``manage.py check --deploy``."""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register


@register(Tags.security, deploy=True)
def cache_is_shared(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Attempts to log in are counted in the cache; one cache a process is one count a process."""
    if "LocMem" in settings.CACHES["default"]["BACKEND"]:
        return [
            checks.Warning(
                "The cache is not shared between workers, so rate limits are not either.",
                hint="Use the database cache.",
                id="mastery.W001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def mail_has_a_sender(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A mail server that gets mail from localhost refuses it or loses it."""
    if settings.MAIL_URL and parseaddr(settings.DEFAULT_FROM_EMAIL)[1].endswith("@localhost"):
        return [
            checks.Warning(
                "Mail would be sent from an address on localhost.",
                hint="Set MASTERY_MAIL_FROM, or MASTERY_ORIGIN to the site's address.",
                id="mastery.W002",
            )
        ]
    return []
