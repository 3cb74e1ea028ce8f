from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def log_file(request: LearnerRequest) -> HttpResponse:
    raise Http404


def import_log(request: LearnerRequest) -> HttpResponse:
    raise Http404


def import_check(request: LearnerRequest, pk: int) -> HttpResponse:
    raise Http404


def apply_import(request: LearnerRequest, pk: int) -> HttpResponse:
    raise Http404


def cancel_import(request: LearnerRequest, pk: int) -> HttpResponse:
    raise Http404
