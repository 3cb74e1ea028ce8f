from django.db import migrations

# A second that no earlier state of the log has; clock_timestamp, because a transaction may hold
# several changes.
NEXT_SECOND = """
CREATE FUNCTION journal_next_second(before timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT greatest(date_trunc('second', clock_timestamp()), before + interval '1 second')
$$
"""
# Once a statement for each person, however many rows it changes. Of rows that are deleted the
# person may be gone as well, so there nothing is inserted.
ENTRIES_CHANGED = """
CREATE FUNCTION journal_entries_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        SELECT array_agg(DISTINCT user_id) INTO people
        FROM old_rows WHERE visibility = 'public' AND deleted_at IS NULL;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        SELECT array_agg(DISTINCT user_id) || people INTO people
        FROM new_rows WHERE visibility = 'public' AND deleted_at IS NULL;
        INSERT INTO journal_publiclog AS log (user_id, changed)
        SELECT DISTINCT unnest(people), journal_next_second(NULL)
        ON CONFLICT (user_id) DO UPDATE SET changed = journal_next_second(log.changed);
    ELSE
        UPDATE journal_publiclog SET changed = journal_next_second(changed)
        WHERE user_id = ANY (people);
    END IF;
    RETURN NULL;
END
$$
"""
# The name stands in the feed.
AUTHOR_CHANGED = """
CREATE FUNCTION journal_author_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journal_publiclog SET changed = journal_next_second(changed) WHERE user_id = NEW.id;
    RETURN NULL;
END
$$
"""
# Transition tables allow one event a trigger.
TABLES = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0002_initial"),
        ("mastery", "0003_profile_and_tokens"),
    ]

    operations = [
        migrations.RunSQL(NEXT_SECOND, "DROP FUNCTION journal_next_second(timestamptz)"),
        migrations.RunSQL(ENTRIES_CHANGED, "DROP FUNCTION journal_entries_changed()"),
        migrations.RunSQL(AUTHOR_CHANGED, "DROP FUNCTION journal_author_changed()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER public_log_{event.lower()} AFTER {event} ON journal_entry "
                f"REFERENCING {tables} FOR EACH STATEMENT "
                f"EXECUTE FUNCTION journal_entries_changed()",
                f"DROP TRIGGER public_log_{event.lower()} ON journal_entry",
            )
            for event, tables in TABLES.items()
        ),
        migrations.RunSQL(
            "CREATE TRIGGER public_log_author AFTER UPDATE ON mastery_user FOR EACH ROW "
            "WHEN ((OLD.handle, OLD.name, OLD.profile_is_public) "
            "IS DISTINCT FROM (NEW.handle, NEW.name, NEW.profile_is_public)) "
            "EXECUTE FUNCTION journal_author_changed()",
            "DROP TRIGGER public_log_author ON mastery_user",
        ),
    ]
