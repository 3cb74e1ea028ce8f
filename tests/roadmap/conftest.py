import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from roadmap import checking
from roadmap.checking import is_outside
from tests.roadmap.web import NAMES, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def web(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A web of a few hosts that all are our server; it alone may be asked of all that is inside."""

    def resolve(host: str, port: int) -> list[str]:
        if host in NAMES:
            return ["127.0.0.1"]
        if host.endswith(".test"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [host]

    monkeypatch.setattr(checking, "resolve", resolve)
    monkeypatch.setattr(checking, "is_outside", lambda ip: ip == "127.0.0.1" or is_outside(ip))
    server.asked, server.at, server.become = [], [], {}
    server.within = server.most = 0
    server.three.clear()
    server.agents.clear()
    return server


@pytest.fixture
def at(web: Server) -> Callable[..., str]:
    """Give the address of a path on one of the hosts."""
    return lambda path, host="one.test": f"http://{host}:{web.server_port}/{path}"
