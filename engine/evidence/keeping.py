"""Where the bytes lie: ``data_dir/files/ab/cdef…``, named by their SHA-256, written once and never changed."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path

from engine.errors import NotFound
from engine.settings import Settings
from engine.storage import Evidence

JUST_NOW_SECONDS = 3600


def keep(data: bytes, settings: Settings) -> str:
    """Write the bytes, unless they are there; answers their hash. Readers see a whole file or none."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest, settings)
    if path.exists():
        # Marks it as wanted, so that a purge under way leaves it alone (see ``forget``).
        os.utime(path)
        return digest
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{digest}.{secrets.token_hex(4)}")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o440)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return digest


def forget(sha256: str, settings: Settings) -> None:
    """Remove bytes no row names, unless somebody has just sent the same again and not yet committed."""
    path = path_of(sha256, settings)
    if path.exists() and time.time() - path.stat().st_mtime > JUST_NOW_SECONDS:
        path.unlink(missing_ok=True)


def path_of(sha256: str, settings: Settings) -> Path:
    """Where bytes of this hash lie."""
    return settings.data_dir / "files" / sha256[:2] / sha256[2:]


def file_of(evidence: Evidence, settings: Settings, *, preview: bool = False) -> Path:
    """The path of a file's bytes, or of its preview.

    Raises:
        NotFound: it has no preview, or its bytes are gone.
    """
    sha256 = evidence.preview_sha256 if preview else evidence.sha256
    path = path_of(sha256, settings) if sha256 else None
    if path is None or not path.is_file():
        raise NotFound("no such file", evidence=evidence.public_id, preview=preview)
    return path


def sound(evidence: Evidence, settings: Settings) -> bool:
    """Whether the bytes are there and still what they were at receipt."""
    try:
        return hashlib.sha256(file_of(evidence, settings).read_bytes()).hexdigest() == evidence.sha256
    except NotFound:
        return False
