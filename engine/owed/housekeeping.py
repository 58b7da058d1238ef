"""What keeps the house clean and shows that somebody is at home."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib.metadata import version

from sqlalchemy import Select, delete, select, text, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.storage import (
    InstanceStatus,
    Job,
    JobStatus,
    LoginSession,
    Message,
    MessageStatus,
    ProcessInstance,
    Task,
    TaskCandidate,
    TaskStatus,
    WorkerHeartbeat,
)
from engine.storage.statements import insert_or_ignore

KEEP_STATE = timedelta(days=30)
KEEP_JOBS = timedelta(days=30)
KEEP_MESSAGES = timedelta(days=180)
KEEP_LOGINS = timedelta(days=180)
GONE = timedelta(hours=1)
SEALER = 4_200_001
SEAL_AT_ONCE = 1000
AT_ONCE = 2000


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


def seal_history(session: Session, look_back: int | None = history.LOOK_BACK) -> int:
    """Give new history rows their place in the chain; one sealer at a time. With None, any row that has none."""
    on_postgres = session.get_bind().dialect.name == "postgresql"
    if on_postgres and not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER}):
        return 0
    return history.seal(session, SEAL_AT_ONCE, look_back=look_back)


def empty_states(session: Session) -> int:
    """The state of instances that ended long ago goes; answers how many."""
    old = session.scalars(
        select(ProcessInstance.id)
        .where(
            ProcessInstance.ended_at < clock.now() - KEEP_STATE,
            ProcessInstance.state.is_not(None),
            ProcessInstance.status.in_([InstanceStatus.COMPLETED, InstanceStatus.CANCELLED]),
        )
        .limit(AT_ONCE)
    ).all()
    if old:
        session.execute(
            update(ProcessInstance)
            .where(ProcessInstance.id.in_(old))
            .values(state=None)
            .execution_options(synchronize_session=False)
        )
    return len(old)


def remove_candidates(session: Session) -> int:
    """Who might have done a task is of no use once it is over; removing it is not the business of who did it."""
    return _remove(
        session,
        TaskCandidate,
        select(TaskCandidate.id).join(Task, Task.id == TaskCandidate.task_id).where(Task.status != TaskStatus.OPEN),
    )


def remove_jobs(session: Session) -> int:
    """Jobs done long ago go; an incident one had stays."""
    over = Job.status.in_([JobStatus.DONE, JobStatus.CANCELLED])
    return _remove(session, Job, select(Job.id).where(Job.finished_at < clock.now() - KEEP_JOBS, over))


def remove_messages(session: Session) -> int:
    """Messages delivered long ago go."""
    delivered = Message.status == MessageStatus.DELIVERED
    return _remove(
        session, Message, select(Message.id).where(Message.handled_at < clock.now() - KEEP_MESSAGES, delivered)
    )


def remove_logins(session: Session) -> int:
    """Logins nobody has used for long go."""
    return _remove(
        session, LoginSession, select(LoginSession.id).where(LoginSession.last_seen_at < clock.now() - KEEP_LOGINS)
    )


def _remove(session: Session, table: type[Job | LoginSession | Message | TaskCandidate], which: Select[int]) -> int:
    old = session.scalars(which.limit(AT_ONCE)).all()
    if old:
        session.execute(delete(table).where(table.id.in_(old)).execution_options(synchronize_session=False))
    return len(old)


CLEANING = (empty_states, remove_candidates, remove_jobs, remove_messages, remove_logins)
"""Each removes up to ``AT_ONCE`` rows and answers how many; each in transactions of its own."""
