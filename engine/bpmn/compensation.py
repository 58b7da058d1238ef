"""Undoing finished work: which activities were completed, and running their handlers in reverse order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.bpmn.nodes import Node
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token

Done = dict[str, Any]
"""One finished activity: ``activity`` id, ``handler`` node, own ``data``, and what was finished inside (``inner``)."""


def remember(token: Token, handler: Node | None) -> None:
    """Keep what is needed to undo the activity that is being left, in the scope around it.

    Raises:
        ExecutionFailed: more was finished than can be kept.
    """
    inner = token.internal_data.get("done", [])
    if (handler is None and not inner) or not token.task_spec._wf_spec.compensates:
        return
    scope = owner(token.scope)
    done: list[Done] = scope.internal_data.setdefault("done", [])
    if len(done) >= token.workflow.environment.limits.cardinality:
        raise ExecutionFailed(
            "too much finished work to undo",
            kind="budget",
            element_id=token.task_spec.element.id,
            budget="compensation",
        )
    handled = handler.name if handler is not None else ""
    done.append({"activity": token.task_spec.element.id, "handler": handled, "data": dict(token.data), "inner": inner})


def owner(scope: Token | None) -> Token:
    """The process or subprocess that a token belongs to, past loops and the event subprocesses inside it."""
    while scope is not None and not (scope.task_spec.is_process or scope.task_spec.owns_finished_work):
        scope = scope.scope
    assert scope is not None, "every token lives in a process"
    return scope


def take_out(token: Token, activity: str) -> list[Done]:
    """The handlers to run for a compensation thrown by ``token``, last finished first; they are run once only."""
    scope = owner(token.scope)
    while activity and not any(entry["activity"] == activity for entry in scope.internal_data.get("done", ())):
        if scope.task_spec.is_process:
            return []
        scope = owner(scope.scope)
    return take_from(scope, activity)


def take_everything(scope: Token) -> list[Done]:
    """The handlers of all that was finished in ``scope`` and in the subprocesses open in it, the innermost first."""
    found = []
    for token in reversed(list(scope.inner())):
        if not token.task_spec.is_process:
            found += take_everything(token)
    return found + take_from(scope)


def take_from(scope: Token, activity: str = "") -> list[Done]:
    """The handlers of everything finished in ``scope``, or of one activity."""
    done: list[Done] = scope.internal_data.get("done", [])
    chosen = [entry for entry in done if not activity or entry["activity"] == activity]
    if chosen:
        scope.internal_data["done"] = [entry for entry in done if entry not in chosen]
    return _flatten(chosen, {})


def _flatten(entries: list[Done], outer: dict[str, Any]) -> list[Done]:
    found = []
    for entry in reversed(entries):
        data = {**outer, **entry["data"]}
        if entry["handler"]:
            found.append({"handler": entry["handler"], "data": data})
        else:
            found.extend(_flatten(entry["inner"], data))
    return found
