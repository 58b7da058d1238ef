"""What needs a person: a job that cannot be done, a process that cannot go on. Resolved by success, or dismissed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.connectors.context import refused
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.instances.jobs import given, kept
from engine.messages import resend
from engine.permissions import Actor, require
from engine.storage import Incident, IncidentStatus, Job, JobStatus, Timer, lock


def retry(
    session: Session,
    actor: Actor,
    incident_id: int,
    *,
    inputs: Mapping[str, Any] | None = None,
    correlation_key: str | None = None,
    reason: str = "",
) -> Incident:
    """Try the failed thing again, with corrected ``inputs`` where they were wrong (only those named are changed).

    The incident stays open until it has succeeded.

    Raises:
        NotFound, NotAllowed. Conflict: it is not open, or has nothing that can be tried again.
    """
    incident = _open(session, actor, incident_id)
    old: dict[str, Any] = {}
    if incident.job_id is not None:
        old = _retry_job(session, incident, inputs)
    elif incident.message_id is not None:
        resend(session, actor, incident.message_id, correlation_key=correlation_key)
    elif incident.timer_key:
        session.execute(
            update(Timer)
            .where(Timer.instance_id == incident.instance_id, Timer.key == incident.timer_key)
            .values(attempts=1, lease_owner=None, lease_until=None, due_at=clock.now())
        )
    else:
        raise Conflict("there is nothing to try again; move or skip the step", kind="stale", incident=incident_id)
    history.record(
        session,
        actor,
        incident.case_id,
        "incident.retried",
        instance_id=incident.instance_id,
        element_id=incident.element_id,
        old=old or None,
        new=dict(inputs) if inputs else None,
        reason=reason,
        details={"incident": incident.id},
    )
    return incident


def _retry_job(session: Session, incident: Incident, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    job = lock(session, Job, incident.job_id)
    if job.status is not JobStatus.FAILED:
        raise Conflict("the job is not waiting for a person", kind="stale", job=job.id)
    before = given(job.inputs)
    if inputs:
        job.inputs = kept({**before, **inputs})
    if inputs or refused(job.result or {}) is not None:
        # With other inputs the old answer answers nothing; a no is asked for again.
        job.result = None
    job.status, job.attempts, job.run_at = JobStatus.OWED, 1, clock.now()
    job.lease_owner = job.lease_until = None
    session.flush()
    return {name: before.get(name) for name in inputs or ()}


def dismiss(session: Session, actor: Actor, incident_id: int, reason: str) -> Incident:
    """Close an incident without success, with a reason. A failed job stays undone, its process stays where it is.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it is not open.
    """
    incident = _open(session, actor, incident_id)
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
    incident.status, incident.resolved_at = IncidentStatus.DISMISSED, clock.now()
    incident.resolved_by_id, incident.resolution = actor.person_id, reason
    session.flush()
    history.record(
        session,
        actor,
        incident.case_id,
        "incident.dismissed",
        instance_id=incident.instance_id,
        element_id=incident.element_id,
        reason=reason,
        details={"incident": incident.id},
    )
    return incident


def _open(session: Session, actor: Actor, incident_id: int) -> Incident:
    incident = lock(session, Incident, incident_id)
    require(actor, "incident.handle")
    if incident.status is not IncidentStatus.OPEN:
        raise Conflict("the incident is closed", kind="ended", incident=incident_id)
    return incident
