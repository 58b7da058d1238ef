"""Doing one job. Work inside the database is done, and told to be done, in one transaction: exactly once.

Work outside has three parts: the lease is renewed, the call is made without a transaction, its answer is stored. Then
the process goes on; when it cannot take the answer, the answer is kept and not asked for again.
"""

from __future__ import annotations

import secrets
import socket
import traceback
from collections.abc import Callable, Mapping
from os import getpid
from types import ModuleType
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import broadcasts, clock, connectors, messages, migration
from engine.connectors import Context, outbound
from engine.connectors.context import ERROR, refusal, refused
from engine.errors import CityLoopError, Conflict, ExecutionFailed
from engine.instances import Advance, advancing, conditions
from engine.instances.jobs import JOBS, given, kept
from engine.jobs.claiming import Claim, claim, renew
from engine.jobs.failing import answer_with_error, cancel, give_up_or_retry, postpone, resolve_incidents
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database, Job, JobStatus, ProcessInstance
from engine.storage.reading import Reading
from engine.storage.statements import Prepared

BATCH = 50
OVER = frozenset({"ended", "withdrawn", "nobody_waits"})
Handler = Callable[[Session, Actor, Job], bool]
# Not locked: case and instance come first, and who finishes it must still hold its lease.
_JOB = Reading([Job], JOBS, JOBS.c.id == bindparam("job"), lock=False)
_FINISH = Prepared(
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"), JOBS.c.lease_owner == bindparam("worker"), JOBS.c.status == JobStatus.OWED)
    .values(
        status=JobStatus.DONE,
        finished_at=bindparam("now", type_=JOBS.c.finished_at.type),
        error_code=bindparam("code", type_=JOBS.c.error_code.type),
        last_error="",
        lease_owner=None,
        lease_until=None,
    )
)


class LeaseLost(Exception):
    """Somebody else has the job by now; whatever was done here is rolled back."""


def worker_name() -> str:
    """A name no other worker has."""
    return f"{socket.gethostname()[:40]}:{getpid()}:{secrets.token_hex(4)}"


def run_owed(
    database: Database,
    settings: Settings | None = None,
    *,
    instance_id: int | None = None,
    limit: int = 100,
    worker: str = "",
) -> int:
    """Do up to ``limit`` jobs that are due, and answer how many were done or tried.

    With ``instance_id``: only what that instance owes and what stays inside the house; for doors, right after a commit.
    """
    settings = settings or Settings.from_environment()
    worker = worker or worker_name()
    leave = () if instance_id is None else _outside_types()
    tried = 0
    while tried < limit:
        claimed = claim(database, worker, min(BATCH, limit - tried), instance_id=instance_id, leave_types=leave)
        if not claimed:
            break
        for job in claimed:
            run_one(database, settings, job, worker)
        tried += len(claimed)
    return tried


def _outside_types() -> tuple[str, ...]:
    return tuple(name for name, entry in connectors.catalogue().items() if entry.get("outside"))


def run_one(database: Database, settings: Settings, claimed: Claim, worker: str) -> None:
    """Do one claimed job; failures are written down, never raised."""
    job_id = claimed.id
    leaves = claimed.kind == "send" or (claimed.kind == "connector" and connectors.is_outside(claimed.type))
    try:
        answer = _call_outside(database, settings, job_id, worker) if leaves else None
        try:
            with database.transaction() as session:
                (job,) = _JOB.one(session, job=job_id) or [None]
                if job is None or job.lease_owner != worker or job.status is not JobStatus.OWED:
                    return
                if job.attempts > job.max_attempts:
                    raise ExecutionFailed("the worker died over this job every time", kind="worker_died", job=job_id)
                _do(session, settings, job, worker, answer)
        except ExecutionFailed as error:
            if error.kind != ERROR:
                raise
            _go_on_along_error_path(database, job_id, worker, error)
    except LeaseLost:
        return
    except Conflict as error:
        if error.kind in OVER:
            cancel(database, job_id, worker)
        else:
            postpone(database, job_id, worker)
    except DBAPIError as error:
        # A lost race or a database that restarts is nobody's fault and costs no attempt.
        postpone(database, job_id, worker, str(error.orig), seconds=2)
    except CityLoopError as error:
        give_up_or_retry(database, job_id, worker, error, "")
    except Exception as error:
        give_up_or_retry(database, job_id, worker, error, traceback.format_exc())


def _go_on_along_error_path(database: Database, job_id: int, worker: str, error: ExecutionFailed) -> None:
    with database.transaction() as session:
        job = session.get_one(Job, job_id)
        if job.lease_owner == worker and job.status is JobStatus.OWED:
            code, variables = str(error.facts["error_code"]), error.facts.get("variables") or {}
            answer_with_error(session, job, code, error.reason, variables)


def _call_outside(database: Database, settings: Settings, job_id: int, worker: str) -> dict[str, Any] | None:
    """Let a connector speak to the outside, without a transaction; its answer is stored before anything follows."""
    with database.reading() as session:
        job = session.get_one(Job, job_id)
        if job.result is not None:
            return None
        prepared = given(job.inputs)
        if job.kind == "connector":
            context = Context(session, Actor.system(f"job:{job.type}"), settings, job, prepared, None, None)
            prepared = connectors.find(job.type).prepare(context)
    if not renew(database, worker, job_id):
        raise LeaseLost
    answer: dict[str, Any]
    if job.kind == "send":
        answer = outbound.send(settings, job.delivery_id, prepared)
    else:
        try:
            answer = connectors.find(job.type).call(settings, job.delivery_id, prepared)
        except ExecutionFailed as error:
            if error.kind != ERROR:
                raise
            answer = refusal(error)
    with database.transaction() as session:
        done = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.lease_owner == worker, Job.status == JobStatus.OWED)
            .values(result=kept(answer))
            .execution_options(synchronize_session=False)
        )
        if not done.rowcount:  # type: ignore[attr-defined]
            raise LeaseLost
    return answer


def _do(session: Session, settings: Settings, job: Job, worker: str, answer: dict[str, Any] | None) -> None:
    actor = Actor.system("worker")
    if job.kind == "connector":
        _connect(session, actor, settings, job, answer)
        finish(session, job, worker)
        return
    handler = HANDLERS.get(job.kind)
    if handler is None:
        raise ExecutionFailed("there is no such kind of job", kind="bad_job", job=job.kind)
    done = handler(session, actor, job)
    if job.kind in GOES_ON and not done:
        job.lease_owner = job.lease_until = None
        job.attempts = 0
        session.flush()
        return
    finish(session, job, worker, "" if done else broadcasts.SKIPPED)


def _connect(session: Session, actor: Actor, settings: Settings, job: Job, answer: dict[str, Any] | None) -> None:
    """Run a connector inside, or take the answer of one outside, and let the process go on."""
    assert job.instance_id is not None and job.key is not None
    module = connectors.find(job.type)
    outside = connectors.is_outside(job.type)
    with advancing(session, actor, job.instance_id, case_id=job.case_id) as advance:
        result: Mapping[str, Any]
        if outside:
            result = answer if answer is not None else given(job.result)
            if (no := refused(result)) is not None:
                raise no
        else:
            result = _run(module, _context(session, actor, settings, job, advance))
        advance.variables.forget()
        advance.done_key = job.key
        advance.deed("job.done", element_id=job.element_id, details={"type": job.type})
        name = job.headers.get("resultVariable")
        advance.execution.finish_job(job.key, {str(name): result} if name else result)
    if not outside:
        job.result = kept(result)


def _run(module: ModuleType, context: Context) -> Mapping[str, Any]:
    try:
        result: Mapping[str, Any] = module.run(context)
    except Conflict as error:
        # The process still waits, what it wants has moved on: a person must look, waiting would not help.
        raise context.bad("case", f"{error} ({error.kind})") from error
    return result


def _context(session: Session, actor: Actor, settings: Settings, job: Job, advance: Advance) -> Context:
    return Context(session, actor, settings, job, given(job.inputs), advance.case, advance.instance)


def finish(session: Session, job: Job, worker: str, code: str = "") -> None:
    """Mark a job done, if it is still this worker's.

    Raises:
        LeaseLost: it is not; everything done in this transaction must go.
    """
    session.flush()
    if not _FINISH.execute(session, {"job": job.id, "worker": worker, "now": clock.now(), "code": code}):
        raise LeaseLost
    if job.attempts > 1:
        resolve_incidents(session, job.id)


def _message(session: Session, actor: Actor, job: Job) -> bool:
    inputs = given(job.inputs)
    messages.publish(
        session,
        actor,
        job.type,
        correlation_key=str(inputs.get("correlation_key") or ""),
        payload=inputs.get("variables") or {},
        source=messages.OPTIONAL if inputs.get("optional") else "instance",
        message_id=job.delivery_id,
        case_id=inputs.get("case_id"),
        sender_instance_id=job.instance_id,
    )
    return True


def _signal(session: Session, actor: Actor, job: Job) -> bool:
    variables = given(job.inputs).get("variables") or {}
    areas = variables.get("areas")
    broadcasts.send(
        session,
        actor,
        job.type,
        payload=variables,
        areas=areas if isinstance(areas, list) else [],
        sender_instance_id=job.instance_id,
        drill=job.instance_id is not None and session.get_one(ProcessInstance, job.instance_id).drill,
    )
    return True


def _buffered(session: Session, actor: Actor, job: Job) -> bool:
    messages.bring(session, actor, int(job.inputs["message"]))
    return True


def _condition(session: Session, actor: Actor, job: Job) -> bool:
    assert job.instance_id is not None
    with advancing(session, actor, job.instance_id, case_id=job.case_id) as advance:
        advance.deed("condition.met")
        advance.only_a_look = True
        advance.execution.data_changed()
    return True


def _migrate(session: Session, actor: Actor, job: Job) -> bool:
    return migration.migrate_one(session, actor, int(job.inputs["step"]))


def _migrate_back(session: Session, actor: Actor, job: Job) -> bool:
    return migration.revert_one(session, actor, int(job.inputs["step"]))


def _sent(session: Session, actor: Actor, job: Job) -> bool:
    """The notice has left the house already; nothing follows."""
    return True


def _emergency(session: Session, actor: Actor, job: Job) -> bool:
    return conditions.spread(session, job)


GOES_ON = frozenset({"spread", "emergency"})
"""Jobs done in chunks: not done yet, they are owed on, from where they stopped."""

HANDLERS: dict[str, Handler] = {
    "send": _sent,
    "migrate": _migrate,
    "migrate_back": _migrate_back,
    "message": _message,
    "signal": _signal,
    "buffered": _buffered,
    "condition": _condition,
    "spread": broadcasts.spread,
    "emergency": _emergency,
    "signal_delivery": broadcasts.deliver,
    "signal_start": broadcasts.start_by_signal,
}
