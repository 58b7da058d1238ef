"""What of a case is enforcement's own: answers, files and reasons that name the parties of an offence.

Enforcement is a run of its own beside the service's (docs/decisions/0043). A run is enforcement's when somebody drew a
task into it, or into a process it calls, that only enforcement may do; so nobody has to remember to mark it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from engine.permissions import Actor, can, workable_tasks
from engine.storage import Case, Evidence, HistoryEvent, Role, Task, TaskStatus
from engine.worklist.drawn import Info, drawn


@dataclass(frozen=True)
class Closed:
    """What an actor must not read of a case: what was entered in ``tasks``, and why ``instances`` went as they did.

    ``elements`` are the places in those drawings; files the machine made there belong to no task.
    """

    instances: frozenset[int] = frozenset()
    tasks: frozenset[int] = frozenset()
    elements: frozenset[str] = frozenset()

    def shows(self, file: Evidence) -> bool:
        """Whether the actor may know of a file of the case."""
        if file.task_id is not None:
            return file.task_id not in self.tasks
        return file.element_id not in self.elements

    def files(self) -> ColumnElement[bool]:
        """The condition on ``Evidence`` for ``shows``."""
        of_task = and_(Evidence.task_id.is_not(None), Evidence.task_id.not_in(self.tasks))
        return or_(of_task, and_(Evidence.task_id.is_(None), Evidence.element_id.not_in(self.elements)))


NOTHING = Closed()


def closed_to(session: Session, actor: Actor, case: Case, runs: Mapping[int, list[Info]] | None = None) -> Closed:
    """What of the case the actor must not read; ``runs`` is what ``drawn`` found, where the caller knows it.

    Open to those with the right to view enforcement's or to audit, and to those who work in the run themselves, except
    the contractor's people.
    """
    if actor.machine or can(actor, "enforcement.view", case) or can(actor, "audit.view"):
        return NOTHING
    runs = drawn(session, case.id) if runs is None else runs
    theirs = set(session.scalars(select(Role.code).where(Role.side == "enforcement")))
    instances = {key for key, infos in runs.items() if any(_only(info, theirs) for info in infos)}
    opened: set[int] = set()
    if instances and all(grant.side != "contractor" for grant in actor.grants):
        opened = instances & _worked_in(session, actor, case)
    instances -= opened
    inside = select(Task.id).where(Task.instance_id.in_(instances))
    done_by_them = (
        select(HistoryEvent.task_id)
        .join(Role, Role.code == HistoryEvent.role)
        .where(HistoryEvent.case_id == case.id, HistoryEvent.kind == "task.completed", Role.side == "enforcement")
        .where(HistoryEvent.person_id != actor.person_id, HistoryEvent.instance_id.not_in(opened))
    )
    tasks = {*session.scalars(inside), *session.scalars(done_by_them)} - {None}
    elements = {str(each["id"]) for key in instances for info in runs[key] for each in info.get("elements", ())}
    return Closed(frozenset(instances), frozenset(tasks), frozenset(elements))


def _only(info: Info, roles: set[str]) -> bool:
    """Whether a task is drawn in it that nobody but these roles may do."""
    groups = [set(task.get("groups") or ()) for task in info.get("tasks", ())]
    return any(each and each <= roles for each in groups)


def _worked_in(session: Session, actor: Actor, case: Case) -> set[int]:
    person = actor.person_id
    mine = or_(Task.completed_by_id == person, Task.assignee_id == person, Task.owner_id == person)
    return set(
        session.scalars(
            select(Task.instance_id)
            .join(Case, Case.id == Task.case_id)
            .where(Task.case_id == case.id, or_(mine, and_(Task.status == TaskStatus.OPEN, workable_tasks(actor))))
        )
    )
