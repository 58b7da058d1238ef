"""Equality, order and membership in three values (DMN 1.5, 10.3.2.13): None is FEEL's null."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.errors import BudgetExceeded
from engine.feel.temporal import Date, DateTime, DayTimeDuration, Time, YearMonthDuration
from engine.feel.values import Context, FunctionValue, Range, kind_of

ATOMS = frozenset({Decimal, str, bool})
ORDERED = frozenset({Decimal, str, Date, Time, DateTime, DayTimeDuration, YearMonthDuration})
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MAX_DEPTH = 100


def equal(run: Run, a: Any, b: Any, depth: int = 0) -> bool | None:
    """``a = b``: null when the two are of different kinds; null equals only null."""
    if a is None or b is None:
        return a is b
    kind = type(a)
    if kind is not type(b):
        run.note("different_kinds", None, left=kind_of(a), right=kind_of(b))
        return None
    if kind in ATOMS:
        return bool(a == b)
    if depth > _MAX_DEPTH:
        raise BudgetExceeded("result_too_deep", limit=_MAX_DEPTH)
    if kind is tuple:
        return len(a) == len(b) and _all_equal(run, zip(a, b, strict=True), depth + 1)
    if kind is Context:
        if a.keys() != b.keys():
            return False
        return _all_equal(run, ((value, b[name]) for name, value in a.items()), depth + 1)
    if kind is Range:
        if (a.start_included, a.end_included) != (b.start_included, b.end_included):
            return False
        return _all_equal(run, ((a.start, b.start), (a.end, b.end)), depth + 1)
    if kind is FunctionValue:
        return a is b
    return bool(a == b)


def _all_equal(run: Run, pairs: Iterable[tuple[Any, Any]], depth: int) -> bool | None:
    unknown = False
    for a, b in pairs:
        run.charge(1)
        same = equal(run, a, b, depth)
        if same is False:
            return False
        unknown = unknown or same is None
    return None if unknown else True


def ordered(run: Run, op: str, a: Any, b: Any, position: int | None = None) -> bool | None:
    """``a op b`` for ``< <= > >=``; null when the two have no order."""
    kind = type(a)
    if kind is not type(b) or kind not in ORDERED:
        run.note("no_order", position, op=op, left=kind_of(a), right=kind_of(b))
        return None
    if kind in (DateTime, Time) and a.is_local != b.is_local:
        run.note("local_and_zoned", position)
        return None
    return ORDER[op](a, b)


def contains(run: Run, span: Range, value: Any, position: int | None = None) -> bool | None:
    """Whether ``value`` lies in the range; null where an end that is written out is null."""
    if value is None or (not span.op and (span.start is None or span.end is None)):
        run.note("null_in_range", position)
        return None
    above = (
        True if span.start is None else ordered(run, ">=" if span.start_included else ">", value, span.start, position)
    )
    if above is False:
        return False
    below = True if span.end is None else ordered(run, "<=" if span.end_included else "<", value, span.end, position)
    if below is False:
        return False
    return True if above and below else None


def member(run: Run, value: Any, test: Any, position: int | None = None) -> bool | None:
    """``value in test``: in a range, among a list's items (or in one of its ranges), or equal to the value."""
    if type(test) is Range:
        if type(value) is Range:
            return equal(run, value, test)
        return contains(run, test, value, position)
    if type(test) is not tuple:
        return equal(run, value, test)
    unknown = False
    for item in test:
        run.charge(1)
        inside = contains(run, item, value, position) if type(item) is Range and type(value) is not Range else None
        if inside or same(run, value, item):
            return True
        unknown = unknown or (type(item) is Range and inside is None)
    if type(value) is tuple and equal(run, value, test):
        return True
    return None if unknown else False


def same(run: Run, a: Any, b: Any) -> bool:
    """Whether two values are equal, without ado about different kinds."""
    if type(a) is not type(b):
        return False
    return equal(run, a, b) is True


def compare(run: Run, op: str, a: Any, b: Any, position: int | None = None) -> bool | None:
    """``a op b`` for any comparison operator."""
    if op == "=":
        return equal(run, a, b)
    if op == "!=":
        equals = equal(run, a, b)
        return None if equals is None else not equals
    return ordered(run, op, a, b, position)
