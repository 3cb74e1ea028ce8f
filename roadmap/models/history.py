"""What every row of content was before: a row of events for each change, written by triggers.

Triggers, because content changes by many ways: forms, the loader, whole-table updates. Who did it
and how comes along where somebody says so with ``pghistory.context``. Events are never changed or
deleted again; the database refuses it.
"""

from django.db import models
from pghistory import (
    ContextJSONField,
    ContextUUIDField,
    DeleteEvent,
    InsertEvent,
    ObjForeignKey,
    UpdateEvent,
    track,
)


def tracked[M: type[models.Model]](model: M) -> M:
    """Keep every state of a model's rows; what was deleted as it last stood."""
    wrapped: M = track(
        InsertEvent(),
        UpdateEvent(),
        DeleteEvent(),
        obj_field=ObjForeignKey(related_name="events"),
        context_field=ContextJSONField(),
        context_id_field=ContextUUIDField(),
        append_only=True,
    )(model)
    return wrapped


def tracked_pairs[M: type[models.Model]](model: M) -> M:
    """Keep which rows of a many-to-many table came and went."""
    wrapped: M = track(
        InsertEvent(),
        DeleteEvent(),
        obj_field=None,
        context_field=ContextJSONField(),
        context_id_field=ContextUUIDField(),
        append_only=True,
    )(model)
    return wrapped
