"""Settings of every deployment, read from the environment; the README lists the variables."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from psycopg.conninfo import conninfo_to_dict

from mastery import postgres

# Makes Django's generic classes generic at run time too, as ModelForm[User].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in {"", "0", "1", "true", "false"}:
        return value in {"1", "true"} if value else default
    raise ImproperlyConfigured(f"{name} is {value!r}; it takes 1 or 0.")


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a whole number.")
    return int(value)


def listing(name: str) -> list[str]:
    return [part.strip() for part in text(name).split(",") if part.strip()]


def database(url: str) -> dict[str, Any]:
    """Give Django's settings for a Postgres address, a URL or a libpq string."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Not its own words: they may repeat the address with the password in it.
        raise ImproperlyConfigured(
            "DATABASE_URL is not a Postgres address such as "
            "postgresql://user:password@host:5432/name."
        ) from None
    known = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    settings = {ours: str(parts.pop(theirs, "") or "") for ours, theirs in known.items()}
    if not settings["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database; add /name at its end.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        **settings,
        "PORT": str(parts.pop("port", "") or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"prepare_threshold": 5, **parts},
    }


def mailer(url: str) -> dict[str, Any]:
    """Give Django's mailer for ``smtp://``, ``smtp+tls://`` or ``smtps://user:password@host:port``."""
    if not url:
        return {"BACKEND": "mastery.mail.ConsoleBackend"}
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        port = parts.port or ports.get(parts.scheme)
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        raise ImproperlyConfigured(
            "MASTERY_MAIL_URL is not an address such as smtp+tls://user:password@host:587."
        )
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 10,
        },
    }


def origin(url: str) -> str:
    """Give scheme, host and port of the address people use; the site lives at its root."""
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        # A port that is no number is noticed only when it is asked for.
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ImproperlyConfigured(
            "MASTERY_ORIGIN is not an address such as https://example.org, with nothing after "
            "the host and its port."
        )
    return url


def secret_key(path: Path) -> str:
    """Give this installation's secret key, made on first use and kept in the file at path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64))
        try:
            # A link never replaces: of two that start together, both end up with one key.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


# Where this installation keeps what is its own: the secret key, gathered static files and,
# unless it runs as root, the embedded database.
STATE_DIR = (BASE_DIR / (text("MASTERY_DATA") or ".local")).absolute()

DEBUG = boolean("DEBUG")
SECRET_KEY = text("SECRET_KEY") or secret_key(STATE_DIR / "secret_key")

# The address people use. Its scheme decides whether anything but loopback may speak plain http.
ORIGIN = origin(text("MASTERY_ORIGIN", "http://localhost:8000"))
_origin = urlsplit(ORIGIN)
assert _origin.hostname

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
_more_hosts = listing("MASTERY_ALLOWED_HOSTS")
ALLOWED_HOSTS = [*LOOPBACK_HOSTS, _origin.hostname, *_more_hosts]
PLAIN_HTTP_HOSTS = {*LOOPBACK_HOSTS}
if _origin.scheme == "http":
    PLAIN_HTTP_HOSTS |= {_origin.hostname, *_more_hosts}
else:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "mastery.apps.MasteryConfig",
    "roadmap.apps.RoadmapConfig",
    "tracker.apps.TrackerConfig",
    "journal.apps.JournalConfig",
    "mastery.apps.MasteryAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "mastery.middleware.TransportMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "mastery.middleware.QueryMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mastery.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "mastery.urls"
WSGI_APPLICATION = "mastery.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mastery.http.site",
            ],
            "builtins": ["django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "mastery.forms.Renderer"

DATABASES = {
    "default": database(text("DATABASE_URL") or postgres.home(BASE_DIR).url),
}
# allauth counts attempts here, so that its limits hold over all workers together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# Accounts

AUTH_USER_MODEL = "mastery.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[0]["OPTIONS"] = {"user_attributes": ["handle", "email"]}  # type: ignore[assignment]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "mastery.entrance.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "handle"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "mastery.entrance.SignupForm",
    "add_email": "mastery.accounts.AddEmailForm",
}
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _origin.scheme
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Mastery: "
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ALLAUTH_TRUSTED_PROXY_COUNT = number("MASTERY_TRUSTED_PROXIES", 0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "mastery.webauthn.AddForm",
    "authenticate_webauthn": "mastery.webauthn.AuthenticateForm",
    "login_webauthn": "mastery.webauthn.LoginForm",
    "reauthenticate_webauthn": "mastery.webauthn.ReauthenticateForm",
}
MFA_TOTP_ISSUER = "Mastery"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _origin.scheme == "http"

# Mail: to the console of the server until there is a server for it. Only then can anybody be
# asked to verify an address.
MAIL_URL = text("MASTERY_MAIL_URL")
MAILERS = {"default": mailer(MAIL_URL)}
DEFAULT_FROM_EMAIL = text("MASTERY_MAIL_FROM") or f"Mastery <mail@{_origin.hostname}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL_URL else "optional"

# Transport and browser. TransportMiddleware makes the one exception, plain http on this machine.

SECURE_SSL_REDIRECT = True
SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # TransportMiddleware is Django's SecurityMiddleware
]
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_ENGINE = "mastery.sessions"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_AGE = 90 * 24 * 3600
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "mastery.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
# The longest entry as a form sends it: a letter can be twelve bytes long there.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}

# Words and time: instants in UTC; what a person sees follows their own zone.

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

WHITENOISE_KEEP_ONLY_HASHED_FILES = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # A stranger's wrong Host header is answered with 400 and is no news.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
    },
}
