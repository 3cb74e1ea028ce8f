"""All content as one .zip archive of its files: written the same way each time, read with care."""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from roadmap.content_kinds import LIST_FILES

LARGEST_ARCHIVE = 4_000_000  # bytes
LARGEST_CONTENT = 2_000_000  # bytes, unpacked: some ten times the roadmap that ships
MOST_FILES = 300
FOLDERS = {"chapters", "phases"}
# What computers put into archives of their own accord, and what explains them to people.
IGNORED = {"readme.md", ".ds_store", "thumbs.db", "desktop.ini", ".gitignore", ".gitattributes"}
# The oldest a .zip can say: the same content makes the same bytes on any day.
EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


class ArchiveError(Exception):
    """An archive that is not read; the message says why in a sentence."""


def pack(files: Mapping[str, str]) -> bytes:
    """Make an archive of text files; equal files make equal bytes."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name].encode())
    return body.getvalue()


def unpack(body: bytes) -> dict[str, bytes]:
    """Give the content files of an archive by their names, without a folder that is above them all.

    Raises:
        ArchiveError: it is no .zip archive, too large, or holds what no archive of ours does.
    """
    if len(body) > LARGEST_ARCHIVE:
        raise ArchiveError(f"This archive is larger than {_size(LARGEST_ARCHIVE)}.")
    if not zipfile.is_zipfile(io.BytesIO(body)):
        raise ArchiveError(
            "This is no .zip archive. Choose one that was downloaded here, or put the folder of "
            "content files into a .zip archive."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return _without_folder_above(_contents(archive))
    except DAMAGED:
        raise ArchiveError(
            "This archive is damaged and cannot be read. Make it anew, and send it again."
        ) from None


def _contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not _is_ignored(entry)]
    if len(entries) > MOST_FILES:
        raise ArchiveError(
            f"This archive holds {len(entries):,} files, and at most {MOST_FILES} are read."
        )
    if not entries:
        raise ArchiveError("This archive holds no content files.")
    files: dict[str, bytes] = {}
    left = LARGEST_CONTENT
    for entry in entries:
        _check(entry)
        if entry.filename in files:
            raise ArchiveError(f"This archive holds {_shown(entry.filename)} twice.")
        with archive.open(entry) as file:
            # Whatever it says of its size, no more than this is unpacked.
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise ArchiveError(
                f"The files of this archive are larger than {_size(LARGEST_CONTENT)} when unpacked."
            )
        files[entry.filename] = content
    return files


def _is_ignored(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    return (
        entry.is_dir()
        or "__MACOSX" in path.parts
        or path.name.lower() in IGNORED
        or path.name.startswith("._")
    )


def _check(entry: zipfile.ZipInfo) -> None:
    name, shown = entry.filename, _shown(entry.filename)
    # Nothing of it is ever written to disk; an archive with such names is no honest one.
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise ArchiveError(f"{shown} has an absolute name. Names begin with a folder or a file.")
    if ".." in PurePosixPath(name.replace("\\", "/")).parts:
        raise ArchiveError(f"{shown} leads out of the archive with “..”.")
    if "\\" in name:
        raise ArchiveError(f"{shown} has a backslash in its name. Folders end in a slash: /.")
    if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise ArchiveError(f"{shown} is a link or a device. Put the file itself into the archive.")
    if entry.flag_bits & 0x1:
        raise ArchiveError(f"{shown} is encrypted. Make the archive without a password.")
    if entry.compress_type not in READABLE:
        raise ArchiveError(
            f"{shown} is compressed in a way that is not read here. Make an ordinary .zip archive."
        )


def _without_folder_above(files: dict[str, bytes]) -> dict[str, bytes]:
    while True:
        tops = {name.partition("/")[0] for name in files}
        nested = all("/" in name for name in files)
        if not nested or len(tops) > 1 or tops <= FOLDERS or tops <= set(LIST_FILES):
            return files
        files = {name.partition("/")[2]: body for name, body in files.items()}


def _shown(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "�" for letter in name)
    return f"“{printable if len(printable) <= 100 else f'{printable[:99]}…'}”"


def _size(count: int) -> str:
    return f"{count // 1_000_000} MB"
