"""An operator corrects a process: moves, skips, sets variables, cancels, reopens."""

from __future__ import annotations

import pytest

from engine.errors import Conflict


def test_a_token_is_moved_within_its_scope(walk):
    case = walk("exclusive_loop")
    case.execution.move(case.task("work").key, "end")
    case.keep()
    assert case.ended and case.walked("cancelled") == ["work"]


def test_a_token_put_before_a_gateway_runs_through_it(walk):
    case = walk("parallel_join", {"x": 0})
    case.complete("a").complete("b")
    case.execution.move(case.task("c").key, "split")
    case.keep()
    assert case.open == ["a", "b", "c"]


def test_a_token_leaves_a_subprocess_only_when_nothing_else_is_lost(walk):
    case = walk("event_subprocess_nested", {"number": 1})
    case.execution.move(case.task("work").key, "after")
    case.keep()
    assert case.open == ["after"]
    busy = walk("terminate")
    with pytest.raises(Conflict):
        busy.execution.move(busy.task("a").key, "after")


@pytest.mark.parametrize("target", ["nowhere", "by_time", "main"])
def test_a_token_cannot_be_put_where_no_token_stands(walk, target):
    case = walk("boundary_events", {"number": 1})
    with pytest.raises(Conflict):
        case.execution.move(case.task("work").key, target)


def test_one_of_several_awaited_events_is_moved_with_its_gateway(walk):
    case = walk("event_gateway", {"number": 1})
    case.execution.move(case.timer("late").key, "after")
    case.keep()
    assert case.open == ["after"]


def test_tasks_jobs_and_waits_can_be_skipped(walk):
    case = walk("event_gateway", {"number": 1})
    case.execution.skip(case.wait("told").key, {"text": "by hand"})
    case.keep()
    assert case.open == ["after"] and case.variables["text"] == "by hand"
    case.execution.skip(case.task("after").key)
    case.keep()
    assert case.ended
    job = walk("error_scopes")
    job.execution.skip(job.job("job1").key)
    job.keep()
    assert job.open == ["task2"]


def test_a_subscription_or_a_scope_cannot_be_skipped_or_moved(walk):
    case = walk("event_subprocess_nested", {"number": 1})
    phase = next(t.key for t in case.execution.tokens() if t.element_id == "phase")
    for key in (case.wait("on_stop").key, phase):
        with pytest.raises(Conflict):
            case.execution.skip(key)
    with pytest.raises(Conflict):
        case.execution.move(case.wait("on_stop").key, "work")


def test_variables_are_corrected_in_the_process_or_at_a_token(walk):
    case = walk("multi_parallel", {"items": [1, 2], "answer": 0})
    case.execution.set_variables({"answer": 5})
    case.execution.set_variables({"item": 7}, case.task("work", 1).key)
    case.keep()
    assert [t.variables["item"] for t in case.facts.tasks] == [1, 7]
    assert case.variables["answer"] == 5


def test_cancelling_withdraws_everything(walk):
    case = walk("call", {"number": 1})
    case.execution.cancel()
    case.keep()
    assert case.ended and case.open == []
    assert case.walked("cancelled") == ["inside", "c"]
    with pytest.raises(Conflict):
        case.execution.reopen("after")


def test_an_ended_process_can_be_reopened_at_a_step(walk):
    case = walk("event_subprocess_beside", {"number": 1, "level": 0}, outside={"case": {}})
    case.complete("work", verdict="closed")
    assert case.ended
    case.execution.reopen("work")
    case.keep()
    assert case.open == ["on_condition", "on_message", "on_signal", "on_timer", "work"]
    assert case.task("work").variables["verdict"] == "closed"
    with pytest.raises(Conflict):
        case.execution.reopen("work")


def test_the_operator_sees_every_token_with_its_variables(walk):
    case = walk("multi_subprocess", {"places": ["x", "y"]})
    tokens = case.execution.tokens()
    places = [t for t in tokens if t.element_id == "visit" and "place" in t.variables]
    assert [(t.variables["place"], t.state, t.type) for t in places] == [
        ("x", "open", "subProcess"), ("y", "open", "subProcess"),
    ]  # fmt: skip
    looks = [t for t in tokens if t.element_id == "look"]
    assert [t.scope for t in looks] == [t.key for t in places]


@pytest.mark.parametrize("name", ["multi_parallel", "multi_sequential"])
def test_one_instance_of_many_begins_anew_and_the_others_keep_what_they_brought(walk, name):
    case = walk(name, {"items": [1, 2, 3], "answer": 0})
    case.complete("work", answer=10)
    before = [t.variables["item"] for t in case.facts.tasks]
    again = case.task("work")
    case.execution.set_variables({"answer": 5}, again.key)
    case.execution.move(again.key, "work")
    case.keep()
    assert again.key not in {t.key for t in case.facts.tasks}
    assert sorted(t.variables["item"] for t in case.facts.tasks) == before
    while "work" in case.open:
        task = case.task("work")
        assert task.variables["answer"] == 0
        case.complete("work", answer=task.variables["item"] * 10)
    assert case.variables["results"] == [10, 20, 30]


def test_a_round_of_a_loop_begins_anew(walk):
    case = walk("standard_loop", {"again": True})
    (task,) = case.facts.tasks
    case.execution.move(task.key, task.element_id)
    case.keep()
    assert [t.element_id for t in case.facts.tasks] == [task.element_id]
    assert case.task(task.element_id).variables["loopCounter"] == task.variables["loopCounter"]
