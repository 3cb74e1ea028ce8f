from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def public_log(request: LearnerRequest, handle: str) -> HttpResponse:
    raise Http404


def public_entry(request: LearnerRequest, handle: str, code: str, slug: str) -> HttpResponse:
    raise Http404


def public_tag(request: LearnerRequest, handle: str, tag: str) -> HttpResponse:
    raise Http404


def feed(request: LearnerRequest, handle: str) -> HttpResponse:
    raise Http404


def tag_feed(request: LearnerRequest, handle: str, tag: str) -> HttpResponse:
    raise Http404
