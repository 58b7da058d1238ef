"""What became of a case, read back from the tables: route, row, clock, parties, path, end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine.storage import (
    Case,
    Deadline,
    DeadlineEntry,
    EntryKind,
    HistoryEvent,
    Organisation,
    ResponsiblePeriod,
    Role,
    Task,
    TaskStatus,
)

CASE_CLOCK = "case"


@dataclass(frozen=True)
class Party:
    """An organisation that answered for the case from ``since`` on."""

    name: str
    duty: str
    since: datetime


@dataclass(frozen=True)
class Outcome:
    """Facts about one finished case, ready to print and to compare."""

    number: str
    status: str
    route: str
    decision_row: str
    close_condition: str
    close_reason: str
    duplicate_of: str
    limit: str = ""
    started_at: datetime | None = None
    first_due_at: datetime | None = None
    due_at: datetime | None = None
    provisional: bool = False
    breached: bool = False
    parties: tuple[Party, ...] = ()
    workers: tuple[tuple[str, str], ...] = ()
    """Role and organisation duty of whoever completed a task."""
    path: tuple[str, ...] = ()
    path_of_children: tuple[str, ...] = ()
    """Names of the steps walked in cases that the process opened."""
    times_returned: int = 0
    times_reworked: int = 0
    children: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def outcome_of(session: Session, case_id: int) -> Outcome:
    """Read everything that is compared and printed about a case."""
    case = session.get_one(Case, case_id)
    original = session.get(Case, case.duplicate_of_id) if case.duplicate_of_id else None
    tasks = session.execute(
        select(Task.name, Organisation.duty, Task.properties, Task.completed_by_id)
        .outerjoin(Organisation, Organisation.id == Task.organisation_id)
        .where(Task.case_id == case_id, Task.status == TaskStatus.COMPLETED)
        .order_by(Task.completed_at, Task.id)
    ).all()
    parties = session.execute(
        select(Organisation.name, Organisation.duty, ResponsiblePeriod.since)
        .join(Organisation, Organisation.id == ResponsiblePeriod.organisation_id)
        .where(ResponsiblePeriod.case_id.in_(_family(case_id)))
        .order_by(ResponsiblePeriod.since, ResponsiblePeriod.id)
    ).all()
    return Outcome(
        number=case.number,
        status=case.status.value,
        route=case.route or "",
        decision_row=case.decision_row,
        close_condition=case.close_condition,
        close_reason=case.close_reason,
        duplicate_of=original.number if original is not None else "",
        parties=tuple(Party(*row) for row in parties),
        workers=_workers(session, case_id),
        path=tuple(name for name, *_ in tasks),
        path_of_children=tuple(
            session.scalars(
                select(Task.name)
                .join(Case, Case.id == Task.case_id)
                .where(Case.parent_id == case_id, Task.status == TaskStatus.COMPLETED)
                .order_by(Task.completed_at, Task.id)
            )
        ),
        times_returned=case.times_returned,
        times_reworked=case.times_reworked,
        children=tuple(session.scalars(select(Case.number).where(Case.parent_id == case_id).order_by(Case.id))),
        facts=dict(case.facts),
        **_clock(session, case_id),
    )


def _family(case_id: int) -> Select[int]:
    """The case and those its process opened: several obligations of one report have several parties."""
    return select(Case.id).where(or_(Case.id == case_id, Case.parent_id == case_id))


def _workers(session: Session, case_id: int) -> tuple[tuple[str, str], ...]:
    rows = session.execute(
        select(Role.name, Organisation.duty)
        .select_from(HistoryEvent)
        .outerjoin(Role, Role.code == HistoryEvent.role)
        .outerjoin(Organisation, Organisation.id == HistoryEvent.organisation_id)
        .where(HistoryEvent.case_id.in_(_family(case_id)), HistoryEvent.kind == "task.completed")
        .order_by(HistoryEvent.id)
    )
    return tuple(dict.fromkeys((role or "", duty or "") for role, duty in rows))


def _clock(session: Session, case_id: int) -> dict[str, Any]:
    """The first clock of the case, as filing started it, and when its newest (after a reopening) ends."""
    clocks = session.scalars(
        select(Deadline).where(Deadline.case_id == case_id, Deadline.name == CASE_CLOCK).order_by(Deadline.id)
    ).all()
    if not clocks:
        return {}
    clock = clocks[0]
    entries = session.scalars(
        select(DeadlineEntry)
        .where(DeadlineEntry.deadline_id.in_([each.id for each in clocks]))
        .order_by(DeadlineEntry.deadline_id, DeadlineEntry.sequence)
    ).all()
    start = next(entry for entry in entries if entry.kind is EntryKind.START)
    dues = [entry.due_after for entry in entries if entry.due_after is not None]
    return {
        "limit": start.limit_text,
        "started_at": clock.started_at,
        "first_due_at": start.due_after,
        "due_at": dues[-1] if dues else None,
        "provisional": bool(start.facts.get("provisional")),
        "breached": clock.breached_at is not None,
    }
