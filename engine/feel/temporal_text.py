"""ISO 8601 as FEEL reads and writes it: ``2026-02-14T09:00:00@Asia/Shanghai``, ``P1Y2M``, ``PT90M``."""

from __future__ import annotations

import re

from engine.feel.temporal import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
    zone_info,
)

_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = (
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,30}))?"
    r"(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<oh>\d\d):(?P<om>\d\d)(?::(?P<os>\d\d))?|@(?P<zone>[A-Za-z0-9_+/-]{1,60}))?"
)
_DATE_ONLY = re.compile(_DATE, re.ASCII)
_TIME_ONLY = re.compile("T?" + _TIME, re.ASCII)
_DATE_TIME = re.compile(f"{_DATE}(?:T{_TIME})?", re.ASCII)
_MONTHS = re.compile(r"(-)?P(?=\d)(?:(\d{1,12})Y)?(?:(\d{1,12})M)?", re.ASCII)
_DAYS = re.compile(
    r"(-)?P(?=[\dT])(?:(\d{1,15})D)?(?:T(?=\d)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15})(?:\.(\d{1,30}))?S)?)?",
    re.ASCII,
)

Temporal = Date | Time | DateTime
Duration = YearMonthDuration | DayTimeDuration


def parse_date(text: str) -> Date | None:
    """``2026-02-14``; None when it is something else or no such day."""
    match = _DATE_ONLY.fullmatch(text)
    return _date(match) if match else None


def parse_time(text: str) -> Time | None:
    """``09:00:00``, ``09:00:00.5+08:00``, ``09:00:00@Asia/Shanghai``; None when it is something else."""
    match = _TIME_ONLY.fullmatch(text)
    return _time(match) if match else None


def parse_date_time(text: str) -> DateTime | None:
    """``2026-02-14T09:00:00+08:00``; a date alone is its midnight; None when it is something else."""
    match = _DATE_TIME.fullmatch(text)
    if not match:
        return None
    date = _date(match)
    time = _time(match) if match["hour"] else Time(0)
    return DateTime(date, time) if date and time else None


def parse_duration(text: str) -> Duration | None:
    """``P1Y2M`` or ``-P3DT4H5M6.7S``; None when it is something else (or mixes months and days)."""
    match = _MONTHS.fullmatch(text)
    try:
        if match:
            months = int(match[2] or 0) * 12 + int(match[3] or 0)
            return YearMonthDuration(-months if match[1] else months)
        match = _DAYS.fullmatch(text)
        if match is None:
            return None
        nanos = int(match[2] or 0) * DAY + int(match[3] or 0) * HOUR + int(match[4] or 0) * MINUTE
        nanos += int(match[5] or 0) * SECOND + _fraction(match[6])
        return DayTimeDuration(-nanos if match[1] else nanos)
    except ValueError:
        return None


def parse_literal(text: str) -> Temporal | Duration | None:
    """What ``@"…"`` means."""
    if text.lstrip("-").startswith("P"):
        return parse_duration(text)
    if "T" in text[1:]:
        return parse_date_time(text)
    return parse_date(text) or parse_time(text)


def _date(match: re.Match[str]) -> Date | None:
    try:
        return Date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def _time(match: re.Match[str]) -> Time | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset, zone = None, match["zone"]
    if match["utc"]:
        offset = 0
    elif match["sign"]:
        minutes, seconds = int(match["om"]), int(match["os"] or 0)
        if minutes > 59 or seconds > 59:
            return None
        offset = (int(match["oh"]) * 60 + minutes) * 60 + seconds
        offset = -offset if match["sign"] == "-" else offset
    elif zone and zone_info(zone) is None:
        return None
    try:
        return Time(hour * HOUR + minute * MINUTE + second * SECOND + _fraction(match["fraction"]), offset, zone)
    except ValueError:
        return None


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def text_of(value: object) -> str:
    """The text FEEL writes for a temporal value or duration."""
    if isinstance(value, Date):
        return _date_text(value)
    if isinstance(value, Time):
        return _time_text(value)
    if isinstance(value, DateTime):
        return f"{_date_text(value.date)}T{_time_text(value.time)}"
    if isinstance(value, YearMonthDuration):
        return _months_text(value.months)
    if isinstance(value, DayTimeDuration):
        return _nanos_text(value.nanos)
    raise TypeError(type(value).__name__)


def _date_text(value: Date) -> str:
    sign = "-" if value.year < 0 else ""
    return f"{sign}{abs(value.year):04}-{value.month:02}-{value.day:02}"


def _time_text(value: Time) -> str:
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}{_fraction_text(value.nanos % SECOND)}"
    if value.zone:
        return f"{text}@{value.zone}"
    if value.offset is None:
        return text
    if value.offset == 0:
        return text + "Z"
    hours, rest = divmod(abs(value.offset), 3600)
    seconds = f":{rest % 60:02}" if rest % 60 else ""
    return f"{text}{'-' if value.offset < 0 else '+'}{hours:02}:{rest // 60:02}{seconds}"


def _fraction_text(nanos: int) -> str:
    return f".{nanos:09}".rstrip("0") if nanos else ""


def _months_text(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    text = (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
    return ("-P" if months < 0 else "P") + text


def _nanos_text(nanos: int) -> str:
    size = abs(nanos)
    days, hours, minutes, seconds = size // DAY, size // HOUR % 24, size // MINUTE % 60, size // SECOND % 60
    fraction = _fraction_text(size % SECOND)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction or not (days or clock):
        clock += f"{seconds}{fraction}S"
    return ("-P" if nanos < 0 else "P") + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
