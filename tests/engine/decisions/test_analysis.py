"""Gaps, overlaps, dead rules and bad outputs: each with one input that shows it, checked against the table itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions import Analysis, DecisionSet, analyse, read_dmn
from engine.feel import Host, compile_expression

HOST = Host(now=dt.datetime(2026, 2, 14, 9, tzinfo=dt.UTC))


def load(dmn: Any, table: str, *more: str) -> DecisionSet:
    file = read_dmn(dmn.definitions(*more, dmn.decision("d", table)), "d.dmn")
    assert not file.problems
    return DecisionSet([file])


def looked_at(dmn: Any, table: str) -> Analysis:
    return load(dmn, table).analyse("d")


def test_a_gap_between_two_ranges_is_shown_as_a_number(dmn: Any) -> None:
    found = looked_at(dmn, dmn.table(["x"], ["r"], [["< 10", "1"], ["> 10", "2"]]))
    assert [gap.inputs for gap in found.gaps] == [{"x": "10"}]
    found = looked_at(dmn, dmn.table(["x"], ["r"], [["[0..10]", "1"], ["[11..20]", "2"]]))
    assert [gap.inputs["x"] for gap in found.gaps] == ["-1"]


def test_two_days_have_nothing_between_them(dmn: Any) -> None:
    rules = [['<= @"2026-01-01"', "1"], ['>= @"2026-01-02"', "2"]]
    assert looked_at(dmn, dmn.table(["day"], ["r"], rules)).gaps == []
    rules = [['<= @"2026-01-01"', "1"], ['>= @"2026-01-03"', "2"]]
    assert looked_at(dmn, dmn.table(["day"], ["r"], rules)).gaps[0].inputs == {"day": "2026-01-02"}


def test_moments_with_and_without_offset_are_not_compared(dmn: Any) -> None:
    rules = [['< @"2026-01-01T00:00:00Z"', "1"], ['> @"2026-01-01T00:00:00Z"', "2"]]
    assert looked_at(dmn, dmn.table(["at"], ["r"], rules)).gaps[0].inputs == {"at": "2026-01-01T00:00:00Z"}
    rules[1] = ['> @"2026-01-01T00:00:00"', "2"]
    assert [u.reason for u in looked_at(dmn, dmn.table(["at"], ["r"], rules)).undecided] == ["kinds"]


def test_an_overlap_names_both_rules_and_an_input(dmn: Any) -> None:
    rules = [["[0..10]", '"a"', "1"], ["[10..20]", '"a", "b"', "2"], ["> 20", "-", "3"]]
    found = looked_at(dmn, dmn.table(["x", "kind"], ["r"], rules))
    assert [(o.rows, o.inputs) for o in found.overlaps] == [((1, 2), {"x": "10", "kind": '"a"'})]


def test_enumerations_booleans_and_other_words(dmn: Any) -> None:
    closed = dmn.table([("kind", '"a", "b", "c"'), "urgent"], ["r"], [['"a"', "-", "1"], ['not("a")', "true", "2"]])
    gap = looked_at(dmn, closed).gaps
    assert [(g.inputs["kind"], g.inputs["urgent"]) for g in gap] == [('"b"', "false")]
    still_open = looked_at(dmn, dmn.table(["kind"], ["r"], [['"a"', "1"], ['"b"', "2"]])).gaps
    assert [g.inputs for g in still_open] == [{"kind": '"（其他）"'}]
    assert looked_at(dmn, dmn.table(["kind"], ["r"], [['"a"', "1"], ['not("a")', "2"]])).gaps == []


def test_null_counts_when_a_rule_speaks_of_it(dmn: Any) -> None:
    found = looked_at(dmn, dmn.table(["x"], ["r"], [["null", "1"], ["< 5", "2"], [">= 5", "3"]]))
    assert found.gaps == []
    assert found.overlaps == []


def test_rules_that_never_fire(dmn: Any) -> None:
    rules = [["< 10", "1"], [">= 10", "2"], ["5", "3"], ["-", "4"]]
    found = looked_at(dmn, dmn.table(["x"], ["r"], rules, "FIRST"))
    assert [(dead.row, dead.reason) for dead in found.dead_rules] == [(3, "covered")]  # row 4 is for null
    rules[3] = ["> 0", "4"]
    found = looked_at(dmn, dmn.table(["x"], ["r"], rules, "FIRST"))
    assert [dead.row for dead in found.dead_rules] == [3, 4]
    found = looked_at(dmn, dmn.table([("x", "[0..9]")], ["r"], [["[5..3]", "1"], ["> 20", "2"], ["-", "3"]]))
    assert [(dead.row, dead.reason) for dead in found.dead_rules] == [(1, "nothing_fits"), (2, "nothing_fits")]


def test_outputs_outside_the_allowed_values(dmn: Any) -> None:
    column = {"name": "r", "allowed": '"a", "b"', "typeRef": "string"}
    found = looked_at(dmn, dmn.table(["x"], [column], [["1", '"c"'], ["2", '"a"'], ["3", "x"]]))
    assert [(bad.row, bad.text, bad.reason) for bad in found.bad_outputs] == [(1, '"c"', "allowed")]
    found = looked_at(dmn, dmn.table(["x"], [{"name": "r", "typeRef": "number"}], [["1", '"c"']]))
    assert [(bad.row, bad.reason) for bad in found.bad_outputs] == [(1, "type")]


def test_what_cannot_be_decided_is_said(dmn: Any) -> None:
    found = looked_at(dmn, dmn.table(["x"], ["r"], [["> limit", "1"], ["5", "2"], ["odd(?)", "3"]]))
    assert [(item.row, item.reason) for item in found.undecided] == [(1, "names"), (3, "names")]
    assert found.overlaps == []
    assert not found.complete
    found = looked_at(dmn, dmn.table(["x", "x > 5"], ["r"], [["1", "true", "1"], ["-", "false", "2"]]))
    assert "dependent" in [item.reason for item in found.undecided]
    found = looked_at(dmn, dmn.table(["x"], ["r"], [["1", "1"], ['"a"', "2"]]))
    assert "kinds" in [item.reason for item in found.undecided]


def test_a_column_that_stands_twice_is_one_input(dmn: Any) -> None:
    rules = [["> 1", "< 5", "1"], [">= 5", "-", "2"], ["<= 1", "-", "3"]]
    found = looked_at(dmn, dmn.table(["x", "x"], ["r"], rules))
    assert (found.gaps, found.overlaps, found.complete) == ([], [], True)


def test_a_table_that_is_too_large_is_said_to_be_so(dmn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.decisions.analysis.MAX_STEPS", 20)
    rules = [[str(n), str(n + 1), str(n + 2), "1"] for n in range(10)]
    found = looked_at(dmn, dmn.table(["a", "b", "c"], ["r"], rules))
    assert "too_large" in [item.reason for item in found.undecided]


def test_many_gaps_end_with_more(dmn: Any) -> None:
    rules = [[str(n * 2), str(n), "1"] for n in range(30)]
    found = looked_at(dmn, dmn.table(["a", "b"], ["r"], rules))
    assert (len(found.gaps), found.more) == (20, ["gaps"])


def test_publishing_refuses_a_unique_table_with_the_example(dmn: Any) -> None:
    problems = load(dmn, dmn.table(["x"], ["r"], [["> 1", "1"], ["> 2", "2"]])).problems()
    overlap = next(problem for problem in problems if problem.code == "table_overlap")
    assert overlap.severity == "error"
    assert (overlap.facts["rows"], overlap.facts["inputs"]) == ([1, 2], {"x": "3"})
    assert {p.code: p.severity for p in problems}["table_gap"] == "warning"
    agreeing = load(dmn, dmn.table(["x"], ["r"], [["> 1", "1"], ["> 2", "1"], ["<= 1", "0"]], "ANY"))
    assert agreeing.problems() == []


NUMBERS = st.integers(0, 6).map(str)
CELLS = st.one_of(
    st.just("-"),
    NUMBERS,
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "!="]), NUMBERS).map(" ".join),
    st.tuples(st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")).map(
        lambda p: f"{p[0]}{p[1]}..{p[2]}{p[3]}"
    ),
    st.lists(NUMBERS, min_size=1, max_size=3).map(", ".join),
    st.lists(NUMBERS, min_size=1, max_size=3).map(lambda p: f"not({', '.join(p)})"),
    st.tuples(NUMBERS, NUMBERS).map(lambda p: f"? > {p[0]} or ? <= {p[1]}"),
)
WORDS = st.one_of(st.just("-"), st.sampled_from(['"a"', '"a", "b"', 'not("a")', 'not("b", "c")', '["c"]']))
ROWS = st.lists(st.tuples(CELLS, WORDS), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, first=st.booleans())
def test_what_is_found_is_what_the_table_does(dmn: Any, rows: list[tuple[str, str]], first: bool) -> None:
    cells = [[number, word, str(index)] for index, (number, word) in enumerate(rows)]
    many = load(dmn, dmn.table(["x", "w"], ["r"], cells, "COLLECT"))

    def fired(x: Any, word: Any) -> list[int]:
        return [row - 1 for row in many.decide("d", {"x": x, "w": word}, HOST).trace["rows"]]

    def example(inputs: dict[str, str]) -> list[int]:
        made = {name: compile_expression(text).evaluate({}) for name, text in inputs.items() if text != "?"}
        return fired(made.get("x", 0), made.get("w", "z"))

    table = read_dmn(dmn.definitions(dmn.decision("d", dmn.table(["x", "w"], ["r"], cells, "FIRST"))), "d")
    found = analyse(table.decisions["d"].logic)  # type: ignore[arg-type]
    assert found.complete or found.more
    for gap in found.gaps:
        assert example(gap.inputs) == []
    for overlap in found.overlaps:
        assert {row - 1 for row in overlap.rows} <= set(example(overlap.inputs))
    points = [(x / 2, word) for x in range(-1, 14) for word in ("a", "b", "c", "z")]
    seen = [fired(x, word) for x, word in points]
    if not found.gaps:
        assert all(seen)
    if not found.overlaps:
        assert all(len(rules) < 2 for rules in seen)
    # Null is reckoned with where a cell lets it through, as not(…) and != do.
    seen += [fired(x, word) for x in (None, 0, 3) for word in (None, "a", "b", "c", "z")]
    seen += [fired(None, None)] + [fired(x, None) for x, word in points if word == "a"]
    dead = {item.row - 1 for item in found.dead_rules}
    assert dead == set(range(len(rows))) - {rules[0] for rules in seen if rules}
