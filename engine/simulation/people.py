"""Who, of the people there are, does an open task: the same rights decide as on the pages."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.permissions import Actor, actor_for, may_work, task_subject
from engine.storage import Person, RoleGrant, Task

SOURCE = "simulation"


class People:
    """Finds somebody for a task; actors are kept for the length of one step only, rights may change."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._actors: dict[int, Actor] = {}

    def actor(self, person_id: int) -> Actor:
        """That person, with today's rights."""
        if person_id not in self._actors:
            self._actors[person_id] = actor_for(self.session, person_id, SOURCE)
        return self._actors[person_id]

    def someone_for(self, task: Task, role: str = "") -> Actor | None:
        """Its assignee, else the first (by user name) who may work on it and, where given, holds ``role``."""
        subject = task_subject(self.session, task)
        if task.assignee_id is not None:
            return self.actor(task.assignee_id)
        roles = {role} if role else set(subject.roles)
        statement = select(Person.id).where(Person.active).order_by(Person.username)
        if subject.person_ids and not role:
            wanted = statement.where(Person.id.in_(subject.person_ids))
        else:
            wanted = statement.where(
                Person.id.in_(
                    select(RoleGrant.person_id).where(RoleGrant.role.in_(roles), RoleGrant.revoked_at.is_(None))
                )
            )
        for person_id in self.session.scalars(wanted):
            if may_work(actor := self.actor(person_id), subject):
                return actor
        return None

    def named(self, username: str) -> Actor | None:
        """The person with that user name."""
        person_id = self.session.scalar(select(Person.id).where(Person.username == username, Person.active))
        return None if person_id is None else self.actor(person_id)

    def holder(self, role: str, area_path: str = "") -> Actor | None:
        """The first person who holds ``role`` in an organisation that reaches the place."""
        statement = (
            select(Person.id)
            .join(RoleGrant, RoleGrant.person_id == Person.id)
            .where(RoleGrant.role == role, RoleGrant.revoked_at.is_(None), Person.active)
            .order_by(Person.username)
            .distinct()
        )
        for person_id in self.session.scalars(statement):
            actor = self.actor(person_id)
            if any(grant.role == role and (not area_path or grant.reaches(area_path)) for grant in actor.grants):
                return actor
        return None
