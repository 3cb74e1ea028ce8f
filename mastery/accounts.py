"""What allauth asks of us: the rules for handles and addresses, letters, sign-up."""

import logging
import zoneinfo
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.templatekit import get_entrance_context_data
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from mastery.models import HANDLE_HELP, User

logger = logging.getLogger(__name__)

EMAIL_LENGTH = User._meta.get_field("email").max_length or 254


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_taken": "This handle is taken. Choose another one.",
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        # Handles are lower case; whoever types Ada means ada.
        return str(super().clean_username(username.lower(), shallow))

    def clean_email(self, email: str) -> str:
        # Every form with an address comes here before it asks the database.
        if len(email) > EMAIL_LENGTH:
            raise ValidationError(f"An e-mail address has at most {EMAIL_LENGTH} characters.")
        if not email.rpartition("@")[0].isascii():
            # Django takes a few letters for ASCII that mail servers do not.
            raise ValidationError("Enter a valid email address.", code="invalid")
        return str(super().clean_email(email))

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        # It is the way back into the account; another one takes its place or it stays.
        current = email_address.email == email_address.user.email
        return not current and bool(super().can_delete_email(email_address))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        try:
            with transaction.atomic():
                return bool(super().confirm_email(request, email_address))
        except IntegrityError:
            # Meanwhile it has become somebody else's address.
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Write a letter as text and, from the same text, as HTML with links to follow."""
        letter = super().render_mail(template_prefix, email, context, headers)
        assert isinstance(letter, EmailMultiAlternatives)
        parts = {"subject": letter.subject, "body": letter.body}
        letter.attach_alternative(render_to_string("account/email/letter.html", parts), "text/html")
        return letter

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter, or log that it could not be sent; SMTP's errors are OSErrors too.

        The page is the same either way: it must neither break half-way through nor tell by
        breaking that there was somebody to write to.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            logger.exception("The mail server did not take %s.", template_prefix)


class SignupForm(AllauthSignupForm):
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        handle = self.fields["username"]
        handle.label = "Handle"
        handle.help_text = HANDLE_HELP
        handle.widget.attrs |= {"autocomplete": "username", "placeholder": ""}

    def clean_time_zone(self) -> str:
        """Give the zone the browser detected; one we do not know is nobody's fault."""
        zone = str(self.cleaned_data["time_zone"])
        return zone if zone in zoneinfo.available_timezones() else "UTC"

    def custom_signup(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        user.time_zone = self.cleaned_data["time_zone"]
        user.save(update_fields=["time_zone"])

    def try_save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        try:
            with transaction.atomic():
                return self._save_or_write(request)
        except IntegrityError:
            # Between check and save somebody took the handle or the address: check again.
            self.full_clean()
        if self.is_valid() and self.account_already_exists:
            return self._save_or_write(request)
        if self.is_valid():
            self.add_error(None, "Somebody was faster with this handle or address. Try again.")
        context = {"form": self, **get_entrance_context_data(request)}
        return None, TemplateResponse(request, "account/signup.html", context)

    def _save_or_write(
        self, request: HttpRequest
    ) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        """Make the account, or write to whoever has the address already."""
        if self.account_already_exists:
            # As slow as for a new address: the time must not tell one from the other.
            make_password(self.cleaned_data["password1"])
        user, response = super().try_save(request)
        return user, response


class AddEmailForm(AllauthAddEmailForm):
    def save(self, request: HttpRequest) -> EmailAddress:
        """Keep the new address beside the current one, which it replaces when confirmed.

        allauth takes any unconfirmed address for the new one, and with it throws away a current
        one that nobody ever had to confirm.
        """
        assert isinstance(self.user, User)
        addresses = EmailAddress.objects.filter(user=self.user)
        with transaction.atomic():
            pending = addresses.filter(verified=False, primary=False)
            pending.exclude(email=self.user.email).delete()
            address, _new = addresses.get_or_create(
                user=self.user, email=self.cleaned_data["email"]
            )
        send_verification_email_to_address(request, address)
        return address
