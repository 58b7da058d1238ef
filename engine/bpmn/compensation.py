"""Undoing finished work: which activities were completed, and running their handlers in reverse order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.bpmn.nodes import Node
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token

Done = dict[str, Any]
"""One finished activity: ``activity`` id, ``handler`` node, own ``data``, what was finished inside (``inner``), and
``at``, which was finished first.
"""


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
    done.append(
        {
            "activity": token.task_spec.element.id,
            "handler": handled,
            "data": dict(token.data),
            "inner": inner,
            "at": token.workflow.next_serial(),
        }
    )


def owner(scope: Token | None) -> Token:
    """The process or subprocess that a token belongs to, past loops and the event subprocesses inside it."""
    while scope is not None and not (scope.task_spec.is_process or scope.task_spec.owns_finished_work):
        scope = scope.scope
    assert scope is not None, "every token lives in a process"
    return scope


def take_out(token: Token, activity: str) -> list[Done]:
    """The handlers to run for a compensation thrown by ``token``, last finished first; they are run once only."""
    scope, outwards = owner(token.scope), 0
    while activity and not any(entry["activity"] == activity for entry in scope.internal_data.get("done", ())):
        if scope.task_spec.is_process:
            return []
        scope, outwards = owner(scope.scope), outwards + 1
    token.internal_data["outwards"] = outwards
    return take_from(scope, activity)


def give_back(token: Token) -> None:
    """A compensation is interrupted: what it has not begun to undo stays finished, so that another one can undo it.

    The activity whose handler runs is terminated while it compensates (BPMN 2.0.2, 13.3.2); the others are as before.
    """
    left: list[Done] = token.internal_data.get("undo", [])
    if left and "outwards" in token.internal_data:
        scope = owner(token.scope)
        for _ in range(token.internal_data["outwards"]):
            scope = owner(scope.scope)
        done = [*reversed(left), *scope.internal_data.get("done", [])]
        scope.internal_data["done"] = sorted(done, key=lambda entry: entry.get("at", 0))


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


def _flatten(entries: list[Done], outer: dict[str, Any], of: Done | None = None) -> list[Done]:
    """The handlers, last finished first; what was finished inside counts as its activity ``of`` the outer scope."""
    found = []
    for entry in reversed(entries):
        data = {**outer, **entry["data"]}
        if entry["handler"]:
            found.append({**(of or entry), "handler": entry["handler"], "data": data, "inner": []})
        else:
            found.extend(_flatten(entry["inner"], data, of or entry))
    return found
