"""``broadcast``: sends a signal to every waiting case in scope."""

from __future__ import annotations

from typing import Any

from engine.broadcasts import send
from engine.connectors.context import Context


def run(context: Context) -> dict[str, Any]:
    """Send it; it spreads by itself. Answers the broadcast's number."""
    payload = context.inputs.get("payload") or {}
    if not isinstance(payload, dict):
        raise context.bad("payload", "no context")
    broadcast = send(
        context.session,
        context.actor,
        context.text("signal", required=True),
        payload=payload,
        areas=context.names("areas"),
        sender_instance_id=context.instance.id if context.instance is not None else None,
        drill=context.instance is not None and context.instance.drill,
    )
    return {"broadcast": broadcast.id}
