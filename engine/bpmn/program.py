"""From drawings to a ``Program``: all processes one instance may call, built once, shared and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.bpmn.activities import (
    Activity,
    CallActivity,
    DecisionTask,
    EventSubProcess,
    MessageTask,
    ScriptTask,
    SubProcess,
)
from engine.bpmn.catching import Boundary, CatchEvent, EventSubprocessStart
from engine.bpmn.gateways import EventGateway, ExclusiveGateway, InclusiveGateway, ParallelGateway
from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.loops import LoopBody, MultiInstance, StandardLoop
from engine.bpmn.model import Drawing, Element
from engine.bpmn.nodes import Branch, Node, ProcessSpec
from engine.bpmn.open_work import JobTask, UserTask
from engine.bpmn.parser import Definitions, parse
from engine.bpmn.reader import read_xml
from engine.bpmn.scopes import Container, ProcessNode
from engine.bpmn.throwing import CancelEnd, CompensationThrow, ErrorEnd, LinkThrow, StartEvent, TerminateEnd, ThrowEvent
from engine.errors import DeploymentRejected, Problem

_GATEWAYS = {
    "exclusiveGateway": ExclusiveGateway,
    "parallelGateway": ParallelGateway,
    "inclusiveGateway": InclusiveGateway,
    "eventBasedGateway": EventGateway,
}
_ACTIVITIES: dict[str, type[Activity]] = {
    "task": Activity,
    "userTask": UserTask,
    "manualTask": Activity,
    "receiveTask": CatchEvent,
    "callActivity": CallActivity,
    "subProcess": SubProcess,
    "transaction": SubProcess,
}
_THROWS: dict[str, type[Activity]] = {
    "link": LinkThrow,
    "error": ErrorEnd,
    "terminate": TerminateEnd,
    "compensate": CompensationThrow,
    "cancel": CancelEnd,
}


@dataclass(frozen=True)
class Program:
    """The process an instance runs and every process that may be called from it."""

    main: ProcessSpec
    processes: Mapping[str, ProcessSpec]


def read_definitions(files: Mapping[str, bytes], limits: Limits = DEFAULTS) -> tuple[list[Definitions], list[Problem]]:
    """Every ``.bpmn`` file read and parsed, with the problems of those that are none."""
    definitions, problems = [], []
    for name in sorted(files):
        if not name.endswith(".bpmn"):
            continue
        root, found = read_xml(files[name], name, limits)
        problems.extend(found)
        if root is not None:
            definitions.append(parse(root, name))
    return definitions, problems


def build_program(files: Mapping[str, bytes], main: str, limits: Limits = DEFAULTS) -> Program:
    """Everything an instance of the process ``main`` needs to run.

    Raises:
        DeploymentRejected: a file cannot be read, or none declares ``main``. What passed the checks at deployment
            builds; this is no second check.
    """
    definitions, problems = read_definitions(files, limits)
    problems.extend(p for d in definitions for p in d.problems if p.severity == "error")
    drawings = [drawing for d in definitions for drawing in d.drawings]
    if not problems and main not in {drawing.key for drawing in drawings}:
        problems.append(Problem("process_missing", element_id=main, facts={"process": main}))
    if problems:
        raise DeploymentRejected(problems)
    return program_of(drawings, main)


def program_of(drawings: Iterable[Drawing], main: str) -> Program:
    """A program of drawings that are known to be good."""
    processes = {drawing.key: build_process(drawing) for drawing in drawings}
    return Program(processes[main], processes)


def build_process(drawing: Drawing) -> ProcessSpec:
    """The nodes of one drawing, connected."""
    spec = ProcessSpec(drawing)
    spec.root = ProcessNode(spec, drawing.process)
    nodes: dict[str, Node] = {drawing.key: spec.root}
    for element in drawing.elements.values():
        if element.id != drawing.key:
            nodes[element.id] = _build_node(spec, drawing, element)
    for element in drawing.elements.values():
        if element.id != drawing.key:
            nodes[element.id].link(nodes, element.outgoing)
    _connect_links(drawing, nodes)
    for element in drawing.elements.values():
        if element.is_container:
            _furnish(_inside(nodes[element.id]), drawing, element, nodes)
        if element.type == "boundaryEvent":
            _attach(element, nodes)
    return spec


def _build_node(spec: ProcessSpec, drawing: Drawing, element: Element) -> Node:
    if element.type in _GATEWAYS:
        return _GATEWAYS[element.type](spec, element)
    if element.type == "boundaryEvent":
        return Boundary(spec, element)
    if element.type in {"startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent"}:
        return _build_event(spec, drawing, element)
    kind = _activity_class(element)
    if element.loop is None:
        return kind(spec, element)
    body = StandardLoop if element.loop.kind == "standard" else MultiInstance
    return body(spec, element, kind(spec, element, f"{element.id} instance"), element.loop)


def _activity_class(element: Element) -> type[Activity]:
    if element.triggered_by_event:
        return EventSubProcess
    if element.task_type:
        return JobTask
    if element.script is not None:
        return ScriptTask
    if element.decision_id:
        return DecisionTask
    if element.type == "sendTask":
        return MessageTask
    return _ACTIVITIES.get(element.type, Activity)


def _build_event(spec: ProcessSpec, drawing: Drawing, element: Element) -> Node:
    kind = element.event.kind if element.event is not None else ""
    if element.type == "startEvent":
        is_handler = drawing.elements[element.parent].is_event_subprocess
        return EventSubprocessStart(spec, element) if is_handler else StartEvent(spec, element)
    if element.type == "intermediateCatchEvent":
        return StartEvent(spec, element) if kind == "link" else CatchEvent(spec, element)
    if element.task_type:
        return JobTask(spec, element)
    return _THROWS.get(kind, ThrowEvent)(spec, element)


def _inside(node: Node) -> Container:
    inner = node.activity if isinstance(node, LoopBody) else node
    assert isinstance(inner, Container)
    return inner


def _furnish(container: Container, drawing: Drawing, element: Element, nodes: Mapping[str, Node]) -> None:
    """Where a container begins, and the event subprocesses that watch over it."""
    starts = []
    implicit = []
    for child in drawing.children(element.id):
        node = nodes[child.id]
        if child.is_event_subprocess:
            for start in drawing.children(child.id):
                handler = nodes[start.id]
                if isinstance(handler, EventSubprocessStart):
                    host = nodes[child.id]
                    assert isinstance(host, EventSubProcess)
                    handler.host = host
                    container.handlers.append(handler)
        elif child.type == "startEvent":
            container.starts[child.id] = node
            if child.event is None:
                starts.append(node)
        elif child.type == "receiveTask" and child.instantiate and not child.incoming:
            container.starts[child.id] = node
        elif _begins_by_itself(child):
            implicit.append(node)
    container.entries = starts or ([] if container.starts else implicit)


def _begins_by_itself(element: Element) -> bool:
    is_link = element.type == "intermediateCatchEvent" and element.event is not None and element.event.kind == "link"
    return not (element.incoming or element.type == "boundaryEvent" or element.for_compensation or is_link)


def _attach(element: Element, nodes: Mapping[str, Node]) -> None:
    boundary, host = nodes[element.id], nodes[element.attached_to]
    assert isinstance(boundary, Boundary) and isinstance(host, (Activity, LoopBody))
    if element.event is not None and element.event.kind == "compensate":
        activity = host.activity if isinstance(host, LoopBody) else host
        activity.compensation_handler = nodes[element.compensation_handler]
    else:
        host.boundaries.append(boundary)


def _connect_links(drawing: Drawing, nodes: Mapping[str, Node]) -> None:
    catches = {
        (e.parent, e.event.name): nodes[e.id]
        for e in drawing.elements.values()
        if e.type == "intermediateCatchEvent" and e.event is not None and e.event.kind == "link"
    }
    for node in nodes.values():
        if isinstance(node, LinkThrow):
            assert node.element.event is not None
            node.target = Branch("", catches[node.element.parent, node.element.event.name], None)
