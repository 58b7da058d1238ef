"""Tests to closures: ``x in …`` and unary tests, where ``?`` is the tested value (DMN 1.5, 7.3.3 and 10.3.2.13)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.feel.budget import Env, Scope
from engine.feel.compare import compare, equal, member
from engine.feel.compiler_scope import Code, Names, compile_node, compiles
from engine.feel.nodes import In, Literal, Node, Tests, UnaryComparison, reads

Test = Callable[[Scope, Any], bool | None]
TESTED = "?"


@compiles(In)
def _in(node: In, names: Names) -> Code:
    value = compile_node(node.value, names)
    tests = [_test(test, names) for test in node.tests]

    def inside(scope: Scope) -> bool | None:
        return _any(scope, value(scope), tests)

    return inside


def _any(scope: Scope, value: Any, tests: Sequence[Test]) -> bool | None:
    result: bool | None = False
    for test in tests:
        passed = test(scope, value)
        if passed is True:
            return True
        if passed is None:
            result = None
    return result


def _test(node: Node, names: Names) -> Test:
    """The test an operand of ``in`` makes."""
    if isinstance(node, UnaryComparison):
        return _comparison_test(node, names)
    code, position = compile_node(node, names), node.position
    return lambda scope, value: member(scope.run, value, code(scope), position)


def _comparison_test(node: UnaryComparison, names: Names) -> Test:
    operand, op, position = compile_node(node.operand, names), node.op, node.position
    return lambda scope, value: compare(scope.run, op, value, operand(scope), position)


def _unary_test(node: Node, names: Names) -> Test:
    """One unary test: with ``?`` its truth counts, else a boolean unless booleans are tested, else membership."""
    if isinstance(node, UnaryComparison):
        return _comparison_test(node, names)
    code, position = compile_node(node, names), node.position
    if reads(node, TESTED):

        def asked(scope: Scope, value: Any) -> bool | None:
            answer = code(scope)
            if type(answer) is bool or answer is None:
                return answer
            return member(scope.run, value, answer, position)

        return asked

    written = isinstance(node, Literal)

    def test(scope: Scope, value: Any) -> bool | None:
        wanted = code(scope)
        if not written and type(wanted) is bool and type(value) is not bool:
            return wanted if value is not None else False
        if value is None and type(wanted) is not tuple:
            return equal(scope.run, value, wanted)
        return member(scope.run, value, wanted, position)

    return test


def compile_tests(node: Tests, names: Names) -> Test:
    """All of the unary tests as one: true, false, or null when it cannot be told."""
    inner = names.push([TESTED])
    tests = [_unary_test(test, inner) for test in node.tests]
    if not tests:
        return lambda scope, value: True
    negated = node.negated

    def test_all(scope: Scope, value: Any) -> bool | None:
        passed = _any(Env({TESTED: value}, scope, scope.run), value, tests)
        if negated:
            return None if passed is None else not passed
        return passed

    return test_all
