"""The holidays the law itself gives, for years the State Council has not yet announced.

Which days they are is data (``statutory_holidays.yaml``, ``lunar_holidays.yaml``); one that falls on a weekend is made
up on a working day. What cannot be known before the notice are the swaps that turn weekends into working days: such
years are provisional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def _data(name: str) -> Any:
    return yaml.safe_load(files("engine").joinpath("data", name).read_text(encoding="utf-8"))


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
    law = _data("statutory_holidays.yaml")
    for row in law["fixed"]:
        yield _days(date(year, row["month"], row["day"]), row["days"])
    for first, row in zip(_data("lunar_holidays.yaml").get(year, ()), law["moving"], strict=False):
        yield _days(date.fromisoformat(first) - timedelta(days=row["before"]), row["days"])


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def _next_working_day(day: date, off: set[date]) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5 or day in off:
        day += timedelta(days=1)
    return day
