from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from roadmap.queries import ManualPhase, manual


class SiteSitemap[T](Sitemap[T]):
    """Names pages by the address people use, whichever name a request came by."""

    def get_domain(self, site: object = None) -> str:
        return urlsplit(settings.ORIGIN).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.ORIGIN).scheme


class Pages(SiteSitemap[str]):
    def items(self) -> list[str]:
        return [
            "home",
            "roadmap",
            "changes",
            "levels",
            "method",
            "resources",
            "provenance",
            "start",
        ]

    def location(self, item: str) -> str:
        return reverse(item)


class Phases(SiteSitemap[ManualPhase]):
    def items(self) -> list[ManualPhase]:
        return list(manual().phases.values())

    def location(self, item: ManualPhase) -> str:
        return item.row.get_absolute_url()


SITEMAPS = {"pages": Pages, "phases": Phases}
