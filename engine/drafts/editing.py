"""Saving and going back: a draft never loses a version and never overwrites another person's save."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.drafts.files import kind_of
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.history import record
from engine.instances.limits import limits
from engine.permissions import Actor, require
from engine.storage import (
    DRAFT_MAY_BECOME,
    Draft,
    DraftFile,
    DraftRevision,
    DraftState,
    lock,
)

SAME_SITTING = timedelta(minutes=5)
"""Autosaves of one person within this time share one revision in the list of versions to go back to."""


def save(
    session: Session, actor: Actor, draft_id: int, path: str, content: bytes, *, revision: int, note: str = ""
) -> int:
    """Keep a new version of one file and answer its number; ``revision`` is the one the editor began from (0: new).

    Raises:
        NotAllowed, NotFound, InvalidInput: a path no bundle may have, or too large; Conflict: ``stale`` when somebody
        saved in between, ``not_editing`` when the draft waits for its review or is done with.
        Nothing is overwritten then.
    """
    draft = _editable(session, actor, draft_id)
    kind_of(path, draft.bundle)
    if len(content) > limits().file_bytes:
        facts = {"bytes": len(content), "limit": limits().file_bytes}
        raise InvalidInput("the file is too large", [FieldProblem("content", "file_too_large", facts)])
    return _save(session, actor, draft, path, content, revision, note)


def keep_aside(session: Session, actor: Actor, draft_id: int, path: str, content: bytes) -> None:
    """Keep a text as an earlier version although another one goes on (two people edited at once)."""
    draft = _editable(session, actor, draft_id)
    current = session.scalar(select(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.path == path))
    if current is None:
        raise NotFound("no such file", path=path)
    latest = current.content
    write(session, actor, draft, path, content, note="set aside", current=current)
    write(session, actor, draft, path, latest, note="kept", current=current)


def take_out(session: Session, actor: Actor, draft_id: int, path: str, *, revision: int) -> int:
    """Remove a file from the draft; its versions stay and can be restored."""
    return _save(session, actor, _editable(session, actor, draft_id), path, None, revision, "taken out")


def import_files(
    session: Session, actor: Actor, draft_id: int, files: Mapping[str, bytes], report: Sequence[Any]
) -> None:
    """Put several files into the draft at once, whatever was there before (each stays as a version)."""
    draft = _editable(session, actor, draft_id)
    for path in files:
        kind_of(path, draft.bundle)
    for path, content in files.items():
        write(session, actor, draft, path, content, note="imported")
    draft.report = [*draft.report, *report]


def revisions(session: Session, draft_id: int, path: str) -> list[DraftRevision]:
    """Every kept version of a file, newest first."""
    return list(
        session.scalars(
            select(DraftRevision)
            .where(DraftRevision.draft_id == draft_id, DraftRevision.path == path)
            .order_by(DraftRevision.revision.desc())
        )
    )


def restore(session: Session, actor: Actor, draft_id: int, path: str, revision: int) -> int:
    """Make an earlier version the newest again; answers the new revision."""
    draft = _editable(session, actor, draft_id)
    found = session.scalar(
        select(DraftRevision).where(
            DraftRevision.draft_id == draft_id, DraftRevision.path == path, DraftRevision.revision == revision
        )
    )
    if found is None:
        raise NotFound("no such version", path=path, revision=revision)
    return write(session, actor, draft, path, found.content, note=f"restored {revision}")


def abandon(session: Session, actor: Actor, draft_id: int, reason: str) -> None:
    """Give the draft up; what it held stays readable."""
    draft = _editable(session, actor, draft_id)
    move(draft, DraftState.ABANDONED)
    record(session, actor, None, "draft.abandoned", subject=draft.bundle, reason=reason, details={"draft": draft.id})


def move(draft: Draft, state: DraftState) -> None:
    """Change the state of a draft.

    Raises:
        Conflict: it is not in a state from which that may follow.
    """
    if state not in DRAFT_MAY_BECOME[draft.state]:
        raise Conflict("the draft is not in that state", kind="stale", state=draft.state.value, wanted=state.value)
    draft.state = state
    draft.lock_version += 1


def _editable(session: Session, actor: Actor, draft_id: int) -> Draft:
    require(actor, "deployment.draft")
    draft = lock(session, Draft, draft_id)
    if draft.state is not DraftState.EDITING:
        raise Conflict("the draft is not being edited", kind="not_editing", state=draft.state.value)
    return draft


def _save(
    session: Session, actor: Actor, draft: Draft, path: str, content: bytes | None, revision: int, note: str
) -> int:
    current = session.scalar(select(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.path == path))
    newest = current.revision if current is not None else 0
    if newest != revision:
        raise Conflict("somebody saved this file in between", kind="stale", path=path, revision=newest, began=revision)
    if current is not None and current.content == content:
        return newest
    return write(session, actor, draft, path, content, note=note, current=current)


def write(
    session: Session,
    actor: Actor,
    draft: Draft,
    path: str,
    content: bytes | None,
    *,
    note: str = "",
    current: DraftFile | None = None,
) -> int:
    """Make ``content`` the newest version of a file of the draft, whatever is there; answers its number.

    Whoever let a broken policy through has not seen this text: their names are taken away.
    """
    now = clock.now()
    if current is None:
        current = session.scalar(select(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.path == path))
    if current is None:
        current = DraftFile(draft_id=draft.id, path=path, kind=kind_of(path, draft.bundle), revision=0)
        session.add(current)
    current.revision += 1
    current.content = content
    current.sha256 = hashlib.sha256(content).hexdigest() if content is not None else ""
    _keep_revision(session, actor, current, now, note)
    draft.updated_at, draft.updated_by_id = now, actor.person_id
    draft.override_reason, draft.override_by_ids = "", []  # names were given for the draft as it was
    session.flush()
    return current.revision


def _keep_revision(session: Session, actor: Actor, file: DraftFile, now: datetime, note: str) -> None:
    last = session.scalar(
        select(DraftRevision)
        .where(DraftRevision.draft_id == file.draft_id, DraftRevision.path == file.path)
        .order_by(DraftRevision.revision.desc())
        .limit(1)
    )
    same_sitting = (
        last is not None
        and not note
        and not last.note
        and last.saved_by_id == actor.person_id
        and now - last.saved_at < SAME_SITTING
    )
    if last is not None and same_sitting:
        last.revision, last.content, last.saved_at = file.revision, file.content, now
        return
    session.add(
        DraftRevision(
            draft_id=file.draft_id,
            path=file.path,
            revision=file.revision,
            content=file.content,
            saved_at=now,
            saved_by_id=actor.person_id,
            note=note,
        )
    )
