"""Trees to closures: functions, calls, paths and filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from engine.feel.budget import Env, Run, Scope
from engine.feel.compiler_scope import Code, Names, compile_node, compiles
from engine.feel.errors import Undefined
from engine.feel.library import LEFT_OUT, Function, call_overloads, invoke
from engine.feel.nodes import (
    Call,
    Filter,
    FunctionLiteral,
    Literal,
    Name,
    Path,
    size,
)
from engine.feel.properties import member
from engine.feel.temporal_text import parse_date, parse_date_time, parse_duration, parse_time
from engine.feel.types import Parameter
from engine.feel.values import Context, FunctionValue, kind_of, to_feel


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
    constant = _constant(name, fitting, node)
    if constant is not None:
        return lambda scope: constant

    def call(scope: Scope) -> Any:
        try:
            return call_overloads(scope.run, fitting, [argument(scope) for argument in arguments])
        except Undefined as error:
            scope.run.note_undefined(error, position)
            return None

    return call


_READERS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}


def _constant(name: str, fitting: Sequence[Function], node: Call) -> Any:
    """What ``duration("PT2H")`` and the like always are; None when it has to be worked out."""
    if name not in _READERS or len(node.arguments) != 1 or not all(function.inner for function in fitting):
        return None
    argument = node.arguments[0]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        return None
    return _READERS[name](argument.value)


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
