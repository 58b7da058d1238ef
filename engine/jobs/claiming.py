"""Which work is due, and whose it is for the next minute.

A claim is a lease in a short transaction of its own. The work itself locks case and instance first and only then looks
at the job's row, so no two transactions wait for each other; whoever finishes a job must still hold its lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.storage import (
    Database,
    Deadline,
    DeadlineStatus,
    InstanceStatus,
    Job,
    JobLane,
    JobStatus,
    Message,
    MessageStatus,
    ProcessInstance,
    StartTrigger,
    Timer,
)

LEASE = timedelta(seconds=60)
LANES = (JobLane.URGENT, JobLane.NORMAL, JobLane.BULK)


class Claim(NamedTuple):
    """A job that is this worker's for the length of the lease."""

    id: int
    kind: str
    type: str


def claim(
    database: Database, worker: str, limit: int, *, instance_id: int | None = None, leave_types: tuple[str, ...] = ()
) -> list[Claim]:
    """Take up to ``limit`` due jobs, people's and emergencies' before storms. Each claim costs an attempt.

    What somebody died over is taken alone: whatever killed them takes nothing else along.
    """
    now = clock.now()
    with database.transaction() as session:
        found: list[Claim] = []
        for lane in LANES:
            if len(found) >= limit or (instance_id is not None and lane is JobLane.BULK):
                break
            rows = session.execute(_due(lane, now, limit - len(found), instance_id, leave_types)).all()
            free = before_the_dead(rows)
            if not found and not free:
                found = [_claimed(row) for row in rows[:1]]
            found += [_claimed(row) for row in free]
            if len(free) < len(rows):
                break
        if found:
            session.execute(
                update(Job)
                .where(Job.id.in_([row.id for row in found]))
                .values(lease_owner=worker, lease_until=now + LEASE, attempts=Job.attempts + 1)
                .execution_options(synchronize_session=False)
            )
    return found


def before_the_dead(rows: Sequence[Any]) -> list[Any]:
    """The rows up to the first that a worker took and neither did nor gave back."""
    return list(takewhile(lambda row: row.lease_owner is None, rows))


def _claimed(row: Any) -> Claim:
    return Claim(row.id, row.kind, row.type)


def _due(lane: JobLane, now: datetime, limit: int, instance_id: int | None, leave_types: tuple[str, ...]) -> Any:
    statement = (
        select(Job.id, Job.kind, Job.type, Job.lease_owner)
        .where(
            Job.status == JobStatus.OWED,
            Job.lane == lane,
            Job.run_at <= now,
            or_(Job.lease_until.is_(None), Job.lease_until < now),
        )
        .order_by(Job.run_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if instance_id is not None:
        statement = statement.where(Job.instance_id == instance_id)
    if leave_types:
        statement = statement.where(Job.type.not_in(leave_types))
    return statement


def renew(database: Database, worker: str, job_id: int) -> bool:
    """Hold a job for another minute; False when somebody else has it by now."""
    with database.transaction() as session:
        done = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.lease_owner == worker, Job.status == JobStatus.OWED)
            .values(lease_until=clock.now() + LEASE)
            .execution_options(synchronize_session=False)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def next_owed(session: Session) -> datetime | None:
    """The next moment at which the machine has something to do: jobs, timers, clocks, start events, messages' ends."""
    jobs = select(Job.run_at).where(Job.status == JobStatus.OWED)
    timers = (
        select(Timer.due_at)
        .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
        .where(TIMER_RUNS, ProcessInstance.status == InstanceStatus.ACTIVE)
    )
    moments = [
        *_moments(session, jobs, Job.run_at, Job.lease_until),
        *_moments(session, timers, Timer.due_at, Timer.lease_until),
        session.scalar(
            select(func.min(Deadline.attention_at)).where(
                Deadline.status.in_([DeadlineStatus.RUNNING, DeadlineStatus.PAUSED])
            )
        ),
        session.scalar(select(func.min(StartTrigger.due_at)).where(StartTrigger.active)),
        session.scalar(select(func.min(Message.expires_at)).where(Message.status == MessageStatus.WAITING)),
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def _moments(session: Session, rows: Select[datetime], moment: Any, lease: Any) -> list[datetime | None]:
    """The first moment of what nobody has taken, and of what becomes free again when its lease is over."""
    free = rows.where(lease.is_(None)).order_by(moment).limit(1)
    taken = rows.with_only_columns(func.min(case((lease > moment, lease), else_=moment))).where(lease.is_not(None))
    return [session.scalar(free), session.scalar(taken)]


def owes(session: Session, instance_id: int) -> bool:
    """Whether an instance owes anything at all; cheap, so that nobody claims for nothing."""
    return session.scalar(_OWES, {"instance": instance_id}) is not None


_OWES = select(Job.id).where(Job.instance_id == bindparam("instance"), Job.status == JobStatus.OWED).limit(1)

TIMER_ATTEMPTS = 5
"""A timer whose process cannot go on is tried this often, then it waits behind an incident."""
TIMER_RUNS = or_(Timer.attempts < TIMER_ATTEMPTS, Timer.lease_owner.is_not(None))
"""Timers that wait for their time, not for a person: those a worker died over are still to be told."""
