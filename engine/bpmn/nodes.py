"""The base of everything a token can stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.specs import WorkflowSpec

from engine.bpmn.model import Drawing, Element, Flow
from engine.bpmn.scripts import Formula, formula, required
from engine.bpmn.tokens import CANCELLED
from engine.bpmn.writers import MAX_LINEAGE
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.facts import Facts
    from engine.bpmn.scopes import ProcessNode
    from engine.bpmn.tokens import Token
    from engine.bpmn.workflow import CaseWorkflow

NOT_EVALUATED = frozenset({"scope", "acceptedWhen"})
"""Properties that are FEEL even without a ``=``, evaluated elsewhere: a signal's scope once per waiting case when it is
broadcast, what accepts a task over its answer.
"""

Lineage = list[str]
"""The open forks a token came through, outermost first: tells parallel writers of one variable apart (``writers``)."""


@dataclass(slots=True)
class Branch:
    """An outgoing sequence flow, ready to run."""

    id: str
    target: Node
    condition: Formula | None


class ProcessSpec(WorkflowSpec):
    """All nodes of one process, embedded subprocesses included; shared by instances and threads, never changed."""

    data_objects: Mapping[str, Any] = {}
    task_specs: dict[str, Node]

    def __init__(self, drawing: Drawing) -> None:
        super().__init__(name=drawing.key, filename=drawing.file)
        self.drawing = drawing
        self.root: ProcessNode
        self.compensates = any(e.event is not None and _undoes(e) for e in drawing.elements.values())


def _undoes(element: Element) -> bool:
    thrown = element.type in {"intermediateThrowEvent", "endEvent"}
    return thrown and element.event is not None and element.event.kind in {"compensate", "cancel"}


class Node(BpmnTaskSpec):
    """One element of the drawing as SpiffWorkflow runs it. The flags say what a token on it means to its scope."""

    keeps_alive = True
    is_process = False
    isolated = False
    watches_data = False
    is_join = False
    joins_inclusively = False
    waits_outside = False
    is_scope = False
    owns_finished_work = False

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, name or element.id)
        self.element = element
        self.process_key = process.name
        self.branches: list[Branch] = []
        self.default: Branch | None = None
        self.static_properties = {k: v for k, v in element.properties.items() if not _is_dynamic(k, v)}
        self.dynamic_properties = {k: Formula(v) for k, v in element.properties.items() if _is_dynamic(k, v)}

    def link(self, nodes: Mapping[str, Node], flows: Iterable[Flow]) -> None:
        """Connect the outgoing flows once all nodes exist."""
        for flow in flows:
            condition = required(flow.condition) if flow.condition else None
            branch = Branch(flow.id, nodes[flow.target], None if flow.id == self.element.default_flow else condition)
            self.branches.append(branch)
            if flow.id == self.element.default_flow:
                self.default = branch

    # -- SpiffWorkflow's protocol: run → complete or wait ------------------------------------------------------------

    def _run_hook(self, my_task: Token) -> bool | None:
        return self.activate(my_task)

    def _on_complete(self, my_task: Token) -> None:
        self.leave(my_task)

    def _on_cancel(self, my_task: Token) -> None:
        my_task._set_state(CANCELLED)
        if self.keeps_alive:
            my_task.workflow.note(my_task, "cancelled")

    def _on_error(self, my_task: Token) -> None:
        """The token stays in the tree as failed; nothing goes on behind it."""

    # -- what kinds of nodes differ in -------------------------------------------------------------------------------

    def arrive(self, workflow: CaseWorkflow, scope: Token, flow: str, lineage: Lineage) -> None:
        """A token comes along ``flow``, or is put here without one."""
        token = workflow.place(self, scope)
        if lineage:
            token.internal_data["fork"] = lineage

    def activate(self, token: Token) -> bool | None:
        """Do the work: True when done, None when it waits, False when it failed for good."""
        self.enter(token)
        return True

    def enter(self, token: Token) -> None:
        """Record the entry with the element's evaluated properties."""
        token.workflow.note(token, "entered", properties=self.evaluate_properties(token))

    def evaluate_properties(self, token: Token) -> Mapping[str, Any]:
        """The element's properties; FEEL ones are evaluated once, on entry, and kept with the token."""
        if not self.dynamic_properties:
            return self.static_properties
        kept = token.internal_data.get("properties")
        if kept is None:
            workflow = token.workflow
            scope = workflow.visible(token)
            kept = token.internal_data["properties"] = {
                name: expression.evaluate(scope, workflow.environment, self.element.id)
                for name, expression in self.dynamic_properties.items()
            }
        return {**self.static_properties, **kept}

    def leave(self, token: Token) -> None:
        """The work is done: go on along the outgoing flows."""
        self.take(token, self.choose(token))

    def choose(self, token: Token) -> list[Branch]:
        """The flows a finished activity or event takes: all without a condition and those whose condition holds.

        Raises:
            ExecutionFailed: all flows have conditions, none holds and there is no default flow.
        """
        branches = self.branches
        if not any(b.condition for b in branches) and self.default is None:
            return branches
        workflow = token.workflow
        scope = workflow.visible(token.scope)
        taken = [
            b
            for b in branches
            if b is not self.default
            and (b.condition is None or b.condition.test(scope, workflow.environment, self.element.id))
        ]
        if not any(b.condition for b in taken) and self.default is not None:
            taken.append(self.default)
        if not taken:
            raise ExecutionFailed("no outgoing flow's condition holds", kind="no_flow", element_id=self.element.id)
        return taken

    def take(self, token: Token, branches: list[Branch]) -> None:
        """Consume the token and send one along each of ``branches``; without any, the path ends here."""
        workflow, scope = token.workflow, token.scope
        assert scope is not None, "only a process has no scope"
        workflow.note(token, "completed", {"flows": [b.id for b in branches]} if branches else None)
        if self.element.type == "endEvent":
            workflow.end_events.append(self.element.id)
        lineage = token.lineage
        workflow.remove(token)
        if len(branches) == 1:
            branches[0].target.arrive(workflow, scope, branches[0].id, lineage)
        elif branches:
            for branch, forked in zip(branches, fork(workflow, lineage, len(branches)), strict=True):
                branch.target.arrive(workflow, scope, branch.id, forked)
        else:
            workflow.scope_left(scope)

    def emptied(self, token: Token) -> None:
        """The last token inside this scope came to its end."""
        raise AssertionError(f"{self.name} is no scope")

    def describe(self, token: Token, facts: Facts) -> None:
        """Add what an outsider has to know about a waiting token."""

    def catches(self, kind: str, code: str | None) -> bool:
        """Whether a subscription on this node takes an error, escalation or cancel."""
        return False

    def trigger(self, token: Token, payload: Mapping[str, Any]) -> None:
        """What ``token`` waited for has happened."""
        raise AssertionError(f"{self.name} waits for nothing")

    def try_fire(self, token: Token) -> bool:
        """Let a parked join go if it may."""
        return False

    def data_changed(self, token: Token) -> None:
        """Only for nodes that watch data."""


def fork(workflow: CaseWorkflow, lineage: Lineage, count: int) -> list[Lineage]:
    """Lineages of ``count`` parallel paths. Very deeply nested forks are no longer told apart."""
    if len(lineage) >= MAX_LINEAGE:
        return [lineage] * count
    serial = workflow.next_serial()
    return [[*lineage, f"{serial}.{index}"] for index in range(count)]


def _is_dynamic(name: str, value: str) -> bool:
    return value.lstrip().startswith("=") and name not in NOT_EVALUATED


class Mapped(Node):
    """A node with input and output mappings."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.mapped_in = [(m.target, formula(m.source)) for m in element.inputs]
        self.mapped_out = [(m.target, formula(m.source)) for m in element.outputs]
        self._given = frozenset(m.target.partition(".")[0] for m in element.inputs)

    def read_inputs(self, token: Token) -> None:
        """Evaluate the input mappings into the element's own variables, each seeing the ones before."""
        workflow = token.workflow
        for target, source in self.mapped_in:
            value = source.evaluate(workflow.visible(token), workflow.environment, self.element.id) if source else None
            workflow.write_local(token, target, value)

    def given(self, token: Token) -> dict[str, Any]:
        """What the input mappings gave; an instance of a multi-instance has its element and counter beside."""
        return {name: value for name, value in token.data.items() if name in self._given}

    def write_result(self, token: Token) -> None:
        """Bring results out: through the output mappings where there are any, else by name."""
        workflow = token.workflow
        result: Mapping[str, Any] = token.result or {}
        target = token if self.isolated else token.scope
        if not self.mapped_out:
            for name, value in result.items():
                workflow.write(token, target, name, value)
            return
        token.data.update(result)
        for path, source in self.mapped_out:
            value = source.evaluate(workflow.visible(token), workflow.environment, self.element.id) if source else None
            workflow.write(token, target, path, value)


def text_list(value: Any) -> tuple[str, ...]:
    """Group or user names from a literal list with commas, or from a FEEL list or text."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else str(value).split(",")
    return tuple(dict.fromkeys(str(item).strip() for item in items if item is not None and str(item).strip()))
