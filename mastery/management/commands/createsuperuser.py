"""Django's command, by the rules of the site: lower case handles, an address for one person."""

import os
from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db.models import Field

from mastery.models import User


def cleaned(name: str, value: str) -> str:
    """Give what is to be stored, or raise what is wrong with it."""
    field = User._meta.get_field(name)
    assert isinstance(field, Field)
    value = str(field.clean(value.lower(), None))
    if name == "email" and value and User.objects.filter(email__iexact=value).exists():
        raise ValidationError("This e-mail address is in use.")
    return value


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        for name in (User.USERNAME_FIELD, *User.REQUIRED_FIELDS):
            value = options[name]
            if value is None and not options["interactive"]:
                value = os.environ.get(f"DJANGO_SUPERUSER_{name.upper()}")
            if not value:
                continue
            try:
                options[name] = cleaned(name, value)
            except ValidationError as error:
                raise CommandError(f"--{name}: {' '.join(error.messages)}") from None
        super().handle(*args, **options)

    def get_input_data(
        self, field: Field[Any, Any], message: str, default: str | None = None
    ) -> str | None:
        try:
            return cleaned(field.name, input(message) or default or "")
        except ValidationError as error:
            self.stderr.write(f"Error: {' '.join(error.messages)}")
            return None
