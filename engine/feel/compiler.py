"""Trees to closures: names, arithmetic, lists, contexts and ranges; the rest is in ``compiler_*``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import arithmetic
from engine.feel.budget import Env, Scope
from engine.feel.compare import ordered
from engine.feel.compiler_scope import Code, Names, compile_node, compiles
from engine.feel.nodes import (
    Arithmetic,
    ContextLiteral,
    FunctionLiteral,
    ListLiteral,
    Literal,
    Name,
    Negation,
    RangeLiteral,
    UnaryComparison,
)
from engine.feel.values import NUMBERS, READY, Context, FunctionValue, Range, kind_of, to_feel


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
