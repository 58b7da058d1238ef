"""Events, timers, conditions and sequence flows of other engines."""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

from engine.bpmn.dialects.feel_printer import feel, template
from engine.bpmn.dialects.foreign import Node
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.report import bpmn
from engine.bpmn.dialects.tasks import translate_work

_TIMERS = {"timeDate", "timeDuration", "timeCycle"}
_COMPARES = re.compile(r"[=<>!]|\b(and|or|not|in|eq|ne|gt|lt|ge|le|true|false)\b|&&|\|\||\.|\(")


def translate_event(node: Node, definition: etree._Element) -> None:
    """What an event waits for or throws: timers, conditions, and jobs behind throwing events."""
    inner = Node(definition, node.sheet)
    kind = etree.QName(definition).localname
    for child in definition:
        tag = etree.QName(child).localname
        if tag in _TIMERS:
            _translate_timer(node, child, tag)
        elif tag == "condition":
            translate_condition(node, child, "condition")
    for name in ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"):
        if given := inner.take(name):
            node.sheet.needs_hand(node.element, given[0], "code_variable", variable=given[1])
    if kind == "messageEventDefinition":
        for key in map(str, list(definition.attrib)):
            if etree.QName(key).namespace is not None:
                node.element.set(key, definition.attrib.pop(key))
        translate_work(node)
    if kind == "signalEventDefinition":
        for what, _ in inner.take_elements("in"):
            node.sheet.needs_hand(node.element, f"{what} signal", "signal_payload")


def _translate_timer(node: Node, child: etree._Element, tag: str) -> None:
    text = (child.text or "").strip()
    if not text or text.startswith("="):
        return
    given = text
    if "${" in text or "#{" in text:
        text = node.value(tag, text)
    elif tag == "timeDate" and _is_naive(text):
        text += "+08:00"
        node.sheet.mapped(node.element, tag, text)
    elif tag != "timeDuration" and re.fullmatch(r"\S+( +\S+){4,6}", text):
        node.sheet.needs_hand(node.element, tag, "cron", cron=text)
    child.text = text
    if text != given and etree.QName(child).namespace:
        child.attrib.pop("language", "")


def _is_naive(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def translate_condition(node: Node, condition: etree._Element, what: str) -> None:
    """A formal expression in JUEL, in another language's syntax, or in words, on the way to FEEL."""
    resource = Node(condition, node.sheet).take("resource")
    if resource:
        node.sheet.needs_hand(node.element, resource[0], "script_file", file=resource[1])
    text = (condition.text or "").strip()
    language = condition.get("language") or ""
    if not text or text.startswith("=") or "feel" in language.lower():
        if text and not text.startswith("=") and "feel" in language.lower():
            condition.text = f"= {text}"
        return
    condition.attrib.pop("language", "")
    try:
        translated = template(text)
        if translated is None:
            if not _COMPARES.search(text):
                raise NotTranslatable("these are words")
            translated = f"= {feel(text.rstrip(';').removeprefix('return '))}"
        elif translated.startswith('= "'):
            raise NotTranslatable("text around an expression")
    except NotTranslatable as error:
        node.sheet.needs_hand(node.element, what, "expression", expression=text[:200], reason=str(error))
        return
    condition.text = translated
    node.sheet.mapped(node.element, what, translated)


def translate_flow(node: Node) -> None:
    """The condition of a sequence flow; one in words becomes the flow's name and is left to a person."""
    element = node.element
    if given := node.take("skipExpression"):
        node.sheet.needs_hand(element, given[0], "no_counterpart", value=given[1])
    condition = element.find(bpmn("conditionExpression"))
    if condition is None:
        return
    text = (condition.text or "").strip()
    translate_condition(node, condition, "condition")
    after = (condition.text or "").strip()
    if not after or not (after.startswith("=") or "${" in after or "#{" in after):
        element.remove(condition)
        if text and not element.get("name"):
            element.set("name", text[:200])
