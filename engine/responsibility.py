"""Exactly one organisation answers for an open case at every moment; whoever received it first keeps it until another
has accepted. The database refuses an open case without one (``case``) and two at a time (``responsible_period``).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import Conflict, NotFound
from engine.permissions import Actor
from engine.storage import (
    ENDED,
    Area,
    AreaLevel,
    Case,
    Organisation,
    OrganisationArea,
    OrganisationCategory,
    ResponsiblePeriod,
    lock,
)
from engine.storage.statements import Prepared, Writes, table_of

PERIODS = table_of(ResponsiblePeriod)
_END = Prepared(
    update(PERIODS)
    .where(PERIODS.c.case_id == bindparam("case"), PERIODS.c.until.is_(None))
    .values(until=bindparam("at", type_=PERIODS.c.until.type))
)


def assign(
    session: Session,
    actor: Actor,
    case: Case,
    organisation: Organisation,
    reason: str,
    at: datetime | None = None,
) -> bool:
    """Make an organisation answer for the case from now on; False when it does already. The case must be stored.

    Raises:
        Conflict: the case has ended.
    """
    case = lock(session, Case, case.id)
    if case.status in ENDED:
        raise Conflict("the case has ended", kind="ended", case=case.number)
    running = _running(session, case)
    if running is not None and running.organisation_id == organisation.id:
        return False
    moment = at or clock.now()
    if running is not None:
        running.until = moment
        # One may not begin before the other has ended: the index allows one running period.
        session.flush()
    session.add(
        ResponsiblePeriod(
            case_id=case.id,
            organisation_id=organisation.id,
            since=moment,
            reason=reason,
            assigned_by_id=actor.person_id,
        )
    )
    case.responsible_organisation_id = organisation.id
    session.flush()
    return True


def end(writes: Writes, case: Case, at: datetime | None = None) -> None:
    """Nobody has to answer for a case that has ended; the last party stays written on it."""
    writes.add(_END, {"case": case.id, "at": at or clock.now()})


def resolve(session: Session, wanted: str, case: Case) -> Organisation:
    """The organisation a drawing means by a code, a duty, a kind or a name.

    By duty or kind it is the one that serves the smallest area around the case, and of those one that serves its
    category before one that serves all; for a case in no known area, one that serves the whole city.

    Raises:
        NotFound: nobody of that code, or nobody with that duty serves the place.
    """
    wanted = wanted.strip()
    exact = session.scalars(select(Organisation).where(Organisation.code == wanted, Organisation.active)).first()
    if exact is not None:
        return exact
    for condition in (Organisation.duty == wanted, Organisation.kind == wanted, Organisation.name == wanted):
        found = session.scalars(_around(case, condition).limit(1)).first()
        if found is not None:
            return found
    raise NotFound("nobody answers for that here", wanted=wanted, case=case.number, area=case.area_path)


def _around(case: Case, condition: ColumnElement[bool]) -> Select[Organisation]:
    own = select(OrganisationCategory.category).where(OrganisationCategory.organisation_id == Organisation.id)
    fits = own.where(OrganisationCategory.category.in_([case.category, case.sub_category])).exists()
    return (
        _by_area(case.area_path, condition)
        .where(or_(fits, ~own.exists()))
        .order_by(None)
        .order_by(func.length(Area.path).desc(), fits.desc(), Organisation.id)
    )


def _by_area(area_path: str, condition: ColumnElement[bool]) -> Select[Organisation]:
    codes = [code for code in area_path.split("/") if code]
    above = ["/".join(codes[: number + 1]) + "/" for number in range(len(codes))]
    place = Area.path.in_(above) if above else Area.level == AreaLevel.CITY
    return (
        select(Organisation)
        .join(OrganisationArea, OrganisationArea.organisation_id == Organisation.id)
        .join(Area, Area.id == OrganisationArea.area_id)
        .where(condition, place, Organisation.active)
        .order_by(func.length(Area.path).desc(), Organisation.id)
    )


def _running(session: Session, case: Case) -> ResponsiblePeriod | None:
    return session.scalars(
        select(ResponsiblePeriod).where(ResponsiblePeriod.case_id == case.id, ResponsiblePeriod.until.is_(None))
    ).one_or_none()
