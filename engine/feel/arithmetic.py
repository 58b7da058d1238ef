"""``+ - * / **`` for numbers, strings, dates, times and durations (DMN 1.5, 10.3.2.13)."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.errors import Undefined
from engine.feel.temporal import DAY, Date, DateTime, DayTimeDuration, Time, YearMonthDuration
from engine.feel.values import NUMBERS, kind_of

Operation = Callable[[Any, Any], Any]
_WHOLE = decimal.Context(prec=60, rounding=decimal.ROUND_DOWN)


def _power(a: Decimal, b: Decimal) -> Decimal:
    if b == b.to_integral_value() or a > 0:
        return NUMBERS.power(a, b)
    raise Undefined("no_root", base=str(a), exponent=str(b))


def _date_plus_months(date: Date, duration: YearMonthDuration) -> Date:
    return date.plus_months(duration.months)


def _date_plus_days(date: Date, duration: DayTimeDuration) -> Date:
    return Date.from_days((date.days * DAY + duration.nanos) // DAY)


def _moment_plus_months(moment: DateTime, duration: YearMonthDuration) -> DateTime:
    return DateTime(moment.date.plus_months(duration.months), moment.time)


def _moment_plus_days(moment: DateTime, duration: DayTimeDuration) -> DateTime:
    return DateTime.from_instant(moment.instant + duration.nanos, moment.time)


def _time_plus(time: Time, duration: DayTimeDuration) -> Time:
    return Time((time.nanos + duration.nanos) % DAY, time.offset, time.zone)


def _moments_between(a: DateTime, b: DateTime) -> DayTimeDuration:
    if a.is_local != b.is_local:
        raise Undefined("local_and_zoned")
    return DayTimeDuration(a.instant - b.instant)


def _times_between(a: Time, b: Time) -> DayTimeDuration:
    if a.is_local != b.is_local:
        raise Undefined("local_and_zoned")
    return DayTimeDuration(a.key[1] - b.key[1])


def _at_midnight(date: Date) -> DateTime:
    return DateTime(date, Time(0, 0))


def _months_times(duration: YearMonthDuration, number: Decimal) -> YearMonthDuration:
    return YearMonthDuration(_whole(_WHOLE.multiply(Decimal(duration.months), number)))


def _nanos_times(duration: DayTimeDuration, number: Decimal) -> DayTimeDuration:
    return DayTimeDuration(_whole(_WHOLE.multiply(Decimal(duration.nanos), number)))


def _months_by(duration: YearMonthDuration, number: Decimal) -> YearMonthDuration:
    _no_zero(number)
    return YearMonthDuration(_whole(_WHOLE.divide(Decimal(duration.months), number)))


def _nanos_by(duration: DayTimeDuration, number: Decimal) -> DayTimeDuration:
    _no_zero(number)
    return DayTimeDuration(_whole(_WHOLE.divide(Decimal(duration.nanos), number)))


def _months_ratio(a: YearMonthDuration, b: YearMonthDuration) -> Decimal:
    _no_zero(b.months)
    return NUMBERS.divide(Decimal(a.months), Decimal(b.months))


def _nanos_ratio(a: DayTimeDuration, b: DayTimeDuration) -> Decimal:
    _no_zero(b.nanos)
    return NUMBERS.divide(Decimal(a.nanos), Decimal(b.nanos))


def _divide(a: Decimal, b: Decimal) -> Decimal:
    _no_zero(b)
    return NUMBERS.divide(a, b)


def _no_zero(value: Decimal | int) -> None:
    if not value:
        raise Undefined("division_by_zero")


def _whole(number: Decimal) -> int:
    if number.adjusted() > 40:
        raise Undefined("duration_too_long")
    return int(number)


def _swapped(operation: Operation) -> Operation:
    return lambda a, b: operation(b, a)


def _of_negated(operation: Operation) -> Operation:
    return lambda a, b: operation(a, _NEGATED[type(b)](b))


_MONTHS, _DAYS = YearMonthDuration, DayTimeDuration
_NEGATED: dict[type, Callable[[Any], Any]] = {
    Decimal: NUMBERS.minus,
    _MONTHS: lambda value: _MONTHS(-value.months),
    _DAYS: lambda value: _DAYS(-value.nanos),
}
_ADD: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): NUMBERS.add,
    (_MONTHS, _MONTHS): lambda a, b: _MONTHS(a.months + b.months),
    (_DAYS, _DAYS): lambda a, b: _DAYS(a.nanos + b.nanos),
}
_PLUS: dict[tuple[type, type], Operation] = {
    (Date, _MONTHS): _date_plus_months,
    (Date, _DAYS): _date_plus_days,
    (DateTime, _MONTHS): _moment_plus_months,
    (DateTime, _DAYS): _moment_plus_days,
    (Time, _DAYS): _time_plus,
}
_ADD |= _PLUS
_ADD |= {(right, left): _swapped(plus) for (left, right), plus in _PLUS.items()}
_SUBTRACT: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): NUMBERS.subtract,
    (_MONTHS, _MONTHS): lambda a, b: _MONTHS(a.months - b.months),
    (_DAYS, _DAYS): lambda a, b: _DAYS(a.nanos - b.nanos),
    (Date, Date): lambda a, b: _DAYS((a.days - b.days) * DAY),
    (DateTime, DateTime): _moments_between,
    (Date, DateTime): lambda a, b: _moments_between(_at_midnight(a), b),
    (DateTime, Date): lambda a, b: _moments_between(a, _at_midnight(b)),
    (Time, Time): _times_between,
}
_SUBTRACT |= {pair: _of_negated(plus) for pair, plus in _PLUS.items()}
_OPERATIONS: dict[str, dict[tuple[type, type], Operation]] = {
    "+": _ADD,
    "-": _SUBTRACT,
    "*": {
        (Decimal, Decimal): NUMBERS.multiply,
        (_MONTHS, Decimal): _months_times,
        (Decimal, _MONTHS): lambda a, b: _months_times(b, a),
        (_DAYS, Decimal): _nanos_times,
        (Decimal, _DAYS): lambda a, b: _nanos_times(b, a),
    },
    "/": {
        (Decimal, Decimal): _divide,
        (_MONTHS, Decimal): _months_by,
        (_DAYS, Decimal): _nanos_by,
        (_MONTHS, _MONTHS): _months_ratio,
        (_DAYS, _DAYS): _nanos_ratio,
    },
    "**": {(Decimal, Decimal): _power},
}


def operate(run: Run, op: str, a: Any, b: Any, position: int | None = None) -> Any:
    """``a op b``, or null with its reason."""
    if op == "+" and type(a) is str and type(b) is str:
        run.string(len(a) + len(b))
        return a + b
    operation = _OPERATIONS[op].get((type(a), type(b)))
    if operation is None:
        run.note("no_operation", position, op=op, left=kind_of(a), right=kind_of(b))
        return None
    try:
        return operation(a, b)
    except Undefined as error:
        run.note_undefined(error, position)
    except (decimal.DecimalException, ValueError):
        run.note("out_of_range", position, op=op)
    return None


def negate(run: Run, value: Any, position: int | None = None) -> Any:
    """``- value``, or null with its reason."""
    operation = _NEGATED.get(type(value))
    if operation is None:
        run.note("no_negative", position, found=kind_of(value))
        return None
    return operation(value)
