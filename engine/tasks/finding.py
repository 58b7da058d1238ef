"""The task a deed is about, and the reasons why a deed comes too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, cast, func, join, literal_column, select
from sqlalchemy.orm import Session, object_session

from engine import history, responsibility
from engine.domain_functions import LIBRARY
from engine.errors import Conflict, ExecutionFailed, NotFound
from engine.feel import FeelError, compile_expression
from engine.instances import Locked, case_changed
from engine.instances.advancing import CASES, INSTANCES
from engine.instances.tasks import CANDIDATES, TASKS
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
from engine.storage.reading import Reading
from engine.storage.statements import Writes

_ONE = TASKS.c.id == bindparam("task")
# A role by its code, a person as ``#`` and the number: one look at the candidates for both.
_NAMED = func.coalesce(CANDIDATES.c.role, literal_column("'#'") + cast(CANDIDATES.c.person_id, String))
_COMMA: Any = literal_column("','")
_OFFERED = select(func.aggregate_strings(_NAMED, _COMMA)).where(CANDIDATES.c.task_id == TASKS.c.id).scalar_subquery()
_OF_INSTANCE = join(TASKS, INSTANCES, TASKS.c.instance_id == INSTANCES.c.id)
_OF_CASE = join(_OF_INSTANCE, CASES, INSTANCES.c.case_id == CASES.c.id)
_WITH_CASE = Reading([Case, ProcessInstance, Task], _OF_CASE, _ONE, [_OFFERED])
_WITHOUT = Reading([ProcessInstance, Task], _OF_INSTANCE, _ONE, [_OFFERED])


class Held(NamedTuple):
    """A task in the hands of one deed: case, instance and task are locked and read afresh."""

    subject: TaskSubject
    locked: Locked

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.subject.task


def hold(session: Session, task_id: int) -> Held:
    """The task with everything a deed on it asks, in one statement; whoever else wants it waits until the commit.

    Raises:
        NotFound: there is none.
    """
    found = _WITH_CASE.one(session, task=task_id)
    if found is None:
        alone = _WITHOUT.one(session, task=task_id)
        if alone is None:
            raise NotFound("no such task", task=task_id)
        found = [None, *alone]
    case, instance, task, offered = found
    candidates = offered.split(",") if offered else []
    subject = TaskSubject(
        task=task,
        case=case,
        roles=frozenset(name for name in candidates if name[0] != "#"),
        person_ids=frozenset(int(name[1:]) for name in candidates if name[0] == "#"),
    )
    return Held(subject, (case, instance))


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


def change(writes: Writes, task: Task, **values: Any) -> None:
    """Gather a change of a held task. Sending it fails unless the task is still open and as it was read."""
    guard = {"status": TaskStatus.OPEN, "lock_version": task.lock_version}
    writes.update(task, guard, lock_version=task.lock_version + 1, **values)


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


def accept(session: Session, actor: Actor, task: Task, answer: Mapping[str, Any] | None = None) -> None:
    """Whoever accepts work that names who answers for it makes that organisation the responsible party.

    Where the drawing says which ``answer`` accepts (``acceptedWhen``), taking the task does not yet, and another answer
    never does.

    Raises:
        ExecutionFailed: what the drawing says cannot be evaluated.
    """
    if not task.responsible or task.organisation_id is None or task.case_id is None:
        return
    case = lock(session, Case, task.case_id)
    if case.responsible_organisation_id in (None, task.organisation_id) or not _accepts(task, answer):
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
        case_changed(session, case)


def _accepts(task: Task, answer: Mapping[str, Any] | None) -> bool:
    source = str(task.properties.get("acceptedWhen") or "")
    if not source or answer is None:
        return not source
    try:
        return compile_expression(source.removeprefix("=").strip(), library=LIBRARY).evaluate(answer) is True
    except FeelError as error:
        raise ExecutionFailed(str(error), kind="expression", element_id=task.element_id, expression=source) from error


def _name(session: Session, person_id: int | None) -> str:
    if person_id is None:
        return ""
    return session.scalar(select(Person.display_name).where(Person.id == person_id)) or ""
