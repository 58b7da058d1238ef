"""The holidays the law itself gives, for years the State Council has not yet announced.

全国年节及纪念日放假办法 (2024-11-10): thirteen days; one that falls on a weekend is made up on a working day. What
cannot be known before the notice are the swaps that turn weekends into working days: such years are provisional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import yaml


@cache
def _lunar() -> dict[int, list[date]]:
    text = files("engine").joinpath("data", "lunar_holidays.yaml").read_text(encoding="utf-8")
    return {year: [date.fromisoformat(day) for day in days] for year, days in yaml.safe_load(text).items()}


@cache
def statutory_holidays(year: int) -> frozenset[date]:
    """The days off of ``year`` by law; beyond the table of lunar dates only those with a fixed date."""
    blocks = sorted(_blocks(year))
    off = {day for block in blocks for day in block}
    for block in blocks:
        following = block[-1]
        for _ in [day for day in block if day.weekday() >= 5]:
            following = _next_working_day(following, off)
            off.add(following)
    return frozenset(off)


def _blocks(year: int) -> Iterator[list[date]]:
    yield [date(year, 1, 1)]
    yield _days(date(year, 5, 1), 2)
    yield _days(date(year, 10, 1), 3)
    if year in _lunar():
        spring, qingming, duanwu, zhongqiu = _lunar()[year]
        yield _days(spring - timedelta(days=1), 4)
        yield [qingming]
        yield [duanwu]
        yield [zhongqiu]


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def _next_working_day(day: date, off: set[date]) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5 or day in off:
        day += timedelta(days=1)
    return day
