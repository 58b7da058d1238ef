"""FEEL's values in Python: None, bool, Decimal, str, tuple (list), ``Context``, ``Range``, ``FunctionValue``, dates.

Immutable, so they may be shared; plain Python values are taken in by ``to_feel`` and given out by ``from_feel``.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.feel.errors import FeelError
from engine.feel.temporal import DAY, SECOND, Date, DateTime, DayTimeDuration, Time, YearMonthDuration

if TYPE_CHECKING:
    from engine.feel.budget import Run
    from engine.feel.types import Parameter

MAX_DEPTH = 60
NUMBERS = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emax=6_144,
    Emin=-6_143,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
ZERO, ONE = Decimal(0), Decimal(1)
_MICRO = 1_000


class Context(dict[str, Any]):
    """A FEEL context: names to FEEL values, in order. Not to be changed once it is made."""

    __slots__ = ()


class Range:
    """A range from ``start`` to ``end``; with ``op``, as in ``(> 5)``, the end that is None is open."""

    __slots__ = ("end", "end_included", "op", "start", "start_included")

    def __init__(self, start: Any, end: Any, *, start_included: bool, end_included: bool, op: str = "") -> None:
        self.start, self.end = start, end
        self.start_included, self.end_included = start_included, end_included
        self.op = op


class FunctionValue:
    """A function as a value: ``call(run, arguments)`` gets FEEL values that fit ``parameters``."""

    __slots__ = ("call", "name", "parameters", "result")

    def __init__(
        self,
        parameters: tuple[Parameter, ...],
        call: Callable[[Run, list[Any]], Any],
        *,
        name: str = "",
        result: Any = None,
    ) -> None:
        self.parameters, self.call, self.name, self.result = parameters, call, name, result


READY = frozenset(
    {
        type(None),
        bool,
        str,
        tuple,
        Context,
        Range,
        FunctionValue,
        Date,
        Time,
        DateTime,
        YearMonthDuration,
        DayTimeDuration,
    }
)
_KINDS = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    tuple: "list",
    Context: "context",
    Range: "range",
    FunctionValue: "function",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    YearMonthDuration: "years and months duration",
    DayTimeDuration: "days and time duration",
}


def kind_of(value: Any) -> str:
    """The name of a FEEL value's type: ``number``, ``date and time``, ``list`` …"""
    return _KINDS.get(type(value), type(value).__name__)


def to_feel(value: Any, depth: int = 0) -> Any:
    """The FEEL value of a plain Python value; FEEL values are given back as they are.

    Raises:
        FeelError: ``value`` is no number (NaN, infinite), out of FEEL's range, nested too deeply, or of a foreign type.
    """
    kind = type(value)
    if kind in READY:
        return value
    if kind is Decimal or kind is int:
        return _number(value)
    if kind is float and isfinite(value):
        return Decimal(repr(value))
    if depth > MAX_DEPTH:
        raise FeelError("data_too_deep", limit=MAX_DEPTH)
    if kind is dict:
        return Context((str(name), to_feel(item, depth + 1)) for name, item in value.items())
    if kind is list:
        return tuple([to_feel(item, depth + 1) for item in value])
    return _foreign_to_feel(value, depth)


def _number(value: Any) -> Decimal:
    try:
        if type(value) is int and value.bit_length() > 30_000:
            raise FeelError("number_too_large")
        number = NUMBERS.create_decimal(value)
    except decimal.DecimalException:
        raise FeelError("number_too_large") from None
    if not number.is_finite():
        raise FeelError("not_a_number")
    return number


def _foreign_to_feel(value: Any, depth: int) -> Any:
    if isinstance(value, float):
        return _number(Decimal(repr(float(value))))
    if isinstance(value, datetime):
        day, clock = Date(value.year, value.month, value.day), _time_to_feel(value.timetz(), value.utcoffset())
        return DateTime(day, clock)
    if isinstance(value, date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, time):
        return _time_to_feel(value, value.utcoffset())
    if isinstance(value, timedelta):
        return DayTimeDuration(value.days * DAY + value.seconds * SECOND + value.microseconds * _MICRO)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, Decimal)):
        return _number(Decimal(value))
    if isinstance(value, Mapping):
        return Context((str(name), to_feel(item, depth + 1)) for name, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple([to_feel(item, depth + 1) for item in value])
    raise FeelError("foreign_value", kind=type(value).__name__)


def _time_to_feel(value: time, offset: timedelta | None) -> Time:
    nanos = ((value.hour * 60 + value.minute) * 60 + value.second) * SECOND + value.microsecond * _MICRO
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        return Time(nanos, 0) if value.tzinfo.key == "UTC" else Time(nanos, zone=value.tzinfo.key)
    return Time(nanos, int(offset.total_seconds()) if offset is not None else None)
