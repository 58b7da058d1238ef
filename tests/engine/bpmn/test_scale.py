"""Long chains, rows of forks, many branches and instances: all run, and none needs recursion or growing state."""

from __future__ import annotations

import itertools

import pytest

from engine.bpmn import Environment, Execution, build_program, compile_processes

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="x">'
    '<bpmn:process id="main" isExecutable="true"><bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>'
)


def drawing(nodes, chains):
    flows = [(one, two) for chain in chains for one, two in itertools.pairwise(chain)]
    written = "".join(f'<bpmn:sequenceFlow id="{a}-{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows)
    return f"{HEAD}{nodes}{written}</bpmn:process></bpmn:definitions>".encode()


def user(name):
    return (
        f'<bpmn:userTask id="{name}"><bpmn:extensionElements><zeebe:formDefinition formId="f"/>'
        '<zeebe:assignmentDefinition candidateGroups="clerk"/></bpmn:extensionElements></bpmn:userTask>'
    )


def finish(data):
    """Check, build, start and finish a drawing, saved and loaded at each step; the sizes of its states."""
    _, problems = compile_processes({"a.bpmn": data})
    assert not [p for p in problems if p.severity == "error"]
    program = build_program({"a.bpmn": data}, "main")
    running = Execution.start(program, Environment())
    sizes = []
    while not running.ended:
        state = running.dump()
        sizes.append(len(state))
        running = Execution.load(program, Environment(), state)
        running.complete_task(running.facts().tasks[0].key, {})
    return sizes


@pytest.mark.parametrize("size", [10, 2_000])
def test_a_chain_of_automatic_tasks_and_one_of_user_tasks(size):
    names = [f"t{i}" for i in range(size)]
    automatic = "".join(f'<bpmn:manualTask id="{name}"/>' for name in names)
    assert len(finish(drawing(automatic + user("w"), [["s", *names, "w", "e"]]))) == 1
    sizes = finish(drawing("".join(map(user, names)), [["s", *names, "e"]]))
    assert len(sizes) == size and max(sizes) - min(sizes) < 10


def test_thirty_fork_and_join_sections_in_a_row():
    nodes, chains = "", []
    for i in range(30):
        nodes += f'<bpmn:parallelGateway id="f{i}"/><bpmn:parallelGateway id="j{i}"/>{user(f"a{i}")}{user(f"b{i}")}'
        before, after = (f"j{i - 1}" if i else "s"), ("e" if i == 29 else f"f{i + 1}")
        chains += [[f"f{i}", f"a{i}", f"j{i}"], [f"f{i}", f"b{i}", f"j{i}"]]
        chains += [[before, f"f{i}"]] if i == 0 else []
        chains += [[f"j{i}", after]]
    sizes = finish(drawing(nodes, chains))
    assert len(sizes) == 60 and max(sizes) < 500


def test_thirty_inclusive_sections_in_a_row():
    nodes, chains, conditions = "", [["s", "f0"]], ""
    for i in range(30):
        nodes += f'<bpmn:inclusiveGateway id="f{i}"/><bpmn:inclusiveGateway id="j{i}"/>{user(f"a{i}")}{user(f"b{i}")}'
        for branch in "ab":
            conditions += (
                f'<bpmn:sequenceFlow id="c{branch}{i}" sourceRef="f{i}" targetRef="{branch}{i}">'
                "<bpmn:conditionExpression>=true</bpmn:conditionExpression></bpmn:sequenceFlow>"
            )
            chains.append([f"{branch}{i}", f"j{i}"])
        chains.append([f"j{i}", "e" if i == 29 else f"f{i + 1}"])
    assert len(finish(drawing(nodes + conditions, chains))) == 60


def test_two_hundred_branches():
    names = [f"t{i}" for i in range(200)]
    nodes = '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>' + "".join(map(user, names))
    sizes = finish(drawing(nodes, [["s", "f"], ["j", "e"], *(["f", name, "j"] for name in names)]))
    assert len(sizes) == 200


@pytest.mark.parametrize("name", ["multi_parallel", "multi_sequential"])
def test_a_thousand_instances(program, name):
    ours = program(name)
    running = Execution.start(ours, Environment(), {"items": list(range(1_000)), "answer": None})
    for turn in range(1_000):
        if turn % 50 == 0:
            running = Execution.load(ours, Environment(), running.dump())
        tasks = running.facts().tasks
        running.complete_task(tasks[0].key, {"answer": turn})
    assert running.facts().active == ["after"]
    assert running.variables["results"] == list(range(1_000))


def test_a_thousand_automatic_instances_in_one_step(program):
    text = (
        '<bpmn:scriptTask id="t"><bpmn:extensionElements><zeebe:script expression="=i * 2" resultVariable="r"/>'
        "</bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics {}><bpmn:extensionElements>"
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="i" outputCollection="out"'
        ' outputElement="=r"/>'
        "</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:scriptTask>"
    )
    for order in ("", 'isSequential="true"'):
        ours = build_program({"a.bpmn": drawing(text.format(order), [["s", "t", "e"]])}, "main")
        running = Execution.start(ours, Environment(), {"items": list(range(1_000))})
        assert running.ended and running.variables["out"] == list(range(0, 2_000, 2))
