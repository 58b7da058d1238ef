"""Events: which kind may stand where, what it must name, and what belongs together (links, compensation, cancel)."""

from __future__ import annotations

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element, EventDefinition

PLAIN = "none"
INTERRUPTING_ONLY = frozenset({"error", "cancel"})

ALLOWED: dict[str, frozenset[str]] = {
    "process start": frozenset({PLAIN, "message", "signal", "timer", "conditional"}),
    "subprocess start": frozenset({PLAIN}),
    "event subprocess start": frozenset({"message", "signal", "timer", "conditional", "escalation", "error"}),
    "intermediate catch": frozenset({"message", "signal", "timer", "conditional", "link"}),
    "intermediate throw": frozenset({PLAIN, "message", "signal", "escalation", "link", "compensate"}),
    "boundary": frozenset({"message", "signal", "timer", "conditional", "escalation", "error", "cancel", "compensate"}),
    "end": frozenset({PLAIN, "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"}),
}
"""Where which kind of event runs. Everything else is refused; BPMN 2.0.2, tables 10.93 to 10.100 allow no more."""

_POSITIONS = {
    "intermediateCatchEvent": "intermediate catch",
    "intermediateThrowEvent": "intermediate throw",
    "boundaryEvent": "boundary",
    "endEvent": "end",
}


def position(inspection: Inspection, event: Element) -> str:
    """Where an event stands, as a key of ``ALLOWED``."""
    if event.type != "startEvent":
        return _POSITIONS[event.type]
    parent = inspection.drawing.elements[event.parent]
    if parent.type == "process":
        return "process start"
    return "event subprocess start" if parent.is_event_subprocess else "subprocess start"


def check_events(inspection: Inspection) -> None:
    """All rules about events."""
    for element in inspection.drawing.elements.values():
        if element.type == "startEvent" or element.type in _POSITIONS:
            _check_event(inspection, element)
        if element.type == "boundaryEvent":
            _check_boundary(inspection, element)
        if element.is_event_subprocess:
            _check_event_subprocess(inspection, element)
        if element.is_container:
            _check_starts(inspection, element)
    _check_links(inspection)
    _check_compensation(inspection)
    _check_cancel(inspection)


def _check_event(inspection: Inspection, element: Element) -> None:
    where = position(inspection, element)
    kind = element.event.kind if element.event is not None else PLAIN
    if kind not in ALLOWED[where]:
        inspection.error("event_not_allowed", element, kind=kind, position=where)
        return
    if not element.interrupting and kind in INTERRUPTING_ONLY and where in {"boundary", "event subprocess start"}:
        inspection.error("must_interrupt", element, kind=kind)
    if not element.interrupting and where in {"process start", "subprocess start"}:
        inspection.error("cannot_be_non_interrupting", element)
    if element.event is not None:
        _check_named(inspection, element, element.event, where)


def _check_named(inspection: Inspection, element: Element, event: EventDefinition, where: str) -> None:
    throws = where in {"intermediate throw", "end"}
    if event.kind in {"message", "signal"} and not event.name and not (throws and element.task_type):
        inspection.error("event_without_name", element, kind=event.kind)
    if event.kind == "link" and not event.name:
        inspection.error("event_without_name", element, kind="link")
    if throws and event.kind in {"error", "escalation"} and not event.code:
        inspection.error("event_without_code", element, kind=event.kind)
    if event.kind == "message" and event.name:
        if not throws and where != "process start" and not event.correlation_key:
            inspection.error("correlation_key_missing", element, message=event.name)
        if where == "process start" and event.name.lstrip().startswith("="):
            inspection.error("name_must_be_literal", element, kind="message", name=event.name)
    if element.task_type and event.kind != "message":
        inspection.error("job_not_allowed", element, kind=event.kind)


def _check_boundary(inspection: Inspection, element: Element) -> None:
    host = inspection.drawing.elements.get(element.attached_to)
    if host is None or host.parent != element.parent:
        inspection.error("boundary_unattached", element, attached_to=element.attached_to)
        return
    if not host.is_activity or host.is_event_subprocess:
        inspection.error("boundary_not_on_activity", element, attached_to=host.id, type=host.type)
        return
    if host.for_compensation:
        inspection.error("boundary_on_handler", element, attached_to=host.id)
    kind = element.event.kind if element.event is not None else PLAIN
    if kind == "cancel" and host.type != "transaction":
        inspection.error("cancel_outside_transaction", element)
    if kind in {"error", "cancel", "message", "signal", "timer", "conditional", "escalation"} and not element.outgoing:
        inspection.warning("boundary_without_flow", element)
    for other in inspection.borders.get(host.id, ()):
        if other is element:
            break
        if _same_catch(element, other):
            inspection.error("boundary_twice", element, attached_to=host.id, other=other.id)
            break


def _same_catch(one: Element, other: Element) -> bool:
    """Whether two events catch the same errors or escalations, so that only one of them ever would."""
    if one.event is None or other.event is None or one.event.kind not in {"error", "escalation"}:
        return False
    return (one.event.kind, one.event.code) == (other.event.kind, other.event.code)


def _check_starts(inspection: Inspection, container: Element) -> None:
    """Starts that would compete for the same event."""
    children = list(inspection.drawing.children(container.id))
    handlers = [c for h in children if h.is_event_subprocess for c in inspection.drawing.children(h.id)]
    caught = [handler for handler in handlers if handler.type == "startEvent"]
    for number, start in enumerate(caught):
        if twin := next((other for other in caught[:number] if _same_catch(start, other)), None):
            inspection.error("start_twice", start, other=twin.id)
    named = [
        c for c in children if c.type == "startEvent" and c.event is not None and c.event.kind in {"message", "signal"}
    ]
    for number, start in enumerate(named):
        assert start.event is not None
        for other in named[:number]:
            if other.event is not None and (other.event.kind, other.event.name) == (start.event.kind, start.event.name):
                inspection.error("start_twice", start, other=other.id)
                break


def _check_event_subprocess(inspection: Inspection, element: Element) -> None:
    if element.type == "transaction" or element.loop is not None or element.for_compensation:
        inspection.error("event_subprocess_shape", element)
    starts = [c for c in inspection.drawing.children(element.id) if c.type == "startEvent"]
    if len(starts) != 1:
        inspection.error("event_subprocess_one_start", element, count=len(starts))


def _check_links(inspection: Inspection) -> None:
    throws: dict[tuple[str, str], list[Element]] = {}
    catches: dict[tuple[str, str], list[Element]] = {}
    for element in inspection.drawing.elements.values():
        if element.event is None or element.event.kind != "link" or not element.event.name:
            continue
        if element.type == "intermediateThrowEvent":
            throws.setdefault((element.parent, element.event.name), []).append(element)
        elif element.type == "intermediateCatchEvent":
            catches.setdefault((element.parent, element.event.name), []).append(element)
    for (_, name), elements in {k: v for k, v in throws.items() if k not in catches}.items():
        for element in elements:
            inspection.error("link_without_target", element, link=name)
    for (scope, name), elements in catches.items():
        for element in elements[1:]:
            inspection.error("link_target_twice", element, link=name, other=elements[0].id)
        if (scope, name) not in throws:
            inspection.error("link_without_source", elements[0], link=name)


def _check_compensation(inspection: Inspection) -> None:
    drawing = inspection.drawing
    handled: dict[str, str] = {}
    handlers: set[str] = set()
    for element in drawing.elements.values():
        if element.event is None or element.event.kind != "compensate" or element.type != "boundaryEvent":
            continue
        handler = drawing.elements.get(element.compensation_handler)
        if handler is None or handler.parent != element.parent:
            inspection.error("compensation_without_handler", element)
            continue
        if not handler.is_activity or not handler.for_compensation:
            inspection.error("compensation_handler_unmarked", handler, boundary=element.id)
        if element.attached_to in handled:
            inspection.error(
                "boundary_twice", element, attached_to=element.attached_to, other=handled[element.attached_to]
            )
        handled.setdefault(element.attached_to, element.id)
        handlers.add(handler.id)
    for element in drawing.elements.values():
        if element.for_compensation and element.id not in handlers and not element.is_event_subprocess:
            inspection.error("compensation_handler_unattached", element)
        event = element.event
        if event is None or event.kind != "compensate" or element.type == "boundaryEvent":
            continue
        target = drawing.elements.get(event.activity)
        if event.activity and target is None:
            inspection.error("compensation_target_unknown", element, activity=event.activity)
        elif target is not None and target.id not in handled and not target.is_container:
            inspection.error("compensation_target_without_handler", element, activity=event.activity)
        elif not event.activity and not handled:
            inspection.warning("nothing_to_compensate", element)


def _check_cancel(inspection: Inspection) -> None:
    drawing = inspection.drawing
    for element in drawing.elements.values():
        if element.type != "endEvent" or element.event is None or element.event.kind != "cancel":
            continue
        parent = drawing.elements[element.parent]
        while parent.type == "subProcess" and parent.parent and not parent.is_event_subprocess:
            parent = drawing.elements[parent.parent]
        if parent.type != "transaction":
            inspection.error("cancel_outside_transaction", element)
        elif not any(b.event is not None and b.event.kind == "cancel" for b in inspection.borders.get(parent.id, ())):
            inspection.error("cancel_not_caught", element, transaction=parent.id)
