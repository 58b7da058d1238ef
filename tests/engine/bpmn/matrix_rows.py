# ruff: noqa: E501 - a drawing reads best with one element a line
"""Every BPMN element and every event at every place as a small drawing, with how to walk it when it runs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_spec = importlib.util.spec_from_file_location("bpmn_matrix_drawings", Path(__file__).with_name("matrix_drawings.py"))
drawings = sys.modules.get("bpmn_matrix_drawings") or importlib.util.module_from_spec(_spec)
if "bpmn_matrix_drawings" not in sys.modules:
    sys.modules["bpmn_matrix_drawings"] = drawings
    _spec.loader.exec_module(drawings)
document, event, flows, node, process = (
    drawings.document, drawings.event, drawings.flows, drawings.node, drawings.process,
)  # fmt: skip

START, END = event("startEvent", "start"), event("endEvent", "end")
OTHER = process(event("startEvent", "o1"), event("endEvent", "o2"), flows("o1 o2"), key="other")


@dataclass
class Row:
    """One cell of the matrix. ``passes`` are elements that must have been entered, ``thrown`` what must have left."""

    group: str
    title: str
    content: tuple[str, ...]
    runs: bool
    root: str = drawings.ROOT
    start: str | None = None
    actions: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    times: int = 1
    thrown: tuple[str, ...] = ()
    key: str = "main"

    @property
    def data(self) -> bytes:
        content = self.content if any("<bpmn:process" in part for part in self.content) else (process(*self.content),)
        return document(*content, OTHER, root=self.root)

    def __str__(self) -> str:
        return f"{self.group}: {self.title}"


def line(*content: str, path: str = "start x end") -> tuple[str, ...]:
    return (START, *content, END, flows(path))


# -- elements ----------------------------------------------------------------------------------------------------------
TASKS = (
    "task",
    "userTask",
    "manualTask",
    "scriptTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "businessRuleTask",
    "callActivity",
)
INNER = event("startEvent", "in1") + node("userTask", "in2") + event("endEvent", "in3") + flows("in1 in2 in3")


def activity(tag: str, inner: str = "", **attributes: object) -> str:
    """The activity ``x`` of a kind, ready to run."""
    return node(tag, "x", inner + (INNER if tag in {"subProcess", "transaction"} else ""), **attributes)


def elements() -> Iterator[Row]:
    for tag in (*TASKS, "subProcess", "transaction"):
        yield Row("activities", tag, line(activity(tag)), True, passes=("x", "end"))
    yield Row("activities", "adHocSubProcess", line(node("adHocSubProcess", "x", INNER)), False)
    for tag in ("choreographyTask", "subChoreography", "callChoreography"):
        yield Row("activities", tag, line(node(tag, "x")), False)
    for tag in ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"):
        kind = {"globalTask": "task"}.get(tag, tag.removeprefix("global")[:1].lower() + tag.removeprefix("global")[1:])
        called = node(tag, "called", extensions=drawings.EXTENSIONS.get(kind, ""))
        content = (
            process(*line(node("callActivity", "x", extensions='<zeebe:calledElement processId="called"/>'))),
            called,
        )
        yield Row("activities", tag, content, True, passes=("x", "called.task", "end"))
    yield Row(
        "activities",
        "user task marker zeebe:userTask",
        line(node("userTask", "x", extensions="<zeebe:userTask/>" + drawings.FORM)),
        True,
        passes=("x", "end"),
    )
    decided = (
        START,
        node("exclusiveGateway", "x", default="x-b"),
        node("task", "a"),
        node("task", "b"),
        END,
        flows("start x", "x a ?= yes", "x b", "a end", "b end"),
    )
    yield Row("gateways", "exclusiveGateway", decided, True, passes=("x", "a", "end"))
    yield Row(
        "gateways",
        "inclusiveGateway",
        (
            START,
            node("inclusiveGateway", "x", default="x-b"),
            node("task", "a"),
            node("task", "b"),
            node("inclusiveGateway", "j"),
            END,
            flows("start x", "x a ?= yes", "x b", "a j", "b j", "j end"),
        ),
        True,
        passes=("x", "a", "j", "end"),
    )
    yield Row(
        "gateways",
        "parallelGateway",
        (
            START,
            node("parallelGateway", "x"),
            node("userTask", "a"),
            node("userTask", "b"),
            node("parallelGateway", "j"),
            END,
            flows("start x a j end", "x b j"),
        ),
        True,
        passes=("x", "a", "b", "j", "end"),
    )
    for kind, runs in (
        ("message", True),
        ("signal", True),
        ("timer", True),
        ("conditional", True),
        ("link", False),
        ("none", False),
    ):
        yield Row(
            "gateways",
            f"eventBasedGateway → {kind}",
            (
                START,
                node("eventBasedGateway", "x"),
                event("intermediateCatchEvent", "a", kind),
                event("intermediateCatchEvent", "b", "timer date"),
                END,
                flows("start x a end", "x b end"),
            ),
            runs,
            actions=("a",),
            passes=("x", "a", "end"),
        )
    yield Row(
        "gateways",
        "eventBasedGateway → receiveTask",
        (
            START,
            node("eventBasedGateway", "x"),
            node("receiveTask", "a"),
            event("intermediateCatchEvent", "b", "timer"),
            END,
            flows("start x a end", "x b end"),
        ),
        True,
        actions=("a",),
        passes=("x", "a", "end"),
    )
    for tag in ("userTask", "serviceTask", "endEvent", "exclusiveGateway"):
        yield Row(
            "gateways",
            f"eventBasedGateway → {tag}",
            (
                START,
                node("eventBasedGateway", "x"),
                node(tag, "a"),
                event("intermediateCatchEvent", "b", "timer"),
                END,
                flows("start x a", "x b end") + ("" if tag == "endEvent" else flows("a end")),
            ),
            False,
        )
    yield Row(
        "gateways",
        "eventBasedGateway, Parallel",
        (
            node("eventBasedGateway", "x", eventGatewayType="Parallel", instantiate="true"),
            event("intermediateCatchEvent", "a", "message"),
            event("intermediateCatchEvent", "b", "signal"),
            END,
            flows("x a end", "x b end"),
        ),
        False,
    )
    yield Row(
        "gateways",
        "eventBasedGateway, instantiate",
        (
            node("eventBasedGateway", "x", instantiate="true"),
            event("intermediateCatchEvent", "a", "message"),
            event("intermediateCatchEvent", "b", "signal"),
            END,
            flows("x a end", "x b end"),
        ),
        False,
    )
    yield Row("gateways", "complexGateway", line(node("complexGateway", "x")), False)
    yield Row(
        "flows",
        "implicit split",
        (START, node("task", "x"), node("task", "a"), node("task", "b"), END, flows("start x a end", "x b end")),
        True,
        passes=("a", "b"),
    )
    yield Row(
        "flows",
        "implicit merge",
        (
            START,
            node("exclusiveGateway", "g", default="g-b"),
            node("task", "a"),
            node("task", "b"),
            node("task", "x"),
            END,
            flows("start g", "g a ?= yes", "g b", "a x", "b x", "x end"),
        ),
        True,
        passes=("x", "end"),
    )
    yield Row(
        "flows",
        "condition on a flow of an activity",
        (
            START,
            node("task", "x", default="x-b"),
            node("task", "a"),
            node("task", "b"),
            END,
            flows("start x", "x a ?= yes", "x b", "a end", "b end"),
        ),
        True,
        passes=("a", "end"),
    )
    yield Row(
        "flows",
        "condition on a flow of an event",
        (START, node("task", "a"), END, flows("start a ?= yes", "a end")),
        False,
    )
    yield Row(
        "flows",
        "condition on a flow of a parallel gateway",
        (START, node("parallelGateway", "x"), node("task", "a"), END, flows("start x", "x a ?= yes", "x end", "a end")),
        False,
    )
    yield Row(
        "flows",
        "across a subprocess border",
        (
            START,
            node("subProcess", "x", event("startEvent", "in1") + node("task", "in2") + flows("in1 in2", "in2 end")),
            END,
            flows("start x end"),
        ),
        False,
    )
    yield Row("flows", "no start event", (node("task", "x"), END, flows("x end")), True, passes=("x", "end"))
    yield Row("flows", "no end event", (START, node("task", "x"), flows("start x")), True, passes=("x",))
    yield Row(
        "flows", "unreachable element", (*line(node("task", "x")), node("task", "lost"), flows("lost end")), False
    )


def around() -> Iterator[Row]:
    """What stands beside the flow: data, artifacts, lanes, pools, attributes."""
    one = line(node("task", "x"))
    for title, extra in (
        ("dataObject", '<bpmn:dataObject id="d"/><bpmn:dataObjectReference id="dr" dataObjectRef="d"/>'),
        ("dataStoreReference", '<bpmn:dataStoreReference id="d" name="台账"/>'),
        ("textAnnotation", '<bpmn:textAnnotation id="d"><bpmn:text>说明</bpmn:text></bpmn:textAnnotation><bpmn:association id="as" sourceRef="x" targetRef="d"/>'),
        ("group", '<bpmn:group id="d"/>'),
        ("laneSet", '<bpmn:laneSet id="d"><bpmn:lane id="l" name="值班长"><bpmn:flowNodeRef>x</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'),
        ("documentation", "<bpmn:documentation>说明</bpmn:documentation>"),
        ("auditing, monitoring", '<bpmn:auditing id="d"/><bpmn:monitoring id="d2"/>'),
    ):  # fmt: skip
        content = (extra, *one) if title in {"laneSet", "documentation", "auditing, monitoring"} else (*one, extra)
        yield Row("beside the flow", title, content, True, passes=("x", "end"))
    for tag in ("correlationSubscription", "conversation", "callConversation", "resourceRole", "performer"):
        yield Row("beside the flow", tag, (*one, f'<bpmn:{tag} id="d"/>'), False)
    pools = '<bpmn:collaboration id="co"><bpmn:participant id="p1" processRef="main"/><bpmn:participant id="p2" name="市民"/><bpmn:messageFlow id="mf" sourceRef="p2" targetRef="x"/></bpmn:collaboration>'
    yield Row("beside the flow", "pools, one executable", (pools, process(*one)), True, passes=("x", "end"))
    yield Row("beside the flow", "choreography", ('<bpmn:choreography id="ch"/>', process(*one)), False)
    yield Row("beside the flow", "unknown BPMN element", line(node("fancyTask", "x")), False)
    for title, attributes in (
        ("startQuantity", {"startQuantity": 2}),
        ("completionQuantity", {"completionQuantity": 2}),
    ):
        yield Row("attributes", title, line(node("task", "x", **attributes)), False)
    yield Row(
        "attributes",
        "parallelMultiple",
        (START, event("intermediateCatchEvent", "x", "multiple", parallelMultiple="true"), END, flows("start x end")),
        False,
    )
    yield Row(
        "attributes",
        "triggeredByEvent on a transaction",
        (
            *one,
            node(
                "transaction",
                "es",
                event("startEvent", "s", "message") + event("endEvent", "e") + flows("s e"),
                triggeredByEvent="true",
            ),
        ),
        False,
    )
    yield Row(
        "attributes",
        "instantiate on a receive task",
        (node("receiveTask", "x", instantiate="true"), END, flows("x end")),
        True,
        start="x",
        passes=("x", "end"),
    )
    yield Row(
        "attributes",
        "instantiate on a receive task inside the flow",
        line(node("receiveTask", "x", instantiate="true")),
        False,
    )
    yield Row(
        "attributes",
        "script in another language",
        line(node("scriptTask", "x", "<bpmn:script>1</bpmn:script>", scriptFormat="javascript")),
        False,
    )
    data = '<bpmn:dataObject id="d"/><bpmn:dataObjectReference id="dr" dataObjectRef="d"/><bpmn:dataStoreReference id="ds"/>'
    drawn = '<bpmn:property id="pr" name="__targetRef_placeholder"/><bpmn:dataInputAssociation id="da"><bpmn:sourceRef>{}</bpmn:sourceRef><bpmn:targetRef>pr</bpmn:targetRef>{}</bpmn:dataInputAssociation>'
    for title, source, extra, runs in (
        ("data association drawn only", "dr", "", True),
        ("data association with a data store", "ds", "", True),
        ("assignment in a data association", "dr", "<bpmn:assignment><bpmn:from>1</bpmn:from><bpmn:to>2</bpmn:to></bpmn:assignment>", False),
        ("transformation in a data association", "dr", "<bpmn:transformation>1</bpmn:transformation>", False),
    ):  # fmt: skip
        yield Row(
            "attributes",
            title,
            (*line(node("task", "x", drawn.format(source, extra))), data),
            runs,
            passes=("x", "end"),
        )
    for title, inner in (
        ("loopDataInputRef", "<bpmn:loopDataInputRef>d</bpmn:loopDataInputRef>"),
        ("inputDataItem", '<bpmn:inputDataItem id="idi"/>'),
    ):
        marker = f"<bpmn:multiInstanceLoopCharacteristics>{inner}<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
        yield Row("attributes", f"multiInstance {title}", line(node("task", "x", marker)), False)
    named = drawings.ROOT + '<bpmn:signalEventDefinition id="shared" signalRef="sig"/>'
    shared = node("intermediateThrowEvent", "x", "<bpmn:eventDefinitionRef>shared</bpmn:eventDefinitionRef>")
    yield Row(
        "attributes", "eventDefinitionRef", line(shared), True, root=named, passes=("x", "end"), thrown=("signal",)
    )
    for title, tag in (
        ("attachedToRef", "task"),
        ("triggeredByEvent", "task"),
        ("isForCompensation", "exclusiveGateway"),
        ("instantiate", "userTask"),
    ):
        value = "end" if title == "attachedToRef" else "true"
        yield Row("attributes", f"{title} on {tag}", line(node(tag, "x", **{title: value})), False)
    yield Row(
        "attributes", "a loop marker on a gateway", line(node("exclusiveGateway", "x", MARKERS["standardLoop"])), False
    )
    for title, head in (("not FEEL", 'language="groovy"'), ("JUEL", "")):
        text = "${yes}" if title == "JUEL" else "yes"
        flow = f'<bpmn:sequenceFlow id="xa" sourceRef="x" targetRef="a"><bpmn:conditionExpression {head}>{text}</bpmn:conditionExpression></bpmn:sequenceFlow>'
        content = (
            START,
            node("exclusiveGateway", "x", default="x-end"),
            node("task", "a"),
            END,
            flows("start x end", "a end"),
            flow,
        )
        yield Row("attributes", f"a condition in {title}", content, False)
    for name in ("taskListeners", "executionListeners", "adHoc", "linkedResources"):
        yield Row(
            "attributes",
            f"zeebe:{name}",
            line(node("userTask", "x", extensions=drawings.FORM + f"<zeebe:{name}/>")),
            False,
        )


# -- markers -----------------------------------------------------------------------------------------------------------
MARKERS = {
    "standardLoop": '<bpmn:standardLoopCharacteristics loopMaximum="3"/>',
    "multiInstance parallel": "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>",
    "multiInstance sequential": '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>',
}


def markers() -> Iterator[Row]:
    for tag in (*TASKS, "subProcess", "transaction"):
        for marker, inner in MARKERS.items():
            yield Row("markers", f"{marker} on {tag}", line(activity(tag, inner)), True, passes=("x", "end"), times=3)
        undone = (
            event("boundaryEvent", "b", "compensate", attachedToRef="a")
            + '<bpmn:association id="as" sourceRef="b" targetRef="x"/>'
        )
        content = (
            START,
            node("task", "a"),
            undone,
            activity(tag, isForCompensation="true"),
            event("intermediateThrowEvent", "t", "compensate"),
            END,
            flows("start a t end"),
        )
        yield Row("markers", f"isForCompensation on {tag}", content, True, passes=("x", "t", "end"))
        bordered = (
            START,
            activity(tag),
            event("boundaryEvent", "b", "timer", attachedToRef="x", cancelActivity="false"),
            node("task", "after"),
            END,
            flows("start x end", "b after end"),
        )
        waits = tag in {"userTask", "serviceTask", "sendTask", "receiveTask", "subProcess", "transaction"}
        yield Row(
            "markers",
            f"boundary event on {tag}",
            bordered,
            True,
            actions=("b",) if waits else (),
            passes=("b", "after", "x", "end") if waits else ("x", "end"),
        )
    es = node(
        "subProcess",
        "es",
        event("startEvent", "s", "message") + event("endEvent", "e") + flows("s e") + MARKERS["standardLoop"],
        triggeredByEvent="true",
    )
    yield Row("markers", "standardLoop on an event subprocess", (*line(node("userTask", "x")), es), False)
    for behavior, events, thrown in (("None", 'noneBehaviorEventRef="be"', 3), ("One", 'oneBehaviorEventRef="be"', 1)):
        inner = f'<bpmn:multiInstanceLoopCharacteristics behavior="{behavior}" {events}><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>'
        root = drawings.ROOT + '<bpmn:signalEventDefinition id="be" signalRef="sig"/>'
        yield Row(
            "markers",
            f"multiInstance behavior {behavior}",
            line(activity("userTask", inner)),
            True,
            root=root,
            passes=("x", "end"),
            thrown=("signal",) * thrown,
        )
        yield Row(
            "markers",
            f"multiInstance behavior {behavior} without its event",
            line(activity("userTask", inner.replace(f" {events}", ""))),
            False,
        )
    complex_events = '<bpmn:complexBehaviorDefinition><bpmn:condition>= numberOfCompletedInstances = 2</bpmn:condition><bpmn:event><bpmn:signalEventDefinition signalRef="sig"/></bpmn:event></bpmn:complexBehaviorDefinition>'
    inner = f'<bpmn:multiInstanceLoopCharacteristics behavior="Complex"><bpmn:loopCardinality>3</bpmn:loopCardinality>{complex_events}</bpmn:multiInstanceLoopCharacteristics>'
    yield Row(
        "markers",
        "multiInstance behavior Complex",
        line(activity("userTask", inner)),
        True,
        passes=("x", "end"),
        thrown=("signal",),
    )


# -- events ------------------------------------------------------------------------------------------------------------
KINDS = ("none", "message", "signal", "timer", "timer date", "timer cycle", "error", "escalation", "conditional", "link",
         "terminate", "compensate", "cancel", "multiple")  # fmt: skip
RUN: dict[str, set[str]] = {
    "start of a process": {"none", "message", "signal", "timer date", "timer cycle", "conditional"},
    "start of a subprocess": {"none"},
    "start of an event subprocess, interrupting": {"message", "signal", "timer", "timer date", "conditional", "escalation", "error"},
    "start of an event subprocess, non-interrupting": {"message", "signal", "timer", "timer date", "timer cycle", "conditional", "escalation"},
    "intermediate catch": {"message", "signal", "timer", "timer date", "conditional", "link"},
    "intermediate throw": {"none", "message", "signal", "escalation", "link", "compensate"},
    "boundary, interrupting": {"message", "signal", "timer", "timer date", "conditional", "escalation", "error", "cancel", "compensate"},
    "boundary, non-interrupting": {"message", "signal", "timer", "timer date", "timer cycle", "conditional", "escalation", "compensate"},
    "end": {"none", "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"},
}  # fmt: skip
"""BPMN 2.0.2, section 10.5; cycles only where they may fire again, compensation by its border event only."""

OUTSIDE = {"message", "signal", "timer", "timer date", "timer cycle", "conditional"}
LEAVES = {"message": ("message",), "signal": ("signal",), "escalation": ("escalation",)}


def events() -> Iterator[Row]:
    for place, runs in RUN.items():
        for kind in KINDS:
            row = _PLACES[place.split(",")[0]](kind, place)
            row.runs = kind in runs
            yield row


def _process_start(kind: str, place: str) -> Row:
    content = (event("startEvent", "x", kind), END, flows("x end"))
    return Row(place, kind, content, True, start=None if kind == "none" else "x", passes=("x", "end"))


def _subprocess_start(kind: str, place: str) -> Row:
    inner = event("startEvent", "x", kind) + event("endEvent", "in") + flows("x in")
    return Row(
        place, kind, (START, node("subProcess", "sub", inner), END, flows("start sub end")), True, passes=("x", "end")
    )


def _event_subprocess_start(kind: str, place: str) -> Row:
    interrupts = "non-" not in place
    inner = (
        event("startEvent", "x", kind, isInterrupting=str(interrupts).lower()) + event("endEvent", "in") + flows("x in")
    )
    throws = (
        event("endEvent", "t", "error")
        if kind == "error"
        else event("intermediateThrowEvent", "t", "escalation")
        + node("userTask", "rest")
        + event("endEvent", "e2")
        + flows("t rest e2")
    )
    hosted = event("startEvent", "s2") + (
        throws + flows("s2 t")
        if kind in {"error", "escalation"}
        else node("userTask", "rest") + event("endEvent", "e2") + flows("s2 rest e2")
    )
    content = (
        START,
        node("subProcess", "host", hosted + node("subProcess", "es", inner, triggeredByEvent="true")),
        END,
        flows("start host end"),
    )
    return Row(place, kind, content, True, actions=("x",) if kind in OUTSIDE else (), passes=("x", "in", "end"))


def _catch(kind: str, place: str) -> Row:
    if kind == "link":
        content = (
            START,
            event("intermediateThrowEvent", "t", "link"),
            event("intermediateCatchEvent", "x", "link"),
            END,
            flows("start t", "x end"),
        )
        return Row(place, kind, content, True, passes=("t", "x", "end"))
    return Row(place, kind, line(event("intermediateCatchEvent", "x", kind)), True, actions=("x",), passes=("x", "end"))


HANDLED = (
    event("boundaryEvent", "b", "compensate", attachedToRef="a") + node("userTask", "undo", isForCompensation="true")
    + '<bpmn:association id="as" sourceRef="b" targetRef="undo"/>'
)  # fmt: skip


def _throw(kind: str, place: str) -> Row:
    if kind == "link":
        content = (
            START,
            event("intermediateThrowEvent", "x", "link"),
            event("intermediateCatchEvent", "c", "link"),
            END,
            flows("start x", "c end"),
        )
        return Row(place, kind, content, True, passes=("x", "c", "end"))
    if kind == "compensate":
        return Row(
            place,
            kind,
            (
                START,
                node("task", "a"),
                HANDLED,
                event("intermediateThrowEvent", "x", kind),
                END,
                flows("start a x end"),
            ),
            True,
            passes=("x", "undo", "end"),
        )
    return Row(
        place,
        kind,
        line(event("intermediateThrowEvent", "x", kind)),
        True,
        passes=("x", "end"),
        thrown=LEAVES.get(kind, ()),
    )


def _boundary(kind: str, place: str) -> Row:
    interrupts = str("non-" not in place).lower()
    after = node("task", "after") + flows("x after end")
    if kind == "compensate":
        handled = HANDLED.replace('"b"', '"x"').replace(
            "<bpmn:boundaryEvent", f'<bpmn:boundaryEvent cancelActivity="{interrupts}"'
        )
        return Row(
            place,
            kind,
            (
                START,
                node("task", "a"),
                handled,
                event("intermediateThrowEvent", "t", kind),
                END,
                flows("start a t end"),
            ),
            True,
            passes=("undo", "end"),
        )
    thrown = {"error": event("endEvent", "t", "error"), "cancel": event("endEvent", "t", "cancel")}.get(kind)
    if kind == "escalation":
        thrown = (
            event("intermediateThrowEvent", "t", kind)
            + node("userTask", "rest")
            + event("endEvent", "e2")
            + flows("t rest e2")
        )
    host = node("userTask", "a")
    if thrown is not None:
        host = node(
            "transaction" if kind == "cancel" else "subProcess", "a", event("startEvent", "s2") + thrown + flows("s2 t")
        )
    border = event("boundaryEvent", "x", kind, attachedToRef="a", cancelActivity=interrupts)
    return Row(
        place,
        kind,
        (START, host, border, after, END, flows("start a end")),
        True,
        actions=("x",) if kind in OUTSIDE else (),
        passes=("x", "after", "end"),
    )


def _end(kind: str, place: str) -> Row:
    if kind in {"error", "cancel"}:
        tag = "transaction" if kind == "cancel" else "subProcess"
        host = node(tag, "a", event("startEvent", "s2") + event("endEvent", "x", kind) + flows("s2 x"))
        border = event("boundaryEvent", "b", kind, attachedToRef="a")
        return Row(
            place, kind, (START, host, border, END, flows("start a end", "b end")), True, passes=("x", "b", "end")
        )
    if kind == "terminate":
        content = (
            START,
            node("userTask", "other1"),
            event("endEvent", "x", kind),
            END,
            flows("start x", "start other1 end"),
        )
        return Row(place, kind, content, True, passes=("x",))
    if kind == "compensate":
        return Row(
            place,
            kind,
            (START, node("task", "a"), HANDLED, event("endEvent", "x", kind), flows("start a x")),
            True,
            passes=("x", "undo"),
        )
    return Row(
        place,
        kind,
        (START, event("endEvent", "x", kind), flows("start x")),
        True,
        passes=("x",),
        thrown=LEAVES.get(kind, ()),
    )


_PLACES = {
    "start of a process": _process_start,
    "start of a subprocess": _subprocess_start,
    "start of an event subprocess": _event_subprocess_start,
    "intermediate catch": _catch,
    "intermediate throw": _throw,
    "boundary": _boundary,
    "end": _end,
}

ROWS: list[Row] = [*elements(), *around(), *markers(), *events()]
