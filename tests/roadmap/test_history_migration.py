"""The history of content that is older than it, and what came to the roadmap before its dates."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from roadmap.models import Phase
from roadmap.queries import Manual

history = import_module("roadmap.migrations.0004_history_and_releases")
OPERATIONS = history.Migration.operations


def test_content_that_was_there_begins_its_history_as_one_save(roadmap: Manual) -> None:
    events = [
        model
        for model in apps.get_app_config("roadmap").get_models()
        if hasattr(model, "pgh_tracked_model")
    ]
    assert len(events) > 15
    with connection.cursor() as cursor:
        for event in events:
            cursor.execute(f"TRUNCATE {event._meta.db_table}")

    with connection.schema_editor() as editor:
        history.remember_what_is_there(apps, editor)

    saves = set()
    for event in events:
        rows = list(event.pgh_tracked_model._base_manager.order_by("pk").values())
        began = list(event._default_manager.order_by("id").values())
        assert [one["id"] for one in began] == [row["id"] for row in rows]
        for one, row in zip(began, rows, strict=True):
            assert {name: one[name] for name in row} == row
            assert one["pgh_label"] == "insert"
            assert one.get("pgh_obj_id", one["id"]) == one["id"]
            assert one["pgh_context"] == {"how": "history began"}
        saves |= {one["pgh_context_id"] for one in began}
    assert len(saves) == 1
    # The first change since shows what was before it.
    phase = Phase.objects.get(slug="1")
    Phase.objects.filter(pk=phase.pk).update(title="Changed")
    told = Phase.pgh_event_model._default_manager.filter(id=phase.pk)  # type: ignore[attr-defined]
    assert list(told.order_by("pgh_id").values_list("pgh_label", "title")) == [
        ("insert", phase.title),
        ("update", "Changed"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["milestone", "placement"])
def test_what_was_there_is_nobodys_news_and_the_dates_can_go_again(name: str) -> None:
    dating = [
        operation
        for operation in OPERATIONS
        if isinstance(operation, migrations.AddField | migrations.AlterField)
        and (operation.model_name, operation.name) == (name, "since")
    ]
    # The migration's own operations, on a table like the one they are for.
    table = f"older_{name}"
    states = [ProjectState()]
    states[0].add_model(
        ModelState(
            "roadmap", name, [("id", models.BigAutoField(primary_key=True))], {"db_table": table}
        )
    )
    with connection.cursor() as cursor, connection.schema_editor() as editor:
        editor.create_model(states[0].apps.get_model("roadmap", name))
        cursor.execute(f"INSERT INTO {table} DEFAULT VALUES")
        for operation in dating:
            after = states[-1].clone()
            operation.state_forwards("roadmap", after)
            operation.database_forwards("roadmap", editor, states[-1], after)
            states.append(after)
        model = states[-1].apps.get_model("roadmap", name)
        assert model._default_manager.get().since is None
        # What comes later has its day, and is told of.
        assert model._default_manager.create().since is not None
        for operation, before, after in reversed(
            list(zip(dating, states, states[1:], strict=False))
        ):
            operation.database_backwards("roadmap", editor, after, before)
        left = connection.introspection.get_table_description(cursor, table)
        assert [column.name for column in left] == ["id"]


def test_the_migration_can_be_taken_back() -> None:
    assert all(operation.reversible for operation in OPERATIONS)
