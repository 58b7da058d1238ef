"""What the end of a process means for its case: the main one closes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from engine import clock, deadlines, history, responsibility
from engine.instances.conditions import case_changed, related_changed
from engine.instances.jobs import owe
from engine.permissions import Actor
from engine.storage import (
    ENDED,
    Case,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    HistoryEvent,
    Incident,
    IncidentStatus,
    InstanceStatus,
    Job,
    ProcessDefinition,
    ProcessInstance,
)
from engine.storage.statements import Prepared, Writes, table_of

INCIDENTS, CLOCKS, INSTANCES = table_of(Incident), table_of(Deadline), table_of(ProcessInstance)
DEFINITIONS = table_of(ProcessDefinition)
_DISMISS = Prepared(
    update(INCIDENTS)
    .where(INCIDENTS.c.instance_id == bindparam("instance"), INCIDENTS.c.status == IncidentStatus.OPEN)
    .values(
        status=IncidentStatus.DISMISSED,
        resolved_at=bindparam("now", type_=INCIDENTS.c.resolved_at.type),
        resolution="the process has ended",
    )
)
_RUNNING = (INSTANCES.c.status == InstanceStatus.ACTIVE) | (INSTANCES.c.status == InstanceStatus.SUSPENDED)
_OTHERS = Prepared(
    select(
        exists()
        .where(INSTANCES.c.case_id == bindparam("case"), INSTANCES.c.id != bindparam("instance"), _RUNNING)
        .where(DEFINITIONS.c.id == INSTANCES.c.process_definition_id, DEFINITIONS.c.kind == "service")
    )
)
_LIVE = (CLOCKS.c.status == DeadlineStatus.RUNNING) | (CLOCKS.c.status == DeadlineStatus.PAUSED)
_OWN = (CLOCKS.c.case_id == bindparam("case")) & CLOCKS.c.instance_id.is_(None) & _LIVE
_HAS_CLOCKS = Prepared(select(exists().where(_OWN)))
_OWN_CLOCKS = select(Deadline).where(_OWN)
CHILD_CLOSED = "child_case_closed"
"""The message a child case sends when it ends, however it ends; its correlation key is the child's number."""


def case_goes_on(session: Session, actor: Actor, instance: ProcessInstance, case: Case | None, kind: str) -> None:
    """An instance has ended: dismiss what was wrong with it, and let its case close when it was the main one."""
    _DISMISS.execute(session, {"instance": instance.id, "now": clock.now()})
    if case is None or kind != "service" or case.status in ENDED or instance.status is not InstanceStatus.COMPLETED:
        return
    (others,) = _OTHERS.rows(session, {"case": case.id, "instance": instance.id})[0]
    if not others:
        close_case(session, actor, case, CaseStatus.CLOSED, reason=case.close_reason)


def close_case(session: Session, actor: Actor, case: Case, status: CaseStatus, *, reason: str = "") -> None:
    """Give the case its end: status, time, clocks stopped, nobody responsible any more, the parent told."""
    session.flush()
    stop_clocks(session, actor, case, status.value)
    writes, now = Writes(), clock.now()
    was, ended = {"status": case.status.value}, {"status": status.value}
    writes.update(
        case,
        status=status,
        closed_at=now,
        updated_at=now,
        close_reason=reason or case.close_reason,
        lock_version=case.lock_version + 1,
    )
    responsibility.end(writes, case)
    writes.insert(HistoryEvent, [history.line(actor, case.id, "case.ended", old=was, new=ended, reason=reason)])
    if case.parent_id is not None:
        writes.insert(Job, [_told_parent(case)])
    writes.send(session)
    case_changed(session, case)
    related_changed(session, case)


def _told_parent(case: Case) -> dict[str, Any]:
    variables = {
        "number": case.number,
        "status": case.status.value,
        "service_type": case.service_type,
        "close_reason": case.close_reason,
        "facts": dict(case.facts),
    }
    inputs = {"correlation_key": case.number, "variables": variables, "optional": True}
    return owe("message", CHILD_CLOSED, case_id=case.id, inputs=inputs)


def stop_clocks(session: Session, actor: Actor, case: Case, reason: str) -> None:
    """Stop every clock of the case that belongs to no running activity."""
    if not _HAS_CLOCKS.rows(session, {"case": case.id})[0][0]:
        return
    for deadline in session.scalars(_OWN_CLOCKS, {"case": case.id}).all():
        deadlines.stop(session, actor, deadline, reason)
