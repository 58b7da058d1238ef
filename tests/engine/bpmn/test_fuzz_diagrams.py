"""Diagrams changed at random: what lint lets through can be built and walked; it ends, waits, or says why it failed."""

from __future__ import annotations

import copy
import os
import re
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.bpmn.execution import Execution
from engine.bpmn.lint import lint
from engine.bpmn.parser import parse
from engine.bpmn.program import Program, build_program
from engine.bpmn.reader import read_xml
from engine.bpmn.scripts import Decided, Environment
from engine.errors import ExecutionFailed

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000"))
DIAGRAMS = [path.read_bytes() for path in sorted((Path(__file__).parent / "diagrams").glob("*.bpmn"))]
B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
NODES = (
    "task userTask scriptTask serviceTask sendTask receiveTask businessRuleTask callActivity subProcess transaction "
    "startEvent endEvent intermediateThrowEvent intermediateCatchEvent boundaryEvent exclusiveGateway parallelGateway "
    "inclusiveGateway eventBasedGateway"
)
EVENTS = "message signal timer error escalation conditional link terminate compensate cancel"
TAGS = [f"{B}{name}" for name in re.findall(r"\w+", NODES)]
DEFINITIONS = [f"{B}{name}EventDefinition" for name in re.findall(r"\w+", EVENTS)]
FLAGS = ("cancelActivity", "isInterrupting", "triggeredByEvent", "isForCompensation", "instantiate", "isSequential")


def changed(random: Random, data: bytes) -> bytes:
    """One to three changes that a modeler could make, sensible or not."""
    root = etree.fromstring(data)
    for _ in range(random.randint(1, 3)):
        nodes = [node for node in root.iter(etree.Element) if node.getparent() is not None]
        drawn = [node for node in nodes if node.tag in TAGS]
        if drawn:
            random.choice(CHANGES)(random, random.choice(drawn), nodes, drawn)
    return etree.tostring(root)


def _lose(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    lost = random.choice(nodes)
    lost.getparent().remove(lost)


def _retype(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    node.tag = random.choice(TAGS)


def _retype_event(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    definitions = [found for found in nodes if found.tag in DEFINITIONS]
    if definitions:
        random.choice(definitions).tag = random.choice(DEFINITIONS)


def _redirect(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    flows = [found for found in nodes if found.tag == f"{B}sequenceFlow"]
    if flows and node.get("id"):
        random.choice(flows).set(random.choice(("sourceRef", "targetRef")), node.get("id"))


def _double(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    twin = copy.deepcopy(node)
    for part in twin.iter(etree.Element):
        if part.get("id"):
            part.set("id", f"{part.get('id')}_{random.randrange(1000)}")
    node.getparent().append(twin)


def _move_inside(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    for target in drawn:
        if target.tag in {f"{B}subProcess", f"{B}transaction"} and node not in (target, *target.iterancestors()):
            target.append(node)
            return


def _flag(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    node.set(random.choice(FLAGS), random.choice(("true", "false")))


def _refer(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    node.set(random.choice(("attachedToRef", "default")), random.choice(drawn).get("id") or "")


def _mark(random: Random, node: Any, nodes: list[Any], drawn: list[Any]) -> None:
    if random.random() < 0.5:
        etree.SubElement(node, f"{B}standardLoopCharacteristics", loopMaximum="2")
    else:
        marker = etree.SubElement(node, f"{B}multiInstanceLoopCharacteristics")
        etree.SubElement(marker, f"{B}loopCardinality").text = "= 2"


CHANGES = (_lose, _retype, _retype_event, _redirect, _double, _move_inside, _flag, _refer, _mark)


def walk(random: Random, program: Program, start: str | None, variables: dict[str, Any]) -> None:
    """Do what can be done, at random; a process that neither ends nor waits must have said so."""
    environment = Environment(decide=lambda decision_id, variables: Decided(1))
    execution = Execution.start(program, environment, variables, start_element=start)
    told: list[Any] = []
    for _ in range(12):
        facts = execution.facts()
        told += facts.thrown
        deeds = [
            *((execution.complete_task, (task.key, {"x": 1})) for task in facts.tasks),
            *((execution.finish_job, (job.key, {})) for job in facts.jobs),
            *((execution.deliver, (wait.key, {})) for wait in facts.waits),
            *((execution.fire_timer, (timer.key,)) for timer in facts.timers),
        ]
        if facts.ended or not deeds:
            assert facts.ended or any(thrown.kind == "error" for thrown in told), (
                f"stuck without a word: {facts.active}"
            )
            return
        deed, arguments = random.choice(deeds)
        deed(*arguments)
        told += execution.facts().thrown
        execution = Execution.load(program, environment, execution.dump())


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40), st.sampled_from(range(len(DIAGRAMS))))
def test_fuzz_what_lint_lets_through_runs(seed, which):
    random = Random(seed)
    data = changed(random, DIAGRAMS[which])
    root, problems = read_xml(data, "x.bpmn")
    if root is None:
        assert problems
        return
    definitions = parse(root, "x.bpmn")
    if any(p.severity == "error" for p in (*definitions.problems, *lint(definitions))):
        return
    words = sorted(set(re.findall(r"[a-z_]+", " ".join(re.findall(r"= ?[^\"<]*", data.decode())))))
    for drawing in definitions.drawings:
        program = build_program({"x.bpmn": data}, drawing.key)
        node = program.main.root
        for start in [*([None] if node.entries else []), *node.starts]:
            variables = {word: random.choice((True, False, 2, [1, 2], "k", 0)) for word in words}
            try:
                walk(random, program, start, variables)
            except ExecutionFailed as failed:
                assert failed.kind and failed.reason
