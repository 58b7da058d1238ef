"""Trees to closures: comparisons, ``between``, ``and``, ``or``, ``if``, ``instance of``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.feel.budget import Scope
from engine.feel.compare import ATOMS, ORDER, contains, equal, ordered
from engine.feel.compiler_scope import Code, Names, compile_node, compiles
from engine.feel.nodes import (
    Between,
    Comparison,
    If,
    InstanceOf,
    Junction,
    Literal,
)
from engine.feel.types import conforms
from engine.feel.values import Range, kind_of


@compiles(Comparison)
def _comparison(node: Comparison, names: Names) -> Code:
    left, right, op, position = compile_node(node.left, names), compile_node(node.right, names), node.op, node.position
    if op in ORDER:
        return _order(op, position, left, right)
    wanted = op == "="
    if isinstance(node.right, Literal) and type(node.right.value) in ATOMS:
        return _equals_constant(left, node.right.value, wanted, position)

    def equality(scope: Scope) -> bool | None:
        a, b = left(scope), right(scope)
        if type(a) is type(b) and type(a) in ATOMS:
            return (a == b) is wanted
        result = equal(scope.run, a, b)
        return None if result is None else result is wanted

    return equality


def _equals_constant(left: Code, constant: Any, wanted: bool, position: int) -> Code:
    kind = type(constant)

    def equality(scope: Scope) -> bool | None:
        a = left(scope)
        if type(a) is kind:
            return (a == constant) is wanted
        if a is None:
            return not wanted
        scope.run.note("different_kinds", position, left=kind_of(a), right=kind_of(constant))
        return None

    return equality


def _order(op: str, position: int, left: Code, right: Code) -> Code:
    compare_two = ORDER[op]

    def order(scope: Scope) -> bool | None:
        a, b = left(scope), right(scope)
        if type(a) is Decimal and type(b) is Decimal:
            return compare_two(a, b)
        return ordered(scope.run, op, a, b, position)

    return order


@compiles(Between)
def _between(node: Between, names: Names) -> Code:
    value, low, high = (compile_node(part, names) for part in (node.value, node.low, node.high))
    position = node.position

    def between(scope: Scope) -> bool | None:
        start, end = low(scope), high(scope)
        if start is None or end is None:
            scope.run.note("null_in_range", position)
            return None
        return contains(scope.run, Range(start, end, start_included=True, end_included=True), value(scope), position)

    return between


@compiles(Junction)
def _junction(node: Junction, names: Names) -> Code:
    decisive = node.op == "or"
    operands = tuple(compile_node(operand, names) for operand in node.operands)
    if len(operands) == 2:
        return _junction_of_two(operands[0], operands[1], decisive, node)

    def junction(scope: Scope) -> bool | None:
        result: bool | None = not decisive
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return decisive
            if value is result or type(value) is bool:
                continue
            _note_unknown(scope, value, node)
            result = None
        return result

    return junction


def _junction_of_two(left: Code, right: Code, decisive: bool, node: Junction) -> Code:
    other = not decisive

    def junction(scope: Scope) -> bool | None:
        a = left(scope)
        if a is decisive:
            return decisive
        b = right(scope)
        if b is decisive:
            return decisive
        if a is other and b is other:
            return other
        _note_unknown(scope, b if a is other else a, node)
        return None

    return junction


def _note_unknown(scope: Scope, value: Any, node: Junction) -> None:
    if value is not None:
        scope.run.note("not_boolean", node.position, op=node.op, found=kind_of(value))


@compiles(If)
def _if(node: If, names: Names) -> Code:
    branches = tuple((compile_node(test, names), compile_node(then, names)) for test, then in node.branches)
    otherwise = compile_node(node.otherwise, names)

    def choose(scope: Scope) -> Any:
        for test, then in branches:
            if test(scope) is True:
                return then(scope)
        return otherwise(scope)

    return choose


@compiles(InstanceOf)
def _instance_of(node: InstanceOf, names: Names) -> Code:
    value, wanted, types = compile_node(node.value, names), node.type, names.library.types

    def instance_of(scope: Scope) -> bool | None:
        found = value(scope)
        if found is None:
            return wanted.kind in ("Null",)
        return conforms(found, wanted, types)

    return instance_of
