"""The nodes that hold tokens: the process, and what subprocesses have in common with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.bpmn.model import Element
from engine.bpmn.nodes import Node, ProcessSpec, fork
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.catching import EventSubprocessStart
    from engine.bpmn.tokens import Token


class Container(Node):
    """A node that holds tokens: a process or a subprocess."""

    is_scope = True

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.entries: list[Node] = []
        self.handlers: list[EventSubprocessStart] = []
        self.starts: dict[str, Node] = {}

    def watch(self, token: Token) -> None:
        """Start to watch for event subprocesses.

        Raises:
            ExecutionFailed: subprocesses or calls are nested too deeply.
        """
        limits = token.workflow.environment.limits
        depth, outer = 0, token.scope
        while outer is not None:
            depth, outer = depth + (outer.task_spec.is_scope or outer.task_spec.is_process), outer.scope
        if depth > limits.scope_depth:
            raise ExecutionFailed(
                "subprocesses or calls are nested too deeply: does a process call itself?",
                kind="budget", element_id=self.element.id, budget="depth", limit=limits.scope_depth,
            )  # fmt: skip
        for handler in self.handlers:
            handler.subscribe_in(token)

    def open(self, token: Token, entries: list[Node] | None = None, payload: Mapping[str, Any] | None = None) -> None:
        """Watch for event subprocesses, then put the first tokens inside; ``payload`` is what a start event brings."""
        workflow = token.workflow
        self.watch(token)
        entries = self.entries if entries is None else entries
        if len(entries) == 1:
            start = workflow.place(entries[0], token)
            start.result = payload
            if token.lineage:
                start.internal_data["fork"] = token.lineage
        elif entries:
            for entry, forked in zip(entries, fork(workflow, token.lineage, len(entries)), strict=True):
                entry.arrive(workflow, token, "", forked)
        else:
            workflow.scope_left(token)


class ProcessNode(Container):
    """The process itself: the outermost scope, or the scope a call activity opens."""

    is_process = True

    def __init__(self, process: ProcessSpec, element: Element) -> None:
        super().__init__(process, element, f"process {element.id}")

    def emptied(self, token: Token) -> None:
        workflow, caller = token.workflow, token.scope
        for left in list(token.inner()):
            workflow.remove(left)
        if caller is None:
            workflow.finish(token)
            return
        workflow.note(token, "completed")
        workflow.remove(token)
        # Only what the called process wrote: the rest are copies that a parallel branch may have changed meanwhile.
        caller.result = {name: token.data[name] for name in token.internal_data.get("written", ())}
        caller.complete()
