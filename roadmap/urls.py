from django.urls import path

from roadmap import views

urlpatterns = [
    path("roadmap/changes/", views.changes, name="changes"),
    path("roadmap/changes/seen/", views.changes_seen, name="changes_seen"),
    path("roadmap/changes/feed.atom", views.changes_feed, name="changes_feed"),
    path("share.png", views.share, name="share"),
    path("roadmap/<slug:slug>/share.png", views.phase_share, name="phase_share"),
    path("method/", views.method, name="method"),
    path("resources/", views.resources, name="resources"),
    path("provenance/", views.provenance, name="provenance"),
    path("start/", views.start, name="start"),
]
