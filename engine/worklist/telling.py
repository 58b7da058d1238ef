"""What the page of a case tells: who did what when, how the clocks stand, who answered for it, what is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from engine.permissions import Actor, require
from engine.storage import (
    Case,
    Deadline,
    DeadlineEntry,
    DeadlineStatus,
    Evidence,
    HistoryEvent,
    Note,
    Organisation,
    Person,
    ProcessInstance,
    ResponsiblePeriod,
    Role,
    Task,
    TaskStatus,
)
from engine.worklist.confidential import Closed, closed_to
from engine.worklist.drawn import Info, drawn
from engine.worklist.walking import Walk, walk


@dataclass(frozen=True)
class Line:
    """One line of the timeline; ``kind`` is worded by the page, the names are ready to show."""

    id: int
    at: datetime
    kind: str
    who: str
    role: str
    role_en: str
    organisation: str
    organisation_en: str
    element: str
    element_id: str
    subject: str
    task_id: int | None
    instance_id: int | None
    reason: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    details: Mapping[str, Any] | None
    note: str


@dataclass(frozen=True)
class Clock:
    """A clock with its row and ledger, for ``deadlines.explain``."""

    id: int
    name: str
    status: str
    limit: str
    started_at: datetime
    due_at: datetime | None
    time_left: timedelta | None
    provisional: bool
    breached_at: datetime | None
    exempted_at: datetime | None
    task_id: int | None
    row: Deadline
    entries: Sequence[DeadlineEntry]


def timeline(session: Session, case_id: int, runs: Mapping[int, list[Info]] | None = None) -> list[Line]:
    """The history of a case, oldest first, with the notes people wrote."""
    runs = drawn(session, case_id) if runs is None else runs
    names = _element_names(info for infos in runs.values() for info in infos)
    notes: dict[int, str] = dict(session.execute(select(Note.id, Note.text).where(Note.case_id == case_id)).all())
    rows = session.execute(
        select(
            HistoryEvent,
            Person.display_name,
            Role.name.label("role_name"),
            Role.name_en.label("role_name_en"),
            Organisation.name.label("organisation_name"),
            Organisation.name_en.label("organisation_name_en"),
            Task.name.label("task_name"),
        )
        .outerjoin(Person, Person.id == HistoryEvent.person_id)
        .outerjoin(Role, Role.code == HistoryEvent.role)
        .outerjoin(Organisation, Organisation.id == HistoryEvent.organisation_id)
        .outerjoin(Task, Task.id == HistoryEvent.task_id)
        .where(HistoryEvent.case_id == case_id)
        .order_by(HistoryEvent.id)
    ).all()
    return [_line(row, names, notes) for row in rows]


def _line(row: Any, names: Mapping[str, str], notes: Mapping[int, str]) -> Line:
    event = row.HistoryEvent
    return Line(
        id=event.id,
        at=event.at,
        kind=event.kind,
        who=row.display_name or event.actor,
        role=row.role_name or event.role,
        role_en=row.role_name_en or "",
        organisation=row.organisation_name or "",
        organisation_en=row.organisation_name_en or "",
        element=row.task_name or names.get(event.element_id, ""),
        element_id=event.element_id,
        subject=event.subject,
        task_id=event.task_id,
        instance_id=event.instance_id,
        reason=event.reason,
        old=event.old,
        new=event.new,
        details=event.details,
        note=notes.get((event.details or {}).get("note", 0), ""),
    )


def _element_names(infos: Iterable[Info]) -> dict[str, str]:
    return {e["id"]: e["name"] for info in infos for e in info.get("elements", ()) if e.get("name")}


def _kept_back(line: Line, closed: Closed) -> Line:
    """A line of a run that is enforcement's: what was done, not why."""
    return replace(line, details=None, reason="") if line.instance_id in closed.instances else line


def clocks(session: Session, case_id: int) -> list[Clock]:
    """The clocks of a case, the running ones first, each with its ledger."""
    found = session.scalars(
        select(Deadline)
        .where(Deadline.case_id == case_id)
        .order_by(Deadline.status != DeadlineStatus.RUNNING, Deadline.id)
    ).all()
    entries: dict[int, list[DeadlineEntry]] = {deadline.id: [] for deadline in found}
    for entry in session.scalars(
        select(DeadlineEntry)
        .where(DeadlineEntry.deadline_id.in_(entries))
        .order_by(DeadlineEntry.deadline_id, DeadlineEntry.sequence)
    ):
        entries[entry.deadline_id].append(entry)
    return [
        Clock(
            id=deadline.id,
            name=deadline.name,
            status=deadline.status.value,
            limit=deadline.limit_text,
            started_at=deadline.started_at,
            due_at=deadline.due_at,
            time_left=deadline.due_at - clock.now()
            if deadline.due_at and deadline.status is DeadlineStatus.RUNNING
            else None,
            provisional=deadline.provisional,
            breached_at=deadline.breached_at,
            exempted_at=deadline.exempted_at,
            task_id=deadline.task_id,
            row=deadline,
            entries=entries[deadline.id],
        )
        for deadline in found
    ]


def parties(session: Session, case: Case) -> list[dict[str, Any]]:
    """Who answered for the case when."""
    rows = session.execute(
        select(
            Organisation.name,
            Organisation.name_en,
            ResponsiblePeriod.since,
            ResponsiblePeriod.until,
            ResponsiblePeriod.reason,
        )
        .join(Organisation, Organisation.id == ResponsiblePeriod.organisation_id)
        .where(ResponsiblePeriod.case_id == case.id)
        .order_by(ResponsiblePeriod.since, ResponsiblePeriod.id)
    )
    return [dict(row._mapping) for row in rows]


@dataclass(frozen=True)
class CasePage:
    """Everything the page of a case shows."""

    case: Case
    timeline: list[Line]
    clocks: list[Clock]
    parties: list[dict[str, Any]]
    files: list[Evidence]
    tasks: list[Task]
    closed: Closed


def case_page(session: Session, actor: Actor, case_id: int) -> CasePage:
    """What the actor may see of a case.

    Raises:
        NotFound: there is none. NotAllowed.
    """
    case = _seen(session, actor, case_id)
    open_tasks = session.scalars(
        select(Task).where(Task.case_id == case_id, Task.status == TaskStatus.OPEN).order_by(Task.id)
    ).all()
    runs = drawn(session, case_id)
    closed = closed_to(session, actor, case, runs)
    files = session.scalars(select(Evidence).where(Evidence.case_id == case_id).order_by(Evidence.id))
    return CasePage(
        case=case,
        timeline=[_kept_back(line, closed) for line in timeline(session, case_id, runs)],
        clocks=clocks(session, case_id),
        parties=parties(session, case),
        files=[row for row in files if closed.shows(row)],
        tasks=list(open_tasks),
        closed=closed,
    )


def case_walks(session: Session, actor: Actor, case_id: int) -> list[Walk]:
    """The way every process of a case went, for its diagrams.

    Raises:
        NotFound: there is no such case. NotAllowed.
    """
    _seen(session, actor, case_id)
    runs = select(ProcessInstance).where(ProcessInstance.case_id == case_id).order_by(ProcessInstance.id)
    return [found for instance in session.scalars(runs).all() for found in walk(session, instance).values()]


def _seen(session: Session, actor: Actor, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("no such case", case=case_id)
    require(actor, "case.view", case)
    return case
