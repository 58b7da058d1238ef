"""Decision tables as a city uses them: hit policies, aggregators, defaults, allowed values, and why a rule fired."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from engine.decisions import Decided, DecisionSet, read_dmn
from engine.errors import ExecutionFailed
from engine.feel import Host

HOST = Host(now=dt.datetime(2026, 2, 14, 9, tzinfo=dt.UTC))


def decide(dmn: Any, table: str, **variables: Any) -> Decided:
    file = read_dmn(dmn.definitions(dmn.decision("d", table)), "d.dmn")
    assert not file.problems
    return DecisionSet([file]).decide("d", variables, HOST)


ROUTES = [
    ['"暴露垃圾"', "<= 1", '"crew"', "条例第12条"],
    ['"暴露垃圾"', "> 1", '"street"', "条例第13条"],
    ['not("暴露垃圾")', "-", '"bureau"', ""],
]


def test_a_unique_table_says_which_rule_fired_what_it_saw_and_its_source(dmn: Any) -> None:
    decided = decide(
        dmn, dmn.table(["category", "area"], ["route"], ROUTES, notes="来源"), category="暴露垃圾", area=2.5
    )
    assert decided.value == "street"
    assert decided.trace["rules"] == ["t_r2"]
    assert decided.trace["rows"] == [2]
    assert decided.trace["inputs"] == {"category": "暴露垃圾", "area": 2.5}
    assert decided.trace["annotations"] == [["条例第13条"]]
    assert json.loads(json.dumps(decided.trace)) == decided.trace


def test_two_rules_of_a_unique_table_that_fit_stop_the_decision(dmn: Any) -> None:
    rules = [["> 1", '"a"'], ["> 2", '"b"']]
    assert decide(dmn, dmn.table(["x"], ["r"], rules), x=2).value == "a"
    with pytest.raises(ExecutionFailed) as failed:
        decide(dmn, dmn.table(["x"], ["r"], rules), x=3)
    assert failed.value.kind == "decision_not_unique"
    assert failed.value.facts["rows"] == [1, 2]


def test_first_takes_the_upper_rule_and_looks_no_further(dmn: Any) -> None:
    rules = [["> 1", '"a"'], ["> 2", '"b"'], ["-", '"c"']]
    decided = decide(dmn, dmn.table(["x"], ["r"], rules, "FIRST"), x=3)
    assert (decided.value, decided.trace["rows"]) == ("a", [1])
    assert decide(dmn, dmn.table(["x"], ["r"], rules, "FIRST"), x=0).value == "c"


def test_any_wants_agreement(dmn: Any) -> None:
    agreeing = dmn.table(["x"], ["r"], [["> 1", '"a"'], ["> 2", '"a"']], "ANY")
    assert decide(dmn, agreeing, x=3).value == "a"
    with pytest.raises(ExecutionFailed) as failed:
        decide(dmn, dmn.table(["x"], ["r"], [["> 1", '"a"'], ["> 2", '"b"']], "ANY"), x=3)
    assert failed.value.kind == "decision_not_any"


PRIORITIES = {"name": "r", "allowed": '"high", "middle", "low"'}
THREE = [["> 0", '"low"'], ["> 1", '"high"'], ["> 2", '"middle"']]


def test_priority_and_output_order_follow_the_output_values(dmn: Any) -> None:
    assert decide(dmn, dmn.table(["x"], [PRIORITIES], THREE, "PRIORITY"), x=3).value == "high"
    ordered = decide(dmn, dmn.table(["x"], [PRIORITIES], THREE, "OUTPUT ORDER"), x=3)
    assert ordered.value == ["high", "middle", "low"]


def test_rule_order_and_collect_keep_the_order_of_the_rules(dmn: Any) -> None:
    for policy in ("RULE ORDER", "COLLECT"):
        assert decide(dmn, dmn.table(["x"], ["r"], THREE, policy), x=3).value == ["low", "high", "middle"]


@pytest.mark.parametrize(("aggregation", "value"), [("SUM", 60), ("MIN", 10), ("MAX", 30), ("COUNT", 3)])
def test_collect_adds_up(dmn: Any, aggregation: str, value: int) -> None:
    fees = dmn.table(["x"], ["fee"], [["> 0", "10"], ["> 1", "20"], ["> 2", "30"]], "COLLECT", aggregation)
    assert decide(dmn, fees, x=3).value == value


def test_nothing_fits(dmn: Any) -> None:
    rules = [["> 5", "1"]]
    assert decide(dmn, dmn.table(["x"], ["r"], rules), x=3).value is None
    assert decide(dmn, dmn.table(["x"], ["r"], rules, "COLLECT"), x=3).value is None
    assert decide(dmn, dmn.table(["x"], ["r"], rules, "COLLECT", "COUNT"), x=3).value == 0
    with_default = dmn.table(["x"], [{"name": "r", "default": "x * 2"}], rules)
    decided = decide(dmn, with_default, x=3)
    assert decided.value == 6
    assert decided.trace["default"] is True
    assert decided.trace["rules"] == []


def test_several_outputs_are_a_context(dmn: Any) -> None:
    table = dmn.table(["x"], ["route", "days"], [["> 1", '"crew"', "x + 1"], ["<= 1", '"street"', "2"]])
    assert decide(dmn, table, x=3).value == {"route": "crew", "days": 4}
    many = dmn.table(["x"], ["route", "days"], [["> 1", '"crew"', "x"], ["> 2", '"street"', "2"]], "COLLECT")
    assert decide(dmn, many, x=3).value == [{"route": "crew", "days": 3}, {"route": "street", "days": 2}]


def test_values_that_are_not_allowed_stop_the_decision(dmn: Any) -> None:
    table = dmn.table([("kind", '"a", "b"')], ["r"], [["-", "1"]])
    assert decide(dmn, table, kind="b").value == 1
    with pytest.raises(ExecutionFailed) as failed:
        decide(dmn, table, kind="c")
    assert failed.value.kind == "decision_input_not_allowed"
    assert decide(dmn, table, kind=None).value == 1
    table = dmn.table(["x"], [{"name": "r", "allowed": '"a", "b"'}], [["-", '"c"']])
    with pytest.raises(ExecutionFailed) as failed:
        decide(dmn, table, x=1)
    assert failed.value.kind == "decision_output_not_allowed"


@pytest.mark.parametrize(
    ("cell", "value", "fits"),
    [
        ("-", None, True),
        ("null", None, True),
        ("null", 1, False),
        ("1, 3, 5", 3, True),
        ("1, 3, 5", 4, False),
        ("[1..5)", 5, False),
        ("]1..5]", 1, False),
        ("not(1, [3..5])", 4, False),
        ("not(1, [3..5])", 2, True),
        ("not(1, [3..5])", None, True),
        ("< 2, > 4", 5, True),
        ("? > 2 and ? < 4", 3, True),
        ("other", 7, True),
        ("> other", 7, False),
        ("-1", -1, True),
        ("1.50", 1.5, True),
        ("even(?)", 4, True),
        ('date("2026-01-01")', dt.date(2026, 1, 1), True),
        ('>= @"2026-01-01"', dt.date(2025, 12, 31), False),
        ('>= @"2026-01-01T00:00:00Z"', dt.datetime(2026, 1, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=8))), True),
        ('>= @"2026-01-01T00:00:00"', dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC), False),
        ('[@"P1D"..@"P2D"]', dt.timedelta(hours=30), True),
        ("true", False, False),
        ("not(true)", False, True),
        ('"a", "b"', "b", True),
        ('"a", "b"', 1, False),
        ('not("a")', "中", True),
        ("[\"a\", \"b\"]", "b", True),
    ],
)  # fmt: skip
def test_a_cell_answers_the_same_with_and_without_the_index(dmn: Any, cell: str, value: Any, fits: bool) -> None:
    alone = dmn.table(["x"], ["r"], [[cell, "1"]], "COLLECT", "COUNT")
    beside = dmn.table(["x"], ["r"], [[cell, "1"], ["even(?) and odd(?)", "1"]], "COLLECT", "COUNT")
    for table in (alone, beside):
        assert decide(dmn, table, x=value, other=7).value == int(fits)


def test_a_table_without_rules_or_inputs(dmn: Any) -> None:
    assert decide(dmn, dmn.table(["x"], ["r"], []), x=1).value is None
    assert decide(dmn, dmn.table([], ["r"], [["7"]])).value == 7


def test_an_output_of_another_type_is_null_with_a_reason(dmn: Any) -> None:
    decided = decide(dmn, dmn.table(["x"], [{"name": "r", "typeRef": "number"}], [["-", '"a"']]), x=1)
    assert decided.value is None
    assert decided.trace["reasons"][0]["zh"]


def test_a_broken_cell_fails_when_reached_and_is_a_problem_before(dmn: Any) -> None:
    file = read_dmn(dmn.definitions(dmn.decision("d", dmn.table(["x"], ["r"], [["> >", "1"]]))), "d.dmn")
    decisions = DecisionSet([file])
    problem = next(p for p in decisions.problems() if p.code == "feel")
    assert problem.facts["text"] == "> >"
    assert problem.line
    with pytest.raises(ExecutionFailed) as failed:
        decisions.decide("d", {"x": 1}, HOST)
    assert failed.value.expression == "> >"


def test_an_unknown_decision_is_said_to_be_unknown(dmn: Any) -> None:
    with pytest.raises(ExecutionFailed) as failed:
        DecisionSet([]).decide("nothing", {}, HOST)
    assert failed.value.kind == "decision_missing"
