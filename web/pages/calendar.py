"""The working calendar: a year at a glance, one day, the office hours."""

from __future__ import annotations

import calendar as months
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import extract, func, select

from engine import clock, deadlines, history
from engine.errors import FieldProblem, InvalidInput
from engine.reference import data
from engine.storage import CalendarDay, CalendarYear, OfficeWindow
from engine.workdays import load
from web import context
from web.asked import YEARS, day_of
from web.doors import Door
from web.wording import language

door = Door("calendar", __name__)


@door.get_page("/admin/calendar", needs="calendar.edit")
def show() -> ResponseReturnValue:
    """A year: days off, holidays, make-up days, and what a day says."""
    return _page((), {})


def _page(problems: Sequence[FieldProblem], typed: dict[str, str]) -> str:
    session = context.session()
    today = clock.city_time(clock.now()).date()
    year = request.args.get("year", today.year, type=int)
    year = year if year in YEARS else today.year
    chosen = day_of(request.args.get("day"))
    rows = session.scalars(select(CalendarDay).where(extract("year", CalendarDay.day) == year)).all()
    known = {row.day: row for row in rows}
    loaded = session.get(CalendarYear, year)
    windows = load(session).windows(today)
    latest = session.scalar(select(func.max(OfficeWindow.valid_from)))
    return render_template(
        "admin/calendar.html",
        year=year,
        today=today,
        months=[_month(year, month, known, today) for month in range(1, 13)],
        chosen=chosen,
        chosen_row=known.get(chosen) if chosen else None,
        chosen_name=_name(known.get(chosen) if chosen else None),
        loaded=loaded,
        windows=[(_hour(opens), _hour(closes)) for opens, closes in windows],
        latest=latest,
        problems=problems,
        typed=typed,
        special=[(row, _name(row)) for row in sorted(known.values(), key=lambda row: row.day)],
        weekdays=[format_date(date(2024, 1, 1) + timedelta(days=n), "EEEEE") for n in range(7)],
    )


def _month(year: int, month: int, known: dict[date, CalendarDay], today: date) -> dict[str, Any]:
    weeks = []
    for week in months.Calendar().monthdatescalendar(year, month):
        weeks.append([_cell(each, known.get(each), today) if each.month == month else None for each in week])
    return {"name": format_date(date(year, month, 1), "LLLL"), "weeks": weeks}


def _cell(each: date, row: CalendarDay | None, today: date) -> dict[str, Any]:
    off = each.weekday() >= 5
    kind = "off" if off else ""
    if row is not None:
        kind = "makeup" if row.working and off else "holiday" if not row.working else ""
    return {"day": each, "kind": kind, "name": _name(row), "today": each == today}


def _name(row: CalendarDay | None) -> str:
    """What a day is called: holidays in the reader's language, what administrators wrote as they wrote it."""
    if row is None:
        return ""
    english = {name: key for key, name in data("holiday_names.yaml").items()} if language() == "en" else {}
    return english.get(row.name, row.name)


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@door.post_deed("/admin/calendar/day", needs="calendar.edit")
def set_day() -> ResponseReturnValue:
    """Make a day working, off, or what its weekday says. Running clocks keep their ends."""
    session, actor = context.session(), context.actor()
    chosen = day_of(request.form.get("day"))
    working = {"working": True, "off": False, "weekday": None}.get(request.form.get("how", ""), "?")
    if chosen is None or working == "?":
        raise InvalidInput("no such day", [FieldProblem("day", "not_a_date")])
    name, source = request.form.get("name", "").strip()[:200], request.form.get("source", "").strip()[:500]
    deadlines.set_day(session, actor, chosen, working, name, source or actor.username)  # type: ignore[arg-type]
    new = {"working": working, "name": name}
    history.record(session, actor, None, "calendar.changed", subject=chosen.isoformat(), new=new, reason=source)
    flash(_("The day is changed. Clocks that run keep the ends they were given."), "success")
    return redirect(url_for("calendar.show", year=chosen.year, day=chosen.isoformat()))


@door.post_deed("/admin/calendar/windows", needs="calendar.edit")
def set_windows() -> ResponseReturnValue:
    """Other office hours from a day on."""
    session, actor, form = context.session(), context.actor(), request.form
    valid_from = day_of(form.get("valid_from"))
    spans = []
    try:
        for opens, closes in zip(form.getlist("opens"), form.getlist("closes"), strict=True):
            if opens or closes:
                spans.append((_minutes(opens), _minutes(closes)))
        if valid_from is None:
            raise InvalidInput("from when?", [FieldProblem("valid_from", "required")])
        deadlines.set_windows(session, actor, valid_from, spans)
    except (InvalidInput, ValueError) as error:
        context.rollback()
        wrong = error.problems if isinstance(error, InvalidInput) else [FieldProblem("windows", "bad_office_windows")]
        return _page(wrong, dict(form)), 422
    new = {"windows": [f"{_hour(opens)}-{_hour(closes)}" for opens, closes in spans]}
    history.record(session, actor, None, "calendar.changed", subject=str(valid_from), new=new)
    flash(_("The office hours are changed."), "success")
    return redirect(url_for("calendar.show"))


def _minutes(text: str) -> int:
    hours, _separator, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)
