"""Whatever is typed, evaluation ends within its budget with a value or a FEEL error."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.feel import (
    LIMITS,
    SCRIPT_LIMITS,
    BudgetExceeded,
    Context,
    FeelError,
    Host,
    check_expression,
    compile_expression,
    compile_unary_tests,
    from_feel,
    to_feel,
)

HOST = Host(now=datetime(2026, 2, 14, 9, tzinfo=UTC))
DATA = {
    "面积": 0.6,
    "类别": "暴露垃圾",
    "items": [{"qty": 1}, {"qty": 2}],
    "first-name": "李",
    "nothing": None,
    "s": "x" * 1000,
}
HUNGRY = [
    "for a in 1..10000, b in 1..10000 return a * b",
    "count(for a in 1..1000000000 return a)",
    "for a in 1..10000 return partial",
    "count(for i in 1..2000 return for j in 1..2000 return i)",
    "some a in 1..100000, b in 1..100000 satisfies a + b < 0",
    "every a in 1..1000000000000 satisfies a > 0",
    "{f: function(n) f(n + 1), r: f(1)}.r",
    "(function(f) f(f))(function(f) f(f))",
    "{f: function(n) [f(n + 1), f(n + 1)], r: f(1)}.r",
    "for i in 1..30 return [partial, partial]",
    "for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]]",
    "string(for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]])",
    " = ".join(["(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])"] * 2),
    "flatten(for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]])",
    "for i in 1..60 return if i = 1 then s else partial[-1] + partial[-1]",
    'replace(string join(for i in 1..5000 return "aaaa", ""), "a", string join(for i in 1..5000 return "bbbb", ""))',
    'matches(string join(for i in 1..10000 return "aaaaaaaaaa", ""), "(a|aa)*(a|aa)*(a|aa)*b")',
    'replace(string join(for i in 1..10000 return "aaaaaaaaaa", ""), "a.*z|a", "")',
    'split(string join(for i in 1..9000 return "aaaaaaaaaa", ""), "a[^z]*z|a")',
    'matches("a", "((((a{100}){100}){100}){100})")',
    "9 ** 9 ** 9 ** 9",
    "1e6144 * 10",
    "2 ** 0.5 ** 1e300",
    "modulo(1e6000, 3e-6000)",
    "decimal(1, 6176)",
    "exp(1e10)",
    "log(1e-6000)",
    'date("999999999-12-31") + duration("P999999999D")',
    'duration("P999999999D") * 1e30',
    "sort(for i in 1..10000 return modulo(i * 7919, 10007), function(a, b) a < b)",
    "distinct values(for i in 1..9000 return [i])",
    "string length(string(for i in 1..10000 return 1e6000))",
    "context merge(for i in 1..10000 return {a: i})",
    "index of(for i in 1..10000 return items, items)",
    "items[some x in 1..100000 satisfies x = -1]",
    "for i in 1..10000 return list contains(for j in 1..9000 return j, -1)",
    "mean(for i in 1..10000 return 1 / i)",
    "for i in 1..9999 return {a: i, b: {c: i}}",
    "{" + ", ".join(f"a{i}: {i}" for i in range(150)) + "}",
]


def answer(text: str, data: Any = None) -> Any:
    """The value, or the FEEL error's code; nothing else may come out, and not late."""
    started = time.thread_time()
    try:
        result = from_feel(compile_expression(text).evaluate(DATA if data is None else data, HOST))
    except FeelError as error:
        assert error.text("zh") and error.text("en")
        result = error.code
    # The budget is 0.25 s; single steps, the parse and the check of the result come on top.
    assert time.thread_time() - started < 2
    return result


@pytest.mark.parametrize("text", HUNGRY)
def test_a_greedy_expression_ends_within_its_budget(text: str) -> None:
    answer(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1" * 2_001, "source_too_long"),
        ("(" * 41 + "1" + ")" * 41, "nested_too_deeply"),
        ("[" * 500, "nested_too_deeply"),
        ("if true then " * 60 + "1", "nested_too_deeply"),
        ("function() " * 60 + "1", "nested_too_deeply"),
        ("a" + ".b" * 200, "nested_too_deeply"),
        ("1=" * 100 + "1", "nested_too_deeply"),
        ("x" + "[1]" * 100, "nested_too_deeply"),
        ("count(for i in 1..60000 return i)", "list_too_long"),
        ("some x in 1..60000 satisfies x < 0", "too_many_steps"),
        ("for i in 1..200 return [i, [i, [i, for j in 1..100 return j]]]", "result_too_large"),
        ("string join(for i in 1..1000 return s, s)", "string_too_long"),
        ("{f: function(n) f(n), r: f(1)}.r", "too_many_calls"),
        ("[" * 21 + "1" + "]" * 21, "result_too_deep"),
    ],
)
def test_each_limit_has_its_error(text: str, code: str) -> None:
    assert answer(text) == code


def test_too_many_parts_are_refused_in_a_script() -> None:
    with pytest.raises(BudgetExceeded, match="parts"):
        compile_expression("[" + ",".join(["1"] * 1_500) + "]", limits=SCRIPT_LIMITS)


def test_a_long_chain_of_operators_is_no_nesting() -> None:
    assert compile_expression("+".join(["1"] * 700)).evaluate({}) == 700
    assert compile_expression(" and ".join(["true"] * 200)).evaluate({}) is True
    chain = " else ".join(f"if x = {i} then {i}" for i in range(60)) + " else -1"
    assert compile_expression(chain).evaluate({"x": 59}) == 59


def test_time_runs_out_even_when_steps_do_not() -> None:
    limits = replace(LIMITS, seconds=0.02, steps=10**9, items=10**9)
    started = time.thread_time()
    with pytest.raises(BudgetExceeded, match="longer than"):
        compile_expression("some x in 1..100000000 satisfies x < 0", limits=limits).evaluate({})
    assert time.thread_time() - started < 1


def test_forty_levels_of_brackets_are_fine() -> None:
    assert compile_expression("(" * 40 + "1" + ")" * 40).evaluate({}) == 1


FRAGMENTS = st.sampled_from(
    [
        *"()[]{},.:?@-+*/<>=\"' ",
        *("..", "**", "!=", "<=", "->", "//", "/*", "*/", "\\", "\n", "，", "“", "　"),
        *("if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "between", "and", "or", "not"),
        *(
            "instance of",
            "function",
            "external",
            "true",
            "false",
            "null",
            "partial",
            "item",
            "list",
            "context",
            "range",
        ),
        *("1", "0", "-1", "1e6000", "0.1", '"a"', '"(a|b)*"', '@"P1D"', '@"2026-02-14"', '@"10:00:00Z"', "[1..5]"),
        *("面积", "类别", "items", "first-name", "nothing", "s", "x", "f", "number", "date and time", "🐎"),
        *("count", "sum", "sort", "replace", "matches", "split", "substring", "flatten", "string join", "get value"),
        *(
            "date",
            "time",
            "duration",
            "range",
            "overlaps",
            "decimal",
            "modulo",
            "context put",
            "list replace",
            "sublist",
        ),
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FRAGMENTS, max_size=25).map(" ".join))
@example("]1..5[[")
@example('@"P"')
@example("function(")
@example("- ? 1")
def test_any_mixture_of_words_gives_a_value_or_a_feel_error(text: str) -> None:
    answer(text)
    for problem in check_expression(text, names=["面积"]):
        assert problem.text("zh") and problem.text("en")
    with suppress(FeelError):
        compile_unary_tests(text).test(3, DATA, HOST)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_a_feel_error(text: str) -> None:
    answer(text)


LEAVES = st.one_of(
    st.integers(-100, 100).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000).map(str),
    st.sampled_from(
        [
            *("true", "false", "null", '"a"', '"暴露"', "面积", "items", "x", "[]", "{}", "[1..9]", "(< 3)"),
            *('@"P1D"', '@"P1Y"', '@"2026-02-14"', '@"10:00:00+08:00"', '@"2026-02-14T10:00:00@Asia/Shanghai"'),
            *("(function(a) a)", "(function(a, b) a < b)", "count", "now()"),
        ]
    ),
)
FUNCTIONS = sorted({function.name for function in compile_expression("1").library.functions})


def _inner(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "**", "=", "<", ">=", "and", "or", "in", "!="])
    return st.one_of(
        st.tuples(below, operators, below).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.lists(below, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(st.sampled_from(FUNCTIONS), st.lists(below, max_size=4)).map(lambda t: f"{t[0]}({', '.join(t[1])})"),
        st.tuples(below, below).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(below, below).map(lambda t: f"(for x in {t[0]} return {t[1]})"),
        st.tuples(below, below).map(lambda t: f"(some x in {t[0]} satisfies {t[1]})"),
        st.tuples(below, below, below).map(lambda t: f"(if {t[0]} then {t[1]} else {t[2]})"),
        st.tuples(below, below).map(lambda t: f"{{a: {t[0]}, b: {t[1]}}}"),
        st.tuples(below, st.sampled_from(["a", "year", "days", "start"])).map(lambda t: f"({t[0]}).{t[1]}"),
        st.tuples(below, below, below).map(lambda t: f"({t[0]} between {t[1]} and {t[2]})"),
        st.tuples(below, below).map(lambda t: f"[{t[0]}..{t[1]}]"),
        below.map(lambda text: f"-({text})"),
        below.map(lambda text: f"({text} instance of number)"),
    )


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.recursive(LEAVES, _inner, max_leaves=12))
def test_every_well_formed_expression_gives_a_value_within_its_limits(text: str) -> None:
    if len(text) > LIMITS.source:
        return
    expression = compile_expression(text)
    expression.type()
    try:
        value, reasons = expression.evaluate_explained(DATA, HOST)
    except BudgetExceeded:
        return
    for reason in reasons:
        assert reason.text("zh") and reason.text("en")
    assert from_feel(to_feel(value)) == from_feel(value)


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**33), 10**33),
        st.text(max_size=20),
        st.dates(),
        st.datetimes(),
        st.timedeltas(),
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20),
    ),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(st.text(max_size=8), below, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(PLAIN)
def test_plain_values_come_back_as_they_went_in(value: Any) -> None:
    assert from_feel(to_feel(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+7000"), object(), b"x"])
def test_what_is_no_feel_value_is_refused(value: Any) -> None:
    with pytest.raises(FeelError):
        to_feel(value)


def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    for bits in (21_000, 1_000_000):
        with pytest.raises(FeelError, match="too large"):
            compile_expression("x + 1").evaluate({"x": 1 << bits})


def test_data_nested_without_end_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(FeelError, match="nested"):
        compile_expression("x").evaluate({"x": loop})


def test_data_is_never_changed() -> None:
    data = {"items": [{"qty": 1}], "place": {"code": 3}}
    value = compile_expression('context put(place, "code", 4)').evaluate(data)
    assert isinstance(value, Context) and data == {"items": [{"qty": 1}], "place": {"code": 3}}
