"""SpiffWorkflow's dialect: extension elements with text, Python in conditions and scripts, lanes as owners."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.dialects.foreign import Node
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.mappings import variable_name
from engine.bpmn.dialects.report import bpmn, name_of, put, put_mapping, put_property, zeebe
from engine.bpmn.dialects.scripts import translate_script
from engine.bpmn.dialects.tasks import keep_as_note
from engine.bpmn.extensions import FOREIGN

_FORM = ("formJsonSchemaFilename", "formUiSchemaFilename")


def is_spiff(root: etree._Element) -> bool:
    """Whether a file was drawn with SpiffWorkflow's modeler."""
    return any(FOREIGN.get(str(uri)) == "spiffworkflow" for uri in root.nsmap.values())


def translate_spiff(node: Node) -> None:
    """The extension elements of one node."""
    element, sheet = node.element, node.sheet
    for what, properties in node.take_elements("properties"):
        values = {p.get("name") or "": p.get("value") or "" for p in properties if len(p.attrib)}
        schema = values.pop(_FORM[0], "")
        values.pop(_FORM[1], "")
        if schema:
            put(element, "formDefinition", formId=name_of(schema))
            sheet.needs_hand(element, what, "form_elsewhere", form=name_of(schema), key=schema)
        for name, value in values.items():
            put_property(element, name, value)
            sheet.mapped(element, f"{what} {name}", value)
    for what, decision in node.take_elements("calledDecisionId"):
        put(element, "calledDecision", decisionId=(decision.text or "").strip(), resultVariable="decision_result")
        sheet.needs_hand(element, what, "decision_result", variable="decision_result", mapping="")
    for _, instructions in node.take_elements("instructionsForEndUser"):
        keep_as_note(element, (instructions.text or "").strip())
        sheet.mapped(element, "spiffworkflow:instructionsForEndUser", "as_documentation")
    for name in ("preScript", "postScript"):
        for what, script in node.take_elements(name):
            _translate_side_script(node, what, script, "input" if name == "preScript" else "output")
    for what, operator in node.take_elements("serviceTaskOperator"):
        _translate_operator(node, what, operator)
    for what, payload in node.take_elements("messagePayload"):
        sheet.needs_hand(element, what, "message_payload", expression=(payload.text or "").strip())
    for what, variable in node.take_elements("messageVariable", "processVariableCorrelation", "variableName"):
        sheet.needs_hand(element, what, "message_payload", expression=(variable.text or "").strip())
    for what, _ in node.take_elements("unitTests"):
        sheet.dropped(element, what, "unit_tests")
    for what, _ in node.take_elements("allowGuest", "guestConfirmation", "signalButtonLabel", "taskMetadataValues"):
        sheet.dropped(element, what)


def _translate_side_script(node: Node, what: str, script: etree._Element, kind: str) -> None:
    text = (script.text or "").strip()
    if not text:
        return
    try:
        translated = translate_script(text)
    except NotTranslatable as error:
        keep_as_note(node.element, f"{what}: {text}")
        node.sheet.needs_hand(node.element, what, "script", language="python", reason=str(error))
        return
    if len(translated.names) != 1 or kind == "output":
        keep_as_note(node.element, f"{what}: {text}")
        node.sheet.needs_hand(node.element, what, "side_script", expression=f"= {translated.expression}")
        return
    put_mapping(node.element, kind, f"= {translated.expression}", translated.names[0])
    node.sheet.mapped(node.element, what, f"= {translated.expression}")


def _translate_operator(node: Node, what: str, operator: etree._Element) -> None:
    element = node.element
    job = (operator.get("id") or "").strip() or "unnamed"
    put(element, "taskDefinition", type="http" if job.startswith(("http/", "http_")) else name_of(job))
    node.sheet.needs_hand(element, what, "connector", type=job, found=job)
    for parameter in operator.iter():
        if etree.QName(parameter).localname == "parameter" and parameter.get("id"):
            source = (parameter.get("value") or "").strip()
            literal = len(source) > 1 and source[0] in "\"'" and source[-1] == source[0]
            put_mapping(
                element,
                "input",
                source[1:-1] if literal else f"= {source or 'null'}",
                variable_name(parameter.get("id")),
            )
    if result := (operator.get("resultVariable") or "").strip():
        headers = put(element, "taskHeaders")
        etree.SubElement(headers, zeebe("header"), key="resultVariable", value=result)
        node.sheet.mapped(element, f"{what} resultVariable", "result_header", variable=result)


def lanes_as_groups(root: etree._Element, node: Node) -> None:
    """In that engine a lane owns its tasks: its name becomes the group of tasks that have none."""
    groups = {
        (member.text or "").strip().rpartition(":")[2]: lane.get("name") or ""
        for lane in root.iter(bpmn("lane"))
        for member in lane.findall(bpmn("flowNodeRef"))
    }
    for task in root.iter(bpmn("userTask")):
        group = groups.get(task.get("id") or "", "")
        if group and task.find(f"{bpmn('extensionElements')}/{zeebe('assignmentDefinition')}") is None:
            put(task, "assignmentDefinition", candidateGroups=group)
            node.sheet.needs_hand(task, "lane", "lane_as_group", lane=group)
