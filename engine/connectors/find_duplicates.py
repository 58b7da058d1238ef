"""``find-duplicates``: open cases of the same class, near and recent; or of which the text says they are this one."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from engine import areas
from engine.connectors.context import Context, defaults
from engine.reference import data
from engine.storage import Case, CaseStatus

LONGEST = 366 * 24
SAME = ("sub_category", "category", "service_type")


def run(context: Context) -> dict[str, Any]:
    """The likeliest first, each with number, title, metres (None where only the text tells) and hours apart."""
    case = context.require_case()
    usual = defaults("find-duplicates")
    metres = context.number("metres", usual["metres"])
    hours = context.number("hours", usual["hours"], most=LONGEST)
    same = context.text("same", SAME[0])
    if same not in SAME:
        raise context.bad("same", same)
    found = []
    for other in context.session.scalars(_candidates(case, same, hours)):
        distance = _distance(case, other)
        if _is_near(case, other, distance, metres):
            apart = abs((case.reported_at - other.reported_at).total_seconds()) / 3600
            found.append(
                {
                    "number": other.number,
                    "title": other.title,
                    "metres": None if distance is None else round(distance),
                    "hours": round(apart, 1),
                    "stage": other.stage,
                }
            )
    found.sort(key=lambda row: (row["metres"] if isinstance(row["metres"], int) else 0, row["hours"]))
    return {"duplicates": found, "first": found[0]["number"] if found else None}


def _candidates(case: Case, same: str, hours: float) -> Any:
    window = timedelta(hours=hours)
    alike: list[ColumnElement[bool]] = [Case.service_type == case.service_type]
    if same != "service_type":
        alike.append(Case.category == case.category)
    if same == "sub_category" and case.sub_category:
        alike.append(Case.sub_category == case.sub_category)
    statement = (
        select(Case)
        .where(
            *alike,
            Case.id != case.id,
            Case.id < case.id,
            Case.status.in_([CaseStatus.OPEN, CaseStatus.SUSPENDED]),
            Case.reported_at.between(case.reported_at - window, case.reported_at + window),
        )
        .order_by(Case.reported_at.desc())
        .limit(500)
    )
    if case.district:
        statement = statement.where(or_(Case.district == case.district, Case.district == ""))
    return statement


def _distance(case: Case, other: Case) -> float | None:
    points = (case.longitude, case.latitude, other.longitude, other.latitude)
    if None in points:
        return None
    return areas.metres((case.longitude, case.latitude), (other.longitude, other.latitude))  # type: ignore[arg-type]


def _is_near(case: Case, other: Case, distance: float | None, metres: float) -> bool:
    """By points where both have one; else by the same words, or by a text that names the other and the distance."""
    if distance is not None:
        return distance <= metres
    said = _pattern("distance").search(case.place_text)
    if said is not None:
        reference = said["reference"].strip()
        named = reference in (other.number, _earlier(case)) or reference in other.place_text
        return float(said["metres"]) <= metres and (named or _words(case.place_text) == _words(other.place_text))
    mine, theirs = _words(case.place_text), _words(other.place_text)
    return len(mine) >= 4 and len(theirs) >= 4 and (mine in theirs or theirs in mine)


def _earlier(case: Case) -> str:
    """What a report calls the earlier one, when it came with such a reference."""
    known = (case.facts.get("context") or {}).get("open_case")
    return known if isinstance(known, str) else ""


def _words(text: str) -> str:
    """The place without asides and small words."""
    return _pattern("small").sub("", _pattern("asides").sub("", text))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(data("place_words.yaml")[name]))
