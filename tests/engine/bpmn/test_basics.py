"""Tasks, gateways, timers, messages, calls: the everyday of a process."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.errors import Conflict, ExecutionFailed


def test_a_user_task_is_offered_with_everything_the_drawing_says(walk):
    case = walk("user_task", {"kind": "litter", "owner": "wang"})
    task = case.task("a")
    assert (task.form_id, task.assignee, task.candidate_groups, task.priority) == (
        "form", "wang", ("clerk", "dispatcher"), 70,
    )  # fmt: skip
    assert task.due_date == case.now
    assert dict(task.properties) == {"limit": "4 工作时", "stage": "stage litter"}
    assert task.variables == {"kind": "litter", "owner": "wang", "shown": "litter"}
    entered = next(s for s in case.steps if s.element_id == "a")
    assert (entered.kind, entered.token, entered.properties["stage"]) == ("entered", task.key, "stage litter")


def test_a_completed_task_leaves_its_form_in_the_process_and_ends_it(walk):
    case = walk("user_task", {"kind": "litter", "owner": "wang"})
    case.complete("a", verdict="ok", place={"street": "福中路"})
    assert case.ended and case.ends == ["End"]
    assert case.variables == {"kind": "litter", "owner": "wang", "verdict": "ok", "place": {"street": "福中路"}}


def test_a_task_can_be_completed_once_only(walk):
    case = walk("user_task", {"kind": "x", "owner": "y"})
    key = case.task("a").key
    case.complete("a")
    with pytest.raises(Conflict) as told:
        case.execution.complete_task(key, {})
    assert told.value.kind == "ended"


def test_scripts_decisions_messages_and_connectors_do_their_work(walk):
    asked = []

    def decide(decision_id, variables):
        asked.append((decision_id, variables["total"]))
        return {"to": "street"}

    case = walk("tasks", {"price": 21, "number": "FT-1"}, decide=decide)
    assert [decision for decision, _ in asked] == ["route"]
    assert case.variables == {"price": 21, "number": "FT-1", "total": 42, "decision": {"to": "street"}}
    message = case.thrown[0]
    assert (message.kind, message.name, message.correlation_key, message.element_id) == (
        "message", "told", "FT-1", "tell",
    )  # fmt: skip
    job = case.job("work")
    assert (job.type, job.retries, job.headers, job.inputs) == ("notify", 5, {"subject": "hello"}, {"amount": 42})
    case.finish("work", answer=1)
    assert case.ended
    assert case.variables["result"] == {"value": 2}
    assert "answer" not in case.variables and "amount" not in case.variables


def test_a_loop_through_an_exclusive_gateway_goes_round_as_often_as_asked(walk):
    case = walk("exclusive_loop")
    for _ in range(5):
        case.complete("work", retry=True)
        assert case.open == ["work"]
    case.complete("work", retry=False)
    assert case.ended


def test_a_parallel_join_waits_for_all_in_any_order_and_keeps_every_result(walk):
    case = walk("parallel_join", {"x": 0})
    assert case.open == ["a", "b", "c"]
    case.complete("c", c=3)
    case.complete("a", x=1)
    assert case.open == ["b"]
    case.complete("b", b=2)
    assert case.open == ["after"]
    assert case.variables == {"x": 1, "b": 2, "c": 3}
    case.complete("after")
    assert case.ended


def test_parallel_branches_in_a_loop_may_finish_in_another_order_each_round(walk):
    case = walk("parallel_in_loop")
    for turn in range(6):
        first, second = ("a", "b") if turn % 2 else ("b", "a")
        case.complete(first, again=True)
        assert case.open == [second]
        case.complete(second, again=turn < 5)
        assert case.open == (["a", "b"] if turn < 5 else [])
    assert case.ended


@pytest.mark.parametrize("wanted", [("a",), ("b",), ("a", "b"), ()])
def test_an_inclusive_join_waits_for_those_who_were_sent_out(walk, wanted):
    case = walk("inclusive", {"wants_a": "a" in wanted, "wants_b": "b" in wanted})
    expected = sorted(wanted) or ["c"]
    assert case.open == expected
    for done, element_id in enumerate(reversed(expected), 1):
        case.complete(element_id)
        assert (case.open == ["after"]) == (done == len(expected))
    case.complete("after")
    assert case.ended


def test_an_inclusive_join_in_a_loop_never_goes_early(walk):
    case = walk("inclusive_in_loop", {"both": True})
    for turn in range(5):
        case.complete("b" if turn % 2 else "a", again=True)
        assert case.open == ["a" if turn % 2 else "b"]
        case.complete(case.open[0], again=turn < 4, both=turn != 2)
        if turn == 2:
            assert case.open == ["a"]
            case.complete("a", both=True)
    assert case.ended


def test_implicit_splits_and_merges_and_a_process_without_start_event(walk):
    case = walk("implicit")
    case.complete("first")
    assert case.open == ["a", "b"]
    case.complete("a").complete("b")
    assert case.open == ["merged", "merged"]
    case.complete("merged").complete("merged")
    assert case.ended and case.ends == ["e", "e"]


@pytest.mark.parametrize(("amount", "expected"), [(500, ["big", "small"]), (5000, ["big"]), (5, ["small"])])
def test_conditions_on_the_flows_of_a_task_decide_where_it_goes(walk, amount, expected):
    case = walk("conditional_flows")
    case.complete("a", amount=amount)
    assert case.open == expected


def test_no_condition_that_holds_is_an_error_with_the_element(walk):
    case = walk("inclusive_in_loop", {"both": False})
    with pytest.raises(ExecutionFailed) as failed:
        case.execution.complete_task(case.task("a").key, {"again": "perhaps"})
    assert (failed.value.kind, failed.value.element_id) == ("condition_not_boolean", "ok")


@pytest.mark.parametrize("first", ["soon", "late", "told", "asked"])
def test_the_first_event_of_an_event_gateway_wins(walk, first):
    case = walk("event_gateway", {"number": 7})
    assert case.open == ["asked", "late", "soon", "told"]
    assert case.timer("soon").due_at == case.now + timedelta(hours=1)
    assert case.timer("late").due_at == case.now + timedelta(hours=2)
    assert case.wait("told").correlation_key == "7"
    case.fire(first) if first in {"soon", "late"} else case.deliver(first, text="hello")
    assert case.open == ["after"]
    if first in {"told", "asked"}:
        assert case.variables["text"] == "hello"
    case.complete("after")
    assert case.ended


def test_an_interrupting_border_timer_ends_the_task(walk):
    case = walk("boundary_events")
    case.fire("by_time")
    assert case.open == ["overdue"]
    assert "work" in case.walked("cancelled")


def test_a_border_cycle_reminds_and_lets_the_task_stand(walk):
    case = walk("boundary_events")
    case.fire("reminder").fire("reminder")
    assert case.open.count("remind") == 2 and "work" in case.open
    case.fire("reminder")
    assert "reminder" not in case.open and case.open.count("remind") == 3
    case.complete("work")
    assert case.open == ["remind"] * 3
    for _ in range(3):
        case.complete("remind")
    assert case.ended


def test_a_border_message_may_come_again_and_again(walk):
    case = walk("boundary_events")
    case.deliver("told", news=1).deliver("told", news=2)
    assert case.open.count("read_news") == 2
    assert case.variables["news"] == 2


def test_a_border_signal_interrupts(walk):
    case = walk("boundary_events")
    case.deliver("danger")
    assert case.open == ["act"]


def test_a_called_process_runs_inside_and_gives_its_variables_back(walk):
    case = walk("call", {"number": 1})
    task = case.task("inside")
    assert (task.process_key, task.variables) == ("child", {"number": 1})
    case.complete("inside", answer=5)
    assert case.open == ["after"]
    assert case.variables == {"number": 1, "answer": 5, "done": True}


def test_mappings_of_a_call_let_through_only_what_they_name(walk):
    case = walk("call_mapped", {"number": 1, "secret": 2})
    assert case.task("inside").variables == {"given": 1, "literal": "ok"}
    case.complete("inside", answer="yes", more=1)
    assert case.variables == {"number": 1, "secret": 2, "outcome": {"text": "yes"}}


def test_intermediate_events_wait_and_throw(walk):
    case = walk("intermediate_events", {"number": 7, "ready": False})
    case.fire("wait")
    assert case.wait("told").correlation_key == "7"
    case.deliver("told", text="x")
    wait = case.wait("alarmed")
    assert (wait.kind, wait.name, wait.scope) == ("signal", "alarm", '=case.district = "福田"')
    case.deliver("alarmed")
    assert case.open == ["changed"]
    case.execution.set_variables({"ready": True})
    case.keep()
    assert case.ended
    assert [(t.kind, t.name, t.variables) for t in case.thrown] == [
        ("signal", "done", {"n": 7}),
        ("message", "bye", {"n": 7}),
    ]


def test_a_pool_runs_beside_a_black_box_and_lanes_are_for_the_eye(walk):
    case = walk("pool_and_lanes")
    for element in ("accept", "act"):
        assert case.open == [element] and case.task(element).candidate_groups == ("clerk",)
        case.complete(element)
    assert case.ended
