"""The security administrator's pages: people, their roles, their sessions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from engine import history, people
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.storage import LoginSession, Organisation, Person, Role, RoleGrant
from engine.worklist import Page
from web import context, login, passwords
from web.doors import Door
from web.pages.desk import page_number
from web.wording import error_words, problem_words

door = Door("people", __name__)
SIZE = 50


@door.get_page("/admin/people", needs="people.manage")
def show_list() -> ResponseReturnValue:
    """Everybody, by name; or those who hold a role."""
    return _list({}, ())


def _list(typed: dict[str, str], problems: Sequence[FieldProblem]) -> str:
    session = context.session()
    search, role = request.args.get("q", "").strip()[:80], request.args.get("role", "")[:80]
    number = page_number()
    statement = select(Person)
    if search:
        statement = statement.where(
            or_(
                Person.username.contains(search, autoescape=True), Person.display_name.contains(search, autoescape=True)
            )
        )
    if role:
        held = select(RoleGrant.person_id).where(RoleGrant.role == role, RoleGrant.revoked_at.is_(None))
        statement = statement.where(Person.id.in_(held))
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(statement.order_by(Person.username).limit(SIZE).offset((number - 1) * SIZE)).all()
    return render_template(
        "admin/people.html",
        page=Page(rows, total, number, SIZE),
        grants=_grants([person.id for person in rows]),
        roles=_roles(),
        search=search,
        role=role,
        typed=typed,
        problems=problems,
    )


def _roles() -> Sequence[Role]:
    return context.session().scalars(select(Role).order_by(Role.position)).all()


def _grants(person_ids: Sequence[int]) -> dict[int, list[tuple[RoleGrant, Role, Organisation]]]:
    rows = context.session().execute(
        select(RoleGrant, Role, Organisation)
        .join(Role, Role.code == RoleGrant.role)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(RoleGrant.person_id.in_(person_ids), RoleGrant.revoked_at.is_(None))
        .order_by(Role.position, Organisation.code)
    )
    found: dict[int, list[tuple[RoleGrant, Role, Organisation]]] = {}
    for grant, role, organisation in rows:
        found.setdefault(grant.person_id, []).append((grant, role, organisation))
    return found


@door.post_deed("/admin/people", needs="people.manage")
def add() -> ResponseReturnValue:
    """Somebody new, with a password to be handed over once."""
    form = request.form
    typed = {name: form.get(name, "").strip() for name in ("username", "display_name", "phone", "email")}
    try:
        person = people.add_person(
            context.session(),
            context.actor(),
            typed["username"],
            typed["display_name"],
            phone=typed["phone"],
            email=typed["email"],
        )
    except InvalidInput as error:
        context.rollback()
        return _list(typed, error.problems), 422
    _new_password(person)
    return redirect(url_for("people.show", person_id=person.id))


def _new_password(person: Person) -> None:
    password = secrets.token_urlsafe(10)
    passwords.change(context.session(), context.actor(), person.id, None, password, password)
    login.end_others(context.session(), person.id)
    flash(
        _("The first password of %(name)s is %(password)s – shown only now.", name=person.username, password=password)
    )


@door.get_page("/admin/people/<int:person_id>", needs="people.manage")
def show(person_id: int) -> ResponseReturnValue:
    """One person: roles, sessions, whether they may come in."""
    session = context.session()
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("no such person", person=person_id)
    sessions = session.scalars(
        select(LoginSession)
        .where(LoginSession.person_id == person_id, LoginSession.ended_at.is_(None))
        .order_by(LoginSession.last_seen_at.desc())
        .limit(20)
    ).all()
    organisations = session.scalars(
        select(Organisation).where(Organisation.active).order_by(Organisation.code).limit(3000)
    ).all()
    return render_template(
        "admin/person.html",
        person=person,
        grants=_grants([person_id]).get(person_id, []),
        sessions=sessions,
        roles=_roles(),
        organisations=organisations,
        own=person_id == context.actor().person_id,
    )


@door.post_deed("/admin/people/<int:person_id>", needs="people.manage")
def change(person_id: int) -> ResponseReturnValue:
    """Another name; in or out."""
    active = request.form.get("active") == "1"
    try:
        people.change_person(
            context.session(), context.actor(), person_id, request.form.get("display_name", ""), active
        )
    except (InvalidInput, Conflict) as error:
        return _back(person_id, error)
    if not active:
        login.end_others(context.session(), person_id)
    flash(_("Saved."), "success")
    return redirect(url_for("people.show", person_id=person_id))


@door.post_deed("/admin/people/<int:person_id>/password", needs="people.manage")
def reset_password(person_id: int) -> ResponseReturnValue:
    """A new first password; all sessions end."""
    person = context.session().get(Person, person_id)
    if person is None:
        raise NotFound("no such person", person=person_id)
    _new_password(person)
    return redirect(url_for("people.show", person_id=person_id))


@door.post_deed("/admin/people/<int:person_id>/sessions/end", needs="session.end")
def end_sessions(person_id: int) -> ResponseReturnValue:
    """Log somebody out everywhere."""
    person = context.session().get(Person, person_id)
    if person is None:
        raise NotFound("no such person", person=person_id)
    count = login.end_others(context.session(), person_id)
    history.record(
        context.session(), context.actor(), None, "session.ended", subject=person.username, details={"count": count}
    )
    flash(_("All sessions of %(name)s have ended.", name=person.display_name), "success")
    return redirect(url_for("people.show", person_id=person_id))


@door.post_deed("/admin/people/<int:person_id>/roles", needs="people.manage")
def grant(person_id: int) -> ResponseReturnValue:
    """One more role."""
    wanted = request.form.get("organisation", "")
    organisation = context.session().scalar(select(Organisation.id).where(Organisation.code == wanted))
    try:
        people.grant_role(
            context.session(), context.actor(), person_id, request.form.get("role", ""), organisation or 0
        )
    except (InvalidInput, Conflict) as error:
        return _back(person_id, error)
    flash(_("The role is granted."), "success")
    return redirect(url_for("people.show", person_id=person_id))


@door.post_deed("/admin/people/<int:person_id>/roles/<int:grant_id>/revoke", needs="people.manage")
def revoke(person_id: int, grant_id: int) -> ResponseReturnValue:
    """One role less."""
    try:
        people.revoke_role(context.session(), context.actor(), grant_id)
    except Conflict as error:
        return _back(person_id, error)
    flash(_("The role is revoked."), "success")
    return redirect(url_for("people.show", person_id=person_id))


def _back(person_id: int, error: InvalidInput | Conflict) -> ResponseReturnValue:
    context.rollback()
    if isinstance(error, InvalidInput):
        for problem in error.problems:
            flash(problem_words(problem), "danger")
    else:
        flash(error_words(error)[1], "danger")
    return redirect(url_for("people.show", person_id=person_id))
