from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("roadmap", "0006_link_check_verdicts")]

    operations = [
        migrations.RemoveConstraint(model_name="loadedrow", name="loadedrow_unique"),
        migrations.AddField(
            model_name="loadedrow",
            name="source",
            field=models.CharField(
                choices=[
                    ("files", "The files of the site"),
                    ("archive", "An archive that an editor loaded"),
                ],
                default="files",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="loadedrow", name="key", field=models.CharField(max_length=311)
        ),
        migrations.AddConstraint(
            model_name="loadedrow",
            constraint=models.UniqueConstraint(
                fields=("source", "kind", "key"),
                name="loadedrow_unique",
                violation_error_message="This row is remembered already.",
            ),
        ),
    ]
