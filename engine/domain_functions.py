"""The functions the house adds to FEEL, in one list: counted time, areas, distances. The editor shows what is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from engine import areas, clock
from engine.bpmn.limits import expression_limits_of
from engine.feel import STANDARD, Function, Host, Limits, Undefined, from_feel
from engine.settings import Settings
from engine.storage import AreaLevel, Case
from engine.time_limits import USUAL_UNIT
from engine.workdays import Calendar, load, parse_limit


class HouseData(Mapping[str, Any]):
    """What the functions and forms may ask the house: ``calendar`` and ``code_tables``, read when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._calendar: Calendar | None = None

    def __getitem__(self, name: str) -> Any:
        if name == "code_tables":
            return AreaTables(self._session)
        if name != "calendar":
            raise KeyError(name)
        if self._calendar is None:
            self._calendar = load(self._session)
        return self._calendar

    def __iter__(self) -> Iterator[str]:
        return iter(("calendar", "code_tables"))

    def __len__(self) -> int:
        return 2


class AreaTables(Mapping[str, Any]):
    """The lists forms offer that people maintain: ``districts`` and ``streets``, by the names processes know."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getitem__(self, name: str) -> list[dict[str, str]]:
        return areas.choices(self._session, _LEVELS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_LEVELS)

    def __len__(self) -> int:
        return len(_LEVELS)


_LEVELS = {"districts": AreaLevel.DISTRICT, "streets": AreaLevel.STREET}


def host_for(session: Session, case: Case | None = None) -> Host:
    """What expressions evaluated now may ask; the same for every case of this city."""
    return Host(now=clock.city_time(clock.now()), data=HouseData(session), limits=expression_limits())


@cache
def expression_limits() -> Limits:
    """What one evaluation may take in this installation, read once from its settings."""
    return expression_limits_of(Settings.from_environment())


def _calendar(host: Host | None) -> Calendar:
    calendar = host.data.get("calendar") if host is not None else None
    if not isinstance(calendar, Calendar):
        raise Undefined("no_clock")
    return calendar


def _moment(value: Any) -> datetime:
    """A FEEL moment as an aware one; without a zone it is the city's wall clock, a date its midnight."""
    plain = from_feel(value)
    if isinstance(plain, datetime):
        return plain if plain.tzinfo is not None else plain.replace(tzinfo=clock.CITY_ZONE)
    if isinstance(plain, date):
        return datetime(plain.year, plain.month, plain.day, tzinfo=clock.CITY_ZONE)
    raise Undefined("bad_argument", parameter="moment")


def _like(value: Any, moment: datetime) -> datetime:
    """``moment`` on the city's clock, without a zone when ``value`` had none, so that the two can be compared."""
    plain, local = from_feel(value), clock.city_time(moment)
    naive = isinstance(plain, datetime) and plain.tzinfo is None
    return local.replace(tzinfo=None) if naive else local


def working_time(host: Host | None, limit: str, start: Any = None) -> timedelta:
    """How long a limit takes from ``start`` (now): ``now() + working time("4 工作时")`` is its end."""
    if host is None:
        raise Undefined("no_clock")
    moment = host.now if start is None else _moment(start)
    return _calendar(host).add(moment, parse_limit(limit)).at - moment


def add_working_time(host: Host | None, moment: Any, limit: str) -> datetime:
    """When a limit that begins at ``moment`` is over."""
    return _like(moment, _calendar(host).add(_moment(moment), parse_limit(limit)).at)


def working_time_between(host: Host | None, start: Any, end: Any, unit: str | None = None) -> Decimal:
    """How much of a unit lies between two moments; working hours when no unit is given."""
    whole = parse_limit(f"1 {unit or USUAL_UNIT}")
    return _calendar(host).between(_moment(start), _moment(end), whole.unit)


def is_working_day(host: Host | None, day: Any) -> bool:
    """Whether people work on a day."""
    return _calendar(host).is_working(clock.city_time(_moment(day)).date())


def next_working_day(host: Host | None, day: Any) -> date:
    """The day itself when people work then, else the next one."""
    return _calendar(host).next_working_day(clock.city_time(_moment(day)).date())


def in_area(host: Host | None, place: Any, area: Any) -> bool:
    """Whether a place (``case.place``) lies in an area, or in one of a list of areas."""
    plain = from_feel(place)
    if not isinstance(plain, dict):
        raise Undefined("bad_argument", parameter="place")
    return areas.within(plain, from_feel(area))


def time_since(host: Host | None, moment: Any) -> timedelta:
    """How long ago a moment was; negative when it lies ahead."""
    if host is None:
        raise Undefined("no_clock")
    return host.now - _moment(moment)


def distance(host: Host | None, first: Any, second: Any) -> Decimal:
    """Metres over ground between two points: contexts with longitude and latitude, or lists of the two."""
    metres = areas.metres(_point(first, "from"), _point(second, "to"))
    return Decimal(str(round(metres, 1)))


def _point(value: Any, parameter: str) -> tuple[float, float]:
    plain = from_feel(value)
    pair = [plain.get("longitude"), plain.get("latitude")] if isinstance(plain, dict) else plain
    if not isinstance(pair, list) or len(pair) != 2 or any(not isinstance(each, int | Decimal) for each in pair):
        raise Undefined("bad_argument", parameter=parameter)
    longitude, latitude = (float(each) for each in pair)
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise Undefined("bad_argument", parameter=parameter)
    return longitude, latitude


_MOMENT = "date and time|date"

FUNCTIONS = (
    Function(
        "working time",
        f"limit: string, from?: {_MOMENT}",
        working_time,
        '从某一时刻（缺省为现在）起，一个时限历时多久；now() + working time("4 工作时") 即到期时刻',
        'how long a limit takes from a moment (now); now() + working time("4 工作时") is its end',
        "days and time duration",
        "working time",
    ),
    Function(
        "add working time",
        f"moment: {_MOMENT}, limit: string",
        add_working_time,
        "某一时刻加上一个时限后的到期时刻，单位：分钟、自然日、紧急工作时、紧急工作日、工作时、工作日、法定工作日、法定日",
        "when a limit that begins at a moment is over",
        "date and time",
        "working time",
    ),
    Function(
        "working time between",
        f"from: {_MOMENT}, to: {_MOMENT}, unit?: string",
        working_time_between,
        "两个时刻之间有多少工作时（或所给单位）",
        "how many working hours (or of the unit given) lie between two moments",
        "number",
        "working time",
    ),
    Function(
        "is working day",
        f"day: {_MOMENT}",
        is_working_day,
        "某日是否为工作日（计入节假日与调休）",
        "whether people work that day, holidays and make-up days counted",
        "boolean",
        "working time",
    ),
    Function(
        "next working day",
        f"day: {_MOMENT}",
        next_working_day,
        "当日为工作日则为当日，否则为下一个工作日",
        "the day itself when people work then, else the next working day",
        "date",
        "working time",
    ),
    Function(
        "time since",
        f"moment: {_MOMENT}",
        time_since,
        "某一时刻距现在多久",
        "how long ago a moment was",
        "days and time duration",
        "working time",
    ),
    Function(
        "in area",
        "place: context, area: string|list<string>",
        in_area,
        "地点（case.place）是否位于某区、街道、社区，或列表中的任一个",
        "whether a place (case.place) lies in a district, street or community, or in one of a list",
        "boolean",
        "area",
    ),
    Function(
        "distance",
        "from: Any, to: Any",
        distance,
        "两点之间的距离（米）；点为含 longitude、latitude 的上下文，或 [经度, 纬度]",
        "metres between two points: contexts with longitude and latitude, or [longitude, latitude]",
        "number",
        "area",
    ),
)
LIBRARY = STANDARD.with_functions(FUNCTIONS)
