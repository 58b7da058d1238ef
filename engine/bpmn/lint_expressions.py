"""Every text of a drawing that is or may be FEEL, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element, EventDefinition, Loop
from engine.bpmn.nodes import NOT_EVALUATED
from engine.feel import LIMITS, SCRIPT_LIMITS, check_expression

_TEXTS = ("assignee", "candidate_groups", "candidate_users", "form_id", "due_date", "follow_up_date", "priority",
          "task_type", "retries", "called_process")  # fmt: skip
_FOREIGN = ("${", "#{")


def check_expressions(inspection: Inspection) -> None:
    """Compile every FEEL text; a literal where one is allowed is left alone."""
    for element in inspection.drawing.elements.values():
        for where, text, always in texts_of(element):
            stripped = text.strip()
            if any(mark in text for mark in _FOREIGN) and not stripped.startswith("="):
                inspection.error("foreign_text", element, where=where, expression=text[:200])
            elif always or stripped.startswith("="):
                _check(inspection, element, where, stripped.removeprefix("=").strip())
    for flow in inspection.drawing.flows.values():
        if flow.condition:
            source = inspection.drawing.elements.get(flow.source)
            if any(mark in flow.condition for mark in _FOREIGN) and not flow.condition.startswith("="):
                inspection.error("foreign_text", flow, where="condition", expression=flow.condition[:200])
            elif not flow.condition.startswith("="):
                inspection.error("expression_without_equals", flow, where="condition", expression=flow.condition[:200])
            elif source is not None:
                _check(inspection, source, f"condition {flow.id}", flow.condition[1:].strip())


def _check(inspection: Inspection, element: Element, where: str, text: str) -> None:
    if not text:
        inspection.error("expression_empty", element, where=where)
        return
    limits = SCRIPT_LIMITS if where == "script" else LIMITS
    for found in check_expression(text, library=inspection.library, names=None, limits=limits):
        inspection.error(
            "bad_expression", element, where=where, expression=text[:200],
            reason_en=found.text("en"), reason_zh=found.text("zh"),
        )  # fmt: skip


def texts_of(element: Element) -> Iterator[tuple[str, str, bool]]:
    """Field name, text, and whether it is FEEL even without a leading ``=``."""
    for name in _TEXTS:
        if getattr(element, name):
            yield name, getattr(element, name), False
    for name, value in element.properties.items():
        yield f"property {name}", value, name in NOT_EVALUATED
    if element.script:
        yield "script", element.script, True
    for kind, mappings in (("input", element.inputs), ("output", element.outputs)):
        for mapping in mappings:
            if mapping.source:
                yield f"{kind} {mapping.target}", mapping.source, False
    yield from _message_texts(element.message_name, element.correlation_key)
    if element.event is not None:
        yield from event_texts(element.event)
    if element.loop is not None:
        yield from loop_texts(element.loop)


def _message_texts(name: str, key: str | None) -> Iterator[tuple[str, str, bool]]:
    if name:
        yield "message name", name, False
    if key:
        yield "correlation key", key, False


def event_texts(event: EventDefinition) -> Iterator[tuple[str, str, bool]]:
    """The texts of an event definition."""
    if event.kind == "message":
        yield from _message_texts(event.name, event.correlation_key)
    elif event.kind in {"signal", "link"}:
        yield f"{event.kind} name", event.name, False
    if event.timer:
        yield "timer", event.timer, False
    if event.condition:
        yield "condition", event.condition, True


def loop_texts(loop: Loop) -> Iterator[tuple[str, str, bool]]:
    """The texts of a loop or multi-instance marker."""
    for name in ("input_collection", "output_element", "completion_condition", "loop_condition"):
        text = getattr(loop, name)
        if text:
            yield name, text, True
    if loop.cardinality:
        yield "cardinality", loop.cardinality, True
    for condition, _ in loop.complex_events:
        yield "complex behavior", condition, True
