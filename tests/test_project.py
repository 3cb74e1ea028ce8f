"""What holds for the project as a whole, whatever page or module comes next."""

import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template import engines
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "templates").rglob("*")
    if path.suffix in {".html", ".txt", ".svg"}
)
HTML = [name for name in TEMPLATES if name.endswith(".html")]
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("mastery", "roadmap", "tracker", "journal", "tests", ".ci")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)

# What a stranger may ask for. Whatever is not here sends them to log in.
PUBLIC = {
    "home", "roadmap", "phase", "levels", "method", "resources", "provenance", "start",
    "sitemap", "robots", "favicon", "manifest", "share", "phase_share", "theme",
    "healthz", "readyz", "progress", "tick", "confirm", "import_progress",
    "profile", "small_handle", "public_log", "public_entry", "public_entry_by_code", "public_tag",
    "feed", "tag_feed", "picture", "api_guide",
    "changes", "changes_feed", "release_preview",
    # By token, or refused.
    "api_log", "api_entry", "api_nothing",
    # allauth's, each of which decides by itself
    "account_login", "account_signup", "account_logout", "account_inactive",
    "account_email_verification_sent", "account_confirm_email", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_login_code",
    "account_request_login_code", "mfa_authenticate", "mfa_trust", "mfa_login_webauthn",
    "mfa_signup_webauthn", "account_signup_by_passkey", "admin:login",
}  # fmt: skip
ARGUMENTS = {
    "slug": "0",
    "key": "p0-0",
    "uidb36": "1",
    "app_label": "roadmap",
    "object_id": "1",
    "content_type_id": "1",
    "url": "nowhere/",
    "id": "1",
    "code": "a" * 16,
    "name": "a" * 32,
    "handle": "ada",
    "tag": "adam",
    "ending": "a-day",
    "token": "1:a",
    "rest": "roadmap/",
}


def patterns(
    resolver: URLResolver, address: str = "", namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """Give every view's name and an address that leads to it."""
    for one in resolver.url_patterns:
        here = address + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, here, f"{one.namespace}:" if one.namespace else namespace)
        else:
            assert isinstance(one, URLPattern)
            yield f"{namespace}{one.name or ''}", example(here)


def example(route: str) -> str:
    """Fill in a route: of a regular expression its simplest match, of converters a value."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: ARGUMENTS.get(m[1], "1"), route)
    route = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: ARGUMENTS.get(m[1], "1"), route)
    return "/" + re.sub(r"[\^$]|\\Z", "", route).replace(r"\.", ".")


ADDRESSES = sorted(set(patterns(get_resolver())))


def test_the_walk_finds_the_sites_addresses() -> None:
    names = {name for name, _ in ADDRESSES}
    assert {"home", "phase", "tick", "settings", "account_login", "admin:index"} <= names
    assert names >= PUBLIC - {
        # There while their feature is switched on.
        "account_confirm_login_code", "account_request_login_code", "mfa_trust",
        "mfa_signup_webauthn", "account_signup_by_passkey",
    }  # fmt: skip


@pytest.mark.usefixtures("roadmap")
def test_a_stranger_is_sent_to_log_in_unless_the_page_is_public(client: Client) -> None:
    for name, address in ADDRESSES:
        if name in PUBLIC:
            response = client.get(address)
            assert response.status_code in {200, 301, 302, 401, 404, 405}, (name, address)
            continue
        for ask in (client.get, client.post):
            response = ask(address)
            assert response.status_code in {302, 303}, (response.status_code, name, address)
            where = response["Location"]
            assert where.startswith(("/accounts/login/?", "/admin/login/?")), (where, name)
            assert "next=" in where


@pytest.mark.usefixtures("roadmap")
def test_the_desk_is_closed_to_learners(learner: Client) -> None:
    entrance = {"admin:login", "admin:logout"}
    desk = [pair for pair in ADDRESSES if pair[0].startswith("admin:")]
    # Logging out comes last, so that nobody else is refused for want of a log-in.
    for name, address in sorted(desk, key=lambda pair: pair[0] in entrance):
        for ask in (learner.get, learner.post):
            response = ask(address)
            assert response.status_code in {302, 403, 404}, (response.status_code, address)
            if response.status_code == 302:
                assert "/login/" in response["Location"] or name in entrance, name
            assert name in entrance or "sessionid" in learner.cookies


# Templates


def markup(name: str) -> str:
    """Give a template's markup without its comments."""
    text = (ROOT / name).read_text()
    return re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", text, flags=re.DOTALL)


MARKUP = {name: markup(name) for name in HTML}


def everywhere(pattern: str, texts: dict[str, str] = MARKUP) -> dict[str, list[str]]:
    """Find a pattern in the templates; give what was found by the template's name."""
    found = {name: re.findall(pattern, text, flags=re.DOTALL) for name, text in texts.items()}
    return {name: matches for name, matches in found.items() if matches}


def test_every_template_can_be_read() -> None:
    for name in TEMPLATES:
        engines["django"].get_template(name.removeprefix("templates/"))


def test_no_template_holds_an_inline_style_or_script() -> None:
    # Data in a script element is not run.
    data = r"<script[^>]*\stype=\"application/json\""
    acting = {name: re.sub(data, "<data", text) for name, text in MARKUP.items()}
    inline = r"<style|<script(?![^>]*\bsrc=)|\sstyle\s*=|javascript:"
    assert everywhere(inline, acting) == {}


def test_no_template_acts_through_an_attribute() -> None:
    assert everywhere(r"\s(?:on[a-z]+|hx-on[\w:-]*|hx-vals|hx-vars)\s*=") == {}


def test_templates_send_forms_with_a_token() -> None:
    forms = everywhere(r"<form[^>]*method=\"post\".*?</form>")
    assert forms
    for name, form in ((name, form) for name, found in forms.items() for form in found):
        # The theme is the browser's own affair, and its form stands on pages without a cookie.
        assert "{% csrf_token %}" in form or "{% url 'theme' %}" in form, (name, form)


def test_templates_name_files_by_the_tag_that_knows_their_versions() -> None:
    assert everywhere(r"[\"'(]/static/[^\"')]*") == {}


def test_what_htmx_fetches_can_be_followed_without_it() -> None:
    tags = everywhere(r"<\w+[^>]*\shx-(?:get|post)=[^>]*>")
    assert tags
    for name, tag in ((name, tag) for name, found in tags.items() for tag in found):
        wanted = re.search(r"\shx-(?:get|post)=(\"[^\"]*\")", tag)
        assert wanted, (name, tag)
        assert re.search(rf"\s(?:href|action)={re.escape(wanted[1])}", tag), (name, tag)


@pytest.mark.parametrize(
    "name",
    sorted(
        path.relative_to(ROOT).as_posix()
        for app in ("mastery", "roadmap", "tracker", "journal")
        for path in (ROOT / app / "static").rglob("*")
        if path.suffix in {".css", ".js", ".svg"}
    ),
)
def test_a_static_file_fetches_nothing_from_elsewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    addresses = re.findall(r"(?:url\(\s*[\"']?|@import\s*[\"']|fetch\([\"'])([^\"')]+)", text)
    assert [url for url in addresses if re.match("https?:|//", url)] == []
    assert "eval(" not in text


# The project's texts


def test_every_variable_of_the_environment_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    sources = [
        *(ROOT / "mastery").glob("*.py"),
        *(ROOT / "mastery" / "management").rglob("*.py"),
        ROOT / "manage.py",
    ]
    asked: set[str] = set()
    for path in sources:
        text = path.read_text()
        asked |= set(
            re.findall(
                r"(?:environ(?:\.get\(|\[)|\b(?:text|boolean|number|listing)\()\s*\"(\w+)\"", text
            )
        )
    asked -= {"DJANGO_SETTINGS_MODULE"}
    asked = {name for name in asked if name.isupper()}
    assert {"DATABASE_URL", "MASTERY_ORIGIN", "MASTERY_DATA", "SECRET_KEY"} <= asked
    assert {name for name in asked if f"`{name}`" not in readme} == set()
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, flags=re.MULTILINE))
    assert table - asked == set(), "the README tells of variables that nothing reads"


def test_the_readme_gives_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "pip install uv && uv run manage.py serve\n" in readme
    assert "pip install uv && uv run pytest\n" in readme


def test_the_changelog_has_what_is_not_released_yet_on_top() -> None:
    titles = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert titles[0].lower() == "unreleased"


def test_python_and_every_package_are_pinned() -> None:
    assert (ROOT / ".python-version").read_text().strip() == "3.13"
    project = (ROOT / "pyproject.toml").read_text()
    pinned = re.search(r"constraint-dependencies = \[(.*?)\]", project, flags=re.DOTALL)
    assert pinned
    for line in pinned[1].split(",\n"):
        assert not line.strip() or re.fullmatch(r'\s*"[a-z0-9.-]+==[\w.]+"', line), line


def tracked() -> list[Path]:
    """Give the files that git keeps; where there is no git, those it would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = [name for name in os.fsdecode(listed.stdout).split("\0") if name]
    return [path for name in names if (path := ROOT / name).is_file()]


# Made of pieces, so that this file is not itself what it looks for.
FORBIDDEN = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "docker" + ".io",
    "ghcr" + ".io",
    "quay" + ".io",
    "index-" + "url",
    "/work" + "/main",
    "/work" + "/shared",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/Us" + "ers/",
    "FACTS" + ".md",
    "HOUSE" + ".md",
    "DESIGN" + ".md",
]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_no_file_names_a_registry_or_a_place_on_somebodys_machine(words: str) -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if words.encode() in path.read_bytes()
    ]
    assert found == []


def test_every_module_fits_into_a_head() -> None:
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in MODULES}
    allowed = {name: 700 if name.startswith("tests/") else 450 for name in MODULES}
    assert {name: length for name, length in lengths.items() if length > allowed[name]} == {}


def test_no_module_leaves_work_for_later_in_a_comment() -> None:
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    left = re.compile(rf"\b(?:{'|'.join(words)})\b")
    assert [name for name in MODULES if left.search((ROOT / name).read_text())] == []


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    out = io.StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()


def test_migrations_are_named() -> None:
    names = [path.name for path in ROOT.glob("*/migrations/0*.py")]
    assert names
    assert [name for name in names if re.search(r"_auto_\d{8}", name)] == []
