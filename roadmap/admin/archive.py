"""All content out as one archive of its files, and in again after a dry run."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from mastery.desk import Site
from mastery.http import see_other
from mastery.models import User
from roadmap.admin.dry_run import DryRun
from roadmap.archive import LARGEST_ARCHIVE, ArchiveError, pack, unpack
from roadmap.content import CONTENT, ContentError, Problem, read_bytes
from roadmap.content_kinds import Row, RowId
from roadmap.content_writer import write
from roadmap.groundwork import RefusedError
from roadmap.loader import MovedOnError, Report, load
from roadmap.models import ContentArchive, LoadedRow
from roadmap.planning import What
from roadmap.tables import TABLES, stored

KEPT_FOR = dt.timedelta(days=1)
PROBLEMS_SHOWN = 50
# A load may touch every kind of row in every way.
LOADING = [
    f"roadmap.{verb}_{table.model._meta.model_name}"
    for table in TABLES.values()
    for verb in ("add", "change", "delete")
]
GONE = "There is no archive to load any more: it was loaded, forgotten, or a day old."
MOVED_ON = (
    "The content changed since this dry run was made, so nothing was loaded. "
    "This is what would change now."
)

desk = cast("Site", admin.site)

type Files = Mapping[RowId, Row]


class ArchiveForm(forms.Form):
    archive = forms.FileField(
        label="Archive",
        help_text=f"A .zip archive of up to {LARGEST_ARCHIVE // 1_000_000} MB.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        error_messages={
            "required": "Choose an archive.",
            "empty": "There is nothing in this file.",
            "max_length": "The name of this file is too long. Give it a shorter one.",
        },
        max_length=250,
    )
    problems: list[Problem] = []
    name = ""
    body = b""

    def clean_archive(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["archive"]
        if file.size and file.size > LARGEST_ARCHIVE:
            raise forms.ValidationError(
                f"This file is larger than {LARGEST_ARCHIVE // 1_000_000} MB."
            )
        body: bytes = file.read()
        try:
            read_archive(body)
        except ArchiveError as error:
            raise forms.ValidationError(str(error)) from None
        except ContentError as error:
            self.problems = error.problems
            mistakes = ngettext("is %d mistake", "are %d mistakes", len(error.problems))
            raise forms.ValidationError(
                f"There {mistakes % len(error.problems)} in these files, so nothing was kept of "
                "them. Mend what stands below, and send the archive again."
            ) from None
        self.name, self.body = str(file.name), body
        return file

    @property
    def problems_shown(self) -> list[Problem]:
        return self.problems[:PROBLEMS_SHOWN]

    @property
    def more_problems(self) -> int:
        return len(self.problems) - len(self.problems_shown)


def read_archive(body: bytes) -> Files:
    """Read the rows of an archive's files.

    Raises:
        ArchiveError: it is not an archive of content files.
        ContentError: the files in it have mistakes.
    """
    return read_bytes(unpack(body))


@desk.page(
    "content",
    title="Export and import",
    summary="All content as one archive of files: take it out, or load one after a dry run.",
    permission="roadmap.view_phase",
)
@require_http_methods(["GET", "HEAD", "POST"])
def content(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return export(request) if "download" in request.GET else page(request)
    if not request.user.has_perms(LOADING):
        raise PermissionDenied
    act = {"check": check, "load": load_waiting, "forget": forget}.get(request.POST.get("do", ""))
    return act(request) if act else HttpResponseBadRequest("Nothing of this name can be done here.")


def export(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    files = write(stored().values())
    readme = (CONTENT / "README.md").read_text(encoding="utf-8")
    name = f"roadmap-{request.user.today:%Y-%m-%d}.zip"
    return HttpResponse(
        pack({**files, "README.md": readme}),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        **desk.each_context(request),
        "title": "Export and import",
        "may_load": request.user.has_perms(LOADING),
        "form": ArchiveForm(),
        **more,
    }
    if context["may_load"] and (archive := waiting(request).first()):
        try:
            context |= {"archive": archive, "dry_run": DryRun(read_archive(bytes(archive.body)))}
        except (ArchiveError, ContentError):
            # The rules of the files changed since it was sent.
            messages.error(request, f"The archive {archive} can be read no more. Send it again.")
    return TemplateResponse(request, "admin/content.html", context, status=status)


def waiting(request: HttpRequest) -> QuerySet[ContentArchive]:
    """Give what this person sent within a day and neither loaded nor forgot."""
    return ContentArchive.objects.filter(
        user=request.user.pk, uploaded__gt=timezone.now() - KEPT_FOR
    )


def asked_for(request: HttpRequest) -> QuerySet[ContentArchive]:
    """Give the archive that a form names, if it is this person's and still there."""
    pk = request.POST.get("archive", "")
    known = pk.isascii() and pk.isdecimal() and len(pk) < 18
    return waiting(request).filter(pk=int(pk) if known else 0)


def check(request: HttpRequest) -> HttpResponse:
    """Keep an archive, in place of the last one, for its dry run."""
    form = ArchiveForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, form=form, status=422)
    assert isinstance(request.user, User)
    old = ContentArchive.objects.filter(uploaded__lte=timezone.now() - KEPT_FOR)
    with transaction.atomic():
        (old | ContentArchive.objects.filter(user=request.user)).delete()
        ContentArchive.objects.create(user=request.user, name=form.name, body=form.body)
    return see_other(f"{reverse('admin:content')}#dry-run")


def load_waiting(request: HttpRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            archive = asked_for(request).select_for_update().first()
            if archive is None:
                messages.warning(request, GONE)
                return see_other(reverse("admin:content"))
            report = load(
                read_archive(bytes(archive.body)),
                force="force" in request.POST,
                source=LoadedRow.Source.ARCHIVE,
                expected=request.POST.get("plan") or "none",
            )
            archive.delete()
    except MovedOnError:
        messages.warning(request, MOVED_ON)
        return page(request, status=409)
    except RefusedError as error:
        messages.error(request, str(error))
        return page(request, status=409)
    except (ArchiveError, ContentError):
        return page(request, status=409)
    messages.success(request, f"Loaded {archive}: {told(report)}.")
    return see_other(reverse("admin:content"))


def told(report: Report) -> str:
    counts = {
        "new": len(report.created),
        "changed": len(report.updated),
        "removed or retired": len(report.removed),
        "left alone": len(report.plan.of(What.LEFT)),
        "refused": len(report.plan.of(What.REFUSED)),
        "as they were": report.same,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def forget(request: HttpRequest) -> HttpResponse:
    if asked_for(request).delete()[0]:
        messages.success(request, "The archive is gone from here. Nothing of it was loaded.")
    return see_other(reverse("admin:content"))
