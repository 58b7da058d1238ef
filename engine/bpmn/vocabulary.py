"""Every attribute and every inner element a BPMN element may have here: read, for the eye, or refused.

What the schema of BPMN 2.0 knows and these tables do not is refused: nothing is accepted and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.bpmn.extensions import Report
from engine.bpmn.model import ACTIVITIES, EVENTS, GATEWAYS
from engine.bpmn.reader import BPMN, reference, tag_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVENT_KINDS = _words("message signal timer error escalation conditional link terminate compensate cancel")
_ANYWHERE = _words("id name")
_ACTIVITY = _words("default isForCompensation startQuantity completionQuantity")
_SERVICE = _ACTIVITY | {"implementation", "operationRef"}
_EXPRESSION = _words("language evaluatesToTypeRef")

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(ACTIVITIES, _ACTIVITY),
    **dict.fromkeys(GATEWAYS, _words("default gatewayDirection")),
    **dict.fromkeys(
        (
            "timeDate",
            "timeDuration",
            "timeCycle",
            "conditionExpression",
            "condition",
            "loopCondition",
            "loopCardinality",
            "completionCondition",
        ),
        _EXPRESSION,
    ),
    **dict.fromkeys(("dataInput", "dataOutput", "dataObject"), _words("itemSubjectRef isCollection")),
    "subProcess": _ACTIVITY | {"triggeredByEvent"},
    "transaction": _ACTIVITY | {"triggeredByEvent", "method"},
    "callActivity": _ACTIVITY | {"calledElement"},
    "userTask": _ACTIVITY | {"implementation"},
    "businessRuleTask": _ACTIVITY | {"implementation"},
    "serviceTask": _SERVICE,
    "receiveTask": _SERVICE | {"messageRef", "instantiate"},
    "sendTask": _SERVICE | {"messageRef"},
    "scriptTask": _ACTIVITY | {"scriptFormat"},
    "parallelGateway": _words("gatewayDirection"),
    "eventBasedGateway": _words("gatewayDirection instantiate eventGatewayType"),
    "startEvent": _words("isInterrupting parallelMultiple"),
    "boundaryEvent": _words("attachedToRef cancelActivity parallelMultiple"),
    "intermediateCatchEvent": _words("parallelMultiple"),
    "intermediateThrowEvent": frozenset(),
    "endEvent": frozenset(),
    "globalTask": frozenset(),
    "globalManualTask": frozenset(),
    "globalUserTask": _words("implementation"),
    "globalBusinessRuleTask": _words("implementation"),
    "globalScriptTask": _words("scriptLanguage"),
    "sequenceFlow": _words("sourceRef targetRef isImmediate"),
    "messageEventDefinition": _words("messageRef"),
    "signalEventDefinition": _words("signalRef"),
    "errorEventDefinition": _words("errorRef"),
    "escalationEventDefinition": _words("escalationRef"),
    "compensateEventDefinition": _words("activityRef waitForCompletion"),
    "timerEventDefinition": frozenset(),
    "conditionalEventDefinition": frozenset(),
    "linkEventDefinition": frozenset(),
    "terminateEventDefinition": frozenset(),
    "cancelEventDefinition": frozenset(),
    "standardLoopCharacteristics": _words("testBefore loopMaximum"),
    "multiInstanceLoopCharacteristics": _words("isSequential behavior oneBehaviorEventRef noneBehaviorEventRef"),
    "process": _words("isExecutable processType isClosed definitionalCollaborationRef"),
    "collaboration": _words("isClosed"),
    "participant": _words("processRef"),
    "messageFlow": _words("sourceRef targetRef messageRef"),
    "message": _words("itemRef"),
    "signal": _words("structureRef"),
    "error": _words("errorCode structureRef"),
    "escalation": _words("escalationCode structureRef"),
    "property": _words("itemSubjectRef"),
    "dataObjectReference": _words("itemSubjectRef dataObjectRef"),
    "dataStoreReference": _words("itemSubjectRef dataStoreRef"),
    "association": _words("sourceRef targetRef associationDirection"),
    "lane": _words("partitionElementRef"),
    "group": _words("categoryValueRef"),
    "textAnnotation": _words("textFormat"),
    "documentation": _words("textFormat"),
    **dict.fromkeys(("laneSet", "ioSpecification", "inputSet", "outputSet"), frozenset()),
}
"""By element, beside id and name. What is not read (``read_here`` in the tests) only describes: types, directions."""

_NO = frozenset({"", "false", "0"})
HARMLESS: Mapping[str, frozenset[str]] = {
    "startQuantity": frozenset({"", "1"}),
    "completionQuantity": frozenset({"", "1"}),
    "implementation": frozenset({"", "##unspecified", "##WebService"}),
    "operationRef": frozenset({""}),
    "parallelMultiple": _NO,
    "isClosed": _NO,
    "processType": frozenset({"", "None", "Private", "executable"}),
    "method": frozenset({"", "##Compensate", "compensate"}),
    "isImmediate": frozenset({"", "true", "1"}),
    "eventGatewayType": frozenset({"", "Exclusive"}),
}
"""Attributes that may say only what is so anyway."""

_ALWAYS = _words("documentation extensionElements")
_FLOWING = _words("incoming outgoing auditing monitoring")
_WORK = _FLOWING | _words(
    "multiInstanceLoopCharacteristics standardLoopCharacteristics dataInputAssociation dataOutputAssociation "
    "ioSpecification property"
)
_SCOPE = (
    ACTIVITIES
    | GATEWAYS
    | EVENTS
    | _words(
        "sequenceFlow association group textAnnotation auditing monitoring dataObject dataObjectReference "
        "dataStoreReference laneSet property"
    )
)
_DEFINITIONS = frozenset(f"{kind}EventDefinition" for kind in EVENT_KINDS)
_CATCHING = _FLOWING | _DEFINITIONS | _words("eventDefinitionRef property dataOutput dataOutputAssociation outputSet")
_THROWING = _FLOWING | _DEFINITIONS | _words("eventDefinitionRef property dataInput dataInputAssociation inputSet")
CHILDREN: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(ACTIVITIES, _WORK),
    **dict.fromkeys(GATEWAYS, _FLOWING),
    **dict.fromkeys(("startEvent", "intermediateCatchEvent", "boundaryEvent"), _CATCHING),
    **dict.fromkeys(("intermediateThrowEvent", "endEvent"), _THROWING),
    **dict.fromkeys(("globalTask", "globalManualTask", "globalUserTask", "globalBusinessRuleTask"), frozenset()),
    "globalScriptTask": _words("script"),
    "scriptTask": _WORK | {"script"},
    "process": _SCOPE,
    "subProcess": _SCOPE | _WORK,
    "transaction": _SCOPE | _WORK,
    "sequenceFlow": _words("conditionExpression auditing monitoring"),
    "timerEventDefinition": _words("timeDate timeDuration timeCycle"),
    "conditionalEventDefinition": _words("condition"),
    "linkEventDefinition": _words("source target"),
    **dict.fromkeys(
        (f"{kind}EventDefinition" for kind in ("message", "signal", "error", "escalation", "compensate")), frozenset()
    ),
    "terminateEventDefinition": frozenset(),
    "cancelEventDefinition": frozenset(),
    "standardLoopCharacteristics": _words("loopCondition"),
    "collaboration": _words("participant messageFlow association group textAnnotation"),
    "participant": _words("participantMultiplicity"),
    "messageFlow": frozenset(),
    "message": frozenset(),
    "signal": frozenset(),
    "error": frozenset(),
    "escalation": frozenset(),
    "ioSpecification": _words("dataInput dataOutput inputSet outputSet"),
    "inputSet": _words("dataInputRefs"),
    "outputSet": _words("dataOutputRefs"),
    "dataObject": _words("dataState"),
    "dataObjectReference": _words("dataState"),
    "dataStoreReference": _words("dataState"),
    "property": _words("dataState"),
    "laneSet": _words("lane"),
    "lane": _words("flowNodeRef childLaneSet partitionElement"),
    "association": frozenset(),
}
"""By element, beside documentation and extensions; what is not here has no inner elements, or they are read closely."""


def check_vocabulary(node: etree._Element, report: Report) -> None:
    """Refuse the attributes and inner elements of ``node`` that mean nothing here; then those of everything inside."""
    stack = [node]
    while stack:
        at = stack.pop()
        tag = tag_of(at)
        if tag in ATTRIBUTES:
            _check_attributes(at, tag, report)
            stack.extend(reversed([child for child in at if _belongs(child, tag, report)]))
        elif tag in {"childLaneSet", "ioSpecification"}:
            stack.extend(reversed(list(at)))


def _belongs(child: etree._Element, parent: str, report: Report) -> bool:
    name = tag_of(child)
    if not name or parent not in CHILDREN or name in CHILDREN[parent] | _ALWAYS:
        return True
    report("unsupported_element", child, tag=name)
    return False


def _check_attributes(node: etree._Element, tag: str, report: Report) -> None:
    for key, value in node.attrib.items():
        name = str(key)
        if name.startswith("{"):
            continue
        given = str(value).strip()
        if name not in ATTRIBUTES[tag] | _ANYWHERE:
            report("attribute_misplaced", node, attribute=name, type=tag)
        elif given not in HARMLESS.get(name, (given,)):
            report("unsupported_attribute", node, attribute=name, value=given[:100])
        elif name == "instantiate" and tag == "eventBasedGateway" and given not in _NO:
            report("unsupported_attribute", node, attribute=name, value=given)
        elif name == "calledElement" and reference(given) not in (_called(node), ""):
            report("unsupported_attribute", node, attribute=name, value=given[:100])


def _called(node: etree._Element) -> str:
    """The process a call activity names by the modeler's extension, else by BPMN's own attribute."""
    path = f"{{{BPMN}}}extensionElements/{{http://camunda.org/schema/zeebe/1.0}}calledElement"
    extension = node.find(path)
    return (extension.get("processId") or "") if extension is not None else reference(node.get("calledElement"))
