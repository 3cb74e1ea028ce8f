from django.contrib import admin

from roadmap.admin.base import ContentAdmin
from roadmap.admin.stateful import StatefulAdmin
from roadmap.admin.upkeep import AgeFilter
from roadmap.models import Chapter, Claim, Habit, Principle, Question


@admin.register(Habit)
class HabitAdmin(ContentAdmin):
    list_display = ["name", "target", "position"]
    list_editable = ["position"]
    search_fields = ["name", "target", "text"]
    fields = ["name", "slug", "target", "text", "position"]
    slug_from = "name"


@admin.register(Principle)
class PrincipleAdmin(ContentAdmin):
    list_display = ["title", "position"]
    list_editable = ["position"]
    search_fields = ["title", "text"]
    fields = ["title", "slug", "text", "position"]
    slug_from = "title"


@admin.register(Chapter)
class ChapterAdmin(StatefulAdmin):
    list_display = ["title", "section", "standing", "summary", "position"]
    list_editable = ["position"]
    list_filter = ["section", "state"]
    search_fields = ["title", "slug", "summary", "text"]
    fields = ["title", "slug", ("section", "position"), "state", "release", "summary", "text"]
    radio_fields = {"state": admin.HORIZONTAL}
    slug_from = "title"


@admin.register(Claim)
class ClaimAdmin(ContentAdmin):
    list_display = ["statement", "tier", "checked", "position"]
    list_editable = ["position"]
    list_filter = ["tier", AgeFilter, "checked"]
    search_fields = ["statement", "slug", "source"]
    fields = ["statement", "slug", "tier", "checked", "source", "position"]


@admin.register(Question)
class QuestionAdmin(ContentAdmin):
    list_display = ["ask", "phase", "position"]
    list_editable = ["position"]
    list_filter = ["phase"]
    list_select_related = ["phase"]
    search_fields = ["ask", "slug"]
    fields = ["ask", "slug", "phase", "position"]
