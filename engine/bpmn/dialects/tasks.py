"""Tasks of Camunda 7, Operaton, Flowable and Activiti."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.dialects.foreign import Node, names, value
from engine.bpmn.dialects.forms import translate_form
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.mappings import all_text, translate_mappings, variable_name
from engine.bpmn.dialects.report import bpmn, name_of, put, put_mapping, zeebe
from engine.bpmn.dialects.scripts import translate_script

WORKING = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask"})
_CONNECTORS = {"mail": "notify", "http": "http", "http-connector": "http", "mail-send": "notify"}
_SINGLE = frozenset({"", "singleEntry", "singleResult"})


def translate_user_task(node: Node) -> None:
    """Who does it, until when, with which form."""
    element = node.element
    for name, target in (
        ("assignee", "assignee"),
        ("candidateGroups", "candidateGroups"),
        ("candidateUsers", "candidateUsers"),
    ):
        if (given := node.take(name)) and given[1]:
            translate = names if name != "assignee" else value
            put(element, "assignmentDefinition", **{target: translate(node.sheet, element, given[0], given[1])})
    for name in ("dueDate", "followUpDate"):
        if (given := node.take(name)) and given[1]:
            put(element, "taskSchedule", **{name: _date(node, *given)})
    if (given := node.take("priority")) and given[1]:
        put(element, "priorityDefinition", priority=node.value(*given))
    if calendar := node.take("businessCalendarName"):
        node.sheet.dropped(node.element, calendar[0])
    translate_form(node)
    _translate_owners(node)


def _date(node: Node, what: str, text: str) -> str:
    if re.fullmatch(r"-?P[\dYMWDTHS.]+", text):
        node.sheet.mapped(node.element, what, f'= now() + duration("{text}")')
        return f'= now() + duration("{text}")'
    return node.value(what, text)


def _translate_owners(node: Node) -> None:
    """The standard's own ``potentialOwner`` and ``humanPerformer``: ``user(a), group(b)``."""
    for tag in ("potentialOwner", "humanPerformer", "performer", "resourceRole"):
        for owner in node.element.findall(bpmn(tag)):
            text = all_text(owner)
            node.element.remove(owner)
            users = re.findall(r"user\(([^)]*)\)", text)
            groups = re.findall(r"group\(([^)]*)\)", text) or ([] if users else [text] if text else [])
            if tag != "potentialOwner" and text:
                put(
                    node.element,
                    "assignmentDefinition",
                    assignee=value(node.sheet, node.element, tag, users[0] if users else text),
                )
                continue
            for name, entries in (("candidateUsers", users), ("candidateGroups", groups)):
                if entries:
                    listed = names(node.sheet, node.element, tag, ", ".join(e.strip() for e in entries))
                    put(node.element, "assignmentDefinition", **{name: listed})


def translate_work(node: Node) -> None:
    """Service, send, rule and script tasks, and events that send: what does the work."""
    element = node.element
    tag = etree.QName(element).localname
    if tag == "scriptTask" and element.find(bpmn("script")) is not None:
        _translate_script(node)
    elif tag == "businessRuleTask" and node.peek("decisionRef"):
        _translate_decision(node)
    elif node.peek("type") == "dmn":
        _translate_flowable_decision(node)
    else:
        _translate_job(node)


def _result(node: Node) -> str:
    given = node.take("resultVariable", "resultVariableName")
    return given[1] if given else ""


def _translate_decision(node: Node) -> None:
    given = node.take("decisionRef")
    assert given is not None
    what, decision = given
    result = _result(node)
    binding, mapping = node.take("decisionRefBinding"), node.take("mapDecisionResult")
    for name in ("decisionRefVersion", "decisionRefVersionTag", "decisionRefTenantId"):
        if (given := node.take(name)) and not binding:
            node.sheet.dropped(node.element, given[0])
    variable = result or "decision_result"
    put(node.element, "calledDecision", decisionId=node.value(what, decision), resultVariable=variable)
    if binding and binding[1] not in {"latest", "deployment"}:
        node.sheet.needs_hand(node.element, binding[0], "binding", binding=binding[1])
    if not result or (mapping and mapping[1] not in _SINGLE):
        node.sheet.needs_hand(
            node.element, what, "decision_result", variable=variable, mapping=mapping[1] if mapping else ""
        )


def _translate_flowable_decision(node: Node) -> None:
    node.take("type")
    reference = ""
    for _, field in node.take_elements("field"):
        if field.get("name") in {"decisionTableReferenceKey", "decisionServiceReferenceKey"}:
            reference = _field_text(field)
    node.element.tag = bpmn("businessRuleTask")
    put(node.element, "calledDecision", decisionId=reference or "unnamed", resultVariable="decision_result")
    node.sheet.needs_hand(node.element, "flowable:type=dmn", "decision_result", variable="decision_result", mapping="")


def _translate_script(node: Node) -> None:
    element = node.element
    script = element.find(bpmn("script"))
    assert script is not None
    language = element.get("scriptFormat") or ""
    text = (script.text or "").strip()
    result = _result(node)
    element.attrib.pop("scriptFormat", "")
    element.remove(script)
    try:
        translated = translate_script(text, result)
        if not translated.names:
            raise NotTranslatable("it sets no variable")
    except NotTranslatable as error:
        keep_as_note(element, f"{language}: {text}")
        node.sheet.needs_hand(element, f"script {language}", "script", language=language, reason=str(error))
        return
    put_script(element, translated.expression, translated.names)
    node.sheet.mapped(element, f"script {language}", f"= {translated.expression}")


def put_script(element: etree._Element, feel_text: str, variables: tuple[str, ...]) -> None:
    """A FEEL script that sets one variable, or several out of one context."""
    if len(variables) == 1:
        put(element, "script", expression=f"= {feel_text}", resultVariable=variables[0])
        return
    put(element, "script", expression=f"= {feel_text}", resultVariable="script_result")
    for variable in variables:
        put_mapping(element, "output", f"= script_result.{variable}", variable)


def keep_as_note(element: etree._Element, text: str) -> None:
    """Keep what could not be translated where a person reads it: in the documentation."""
    note = etree.Element(bpmn("documentation"))
    note.text = text[:20_000]
    element.insert(len(element.findall(bpmn("documentation"))), note)


def _translate_job(node: Node) -> None:
    """A class, bean, expression, topic or built-in task becomes a connector type that a person has to confirm."""
    element = node.element
    result = _result(node)
    connector = [child for _, child in node.take_elements("connector")]
    topic, kind = node.take("topic"), node.take("type")
    given = node.take("class", "delegateExpression", "expression", "operationRef", "ruleVariablesInput", "rules")
    if given and given[0].endswith(":expression") and _translate_expression_task(node, *given, result):
        return
    if topic:
        job, what = topic[1], topic[0]
    elif kind and kind[1] != "external":
        job, what = _CONNECTORS.get(kind[1], kind[1]), f"{kind[0]}={kind[1]}"
    elif connector:
        found = next((c.text or "" for c in connector[0] if etree.QName(c).localname == "connectorId"), "").strip()
        job, what = _CONNECTORS.get(found, found), "connector"
        for part in connector[0]:
            if etree.QName(part).localname == "inputOutput":
                translate_mappings(node, part)
    elif given:
        job, what = name_of(given[1].strip("${}#").split("(")[0].rsplit(".", 1)[-1]), given[0]
    else:
        return
    put(element, "taskDefinition", type=job or "unnamed")
    node.sheet.needs_hand(
        element, what, "connector", type=job, found=given[1] if given else kind[1] if kind and not topic else job
    )
    for _, field in node.take_elements("field"):
        put_mapping(
            element, "input", value(node.sheet, element, "field", _field_text(field)), variable_name(field.get("name"))
        )
    for _, parameter in node.take_elements("in", "parameters"):
        if parameter.get("source") and parameter.get("target"):
            put_mapping(element, "input", f"= {parameter.get('source')}", variable_name(parameter.get("target")))
    if result:
        headers = put(element, "taskHeaders")
        etree.SubElement(headers, zeebe("header"), key="resultVariable", value=result)
        node.sheet.mapped(element, "resultVariable", "result_header", variable=result)


def _translate_expression_task(node: Node, what: str, text: str, result: str) -> bool:
    """``expression`` that only computes: a script task does the same."""
    try:
        script = translate_script(text, result)
    except NotTranslatable:
        return False
    if not script.names:
        return False
    node.element.tag = bpmn("scriptTask")
    put_script(node.element, script.expression, script.names)
    node.sheet.mapped(node.element, what, f"= {script.expression}")
    return True


def _field_text(field: etree._Element) -> str:
    for name in ("stringValue", "expression"):
        if field.get(name):
            return str(field.get(name)).strip()
    return all_text(field)
