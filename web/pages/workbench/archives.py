"""Zip files of bundles, hostile until checked: count, size, ratio, paths, links."""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib

from engine.drafts.files import kind_of
from engine.errors import FieldProblem, InvalidInput

MOST_ENTRIES = 200
MOST_BYTES = 20_000_000
MOST_RATIO = 100
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, EOFError, ValueError, IndexError)
"""What Python's reader raises over bytes that are not a whole zip."""


def read_archive(data: bytes, bundle: str) -> dict[str, bytes]:
    """The files of a bundle's zip by path, moved into the folder of ``bundle``.

    Raises:
        InvalidInput: no zip, or one that is too large, packed too tightly, has links or paths a bundle may not have.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except BROKEN as error:
        raise _refuse("not_a_zip") from error
    if len(entries) > MOST_ENTRIES:
        raise _refuse("too_many_files", limit=MOST_ENTRIES)
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _refuse("file_too_large", limit=MOST_BYTES)
    files: dict[str, bytes] = {}
    for entry in entries:
        if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
            raise _refuse("zip_entry_refused", path=entry.filename[:200])
        if entry.file_size > max(entry.compress_size, 1) * MOST_RATIO:
            raise _refuse("zip_entry_refused", path=entry.filename[:200])
        path = _place(entry.filename, bundle)
        if path in files:
            raise _refuse("two_of_one_name", path=path)
        files[path] = _read(archive, entry)
    if not files:
        raise _refuse("zip_empty")
    return files


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as stream:
            content = stream.read(entry.file_size + 1)
    except BROKEN as error:
        raise _refuse("zip_entry_refused", path=entry.filename[:200]) from error
    if len(content) > entry.file_size:
        raise _refuse("zip_entry_refused", path=entry.filename[:200])
    return content


def _place(name: str, bundle: str) -> str:
    """Where a file of the zip goes: the same place, in this bundle's folder."""
    parts = name.replace("\\", "/").split("/")
    folder = "forms" if parts[-1].endswith(".form") else f"workflows/{bundle}"
    path = f"{folder}/{parts[-1]}"
    if ".." in parts or name.startswith("/"):
        raise _refuse("zip_entry_refused", path=name[:200])
    kind_of(path, bundle)
    return path


def _refuse(code: str, **facts: object) -> InvalidInput:
    return InvalidInput("the archive cannot be taken", [FieldProblem("file", code, facts)])
