"""The calendar as the tables hold it, kept in memory until somebody changes it."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage import CalendarDay, CalendarYear, OfficeWindow, Setting
from engine.workdays.calendar import Calendar

VERSION_SETTING = "calendar_version"
FRESH_SECONDS = 1.0
_CHANGED = "calendar_changed"
_kept: WeakKeyDictionary[Any, tuple[float, str, Calendar]] = WeakKeyDictionary()


def load(session: Session) -> Calendar:
    """The calendar of today's version, at most a second old: what somebody changes meanwhile is recounted anyway."""
    engine = session.get_bind()
    kept = _kept.get(engine)
    changed = _CHANGED in session.info
    if kept is not None and not changed and time.monotonic() - kept[0] < FRESH_SECONDS:
        return kept[2]
    setting = session.scalar(select(Setting.value).where(Setting.key == VERSION_SETTING))
    version, stamp = (int(setting["version"]), str(setting["stamp"])) if setting else (0, "")
    # The stamp, not the number: a version that was rolled back is given out again with other days.
    calendar = kept[2] if kept is not None and kept[1] == stamp else _read(session, version)
    if not changed:
        _kept[engine] = (time.monotonic(), stamp, calendar)
    return calendar


def forget(session: Session) -> None:
    """The calendar was changed in this session: it reads what it wrote, others what is committed."""
    session.info[_CHANGED] = True
    _kept.clear()


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
