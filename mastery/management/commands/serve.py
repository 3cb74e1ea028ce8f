"""Serve the site for good: database, tables, roadmap, static files, then the web server."""

import hashlib
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from types import FrameType
from typing import Any

import django
import psycopg
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from granian.server.common import AbstractServer
from psycopg.conninfo import conninfo_to_dict

from mastery import postgres

OLDEST_POSTGRES = 15
SETUP_LOCK = 0x6D617374  # the advisory lock of whoever sets a database up
CONNECT_TIMEOUT = 5  # seconds
REVIVE_INTERVAL = 2  # seconds between looks at the embedded database
STOP_TIMEOUT = 10  # seconds that the workers get to finish their requests
THREADS = 2  # for each worker; more would fight over the interpreter and over connections
OPEN_SOCKETS = 512  # for each worker; a browser keeps several open that ask for nothing


@dataclass(frozen=True)
class Address:
    """Where to listen: the host as it was given and the number it stands for."""

    host: str
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    @property
    def is_public(self) -> bool:
        return not (self.ip.is_loopback or self.ip.is_unspecified)

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if self.ip.version == 6 else socket.AF_INET

    @property
    def within(self) -> str:
        """Give a number at which this machine reaches the server."""
        if not self.ip.is_unspecified:
            return str(self.ip)
        return "::1" if self.ip.version == 6 else "127.0.0.1"

    @property
    def url(self) -> str:
        # By name: passkeys work at localhost and at no number.
        return f"http://{bracketed(self.host) if self.is_public else 'localhost'}:{self.port}/"


class Command(BaseCommand):
    help = "Serves the site: sets up the database and what else it needs, then runs the web server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", default=8000, type=int, help="port to listen on")
        parser.add_argument(
            "--demo", action="store_true", help="add a learner with half a year of progress"
        )

    def handle(self, *, host: str, port: int, demo: bool, **options: Any) -> None:
        # Until the web server takes the signals over, each of them ends us in an orderly way.
        # After nohup a hang-up stays ignored.
        stopping = [signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            stopping.append(signal.SIGHUP)
        for number in stopping:
            signal.signal(number, interrupted)
        try:
            with reserved(host, port) as address, self.database():
                self.set_up(demo=demo)
                self.serve(address, stopping)
        except KeyboardInterrupt:
            pass
        except postgres.PostgresError as error:
            raise CommandError(str(error)) from None
        self.say("Stopped.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    @contextmanager
    def database(self) -> Iterator[None]:
        if postgres.embedded():
            home = postgres.home(settings.BASE_DIR)
            self.say(f"Database: Postgres in {home.data}")
            with postgres.running(home) as revive, repeated(revive):
                # The workers find a running database, and leave starting and stopping it to us.
                os.environ["DATABASE_URL"] = home.url
                yield
        else:
            self.say(f"Database: {described(os.environ['DATABASE_URL'])}")
            yield

    def set_up(self, *, demo: bool) -> None:
        """Bring the database and the static files up to date, one server after another."""
        with self.turn():
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            call_command("migrate", interactive=False, verbosity=0)
            self.say(f"Tables: {len(plan)} migrations applied" if plan else "Tables: up to date")
            call_command("load_roadmap", stdout=self.stdout)
            state = "gathered" if gather_static_files() else "up to date"
            self.say(f"Static files: {state} in {settings.STATIC_ROOT}")
            if demo:
                from journal.demo import make_log
                from mastery.models import User
                from tracker.demo import make_demo

                handle, password = make_demo()
                make_log(User.objects.get(handle=handle))
                self.say(f"Demo: log in as {handle} with the password {password}")
        connections.close_all()

    @contextmanager
    def turn(self) -> Iterator[None]:
        with connected(os.environ["DATABASE_URL"]) as lock:
            query = "SELECT pg_try_advisory_lock(%s)"
            if lock.execute(query, [SETUP_LOCK]).fetchone() != (True,):
                self.say("Waiting for another server that is setting this database up")
                lock.execute("SELECT pg_advisory_lock(%s)", [SETUP_LOCK])
            yield

    def serve(self, address: Address, stopping: list[signal.Signals]) -> None:
        announce_hosts(address)
        multiprocessing.set_start_method("spawn", force=True)  # workers that read settings anew
        server = Server(
            "mastery.wsgi:application",
            address=str(address.ip),
            port=address.port,
            interface=Interfaces.WSGI,
            workers=os.process_cpu_count() or 1,
            blocking_threads=THREADS,
            backpressure=OPEN_SOCKETS,
            websockets=False,
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_TIMEOUT,
        )

        @server.on_startup
        def begin() -> None:
            # The web server would take a hang-up for a wish to start its workers afresh.
            hangup = (
                server.signal_handler_interrupt if signal.SIGHUP in stopping else signal.SIG_IGN
            )
            signal.signal(signal.SIGHUP, hangup)
            threading.Thread(target=self.greet, args=[address, server], daemon=True).start()

        try:
            server.serve(target_loader=load_application, wrap_loader=False)
        except SystemExit:
            if not server.interrupt_signal:
                raise CommandError("The web server's workers keep failing; see above.") from None

    def greet(self, address: Address, server: AbstractServer[Any]) -> None:
        """Say what a person needs to know, once somebody answers at the address."""
        while not answers(address):
            if server.interrupt_signal:
                return
            time.sleep(0.05)
        self.say(f"\nMastery is at {address.url}")
        if address.ip.is_unspecified:
            self.say("Names other than localhost belong in MASTERY_ALLOWED_HOSTS.")
        self.say(
            "To edit the roadmap, run `uv run manage.py createsuperuser` in another terminal and "
            f"log in at {address.url}admin/"
        )
        if settings.MAIL_URL:
            self.say("Mail is sent by the server that MASTERY_MAIL_URL names.")
        else:
            self.say("Mail is shown here; MASTERY_MAIL_URL names a server that sends it.")
        self.say("Ctrl-C stops it.")


@contextmanager
def repeated(revive: Callable[[], None]) -> Iterator[None]:
    """Look after the database in the background, so that its end is not the site's."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(REVIVE_INTERVAL):
            try:
                revive()
            except postgres.PostgresError as error:
                sys.stderr.write(f"Error: {error}\n")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def gather_static_files() -> bool:
    """Gather and compress the static files unless they are the ones gathered last; tell which.

    That takes seconds, and must not happen under another server that serves them.
    """
    sources = hashlib.sha256(repr((settings.STORAGES, django.VERSION)).encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=itemgetter(0)):
            found = Path(storage.path(name)).stat()
            sources.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    mark = Path(settings.STATIC_ROOT) / ".sources"
    if mark.exists() and mark.read_text() == sources.hexdigest():
        return False
    # Anew, as collectstatic keeps what it has unless the source is of a later date, and the files
    # of a newer package are often older than our copies.
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(sources.hexdigest())
    return True


def interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def reserved(host: str, port: int) -> Iterator[Address]:
    """Find the address and keep others off it; raises CommandError when it cannot be had."""
    if not 0 < port < 2**16:
        raise CommandError(f"The port is {port}; it takes a number from 1 to 65535.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CommandError(f"The host {host!r} is not known; try 127.0.0.1.") from None
    address = Address(host, ipaddress.ip_address(found[0][4][0]), port)
    with socket.socket(address.family, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(found[0][4])
        except PermissionError:
            raise CommandError(
                f"You may not listen on port {port}; choose one from 1024 with --port."
            ) from None
        except OSError as error:
            raise CommandError(
                f"{bracketed(host)}:{port} cannot be listened on ({error.strerror}); choose "
                "another port with --port or another address with --host."
            ) from None
        if sys.platform == "linux":
            # From here on this socket shuts out all but those that share: our workers do.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            holder.close()
        yield address


def answers(address: Address) -> bool:
    try:
        socket.create_connection((address.within, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def announce_hosts(address: Address) -> None:
    """Tell the workers' settings the names under which people come."""
    name = bracketed(address.host) if address.is_public else "localhost"
    os.environ.setdefault("MASTERY_ORIGIN", f"http://{name}:{address.port}")
    if address.is_public:
        names = [os.environ.get("MASTERY_ALLOWED_HOSTS", ""), name]
        os.environ["MASTERY_ALLOWED_HOSTS"] = ",".join(filter(None, names))


def described(url: str) -> str:
    """Name the server of a database's address, without the password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    return f"Postgres at {bracketed(str(host))}, port {parts.get('port') or 5432}"


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Connect to the database; raises CommandError when it is not one to work with."""
    try:
        session = psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT, autocommit=True)
    except psycopg.Error as error:
        raise CommandError(
            f"DATABASE_URL names {described(url)}, which cannot be used: "
            f"{postgres.reason(str(error))}."
        ) from None
    with session:
        if session.info.server_version < OLDEST_POSTGRES * 10_000:
            raise CommandError(
                f"DATABASE_URL names {described(url)}, which is version "
                f"{session.info.server_version // 10_000}; it takes {OLDEST_POSTGRES} or newer."
            )
        yield session


def load_application() -> WSGIHandler:
    """Load the site into a worker, and tie the worker to the server that started it."""
    # Ctrl-C reaches everybody in the terminal; it is for the server to end its workers.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=end_with_server, daemon=True).start()
    from mastery.wsgi import application

    return application


def end_with_server() -> None:
    if server := multiprocessing.parent_process():
        server.join()
        os.kill(os.getpid(), signal.SIGTERM)
