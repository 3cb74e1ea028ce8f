"""Ask addresses on the web whether they still answer: politely, and never inside a network.

One request after another to a host, with a pause between; nothing of a body is read. Names are
resolved here and the connection goes to the very address that was looked at, also after a
redirect, so that no link of the content can make this machine ask its neighbours.
"""

import errno
import http.client
import ipaddress
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

from django.utils.encoding import iri_to_uri, punycode

REDIRECTS = 5
ADDRESSES_TRIED = 4  # of one host
_MOVED = {301, 302, 303, 307, 308}
_GONE = {404, 410}
_BUSY = {429, 503}
_A_DAY = timedelta(days=1)
_A_MONTH = timedelta(days=30)
# What OpenSSL says of a chain that lacks a link: browsers find it by themselves, it does not.
_ISSUER_UNKNOWN = {2, 20, 21}
# IPv4 addresses written as IPv6 ones; the first is of a day when IPv6 was young.
_TRANSLATED = [
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
]


@dataclass(frozen=True, slots=True)
class Manners:
    """How to ask; all times in seconds."""

    agent: str
    # To connect, and of silence while waiting for an answer.
    timeout: float = 10
    # That one request may take in all, however busily the other side goes on.
    longest: float = 30
    # Between two requests to one host.
    pause: float = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """How an address answered; without a problem, it is fine."""

    status: int | None = None
    problem: str = ""
    # Whether the problem says for sure that there is nothing, rather than nothing for us now.
    definite: bool = False
    # Whether anybody answered at all. If not, it may be this machine that is cut off.
    reached: bool = True
    # Whether it rests on the certificates that this machine knows.
    by_certificate: bool = False
    # The host asks to be left alone for so long.
    leave: timedelta | None = None


class _FailedError(Exception):
    def __init__(self, answer: Answer, *, by_get: bool = False) -> None:
        super().__init__(answer.problem)
        self.answer = answer
        # Whether it may be HEAD alone that was not understood.
        self.by_get = by_get


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


def is_outside(address: str) -> bool:
    """Say whether an IP address belongs to the world rather than to somebody's network."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if any(ip in network for network in _TRANSLATED):
            within = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if within:
            return is_outside(str(within))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int) -> list[str]:
    """Give the IP addresses of a host, each once; an OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def host_of(url: str) -> str:
    """Give the host of an address; nothing when it has none or cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@dataclass
class Asker:
    """Asks for addresses from several threads, one at a time of each host."""

    manners: Manners
    # Set it to make everybody stop waiting.
    stop: threading.Event = field(default_factory=threading.Event)
    # Whether any certificate was found good, so that bad ones are not for lack of roots here.
    trusts: bool = False

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._asked: dict[str, float] = {}

    def ask(self, url: str) -> Answer:
        """Say how an address answers, by HEAD, and by GET where that is refused."""
        method, left = "HEAD", REDIRECTS
        while True:
            try:
                where = _parts(url)
                with self._turn(where.hostname or ""):
                    status, headers = self._request(method, where)
            except _FailedError as failed:
                if method == "HEAD" and failed.by_get:
                    method = "GET"
                    continue
                return failed.answer
            if status in _MOVED and (location := headers.get("Location")):
                if not left:
                    return Answer(status, f"more than {REDIRECTS} redirects")
                left -= 1
                try:
                    url = urldefrag(urljoin(url, location))[0]
                except ValueError:
                    return Answer(status, "a redirect that cannot be read")
                continue
            if method == "HEAD" and not 200 <= status < 300 and status not in _BUSY:
                method = "GET"
                continue
            return _judged(status, headers)

    def connects(self, url: str) -> bool:
        """Say whether the host of an address lets us in, without asking it for anything."""
        try:
            where = _parts(url)
            with self._turn(where.hostname or ""), self._connected(where):
                return True
        except _FailedError as failed:
            return failed.answer.reached
        except StoppedError:
            return False

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        with self._guard:
            turn = self._turns.setdefault(host, threading.Lock())
        with turn:
            rest = self._asked.get(host, -math.inf) + self.manners.pause - time.monotonic()
            if self.stop.wait(max(0, rest)):
                raise StoppedError
            try:
                yield
            finally:
                self._asked[host] = time.monotonic()

    def _request(self, method: str, where: SplitResult) -> tuple[int, http.client.HTTPMessage]:
        path = (where.path or "/") + (f"?{where.query}" if where.query else "")
        headers = {
            "Host": where.netloc.rpartition("@")[2],
            "User-Agent": self.manners.agent,
            "Accept": "*/*",
            "Connection": "close",
        }
        with self._connected(where) as sock:
            connection = http.client.HTTPConnection(where.hostname or "", _port(where))
            connection.sock = sock
            try:
                connection.request(method, path, headers=headers)
                # The head alone. Whatever of a body is on its way is left to the system.
                reply = connection.getresponse()
            except (ConnectionError, ssl.SSLEOFError):
                raise _FailedError(Answer(problem="closed the connection"), by_get=True) from None
            except http.client.HTTPException:
                raise _FailedError(Answer(problem="its answer is no HTTP"), by_get=True) from None
            with reply:
                return reply.status, reply.headers

    @contextmanager
    def _connected(self, where: SplitResult) -> Iterator[socket.socket]:
        host = where.hostname or ""
        with _at_most(self.manners.longest) as watch:
            try:
                with self._socket(host, _port(where)) as plain:
                    watch.on(plain)
                    if where.scheme == "http":
                        yield plain
                    else:
                        with _tls().wrap_socket(plain, server_hostname=host) as sock:
                            self.trusts = True
                            yield sock
                if watch.over:
                    # Cut among the headers, which looks like their end.
                    raise _too_slow(self.manners.longest)
            except _FailedError:
                if watch.over:
                    raise _too_slow(self.manners.longest) from None
                raise
            except TimeoutError:
                raise _too_slow(self.manners.timeout) from None
            except ssl.SSLError as error:
                raise _FailedError(_of_tls(error, watch.over)) from None
            except OSError as error:
                problem = error.strerror or "the connection broke"
                raise _FailedError(Answer(problem=problem, reached=False)) from None

    def _socket(self, host: str, port: int) -> socket.socket:
        """Connect to one of a host's addresses that are outside."""
        try:
            addresses = resolve(host, port)
        except socket.gaierror as error:
            unknown = error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
            problem = "no such host" if unknown else "its name could not be looked up"
            raise _FailedError(Answer(problem=problem, definite=unknown, reached=False)) from None
        outside = [address for address in addresses if is_outside(address)]
        if not outside:
            problem = "inside a network, where nobody is asked"
            raise _FailedError(Answer(problem=problem, reached=False))
        failed: OSError = OSError()
        refused = 0
        for address in outside[:ADDRESSES_TRIED]:
            try:
                return socket.create_connection((address, port), self.manners.timeout)
            except OSError as error:
                failed = error
                refused += error.errno == errno.ECONNREFUSED
        if refused == len(outside[:ADDRESSES_TRIED]):
            refusal = Answer(problem="connection refused", definite=True, reached=False)
            raise _FailedError(refusal)
        raise failed


def ask_all(asker: Asker, urls: Collection[str], *, at_once: int) -> Iterator[tuple[str, Answer]]:
    """Ask for each address, so many hosts at once, and give the answers as they come.

    A host that asks to be left alone is left with the rest of its addresses unasked.
    """
    hosts: dict[str, list[str]] = {}
    for url in urls:
        hosts.setdefault(host_of(url), []).append(url)
    answers: queue.SimpleQueue[tuple[str, Answer] | None] = queue.SimpleQueue()

    def work(of_one_host: list[str]) -> None:
        try:
            for url in of_one_host:
                answer = asker.ask(url)
                answers.put((url, answer))
                if answer.leave:
                    return
        except StoppedError:
            pass
        finally:
            answers.put(None)

    with ThreadPoolExecutor(at_once) as threads:
        try:
            working = [threads.submit(work, of_one_host) for of_one_host in hosts.values()]
            for _ in working:
                while answer := answers.get():
                    yield answer
            for one in working:
                one.result()
        finally:
            asker.stop.set()


def reaches_any(asker: Asker, urls: Collection[str]) -> bool:
    """Say whether the host of any of these addresses lets us in, asking them all at once."""
    with ThreadPoolExecutor(max(1, len(urls))) as threads:
        return any(list(threads.map(asker.connects, urls)))


class _Watch:
    """Cuts a connection that takes too long, whatever it is doing."""

    def __init__(self) -> None:
        self.over = False
        self._line: socket.socket | None = None

    def on(self, sock: socket.socket) -> None:
        # A second handle of the same connection: the first one changes hands for TLS.
        self._line = sock.dup()
        if self.over:
            self.cut()

    def cut(self) -> None:
        self.over = True
        if self._line:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._line:
            self._line.close()


@contextmanager
def _at_most(seconds: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(seconds, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        watch.close()


def _parts(url: str) -> SplitResult:
    """Read an address as it goes over the line: ASCII alone."""
    try:
        where = urlsplit(iri_to_uri(url))
        host = punycode(urlsplit(url).hostname or "")
        port = f":{where.port}" if where.port else ""
    except ValueError:
        problem = "an address that cannot be read"
        raise _FailedError(Answer(problem=problem, definite=True, reached=False)) from None
    if where.scheme not in {"http", "https"} or not host:
        problem = f"leads to {where.scheme}: and no page"
        raise _FailedError(Answer(problem=problem, reached=False))
    return where._replace(netloc=(f"[{host}]" if ":" in host else host) + port)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _port(where: SplitResult) -> int:
    return where.port or (443 if where.scheme == "https" else 80)


def _judged(status: int, headers: http.client.HTTPMessage) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    leave = _wanted_pause(headers.get("Retry-After", ""))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        leave = max(leave or _A_DAY, _A_DAY)
    return Answer(
        status,
        f"{status} {phrase}".strip(),
        definite=status in _GONE,
        leave=leave if status in _BUSY else None,
    )


def _wanted_pause(said: str) -> timedelta | None:
    """Read Retry-After, seconds or a date, as nothing more than a month."""
    with suppress(ValueError, OverflowError):
        if said.strip().isdecimal():
            return timedelta(seconds=min(int(said), _A_MONTH.total_seconds()))
        until = parsedate_to_datetime(said)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(until - datetime.now(UTC), timedelta(0)), _A_MONTH) or None
    return None


def _of_tls(error: ssl.SSLError, over: bool) -> Answer:
    if over or isinstance(error, ssl.SSLEOFError):
        return Answer(problem="closed the connection")
    if isinstance(error, ssl.SSLCertVerificationError):
        known = error.verify_code not in _ISSUER_UNKNOWN
        problem = f"its certificate: {error.verify_message}"
        return Answer(problem=problem, definite=known, by_certificate=True)
    return Answer(problem="TLS is broken there", definite=True)


def _too_slow(seconds: float) -> _FailedError:
    return _FailedError(Answer(problem=f"no answer within {seconds:g} seconds", reached=False))
