"""Trees to closures: names, operators, lists, contexts and ranges; loops and functions are in ``compiler_parts``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import arithmetic
from engine.feel.budget import Env, Scope
from engine.feel.compare import ATOMS, ORDER, contains, equal, ordered
from engine.feel.compiler_scope import Code, Names, compiler_of, compiles
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Comparison,
    ContextLiteral,
    FunctionLiteral,
    If,
    InstanceOf,
    Junction,
    ListLiteral,
    Literal,
    Name,
    Negation,
    Node,
    RangeLiteral,
    UnaryComparison,
)
from engine.feel.types import conforms
from engine.feel.values import NUMBERS, READY, Context, FunctionValue, Range, kind_of, to_feel


def compile_node(node: Node, names: Names) -> Code:
    """The closure that gives the node's value in a scope."""
    return compiler_of(node)(node, names)


@compiles(Literal)
def _literal(node: Literal, names: Names) -> Code:
    value = node.value
    return lambda scope: value


@compiles(Name)
def _name(node: Name, names: Names) -> Code:
    name = node.name
    plan, found = names.plan(name)
    if not plan and not found:
        return _root_name(node, names)
    if found and not any(plan):
        hops = len(plan) - 1
        if hops == 0:
            return lambda scope: scope.names[name]
        return _outer_name(name, hops)
    outside = None if found else _root_name(node, names)

    def through_items(scope: Scope) -> Any:
        inner = scope
        for dynamic in plan:
            if dynamic:
                item = inner.names["item"]
                if type(item) is Context and name in item:
                    return item[name]
            last, inner = inner, inner.up
        return outside(scope) if outside else last.names[name]

    return through_items


def _outer_name(name: str, hops: int) -> Code:
    def outer(scope: Scope) -> Any:
        for _ in range(hops):
            scope = scope.up
        return scope.names[name]

    return outer


def _root_name(node: Name, names: Names) -> Code:
    name, position = node.name, node.position
    function = names.library.value(name)

    def root(scope: Scope) -> Any:
        try:
            value = scope.root[name]
        except KeyError:
            if function is None:
                scope.run.note("unknown_name", position, name=name)
            return function
        return value if type(value) in READY else to_feel(value)

    return root


@compiles(Negation)
def _negation(node: Negation, names: Names) -> Code:
    operand, position = compile_node(node.operand, names), node.position
    return lambda scope: arithmetic.negate(scope.run, operand(scope), position)


_FAST: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": NUMBERS.add,
    "-": NUMBERS.subtract,
    "*": NUMBERS.multiply,
}


@compiles(Arithmetic)
def _arithmetic(node: Arithmetic, names: Names) -> Code:
    code = compile_node(node.first, names)
    if len(node.rest) == 1:
        op, position, operand = node.rest[0]
        return _binary(op, position, code, compile_node(operand, names))
    rest = tuple((op, position, compile_node(operand, names)) for op, position, operand in node.rest)

    def chain(scope: Scope) -> Any:
        value = code(scope)
        for op, position, operand in rest:
            value = arithmetic.operate(scope.run, op, value, operand(scope), position)
        return value

    return chain


def _binary(op: str, position: int, left: Code, right: Code) -> Code:
    fast = _FAST.get(op)

    def operation(scope: Scope) -> Any:
        a, b = left(scope), right(scope)
        if fast is not None and type(a) is Decimal and type(b) is Decimal:
            try:
                return fast(a, b)
            except ArithmeticError:
                scope.run.note("out_of_range", position, op=op)
                return None
        return arithmetic.operate(scope.run, op, a, b, position)

    return operation


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


@compiles(ListLiteral)
def _list(node: ListLiteral, names: Names) -> Code:
    items = [compile_node(item, names) for item in node.items]
    if all(isinstance(item, Literal) for item in node.items):
        constant = tuple(item.value for item in node.items if isinstance(item, Literal))
        return lambda scope: constant
    return lambda scope: tuple([item(scope) for item in items])


@compiles(ContextLiteral)
def _context(node: ContextLiteral, names: Names) -> Code:
    entries: list[tuple[str, Code]] = []
    seen: list[str] = []
    for entry in node.entries:
        own = [entry.key] if isinstance(entry.value, FunctionLiteral) else []
        entries.append((entry.key, compile_node(entry.value, names.push([*seen, *own]))))
        seen.append(entry.key)
    position, twice = node.position, len(set(seen)) < len(seen)

    def context(scope: Scope) -> Any:
        made = Context()
        inner = Env(made, scope, scope.run)
        for key, value in entries:
            made[key] = value(inner)
        if twice:
            scope.run.note("key_twice", position)
            return None
        return made

    return context


@compiles(RangeLiteral)
def _range(node: RangeLiteral, names: Names) -> Code:
    start, end, position = compile_node(node.start, names), compile_node(node.end, names), node.position
    start_included, end_included = node.start_included, node.end_included

    def make(scope: Scope) -> Any:
        return make_range(scope, start(scope), end(scope), start_included, end_included, position)

    return make


def make_range(scope: Scope, a: Any, b: Any, start_included: bool, end_included: bool, position: int) -> Range | None:
    """The range between two values, or null when they have no order."""
    if isinstance(a, FunctionValue) or isinstance(b, FunctionValue) or (a is None and b is None):
        scope.run.note("no_range", position, left=kind_of(a), right=kind_of(b))
        return None
    if a is not None and b is not None and ordered(scope.run, "<=", a, b, position) is None:
        return None
    return Range(a, b, start_included=start_included, end_included=end_included)


@compiles(UnaryComparison)
def _unary_range(node: UnaryComparison, names: Names) -> Code:
    """As a value, ``< 5`` is the range of all that is smaller; as a test see ``compiler_tests``."""
    operand, op = compile_node(node.operand, names), node.op

    def make(scope: Scope) -> Any:
        value = operand(scope)
        if value is None:
            return None
        if op == "=":
            return Range(value, value, start_included=True, end_included=True, op=op)
        if op == "!=":
            return None
        if op.startswith("<"):
            return Range(None, value, start_included=False, end_included=op == "<=", op=op)
        return Range(value, None, start_included=op == ">=", end_included=False, op=op)

    return make
