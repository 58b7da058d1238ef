"""``clock``: starts, pauses, resumes, extends, re-bases, stops, exempts a clock of the case, or looks at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine import clock, deadlines
from engine.connectors.context import Context
from engine.errors import InvalidInput
from engine.instances.clocks import limit_text, percents
from engine.storage import Case, Deadline, DeadlineStatus, EntryKind

HOLD = "process"
"""Who holds a paused clock when the drawing does not say."""


def run(context: Context) -> dict[str, Any]:
    """Do the ``action`` and answer when the clock is due now; ``look`` does nothing and answers how it stands.

    Raises:
        ExecutionFailed: an unknown action, no limit to start with, or no such clock (kind ``bad_input``).
    """
    case = context.require_case()
    action = context.text("action", required=True)
    name = context.text("clock", "case")
    if action in {"look", "exempt"}:
        return _exempt(context, case, name) if action == "exempt" else _look(context, case, name)
    live = deadlines.of_case(context.session, case.id, name=name)
    try:
        if action == "start" or (action == "rebase" and not live):
            deadline = _start(context, case, name, live)
        elif not live:
            # A clock that is not running cannot be paused; a drawing may pause on a path that never started one.
            return {"due_at": None, "provisional": False}
        else:
            deadline = _change(context, action, live[-1])
    except InvalidInput as error:
        raise context.bad("limit", str(error)) from error
    return {
        "due_at": clock.city_time(deadline.due_at) if deadline.due_at else None,
        "provisional": deadline.provisional,
    }


def _look(context: Context, case: Case, name: str) -> dict[str, Any]:
    """How the clock of that name stands, the newest of them, whether it runs or has stopped."""
    known = deadlines.of_case(context.session, case.id, name=name, live=False)
    if not known:
        return {"due_at": None, "provisional": False, "limit": None, "state": "none", "breached": False,
                "exempted": False, "extended": 0}  # fmt: skip
    last = known[-1]
    late = last.status is DeadlineStatus.RUNNING and last.due_at is not None and last.due_at < clock.now()
    return {
        "due_at": clock.city_time(last.due_at) if last.due_at else None,
        "provisional": last.provisional,
        "limit": last.limit_text,
        "state": last.status.value,
        "breached": late or last.breached_at is not None,
        "exempted": last.exempted_at is not None,
        "extended": sum(entry.kind is EntryKind.EXTEND for entry in deadlines.ledger_of(context.session, last)),
    }


def _exempt(context: Context, case: Case, name: str) -> dict[str, Any]:
    """Leave what was late out of scoring; the breach stays a fact. Exempting twice changes nothing."""
    reason = context.text("reason", required=True)
    for deadline in deadlines.of_case(context.session, case.id, name=name, live=False):
        if deadline.breached_at is not None and deadline.exempted_at is None:
            deadlines.exempt(context.session, context.actor, deadline, reason)
    return _look(context, case, name)


def _start(context: Context, case: Case, name: str, live: Any) -> Deadline:
    limit = limit_text(context.inputs.get("limit"))
    if not limit:
        raise context.bad("limit", "missing")
    for old in live:
        deadlines.stop(context.session, context.actor, old, "started again")
    return deadlines.start(
        context.session,
        context.actor,
        name=name,
        limit=limit,
        started_at=_moment(context, "started_at"),
        warn=_warn(context),
        escalate_to=context.text("escalateTo"),
        case_id=case.id,
    )


def _warn(context: Context) -> tuple[int, ...]:
    try:
        return percents(context.inputs.get("warn"))
    except ValueError as error:
        raise context.bad("warn", "no percents") from error


def _change(context: Context, action: str, deadline: Deadline) -> Deadline:
    session, actor, reason = context.session, context.actor, context.text("reason", "process")
    limit = limit_text(context.inputs.get("limit")) or None
    if action in {"pause", "resume"}:
        hold = context.text("hold", HOLD)
        if (hold in deadlines.holds(session, deadline)) is (action == "pause"):
            # Held by it already, or not held by it: a drawing may come here twice.
            return deadline
        change = deadlines.pause if action == "pause" else deadlines.resume
        return change(session, actor, deadline, reason, hold=hold)
    if action == "extend":
        return deadlines.extend(session, actor, deadline, reason, limit)
    if action == "rebase":
        warn = _warn(context) if context.inputs.get("warn") else None
        return deadlines.rebase(session, actor, deadline, reason, limit, at=_moment(context, "started_at"), warn=warn)
    if action == "stop":
        return deadlines.stop(session, actor, deadline, reason)
    raise context.bad("action", action)


def _moment(context: Context, name: str) -> datetime:
    value = context.inputs.get(name)
    if value is None or value == "":
        return clock.now()
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=clock.CITY_ZONE)
    try:
        return clock.parse(str(value))
    except ValueError as error:
        raise context.bad(name, "not a time") from error
