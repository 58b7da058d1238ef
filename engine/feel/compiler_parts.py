"""Trees to closures: loops, quantifiers, functions, calls, paths and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from engine.feel.budget import Env, Run, Scope
from engine.feel.compiler import compile_node
from engine.feel.compiler_scope import Code, Names, compiles
from engine.feel.errors import Undefined
from engine.feel.library import LEFT_OUT, Function, call_overloads, invoke
from engine.feel.nodes import (
    Call,
    Filter,
    For,
    FunctionLiteral,
    Iterator_,
    Literal,
    Name,
    Path,
    Quantified,
    reads,
    size,
)
from engine.feel.properties import member
from engine.feel.temporal import Date
from engine.feel.types import Parameter
from engine.feel.values import Context, FunctionValue, Range, kind_of, to_feel


class _Loop:
    """The iterators of a ``for`` or quantifier: ``scopes`` gives one scope for each combination."""

    def __init__(self, iterators: Sequence[Iterator_], names: Names, cost: int) -> None:
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


@compiles(FunctionLiteral)
def _function(node: FunctionLiteral, names: Names) -> Code:
    parameters = tuple(Parameter(name, kind) for name, kind in node.parameters)
    keys = [name for name, _ in node.parameters]
    body = compile_node(node.body, names.push(keys))
    cost = size(node.body)
    if node.external:
        return lambda scope: FunctionValue(parameters, _external)

    def make(scope: Scope) -> FunctionValue:
        def call(run: Run, arguments: list[Any]) -> Any:
            run.charge(cost)
            return body(Env(dict(zip(keys, arguments, strict=True)), scope, run))

        return FunctionValue(parameters, call)

    return make


def _external(run: Run, arguments: list[Any]) -> Any:
    raise Undefined("external_function")


@compiles(Call)
def _call(node: Call, names: Names) -> Code:
    arguments = [compile_node(argument, names) for argument in node.arguments]
    function = node.function
    if isinstance(function, Name) and not names.has(function.name):
        overloads = names.library.find(function.name)
        if overloads:
            return _library_call(node, function.name, overloads, arguments)
        if not names.is_dynamic:
            return _value_call(node, _given(function.name), arguments)
    return _value_call(node, compile_node(function, names), arguments)


def _given(name: str) -> Code:
    """A function that the data may hold (a business knowledge model)."""

    def given(scope: Scope) -> Any:
        return to_feel(scope.root[name]) if name in scope.root else None

    return given


def _library_call(node: Call, name: str, overloads: Sequence[Function], arguments: list[Code]) -> Code:
    position = node.function.position
    fitting = [function for function in overloads if function.accepts(len(arguments), node.names)]
    if not fitting:
        return lambda scope: scope.run.note("wrong_arguments", position, name=name)
    if node.names is not None:
        return _named_call(node, name, fitting, arguments)

    def call(scope: Scope) -> Any:
        try:
            return call_overloads(scope.run, fitting, [argument(scope) for argument in arguments])
        except Undefined as error:
            scope.run.note_undefined(error, position)
            return None

    return call


def _named_call(node: Call, name: str, fitting: Sequence[Function], arguments: list[Code]) -> Code:
    position = node.function.position
    codes = dict(zip(node.names or (), arguments, strict=True))

    def call(scope: Scope) -> Any:
        values = {parameter: code(scope) for parameter, code in codes.items()}
        reason: Undefined | None = None
        for function in fitting:
            ordered = _in_order(function, values)
            try:
                return call_overloads(scope.run, (function,), ordered)
            except Undefined as error:
                reason = reason or error
        scope.run.note_undefined(reason or Undefined("wrong_arguments", name=name), position)
        return None

    return call


def _in_order(function: Function, values: dict[str, Any]) -> list[Any]:
    ordered: list[Any] = []
    for parameter in function.parameters:
        if parameter.many and parameter.name in values:
            value = values[parameter.name]
            ordered.extend(value if type(value) is tuple else (value,))
        elif not parameter.many:
            ordered.append(values.get(parameter.name, LEFT_OUT))
    while ordered and ordered[-1] is LEFT_OUT:
        ordered.pop()
    return ordered


def _value_call(node: Call, function: Code, arguments: list[Code]) -> Code:
    position, names = node.function.position, node.names
    label = node.function.name if isinstance(node.function, Name) else ""

    def call(scope: Scope) -> Any:
        value = function(scope)
        if type(value) is not FunctionValue:
            code = "unknown_function" if value is None and label else "not_a_function"
            scope.run.note(code, position, name=label, found=kind_of(value))
            return None
        try:
            return invoke(scope.run, value, [argument(scope) for argument in arguments], names)
        except Undefined as error:
            scope.run.note_undefined(error, position)
            return None

    return call


@compiles(Path)
def _path(node: Path, names: Names) -> Code:
    source, name, position = compile_node(node.source, names), node.name, node.position

    def path(scope: Scope) -> Any:
        value = source(scope)
        if type(value) is Context and name in value:
            return value[name]
        return member(scope.run, value, name, position)

    return path


@compiles(Filter)
def _filter(node: Filter, names: Names) -> Code:
    source, position = compile_node(node.source, names), node.position
    if isinstance(node.condition, Literal) and type(node.condition.value) is Decimal:
        index = node.condition.value
        return lambda scope: _pick(scope, source(scope), index, position)
    condition = compile_node(node.condition, names.push(["item"], dynamic=True))
    cost = size(node.condition)

    def choose(scope: Scope) -> Any:
        value = source(scope)
        items = value if type(value) is tuple else (value,) if value is not None else ()
        run = scope.run
        kept: list[Any] = []
        for number, item in enumerate(items):
            run.charge(cost)
            verdict = condition(Env({"item": item}, scope, run))
            if verdict is True:
                kept.append(item)
            elif number == 0 and type(verdict) is Decimal:
                return _pick(scope, value, verdict, position)
        if value is None or not items:
            return _nothing(scope, value, condition(Env({"item": None}, scope, run)), position)
        return tuple(kept)

    return choose


def _nothing(scope: Scope, value: Any, verdict: Any, position: int) -> Any:
    if value is None or type(verdict) is Decimal:
        scope.run.note("no_item", position)
        return None
    return ()


def _pick(scope: Scope, value: Any, index: Decimal, position: int) -> Any:
    items = value if type(value) is tuple else (value,) if value is not None else ()
    if index == index.to_integral_value() and 1 <= abs(index) <= len(items):
        return items[int(index) - 1 if index > 0 else int(index)]
    scope.run.note("no_item", position, index=str(index), count=len(items))
    return None
