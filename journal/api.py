"""What programs send to the log and get from it: JSON or Markdown in, JSON and problems out."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from journal.logfile import parse
from journal.models import PROMPTS, Entry, Writing
from journal.models.writing import LONGEST_TEXT
from journal.text import fold, tags_of, unkeepable
from mastery.http import length_of
from mastery.models import User
from roadmap.models import Milestone

MOST_BYTES = 2_000_000
MOST_NAMED = 20  # wrong fields that an answer speaks of
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TITLE = re.compile(r"\A#[ \t]+(.{1,200}?)(?:[ \t]+#+)?[ \t]*(?:\r?\n|\r|\Z)")

# What each status means here, in a title and a sentence for the guide.
MEANINGS = {
    400: (
        "The request cannot be read",
        "What was sent is no JSON or no UTF-8, or a parameter of the address is wrong.",
    ),
    401: ("No valid token", "There is no token with the request, or it is wrong or revoked."),
    403: ("The token may not do this", "A token that may only read was used to write."),
    404: ("There is nothing here", "You have no such entry, or the address has a slip in it."),
    405: ("Not by this method", "Allow names the methods that work."),
    406: ("No answer in that form", "The request accepts no JSON, and answers have no other form."),
    409: ("The entry is gone", "What this Idempotency-Key had made was deleted for good."),
    411: ("No length", "The body came in chunks, without a Content-Length."),
    413: ("Too large", "The body is larger than a request may be."),
    415: ("Not in this form", "The body is neither JSON nor text in UTF-8."),
    422: (
        "Not taken as it is",
        "A field cannot be kept, or the Idempotency-Key was used with another body.",
    ),
    429: ("Too many requests", "Retry-After says how many seconds to wait."),
    500: ("It broke here", "Nothing is wrong with the request: send it again later."),
}


class ProblemError(Exception):
    """Why a request is refused, as RFC 9457 has it: a status, a sentence, more by field."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.errors, self.headers = dict(errors or {}), dict(headers or {})

    def response(self) -> HttpResponse:
        body: dict[str, Any] = {
            "type": f"{settings.ORIGIN}{reverse('api_guide')}#problem-{self.status}",
            "title": MEANINGS[self.status][0],
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        return answer(body, self.status, "application/problem+json", self.headers)


def refusal(request: HttpRequest, status: int) -> HttpResponse | None:
    """Give the problem for what was refused before a view had it, or broke; None to people."""
    guide = reverse("api_guide")
    if not request.path.startswith(guide) or request.path == guide:
        return None
    details = {
        400: "The address, or the host it names, cannot be read.",
        404: f"Entries are at {reverse('api_log')}, without a slash behind.",
        500: "Something broke here. Send it again later, with the same Idempotency-Key.",
    }
    return ProblemError(status, details[status]).response()


def answer(
    body: Mapping[str, Any],
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return JsonResponse(body, status=status, content_type=content_type, headers=sent)


def shown(entry: Entry) -> dict[str, Any]:
    """Give an entry as programs see it; needs ``tags`` and ``milestones``."""
    writing = entry.writing()
    return {
        "id": entry.code,
        "url": f"{settings.ORIGIN}{entry.get_absolute_url()}",
        "date": writing.day.isoformat(),
        "zone": entry.zone,
        "title": writing.title,
        **{prompt: getattr(writing, prompt) for prompt in PROMPTS},
        "tags": writing.tags,
        "milestones": writing.milestones,
        "minutes": writing.minutes,
        "build_work": writing.build_work,
        "visibility": entry.visibility,
        "revision": entry.revision,
        "created": entry.created,
        "changed": entry.changed,
    }


# In


def body_of(request: HttpRequest) -> tuple[str, bool]:
    """Give the text that was sent, and whether it is JSON; whatever else is text is Markdown."""
    if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
        raise ProblemError(411, "Send a Content-Length, which a body sent in chunks does not have.")
    if length_of(request) > MOST_BYTES:
        raise ProblemError(413, f"A request has at most {MOST_BYTES // 1_000_000} MB.")
    kind = request.content_type or "text/plain"
    # curl's --data-binary names its data a form, whatever it is.
    form = kind == "application/x-www-form-urlencoded"
    if not (kind == "application/json" or kind.startswith("text/") or form):
        raise ProblemError(
            415, f"Send application/json, text/markdown or text/plain, not {kind[:80]}."
        )
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        raise ProblemError(415, "Send the text in UTF-8.")
    try:
        return request.body.decode("utf-8-sig"), kind == "application/json"
    except UnicodeDecodeError:
        raise ProblemError(400, "The text is not in UTF-8.") from None


def writing_of(text: str, *, is_json: bool, user: User) -> tuple[Writing, str]:
    """Read what was sent as an entry of today and the visibility wished for it."""
    if not is_json:
        writing, visibility = _note(text, user.today), "private"
        errors: dict[str, str] = {}
    else:
        fields = Fields(_object(text))
        visibility = fields.choice("visibility", Entry.Visibility.values) or "private"
        writing = Writing(
            day=fields.date("date") or user.today,
            title=fields.text("title"),
            tags=fields.names("tags"),
            milestones=fields.names("milestones"),
            minutes=fields.whole("minutes"),
            build_work=fields.truth("build_work"),
            **{prompt: fields.text(prompt) for prompt in PROMPTS},
        )
        errors = fields.finished()
    for name, sentence in writing.problems(today=user.today).items():
        errors.setdefault({"day": "date"}.get(name, name), sentence)
    if "milestones" not in errors and (missing := _missing(writing.milestones)):
        errors["milestones"] = f"There is no milestone “{missing[:60]}”."
    if errors:
        raise ProblemError(422, "Some fields cannot be taken; errors says why.", errors=errors)
    return writing, visibility


def _note(text: str, day: dt.date) -> Writing:
    """Read Markdown: a first line ``# Title`` is the title, the rest is what happened.

    A text that is laid out with the four prompts, as entries of LOG.md are, fills each of them.
    """
    heading = TITLE.match(text)
    title, body = (heading[1], text[heading.end() :]) if heading else ("", text)
    if not unkeepable(text) and len(text) <= LONGEST_TEXT:
        log = parse(f"## {day}\n\n{body}", today=day)
        one = len(log.entries) == 1 and not (log.undated or log.bare)
        entry = log.entries[0].writing if one else None
        if entry and entry.day == day and (entry.tried or entry.learned or entry.next):
            return replace(entry, title=title)
    return Writing(day=day, title=title, happened=body)


def _missing(keys: tuple[str, ...]) -> str:
    asked = [key for key in keys if not unkeepable(key)]
    there = set(Milestone.objects.filter(key__in=asked).values_list("key", flat=True))
    return next((key for key in keys if key not in there), "")


class RepeatedError(ValueError):
    """A name that stands twice in one JSON object."""


def _object(text: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            names = [name for name, _ in pairs]
            raise RepeatedError(next(name for name in names if names.count(name) > 1))
        return read

    def refused(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON")

    try:
        read = json.loads(text, object_pairs_hook=once, parse_constant=refused)
    except RepeatedError as error:
        name = str(error)[:60]
        raise ProblemError(
            400, "A name stands twice in the JSON.", errors={name: "Give it once."}
        ) from None
    except RecursionError:
        raise ProblemError(400, "The JSON is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise ProblemError(
            400, f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:
        raise ProblemError(
            400, "The JSON holds a number that is none, or far too long a one."
        ) from None
    if not isinstance(read, dict):
        raise ProblemError(400, "The JSON is not an object, {…}.")
    return read


class Fields:
    """Takes the fields of an entry out of JSON one by one, noting what is wrong with them."""

    def __init__(self, sent: dict[str, Any]) -> None:
        # To leave a field out and to send null is the same.
        self.sent = {name: value for name, value in sent.items() if value is not None}
        self.unknown = set(sent)
        self.errors: dict[str, str] = {}

    def _take(self, name: str, fits: type, wanted: str) -> Any:
        self.unknown.discard(name)
        value = self.sent.get(name)
        # To Python a truth is a number too.
        if value is None or type(value) is fits:
            return value
        self.errors[name] = f"Send {wanted}."
        return None

    def text(self, name: str) -> str:
        return self._take(name, str, "a text") or ""

    def whole(self, name: str) -> int | None:
        value: int | None = self._take(name, int, "a whole number")
        return value

    def truth(self, name: str) -> bool:
        return bool(self._take(name, bool, "true or false"))

    def choice(self, name: str, choices: list[str]) -> str:
        value = self.text(name)
        if value and value not in choices:
            self.errors[name] = f"Send one of {', '.join(choices)}."
        return value

    def date(self, name: str) -> dt.date | None:
        value = self.text(name)
        if not value:
            return None
        if (day := date_of(value)) is None:
            self.errors[name] = "Send a date such as 2026-03-14."
        return day

    def names(self, name: str) -> tuple[str, ...]:
        """Give names that were sent as a list or as a line of them."""
        value = self.sent.get(name)
        if isinstance(value, list):
            self.unknown.discard(name)
            if not all(isinstance(one, str) for one in value):
                self.errors[name] = "Send a list of texts."
                return ()
            return tuple(dict.fromkeys(fold(one.strip().lstrip("#")) for one in value))
        return tags_of(self._take(name, str, "a list of texts") or "")

    def finished(self) -> dict[str, str]:
        for name in sorted(self.unknown)[:MOST_NAMED]:
            self.errors[name[:60]] = "There is no such field."
        return self.errors


def date_of(text: str) -> dt.date | None:
    if not DATE.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
