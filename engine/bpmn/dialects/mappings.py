"""What goes into and comes out of activities: mappings, calls, collections."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.dialects.feel_printer import quoted
from engine.bpmn.dialects.foreign import Node, expression, value
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.report import bpmn, put, put_mapping, zeebe
from engine.bpmn.dialects.scripts import translate_script


def variable_name(name: str | None) -> str:
    """A variable's name out of whatever a foreign file calls it."""
    cleaned = re.sub(r"\W", "_", (name or "").strip()) or "value"
    return f"_{cleaned}" if cleaned[0].isdigit() else cleaned


def all_text(element: etree._Element) -> str:
    """Everything written inside an element, on one line."""
    return " ".join(str(t).strip() for t in element.itertext() if str(t).strip())


def translate_mappings(node: Node, holder: etree._Element) -> None:
    """``inputOutput``: parameters that are a text, an expression, a list, a map or a script."""
    for parameter in holder:
        kind = {"inputParameter": "input", "outputParameter": "output"}.get(etree.QName(parameter).localname)
        if kind is None:
            continue
        target = variable_name(parameter.get("name"))
        what = f"{etree.QName(parameter).localname} {parameter.get('name') or ''}"
        try:
            source: str | None = "= " + _structure(node, what, parameter) if len(parameter) else None
        except NotTranslatable as error:
            node.sheet.needs_hand(node.element, what, "expression", expression=all_text(parameter), reason=str(error))
            source = "= null"
        if source is None:
            source = value(node.sheet, node.element, what, (parameter.text or "").strip())
        if kind == "output" and not source.startswith("="):
            source = f"= {quoted(source)}"
        put_mapping(node.element, kind, source, target)


def _structure(node: Node, what: str, holder: etree._Element) -> str:
    """FEEL for what stands inside a parameter: ``list``, ``map``, ``script`` or text."""
    inner = next(iter(holder), None)
    if inner is None:
        text = value(node.sheet, node.element, what, (holder.text or "").strip())
        return text.removeprefix("=").strip() if text.startswith("=") else quoted(text)
    tag = etree.QName(inner).localname
    if tag == "script":
        return translate_script(inner.text or "", "result").expression
    if tag == "list":
        return "[" + ", ".join(_item(node, what, item) for item in inner) + "]"
    if tag == "map":
        return "{" + ", ".join(f"{quoted(e.get('key') or '')}: {_structure(node, what, e)}" for e in inner) + "}"
    raise NotTranslatable(f"a parameter of kind {tag}")


def _item(node: Node, what: str, item: etree._Element) -> str:
    if etree.QName(item).localname == "script":
        return translate_script(item.text or "", "result").expression
    return _structure(node, what, item)


def translate_call(node: Node) -> None:
    """Call activities: what is called and what goes in and out."""
    element = node.element
    called = element.attrib.pop("calledElement", "")
    native = element.find(f"{bpmn('extensionElements')}/{zeebe('calledElement')}")
    if called and native is None:
        put(
            element,
            "calledElement",
            processId=node.value("calledElement", str(called).rpartition(":")[2] or str(called)),
        )
    binding = node.take("calledElementBinding")
    if binding and binding[1] not in {"latest", "deployment"}:
        node.sheet.needs_hand(element, binding[0], "binding", binding=binding[1])
    for name in ("calledElementVersion", "calledElementVersionTag"):
        if (given := node.take(name)) and not binding:
            node.sheet.needs_hand(element, given[0], "binding", binding=given[1])
    if (given := node.take("calledElementType")) and given[1] != "key":
        node.sheet.needs_hand(element, given[0], "no_counterpart", value=given[1])
    for name in ("businessKey", "inheritBusinessKey"):
        if given := node.take(name):
            node.sheet.dropped(element, given[0], "business_key")
    for name in ("caseRef", "variableMappingClass", "variableMappingDelegateExpression"):
        if given := node.take(name):
            node.sheet.needs_hand(element, given[0], "no_counterpart", value=given[1])
    inherit = node.take("inheritVariables")
    ins, outs = node.take_elements("in"), node.take_elements("out")
    if not (binding or ins or outs or inherit):
        return
    everything_in = any(child.get("variables") == "all" for _, child in ins) or bool(inherit and inherit[1] == "true")
    everything_out = any(child.get("variables") == "all" for _, child in outs)
    put(element, "calledElement", propagateAllParentVariables="true" if everything_in else "false",
        propagateAllChildVariables="true" if everything_out else "false")  # fmt: skip
    for kind, children in (("input", ins), ("output", outs)):
        for what, child in children:
            _translate_mapping(node, kind, what, child)


def _translate_mapping(node: Node, kind: str, what: str, child: etree._Element) -> None:
    if child.get("businessKey"):
        node.sheet.dropped(node.element, f"{what} businessKey", "business_key")
        return
    if child.get("local") == "true":
        node.sheet.needs_hand(node.element, f"{what} local", "no_counterpart")
    if child.get("variables"):
        node.sheet.mapped(node.element, f"{what} variables", child.get("variables", ""))
    target = child.get("target")
    if not target:
        return
    given = child.get("sourceExpression")
    source = expression(node.sheet, node.element, what, given or child.get("source") or "null")
    put_mapping(node.element, kind, source, variable_name(target))


def translate_loop(node: Node, loop: etree._Element) -> None:
    """Collections, counts and end conditions of multi-instance markers, of vendors and of the standard itself."""
    inner = Node(loop, node.sheet)
    collection, item = inner.take("collection"), inner.take("elementVariable")
    if index := inner.take("elementIndexVariable"):
        node.sheet.needs_hand(node.element, index[0], "loop_index", variable=index[1])
    ports = {
        bpmn(tag): loop.find(bpmn(tag))
        for tag in ("loopDataInputRef", "inputDataItem", "loopDataOutputRef", "outputDataItem")
    }
    found: dict[str, str] = {}
    for tag, port in ports.items():
        if port is not None:
            found[etree.QName(tag).localname] = (port.text or "").strip() or port.get("name") or port.get("id") or ""
            loop.remove(port)
    source = collection[1] if collection else found.get("loopDataInputRef", "")
    if source:
        text = expression(node.sheet, node.element, collection[0] if collection else "loopDataInputRef", source)
        put(loop, "loopCharacteristics", inputCollection=text)
    if name := (item[1] if item else found.get("inputDataItem", "")):
        put(loop, "loopCharacteristics", inputElement=variable_name(name))
    if found.get("loopDataOutputRef") and found.get("outputDataItem"):
        target = found["outputDataItem"]
        put(
            loop,
            "loopCharacteristics",
            outputCollection=variable_name(found["loopDataOutputRef"]),
            outputElement=f"= {variable_name(target)}",
        )
