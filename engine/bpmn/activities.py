"""Activities: what the machine does by itself, calls of other processes, and subprocesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.bpmn.compensation import remember
from engine.bpmn.model import Element
from engine.bpmn.nodes import Mapped, Node, ProcessSpec
from engine.bpmn.scopes import Container
from engine.bpmn.scripts import Decided, Formula, formula, required
from engine.bpmn.tokens import STARTED
from engine.bpmn.workflow import nested
from engine.errors import ExecutionFailed
from engine.feel import SCRIPT_LIMITS

if TYPE_CHECKING:
    from engine.bpmn.catching import Boundary
    from engine.bpmn.loops import LoopBody
    from engine.bpmn.tokens import Token


class Activity(Mapped):
    """Anything with inputs, outputs and boundary events."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.boundaries: list[Boundary] = []
        self.body: LoopBody | None = None
        self.compensation_handler: Node | None = None

    def activate(self, token: Token) -> bool | None:
        self.read_inputs(token)
        self.enter(token)
        for boundary in self.boundaries:
            boundary.subscribe_in(token)
        return self.perform(token)

    def perform(self, token: Token) -> bool | None:
        """The work itself. A task without anything to do is done at once."""
        return True

    def leave(self, token: Token) -> None:
        self.write_result(token)
        workflow = token.workflow
        for inner in list(token.inner()):
            workflow.remove(inner)
        remember(token, self.compensation_handler)
        if self.body is not None:
            self.body.instance_left(token)
            return
        self.take(token, self.choose(token))


class ScriptTask(Activity):
    """Evaluates FEEL into a variable."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.script = required(element.script or "null", SCRIPT_LIMITS)

    def perform(self, token: Token) -> bool | None:
        workflow = token.workflow
        value = self.script.evaluate(workflow.visible(token), workflow.environment, self.element.id)
        set_result(token, self.element.result_variable, value, bool(self.mapped_out))
        return True


class DecisionTask(Activity):
    """Asks a DMN decision."""

    def perform(self, token: Token) -> bool | None:
        workflow = token.workflow
        answer = workflow.environment.decide(self.element.decision_id, workflow.visible(token))
        if isinstance(answer, Decided):
            if answer.trace is not None:
                workflow.note(token, "decided", {"decision": answer.trace})
            answer = answer.value
        set_result(token, self.element.result_variable, answer, bool(self.mapped_out))
        return True


def set_result(token: Token, path: str, value: Any, local: bool) -> None:
    """Keep one named result until the activity is left; a dotted name changes only that part of a context."""
    name, _, rest = path.partition(".")
    if rest:
        layers = token.workflow.layers(token)
        value = nested(next((layer[name] for layer in layers if name in layer), None), rest, value)
    token.result = {name: value}


class MessageTask(Activity):
    """A send task without a connector: the message leaves at once."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.message_name = Formula(element.message_name)
        self.correlation = formula(element.correlation_key)

    def perform(self, token: Token) -> bool | None:
        throw_message(token, self.message_name, self.correlation, self.given(token))
        return True


def throw_message(token: Token, name: Formula, correlation: Formula | None, inputs: Mapping[str, Any]) -> None:
    """Let a message leave; it carries the element's inputs only. One without a key can only begin processes."""
    workflow, element_id = token.workflow, token.task_spec.element.id
    scope = workflow.visible(token)
    environment = workflow.environment
    key = correlation_text(correlation.evaluate(scope, environment, element_id), element_id) if correlation else None
    text = str(name.evaluate(scope, environment, element_id))
    workflow.throw(token, "message", text, correlation_key=key, variables=inputs)


def correlation_text(value: Any, element_id: str) -> str | None:
    """A correlation key as text: text or a whole number.

    Raises:
        ExecutionFailed: the key is anything else, a missing value above all.
    """
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ExecutionFailed(
        "the correlation key is no text and no whole number",
        kind="correlation_key", element_id=element_id, value=repr(value)[:100],
    )  # fmt: skip


class CallActivity(Activity):
    """Runs another process inside, with a copy of the variables."""

    def perform(self, token: Token) -> bool | None:
        workflow = token.workflow
        called = Formula(self.element.called_process)
        key = str(called.evaluate(workflow.visible(token), workflow.environment, self.element.id))
        spec = workflow.program.processes.get(key)
        if spec is None:
            raise ExecutionFailed(
                "the called process is not deployed", kind="process_missing", element_id=self.element.id, process=key
            )
        if not spec.root.entries:
            raise ExecutionFailed(
                "the called process has no start without an event",
                kind="no_start",
                element_id=self.element.id,
                process=key,
            )
        child = workflow.place(spec.root, token, STARTED)
        child.data = {**(workflow.plain(token) if self.element.propagate_parent else {}), **token.data}
        if token.lineage:
            child.internal_data["fork"] = token.lineage
        spec.root.enter(child)
        spec.root.open(child)
        return None

    def write_result(self, token: Token) -> None:
        if not self.mapped_out and not self.element.propagate_child:
            return
        super().write_result(token)


class SubProcess(Activity, Container):
    """An embedded subprocess or transaction: a scope inside its process."""

    owns_finished_work = True

    def perform(self, token: Token) -> bool | None:
        self.open(token)
        return None

    def emptied(self, token: Token) -> None:
        token.complete()


class EventSubProcess(SubProcess):
    """Runs inside its scope when its start event is triggered; has no flows in or out."""

    owns_finished_work = False

    def activate(self, token: Token) -> bool | None:
        raise AssertionError("an event subprocess is opened by its start event")
