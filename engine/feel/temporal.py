"""FEEL's dates, times and durations: nanoseconds, years to ±999,999,999, offsets and named zones.

Python's own types end at the year 9999 and at microseconds; ``values`` converts between the two. Parsing and writing
is in ``temporal_text``, arithmetic in ``arithmetic``.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MAX_YEAR = 999_999_999
MAX_OFFSET = 14 * 3600
MAX_MONTHS = 12 * MAX_YEAR * 2
MAX_NANOS = 366 * DAY * MAX_YEAR * 2

_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible date algorithms")."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """The inverse of ``days_from_civil``."""
    days += 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


@lru_cache(maxsize=1024)
def zone_info(name: str) -> ZoneInfo | None:
    """The zone of that name in the IANA data base, or None."""
    if not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(zone: str, days: int, nanos: int, *, universal: bool = False) -> int:
    """Seconds east of UTC in ``zone`` at that wall-clock moment (or UTC moment, when ``universal``)."""
    year, month, day = civil_from_days(days)
    # Beyond Python's years the same weekday and leap pattern comes back every 400 years.
    near = year if 2 <= year <= 9998 else 2000 + year % 400
    info = ZoneInfo(zone)
    moment = datetime(near, month, day, nanos // HOUR, nanos // MINUTE % 60, nanos // SECOND % 60, tzinfo=info)
    if universal:
        moment = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(info)
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


class Ordered:
    """Values of one kind compared by one key; another kind is neither equal nor ordered."""

    __slots__ = ()

    @property
    def key(self) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(other.key == self.key)

    def __lt__(self, other: Any) -> bool:
        return bool(self.key < other.key)

    def __le__(self, other: Any) -> bool:
        return bool(self.key <= other.key)

    def __gt__(self, other: Any) -> bool:
        return bool(self.key > other.key)

    def __ge__(self, other: Any) -> bool:
        return bool(self.key >= other.key)

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.key))

    def __str__(self) -> str:
        from engine.feel.temporal_text import text_of  # the writer knows the kinds, the kinds need no writer

        return text_of(self)

    def __repr__(self) -> str:
        return f'{type(self).__name__}("{self}")'


class Date(Ordered):
    """A calendar day. ``days`` counts from 1970-01-01. Raises ValueError for a day that does not exist."""

    __slots__ = ("day", "days", "month", "year")

    def __init__(self, year: int, month: int, day: int) -> None:
        if not (-MAX_YEAR <= year <= MAX_YEAR and 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
            raise ValueError("no such day")
        self.year, self.month, self.day = year, month, day
        self.days = days_from_civil(year, month, day)

    @classmethod
    def from_days(cls, days: int) -> Date:
        return cls(*civil_from_days(days))

    @property
    def key(self) -> int:
        return self.days

    @property
    def weekday(self) -> int:
        """1 is Monday, 7 is Sunday."""
        return (self.days + 3) % 7 + 1

    def plus_months(self, months: int) -> Date:
        """The same day so many months later, or that month's last day."""
        total = self.year * 12 + self.month - 1 + months
        year, month = total // 12, total % 12 + 1
        return Date(year, month, min(self.day, days_in_month(year, month)))


class Time(Ordered):
    """A time of day: ``nanos`` since midnight; ``offset`` seconds east of UTC, or a ``zone`` name, or neither."""

    __slots__ = ("nanos", "offset", "zone")

    def __init__(self, nanos: int, offset: int | None = None, zone: str | None = None) -> None:
        if not 0 <= nanos < DAY or (offset is not None and abs(offset) > MAX_OFFSET):
            raise ValueError("no such time")
        self.nanos, self.offset, self.zone = nanos, offset, zone

    @property
    def hour(self) -> int:
        return self.nanos // HOUR

    @property
    def minute(self) -> int:
        return self.nanos // MINUTE % 60

    @property
    def second(self) -> int:
        return self.nanos // SECOND % 60

    @property
    def offset_seconds(self) -> int | None:
        """Seconds east of UTC; a zone without a date counts with its standard time."""
        return zone_offset(self.zone, 10_957, 0) if self.zone else self.offset

    @property
    def is_local(self) -> bool:
        return self.offset is None and self.zone is None

    @property
    def key(self) -> tuple[bool, int]:
        offset = self.offset_seconds
        return (offset is None, self.nanos - (offset or 0) * SECOND)


class DateTime(Ordered):
    """A date and a time of day; ``time`` carries the offset or zone. Raises ValueError outside the years."""

    __slots__ = ("date", "time")

    def __init__(self, date: Date, time: Time) -> None:
        self.date, self.time = date, time

    @classmethod
    def from_local_nanos(cls, nanos: int, offset: int | None = None, zone: str | None = None) -> DateTime:
        days, rest = divmod(nanos, DAY)
        return cls(Date.from_days(days), Time(rest, offset, zone))

    @classmethod
    def from_instant(cls, nanos: int, like: Time) -> DateTime:
        """The UTC moment ``nanos`` on the wall clock ``like`` has."""
        offset = zone_offset(like.zone, *divmod(nanos, DAY), universal=True) if like.zone else like.offset or 0
        return cls.from_local_nanos(nanos + offset * SECOND, like.offset, like.zone)

    @property
    def offset_seconds(self) -> int | None:
        zone = self.time.zone
        return zone_offset(zone, self.date.days, self.time.nanos) if zone else self.time.offset

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 UTC; a local value counts as UTC."""
        return self.date.days * DAY + self.time.nanos - (self.offset_seconds or 0) * SECOND

    @property
    def is_local(self) -> bool:
        return self.time.is_local

    @property
    def key(self) -> tuple[bool, int]:
        return (self.time.is_local, self.instant)


class YearMonthDuration(Ordered):
    """A number of whole ``months``."""

    __slots__ = ("months",)

    def __init__(self, months: int) -> None:
        if abs(months) > MAX_MONTHS:
            raise ValueError("duration too long")
        self.months = months

    @property
    def key(self) -> int:
        return self.months


class DayTimeDuration(Ordered):
    """A number of ``nanos``: days, hours, minutes, seconds."""

    __slots__ = ("nanos",)

    def __init__(self, nanos: int) -> None:
        if abs(nanos) > MAX_NANOS:
            raise ValueError("duration too long")
        self.nanos = nanos

    @property
    def key(self) -> int:
        return self.nanos
