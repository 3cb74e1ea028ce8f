"""The main job as a person runs it: a process of its own, with data of its own."""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError
from psycopg.conninfo import make_conninfo

from mastery.management.commands import serve
from mastery.management.commands.serve import (
    Address,
    announce_hosts,
    connected,
    gather_static_files,
    reserved,
)
from mastery.postgres import Home
from tests.database import folder

CHECKOUT = Path(__file__).resolve().parents[2]
# Not for the processes we start: our own settings, and what makes them compile all code anew.
OURS = (
    *("DATABASE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE", "MASTERY_", "PYTEST_", "SECRET_KEY"),
    "PYTHONDONTWRITEBYTECODE",
)


class Site:
    """A running ``serve``. It leads a session of its own, in which nothing of it can hide."""

    def __init__(self, data: Path, **env: str) -> None:
        self.port = free_port()
        self.process = manage(data, "serve", "--port", str(self.port), **env)
        assert self.process.stdout
        self.greeting = ""
        while "Ctrl-C" not in self.greeting:
            line = self.process.stdout.readline()
            assert line, (self.greeting, self.process.communicate())
            self.greeting += line

    def get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}") as reply:
                return str(reply.read().decode())
        except OSError as error:
            return str(error)

    def stop(self, number: signal.Signals, *, group: bool = False) -> int:
        """End it as a service manager does or, with ``group``, as a terminal; give its status."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        _, errors = self.process.communicate(timeout=30)
        assert "Traceback" not in errors
        return self.process.returncode

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with folder() as data:
        yield data
        if (pid := database_pid(data)) is not None:
            os.kill(pid, signal.SIGQUIT)


@pytest.fixture(scope="module")
def sites() -> Iterator[list[Site]]:
    sites: list[Site] = []
    yield sites
    for site in sites:
        site.kill()


@pytest.fixture
def site(data: Path, sites: list[Site]) -> Site:
    """One that serves the module's data; the same for all tests that leave it running."""
    if not sites or sites[-1].process.poll() is not None:
        sites.append(Site(data))
    return sites[-1]


def manage(data: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=clean | {"MASTERY_DATA": str(data)} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def works(data: Path, *arguments: str) -> bool:
    process = manage(data, *arguments)
    _, errors = process.communicate(timeout=60)
    return process.returncode == 0 and errors == ""


def complaint(data: Path, *arguments: str, **env: str) -> str:
    """Run a command that cannot work; give the one line that it says."""
    process = manage(data, *arguments, **env)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.count("\n") == 1, errors
    return errors


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def alive(site: Site) -> list[str]:
    """The processes of the site's session."""
    command = ["ps", "-eo", "sid=,stat=,args="]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    split = [row.split(maxsplit=2) for row in rows]
    return [row[2] for row in split if int(row[0]) == site.process.pid and row[1][0] != "Z"]


def database_pid(data: Path) -> int | None:
    try:
        return int((Home(data).data / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def milestones(data: Path) -> list[tuple[int, str]]:
    with psycopg.connect(Home(data).url) as connection:
        return connection.execute("SELECT id, key FROM roadmap_milestone ORDER BY id").fetchall()


# A running site


def test_site_says_each_step_and_answers(site: Site, data: Path) -> None:
    steps = ("Database:", "Tables:", "Roadmap:", "Static files:", "Mastery is at", "Ctrl-C")
    places = [site.greeting.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert str(data / "postgres") in site.greeting
    assert f"http://localhost:{site.port}/\n" in site.greeting
    assert "createsuperuser" in site.greeting
    assert "Mail is shown here" in site.greeting
    assert site.get("healthz") == "ok\n"
    assert site.get("readyz") == "ready\n"


def test_commands_work_beside_the_site(site: Site, data: Path) -> None:
    before = database_pid(data)
    assert works(data, "migrate", "--check")
    assert database_pid(data) == before
    assert site.get("readyz") == "ready\n"


def test_second_site_runs_beside_the_first_until_ctrl_c(site: Site, data: Path) -> None:
    second = Site(data)
    try:
        assert "Tables: up to date" in second.greeting
        assert second.get("readyz") == "ready\n"
        assert second.stop(signal.SIGINT, group=True) == 0
    finally:
        second.kill()
    wait_until(lambda: not alive(second))
    assert site.get("readyz") == "ready\n"


def test_taken_port_is_said_in_one_line(site: Site, data: Path) -> None:
    line = complaint(data, "serve", "--port", str(site.port))
    assert f"127.0.0.1:{site.port} cannot be listened on" in line
    assert "--port" in line


def test_site_outlives_a_kill_of_its_database(site: Site, data: Path) -> None:
    before = database_pid(data)
    assert before
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: database_pid(data) not in {before, None} and site.get("readyz") == "ready\n")


def test_kill_of_everything_costs_nothing(site: Site, data: Path) -> None:
    before = milestones(data)
    database = database_pid(data)
    assert database
    os.kill(site.process.pid, signal.SIGKILL)
    wait_until(lambda: not alive(site))  # the workers do not outlive their server
    os.kill(database, signal.SIGKILL)
    again = Site(data)
    try:
        assert milestones(data) == before
        assert again.get("readyz") == "ready\n"
        assert again.stop(signal.SIGTERM) == 0
    finally:
        again.kill()
    wait_until(lambda: not alive(again))
    assert database_pid(data) is None

    # And a command by itself starts the database, and stops it.
    assert works(data, "migrate", "--check")
    assert database_pid(data) is None


def test_static_files_are_gathered_only_when_they_have_changed(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATIC_ROOT = tmp_path / "gathered"
    style = tmp_path / "source" / "style.css"
    style.parent.mkdir()
    style.write_text("old")
    assert gather_static_files()
    assert not gather_static_files()
    style.write_text("new words")
    assert gather_static_files()
    assert (tmp_path / "gathered" / "style.css").read_text() == "new words"


# What stops a site from starting


def test_command_without_need_of_a_database_starts_none() -> None:
    with folder() as empty:
        commands = [manage(empty, *words) for words in ([], ["version"], ["migrate", "--help"])]
        for command in commands:
            command.communicate(timeout=60)
            assert command.returncode == 0
        assert not (empty / "postgres").exists()


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:hunter2@127.0.0.1:1/mastery", "postgres//ada:hunter2@127.0.0.1/mastery"],
    ids=["nobody listens", "not an address"],
)
def test_wrong_database_url_is_said_in_one_line_without_the_password(url: str) -> None:
    with folder() as empty:
        line = complaint(empty, "serve", "--port", str(free_port()), DATABASE_URL=url)
        assert "DATABASE_URL" in line
        assert "hunter2" not in line
        assert not (empty / "postgres").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody"}, 'role "nobody" does not exist'),
        ({"host": "nowhere.invalid"}, "failed to resolve host"),
    ],
)
def test_unusable_database_is_named_with_the_reason(changes: dict[str, str], reason: str) -> None:
    url = make_conninfo(os.environ["DATABASE_URL"], password="hunter2", **changes)
    with pytest.raises(CommandError, match=reason) as caught, connected(url):
        pass
    assert "hunter2" not in str(caught.value)


def test_old_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "OLDEST_POSTGRES", 99)
    with pytest.raises(CommandError, match="99 or newer"), connected(os.environ["DATABASE_URL"]):
        pass


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 0, "from 1 to 65535"),
        ("127.0.0.1", 70_000, "from 1 to 65535"),
        ("nowhere.invalid", 8000, "not known"),
        ("203.0.113.77", 8000, "cannot be listened on"),
    ],
)
def test_impossible_address_is_refused(host: str, port: int, words: str) -> None:
    with pytest.raises(CommandError, match=words), reserved(host, port):
        pass


def test_address_is_held_while_the_site_is_set_up() -> None:
    port = free_port()
    taken = pytest.raises(CommandError, match="cannot be listened on")
    with reserved("127.0.0.1", port), taken, reserved("localhost", port):
        pass
    with reserved("127.0.0.1", port):
        pass


# Addresses


@pytest.mark.parametrize(
    ("host", "ip", "url", "hosts", "origin"),
    [
        ("127.0.0.1", "127.0.0.1", "http://localhost:80/", "", "http://localhost:80"),
        ("0.0.0.0", "0.0.0.0", "http://localhost:80/", "", "http://localhost:80"),  # noqa: S104
        ("::", "::", "http://localhost:80/", "", "http://localhost:80"),
        ("box.lan", "192.0.2.1", "http://box.lan:80/", "a.org,box.lan", "http://box.lan:80"),
        ("fd00::1", "fd00::1", "http://[fd00::1]:80/", "a.org,[fd00::1]", "http://[fd00::1]:80"),
    ],
)
def test_workers_learn_the_name_that_people_use(
    host: str, ip: str, url: str, hosts: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MASTERY_ORIGIN", raising=False)
    monkeypatch.setenv("MASTERY_ALLOWED_HOSTS", "a.org" if hosts else "")
    address = Address(host, ipaddress.ip_address(ip), 80)
    announce_hosts(address)
    assert address.url == url
    assert os.environ["MASTERY_ALLOWED_HOSTS"] == hosts
    assert os.environ["MASTERY_ORIGIN"] == origin
