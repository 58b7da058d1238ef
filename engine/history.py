"""Who did what, when, from where. Written in the deed's own transaction; sealed into a chain by the worker later.

Chaining inside business transactions would make all of them queue for the same last row, so a row carries only its own
hash; ``seal`` gives rows their place in the chain afterwards, and ``verify`` finds any changed, missing or moved row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from engine import clock
from engine.permissions import Actor
from engine.storage import Base, HistoryEvent, HistorySeal

START_OF_CHAIN = "0" * 64
LOOK_BACK = 10_000
"""Rows get their numbers before they are committed: a long transaction's may appear among sealed ones."""
_INSERT = insert(Base.metadata.tables[HistoryEvent.__tablename__]).inline()
_HASHED = tuple(c.key for c in HistoryEvent.__table__.columns if c.key not in {"id", "row_hash"})


def record(
    session: Session,
    actor: Actor,
    case_id: int | None,
    kind: str,
    **facts: Unpack[Facts],
) -> None:
    """Write one line with one INSERT: ``kind`` like ``task.completed``; ``old`` and ``new`` hold what changed.

    Values must be fit for everybody who may see the case: personal data stay out. Rows it names must be flushed.
    """
    session.execute(_INSERT, line(actor, case_id, kind, **facts))


class Facts(TypedDict, total=False):
    """What else a line may say."""

    instance_id: int | None
    task_id: int | None
    element_id: str
    subject: str
    organisation_id: int | None
    role: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    reason: str
    details: Mapping[str, Any] | None


def line(actor: Actor, case_id: int | None, kind: str, **facts: Unpack[Facts]) -> dict[str, Any]:
    """One line as it will be written, for those who write several at once with ``record_all``."""
    row = {
        "at": clock.now(),
        "kind": kind,
        "case_id": case_id,
        "instance_id": facts.get("instance_id"),
        "task_id": facts.get("task_id"),
        "element_id": facts.get("element_id", ""),
        "subject": facts.get("subject", ""),
        "person_id": actor.person_id,
        "actor": actor.username,
        "organisation_id": facts.get("organisation_id"),
        "role": facts.get("role", ""),
        "source": actor.source,
        "old": _plain(facts.get("old")),
        "new": _plain(facts.get("new")),
        "reason": facts.get("reason", ""),
        "details": _plain(facts.get("details")),
    }
    row["row_hash"] = row_hash(row)
    return row


def record_all(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write several lines with one statement."""
    if lines:
        session.connection().execute(_INSERT, lines)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As the database will give it back, so that the hash is the same before and after."""
    if values is None:
        return None
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(values), default=str, option=orjson.OPT_NON_STR_KEYS))
    return plain


def row_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over every column of the row except its number and the hash itself."""
    values = {name: row[name] for name in _HASHED}
    values["at"] = values["at"].isoformat(timespec="microseconds")
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _hash_of(event: HistoryEvent) -> str:
    return row_hash({name: getattr(event, name) for name in _HASHED})


def _link(previous: str, row: str) -> str:
    return hashlib.sha256(f"{previous}{row}".encode()).hexdigest()


def seal(session: Session, limit: int = 1000, *, look_back: int | None = LOOK_BACK) -> int:
    """Give up to ``limit`` unsealed rows their place in the chain; one sealer at a time (two collide on the position).

    Looked for are rows newer than the newest sealed one and ``look_back`` numbers before it, None: everywhere. Returns
    how many were sealed.
    """
    last = session.execute(
        select(HistorySeal.position, HistorySeal.chain_hash).order_by(HistorySeal.position.desc()).limit(1)
    ).first()
    position, chain = last or (0, START_OF_CHAIN)
    newest = session.scalar(select(func.max(HistorySeal.event_id))) or 0
    unsealed = session.scalars(
        select(HistoryEvent)
        .outerjoin(HistorySeal, HistorySeal.event_id == HistoryEvent.id)
        .where(HistorySeal.event_id.is_(None), HistoryEvent.id > (0 if look_back is None else newest - look_back))
        .order_by(HistoryEvent.id)
        .limit(limit)
    ).all()
    for event in unsealed:
        position, chain = position + 1, _link(chain, event.row_hash)
        session.add(HistorySeal(position=position, event_id=event.id, chain_hash=chain, sealed_at=clock.now()))
    session.flush()
    return len(unsealed)


@dataclass(frozen=True)
class Verification:
    """What ``verify`` found: rows read, rows not yet sealed, the head to keep elsewhere, and everything wrong."""

    rows: int
    unsealed: int
    head: str
    problems: tuple[str, ...]


def was_head(session: Session, head: str) -> bool:
    """Whether a head noted earlier is still a link of the chain."""
    return session.scalar(select(HistorySeal.position).where(HistorySeal.chain_hash == head).limit(1)) is not None


def verify(session: Session) -> Verification:
    """Recompute every hash and the whole chain."""
    problems: list[str] = []
    chain, expected, rows = START_OF_CHAIN, 1, 0
    statement = (
        select(HistorySeal, HistoryEvent)
        .outerjoin(HistoryEvent, HistoryEvent.id == HistorySeal.event_id)
        .order_by(HistorySeal.position)
        .execution_options(yield_per=1000)
    )
    for seal_row, event in session.execute(statement):
        rows += 1
        if seal_row.position != expected:
            problems.append(f"places {expected} to {seal_row.position - 1} of the chain are missing")
        expected = seal_row.position + 1
        if event is None:
            problems.append(f"row {seal_row.event_id} is sealed but missing")
            chain = seal_row.chain_hash
            continue
        if _hash_of(event) != event.row_hash:
            problems.append(f"row {event.id} was changed")
        if (found := _link(chain, _hash_of(event))) != seal_row.chain_hash:
            problems.append(f"the chain breaks at place {seal_row.position} (row {event.id})")
        chain = seal_row.chain_hash if found != seal_row.chain_hash else found
    unsealed = session.scalar(select(func.count()).select_from(HistoryEvent)) or 0
    loose = session.scalars(
        select(HistoryEvent)
        .outerjoin(HistorySeal, HistorySeal.event_id == HistoryEvent.id)
        .where(HistorySeal.event_id.is_(None))
    )
    problems += [f"row {event.id} was changed" for event in loose if _hash_of(event) != event.row_hash]
    return Verification(rows, unsealed - rows, chain, tuple(problems))
