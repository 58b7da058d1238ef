"""XML tree to ``Drawing``s. Everything it meets is either taken up, harmless by definition, or a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.bpmn.events_reader import read_event_definitions
from engine.bpmn.extensions import read_extensions, read_flow_extensions, read_subscription
from engine.bpmn.model import ACTIVITIES, EVENTS, GATEWAYS, Drawing, Element, Flow
from engine.bpmn.parser_parts import PartsReader
from engine.bpmn.reader import BPMN, is_true, reference, tag_of, text_of
from engine.bpmn.vocabulary import check_vocabulary
from engine.errors import Problem
from engine.safe_xml import line_of

_NODES = ACTIVITIES | GATEWAYS | EVENTS
_OWNERS = _NODES | {"process"}
_NOT_RUN = frozenset({"adHocSubProcess", "choreographyTask", "subChoreography", "callChoreography", "complexGateway"})
_OUTSIDE = frozenset(
    [
        "process",
        "collaboration",
        "message",
        "signal",
        "error",
        "escalation",
        "itemDefinition",
        "category",
        "dataStore",
        "interface",
        "documentation",
        "extensionElements",
        "resource",
        "correlationProperty",
    ]
)


@dataclass
class Definitions:
    """Everything one file declares."""

    file: str
    drawings: list[Drawing] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    black_boxes: set[str] = field(default_factory=set)


def parse(root: etree._Element, file: str) -> Definitions:
    """Read every executable process of one file, with all problems met on the way."""
    return _Parser(root, file).read()


class _Parser(PartsReader):
    def __init__(self, root: etree._Element, file: str) -> None:
        super().__init__(root)
        self.root = root
        self.result = Definitions(file)
        self.drawing = Drawing("", file)
        self.lanes: dict[str, str] = {}
        self.associations: list[tuple[str, str]] = []
        flows = root.iter(f"{{{BPMN}}}sequenceFlow")
        self.flow_ends = {reference(flow.get(end)) for flow in flows for end in ("sourceRef", "targetRef")}

    def problem(self, code: str, node: etree._Element, severity: str = "error", **facts: Any) -> None:
        owner = node
        named = _OWNERS | _NOT_RUN
        while owner is not None and not (tag_of(owner) in named and owner.get("id")) and not self._is_strange(owner):
            parent = owner.getparent()
            if parent is None:
                break
            owner = parent
        self.result.problems.append(
            Problem(
                code, self.result.file, owner.get("id") or "", owner.get("name") or "", line_of(node), facts, severity
            )
        )

    def read(self) -> Definitions:
        for node in self.root:
            tag = tag_of(node)
            if tag in {"message", "signal", "error", "escalation"}:
                self.declared[node.get("id", "")] = (tag, node)
                if tag == "message":
                    self.correlation_keys[node.get("id", "")] = read_subscription(node, self.problem)
            elif tag.endswith("EventDefinition"):
                self.declared[node.get("id", "")] = (tag, node)
            elif tag.startswith("global") and tag.endswith("Task"):
                self._read_global_task(node, tag)
            elif tag and tag not in _OUTSIDE:
                self.problem("unsupported_element", node, tag=tag)
            if tag != "process":
                check_vocabulary(node, self.problem)
        for node in self.root.iterchildren(f"{{{BPMN}}}process"):
            if is_true(node, "isExecutable", False):
                check_vocabulary(node, self.problem)
                self._read_process(node)
            else:
                self.result.black_boxes.add(node.get("id", ""))
        return self.result

    def _read_global_task(self, node: etree._Element, tag: str) -> None:
        kind = {"globalTask": "task"}.get(tag, tag.removeprefix("global")[:1].lower() + tag.removeprefix("global")[1:])
        if kind not in ACTIVITIES or not node.get("id"):
            self.problem("unsupported_element", node, tag=tag)
            return
        drawing = Drawing(node.get("id", ""), self.result.file)
        self.drawing = drawing
        drawing.elements[drawing.key] = Element(
            drawing.key, "process", node.get("name") or "", line_of(node), self.result.file
        )
        inner = self._read_node(node, kind, drawing.key, identity=f"{drawing.key}.task")
        drawing.elements[drawing.key].children = [inner.id]
        self.result.drawings.append(drawing)

    def _read_process(self, node: etree._Element) -> None:
        key = node.get("id") or ""
        if not key:
            self.problem("process_without_id", node)
            return
        self.drawing = Drawing(key, self.result.file)
        self.lanes = {}
        self.associations = []
        self._read_lanes(node)
        process = Element(key, "process", node.get("name") or "", line_of(node), self.result.file)
        process.documentation = text_of(node, "documentation")
        read_extensions(node, process, self.problem)
        self.drawing.elements[key] = process
        self._read_children(node, process)
        self._connect(node)
        self.result.drawings.append(self.drawing)

    def _read_lanes(self, node: etree._Element) -> None:
        for lane in node.iter(f"{{{BPMN}}}lane"):
            for member in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
                self.lanes[reference(member.text)] = lane.get("name") or lane.get("id") or ""

    def _read_children(self, holder: etree._Element, container: Element) -> None:
        for node in holder:
            tag = tag_of(node)
            if tag in _NODES:
                element = self._read_node(node, tag, container.id)
                container.children.append(element.id)
                if element.is_container:
                    self._read_children(node, element)
            elif tag == "sequenceFlow":
                self._read_flow(node)
            elif tag == "association":
                self.associations.append((reference(node.get("sourceRef")), reference(node.get("targetRef"))))
            elif tag in {"dataObject", "dataObjectReference"}:
                self._read_data_object(node, tag)
            elif self._is_strange(node):
                # Refused already; it keeps its place so that its flows are not told as faults of their own.
                strange = Element(node.get("id", ""), tag, node.get("name") or "", line_of(node), self.result.file)
                strange.parent = container.id
                container.children.append(strange.id)
                self.drawing.elements[strange.id] = strange

    def _is_strange(self, node: etree._Element) -> bool:
        """Whether flows lead to or from an element of BPMN that does not run here."""
        return tag_of(node) not in {"", *_OWNERS} and node.get("id") in self.flow_ends

    def _read_data_object(self, node: etree._Element, tag: str) -> None:
        identity = node.get("id", "")
        target = reference(node.get("dataObjectRef")) if tag == "dataObjectReference" else identity
        self.drawing.data_objects[identity] = target or identity

    def _read_node(self, node: etree._Element, tag: str, parent: str, identity: str = "") -> Element:
        element = Element(
            identity or node.get("id") or "", tag, node.get("name") or "", line_of(node), self.result.file, parent
        )
        if not element.id:
            self.problem("element_without_id", node, tag=tag)
            element.id = f"_{tag}_{line_of(node)}"
        element.documentation = text_of(node, "documentation")
        element.lane = self.lanes.get(element.id, "")
        element.default_flow = reference(node.get("default"))
        element.attached_to = reference(node.get("attachedToRef")) if tag == "boundaryEvent" else ""
        element.triggered_by_event = is_true(node, "triggeredByEvent") and tag in {"subProcess", "transaction"}
        element.for_compensation = is_true(node, "isForCompensation") and tag in ACTIVITIES
        element.instantiate = is_true(node, "instantiate") and tag == "receiveTask"
        element.called_process = reference(node.get("calledElement")) if tag == "callActivity" else ""
        element.direction = node.get("gatewayDirection") or ""
        element.interrupting = is_true(node, "isInterrupting" if tag == "startEvent" else "cancelActivity", True)
        if tag == "scriptTask":
            self._refuse_foreign_script(node)
        read_extensions(node, element, self.problem)
        if tag not in GATEWAYS:
            self.read_parts(node, element)
        if tag in EVENTS:
            read_event_definitions(node, element, self.declared, self.correlation_keys, self.problem)
        self.drawing.elements[element.id] = element
        return element

    def _refuse_foreign_script(self, node: etree._Element) -> None:
        language = node.get("scriptFormat") or node.get("scriptLanguage") or ""
        is_feel = language.lower().rpartition("/")[2] in {"", "feel"}
        if node.find(f"{{{BPMN}}}script") is not None or not is_feel:
            self.problem("foreign_script", node, language=language)

    def _read_flow(self, node: etree._Element) -> None:
        read_flow_extensions(node, self.problem)
        flow = Flow(
            node.get("id") or f"_flow_{line_of(node)}",
            reference(node.get("sourceRef")),
            reference(node.get("targetRef")),
            self.expression(node.find(f"{{{BPMN}}}conditionExpression")),
            node.get("name") or "",
            line_of(node),
        )
        self.drawing.flows[flow.id] = flow

    def _connect(self, process: etree._Element) -> None:
        elements = self.drawing.elements
        for flow in self.drawing.flows.values():
            if flow.source in elements and flow.target in elements:
                elements[flow.source].outgoing.append(flow)
                elements[flow.target].incoming.append(flow)
            else:
                missing = flow.source if flow.source not in elements else flow.target
                self.result.problems.append(
                    Problem("flow_to_nowhere", self.result.file, flow.id, flow.name, flow.line, {"missing": missing})
                )
        for source, target in self.associations:
            event, handler = elements.get(source), elements.get(target)
            if event is not None and handler is not None and event.type == "boundaryEvent" and event.event is not None:
                event.compensation_handler = handler.id if event.event.kind == "compensate" else ""
