#!/usr/bin/env python
"""Run a command of the project; without a name, list the commands."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from mastery import postgres

# These never ask the database; serve starts it itself, to say so.
WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "diffsettings",
    "findstatic",
    "help",
    "serve",
    "startapp",
    "version",
}


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mastery.settings")
    if arguments[1:2] == ["runserver"]:
        os.environ.setdefault("DEBUG", "1")
    try:
        with database(arguments[1:]):
            execute_from_command_line(arguments)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (postgres.PostgresError, ImproperlyConfigured) as error:
        sys.exit(f"Error: {error}")
    except OperationalError as error:
        if "--traceback" in arguments:
            raise
        sys.exit(f"Error: the database does not answer: {postgres.reason(str(error))}.")


@contextmanager
def database(arguments: list[str]) -> Iterator[None]:
    """Keep the embedded database running for a command that needs it."""
    if not (postgres.embedded() and needs_database(arguments)):
        yield
        return
    signal.signal(signal.SIGTERM, terminated)
    with postgres.running(postgres.home(Path(__file__).parent)):
        yield


def needs_database(arguments: list[str]) -> bool:
    if not arguments or arguments[0].startswith("-") or {"-h", "--help"} & set(arguments):
        return False
    return arguments[0] not in WITHOUT_DATABASE or "--database" in arguments


def terminated(number: int, frame: FrameType | None) -> None:
    """Leave in an orderly way, which gives back our share in the database."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main(sys.argv)
