"""What the database keeps to search entries by: a vector that is made as the row is written."""

from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.core.checks import CheckMessage
from django.db.models import Field, Func, GeneratedField, Lookup

from journal.models.writing import PROMPTS


class UnreadVectorField(SearchVectorField):  # type: ignore[type-arg]
    """A vector that queries use and nobody reads: it would make every row heavy."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return "NULL::tsvector", ()


@UnreadVectorField.register_lookup
class Matches(Lookup[str]):
    """Takes a query as Postgres writes it."""

    lookup_name = "matches"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        vector, given = self.process_lhs(compiler, connection)
        query, asked = self.process_rhs(compiler, connection)
        return f"{vector} @@ {query}::tsquery", (*given, *asked)


class SearchField(GeneratedField):
    """What an entry is found by: its owner, its words, and those of its title above all.

    The owner is a word like others, but one that no text holds. With it in every query the index
    gives one person's matches alone, however many others use the same words. The function
    ``journal_vector`` is in a migration; ``journal.search`` reads queries in the same way.
    """

    # Saving a row does not bring it back either.
    db_returning = False  # type: ignore[assignment]  # the stubs take it for a constant
    referenced_fields: frozenset[Field[Any, Any]] = frozenset()

    def __init__(self, **options: Any) -> None:
        made = Func("user", "title", *PROMPTS, function="journal_vector")
        super().__init__(
            expression=made, output_field=UnreadVectorField(), db_persist=True, **options
        )

    def check(self, **options: Any) -> list[CheckMessage]:
        # Which columns a database can generate is asked of it, and ``serve`` checks before it has
        # one. Stored ones are older than every Postgres that we run on.
        return super().check(**options | {"databases": []})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for option in ("expression", "output_field", "db_persist"):
            del kwargs[option]
        return name, path, args, kwargs


def owner_word(pk: int) -> str:
    return f"@{pk}"
