"""The city's working time, and settings an administrator edits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Id, LongText, Name


class CalendarYear(Base):
    """A year whose holidays are announced and loaded; outside these, deadlines are provisional.

    Columns: year, source, loaded_at.
    """

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[LongText] = mapped_column(default="")
    loaded_at: Mapped[datetime]


class CalendarDay(Base):
    """A day that differs from its weekday: a holiday, or a make-up day. Columns: day, working, name, source."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool]
    name: Mapped[Name] = mapped_column(default="")
    source: Mapped[LongText] = mapped_column(default="")


class OfficeWindow(Base):
    """An office window of every working day.

    Columns: id, opens, closes (minutes after midnight, city time), valid_from (date).
    """

    __tablename__ = "office_window"

    id: Mapped[Id]
    opens: Mapped[int]
    closes: Mapped[int]
    valid_from: Mapped[date] = mapped_column(Date)

    __table_args__ = (
        CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="opens_before_it_closes"),
    )


class Setting(Base):
    """A value an administrator or the engine keeps (``calendar_version`` …).

    Columns: key, value, updated_at, updated_by_id.
    """

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
