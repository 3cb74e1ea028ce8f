from django.db import migrations

# Postgres's own parser takes ``torch.nn`` for the name of a host and ``p5-7`` for a negative
# number; here every mark parts words, and then what marks hold together is one word more.
FUNCTION = r"""
CREATE FUNCTION journal_vector(
    owner bigint, title text, tried text, happened text, learned text, next text
) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    body text := tried || E'\n' || happened || E'\n' || learned || E'\n' || next;
    one text;
    made tsvector;
    vectors tsvector[] := '{}';
BEGIN
    -- A vector has room for 1 MB, and the worst of texts needs three bytes for one of its own.
    IF octet_length(left(body, 270000)) <= 300000 THEN
        body := left(body, 270000);
    ELSE
        body := left(body, 75000);
    END IF;
    FOREACH one IN ARRAY ARRAY[title, body] LOOP
        -- 0.1 and 3e-4 are one word each, and C++ is not C.
        one := regexp_replace(one, '(?<![0-9A-Za-z_.])([0-9]+)\.(?=[0-9])', '\1d', 'g');
        one := regexp_replace(one, '([0-9])[eE]-(?=[0-9])', '\1em', 'g');
        one := regexp_replace(one, '([A-Za-z])\+\+', '\1pp', 'g');
        -- Found also where no phrase can be: Postgres keeps 256 places of a word, and none beyond
        -- the 16,383rd word.
        made := strip(to_tsvector('english'::regconfig, regexp_replace(
            regexp_replace(one, '([0-9A-Za-z])[!-/:-@\[-`{-~]+(?=[0-9A-Za-z])', '\1', 'g'),
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
REVERSE = "DROP FUNCTION journal_vector(bigint, text, text, text, text, text)"


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [migrations.RunSQL(FUNCTION, REVERSE)]
