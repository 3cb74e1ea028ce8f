"""What sign-up and log-in do about the ticks that a visitor brings along."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from mastery import accounts
from mastery.models import User
from roadmap.queries import manual
from tracker.claims import claim, difference
from tracker.queries import completions_of
from tracker.visitors import forget, ticks_of


class SignupForm(accounts.SignupForm):
    def custom_signup(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Claim the visitor's ticks, in the transaction that makes the account: both or neither."""
        super().custom_signup(request, user)
        assert isinstance(user, User)
        claim(user, manual(), ticks_of(request))


class AccountAdapter(accounts.AccountAdapter):
    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse:
        """Ask what becomes of this browser's ticks, whichever way somebody logged in.

        Where the account has all of them there is nothing to ask: it says so, and the browser
        lets go of them. That is so after a sign-up, at once or, when an address has to be
        verified first, at the first log-in: until then the cookie stays, as it does when the
        address had an account already, so that it does not tell one from the other.
        """
        assert isinstance(user, User)
        response: HttpResponse = super().post_login(request, user, **more)
        here = ticks_of(request)
        if not here:
            return response
        found = difference(here, completions_of(user), manual())
        if found:
            query = urlencode({"next": response["Location"]})
            response["Location"] = f"{reverse('claim')}?{query}"
            return response
        if found.same:
            receipt = render_to_string("tracker/_came_along.html", {"found": found})
            messages.success(request, receipt)
        forget(response)
        return response
