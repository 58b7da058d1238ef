"""What the worker asks: which clocks need telling, and which ends must be counted again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.deadlines import ledger, rows
from engine.deadlines.asking import LIVE
from engine.permissions import Actor
from engine.storage import Deadline, DeadlineEntry, DeadlineStatus, lock_next
from engine.workdays import Calendar, load


@dataclass(frozen=True)
class Alarm:
    """Something to tell: a share of the time is used (``percent``), or the end has passed (``breach``: escalate)."""

    kind: Literal["warn", "breach"]
    deadline: Deadline
    percent: int


def due(session: Session, now: datetime, limit: int = 100) -> list[Alarm]:
    """Write the warnings and breaches that have come by ``now`` and answer them for telling; several workers may ask.

    A late worker tells only the highest warning passed, and nothing but the breach when that has passed too.
    """
    statement = (
        select(Deadline).where(Deadline.attention_at <= now, Deadline.status.in_(LIVE)).order_by(Deadline.attention_at)
    )
    found = lock_next(session, statement, limit)
    ledgers = _ledgers(session, [deadline.id for deadline in found])
    calendar, actor = load(session), Actor.system("worker")
    alarms = []
    for deadline in found:
        alarm = _look(session, actor, calendar, deadline, ledgers[deadline.id], now)
        if alarm is not None:
            alarms.append(alarm)
    session.flush()
    return alarms


def _look(
    session: Session,
    actor: Actor,
    calendar: Calendar,
    deadline: Deadline,
    entries: Sequence[DeadlineEntry],
    now: datetime,
) -> Alarm | None:
    state = ledger.current(entries)
    if state.status == DeadlineStatus.RUNNING and state.due_at < now:
        rows.breach(session, actor, deadline, state.due_at)
        return Alarm("breach", deadline, 100)
    passed = [
        percent
        for percent in deadline.warn_percents
        if percent > deadline.warned_percent and ledger.moment_of(calendar, state, percent) <= now
    ]
    if passed and state.status == DeadlineStatus.RUNNING:
        percent = max(passed)
        rows.warn(session, actor, deadline, state, calendar, percent)
        return Alarm("warn", deadline, percent)
    # At the very moment of its end a clock is not late yet; the next look tells.
    deadline.attention_at = rows.next_attention(calendar, deadline, state)
    return None


def recompute_provisional(session: Session, limit: int = 200) -> int:
    """Count again the ends that rested on a year now loaded; answers how many were looked at."""
    calendar = load(session)
    statement = select(Deadline).where(
        Deadline.status.in_(LIVE), Deadline.provisional, Deadline.calendar_version != calendar.version
    )
    found = lock_next(session, statement.order_by(Deadline.id), limit)
    recount(session, Actor.system("worker"), found, "calendar")
    return len(found)


def recount(session: Session, actor: Actor, deadlines: Collection[Deadline], reason: str) -> int:
    """Count the ends of these clocks on today's calendar; a line is written where one moves. Answers how many moved."""
    calendar = load(session)
    ledgers = _ledgers(session, [deadline.id for deadline in deadlines])
    return sum(rows.recount(session, actor, calendar, d, ledgers[d.id], reason) for d in deadlines)


def unannounced_years(session: Session) -> list[int]:
    """The years live clocks rest on although their holidays are not announced: what an administrator must load."""
    ends = session.scalars(
        select(Deadline.due_at).where(Deadline.status.in_(LIVE), Deadline.provisional, Deadline.due_at.is_not(None))
    )
    years = {clock.city_time(end).year for end in ends if end is not None}
    return sorted(years - load(session).years)


def running_over(session: Session, first: datetime, last: datetime) -> Sequence[Deadline]:
    """The running clocks whose time touches ``first`` to ``last``: whom a changed day concerns."""
    return session.scalars(
        select(Deadline)
        .where(Deadline.status == DeadlineStatus.RUNNING, Deadline.started_at <= last, Deadline.due_at >= first)
        .order_by(Deadline.id)
    ).all()


def _ledgers(session: Session, deadline_ids: Sequence[int]) -> dict[int, list[DeadlineEntry]]:
    ledgers: dict[int, list[DeadlineEntry]] = defaultdict(list)
    for entry in session.scalars(
        select(DeadlineEntry)
        .where(DeadlineEntry.deadline_id.in_(deadline_ids))
        .order_by(DeadlineEntry.deadline_id, DeadlineEntry.sequence)
    ):
        ledgers[entry.deadline_id].append(entry)
    return ledgers
