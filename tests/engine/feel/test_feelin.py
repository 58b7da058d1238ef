"""Our answers against those of an independent implementation, @bpmn-io/feelin, for expressions of our own.

``feelin_answers.json`` was written once with Node; ``feelin_differences.json`` lists where we differ, each time with
the reason and the section of DMN 1.5 that decides.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.feel import (
    Context,
    FeelError,
    FunctionValue,
    Range,
    compile_expression,
    compile_unary_tests,
    feel_text,
)

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "feelin_answers.json").read_text(encoding="utf-8"))
DIFFERENCES = json.loads((HERE / "feelin_differences.json").read_text(encoding="utf-8"))
OURS = {text: answer for group in DIFFERENCES["expressions"] for text, answer in group["ours"].items()}
OUR_TESTS = {(text, repr(value)): answer for group in DIFFERENCES["tests"] for text, value, answer in group["ours"]}


def encoded(value: Any) -> Any:
    """A FEEL value as the stored answers write it."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, tuple):
        return [encoded(item) for item in value]
    if isinstance(value, Context):
        return {"context": {name: encoded(item) for name, item in value.items()}}
    if isinstance(value, Range):
        return {"range": [encoded(value.start), encoded(value.end), value.start_included, value.end_included]}
    if isinstance(value, FunctionValue):
        return {"function": True}
    return {"text": feel_text(value)}


def same(a: Any, b: Any) -> bool:
    """Whether two encoded answers are the same; JavaScript's numbers have 15 digits."""
    if (
        isinstance(a, (int, float))
        and isinstance(b, (int, float))
        and not isinstance(a, bool)
        and not isinstance(b, bool)
    ):
        return abs(a - b) <= 1e-12 * max(1, abs(a))
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return bool(a == b)


@pytest.mark.parametrize(("text", "answer"), ANSWERS["expressions"], ids=[text for text, _ in ANSWERS["expressions"]])
def test_an_expression_gives_what_feelin_gives_unless_the_specification_says_otherwise(text: str, answer: Any) -> None:
    try:
        ours = encoded(compile_expression(text).evaluate(ANSWERS["context"]))
    except FeelError:
        ours = {"error": ""}
    if text in OURS:
        assert same(OURS[text], ours)
        assert not same(answer, ours), "no difference any more"
    elif isinstance(answer, dict) and "error" in answer:
        assert ours == {"error": ""}
    else:
        assert same(answer, ours)


@pytest.mark.parametrize(("text", "value", "answer"), ANSWERS["tests"])
def test_unary_tests_pass_what_feelin_passes_unless_the_specification_says_otherwise(
    text: str, value: Any, answer: Any
) -> None:
    ours = compile_unary_tests(text).test(value, ANSWERS["context"])
    assert ours == OUR_TESTS.get((text, repr(value)), answer)


def test_every_difference_has_a_reason_and_a_section() -> None:
    for group in [*DIFFERENCES["expressions"], *DIFFERENCES["tests"]]:
        assert group["reason"] and group["section"].startswith(("7.", "10.")) and group["ours"]


def test_there_are_five_hundred_expressions() -> None:
    assert len(ANSWERS["expressions"]) + len(ANSWERS["tests"]) >= 500
