"""``case-standing``: lets the case stand still or go on, voids it, takes it up again; the process that asks goes on."""

from __future__ import annotations

from typing import Any

from engine import cases
from engine.connectors.context import Context


def run(context: Context) -> dict[str, Any]:
    """Do the ``action`` and answer how the case stands now.

    Raises:
        ExecutionFailed: an unknown action, or no reason (kind ``bad_input``). Conflict: the case does not stand so that
            it can be done.
    """
    case = context.require_case()
    action, reason = context.text("action", required=True), context.text("reason", required=True)
    session, actor = context.session, context.actor
    own = context.instance.id if context.instance is not None else None
    if action == "suspend":
        case = cases.suspend(session, actor, case.id, reason, but=own)
    elif action == "resume":
        case = cases.resume(session, actor, case.id, reason)
    elif action == "void":
        case = cases.void(session, actor, case.id, reason, but=own)
    elif action == "reopen":
        case = cases.reopen(session, actor, case.id, reason, context.text("element"))
    else:
        raise context.bad("action", action)
    return {"status": case.status.value}
