"""allauth's forms for keys and passkeys, closed to answers that no key would give."""

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError

logger = logging.getLogger(__name__)

UNREADABLE = "The answer of the key could not be read. Try again."


@contextmanager
def readable() -> Generator[None]:
    """Make a form's error of whatever a key's answer makes its parsers raise.

    They take apart JSON, CBOR and certificates, and each trips over a wrong one in its own way.
    """
    try:
        yield
    except (ValidationError, ImmediateHttpResponse, DatabaseError):
        raise
    except Exception as error:
        logger.info("A key's answer was refused.", exc_info=True)
        raise ValidationError(UNREADABLE, code="unreadable") from error


class CredentialField(forms.JSONField):
    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        with readable():
            answer = super().to_python(value)
            # It is kept as jsonb, which has no NUL.
            if answer is not None and (
                not isinstance(answer, dict) or "\\u0000" in json.dumps(answer)
            ):
                raise ValidationError(UNREADABLE, code="unreadable")
        return answer

    def bound_data(self, data: Any, initial: Any) -> Any:
        # Good for one try: it is not sent back.
        return initial


class AddForm(allauth.AddWebAuthnForm):
    credential = CredentialField()

    def clean(self) -> dict[str, Any]:
        with readable():
            cleaned: dict[str, Any] = super().clean()
            return cleaned


class AuthenticateForm(allauth.AuthenticateWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        with readable():
            return super().clean_credential()


class LoginForm(AuthenticateForm, allauth.LoginWebAuthnForm):
    pass


class ReauthenticateForm(AuthenticateForm, allauth.ReauthenticateWebAuthnForm):
    pass
