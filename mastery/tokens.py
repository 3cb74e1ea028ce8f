"""Personal tokens: the page where people make and revoke them, and what a request's one opens."""

import datetime as dt
import re
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.core.internal import ratelimit
from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mastery.http import LearnerRequest, see_other
from mastery.models import ApiToken, User

MOST_TOKENS = 20
NOTED_EVERY = dt.timedelta(minutes=1)
BEARER = re.compile(r"bearer +(mastery_[\w-]{43})", re.IGNORECASE | re.ASCII)


class TokenForm(forms.ModelForm[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        labels = {"scope": "What it may do"}
        help_texts = {"name": "Where it will be used, so that you know it again."}
        widgets = {"scope": forms.RadioSelect}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "placeholder": ""}

    def clean_name(self) -> str:
        # A form that is sent twice finds its own name taken, and makes one token.
        name = str(self.cleaned_data["name"])
        if ApiToken.objects.of(self.user).filter(revoked=None, name__iexact=name).exists():
            raise forms.ValidationError("You have a token of this name. Choose another one.")
        return name

    def clean(self) -> dict[str, Any] | None:
        if ApiToken.objects.of(self.user).filter(revoked=None).count() >= MOST_TOKENS:
            raise forms.ValidationError(
                f"You have {MOST_TOKENS} tokens, which is as many as fit. Revoke one first."
            )
        return super().clean()

    def grant(self) -> tuple[ApiToken, str] | None:
        """Make the token, and give it with its secret; nothing if nothing right was sent."""
        if not self.is_bound:
            return None
        with transaction.atomic():
            # Two forms sent at once are looked at one after the other.
            User.objects.select_for_update().get(pk=self.user.pk)
            if self.is_valid():
                return ApiToken.objects.grant(self.user, **self.cleaned_data)
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@never_cache
def tokens(request: LearnerRequest) -> HttpResponse:
    """List a person's tokens and make one; the answer to the form alone shows its secret."""
    form = TokenForm(request.POST if request.method == "POST" else None, user=request.user)
    token, secret = form.grant() or (None, "")
    status = 422 if form.errors else 200
    context = {
        "form": TokenForm(user=request.user) if token else form,
        "token": token,
        "secret": secret,
        "tokens": ApiToken.objects.of(request.user).filter(revoked=None),
    }
    return render(request, "mastery/tokens.html", context, status=status)


@require_POST
def revoke_token(request: LearnerRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.of(request.user), pk=pk)
    if ApiToken.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now()):
        messages.success(request, f"The token “{token.name}” is revoked. It opens nothing now.")
    return see_other(reverse("tokens"))


def token_of(request: HttpRequest) -> ApiToken | None:
    """Give the token that a request carries, with its user, and note its use; None if none is good.

    Only its digest is compared, by an index: how long that takes tells nothing about a secret.
    """
    carried = BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    if carried is None:
        return None
    valid = ApiToken.objects.valid().select_related("user")
    token = valid.filter(digest=ApiToken.digest_of(carried[1])).first()
    if token:
        now = timezone.now()
        stale = Q(last_used=None) | Q(last_used__lt=now - NOTED_EVERY)
        if token.last_used is None or token.last_used < now - NOTED_EVERY:
            ApiToken.objects.filter(stale, pk=token.pk).update(last_used=now)
    return token


def within(request: HttpRequest, action: str, rate: str, *, key: str | None = None) -> bool:
    """Count a request and say whether it is within its rate, as ``120/m/key`` or ``30/m/ip``.

    Counted where log-ins are, in the cache that all workers share.
    """
    usage = ratelimit.consume(
        request, app="mastery", action=action, config={action: rate}, key=key, limit_get=True
    )
    return usage is not None
