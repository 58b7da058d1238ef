"""Errors and escalations: caught by the innermost scope, the exact code before a catch-all, never by a stranger."""

from __future__ import annotations


def test_an_error_reaches_only_its_own_scope_and_the_exact_code_first(walk):
    case = walk("error_scopes")
    assert case.fail("job1", "broken")
    assert case.open == ["caught_one", "task2"]
    case.complete("task2")
    assert case.open == ["caught_one", "caught_two_any"]
    case.complete("caught_one").complete("caught_two_any")
    assert case.ended


def test_an_event_subprocess_catches_before_the_border(walk):
    case = walk("error_event_subprocess")
    case.complete("work", bad=True)
    assert case.open == ["repair"]
    case.complete("repair")
    assert case.open == ["after"]
    assert "bad" in case.ends and "never" not in case.walked()


def test_an_error_that_nobody_catches_is_told_and_the_path_stays_failed(walk):
    case = walk("error_uncaught")
    case.complete("work", why="no water")
    (error,) = case.thrown
    assert (error.kind, error.code, error.element_id, error.variables) == (
        "error",
        "broken",
        "bad",
        {"why": "no water"},
    )
    assert not case.ended and case.facts.active == ["other", "bad"]
    failed = next(t for t in case.execution.tokens() if t.element_id == "bad")
    assert failed.state == "failed"
    case.complete("other")
    assert not case.ended
    case.execution.move(failed.key, "work")
    case.keep()
    assert case.open == ["work"]


def test_a_failed_job_that_nobody_catches_goes_on_waiting(walk):
    case = walk("error_scopes")
    case.complete("task2")
    key = case.job("job1").key
    case.execution.fail_job(key, "other", "the server said no")
    case.keep()
    assert case.open == ["caught_one_any", "caught_two_any"]


def test_an_error_goes_through_a_call_to_the_caller(walk):
    case = walk("error_through_call")
    case.complete("decide", text="not ours")
    assert case.open == ["handle"]
    assert case.variables == {"why": "not ours"}


def test_an_error_inside_a_handler_goes_outwards_not_round(walk):
    case = walk("error_in_handler")
    case.complete("work")
    assert case.open == ["repair"]
    case.complete("repair")
    assert case.open == ["after"]


def test_an_escalation_passes_by_and_a_second_one_interrupts(walk):
    case = walk("escalation")
    case.complete("work")
    assert case.open == ["more", "told"]
    case.complete("more")
    assert case.open == ["after", "told"]


def test_an_escalation_starts_an_event_subprocess_beside(walk):
    case = walk("escalation_event_subprocess")
    case.complete("work")
    assert case.open == ["more", "told"]
    assert case.variables["level"] == 3
    case.complete("more")
    assert not case.ended
    case.complete("told")
    assert case.ended


def test_an_escalation_starts_an_event_subprocess_instead(walk):
    case = walk("escalation_event_subprocess_interrupting")
    case.complete("work")
    assert case.open == ["told"] and case.variables["level"] == 3
    case.complete("told")
    assert case.ended and case.ends == ["e2"]


def test_an_escalation_that_nobody_catches_is_told_and_the_path_goes_on(walk):
    case = walk("escalation_uncaught")
    assert case.open == ["work"]
    assert [(t.kind, t.code) for t in case.thrown] == [("escalation", "nobody")]


def test_terminate_ends_its_own_scope_with_everything_in_it(walk):
    case = walk("terminate")
    assert case.open == ["a", "b"]
    case.complete("a")
    assert case.open == ["after"]
    case.complete("after").complete("c")
    assert case.ended and case.ends == ["stop", "all"]


def test_links_jump(walk):
    case = walk("links")
    case.complete("a")
    assert case.open == ["b"]
    case.complete("b")
    assert case.ended


def test_a_signal_end_is_heard(walk):
    case = walk("signal_end", {"number": 3})
    case.complete("a")
    assert case.ended
    assert [(t.kind, t.name, t.variables) for t in case.thrown] == [("signal", "finished", {"number": 3})]


def test_compensation_undoes_what_was_done_last_first(walk):
    case = walk("compensation")
    case.complete("book").complete("pay", failed=True)
    assert case.open == ["refund"]
    case.complete("refund")
    assert case.open == ["unbook"]
    case.complete("unbook")
    assert case.ended and case.ends == ["undone"]


def test_nothing_is_undone_that_was_not_done(walk):
    case = walk("compensation")
    case.complete("book").complete("pay", failed=False)
    assert case.ended and case.ends == ["fine"]


def test_compensation_of_one_activity_undoes_every_round_with_its_own_data(walk):
    case = walk("compensation_of_one", {"round": 1})
    case.complete("book").complete("pay", again=True, round=2)
    case.complete("book").complete("pay", again=False)
    assert case.open == ["unbook"] and case.task("unbook").variables["which"] == 2
    case.complete("unbook")
    assert case.open == ["unbook"] and case.task("unbook").variables["which"] == 1
    case.complete("unbook")
    assert case.ended


def test_compensation_reaches_into_a_finished_subprocess(walk):
    case = walk("compensation_nested")
    case.complete("book").complete("after")
    assert case.open == ["unbook"] and case.task("unbook").variables["shown"] == "inner"
    case.complete("unbook")
    assert case.ended


def under_way(walk):
    """A trip whose undoing is under way: what was sent is taken back, what was paid is about to be."""
    case = walk("compensation_interrupted").complete("plan").complete("book").complete("pay").complete("send")
    assert case.complete("unsend").open == ["late", "on_stop", "refund"]
    return case


def test_what_an_interrupted_compensation_had_not_begun_to_undo_another_one_undoes(walk):
    case = under_way(walk).deliver("on_stop")
    assert case.open == ["late", "think"] and "refund" in case.walked("cancelled")
    case.complete("think")
    assert case.open == ["late", "unbook"], "neither what was undone nor the handler that was stopped comes again"
    assert case.complete("unbook").ended


def test_what_was_finished_in_a_subprocess_that_is_interrupted_is_not_undone(walk):
    case = under_way(walk).fire("late")
    assert case.open == ["unplan"], "only what has ended well can be undone; the trip has not"
    assert case.complete("unplan").ended


def test_a_cancelled_transaction_stops_undoes_and_leaves_by_its_border(walk):
    case = walk("transaction")
    case.complete("book")
    assert case.open == ["pay", "slow"]
    case.complete("pay", failed=True)
    assert case.open == ["unbook"]
    assert "slow" in case.walked("cancelled")
    case.complete("unbook")
    assert case.open == ["sorry"]
    case.complete("sorry")
    assert case.ended


def test_cancel_from_a_subprocess_stops_and_undoes_all_of_the_transaction(walk):
    case = walk("transaction_cancelled_inside").complete("book").complete("pay")
    assert case.open == ["check", "late", "slow"]
    case.complete("check")
    assert case.open == ["refund"], "the work beside it and the timer around it have stopped"
    case.complete("refund")
    assert case.open == ["unbook"]
    assert case.complete("unbook").open == ["sorry"]


def test_a_transaction_that_succeeds_goes_on(walk):
    case = walk("transaction")
    case.complete("book").complete("pay", failed=False).complete("slow")
    assert case.open == ["done_well"]
