"""Taking foreign attributes and extension elements off a node; texts with expressions on the way to FEEL."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.dialects.feel_printer import is_name, quoted, split_template, template
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.report import Sheet, bpmn
from engine.bpmn.extensions import FOREIGN

HARMLESS = frozenset({
    "asyncBefore", "asyncAfter", "async", "asyncLeave", "asyncComplete", "exclusive", "jobPriority", "taskPriority",
    "historyTimeToLive", "isStartableInTasklist", "autoStoreVariables", "errorMessage", "variableEvents",
    "variableName", "category", "owner", "formHandlerClass", "candidateStarterUsers", "triggerable",
    "calledElementTenantId", "decisionRefTenantId", "fallbackToDefaultTenant", "modelerTemplate",
    "modelerTemplateVersion", "modelerTemplateIcon", "formFieldValidation", "doNotIncludeVariables",
    "diagramRelationId",
})  # fmt: skip
"""Attributes whose loss changes nothing a person has to look at."""


class Node:
    """One BPMN node while it is being translated."""

    def __init__(self, element: etree._Element, sheet: Sheet) -> None:
        self.element = element
        self.sheet = sheet

    def take(self, *names: str) -> tuple[str, str] | None:
        """The first of these foreign attributes as (name with prefix, value), taken off."""
        for wanted in names:
            for name in list(self.element.attrib):
                tag = etree.QName(str(name))
                if tag.namespace in FOREIGN and tag.localname == wanted:
                    value = str(self.element.attrib.pop(name))
                    return f"{FOREIGN[tag.namespace]}:{wanted}", value.strip()
        return None

    def peek(self, name: str) -> str:
        """A foreign attribute's value, left where it is, or ''."""
        for found in self.element.attrib:
            tag = etree.QName(str(found))
            if tag.namespace in FOREIGN and tag.localname == name:
                return str(self.element.attrib[found]).strip()
        return ""

    def take_elements(self, *names: str) -> list[tuple[str, etree._Element]]:
        """All foreign extension elements of these names, taken off."""
        found = []
        for child in foreign_children(self.element):
            tag = etree.QName(child)
            if tag.localname in names:
                holder = child.getparent()
                assert holder is not None
                holder.remove(child)
                found.append((f"{FOREIGN[str(tag.namespace)]}:{tag.localname}", child))
        return found

    def value(self, what: str, text: str) -> str:
        """A literal or expression text as ours; one that FEEL cannot say stays and needs a hand."""
        return value(self.sheet, self.element, what, text)


def foreign_children(element: etree._Element) -> list[etree._Element]:
    """The foreign children of a node's ``extensionElements``."""
    holder = element.find(bpmn("extensionElements"))
    return [child for child in (holder if holder is not None else ()) if etree.QName(child).namespace in FOREIGN]


def value(sheet: Sheet, element: etree._Element, what: str, text: str) -> str:
    """A literal or expression text as ours; one that FEEL cannot say stays as it is and needs a hand."""
    try:
        translated = template(text)
    except NotTranslatable as error:
        sheet.needs_hand(element, what, "expression", expression=text[:200], reason=str(error))
        return text
    result = text if translated is None else translated
    sheet.mapped(element, what, result)
    return result


def expression(sheet: Sheet, element: etree._Element, what: str, text: str) -> str:
    """Like ``value`` where a bare name means a variable (collections)."""
    stripped = text.strip()
    if is_name(stripped):
        sheet.mapped(element, what, f"= {stripped}")
        return f"= {stripped}"
    return value(sheet, element, what, stripped)


def names(sheet: Sheet, element: etree._Element, what: str, text: str) -> str:
    """A list with commas whose entries may be expressions: literal, one expression, or a FEEL list."""
    try:
        entries: list[str] = []
        only_text = True
        for is_text, part in split_template(text):
            if is_text:
                entries += [quoted(name.strip()) for name in part.split(",") if name.strip()]
            else:
                only_text = False
                translated = template("${" + part + "}")
                assert translated is not None
                entries.append(translated.removeprefix("= "))
    except NotTranslatable as error:
        sheet.needs_hand(element, what, "expression", expression=text[:200], reason=str(error))
        return text
    result = text if only_text else f"= {entries[0]}" if len(entries) == 1 else f"= [{', '.join(entries)}]"
    sheet.mapped(element, what, result)
    return result
