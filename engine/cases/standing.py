"""Whether a case runs, stands still or has ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from engine import clock, deadlines, history, responsibility
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.instances import advancing, case_changed, close_case, related_changed, start
from engine.instances.advancing import reopen_instance
from engine.permissions import Actor, require
from engine.storage import (
    CASE_MAY_BECOME,
    ENDED,
    Case,
    CaseStatus,
    InstanceStatus,
    Job,
    JobStatus,
    Organisation,
    ProcessDefinition,
    ProcessInstance,
    ResponsiblePeriod,
    Timer,
    lock,
)

HOLD = "suspended"
RUNNING = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)


def suspend(session: Session, actor: Actor, case_id: int, reason: str, *, but: int | None = None) -> Case:
    """Let a case stand still (挂账): nobody works on it, its clocks are paused, timers and messages wait.

    The instance ``but`` goes on: the process that suspends the case, and will resume it.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it is not open.
    """
    case = _locked(session, actor, case_id, "case.suspend", reason)
    _may_become(case, CaseStatus.SUSPENDED)
    case.status = CaseStatus.SUSPENDED
    _set_instances(session, case, InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED, but)
    deadlines.pause_case(session, actor, case.id, reason, hold=HOLD)
    return _told(session, actor, case, "case.suspended", reason, {"status": "open"})


def resume(session: Session, actor: Actor, case_id: int, reason: str) -> Case:
    """Let a suspended case go on.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it is not suspended.
    """
    case = _locked(session, actor, case_id, "case.suspend", reason)
    if case.status is not CaseStatus.SUSPENDED:
        raise Conflict("the case is not suspended", kind="stale", case=case.number)
    case.status = CaseStatus.OPEN
    _set_instances(session, case, InstanceStatus.SUSPENDED, InstanceStatus.ACTIVE)
    deadlines.resume_case(session, actor, case.id, reason, hold=HOLD)
    _wake(session, case)
    return _told(session, actor, case, "case.resumed", reason, {"status": "suspended"})


def void(session: Session, actor: Actor, case_id: int, reason: str, *, but: int | None = None) -> Case:
    """End a case that should never have been one; everything running for it is cancelled, except ``but``.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it has ended.
    """
    return conclude(session, actor, case_id, reason, CaseStatus.VOID, but=but)


def conclude(
    session: Session,
    actor: Actor,
    case_id: int,
    reason: str,
    status: CaseStatus = CaseStatus.CLOSED,
    *,
    but: int | None = None,
) -> Case:
    """End a case by hand, without its process; everything running for it is cancelled, except the instance ``but``.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it has ended.
    """
    case = _locked(session, actor, case_id, "case.void", reason)
    _may_become(case, status)
    running = session.scalars(
        select(ProcessInstance.id).where(ProcessInstance.case_id == case.id, ProcessInstance.status.in_(RUNNING))
    ).all()
    # Ended first, so that the end of its main process does not end it a second time.
    close_case(session, actor, case, status, reason=reason)
    for instance_id in running:
        if instance_id == but:
            continue
        with advancing(session, actor, instance_id, case_id=case.id, even_suspended=True) as advance:
            advance.deed("instance.cancelled", reason=reason)
            advance.execution.cancel()
    return case


def reopen(session: Session, actor: Actor, case_id: int, reason: str, element_id: str = "") -> Case:
    """Let an ended case run again: its process from the start, or its last run from ``element_id`` on.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it has not ended, is void, or cannot go on there.
    """
    case = _locked(session, actor, case_id, "case.reopen", reason)
    if case.status not in ENDED:
        raise Conflict("the case has not ended", kind="stale", case=case.number)
    _may_become(case, CaseStatus.OPEN)
    old = case.status
    last = _last_run(session, case)
    party = _last_party(session, case)
    case.responsible_organisation_id = party.id
    case.status, case.closed_at, case.duplicate_of_id = CaseStatus.OPEN, None, None
    session.add(
        ResponsiblePeriod(
            case_id=case.id,
            organisation_id=party.id,
            since=clock.now(),
            reason="reopened",
            assigned_by_id=actor.person_id,
        )
    )
    session.flush()
    _told(session, actor, case, "case.reopened", reason, {"status": old.value})
    if element_id and last is not None:
        reopen_instance(session, actor, last, case, element_id, reason)
    elif last is not None:
        start(session, actor, last.process_key, case=case)
    return case


def _locked(session: Session, actor: Actor, case_id: int, deed: str, reason: str) -> Case:
    case = lock(session, Case, case_id)
    require(actor, deed, case)
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
    return case


def _may_become(case: Case, status: CaseStatus) -> None:
    if status not in CASE_MAY_BECOME[case.status]:
        kind = "ended" if case.status in ENDED else "suspended" if case.status is CaseStatus.SUSPENDED else "stale"
        raise Conflict("the case is in another state", kind=kind, case=case.number, status=case.status.value)


def _set_instances(
    session: Session, case: Case, old: InstanceStatus, new: InstanceStatus, but: int | None = None
) -> None:
    mine = ProcessInstance.case_id == case.id, ProcessInstance.status == old
    session.execute(
        update(ProcessInstance)
        .where(*mine, *(() if but is None else (ProcessInstance.id != but,)))
        .values(status=new, updated_at=clock.now(), lock_version=ProcessInstance.lock_version + 1)
        .execution_options(synchronize_session="fetch")
    )


def _wake(session: Session, case: Case) -> None:
    """What was put off while the case stood still is due at once."""
    owed = update(Job).where(Job.case_id == case.id, Job.status == JobStatus.OWED, Job.run_at > clock.now())
    session.execute(owed.values(run_at=clock.now()).execution_options(synchronize_session=False))
    waiting = update(Timer).where(Timer.case_id == case.id, Timer.lease_until.is_not(None))
    session.execute(waiting.values(lease_owner=None, lease_until=None).execution_options(synchronize_session=False))


def _told(session: Session, actor: Actor, case: Case, kind: str, reason: str, old: dict[str, Any]) -> Case:
    case.updated_at = clock.now()
    case.lock_version += 1
    session.flush()
    history.record(session, actor, case.id, kind, old=old, new={"status": case.status.value}, reason=reason)
    case_changed(session, case)
    related_changed(session, case)
    return case


def _last_run(session: Session, case: Case) -> ProcessInstance | None:
    return session.scalars(
        select(ProcessInstance)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.process_definition_id)
        .where(ProcessInstance.case_id == case.id, ProcessDefinition.kind == "service")
        .options(undefer(ProcessInstance.state))
        .order_by(ProcessInstance.id.desc())
        .limit(1)
        .with_for_update(of=ProcessInstance)
    ).one_or_none()


def _last_party(session: Session, case: Case) -> Organisation:
    last = session.scalars(
        select(Organisation)
        .join(ResponsiblePeriod, ResponsiblePeriod.organisation_id == Organisation.id)
        .where(ResponsiblePeriod.case_id == case.id, Organisation.active)
        .order_by(ResponsiblePeriod.id.desc())
        .limit(1)
    ).one_or_none()
    return last or responsibility.resolve(session, "intake", case)
