"""Activities: whether each says all it must to be done, names only what exists, and its markers can run."""

from __future__ import annotations

import re
from datetime import datetime

from engine.bpmn.lint_names import groups, is_variable, literal, unknown
from engine.bpmn.lint_properties import check_attributes, check_properties
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element, Loop

_CASE_STATES = frozenset({"open", "suspended", "closed", "void", "rejected", "duplicate"})
"""Those of ``engine.storage`` (a test keeps them in step)."""
PROCESS_WORDS = {
    "kind": frozenset({"service", "contingency", "action", "shared"}),
    "caseStatus": _CASE_STATES,
    "replaces": frozenset({"suspend", "void", "reopen"}),
}


def check_tasks(inspection: Inspection) -> None:
    """All rules about activities, their properties and their markers."""
    for element in inspection.drawing.elements.values():
        if element.type == "process":
            _check_process(inspection, element)
            continue
        check_attributes(inspection, element)
        check = _CHECKS.get(element.type)
        if check is not None:
            check(inspection, element)
        if element.loop is not None:
            _check_loop(inspection, element, element.loop)
        check_properties(inspection, element)
    _check_connectors(inspection)


def _check_process(inspection: Inspection, process: Element) -> None:
    properties = process.properties
    for name, allowed in PROCESS_WORDS.items():
        for word in filter(None, map(str.strip, properties.get(name, "").split(","))):
            if word not in allowed:
                expected = ", ".join(sorted(allowed))
                inspection.error("bad_property", process, property=name, value=word, expected=expected)
    groups(inspection, process, properties.get("startGroups", ""))
    unknown(inspection, process, "unknown_form", inspection.known.forms, literal(properties.get("startForm", "")))


def _check_user_task(inspection: Inspection, task: Element) -> None:
    if not (task.assignee or task.candidate_groups or task.candidate_users):
        inspection.error("nobody_assigned", task)
    if not task.form_id:
        inspection.error("form_missing", task)
    groups(inspection, task, task.candidate_groups)
    unknown(inspection, task, "unknown_form", inspection.known.forms, literal(task.form_id))
    for name, text in (("dueDate", task.due_date), ("followUpDate", task.follow_up_date)):
        if text and not text.startswith("="):
            _check_moment(inspection, task, name, text)
    priority = literal(task.priority)
    if priority and not (priority.isascii() and priority.isdigit() and int(priority) <= 100):
        inspection.error("bad_property", task, property="priority", value=priority, expected="0 - 100")


def _check_moment(inspection: Inspection, task: Element, name: str, text: str) -> None:
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        inspection.error("bad_property", task, property=name, value=text, expected="2026-05-01T08:00:00+08:00")


def _check_start(inspection: Inspection, start: Element) -> None:
    unknown(inspection, start, "unknown_form", inspection.known.forms, literal(start.form_id))


def _check_service_task(inspection: Inspection, task: Element) -> None:
    if not task.task_type:
        inspection.error("job_type_missing", task)


def _check_send_task(inspection: Inspection, task: Element) -> None:
    if not task.task_type and not task.message_name:
        inspection.error("nothing_to_send", task)


def _check_receive_task(inspection: Inspection, task: Element) -> None:
    if not task.message_name:
        inspection.error("event_without_name", task, kind="message")
        return
    if task.instantiate:
        if task.incoming or inspection.drawing.elements[task.parent].type != "process":
            inspection.error("instantiating_receive_task", task)
        if any(c.type == "startEvent" and c.event is None for c in inspection.drawing.children(task.parent)):
            inspection.error("instantiating_beside_plain_start", task)
        if task.loop is not None:
            inspection.error("instantiating_receive_task", task)
    elif not task.correlation_key:
        inspection.error("correlation_key_missing", task, message=task.message_name)


def _check_script_task(inspection: Inspection, task: Element) -> None:
    if not task.script and not task.task_type:
        inspection.error("script_missing", task)
    if task.script and task.task_type:
        inspection.error("two_ways_to_run", task)


def _check_rule_task(inspection: Inspection, task: Element) -> None:
    if not task.decision_id and not task.task_type:
        inspection.error("decision_missing", task)
    if task.decision_id and task.task_type:
        inspection.error("two_ways_to_run", task)
    if task.decision_id.startswith("="):
        inspection.error("name_must_be_literal", task, kind="decision", name=task.decision_id)
    else:
        unknown(inspection, task, "unknown_decision", inspection.known.decisions, task.decision_id)


def _check_call(inspection: Inspection, call: Element) -> None:
    if not call.called_process:
        inspection.error("called_process_missing", call)
    else:
        unknown(inspection, call, "unknown_process", inspection.known.processes, literal(call.called_process))


_CHECKS = {
    "userTask": _check_user_task,
    "startEvent": _check_start,
    "serviceTask": _check_service_task,
    "sendTask": _check_send_task,
    "receiveTask": _check_receive_task,
    "scriptTask": _check_script_task,
    "businessRuleTask": _check_rule_task,
    "callActivity": _check_call,
}


def _check_connectors(inspection: Inspection) -> None:
    for element in inspection.drawing.elements.values():
        unknown(inspection, element, "unknown_connector", inspection.known.connectors, literal(element.task_type))
        retries = literal(element.retries)
        if retries and not (retries.isascii() and retries.isdigit() and int(retries) <= 100):
            inspection.error("bad_property", element, property="retries", value=retries, expected="0 - 100")


def _check_loop(inspection: Inspection, element: Element, loop: Loop) -> None:
    if element.for_compensation and loop.kind == "standard":
        inspection.error("loop_on_handler", element)
    if loop.kind == "standard":
        if not loop.loop_condition and not loop.maximum:
            inspection.error("loop_without_end", element)
        if loop.maximum and not re.fullmatch(r"-?\d+", loop.maximum):
            inspection.error("bad_property", element, property="loopMaximum", value=loop.maximum, expected="1, 2, 3 …")
        _check_count(inspection, element, "loopMaximum", loop.maximum)
        return
    if loop.input_collection and loop.cardinality:
        inspection.error("multi_instance_two_counts", element)
    if not loop.input_collection and not loop.cardinality:
        inspection.error("multi_instance_without_count", element)
    _check_count(inspection, element, "loopCardinality", loop.cardinality)
    if loop.input_element and not loop.input_collection:
        inspection.error("multi_instance_incomplete", element, given="inputElement", missing="inputCollection")
    if bool(loop.output_collection) != bool(loop.output_element):
        given, missing = (
            ("outputCollection", "outputElement") if loop.output_collection else ("outputElement", "outputCollection")
        )
        inspection.error("multi_instance_incomplete", element, given=given, missing=missing)
    for name, text in (("inputElement", loop.input_element), ("outputCollection", loop.output_collection)):
        if text and not is_variable(text):
            inspection.error("bad_property", element, property=name, value=text, expected="item")
    _check_behavior(inspection, element, loop)


def _check_count(inspection: Inspection, element: Element, name: str, text: str | None) -> None:
    literal = (text or "").removeprefix("=").strip()
    if re.fullmatch(r"-?\d+(\.\d+)?", literal):
        limit = inspection.limits.cardinality
        if not literal.isdigit() or int(literal) > limit:
            inspection.error("count_out_of_bounds", element, attribute=name, value=literal, limit=limit)


def _check_behavior(inspection: Inspection, element: Element, loop: Loop) -> None:
    needs = {"None": loop.none_event, "One": loop.one_event, "Complex": loop.complex_events or None}
    if loop.behavior == "All":
        return
    if loop.behavior not in needs:
        inspection.error(
            "bad_property", element, property="behavior", value=loop.behavior, expected="None, One, All, Complex"
        )
        return
    if needs[loop.behavior] is None:
        inspection.error("behavior_without_event", element, behavior=loop.behavior)
    events = [loop.none_event] if loop.behavior == "None" else [loop.one_event] if loop.behavior == "One" else []
    events += [event for _, event in loop.complex_events] if loop.behavior == "Complex" else []
    for event in events:
        if event is not None and event.kind not in {"signal", "escalation", "message", "error"}:
            inspection.error("behavior_event_kind", element, kind=event.kind)
