"""The processes that durable steps are measured on, drawn for us and for stock SpiffWorkflow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trial:
    """A process completed task by task: in each instance ``done`` tasks, then at most ``timed`` that are timed."""

    key: str
    what: str
    ours: str
    stock: str
    done: int = 0
    timed: int = 1000

    def as_a_service(self) -> bytes:
        """The drawing with groups and forms, as a service's process."""
        said = (
            '<bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/>'
            '<zeebe:formDefinition formId="remark"/></bpmn:extensionElements>'
        )
        xml = re.sub(
            r'<bpmn:userTask id="(\w+)"/>', rf'<bpmn:userTask id="\1" name="\1">{said}</bpmn:userTask>', self.ours
        )
        kind = (
            f'<bpmn:process id="{self.key}" isExecutable="true"><bpmn:extensionElements><zeebe:properties>'
            '<zeebe:property name="kind" value="service"/><zeebe:property name="serviceType" value="sanitation"/>'
            "</zeebe:properties></bpmn:extensionElements>"
        )
        return xml.replace('<bpmn:process id="main" isExecutable="true">', kind).encode()


def trials(engine: Any) -> list[Trial]:
    """The processes all runners are compared on; ``engine`` is the module ``bench_engine``."""
    whole = "20 elements, ten tasks done, two of them in a called process"
    loop = "a user task in a loop, from its 100th time on"
    return [
        Trial("main", whole, engine.ten_tasks(True), engine.ten_tasks(False)),
        Trial("fifty", "50 elements, 16 tasks done", fifty_elements(engine, True), fifty_elements(engine, False)),
        Trial("loop", loop, long_loop(engine, True), long_loop(engine, False), done=100, timed=10),
    ]


def fifty_elements(engine: Any, ours: bool) -> str:
    """Eight times a task, a script and two tasks to choose from: larger than one drawing we ship (12 to 30 elements),
    smaller than a service's with all it calls.
    """
    double = (
        '<bpmn:extensionElements><zeebe:script expression="=n * 2" resultVariable="m"/></bpmn:extensionElements>'
        if ours
        else "<bpmn:script>m = n * 2</bpmn:script>"
    )
    nodes, flows, conditions = '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>', ["s>t0"], {}
    for i in range(8):
        nodes += engine.user(f"t{i}", f"a{i}", f"b{i}") + f'<bpmn:scriptTask id="c{i}">{double}</bpmn:scriptTask>'
        nodes += f'<bpmn:exclusiveGateway id="x{i}" default="f_x{i}_b{i}"/><bpmn:exclusiveGateway id="m{i}"/>'
        flows += [f"t{i}>c{i}>x{i}>a{i}>m{i}", f"x{i}>b{i}>m{i}", f"m{i}>" + (f"t{i + 1}" if i < 7 else "e")]
        conditions[f"x{i}>a{i}"] = "=n &gt; 1" if ours else "n &gt; 1"
    return str(engine.drawing(nodes, " ".join(flows), conditions))


def long_loop(engine: Any, ours: bool) -> str:
    """A task done again until somebody says stop."""
    nodes = '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/><bpmn:exclusiveGateway id="m"/>'
    nodes += '<bpmn:exclusiveGateway id="x" default="f_x_m"/>' + engine.user("work")
    stop = '=answer = "stop"' if ours else "answer == 'stop'"
    return str(engine.drawing(nodes, "s>m>work>x>m x>e", {"x>e": stop}))
