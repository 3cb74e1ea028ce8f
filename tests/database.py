"""A Postgres of their own for the tests, in a folder that goes away with the run.

A plugin rather than a part of conftest.py, because pytest-django reads the settings before pytest
reads any conftest.py. With pytest-xdist the server belongs to the process that starts the workers,
and these inherit its address.
"""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from mastery import postgres

PREFIX = "mastery-tests-"
UNUSED_FOR = 600  # seconds after which a folder without a run is no run's that just begins

_run = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    asked = early_config.known_args_namespace
    if not ("PYTEST_XDIST_WORKER" in os.environ or asked.help or asked.version):
        early_config.add_cleanup(stop)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        start()


def start() -> str:
    """Start the server unless DATABASE_URL names one; return its address, also in DATABASE_URL."""
    sweep()
    # Whatever tests write, the installation in this checkout stays as it is.
    os.environ["MASTERY_DATA"] = str(_run.enter_context(folder()))
    if postgres.embedded():
        home = postgres.home(Path(__file__).parent.parent)
        _run.enter_context(postgres.running(home, durable=False))
        os.environ["DATABASE_URL"] = home.url
    return os.environ["DATABASE_URL"]


def stop() -> None:
    _run.close()


@contextmanager
def folder() -> Iterator[Path]:
    """Make a temporary folder in which Postgres can live whoever runs the tests."""
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        path.chmod(0o755)
        with (path / "run").open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep() -> None:
    """Remove what runs that were killed have left behind, their servers too."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, postgres.PostgresError), (path / "run").open("a") as mark:
            if time.time() - path.stat().st_mtime < UNUSED_FOR:
                continue
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if (path / "postgres" / "postmaster.pid").exists():
                with postgres.running(postgres.Home(path), durable=False):
                    pass  # the last one out stops it
            shutil.rmtree(path, ignore_errors=True)
