"""The database as a test with transactions found it: the roadmap, and nothing of anybody's.

Django empties every table after such a test, the roadmap's too, and makes its own rows again; that
and loading the roadmap take longer than most of these tests do. Content tells by its version
whether anything touched it. Where nothing did, it stays.
"""

import uuid
from collections.abc import Set
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from roadmap import queries
from roadmap.content import read_folder
from roadmap.loader import load
from roadmap.management.commands.load_roadmap import CONTENT
from roadmap.models import ContentArchive, ContentVersion, PreviewLink
from roadmap.queries import Manual, manual

# Tables of rows that migrations made.
GIVEN = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
}


@dataclass
class Begun:
    version: uuid.UUID
    groups: Set[int]
    manual: Manual


_begun: Begun


def begin() -> None:
    """Load the roadmap, and remember the database as it is then."""
    global _begun
    load(read_folder(CONTENT))
    groups = Group.objects.values_list("pk", flat=True)
    _begun = Begun(ContentVersion.objects.get().token, frozenset(groups), manual())


def know_again() -> None:
    """Have the process keep the manual of the beginning, in the place of what tests made of it.

    It is read anew all the same wherever the database has another version.
    """
    queries._kept = _begun.manual


def restore() -> None:
    """Take away whatever came since the beginning, and what content became meanwhile."""
    version = ContentVersion.objects.values_list("token", flat=True).first()
    untouched = version == _begun.version
    empty(keep=content_tables() if untouched else set())
    Group.objects.exclude(pk__in=_begun.groups).delete()
    if not untouched:
        begin()


def empty(keep: Set[str] = frozenset()) -> None:
    """Leave no row but those that migrations made, and those of the tables to keep."""
    tables = set(connection.introspection.django_table_names(only_existing=True)) - GIVEN - keep
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, sorted(tables)))}")


def content_tables() -> set[str]:
    """Name the tables whose rows belong to nobody."""
    models = apps.get_app_config("roadmap").get_models(include_auto_created=True)
    return {model._meta.db_table for model in models} - {
        ContentArchive._meta.db_table,
        PreviewLink._meta.db_table,
    }
