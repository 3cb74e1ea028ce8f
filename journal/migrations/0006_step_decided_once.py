import django.db.models.functions.text
from django.db import migrations, models

# Of a step that was decided twice at once, the later decision is the one that was shown.
ONCE = """
DELETE FROM journal_stepdecision earlier USING journal_stepdecision later
WHERE earlier.entry_id = later.entry_id AND earlier.step = later.step
  AND (earlier.at, earlier.id) < (later.at, later.id)
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0005_accents_in_search")]

    operations = [
        migrations.RunSQL(ONCE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="stepdecision",
            constraint=models.UniqueConstraint(
                "entry",
                django.db.models.functions.text.MD5("step"),
                name="step_decided_once",
                violation_error_message="What became of this step is decided already.",
            ),
        ),
        migrations.AddField(
            model_name="draftcheckpoint",
            name="began_from",
            field=models.PositiveIntegerField(
                default=0, help_text="The entry's revision that these words know of."
            ),
        ),
    ]
