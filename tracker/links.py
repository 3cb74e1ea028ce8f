"""Addresses that people give as evidence: what may stand on a page as a link. Pure."""

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError

from tracker.evidence import LONGEST_URL

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
LONGEST_HOST = 253  # characters
# Spaces, controls, and what cannot be seen or turns the writing around.
UNSEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}


def read_url(typed: str) -> str:
    """Give the address that was typed, in the form in which it is kept.

    Its host is in ASCII, so that none can look like another one. Raises ValidationError with a
    sentence for whoever typed it.
    """
    url = typed.strip()
    if len(url) > LONGEST_URL:
        raise ValidationError(f"An address has at most {LONGEST_URL} characters, not {len(url)}.")
    if any(unicodedata.category(character) in UNSEEN for character in url):
        raise ValidationError("An address has no spaces or invisible characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValidationError("This is no address: its host or its port cannot be read.") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValidationError("An address begins with https:// or http://.")
    # Browsers take a backslash for a slash, and would end the host where we do not.
    if "\\" in url:
        raise ValidationError("An address has no backslashes.")
    if "@" in parts.netloc:
        raise ValidationError("Leave out the name and the password before the @.")
    if port == 0:
        raise ValidationError("A port lies between 1 and 65535.")
    url = parts._replace(netloc=f"{_host(parts)}{'' if port is None else f':{port}'}").geturl()
    if len(url) > LONGEST_URL:
        raise ValidationError(f"An address has at most {LONGEST_URL} characters, not {len(url)}.")
    return url


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            raise ValidationError(f"“{host}” is no host.") from None
        if address.scope_id is not None:
            raise ValidationError("An address names no network card: leave out the % and after.")
        return f"[{address}]"
    # Other dots than ours part a host all the same, as browsers read it.
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower()
    labels = [_ascii(label) for label in host.removesuffix(".").split(".")]
    name = ".".join(labels)
    if len(name) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise ValidationError(f"“{host}” is no host." if host else "This address has no host.")
    return name


def _ascii(label: str) -> str:
    """Write one part of a host, in its plain form, as the name system knows it."""
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
