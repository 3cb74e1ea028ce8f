from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from roadmap.queries import ManualPhase, manual


class Pages(Sitemap[str]):
    def items(self) -> list[str]:
        return [
            "home",
            "roadmap",
            "levels",
            "method",
            "resources",
            "provenance",
            "start",
        ]

    def location(self, item: str) -> str:
        return reverse(item)


class Phases(Sitemap[ManualPhase]):
    def items(self) -> list[ManualPhase]:
        return list(manual().phases.values())

    def location(self, item: ManualPhase) -> str:
        return item.row.get_absolute_url()


SITEMAPS = {"pages": Pages, "phases": Phases}
