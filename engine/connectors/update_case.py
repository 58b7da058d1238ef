"""``update-case``: what a process says about its case; the meaning of each field is ``cases.update_case``'s."""

from __future__ import annotations

from typing import Any

from engine.cases import update_case
from engine.connectors.context import Context


def run(context: Context) -> dict[str, Any]:
    """Change the case; there is nothing to answer."""
    changes = {name: value for name, value in context.inputs.items() if value is not None}
    update_case(context.session, context.actor, context.require_case(), changes)
    return {}
