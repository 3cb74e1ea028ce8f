from importlib import import_module

from django.db import migrations

BEFORE = import_module("journal.migrations.0001_search_vector").FUNCTION

# As it was, but for accents, which no word keeps, so that Renyi finds Rényi, and for dotted numbers
# as one word, in which 1.2.3 is not 1.23.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION journal_vector(
    owner bigint, title text, tried text, happened text, learned text, next text
) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    body text := tried || E'\n' || happened || E'\n' || learned || E'\n' || next;
    one text;
    made tsvector;
    vectors tsvector[] := '{}';
BEGIN
    FOREACH one IN ARRAY ARRAY[title, left(body, 270000)] LOOP
        IF octet_length(one) > length(one) THEN
            one := normalize(
                regexp_replace(normalize(one, NFD), '[\u0300-\u036f]', '', 'g'), NFC);
        END IF;
        -- A vector has room for 1 MB, and the worst of texts needs three bytes for one of its own.
        one := left(one, CASE WHEN octet_length(left(one, 270000)) <= 300000
                         THEN 270000 ELSE 75000 END);
        -- 0.1 and 3e-4 are one word each, and C++ is not C.
        one := regexp_replace(one, '(?<![0-9A-Za-z_.])([0-9]+)\.(?=[0-9])', '\1d', 'g');
        one := regexp_replace(one, '([0-9])[eE]-(?=[0-9])', '\1em', 'g');
        one := regexp_replace(one, '([A-Za-z])\+\+', '\1pp', 'g');
        -- Found also where no phrase can be: Postgres keeps 256 places of a word, and none beyond
        -- the 16,383rd word.
        made := strip(to_tsvector('english'::regconfig, regexp_replace(
            regexp_replace(
                regexp_replace(one, '([0-9])\.(?=[0-9])', '\1d', 'g'),
                '([0-9A-Za-z])[!-/:-@\[-`{-~]+(?=[0-9A-Za-z])', '\1', 'g'),
            '[!-/:-@\[-`{-~]', ' ', 'g')));
        -- Chinese, Japanese and Korean: each character is a word, so that a word is a phrase.
        made := made || to_tsvector('english'::regconfig, regexp_replace(
            regexp_replace(
                one, '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])', ' \1 ', 'g'),
            '[!-/:-@\[-`{-~]', ' ', 'g'));
        vectors := vectors || made;
    END LOOP;
    RETURN setweight(vectors[1], 'A') || vectors[2] || array_to_tsvector(ARRAY['@' || owner::text]);
END $$
"""
# What is kept was made by the function before. No trigger sees this, so that no log seems changed.
RENEW = [
    "ALTER TABLE journal_entry DROP COLUMN search",
    """
    ALTER TABLE journal_entry ADD COLUMN search tsvector
    GENERATED ALWAYS AS (journal_vector(user_id, title, tried, happened, learned, next)) STORED
    """,
    "CREATE INDEX entry_search ON journal_entry USING gin (search) WHERE deleted_at IS NULL",
]


class Migration(migrations.Migration):
    dependencies = [("journal", "0004_taken_down")]

    operations = [
        migrations.RunSQL(
            [FUNCTION, *RENEW],
            [BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"), *RENEW],
        )
    ]
