import datetime as dt
import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mastery.models import User
from mastery.roles import EDITOR, appoint
from roadmap import content
from roadmap.archive import LARGEST_CONTENT, MOST_FILES, ArchiveError, pack, unpack
from roadmap.content import CONTENT, read
from roadmap.loader import load
from roadmap.models import (
    ContentArchive,
    ContentVersion,
    Phase,
    Release,
    Trap,
)
from tests import reading
from tests.conftest import empty_roadmap, milestone
from tests.roadmap.test_content import SMALL
from tracker.models import Completion

PAGE = "/admin/content/"
FILES = {
    path.relative_to(CONTENT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(CONTENT.rglob("*.yaml"))
}
GOAL = "\ngoal: |\n"


@pytest.fixture
def desk(editor: Client) -> Client:
    """An editor's browser, where the roadmap is small."""
    empty_roadmap()
    load(read(SMALL))
    return editor


def changed(name: str, old: str, new: str, files: dict[str, str] = SMALL) -> dict[str, str]:
    assert files[name].count(old) >= 1, (name, old)
    return {**files, name: files[name].replace(old, new, 1)}


def zipped(entries: dict[str, bytes | str], **entry: Any) -> bytes:
    """Make an archive of any kind, with attributes for each of its entries."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            for attribute, value in entry.items():
                setattr(info, attribute, value)
            archive.writestr(info, content)
    return body.getvalue()


def send(client: Client, body: bytes, name: str = "roadmap.zip", **more: str) -> Any:
    file = io.BytesIO(body)
    file.name = name
    return followed(client, client.post(PAGE, {"do": "check", "archive": file, **more}))


def followed(client: Client, response: Any) -> Any:
    return client.get(response["Location"]) if response.status_code == 303 else response


def form_of(response: Any) -> dict[str, str]:
    """Give the hidden fields of the form that loads what was sent."""
    page = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
    form = next(form for form in page.iter("form") if "archive__load" in form.get("class", ""))
    fields = (field for field in form.iter("input") if field.get("type") == "hidden")
    return {str(field.get("name")): str(field.get("value")) for field in fields}


def load_it(client: Client, response: Any, **more: str) -> Any:
    return followed(client, client.post(PAGE, {**form_of(response), "do": "load", **more}))


def text_of(response: Any) -> str:
    return reading.words(response.content.decode())


def counts_of(response: Any) -> dict[str, int]:
    groups = response.context["dry_run"].groups
    return {group.key: len(group.rows) for group in groups}


def state() -> tuple[Any, ...]:
    return ContentVersion.objects.get().token, Release.objects.count()


# Out


@pytest.mark.django_db
def test_the_export_holds_what_a_dump_writes_and_the_form_of_the_files(
    editor: Client, tmp_path: Path
) -> None:
    Phase.objects.filter(slug="2").update(title="An editor’s title")
    response = editor.get(PAGE, {"download": "1"})
    assert response["Content-Type"] == "application/zip"
    call_command("dump_roadmap", tmp_path, stdout=io.StringIO())
    dumped = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*.yaml")
    }
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held.pop("README.md") == (CONTENT / "README.md").read_bytes()
    assert held == dumped
    assert "An editor’s title".encode() in held["phases/2.yaml"]


@pytest.mark.django_db
def test_equal_content_gives_equal_bytes_named_by_the_day(editor: Client) -> None:
    bodies = []
    for day in ("2026-03-14", "2026-03-15"):
        with time_machine.travel(f"{day}T12:00:00Z", tick=False):
            client = Client()
            client.force_login(User.objects.get(handle="grace"))
            response = client.get(PAGE, {"download": "1"})
        assert response["Content-Disposition"] == f'attachment; filename="roadmap-{day}.zip"'
        bodies.append(response.content)
    assert bodies[0] == bodies[1]
    assert bodies[0] == pack({**FILES, "README.md": (CONTENT / "README.md").read_text()})


def test_the_order_of_files_is_none_of_the_archives() -> None:
    backwards = dict(reversed(FILES.items()))
    assert pack(backwards) == pack(FILES)


# Who may


@pytest.mark.django_db
def test_whoever_may_only_look_takes_content_out_and_none_in(
    make_user: Callable[..., User],
) -> None:
    reader = make_user("edith", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_phase"))
    client = Client()
    client.force_login(reader)
    assert 'type="file"' not in client.get(PAGE).content.decode()
    assert client.get(PAGE, {"download": "1"}).status_code == 200
    assert send(client, pack(SMALL)).status_code == 403
    assert not ContentArchive.objects.exists()


@pytest.mark.django_db
def test_an_editor_may_do_both_and_a_learner_neither(
    make_user: Callable[..., User], learner: Client
) -> None:
    appoint(make_user("edith"), EDITOR)
    client = Client()
    client.force_login(User.objects.get(handle="edith"))
    assert send(client, pack(SMALL)).status_code == 200
    assert learner.get(PAGE, {"download": "1"}, follow=True).status_code == 403


@pytest.mark.django_db
def test_an_archive_is_its_senders_alone(desk: Client, make_user: Callable[..., User]) -> None:
    response = send(desk, pack(changed("phases/1.yaml", GOAL, GOAL + "  Anew.\n")))
    other = Client()
    other.force_login(make_user("other", is_superuser=True, is_staff=True))
    assert "dry_run" not in other.get(PAGE).context
    version = state()
    assert "There is no archive to load any more" in text_of(load_it(other, response))
    other.post(PAGE, {**form_of(response), "do": "forget"})
    assert state() == version
    assert ContentArchive.objects.count() == 1


# In


@pytest.mark.django_db
def test_importing_our_own_export_changes_nothing(editor: Client) -> None:
    Phase.objects.filter(slug="2").update(title="An editor’s title")
    before = state()
    response = send(editor, editor.get(PAGE, {"download": "1"}).content)
    assert counts_of(response) == {}
    assert "Nothing: everything here is as the archive has it." in text_of(response)
    assert "Load it" not in text_of(response)
    load_it(editor, response)
    assert state() == before


@pytest.mark.django_db
def test_a_dry_run_tells_each_change_in_words_and_does_nothing(desk: Client) -> None:
    files = changed("phases/1.yaml", "title: Foundations", "title: Foundations first")
    trap = "\ntraps:\n  - slug: new\n    title: Brand new\n    text: |\n      Mind it.\n"
    files = changed("phases/0.yaml", "\ntraps:\n", trap, files)
    files = changed("claims.yaml", "- slug: twenty", "- slug: thirty", files)
    before = state()
    response = send(desk, pack(files), "from-staging.zip")
    assert response.status_code == 200
    # The new trap comes first, and moves the other one.
    assert counts_of(response) == {"new": 2, "changed": 2, "removed": 1}
    text = text_of(response)
    for said in [
        "What from-staging.zip would change",
        "Phase 1 Foundations first title Foundations[new: first] phases/1.yaml:1",
        "Trap 0/tools Tools place [gone: 1][new: 2] phases/0.yaml:",
        "Trap 0/new Brand new",
        "Removed or retired: 1",
        "Claim twenty About twenty",
    ]:
        assert said in text.replace(" [new", "[new"), said
    assert state() == before


@pytest.mark.django_db
def test_loading_does_what_the_dry_run_said_and_once(desk: Client) -> None:
    files = changed("phases/1.yaml", GOAL, f"{GOAL}  Anew.\n")
    response = send(desk, pack(files))
    loaded = load_it(desk, response)
    assert f"Loaded roadmap.zip: 1 changed, {len(read(SMALL)) - 1} as they were." in text_of(loaded)
    assert Phase.objects.get(slug="1").goal.startswith("Anew.\n")
    assert not ContentArchive.objects.exists()
    after = state()
    assert "There is no archive to load any more" in text_of(load_it(desk, response))
    assert state() == after


@pytest.mark.django_db
def test_what_an_editor_changed_is_left_alone_unless_the_box_is_ticked(desk: Client) -> None:
    Phase.objects.filter(slug="1").update(title="An editor’s title")
    Trap.objects.filter(slug="tools").delete()
    response = send(desk, pack(SMALL))
    assert counts_of(response) == {"left": 2}
    assert "2 of the rows left alone" in text_of(response)
    load_it(desk, response)
    assert Phase.objects.get(slug="1").title == "An editor’s title"
    load_it(desk, send(desk, pack(SMALL)), force="on")
    assert Phase.objects.get(slug="1").title != "An editor’s title"
    assert Trap.objects.filter(slug="tools").exists()


@pytest.mark.django_db
def test_what_changed_since_the_dry_run_is_shown_before_anything_is_loaded(desk: Client) -> None:
    body = pack(changed("phases/1.yaml", "title: Foundations", "title: Foundations first"))
    response = send(desk, body)
    Phase.objects.filter(slug="1").update(title="Meanwhile an editor’s")
    moved = load_it(desk, response, force="on")
    assert moved.status_code == 409
    assert "The content changed since this dry run was made, so nothing was loaded." in text_of(
        moved
    )
    assert Phase.objects.get(slug="1").title == "Meanwhile an editor’s"
    assert counts_of(moved) == {"left": 1}
    load_it(desk, moved, force="on")
    assert Phase.objects.get(slug="1").title == "Foundations first"


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["material", "cosmetic"])
def test_a_changed_wording_says_what_it_means_for_those_who_did_it(
    desk: Client, user: User, tick: Callable[..., None], change: str
) -> None:
    tick(user, "p0-0")
    was = milestone("p0-0").latest_revision()
    assert was is not None
    wording = f"wording: {was.wording}"
    cosmetic = "change: cosmetic\n    " if change == "cosmetic" else ""
    files = changed("phases/0.yaml", wording, f"{cosmetic}wording: Said anew")
    response = send(desk, pack(files))
    said = {
        "material": "Material: learners see “reworded since” with the old text",
        "cosmetic": "Cosmetic: nobody is asked.",
    }
    assert said[change] in text_of(response)
    assert "1 completion" in text_of(response)
    load_it(desk, response)
    completion = Completion.objects.get(user=user)
    assert completion.done
    assert (completion.revision_id == was.pk) is (change == "material")
    told = [item.was for release in Release.objects.all() for item in release.items.all()]
    assert told == ([was.wording] if change == "material" else [])


@pytest.mark.django_db
def test_what_comes_and_goes_is_told_to_learners_as_one_release(desk: Client) -> None:
    files = changed("resources.yaml", "- slug: a-book", "- slug: a-novel")
    files = changed("phases/0.yaml", "resource: a-book", "resource: a-novel", files)
    response = send(desk, pack(files))
    assert "Learners will read" in text_of(response)
    load_it(desk, response)
    load_it(desk, send(desk, pack(files)))
    [release] = Release.objects.published()
    assert release.title == "Changes from the files"
    assert sorted((item.what, item.key) for item in release.items.all()) == [
        ("added", "a-novel"),
        ("retired", "a-book"),
    ]


@pytest.mark.django_db
def test_what_an_archive_brought_stays_when_the_site_loads_its_own_files(desk: Client) -> None:
    files = changed("phases/1.yaml", "title: Foundations", "title: Foundations first")
    files = changed("phases/0.yaml", "slug: tools", "slug: better-tools", files)
    load_it(desk, send(desk, pack(files)))
    report = load(read(SMALL))
    assert (report.changed, len(report.left_alone)) == (0, 2)
    assert Phase.objects.get(slug="1").title == "Foundations first"
    assert [trap.slug for trap in Trap.objects.all()] == ["better-tools"]
    # And to the next archive it is no editor's change.
    again = changed("phases/1.yaml", "title: Foundations first", "title: Foundations last", files)
    assert counts_of(send(desk, pack(again))) == {"changed": 1}


@pytest.mark.django_db
def test_a_forgotten_archive_is_gone(desk: Client) -> None:
    response = send(desk, pack(changed("phases/1.yaml", GOAL, GOAL + "  Anew.\n")))
    gone = followed(desk, desk.post(PAGE, {**form_of(response), "do": "forget"}))
    assert "Nothing of it was loaded" in text_of(gone)
    assert not ContentArchive.objects.exists()
    assert desk.post(PAGE, {**form_of(response), "do": "forget"}).status_code == 303


@pytest.mark.django_db
def test_an_archive_lasts_a_day_and_goes_with_the_next_one(
    desk: Client, make_user: Callable[..., User]
) -> None:
    body = pack(changed("phases/1.yaml", GOAL, GOAL + "  Anew.\n"))
    response = send(desk, body)
    send(desk, body)
    assert ContentArchive.objects.count() == 1
    response = desk.get(PAGE)
    old = dt.timedelta(days=1, minutes=1)
    archive = ContentArchive.objects.get()
    ContentArchive.objects.update(uploaded=archive.uploaded - old)
    assert "dry_run" not in desk.get(PAGE).context
    assert "There is no archive to load any more" in text_of(load_it(desk, response))
    other = Client()
    other.force_login(make_user("other", is_superuser=True, is_staff=True))
    send(other, body)
    assert ContentArchive.objects.get().user.handle == "other"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"do": "everything"},
        {"do": "load"},
        {"do": "load", "archive": "x" * 50, "plan": "\x00"},
        {"do": "load", "archive": "9" * 30},
        {"do": "forget", "archive": "٣"},
        {"do": "check"},
        {"do": "check", "archive": "no file"},
    ],
)
def test_whatever_is_sent_gets_an_answer(desk: Client, data: dict[str, str]) -> None:
    before = state()
    assert desk.post(PAGE, data).status_code in {303, 400, 422}
    assert state() == before


# Archives that are none of ours


def flagged(body: bytes, bits: int) -> bytes:
    """Set bits in the flags of each entry, as a program that encrypts does."""
    changed = bytearray(body)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = body.find(mark)
        while found >= 0:
            changed[found + at] |= bits
            found = body.find(mark, found + 4)
    return bytes(changed)


def broken(body: bytes) -> bytes:
    return body[:60] + b"\xff\xff\xff\xff" + body[64:]


def twice(name: str) -> bytes:
    body = zipped({name: "[]\n", f"{name[:-1]}x": "[]\n"})
    return body.replace(f"{name[:-1]}x".encode(), name.encode())


LINK = (stat.S_IFLNK | 0o777) << 16
BAD = {
    "no archive": (b"- slug: trunk\n", "This is no .zip archive."),
    "half an archive": (pack(SMALL)[:1_000], "This is no .zip archive."),
    "damaged": (broken(pack(SMALL)), "This archive is damaged"),
    "a name that is no text": (
        zipped({"aaaa.yaml": "x"}).replace(b"aaaa", b"\xff\xfe\xff\xfe"),
        "no content file has this name",
    ),
    "a name that claims to be UTF-8": (
        zipped({"ä.yaml": ""}).replace("ä".encode(), b"\xff\xfe"),
        "This archive is damaged",
    ),
    "nothing in it": (zipped({}), "This archive holds no content files."),
    "only junk": (
        zipped({"__MACOSX/._tracks.yaml": "x", ".DS_Store": "x", "phases/": ""}),
        "This archive holds no content files.",
    ),
    "a way out": (zipped({"../tracks.yaml": ""}), "“../tracks.yaml” leads out of the archive"),
    "a hidden way out": (zipped({"phases/..\\..\\0.yaml": ""}), "leads out of the archive"),
    "an absolute name": (zipped({"/etc/tracks.yaml": ""}), "has an absolute name"),
    "a drive": (zipped({"C:/tracks.yaml": ""}), "has an absolute name"),
    "backslashes": (zipped({"phases\\0.yaml": ""}), "has a backslash in its name"),
    "a link": (zipped({"tracks.yaml": "/etc/passwd"}, external_attr=LINK), "is a link"),
    "a password": (flagged(pack(SMALL), 1), "is encrypted"),
    "another compression": (
        zipped(dict(SMALL), compress_type=zipfile.ZIP_LZMA),
        "is compressed in a way that is not read here",
    ),
    "a name twice": (twice("tracks.yaml"), "holds “tracks.yaml” twice"),
    "too many files": (
        zipped({f"phases/{number}.yaml": "" for number in range(MOST_FILES + 1)}),
        "holds 301 files, and at most 300 are read",
    ),
    "a bomb": (
        zipped(
            {f"phases/{number}.yaml": b"#" * (LARGEST_CONTENT // 3) for number in range(4)},
            compress_type=zipfile.ZIP_DEFLATED,
        ),
        "larger than 2 MB when unpacked",
    ),
    "too large": (b"PK" + bytes(4_000_000), "This file is larger than 4 MB."),
    "another encoding": (
        zipped({**SMALL, "tracks.yaml": FILES["tracks.yaml"].encode("utf-16")}),
        "tracks.yaml:1 this is not UTF-8 text",
    ),
    "mistakes": (
        pack(changed("phases/1.yaml", "track: trunk", "track: twig")),
        "phases/1.yaml:1 no file has the track 'twig' of 'track'",
    ),
    "no YAML": (pack({**SMALL, "habits.yaml": "- slug: [\n"}), "habits.yaml:2 not YAML"),
    "an alias": (
        pack({**SMALL, "habits.yaml": "- &a\n  slug: x\n- *a\n"}),
        "habits.yaml:3 not YAML: an alias stands here",
    ),
    "endless depth": (
        pack({**SMALL, "habits.yaml": "[" * 5_000}),
        "habits.yaml:1 not YAML: too many lists and mappings",
    ),
    "endless breadth": (
        pack({**SMALL, "habits.yaml": f"[{'x,' * 2_000}]"}),
        "not YAML: the files hold more than 1,500 values",
    ),
    "a long list": (pack({**SMALL, "habits.yaml": "- x\n" * 1_001}), "at most 1000 fit"),
    "half a letter": (
        pack(changed("tracks.yaml", "\n  name: Trunk", '\n  name: "\\ud800"')),
        "'name' holds a control character",
    ),
    "a file too many": (pack({**SMALL, "notes.txt": "x"}), "notes.txt:1 no content file has"),
    "a file too few": (
        pack({name: text for name, text in SMALL.items() if name != "claims.yaml"}),
        "claims.yaml:1 this file is missing",
    ),
    "its own twin": (
        pack(changed("phases/1.yaml", "same_as: '0'", "same_as: '1'")),
        "a phase is not its own twin",
    ),
}


@pytest.mark.django_db
def test_an_archive_that_cannot_be_read_gets_a_clear_sentence_and_is_not_kept(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_VALUES", 1_500)
    monkeypatch.setattr(content, "LONGEST_LIST", 1_000)
    before = state()
    for what, (body, sentence) in BAD.items():
        response = send(desk, body)
        assert response.status_code == 422, what
        assert sentence in text_of(response), (what, text_of(response)[:1500])
    assert not ContentArchive.objects.exists()
    assert state() == before


@pytest.mark.parametrize("above", ["", "roadmap-2026-03-14/", "work/roadmap/"])
def test_a_folder_above_the_files_and_a_computers_own_files_are_left_out(above: str) -> None:
    entries: dict[str, bytes | str] = {f"{above}{name}": text for name, text in SMALL.items()}
    junk = {"__MACOSX/._x.yaml": "x", f"{above}.DS_Store": "x", f"{above}README.md": "x"}
    held = unpack(zipped({**entries, **junk}))
    assert held == {name: text.encode() for name, text in SMALL.items()}


def test_a_lone_folder_of_phases_is_no_folder_above() -> None:
    assert set(unpack(zipped({"phases/0.yaml": ""}))) == {"phases/0.yaml"}


def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    body = zipped({"tracks.yaml": b"#" * 1_000})
    size = (1_000).to_bytes(4, "little")
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(body.replace(size, (10).to_bytes(4, "little")))


@pytest.mark.django_db
def test_files_from_another_computer_are_the_same_files(desk: Client) -> None:
    foreign = {
        name: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for name, text in SMALL.items()
    }
    response = send(desk, zipped(dict(foreign)))
    assert counts_of(response) == {}


def with_twenty(reworded: int) -> dict[str, str]:
    """Give files with twenty milestones more, of which some have another wording."""
    milestones = "".join(
        f"  - key: m-{number}\n    kind: build\n    wording: {word} {number}\n"
        for number in range(20)
        for word in ["Said anew" if number < reworded else "A thing"]
    )
    return changed("phases/0.yaml", "\nmilestones:\n", f"\nmilestones:\n{milestones}")


@pytest.mark.django_db
def test_a_dry_run_costs_the_same_queries_for_more_rows(desk: Client) -> None:
    def cost(reworded: int) -> int:
        send(desk, pack(with_twenty(reworded)))
        with CaptureQueriesContext(connection) as queries:
            assert counts_of(desk.get(PAGE)) == {"changed": reworded}
        return len(queries)

    load(read(with_twenty(0)))
    few = cost(2)
    assert cost(20) == few
