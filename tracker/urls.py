from django.urls import path

from tracker.views import (
    board,
    claims,
    confirm,
    evidence,
    notes,
    rechecks,
    resets,
    sub_steps,
)

urlpatterns = [
    path("progress/", board.progress, name="progress"),
    path("progress/claim/", claims.claim, name="claim"),
    path("progress/import/", claims.import_progress, name="import_progress"),
    path("progress/reset/<slug:track>/", resets.reset, name="reset"),
    path("progress/reset/<int:pk>/undo/", resets.undo_reset, name="undo_reset"),
    path("progress/<slug:key>/", board.tick, name="tick"),
    path("progress/<slug:key>/confirm/", confirm.confirm, name="confirm"),
    path("progress/<slug:key>/evidence/", evidence.evidence, name="evidence"),
    path("progress/<slug:key>/note/", notes.note, name="note"),
    path("progress/<slug:key>/recheck/", rechecks.recheck, name="recheck"),
    path("progress/<slug:key>/steps/", sub_steps.add, name="sub_steps"),
    path("progress/<slug:key>/steps/<int:pk>/", sub_steps.change, name="sub_step"),
]
