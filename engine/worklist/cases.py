"""Case lists: those a person may see, by what is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from engine import clock
from engine.permissions import Actor, visible_cases
from engine.storage import Case, CaseLink, CaseStatus, Deadline, DeadlineStatus, Organisation, ServiceType
from engine.worklist.page import Page, bounds, contains

SORTS = ("reported", "number", "due", "updated", "closed")
CASE_CLOCK = "case"
MOST_RELATED = 100


@dataclass(frozen=True)
class CaseRow:
    """One case as lists show it; ``due_at`` is of the case's own clock while it runs."""

    id: int
    number: str
    title: str
    status: str
    stage: str
    route: str
    service_type: str
    service_name: str
    service_name_en: str
    category: str
    sub_category: str
    urgency: str
    channel: str
    district: str
    street: str
    community: str
    place: str
    longitude: float | None
    latitude: float | None
    reported_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    responsible_name: str
    responsible_name_en: str
    due_at: datetime | None
    time_left: timedelta | None
    breached: bool
    drill: bool
    emergency: bool
    parent_id: int | None
    duplicate_of_id: int | None


def cases(
    session: Session,
    actor: Actor,
    *,
    statuses: Collection[str] = (),
    search: str = "",
    service_type: str = "",
    category: str = "",
    stage: str = "",
    area_path: str = "",
    responsible_id: int | None = None,
    mine: bool = False,
    late: bool = False,
    reported_from: datetime | None = None,
    reported_to: datetime | None = None,
    drill: bool | None = None,
    sort: str = "-reported",
    page: int = 1,
    size: int = 50,
) -> Page[CaseRow]:
    """The cases the actor may see. ``mine``: opened by them; ``late``: past their clock; ``search`` looks in numbers,
    titles, descriptions and places; ``sort`` one of ``SORTS``, a leading ``-`` turns it round.
    """
    number, size, offset = bounds(page, size)
    conditions: list[Any] = [visible_cases(actor)]
    if statuses:
        conditions.append(Case.status.in_([CaseStatus(status) for status in statuses]))
    for column, value in (
        (Case.service_type, service_type),
        (Case.category, category),
        (Case.stage, stage),
        (Case.responsible_organisation_id, responsible_id),
    ):
        if value:
            conditions.append(column == value)
    if area_path:
        conditions.append(Case.area_path.startswith(area_path, autoescape=True))
    if mine:
        conditions.append(Case.created_by_id == actor.person_id)
    if reported_from is not None:
        conditions.append(Case.reported_at >= reported_from)
    if reported_to is not None:
        conditions.append(Case.reported_at < reported_to)
    if drill is not None:
        conditions.append(Case.drill.is_(drill))
    if late:
        conditions.append(or_(Deadline.due_at < clock.now(), Deadline.breached_at.is_not(None)))
    if search.strip():
        pattern = contains(search.strip())
        columns = (Case.number, Case.title, Case.description, Case.place_text)
        conditions.append(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    statement = _rows().where(*conditions)
    found = session.execute(statement.order_by(*_order(sort)).limit(size).offset(offset)).all()
    total = found[0].total if found else 0
    if not found and offset:
        total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    return Page([_row(row) for row in found], total, number, size)


def _rows() -> Any:
    """What a row shows and no more: whole cases would bring all their texts."""
    live = (
        select(func.max(Deadline.id))
        .where(
            Deadline.case_id == Case.id,
            Deadline.name == CASE_CLOCK,
            Deadline.status.in_([DeadlineStatus.RUNNING, DeadlineStatus.PAUSED]),
        )
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(
            Case.id,
            Case.number,
            Case.title,
            Case.status,
            Case.stage,
            Case.route,
            Case.service_type,
            Case.category,
            Case.sub_category,
            Case.urgency,
            Case.channel,
            Case.district,
            Case.street,
            Case.community,
            Case.place_text,
            Case.longitude,
            Case.latitude,
            Case.reported_at,
            Case.opened_at,
            Case.closed_at,
            Case.drill,
            Case.emergency_active,
            Case.parent_id,
            Case.duplicate_of_id,
            ServiceType.name.label("service_name"),
            ServiceType.name_en.label("service_name_en"),
            Organisation.name.label("responsible_name"),
            Organisation.name_en.label("responsible_name_en"),
            Deadline.due_at,
            Deadline.breached_at,
            func.count().over().label("total"),
        )
        .select_from(Case)
        .join(ServiceType, ServiceType.code == Case.service_type)
        .outerjoin(Organisation, Organisation.id == Case.responsible_organisation_id)
        .outerjoin(Deadline, Deadline.id == live)
    )


def _order(sort: str) -> tuple[Any, ...]:
    column: Any = {
        "reported": Case.reported_at,
        "number": Case.number,
        "due": Deadline.due_at,
        "updated": Case.updated_at,
        "closed": Case.closed_at,
    }.get(sort.removeprefix("-"), Case.reported_at)
    first = column.desc() if sort.startswith("-") else column.asc()
    return (first.nulls_last(), Case.id.desc())


def _row(row: Any) -> CaseRow:
    return CaseRow(
        id=row.id,
        number=row.number,
        title=row.title,
        status=row.status.value,
        stage=row.stage,
        route=row.route or "",
        service_type=row.service_type,
        service_name=row.service_name,
        service_name_en=row.service_name_en,
        category=row.category,
        sub_category=row.sub_category,
        urgency=row.urgency,
        channel=row.channel,
        district=row.district,
        street=row.street,
        community=row.community,
        place=row.place_text,
        longitude=row.longitude,
        latitude=row.latitude,
        reported_at=row.reported_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        responsible_name=row.responsible_name or "",
        responsible_name_en=row.responsible_name_en or "",
        due_at=row.due_at,
        time_left=row.due_at - clock.now() if row.due_at else None,
        breached=row.breached_at is not None,
        drill=row.drill,
        emergency=row.emergency_active,
        parent_id=row.parent_id,
        duplicate_of_id=row.duplicate_of_id,
    )


def related(session: Session, actor: Actor, case: Case) -> list[tuple[str, Case]]:
    """What belongs to a case, of what the actor may see: its ``parent``, those linked with it by the kind of the link,
    every ``child``.
    """
    found = union_all(
        select(Case.parent_id.label("id"), literal("parent").label("kind"), literal(0).label("place")).where(
            Case.id == case.id
        ),
        select(CaseLink.other_case_id, CaseLink.kind, literal(1)).where(CaseLink.case_id == case.id),
        select(CaseLink.case_id, CaseLink.kind, literal(1)).where(CaseLink.other_case_id == case.id),
        select(Case.id, literal("child"), literal(2)).where(Case.parent_id == case.id),
    ).subquery()
    rows = session.execute(
        select(found.c.kind, Case)
        .join(found, found.c.id == Case.id)
        .where(visible_cases(actor))
        .order_by(found.c.place, Case.id)
        .limit(MOST_RELATED)
    )
    return [(kind, other) for kind, other in rows]
