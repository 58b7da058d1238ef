"""What keeps the house clean and shows that somebody is at home."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib.metadata import version

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.storage.statements import insert_or_ignore
from engine.storage import (
    InstanceStatus,
    Job,
    JobStatus,
    Message,
    MessageStatus,
    ProcessInstance,
    Task,
    TaskCandidate,
    TaskStatus,
    WorkerHeartbeat,
)

KEEP_STATE = timedelta(days=30)
KEEP_JOBS = timedelta(days=30)
KEEP_MESSAGES = timedelta(days=180)
GONE = timedelta(hours=1)
SEALER = 4_200_001
SEAL_AT_ONCE = 1000


def beat(session: Session, worker: str, counts: Counter[str]) -> int:
    """Tell that this worker lives, and forget those that do not."""
    now = clock.now()
    row = {"worker": worker, "started_at": now, "seen_at": now, "version": version("cityloop"), "counts": dict(counts)}
    if not insert_or_ignore(session, WorkerHeartbeat, row):
        session.execute(
            update(WorkerHeartbeat).where(WorkerHeartbeat.worker == worker).values(seen_at=now, counts=dict(counts))
        )
    session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < now - GONE))
    return 1


def leave(session: Session, worker: str) -> None:
    """This worker stops in order."""
    session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.worker == worker))


def seal_history(session: Session) -> int:
    """Give new history rows their place in the chain; one sealer at a time."""
    on_postgres = session.get_bind().dialect.name == "postgresql"
    if on_postgres and not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER}):
        return 0
    return history.seal(session, SEAL_AT_ONCE)


def clean_up(session: Session) -> int:
    """Empty the state of instances that ended long ago, remove done jobs and messages; answers how many instances."""
    now = clock.now()
    old = session.scalars(
        select(ProcessInstance.id)
        .where(
            ProcessInstance.ended_at < now - KEEP_STATE,
            ProcessInstance.state.is_not(None),
            ProcessInstance.status.in_([InstanceStatus.COMPLETED, InstanceStatus.CANCELLED]),
        )
        .limit(500)
    ).all()
    if old:
        session.execute(
            update(ProcessInstance)
            .where(ProcessInstance.id.in_(old))
            .values(state=None)
            .execution_options(synchronize_session=False)
        )
    _forget_candidates(session)
    _remove(session, Job, Job.finished_at < now - KEEP_JOBS, Job.status.in_([JobStatus.DONE, JobStatus.CANCELLED]))
    _remove(session, Message, Message.handled_at < now - KEEP_MESSAGES, Message.status == MessageStatus.DELIVERED)
    return len(old)


def _forget_candidates(session: Session) -> None:
    """Who might have done a task is of no use once it is over; removing it is not the business of who did it."""
    over = (
        select(TaskCandidate.id)
        .join(Task, Task.id == TaskCandidate.task_id)
        .where(Task.status != TaskStatus.OPEN)
        .limit(5000)
    )
    session.execute(
        delete(TaskCandidate)
        .where(TaskCandidate.id.in_(session.scalars(over).all()))
        .execution_options(synchronize_session=False)
    )


def _remove(session: Session, table: type[Job] | type[Message], *conditions: object) -> None:
    old = session.scalars(select(table.id).where(*conditions).limit(500)).all()  # type: ignore[arg-type]
    if old:
        session.execute(delete(table).where(table.id.in_(old)).execution_options(synchronize_session=False))
