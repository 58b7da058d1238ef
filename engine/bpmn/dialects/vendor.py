"""One walk over a foreign diagram: every node goes to whoever knows its kind, what is left over is reported."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.dialects.events import translate_condition, translate_event, translate_flow
from engine.bpmn.dialects.foreign import HARMLESS, Node, foreign_children, names
from engine.bpmn.dialects.forms import translate_embedded_forms, translate_form
from engine.bpmn.dialects.mappings import translate_call, translate_loop, translate_mappings
from engine.bpmn.dialects.report import Sheet, bpmn, put, put_property, zeebe
from engine.bpmn.dialects.spiff import is_spiff, lanes_as_groups, translate_spiff
from engine.bpmn.dialects.tasks import WORKING, translate_user_task, translate_work
from engine.bpmn.extensions import FOREIGN
from engine.bpmn.reader import BPMN, ZEEBE

_LISTENERS = ("taskListener", "executionListener", "eventListener")
_NOT_OURS = ("executionListeners", "taskListeners", "adHoc", "linkedResources", "conditionalFilter")


def translate_tree(root: etree._Element, sheet: Sheet) -> None:
    """Rewrite a whole file in place."""
    spiff = is_spiff(root)
    for element in list(root.iter(f"{{{BPMN}}}*")):
        node = Node(element, sheet)
        tag = etree.QName(element).localname
        if spiff:
            translate_spiff(node)
        _translate_common(node)
        _translate_kind(node, tag)
        _report_rest(node)
    if spiff:
        lanes_as_groups(root, Node(root, sheet))
    translate_embedded_forms(root, Node(root, sheet))


def _translate_kind(node: Node, tag: str) -> None:
    element = node.element
    if tag == "userTask":
        translate_user_task(node)
    elif tag in WORKING:
        translate_work(node)
    elif tag == "callActivity":
        translate_call(node)
    elif tag == "process":
        _translate_process(node)
    elif tag == "sequenceFlow":
        translate_flow(node)
    elif tag == "startEvent":
        _translate_start(node)
    elif tag == "message":
        name = element.get("name") or ""
        if "${" in name or "#{" in name:
            element.set("name", node.value("message name", name))
    if tag.endswith("Event"):
        for definition in list(element):
            if etree.QName(definition).localname.endswith("EventDefinition"):
                translate_event(node, definition)
    _translate_markers(node)


def _translate_start(node: Node) -> None:
    element, native = node.element, f"{bpmn('extensionElements')}/{zeebe('formDefinition')}"
    had_form = element.find(native) is not None
    if given := node.take("initiator"):
        node.sheet.needs_hand(element, given[0], "initiator", variable=given[1])
    translate_form(node)
    form, holder = element.find(native), element.getparent()
    if form is not None and not had_form and holder is not None and etree.QName(holder).localname == "process":
        put_property(holder, "startForm", form.get("formId") or "")


def _translate_markers(node: Node) -> None:
    loop = node.element.find(bpmn("multiInstanceLoopCharacteristics"))
    if loop is not None:
        translate_loop(node, loop)
        for name in ("loopCardinality", "completionCondition"):
            part = loop.find(bpmn(name))
            if part is not None:
                _translate_count(node, part, name)
    loop = node.element.find(bpmn("standardLoopCharacteristics"))
    condition = loop.find(bpmn("loopCondition")) if loop is not None else None
    if condition is not None:
        translate_condition(node, condition, "loopCondition")


def _translate_count(node: Node, part: etree._Element, name: str) -> None:
    text = (part.text or "").strip()
    if text and not text.startswith("=") and not text.isdigit():
        if name == "completionCondition":
            translate_condition(node, part, name)
        else:
            part.text = node.value(name, text)


def _translate_common(node: Node) -> None:
    """What any element may carry: properties, mappings, listeners, retries."""
    element, sheet = node.element, node.sheet
    if etree.QName(element).localname == "multiInstanceLoopCharacteristics":
        return
    for what, properties in node.take_elements("properties"):
        for entry in properties:
            if entry.get("name"):
                put_property(element, entry.get("name") or "", entry.get("value") or "")
                sheet.mapped(element, f"{what} {entry.get('name')}", entry.get("value") or "")
    for _, mapping in node.take_elements("inputOutput"):
        translate_mappings(node, mapping)
    for what, listener in node.take_elements(*_LISTENERS):
        found = listener.get("class") or listener.get("delegateExpression") or listener.get("expression") or "script"
        sheet.dropped(element, f"{what} {listener.get('event') or ''}".strip(), "listener", found=found)
    for what, retry in node.take_elements("failedJobRetryTimeCycle"):
        sheet.dropped(element, what, "retries", cycle=(retry.text or "").strip())
    holder = element.find(bpmn("extensionElements"))
    for child in list(holder) if holder is not None else ():
        tag = etree.QName(child)
        if tag.namespace == ZEEBE and tag.localname in _NOT_OURS:
            holder.remove(child)  # type: ignore[union-attr]
            sheet.dropped(
                element, f"zeebe:{tag.localname}", "listener" if "isteners" in tag.localname else "no_counterpart"
            )


def _translate_process(node: Node) -> None:
    element = node.element
    if (given := node.take("versionTag")) and given[1]:
        put(element, "versionTag", value=given[1])
        node.sheet.mapped(element, given[0], given[1])
    if (given := node.take("candidateStarterGroups")) and given[1]:
        put_property(element, "startGroups", names(node.sheet, element, *given))


def _report_rest(node: Node) -> None:
    """Foreign attributes and elements nobody has taken: harmless ones are dropped, the others need a look."""
    element, sheet = node.element, node.sheet
    for name in list(element.attrib):
        tag = etree.QName(str(name))
        if tag.namespace in FOREIGN:
            value = str(element.attrib.pop(name))
            what = f"{FOREIGN[tag.namespace]}:{tag.localname}"
            if tag.localname in HARMLESS:
                sheet.dropped(element, what, "no_counterpart", value=value[:100])
            else:
                sheet.needs_hand(element, what, "no_counterpart", value=value[:100])
    for child in foreign_children(element):
        tag = etree.QName(child)
        holder = child.getparent()
        assert holder is not None
        holder.remove(child)
        sheet.needs_hand(element, f"{FOREIGN[str(tag.namespace)]}:{tag.localname}", "no_counterpart")
