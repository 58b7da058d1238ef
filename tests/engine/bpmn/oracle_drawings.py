# ruff: noqa: E501 - XML reads best unbroken
"""Random structured processes for the oracle, and the same processes as BPMN for the engine."""

from __future__ import annotations

import importlib.util
import sys
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any


def _neighbour(name: str) -> Any:
    full = f"bpmn_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


oracle = _neighbour("oracle")
Flow, Graph, Node = oracle.Flow, oracle.Graph, oracle.Node

VARIABLES = ("r0", "r1", "r2")
WAITING = ("message", "timer", "signal")
CODES = ("E1", "E2")


class Maker:
    """Draws one random set of processes: ``processes`` by key and the ``variables`` to start ``main`` with."""

    def __init__(self, random: Random, size: int = 22) -> None:
        self.random = random
        self.budget = size
        self.numbers = count(1)
        self.variables: dict[str, Any] = dict.fromkeys(VARIABLES, 0) | {"key": "k"}
        self.processes: dict[str, Any] = {}
        if random.random() < 0.4:
            self.process("called", 2)
        self.process("main", 0)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def name(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    def process(self, key: str, depth: int) -> None:
        self.processes[key] = self.scope(key, depth, None)

    def scope(self, key: str, depth: int, start: Any) -> Any:
        graph = Graph(key)
        first = start or Node(self.name("start"), "start")
        graph.nodes[first.id] = first
        graph.start = first.id
        last = self.row(graph, first.id, depth)
        kind = "end"
        if self.chance(0.3):
            kind = self.random.choice(("tell", "undo", "escalation", *(("terminate", "error") if depth else ())))
        self.node(graph, kind, last, **self.details(graph, kind))
        if start is None:
            while self.chance(0.3) and self.budget > 0 and len(graph.handlers) < 2:
                start, inner = self.handler(depth)
                caught = [(other.event, other.code) for other, _ in graph.handlers]
                if start.event not in {"error", "escalation"} or (start.event, start.code) not in caught:
                    graph.handlers.append((start, inner))
        return graph

    def handler(self, depth: int) -> tuple[Any, Any]:
        event = self.random.choice((*WAITING, "error", "escalation"))
        start = Node(self.name("on"), "start", event=event)
        start.code = self.code_for(event)
        start.interrupting = event == "error" or self.chance(0.5)
        if event == "signal" and self.chance(0.5):
            start.event, start.of = "conditional", self.condition()
        if event == "timer" and not start.interrupting and self.chance(0.5):
            start.event = "cycle"
        return start, self.scope(self.name("handler"), max(depth + 1, 2), start)

    def code_for(self, event: str) -> str | None:
        if event == "error":
            return self.random.choice((*CODES, None))
        return self.random.choice(("X1", None)) if event == "escalation" else None

    # -- pieces ------------------------------------------------------------------------------------------------------

    def node(self, graph: Any, kind: str, after: str = "", **details: Any) -> Any:
        made = Node(self.name(kind), kind, **details)
        graph.nodes[made.id] = made
        if after:
            self.connect(graph, after, made.id)
        self.budget -= 1
        return made

    def connect(self, graph: Any, source: str, target: str, when: Any = None, default: bool = False) -> None:
        graph.flows.append(Flow(f"f{next(self.numbers)}", source, target, when, default))

    def row(self, graph: Any, after: str, depth: int) -> str:
        for _ in range(self.random.randint(1, 3)):
            after = self.block(graph, after, depth)
        return after

    def details(self, graph: Any, kind: str) -> dict[str, Any]:
        """What an event that throws needs."""
        if kind == "error":
            return {"code": self.random.choice(CODES)}
        if kind == "escalation":
            return {"code": "X1"}
        if kind == "tell":
            return {"event": self.random.choice(("message", "signal"))}
        if kind == "undo":
            handled = [node.id for node in graph.nodes.values() if node.undo is not None]
            return {"of": self.random.choice((None, *handled)), "waits": self.chance(0.7)}
        return {}

    def block(self, graph: Any, after: str, depth: int) -> str:
        pieces = [self.task] * 5 + [self.throw, self.link, self.escape, self.choice_of_events, self.undo]
        if self.budget > 0 and depth < 4:
            pieces += [
                self.decision,
                self.fork,
                self.either,
                self.loop,
                self.counted,
                self.doubled,
                self.subprocess,
                self.subprocess,
                self.transaction,
            ]
            if "called" in self.processes:
                pieces.append(self.call)
        piece: str = self.random.choice(pieces)(graph, after, depth)
        return piece

    def task(self, graph: Any, after: str, depth: int) -> str:
        kind = self.random.choice(("user", "user", "user", "job", "script", "catch", "receive"))
        details: dict[str, Any] = {}
        if kind == "catch":
            details["event"] = self.random.choice((*WAITING, "conditional"))
            details["of"] = self.condition() if details["event"] == "conditional" else None
        made = self.node(graph, kind, after, **details)
        if kind == "script":
            made.of = (f"s_{made.id}", self.random.randint(1, 9))
            self.undoable(graph, made)
        if kind in {"user", "job", "receive"}:
            self.mark(made)
            self.map(made)
            self.undoable(graph, made)
            return self.bordered(graph, made, ("error",) if kind == "job" else (), depth)
        return str(made.id)

    def condition(self) -> tuple[str, int]:
        return self.random.choice(VARIABLES), self.random.randint(0, 3)

    def map(self, node: Any) -> None:
        """Perhaps variables of its own, and perhaps only some that come out."""
        if node.loop is None and self.chance(0.2):
            node.inputs = [(self.random.choice(VARIABLES), self.random.choice(VARIABLES)) for _ in range(2)]
            node.outputs = [(self.random.choice(VARIABLES), self.random.choice(VARIABLES))] if self.chance(0.5) else []

    def undoable(self, graph: Any, node: Any) -> None:
        """Perhaps a compensation handler."""
        if not self.chance(0.35):
            return
        kind = self.random.choice(("user", "job", "script"))
        node.undo = Node(self.name("undoes"), kind)
        if kind == "script":
            node.undo.of = (self.random.choice(VARIABLES), self.random.randint(0, 9))
        graph.nodes[node.undo.id] = node.undo

    def undo(self, graph: Any, after: str, depth: int) -> str:
        """Undo what was finished here, or one activity of it."""
        return str(self.node(graph, "undo", after, **self.details(graph, "undo")).id)

    def mark(self, node: Any) -> None:
        """Perhaps a loop or multi-instance marker."""
        if not self.chance(0.25):
            return
        kind = self.random.choice(("parallel", "sequential", "standard"))
        if kind == "standard":
            node.loop = {"kind": kind, "maximum": self.random.randint(1, 3), "while": self.random.choice(VARIABLES)}
            node.loop["before"] = self.chance(0.3)
            return
        items = f"items_{node.id}"
        self.variables[items] = list(range(10, 10 + self.random.randint(0, 3)))
        node.loop = {
            "kind": kind, "items": items, "enough": self.random.choice((None, None, 1, 2)),
            "output": self.random.choice((None, *VARIABLES)),
            "behavior": self.random.choice(("All", "All", "All", "None", "One", "Complex")),
        }  # fmt: skip

    def bordered(self, graph: Any, node: Any, more: tuple[str, ...], depth: int) -> str:
        """Perhaps border events; where they lead back, an exclusive merge follows the activity."""
        back: list[str] = []
        while self.chance(0.3) and len(node.borders) < 3:
            event = self.random.choice((*WAITING, *more, *more))
            border = Node(self.name("border"), "border", event=event, code=self.code_for(event))
            if any((b.event, b.code) == (event, border.code) for b in node.borders):
                continue
            border.interrupting = event == "error" or self.chance(0.5)
            if event == "signal" and self.chance(0.5):
                border.event, border.of = "conditional", self.condition()
            if event == "timer" and not border.interrupting and self.chance(0.5):
                border.event = "cycle"
            graph.nodes[border.id] = border
            node.borders.append(border)
            last = self.task(graph, border.id, depth + 1) if self.budget > 0 else border.id
            if border.interrupting and self.chance(0.7):
                back.append(last)
            else:
                self.node(graph, "end", last)
        if not back:
            return str(node.id)
        merge = self.node(graph, "xor", node.id)
        for last in back:
            self.connect(graph, last, merge.id)
        return str(merge.id)

    def throw(self, graph: Any, after: str, depth: int) -> str:
        kind = self.random.choice(("escalation", "tell"))
        return str(self.node(graph, kind, after, **self.details(graph, kind)).id)

    def link(self, graph: Any, after: str, depth: int) -> str:
        """On to another place of the drawing."""
        there = self.node(graph, "here")
        self.node(graph, "link", after, of=there.id)
        return str(there.id)

    def escape(self, graph: Any, after: str, depth: int) -> str:
        """A decision that may end the path early, with or without an error."""
        split = self.node(graph, "xor", after)
        end = self.node(graph, self.random.choice(("end", "error")))
        end.code = self.random.choice(CODES) if end.kind == "error" else None
        self.connect(graph, split.id, end.id, (self.random.choice(VARIABLES), 1))
        on = self.node(graph, "user")
        self.connect(graph, split.id, on.id, default=True)
        return str(on.id)

    def choice_of_events(self, graph: Any, after: str, depth: int) -> str:
        gateway = self.node(graph, "choice", after)
        merge = self.node(graph, "xor")
        for event in self.random.sample(("message", "timer", "timer", "signal", "conditional", "receive"), 2):
            if event == "receive":
                caught = self.node(graph, "receive", gateway.id)
            else:
                of = self.condition() if event == "conditional" else None
                caught = self.node(graph, "catch", gateway.id, event=event, of=of)
            self.connect(graph, caught.id, merge.id)
        return str(merge.id)

    def branches(self, graph: Any, split: Any, join: Any, depth: int, decide: bool) -> None:
        number = self.random.randint(2, 3)
        for branch in range(number):
            way = self.node(graph, "pass")
            last = branch == number - 1
            when = (self.random.choice(VARIABLES), self.random.randint(0, 3)) if decide and not last else None
            self.connect(graph, split.id, way.id, when, default=decide and last)
            end = self.row(graph, way.id, depth + 1) if self.budget > 0 else self.task(graph, way.id, depth + 1)
            self.connect(graph, end, join.id)

    def decision(self, graph: Any, after: str, depth: int) -> str:
        split, join = self.node(graph, "xor", after), self.node(graph, "xor")
        self.branches(graph, split, join, depth, True)
        return str(join.id)

    def fork(self, graph: Any, after: str, depth: int) -> str:
        split, join = self.node(graph, self.random.choice(("and", "and", "pass")), after), self.node(graph, "and")
        self.branches(graph, split, join, depth, False)
        return str(join.id)

    def doubled(self, graph: Any, after: str, depth: int) -> str:
        """An uncontrolled split and merge: what follows is done once for every token."""
        split, merge = self.node(graph, "pass", after), self.node(graph, self.random.choice(("pass", "xor", "user")))
        for _ in range(2):
            self.connect(graph, self.task(graph, split.id, depth + 1), merge.id)
        return str(merge.id)

    def either(self, graph: Any, after: str, depth: int) -> str:
        split, join = self.node(graph, "or", after), self.node(graph, "or")
        self.branches(graph, split, join, depth, True)
        return str(join.id)

    def loop(self, graph: Any, after: str, depth: int) -> str:
        """Repeats while what a person enters is small."""
        merge = self.node(graph, "xor", after)
        ask = self.node(graph, "user", merge.id)
        last = self.row(graph, ask.id, depth + 1)
        split = self.node(graph, "xor", last)
        self.connect(graph, split.id, merge.id, (self.random.choice(VARIABLES), 1))
        on = self.node(graph, "pass")
        self.connect(graph, split.id, on.id, default=True)
        return str(on.id)

    def counted(self, graph: Any, after: str, depth: int) -> str:
        """Repeats a fixed number of times, by a counter of its own."""
        reset = self.node(graph, "script", after)
        counter = f"n_{reset.id}"
        reset.of = (counter, 0)
        merge = self.node(graph, "xor", reset.id)
        last = self.row(graph, merge.id, depth + 1)
        step = self.node(graph, "count", last, of=counter)
        split = self.node(graph, "xor", step.id)
        self.connect(graph, split.id, merge.id, (counter, self.random.randint(1, 3)))
        on = self.node(graph, "pass")
        self.connect(graph, split.id, on.id, default=True)
        return str(on.id)

    def subprocess(self, graph: Any, after: str, depth: int) -> str:
        made = self.node(graph, "sub", after)
        made.of = self.scope(made.id, depth + 1, None)
        self.mark(made)
        self.map(made)
        self.undoable(graph, made)
        return self.bordered(graph, made, ("error", "escalation"), depth)

    def transaction(self, graph: Any, after: str, depth: int) -> str:
        """A subprocess that may be cancelled from inside; who cancels it goes on beside those who did not."""
        made = self.node(graph, "sub", after, transaction=True)
        made.of = self.scope(made.id, depth + 1, None)
        places = [made.of, *(node.of for node in made.of.nodes.values() if node.kind == "sub" and not node.transaction)]
        inside = self.random.choice(places)
        flow = self.random.choice([f for f in inside.flows if f.when is None and not f.default] or [None])
        if flow is not None and inside.nodes[flow.source].kind != "choice":
            split, end = self.node(inside, "xor"), self.node(inside, "cancel")
            flow.target, target = split.id, flow.target
            self.connect(inside, split.id, end.id, (self.random.choice(VARIABLES), 2))
            self.connect(inside, split.id, target, default=True)
        border = Node(self.name("border"), "border", event="cancel")
        self.mark(made)
        self.undoable(graph, made)
        last = self.bordered(graph, made, ("error", "escalation"), depth)
        graph.nodes[border.id] = border
        made.borders.append(border)
        self.node(graph, "end", self.task(graph, border.id, depth + 1))
        return last

    def call(self, graph: Any, after: str, depth: int) -> str:
        made = self.node(graph, "call", after, of="called")
        self.mark(made)
        self.map(made)
        self.undoable(graph, made)
        return self.bordered(graph, made, ("error", "escalation"), depth)


class Tangle(Maker):
    """Not structured at all: a chain with flows back and forth between whatever stands in it."""

    def process(self, key: str, depth: int) -> None:
        graph = self.processes[key] = Graph(key)
        start, end, other = (Node(self.name(kind), kind) for kind in ("start", "end", "end"))
        kinds = [self.random.choice(_TANGLED) for _ in range(self.random.randint(3, 9))]
        middle = [Node(self.name(kind), kind) for kind in kinds]
        graph.nodes = {node.id: node for node in (start, *middle, end, other)}
        graph.start = start.id
        pairs = [(a.id, b.id) for a, b in pairwise((start, *middle, end))]
        targets = [node.id for node in (*middle, end, other)]
        pairs += [
            (self.random.choice(middle).id, self.random.choice(targets)) for _ in range(self.random.randint(2, 6))
        ]
        pairs.append((self.random.choice(middle).id, other.id))
        pairs = list(dict.fromkeys(pairs))
        for source, target in pairs:
            ways = sum(a == source for a, _ in pairs)
            decides = graph.nodes[source].kind in {"xor", "or"} and ways > 1
            last = decides and ways == len(graph.out(source)) + 1
            when = (self.random.choice(VARIABLES), self.random.randint(1, 2)) if decides and not last else None
            self.connect(graph, source, target, when, default=last)


_TANGLED = ("user", "user", "user", "pass", "xor", "xor", "and", "or", "or")


# -- as BPMN -----------------------------------------------------------------------------------------------------------
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="fuzz" id="definitions">\n'
    '<message id="msg" name="news"><extensionElements><zeebe:subscription correlationKey="= key"/></extensionElements></message>\n'
    '<signal id="sig" name="alarm"/><error id="E1" name="E1" errorCode="E1"/><error id="E2" name="E2" errorCode="E2"/>\n'
    '<escalation id="X1" name="X1" escalationCode="X1"/>\n'
    '<signalEventDefinition id="told" signalRef="sig"/>\n'
)
_TAGS = {
    "start": "startEvent", "end": "endEvent", "error": "endEvent", "terminate": "endEvent", "user": "userTask",
    "job": "serviceTask", "script": "scriptTask", "count": "scriptTask", "pass": "task", "catch": "intermediateCatchEvent",
    "escalation": "intermediateThrowEvent", "xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway",
    "choice": "eventBasedGateway", "link": "intermediateThrowEvent", "here": "intermediateCatchEvent", "receive": "receiveTask", "cancel": "endEvent",
    "tell": "intermediateThrowEvent", "undo": "intermediateThrowEvent", "sub": "subProcess", "call": "callActivity", "border": "boundaryEvent",
}  # fmt: skip


def as_bpmn(processes: dict[str, Any]) -> bytes:
    """All processes as one file."""
    parts = [HEAD]
    for key, graph in processes.items():
        parts.append(f'<process id="{key}" isExecutable="true">\n{_inside(graph)}</process>\n')
    return ("".join(parts) + "</definitions>\n").encode()


def _inside(graph: Any) -> str:
    handlers = {node.undo.id for node in graph.nodes.values() if node.undo is not None}
    hosts = {border.id: node.id for node in graph.nodes.values() for border in node.borders}
    written = [_node(graph, node, hosts.get(node.id, ""), node.id in handlers) for node in graph.nodes.values()]
    for node in graph.nodes.values():
        if node.undo is not None:
            written.append(
                f'<boundaryEvent id="c_{node.id}" attachedToRef="{node.id}"><compensateEventDefinition/></boundaryEvent>'
                f'<association id="a_{node.id}" sourceRef="c_{node.id}" targetRef="{node.undo.id}"/>\n'
            )
    for flow in graph.flows:
        condition = ""
        if flow.when:
            condition = f"<conditionExpression>= {flow.when[0]} &lt; {flow.when[1]}</conditionExpression>"
        written.append(
            f'<sequenceFlow id="{flow.id}" sourceRef="{flow.source}" targetRef="{flow.target}">{condition}</sequenceFlow>\n'
        )
    for _, inner in graph.handlers:
        written.append(f'<subProcess id="{inner.key}" triggeredByEvent="true">\n{_inside(inner)}</subProcess>\n')
    return "".join(written)


def _node(graph: Any, node: Any, host: str, handles: bool) -> str:
    tag = "transaction" if node.transaction else _TAGS[node.kind]
    if tag == "intermediateThrowEvent" and node.kind != "link" and not graph.out(node.id):
        tag = "endEvent"
    attributes = f'id="{node.id}"'
    if handles:
        attributes += ' isForCompensation="true"'
    if node.kind == "receive":
        attributes += ' messageRef="msg"'
    if host:
        attributes += f' attachedToRef="{host}" cancelActivity="{str(node.interrupting).lower()}"'
    if node.kind == "start" and node.event:
        attributes += f' isInterrupting="{str(node.interrupting).lower()}"'
    default = next((flow.id for flow in graph.out(node.id) if flow.default), "")
    if default:
        attributes += f' default="{default}"'
    extensions = _extensions(node) + _mappings(node)
    held = f"<extensionElements>{extensions}</extensionElements>" if extensions else ""
    inner = f"\n{_inside(node.of)}" if node.kind == "sub" else ""
    return f"<{tag} {attributes}>{held}{_definition(node)}{_loop(node)}{inner}</{tag}>\n"


def _mappings(node: Any) -> str:
    lines = [f'<zeebe:input source="= {source}" target="{target}"/>' for target, source in node.inputs]
    lines += [f'<zeebe:output source="= {source}" target="{target}"/>' for target, source in node.outputs]
    return f"<zeebe:ioMapping>{''.join(lines)}</zeebe:ioMapping>" if lines else ""


def _extensions(node: Any) -> str:
    if node.kind == "user":
        return '<zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition formId="form"/>'
    if node.kind == "job":
        return '<zeebe:taskDefinition type="notify"/>'
    if node.kind == "script":
        return f'<zeebe:script expression="= {node.of[1]}" resultVariable="{node.of[0]}"/>'
    if node.kind == "count":
        return f'<zeebe:script expression="= {node.of} + 1" resultVariable="{node.of}"/>'
    return f'<zeebe:calledElement processId="{node.of}"/>' if node.kind == "call" else ""


def _definition(node: Any) -> str:
    kind = node.kind if node.kind in {"error", "escalation", "terminate", "undo", "cancel"} else node.event
    if kind == "undo":
        activity = f' activityRef="{node.of}"' if node.of else ""
        return f'<compensateEventDefinition waitForCompletion="{str(node.waits).lower()}"{activity}/>'
    if kind == "cancel":
        return "<cancelEventDefinition/>"
    if kind == "message":
        return '<messageEventDefinition messageRef="msg"/>'
    if kind == "signal":
        return '<signalEventDefinition signalRef="sig"/>'
    if node.kind in {"link", "here"}:
        return f'<linkEventDefinition name="{node.of or node.id}"/>'
    if kind == "conditional":
        condition = f"= {node.of[0]} &lt; {node.of[1]}"
        return f"<conditionalEventDefinition><condition>{condition}</condition></conditionalEventDefinition>"
    if kind == "cycle":
        return "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>"
    if kind == "timer":
        return "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    if kind in {"error", "escalation"}:
        return f"<{kind}EventDefinition{f' {kind}Ref=' + chr(34) + node.code + chr(34) if node.code else ''}/>"
    return "<terminateEventDefinition/>" if kind == "terminate" else ""


_BEHAVIOR = {
    "All": "", "None": ' behavior="None" noneBehaviorEventRef="told"', "One": ' behavior="One" oneBehaviorEventRef="told"',
    "Complex": ' behavior="Complex"',
}  # fmt: skip
_SECOND = (
    "<complexBehaviorDefinition><condition>= numberOfCompletedInstances = 2</condition>"
    '<event><signalEventDefinition signalRef="sig"/></event></complexBehaviorDefinition>'
)


def _loop(node: Any) -> str:
    loop = node.loop
    if loop is None:
        return ""
    if loop["kind"] == "standard":
        return (
            f'<standardLoopCharacteristics loopMaximum="{loop["maximum"]}" testBefore="{str(loop["before"]).lower()}">'
            f"<loopCondition>= {loop['while']} &lt; 2</loopCondition></standardLoopCharacteristics>"
        )
    output = f' outputCollection="results_{node.id}" outputElement="= {loop["output"]}"' if loop["output"] else ""
    enough = (
        f"<completionCondition>= numberOfCompletedInstances >= {loop['enough']}</completionCondition>"
        if loop["enough"]
        else ""
    )
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(loop["kind"] == "sequential").lower()}"{_BEHAVIOR[loop["behavior"]]}>'
        "<extensionElements>"
        f'<zeebe:loopCharacteristics inputCollection="= {loop["items"]}" inputElement="item_{node.id}"{output}/>'
        f"</extensionElements>{enough}{_SECOND if loop['behavior'] == 'Complex' else ''}</multiInstanceLoopCharacteristics>"
    )
