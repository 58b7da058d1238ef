"""Trees to closures: ``for``, ``some`` and ``every``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from engine.feel.budget import Env, Scope
from engine.feel.compiler_scope import Code, Names, compile_node, compiles
from engine.feel.errors import Undefined
from engine.feel.nodes import (
    For,
    Iteration,
    Quantified,
    reads,
    size,
)
from engine.feel.temporal import Date
from engine.feel.values import Range, kind_of


class _Loop:
    """The iterators of a ``for`` or quantifier: ``scopes`` gives one scope for each combination."""

    def __init__(self, iterators: Sequence[Iteration], names: Names, cost: int) -> None:
        self.cost = cost
        self.names: list[str] = []
        self.steps: list[tuple[str, Code, Code | None]] = []
        for iterator in iterators:
            inner = names.push(self.names)
            end = compile_node(iterator.end, inner) if iterator.end else None
            self.steps.append((iterator.name, compile_node(iterator.source, inner), end))
            self.names.append(iterator.name)

    def scopes(self, scope: Scope) -> Iterator[Env]:
        """Scopes with the iterators' names, outermost first."""
        return self._scopes(scope, {}, 0)

    def _scopes(self, scope: Scope, names: dict[str, Any], index: int) -> Iterator[Env]:
        name, source, end = self.steps[index]
        env = Env(names, scope, scope.run)
        first = source(env)
        domain = _items(first) if end is None else _span(first, end(env))
        last = index + 1 == len(self.steps)
        for item in domain:
            scope.run.charge(self.cost)
            inner = {**names, name: item}
            if last:
                yield Env(inner, scope, scope.run)
            else:
                yield from self._scopes(scope, inner, index + 1)


def _items(value: Any) -> Iterable[Any]:
    if type(value) is tuple:
        return value
    if type(value) is Range:
        return _span_of_range(value)
    if value is None:
        raise Undefined("null_loop")
    return (value,)


def _span_of_range(span: Range) -> Iterable[Any]:
    items = list_ends(span.start, span.end)
    if items is None:
        raise Undefined("no_loop", left=kind_of(span.start), right=kind_of(span.end))
    start, end, make = items
    if start > end:
        raise Undefined("no_loop", left=kind_of(span.start), right=kind_of(span.end))
    start += not span.start_included
    end -= not span.end_included
    return map(make, range(start, end + 1))


def _span(a: Any, b: Any) -> Iterable[Any]:
    """``a..b``: upwards or downwards, whole numbers or days."""
    ends = list_ends(a, b)
    if ends is None:
        raise Undefined("no_loop", left=kind_of(a), right=kind_of(b))
    start, end, make = ends
    return map(make, range(start, end + 1) if start <= end else range(start, end - 1, -1))


def list_ends(a: Any, b: Any) -> tuple[int, int, Callable[[int], Any]] | None:
    """Two whole numbers or two dates as integers, and what makes a value of each integer between."""
    if type(a) is Decimal and type(b) is Decimal:
        if a != a.to_integral_value() or b != b.to_integral_value() or max(a.adjusted(), b.adjusted()) > 33:
            return None
        return int(a), int(b), Decimal
    if type(a) is Date and type(b) is Date:
        return a.days, b.days, Date.from_days
    return None


@compiles(For)
def _for(node: For, names: Names) -> Code:
    loop = _Loop(node.iterators, names, size(node.body))
    partial = reads(node.body, "partial")
    body = compile_node(node.body, names.push([*loop.names, "partial"] if partial else loop.names))
    position = node.position

    def run_loop(scope: Scope) -> Any:
        results: list[Any] = []
        run, most = scope.run, scope.run.limits.items
        try:
            for inner in loop.scopes(scope):
                if partial:
                    run.items(len(results))
                    inner.names["partial"] = tuple(results)  # type: ignore[index]
                results.append(body(inner))
                if len(results) > most:
                    run.items(len(results))
        except Undefined as error:
            run.note_undefined(error, position)
            return None
        return tuple(results)

    return run_loop


@compiles(Quantified)
def _quantified(node: Quantified, names: Names) -> Code:
    loop = _Loop(node.iterators, names, size(node.body))
    body = compile_node(node.body, names.push(loop.names))
    decisive, position = node.kind == "some", node.position

    def quantify(scope: Scope) -> bool | None:
        result: bool | None = not decisive
        try:
            for inner in loop.scopes(scope):
                value = body(inner)
                if value is decisive:
                    return decisive
                if type(value) is not bool:
                    result = None
        except Undefined as error:
            scope.run.note_undefined(error, position)
            return None
        return result

    return quantify
