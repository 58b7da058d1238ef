"""Event definitions of a BPMN event: what it waits for or throws."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.bpmn.extensions import Report, refuse_attributes
from engine.bpmn.model import Element, EventDefinition
from engine.bpmn.reader import BPMN

Declared = dict[str, tuple[str, etree._Element]]
_TIMERS = ("timeDate", "timeDuration", "timeCycle")
_REFERENCES = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}


def read_event_definitions(
    node: etree._Element, element: Element, declared: Declared, keys: dict[str, str | None], report: Report
) -> None:
    """Put the one event definition of ``node`` on ``element``; several are refused."""
    found = []
    for child in node:
        name = etree.QName(child)
        if name.namespace != BPMN:
            continue
        if name.localname == "eventDefinitionRef":
            target = (child.text or "").strip().rpartition(":")[2]
            tag, definition = declared.get(target, ("", None))
            if definition is None or not tag.endswith("EventDefinition"):
                report("unknown_reference", child, kind="eventDefinition", reference=target)
                continue
            found.append((tag, definition))
        elif name.localname.endswith("EventDefinition"):
            found.append((name.localname, child))
    if len(found) > 1:
        report("several_event_definitions", node, count=len(found))
    elif found:
        tag, definition = found[0]
        element.event = read_definition(definition, tag, declared, keys, report)


def read_definition(
    node: etree._Element, tag: str, declared: Declared, keys: dict[str, str | None], report: Report
) -> EventDefinition:
    """One ``*EventDefinition`` element, its reference resolved."""
    refuse_attributes(node, report)
    event = EventDefinition(tag.removesuffix("EventDefinition"))
    if event.kind in _REFERENCES:
        _resolve(event, node, declared, keys, report)
    elif event.kind == "timer":
        _read_timer(event, node, report)
    elif event.kind == "conditional":
        condition = node.find(f"{{{BPMN}}}condition")
        event.condition = (condition.text or "").strip() if condition is not None else ""
        if not event.condition:
            report("condition_missing", node)
    elif event.kind == "link":
        event.name = (node.get("name") or "").strip()
    elif event.kind == "compensate":
        event.activity = (node.get("activityRef") or "").strip().rpartition(":")[2]
        event.wait = (node.get("waitForCompletion") or "true").strip() in {"true", "1"}
    elif event.kind not in {"terminate", "cancel"}:
        report("unsupported_element", node, tag=tag)
    return event


def _resolve(
    event: EventDefinition, node: etree._Element, declared: Declared, keys: dict[str, str | None], report: Report
) -> None:
    event.reference = (node.get(f"{event.kind}Ref") or "").strip().rpartition(":")[2]
    if not event.reference:
        return
    tag, target = declared.get(event.reference, ("", None))
    if target is None or tag != event.kind:
        report("unknown_reference", node, kind=event.kind, reference=event.reference)
        return
    event.name = (target.get("name") or "").strip()
    if event.kind in {"error", "escalation"}:
        event.code = (target.get(_REFERENCES[event.kind]) or "").strip() or event.name or event.reference
    if event.kind == "message":
        event.correlation_key = keys.get(target.get("id", ""))


def _read_timer(event: EventDefinition, node: etree._Element, report: Report) -> None:
    timers: list[Any] = [(name, node.find(f"{{{BPMN}}}{name}")) for name in _TIMERS]
    given = [(name, child) for name, child in timers if child is not None and (child.text or "").strip()]
    if len(given) != 1:
        report("timer_incomplete", node)
        return
    name, child = given[0]
    event.timer_kind = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}[name]
    event.timer = (child.text or "").strip()
