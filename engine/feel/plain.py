"""FEEL values given out: as plain Python (``from_feel``) and as the text FEEL writes (``string()``)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.budget import Run
from engine.feel.errors import BudgetExceeded
from engine.feel.temporal import SECOND, Date, DateTime, DayTimeDuration, Time
from engine.feel.temporal_text import text_of
from engine.feel.values import Context, FunctionValue, Range

_MAX_DIGITS = 34  # beyond, an int would only have zeros, up to 6,000 of them
_MAX_TIMEDELTA = 999_999_999 * 86_400 * SECOND


def from_feel(value: Any) -> Any:
    """The plain Python value of a FEEL value: int if whole, else Decimal; functions, ranges and what Python cannot hold
    (the year 20000, nanoseconds) become text.
    """
    if isinstance(value, Decimal):
        return int(value) if value.adjusted() < _MAX_DIGITS and value == value.to_integral_value() else value
    if isinstance(value, tuple):
        return [from_feel(item) for item in value]
    if isinstance(value, Context):
        return {name: from_feel(item) for name, item in value.items()}
    if isinstance(value, Date):
        return date(value.year, value.month, value.day) if 1 <= value.year <= 9999 else text_of(value)
    if isinstance(value, DateTime):
        return _plain_date_time(value)
    if isinstance(value, Time):
        return _plain_time(value)
    if isinstance(value, DayTimeDuration):
        fits = abs(value.nanos) < _MAX_TIMEDELTA and value.nanos % 1_000 == 0
        return timedelta(microseconds=value.nanos // 1_000) if fits else text_of(value)
    if isinstance(value, (Range, FunctionValue)):
        return write(value)
    return value


def _zone(value: Time) -> tzinfo | None:
    if value.zone:
        return ZoneInfo(value.zone)
    if value.offset is None:
        return None
    return timezone(timedelta(seconds=value.offset)) if value.offset else UTC


def _plain_time(value: Time) -> Any:
    if value.nanos % 1_000:
        return text_of(value)
    return time(value.hour, value.minute, value.second, value.nanos % SECOND // 1_000, _zone(value))


def _plain_date_time(value: DateTime) -> Any:
    if not 1 <= value.date.year <= 9999 or value.time.nanos % 1_000:
        return text_of(value)
    return datetime.combine(date(value.date.year, value.date.month, value.date.day), _plain_time(value.time))


def number_text(value: Decimal) -> str:
    """A number in digits, without exponent and without zeros that say nothing."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def write(value: Any, run: Run | None = None, *, quoted: bool = False) -> str:
    """The text of a FEEL value as ``string()`` gives it; strings inside lists and contexts are ``quoted``."""
    parts: list[str] = []
    _write(value, parts, run, quoted, 0)
    return "".join(parts)


def _write(value: Any, parts: list[str], run: Run | None, quoted: bool, depth: int) -> None:
    if depth > 100:
        raise BudgetExceeded("result_too_deep", limit=100)
    if run is not None:
        run.charge(1)
    if isinstance(value, str):
        if run is not None:
            run.string(len(value))
        parts.append(quote(value) if quoted else value)
    elif isinstance(value, tuple):
        _write_many("[", [("", item) for item in value], "]", parts, run, depth)
    elif isinstance(value, Context):
        _write_many("{", [(_key(name), item) for name, item in value.items()], "}", parts, run, depth)
    elif isinstance(value, Range):
        _write_range(value, parts, run, depth)
    else:
        parts.append(_atom(value))


def _atom(value: Any) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, FunctionValue):
        return f"function({', '.join(parameter.name for parameter in value.parameters)})"
    return text_of(value)


def _write_many(
    opening: str, entries: list[tuple[str, Any]], closing: str, parts: list[str], run: Run | None, depth: int
) -> None:
    parts.append(opening)
    for index, (label, item) in enumerate(entries):
        if index:
            parts.append(", ")
        parts.append(label)
        _write(item, parts, run, True, depth + 1)
    parts.append(closing)
    if run is not None and depth == 0:
        run.string(sum(map(len, parts)))


def _write_range(value: Range, parts: list[str], run: Run | None, depth: int) -> None:
    if value.op:
        parts.append(f"({value.op} ")
        _write(value.start if value.start is not None else value.end, parts, run, True, depth + 1)
        parts.append(")")
        return
    parts.append("[" if value.start_included else "(")
    _write(value.start, parts, run, True, depth + 1)
    parts.append("..")
    _write(value.end, parts, run, True, depth + 1)
    parts.append("]" if value.end_included else ")")


def _key(name: str) -> str:
    return f"{name}: " if name and all(part.isidentifier() for part in name.split(" ")) else f"{quote(name)}: "


def quote(text: str) -> str:
    """A string literal that means ``text``."""
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return f'"{escaped}"'
