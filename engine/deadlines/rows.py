"""How a deed reaches a clock's row and ledger: lines are written here, and the row is brought to what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.deadlines import ledger
from engine.deadlines.ledger import State
from engine.permissions import Actor
from engine.storage import Base, Deadline, DeadlineEntry, DeadlineStatus, EntryKind, Task
from engine.workdays import Calendar, Limit


def settle(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    entries: Sequence[DeadlineEntry],
    state: State,
    moment: datetime,
) -> bool:
    """Write down a breach that nobody has told yet, before something else happens to the clock; True when it did."""
    if state.status != DeadlineStatus.RUNNING or state.due_at >= moment or told(entries, state):
        return False
    breach(session, actor, deadline, state.due_at)
    return True


def breach(session: Session, actor: Actor, deadline: Deadline, due_at: datetime) -> None:
    """Write the fact that the end has passed; the row keeps the first breach."""
    deadline.breached_at = deadline.breached_at or due_at
    deadline.attention_at = None
    write(
        session,
        actor,
        deadline,
        EntryKind.BREACH,
        effective_at=due_at,
        due_before=due_at,
        due_after=due_at,
        facts={"escalate_to": deadline.escalate_to} if deadline.escalate_to else None,
    )


def warn(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    state: State,
    calendar: Calendar,
    percent: int,
) -> None:
    """Write that ``percent`` of the time is used, and when the worker must look next."""
    deadline.warned_percent = percent
    deadline.attention_at = next_attention(calendar, deadline, state)
    write(
        session,
        actor,
        deadline,
        EntryKind.WARN,
        effective_at=ledger.moment_of(calendar, state, percent),
        due_before=state.due_at,
        due_after=state.due_at,
        facts={"percent": percent},
    )


def recount(
    session: Session,
    actor: Actor,
    calendar: Calendar,
    deadline: Deadline,
    entries: Sequence[DeadlineEntry],
    reason: str,
) -> bool:
    """Count a clock's end on today's calendar; True when it moved or is certain now."""
    before = ledger.current(entries)
    after = ledger.recount(calendar, before)
    deadline.calendar_version = calendar.version
    if after == before:
        return False
    moments = (before.anchor, before.due_at, after.due_at)
    write(
        session,
        actor,
        deadline,
        EntryKind.RECOMPUTE,
        effective_at=clock.now(),
        due_before=before.shown_due_at,
        due_after=after.shown_due_at,
        reason=reason,
        facts={"state": ledger.snapshot(after), **counted(calendar, [after.limit], moments)},
    )
    show(session, deadline, calendar, after, done=told(entries, after))
    return True


def told(entries: Sequence[DeadlineEntry], state: State) -> bool:
    return any(entry.kind == EntryKind.BREACH and entry.effective_at == state.due_at for entry in entries)


def show(session: Session, deadline: Deadline, calendar: Calendar, state: State, *, done: bool) -> None:
    """Bring the row, and the task whose clock it is, to what the ledger says."""
    deadline.status, deadline.due_at, deadline.provisional = state.status, state.shown_due_at, state.provisional
    deadline.attention_at = None if done else next_attention(calendar, deadline, state)
    if deadline.task_id is not None:
        session.execute(update(Task).where(Task.id == deadline.task_id).values(due_at=deadline.due_at))
    session.flush()


def next_attention(calendar: Calendar, deadline: Deadline, state: State) -> datetime | None:
    """When the worker must look at a clock that is not breached yet: at its next warning, else at its end."""
    if state.status != DeadlineStatus.RUNNING:
        return None
    later = [percent for percent in deadline.warn_percents if percent > deadline.warned_percent]
    return ledger.moment_of(calendar, state, min(later)) if later else state.due_at


def counted(calendar: Calendar, limits: Iterable[Limit], moments: Iterable[datetime]) -> dict[str, Any]:
    """The part of the calendar a counting rested on, when it rested on one."""
    if not ledger.needs_calendar(*limits):
        return {}
    days = [clock.city_time(moment).date() for moment in moments]
    return {"calendar": calendar.facts(min(days), max(days))}


def write(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    kind: EntryKind,
    *,
    effective_at: datetime,
    limit_text: str = "",
    due_before: datetime | None = None,
    due_after: datetime | None = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Write the next line of a clock's ledger; the database numbers it, so that nothing need be read before."""
    session.execute(
        _NEXT_LINE,
        {
            "of": deadline.id,
            "deadline_id": deadline.id,
            "kind": kind,
            "at": clock.now(),
            "effective_at": effective_at,
            "limit_text": limit_text,
            "due_before": due_before,
            "due_after": due_after,
            "reason": reason,
            "person_id": actor.person_id,
            "facts": facts or {},
        },
    )


_ENTRIES = Base.metadata.tables[DeadlineEntry.__tablename__]
_LAST = (
    select(func.coalesce(func.max(_ENTRIES.c.sequence), 0) + 1)
    .where(_ENTRIES.c.deadline_id == bindparam("of"))
    .scalar_subquery()
)
_NEXT_LINE = insert(_ENTRIES).values(sequence=_LAST).inline()
