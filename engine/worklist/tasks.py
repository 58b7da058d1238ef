"""Task lists: mine, my groups', unassigned, overdue, those of cases I follow, all I may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.permissions import RIGHTS_KEPT, Actor, visible_cases, workable_tasks
from engine.storage import Case, CaseStatus, Organisation, Person, ServiceType, Task, TaskStatus
from engine.worklist.page import Page, bounds, contains

VIEWS = ("mine", "groups", "unassigned", "overdue", "watching", "all")
TASK_SORTS = ("due", "follow_up", "priority", "created", "case", "name")
FOLLOW_UPS = ("reached", "later")


@dataclass(frozen=True)
class TaskRow:
    """One open task as lists show it. ``time_left`` is negative when it is late, None without a limit.

    ``may_work`` is False where independence forbids it; ``is_mine`` tells that it is claimed by whoever asks.
    """

    id: int
    name: str
    element_id: str
    process_key: str
    stage: str
    priority: int
    created_at: datetime
    claimed_at: datetime | None
    due_at: datetime | None
    follow_up_at: datetime | None
    time_left: timedelta | None
    escalated_at: datetime | None
    assignee_id: int | None
    assignee_name: str
    is_mine: bool
    is_delegated: bool
    may_work: bool
    has_draft: bool
    organisation_name: str
    organisation_name_en: str
    case_id: int | None
    case_number: str
    case_title: str
    case_suspended: bool
    service_type: str
    service_name: str
    service_name_en: str
    category: str
    sub_category: str
    urgency: str
    district: str
    street: str
    place: str
    drill: bool
    emergency: bool


def tasks(
    session: Session,
    actor: Actor,
    view: str = "mine",
    *,
    search: str = "",
    sort: str = "due",
    page: int = 1,
    size: int = 50,
    case_id: int | None = None,
    service_type: str = "",
    stage: str = "",
    follow_up: str = "",
) -> Page[TaskRow]:
    """The open tasks of a view (``VIEWS``). ``search`` looks in numbers, titles, task names and places; ``sort`` one of
    ``TASK_SORTS``, a leading ``-`` turns it round; ``follow_up`` one of ``FOLLOW_UPS``: those whose follow-up date has
    come, or those it still lies ahead of.
    """
    number, size, offset = bounds(page, size)
    statement = _rows().where(Task.status == TaskStatus.OPEN, _condition(actor, view))
    if case_id is not None:
        statement = statement.where(Task.case_id == case_id)
    if service_type:
        statement = statement.where(Case.service_type == service_type)
    if stage:
        statement = statement.where(Task.stage == stage)
    if follow_up:
        reached = Task.follow_up_at <= clock.now()
        statement = statement.where(reached if follow_up == "reached" else ~reached)
    if search.strip():
        pattern = contains(search.strip())
        columns = (Case.number, Case.title, Task.name, Case.place_text)
        statement = statement.where(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    found = session.execute(statement.order_by(*_order(sort)).limit(size).offset(offset)).all()
    total = found[0].total if found else 0
    if not found and offset:
        total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    return Page([_row(row, actor) for row in found], total, number, size)


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many open tasks each view holds, in one query."""
    row = session.execute(_counting(actor), {"now": clock.now()}).one()
    return {view: int(getattr(row, view)) for view in VIEWS}


@lru_cache(maxsize=RIGHTS_KEPT)
def _counting(actor: Actor) -> Select[*tuple[int, ...]]:
    columns = [func.count(case((_picked(actor, view, bindparam("now")), 1))).label(view) for view in VIEWS]
    return (
        select(*columns)
        .select_from(Task)
        .outerjoin(Case, Case.id == Task.case_id)
        .where(Task.status == TaskStatus.OPEN, _seen(actor))
    )


def _condition(actor: Actor, view: str) -> ColumnElement[bool]:
    """What a view holds: every one is a part of what the actor may see; of mine and my groups' that needs no asking."""
    picked = _picked(actor, view, clock.now())
    return picked if view in ("mine", "groups") else and_(_seen(actor), picked)


def _seen(actor: Actor) -> ColumnElement[bool]:
    """What the actor may see: their own, what they may work on, that of cases they may see."""
    return or_(
        Task.assignee_id == actor.person_id,
        workable_tasks(actor),
        and_(Task.case_id.is_not(None), visible_cases(actor)),
    )


_done = aliased(Task)


def _picked(actor: Actor, view: str, now: Any) -> ColumnElement[bool]:
    """What a view picks of all the actor may see.

    Raises:
        ValueError: there is no such view.
    """
    if view == "mine":
        return Task.assignee_id == actor.person_id
    if view == "groups":
        return and_(Task.assignee_id.is_(None), workable_tasks(actor))
    if view == "unassigned":
        return Task.assignee_id.is_(None)
    if view == "overdue":
        return Task.due_at < now
    if view == "watching":
        did = select(_done.id).where(_done.case_id == Task.case_id, _done.completed_by_id == actor.person_id)
        return or_(Case.created_by_id == actor.person_id, Task.owner_id == actor.person_id, did.exists())
    if view == "all":
        return true()
    raise ValueError(f"no such view: {view}")


_assignee = aliased(Person)


def _rows() -> Any:
    """What a row shows and no more: a list of whole tasks and cases would read all their texts."""
    return (
        select(
            Task.id,
            Task.name,
            Task.element_id,
            Task.process_key,
            Task.stage,
            Task.priority,
            Task.created_at,
            Task.claimed_at,
            Task.due_at,
            Task.follow_up_at,
            Task.escalated_at,
            Task.assignee_id,
            Task.owner_id,
            Task.independent_of_person_ids,
            Task.draft.is_not(None).label("has_draft"),
            Task.case_id,
            Case.number,
            Case.title,
            Case.stage.label("case_stage"),
            Case.status,
            Case.service_type,
            Case.category,
            Case.sub_category,
            Case.urgency,
            Case.district,
            Case.street,
            Case.place_text,
            Case.drill,
            Case.emergency_active,
            _assignee.display_name.label("assignee_name"),
            Organisation.name.label("organisation_name"),
            Organisation.name_en.label("organisation_name_en"),
            ServiceType.name.label("service_name"),
            ServiceType.name_en.label("service_name_en"),
            func.count().over().label("total"),
        )
        .select_from(Task)
        .outerjoin(Case, Case.id == Task.case_id)
        .outerjoin(_assignee, _assignee.id == Task.assignee_id)
        .outerjoin(Organisation, Organisation.id == Task.organisation_id)
        .outerjoin(ServiceType, ServiceType.code == Case.service_type)
    )


def _order(sort: str) -> tuple[Any, ...]:
    down = sort.startswith("-")
    name = sort.removeprefix("-")
    column: Any = {
        "due": Task.due_at,
        "follow_up": Task.follow_up_at,
        "priority": Task.priority,
        "created": Task.created_at,
        "case": Case.number,
        "name": Task.name,
    }.get(name, Task.due_at)
    first = column.desc() if down else column.asc()
    if name == "due" or name not in TASK_SORTS:
        return (first.nulls_last(), Task.priority.desc(), Task.id)
    return (first.nulls_last(), Task.due_at.asc().nulls_last(), Task.id)


def _row(row: Any, actor: Actor) -> TaskRow:
    return TaskRow(
        id=row.id,
        name=row.name,
        element_id=row.element_id,
        process_key=row.process_key,
        stage=row.stage or row.case_stage or "",
        priority=row.priority,
        created_at=row.created_at,
        claimed_at=row.claimed_at,
        due_at=row.due_at,
        follow_up_at=row.follow_up_at,
        time_left=row.due_at - clock.now() if row.due_at else None,
        escalated_at=row.escalated_at,
        assignee_id=row.assignee_id,
        assignee_name=row.assignee_name or "",
        is_mine=row.assignee_id is not None and row.assignee_id == actor.person_id,
        is_delegated=row.owner_id is not None,
        may_work=actor.person_id not in row.independent_of_person_ids,
        has_draft=row.has_draft,
        organisation_name=row.organisation_name or "",
        organisation_name_en=row.organisation_name_en or "",
        case_id=row.case_id,
        case_number=row.number or "",
        case_title=row.title or "",
        case_suspended=row.status is CaseStatus.SUSPENDED,
        service_type=row.service_type or "",
        service_name=row.service_name or "",
        service_name_en=row.service_name_en or "",
        category=row.category or "",
        sub_category=row.sub_category or "",
        urgency=row.urgency or "",
        district=row.district or "",
        street=row.street or "",
        place=row.place_text or "",
        drill=bool(row.drill),
        emergency=bool(row.emergency_active),
    )
