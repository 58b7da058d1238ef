"""What administrators do with people, their roles and organisations. Whether somebody is who they say is the door's."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.permissions import Actor, require
from engine.reference import data
from engine.storage import Area, Organisation, OrganisationArea, OrganisationKind, Person, Role, RoleGrant, lock

_USERNAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}")
_CODE = re.compile(r"[a-z][a-z0-9_.-]{1,79}")
ADMINISTRATION = {"security_admin": "security", "auditor": "audit"}
"""Administration is three powers: system (all other roles of that side), security and audit. Case work is a fourth;
nobody holds roles of two."""


def add_person(session: Session, actor: Actor, username: str, display_name: str, **details: str) -> Person:
    """Add somebody who can be given roles. ``details``: phone, email.

    Raises:
        NotAllowed. InvalidInput: per field.
    """
    require(actor, "people.manage")
    phone, email = details.get("phone", "").strip(), details.get("email", "").strip()
    problems = _texts(display_name=(display_name, 200, True), phone=(phone, 40, False), email=(email, 200, False))
    if not _USERNAME.fullmatch(username):
        problems.append(FieldProblem("username", "wrong_pattern"))
    elif session.scalar(select(Person.id).where(Person.username == username)) is not None:
        problems.append(FieldProblem("username", "name_taken"))
    if problems:
        raise InvalidInput("the person cannot be added like that", problems)
    person = Person(
        username=username,
        display_name=display_name.strip(),
        phone=phone,
        email=email,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    history.record(session, actor, None, "person.added", subject=username)
    return person


def change_person(session: Session, actor: Actor, person_id: int, display_name: str, active: bool) -> Person:
    """Call somebody otherwise, or let them in no longer. Nobody shuts themselves out.

    Raises:
        NotFound, NotAllowed. InvalidInput: per field. Conflict: it is oneself.
    """
    require(actor, "people.manage")
    person = _person(session, person_id)
    problems = _texts(display_name=(display_name, 200, True))
    if problems:
        raise InvalidInput("the person cannot be changed like that", problems)
    if person.id == actor.person_id and not active:
        raise Conflict("nobody shuts themselves out", kind="oneself")
    old = {"active": person.active}
    person.display_name, person.active = display_name.strip(), active
    session.flush()
    history.record(session, actor, None, "person.changed", subject=person.username, old=old, new={"active": active})
    return person


def grant_role(session: Session, actor: Actor, person_id: int, role: str, organisation_id: int) -> RoleGrant:
    """Give a person a role in an organisation.

    Raises:
        NotFound, NotAllowed. InvalidInput: no such role or organisation, or the one is not for the other
            (``role_sides.yaml``). Conflict: powers that are kept apart, or it is oneself.
    """
    require(actor, "people.manage")
    # Two grants at once would each not see the other.
    person = lock(session, Person, person_id)
    if person.id == actor.person_id:
        raise Conflict("nobody gives themselves a role", kind="oneself")
    problems = []
    wanted = session.get(Role, role)
    if wanted is None:
        problems.append(FieldProblem("role", "not_an_option"))
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or not organisation.active:
        problems.append(FieldProblem("organisation", "unknown_organisation"))
    elif wanted is not None and organisation.kind not in data("role_sides.yaml")[wanted.side]:
        problems.append(FieldProblem("role", "role_not_here", {"role": wanted.name, "organisation": organisation.name}))
    if problems or wanted is None:
        raise InvalidInput("the role cannot be given like that", problems)
    other = next((held for held in _held(session, person_id) if _power(held) != _power(wanted)), None)
    if other is not None:
        raise Conflict("one person holds one power", kind="separated", other=other.code)
    grant = session.scalars(
        select(RoleGrant).where(
            RoleGrant.person_id == person_id, RoleGrant.role == role, RoleGrant.organisation_id == organisation_id
        )
    ).one_or_none()
    if grant is None:
        grant = RoleGrant(person_id=person_id, role=role, organisation_id=organisation_id, granted_at=clock.now())
        session.add(grant)
    grant.revoked_at, grant.granted_at, grant.granted_by_id = None, clock.now(), actor.person_id
    session.flush()
    history.record(
        session, actor, None, "role.granted", subject=person.username, role=role, organisation_id=organisation_id
    )
    return grant


def revoke_role(session: Session, actor: Actor, grant_id: int) -> RoleGrant:
    """Take a role away; what the person did with it stays.

    Raises:
        NotFound, NotAllowed. Conflict: it is one's own.
    """
    require(actor, "people.manage")
    grant = session.get(RoleGrant, grant_id)
    if grant is None:
        raise NotFound("no such role", grant=grant_id)
    if grant.person_id == actor.person_id:
        raise Conflict("nobody takes their own role", kind="oneself")
    if grant.revoked_at is None:
        grant.revoked_at = clock.now()
        session.flush()
        person = _person(session, grant.person_id)
        history.record(
            session,
            actor,
            None,
            "role.revoked",
            subject=person.username,
            role=grant.role,
            organisation_id=grant.organisation_id,
        )
    return grant


def save_organisation(
    session: Session,
    actor: Actor,
    organisation_id: int | None,
    *,
    code: str,
    name: str,
    kind: str,
    name_en: str = "",
    duty: str = "",
    phone: str = "",
    area_codes: Collection[str] = (),
    active: bool = True,
) -> Organisation:
    """Add an organisation (``organisation_id`` None) or change one; its code stays what it was.

    Raises:
        NotFound, NotAllowed. InvalidInput: per field.
    """
    require(actor, "organisation.edit")
    optional = {"name_en": (name_en, 200, False), "duty": (duty, 80, False), "phone": (phone, 40, False)}
    problems = _texts(name=(name, 200, True), **optional)
    organisation = session.get(Organisation, organisation_id) if organisation_id is not None else None
    if organisation_id is not None and organisation is None:
        raise NotFound("no such organisation", organisation=organisation_id)
    if organisation is None:
        if not _CODE.fullmatch(code):
            problems.append(FieldProblem("code", "wrong_pattern"))
        elif session.scalar(select(Organisation.id).where(Organisation.code == code)) is not None:
            problems.append(FieldProblem("code", "name_taken"))
    if session.get(OrganisationKind, kind) is None:
        problems.append(FieldProblem("kind", "not_an_option"))
    areas = session.scalars(select(Area).where(Area.code.in_(list(area_codes)))).all()
    unknown = sorted(set(area_codes) - {area.code for area in areas})
    problems += [FieldProblem("areas", "unknown_area", {"value": each}) for each in unknown]
    if problems:
        raise InvalidInput("the organisation cannot be saved like that", problems)
    old: dict[str, Any] | None = None
    if organisation is None:
        organisation = Organisation(code=code, source=f"entered by {actor.username}")
        session.add(organisation)
    else:
        old = {"name": organisation.name, "duty": organisation.duty, "active": organisation.active}
    organisation.name, organisation.name_en, organisation.kind = name.strip(), name_en.strip(), kind
    organisation.duty, organisation.phone, organisation.active = duty.strip(), phone.strip(), active
    session.flush()
    _serve(session, organisation, {area.id for area in areas})
    history.record(
        session,
        actor,
        None,
        "organisation.added" if old is None else "organisation.changed",
        subject=organisation.code,
        organisation_id=organisation.id,
        old=old,
        new={"name": organisation.name, "duty": organisation.duty, "active": active, "areas": sorted(area_codes)},
    )
    return organisation


def _serve(session: Session, organisation: Organisation, wanted: set[int]) -> None:
    rows = session.scalars(select(OrganisationArea).where(OrganisationArea.organisation_id == organisation.id)).all()
    for row in rows:
        if row.area_id not in wanted:
            session.delete(row)
    known = {row.area_id for row in rows}
    session.add_all(OrganisationArea(organisation_id=organisation.id, area_id=each) for each in wanted - known)
    session.flush()


def _held(session: Session, person_id: int) -> Sequence[Role]:
    return session.scalars(
        select(Role)
        .join(RoleGrant, RoleGrant.role == Role.code)
        .where(RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None))
        .order_by(Role.code)
    ).all()


def _power(role: Role) -> str:
    """System, security, audit or the case work of everybody else."""
    return ADMINISTRATION.get(role.code, "system") if role.side == "administration" else "work"


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("no such person", person=person_id)
    return person


def _texts(**fields: tuple[str, int, bool]) -> list[FieldProblem]:
    problems = []
    for name, (value, limit, must) in fields.items():
        if must and not value.strip():
            problems.append(FieldProblem(name, "required"))
        elif len(value) > limit:
            problems.append(FieldProblem(name, "too_long", {"limit": limit, "length": len(value)}))
        elif "\0" in value:
            problems.append(FieldProblem(name, "bad_characters"))
    return problems
