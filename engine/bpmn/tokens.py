"""A living token: SpiffWorkflow's task, without the tree of what was and what may come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from engine.bpmn.nodes import Node
    from engine.bpmn.workflow import CaseWorkflow

READY, STARTED, WAITING = int(TaskState.READY), int(TaskState.STARTED), int(TaskState.WAITING)
COMPLETED, ERROR, CANCELLED = int(TaskState.COMPLETED), int(TaskState.ERROR), int(TaskState.CANCELLED)
LIVE = READY | STARTED | WAITING | ERROR


class Token(Task):
    """One living thing in the process: a scope, an activity at work, a wait, or a token parked before a join."""

    workflow: CaseWorkflow
    task_spec: Node
    id: str
    data: dict[str, Any]
    internal_data: dict[str, Any]

    def __init__(self, workflow: CaseWorkflow, node: Node, scope: Token | None, state: int, identity: str = "") -> None:
        # Not SpiffWorkflow's own: it reads the clock twice and climbs the tree for every task.
        # Only this instance's tokens must not have the same.
        self.id = identity or token_urlsafe(9)
        self.workflow = workflow
        self.task_spec = node
        self.triggered = False
        self.thread_id = 0
        self.last_state_change = 0.0
        self.data = {}
        self.internal_data = {}
        self.result: Mapping[str, Any] | None = None
        self._state = state
        self._children: dict[str, None] = {}
        self._parent = scope.id if scope is not None else None
        if scope is not None:
            scope._children[self.id] = None
        workflow.tasks[self.id] = self

    def _set_state(self, value: int) -> None:
        """Without the log records that SpiffWorkflow gathers on every change, logging or not."""
        self._state = value

    def run(self) -> bool | None:
        """Like SpiffWorkflow's, but a token that said it waits stays WAITING."""
        done: bool | None = self.task_spec._run(self)
        if done is None:
            if self._state == READY:
                self._state = STARTED
        elif done:
            self.complete()
        else:
            self.error()
        return done

    @property
    def key(self) -> str:
        return self.id

    @property
    def scope(self) -> Token | None:
        return self.workflow.tasks.get(self._parent) if self._parent is not None else None

    @property
    def lineage(self) -> list[str]:
        """The open forks this token came through."""
        lineage: list[str] = self.internal_data.get("fork", [])
        return lineage

    def inner(self) -> Iterator[Token]:
        """The tokens directly inside this scope, subscriptions included; the tree may change meanwhile."""
        tasks = self.workflow.tasks
        return (tasks[child] for child in tuple(self._children) if child in tasks)
