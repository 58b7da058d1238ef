"""Event subprocesses: they watch over a scope, interrupt it or run beside it, and end with it."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("event", "task"), [("on_message", "m"), ("on_signal", "g"), ("on_timer", "t"), ("on_condition", "c")]
)
def test_an_interrupting_one_takes_the_place_of_everything(walk, event, task):
    case = walk("event_subprocess_interrupting", {"number": "FT-1"}, outside={"case": {"urgent": False}})
    waits = ["on_message", "on_signal", "on_timer"]
    assert case.open == ["on_condition", *waits, "work"]
    if event == "on_timer":
        case.fire(event)
    elif event == "on_condition":
        case.changed(case={"urgent": True})
    else:
        case.deliver(event, told="x")
        assert case.variables["told"] == "x"
    assert case.open == [task]
    assert "work" in case.walked("cancelled")
    case.complete(task)
    assert case.ended


@pytest.mark.parametrize(
    ("event", "task"), [("on_message", "m"), ("on_signal", "g"), ("on_timer", "t"), ("on_condition", "c")]
)
def test_one_beside_lets_the_work_go_on_and_may_come_again(walk, event, task):
    case = walk("event_subprocess_beside", {"number": 1, "level": 0}, outside={"case": {}})
    for turn in range(2):
        if event == "on_timer":
            case.fire(event)
        elif event == "on_condition":
            for level in (1, 5):
                case.execution.set_variables({"level": level})
                case.keep()
        else:
            case.deliver(event)
        assert case.open.count(task) == turn + 1 and "work" in case.open
    case.complete("work")
    # The scope is still open, so it still listens.
    assert [t.element_id for t in case.facts.tasks] == [task, task] and "on_message" in case.open
    case.complete(task).complete(task)
    assert case.ended


def test_an_instance_ends_with_its_main_path_when_no_event_came(walk):
    case = walk("event_subprocess_beside", {"number": 1, "level": 0}, outside={"case": {}})
    case.complete("work")
    assert case.ended and not case.facts.timers and not case.facts.waits


def test_one_inside_a_subprocess_interrupts_only_this(walk):
    case = walk("event_subprocess_nested", {"number": 1})
    case.deliver("on_stop")
    assert case.open == ["tidy"]
    case.complete("tidy")
    assert case.open == ["after"]
    case.complete("after")
    assert case.ended


def test_new_instances_begin_as_drawn_after_another_was_interrupted(walk):
    first = walk("event_subprocess_nested", {"number": 1})
    first.deliver("on_stop")
    second = walk("event_subprocess_nested", {"number": 2})
    assert second.open == ["on_stop", "work"]


def test_the_border_condition_beats_the_work_inside(walk):
    case = walk("inner_and_border", {"x": 0, "y": 0})
    case.complete("work")
    assert case.open == ["after"]
    assert case.variables == {"x": 1, "y": 0}


def test_border_conditions_follow_the_data_inside_and_outside(walk):
    case = walk("conditional_border", {"level": 0}, outside={"case": {"danger": False}})
    for level in (1, 2, 3, 1, 2):
        case.execution.set_variables({"level": level})
        case.keep()
    assert case.open.count("told") == 2
    case.changed(case={"danger": True})
    assert case.open == ["act", "told", "told"]


def test_a_condition_that_holds_from_the_start_fires_at_once(walk):
    case = walk("conditional_border", {"level": 5}, outside={"case": {"danger": True}})
    assert "work" not in case.open and "act" in case.open
