"""Where a place lies: names and points to areas of the city. Outlines are simplified, see ``data/outlines.yaml``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.errors import FieldProblem, InvalidInput
from engine.storage import Area, AreaLevel

# The outlines are right to a kilometre or two; a point this near to the city (degrees; some 300 m) is not sent away.
NEAR = 0.003
# A point this far (degrees; some 4 km) from the district that was named is a slip, not a coarse outline.
FAR = 0.04
EARTH_METRES = 6_371_008.8


@dataclass(frozen=True)
class Place:
    """What is known of a place. ``area`` is the smallest known one, None outside the city; names are as known."""

    area: Area | None
    inside_city: bool
    district: str = ""
    street: str = ""
    community: str = ""
    grid: str = ""
    longitude: float | None = None
    latitude: float | None = None

    @property
    def path(self) -> str:
        """The area's path, empty outside the city."""
        return self.area.path if self.area else ""


def place(
    session: Session,
    *,
    district: str = "",
    street: str = "",
    community: str = "",
    grid: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
) -> Place:
    """What is known of a place, also of one outside the city (a hotline hears of those and must show the way).

    The point decides whether it is the city's, names decide where in the city: outlines are too coarse for that. A
    community or grid cell the tables do not know is kept as text below its street.

    Raises:
        InvalidInput: nothing given, a bad point, one far from the district that was named, a street the district does
            not have; names the field.
    """
    district, street, community, grid = (text.strip() for text in (district, street, community, grid))
    point = _point(longitude, latitude)
    names = {"district": district, "street": street, "community": community, "grid": grid}
    if point is None and not any(names.values()):
        _refuse("district", "required")
    around = None if point is None else district_at(session, *point)
    if point is not None and around is None:
        return Place(None, False, **names, longitude=longitude, latitude=latitude)
    found = _by_names(session, district, street, around)
    if found is None:
        return Place(None, False, **names, longitude=longitude, latitude=latitude)
    home, area = found
    if point is not None and _outside_by(home.geometry or {}, *point) > FAR:
        _refuse("point", "point_elsewhere", district=home.name, value=around.name if around is not None else "")
    lane = area if area.level == AreaLevel.STREET else None
    hamlet = cell = None
    if lane is not None and community:
        area = hamlet = _child(session, lane, AreaLevel.COMMUNITY, community) or area
    if lane is not None and grid:
        cell = _inside(session, area, AreaLevel.GRID, grid)
        area = cell or area
    return Place(
        area,
        True,
        district=home.name,
        street=lane.name if lane else street,
        community=hamlet.name if hamlet and hamlet.level == AreaLevel.COMMUNITY else community,
        grid=cell.name if cell else grid,
        longitude=longitude,
        latitude=latitude,
    )


def find(session: Session, text: str) -> Area | None:
    """The area a code, name or other name means; the widest when several are called so."""
    areas = session.scalars(select(Area).where(Area.active, Area.level != AreaLevel.GRID).order_by(Area.id)).all()
    order = list(AreaLevel)
    fitting = [area for area in areas if _called(area, text)]
    return min(fitting, key=lambda area: order.index(area.level), default=None)


def choices(session: Session, level: AreaLevel) -> list[dict[str, str]]:
    """The areas of a level to choose from, each with the area it lies in before its name unless that is the city."""
    above = aliased(Area)
    rows = session.execute(
        select(Area.name, above.name.label("outer"), above.level)
        .outerjoin(above, above.id == Area.parent_id)
        .where(Area.level == level, Area.active)
        .order_by(Area.code)
    )
    return [
        {"value": name, "label": name if outer is None or outside == AreaLevel.CITY else f"{outer} · {name}"}
        for name, outer, outside in rows
    ]


def district_at(session: Session, longitude: float, latitude: float) -> Area | None:
    """The district whose outline a point lies in (or nearest to, within ``NEAR``); None outside the city."""
    candidates = session.scalars(
        select(Area)
        .where(
            Area.level == AreaLevel.DISTRICT,
            Area.active,
            Area.west <= longitude + NEAR,
            Area.east >= longitude - NEAR,
            Area.south <= latitude + NEAR,
            Area.north >= latitude - NEAR,
        )
        .order_by(Area.id)
    ).all()
    distances = [(_outside_by(area.geometry or {}, longitude, latitude), area.id, area) for area in candidates]
    distance, _, area = min(distances, default=(math.inf, 0, None), key=lambda row: row[:2])
    return area if distance <= NEAR else None


def within(place: Mapping[str, Any], area: str | Sequence[str]) -> bool:
    """Whether a place as processes see it (district, street, community, grid, inside_city) lies in a named area.

    A name with its ending (district, street) means that level, one without means any; the city's name all of it.
    """
    if not isinstance(area, str):
        return any(within(place, each) for each in area)
    wanted = area.strip()
    if wanted in _words()["city"]:
        return place.get("inside_city") is not False
    wanted = _without_city(wanted)
    known = [str(place.get(level) or "") for level in ("district", "street", "community", "grid")]
    return bool(wanted) and any(wanted in (name, _bare(name)) for name in known if name)


def metres(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The distance between two points (longitude, latitude) over ground."""
    (x1, y1), (x2, y2) = ([math.radians(value) for value in point] for point in (first, second))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def _by_names(session: Session, district: str, street: str, around: Area | None) -> tuple[Area, Area] | None:
    """District and smallest area of the names; None when they are not the city's."""
    homes = session.scalars(select(Area).where(Area.level == AreaLevel.DISTRICT, Area.active)).all()
    home = next((area for area in homes if district and _called(area, _without_city(district))), None)
    if district and home is None and district not in _words()["city"]:
        # The point lies in the city, so the name is wrong and the place is not.
        return None if around is None else (around, around)
    if not street:
        return _without_street(session, home or around, district)
    lanes = [area for area in _streets(session) if _called(area, street)]
    here = [area for area in lanes if home is None or area.parent_id == home.id or _same_code(area, home)]
    if not here:
        known = home or around
        if known is None:
            return None
        _refuse("street", "street_not_in_district", value=street, district=known.name)
    lane = next((area for area in here if around is not None and area.parent_id == around.id), here[0])
    return next(area for area in homes if area.id == lane.parent_id), lane


def _without_street(session: Session, home: Area | None, district: str) -> tuple[Area, Area] | None:
    if home is None and district:
        home = session.scalars(select(Area).where(Area.level == AreaLevel.CITY)).first()
    return None if home is None else (home, home)


@cache
def _words() -> dict[str, list[str]]:
    text = files("engine").joinpath("data", "place_words.yaml").read_text(encoding="utf-8")
    words: dict[str, list[str]] = yaml.safe_load(text)
    return words


def _without_city(name: str) -> str:
    for before in _words()["before"]:
        if name.startswith(before) and len(name) > len(before):
            return name.removeprefix(before)
    return name


def _streets(session: Session) -> Sequence[Area]:
    return session.scalars(select(Area).where(Area.level == AreaLevel.STREET, Area.active).order_by(Area.id)).all()


def _same_code(street: Area, district: Area) -> bool:
    """A functional area's streets carry the code of the district it was cut from; old papers name that district."""
    return bool(district.nbs_code and street.nbs_code and street.nbs_code.startswith(district.nbs_code))


def _child(session: Session, parent: Area, level: AreaLevel, text: str) -> Area | None:
    rows = session.scalars(select(Area).where(Area.parent_id == parent.id, Area.level == level, Area.active)).all()
    return next((area for area in rows if _called(area, text)), None)


def _inside(session: Session, area: Area, level: AreaLevel, text: str) -> Area | None:
    rows = session.scalars(
        select(Area).where(Area.path.startswith(area.path, autoescape=True), Area.level == level, Area.active)
    ).all()
    return next((each for each in rows if _called(each, text)), None)


def _called(area: Area, text: str) -> bool:
    return text in (area.name, area.code, area.name_en) or text in area.aliases or text == area.nbs_code


def _bare(name: str) -> str:
    endings = sorted(_words()["endings"], key=len, reverse=True)
    ending = next((ending for ending in endings if name.endswith(ending) and name != ending), "")
    return name.removesuffix(ending)


def _point(longitude: float | None, latitude: float | None) -> tuple[float, float] | None:
    if longitude is None and latitude is None:
        return None
    if (
        longitude is None
        or latitude is None
        or not (math.isfinite(longitude) and math.isfinite(latitude))
        or not (-180 <= longitude <= 180 and -90 <= latitude <= 90)
    ):
        _refuse("point", "not_a_point", value=f"{longitude}, {latitude}")
    return longitude, latitude


def _outside_by(geometry: Mapping[str, Any], x: float, y: float) -> float:
    """How far (in degrees) a point lies outside a GeoJSON polygon or multipolygon; 0 inside."""
    polygons = geometry.get("coordinates", [])
    if geometry.get("type") == "Polygon":
        polygons = [polygons]
    best = math.inf
    for polygon in polygons:
        if _in_ring(polygon[0], x, y) and not any(_in_ring(hole, x, y) for hole in polygon[1:]):
            return 0.0
        best = min(best, _to_ring(polygon[0], x, y))
    return best


def _in_ring(ring: Sequence[Sequence[float]], x: float, y: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in _edges(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _to_ring(ring: Sequence[Sequence[float]], x: float, y: float) -> float:
    best = math.inf
    for (x1, y1), (x2, y2) in _edges(ring):
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        share = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
        best = min(best, math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1)))
    return best


def _edges(ring: Sequence[Sequence[float]]) -> Iterable[tuple[Sequence[float], Sequence[float]]]:
    return zip(ring, [*ring[1:], ring[0]], strict=True)


def _refuse(field: str, code: str, **facts: Any) -> NoReturn:
    raise InvalidInput("the place is not clear", [FieldProblem(field, code, facts)])
