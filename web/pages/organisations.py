"""The administrator's pages of organisations: what they are called, what they answer for, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from engine import people
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.reference import duties
from engine.storage import Area, Organisation, OrganisationArea, OrganisationKind
from engine.worklist import Page
from web import context
from web.doors import Door
from web.pages.desk import page_number
from web.wording import named

door = Door("organisations", __name__)
SIZE = 50
TEXTS = ("code", "name", "name_en", "kind", "duty", "phone", "areas")


@door.get_page("/admin/organisations", needs="organisation.edit")
def show_list() -> ResponseReturnValue:
    """All of them, by code."""
    session = context.session()
    search, kind = request.args.get("q", "").strip()[:80], request.args.get("kind", "")[:80]
    number = page_number()
    statement = select(Organisation)
    if search:
        columns = (Organisation.code, Organisation.name, Organisation.name_en, Organisation.duty)
        meant = [code for code, duty in duties().items() if search.lower() in named(duty).lower()]
        found = [column.contains(search, autoescape=True) for column in columns]
        statement = statement.where(or_(*found, Organisation.duty.in_(meant)))
    if kind:
        statement = statement.where(Organisation.kind == kind)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(statement.order_by(Organisation.code).limit(SIZE).offset((number - 1) * SIZE)).all()
    page = Page(rows, total, number, SIZE)
    return render_template(
        "admin/organisations.html", page=page, kinds=_kinds(), duties=duties(), search=search, kind=kind
    )


def _kinds() -> Sequence[OrganisationKind]:
    return context.session().scalars(select(OrganisationKind).order_by(OrganisationKind.position)).all()


@door.get_page("/admin/organisations/new", needs="organisation.edit")
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form(None, {"active": True}, ())


@door.get_page("/admin/organisations/<int:organisation_id>", needs="organisation.edit")
def show(organisation_id: int) -> ResponseReturnValue:
    """One, to be changed."""
    session = context.session()
    row = session.get(Organisation, organisation_id)
    if row is None:
        raise NotFound("no such organisation", organisation=organisation_id)
    codes = session.scalars(
        select(Area.code)
        .join(OrganisationArea, OrganisationArea.area_id == Area.id)
        .where(OrganisationArea.organisation_id == organisation_id)
        .order_by(Area.code)
    )
    typed = {name: getattr(row, name) for name in TEXTS if name != "areas"}
    return _form(row, {**typed, "areas": ", ".join(codes), "active": row.active}, ())


def _form(row: Organisation | None, typed: Mapping[str, Any], problems: Sequence[FieldProblem]) -> str:
    return render_template(
        "admin/organisation.html",
        row=row,
        typed=typed,
        problems=problems,
        kinds=_kinds(),
        duties=[(duty.code, named(duty)) for duty in duties().values()],
    )


@door.post_deed("/admin/organisations/new", needs="organisation.edit")
def add() -> ResponseReturnValue:
    """A new one."""
    return _save(None)


@door.post_deed("/admin/organisations/<int:organisation_id>", needs="organisation.edit")
def change(organisation_id: int) -> ResponseReturnValue:
    """Change it."""
    return _save(organisation_id)


def _save(organisation_id: int | None) -> ResponseReturnValue:
    typed: dict[str, Any] = {name: request.form.get(name, "").strip() for name in TEXTS}
    typed["active"] = request.form.get("active") == "1"
    codes = [code.strip() for code in typed["areas"].replace("，", ",").split(",") if code.strip()]
    session = context.session()
    try:
        row = people.save_organisation(
            session,
            context.actor(),
            organisation_id,
            code=typed["code"],
            name=typed["name"],
            name_en=typed["name_en"],
            kind=typed["kind"],
            duty=typed["duty"],
            phone=typed["phone"],
            area_codes=codes,
            active=typed["active"],
        )
    except InvalidInput as error:
        context.rollback()
        known = session.get(Organisation, organisation_id) if organisation_id else None
        return _form(known, typed, error.problems), 422
    flash(_("Saved."), "success")
    return redirect(url_for("organisations.show", organisation_id=row.id))
