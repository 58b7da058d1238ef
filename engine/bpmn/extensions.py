"""The ``zeebe:`` extension elements of a BPMN node, read into its ``Element``; what we do not run becomes a problem."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from engine.bpmn.model import Element, Loop, Mapping
from engine.bpmn.reader import BPMN, ZEEBE

Report = Callable[..., None]

FOREIGN = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://operaton.org/schema/1.0/bpmn": "operaton",
    "http://flowable.org/bpmn": "flowable",
    "http://activiti.org/bpmn": "activiti",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
}
"""Dialects that mean something at run time: the importer translates them, the reader refuses them."""

_MARKERS = frozenset({"userTask", "modelerTemplate"})
_MARKER_ATTRIBUTES = frozenset({"modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon"})
_WHERE = {
    "assignmentDefinition": {"userTask"},
    "formDefinition": {"userTask", "startEvent"},
    "taskSchedule": {"userTask"},
    "priorityDefinition": {"userTask"},
    "script": {"scriptTask"},
    "calledDecision": {"businessRuleTask"},
    "calledElement": {"callActivity"},
    "taskDefinition": {
        "serviceTask", "sendTask", "scriptTask", "businessRuleTask", "intermediateThrowEvent", "endEvent",
    },
    "taskHeaders": {
        "serviceTask", "sendTask", "scriptTask", "businessRuleTask", "intermediateThrowEvent", "endEvent",
    },
    "versionTag": {"process"},
}  # fmt: skip
_NO_MAPPING = frozenset({
    "process", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "dataObjectReference",
})  # fmt: skip


def read_extensions(node: etree._Element, element: Element, report: Report) -> None:
    """Fill ``element`` from the extension elements and attributes of ``node``."""
    refuse_attributes(node, report)
    holder = node.find(f"{{{BPMN}}}extensionElements")
    if holder is None:
        return
    for child in holder:
        tag = etree.QName(child)
        if tag.namespace != ZEEBE:
            _refuse_foreign(tag, child, report)
        elif tag.localname in _MARKERS:
            continue
        elif tag.localname == "properties":
            _read_properties(child, element, report)
        elif tag.localname == "ioMapping" and element.type not in _NO_MAPPING:
            _read_mapping(child, element, report)
        elif element.type in _WHERE.get(tag.localname, ()):
            _READERS[tag.localname](child, element, report)
        else:
            report("unsupported_extension", child, extension=f"zeebe:{tag.localname}", on=element.type)
    if element.headers and not element.task_type:
        report("unsupported_extension", node, extension="zeebe:taskHeaders", on=f"{element.type} without a job")


def read_flow_extensions(node: etree._Element, report: Report) -> None:
    """A sequence flow says nothing but where it goes and when; properties on it are notes."""
    refuse_attributes(node, report)
    holder = node.find(f"{{{BPMN}}}extensionElements")
    for child in holder if holder is not None else ():
        tag = etree.QName(child)
        if tag.namespace != ZEEBE:
            _refuse_foreign(tag, child, report)
        elif tag.localname != "properties":
            report("unsupported_extension", child, extension=f"zeebe:{tag.localname}", on="sequenceFlow")


def refuse_attributes(node: etree._Element, report: Report) -> None:
    """Attributes of other dialects would mean something at run time; say so."""
    for name in node.attrib:
        _refuse_attribute(str(name), node, report)


def _refuse_attribute(name: str, node: etree._Element, report: Report) -> None:
    tag = etree.QName(name)
    if tag.namespace in FOREIGN:
        report("foreign_dialect", node, dialect=FOREIGN[tag.namespace], extension=tag.localname)
    elif tag.namespace == ZEEBE and tag.localname not in _MARKER_ATTRIBUTES:
        report("unsupported_extension", node, extension=f"zeebe:{tag.localname}", on=etree.QName(node).localname)


def _refuse_foreign(tag: etree.QName, child: etree._Element, report: Report) -> None:
    if tag.namespace in FOREIGN:
        report("foreign_dialect", child, dialect=FOREIGN[tag.namespace], extension=tag.localname)
    elif tag.namespace == BPMN:
        report("unsupported_element", child, tag=tag.localname)
    else:
        report("unknown_extension", child, severity="warning", extension=f"{{{tag.namespace}}}{tag.localname}")


def _children(holder: etree._Element, name: str, report: Report) -> list[etree._Element]:
    found = []
    for child in holder:
        if child.tag == f"{{{ZEEBE}}}{name}":
            found.append(child)
        else:
            report("unsupported_extension", child, extension=etree.QName(child).localname, on="extensionElements")
    return found


def _read_properties(child: etree._Element, element: Element, report: Report) -> None:
    for entry in _children(child, "property", report):
        name, value = (entry.get("name") or "").strip(), (entry.get("value") or "").strip()
        if name and value:
            element.properties[name] = value


def _read_mapping(child: etree._Element, element: Element, report: Report) -> None:
    for entry in child:
        kind = etree.QName(entry).localname
        target = (entry.get("target") or "").strip()
        if kind not in {"input", "output"}:
            report("unsupported_extension", entry, extension=kind, on="ioMapping")
        elif not is_path(target):
            report("bad_mapping_target", entry, target=target)
        else:
            (element.inputs if kind == "input" else element.outputs).append(Mapping(entry.get("source"), target))


def is_path(target: str) -> bool:
    """Whether a text names a variable, or a part of one (``a.b``)."""
    return bool(target) and all(
        part and not part[0].isdigit() and all(c.isalnum() or c == "_" for c in part) for part in target.split(".")
    )


def _read_assignment(child: etree._Element, element: Element, report: Report) -> None:
    element.assignee = (child.get("assignee") or "").strip()
    element.candidate_groups = (child.get("candidateGroups") or "").strip()
    element.candidate_users = (child.get("candidateUsers") or "").strip()


def _read_form(child: etree._Element, element: Element, report: Report) -> None:
    element.form_id = (child.get("formId") or "").strip()
    if not element.form_id:
        report("form_without_id", child)
    if child.get("bindingType") not in {None, "deployment", "latest"}:
        report("unsupported_binding", child, binding=child.get("bindingType"))


def _read_schedule(child: etree._Element, element: Element, report: Report) -> None:
    element.due_date = (child.get("dueDate") or "").strip()
    element.follow_up_date = (child.get("followUpDate") or "").strip()


def _read_priority(child: etree._Element, element: Element, report: Report) -> None:
    element.priority = (child.get("priority") or "").strip()


def _read_script(child: etree._Element, element: Element, report: Report) -> None:
    element.script = child.get("expression")
    element.result_variable = (child.get("resultVariable") or "").strip()
    if not (element.script or "").strip() or not is_path(element.result_variable):
        report("script_incomplete", child)


def _read_decision(child: etree._Element, element: Element, report: Report) -> None:
    element.decision_id = (child.get("decisionId") or "").strip()
    element.result_variable = (child.get("resultVariable") or "").strip()
    if not element.decision_id or not is_path(element.result_variable):
        report("decision_incomplete", child)
    if child.get("bindingType") not in {None, "deployment", "latest"}:
        report("unsupported_binding", child, binding=child.get("bindingType"))


def _read_called(child: etree._Element, element: Element, report: Report) -> None:
    element.called_process = (child.get("processId") or "").strip()
    element.propagate_parent = child.get("propagateAllParentVariables") != "false"
    element.propagate_child = child.get("propagateAllChildVariables") != "false"
    if child.get("bindingType") not in {None, "deployment", "latest"}:
        report("unsupported_binding", child, binding=child.get("bindingType"))


def _read_job(child: etree._Element, element: Element, report: Report) -> None:
    element.task_type = (child.get("type") or "").strip()
    element.retries = (child.get("retries") or "").strip()
    if not element.task_type:
        report("job_without_type", child)


def _read_headers(child: etree._Element, element: Element, report: Report) -> None:
    for entry in _children(child, "header", report):
        if entry.get("key"):
            element.headers[entry.get("key", "")] = entry.get("value") or ""


def _read_version(child: etree._Element, element: Element, report: Report) -> None:
    element.version_tag = (child.get("value") or "").strip()


_READERS: dict[str, Callable[[etree._Element, Element, Report], None]] = {
    "assignmentDefinition": _read_assignment,
    "formDefinition": _read_form,
    "taskSchedule": _read_schedule,
    "priorityDefinition": _read_priority,
    "script": _read_script,
    "calledDecision": _read_decision,
    "calledElement": _read_called,
    "taskDefinition": _read_job,
    "taskHeaders": _read_headers,
    "versionTag": _read_version,
}


def read_loop_extensions(node: etree._Element, loop: Loop, report: Report) -> None:
    """``zeebe:loopCharacteristics`` inside a multi-instance marker."""
    refuse_attributes(node, report)
    holder = node.find(f"{{{BPMN}}}extensionElements")
    for child in holder if holder is not None else ():
        tag = etree.QName(child)
        if tag.namespace != ZEEBE:
            _refuse_foreign(tag, child, report)
        elif tag.localname != "loopCharacteristics":
            report("unsupported_extension", child, extension=f"zeebe:{tag.localname}", on="multiInstance")
        else:
            loop.input_collection = (child.get("inputCollection") or "").strip() or None
            loop.input_element = (child.get("inputElement") or "").strip() or None
            loop.output_collection = (child.get("outputCollection") or "").strip() or None
            loop.output_element = (child.get("outputElement") or "").strip() or None


def read_subscription(node: etree._Element, report: Report) -> str | None:
    """The correlation key of a ``bpmn:message``, from its ``zeebe:subscription``."""
    key = None
    holder = node.find(f"{{{BPMN}}}extensionElements")
    for child in holder if holder is not None else ():
        tag = etree.QName(child)
        if tag.namespace != ZEEBE:
            _refuse_foreign(tag, child, report)
        elif tag.localname == "subscription":
            key = (child.get("correlationKey") or "").strip() or None
        else:
            report("unsupported_extension", child, extension=f"zeebe:{tag.localname}", on="message")
    return key
