"""What a file is, from its first bytes. What is not on the list is refused: SVG and HTML run scripts in browsers."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class FileType:
    """``kind``: photo, video, audio or document; ``endings``: what such files are called."""

    content_type: str
    kind: str
    endings: tuple[str, ...]


JPEG = FileType("image/jpeg", "photo", ("jpg", "jpeg", "jpe", "jfif"))
PNG = FileType("image/png", "photo", ("png",))
WEBP = FileType("image/webp", "photo", ("webp",))
PDF = FileType("application/pdf", "document", ("pdf",))
DOCX = FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document", ("docx",))
XLSX = FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document", ("xlsx",))
MP4 = FileType("video/mp4", "video", ("mp4", "m4v"))
QUICKTIME = FileType("video/quicktime", "video", ("mov", "qt"))
WEBM = FileType("video/webm", "video", ("webm",))
M4A = FileType("audio/mp4", "audio", ("m4a",))
MP3 = FileType("audio/mpeg", "audio", ("mp3",))
WAV = FileType("audio/wav", "audio", ("wav",))
OGG = FileType("audio/ogg", "audio", ("ogg", "oga", "opus"))
AMR = FileType("audio/amr", "audio", ("amr",))
ACCEPTED = (JPEG, PNG, WEBP, PDF, DOCX, XLSX, MP4, QUICKTIME, WEBM, M4A, MP3, WAV, OGG, AMR)

_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"%PDF-", PDF),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"OggS", OGG),
    (b"#!AMR", AMR),
)
_BRANDS = {b"qt  ": QUICKTIME, b"M4A ": M4A, b"M4B ": M4A}
_MP4_BRANDS = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"3gp",
    b"MSNV",
    b"dash",
)


def sniff(data: bytes) -> FileType | None:
    """The type the bytes say, or None for everything that is not accepted."""
    for start, found in _STARTS:
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(data[8:12])
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return _BRANDS.get(brand) or (MP4 if brand.startswith(_MP4_BRANDS) else None)
    if data.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in data[:64]:
        return WEBM
    return _office(data) if data.startswith(b"PK\x03\x04") else None


def _office(data: bytes) -> FileType | None:
    """Word and Excel files are zips with a known list of contents; only names are read, nothing is unpacked."""
    try:
        names = set(zipfile.ZipFile(io.BytesIO(data)).namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def honest_name(file_name: str, content_type: str) -> str:
    """The name with the ending of what the bytes are: a JPEG sent as ``现场.png`` is saved as ``现场.jpg``."""
    endings = next(each.endings for each in ACCEPTED if each.content_type == content_type)
    name = PurePosixPath(file_name)
    ending = name.suffix.lower().lstrip(".")
    if ending in endings:
        return file_name
    is_known = any(ending in each.endings for each in ACCEPTED)
    return f"{name.stem if is_known else file_name}.{endings[0]}"


def claims_otherwise(file_name: str, found: FileType) -> str | None:
    """The ending of a name that promises another kind of file than the bytes are; None when it is honest.

    One picture format in the name of another is what phones and chat programs do, and harmless.
    """
    ending = PurePosixPath(file_name).suffix.lower().lstrip(".")
    promised = next((each for each in ACCEPTED if ending in each.endings), None)
    if promised is None:
        return None
    same = promised == found or (promised.kind == found.kind and found.kind != "document")
    return None if same else ending
