import hashlib
import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from journal.api import (
    MEANINGS,
    MOST_BYTES,
    ProblemError,
    answer,
    body_of,
    date_of,
    shown,
    writing_of,
)
from journal.keyset import Place
from journal.models import Entry, IdempotencyKey
from journal.models.entries import EntryQuerySet
from journal.models.writing import LONGEST_TEXT, MOST_TAGS
from journal.search import QuestionError, ask, matching
from journal.text import fold, unkeepable
from mastery.http import Request
from mastery.models import ApiToken, User
from mastery.tokens import MOST_TOKENS, token_of, within

READS, WRITES, REFUSALS = "600/m/key", "120/m/key", "30/m/ip"
KEY = re.compile(r"[!-~]{1,200}")
PAGE, LONGEST_PAGE = 20, 100  # entries
PARAMETERS = {"cursor", "limit", "since", "tag", "q"}
UNUSABLE = "Some parameters cannot be used; errors says why."

Endpoint = Callable[..., HttpResponse]


def endpoint(*methods: str) -> Callable[[Callable[..., HttpResponse]], Endpoint]:
    """Make a view of a function that takes a request, its token and the address's parts.

    It knows tokens alone: no session, no cookie, so there is nothing to forge.
    """

    def decorated(act: Callable[..., HttpResponse]) -> Endpoint:
        @csrf_exempt
        @login_not_required
        @wraps(act)
        def view(request: Request, **parts: str) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise other_method(*methods)
                if request.headers.get("Accept") and not request.accepts("application/json"):
                    raise ProblemError(406, "Answers are JSON: accept application/json.")
                return act(request, admitted(request), **parts)
            except ProblemError as problem:
                return problem.response()

        # In the form of its own answers, rather than as a page.
        vars(view)["refuses_nul"] = True
        return view

    return decorated


def other_method(*methods: str) -> ProblemError:
    allowed = ", ".join(methods)
    return ProblemError(405, f"This takes {allowed}.", headers={"Allow": allowed})


def admitted(request: Request) -> ApiToken:
    """Give the token that lets this request in; raise the problem if none does."""
    token = token_of(request)
    writes = request.method == "POST"
    if token is None:
        if not within(request, "api_refused", REFUSALS):
            raise slower("There were too many requests without a valid token.")
        said = "Authorization" in request.headers
        challenge = 'Bearer realm="Mastery"' + (', error="invalid_token"' if said else "")
        raise ProblemError(
            401,
            "The token is wrong, revoked or not whole."
            if said
            else "Send a token: Authorization: Bearer mastery_…",
            headers={"WWW-Authenticate": challenge},
        )
    if writes and token.scope != ApiToken.Scope.WRITE:
        raise ProblemError(
            403,
            "This token may only read. Make one that may write.",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'},
        )
    action, rate = ("api_write", WRITES) if writes else ("api_read", READS)
    if not within(request, action, rate, key=str(token.pk)):
        raise slower(
            f"A token may {'write' if writes else 'read'} {rate.split('/')[0]} times a minute."
        )
    return token


def slower(why: str) -> ProblemError:
    return ProblemError(429, f"{why} Wait a minute.", headers={"Retry-After": "60"})


@endpoint("GET", "HEAD", "POST")
def api_log(request: Request, token: ApiToken) -> HttpResponse:
    return add(request, token) if request.method == "POST" else page(request, token)


@endpoint("GET", "HEAD")
def api_entry(request: Request, token: ApiToken, code: str) -> HttpResponse:
    found = Entry.objects.of(token.user).live().filter(code=code).first()
    if found is None:
        raise ProblemError(404, "You have no entry of this id.")
    return answer(shown(found))


@csrf_exempt
@login_not_required
def api_nothing(request: Request, rest: str) -> HttpResponse:
    raise Http404


@csrf_exempt
@login_not_required
def api_guide(request: Request) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return other_method("GET", "HEAD").response()
    limits = {
        "megabytes": MOST_BYTES // 1_000_000,
        "writes": WRITES.split("/")[0],
        "reads": READS.split("/")[0],
        "page": PAGE,
        "longest_page": LONGEST_PAGE,
        "characters": f"{LONGEST_TEXT:,}",
        "tags": MOST_TAGS,
        "tokens": MOST_TOKENS,
    }
    problems = [(status, meaning) for status, (_title, meaning) in MEANINGS.items()]
    return render(request, "journal/api_guide.html", {"limits": limits, "problems": problems})


# Writing


def add(request: Request, token: ApiToken) -> HttpResponse:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise ProblemError(
            400, "An Idempotency-Key has 1 to 200 letters, digits and signs, no spaces."
        )
    text, is_json = body_of(request)
    if key is None:
        return added(write(token.user, text, is_json=is_json))
    digest = hashlib.sha256(f"{is_json}\n{text}".encode()).hexdigest()
    with transaction.atomic():
        # Of two at once the second waits here until the first is done or has failed.
        known, fresh = IdempotencyKey.objects.get_or_create(
            user=token.user, key=key, defaults={"digest": digest, "used": timezone.now()}
        )
        if fresh:
            known.entry = write(token.user, text, is_json=is_json)
            known.save(update_fields=["entry"])
            return added(known.entry)
    if known.digest != digest:
        raise ProblemError(
            422, "This Idempotency-Key was used with another body. Choose a new key."
        )
    if known.entry is None:
        raise ProblemError(409, "The entry that this Idempotency-Key made was deleted for good.")
    response = added(known.entry)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def write(user: User, text: str, *, is_json: bool) -> Entry:
    writing, visibility = writing_of(text, is_json=is_json, user=user)
    (entry,) = Entry.objects.add(user, [writing], now=timezone.now(), visibility=visibility)
    return entry


def added(entry: Entry) -> HttpResponse:
    place = f"{settings.ORIGIN}{reverse('api_entry', args=[entry.code])}"
    return answer(shown(entry), 201, headers={"Location": place})


# Reading


def page(request: Request, token: ApiToken) -> HttpResponse:
    entries = Entry.objects.of(token.user).live().prefetch_related("tags", "milestones")
    entries, limit = asked(entries, request.GET, token.user)
    found = list(entries.order_by("-day", "-pk")[: limit + 1])
    body: dict[str, object] = {"entries": [shown(entry) for entry in found[:limit]], "next": None}
    headers = {}
    if len(found) > limit:
        words = urlencode({**request.GET.dict(), "cursor": str(Place.of(found[limit - 1]))})
        body["next"] = following = f"{settings.ORIGIN}{reverse('api_log')}?{words}"
        headers["Link"] = f'<{following}>; rel="next"'
    return answer(body, headers=headers)


def asked(entries: EntryQuerySet, query: QueryDict, user: User) -> tuple[EntryQuerySet, int]:
    """Narrow entries down to what a query asks for; give them with the length of a page."""
    if refused := {name: why for name in query if (why := unkeepable(str(query[name])))}:
        raise ProblemError(400, UNUSABLE, errors=refused)
    errors = dict.fromkeys(sorted(set(query) - PARAMETERS)[:20], "There is no such parameter.")
    errors |= {name: "Give it once." for name in PARAMETERS if len(query.getlist(name)) > 1}
    limit = query.get("limit", str(PAGE))
    if not (re.fullmatch(r"[0-9]{1,3}", limit) and 1 <= int(limit) <= LONGEST_PAGE):
        errors["limit"] = f"Send a whole number from 1 to {LONGEST_PAGE}."
    if tag := query.get("tag"):
        entries = entries.filter(tags__name=fold(tag))
    if since := query.get("since"):
        if day := date_of(since):
            entries = entries.filter(day__gte=day)
        else:
            errors["since"] = "Send a date such as 2026-03-14."
    if words := query.get("q"):
        try:
            entries = matching(entries, user, ask(words))
        except QuestionError as error:
            errors["q"] = str(error)
    if cursor := query.get("cursor"):
        try:
            entries = Place.read(cursor).older(entries)
        except ValueError:
            errors["cursor"] = "Take the cursor from next of the page before."
    if errors:
        raise ProblemError(400, UNUSABLE, errors=errors)
    return entries, int(limit)
