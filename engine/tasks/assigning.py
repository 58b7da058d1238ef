"""Whose work a task is: claimed, given back, handed to a colleague for good or until done."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed
from engine.permissions import Actor, TaskSubject, actor_for, actor_of, can, may_work, require, rights, task_subject
from engine.storage import Area, HistoryEvent, Person, RoleGrant, Task
from engine.storage.statements import Writes
from engine.tasks.drafts import with_draft
from engine.tasks.finding import accept, acting_as, change, hold, require_not_others, require_open, require_running


def claim(session: Session, actor: Actor, task_id: int) -> Task:
    """Take a task; whoever has it already keeps it. Taking it makes its organisation the responsible party, unless
    its answer says whether the work is accepted at all.

    Raises:
        NotFound, NotAllowed. Conflict: completed, withdrawn, claimed by somebody else, suspended.
    """
    task, subject = _workable(session, actor, task_id)
    require_not_others(session, actor, task)
    if task.assignee_id == actor.person_id:
        return task
    accept(session, actor, task)
    _assign(session, actor, subject, "task.claimed", {"assignee_id": actor.person_id, "claimed_at": clock.now()})
    return task


def release(session: Session, actor: Actor, task_id: int, reason: str = "") -> Task:
    """Give a claimed task back to its groups; somebody else's only with the right to reassign.

    Raises:
        NotFound, NotAllowed, Conflict.
    """
    subject, _ = hold(session, task_id)
    task = subject.task
    require_open(session, task)
    if task.assignee_id is None:
        require(actor, "task.work", subject)
        return task
    if task.assignee_id != actor.person_id:
        require(actor, "task.reassign", subject)
    old = task.assignee_id
    changes = {"assignee_id": task.owner_id, "owner_id": None, "claimed_at": None}
    _assign(session, actor, subject, "task.released", changes, old={"assignee": old}, reason=reason)
    return task


def transfer(session: Session, actor: Actor, task_id: int, person_id: int, reason: str) -> Task:
    """Hand a task to somebody else for good: one's own with ``task.transfer``, another's with ``task.reassign``.

    Raises:
        NotFound, NotAllowed, Conflict. InvalidInput: no reason, or that person may not work on it.
    """
    subject, _ = hold(session, task_id)
    task = subject.task
    require_open(session, task)
    require_running(subject)
    mine = task.assignee_id in (None, actor.person_id) and may_work(actor, subject)
    if not (mine and can(actor, "task.transfer", subject)):
        require(actor, "task.reassign", subject)
    _check(session, subject, person_id, reason)
    old = task.assignee_id
    told = {"old": {"assignee": old}, "new": {"assignee": person_id}, "reason": reason}
    changes = {"assignee_id": person_id, "owner_id": None, "claimed_at": clock.now()}
    _assign(session, actor, subject, "task.transferred", changes, **told)
    return task


def delegate(session: Session, actor: Actor, task_id: int, person_id: int, reason: str) -> Task:
    """Let somebody else do the work of one's own task and hand it back; completing it stays with the owner.

    Raises:
        NotFound, NotAllowed, Conflict: not one's own, or delegated already. InvalidInput: as for ``transfer``.
    """
    task, subject = _workable(session, actor, task_id)
    require_not_others(session, actor, task)
    if task.owner_id is not None:
        raise Conflict("it is delegated already", kind="delegated", task=task_id)
    _check(session, subject, person_id, reason)
    changes = {"assignee_id": person_id, "owner_id": actor.person_id}
    _assign(session, actor, subject, "task.delegated", changes, new={"assignee": person_id}, reason=reason)
    return task


def send_back(
    session: Session, actor: Actor, task_id: int, fields: Mapping[str, Any] | None = None, reason: str = ""
) -> Task:
    """Hand a delegated task back to its owner, with what was entered as a draft.

    Raises:
        NotFound, NotAllowed: not the one it was delegated to. Conflict: it is not delegated, or over.
    """
    subject, _ = hold(session, task_id)
    task = subject.task
    require_open(session, task)
    if task.owner_id is None:
        raise Conflict("it is not delegated", kind="stale", task=task_id)
    if actor.person_id not in (task.assignee_id, task.owner_id):
        raise NotAllowed("only who has it may hand it back", deed="task.work", subject=f"task {task_id}")
    draft = {} if fields is None else {"draft": with_draft(task, task.owner_id, fields, actor.person_id)}
    changes = {"assignee_id": task.owner_id, "owner_id": None, **draft}
    _assign(session, actor, subject, "task.sent_back", changes, reason=reason)
    return task


def people_for(session: Session, task: Task) -> list[Actor]:
    """Everybody who may be given the task, by name."""
    subject = task_subject(session, task)
    holders = select(RoleGrant.person_id).where(RoleGrant.role.in_(subject.roles), RoleGrant.revoked_at.is_(None))
    rows = session.execute(
        rights()
        .where(or_(Person.id.in_(subject.person_ids), Person.id.in_(holders)))
        .order_by(None)
        .order_by(Person.display_name, Person.id, RoleGrant.id, Area.path)
    )
    people = [actor_of(list(lines), "list") for _, lines in groupby(rows, key=lambda row: row.person_id)]
    return [person for person in people if may_work(person, subject)]


def _workable(session: Session, actor: Actor, task_id: int) -> tuple[Task, TaskSubject]:
    subject, _ = hold(session, task_id)
    require_open(session, subject.task)
    require(actor, "task.work", subject)
    require_running(subject)
    return subject.task, subject


def _check(session: Session, subject: TaskSubject, person_id: int, reason: str) -> None:
    problems = []
    if not reason.strip():
        problems.append(FieldProblem("reason", "required"))
    person = session.get(Person, person_id)
    if person is None or not person.active or not may_work(actor_for(session, person_id, "check"), subject):
        problems.append(
            FieldProblem("person", "may_not_work", {"person": person.display_name if person else person_id})
        )
    if problems:
        raise InvalidInput("the task cannot be handed over like that", problems)


def _assign(
    session: Session, actor: Actor, subject: TaskSubject, kind: str, changes: Mapping[str, Any], **told: Any
) -> None:
    """One change of whose work it is, and the line that tells it."""
    task = subject.task
    grant = acting_as(actor, subject)
    line = history.line(
        actor,
        task.case_id,
        kind,
        instance_id=task.instance_id,
        task_id=task.id,
        element_id=task.element_id,
        organisation_id=grant.organisation_id if grant else None,
        role=grant.role if grant else "",
        **told,
    )
    writes = Writes()
    change(writes, task, **changes)
    writes.insert(HistoryEvent, [line])
    writes.send(session)
