"""May this person do that? Deny by default: roles × organisation × area, read from the role table.

What a role allows (its deeds) is reference data (``engine/data/roles.yaml``); here is how a deed meets its subject.
Working on a task is not a deed of a role: it is given by the task's candidate groups, see ``may_work``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    false,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session, object_session

from engine.errors import NotAllowed, NotFound
from engine.storage import (
    Area,
    Case,
    Notification,
    Organisation,
    OrganisationArea,
    Person,
    ResponsiblePeriod,
    Role,
    RoleGrant,
    Task,
    TaskCandidate,
    TaskStatus,
)

VIEW_IN_AREA = "case.view"
VIEW_INVOLVED = "case.view_involved"
RIGHTS_KEPT = 64
"""Conditions kept for whoever asks again with the same rights: building one takes longer than asking it."""


@dataclass(frozen=True)
class Grant:
    """One role in one organisation, with what follows: the areas served (paths) and the deeds allowed."""

    role: str
    organisation_id: int | None
    organisation_code: str = ""
    organisation_kind: str = ""
    areas: tuple[str, ...] = ()
    deeds: frozenset[str] = frozenset()
    side: str = "business"
    city_wide: bool = False

    def reaches(self, area_path: str) -> bool:
        """Whether a place lies in what the organisation serves; one in no known area is theirs who serve the whole city
        (a hotline hears of places outside)."""
        if self.city_wide:
            return True
        return area_path.startswith(self.areas) if area_path else self.serves_city

    @property
    def serves_city(self) -> bool:
        """Whether the organisation serves the whole city: the top of every path."""
        return any(path.count("/") == 1 for path in self.areas)


@dataclass(frozen=True)
class Actor:
    """Who acts, with all rights, from where. Built once per request by ``actor_for``; never stored."""

    person_id: int | None
    username: str
    display_name: str
    grants: tuple[Grant, ...] = ()
    source: str = ""
    machine: bool = field(default=False)

    @classmethod
    def system(cls, source: str = "worker") -> Actor:
        """The machine itself: timers, jobs, the command line. It may do everything its process tells it to."""
        return cls(person_id=None, username=source, display_name=source, source=source, machine=True)

    @property
    def roles(self) -> frozenset[str]:
        """All roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def organisation_ids(self) -> frozenset[int]:
        """All organisations a role is held in."""
        return frozenset(grant.organisation_id for grant in self.grants if grant.organisation_id is not None)


def rights(*more: ColumnElement[Any], of: FromClause = Person.__table__) -> Select[*tuple[Any, ...]]:
    """The rows ``actor_of`` reads, of active people: a line for every role held and area it is held in.

    ``more`` columns come along; ``of`` is where one begins, ``person`` or a join with it.
    """
    held = and_(RoleGrant.person_id == Person.id, RoleGrant.revoked_at.is_(None))
    return (
        select(
            Person.id.label("person_id"),
            Person.username,
            Person.display_name,
            RoleGrant.id.label("grant_id"),
            RoleGrant.role,
            type_coerce(Role.deeds, Text()).label("deeds"),
            Role.side,
            Role.city_wide,
            Organisation.id.label("organisation_id"),
            Organisation.code,
            Organisation.kind,
            Area.path,
            *more,
        )
        .select_from(of)
        .outerjoin(RoleGrant, held)
        .outerjoin(Role, Role.code == RoleGrant.role)
        .outerjoin(Organisation, and_(Organisation.id == RoleGrant.organisation_id, Organisation.active))
        .outerjoin(OrganisationArea, OrganisationArea.organisation_id == Organisation.id)
        .outerjoin(Area, Area.id == OrganisationArea.area_id)
        .where(Person.active)
        .order_by(RoleGrant.id, Area.path)
    )


# Built once: building a statement costs as much as running it.
_RIGHTS_OF = rights().where(Person.id == bindparam("person"))


def actor_for(session: Session, person_id: int, source: str) -> Actor:
    """The actor a person is now; one query.

    Raises:
        NotFound: no such person, or no longer active.
    """
    rows = session.execute(_RIGHTS_OF, {"person": person_id}).all()
    if not rows:
        raise NotFound("no such active person", person_id=person_id)
    return actor_of(rows, source)


def actor_of(rows: Sequence[Row[*tuple[Any, ...]]], source: str) -> Actor:
    """The actor these rows of ``rights`` tell of, all of one person."""
    grants = []
    for _, lines in groupby(rows, key=lambda row: row.grant_id):
        held = list(lines)
        first = held[0]
        if first.organisation_id is not None:
            grants.append(
                Grant(
                    role=first.role,
                    organisation_id=first.organisation_id,
                    organisation_code=first.code,
                    organisation_kind=first.kind,
                    areas=tuple(line.path for line in held if line.path),
                    deeds=_deeds(first.deeds),
                    side=first.side,
                    city_wide=first.city_wide,
                )
            )
    return Actor(rows[0].person_id, rows[0].username, rows[0].display_name, tuple(grants), source)


@lru_cache(maxsize=256)
def _deeds(text: str) -> frozenset[str]:
    """What a role allows; the same few texts are read at every request."""
    return frozenset(orjson.loads(text))


@dataclass(frozen=True)
class TaskSubject:
    """A task with what decides who may work on it."""

    task: Task
    case: Case | None
    roles: frozenset[str]
    person_ids: frozenset[int]


def task_subject(session: Session, task: Task) -> TaskSubject:
    """Read the candidates and the case of a task."""
    candidates = session.execute(
        select(TaskCandidate.role, TaskCandidate.person_id).where(TaskCandidate.task_id == task.id)
    ).all()
    return TaskSubject(
        task=task,
        case=session.get(Case, task.case_id) if task.case_id else None,
        roles=frozenset(role for role, _ in candidates if role),
        person_ids=frozenset(person for _, person in candidates if person),
    )


def can(actor: Actor, deed: str, subject: Any = None) -> bool:
    """Whether the actor may do ``deed`` on ``subject`` (a Case, a TaskSubject, an Area, an Organisation, or None).

    ``task.work`` (claim, complete, save a draft …) asks the task's candidates, every other deed the roles' deeds.
    """
    if actor.machine:
        return True
    if isinstance(subject, TaskSubject):
        if deed == "task.work":
            return may_work(actor, subject)
        if deed == "task.view":
            return may_work(actor, subject) or (subject.case is not None and can(actor, VIEW_IN_AREA, subject.case))
        return any(deed in grant.deeds and _reaches(grant, subject.case) for grant in actor.grants)
    if deed == VIEW_IN_AREA and isinstance(subject, Case) and is_involved(actor, subject):
        return True
    return any(deed in grant.deeds and _reaches(grant, subject) for grant in actor.grants)


def require(actor: Actor, deed: str, subject: Any = None) -> None:
    """Refuse what ``can`` denies.

    Raises:
        NotAllowed: with the deed and what it was about.
    """
    if not can(actor, deed, subject):
        raise NotAllowed(f"{actor.username} may not {deed}", deed=deed, subject=_name(subject))


def may_work(actor: Actor, subject: TaskSubject) -> bool:
    """Whether the actor may claim and complete the task.

    Yes for its assignee, its owner and its candidate people; yes for a candidate role held in the task's organisation
    or, when none is named, in an organisation that serves the case's place. Never for those whose independence the task
    demands.
    """
    task, person = subject.task, actor.person_id
    if actor.machine:
        return True
    if person is None or person in task.independent_of_person_ids:
        return False
    if person in {task.assignee_id, task.owner_id} or person in subject.person_ids:
        return True
    return any(grant.role in subject.roles and _grant_fits(grant, task, subject.case) for grant in actor.grants)


def _grant_fits(grant: Grant, task: Task, case: Case | None) -> bool:
    if task.organisation_id is not None:
        return grant.organisation_id == task.organisation_id
    return case is None or grant.reaches(case.area_path)


def _reaches(grant: Grant, subject: Any) -> bool:
    if subject is None:
        return True
    if isinstance(subject, Case):
        return grant.reaches(subject.area_path)
    if isinstance(subject, Area):
        return grant.reaches(subject.path)
    if isinstance(subject, Organisation):
        return grant.city_wide or subject.id == grant.organisation_id
    return grant.city_wide


def is_involved(actor: Actor, case: Case) -> bool:
    """Whether the actor, or an organisation of theirs, answers or answered for the case, or has had work in it."""
    if case.responsible_organisation_id in _involving(actor):
        return True
    session = object_session(case)
    if session is None or case.id is None:
        return False
    return session.scalar(select(select(Case.id).where(Case.id == case.id, _involvement(actor)).exists())) or False


@lru_cache(maxsize=RIGHTS_KEPT)
def visible_cases(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Case`` for lists: the same answer as ``can(actor, "case.view", case)``, for many at once."""
    if actor.machine or any(VIEW_IN_AREA in grant.deeds and grant.city_wide for grant in actor.grants):
        return true()
    inside = [_served(grant) for grant in _widest(actor.grants) if VIEW_IN_AREA in grant.deeds]
    return or_(false(), *inside, _involvement(actor))


def _served(grant: Grant) -> ColumnElement[bool]:
    """The condition on ``Case`` for ``grant.reaches(case.area_path)``."""
    if grant.city_wide:
        return true()
    paths = [Case.area_path.startswith(path, autoescape=True) for path in grant.areas]
    nowhere = Case.area_path == "" if grant.serves_city else false()
    return or_(nowhere, *paths)


@lru_cache(maxsize=RIGHTS_KEPT)
def workable_tasks(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Task`` (joined to its ``Case``, outer) for "may work on it" through a role or as a candidate.

    The same answer as ``may_work`` except for independence, which the row's list tells.
    """
    if actor.machine:
        return true()
    person = actor.person_id
    ways: list[ColumnElement[bool]] = [
        Task.assignee_id == person,
        Task.owner_id == person,
        _candidate(TaskCandidate.person_id == person),
    ]
    for grant in _widest(actor.grants):
        place = or_(Task.case_id.is_(None), _served(grant))
        fits = or_(Task.organisation_id == grant.organisation_id, and_(Task.organisation_id.is_(None), place))
        ways.append(and_(_candidate(TaskCandidate.role == grant.role), fits))
    return or_(*ways)


def told_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Notification`` for what is told to the actor: by name, to an organisation of theirs, or to a
    role they hold in the organisation named or, when none is, in one that serves the case's place.
    """
    organisations = sorted(actor.organisation_ids)
    ways: list[ColumnElement[bool]] = [
        Notification.person_id == actor.person_id,
        and_(Notification.role.is_(None), Notification.organisation_id.in_(organisations)),
    ]
    for grant in _widest(actor.grants):
        inside = select(Case.id).where(Case.id == Notification.case_id, _served(grant)).exists()
        anywhere = and_(Notification.organisation_id.is_(None), or_(Notification.case_id.is_(None), inside))
        ways.append(
            and_(Notification.role == grant.role, or_(Notification.organisation_id == grant.organisation_id, anywhere))
        )
    return or_(*ways)


def _candidate(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(TaskCandidate.id).where(TaskCandidate.task_id == Task.id, condition).exists()


def _widest(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    return tuple(dict.fromkeys(grants))


def _involving(actor: Actor) -> frozenset[int]:
    """The organisations whose cases the actor may see because they are theirs."""
    return frozenset(
        grant.organisation_id
        for grant in actor.grants
        if grant.organisation_id is not None and grant.deeds & {VIEW_IN_AREA, VIEW_INVOLVED}
    )


def _involvement(actor: Actor) -> ColumnElement[bool]:
    organisations = sorted(_involving(actor))
    if actor.person_id is None:
        return false()
    tasks = select(Task.id).where(
        Task.case_id == Case.id,
        or_(
            Task.organisation_id.in_(organisations),
            Task.assignee_id == actor.person_id,
            Task.completed_by_id == actor.person_id,
            and_(Task.status == TaskStatus.OPEN, workable_tasks(actor)),
        ),
    )
    periods = select(ResponsiblePeriod.id).where(
        ResponsiblePeriod.case_id == Case.id, ResponsiblePeriod.organisation_id.in_(organisations)
    )
    return or_(
        Case.created_by_id == actor.person_id,
        periods.correlate(Case).exists(),
        tasks.correlate(Case).exists(),
    )


def _name(subject: Any) -> str:
    if isinstance(subject, TaskSubject):
        return f"task {subject.task.id}"
    return "" if subject is None else f"{type(subject).__name__.lower()} {getattr(subject, 'id', '')}"
