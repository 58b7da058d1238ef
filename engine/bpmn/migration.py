"""Taking a running instance over to another version of its process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.bpmn import codec
from engine.bpmn.catching import EventSubprocessStart
from engine.bpmn.compensation import Done
from engine.bpmn.loops import LoopBody
from engine.bpmn.mapping import Renames
from engine.bpmn.nodes import Node
from engine.bpmn.throwing import CompensationThrow
from engine.bpmn.tokens import LIVE, Token
from engine.bpmn.workflow import CaseWorkflow
from engine.errors import DeploymentRejected, Problem

if TYPE_CHECKING:
    from engine.bpmn.program import Program


def migrated(workflow: CaseWorkflow, program: Program, renames: Renames) -> CaseWorkflow:
    """A new workflow on ``program`` with the tokens of ``workflow``; border events and event subprocesses that the new
    version adds around open work begin to watch now.

    Raises:
        DeploymentRejected: with every reason why it cannot be.
    """
    problems = problems_of(workflow, program, renames)
    if problems:
        raise DeploymentRejected(problems)
    moved = CaseWorkflow(program, workflow.environment)
    moved.serial = workflow.serial
    kept = {identity: token for identity, token in workflow.tasks.items() if not renames.dropped(token.task_spec)}
    index = {identity: position for position, identity in enumerate(kept)}
    rows: list[list[Any]] = []
    for identity, token in kept.items():
        parent = index[token._parent] if token._parent is not None else -1
        node = _new_node(token, program, renames)
        assert node is not None
        rows.append([identity, parent, node.name, token._state, token.data, _kept(token, renames)])
    codec.place(moved, rows)
    for token in list(moved.tasks.values()):
        _watch_more(token, workflow, renames)
    moved.drain()
    return moved


def _watch_more(token: Token, old: CaseWorkflow, renames: Renames) -> None:
    """Subscribe what the old version did not have."""
    node = token.task_spec
    if not token._state & LIVE:
        return
    watching = [*getattr(node, "boundaries", ()), *getattr(node, "handlers", ())]
    if not watching:
        return
    there = old.tasks[token.id].task_spec
    before = there._wf_spec.drawing.elements
    known = {renames.of(there, identity) for identity in before}
    for subscriber in watching:
        if subscriber.element.id not in known:
            subscriber.subscribe_in(token)


def problems_of(workflow: CaseWorkflow, program: Program, renames: Renames) -> list[Problem]:
    """Every reason why the tokens of ``workflow`` cannot stand in ``program``."""
    problems = []
    for token in workflow.tasks.values():
        problem = _problem(token, program, renames)
        if problem is not None and problem not in problems:
            problems.append(problem)
    return problems


def _problem(token: Token, program: Program, renames: Renames) -> Problem | None:
    if renames.dropped(token.task_spec):
        return None
    old = token.task_spec
    new = _new_node(token, program, renames)
    where = (old.element.file, old.element.id, old.element.name, old.element.line)
    if new is None:
        return Problem("migration_element_missing", *where, {"mapped_to": renames.of(old)})
    facts = {"mapped_to": new.element.id, "was": old.element.type, "is": new.element.type}
    if type(new) is not type(old):
        return Problem("migration_type_changed", *where, facts)
    if isinstance(new, LoopBody) and isinstance(old, LoopBody) and new.loop != old.loop:
        return Problem("migration_loop_changed", *where, facts)
    if _event(new) != _event(old):
        return Problem("migration_event_changed", *where, facts)
    if old.is_join and {renames.of(old, f.id) for f in old.element.incoming} != {f.id for f in new.element.incoming}:
        return Problem("migration_join_changed", *where, facts)
    kept = _kept(token, renames)
    for handler in (*_handlers(kept.get("done", [])), *_handlers(kept.get("undo", []))):
        if handler and handler not in new._wf_spec.task_specs:
            return Problem("migration_element_missing", *where, {"mapped_to": handler})
    scope = token.scope
    if scope is not None and not old.is_process and not isinstance(scope.task_spec, CompensationThrow):
        outer = _new_node(scope, program, renames)
        if outer is not None and outer.element.id not in _homes(new):
            return Problem("migration_scope_changed", *where, facts)
    return _joins_ahead(token, new, renames)


def _homes(node: Node) -> set[str]:
    """The elements in whose scope a token on ``node`` may live."""
    element = node.element
    elements = node._wf_spec.drawing.elements
    homes = {element.id, element.attached_to or element.parent}
    if isinstance(node, EventSubprocessStart):
        homes.add(elements[element.parent].parent)
    homes.update(flow.source for flow in element.incoming if elements[flow.source].type == "eventBasedGateway")
    return homes


def _event(node: Node) -> Any:
    event = node.element.event
    return (event.kind, event.timer_kind, node.element.interrupting) if event is not None else None


def _joins_ahead(token: Token, new: Node, renames: Renames) -> Problem | None:
    """A branch added to a fork that was already passed would never arrive at its join."""
    if not token.lineage:
        return None
    before, after = _reachable_joins(token.task_spec), _reachable_joins(new)
    for identity, flows in before.items():
        there = renames.of(token.task_spec, identity)
        later = after.get(there)
        if later is not None and later > flows:
            element = token.task_spec.element
            facts = {"mapped_to": there, "flows": later}
            return Problem("migration_join_changed", element.file, element.id, element.name, element.line, facts)
    return None


def _reachable_joins(node: Node) -> dict[str, int]:
    elements = node._wf_spec.drawing.elements
    found: dict[str, int] = {}
    seen: set[str] = set()
    stack = [node.element.id]
    while stack:
        identity = stack.pop()
        if identity in seen:
            continue
        seen.add(identity)
        element = elements[identity]
        if element.type in {"parallelGateway", "inclusiveGateway"} and len(element.incoming) > 1:
            found[identity] = len(element.incoming)
        stack.extend(flow.target for flow in element.outgoing)
    return found


def _new_node(token: Token, program: Program, renames: Renames) -> Node | None:
    old = token.task_spec
    if old.is_process:
        called = program.processes
        spec = program.main if token._parent is None else called.get(renames.of(old, old.process_key))
        return spec.root if spec is not None else None
    process = token.scope
    while process is not None and not process.task_spec.is_process:
        process = process.scope
    assert process is not None
    root = _new_node(process, program, renames)
    if root is None:
        return None
    suffix = old.name.removeprefix(old.element.id)
    return root._wf_spec.task_specs.get(renames.of(old) + suffix)


def _kept(token: Token, renames: Renames) -> dict[str, Any]:
    """What a token remembers, with the ids in it taken over."""
    kept, node = dict(token.internal_data), token.task_spec
    if "arrived" in kept:
        kept["arrived"] = {renames.of(node, flow): lineages for flow, lineages in kept["arrived"].items()}
    if "via" in kept:
        kept["via"] = renames.of(node, kept["via"])
    for name in ("done", "undo"):
        if name in kept:
            kept[name] = [_finished(entry, node, renames) for entry in kept[name]]
    return kept


def _finished(entry: Done, node: Node, renames: Renames) -> Done:
    """Finished work that may have to be undone, with its ids taken over."""
    moved = dict(entry)
    for name in ("activity", "handler"):
        if name in moved:
            moved[name] = renames.of(node, moved[name])
    if "inner" in moved:
        moved["inner"] = [_finished(inner, node, renames) for inner in moved["inner"]]
    return moved


def _handlers(entries: list[Done]) -> Iterator[str]:
    for entry in entries:
        yield entry["handler"]
        yield from _handlers(entry.get("inner", []))
