"""What the city brings along as files: roles, areas, services, categories, duties, code lists, the working calendar.

``load_reference_data`` puts it into tables; what administrators edit there (areas, categories, calendar) is only added
to, never overwritten. Organisations and people to try things with are ``demonstration``'s.
"""

from __future__ import annotations

import csv
import io
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import chinese_calendar
import yaml
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.storage import (
    Area,
    AreaLevel,
    CalendarDay,
    CalendarYear,
    Category,
    OfficeWindow,
    OrganisationKind,
    Policy,
    Role,
    ServiceType,
    Setting,
)
from engine.workdays.tables import VERSION_SETTING, forget

FIRST_CALENDAR_YEAR = 2020
OFFICE_WINDOWS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))


def load_reference_data(session: Session) -> None:
    """Bring the tables to what the files say; may be run as often as one likes."""
    _upsert(session, OrganisationKind, "code", _positioned(data("organisation_kinds.yaml")))
    _upsert(session, Role, "code", _positioned(_roles()))
    services = data("services.yaml")
    _upsert(
        session,
        ServiceType,
        "code",
        [
            {**{k: row[k] for k in ("code", "name", "name_en", "position")}, "source": services["source"]}
            for row in _positioned(services["services"])
        ],
    )
    session.flush()
    _add_areas(session)
    _add_categories(session)
    _add_calendar(session)
    _add_policies(session)
    session.flush()


# PyYAML's wheels bring libyaml, ten times as fast; where it was built without, its own loader reads the same.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def data(name: str) -> Any:
    """The content of a YAML file of ``engine/data``; shared, so do not change it."""
    return yaml.load(files("engine").joinpath("data", name).read_text(encoding="utf-8"), Loader=_LOADER)


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a CSV file of ``engine/data``."""
    text = files("engine").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


@dataclass(frozen=True)
class Duty:
    """What an organisation can answer for. ``scope``: one such organisation per city, district or street."""

    code: str
    name: str
    name_en: str
    kind: str
    scope: str
    city: bool
    aliases: tuple[str, ...]


@cache
def duties() -> dict[str, Duty]:
    """All duties by code."""
    return {
        row["code"]: Duty(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            kind=row["kind"],
            scope=row["scope"],
            city=row.get("city", False),
            aliases=tuple(row["aliases"]),
        )
        for row in data("duties.yaml")
    }


def duties_named(text: str) -> set[str]:
    """The duties a text of the field speaks of: ``水务集团；围护由服务企业`` → water, crew_municipal, contractor."""
    words = sorted(
        ((word, duty.code) for duty in duties().values() for word in (duty.name, *duty.aliases)),
        key=lambda pair: -len(pair[0]),
    )
    found: set[str] = set()
    for word, code in words:
        if word in text:
            found.add(code)
            # A longer word has spoken: 环卫班组 is not also 环卫. Two duties may share a word, so keep what is equal.
            found.update(other for same, other in words if same == word)
            text = text.replace(word, "\n")
    return found


def code_table(name: str) -> list[dict[str, str]]:
    """A code list for forms: rows of code, name, name_en.

    Raises:
        NotFound: there is no such list.
    """
    table = data("code_tables.yaml").get(name)
    if table is None:
        raise NotFound("no such code table", name=name)
    return [{"code": row["code"], "name": row.get("name", row["code"]), "name_en": row["name_en"]} for row in table]


def service_type_code(text: str, session: Session | None = None) -> str:
    """The code of a service type given by code, full name or the short name of limit tables; with a ``session`` also
    of one that came with its process.

    Raises:
        InvalidInput: no such service.
    """
    for row in data("services.yaml")["services"]:
        if text in (row["code"], row["name"], row["short"], row["name_en"]):
            return str(row["code"])
    if session is not None:
        named = or_(ServiceType.code == text, ServiceType.name == text, ServiceType.name_en == text)
        code = session.scalar(select(ServiceType.code).where(named, ServiceType.active))
        if code is not None:
            return code
    raise InvalidInput("no such service", [FieldProblem("service_type", "unknown_service_type", {"value": text})])


def find_category(
    session: Session, *, service_type: str, kind: str = "", category: str = "", sub_category: str = ""
) -> Category:
    """The category a report means; the one of its own service first, else the same item under another service.

    A class with a row of its own, without an item, is open (service matters are): it takes items nobody has listed.

    Raises:
        InvalidInput: the city knows no such category; names the field that is wrong.
    """
    statement = select(Category).where(Category.active, Category.category == category)
    if kind:
        statement = statement.where(Category.kind == kind)
    found = session.scalars(statement.order_by(Category.position)).all()
    if not found:
        raise InvalidInput("no such category", [FieldProblem("category", "unknown_category", {"value": category})])
    wanted = _plain(sub_category)
    items = [row for row in found if not wanted or _plain(row.sub_category) == wanted]
    items = items or [row for row in found if not row.sub_category]
    if not items:
        raise InvalidInput(
            "no such sub-category",
            [FieldProblem("sub_category", "unknown_sub_category", {"value": sub_category, "category": category})],
        )
    return next((row for row in items if row.service_type == service_type), items[0])


def _plain(name: str) -> str:
    """A name without the differences of typing: wide or narrow brackets, spaces."""
    return unicodedata.normalize("NFKC", name).replace(" ", "")


def _roles() -> list[dict[str, Any]]:
    """The roles, checked: no deed that does not exist, none of enforcement in a contractor's hands."""
    content = data("roles.yaml")
    known = set(content["deeds"])
    for role in content["roles"]:
        unknown = set(role["deeds"]) - known
        if unknown:
            raise ValueError(f"roles.yaml: role {role['code']} holds unknown deeds {sorted(unknown)}")
        if role["side"] == "contractor" and any(deed.startswith("enforcement.") for deed in role["deeds"]):
            raise ValueError(f"roles.yaml: contractor role {role['code']} holds a deed of enforcement")
    roles: list[dict[str, Any]] = content["roles"]
    return roles


def _positioned(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "position": position} for position, row in enumerate(found, start=1)]


def _upsert(session: Session, table: Any, key: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    known = {getattr(row, key): row for row in session.scalars(select(table))}
    for values in wanted:
        row = known.get(values[key])
        if row is None:
            session.add(table(**values))
            continue
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)


def _add_areas(session: Session) -> None:
    known = {area.code: area for area in session.scalars(select(Area))}
    outlines = data("outlines.yaml")
    # Parents stand before their children in the file, level by level below each; a flush per level gives them ids.
    for level in AreaLevel:
        for row in rows("areas.csv"):
            if row["level"] != level or row["code"] in known:
                continue
            parent = known.get(row["parent"])
            area = Area(
                code=row["code"],
                name=row["name"],
                name_en=row["name_en"],
                level=level,
                parent_id=parent.id if parent else None,
                path=f"{parent.path if parent else ''}{row['code']}/",
                nbs_code=row["nbs_code"] or None,
                number_prefix=row["number_prefix"] or None,
                aliases=[alias for alias in row["aliases"].split("/") if alias],
                source=row["source"],
                note=row["note"],
            )
            if outline := outlines["districts"].get(row["code"]):
                _draw(area, outline)
            session.add(area)
            known[area.code] = area
        session.flush()


def _draw(area: Area, outline: list[list[float]]) -> None:
    area.geometry = {"type": "Polygon", "coordinates": [[*outline, outline[0]]]}
    area.west, area.east = min(x for x, _ in outline), max(x for x, _ in outline)
    area.south, area.north = min(y for _, y in outline), max(y for _, y in outline)


def _add_categories(session: Session) -> None:
    known = {
        tuple(row)
        for row in session.execute(
            select(Category.service_type, Category.kind, Category.category, Category.sub_category)
        )
    }
    for position, row in enumerate(rows("categories.csv"), start=1):
        key = (row["service_type"], row["kind"], row["category"], row["sub_category"])
        if key not in known:
            # The national code stands in the file alone, for whoever compares it with the standard.
            kept = {name: value for name, value in row.items() if name != "national_code"}
            session.add(Category(**{**kept, "rows": row["rows"].split()}, position=position))


def _add_policies(session: Session) -> None:
    """Policies are edited in the workbench: a row that is there is never overwritten."""
    known = set(session.scalars(select(Policy.code)))
    session.add_all(Policy(**row) for row in data("policies.yaml") if row["code"] not in known)


def _add_calendar(session: Session) -> None:
    """Add the years the package knows and the table does not; a year somebody loaded by hand stays as it is."""
    loaded = set(session.scalars(select(CalendarYear.year)))
    added = False
    for year in range(FIRST_CALENDAR_YEAR, clock.now().year + 3):
        if year in loaded:
            continue
        days = announced_days(year)
        if days is None:
            continue
        source = f"chinesecalendar {chinese_calendar.__version__}"
        session.add(CalendarYear(year=year, source=source, loaded_at=clock.now()))
        session.add_all(CalendarDay(day=day, working=working, name=name, source=source) for day, working, name in days)
        added = True
    if session.scalar(select(OfficeWindow.id).limit(1)) is None:
        session.add_all(
            OfficeWindow(opens=opens, closes=closes, valid_from=date(2000, 1, 1)) for opens, closes in OFFICE_WINDOWS
        )
        added = True
    if added:
        bump_calendar_version(session)


def announced_days(year: int) -> list[tuple[date, bool, str]] | None:
    """The days of ``year`` that differ from their weekday (day, working, name), or None when it is not announced."""
    days: list[tuple[date, bool, str]] = []
    names: dict[str, str] = data("holiday_names.yaml")
    day = date(year, 1, 1)
    while day.year == year:
        try:
            holiday, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            return None
        if holiday == (day.weekday() < 5) or (holiday and name):
            days.append((day, not holiday, names.get(name or "", name or "")))
        day += timedelta(days=1)
    return days


def bump_calendar_version(session: Session) -> int:
    """Mark that working time counts differently from now on; calendars kept in memory and provisional ends follow."""
    setting = session.get(Setting, VERSION_SETTING, with_for_update=True)
    version = 1 if setting is None else int(setting.value["version"]) + 1
    value = {"version": version, "stamp": secrets.token_hex(8)}
    if setting is None:
        session.add(Setting(key=VERSION_SETTING, value=value, updated_at=clock.now()))
    else:
        setting.value, setting.updated_at = value, clock.now()
    session.flush()
    forget(session)
    return version
