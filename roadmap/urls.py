from django.urls import path

from roadmap import views

urlpatterns = [
    path("levels/", views.levels, name="levels"),
    path("method/", views.method, name="method"),
    path("resources/", views.resources, name="resources"),
    path("provenance/", views.provenance, name="provenance"),
    path("start/", views.start, name="start"),
]
