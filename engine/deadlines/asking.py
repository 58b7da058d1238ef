"""What can be asked about clocks: their ledgers, what holds them, whether row and ledger agree, those of a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.deadlines import ledger
from engine.deadlines.ledger import State
from engine.storage import Deadline, DeadlineEntry, DeadlineStatus

LIVE = (DeadlineStatus.RUNNING, DeadlineStatus.PAUSED)


def ledger_of(session: Session, deadline: Deadline) -> Sequence[DeadlineEntry]:
    """A clock's entries in their order."""
    return session.scalars(
        select(DeadlineEntry).where(DeadlineEntry.deadline_id == deadline.id).order_by(DeadlineEntry.sequence)
    ).all()


def recompute(session: Session, deadline: Deadline) -> State:
    """What the ledger says, counted afresh from its first line; the row must say the same (see ``differences``)."""
    return ledger.replay(ledger_of(session, deadline))


def differences(deadline: Deadline, state: State) -> dict[str, tuple[Any, Any]]:
    """Where a row and its recomputed ledger disagree: field → (row, ledger). Empty when all is right."""
    pairs = {
        "status": (deadline.status, state.status),
        "provisional": (deadline.provisional, state.provisional),
    }
    if deadline.status == DeadlineStatus.RUNNING:
        pairs["due_at"] = (deadline.due_at, state.due_at)
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def holds(session: Session, deadline: Deadline) -> frozenset[str]:
    """What holds a clock now (``suspension``, ``weather`` …); empty when it runs."""
    return ledger.current(ledger_of(session, deadline)).holds


def of_case(session: Session, case_id: int, *, name: str | None = None, live: bool = True) -> Sequence[Deadline]:
    """The clocks of a case, oldest first: the live ones, or all; ``name="case"`` for the case's own."""
    statement = select(Deadline).where(Deadline.case_id == case_id)
    if name is not None:
        statement = statement.where(Deadline.name == name)
    if live:
        statement = statement.where(Deadline.status.in_(LIVE))
    return session.scalars(statement.order_by(Deadline.id)).all()
