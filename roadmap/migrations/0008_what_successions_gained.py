from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("roadmap", "0007_loaded_row_source")]

    operations = [
        migrations.AddField(
            model_name="succession",
            name="gained",
            field=models.ManyToManyField(related_name="+", to="roadmap.requirement"),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER renew_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE "
            "ON roadmap_succession_gained FOR EACH STATEMENT "
            "EXECUTE FUNCTION roadmap_renew_version()",
            "DROP TRIGGER renew_version ON roadmap_succession_gained",
        ),
    ]
