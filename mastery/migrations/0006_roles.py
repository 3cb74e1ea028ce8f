from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from mastery.roles import ROLES, lay


def lay_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Django makes permissions only once all migrations have run, so these make their own first.
    labels = {label for role in ROLES for label in role.apps}
    labels |= {name.partition(".")[0] for role in ROLES for name in role.permissions}
    for label in sorted(labels):
        config = apps.get_app_config(label)
        config.models_module = True  # type: ignore[assignment]  # historical ones have none
        create_permissions(
            config,
            verbosity=0,
            using=schema_editor.connection.alias,
            apps=apps,
        )
        config.models_module = None
    lay(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("journal", "0004_taken_down"),
        ("mastery", "0005_user_changes_seen"),
        ("roadmap", "0009_phase_slug_not_changes"),
    ]

    operations = [migrations.RunPython(lay_roles, migrations.RunPython.noop)]
