"""The site as ``serve`` runs it, with the demo learner, data of its own and a browser in front."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.database import folder  # noqa: E402
from tests.e2e import chromium  # noqa: E402


@dataclass(frozen=True)
class Served:
    url: str
    handle: str
    password: str

    def log_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(f"{self.url}/accounts/login/?next=/progress/")
        page.fill("[name=login]", self.handle)
        page.fill("[name=password]", self.password)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/progress/")
        page.close()


@contextmanager
def served() -> Iterator[Served]:
    """Run the site until the block ends; nothing of it stays."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    ours = ("DATABASE_URL", "DEBUG", "MASTERY_", "SECRET_KEY")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with folder() as data:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--demo", "--port", str(port)],
            cwd=ROOT,
            env=env | {"MASTERY_DATA": str(data)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            greeting = ""
            assert process.stdout
            while "Ctrl-C" not in greeting:
                line = process.stdout.readline()
                assert line, f"serve has ended:\n{greeting}"
                greeting += line
            demo = re.search(r"log in as (\S+) with the password (\S+)", greeting)
            assert demo, greeting
            yield Served(f"http://localhost:{port}", demo[1], demo[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def program() -> str:
    found = chromium.find()
    assert found, "this needs a Chromium on the system"
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=chromium.ARGUMENTS)
        yield browser
        browser.close()
