"""Whose data it is: scopes, parallel writers, copies, calls, data objects, and what a value may be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.bpmn.scripts import Decided
from engine.errors import ExecutionFailed


def conflicts(case):
    return [(s.element_id, s.details["variable"]) for s in case.steps if s.kind == "conflict"]


def test_two_branches_that_write_the_same_variable_differently_are_told_of(walk):
    case = walk("conflict", {"x": 0})
    case.complete("a", x=1, mine=1)
    assert conflicts(case) == []
    case.complete("b", x=2, other=2)
    assert case.ended and case.variables == {"x": 2, "mine": 1, "other": 2}
    assert conflicts(case) == [("b", "x")]


def test_two_branches_that_write_the_same_value_agree(walk):
    case = walk("conflict", {"x": 0})
    case.complete("b", x=1).complete("a", x=1)
    assert conflicts(case) == []


def test_one_after_the_other_is_no_conflict(walk):
    case = walk("parallel_in_loop")
    case.complete("a", again=True, x=1).complete("b", again=True)
    case.complete("b", again=False, x=2).complete("a", again=False)
    # ``again`` is written by both branches, alike in each round; ``x`` by one after the other.
    assert conflicts(case) == []


def test_a_reminder_path_that_writes_what_its_task_writes_is_told_of(walk):
    case = walk("boundary_events", {"number": 1})
    case.fire("reminder").complete("remind", note="a").complete("work", note="b")
    assert conflicts(case) == [("work", "note")]


def test_a_call_gives_back_only_what_it_wrote(walk):
    case = walk("call_parallel", {"x": 0, "y": 0})
    case.complete("other", x=1)
    case.complete("inside", y=2)
    assert case.ended and case.variables == {"x": 1, "y": 2}
    assert conflicts(case) == []


def test_values_are_copied_at_the_door(walk):
    place = {"street": "a", "points": [1, 2]}
    case = walk("call", {"place": place})
    place["points"].append(3)
    assert case.task("inside").variables["place"]["points"] == [1, 2]


def test_data_objects_are_variables(walk):
    case = walk("data_objects")
    case.complete("write", text="hello", more=1)
    assert case.task("read").variables == {"record": "hello", "what": "hello"}


def test_a_global_task_can_be_called(walk):
    case = walk("global_task", {"x": 1})
    assert case.task("check.task").process_key == "check"
    case.complete("check.task", y=2)
    assert case.ended and case.variables == {"x": 1, "y": 2}


def test_global_tasks_of_every_kind_can_be_called(walk):
    case = walk(
        "global_tasks", {"x": 1}, decide=lambda decision_id, variables: Decided({"of": decision_id, **variables})
    )
    assert case.ended and case.variables == {"x": 1, "y": 2, "choice": {"of": "choose", "x": 1, "y": 2}}


def test_ids_of_the_library_are_harmless(walk):
    case = walk("harmless_ids")
    case.complete("Root")
    assert case.ended and case.variables == {"result": 1}


def test_floats_become_exact_numbers(walk):
    case = walk("harmless_ids")
    case.complete("Root", a=0.1, b=2.0, c=[1e3])
    assert case.variables["a"] == Decimal("0.1") and type(case.variables["b"]) is int
    assert case.variables["c"] == [1000]


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), {1, 2}, object(), b"bytes", {1: 2}, 10**4000, lambda: 1],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_no_expression_knows_is_refused(walk, value):
    case = walk("harmless_ids")
    with pytest.raises(ExecutionFailed) as failed:
        case.execution.complete_task(case.task("Root").key, {"a": {"b": [value]}})
    assert failed.value.kind == "bad_value"


def test_a_value_nested_without_end_is_refused(walk):
    case = walk("harmless_ids")
    value: list = []
    value.append(value)
    with pytest.raises(ExecutionFailed):
        case.execution.complete_task(case.task("Root").key, {"a": value})
