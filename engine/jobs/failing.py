"""What becomes of a job that could not be done: later again, an incident, or nothing because nobody waits any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.connectors.context import RETRY
from engine.errors import CityLoopError, Conflict, ExecutionFailed, InvalidInput
from engine.instances import advancing
from engine.permissions import Actor
from engine.storage import Database, Incident, IncidentStatus, Job, JobStatus

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
STANDSTILL = timedelta(minutes=10)


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(FIRST_WAIT * 2 ** max(0, attempts - 1), LONGEST_WAIT)


def _mine(job_id: int, worker: str) -> Any:
    return (
        update(Job)
        .where(Job.id == job_id, Job.lease_owner == worker, Job.status == JobStatus.OWED)
        .execution_options(synchronize_session=False)
    )


def postpone(database: Database, job_id: int, worker: str, reason: str = "", seconds: float | None = None) -> None:
    """Try again later at no cost: a lock was lost, or the case stands still."""
    wait = STANDSTILL if seconds is None else timedelta(seconds=seconds)
    with database.transaction() as session:
        session.execute(
            _mine(job_id, worker).values(
                lease_owner=None,
                lease_until=None,
                run_at=clock.now() + wait,
                attempts=Job.attempts - 1,
                last_error=reason[:2000],
            )
        )


def cancel(database: Database, job_id: int, worker: str) -> None:
    """Nobody waits for it any more."""
    with database.transaction() as session:
        session.execute(
            _mine(job_id, worker).values(
                status=JobStatus.CANCELLED, finished_at=clock.now(), lease_owner=None, lease_until=None
            )
        )
        resolve_incidents(session, job_id, IncidentStatus.DISMISSED, "nobody waits for it any more")


def is_temporary(error: Exception) -> bool:
    """Whether the same call may succeed later by itself; a wrong input never does."""
    if isinstance(error, CityLoopError):
        return isinstance(error, ExecutionFailed) and error.kind == RETRY
    return True


def give_up_or_retry(database: Database, job_id: int, worker: str, error: Exception, trace: str) -> None:
    """Back off, or, when the attempts are used up or trying again is pointless, open an incident."""
    with database.transaction() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        if job.lease_owner != worker or job.status is not JobStatus.OWED:
            return
        job.lease_owner = job.lease_until = None
        job.last_error = str(error)[:2000]
        job.error_code = str(getattr(error, "kind", "") or getattr(error, "code", "") or type(error).__name__)[:80]
        if is_temporary(error) and job.attempts < job.max_attempts:
            job.run_at = clock.now() + back_off(job.attempts)
            return
        job.status = JobStatus.FAILED
        open_incident(session, job, error, trace)


def open_incident(session: Session, job: Job, error: Exception, trace: str = "") -> Incident:
    """Tell that a job needs a person; the same again counts up."""
    now = clock.now()
    incident = session.scalars(
        select(Incident).where(Incident.job_id == job.id, Incident.status == IncidentStatus.OPEN)
    ).first()
    if incident is None:
        incident = Incident(job_id=job.id, kind="job_failed", opened_at=now, times=0, message="")
        session.add(incident)
    facts = dict(getattr(error, "facts", {}))
    if isinstance(error, InvalidInput):
        facts["problems"] = "; ".join(f"{p.path}: {p.code} {dict(p.facts)}" for p in error.problems)
    incident.case_id, incident.instance_id, incident.element_id = job.case_id, job.instance_id, job.element_id
    incident.code, incident.message = job.error_code, str(error)[:4000]
    incident.facts = {"type": job.type, "attempts": job.attempts, **{k: str(v)[:500] for k, v in facts.items()}}
    incident.trace, incident.times, incident.last_at = trace[-8000:], incident.times + 1, now
    session.flush()
    return incident


def resolve_incidents(
    session: Session,
    job_id: int,
    status: IncidentStatus = IncidentStatus.RESOLVED,
    resolution: str = "done by a later attempt",
) -> None:
    """The failed thing has succeeded (or is no longer wanted)."""
    session.execute(
        update(Incident)
        .where(Incident.job_id == job_id, Incident.status == IncidentStatus.OPEN)
        .values(status=status, resolved_at=clock.now(), resolution=resolution)
        .execution_options(synchronize_session=False)
    )


def answer_with_error(
    session: Session, job: Job, code: str, message: str, variables: Mapping[str, Any] | None = None
) -> bool:
    """Let a job's process go on along its error path. Without one, the job stays, behind an incident.

    Raises:
        Conflict: the job is done already, or nobody waits for it.
    """
    if job.status not in (JobStatus.OWED, JobStatus.FAILED) or job.instance_id is None or job.key is None:
        raise Conflict("the job is done", kind="completed", job=job.id)
    job_id, instance_id, key, case_id = job.id, job.instance_id, job.key, job.case_id
    session.flush()
    try:
        with (
            session.begin_nested(),
            advancing(session, Actor.system("worker"), instance_id, case_id=case_id) as advance,
        ):
            advance.done_key = key
            advance.deed("job.error", element_id=job.element_id, details={"type": job.type, "code": code})
            if not advance.execution.fail_job(key, code, message, variables):
                raise ExecutionFailed(
                    message or code, kind="uncaught_error", element_id=job.element_id, error_code=code
                )
    except ExecutionFailed as error:
        session.expire_all()
        job = session.get_one(Job, job_id)
        job.status, job.error_code, job.last_error = JobStatus.FAILED, code[:80], str(error)[:2000]
        job.lease_owner = job.lease_until = None
        open_incident(session, job, error)
        return False
    job = session.get_one(Job, job_id)
    job.status, job.error_code, job.finished_at = JobStatus.DONE, code[:80], clock.now()
    job.last_error, job.lease_owner, job.lease_until = message[:2000], None, None
    resolve_incidents(session, job_id, IncidentStatus.RESOLVED, "went on along the error path")
    session.flush()
    return True
