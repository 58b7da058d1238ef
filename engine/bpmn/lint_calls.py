"""What concerns several drawings: calls between them, and keys that must be used once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Drawing, Element


def check_calls(inspections: Sequence[Inspection]) -> None:
    """Keys used twice, called processes without a plain start, and processes that call themselves."""
    drawings: dict[str, Drawing] = {}
    for inspection in inspections:
        first = drawings.setdefault(inspection.drawing.key, inspection.drawing)
        if first is not inspection.drawing:
            inspection.error("duplicate_process", inspection.drawing.process, key=first.key, other=first.file)
    for inspection in inspections:
        for call in _calls(inspection.drawing):
            called = drawings.get(call.called_process)
            if called is None:
                continue
            if not _has_plain_start(called):
                inspection.error("called_without_plain_start", call, process=called.key)
            if _calls_back(drawings, called.key, inspection.drawing.key):
                _tell_recursion(inspection, call)


def _calls(drawing: Drawing) -> Iterator[Element]:
    return (e for e in drawing.elements.values() if e.type == "callActivity" and e.called_process)


def _has_plain_start(drawing: Drawing) -> bool:
    children = list(drawing.children(drawing.key))
    starts = [child for child in children if child.type == "startEvent"]
    return any(start.event is None for start in starts) or (
        not starts and any(not c.incoming and not c.instantiate for c in children if not c.is_event_subprocess)
    )


def _calls_back(drawings: dict[str, Drawing], start: str, wanted: str) -> bool:
    seen: set[str] = set()
    stack = [start]
    while stack:
        key = stack.pop()
        if key == wanted:
            return True
        if key in seen or key not in drawings:
            continue
        seen.add(key)
        stack.extend(call.called_process for call in _calls(drawings[key]))
    return False


def _tell_recursion(inspection: Inspection, call: Element) -> None:
    """A process that calls itself: hopeless where every path leads through the call, else worth a warning."""
    if _avoidable(inspection.drawing, call):
        inspection.warning("call_recursion", call, process=call.called_process, limit=inspection.limits.scope_depth)
    else:
        inspection.error("call_recursion_endless", call, process=call.called_process)


def _avoidable(drawing: Drawing, call: Element) -> bool:
    if call.parent != drawing.key:
        return _avoidable(drawing, drawing.elements[call.parent])
    children = {child.id: child for child in drawing.children(call.parent)}
    stack = [c for c in children.values() if c.id != call.id and not c.incoming and c.type != "boundaryEvent"]
    if call.is_event_subprocess:
        return True
    seen: set[str] = set()
    while stack:
        node = stack.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        if not node.outgoing:
            return True
        decided = node.type in {"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"} or node.is_activity
        targets = [children[flow.target] for flow in node.outgoing if flow.target in children]
        if not decided and any(target.id == call.id for target in targets):
            return False
        stack.extend(target for target in targets if target.id != call.id)
    return False
