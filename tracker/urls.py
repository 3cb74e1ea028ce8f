from django.urls import path

from tracker import views

urlpatterns = [
    path("progress/", views.progress, name="progress"),
    path("progress/<slug:key>/", views.tick, name="tick"),
]
