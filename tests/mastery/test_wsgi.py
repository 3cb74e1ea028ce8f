import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test import RequestFactory

from mastery.wsgi import application


@pytest.mark.parametrize("name", ["CONTENT_TYPE", "HTTP_ACCEPT"])
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text/plain; charset=utf-8, */*;q=0.8", True),
        ("text/html, text/plain; a*=none''x", False),
        (f"text/plain; a={'x' * 12_000}", False),
    ],
    ids=["good", "encoding", "length"],
)
def test_a_header_that_cannot_be_read_breaks_nothing(
    name: str, sent: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = RequestFactory().get("/").environ | {name: sent}
    monkeypatch.setattr(WSGIHandler, "__call__", lambda _self, environ, _: WSGIRequest(environ))
    request = application(environ, None)
    assert isinstance(request, WSGIRequest)
    assert (environ[name] == sent) == kept
    assert request.accepts("text/plain")
    assert request.content_type in {"", "text/plain", "application/octet-stream"}
