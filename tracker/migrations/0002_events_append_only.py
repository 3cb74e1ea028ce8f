from django.db import migrations

FUNCTION = """
CREATE FUNCTION tracker_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what happened to a completion is never rewritten'
        USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("tracker", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tracker_refuse_update()"),
        # Deleting stays possible: an account that leaves takes its rows along.
        migrations.RunSQL(
            "CREATE TRIGGER refuse_update BEFORE UPDATE ON tracker_completionevent "
            "FOR EACH ROW EXECUTE FUNCTION tracker_refuse_update()",
            "DROP TRIGGER refuse_update ON tracker_completionevent",
        ),
    ]
