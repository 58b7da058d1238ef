"""The task a deed is about, and the reasons why a deed comes too late."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, object_session

from engine import history, responsibility
from engine.errors import Conflict, NotFound
from engine.instances import Locked
from engine.instances.statements import update_row
from engine.instances.tasks import CANDIDATES
from engine.permissions import Actor, Grant, TaskSubject
from engine.storage import (
    Case,
    CaseStatus,
    InstanceStatus,
    Organisation,
    Person,
    ProcessInstance,
    Task,
    TaskStatus,
    lock,
)

_FIND = select(Task).where(Task.id == bindparam("task")).execution_options(populate_existing=True)
_CANDIDATES = select(CANDIDATES.c.role, CANDIDATES.c.person_id).where(CANDIDATES.c.task_id == bindparam("task"))


def find(session: Session, task_id: int) -> Task:
    """The task as it stands in the database now.

    Raises:
        NotFound: there is none.
    """
    task = session.scalars(_FIND, {"task": task_id}).one_or_none()
    if task is None:
        raise NotFound("no such task", task=task_id)
    return task


def require_open(session: Session, task: Task) -> None:
    """Refuse a task that is over.

    Raises:
        Conflict: ``completed`` (by whom and when) or ``withdrawn``.
    """
    if task.status is TaskStatus.COMPLETED:
        raise Conflict(
            "the task is completed",
            kind="completed",
            task=task.id,
            by=_name(session, task.completed_by_id),
            at=task.completed_at,
        )
    if task.status is TaskStatus.WITHDRAWN:
        raise Conflict("the task was withdrawn", kind="withdrawn", task=task.id, at=task.withdrawn_at)


def stands_still(subject: TaskSubject) -> bool:
    """Whether the case is suspended and the task's process with it."""
    if subject.case is None or subject.case.status is not CaseStatus.SUSPENDED:
        return False
    session = object_session(subject.task)
    instance = session.get(ProcessInstance, subject.task.instance_id) if session is not None else None
    return instance is None or instance.status is not InstanceStatus.ACTIVE


def require_running(subject: TaskSubject) -> None:
    """Refuse work while the case stands still, except for the process that lets it stand still and will resume it.

    Raises:
        Conflict: ``suspended``.
    """
    if stands_still(subject):
        assert subject.case is not None
        raise Conflict("the case is suspended", kind="suspended", task=subject.task.id, case=subject.case.number)


def require_not_others(session: Session, actor: Actor, task: Task) -> None:
    """Refuse a task that somebody else has claimed.

    Raises:
        Conflict: ``claimed``, with the name.
    """
    if task.assignee_id not in (None, actor.person_id) and not actor.machine:
        raise Conflict(
            "somebody else has claimed it", kind="claimed", task=task.id, by=_name(session, task.assignee_id)
        )


def change(session: Session, task: Task, **values: Any) -> None:
    """Write ``values`` if the task is still as it was read; the losers of a race are told what happened.

    Raises:
        Conflict: completed, withdrawn, claimed or stale.
    """
    seen, before = task.lock_version, task.assignee_id
    guard = {"status": TaskStatus.OPEN, "lock_version": seen}
    if update_row(session, task, guard, lock_version=seen + 1, **values):
        return
    session.refresh(task)
    require_open(session, task)
    if task.assignee_id not in (None, before):
        raise Conflict(
            "somebody else has claimed it", kind="claimed", task=task.id, by=_name(session, task.assignee_id)
        )
    raise Conflict("the task has changed meanwhile", kind="stale", task=task.id)


def acting_as(actor: Actor, subject: TaskSubject) -> Grant | None:
    """The role and organisation in which the actor works on the task."""
    task, case = subject.task, subject.case
    for grant in actor.grants:
        if grant.role not in subject.roles:
            continue
        if task.organisation_id is not None:
            if grant.organisation_id == task.organisation_id:
                return grant
        elif case is None or grant.reaches(case.area_path):
            return grant
    return actor.grants[0] if actor.grants else None


def accept(session: Session, actor: Actor, task: Task) -> None:
    """Whoever accepts work that names who answers for it makes that organisation the responsible party."""
    if not task.responsible or task.organisation_id is None or task.case_id is None:
        return
    case = lock(session, Case, task.case_id)
    if case.responsible_organisation_id in (None, task.organisation_id):
        return
    organisation = session.get_one(Organisation, task.organisation_id)
    old = case.responsible_organisation_id
    if responsibility.assign(session, actor, case, organisation, "accepted"):
        history.record(
            session,
            actor,
            case.id,
            "case.assigned",
            task_id=task.id,
            old={"organisation": old},
            new={"organisation": organisation.id, "name": organisation.name},
            reason="accepted",
        )


def subject_of(session: Session, task: Task, locked: Locked | None = None) -> TaskSubject:
    """The task with what decides who may work on it; its case is locked, as whatever follows changes it."""
    if locked is None and task.case_id is not None:
        case: Case | None = lock(session, Case, task.case_id)
    else:
        case = locked[0] if locked is not None else None
    candidates = session.connection().execute(_CANDIDATES, {"task": task.id}).all()
    return TaskSubject(
        task=task,
        case=case,
        roles=frozenset(row.role for row in candidates if row.role),
        person_ids=frozenset(row.person_id for row in candidates if row.person_id),
    )


def _name(session: Session, person_id: int | None) -> str:
    if person_id is None:
        return ""
    return session.scalar(select(Person.display_name).where(Person.id == person_id)) or ""
