"""A clock in words: what was granted, what counted, what happened, what did not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from engine.deadlines import explain
from engine.storage import Person
from engine.workdays import load
from engine.worklist import Clock
from web import context
from web.wording import coded, day, moment, said

SHOWN_SKIPS = 8


@dataclass(frozen=True)
class Told:
    """One clock ready to show."""

    name: str
    status: str
    due_at: Any
    time_left: timedelta | None
    late: bool
    used: int
    sentences: list[str]
    steps: list[str]
    provisional: bool


def told(clocks: Sequence[Clock]) -> list[Told]:
    """The clocks of a case in words; the calendar is read once."""
    if not clocks:
        return []
    calendar = load(context.session())
    ids = {entry.person_id for each in clocks for entry in each.entries if entry.person_id}
    names: dict[int, str] = {}
    if ids:
        rows = context.session().execute(select(Person.id, Person.display_name).where(Person.id.in_(ids)))
        names = {row.id: row.display_name for row in rows}
    found = []
    for each in sorted(clocks, key=lambda each: each.name != "case"):
        facts = explain(each.row, each.entries, calendar)
        found.append(
            Told(
                name=_("The whole case") if each.name == "case" else each.name,
                status=each.status,
                due_at=each.due_at,
                time_left=each.time_left,
                late=bool(facts["late"]),
                used=int(facts["used"]),
                sentences=list(_sentences(facts)),
                steps=[_step(step, names) for step in facts["steps"]],
                provisional=each.provisional,
            )
        )
    return found


def _sentences(facts: dict[str, Any]) -> Sequence[str]:
    made = [_("%(limit)s from %(start)s.", limit=_limit(facts["limit"]), start=moment(facts["started_at"]))]
    made.append(said("CLOCK_KINDS", facts["clock"]))
    if facts["windows"]:
        spans = _(" and ").join(f"{opens}–{closes}" for opens, closes in facts["windows"])
        made.append(_("Office hours: %(spans)s.", spans=spans))
    if facts["skipped"]:
        shown = [_stretch(row["first"], row["last"], row["reason"]) for row in facts["skipped"][:SHOWN_SKIPS]]
        more = " …" if len(facts["skipped"]) > SHOWN_SKIPS else ""
        made.append(_("Not counted: %(days)s.", days=_(", ").join(shown) + more))
    if facts["status"] == "paused":
        made.append(_("It stands still; when it goes on, what was left is left."))
    elif facts["due_at"] is not None and facts["status"] == "running":
        made.append(_("So it ends at %(time)s.", time=moment(facts["due_at"])))
    if facts["breached_at"] is not None:
        made.append(_("The end passed at %(time)s.", time=moment(facts["breached_at"])))
    if facts["exempted_at"] is not None:
        made.append(_("Excused at %(time)s.", time=moment(facts["exempted_at"])))
    if facts["provisional"]:
        made.append(_("The holidays of that year are not announced yet, so the end may still move."))
    return made


def _limit(text: Any) -> str:
    """``4 工作时`` in the reader's language."""
    number, space, unit = str(text or "").partition(" ")
    return f"{number}{space}{coded(unit, 'units')}"


def _stretch(first: date, last: date, reason: str) -> str:
    days = day(first)[5:] if first == last else f"{day(first)[5:]}–{day(last)[5:]}"
    return f"{days} {said('SKIPPED', reason)}"


def _step(step: dict[str, Any], names: dict[int, str]) -> str:
    text = said("CLOCK_STEPS", step["kind"], limit=_limit(step["limit"]), percent=step["percent"])
    who = names.get(step["person_id"], "")
    end = f" → {moment(step['due_after'])}" if step["due_after"] and step["due_after"] != step["due_before"] else ""
    reason = f" ({said('REASONS', step['reason'])})" if step["reason"] else ""
    return f"{moment(step['effective_at'])} {text}{end}{reason}{' · ' + who if who else ''}"
