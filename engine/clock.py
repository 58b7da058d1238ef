"""The only clock. UTC below; Asia/Shanghai at the doors and in ``workdays``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")

_set_time: ContextVar[datetime | None] = ContextVar("cityloop_time", default=None)


def now() -> datetime:
    """The current time, aware, in UTC; a simulated one inside ``at``."""
    return _set_time.get() or datetime.now(UTC)


def city_time(moment: datetime) -> datetime:
    """``moment`` on the city's wall clock."""
    return moment.astimezone(CITY_ZONE)


def parse(text: str) -> datetime:
    """An ISO 8601 text as an aware UTC moment; a text without an offset is the city's wall clock.

    Raises:
        ValueError: no moment, or one that the calendar of another zone does not reach.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CITY_ZONE)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error


@contextmanager
def at(moment: datetime | str) -> Iterator[None]:
    """Let ``now()`` answer ``moment`` inside the block (simulations, drills, tests)."""
    if isinstance(moment, str):
        moment = parse(moment)
    token = _set_time.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _set_time.reset(token)
