"""A server that answers in every way there is, for tests that ask the web."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAMES = ["one.test", "two.test", "three.test", "here.test"]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str]] = []
        self.agents: set[str | None] = set()
        self.at: list[float] = []
        self.within = self.most = 0
        self.three = threading.Event()
        # Paths that answer otherwise than they are called.
        self.become: dict[str, str] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.at.append(time.monotonic())
        self.server.asked.append((self.command, self.headers["Host"], self.path))
        self.server.agents.add(self.headers["User-Agent"])
        name, _, rest = self.server.become.get(self.path, self.path).strip("/").partition("/")
        getattr(self, f"say_{name}", self.say_status)(rest or name)

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()

    def say_status(self, name: str) -> None:
        self.answer(int(name) if name.isdecimal() else 200)

    def say_get(self, status: str) -> None:
        """Refuse HEAD, in the ways that servers do."""
        self.answer(int(status) if self.command == "HEAD" else 200)

    def say_hang_up_on_head(self, _: str) -> None:
        if self.command == "GET":
            self.answer(200)

    def say_to(self, where: str) -> None:
        self.answer(302, Location=where if ":" in where else f"/{where}")

    def say_hops(self, left: str) -> None:
        if left == "0":
            return self.answer(200)
        return self.answer(301, Location=f"{int(left) - 1}")

    def say_later(self, seconds: str) -> None:
        self.answer(429, Retry_After=seconds)

    def say_busy(self, date: str) -> None:
        self.answer(503, Retry_After=date.replace("_", " "))

    def say_silent(self, _: str) -> None:
        time.sleep(0.4)

    def say_together(self, seconds: str) -> None:
        """Wait until three are in here, and count them."""
        self.server.within += 1
        self.server.most = max(self.server.most, self.server.within)
        if self.server.within == 3:
            self.server.three.set()
        self.server.three.wait(float(seconds))
        self.server.within -= 1
        self.answer(200)

    def say_drip(self, _: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(8):
            time.sleep(0.05)
            self.wfile.write(b"X: y\r\n")

    def say_garbage(self, _: str) -> None:
        self.wfile.write(b"\x00\xffnothing of HTTP\r\n\r\n")

    def say_huge(self, _: str) -> None:
        self.answer(200 if self.command == "GET" else 405)
        for _ in range(4000):
            self.wfile.write(b"x" * 65536)
        self.server.become["sent it all"] = ""

    def say_endless_head(self, _: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
