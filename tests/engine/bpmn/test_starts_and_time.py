"""How an instance begins, and when timers are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.bpmn import Execution
from engine.errors import Conflict, ExecutionFailed


@pytest.mark.parametrize(
    ("start", "task"),
    [(None, "a"), ("on_message", "b"), ("on_signal", "c"), ("by_cycle", "d"), ("by_date", "f"), ("when", "g")],
)
def test_every_start_event_begins_its_own_path(walk, start, task):
    case = walk("starts", {"x": 1}, start_element=start, payload={"text": "hello"} if start else None)
    assert case.open == [task]
    assert case.variables == ({"x": 1, "text": "hello"} if start else {"x": 1})


def test_a_receive_task_may_begin_an_instance(walk):
    case = walk("receive_start", start_element="letter", payload={"text": "hello"})
    assert case.open == ["a"] and case.variables == {"text": "hello"}


def test_a_process_that_waits_for_a_message_cannot_be_started_without(walk):
    with pytest.raises(ExecutionFailed) as failed:
        walk("receive_start")
    assert failed.value.kind == "no_start"
    with pytest.raises(ExecutionFailed) as failed:
        walk("starts", start_element="a")
    assert failed.value.kind == "no_start"


def test_timers_take_dates_durations_months_and_feel(walk):
    moment = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    case = walk("timers", {"moment": moment, "hours": 3})
    assert {t.element_id: t.due_at for t in case.facts.timers} == {
        "by_date": moment,
        "by_text": datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
        "by_month": datetime(2026, 12, 23, 1, 0, tzinfo=UTC),
        "by_feel": case.now + timedelta(hours=3),
        "by_day": datetime(2026, 12, 23, 16, 0, tzinfo=UTC),
    }
    for element_id in ("by_month", "by_date", "by_day", "by_feel", "by_text"):
        case.fire(element_id)
    assert case.ended


@pytest.mark.parametrize("over", [timedelta(hours=-2), "-PT2H", "1999-12-31T00:00:00Z"])
def test_a_time_worked_out_that_is_over_already_is_due_at_once(walk, over):
    case = walk("timers", {"moment": over, "hours": 3})
    assert case.timer("by_date").due_at < case.now
    case.execution.fire_timer(case.timer("by_date").key)
    case.keep()
    assert "by_date" not in {t.element_id for t in case.facts.timers}


NAIVE = datetime(2026, 1, 1, 8, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize("moment", [None, "tomorrow", "2026-01-01T08:00:00", 5, "P1000Y", NAIVE])
def test_a_timer_without_a_clear_time_is_an_error_with_its_element(walk, moment):
    with pytest.raises(ExecutionFailed) as failed:
        walk("timers", {"moment": moment, "hours": 3})
    assert (failed.value.kind, failed.value.element_id) == ("timer", "by_date")


def test_after_a_standstill_a_cycle_fires_once_and_then_on_schedule(walk):
    case = walk("event_subprocess_beside", {"number": 1, "level": 0}, outside={"case": {}})
    begun = case.now
    case.later(hours=5, minutes=20)
    case.execution.fire_timer(case.timer("on_timer").key)
    case.keep()
    assert [t.element_id for t in case.facts.tasks].count("t") == 1
    assert case.timer("on_timer").due_at == begun + timedelta(hours=6)


def test_a_waiting_timer_can_be_set_to_another_time(walk):
    case = walk("boundary_events", {"number": 1})
    later = case.now + timedelta(days=2)
    case.execution.change_timer(case.timer("by_time").key, later)
    case.keep()
    assert case.timer("by_time").due_at == later
    case.fire("by_time")
    assert case.open == ["overdue"] and case.now == later


def test_a_timer_fires_once_only(walk, program):
    case = walk("boundary_events", {"number": 1})
    key = case.timer("by_time").key
    case.fire("by_time")
    with pytest.raises(Conflict):
        case.execution.fire_timer(key)


def test_two_timers_of_one_event_gateway_keep_their_own_times(walk):
    case = walk("event_gateway", {"number": 7})
    assert case.timer("late").due_at - case.timer("soon").due_at == timedelta(hours=1)


def test_messages_carry_names_and_keys_that_were_worked_out_once(walk):
    case = walk("message_events", {"kind": "a", "order": {"id": 12}})
    wait = case.wait("told")
    assert (wait.kind, wait.name, wait.correlation_key) == ("message", "answer-a", "12")
    case.execution.set_variables({"kind": "b"})
    case.keep()
    assert case.wait("told").name == "answer-a"
    case.deliver("told")
    assert case.job("ask").inputs == {"kind": "b"}
    case.finish("ask").finish("e")
    assert case.ended and case.ends == ["e"]


@pytest.mark.parametrize("order", [{"id": None}, {}, {"id": 1.5}, {"id": [1]}, {"id": ""}])
def test_a_correlation_key_that_is_none_is_an_error(walk, order):
    with pytest.raises(ExecutionFailed) as failed:
        walk("message_events", {"kind": "a", "order": order})
    assert (failed.value.kind, failed.value.element_id) == ("correlation_key", "told")


def test_deeds_on_the_wrong_kind_of_wait_are_refused(walk):
    case = walk("boundary_events", {"number": 1})
    task, timer, wait = case.task("work").key, case.timer("by_time").key, case.wait("told").key
    execution: Execution = case.execution
    for deed, key in (
        (execution.fire_timer, task), (execution.fire_timer, wait), (execution.deliver, timer),
        (execution.deliver, task), (execution.complete_task, wait), (execution.finish_job, task),
        (execution.complete_task, "unknown"),
    ):  # fmt: skip
        with pytest.raises(Conflict):
            deed(key)
