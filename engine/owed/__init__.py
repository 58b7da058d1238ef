"""One look for everything that is due: timers, jobs, clocks, start events, messages, broadcasts, seals, cleaning up.

Every kind of work is done in transactions of its own, so that one that fails holds up none of the others. Any number of
workers may look at the same time; a worker killed at any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import broadcasts, clock, deployments, messages
from engine.deadlines import recompute_provisional
from engine.errors import CityLoopError
from engine.evidence import purge_unclaimed
from engine.jobs import next_owed, run_owed
from engine.jobs.running import worker_name
from engine.owed.alarms import raise_alarms
from engine.owed.housekeeping import AT_ONCE, CLEANING, SEAL_AT_ONCE, beat, seal_history
from engine.owed.timers import fire_timers
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Broadcast, BroadcastStatus, Database

__all__ = ["run_due", "worker_name"]

log = logging.getLogger(__name__)
ROUNDS = 20


def run_due(database: Database, settings: Settings, *, worker: str = "", limit: int = 200) -> Counter[str]:
    """Do what is due now, up to ``limit`` of each kind; answers how much was done, by kind, empty when nothing was."""
    worker = worker or worker_name()
    actor = Actor.system("worker")
    done: Counter[str] = Counter()
    due, changed = _look(database)
    if not due and not changed:
        return done
    done["timers"] += fire_timers(database, worker, limit)
    done["starts"] += _within(database, lambda session: deployments.fire_due(session, actor))
    if changed:
        done["starts"] += _within(database, lambda session: deployments.fire_conditions(session, actor, changed))
    done["alarms"] += _within(database, lambda session: raise_alarms(session, settings))
    done["messages"] += _within(database, messages.expire)
    done["messages"] += _bring_awaited(database, actor)
    done["jobs"] += run_owed(database, settings, limit=limit, worker=worker)
    done["broadcasts"] += _within(database, broadcasts.count_progress)
    return +done


def _look(database: Database) -> tuple[bool, list[int]]:
    """Look first, reading only: an idle worker must not keep people from writing. Answers whether anything is due, and
    which start conditions have changed."""
    with database.reading() as session:
        changed = deployments.changed_conditions(session)
        due = next_owed(session)
        if due is not None and due <= clock.now():
            return True, changed
        spreading = select(Broadcast.id).where(Broadcast.status == BroadcastStatus.SPREADING).limit(1)
        return session.execute(spreading).first() is not None or bool(messages.awaited(session, 1)), changed


def keep_house(database: Database, settings: Settings, *, worker: str, counts: Counter[str]) -> None:
    """What is not urgent: the heartbeat, the history's chain, provisional ends."""
    _within(database, lambda session: beat(session, worker, counts))
    for _ in range(ROUNDS):
        if _within(database, seal_history) < SEAL_AT_ONCE:
            break
    _within(database, recompute_provisional)


def clean_house(database: Database, settings: Settings) -> None:
    """What can wait for an hour: forgotten uploads, old rows, lines of the history that came late to the chain."""
    _within(database, lambda session: purge_unclaimed(session, clock.now(), settings))
    _within(database, lambda session: seal_history(session, None))
    for clean in CLEANING:
        for _ in range(ROUNDS):
            if _within(database, clean) < AT_ONCE:
                break


def _within(database: Database, work: Callable[[Session], int]) -> int:
    """One kind of work in one transaction; what goes wrong is logged and tried again at the next look."""
    try:
        with database.transaction() as session:
            return work(session)
    except (CityLoopError, DBAPIError):
        log.exception("owed work failed")
        return 0


def _bring_awaited(database: Database, actor: Actor) -> int:
    with database.reading() as session:
        found = messages.awaited(session)
    return sum(_within(database, partial(_bring, actor, message_id)) for message_id in found)


def _bring(actor: Actor, message_id: int, session: Session) -> int:
    return int(messages.bring(session, actor, message_id))
