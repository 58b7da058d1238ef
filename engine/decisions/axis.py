"""One value for every place on an axis that rules may tell apart: the values they name, and one between each two."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from engine.decisions.regions import ZONED, Region, ordered_kind
from engine.feel.temporal import DAY, SECOND, Date, DateTime, DayTimeDuration, Time, YearMonthDuration

KINDS: dict[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": Date,
    "date and time": DateTime,
    "time": Time,
    "days and time duration": DayTimeDuration,
    "years and months duration": YearMonthDuration,
    f"time{ZONED}": Time,
    f"date and time{ZONED}": DateTime,
}
_HOUR = 3600 * SECOND


def points_of(kind: str, regions: Iterable[Region]) -> tuple[list[Any], list[Any]]:
    """The values the regions name, rising, and (for ordered kinds with any) one value before, between and after them.

    Between two neighbouring days there is none; the gap then repeats the lower one, which is never asked for.
    """
    named: set[Any] = set()
    for region in regions:
        named.update(cut[0] for span in region.spans for cut in span if cut is not None)
        named.update(region.values)
    if not ordered_kind(kind):
        return sorted(named, key=str), []
    points, kind = sorted(named), kind.removesuffix(ZONED)
    if not points:
        return [], []
    gaps = [_step(kind, points[0], -1)]
    gaps += [_between(kind, low, high) for low, high in itertools.pairwise(points)]
    gaps.append(_step(kind, points[-1], 1))
    return points, gaps


def _step(kind: str, value: Any, direction: int) -> Any:
    if kind == "number":
        return value + direction
    if kind == "date":
        return Date.from_days(value.days + direction)
    if kind == "years and months duration":
        return YearMonthDuration(value.months + direction)
    if kind == "days and time duration":
        return DayTimeDuration(value.nanos + direction * _HOUR)
    if kind == "time":
        return _time_step(value, direction)
    return DateTime.from_instant(value.instant + direction * _HOUR, value.time)


def _time_step(value: Time, direction: int) -> Time:
    """A little before or after in the same day; the value itself at the day's ends."""
    nanos = value.nanos // 2 if direction < 0 else (value.nanos + DAY - 1) // 2
    return Time(nanos, value.offset, value.zone)


def _between(kind: str, low: Any, high: Any) -> Any:
    if kind == "number":
        return _round_number(low, high)
    makers: dict[str, Callable[[], Any]] = {
        "date": lambda: Date.from_days((low.days + high.days) // 2),
        "years and months duration": lambda: YearMonthDuration((low.months + high.months) // 2),
        "days and time duration": lambda: DayTimeDuration((low.nanos + high.nanos) // 2),
        "time": lambda: Time((low.nanos + high.nanos) // 2, low.offset, low.zone),
        "date and time": lambda: DateTime.from_instant((low.instant + high.instant) // 2, low.time),
    }
    return makers[kind]()


def _round_number(low: Decimal, high: Decimal) -> Decimal:
    """The number with the fewest digits between the two."""
    middle = (low + high) / 2
    for digits in range(-6, 34):
        rounded = round(middle, digits) if digits >= 0 else Decimal(int(middle / 10**-digits) * 10**-digits)
        if low < rounded < high:
            return Decimal(rounded)
    return middle
