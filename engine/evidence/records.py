"""Receiving files, putting them into a case with the deed they belong to, listing and forgetting them."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.evidence import keeping, pictures
from engine.evidence.sniffing import ACCEPTED, FileType, claims_otherwise, sniff
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Evidence, settings_of

UNCLAIMED_FOR = timedelta(days=2)
MEGABYTE = 1024 * 1024


def store(
    session: Session,
    actor: Actor,
    data: bytes | BinaryIO,
    *,
    file_name: str,
    slot: str = "",
    case_id: int | None = None,
    task_id: int | None = None,
    element_id: str = "",
    source: str = "",
    settings: Settings | None = None,
) -> Evidence:
    """Receive a file. Without a case it waits, for two days, for the deed that names its ``public_id`` (``attach``).

    Raises:
        InvalidInput: empty, too large, of a type we do not take or another than its name says, or a broken picture;
            the problem's path is the slot.
    """
    settings = settings or settings_of(session)
    content = _read(data, settings, slot)
    found = sniff(content)
    if found is None:
        endings = "、".join(ending for each in ACCEPTED for ending in each.endings[:1])
        _refuse(slot, "unsupported_type", file_name=file_name, accepted=endings)
    if (ending := claims_otherwise(file_name, found)) is not None:
        _refuse(slot, "another_type", file_name=file_name, claimed=ending, found=found.content_type)
    picture = _picture(content, found, slot, file_name)
    evidence = Evidence(
        public_id=secrets.token_urlsafe(18),
        case_id=case_id,
        task_id=task_id,
        element_id=element_id,
        slot=slot,
        kind=found.kind,
        file_name=clean_name(file_name, found),
        content_type=found.content_type,
        size=len(content),
        sha256=keeping.keep(content, settings),
        uploaded_at=clock.now(),
        uploaded_by_id=actor.person_id,
        source=source or actor.source,
    )
    if picture is not None:
        evidence.width, evidence.height = picture.width, picture.height
        evidence.preview_sha256 = keeping.keep(picture.preview, settings)
        evidence.taken_at, evidence.exif = picture.taken_at, picture.exif
        evidence.longitude, evidence.latitude = picture.longitude, picture.latitude
    session.add(evidence)
    session.flush()
    return evidence


def attach(
    session: Session,
    actor: Actor,
    public_ids: Iterable[str],
    *,
    case_id: int | None,
    task_id: int | None = None,
    element_id: str = "",
) -> Sequence[Evidence]:
    """Put received files into the case of the deed that names them; those in it already stay as they are.

    Raises:
        InvalidInput: an id nobody received, somebody else's upload, or a file of another case.
    """
    wanted = list(dict.fromkeys(public_ids))
    found = {row.public_id: row for row in session.scalars(select(Evidence).where(Evidence.public_id.in_(wanted)))}
    problems = []
    for public_id in wanted:
        row = found.get(public_id)
        waiting = row is not None and row.case_id is None and row.task_id is None
        own = row is not None and (actor.machine or row.uploaded_by_id == actor.person_id)
        there = row is not None and row.case_id == case_id and (case_id is not None or row.task_id == task_id)
        if not there and not (waiting and own):
            problems.append(FieldProblem("files", "unknown_file", {"file": public_id}))
        elif row is not None and waiting:
            row.case_id, row.task_id, row.element_id = case_id, task_id, element_id
    if problems:
        raise InvalidInput("not your files", problems)
    session.flush()
    return [found[public_id] for public_id in wanted]


def find(session: Session, public_id: str) -> Evidence:
    """The file an address names; whether the actor may see it is for the door to ask.

    Raises:
        NotFound: nobody received such a file.
    """
    row = session.scalars(select(Evidence).where(Evidence.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound("no such file", evidence=public_id)
    return row


def of_case(session: Session, case_id: int) -> Sequence[Evidence]:
    """The files of a case in the order they came."""
    return session.scalars(select(Evidence).where(Evidence.case_id == case_id).order_by(Evidence.id)).all()


def spoilt(session: Session, settings: Settings) -> Iterator[Evidence]:
    """The files whose bytes are gone or no longer what they were at receipt; every byte is read again."""
    rows = session.scalars(select(Evidence).order_by(Evidence.id).execution_options(yield_per=200))
    return (row for row in rows if not keeping.sound(row, settings))


def manifest(session: Session, case_id: int) -> list[dict[str, Any]]:
    """The list that goes with a dossier: what each file is, its hash, when and where it was taken and received."""
    names = (
        "public_id", "slot", "kind", "file_name", "content_type", "size", "sha256", "taken_at", "longitude", "latitude",
        "uploaded_at", "uploaded_by_id", "source",
    )  # fmt: skip
    return [{name: getattr(row, name) for name in names} for row in of_case(session, case_id)]


def purge_unclaimed(session: Session, now: datetime, settings: Settings | None = None, limit: int = 500) -> int:
    """Forget uploads no deed has named for two days, and bytes no other file shares; answers how many uploads."""
    settings = settings or settings_of(session)
    old = session.scalars(
        select(Evidence)
        .where(Evidence.case_id.is_(None), Evidence.task_id.is_(None), Evidence.uploaded_at < now - UNCLAIMED_FOR)
        .order_by(Evidence.id)
        .limit(limit)
    ).all()
    hashes = {sha256 for row in old for sha256 in (row.sha256, row.preview_sha256) if sha256}
    for row in old:
        session.delete(row)
    session.flush()
    used = set(session.scalars(select(Evidence.sha256).where(Evidence.sha256.in_(hashes))))
    used |= set(session.scalars(select(Evidence.preview_sha256).where(Evidence.preview_sha256.in_(hashes))))
    for sha256 in hashes - used:
        keeping.forget(sha256, settings)
    return len(old)


def clean_name(file_name: str, found: FileType) -> str:
    """The name as people gave it, as text of one line without a path: ``照片.jpg`` stays ``照片.jpg``."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    printable = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip(". ")
    return printable[:200] or f"file.{found.endings[0]}"


def _read(data: bytes | BinaryIO, settings: Settings, slot: str) -> bytes:
    most = settings.max_upload_mb * MEGABYTE
    content = data if isinstance(data, bytes) else data.read(most + 1)
    if not content:
        _refuse(slot, "empty_file")
    if len(content) > most:
        _refuse(slot, "file_too_large", limit_mb=settings.max_upload_mb)
    return content


def _picture(content: bytes, found: FileType, slot: str, file_name: str) -> pictures.Picture | None:
    if found.kind != "photo":
        return None
    try:
        return pictures.examine(content)
    except pictures.BadPicture as error:
        limit = pictures.MOST_PIXELS // 1_000_000
        _refuse(slot, error.code, cause=error, file_name=file_name, limit_megapixels=limit)


def _refuse(slot: str, code: str, cause: Exception | None = None, **facts: Any) -> NoReturn:
    raise InvalidInput("the file cannot be taken", [FieldProblem(slot or "file", code, facts)]) from cause
