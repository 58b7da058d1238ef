"""Corrections by hand: move a token, skip a step, reopen what has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.catching import Boundary, CatchEvent, EventSubprocessStart
from engine.bpmn.gateways import EventGateway
from engine.bpmn.loops import LoopBody
from engine.bpmn.nodes import Node
from engine.bpmn.open_work import JobTask, UserTask
from engine.bpmn.scopes import Container
from engine.bpmn.tokens import COMPLETED, ERROR, STARTED, Token
from engine.bpmn.workflow import CaseWorkflow
from engine.errors import Conflict


def move(workflow: CaseWorkflow, token: Token, element_id: str) -> None:
    """Withdraw ``token`` and put one on ``element_id``, in the nearest scope that has this element. An instance of a
    loop that is put where it is begins anew, the others stay as they are.

    Raises:
        Conflict: no scope around the token has it, or other work in a scope between would be lost.
    """
    if not token.task_spec.keeps_alive or token.task_spec.is_process:
        raise Conflict("this token cannot be moved", kind="stale", key=token.id)
    leaving, scope = token, token.scope
    if scope is not None and isinstance(scope.task_spec, LoopBody) and element_id == token.task_spec.element.id:
        scope.task_spec.start_again(token, scope)
        return
    if scope is not None and isinstance(scope.task_spec, EventGateway):
        # The events of a gateway are one token waiting in several places.
        leaving, scope = scope, scope.scope
    while scope is not None and not (isinstance(scope.task_spec, Container) and _has(scope, element_id)):
        if any(t is not leaving and t.task_spec.keeps_alive for t in scope.inner()):
            raise Conflict("other work in the same scope would be lost", kind="stale", element_id=element_id)
        leaving, scope = scope, scope.scope
    if scope is None:
        raise Conflict("there is no such element around this token", kind="stale", element_id=element_id)
    node = _target(scope, element_id)
    lineage = leaving.lineage
    workflow.cancel_token(leaving)
    node.arrive(workflow, scope, "", lineage)


def skip(token: Token, variables: Mapping[str, Any]) -> None:
    """Go on behind ``token`` as if it were done.

    Raises:
        Conflict: it is no task, job or wait.
    """
    node = token.task_spec
    if isinstance(node, CatchEvent):
        node.trigger(token, variables)
    elif token._state in (STARTED, ERROR) and isinstance(node, (UserTask, JobTask)):
        token.result = variables
        token.complete()
    else:
        raise Conflict("this cannot be skipped", kind="stale", key=token.id)


def reopen(workflow: CaseWorkflow, root: Token, element_id: str) -> None:
    """Let an ended process live again at ``element_id``.

    Raises:
        Conflict: it has not ended, or has no such element on its outermost level.
    """
    if root._state != COMPLETED or root._children:
        raise Conflict("the process has not ended", kind="stale", element_id=element_id)
    if not _has(root, element_id):
        raise Conflict("the process has no such element", kind="stale", element_id=element_id)
    node = _target(root, element_id)
    root._set_state(STARTED)
    spec = root.task_spec
    assert isinstance(spec, Container)
    spec.watch(root)
    node.arrive(workflow, root, "", [])


def _has(scope: Token, element_id: str) -> bool:
    return element_id in scope.task_spec.element.children


def _target(scope: Token, element_id: str) -> Node:
    node = scope.task_spec._wf_spec.task_specs[element_id]
    element = node.element
    if isinstance(node, (Boundary, EventSubprocessStart)) or element.triggered_by_event or element.for_compensation:
        raise Conflict("a token cannot be put there", kind="stale", element_id=element_id)
    return node
