"""Numbers and days in what a browser sent: whatever somebody typed into an address or a form, or None."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from engine import clock

BIGGEST = 2**63 - 1
"""The largest number a row of the database can have."""
YEARS = range(2000, 2200)


class RowNumber(IntegerConverter):
    """``<int:case_id>`` in an address: only numbers that a row can have, so that any other is found nowhere."""

    regex = r"[0-9]{1,19}"

    def __init__(self, map: Map) -> None:  # noqa: A002
        super().__init__(map, max=BIGGEST)


def init_app(app: Flask) -> None:
    """Every number in an address is a row's."""
    app.url_map.converters["int"] = RowNumber


def number_of(text: str) -> int | None:
    """The number of a row that ``text`` is, if it is one."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(BIGGEST))):
        return None
    number = int(text)
    return number if number <= BIGGEST else None


def day_of(text: str | None) -> date | None:
    """The day that ``text`` begins with, if it is one of our times (clocks can be counted from it and to it)."""
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    return day if day.year in YEARS else None


def start_of(text: str | None, days: int = 0) -> datetime | None:
    """When the day that ``text`` begins with, or the one ``days`` after it, begins in the city."""
    day = day_of(text)
    return clock.parse((day + timedelta(days=days)).isoformat()) if day else None
