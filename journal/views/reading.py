from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def journal(request: LearnerRequest) -> HttpResponse:
    raise Http404


def tags(request: LearnerRequest) -> HttpResponse:
    raise Http404


def entry(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404
