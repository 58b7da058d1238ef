"""Timers that are due: leased in a batch, then each fired in a transaction of its own under its instance's lock.

The process itself knows its timers: one that was withdrawn or has fired meanwhile is not there any more, so nothing
fires twice, whoever fires it.
"""

from __future__ import annotations

import traceback
from datetime import timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import CityLoopError, Conflict, ExecutionFailed
from engine.instances import advancing
from engine.jobs.claiming import LEASE, TIMER_ATTEMPTS, TIMER_RUNS, before_the_dead
from engine.jobs.failing import back_off
from engine.permissions import Actor
from engine.storage import Database, Incident, IncidentStatus, InstanceStatus, ProcessInstance, Timer
from engine.storage.reading import Reading
from engine.storage.statements import table_of

BATCH = 50
SUSPENDED_WAIT = timedelta(minutes=1)
TIMERS = table_of(Timer)
# Not locked: case and instance come first.
_TIMER = Reading([Timer], TIMERS, TIMERS.c.id == bindparam("timer"), lock=False)


def fire_timers(database: Database, worker: str, limit: int) -> int:
    """Fire up to ``limit`` due timers; answers how many were fired."""
    fired = 0
    tried = 0
    while tried < limit:
        claimed = _claim(database, worker, min(BATCH, limit - tried))
        if not claimed:
            break
        tried += len(claimed)
        fired += sum(_fire(database, worker, timer_id) for timer_id in claimed)
    return fired


def _claim(database: Database, worker: str, limit: int) -> list[int]:
    now = clock.now()
    with database.transaction() as session:
        rows = session.execute(
            select(Timer.id, Timer.lease_owner)
            .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
            .where(
                Timer.due_at <= now,
                TIMER_RUNS,
                or_(Timer.lease_until.is_(None), Timer.lease_until < now),
                ProcessInstance.status == InstanceStatus.ACTIVE,
            )
            .order_by(Timer.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=Timer)
        ).all()
        # As jobs: what somebody died over is taken alone.
        ids = [row.id for row in before_the_dead(rows) or rows[:1]]
        if ids:
            session.execute(
                update(Timer)
                .where(Timer.id.in_(ids))
                .values(lease_owner=worker, lease_until=now + LEASE, attempts=Timer.attempts + 1)
                .execution_options(synchronize_session=False)
            )
    return ids


def _fire(database: Database, worker: str, timer_id: int) -> bool:
    try:
        with database.transaction() as session:
            (timer,) = _TIMER.one(session, timer=timer_id) or [None]
            if timer is None or timer.lease_owner != worker:
                return False
            if timer.attempts > TIMER_ATTEMPTS:
                raise ExecutionFailed("the worker died over this timer every time", kind="worker_died", timer=timer_id)
            with advancing(session, Actor.system("worker"), timer.instance_id, case_id=timer.case_id) as advance:
                running = {t.key: t for t in advance.before.timers}.get(timer.key)
                if running is None:
                    raise Conflict("the timer runs no more", kind="nobody_waits")
                advance.done_key = timer.key
                advance.deed("timer.fired", element_id=timer.element_id)
                advance.execution.fire_timer(timer.key)
                after = {t.key for t in advance.execution.facts().timers}
            if timer.key in after:
                # A cycle goes on under the same key: free for its next time.
                _release(session, timer_id)
            if timer.attempts > 1:
                _resolve(session, timer.instance_id, timer.key)
        return True
    except DBAPIError:
        _later(database, timer_id, worker)
    except CityLoopError as error:
        if not (isinstance(error, Conflict) and _forget(database, timer_id, worker, error)):
            _fail(database, timer_id, worker, error, "")
    except Exception as error:
        _fail(database, timer_id, worker, error, traceback.format_exc())
    return False


def _release(session: Session, timer_id: int) -> None:
    session.execute(
        update(Timer)
        .where(Timer.id == timer_id)
        .values(attempts=0, lease_owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _forget(database: Database, timer_id: int, worker: str, error: Conflict) -> bool:
    """A timer of a suspended instance is looked at again; one nobody waits for goes. False when it is neither."""
    with database.transaction() as session:
        timer = session.get(Timer, timer_id, with_for_update=True)
        if timer is None or timer.lease_owner != worker:
            return True
        instance = session.get_one(ProcessInstance, timer.instance_id)
        if instance.status is InstanceStatus.SUSPENDED:
            timer.lease_owner, timer.lease_until = None, clock.now() + SUSPENDED_WAIT
            timer.attempts = max(0, timer.attempts - 1)
        elif instance.status is not InstanceStatus.ACTIVE or error.kind == "nobody_waits":
            session.delete(timer)
        else:
            return False
        return True


def _later(database: Database, timer_id: int, worker: str) -> None:
    with database.transaction() as session:
        session.execute(
            update(Timer)
            .where(Timer.id == timer_id, Timer.lease_owner == worker)
            .values(attempts=Timer.attempts - 1, lease_owner=None, lease_until=clock.now() + timedelta(seconds=2))
            .execution_options(synchronize_session=False)
        )


def _fail(database: Database, timer_id: int, worker: str, error: Exception, trace: str) -> None:
    """The process cannot go on behind its timer: an incident, and the timer waits for a person after a few attempts."""
    with database.transaction() as session:
        timer = session.get(Timer, timer_id, with_for_update=True)
        if timer is None or timer.lease_owner != worker:
            return
        now = clock.now()
        # Whatever is wrong with the process is wrong again a moment later: one attempt, then a person.
        timer.attempts = TIMER_ATTEMPTS if isinstance(error, CityLoopError) else timer.attempts
        timer.lease_owner, timer.lease_until = None, now + back_off(timer.attempts)
        incident = session.scalars(
            select(Incident).where(
                Incident.instance_id == timer.instance_id,
                Incident.timer_key == timer.key,
                Incident.status == IncidentStatus.OPEN,
            )
        ).first()
        if incident is None:
            incident = Incident(
                instance_id=timer.instance_id, case_id=timer.case_id, timer_key=timer.key, element_id=timer.element_id,
                kind="timer_failed", message="", opened_at=now, times=0,
            )  # fmt: skip
            session.add(incident)
        incident.code = str(getattr(error, "kind", "") or type(error).__name__)[:80]
        incident.message, incident.trace = str(error)[:4000], trace[-8000:]
        incident.times, incident.last_at = incident.times + 1, now


def _resolve(session: Session, instance_id: int, key: str) -> None:
    session.execute(
        update(Incident)
        .where(Incident.instance_id == instance_id, Incident.timer_key == key, Incident.status == IncidentStatus.OPEN)
        .values(status=IncidentStatus.RESOLVED, resolved_at=clock.now(), resolution="fired")
        .execution_options(synchronize_session=False)
    )
