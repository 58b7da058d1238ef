"""Sequence flows and gateways: what may lead where, on which condition, and what is never reached."""

from __future__ import annotations

from collections.abc import Iterable

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import GATEWAYS, Element

_DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_EVENT_GATEWAY_TARGETS = frozenset({"message", "signal", "timer", "conditional"})


def check_flows(inspection: Inspection) -> None:
    """All rules about flows, of every scope of the drawing."""
    drawing = inspection.drawing
    for flow in drawing.flows.values():
        source, target = drawing.elements.get(flow.source), drawing.elements.get(flow.target)
        if source is not None and target is not None and source.parent != target.parent:
            inspection.error("flow_crosses_scope", flow, source=source.id, target=target.id)
    for element in drawing.elements.values():
        if element.runs:
            _check_ends(inspection, element)
            _check_conditions(inspection, element)
        if element.type == "eventBasedGateway":
            _check_event_gateway(inspection, element)
        if element.is_container:
            _check_scope(inspection, element)


def stands_alone(element: Element) -> bool:
    """Whether an element is begun by something else than an incoming flow."""
    return (
        element.type in {"startEvent", "boundaryEvent"}
        or element.is_event_subprocess
        or element.for_compensation
        or (element.type == "intermediateCatchEvent" and element.event is not None and element.event.kind == "link")
    )


def begins(inspection: Inspection, container: Element) -> list[Element]:
    """Where tokens appear in a scope: its start events, else everything without an incoming flow."""
    children = list(inspection.drawing.children(container.id))
    starts = [c for c in children if c.type == "startEvent" or (c.type == "receiveTask" and c.instantiate)]
    return starts or [c for c in children if not c.incoming and not stands_alone(c)]


def _check_ends(inspection: Inspection, element: Element) -> None:
    link = element.event is not None and element.event.kind == "link"
    no_way_in = (
        element.type in {"startEvent", "boundaryEvent"} or element.is_event_subprocess or element.for_compensation
    )
    if element.incoming and (no_way_in or (link and element.type == "intermediateCatchEvent")):
        inspection.error("incoming_not_allowed", element, type=element.type)
    handles = element.event is not None and element.event.kind == "compensate" and element.type == "boundaryEvent"
    no_way_out = element.type == "endEvent" or element.is_event_subprocess or element.for_compensation or handles
    if element.outgoing and (no_way_out or (link and element.type == "intermediateThrowEvent")):
        inspection.error("outgoing_not_allowed", element, type=element.type)
    if not element.outgoing and not no_way_out and element.type not in {"process", "endEvent"} and element.parent:
        _check_dead_end(inspection, element, link)


def _check_dead_end(inspection: Inspection, element: Element, link: bool) -> None:
    if link and element.type == "intermediateThrowEvent":
        return
    if element.type in GATEWAYS or (link and element.type == "intermediateCatchEvent"):
        inspection.error("outgoing_missing", element, type=element.type)
    elif element.parent in inspection.with_ends:
        inspection.warning("dead_end", element)


def _check_conditions(inspection: Inspection, element: Element) -> None:
    flows = element.outgoing
    if element.default_flow and all(flow.id != element.default_flow for flow in flows):
        inspection.error("default_not_outgoing", element, flow=element.default_flow)
    may_decide = element.type in _DECIDING or element.is_activity
    if element.default_flow and not may_decide:
        inspection.error("default_not_allowed", element, type=element.type)
    for flow in flows:
        if flow.condition and not may_decide:
            inspection.error("condition_not_allowed", flow, source=element.id, type=element.type)
        elif flow.condition and flow.id == element.default_flow:
            inspection.error("default_with_condition", flow, source=element.id)
        elif element.type in _DECIDING and len(flows) > 1 and not flow.condition and flow.id != element.default_flow:
            inspection.error("flow_without_condition", flow, source=element.id, source_name=element.name)
    conditioned = [flow for flow in flows if flow.condition]
    if may_decide and conditioned and len(conditioned) == len(flows) and not element.default_flow:
        inspection.warning("no_default", element)


def _check_event_gateway(inspection: Inspection, gateway: Element) -> None:
    if len(gateway.outgoing) < 2:
        inspection.error("event_gateway_too_few", gateway, count=len(gateway.outgoing))
    for flow in gateway.outgoing:
        target = inspection.drawing.elements.get(flow.target)
        if target is None:
            continue
        kind = target.event.kind if target.event is not None else ""
        catches = target.type == "intermediateCatchEvent" and kind in _EVENT_GATEWAY_TARGETS
        if not catches and target.type != "receiveTask":
            inspection.error("event_gateway_target", target, gateway=gateway.id, type=target.type)
        elif len(target.incoming) > 1:
            inspection.error("event_gateway_target_shared", target, gateway=gateway.id)
        elif target.type == "receiveTask" and (target.id in inspection.borders or target.loop):
            inspection.error("event_gateway_receive_task", target, gateway=gateway.id)


def _check_scope(inspection: Inspection, container: Element) -> None:
    elements = inspection.drawing.elements
    children = list(inspection.drawing.children(container.id))
    starts = [child for child in children if child.type == "startEvent"]
    begun = begins(inspection, container)
    if not begun:
        inspection.error("nothing_starts", container)
        return
    is_global_task = container.type == "process" and len(children) == 1 and children[0].id == f"{container.id}.task"
    if is_global_task:
        return
    if not starts and not container.is_event_subprocess and not any(e.instantiate for e in begun):
        inspection.warning("no_start_event", container, begins=", ".join(e.id for e in begun[:5]))
    if container.type == "process" and container.id not in inspection.with_ends:
        inspection.warning("no_end_event", container)
    plain = [start for start in starts if start.event is None]
    if len(plain) > 1:
        inspection.warning("several_plain_starts", container, starts=", ".join(s.id for s in plain[:5]))
    if any(flow.source not in elements or flow.target not in elements for flow in inspection.drawing.flows.values()):
        return  # What a flow into nowhere should have reached cannot be told; the parser has named the flow.
    reached = reachable(inspection, begun)
    for child in children:
        if child.id not in reached and not _begun_by_event(inspection, child, reached):
            inspection.error("unreachable", child, type=child.type)


def _begun_by_event(inspection: Inspection, element: Element, reached: set[str]) -> bool:
    if element.type == "boundaryEvent":
        # An unattached one, or one on an unreachable activity, is told about elsewhere.
        return element.attached_to not in inspection.drawing.elements or element.attached_to in reached
    return element.is_event_subprocess or element.for_compensation


def reachable(inspection: Inspection, begun: Iterable[Element]) -> set[str]:
    """Ids of all elements of one scope that a token can come to, boundary paths and links included."""
    drawing = inspection.drawing
    reached: set[str] = set()
    stack = list(begun)
    while stack:
        element = stack.pop()
        if element.id in reached:
            continue
        reached.add(element.id)
        stack.extend(drawing.elements[flow.target] for flow in element.outgoing if flow.target in drawing.elements)
        stack.extend(inspection.borders.get(element.id, ()))
        if element.type == "intermediateThrowEvent" and element.event is not None and element.event.kind == "link":
            stack.extend(inspection.links.get((element.parent, element.event.name), ()))
    return reached
