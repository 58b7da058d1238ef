"""The calendar as the tables hold it, kept in memory until somebody changes it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage import CalendarDay, CalendarYear, OfficeWindow, Setting
from engine.workdays.calendar import Calendar

VERSION_SETTING = "calendar_version"
_kept: WeakKeyDictionary[Any, tuple[str, Calendar]] = WeakKeyDictionary()


def load(session: Session) -> Calendar:
    """The calendar of today's version; one small query when nothing has changed since the last time."""
    setting = session.scalar(select(Setting.value).where(Setting.key == VERSION_SETTING))
    version, stamp = (int(setting["version"]), str(setting["stamp"])) if setting else (0, "")
    engine = session.get_bind()
    kept = _kept.get(engine)
    # The stamp, not the number: a version that was rolled back is given out again with other days.
    if kept is not None and kept[0] == stamp:
        return kept[1]
    calendar = _read(session, version)
    _kept[engine] = (stamp, calendar)
    return calendar


def _read(session: Session, version: int) -> Calendar:
    windows: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for since, opens, closes in session.execute(
        select(OfficeWindow.valid_from, OfficeWindow.opens, OfficeWindow.closes)
    ):
        windows[since].append((opens, closes))
    return Calendar(
        days=dict(session.execute(select(CalendarDay.day, CalendarDay.working)).all()),
        years=session.scalars(select(CalendarYear.year)),
        windows=[(since, tuple(spans)) for since, spans in windows.items()],
        version=version,
    )
