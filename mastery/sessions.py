"""Where sessions live, and how one of them is named to its owner."""

import re

from django.contrib.sessions.backends import db

KEY = re.compile(r"[a-z0-9]{32}")

# The first that fits wins: browsers name those before them, Chrome among them Safari.
BROWSERS = {
    "Edge": r"\bEdgA?(iOS)?/",
    "Opera": r"\bOPR/",
    "Samsung Internet": r"\bSamsungBrowser/",
    "Firefox": r"\b(Firefox|FxiOS)/",
    "Chrome": r"\b(Chrome|CriOS|Chromium)/",
    "Safari": r"\bVersion/[\d.]+ .*Safari/",
}
SYSTEMS = {
    "iPhone": r"\biPhone\b",
    "iPad": r"\biPad\b",
    "Android": r"\bAndroid\b",
    "Windows": r"\bWindows\b",
    "ChromeOS": r"\bCrOS\b",
    "macOS": r"\bMac OS X\b",
    "Linux": r"\bLinux\b",
}


class SessionStore(db.SessionStore):
    """Django's, which asks the database only for keys that it may have made itself.

    A cookie can hold anything, NUL included, and Postgres breaks off the request at that.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and KEY.fullmatch(key))


def browser_of(user_agent: str) -> str:
    """Say in words which browser on which system this is, as ``Firefox on Linux``."""
    found = [
        next((name for name, pattern in names.items() if re.search(pattern, user_agent)), "")
        for names in (BROWSERS, SYSTEMS)
    ]
    return " on ".join(filter(None, found)) or user_agent or "unknown"
