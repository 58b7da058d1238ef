"""A report as it was entered, read into facts of a case; everything wrong with it is told at once, per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, or_, select, type_coerce
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FieldProblem, InvalidInput
from engine.reference import find_category, service_type_code
from engine.storage import Area, AreaLevel

TITLE, DESCRIPTION, SHORT = 200, 5000, 200
CLOCK_SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=365 * 3)
LEVELS = (
    ("district", AreaLevel.DISTRICT),
    ("street", AreaLevel.STREET),
    ("community", AreaLevel.COMMUNITY),
    ("grid", AreaLevel.GRID),
)


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
        service = self._text("service_type", SHORT, required=True)
        category, sub_category = self._text("category", SHORT), self._text("sub_category", SHORT)
        columns.update(category=category, sub_category=sub_category)
        if service:
            try:
                columns["service_type"] = service_type_code(service)
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
            self._problem("reported_at", "not_a_time", value=str(value)[:40])
            return
        if moment > now + CLOCK_SKEW:
            self._problem("reported_at", "in_the_future", value=moment.isoformat())
        elif moment < now - OLDEST:
            self._problem("reported_at", "too_long_ago", value=moment.isoformat())
        self.columns["reported_at"] = min(moment, now)

    def _read_place(self) -> None:
        columns = self.columns
        columns["place_text"] = self._text("place", 500) or self._text("place_text", 500)
        names = {name: self._text(name, SHORT) for name, _ in LEVELS}
        outside = bool(self.raw.get("outside_city"))
        longitude, latitude = self._coordinate("longitude", 180), self._coordinate("latitude", 90)
        if (longitude is None) != (latitude is None):
            self._problem("longitude" if longitude is None else "latitude", "required")
        columns.update(longitude=longitude, latitude=latitude, **names)
        area = self._area(names, outside)
        inside = not outside
        if longitude is not None and latitude is not None:
            inside = self._lies_in_city(longitude, latitude)
            if not inside and not outside:
                self._problem("longitude", "outside_city", longitude=longitude, latitude=latitude)
        columns["inside_city"] = inside
        columns["area_id"] = area.id if area is not None else None
        columns["area_path"] = area.path if area is not None else ""
        if area is not None:
            self._name_parents(area)

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

    def _area(self, names: Mapping[str, str], outside: bool) -> Area | None:
        """The smallest area that is named; each must lie in the one before it."""
        found: Area | None = None
        for name, level in LEVELS:
            if not names[name]:
                continue
            area = self._named(names[name], level, found)
            if area is None:
                # Communities and grid cells are many and change: one we do not know is text, not an error.
                if name in ("district", "street") and not outside:
                    self._problem(name, "outside_city" if name == "district" else "unknown_area", value=names[name])
                return found
            found = area
        return found or self._city(outside)

    def _city(self, outside: bool) -> Area | None:
        if outside:
            return None
        return self.session.scalars(select(Area).where(Area.level == AreaLevel.CITY).order_by(Area.id).limit(1)).one_or_none()

    def _named(self, text: str, level: AreaLevel, inside: Area | None) -> Area | None:
        statement = select(Area).where(Area.level == level, Area.active)
        if inside is not None:
            statement = statement.where(Area.path.startswith(inside.path, autoescape=True))
        quoted = f'%"{text}"%'
        exact = or_(Area.name == text, Area.code == text, type_coerce(Area.aliases, Text()).like(quoted))
        return self.session.scalars(statement.where(exact).order_by(Area.id).limit(1)).one_or_none()

    def _name_parents(self, area: Area) -> None:
        codes = [code for code in area.path.split("/") if code]
        paths = ["/".join(codes[: end + 1]) + "/" for end in range(len(codes))]
        for row in self.session.scalars(select(Area).where(Area.path.in_(paths))):
            for name, level in LEVELS:
                if row.level == level:
                    self.columns[name] = row.name

    def _lies_in_city(self, longitude: float, latitude: float) -> bool:
        boxes = self.session.execute(
            select(Area.west, Area.south, Area.east, Area.north).where(
                Area.level.in_([AreaLevel.CITY, AreaLevel.DISTRICT]), Area.west.is_not(None)
            )
        ).all()
        if not boxes:
            return True
        return any(w <= longitude <= e and s <= latitude <= n for w, s, e, n in boxes)

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
        reporter["wants_reply"] = bool(raw.get("wants_reply"))
        reporter["anonymous"] = bool(raw.get("anonymous", not (reporter.get("name") or reporter.get("phone"))))
        if reporter["wants_reply"] and not reporter.get("phone"):
            self._problem("reporter.phone", "required")
        return reporter
