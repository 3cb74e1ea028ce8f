"""Asking one address and many, of a server of our own that answers in every way."""

import datetime as dt
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from roadmap import checking
from roadmap.checking import Answer, Asker, Manners, ask_all, is_outside
from tests.roadmap.web import NAMES, Server


def quick(**more: float) -> Asker:
    given = {"timeout": 5, "longest": 10, "pause": 0, **more}
    return Asker(Manners("Mastery link check (+http://here.test/)", **given))


# One address


@pytest.mark.parametrize(
    ("path", "status", "problem", "definite"),
    [
        ("200", 200, "", False),
        ("204", 204, "", False),
        ("404", 404, "404 Not Found", True),
        ("410", 410, "410 Gone", True),
        ("401", 401, "401 Unauthorized", False),
        ("403", 403, "403 Forbidden", False),
        ("405", 405, "405 Method Not Allowed", False),
        ("500", 500, "500 Internal Server Error", False),
        ("999", 999, "999", False),
        ("get/405", 200, "", False),
        ("get/404", 200, "", False),
        ("get/501", 200, "", False),
        ("hang_up_on_head", 200, "", False),
        ("to/200", 200, "", False),
        ("to/404", 404, "404 Not Found", True),
        ("hops/5", 200, "", False),
        ("hops/6", 301, "more than 5 redirects", False),
        ("to/to/to/to", 302, "more than 5 redirects", False),
        ("to/mailto:someone@example.org", None, "leads to mailto: and no page", False),
        ("to/http://[", 302, "a redirect that cannot be read", False),
        ("garbage", None, "its answer is no HTTP", False),
        ("endless_head", None, "its answer is no HTTP", False),
        ("maße/ä?q=ü b", 200, "", False),
    ],
)
def test_an_address_is_judged_by_what_it_answers(
    at: Callable[..., str], path: str, status: int | None, problem: str, definite: bool
) -> None:
    answer = quick().ask(at(path))
    assert (answer.status, answer.problem, answer.definite) == (status, problem, definite)


@pytest.mark.parametrize(
    ("path", "limits", "problem"),
    [
        ("silent", {"timeout": 0.1}, "no answer within 0.1 seconds"),
        ("drip", {"longest": 0.2}, "no answer within 0.2 seconds"),
    ],
)
def test_nobody_is_waited_for_longer_than_allowed(
    at: Callable[..., str], path: str, limits: dict[str, float], problem: str
) -> None:
    assert quick(**limits).ask(at(path)) == Answer(problem=problem, reached=False)


def test_a_loop_of_redirects_ends(web: Server, at: Callable[..., str]) -> None:
    web.become = {"/round": "to/about", "/about": "to/round"}
    assert quick().ask(at("round")).problem == "more than 5 redirects"
    assert len(web.asked) == 6


def test_a_host_that_does_not_exist_and_a_closed_door_are_definite(web: Server) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
        refused = quick().ask(f"http://one.test:{port}/")
    assert refused == Answer(problem="connection refused", definite=True, reached=False)
    nobody = quick().ask("http://nobody.test/")
    assert nobody == Answer(problem="no such host", definite=True, reached=False)
    unread = quick().ask(f"http://{'a' * 70}.test/")
    assert unread == Answer(problem="an address that cannot be read", definite=True, reached=False)


def test_a_name_server_that_does_not_answer_tells_nothing(
    web: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(checking, "resolve", resolve)
    assert not quick().ask("http://one.test/").definite


def test_tls_on_a_plain_port_is_broken_for_sure(at: Callable[..., str]) -> None:
    answer = quick().ask(at("200").replace("http:", "https:"))
    assert (answer.problem, answer.definite) == ("TLS is broken there", True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for one.test by nobody but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("one.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "one.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path


def test_a_certificate_is_looked_at(
    web: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Server() as secure:
        secure.socket = tls.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, args=[0.01], daemon=True).start()
        url = f"https://one.test:{secure.server_port}/200"
        asker = quick()
        answer = asker.ask(url)
        assert answer.problem == "its certificate: self-signed certificate"
        assert answer.definite
        assert answer.by_certificate
        assert not asker.trusts

        trusting = ssl.create_default_context(cafile=certificate)
        monkeypatch.setattr(checking, "_tls", lambda: trusting)
        assert asker.ask(url) == Answer(200)
        assert asker.trusts
        other = asker.ask(url.replace("one.test", "two.test"))
        assert "Hostname mismatch" in other.problem
        assert other.definite
        secure.shutdown()


def test_a_connection_closed_at_once_tells_nothing(web: Server) -> None:
    class HangUp(socketserver.BaseRequestHandler):
        pass

    with socketserver.TCPServer(("127.0.0.1", 0), HangUp) as closing:
        threading.Thread(target=closing.serve_forever, args=[0.01], daemon=True).start()
        for scheme in ("http", "https"):
            answer = quick().ask(f"{scheme}://one.test:{closing.server_address[1]}/")
            assert (answer.problem, answer.definite) == ("closed the connection", False)
        closing.shutdown()


def test_of_a_huge_page_next_to_nothing_is_read(web: Server, at: Callable[..., str]) -> None:
    assert quick().ask(at("huge")) == Answer(200)
    assert "sent it all" not in web.become


def test_head_comes_first_and_says_who_asks(web: Server, at: Callable[..., str]) -> None:
    quick().ask(at("200?a=b#there"))
    quick().ask(at("get/403"))
    host = f"one.test:{web.server_port}"
    assert web.asked == [
        ("HEAD", host, "/200?a=b"),
        ("HEAD", host, "/get/403"),
        ("GET", host, "/get/403"),
    ]
    assert web.agents == {"Mastery link check (+http://here.test/)"}


@pytest.mark.parametrize(
    ("path", "leave"),
    [
        ("429", dt.timedelta(days=1)),
        ("later/5", dt.timedelta(days=1)),
        ("later/259200", dt.timedelta(days=3)),
        ("later/99999999999999999999", dt.timedelta(days=30)),
        ("later/soon", dt.timedelta(days=1)),
        ("busy/7200", dt.timedelta(hours=2)),
        ("busy/Fri,_01_Jan_2999_00:00:00_GMT", dt.timedelta(days=30)),
        ("busy/Fri,_01_Jan_1999_00:00:00_GMT", None),
        ("503", None),
    ],
)
def test_a_busy_host_is_asked_again_when_it_says_and_no_more_today(
    web: Server, at: Callable[..., str], path: str, leave: dt.timedelta | None
) -> None:
    answer = quick().ask(at(path))
    assert answer.leave == leave
    assert answer.problem
    assert not answer.definite
    assert [method for method, _, _ in web.asked] == ["HEAD"]


# Never inside


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::7f00:1", "::ffff:0:7f00:1", "fec0::1",
    ],
)  # fmt: skip
def test_an_address_inside_a_network_is_never_asked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_outside(address)
    monkeypatch.setattr(checking, "resolve", lambda *_: [address])
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("asked"))
    answer = quick().ask("http://harmless.test/")
    assert answer.problem == "inside a network, where nobody is asked"
    assert not answer.definite


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_world_is_outside(address: str) -> None:
    assert is_outside(address)


def test_a_redirect_leads_nobody_inside_either(web: Server, at: Callable[..., str]) -> None:
    for inside in ("127.0.0.2", "192.168.0.1", "[::1]"):
        answer = quick().ask(at(f"to/http://{inside}:{web.server_port}/200"))
        assert answer.problem == "inside a network, where nobody is asked"
    assert {path for _, _, path in web.asked} == {
        f"/to/http://{inside}:{web.server_port}/200"
        for inside in ("127.0.0.2", "192.168.0.1", "[::1]")
    }


def test_without_the_tests_leave_this_machine_is_inside(server: Server) -> None:
    server.asked = []
    for host in ("localhost", "127.0.0.1"):
        answer = quick().ask(f"http://{host}:{server.server_port}/200")
        assert answer.problem == "inside a network, where nobody is asked"
    assert server.asked == []


# Several addresses


def test_a_host_is_asked_one_at_a_time_with_a_pause(web: Server, at: Callable[..., str]) -> None:
    urls = [at("200"), at("204"), at("to/200"), at("201")]
    answers = dict(ask_all(quick(pause=0.05), urls, at_once=4))
    assert {answer.problem for answer in answers.values()} == {""}
    assert len(web.at) == 5
    assert all(after - before >= 0.05 for before, after in pairwise(web.at))


@pytest.mark.parametrize(("at_once", "path"), [(3, "together/5"), (2, "together/0.05")])
def test_hosts_are_asked_beside_each_other_and_no_more_than_allowed(
    web: Server, at: Callable[..., str], at_once: int, path: str
) -> None:
    urls = [at(path, host) for host in NAMES[:3]]
    assert len(list(ask_all(quick(), urls, at_once=at_once))) == 3
    assert web.most == at_once


def test_a_host_that_wants_to_be_left_is_left(web: Server, at: Callable[..., str]) -> None:
    urls = [at("200"), at("429"), at("201"), at("200", "two.test")]
    answers = dict(ask_all(quick(), urls, at_once=1))
    assert list(answers) == [urls[0], urls[1], urls[3]]


def test_nobody_is_asked_any_more_once_nobody_listens(web: Server, at: Callable[..., str]) -> None:
    answers = ask_all(quick(pause=30), [at(str(200 + n)) for n in range(5)], at_once=1)
    next(answers)
    began = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 10
    assert len(web.asked) == 1
