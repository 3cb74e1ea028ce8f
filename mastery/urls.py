from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from journal import urls as journal
from mastery import previewing, tokens, views
from roadmap import urls as roadmap
from roadmap.sitemaps import SITEMAPS
from tracker import urls as tracker

urlpatterns = [
    path("", views.home, name="home"),
    path("roadmap/", views.roadmap, name="roadmap"),
    path("levels/", views.levels, name="levels"),
    # Before the phases: one of these stands where a phase's slug would.
    *roadmap.urlpatterns,
    path("roadmap/<slug:slug>/", views.phase, name="phase"),
    path("preview/<str:token>/", previewing.preview, name="release_preview"),
    path("preview/<str:token>/<path:rest>", previewing.preview, name="release_preview"),
    *tracker.urlpatterns,
    *journal.urlpatterns,
    path("@<handle:handle>/", views.profile, name="profile"),
    path("@<capitals:handle>/", views.small_handle, name="small_handle"),
    path("@<capitals:handle>/<path:rest>", views.small_handle, name="small_handle"),
    path("settings/", views.settings, name="settings"),
    path("settings/profile/", views.profile_settings, name="profile_settings"),
    path("settings/sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<int:pk>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("sitemap.xml", login_not_required(sitemap), {"sitemaps": SITEMAPS}, name="sitemap"),
    path("theme/", views.theme, name="theme"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("robots.txt", views.robots, name="robots"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
