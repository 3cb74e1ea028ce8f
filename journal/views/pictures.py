import datetime as dt

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.models import Picture, PictureUse
from journal.pictures import MOST_BYTES, TOO_HEAVY, TYPES, PictureError, recode
from mastery.http import LearnerRequest, Request, length_of, see_other

ENVELOPE = 100_000  # bytes that a form may take beside the picture in it
MOST_AN_HOUR = 200
MOST_KEPT = 500_000_000  # bytes of one person's pictures
SHOWN = 60  # pictures on the page

HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

MISSING = "Choose a picture to send."
TOO_MANY = (
    f"You have sent {MOST_AN_HOUR} pictures within the last hour, which is as many as fit. "
    "Wait a while and try again."
)
FULL = (
    f"Your pictures fill the {MOST_KEPT // 1_000_000} MB there are for them. "
    "Delete entries with pictures that you no longer need, and empty the bin of them."
)


# Exempt here and held to it in what it calls: before the check for a token reads the form, one
# that is far too large is turned away.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def upload_picture(request: LearnerRequest) -> HttpResponseBase:
    """Take a picture, or show what was taken lately to those without JavaScript."""
    if request.method != "POST":
        return page(request)
    if length_of(request) > MOST_BYTES + ENVELOPE:
        return refuse(request, TOO_HEAVY, 413)
    return take(request)


@csrf_protect
def take(request: LearnerRequest) -> HttpResponseBase:
    sent, now = request.FILES.get("picture"), timezone.now()
    own = Picture.objects.of(request.user)
    if sent is None:
        return refuse(request, MISSING, 422)
    if (sent.size or 0) > MOST_BYTES:
        return refuse(request, TOO_HEAVY, 413)
    if own.filter(uploaded__gt=now - dt.timedelta(hours=1)).count() >= MOST_AN_HOUR:
        return refuse(request, TOO_MANY, 429)
    try:
        made = recode(sent.read())
    except PictureError as error:
        return refuse(request, str(error), 422)
    if own.bytes_kept() + len(made.data) > MOST_KEPT:
        return refuse(request, FULL, 413)
    picture = Picture.objects.keep(request.user, made, now=now)
    if wants_json(request):
        said = {"note": made.note} if made.note else {}
        size = {"width": picture.width, "height": picture.height}
        answer = {"markdown": picture.markdown, "url": picture.get_absolute_url(), **size, **said}
        return JsonResponse(answer, status=201)
    messages.success(request, "The picture is kept. Copy its line into an entry.")
    if made.note:
        messages.warning(request, made.note)
    return see_other(reverse("upload_picture"))


@require_POST
def delete_picture(request: LearnerRequest, name: str) -> HttpResponse:
    """Delete a picture that is in no entry; one that is goes with its entry."""
    picture = get_object_or_404(Picture.objects.of(request.user).defer("data"), name=name)
    if Picture.objects.unused().filter(pk=picture.pk).erase():
        messages.success(request, "The picture is deleted.")
    else:
        messages.error(request, "An entry shows this picture, or did once: it goes with the entry.")
    return see_other(reverse("upload_picture"))


@login_not_required
@require_safe
def picture(request: Request, name: str) -> HttpResponseBase:
    """Show a picture to whom an entry with it is shown; to others there is none."""
    visible = Picture.objects.visible_to(request.user).defer("data")
    found = get_object_or_404(visible, name=name)
    # A name stands for the same bytes as long as there are any.
    etag = f'"{found.name}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        whole = request.method == "GET"
        response = HttpResponse(found.data if whole else b"", TYPES[found.kind])
        response.headers["Content-Length"] = str(found.size)
        response.headers["Content-Disposition"] = f'inline; filename="{found}"'
        # It is compressed already: the middleware shall not try.
        request.META.pop("HTTP_ACCEPT_ENCODING", None)
    for header, value in (("ETag", etag), *HEADERS.items()):
        response.headers[header] = value
    if found.user_id != request.user.pk:
        # Shown to anybody, so also on the pages of feed readers.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def wants_json(request: Request) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def refuse(request: LearnerRequest, why: str, status: int) -> HttpResponse:
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": why}, status=status)
    else:
        response = page(request, why, status)
    if status == 429:
        response.headers["Retry-After"] = "600"
    return response


def page(request: LearnerRequest, error: str = "", status: int = 200) -> HttpResponse:
    used = Exists(PictureUse.objects.filter(picture=OuterRef("pk")))
    pictures = Picture.objects.of(request.user).defer("data").annotate(used=used)[:SHOWN]
    context = {
        "pictures": pictures,
        "error": error,
        "most": SHOWN,
        "megabytes": MOST_BYTES // 1_000_000,
    }
    return render(request, "journal/pictures.html", context, status=status)
