"""What the end of a process means for its case: the main one closes it."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from engine import clock, deadlines, history, responsibility
from engine.instances.jobs import JOBS, owe
from engine.permissions import Actor
from engine.storage import (
    ENDED,
    Base,
    Case,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    Incident,
    IncidentStatus,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
)

INCIDENTS = Base.metadata.tables[Incident.__tablename__]
_DISMISS = (
    update(INCIDENTS)
    .where(INCIDENTS.c.instance_id == bindparam("instance"), INCIDENTS.c.status == IncidentStatus.OPEN)
    .values(
        status=IncidentStatus.DISMISSED,
        resolved_at=bindparam("now", type_=INCIDENTS.c.resolved_at.type),
        resolution="the process has ended",
    )
)
_OTHERS = (
    select(ProcessInstance.id)
    .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.process_definition_id)
    .where(
        ProcessInstance.case_id == bindparam("case"),
        ProcessInstance.id != bindparam("instance"),
        ProcessInstance.status.in_([InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED]),
        ProcessDefinition.kind == "service",
    )
    .limit(1)
)
_OWN_CLOCKS = select(Deadline).where(
    Deadline.case_id == bindparam("case"),
    Deadline.instance_id.is_(None),
    Deadline.status.in_([DeadlineStatus.RUNNING, DeadlineStatus.PAUSED]),
)
CHILD_CLOSED = "child_case_closed"
"""The message a child case sends its parent when it ends; its correlation key is the parent's number."""


def case_goes_on(session: Session, actor: Actor, instance: ProcessInstance, case: Case | None, kind: str) -> None:
    """An instance has ended: dismiss what was wrong with it, and let its case close when it was the main one."""
    session.connection().execute(_DISMISS, {"instance": instance.id, "now": clock.now()})
    if case is None or kind != "service" or case.status in ENDED or instance.status is not InstanceStatus.COMPLETED:
        return
    if session.connection().execute(_OTHERS, {"case": case.id, "instance": instance.id}).first() is None:
        close_case(session, actor, case, CaseStatus.CLOSED, reason=case.close_reason)


def close_case(session: Session, actor: Actor, case: Case, status: CaseStatus, *, reason: str = "") -> None:
    """Give the case its end: status, time, clocks stopped, nobody responsible any more, the parent told."""
    old = case.status
    case.status = status
    case.closed_at = case.updated_at = clock.now()
    if reason:
        case.close_reason = reason
    case.lock_version += 1
    stop_clocks(session, actor, case, status.value)
    responsibility.end(session, case)
    session.flush()
    history.record(
        session,
        actor,
        case.id,
        "case.ended",
        old={"status": old.value},
        new={"status": status.value},
        reason=reason,
    )
    if case.parent_id is not None:
        _tell_parent(session, case)


def _tell_parent(session: Session, case: Case) -> None:
    number = session.scalars(select(Case.number).where(Case.id == case.parent_id)).one()
    variables = {
        "number": case.number,
        "status": case.status.value,
        "service_type": case.service_type,
        "close_reason": case.close_reason,
        "facts": dict(case.facts),
    }
    inputs = {"correlation_key": number, "variables": variables, "optional": True}
    session.execute(insert(JOBS), owe("message", CHILD_CLOSED, case_id=case.id, inputs=inputs))


def stop_clocks(session: Session, actor: Actor, case: Case, reason: str) -> None:
    """Stop every clock of the case that belongs to no running activity."""
    for deadline in session.scalars(_OWN_CLOCKS, {"case": case.id}).all():
        deadlines.stop(session, actor, deadline, reason)
