"""The parts of an activity: its loop, its message, its data associations, and every formal expression."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.bpmn.events_reader import read_definition
from engine.bpmn.extensions import is_path, read_loop_extensions, refuse_attributes
from engine.bpmn.model import Element, Loop, Mapping
from engine.bpmn.reader import BPMN, is_true, reference, tag_of, text_of

_LANGUAGES = frozenset({"", "feel"})


class PartsReader:
    """What the parser needs below the level of elements; ``declared`` are the root elements by id."""

    def __init__(self, root: etree._Element) -> None:
        self.declared: dict[str, tuple[str, etree._Element]] = {}
        self.correlation_keys: dict[str, str | None] = {}
        self.data_objects = {
            node.get("id", ""): reference(node.get("dataObjectRef")) or node.get("id", "")
            for node in root.iter(f"{{{BPMN}}}dataObject", f"{{{BPMN}}}dataObjectReference")
        }

    def problem(self, code: str, node: etree._Element, severity: str = "error", **facts: Any) -> None:
        """Take note of a problem."""
        raise NotImplementedError

    def read_parts(self, node: etree._Element, element: Element) -> None:
        for child in node:
            tag = tag_of(child)
            if tag.endswith("LoopCharacteristics") and not element.is_activity:
                continue  # refused as an element that has no place here
            if tag == "multiInstanceLoopCharacteristics":
                element.loop = self._read_multi_instance(child)
            elif tag == "standardLoopCharacteristics":
                condition = child.find(f"{{{BPMN}}}loopCondition")
                element.loop = Loop("standard", test_before=is_true(child, "testBefore"))
                element.loop.maximum = child.get("loopMaximum")
                element.loop.loop_condition = self.expression(condition)
            elif tag == "dataInputAssociation":
                self._read_association(node, child, element, incoming=True)
            elif tag == "dataOutputAssociation":
                self._read_association(node, child, element, incoming=False)
        if node.get("messageRef"):
            self._read_message(node, element)

    def _read_message(self, node: etree._Element, element: Element) -> None:
        kind, message = self.declared.get(reference(node.get("messageRef")), ("", None))
        if kind != "message" or message is None:
            self.problem("unknown_reference", node, kind="message", reference=node.get("messageRef"))
            return
        element.message_name = (message.get("name") or "").strip()
        element.correlation_key = self.correlation_keys.get(message.get("id", ""))

    def _read_association(self, owner: etree._Element, node: etree._Element, element: Element, incoming: bool) -> None:
        """A data association between a data object and a declared data input or output of the activity."""
        sources = [reference(n.text) for n in node.iterchildren(f"{{{BPMN}}}sourceRef")]
        target = reference(text_of(node, "targetRef"))
        for extra in ("assignment", "transformation"):
            if node.find(f"{{{BPMN}}}{extra}") is not None:
                self.problem("unsupported_element", node, tag=extra)
        ports = {
            n.get("id"): n.get("name") or n.get("id")
            for n in owner.iter(f"{{{BPMN}}}dataInput", f"{{{BPMN}}}dataOutput")
        }
        source = sources[0] if sources else ""
        port, other = (target, source) if incoming else (source, target)
        if port not in ports:
            return  # Drawn for the eye: the modelers connect a task and a data object without declaring anything.
        name = self.data_objects.get(other, "")
        if not is_path(name):
            self.problem("unknown_reference", node, kind="dataObject", reference=name or other)
        elif incoming:
            element.inputs.append(Mapping(f"={name}", str(ports[target])))
        else:
            element.outputs.append(Mapping(f"={ports[source]}", name))

    def _read_multi_instance(self, node: etree._Element) -> Loop:
        loop = Loop("sequential" if is_true(node, "isSequential") else "parallel")
        read_loop_extensions(node, loop, self.problem)
        loop.cardinality = self.expression(node.find(f"{{{BPMN}}}loopCardinality"))
        loop.completion_condition = self.expression(node.find(f"{{{BPMN}}}completionCondition"))
        loop.behavior = node.get("behavior") or "All"
        for name in ("noneBehaviorEventRef", "oneBehaviorEventRef"):
            if node.get(name):
                self._read_behavior_event(node, node.get(name), loop, name)
        for child in node:
            tag = tag_of(child)
            if tag == "complexBehaviorDefinition":
                self._read_complex_behavior(child, loop)
            elif tag and tag not in {"extensionElements", "loopCardinality", "completionCondition", "documentation"}:
                self.problem("unsupported_element", child, tag=tag)
        return loop

    def _read_behavior_event(self, node: etree._Element, name: str | None, loop: Loop, attribute: str) -> None:
        tag, declared = self.declared.get(reference(name), ("", None))
        if declared is None or not tag.endswith("EventDefinition"):
            self.problem("unknown_reference", node, kind="eventDefinition", reference=name)
            return
        definition = read_definition(declared, tag, self.declared, self.correlation_keys, self.problem)
        if attribute == "noneBehaviorEventRef":
            loop.none_event = definition
        else:
            loop.one_event = definition

    def _read_complex_behavior(self, node: etree._Element, loop: Loop) -> None:
        condition = self.expression(node.find(f"{{{BPMN}}}condition"))
        event = node.find(f"{{{BPMN}}}event")
        definition = None
        for child in event if event is not None else ():
            if tag_of(child).endswith("EventDefinition"):
                definition = read_definition(child, tag_of(child), self.declared, self.correlation_keys, self.problem)
        if condition is None or definition is None:
            self.problem("complex_behavior_incomplete", node)
            return
        loop.complex_events.append((condition, definition))

    def expression(self, node: etree._Element | None) -> str | None:
        """The text of a formal expression; another language than FEEL is refused."""
        if node is None:
            return None
        refuse_attributes(node, self.problem)
        language = (node.get("language") or "").rpartition("/")[2].lower()
        if language not in _LANGUAGES and "feel" not in language:
            self.problem("foreign_expression", node, language=node.get("language"))
        return (node.text or "").strip() or None
