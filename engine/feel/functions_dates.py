"""Functions that make and ask dates, times and durations."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.errors import Undefined
from engine.feel.functions_base import Theme, whole
from engine.feel.temporal import (
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
    days_from_civil,
    zone_info,
)
from engine.feel.temporal_text import parse_date, parse_date_time, parse_duration, parse_time
from engine.feel.values import NUMBERS, to_feel

define = Theme("dates and times")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _known(value: Any) -> Any:
    if value is None:
        raise Undefined("bad_argument", parameter="from")
    return value


@define("date", "from: string|date|date and time", "date", "由文本或日期时间得到日期", "the date a text or moment says")
def date(run: Run, value: Any) -> Date:
    if isinstance(value, str):
        return _known(parse_date(value))
    return value if isinstance(value, Date) else value.date


@define(
    "date", "year: number, month: number, day: number", "date", "由年月日得到日期", "the date of year, month and day"
)
def date_of_parts(run: Run, year: Decimal, month: Decimal, day: Decimal) -> Date:
    return Date(whole(year, "year"), whole(month, "month"), whole(day, "day"))


@define(
    "date and time",
    "from: string|date|date and time",
    "date and time",
    "由文本得到日期时间",
    "the moment a text says",
)
def date_and_time(run: Run, value: Any) -> DateTime:
    if isinstance(value, str):
        return _known(parse_date_time(value))
    return DateTime(value, Time(0, 0)) if isinstance(value, Date) else value


@define(
    "date and time",
    "date: date|date and time, time: time",
    "date and time",
    "日期加上钟点",
    "the date with the time of day",
)
def date_with_time(run: Run, day: Any, clock: Time) -> DateTime:
    return DateTime(day.date if isinstance(day, DateTime) else day, clock)


@define(
    "date and time",
    "date: date and time, timezone: string",
    "date and time",
    "换到另一时区的同一时刻",
    "the same moment on the clock of a zone",
)
def in_zone(run: Run, moment: DateTime, timezone: str) -> DateTime:
    if zone_info(timezone) is None or moment.is_local:
        raise Undefined("bad_argument", parameter="timezone")
    return DateTime.from_instant(moment.instant, Time(0, zone=timezone))


_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"


@define("date and time", _PARTS, "date and time", "由各部分得到日期时间", "the moment of its parts")
def date_and_time_of_parts(
    run: Run, year: Decimal, month: Decimal, day: Decimal, hour: Decimal, minute: Decimal, second: Decimal
) -> DateTime:
    return DateTime(date_of_parts(run, year, month, day), time_of_parts(run, hour, minute, second))


@define("date and time", f"{_PARTS}, offset: days and time duration", "date and time", "带时差", "with an offset")
def date_and_time_with_offset(run: Run, *parts: Any) -> DateTime:
    return DateTime(date_of_parts(run, *parts[:3]), time_of_parts(run, *parts[3:]))


@define("date and time", f"{_PARTS}, timezone: string", "date and time", "带时区", "with a zone")
def date_and_time_with_zone(run: Run, *parts: Any) -> DateTime:
    if zone_info(parts[6]) is None:
        raise Undefined("bad_argument", parameter="timezone")
    clock = time_of_parts(run, *parts[3:6])
    return DateTime(date_of_parts(run, *parts[:3]), Time(clock.nanos, zone=parts[6]))


@define(
    "time",
    "from: string|time|date and time|date",
    "time",
    "由文本或日期时间得到钟点",
    "the time of day a text or moment says",
)
def time(run: Run, value: Any) -> Time:
    if isinstance(value, str):
        return _known(parse_time(value))
    if isinstance(value, Date):
        return Time(0, 0)
    return value if isinstance(value, Time) else value.time


@define(
    "time",
    "hour: number, minute: number, second: number, offset?: Any",
    "time",
    "由时分秒（与时差）得到钟点",
    "the time of day of its parts",
)
def time_of_parts(run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: Any = None) -> Time:
    hours, minutes = whole(hour, "hour"), whole(minute, "minute")
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= second < 60):
        raise Undefined("bad_argument", parameter="hour")
    if offset is not None and not isinstance(offset, DayTimeDuration):
        raise Undefined("bad_argument", parameter="offset")
    nanos = int(NUMBERS.multiply(second, Decimal(SECOND)).to_integral_value(ROUND_FLOOR))
    return Time(hours * HOUR + minutes * MINUTE + nanos, offset.nanos // SECOND if offset is not None else None)


@define(
    "duration",
    "from: string|days and time duration|years and months duration",
    "Any",
    "由文本得到时长",
    "the duration a text says",
)
def duration(run: Run, value: Any) -> Any:
    return _known(parse_duration(value)) if isinstance(value, str) else value


@define(
    "years and months duration",
    "from: date|date and time, to: date|date and time",
    "years and months duration",
    "两个日期之间的整年整月",
    "whole years and months between two dates",
)
def years_and_months_duration(run: Run, start: Any, end: Any) -> YearMonthDuration:
    first, last = (value.date if isinstance(value, DateTime) else value for value in (start, end))
    months = (last.year - first.year) * 12 + last.month - first.month
    # A month is whole when the day of the start is reached again; the time of day does not count.
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearMonthDuration(months)


@define("day of year", "date: date|date and time", "number", "一年中的第几天", "the number of the day in its year")
def day_of_year(run: Run, value: Any) -> Decimal:
    day = date(run, value)
    return Decimal(day.days - days_from_civil(day.year, 1, 1) + 1)


@define("day of week", "date: date|date and time", "string", "星期几（英文名）", "the English name of the weekday")
def day_of_week(run: Run, value: Any) -> str:
    return _DAYS[date(run, value).weekday - 1]


@define("month of year", "date: date|date and time", "string", "月份（英文名）", "the English name of the month")
def month_of_year(run: Run, value: Any) -> str:
    return _MONTHS[date(run, value).month - 1]


@define(
    "week of year",
    "date: date|date and time",
    "number",
    "一年中的第几周（ISO 8601）",
    "the number of the week, ISO 8601",
)
def week_of_year(run: Run, value: Any) -> Decimal:
    day = date(run, value)
    thursday = Date.from_days(day.days - day.weekday + 4)
    return Decimal((thursday.days - days_from_civil(thursday.year, 1, 1)) // 7 + 1)


@define("now", "", "date and time", "当前时刻", "this moment")
def now(run: Run) -> DateTime:
    if run.host is None:
        raise Undefined("no_clock")
    return to_feel(run.host.now)


@define("today", "", "date", "今天的日期", "today's date")
def today(run: Run) -> Date:
    return now(run).date


FUNCTIONS = tuple(define.functions)
