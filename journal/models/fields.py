import base64
import secrets
from typing import Any

from django.db import models

CODE_PATTERN = "[a-z2-7]{16}"


def fresh_code() -> str:
    """Give 80 random bits as 16 letters and digits: opaque, and too many to guess."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


class CodeField(models.CharField[str, str]):
    """The name of a row in addresses: opaque, given once, never changed."""

    def __init__(self, **options: Any) -> None:
        options |= {
            "max_length": 16,
            "unique": True,
            "default": fresh_code,
            "editable": False,
        }
        super().__init__(**options)
