"""FEEL's types: what ``instance of`` and parameters ask, and how values are fitted to them (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.errors import Undefined
from engine.feel.temporal import DAY, Date, DateTime, DayTimeDuration, Time, YearMonthDuration
from engine.feel.values import Context, FunctionValue, Range, kind_of

SIMPLE: dict[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": Date,
    "time": Time,
    "date and time": DateTime,
    "days and time duration": DayTimeDuration,
    "years and months duration": YearMonthDuration,
    "list": tuple,
    "context": Context,
    "function": FunctionValue,
    "range": Range,
}
ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "any": "Any",
    "null": "Null",
}
NAMES = (*SIMPLE, *ALIASES, "Any", "Null")


@dataclass(frozen=True, slots=True)
class FeelType:
    """A type: ``kind`` is its name; lists, ranges and functions have ``parts``, contexts and functions ``members``.

    ``either`` kinds (``date|string``) are for built-in functions only.
    """

    kind: str
    parts: tuple[FeelType, ...] = ()
    members: tuple[tuple[str, FeelType], ...] = ()
    result: FeelType | None = None

    def __str__(self) -> str:
        if self.kind == "function" and self.result is not None:
            return f"function<{', '.join(map(str, self.parts))}> -> {self.result}"
        if self.members:
            return f"context<{', '.join(f'{name}: {kind}' for name, kind in self.members)}>"
        return f"{self.kind}<{', '.join(map(str, self.parts))}>" if self.parts else self.kind


ANY = FeelType("Any")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name and type; ``optional`` may be left out, ``many`` takes all that follow."""

    name: str
    type: FeelType = ANY
    optional: bool = False
    many: bool = False


def conforms(value: Any, wanted: FeelType, types: Mapping[str, FeelType] | None = None) -> bool:
    """Whether ``value`` is of the type; null is of ``Null`` and ``Any`` only."""
    kind = wanted.kind
    if kind == "Any":
        return True
    if value is None:
        return kind == "Null"
    if "|" in kind:
        return kind_of(value) in kind.split("|")
    if kind not in SIMPLE:
        named = (types or {}).get(kind)
        return named is not None and conforms(value, named, types)
    return type(value) is SIMPLE[kind] and _parts_conform(value, wanted, types)


def _parts_conform(value: Any, wanted: FeelType, types: Mapping[str, FeelType] | None) -> bool:
    kind = wanted.kind
    if kind == "list" and wanted.parts:
        return all(item is None or conforms(item, wanted.parts[0], types) for item in value)
    if kind == "range" and wanted.parts:
        return all(end is None or conforms(end, wanted.parts[0], types) for end in (value.start, value.end))
    if kind == "context" and wanted.members:
        return all(name in value and _member_fits(value[name], member, types) for name, member in wanted.members)
    if kind == "function" and wanted.result is not None:
        return _function_fits(value, wanted)
    return True


def _member_fits(value: Any, wanted: FeelType, types: Mapping[str, FeelType] | None) -> bool:
    return value is None or conforms(value, wanted, types)


def _function_fits(value: FunctionValue, wanted: FeelType) -> bool:
    if len(value.parameters) != len(wanted.parts):
        return False
    pairs = zip(value.parameters, wanted.parts, strict=True)
    result = value.result or ANY
    return all(is_subtype(part, parameter.type) for parameter, part in pairs) and (
        wanted.result is None or result.kind == "Any" or is_subtype(result, wanted.result)
    )


def is_subtype(narrow: FeelType, wide: FeelType) -> bool:
    """Whether every value of ``narrow`` is one of ``wide``."""
    if wide.kind == "Any" or narrow == wide or narrow.kind == "Null":
        return True
    if narrow.kind != wide.kind:
        return False
    if wide.kind == "context":
        own = dict(narrow.members)
        return all(name in own and is_subtype(own[name], member) for name, member in wide.members)
    if wide.kind == "function":
        return _is_subfunction(narrow, wide)
    return not wide.parts or (len(wide.parts) == len(narrow.parts) and all(map(is_subtype, narrow.parts, wide.parts)))


def _is_subfunction(narrow: FeelType, wide: FeelType) -> bool:
    if wide.result is None:
        return True
    if narrow.result is None or len(narrow.parts) != len(wide.parts):
        return False
    return all(map(is_subtype, wide.parts, narrow.parts)) and is_subtype(narrow.result, wide.result)


def fit(value: Any, wanted: FeelType, types: Mapping[str, FeelType] | None = None) -> Any:
    """``value`` fitted to the type: as it is, out of or into a list of one, a date as its midnight in UTC.

    Raises:
        Undefined: it does not fit.
    """
    kind = wanted.kind
    if value is None or kind == "Any" or conforms(value, wanted, types):
        return value
    if type(value) is tuple and len(value) == 1 and kind != "list" and conforms(value[0], wanted, types):
        return value[0]
    if kind == "list" and type(value) is not tuple and (not wanted.parts or conforms(value, wanted.parts[0], types)):
        return (value,)
    if kind == "date and time" and type(value) is Date:
        return DateTime(value, Time(0, 0))
    raise Undefined("wrong_type", wanted=str(wanted), found=kind_of(value))


def type_of(value: Any) -> FeelType:
    """The most exact type of a value that is cheap to tell."""
    kind = kind_of(value)
    if kind == "null":
        return FeelType("Null")
    return FeelType(kind)


def midnight(value: Date) -> DateTime:
    """The date and time a date begins at."""
    return DateTime.from_local_nanos(value.days * DAY)
