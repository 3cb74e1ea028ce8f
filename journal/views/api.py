from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def api_log(request: LearnerRequest) -> HttpResponse:
    raise Http404


def api_guide(request: LearnerRequest) -> HttpResponse:
    raise Http404
