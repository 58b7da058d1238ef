"""What a clock's ledger says: each entry turns one state into the next. Pure; the deeds that write it are ``clocks``.

Time is kept as an amount on the limit's own clock (office time, wall time, days of law): ``consumed`` before the
``anchor``, ``remaining`` from it. So a pause stops exactly what it should, and a year whose holidays become known moves
the end without touching what has been used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.clock import parse
from engine.storage import DeadlineEntry, DeadlineStatus, EntryKind
from engine.workdays import Calendar, Clock, Limit, parse_limit


@dataclass(frozen=True)
class State:
    """A clock at one moment. ``due_at`` is kept through a pause, so that an overdue clock stays overdue."""

    status: DeadlineStatus
    limit: Limit
    anchor: datetime
    consumed: int
    remaining: int
    due_at: datetime
    provisional: bool
    holds: frozenset[str] = frozenset()
    pending: tuple[tuple[int, str], ...] = ()

    @property
    def total(self) -> int:
        """All that is granted: the limit and its extensions."""
        return self.consumed + self.remaining

    @property
    def shown_due_at(self) -> datetime | None:
        """The end as people see it: none while the clock is paused."""
        return None if self.status == DeadlineStatus.PAUSED else self.due_at


def begin(calendar: Calendar, limit: Limit, at: datetime) -> State:
    """A clock starts."""
    due = calendar.add(at, limit)
    return State(DeadlineStatus.RUNNING, limit, at, 0, calendar.amount(limit, at), due.at, due.provisional)


def pause(calendar: Calendar, state: State, at: datetime, hold: str) -> State:
    """A reason to stand still; the first one stops the clock."""
    holds = state.holds | {hold}
    if state.status == DeadlineStatus.PAUSED:
        return replace(state, holds=holds)
    unit = state.limit.unit
    return replace(
        state,
        status=DeadlineStatus.PAUSED,
        holds=holds,
        anchor=at,
        consumed=state.consumed + calendar.measure(state.anchor, at, unit),
        remaining=calendar.measure(at, state.due_at, unit),
    )


def resume(calendar: Calendar, state: State, at: datetime, hold: str | None) -> State:
    """A reason to stand still falls away (None: all); after the last one the clock goes on with what was left."""
    holds = frozenset[str]() if hold is None else state.holds - {hold}
    if holds:
        return replace(state, holds=holds)
    due_at, provisional, unit = state.due_at, state.provisional, state.limit.unit
    if state.remaining > 0:
        due = calendar.advance(at, state.remaining, unit)
        due_at, provisional = due.at, due.provisional
    remaining = state.remaining
    for amount, other in state.pending:
        due = calendar.advance(due_at, amount, other)
        due_at, provisional = due.at, provisional or due.provisional
        remaining = calendar.measure(at, due_at, unit)
    return replace(
        state,
        status=DeadlineStatus.RUNNING,
        anchor=at,
        holds=holds,
        remaining=remaining,
        pending=(),
        due_at=due_at,
        provisional=provisional,
    )


def extend(calendar: Calendar, state: State, limit: Limit) -> State:
    """More time. On another clock than the limit's own it is put behind the end, also after a pause."""
    amount = calendar.amount(limit, state.due_at)
    same = limit.clock == state.limit.clock
    if state.status == DeadlineStatus.PAUSED:
        if same:
            due_at = state.due_at if state.remaining > 0 else calendar.advance(state.due_at, amount, limit.unit).at
            return replace(state, remaining=state.remaining + amount, due_at=due_at)
        return replace(state, pending=(*state.pending, (amount, limit.unit)))
    due = calendar.advance(state.due_at, amount, limit.unit)
    remaining = state.remaining + amount if same else calendar.measure(state.anchor, due.at, state.limit.unit)
    return replace(state, remaining=remaining, due_at=due.at, provisional=state.provisional or due.provisional)


def rebase(calendar: Calendar, state: State, limit: Limit, at: datetime) -> State:
    """The clock begins again (after a new dispatch); one that is paused stays paused with the whole limit left."""
    return replace(begin(calendar, limit, at), status=state.status, holds=state.holds)


def recount(calendar: Calendar, state: State) -> State:
    """The same amount counted on a calendar that has become known."""
    if state.status == DeadlineStatus.PAUSED or state.remaining <= 0:
        return state
    due = calendar.advance(state.anchor, state.remaining, state.limit.unit)
    return replace(state, due_at=due.at, provisional=due.provisional)


def moment_of(calendar: Calendar, state: State, percent: int) -> datetime:
    """When a running clock has used ``percent`` of all that is granted (the anchor when it already had by then)."""
    missing = -(-state.total * percent // 100) - state.consumed
    if percent >= 100:
        return state.due_at
    if missing <= 0:
        return state.anchor
    return min(calendar.advance(state.anchor, missing, state.limit.unit).at, state.due_at)


def snapshot(state: State) -> dict[str, Any]:
    """A state as an entry's facts keep it."""
    facts: dict[str, Any] = {
        "status": state.status.value,
        "limit": str(state.limit),
        "anchor": state.anchor.isoformat(),
        "consumed": state.consumed,
        "remaining": state.remaining,
        "due_at": state.due_at.isoformat(),
        "provisional": state.provisional,
    }
    if state.holds:
        facts["holds"] = sorted(state.holds)
    if state.pending:
        facts["pending"] = [list(pair) for pair in state.pending]
    return facts


def current(entries: Sequence[DeadlineEntry]) -> State:
    """The state after the last entry, from what the entries kept; nothing is counted."""
    state: State | None = None
    for entry in reversed(entries):
        if (kept := entry.facts.get("state")) is not None:
            state = _from_snapshot(kept)
            break
        if entry.kind == EntryKind.START and entry.due_after is not None:
            state = State(
                DeadlineStatus.RUNNING,
                parse_limit(entry.limit_text),
                entry.effective_at,
                0,
                entry.facts["amount"],
                entry.due_after,
                bool(entry.facts.get("provisional")),
            )
            break
    if state is None:
        raise AssertionError("a ledger begins with its start")
    if any(entry.kind == EntryKind.STOP for entry in entries):
        state = replace(state, status=DeadlineStatus.STOPPED)
    return state


def _from_snapshot(kept: Mapping[str, Any]) -> State:
    return State(
        status=DeadlineStatus(kept["status"]),
        limit=parse_limit(kept["limit"]),
        anchor=parse(kept["anchor"]),
        consumed=kept["consumed"],
        remaining=kept["remaining"],
        due_at=parse(kept["due_at"]),
        provisional=kept["provisional"],
        holds=frozenset(kept.get("holds", ())),
        pending=tuple((amount, unit) for amount, unit in kept.get("pending", ())),
    )


def replay(entries: Iterable[DeadlineEntry]) -> State:
    """The state counted afresh from the first entry, each on the calendar it was counted on then."""
    state: State | None = None
    for entry in entries:
        calendar = _calendar_of(entry)
        hold = entry.facts.get("hold", "")
        if entry.kind == EntryKind.START:
            state = begin(calendar, parse_limit(entry.limit_text), entry.effective_at)
        elif state is None:
            raise AssertionError("a ledger begins with its start")
        elif entry.kind == EntryKind.PAUSE:
            state = pause(calendar, state, entry.effective_at, hold)
        elif entry.kind == EntryKind.RESUME:
            state = resume(calendar, state, entry.effective_at, hold)
        elif entry.kind == EntryKind.EXTEND:
            state = extend(calendar, state, parse_limit(entry.limit_text))
        elif entry.kind == EntryKind.REBASE:
            state = rebase(calendar, state, parse_limit(entry.limit_text), entry.effective_at)
        elif entry.kind == EntryKind.RECOMPUTE:
            state = recount(calendar, state)
        elif entry.kind == EntryKind.STOP:
            state = replace(state, status=DeadlineStatus.STOPPED)
    if state is None:
        raise AssertionError("a ledger has at least its start")
    return state


def _calendar_of(entry: DeadlineEntry) -> Calendar:
    kept = entry.facts.get("calendar")
    return _WALL_CLOCK if kept is None else Calendar.from_facts(kept)


# Wall time needs no calendar, so its entries keep none.
_WALL_CLOCK = Calendar.from_facts({"version": 0, "years": [], "windows": [["0001-01-01", [[0, 1440]]]]})


def needs_calendar(*limits: Limit) -> bool:
    """Whether counting any of these rests on the calendar."""
    return any(limit.clock is not Clock.WALL for limit in limits)
