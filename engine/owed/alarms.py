"""Clocks that tell: a share of the time is used, or it is over. Workers are told, at the end who stands above too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import clock, deadlines, history
from engine.connectors.telling import tell
from engine.deadlines import Alarm
from engine.instances.jobs import JOBS, owe
from engine.permissions import Actor
from engine.reference import data
from engine.settings import Settings
from engine.storage import Case, Deadline, Task, TaskCandidate

KINDS = {"warn": "deadline.warned", "breach": "deadline.breached"}
OVERDUE = "clock_overdue"
"""The message a case sends when one of its clocks is over; its correlation key is the case's number."""


def raise_alarms(session: Session, settings: Settings, limit: int = 100) -> int:
    """Tell what the clocks have to tell by now; answers how many alarms there were."""
    alarms = deadlines.due(session, clock.now(), limit)
    for alarm in alarms:
        _tell(session, settings, alarm)
    return len(alarms)


def _tell(session: Session, settings: Settings, alarm: Alarm) -> None:
    deadline = alarm.deadline
    case = session.get(Case, deadline.case_id) if deadline.case_id is not None else None
    task = session.get(Task, deadline.task_id) if deadline.task_id is not None else None
    receivers = _workers(session, task, case)
    if alarm.kind == "breach" and deadline.escalate_to:
        receivers.append({"role": deadline.escalate_to, "organisation_id": None})
        if task is not None:
            _mark_escalated(session, task)
    if alarm.kind == "breach" and case is not None:
        _say_overdue(session, deadline, case)
    kind = KINDS[alarm.kind]
    name = _words("clock.case", settings) if deadline.name == "case" else deadline.name
    number = case.number if case is not None else ""
    title = _words(kind, settings).format(name=name, percent=alarm.percent, case=number)
    body = case.title if case is not None else ""
    for receiver in receivers:
        tell(
            session,
            settings,
            title=title,
            body=body,
            case_id=deadline.case_id,
            task_id=deadline.task_id,
            delivery_id=f"deadline:{deadline.id}:{alarm.kind}:{alarm.percent}:{deadline.due_at}"[:80],
            **receiver,
        )
    history.record(
        session,
        Actor.system("worker"),
        deadline.case_id,
        kind,
        instance_id=deadline.instance_id,
        task_id=deadline.task_id,
        element_id=deadline.element_id,
        subject=deadline.name,
        details={"percent": alarm.percent, "limit": deadline.limit_text, "escalate_to": deadline.escalate_to},
    )


def _words(notice: str, settings: Settings) -> str:
    words = data("notices.yaml")[notice]
    return str(words.get(settings.locale, words["zh"]))


def _say_overdue(session: Session, deadline: Deadline, case: Case) -> None:
    """Let the drawings answer a clock that is over: what follows is theirs to say; nobody has to listen."""
    variables = {
        "overdue_clock": deadline.name,
        "overdue_element": deadline.element_id,
        "overdue_limit": deadline.limit_text,
        "overdue_since": clock.city_time(deadline.due_at) if deadline.due_at else None,
    }
    inputs = {"correlation_key": case.number, "variables": variables, "case_id": case.id, "optional": True}
    session.execute(insert(JOBS), owe("message", OVERDUE, case_id=case.id, inputs=inputs))


def _mark_escalated(session: Session, task: Task) -> None:
    """Whoever completes the task now holds its row and waits for its clock, which is held here: pass it over."""
    free = session.scalar(select(Task.id).where(Task.id == task.id).with_for_update(skip_locked=True))
    if free is not None:
        session.execute(
            update(Task)
            .where(Task.id == free)
            .values(escalated_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def _workers(session: Session, task: Task | None, case: Case | None) -> list[dict[str, Any]]:
    """Who has the task; else its groups in the organisation it is offered to; for a case's own clock, who answers."""
    if task is not None and task.assignee_id is not None:
        return [{"person_id": task.assignee_id}]
    if task is not None:
        roles = session.scalars(
            select(TaskCandidate.role).where(TaskCandidate.task_id == task.id, TaskCandidate.role.is_not(None))
        ).all()
        return [{"role": role, "organisation_id": task.organisation_id} for role in roles]
    if case is not None and case.responsible_organisation_id is not None:
        return [{"organisation_id": case.responsible_organisation_id}]
    return []
