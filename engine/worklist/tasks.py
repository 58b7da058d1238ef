"""Task lists: mine, my groups', unassigned, overdue, those of cases I follow, all I may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.permissions import Actor, visible_cases, workable_tasks
from engine.storage import Case, CaseStatus, Organisation, Person, ServiceType, Task, TaskStatus
from engine.worklist.page import Page, bounds, contains

VIEWS = ("mine", "groups", "unassigned", "overdue", "watching", "all")
SORTS = ("due", "priority", "created", "case", "name")


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
    time_left: timedelta | None
    escalated_at: datetime | None
    assignee_id: int | None
    assignee_name: str
    is_mine: bool
    is_delegated: bool
    may_work: bool
    has_draft: bool
    organisation_name: str
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

    @property
    def is_late(self) -> bool:
        """Whether its time is over."""
        return self.time_left is not None and self.time_left < timedelta()


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
) -> Page[TaskRow]:
    """The open tasks of a view (``VIEWS``). ``search`` looks in numbers, titles, task names and places; ``sort`` one of
    ``SORTS``, a leading ``-`` turns it round.
    """
    number, size, offset = bounds(page, size)
    statement = _rows().where(Task.status == TaskStatus.OPEN, _condition(actor, view))
    if case_id is not None:
        statement = statement.where(Task.case_id == case_id)
    if service_type:
        statement = statement.where(Case.service_type == service_type)
    if stage:
        statement = statement.where(Task.stage == stage)
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
    visible = _condition(actor, "all")
    columns = [func.coalesce(func.sum(case((_condition(actor, view), 1), else_=0)), 0).label(view) for view in VIEWS]
    row = session.execute(
        select(*columns)
        .select_from(Task)
        .outerjoin(Case, Case.id == Task.case_id)
        .where(Task.status == TaskStatus.OPEN, visible)
    ).one()
    return {view: int(getattr(row, view)) for view in VIEWS}


def _condition(actor: Actor, view: str) -> ColumnElement[bool]:
    """What a view holds; every view is a part of what the actor may see.

    Raises:
        ValueError: there is no such view.
    """
    mine = Task.assignee_id == actor.person_id
    if view == "mine":
        return mine
    workable = workable_tasks(actor)
    if view == "groups":
        return and_(Task.assignee_id.is_(None), workable)
    seen = or_(mine, workable, and_(Task.case_id.is_not(None), visible_cases(actor)))
    if view == "unassigned":
        return and_(Task.assignee_id.is_(None), seen)
    if view == "overdue":
        return and_(Task.due_at < clock.now(), seen)
    if view == "watching":
        done = aliased(Task)
        did = select(done.id).where(done.case_id == Task.case_id, done.completed_by_id == actor.person_id)
        return and_(seen, or_(Case.created_by_id == actor.person_id, Task.owner_id == actor.person_id, did.exists()))
    if view == "all":
        return seen
    raise ValueError(f"no such view: {view}")


_assignee = aliased(Person)


def _rows() -> Any:
    return (
        select(
            Task,
            Case,
            _assignee.display_name.label("assignee_name"),
            Organisation.name.label("organisation_name"),
            ServiceType.name.label("service_name"),
            ServiceType.name_en.label("service_name_en"),
            func.count().over().label("total"),
        )
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
        "priority": Task.priority,
        "created": Task.created_at,
        "case": Case.number,
        "name": Task.name,
    }.get(name, Task.due_at)
    first = column.desc() if down else column.asc()
    if name == "due" or name not in SORTS:
        return (first.nulls_last(), Task.priority.desc(), Task.id)
    return (first, Task.due_at.asc().nulls_last(), Task.id)


def _row(row: Any, actor: Actor) -> TaskRow:
    task, matter = row.Task, row.Case
    now = clock.now()
    return TaskRow(
        id=task.id,
        name=task.name,
        element_id=task.element_id,
        process_key=task.process_key,
        stage=task.stage or (matter.stage if matter else ""),
        priority=task.priority,
        created_at=task.created_at,
        claimed_at=task.claimed_at,
        due_at=task.due_at,
        time_left=task.due_at - now if task.due_at else None,
        escalated_at=task.escalated_at,
        assignee_id=task.assignee_id,
        assignee_name=row.assignee_name or "",
        is_mine=task.assignee_id is not None and task.assignee_id == actor.person_id,
        is_delegated=task.owner_id is not None,
        may_work=actor.person_id not in task.independent_of_person_ids,
        has_draft=task.draft is not None,
        organisation_name=row.organisation_name or "",
        case_id=task.case_id,
        case_number=matter.number if matter else "",
        case_title=matter.title if matter else "",
        case_suspended=matter is not None and matter.status is CaseStatus.SUSPENDED,
        service_type=matter.service_type if matter else "",
        service_name=row.service_name or "",
        service_name_en=row.service_name_en or "",
        category=matter.category if matter else "",
        sub_category=matter.sub_category if matter else "",
        urgency=matter.urgency if matter else "",
        district=matter.district if matter else "",
        street=matter.street if matter else "",
        place=matter.place_text if matter else "",
        drill=matter.drill if matter else False,
        emergency=matter.emergency_active if matter else False,
    )
