"""The working calendar and arithmetic on it. No step of it walks through hours: years and days are summed up once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.clock import CITY_ZONE
from engine.errors import FieldProblem, InvalidInput
from engine.time_limits import MINUTE, UNITS, Clock, Limit
from engine.workdays.statutory import statutory_holidays

LAST_YEAR = 9990
_MICROSECOND = timedelta(microseconds=1)
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Due:
    """A computed end. ``provisional``: it rests on a year whose holidays are not announced yet."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class _Year:
    """Office time in one year: ``before[i]`` microseconds lie before its day ``i``; one more entry holds the sum."""

    first: date
    before: list[int]

    @property
    def total(self) -> int:
        return self.before[-1]


class Calendar:
    """Immutable: days that differ from their weekday, the years that are announced, office windows by first day."""

    def __init__(
        self,
        days: Mapping[date, bool],
        years: Iterable[int],
        windows: Iterable[tuple[date, Windows]],
        version: int = 0,
    ) -> None:
        """``days``: date → working; ``windows``: (valid from, minutes after midnight) in any order, at least one."""
        self._days = dict(days)
        self.years = frozenset(years)
        self._windows = sorted((since, tuple(sorted(spans))) for since, spans in windows)
        self._spans = [tuple((a * MINUTE, b * MINUTE) for a, b in spans) for _, spans in self._windows]
        self._since = [since for since, _ in self._windows]
        self.version = version
        self._sums: dict[int, _Year] = {}
        if not self._windows or any(not spans for spans in self._spans):
            raise InvalidInput("no office window", [FieldProblem("windows", "no_office_window")])

    def is_working(self, day: date) -> bool:
        """Whether people work that day; by the statutory rule in years that are not announced."""
        if (known := self._days.get(day)) is not None:
            return known
        if day.year in self.years:
            return day.weekday() < 5
        return day.weekday() < 5 and day not in statutory_holidays(day.year)

    def windows(self, day: date) -> Windows:
        """The office windows in force that day (minutes after midnight), working day or not."""
        return self._windows[self._version_at(day)][1]

    def add(self, moment: datetime, limit: Limit) -> Due:
        """When ``limit`` is over that begins at ``moment``."""
        return self.advance(moment, self.amount(limit, moment), limit.unit)

    def between(self, earlier: datetime, later: datetime, unit: str) -> Decimal:
        """How much of ``unit`` lies between two moments; negative when the second is the earlier."""
        whole = self.amount(Limit(Decimal(1), unit), earlier)
        return Decimal(self.measure(earlier, later, unit)) / whole

    def amount(self, limit: Limit, moment: datetime) -> int:
        """A limit in the fine units of its clock: microseconds, or days where the law counts days.

        A 工作日 is the office time of one working day in the windows of the day it begins, so that limits do not drift
        when a city works seven hours instead of eight.
        """
        length = UNITS[limit.unit][1]
        if length is None:
            if limit.clock is not Clock.WORKING:
                return int(limit.value)
            spans = self._spans[self._version_at(moment.astimezone(CITY_ZONE).date())]
            length = sum(closes - opens for opens, closes in spans)
        return round(limit.value * length)

    def advance(self, moment: datetime, amount: int, unit: str) -> Due:
        """``moment`` moved on by ``amount`` of the clock that ``unit`` is counted on (see ``amount``)."""
        clock = UNITS[unit][0]
        if amount == 0 and clock in (Clock.WALL, Clock.WORKING):
            return Due(moment, False)
        if clock is Clock.WALL:
            return Due(_utc(_plus(moment, amount)), False)
        if clock is Clock.WORKING:
            at = self._after(_local(moment), amount)
            return Due(_aware(at), not self._announced(_local(moment).year, at.year))
        return self._statutory(_local(moment).date(), amount, clock)

    def measure(self, earlier: datetime, later: datetime, unit: str) -> int:
        """The opposite of ``advance``: how much of the unit's clock has run between two moments."""
        clock = UNITS[unit][0]
        if later < earlier:
            return -self.measure(later, earlier, unit)
        if clock is Clock.WALL:
            return (later - earlier) // _MICROSECOND
        start, end = _local(earlier), _local(later)
        if clock is Clock.STATUTORY_DAYS:
            return (end.date() - start.date()).days
        if clock is Clock.STATUTORY_WORKING_DAYS:
            return self._working_days(start.date(), end.date())
        passed = self._in_year(end) - self._in_year(start)
        return passed + sum(self._year(year).total for year in range(start.year, end.year))

    def next_working_day(self, day: date) -> date:
        """``day`` itself when people work then, else the first later day they do."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def facts(self, first: date, last: date) -> dict[str, Any]:
        """What counting between two days rested on, small enough to be kept beside its result (see ``from_facts``)."""
        oldest, newest = self._version_at(first), self._version_at(last)
        facts: dict[str, Any] = {
            "version": self.version,
            "years": sorted(year for year in self.years if first.year <= year <= last.year),
            "windows": [[since.isoformat(), list(spans)] for since, spans in self._windows[oldest : newest + 1]],
        }
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        swapped = {day.isoformat(): int(self._days[day]) for day in days if self._differs(day)}
        return {**facts, "days": swapped} if swapped else facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Calendar:
        """The calendar as it was for one counting, from what ``facts`` kept."""
        return cls(
            days={date.fromisoformat(day): bool(works) for day, works in facts.get("days", {}).items()},
            years=facts["years"],
            windows=[(date.fromisoformat(since), tuple((a, b) for a, b in spans)) for since, spans in facts["windows"]],
            version=facts["version"],
        )

    def _differs(self, day: date) -> bool:
        known = self._days.get(day)
        return known is not None and (day.year not in self.years or known != (day.weekday() < 5))

    def _version_at(self, day: date) -> int:
        """Which windows hold on ``day``; days before the first ones use those."""
        number = 0
        while number + 1 < len(self._since) and self._since[number + 1] <= day:
            number += 1
        return number

    def _announced(self, first: int, last: int) -> bool:
        return all(year in self.years for year in range(first, last + 1))

    def _year(self, year: int) -> _Year:
        sums = self._sums.get(year)
        if sums is None:
            if year > LAST_YEAR:
                raise InvalidInput("too far ahead", [FieldProblem("limit", "limit_out_of_range")])
            first, total, before = date(year, 1, 1), 0, []
            day = first
            while day.year == year:
                before.append(total)
                if self.is_working(day):
                    total += sum(closes - opens for opens, closes in self._spans[self._version_at(day)])
                day += timedelta(days=1)
            sums = self._sums[year] = _Year(first, [*before, total])
        return sums

    def _in_year(self, local: datetime) -> int:
        """Office time from the first of January to ``local``."""
        day = local.date()
        year = self._year(day.year)
        passed = year.before[(day - year.first).days]
        if self.is_working(day):
            clock = _of_day(local)
            passed += sum(
                min(clock, closes) - opens for opens, closes in self._spans[self._version_at(day)] if clock > opens
            )
        return passed

    def _after(self, local: datetime, amount: int) -> datetime:
        """The first moment at which ``amount`` of office time has passed since ``local``."""
        number, wanted = local.year, self._in_year(local) + amount
        while wanted > (year := self._year(number)).total:
            wanted -= year.total
            number += 1
        index = bisect_left(year.before, wanted) - 1
        day = year.first + timedelta(days=index)
        rest = wanted - year.before[index]
        for opens, closes in self._spans[self._version_at(day)]:
            if rest <= closes - opens:
                return datetime.combine(day, time()) + timedelta(microseconds=opens + rest)
            rest -= closes - opens
        raise AssertionError("the sums of a year and its windows disagree")

    def _working_days(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``."""
        return sum(self.is_working(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    def _statutory(self, start: date, days: int, clock: Clock) -> Due:
        day = start
        if clock is Clock.STATUTORY_DAYS:
            day = self.next_working_day(start + timedelta(days=days))
        else:
            left = days
            while left > 0:
                day += timedelta(days=1)
                left -= self.is_working(day)
        end = datetime.combine(day, time(23, 59, 59))
        return Due(_aware(end), not self._announced(start.year, day.year))


def _plus(moment: datetime, microseconds: int) -> datetime:
    try:
        return moment + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise InvalidInput("too far ahead", [FieldProblem("limit", "limit_out_of_range")]) from error


def _of_day(local: datetime) -> int:
    return (local - datetime.combine(local.date(), time())) // _MICROSECOND


def _local(moment: datetime) -> datetime:
    return moment.astimezone(CITY_ZONE).replace(tzinfo=None)


def _aware(local: datetime) -> datetime:
    return _utc(local.replace(tzinfo=CITY_ZONE))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
