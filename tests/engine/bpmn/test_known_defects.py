"""Fifteen ways in which SpiffWorkflow 3.2.0 loses work or lies; each was reproduced there, none may come back here."""

from __future__ import annotations

import builtins
import threading
from decimal import Decimal

import orjson
import pytest

from engine.bpmn import Environment, Execution, codec, compile_processes
from engine.errors import Conflict, ExecutionFailed

DANGER = "().__class__.__base__.__subclasses__()"


def test_d1_a_loop_does_not_die_of_its_age(walk):
    case = walk("exclusive_loop")
    sizes = []
    for _ in range(1_100):
        case.complete("work", retry=True)
        sizes.append(len(case.state))
    assert case.open == ["work"] and not case.ended
    assert max(sizes) == min(sizes)


def test_d2_a_parallel_join_in_a_loop_waits_whatever_the_order(walk):
    case = walk("parallel_in_loop")
    for first, second in (("a", "b"), ("b", "a"), ("b", "a"), ("a", "b")):
        case.complete(first, again=True)
        assert case.open == [second]
        case.complete(second, again=True)
        assert case.open == ["a", "b"]


def test_d3_an_inclusive_join_in_a_loop_is_not_premature(walk):
    case = walk("inclusive_in_loop", {"both": True})
    for _ in range(4):
        case.complete("a", again=True)
        assert case.open == ["b"]
        case.complete("b", again=True)


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_d4_no_branch_overwrites_what_another_has_changed(walk, order):
    case = walk("parallel_join", {"x": "before", "nested": {"a": 1}})
    for name in order:
        case.complete(name, **({"x": "changed", "nested": {"a": 2}} if name == "a" else {name: 1}))
    assert case.variables == {"x": "changed", "nested": {"a": 2}, "b": 1, "c": 1}


def test_d5_nested_values_are_not_shared_with_those_who_read_them(walk):
    case = walk("parallel_join", {"nested": {"list": [1]}})
    seen = case.task("a").variables
    seen["nested"]["list"].append(2)
    again = Execution.load(case.program, case.environment, case.state)
    assert again.facts().tasks[0].variables["nested"] == {"list": [1]}
    before = [dict(s.details) for s in case.steps]
    case.complete("b", nested={"list": []})
    assert [dict(s.details) for s in case.steps[: len(before)]] == before


def test_d6_a_database_that_sorts_keys_loses_nothing(program):
    ours = program("parallel_join")
    running = Execution.start(ours, Environment(), {"z": 1, "a": {"y": 1, "b": Decimal("1.0")}})
    running.complete_task(running.facts().tasks[0].key, {"k": 1})
    state = running.dump()
    sorted_state = state[:4] + orjson.dumps(orjson.loads(state[4:]), option=orjson.OPT_SORT_KEYS)
    again = Execution.load(ours, Environment(), sorted_state)
    assert again.variables == running.variables
    assert [t.key for t in again.facts().tasks] == [t.key for t in running.facts().tasks]


@pytest.mark.parametrize("poison", ["typename", "$", "__class__", "data_objects", "Start"])
def test_d7_no_name_of_a_variable_is_poison(walk, poison):
    case = walk("call", {poison: "datetime"})
    case.complete("inside", **{poison: {"typename": "uuid", poison: [1]}})
    case.complete("after")
    assert case.ended and case.variables[poison] == {"typename": "uuid", poison: [1]}


def test_d8_what_is_not_open_cannot_be_done(walk):
    case = walk("call", {})
    key = case.task("inside").key
    case.complete("inside")
    for gone in (key, "0" * 32):
        with pytest.raises(Conflict):
            case.execution.complete_task(gone, {})


def test_d9_after_a_failure_the_saved_state_still_stands(walk):
    case = walk("exclusive_loop")
    with pytest.raises(ExecutionFailed):
        case.execution.complete_task(case.task("work").key, {"retry": "perhaps"})
    case.execution = Execution.load(case.program, case.environment, case.state)
    case.complete("work", retry=False)
    assert case.ended


@pytest.mark.parametrize("name", ["multi_parallel", "multi_sequential", "standard_loop"])
def test_d10_a_loop_under_way_goes_on_in_a_server_that_just_started(program, name):
    running = Execution.start(program(name), Environment(), {"items": [1, 2], "answer": 0})
    for _ in range(2):
        running.complete_task(running.facts().tasks[0].key, {"answer": 1, "more": True})
        running = Execution.load(program(name), Environment(), running.dump())
    while "work" in (open_ := [t.element_id for t in running.facts().tasks]):
        running.complete_task(running.facts().tasks[0].key, {"more": False})
    assert open_ == ["after"]


def test_d11_an_event_subprocess_does_not_change_the_drawing_for_others(program):
    ours = program("event_subprocess_interrupting")
    world = Environment(variables={"case": {"urgent": False}})

    def start():
        return Execution.start(ours, world, {"number": 1})

    first = start()
    first.deliver(first.facts().waits[0].key)
    assert [t.element_id for t in first.facts().tasks] == ["m"]
    assert [t.element_id for t in start().facts().tasks] == ["work"]


def test_d11_threads_share_one_program(program):
    ours, wrong = program("parallel_in_loop"), []

    def run():
        running = Execution.start(ours, Environment())
        for turn in range(30):
            running.complete_task(running.facts().tasks[turn % 2].key, {"again": True})
            running = Execution.load(ours, Environment(), running.dump())
            running.complete_task(running.facts().tasks[0].key, {"again": True})
            if [t.element_id for t in running.facts().tasks] != ["a", "b"]:
                wrong.append(turn)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_d12_an_error_stays_in_its_scope_and_is_caught_once(walk):
    case = walk("error_scopes")
    case.fail("job1", "broken")
    assert case.open == ["caught_one", "task2"]


def test_d12_an_uncaught_error_is_no_silent_end(walk):
    case = walk("error_uncaught")
    case.complete("work", why="x")
    assert not case.ended and case.thrown[0].kind == "error"


def test_d13_two_timers_of_one_gateway_have_two_times(walk):
    case = walk("event_gateway", {"number": 1})
    assert case.timer("soon").due_at != case.timer("late").due_at


def test_d14_what_stock_ignores_has_its_effect(walk):
    heard = walk("signal_end", {"number": 1}).complete("a")
    assert [t.kind for t in heard.thrown] == ["signal"]
    assert walk("links").complete("a").open == ["b"]
    undone = walk("compensation").complete("book").complete("pay", failed=True)
    assert undone.open == ["refund"]
    caught = walk("error_event_subprocess").complete("work", bad=True)
    assert caught.open == ["repair"]


def test_d14_what_cannot_have_an_effect_is_refused():
    from pathlib import Path

    text = (Path(__file__).parent / "diagrams" / "signal_end.bpmn").read_text()
    start = text.index("<bpmn:signalEventDefinition")
    end = text.index("/>", start) + 2
    for kind in ("timer", "conditional", "link"):
        broken = text[:start] + f"<bpmn:{kind}EventDefinition/>" + text[end:]
        _, problems = compile_processes({"x.bpmn": broken.encode()})
        assert any(p.severity == "error" and p.element_id == "e" for p in problems), kind


def test_d15_python_is_never_evaluated(program, monkeypatch):
    """The three doors into Python are walled up while every kind of expression runs."""
    plans = [
        ("tasks", {"price": DANGER, "number": 1}),
        ("inclusive", {"wants_a": DANGER, "wants_b": DANGER}),
        ("multi_count", {"count_wanted": DANGER}),
        ("timers", {"moment": DANGER, "hours": DANGER}),
        ("user_task", {"kind": DANGER, "owner": DANGER}),
        ("multi_vote", {"people": [DANGER]}),
        ("conditional_border", {"level": 0, "case": {"danger": False}}),
        ("call_mapped", {"number": DANGER}),
        ("message_events", {"kind": DANGER, "order": {"id": DANGER}}),
        ("standard_loop_before", {"more": False}),
        ("exclusive_loop", {}),
    ]
    programs = [(program(name), variables) for name, variables in plans]

    def walled(*_args, **_kwargs):
        raise AssertionError("Python was reached")

    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, walled)
    for ours, variables in programs:
        try:
            running = Execution.start(ours, Environment(decide=lambda *_: None), variables)
            running = Execution.load(ours, Environment(), running.dump())
            for task in running.facts().tasks[:1]:
                running.complete_task(task.key, {"yes": True, "retry": False, "why": DANGER})
        except ExecutionFailed:
            continue


def test_d15_the_library_s_own_engine_refuses_everything(program):
    running = Execution.start(program("exclusive_loop"), Environment())
    engine = running._workflow.script_engine
    for method in (engine.evaluate, engine.execute, engine.call_service, engine.validate):
        with pytest.raises(ExecutionFailed):
            method("1 + 1")


def test_state_holds_no_specification(program):
    state = Execution.start(program("parallel_in_loop"), Environment()).dump()
    assert len(state) < 600
    _, rows = codec.read_rows(state, 10_000)
    assert [row[2] for row in rows] == ["process main", "a", "b"]
