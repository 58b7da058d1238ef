"""The process runner in memory: steps a second beside stock SpiffWorkflow, and how time and bytes grow.

The ten-task process has two exclusive pairs, a fork and join, a script, a call of a process with two tasks and about
1.5 KB of variables. Stock runs the same drawing with Python conditions. Durable figures (database included) have their
own bench.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import Environment, Execution, Program, build_program

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="x">'
)
CASE = {
    "title": "路面破损",
    "place": {"district": "福田区", "street": "福中三路", "grid": "FT-0817"},
    "text": "报" * 350,
    "n": 3,
}
ROUNDS = 15


def drawing(nodes: str, flows: str, conditions: dict[str, str] | None = None, extra: str = "") -> str:
    """A process ``main``: ``nodes`` as XML, ``flows`` as ``a>b>c d>e``."""
    written = []
    for chain in flows.split():
        steps = chain.split(">")
        for source, target in pairwise(steps):
            condition = (conditions or {}).get(f"{source}>{target}", "")
            inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
            written.append(
                f'<bpmn:sequenceFlow id="f_{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}'
                "</bpmn:sequenceFlow>"
            )
    return (
        f'{HEAD}<bpmn:process id="main" isExecutable="true">{nodes}{"".join(written)}</bpmn:process>{extra}'
        "</bpmn:definitions>"
    )


def user(*names: str) -> str:
    """User tasks."""
    return "".join(f'<bpmn:userTask id="{name}"/>' for name in names)


def ten_tasks(ours: bool) -> str:
    """The ten-task process, for us or for stock."""
    compare, script, called = (
        (
            "=n &gt; 1",
            (
                '<bpmn:scriptTask id="sum"><bpmn:extensionElements>'
                '<zeebe:script expression="=n * 2" resultVariable="m"/></bpmn:extensionElements></bpmn:scriptTask>'
            ),
            (
                '<bpmn:callActivity id="call"><bpmn:extensionElements><zeebe:calledElement processId="child"/>'
                "</bpmn:extensionElements></bpmn:callActivity>"
            ),
        )
        if ours
        else (
            "n &gt; 1",
            '<bpmn:scriptTask id="sum"><bpmn:script>m = n * 2</bpmn:script></bpmn:scriptTask>',
            '<bpmn:callActivity id="call" calledElement="child"/>',
        )
    )
    nodes = (
        '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>'
        + user("t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10")
        + '<bpmn:exclusiveGateway id="x1" default="f_x1_t3"/><bpmn:exclusiveGateway id="m1"/>'
        '<bpmn:exclusiveGateway id="x2" default="f_x2_t10"/><bpmn:exclusiveGateway id="m2"/>'
        '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>' + script + called
    )
    flows = "s>t1>x1>t2>m1 x1>t3>m1>t4>fork>t5>join fork>t6>join>sum>t7>call>t8>x2>t9>m2 x2>t10>m2>e"
    child = (
        f'<bpmn:process id="child" isExecutable="true"><bpmn:startEvent id="s1"/>{user("c1", "c2")}'
        '<bpmn:endEvent id="e1"/><bpmn:sequenceFlow id="g1" sourceRef="s1" targetRef="c1"/>'
        '<bpmn:sequenceFlow id="g2" sourceRef="c1" targetRef="c2"/>'
        '<bpmn:sequenceFlow id="g3" sourceRef="c2" targetRef="e1"/></bpmn:process>'
    )
    return drawing(nodes, flows, {"x1>t2": compare, "x2>t9": compare}, child)


def program(xml: str) -> Program:
    """A program of one drawing."""
    return build_program({"bench.bpmn": xml.encode()}, "main")


def best(work: Callable[[], Any], times: int = 5) -> float:
    """The shortest of several runs, in milliseconds: what the work costs when nobody disturbs."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return min(found)


# -- the ten-task process --------------------------------------------------------------------------------------------


def stock_runner(saved: bool) -> Callable[[], int]:
    """One instance of the ten-task process on stock SpiffWorkflow; answers the number of user tasks done."""
    parser = SpiffBpmnParser()
    parser.add_bpmn_io(io.BytesIO(ten_tasks(False).encode()), filename="bench.bpmn")
    spec, called = parser.get_spec("main"), parser.get_subprocess_specs("main")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))

    def run() -> int:
        workflow = BpmnWorkflow(spec, called)
        workflow.task_tree.data.update(CASE)
        workflow.do_engine_steps()
        done = 0
        while not workflow.is_completed():
            task = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
            task.data["answer"] = done
            task.run()
            workflow.do_engine_steps()
            done += 1
            if saved:
                workflow = serializer.deserialize_json(serializer.serialize_json(workflow))
        return done

    return run


def our_runner(saved: bool) -> Callable[[], int]:
    """The same on our runner."""
    ours = program(ten_tasks(True))

    def run() -> int:
        running = Execution.start(ours, Environment(), CASE)
        done = 0
        while tasks := running.facts().tasks:
            running.complete_task(tasks[0].key, {"answer": done})
            done += 1
            if saved:
                running = Execution.load(ours, Environment(), running.dump())
        return done

    return run


def ten_task_figures() -> None:
    """Interleaved medians, so that a busy machine slows all alike."""
    runners = {
        "stock, in memory": stock_runner(False),
        "stock, its own serialisation each step": stock_runner(True),
        "ours, in memory": our_runner(False),
        "ours, dump and load each step": our_runner(True),
    }
    found: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS):
        for name, run in runners.items():
            begun, done = time.perf_counter(), 0
            for _ in range(20 if name.startswith("ours") else 5):
                done += run()
            found[name].append(done / (time.perf_counter() - begun))
    base = median(found["stock, in memory"])
    for name, rates in found.items():
        print(f"  {name:42} {median(rates):8.0f} user tasks/s   {median(rates) / base:5.0%} of stock in memory")
    ours = program(ten_tasks(True))
    state = Execution.start(ours, Environment(), CASE).dump()

    def step() -> bytes:
        running = Execution.load(ours, Environment(), state)
        running.complete_task(running.facts().tasks[0].key, {"answer": 1})
        running.facts()
        return running.dump()

    print(f"  one completion (load, complete, facts, dump)   {best(step, 200):.3f} ms, state {len(state)} bytes")


# -- age and size ----------------------------------------------------------------------------------------------------


def loop_figures() -> None:
    """A user task in a loop: step time and bytes must not know how old the instance is."""
    nodes = '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="x" default="f_x_m"/>'
    ours = program(
        drawing(nodes + user("work") + '<bpmn:endEvent id="e"/>', "s>m>work>x>m x>e", {"x>e": "=stop = true"})
    )
    state = Execution.start(ours, Environment(), CASE).dump()
    spans: list[float] = []
    for iteration in range(1, 10_001):
        begun = time.perf_counter()
        running = Execution.load(ours, Environment(), state)
        running.complete_task(running.facts().tasks[0].key, {"stop": False})
        state = running.dump()
        spans.append((time.perf_counter() - begun) * 1000)
        if iteration in {10, 1_000, 10_000}:
            window = spans[-200:] if iteration > 10 else spans
            print(f"  loop iteration {iteration:6}   step {median(window):.3f} ms   state {len(state)} bytes")


def chain_figures() -> None:
    """Chains and rows of fork/join sections: time and state linear in their size."""
    for size in (500, 1_000, 2_000):
        nodes = '<bpmn:startEvent id="s"/>' + "".join(f'<bpmn:task id="t{i}"/>' for i in range(size)) + user("w")
        xml = drawing(nodes + '<bpmn:endEvent id="e"/>', ">".join(["s", *(f"t{i}" for i in range(size)), "w", "e"]))
        report(f"chain of {size}", xml)
    for size in (10, 20, 30):
        nodes, flows = '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>', ["s>f0"]
        for i in range(size):
            nodes += f'<bpmn:parallelGateway id="f{i}"/><bpmn:task id="a{i}"/>{user(f"b{i}")}'
            nodes += f'<bpmn:parallelGateway id="j{i}"/>'
            flows += [f"f{i}>a{i}>j{i}", f"f{i}>b{i}>j{i}", f"j{i}>" + (f"f{i + 1}" if i + 1 < size else "e")]
        report(f"{size} fork/join sections", drawing(nodes, " ".join(flows)))


def report(name: str, xml: str) -> None:
    """Build, start and finish one drawing."""
    build = best(lambda: program(xml), 3)
    ours = program(xml)
    sizes: list[int] = []

    def run() -> None:
        running = Execution.start(ours, Environment())
        while not running.ended:
            state = running.dump()
            sizes.append(len(state))
            running = Execution.load(ours, Environment(), state)
            running.complete_task(running.facts().tasks[0].key, {})

    print(f"  {name:24} build {build:7.1f} ms   start to end {best(run, 3):7.1f} ms   state at most {max(sizes)} bytes")


def width_figures() -> None:
    """Many live at once: time of one completion against what is live."""
    for size in (50, 200):
        nodes = '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>'
        nodes += '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>'
        flows = ["s>f", "j>e", *(f"f>t{i}>j" for i in range(size))]
        width(f"{size} branches", drawing(nodes + user(*(f"t{i}" for i in range(size))), " ".join(flows)), {})
    for size in (250, 1_000):
        task = (
            '<bpmn:userTask id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>'
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="out" '
            'outputElement="=answer"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>'
        )
        xml = drawing('<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>' + task, "s>t>e")
        width(f"multi-instance of {size}", xml, {"items": list(range(size))})


def width(name: str, xml: str, variables: dict[str, Any]) -> None:
    """Complete every task, saved and loaded each time."""
    ours = program(xml)
    begun = time.perf_counter()
    running = Execution.start(ours, Environment(), variables)
    state = running.dump()
    started = (time.perf_counter() - begun) * 1000
    largest, spans = len(state), []
    while True:
        begun = time.perf_counter()
        running = Execution.load(ours, Environment(), state)
        tasks = running.facts().tasks
        if not tasks:
            break
        running.complete_task(tasks[-1].key, {"answer": 1})
        state = running.dump()
        largest = max(largest, len(state))
        spans.append((time.perf_counter() - begun) * 1000)
    print(
        f"  {name:24} start {started:7.1f} ms   completion first {median(spans[:20]):6.2f} ms, last "
        f"{median(spans[-20:]):6.2f} ms   state at most {largest} bytes"
    )


def main() -> None:
    """All figures of the runner."""
    for logger in ("spiff", "spiff.task", "spiff.workflow", "spiff.engine"):
        logging.getLogger(logger).setLevel(logging.WARNING)
    ten_task_figures()
    loop_figures()
    chain_figures()
    width_figures()


if __name__ == "__main__":
    main()
