"""A diagram may only ask for so much; what asks for more ends as a clear error, not as a dead server."""

from __future__ import annotations

import pytest

from engine.bpmn import Environment, Execution, Limits, build_program
from engine.errors import DeploymentRejected, ExecutionFailed


def refused(program, environment, variables=None):
    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(program, environment, variables)
    assert failed.value.kind == "budget"
    return failed.value.facts["budget"], failed.value.element_id


def test_a_loop_without_a_wait_runs_out_of_steps(program):
    budget, element_id = refused(program("endless"), Environment(), {"n": 0})
    assert budget == "steps" and element_id in {"again", "count"}


def test_the_number_of_steps_is_a_setting(program):
    few = Environment(max_steps=10)
    refused(program("endless"), few, {"n": 0})
    ran = Execution.start(program("exclusive_loop"), few)
    for _ in range(20):
        ran.complete_task(ran.facts().tasks[0].key, {"retry": True})
        ran = Execution.load(program("exclusive_loop"), few, ran.dump())


def test_time_is_bounded_too(program):
    budget, _ = refused(program("endless"), Environment(max_seconds=0.000001, max_steps=10**9), {"n": 0})
    assert budget == "seconds"


def test_a_process_that_calls_itself_ends_as_an_error(program):
    budget, element_id = refused(program("endless_call"), Environment())
    assert (budget, element_id) == ("depth", "main")


def test_too_many_tokens_are_refused(program):
    environment = Environment(limits=Limits(live_tokens=50))
    budget, _ = refused(program("multi_parallel"), environment, {"items": list(range(60)), "answer": 1})
    assert budget == "tokens"


def test_state_beyond_the_limit_is_not_written(program):
    running = Execution.start(program("call"), Environment(limits=Limits(state_bytes=10_000)), {"x": "y" * 20_000})
    with pytest.raises(ExecutionFailed) as failed:
        running.dump()
    assert failed.value.facts["budget"] == "state"


def test_a_packed_bomb_is_not_unpacked(program):
    ours = program("call")
    state = Execution.start(ours, Environment(), {"x": "y" * 1_000_000}).dump()
    with pytest.raises(ExecutionFailed) as failed:
        Execution.load(ours, Environment(limits=Limits(state_bytes=500_000)), state)
    assert failed.value.kind == "state_unreadable"


def test_a_join_that_can_never_go_on_is_told(walk):
    case = walk("stuck")
    case.complete("b")
    assert [(t.kind, t.code, t.element_id) for t in case.facts.thrown] == [("error", "stuck", "join")]
    assert not case.ended


def test_a_missing_process_or_a_broken_file_is_told_with_all_problems():
    with pytest.raises(DeploymentRejected) as told:
        build_program({"a.bpmn": b"no xml", "b.bpmn": b"<x/>"}, "main")
    assert [p.code for p in told.value.problems] == ["xml_broken", "not_bpmn"]
    with pytest.raises(DeploymentRejected) as told:
        build_program({}, "main")
    assert [p.code for p in told.value.problems] == ["process_missing"]
