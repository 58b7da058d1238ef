"""What needs an operator: look, correct, try again, or close with a reason."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from engine import incidents
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.storage import Case, Incident, IncidentStatus, Job, Person, ProcessDefinition, ProcessInstance
from engine.worklist import Page
from web import context
from web.doors import Door
from web.pages.desk import page_number

door = Door("incidents", __name__)
SIZE = 50


@door.get_page("/incidents", needs="incident.view")
def show_list() -> ResponseReturnValue:
    """The open ones first; or those of another state."""
    session = context.session()
    status = request.args.get("status", "open")
    number = page_number()
    conditions = [Incident.status == status] if status in {each.value for each in IncidentStatus} else []
    total = session.scalar(select(func.count()).select_from(Incident).where(*conditions)) or 0
    rows = session.execute(
        select(Incident, Case.number, ProcessDefinition.name)
        .outerjoin(Case, Case.id == Incident.case_id)
        .outerjoin(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .outerjoin(ProcessDefinition, ProcessDefinition.id == ProcessInstance.process_definition_id)
        .where(*conditions)
        .order_by(Incident.id.desc())
        .limit(SIZE)
        .offset((number - 1) * SIZE)
    ).all()
    return render_template("admin/incidents.html", page=Page(rows, total, number, SIZE), status=status)


@door.get_page("/incidents/<int:incident_id>", needs="incident.view")
def show(incident_id: int) -> ResponseReturnValue:
    """One of them, with what was tried."""
    return _page(incident_id, ())


def _page(incident_id: int, problems: Any, typed: str | None = None) -> str:
    session = context.session()
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound("no such incident", incident=incident_id)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    instance = session.get(ProcessInstance, incident.instance_id) if incident.instance_id else None
    definition = session.get(ProcessDefinition, instance.process_definition_id) if instance else None
    elements = {e["id"]: e.get("name") for e in (definition.info.get("elements", ()) if definition else ())}
    inputs = _text(job.inputs) if job else ""
    return render_template(
        "admin/incident.html",
        incident=incident,
        job=job,
        case=session.get(Case, incident.case_id) if incident.case_id else None,
        definition=definition,
        element=elements.get(incident.element_id) or incident.element_id,
        resolver=session.get(Person, incident.resolved_by_id) if incident.resolved_by_id else None,
        inputs=inputs if typed is None else typed,
        facts=incident.facts,
        problems=problems,
        retries=bool(incident.job_id or incident.timer_key or incident.message_id),
    )


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@door.post_deed("/incidents/<int:incident_id>/retry", needs="incident.handle")
def retry(incident_id: int) -> ResponseReturnValue:
    """Try again, with the inputs put right."""
    typed = request.form.get("inputs", "")
    try:
        changed = _changed(incident_id, typed)
        incident = incidents.retry(
            context.session(),
            context.actor(),
            incident_id,
            inputs=changed,
            correlation_key=request.form.get("correlation_key") or None,
            reason=request.form.get("reason", "")[:2000],
        )
    except InvalidInput as error:
        context.rollback()
        return _page(incident_id, error.problems, typed), 422
    context.kick(incident.instance_id)
    flash(_("It is being tried again."), "success")
    return redirect(url_for("incidents.show", incident_id=incident_id))


def _changed(incident_id: int, typed: str) -> dict[str, Any] | None:
    """Only the inputs that were changed: the others keep their exact values."""
    if not typed.strip():
        return None
    try:
        wanted = json.loads(typed[:100_000], parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidInput("the inputs are no JSON", [FieldProblem("inputs", "not_json")]) from None
    if not isinstance(wanted, dict):
        raise InvalidInput("the inputs are no object", [FieldProblem("inputs", "not_json")])
    incident = context.session().get(Incident, incident_id)
    job = context.session().get(Job, incident.job_id) if incident and incident.job_id else None
    before = json.loads(_text(job.inputs)) if job else {}
    return {name: value for name, value in wanted.items() if before.get(name) != value} or None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


@door.post_deed("/incidents/<int:incident_id>/dismiss", needs="incident.handle")
def dismiss(incident_id: int) -> ResponseReturnValue:
    """Close it without success."""
    try:
        incidents.dismiss(context.session(), context.actor(), incident_id, request.form.get("reason", "")[:2000])
    except InvalidInput as error:
        context.rollback()
        return _page(incident_id, error.problems), 422
    flash(_("The incident is closed."), "success")
    return redirect(url_for("incidents.show_list"))
