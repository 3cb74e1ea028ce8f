"""What learners' records tell editors on their desk: numbers alone."""

from typing import cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mastery.desk import Site
from roadmap.queries import manual
from tracker.numbers import FEW, as_csv, numbers_of

desk = cast("Site", admin.site)


@desk.page(
    "numbers",
    title="Numbers",
    summary="What learners claimed, showed and rechecked, and where they stop. No names.",
    permission="roadmap.view_milestone",
)
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    today = timezone.now().date()
    added_up = numbers_of(manual(), today=today)
    if request.GET.get("format") == "csv":
        name = f"mastery-numbers-{today}.csv"
        return HttpResponse(
            as_csv(added_up),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    context = {
        **desk.each_context(request),
        "title": "Numbers",
        "numbers": added_up,
        "few": FEW,
    }
    return TemplateResponse(request, "admin/numbers.html", context)
