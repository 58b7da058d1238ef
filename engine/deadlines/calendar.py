"""What an administrator does with the working calendar: load a year, change a day, change the office windows.

Running clocks keep the ends they were given, except provisional ones of a year that is now loaded; ``recount`` moves
the others when somebody asks for it. Each deed is written into the history by the door that calls it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from sqlalchemy import delete, extract
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FieldProblem, InvalidInput
from engine.permissions import Actor, require
from engine.reference import bump_calendar_version
from engine.storage import CalendarDay, CalendarYear, OfficeWindow


def load_year(session: Session, actor: Actor, year: int, days: Mapping[date, tuple[bool, str]], source: str) -> int:
    """Load an announced year: ``days`` are those that differ from their weekday, each working or not, with its name.

    Answers the calendar's new version. Raises InvalidInput when a day lies in another year or a source is missing.
    """
    require(actor, "calendar.edit")
    strays = sorted(str(day) for day in days if day.year != year)
    if strays:
        raise InvalidInput("days of another year", [FieldProblem("days", "day_of_other_year", {"days": strays})])
    if not source.strip():
        raise InvalidInput("the notice is missing", [FieldProblem("source", "required")])
    session.execute(delete(CalendarDay).where(extract("year", CalendarDay.day) == year))
    session.add_all(
        CalendarDay(day=day, working=working, name=name, source=source) for day, (working, name) in days.items()
    )
    row = session.get(CalendarYear, year)
    if row is None:
        session.add(CalendarYear(year=year, source=source, loaded_at=clock.now()))
    else:
        row.source, row.loaded_at = source, clock.now()
    return bump_calendar_version(session)


def set_day(session: Session, actor: Actor, day: date, working: bool | None, name: str, source: str) -> int:
    """Make a day working or not, or (None) what its weekday says; answers the calendar's new version."""
    require(actor, "calendar.edit")
    row = session.get(CalendarDay, day)
    if working is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(CalendarDay(day=day, working=working, name=name, source=source))
    else:
        row.working, row.name, row.source = working, name, source
    session.flush()
    return bump_calendar_version(session)


def set_windows(session: Session, actor: Actor, valid_from: date, spans: Sequence[tuple[int, int]]) -> int:
    """Set the office windows (minutes after midnight) that hold from a day on; answers the calendar's new version.

    Raises:
        InvalidInput: none, one that closes before it opens, or two that overlap.
    """
    require(actor, "calendar.edit")
    ordered = sorted(spans)
    wrong = [span for span in ordered if not 0 <= span[0] < span[1] <= 1440]
    overlaps = any(earlier[1] > later[0] for earlier, later in pairwise(ordered))
    if not ordered or wrong or overlaps:
        raise InvalidInput("not a day's office windows", [FieldProblem("windows", "bad_office_windows")])
    session.execute(delete(OfficeWindow).where(OfficeWindow.valid_from == valid_from))
    session.add_all(OfficeWindow(opens=opens, closes=closes, valid_from=valid_from) for opens, closes in ordered)
    session.flush()
    return bump_calendar_version(session)
