# ruff: noqa: E501 - a drawing reads best with one element a line
"""Every element and attribute of the BPMN 2.0 schema, fed at every place: it means something, describes, or is refused.

The schema is the one SpiffWorkflow brings along. What is taken up has its row in ``matrix_rows.py``; what only describes is
listed here, so that nothing new slips in unseen.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import SpiffWorkflow
from lxml import etree

from engine.bpmn.vocabulary import ATTRIBUTES, EVENT_KINDS, check_vocabulary

HERE = Path(__file__).parent


def _neighbour(name: str) -> Any:
    full = f"bpmn_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


drawings, matrix = _neighbour("matrix_drawings"), _neighbour("test_matrix")
document, event, flows, node = drawings.document, drawings.event, drawings.flows, drawings.node
XSD = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA = etree.parse(Path(SpiffWorkflow.__file__).parent / "bpmn" / "parser" / "schema" / "Semantic.xsd").getroot()
TYPES = {found.get("name"): found for found in SCHEMA.findall(f"{XSD}complexType")}
ELEMENTS = {found.get("name"): found.get("type") for found in SCHEMA.findall(f"{XSD}element")}
LOCAL = sorted({found.get("name") for found in SCHEMA.iter(f"{XSD}element") if found.get("name")} - set(ELEMENTS))
START, END = event("startEvent", "start"), event("endEvent", "end")


def attributes_of(kind: str) -> dict[str, str]:
    """The attributes of a type in the schema, inherited ones too."""
    found: dict[str, str] = {}
    if (definition := TYPES.get(kind)) is None:
        return found
    for extension in definition.iter(f"{XSD}extension"):
        found |= attributes_of(extension.get("base").split(":")[-1])
    found |= {a.get("name"): a.get("type") or "" for a in definition.iter(f"{XSD}attribute") if a.get("name")}
    return found


def whole(
    inner: str = "", *, task: str = "", start: str = "", flow: str = "", root: str = "", gateway: str = ""
) -> bytes:
    """A drawing that runs, with something more at one place."""
    first = f'<bpmn:sequenceFlow id="f" sourceRef="start" targetRef="x">{flow}</bpmn:sequenceFlow>'
    content = (
        event("startEvent", "start").replace("></bpmn:startEvent>", f">{start}</bpmn:startEvent>"),
        node("userTask", "x", task), node("exclusiveGateway", "g", gateway), END, flows("x g end"), first, inner,
    )  # fmt: skip
    return document(*content, root=drawings.ROOT + root)


PLACES = {
    "beside the process": lambda q: whole(root=q),
    "in a process": lambda q: whole(q),
    "in a task": lambda q: whole(task=q),
    "in a start event": lambda q: whole(start=q),
    "in a gateway": lambda q: whole(gateway=q),
    "in a sequence flow": lambda q: whole(flow=q),
    "in an event definition": lambda q: whole(
        event("intermediateThrowEvent", "t").replace("></bpmn", f'><bpmn:signalEventDefinition signalRef="sig">{q}</bpmn:signalEventDefinition></bpmn')
        + flows("x t")
    ),
    "in a loop": lambda q: whole(task=f'<bpmn:standardLoopCharacteristics loopMaximum="2">{q}</bpmn:standardLoopCharacteristics>'),
    "in a collaboration": lambda q: whole(root=f'<bpmn:collaboration id="c"><bpmn:participant id="p" processRef="main"/>{q}</bpmn:collaboration>'),
    "in a participant": lambda q: whole(root=f'<bpmn:collaboration id="c"><bpmn:participant id="p" processRef="main">{q}</bpmn:participant></bpmn:collaboration>'),
    "in a lane set": lambda q: whole(f'<bpmn:laneSet id="ls">{q}</bpmn:laneSet>'),
    "in a lane": lambda q: whole(f'<bpmn:laneSet id="ls"><bpmn:lane id="l">{q}</bpmn:lane></bpmn:laneSet>'),
}  # fmt: skip
PAPER = {"documentation", "extensionElements"}
DRAWN = {"association", "group", "textAnnotation"}
TAKEN: dict[str, set[str]] = {
    "beside the process": {
        "message", "signal", "error", "escalation", "globalTask", "globalManualTask", "process", "collaboration",
        "cancelEventDefinition", "terminateEventDefinition", "messageEventDefinition", "signalEventDefinition",
        "errorEventDefinition", "escalationEventDefinition", "compensateEventDefinition", "linkEventDefinition",
        "timerEventDefinition", "conditionalEventDefinition",
        "category", "correlationProperty", "dataStore", "interface", "itemDefinition", "resource",
    },
    "in a process": {"auditing", "dataObject", "dataObjectReference", "dataStoreReference", "laneSet", "monitoring",
                     "property", "startEvent"},
    "in a task": {"auditing", "dataInputAssociation", "dataOutputAssociation", "ioSpecification", "monitoring", "property",
                  "incoming", "outgoing"},
    "in a start event": {"auditing", "dataOutput", "dataOutputAssociation", "incoming", "monitoring", "outgoing",
                         "outputSet", "property"},
    "in a gateway": {"auditing", "incoming", "monitoring", "outgoing"},
    "in a sequence flow": {"auditing", "monitoring", "conditionExpression"},
    "in a collaboration": {"participant", "messageFlow"},
    "in a participant": {"participantMultiplicity"},
    "in a lane set": {"lane"},
    "in a lane": {"childLaneSet", "flowNodeRef", "partitionElement"},
    "in a loop": {"loopCondition"},
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_every_element_of_the_schema_at_every_place_means_something_or_is_refused(place):
    taken = {
        name for name in (*ELEMENTS, *LOCAL) if not matrix.refusals(PLACES[place](f'<bpmn:{name} id="q" name="q"/>'))
    }
    assert taken == TAKEN.get(place, set()) | PAPER | (
        DRAWN if place in {"in a process", "in a collaboration"} else set()
    )


READ = {
    "activityRef", "attachedToRef", "behavior", "calledElement", "cancelActivity", "default", "errorCode", "errorRef",
    "escalationCode", "escalationRef", "eventGatewayType", "gatewayDirection", "implementation", "instantiate",
    "isClosed", "isExecutable", "isForCompensation", "isImmediate", "isInterrupting", "isSequential", "language",
    "loopMaximum", "messageRef", "method", "noneBehaviorEventRef", "oneBehaviorEventRef", "operationRef",
    "parallelMultiple", "processRef", "processType", "scriptFormat", "scriptLanguage", "signalRef", "sourceRef",
    "startQuantity", "completionQuantity", "targetRef", "testBefore", "triggeredByEvent", "waitForCompletion",
    "dataObjectRef",
}  # fmt: skip
"""Attributes that change what happens, or are refused when they say more than what is so anyway."""
DESCRIBES = {
    "associationDirection", "categoryValueRef", "dataStoreRef", "definitionalCollaborationRef", "evaluatesToTypeRef",
    "isCollection", "itemRef", "itemSubjectRef", "partitionElementRef", "structureRef", "textFormat",
}  # fmt: skip
"""Attributes that only describe: types of data, how a line is drawn. Nothing would run differently."""


def reported(tag: str, **attributes: str) -> list[str]:
    """What is said about one element with these attributes."""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    found: list[str] = []
    root = etree.fromstring(f'<bpmn:{tag} xmlns:bpmn="{drawings.BPMN}" id="q"{written}/>')
    check_vocabulary(root, lambda code, node, severity="error", **facts: found.append(code))
    return found


@pytest.mark.parametrize("tag", sorted(ATTRIBUTES))
def test_every_attribute_of_the_schema_is_read_describes_or_is_refused(tag):
    known = attributes_of(ELEMENTS.get(tag) or "")
    assert known or tag not in ELEMENTS, "every element of the tables is one of the schema"
    assert not known or set(known) >= ATTRIBUTES[tag], "the tables allow nothing that BPMN does not know"
    for name in sorted({*known, "madeUp", "cancelActivity", "isForCompensation"} - {"id", "name"}):
        if name not in ATTRIBUTES[tag]:
            assert reported(tag, **{name: "true"}) == ["attribute_misplaced"], name


def test_what_is_allowed_is_read_or_describes_and_nothing_else():
    assert {name for names in ATTRIBUTES.values() for name in names} == READ | DESCRIBES


@pytest.mark.parametrize(
    ("tag", "attribute", "value"),
    [
        ("userTask", "startQuantity", "2"),
        ("userTask", "completionQuantity", "2"),
        ("serviceTask", "implementation", "urn:web"),
        ("serviceTask", "operationRef", "op"),
        ("receiveTask", "operationRef", "op"),
        ("transaction", "method", "##Store"),
        ("process", "processType", "Public"),
        ("process", "isClosed", "true"),
        ("sequenceFlow", "isImmediate", "false"),
        ("boundaryEvent", "parallelMultiple", "true"),
        ("eventBasedGateway", "eventGatewayType", "Parallel"),
        ("eventBasedGateway", "instantiate", "true"),
    ],
)
def test_an_attribute_that_asks_for_more_than_runs_is_refused(tag, attribute, value):
    assert reported(tag, **{attribute: value}) == ["unsupported_attribute"]


@pytest.mark.parametrize(
    ("direction", "refused"), [("Converging", True), ("Diverging", False), ("Mixed", False), ("Unspecified", False)]
)
def test_a_gateway_s_direction_may_not_contradict_its_flows(direction, refused):
    split = (node("parallelGateway", "x", gatewayDirection=direction), node("task", "a"), node("task", "b"))
    codes = matrix.refusals(document(START, *split, END, flows("start x a end", "x b end")))
    assert codes == (["unsupported_attribute"] if refused else [])


def test_bpmn_s_own_way_to_name_a_called_process_runs_and_two_names_are_refused():
    other = drawings.process(event("startEvent", "o1"), event("endEvent", "o2"), flows("o1 o2"), key="other")
    call = node("callActivity", "x", extensions="", calledElement="other")
    main = drawings.process(START, call, END, flows("start x end"))
    assert matrix.refusals(document(main, other)) == []
    twice = node("callActivity", "x", calledElement="another")
    main = drawings.process(START, twice, END, flows("start x end"))
    assert matrix.refusals(document(main, other)) == ["unsupported_attribute"]


def test_what_the_tables_say_of_events_is_the_schema_s_own_list():
    kinds = {name.removesuffix("EventDefinition") for name in ELEMENTS if re.fullmatch(r"[a-z]+EventDefinition", name)}
    assert kinds == EVENT_KINDS
