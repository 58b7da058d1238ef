"""Activities: whether each says all it must to be done, names only what exists, and its markers can run."""

from __future__ import annotations

import re
from datetime import datetime

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element, Loop

LIMIT_UNITS = ("紧急工作时", "紧急工作日", "工作时", "工作日", "自然日", "分钟")
_LIMIT = re.compile(r"\d{1,6}(\.\d{1,3})?\s*(" + "|".join(LIMIT_UNITS) + ")")
_CLOCKED = frozenset({"limit", "warn", "escalateTo", "stage", "responsible"})
_PROPERTIES = _CLOCKED | {"evidence", "independentOf", "scope"}
_EVIDENCE = frozenset({"near", "far", "after"})
_PROCESS_KINDS = frozenset({"service", "contingency", "action", "shared"})


def check_tasks(inspection: Inspection) -> None:
    """All rules about activities, their properties and their markers."""
    for element in inspection.drawing.elements.values():
        if element.type == "process":
            _check_process(inspection, element)
            continue
        check = _CHECKS.get(element.type)
        if check is not None:
            check(inspection, element)
        if element.loop is not None:
            _check_loop(inspection, element, element.loop)
        _check_properties(inspection, element)
    _check_connectors(inspection)


def _literal(text: str) -> str:
    return "" if text.startswith("=") else text


def _unknown(inspection: Inspection, element: Element, code: str, known: frozenset[str] | None, name: str) -> None:
    if known is not None and name and name not in known:
        inspection.error(code, element, name=name, similar=_similar(name, known))


def _similar(name: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    return ", ".join(get_close_matches(name, sorted(known), n=3, cutoff=0.6))


def _groups(inspection: Inspection, element: Element, groups: str) -> None:
    for group in _literal(groups).split(","):
        _unknown(inspection, element, "unknown_role", inspection.known.roles, group.strip())


def _check_process(inspection: Inspection, process: Element) -> None:
    properties = process.properties
    if properties.get("kind", "shared") not in _PROCESS_KINDS:
        inspection.error(
            "bad_property",
            process,
            property="kind",
            value=properties["kind"],
            expected=", ".join(sorted(_PROCESS_KINDS)),
        )
    _groups(inspection, process, properties.get("startGroups", ""))
    _unknown(inspection, process, "unknown_form", inspection.known.forms, _literal(properties.get("startForm", "")))


def _check_user_task(inspection: Inspection, task: Element) -> None:
    if not (task.assignee or task.candidate_groups or task.candidate_users):
        inspection.error("nobody_assigned", task)
    if not task.form_id:
        inspection.error("form_missing", task)
    _groups(inspection, task, task.candidate_groups)
    _unknown(inspection, task, "unknown_form", inspection.known.forms, _literal(task.form_id))
    for name, text in (("dueDate", task.due_date), ("followUpDate", task.follow_up_date)):
        if text and not text.startswith("="):
            _check_moment(inspection, task, name, text)
    priority = _literal(task.priority)
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
    _unknown(inspection, start, "unknown_form", inspection.known.forms, _literal(start.form_id))


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
        _unknown(inspection, task, "unknown_decision", inspection.known.decisions, task.decision_id)


def _check_call(inspection: Inspection, call: Element) -> None:
    if not call.called_process:
        inspection.error("called_process_missing", call)
    else:
        _unknown(inspection, call, "unknown_process", inspection.known.processes, _literal(call.called_process))


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
        _unknown(inspection, element, "unknown_connector", inspection.known.connectors, _literal(element.task_type))
        retries = _literal(element.retries)
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


def _check_properties(inspection: Inspection, element: Element) -> None:
    properties = element.properties
    for name in sorted(set(properties) - _PROPERTIES):
        inspection.warning("unknown_property", element, property=name, similar=_similar(name, frozenset(_PROPERTIES)))
    if not element.is_activity:
        for name in sorted(_CLOCKED & set(properties)):
            inspection.error("property_misplaced", element, property=name, type=element.type)
    limit = properties.get("limit", "")
    if limit and not limit.startswith("=") and not _LIMIT.fullmatch(limit):
        inspection.error("bad_limit", element, value=limit, units=" ".join(LIMIT_UNITS))
    _check_warn(inspection, element, properties.get("warn", ""), bool(limit))
    _groups(inspection, element, properties.get("escalateTo", ""))
    evidence = {part.strip() for part in _literal(properties.get("evidence", "")).split(",") if part.strip()}
    if evidence - _EVIDENCE:
        inspection.error(
            "bad_property",
            element,
            property="evidence",
            value=properties["evidence"],
            expected=", ".join(sorted(_EVIDENCE)),
        )
    other = properties.get("independentOf", "")
    if other and not other.startswith("="):
        for identity in other.split(","):
            target = inspection.drawing.elements.get(identity.strip())
            if target is None or target.type != "userTask":
                inspection.error("independent_of_unknown", element, other=identity.strip())


def _check_warn(inspection: Inspection, element: Element, warn: str, limited: bool) -> None:
    if warn and not limited:
        inspection.error("warn_without_limit", element)
    if not warn or warn.startswith("="):
        return
    for part in warn.split(","):
        text = part.strip().removesuffix("%").strip()
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 100):
            inspection.error("bad_warn", element, value=warn)
            return
