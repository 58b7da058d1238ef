"""When a timer is due: ISO 8601 dates, durations and cycles, on the city's wall clock for months and days.

A cycle keeps its anchor and counts from it, so calendar months stay months. After a standstill a cycle fires once to
catch up and then goes on by its schedule; the repetitions that fell into the standstill count as used.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from engine.bpmn.limits import DEFAULTS, Limits
from engine.clock import CITY_ZONE

_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?!$)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10})(?:\.(?P<fraction>\d{1,9}))?S)?)?"
)


class BadTimer(ValueError):
    """The text is no timer we run; the message says why."""


@dataclass(frozen=True)
class Span:
    """A duration of calendar months and exact time."""

    months: int = 0
    exact: timedelta = timedelta()

    def after(self, moment: datetime, times: int = 1) -> datetime:
        """``moment`` plus ``times`` this span; months end on the last day of a shorter month (city time)."""
        local = moment.astimezone(CITY_ZONE)
        try:
            if self.months:
                count = local.month - 1 + self.months * times
                year, month = local.year + count // 12, count % 12 + 1
                local = local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))
            return local.astimezone(UTC) + self.exact * times
        except (OverflowError, ValueError) as error:
            raise BadTimer("the time lies outside the calendar") from error

    def text(self) -> str:
        """ISO 8601 again."""
        seconds = self.exact.total_seconds()
        return f"P{self.months}MT{seconds:.6f}S" if seconds >= 0 else f"-P0MT{-seconds:.6f}S"


@dataclass(frozen=True)
class Cycle:
    """A repeating timer: every ``span`` from ``anchor`` on; ``count`` None means without end."""

    span: Span
    anchor: datetime
    count: int | None
    first: int = 1


def parse_span(text: str, limits: Limits = DEFAULTS) -> Span:
    """An ISO 8601 duration.

    Raises:
        BadTimer: not a duration, or longer than a hundred years.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise BadTimer(f"{text[:60]!r} is no ISO 8601 duration such as PT4H or P3D")
    part = {name: int(value or 0) for name, value in match.groupdict().items() if name not in {"sign", "fraction"}}
    months = part["years"] * 12 + part["months"]
    exact = timedelta(
        weeks=part["weeks"], days=part["days"], hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"],
        microseconds=int(((match["fraction"] or "") + "000000")[:6]),
    )  # fmt: skip
    if months * timedelta(days=31) + exact > limits.timer_span:
        raise BadTimer(f"{text[:60]!r} is longer than a hundred years")
    if match["sign"] == "-":
        months, exact = -months, -exact
    return Span(months, exact)


def parse_moment(text: str) -> datetime:
    """An ISO 8601 date and time with an offset, in UTC.

    Raises:
        BadTimer: no date and time, or none with an offset.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadTimer(f"{text[:60]!r} is no ISO 8601 date and time such as 2026-05-01T08:00:00+08:00") from None
    if moment.tzinfo is None:
        raise BadTimer(f"{text[:60]!r} has no offset: write +08:00 or Z at the end")
    return moment.astimezone(UTC)


def parse_cycle(text: str, now: datetime, limits: Limits = DEFAULTS) -> Cycle:
    """``R3/PT10M``, ``R/2026-01-01T08:00:00+08:00/P1M`` or ``R5/PT1H/2026-…`` (ends then).

    Raises:
        BadTimer: not a cycle, faster than the shortest period, or repeating too often.
    """
    parts = text.strip().split("/")
    match = re.fullmatch(r"R(\d{0,6})", parts[0])
    if match is None or not 2 <= len(parts) <= 3:
        raise BadTimer(f"{text[:60]!r} is no cycle such as R3/PT1H")
    count = int(match[1]) if match[1] else None
    if count is not None and count > limits.cycle_count:
        raise BadTimer(f"{text[:60]!r} repeats more than {limits.cycle_count} times")
    anchor, first = now, 1
    if len(parts) == 3 and not parts[1].lstrip("+-").startswith("P"):
        anchor, first, span = parse_moment(parts[1]), 0, parse_span(parts[2], limits)
    else:
        span = parse_span(parts[1], limits)
    if span.after(anchor) - anchor < limits.cycle_period:
        raise BadTimer(f"{text[:60]!r} is faster than one every {int(limits.cycle_period.total_seconds())} seconds")
    if len(parts) == 3 and first == 1:
        end = parse_moment(parts[2])
        fits = 0
        while span.after(anchor, fits + 1) <= end and fits < limits.cycle_count:
            fits += 1
        count = fits if count is None else min(count, fits)
    return Cycle(span, anchor, count, first)


def start_timer(kind: str, value: Any, now: datetime, limits: Limits = DEFAULTS) -> dict[str, Any]:
    """The stored state of a timer that starts to run now: ``due`` and, for cycles, what follows.

    Raises:
        BadTimer: the value is no timer of that kind, or out of bounds.
    """
    if kind == "cycle" and isinstance(value, str):
        return _start_cycle(parse_cycle(value, now, limits), now)
    due = _due(value, now, limits)
    if abs(due - now) > limits.timer_span:
        raise BadTimer("the time is more than a hundred years away")
    return {"due": due.isoformat()}


def _due(value: Any, now: datetime, limits: Limits) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadTimer("the date and time has no offset: write +08:00 or Z at the end")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), CITY_ZONE).astimezone(UTC)
    if isinstance(value, timedelta):
        return Span(0, value).after(now)
    months = getattr(value, "months", None)
    if isinstance(months, int):
        return Span(months).after(now)
    if isinstance(value, str):
        text = value.strip()
        return parse_span(text, limits).after(now) if text.lstrip("+-").startswith("P") else parse_moment(text)
    raise BadTimer(f"expected a date and time or a duration, got {type(value).__name__}")


def _start_cycle(cycle: Cycle, now: datetime) -> dict[str, Any]:
    state: dict[str, Any] = {
        "every": cycle.span.text(),
        "anchor": cycle.anchor.isoformat(),
        "index": cycle.first,
        "left": cycle.count,
    }
    state["due"] = cycle.span.after(cycle.anchor, cycle.first).isoformat() if cycle.count != 0 else None
    return state


def next_cycle(state: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """The state after one firing at ``now``, or None when the cycle is used up or the timer was no cycle."""
    if "every" not in state:
        return None
    span, anchor, index = _restore_span(state["every"]), datetime.fromisoformat(state["anchor"]), state["index"]
    left = state["left"]
    used = 1
    step = span.after(anchor) - anchor
    if not span.months:
        index += max(1, (now - anchor) // step - index + 1)
        used = index - state["index"]
    else:
        index += 1
        while span.after(anchor, index) <= now:
            index, used = index + 1, used + 1
    if left is not None and left - used <= 0:
        return None
    due = span.after(anchor, index).isoformat()
    return {**state, "index": index, "left": None if left is None else left - used, "due": due}


def _restore_span(text: str) -> Span:
    months, _, seconds = text.removeprefix("P").partition("MT")
    return Span(int(months), timedelta(seconds=float(seconds.removesuffix("S"))))
