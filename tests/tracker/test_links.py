"""Addresses that people give: what is kept, and what is refused with a sentence."""

import pytest
from django.core.exceptions import ValidationError
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from tracker.evidence import Link
from tracker.links import read_url

LONG = "https://example.org/" + "a" * 480


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://github.com/ada/net", "https://github.com/ada/net"),
        ("  https://example.org  ", "https://example.org"),
        ("HTTP://Example.ORG/Path", "http://example.org/Path"),
        ("https://example.org:8443/x?a=1&b=2#c", "https://example.org:8443/x?a=1&b=2#c"),
        ("https://example.org./x", "https://example.org/x"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("http://git/ada", "http://git/ada"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/é"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://gіthub.com/", "https://xn--gthub-n2e.com/"),
        ("https://example\uff0eorg/x", "https://example.org/x"),
        ("https://bücher\u3002example/", "https://xn--bcher-kva.example/"),
        ("https://example.org/@ada", "https://example.org/@ada"),
        (LONG, LONG),
    ],
)
def test_an_address_is_kept_with_its_host_in_ascii(typed: str, kept: str) -> None:
    assert read_url(typed) == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("javascript:alert(1)", "begins with"),
        ("java\nscript:alert(1)", "spaces"),
        ("data:text/html,x", "begins with"),
        ("ftp://example.org/", "begins with"),
        ("//example.org/", "begins with"),
        ("example.org/x", "begins with"),
        ("https:example.org", "begins with"),
        ("https://", "begins with"),
        ("https:///x", "begins with"),
        ("https://:80/", "no host"),
        ("https://ada@example.org/", "before the @"),
        ("https://ada:secret@example.org/", "before the @"),
        ("https://@example.org/", "before the @"),
        ("https://example.org\\@evil.example/", "backslashes"),
        ("https://example.org/a b", "spaces"),
        ("https://example.org/a\tb", "spaces"),
        ("https://example.org/\0", "spaces"),
        ("https://example.org/\x7f", "spaces"),
        ("https://example.org/\u202egnp.exe", "invisible"),
        ("https://exam\u200bple.org/", "invisible"),
        ("https://example.org:0/", "between 1 and 65535"),
        ("https://example.org:65536/", "cannot be read"),
        ("https://example.org:port/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://[v1.x]/", "no host"),
        ("https://[fe80::1%eth0]/", "no network card"),
        ("https://exa_mple..org/", "no host"),
        ("https://-example.org/", "no host"),
        ("https://<script>.example/", "no host"),
        ("https://example.org\uff0fevil.example/", "cannot be read"),
        (f"https://{'a' * 64}.example/", "no host"),
        (f"https://{'a.' * 130}example/", "no host"),
        (LONG + "a", "at most 500"),
        ("https://" + "ü" * 60 + ".example/" + "a" * 425, "at most 500"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read_url(typed)


@given(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["https://", "http://", "HTTPS://", "https:/", ""]),
        st.text(max_size=30),
        st.sampled_from(["", "/", ":80/", "?x", "#y", "@z/"]),
    )
)
def test_any_text_is_an_address_or_is_refused(typed: str) -> None:
    try:
        kept = read_url(typed)
    except ValidationError:
        return
    assert kept.startswith(("https://", "http://"))
    assert read_url(kept) == kept
    assert Link("other", kept).host.isascii()
    assert "\n" not in escape(kept)
