from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def upload_picture(request: LearnerRequest) -> HttpResponse:
    raise Http404


def picture(request: LearnerRequest, name: str) -> HttpResponse:
    raise Http404
