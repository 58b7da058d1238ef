"""The functions FEEL knows. ``STANDARD.with_functions([...])`` is the one place where the house adds its own."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any

from engine.feel.budget import Run
from engine.feel.errors import FeelError, Undefined
from engine.feel.names import KnownNames
from engine.feel.types import ANY, SIMPLE, FeelType, Parameter, conforms, fit
from engine.feel.values import FunctionValue, kind_of, to_feel


def parse_type(text: str) -> FeelType:
    """``number``, ``list<number>``, ``date|string`` …"""
    kind, _, inner = text.strip().partition("<")
    return FeelType(kind, (parse_type(inner.rstrip(">")),)) if inner else FeelType(kind)


def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """``string: string, length?: number, list*: Any``: ``?`` may be left out, ``*`` takes all that follow."""
    made = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, kind = (piece.strip() for piece in part.partition(":"))
        made.append(Parameter(name.rstrip("?*"), parse_type(kind or "Any"), name.endswith("?"), name.endswith("*")))
    return tuple(made)


@dataclass(frozen=True)
class Function:
    """A function of the library.

    ``parameters``: ``"from: date, days?: number"``, or names, or ``Parameter``s. ``call(host, *arguments)`` gets FEEL
    values (Decimal, str, tuple, Context, Date …; ``from_feel`` makes them plain) that fit the parameters; those
    left out are None. It answers a FEEL or plain value, or raises ``Undefined`` for null with a reason. Null arguments
    never reach it unless the parameter's type is ``Any``.
    """

    name: str
    parameters: Any
    call: Callable[..., Any]
    description_zh: str = ""
    description_en: str = ""
    result: str = "Any"
    group: str = "domain"
    inner: bool = field(default=False, repr=False)
    # The Python types of arguments that need no fitting; empty when that cannot be told by type alone.
    kinds: tuple[type, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = self.parameters
        if isinstance(given, str):
            given = parse_parameters(given)
        made = tuple(item if isinstance(item, Parameter) else Parameter(str(item)) for item in given)
        object.__setattr__(self, "parameters", made)
        plain = all(p.type.kind in SIMPLE and not (p.type.parts or p.many) for p in made)
        object.__setattr__(self, "kinds", tuple(SIMPLE[p.type.kind] for p in made) if plain else ())

    @property
    def signature(self) -> str:
        """``substring(string, start position, [length])``"""
        shown = [f"[{p.name}]" if p.optional else f"{p.name}…" if p.many else p.name for p in self.parameters]
        return f"{self.name}({', '.join(shown)})"

    def accepts(self, count: int, names: Sequence[str] | None) -> bool:
        """Whether it can be called with so many arguments, or with arguments of these names."""
        required = [p.name for p in self.parameters if not (p.optional or p.many)]
        if names is not None:
            own = [p.name for p in self.parameters]
            return len(set(names)) == len(names) and set(required) <= set(names) <= set(own)
        if self.parameters and self.parameters[-1].many:
            return count >= len(required)
        return len(required) <= count <= len(self.parameters)

    def bind(self, values: Sequence[Any]) -> list[Any]:
        """The values in the order of the parameters and of their types.

        Raises:
            Undefined: one of them does not fit.
        """
        bound: list[Any] = []
        for index, parameter in enumerate(self.parameters):
            if parameter.many:
                bound.append(tuple([_fitted(value, parameter) for value in values[index:]]))
            elif index < len(values):
                value = values[index]
                bound.append(None if value is LEFT_OUT else _fitted(value, parameter))
        return bound


class _LeftOut:
    """Stands for an optional argument that was not named."""


LEFT_OUT = _LeftOut()


def _fitted(value: Any, parameter: Parameter) -> Any:
    kind = parameter.type.kind
    if type(value) is SIMPLE.get(kind) and not parameter.type.parts:
        return value
    if value is None and kind != "Any":
        raise Undefined("null_argument", parameter=parameter.name)
    try:
        return fit(value, parameter.type)
    except Undefined:
        raise Undefined(
            "wrong_argument", parameter=parameter.name, wanted=str(parameter.type), found=kind_of(value)
        ) from None


class Library:
    """An immutable set of functions and named types; expressions are cached by (text, library)."""

    def __init__(self, functions: Iterable[Function], types: Mapping[str, FeelType] | None = None) -> None:
        found: dict[str, list[Function]] = {}
        for function in functions:
            found.setdefault(function.name, []).append(function)
        self._functions = {name: tuple(overloads) for name, overloads in found.items()}
        self._values = {name: _as_value(name, overloads) for name, overloads in self._functions.items()}
        self.types: Mapping[str, FeelType] = dict(types or {})
        self.known = KnownNames(self._functions)

    def find(self, name: str) -> tuple[Function, ...]:
        """The function's signatures, or nothing."""
        return self._functions.get(name, ())

    def value(self, name: str) -> FunctionValue | None:
        """The function as a value, or None."""
        return self._values.get(name)

    @property
    def functions(self) -> tuple[Function, ...]:
        """All signatures in the order of registration."""
        return tuple(function for overloads in self._functions.values() for function in overloads)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all functions."""
        return tuple(self._functions)

    def with_functions(self, functions: Iterable[Function], types: Mapping[str, FeelType] | None = None) -> Library:
        """A library that knows these as well; they replace functions of the same name."""
        added = tuple(functions)
        names = {function.name for function in added}
        kept = [function for function in self.functions if function.name not in names]
        return Library((*kept, *added), {**self.types, **(types or {})})

    def with_types(self, types: Mapping[str, FeelType]) -> Library:
        """A library that knows these named types (item definitions) as well."""
        return self.with_functions((), types)


def call_overloads(run: Run, overloads: Sequence[Function], values: Sequence[Any]) -> Any:
    """The answer of the first signature the values fit.

    Raises:
        Undefined: they fit none, or the function is not defined for them.
    """
    cost = 1
    for value in values:
        if type(value) is tuple:
            cost += len(value) >> 2
    run.charge(cost)
    first: Undefined | None = None
    for function in overloads:
        if function.kinds and all(map(is_, map(type, values), function.kinds)):
            return _answer(run, function, values)
        try:
            bound = function.bind(values)
        except Undefined as error:
            first = first or error
            continue
        return _answer(run, function, bound)
    raise first or Undefined("wrong_arguments", name="")


def _answer(run: Run, function: Function, bound: Sequence[Any]) -> Any:
    try:
        if function.inner:
            return function.call(run, *bound)
        return to_feel(function.call(run.host, *bound))
    except (Undefined, FeelError, RecursionError):
        raise
    except (ValueError, decimal.DecimalException):
        raise Undefined("out_of_range", op=function.name) from None
    except Exception as error:
        if function.inner:
            raise
        raise FeelError("function_failed", name=function.name, reason=f"{type(error).__name__}: {error}") from error


def _as_value(name: str, overloads: tuple[Function, ...]) -> FunctionValue:
    def call(run: Run, arguments: list[Any]) -> Any:
        fitting = [function for function in overloads if function.accepts(len(arguments), None)]
        if not fitting:
            raise Undefined("wrong_arguments", name=name)
        return call_overloads(run, fitting, arguments)

    most = max(overloads, key=lambda function: len(function.parameters))
    # Which types fit, the overloads decide among themselves.
    parameters = tuple(replace(parameter, type=ANY) for parameter in most.parameters)
    return FunctionValue(parameters, call, name=name)


def invoke(run: Run, function: FunctionValue, arguments: Sequence[Any], names: Sequence[str] | None = None) -> Any:
    """Call a function value.

    Raises:
        Undefined: the arguments do not fit.
    """
    parameters = function.parameters
    if names is not None:
        if set(names) != {parameter.name for parameter in parameters} or len(names) != len(parameters):
            raise Undefined("wrong_arguments", name=function.name)
        given = dict(zip(names, arguments, strict=True))
        arguments = [given[parameter.name] for parameter in parameters]
    variable = any(parameter.optional or parameter.many for parameter in parameters) or function.name
    if len(arguments) != len(parameters) and not variable:
        raise Undefined("wrong_arguments", name=function.name)
    run.enter()
    try:
        run.charge(1)
        if variable:
            return function.call(run, list(arguments))
        return function.call(run, [fit(a, p.type) for a, p in zip(arguments, parameters, strict=True)])
    finally:
        run.leave()


__all__ = ["LEFT_OUT", "Function", "Library", "call_overloads", "conforms", "invoke"]
