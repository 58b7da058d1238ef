"""A clock in plain facts, for a page to word: what was granted, what happened, what did not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from engine import clock
from engine.deadlines import ledger
from engine.storage import Deadline, DeadlineEntry, DeadlineStatus
from engine.workdays import Calendar, Clock

MOST_DAYS = 400


def explain(deadline: Deadline, entries: Sequence[DeadlineEntry], calendar: Calendar) -> dict[str, Any]:
    """Plain facts: ``limit, unit, clock, started_at, due_at, status, provisional, breached_at, exempted_at, used``
    (percent, may exceed 100), ``holds``, ``steps`` (the ledger), ``windows`` and ``skipped`` (days that do not count).

    Times are aware datetimes; ``skipped`` rows are ``{first, last, reason}`` with reason ``weekend`` or ``holiday``.
    """
    state = ledger.current(entries)
    end = deadline.stopped_at or max(clock.now(), state.anchor)
    counts_days = state.limit.clock in (Clock.WORKING, Clock.STATUTORY_WORKING_DAYS)
    return {
        "name": deadline.name,
        "limit": str(state.limit),
        "unit": state.limit.unit,
        "clock": state.limit.clock.value,
        "status": deadline.status.value,
        "started_at": deadline.started_at,
        "due_at": deadline.due_at,
        "provisional": deadline.provisional,
        "breached_at": deadline.breached_at,
        "exempted_at": deadline.exempted_at,
        "stopped_at": deadline.stopped_at,
        "holds": sorted(state.holds),
        "used": used(state, end, calendar),
        "late": late(deadline, clock.now()),
        "steps": [_step(entry) for entry in entries],
        "windows": _windows(calendar, deadline.started_at) if state.limit.clock is Clock.WORKING else [],
        "skipped": list(_skipped(calendar, deadline.started_at, state.due_at)) if counts_days else [],
    }


def used(state: ledger.State, now: datetime, calendar: Calendar) -> int:
    """How many percent of all that is granted are used."""
    passed = state.consumed
    if state.status != DeadlineStatus.PAUSED:
        passed += calendar.measure(state.anchor, now, state.limit.unit)
    return 100 * passed // state.total if state.total > 0 else 100


def late(deadline: Deadline, now: datetime) -> bool:
    """Whether a clock is past its end, also before the worker has told so."""
    if deadline.breached_at is not None:
        return True
    end = deadline.stopped_at or now
    return deadline.due_at is not None and deadline.due_at < end


def _step(entry: DeadlineEntry) -> dict[str, Any]:
    facts = entry.facts
    return {
        "kind": entry.kind.value,
        "at": entry.at,
        "effective_at": entry.effective_at,
        "limit": entry.limit_text,
        "due_before": entry.due_before,
        "due_after": entry.due_after,
        "reason": entry.reason,
        "person_id": entry.person_id,
        "percent": facts.get("percent"),
        "hold": facts.get("hold"),
        "escalate_to": facts.get("escalate_to", ""),
    }


def _windows(calendar: Calendar, moment: datetime) -> list[tuple[str, str]]:
    spans = calendar.windows(clock.city_time(moment).date())
    return [(_hour(opens), _hour(closes)) for opens, closes in spans]


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _skipped(calendar: Calendar, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Stretches of days between two moments on which nobody works."""
    day, last = clock.city_time(start).date(), clock.city_time(end).date()
    last = min(last, day + timedelta(days=MOST_DAYS))
    stretch: list[date] = []
    while day <= last + timedelta(days=1):
        if day <= last and not calendar.is_working(day):
            stretch.append(day)
        elif stretch:
            holiday = any(each.weekday() < 5 for each in stretch)
            yield {"first": stretch[0], "last": stretch[-1], "reason": "holiday" if holiday else "weekend"}
            stretch = []
        day += timedelta(days=1)
