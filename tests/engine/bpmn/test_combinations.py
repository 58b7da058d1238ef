"""Elements inside and beside one another: what holds alone must hold together."""

from __future__ import annotations


def test_an_error_in_one_instance_ends_them_all(walk):
    case = walk("multi_errors", {"places": ["a", "b", "c"]})
    case.complete("look", 1, verdict="bad")
    assert case.open == ["repair"]


def test_terminate_in_one_instance_ends_only_this(walk):
    case = walk("multi_errors", {"places": ["a", "b"]})
    case.deliver("on_note")
    case.complete("look", verdict="enough")
    assert [(t.element_id, t.variables["place"]) for t in case.facts.tasks] == [("look", "b")]
    case.complete("look", verdict="fine")
    assert case.open == ["after"]


def test_every_instance_listens_for_itself(walk):
    case = walk("multi_errors", {"places": ["a", "b"]})
    assert [w.correlation_key for w in case.facts.waits] == ["a", "b"]
    case.execution.deliver(case.facts.waits[1].key, {})
    case.keep()
    assert [(t.element_id, t.variables["place"]) for t in case.facts.tasks] == [
        ("look", "a"), ("look", "b"), ("write", "b"),
    ]  # fmt: skip
    case.complete("look", 1, verdict="fine")
    assert "write" in case.open
    case.complete("write").complete("look", verdict="fine")
    assert case.open == ["after"]


def test_an_instance_may_rescue_itself_and_knows_from_what(walk):
    case = walk("multi_rescue", {"places": ["a", "b"]})
    case.complete("look", 1)
    assert case.open == ["look", "mend"]
    assert case.task("mend").variables["what"] == "broken"
    case.complete("mend", report="mended").complete("look").complete("mend", report="late")
    assert case.open == ["after"] and case.variables["reports"] == ["late", "mended"]


def test_an_inclusive_join_waits_for_a_path_beside_a_task(walk):
    case = walk("inclusive_border", {"both": True})
    case.fire("late")
    case.complete("a")
    assert case.open == ["b", "nudge"]
    case.complete("b")
    assert case.open == ["nudge"]
    case.complete("nudge")
    assert case.open == ["after"]


def test_an_inclusive_join_does_not_wait_for_a_border_event_that_can_no_longer_come(walk):
    case = walk("inclusive_border", {"both": True})
    case.complete("b")
    assert case.open == ["a", "late"]
    case.complete("a")
    assert case.open == ["after"]


def test_an_event_gateway_in_a_loop_waits_anew_each_round(walk):
    case = walk("event_gateway_loop", {"number": 1})
    for _ in range(4):
        case.fire("tick").complete("work")
    case.deliver("told")
    assert case.ended and case.walked().count("tick") == 4


def test_two_arrivals_on_one_flow_are_two_rounds_of_a_join(walk):
    case = walk("join_twice")
    case.complete("a").complete("b")
    assert case.open == ["c"]
    case.complete("c")
    assert case.open == ["after"]
    case.complete("after")
    assert not case.ended  # one token still stands before the join, and nothing can bring another
    assert [t.code for t in case.facts.thrown] == ["stuck"]


def test_events_on_a_call_and_inside_it(walk):
    case = walk("call_events", {"number": 1, "level": 0})
    case.deliver("on_signal").fire("late")
    assert [t.element_id for t in case.facts.tasks] == ["inside", "alarmed", "nudge"]
    case.complete("inside", level=2)
    assert case.open == ["alarmed", "nudge", "on_signal", "stop"]
    assert [t.kind for t in case.thrown] == ["escalation"]
    case.deliver("stop")
    assert case.open == ["nudge", "stopped"]


def test_every_round_is_undone_while_the_path_goes_on(walk):
    case = walk("compensation_loop", {"items": ["x", "y"]})
    case.complete("book").complete("book").complete("after")
    assert case.open == ["later", "unbook"]
    assert case.task("unbook").variables["item"] == "y"
    case.complete("unbook")
    assert case.task("unbook").variables["item"] == "x"
    case.complete("later")
    assert not case.ended
    case.complete("unbook")
    assert case.ended and case.ends.count("e") == 1
