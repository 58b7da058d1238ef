"""``update-case``: what a process says about its case; the meaning of each field is ``cases.update_case``'s."""

from __future__ import annotations

from typing import Any

from engine.cases import UNKNOWN_CASE, update_case
from engine.connectors.context import Context, bpmn_error
from engine.errors import ExecutionFailed


def run(context: Context) -> dict[str, Any]:
    """Change the case; there is nothing to answer. A number that no case has is an error the drawing may catch."""
    changes = {name: value for name, value in context.inputs.items() if value is not None}
    try:
        update_case(context.session, context.actor, context.require_case(), changes)
    except ExecutionFailed as error:
        if error.kind == UNKNOWN_CASE:
            raise bpmn_error(UNKNOWN_CASE, str(error), unknown_number=str(error.facts["value"])) from error
        raise
    return {}
