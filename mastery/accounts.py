"""What allauth asks of us: the rules for handles, and the sign-up form's time zone."""

import zoneinfo
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from mastery.models import HANDLE_HELP, User


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_taken": "This handle is taken. Choose another one.",
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        # Handles are lower case; whoever types Ada means ada.
        return str(super().clean_username(username.lower(), shallow))


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
