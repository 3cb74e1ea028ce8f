from django.core.management import call_command
from django.db import migrations


def create_cache_table(apps, schema_editor):
    # Log-in counts its attempts there: without it the site is not whole.
    call_command("createcachetable", verbosity=0, database=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("mastery", "0001_initial")]

    operations = [migrations.RunPython(create_cache_table, migrations.RunPython.noop)]
