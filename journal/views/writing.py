from django.http import Http404, HttpResponse

from mastery.http import LearnerRequest


def new_entry(request: LearnerRequest) -> HttpResponse:
    raise Http404


def edit_entry(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def entry_history(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def restore_revision(request: LearnerRequest, code: str, number: int) -> HttpResponse:
    raise Http404


def delete_entry(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def set_visibility(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def journal_bin(request: LearnerRequest) -> HttpResponse:
    raise Http404


def restore_entry(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def autosave(request: LearnerRequest) -> HttpResponse:
    raise Http404


def discard_draft(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def restore_draft(request: LearnerRequest, code: str) -> HttpResponse:
    raise Http404


def preview(request: LearnerRequest) -> HttpResponse:
    raise Http404
