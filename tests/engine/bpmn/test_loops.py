"""Loops and multi-instance: who runs how often, with which data, and when it is enough."""

from __future__ import annotations

import pytest

from engine.errors import ExecutionFailed


def test_a_standard_loop_repeats_while_its_condition_holds(walk):
    case = walk("standard_loop")
    for turn in range(3):
        assert case.task("work").variables["loopCounter"] == turn + 1
        case.complete("work", more=turn < 2)
    assert case.open == ["after"]
    assert case.variables == {"more": False}


def test_a_standard_loop_ends_at_its_maximum(walk):
    case = walk("standard_loop")
    for _ in range(4):
        case.complete("work", more=True)
    assert case.open == ["after"]


@pytest.mark.parametrize("more", [True, False])
def test_a_loop_that_tests_first_may_not_run_at_all(walk, more):
    case = walk("standard_loop_before", {"more": more})
    assert case.open == (["work"] if more else ["after"])


def test_parallel_instances_gather_their_results_in_the_order_of_the_input(walk):
    case = walk("multi_parallel", {"items": ["甲", "乙", "丙"], "answer": 0})
    assert [t.variables["item"] for t in case.facts.tasks] == ["甲", "乙", "丙"]
    assert [t.variables["loopCounter"] for t in case.facts.tasks] == [1, 2, 3]
    case.complete("work", 2, answer=30).complete("work", 0, answer=10).complete("work", 0, answer=20)
    assert case.open == ["after"]
    assert case.variables == {"items": ["甲", "乙", "丙"], "answer": 0, "results": [10, 20, 30]}


def test_sequential_instances_come_one_after_the_other(walk):
    case = walk("multi_sequential", {"items": [1, 2, 3], "answer": None})
    for item in (1, 2, 3):
        assert case.open == ["work"] and case.task("work").variables["item"] == item
        case.complete("work", answer=item * 10)
    assert case.variables["results"] == [10, 20, 30]


@pytest.mark.parametrize("name", ["multi_parallel", "multi_sequential"])
def test_no_items_no_instances(walk, name):
    case = walk(name, {"items": [], "answer": None})
    assert case.open == ["after"] and case.variables["results"] == []


@pytest.mark.parametrize("items", [None, "abc", {"a": 1}, 3])
def test_a_collection_must_be_a_list(walk, items):
    with pytest.raises(ExecutionFailed) as failed:
        walk("multi_parallel", {"items": items})
    assert (failed.value.kind, failed.value.element_id) == ("collection", "work")


@pytest.mark.parametrize("count", [-1, 1001, 10**12, 1.5, None, "3", True])
def test_absurd_counts_are_refused(walk, count):
    with pytest.raises(ExecutionFailed) as failed:
        walk("multi_count", {"count_wanted": count})
    assert failed.value.kind == "cardinality"


def test_it_is_enough_when_the_counts_say_so(walk):
    case = walk("multi_count", {"count_wanted": 5})
    assert case.open == ["work"] * 5
    case.complete("work")
    assert case.open == ["work"] * 4
    case.complete("work")
    assert case.open == ["after"]
    assert case.walked("cancelled") == ["work"] * 3


def test_a_vote_may_end_early_by_its_own_data(walk):
    case = walk("multi_vote", {"people": ["a", "b", "c", "d"]})
    case.complete("vote", 1, yes=True)
    assert case.open.count("vote") == 3
    case.complete("vote", 0, yes=False)
    assert case.open == ["after"]
    assert case.variables["votes"] == [{"who": "a", "yes": False}, {"who": "b", "yes": True}, None, None]


def test_a_border_event_ends_all_instances(walk):
    case = walk("multi_vote", {"people": ["a", "b", "c"]})
    case.complete("vote", yes=True)
    case.fire("late")
    assert case.open == ["overdue"]
    assert case.walked("cancelled").count("vote") == 3  # two instances and the loop around them


def test_instances_of_a_subprocess_do_not_see_each_others_data(walk):
    case = walk("multi_subprocess", {"places": ["x", "y"]})
    case.complete("look", 0, found=True, report="bad")
    assert case.open == ["again", "look"]
    case.complete("look", found=False, report="good")
    assert case.open == ["again"]
    assert case.task("again").variables["found"] is True
    case.complete("again", report="mended")
    assert case.open == ["after"]
    assert case.variables == {"places": ["x", "y"], "reports": ["mended", "good"]}


def test_behaviour_none_tells_of_every_instance(walk):
    case = walk("multi_behavior_none")
    case.complete("work").complete("work")
    assert case.open == ["told", "told", "work"]
    case.complete("work")
    assert case.open == ["after", "told", "told", "told"]


def test_behaviour_one_tells_of_the_first_instance(walk):
    case = walk("multi_behavior_one")
    case.complete("work").complete("work").complete("work")
    assert [t.name for t in case.thrown] == ["first_done"]
    assert case.open == ["after"]


def test_behaviour_complex_tells_when_its_condition_holds(walk):
    case = walk("multi_behavior_complex")
    case.complete("work")
    assert case.open == ["work", "work"]
    case.complete("work")
    assert case.open == ["cut_short"]


def test_a_process_is_called_once_for_each_item(walk):
    case = walk("multi_call", {"items": [1, 2]})
    assert case.task("inside").variables == {"items": [1, 2], "item": 1, "loopCounter": 1}
    case.complete("inside", answer="a")
    case.complete("inside", answer="b")
    assert case.ended and case.variables == {"items": [1, 2], "results": ["a", "b"]}


def test_without_an_output_collection_results_go_out_by_name_but_the_item_does_not(walk):
    case = walk("multi_errors", {"places": ["a", "b"]})
    case.complete("look", verdict="fine", place="other").complete("look", verdict="fine", seen=1)
    assert case.open == ["after"] and case.variables == {"places": ["a", "b"], "verdict": "fine", "seen": 1}


def test_an_instance_hands_over_its_inputs_and_not_what_the_loop_gave_it(walk):
    case = walk("multi_jobs", {"places": ["a", "b"]})
    assert [job.inputs for job in case.facts.jobs] == [{"text": "go to a"}, {"text": "go to b"}]
    case.finish("ask").finish("ask")
    assert [(t.correlation_key, t.variables) for t in case.thrown] == [("a", {"number": 1}), ("b", {"number": 2})]
    assert case.ended
