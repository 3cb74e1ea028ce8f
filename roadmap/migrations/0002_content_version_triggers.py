from django.db import migrations

# Every table that pages are made from. A statement that touches one of them renews the version,
# whichever path it comes by; a random token, because several statements may share a transaction.
TABLES = [
    "chapter",
    "claim",
    "habit",
    "level",
    "milestone",
    "milestonerevision",
    "phase",
    "phaseresource",
    "placement",
    "principle",
    "question",
    "requirement",
    "requirement_any_of",
    "resource",
    "resourcelink",
    "step",
    "topic",
    "track",
    "trap",
]

FUNCTION = """
CREATE FUNCTION roadmap_renew_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO roadmap_contentversion (id, token) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET token = excluded.token;
    RETURN NULL;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("roadmap", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION roadmap_renew_version()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER renew_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE "
                f"ON roadmap_{table} FOR EACH STATEMENT EXECUTE FUNCTION roadmap_renew_version()",
                f"DROP TRIGGER renew_version ON roadmap_{table}",
            )
            for table in TABLES
        ),
    ]
