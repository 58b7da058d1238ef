"""Case numbers: by a pattern, gap-free per prefix and day, also with many clerks at once."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.storage import Area, CaseNumberCounter
from engine.storage.statements import insert_or_ignore


def next_number(session: Session, pattern: str, area_path: str, at: datetime) -> str:
    """The next number for a place at a time, by ``pattern`` (``{district}-{date:%Y%m%d}-{sequence:04d}``).

    The counter's row stays locked until the case commits, so a number that is given back is given out again. Call it
    last, right before the case is stored: until the commit, everybody with the same prefix waits.
    """
    prefix = number_prefix(session, area_path)
    day = clock.city_time(at).date()
    return pattern.format(district=prefix, prefix=prefix, date=day, sequence=_next(session, prefix, day))


def number_prefix(session: Session, area_path: str) -> str:
    """What numbers of this place begin with: the prefix of its smallest area that has one, else the city's."""
    codes = [code for code in area_path.split("/") if code]
    if codes:
        rows = session.execute(
            select(Area.number_prefix)
            .where(Area.path.in_(_paths(codes)), Area.number_prefix.is_not(None))
            .order_by(Area.path.desc())
        ).first()
        if rows is not None:
            return str(rows[0])
    top = session.scalar(
        select(Area.number_prefix).where(Area.parent_id.is_(None), Area.number_prefix.is_not(None)).order_by(Area.id)
    )
    return top or "C"


def _paths(codes: list[str]) -> list[str]:
    return ["/".join(codes[: end + 1]) + "/" for end in range(len(codes))]


def _next(session: Session, prefix: str, day: date) -> int:
    advance = (
        update(CaseNumberCounter)
        .where(CaseNumberCounter.prefix == prefix, CaseNumberCounter.day == day)
        .values(last=CaseNumberCounter.last + 1)
        .returning(CaseNumberCounter.last)
        .execution_options(synchronize_session=False)
    )
    number = session.scalar(advance)
    if number is None:
        insert_or_ignore(session, CaseNumberCounter, {"prefix": prefix, "day": day, "last": 0})
        number = session.scalars(advance).one()
    return number
