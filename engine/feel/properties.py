"""What follows a dot: entries of contexts, parts of dates, times, durations and ranges (DMN 1.5, 10.3.2.13)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.temporal import DAY, HOUR, MINUTE, SECOND, Date, DateTime, DayTimeDuration, Time, YearMonthDuration
from engine.feel.types import SIMPLE
from engine.feel.values import Context, Range, kind_of

_Reader = Callable[[Any], Any]


def _signed(nanos: int, unit: int, limit: int) -> Decimal:
    part = abs(nanos) // unit
    part = part % limit if limit else part
    return Decimal(-part if nanos < 0 else part)


def _months(months: int, unit: int, limit: int) -> Decimal:
    part = abs(months) // unit
    part = part % limit if limit else part
    return Decimal(-part if months < 0 else part)


def _seconds(nanos: int) -> Decimal:
    return Decimal(nanos // SECOND % 60)


def _offset(seconds: int | None) -> DayTimeDuration | None:
    return None if seconds is None else DayTimeDuration(seconds * SECOND)


def _of_part(part: str, read: _Reader) -> _Reader:
    return lambda value: read(getattr(value, part))


_DATE: dict[str, _Reader] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.weekday),
}
_TIME: dict[str, _Reader] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": lambda value: _seconds(value.nanos),
    "timezone": lambda value: value.zone,
}
_READERS: dict[type, dict[str, _Reader]] = {
    Date: _DATE,
    Time: {**_TIME, "time offset": lambda value: _offset(value.offset_seconds)},
    DateTime: {
        **{name: _of_part("date", read) for name, read in _DATE.items()},
        **{name: _of_part("time", read) for name, read in _TIME.items()},
        "time offset": lambda value: _offset(value.offset_seconds),
    },
    YearMonthDuration: {
        "years": lambda value: _months(value.months, 12, 0),
        "months": lambda value: _months(value.months, 1, 12),
    },
    DayTimeDuration: {
        "days": lambda value: _signed(value.nanos, DAY, 0),
        "hours": lambda value: _signed(value.nanos, HOUR, 24),
        "minutes": lambda value: _signed(value.nanos, MINUTE, 60),
        "seconds": lambda value: _signed(value.nanos, SECOND, 60),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


_TYPES = {
    "timezone": "string",
    "time offset": "days and time duration",
    "start": "Any",
    "end": "Any",
    "start included": "boolean",
    "end included": "boolean",
}


def member(run: Run, value: Any, name: str, position: int | None = None) -> Any:
    """``value.name``; of a list, the list of its items' ``name``; null when there is none."""
    kind = type(value)
    if kind is Context:
        if name in value:
            return value[name]
        run.note("no_entry", position, name=name)
        return None
    if kind is tuple:
        run.items(len(value))
        return tuple([member(run, item, name, position) for item in value])
    reader = _READERS.get(kind, {}).get(name)
    if reader is None:
        run.note("no_entry" if value is not None else "entry_of_null", position, name=name, found=kind_of(value))
        return None
    return reader(value)


def property_types(kind: str) -> dict[str, str]:
    """The parts a value of that type has, and their types."""
    readers = next((readers for python, readers in _READERS.items() if SIMPLE.get(kind) is python), {})
    return {name: _TYPES.get(name, "number") for name in readers}
