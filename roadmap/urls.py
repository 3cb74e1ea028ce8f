from django.urls import path

from roadmap import views

urlpatterns = [
    path("share.png", views.share, name="share"),
    path("roadmap/<slug:slug>/share.png", views.phase_share, name="phase_share"),
    path("method/", views.method, name="method"),
    path("resources/", views.resources, name="resources"),
    path("provenance/", views.provenance, name="provenance"),
    path("start/", views.start, name="start"),
]
