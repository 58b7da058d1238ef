"""What can be done with a clock. Each deed writes one line into its ledger and brings the row to what the ledger says.

A breach is found by whoever looks first, the worker or the deed that comes too late; it is a fact and stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import clock
from engine.deadlines import ledger, rows
from engine.deadlines.asking import holds, ledger_of, of_case
from engine.deadlines.ledger import State
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.permissions import Actor, require
from engine.storage import Case, Deadline, DeadlineStatus, EntryKind, lock
from engine.workdays import Calendar, Limit, load, parse_limit


def start(
    session: Session,
    actor: Actor,
    *,
    name: str,
    limit: str | Limit,
    started_at: datetime,
    warn: Iterable[int] = (),
    escalate_to: str = "",
    case_id: int | None = None,
    instance_id: int | None = None,
    task_id: int | None = None,
    element_id: str = "",
    pauses_with: str = "",
    reason: str = "",
) -> Deadline:
    """Start a clock and answer it with its end; ``name`` is ``case`` for the case's own. One that ``pauses_with``
    another clock of its case stands still as long as that one does, from the beginning if need be. A task's ``due_at``
    is for the caller to set now; whatever happens to the clock later moves it too.

    Raises:
        InvalidInput: the limit or a percentage cannot be read.
    """
    wanted = parse_limit(limit)
    calendar = load(session)
    state = ledger.begin(calendar, wanted, started_at)
    deadline = Deadline(
        case_id=case_id,
        instance_id=instance_id,
        element_id=element_id,
        name=name,
        pauses_with=pauses_with,
        status=DeadlineStatus.RUNNING,
        limit_text=str(wanted),
        started_at=started_at,
        due_at=state.due_at,
        provisional=state.provisional,
        calendar_version=calendar.version,
        warn_percents=_percents(warn),
        warned_percent=0,
        escalate_to=escalate_to,
        task_id=task_id,
    )
    deadline.attention_at = rows.next_attention(calendar, deadline, state)
    session.add(deadline)
    session.flush()
    facts = {"amount": state.remaining, **({"provisional": True} if state.provisional else {})}
    rows.write(
        session,
        actor,
        deadline,
        EntryKind.START,
        effective_at=started_at,
        limit_text=str(wanted),
        due_after=state.due_at,
        reason=reason,
        facts=facts | rows.counted(calendar, (wanted,), (started_at, state.due_at)),
    )
    _stand_still_from_the_start(session, actor, deadline)
    return deadline


def pause(
    session: Session, actor: Actor, deadline: Deadline, reason: str, at: datetime | None = None, *, hold: str = ""
) -> Deadline:
    """Stop the clock. Several reasons may hold it at once (``hold`` tells them apart); it runs again after the last.

    Raises:
        Conflict: stopped already, or held for this reason already.
    """
    paused = _change(
        session,
        actor,
        deadline,
        EntryKind.PAUSE,
        reason,
        at,
        lambda calendar, state, moment: ledger.pause(calendar, state, moment, hold),
        facts={"hold": hold},
        refuse=lambda state: "suspended" if hold in state.holds else None,
    )
    for other in _pausing_with(session, deadline):
        if hold not in holds(session, other):
            pause(session, actor, other, reason, hold=hold)
    return paused


def resume(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    reason: str = "",
    at: datetime | None = None,
    *,
    hold: str | None = "",
) -> Deadline:
    """Let the clock go on with exactly what was left (``hold=None``: whatever held it).

    Raises:
        Conflict: stopped, or not held for this reason.
    """
    resumed = _change(
        session,
        actor,
        deadline,
        EntryKind.RESUME,
        reason,
        at,
        lambda calendar, state, moment: ledger.resume(calendar, state, moment, hold),
        facts={"hold": hold},
        refuse=lambda state: None if state.holds and (hold is None or hold in state.holds) else "stale",
    )
    for other in _pausing_with(session, deadline):
        held = holds(session, other)
        if held if hold is None else hold in held:
            resume(session, actor, other, reason, hold=hold)
    return resumed


def _stand_still_from_the_start(session: Session, actor: Actor, deadline: Deadline) -> None:
    """Hold a clock that has just begun for every reason that holds the one it pauses with, in the same words."""
    if deadline.case_id is None or not deadline.pauses_with:
        return
    for other in of_case(session, deadline.case_id, name=deadline.pauses_with):
        entries = ledger_of(session, other)
        for hold in sorted(ledger.current(entries).holds - holds(session, deadline)):
            said = [e.reason for e in entries if e.kind is EntryKind.PAUSE and e.facts.get("hold") == hold]
            pause(session, actor, deadline, said[-1], hold=hold)


def _pausing_with(session: Session, deadline: Deadline) -> list[Deadline]:
    """The live clocks of the same case that stand still whenever this one does."""
    if deadline.case_id is None or deadline.pauses_with:
        return []
    return [other for other in of_case(session, deadline.case_id) if other.pauses_with == deadline.name]


def extend(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    reason: str,
    limit: str | Limit | None = None,
    at: datetime | None = None,
) -> Deadline:
    """Grant more time: ``limit``, or once more the original one. Who may, and how often, is the process's business."""
    more = parse_limit(limit) if limit else parse_limit(deadline.limit_text)
    return _change(
        session,
        actor,
        deadline,
        EntryKind.EXTEND,
        reason,
        at,
        lambda calendar, state, _: ledger.extend(calendar, state, more),
        limit=more,
    )


def rebase(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    reason: str,
    limit: str | Limit | None = None,
    at: datetime | None = None,
    warn: Iterable[int] | None = None,
) -> Deadline:
    """Begin again, after a new dispatch: from ``at``, also an earlier moment, with ``limit`` or the one that counts."""
    anew = parse_limit(limit) if limit else parse_limit(deadline.limit_text)
    if warn is not None:
        deadline.warn_percents = _percents(warn)
    return _change(
        session,
        actor,
        deadline,
        EntryKind.REBASE,
        reason,
        at,
        lambda calendar, state, moment: ledger.rebase(calendar, state, anew, moment),
        limit=anew,
    )


def stop(session: Session, actor: Actor, deadline: Deadline, reason: str = "", at: datetime | None = None) -> Deadline:
    """The work is done or withdrawn; when it was late, that is written down first. Stopping twice changes nothing."""
    deadline = _held(session, deadline)
    if deadline.status == DeadlineStatus.STOPPED:
        return deadline
    moment, due_at = at or clock.now(), deadline.due_at
    # The row tells all that is needed: a running clock without a next look has told its breach already.
    untold = deadline.status == DeadlineStatus.RUNNING and deadline.attention_at is not None
    if untold and due_at is not None and due_at < moment:
        rows.breach(session, actor, deadline, due_at)
    rows.write(
        session,
        actor,
        deadline,
        EntryKind.STOP,
        effective_at=moment,
        due_before=due_at,
        due_after=due_at,
        reason=reason,
    )
    deadline.status, deadline.stopped_at, deadline.stop_reason = DeadlineStatus.STOPPED, moment, reason
    deadline.attention_at = None
    session.flush()
    return deadline


def exempt(session: Session, actor: Actor, deadline: Deadline, reason: str) -> Deadline:
    """Leave a breach out of scoring after an appeal; the fact stays visible.

    Raises:
        NotAllowed: only those who may exempt.
        Conflict: there is no breach, or it is exempted already.
    """
    require(actor, "deadline.exempt", session.get(Case, deadline.case_id) if deadline.case_id else None)
    deadline = _held(session, deadline)
    if deadline.breached_at is None or deadline.exempted_at is not None:
        raise Conflict("there is no breach to exempt", kind="stale", deadline=deadline.id)
    rows.write(
        session,
        actor,
        deadline,
        EntryKind.EXEMPT,
        effective_at=clock.now(),
        due_before=deadline.due_at,
        due_after=deadline.due_at,
        reason=reason,
    )
    deadline.exempted_at, deadline.exempt_reason = clock.now(), reason
    session.flush()
    return deadline


def pause_case(
    session: Session, actor: Actor, case_id: int, reason: str, at: datetime | None = None, *, hold: str
) -> int:
    """Stop every live clock of a case that is not held for this reason yet; answers how many."""
    count = 0
    for deadline in of_case(session, case_id):
        if hold not in holds(session, deadline):
            pause(session, actor, deadline, reason, at, hold=hold)
            count += 1
    return count


def resume_case(
    session: Session, actor: Actor, case_id: int, reason: str, at: datetime | None = None, *, hold: str
) -> int:
    """Let go of every clock of a case that is held for this reason; answers how many."""
    count = 0
    for deadline in of_case(session, case_id):
        if hold in holds(session, deadline):
            resume(session, actor, deadline, reason, at, hold=hold)
            count += 1
    return count


def _change(
    session: Session,
    actor: Actor,
    deadline: Deadline,
    kind: EntryKind,
    reason: str,
    at: datetime | None,
    step: Callable[[Calendar, State, datetime], State],
    *,
    limit: Limit | None = None,
    facts: dict[str, Any] | None = None,
    refuse: Callable[[State], str | None] = lambda _: None,
) -> Deadline:
    deadline = _held(session, deadline)
    entries = ledger_of(session, deadline)
    before = ledger.current(entries)
    if before.status == DeadlineStatus.STOPPED:
        raise Conflict("the clock is stopped", kind="ended", deadline=deadline.id)
    if (conflict := refuse(before)) is not None:
        raise Conflict("the clock is not in that state", kind=conflict, deadline=deadline.id)
    # A new beginning may lie before what happened to the clock so far; everything else follows upon it.
    anew = kind == EntryKind.REBASE and at is not None
    moment = at if anew and at is not None else _moment(at, before.anchor)
    settled = rows.settle(session, actor, deadline, entries, before, clock.now() if anew else moment)
    calendar = load(session)
    after = step(calendar, before, moment)
    limits = [before.limit, after.limit, *([limit] if limit else ())]
    moments = (before.anchor, before.due_at, moment, after.anchor, after.due_at)
    rows.write(
        session,
        actor,
        deadline,
        kind,
        effective_at=moment,
        limit_text=str(limit) if limit else "",
        due_before=before.shown_due_at,
        due_after=after.shown_due_at,
        reason=reason,
        facts={**(facts or {}), "state": ledger.snapshot(after), **rows.counted(calendar, limits, moments)},
    )
    if kind == EntryKind.REBASE:
        deadline.limit_text, deadline.started_at, deadline.warned_percent = str(after.limit), moment, 0
    if kind == EntryKind.EXTEND:
        passed = [p for p in deadline.warn_percents if ledger.moment_of(calendar, after, p) <= moment]
        deadline.warned_percent = max(passed, default=0)
    deadline.calendar_version = calendar.version
    done = rows.told(entries, after) or (settled and after.due_at == before.due_at)
    rows.show(session, deadline, calendar, after, done=done)
    return deadline


def _held(session: Session, deadline: Deadline) -> Deadline:
    """The row under lock and read afresh; on SQLite a writing transaction is alone already."""
    if session.get_bind().dialect.name == "sqlite":
        return deadline
    return lock(session, Deadline, deadline.id)


def _moment(at: datetime | None, anchor: datetime) -> datetime:
    if at is None:
        return max(clock.now(), anchor)
    if at < anchor:
        problem = FieldProblem("at", "before_last_change", {"earliest": anchor.isoformat()})
        raise InvalidInput("a clock cannot be changed before its last change", [problem])
    return at


def _percents(warn: Iterable[int]) -> list[int]:
    percents = sorted(set(warn))
    if any(not 1 <= percent <= 100 for percent in percents):
        raise InvalidInput("not a percentage", [FieldProblem("warn", "not_a_percentage", {"value": percents})])
    return [percent for percent in percents if percent < 100]
