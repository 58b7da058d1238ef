"""Running instances go over to another version of their process, or are refused with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.bpmn import Execution, build_program, suggest_mapping
from engine.errors import DeploymentRejected

DIAGRAMS = Path(__file__).parent / "diagrams"


def changed(name, *replacements):
    """The program of a diagram after text replacements, as a designer's next version."""
    text = (DIAGRAMS / f"{name}.bpmn").read_text()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return build_program({f"{name}.bpmn": text.encode()}, "main")


def refusals(case, program, mapping=None):
    found = {(p.element_id, p.code) for p in case.execution.migration_problems(program, mapping)}
    if found:
        with pytest.raises(DeploymentRejected):
            case.execution.migrate(program, mapping)
    return found


def test_an_instance_goes_on_in_the_new_version_with_its_keys_and_data(walk):
    case = walk("user_task", {"kind": "litter", "owner": "wang"})
    key = case.task("a").key
    new = changed(
        "user_task",
        ('<bpmn:sequenceFlow id="f_a_End" sourceRef="a" targetRef="End"/>',
         ('<bpmn:manualTask id="more"/><bpmn:userTask id="b"/><bpmn:sequenceFlow id="x1" sourceRef="a" targetRef="b"/>'
         '<bpmn:sequenceFlow id="x2" sourceRef="b" targetRef="End"/>')),
    )  # fmt: skip
    moved = case.execution.migrate(new)
    moved = Execution.load(new, case.environment, moved.dump())
    assert moved.facts().tasks[0].key == key
    moved.complete_task(key, {})
    assert [t.element_id for t in moved.facts().tasks] == ["b"]


def test_a_renamed_element_needs_a_mapping(walk):
    case = walk("user_task", {"kind": "litter", "owner": "wang"})
    new = changed("user_task", ('"a"', '"renamed"'))
    assert refusals(case, new) == {("a", "migration_element_missing")}
    moved = case.execution.migrate(new, {"a": "renamed"})
    assert [t.element_id for t in moved.facts().tasks] == ["renamed"]


def test_another_type_is_refused(walk):
    case = walk("exclusive_loop")
    assert refusals(case, changed("exclusive_loop"), {"work": "again"}) == {("work", "migration_type_changed")}


def test_a_running_timer_keeps_its_due_time(walk):
    case = walk("boundary_events", {"number": 1})
    new = changed("boundary_events", ("PT1H", "PT9H"))
    moved = case.execution.migrate(new)
    assert moved.facts().timers == case.facts.timers


def test_a_border_event_that_is_gone_or_other_is_refused(walk):
    case = walk("boundary_events", {"number": 1})
    new = changed(
        "boundary_events", ('id="danger" name', 'id="storm" name'), ('sourceRef="danger"', 'sourceRef="storm"')
    )
    assert refusals(case, new) == {("danger", "migration_element_missing")}
    assert refusals(case, changed("boundary_events"), {"danger": "told"}) == {("danger", "migration_event_changed")}


def test_a_branch_added_behind_a_fork_that_was_passed_is_refused(walk):
    flow = ('<bpmn:sequenceFlow id="f_split_join" sourceRef="split" targetRef="join"/>'
            '<bpmn:sequenceFlow id="f_join_after"')  # fmt: skip
    new = changed("parallel_join", ('<bpmn:sequenceFlow id="f_join_after"', flow))
    case = walk("parallel_join", {"x": 0})
    assert ("a", "migration_join_changed") in refusals(case, new)
    case.complete("a")
    assert ("join", "migration_join_changed") in refusals(case, new)
    case.complete("b").complete("c")
    assert refusals(case, new) == set()
    assert case.execution.migrate(new).facts().active == ["after"]


def test_a_multi_instance_under_way_goes_over_unless_its_loop_changed(walk):
    case = walk("multi_parallel", {"items": [1, 2], "answer": 0})
    case.complete("work", answer=1)
    assert refusals(case, changed("multi_parallel", ('"=answer"', '"=other"'))) == {("work", "migration_loop_changed")}
    new = changed("multi_parallel", ('name="after"', 'name="afterwards"'))
    moved = case.execution.migrate(new)
    moved.complete_task(moved.facts().tasks[0].key, {"answer": 2})
    assert moved.variables["results"] == [1, 2]


def test_called_processes_and_subprocesses_go_over_too(walk):
    for name, inner in (("call", "inside"), ("event_subprocess_nested", "work")):
        case = walk(name, {"number": 1})
        moved = case.execution.migrate(changed(name, ('name="after"', 'name="later"')))
        moved.complete_task(moved.facts().tasks[0].key, {})
        assert moved.facts().tasks[0].name == "later", inner


def calling(call, child_task):
    """``call.bpmn`` in two files, as bundles have it: the call is ``call``, the called process ``child``."""
    head, main, child = re.split(r"(?=  <bpmn:process )", (DIAGRAMS / "call.bpmn").read_text())
    main = re.sub(r'"c"', f'"{call}"', main) + "</bpmn:definitions>"
    child = child.replace('"inside"', f'"{child_task}"')
    return build_program({"main.bpmn": (head + main).encode(), "child.bpmn": (head + child).encode()}, "main")


def test_a_call_of_another_id_takes_along_what_it_calls_though_that_has_the_same_ids(walk):
    environment = walk("call", {"number": 1}).environment
    case = Execution.start(calling("child", "s"), environment, {"number": 1})
    new = calling("renamed", "s")
    moved = case.migrate(new, suggest_mapping(calling("child", "s"), new) | {"s": "gone_from_main"})
    assert [t.element_id for t in moved.facts().tasks] == ["s"]
    moved.complete_task(moved.facts().tasks[0].key, {})
    assert [t.element_id for t in moved.facts().tasks] == ["after"]


def same_ids(main_task, child_task):
    """The calling process waits after the call at a task, the called one at another; both ids are given."""
    head, main, child = re.split(r"(?=  <bpmn:process )", (DIAGRAMS / "call.bpmn").read_text())
    main, child = main.replace('"after"', f'"{main_task}"'), child.replace('"inside"', f'"{child_task}"')
    text = (head + main + "</bpmn:definitions>").encode(), (head + child).encode()
    return build_program(dict(zip(("main.bpmn", "child.bpmn"), text, strict=True)), "main")


def test_an_id_that_the_process_and_one_it_calls_share_goes_its_own_way_in_each(walk):
    environment = walk("call", {"number": 1}).environment
    old, new = same_ids("check", "check"), same_ids("look", "inspect")
    mapping = {"check": "look", "child/check": "inspect"}

    case = Execution.start(old, environment, {"number": 1})
    assert {p.code for p in case.migration_problems(new, {"check": "look"})} == {"migration_element_missing"}
    moved = case.migrate(new, mapping)
    assert [t.element_id for t in moved.facts().tasks] == ["inspect"]
    moved.complete_task(moved.facts().tasks[0].key, {})
    assert [t.element_id for t in moved.facts().tasks] == ["look"]

    case.complete_task(case.facts().tasks[0].key, {})
    assert [t.element_id for t in case.migrate(new, mapping).facts().tasks] == ["look"]
    # Another element of the process has the id that the called one's has gone to: it is not taken for it.
    swapped = same_ids("inspect", "inspect")
    assert {p.code for p in case.migration_problems(swapped, {"child/check": "inspect"})} == {
        "migration_element_missing"
    }


def test_a_suggested_mapping_says_in_which_process(walk):
    old = same_ids("check", "check")
    assert suggest_mapping(old, same_ids("look", "inspect")) == {"check": "look", "child/check": "inspect"}


def test_an_element_that_moved_into_a_subprocess_is_refused(walk):
    case = walk("exclusive_loop")
    new = changed(
        "exclusive_loop",
        ('<bpmn:userTask id="work"', '<bpmn:subProcess id="inner"><bpmn:userTask id="work"'),
        ("</bpmn:userTask>", "</bpmn:userTask></bpmn:subProcess>"),
    )
    assert refusals(case, new) == {("work", "migration_scope_changed")}


def test_an_ended_instance_goes_over_as_ended(walk):
    case = walk("exclusive_loop").complete("work", retry=False)
    moved = case.execution.migrate(changed("exclusive_loop"))
    assert moved.ended


def test_border_events_may_come_and_go(walk):
    case = walk("boundary_events", {"number": 1})
    text = (DIAGRAMS / "boundary_events.bpmn").read_text()
    start = text.index('<bpmn:boundaryEvent id="danger"')
    end = text.index("</bpmn:boundaryEvent>", start)
    border = text[start:end].replace("danger", "storm").replace("signal_storm", "signal_danger")
    new = changed(
        "boundary_events",
        (text[start:end], border),
        ('sourceRef="danger"', 'sourceRef="storm"'),
    )
    moved = case.execution.migrate(new, {"danger": ""})
    assert sorted(w.element_id for w in moved.facts().waits) == ["storm", "told"]


def test_what_may_have_to_be_undone_goes_over_with_its_handlers(walk):
    case = walk("compensation").complete("book")
    gone = changed("compensation", ('"unbook"', '"give_back"'))
    assert refusals(case, gone) == {("main", "migration_element_missing")}
    moved = case.execution.migrate(gone, {"unbook": "give_back"})
    moved.complete_task(moved.facts().tasks[0].key, {"failed": True})
    moved.complete_task(moved.facts().tasks[0].key, {})
    assert [t.element_id for t in moved.facts().tasks] == ["give_back"]


def test_finished_work_without_a_handler_of_its_own_goes_over_with_what_was_finished_in_it(walk, program):
    case = walk("compensation_nested").complete("book")
    same = program("compensation_nested")
    assert refusals(case, same) == set()
    moved = case.execution.migrate(same)
    moved.complete_task(moved.facts().tasks[0].key, {})
    assert [t.element_id for t in moved.facts().tasks] == ["unbook"]


def test_a_mapping_is_suggested_by_name_then_by_neighbours_and_flows_by_their_ends(walk, program):
    old = program("parallel_join")
    new = changed(
        "parallel_join",
        ('id="a" name="a"', 'id="first" name="a"'), ('"a"/>', '"first"/>'), ('sourceRef="a"', 'sourceRef="first"'),
        ('id="after" name="after"', 'id="later" name="other"'), ('targetRef="after"', 'targetRef="later"'),
        ('sourceRef="after"', 'sourceRef="later"'), ('id="f_a_join"', 'id="f_first"'),
    )  # fmt: skip
    mapping = suggest_mapping(old, new)
    assert mapping == {"a": "first", "after": "later", "f_a_join": "f_first"}
    case = walk("parallel_join", {"x": 0}).complete("a")
    moved = case.execution.migrate(new, mapping)
    for _ in range(2):
        moved.complete_task(moved.facts().tasks[0].key, {})
    assert moved.facts().active == ["later"]
    assert suggest_mapping(new, program("links"))["split"] == ""


def test_instances_that_stand_alike_are_known_by_it(walk):
    one, other = (
        walk("multi_parallel", {"items": [1, 2], "answer": 0}),
        walk("multi_parallel", {"items": [3, 4], "answer": 5}),
    )
    assert one.execution.standing() == other.execution.standing()
    other.complete("work", answer=1)
    assert one.execution.standing() != other.execution.standing()
