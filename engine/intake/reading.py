"""A report as it was entered, read into facts of a case; everything wrong with it is told at once, per field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import areas, clock
from engine.errors import FieldProblem, InvalidInput
from engine.reference import code_table, find_category, service_type_code

TITLE, DESCRIPTION, SHORT = 200, 5000, 200
CLOCK_SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=365 * 3)
PHONE = re.compile(r"\+?[0-9][0-9 ()#*-]{2,38}(转\s*[0-9]{1,8})?")
LEVELS = ("district", "street", "community", "grid")


@dataclass
class Report:
    """A checked report. ``columns`` are those of ``Case``, ``reporter`` those of ``CaseReporter``."""

    columns: dict[str, Any] = field(default_factory=dict)
    reporter: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)


def read_report(session: Session, raw: Mapping[str, Any]) -> Report:
    """The facts of a report.

    Raises:
        InvalidInput: with every problem, per field.
    """
    reader = _Reader(session, raw)
    return reader.read()


class _Reader:
    def __init__(self, session: Session, raw: Mapping[str, Any]) -> None:
        self.session = session
        self.raw = raw
        self.problems: list[FieldProblem] = []
        self.columns: dict[str, Any] = {}

    def read(self) -> Report:
        self._read_matter()
        self._read_time()
        self._read_place()
        reporter = self._read_reporter()
        evidence = self.raw.get("evidence") or []
        if not isinstance(evidence, list) or not all(isinstance(item, str) for item in evidence):
            self._problem("evidence", "wrong_type")
            evidence = []
        context = self.raw.get("context") or {}
        if not isinstance(context, Mapping):
            self._problem("context", "wrong_type")
            context = {}
        if self.problems:
            raise InvalidInput("the report cannot be taken", self.problems)
        return Report(self.columns, reporter, dict(context), list(evidence))

    def _problem(self, path: str, code: str, **facts: Any) -> None:
        self.problems.append(FieldProblem(path, code, facts))

    def _text(self, name: str, limit: int, *, required: bool = False) -> str:
        value = self.raw.get(name)
        if value is None or value == "":
            if required:
                self._problem(name, "required")
            return ""
        if not isinstance(value, str) or "\0" in value:
            self._problem(name, "wrong_type")
            return ""
        value = value.strip()
        if len(value) > limit:
            self._problem(name, "too_long", limit=limit, length=len(value))
            return ""
        if required and not value:
            self._problem(name, "required")
        return value

    def _read_matter(self) -> None:
        columns = self.columns
        columns["title"] = self._text("title", TITLE, required=True)
        columns["description"] = self._text("description", DESCRIPTION)
        for name in ("kind", "urgency", "channel"):
            columns[name] = self._text(name, 40 if name == "kind" else SHORT)
        # Decisions read the urgency: a word they do not know would fall through them.
        urgency = columns["urgency"]
        if urgency and urgency not in {row["code"] for row in code_table("urgencies")}:
            self._problem("urgency", "not_an_option", value=urgency[:40])
        service = self._text("service_type", SHORT, required=True)
        category, sub_category = self._text("category", SHORT), self._text("sub_category", SHORT)
        columns.update(category=category, sub_category=sub_category)
        if service:
            try:
                columns["service_type"] = service_type_code(service, self.session)
            except InvalidInput as error:
                self.problems += error.problems
                return
        if sub_category and not category:
            self._problem("category", "required")
        elif category and service:
            try:
                found = find_category(
                    self.session,
                    service_type=columns["service_type"],
                    kind=columns["kind"],
                    category=category,
                    sub_category=sub_category,
                )
                columns["kind"] = columns["kind"] or found.kind
            except InvalidInput as error:
                self.problems += error.problems

    def _read_time(self) -> None:
        value = self.raw.get("reported_at")
        now = clock.now()
        if value is None or value == "":
            self.columns["reported_at"] = now
            return
        try:
            moment = value if isinstance(value, datetime) and value.tzinfo else clock.parse(str(value))
        except ValueError:
            self._problem("reported_at", "not_a_datetime", value=str(value)[:40])
            return
        if moment > now + CLOCK_SKEW:
            self._problem("reported_at", "in_the_future", value=moment.isoformat())
        elif moment < now - OLDEST:
            self._problem("reported_at", "too_long_ago", value=moment.isoformat())
        self.columns["reported_at"] = min(moment, now)

    def _read_place(self) -> None:
        columns = self.columns
        columns["place_text"] = self._text("place", 500) or self._text("place_text", 500)
        names = {name: self._text(name, SHORT) for name in LEVELS}
        point: dict[str, float | None] = {
            "longitude": self._coordinate("longitude", 180),
            "latitude": self._coordinate("latitude", 90),
        }
        if (point["longitude"] is None) != (point["latitude"] is None):
            self._problem("longitude" if point["longitude"] is None else "latitude", "required")
            return
        try:
            place = areas.place(
                self.session,
                district=names["district"],
                street=names["street"],
                community=names["community"],
                grid=names["grid"],
                longitude=point["longitude"],
                latitude=point["latitude"],
            )
        except InvalidInput as error:
            self.problems += error.problems
            return
        if not place.inside_city and not self.raw.get("outside_city"):
            named = "longitude" if point["longitude"] is not None else next(n for n in LEVELS if names[n])
            self._problem(named, "outside_city", value=names.get(named) or str(point))
        columns.update({name: getattr(place, name) for name in LEVELS}, **point)
        columns["inside_city"] = place.inside_city
        columns["area_id"] = place.area.id if place.area is not None else None
        columns["area_path"] = place.path

    def _coordinate(self, name: str, bound: int) -> float | None:
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            self._problem(name, "not_a_number", value=str(value)[:40])
            return None
        if not -bound <= number <= bound:
            self._problem(name, "out_of_range", value=str(value)[:40], limit=bound)
            return None
        return number

    def _read_reporter(self) -> dict[str, Any]:
        raw = self.raw.get("reporter") or {}
        if not isinstance(raw, Mapping):
            self._problem("reporter", "wrong_type")
            return {}
        reporter: dict[str, Any] = {}
        for name, limit in (("name", 200), ("phone", 40), ("locale", 10)):
            value = raw.get(name) or ""
            if not isinstance(value, str) or len(value) > limit:
                self._problem(f"reporter.{name}", "too_long" if isinstance(value, str) else "wrong_type", limit=limit)
            else:
                reporter[name] = value.strip()
        phone = reporter.get("phone", "")
        if phone and not PHONE.fullmatch(phone):
            self._problem("reporter.phone", "not_a_phone", value=phone[:40])
        reporter["wants_reply"] = bool(raw.get("wants_reply"))
        reporter["anonymous"] = bool(raw.get("anonymous", not (reporter.get("name") or reporter.get("phone"))))
        if reporter["wants_reply"] and not reporter.get("phone"):
            self._problem("reporter.phone", "required")
        return reporter
