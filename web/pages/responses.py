"""Responses to events: what may be started without a case, the form first, and what is running now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import undefer

from engine import broadcasts, cases, clock, forms
from engine.case_context import level_of
from engine.domain_functions import LIBRARY, host_for
from engine.errors import FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.permissions import visible_cases
from engine.storage import (
    Broadcast,
    BroadcastStatus,
    Case,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
)
from web import context, widgets
from web.doors import Door

door = Door("responses", __name__)
DRILLED = "contingency"
"""Started by itself, without a case, a contingency is a drill; a real one begins through a process that opens cases."""


@door.get_page("/responses", needs="contingency.start")
def show_list() -> ResponseReturnValue:
    """What may be started, and what runs where the actor may look, with the number of its open tasks."""
    session, actor = context.session(), context.actor()
    startable = cases.startable(session, actor)
    open_tasks = (
        select(Task.instance_id, func.count().label("count"))
        .where(Task.status == TaskStatus.OPEN)
        .group_by(Task.instance_id)
        .subquery()
    )
    running = session.execute(
        select(ProcessInstance, ProcessDefinition.name, func.coalesce(open_tasks.c.count, 0), Case)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.process_definition_id)
        .outerjoin(Case, Case.id == ProcessInstance.case_id)
        .outerjoin(open_tasks, open_tasks.c.instance_id == ProcessInstance.id)
        .options(undefer(ProcessInstance.state))  # the level stands in it
        .where(ProcessDefinition.kind == DRILLED, ProcessInstance.status == InstanceStatus.ACTIVE)
        .where(or_(ProcessInstance.case_id.is_(None), visible_cases(actor)))
        .order_by(ProcessInstance.id.desc())
        .limit(200)
    ).all()
    return render_template(
        "responses/list.html",
        ways=[d for d in startable if d.kind != DRILLED and d.start_form],
        drills=[d for d in startable if d.kind == DRILLED],
        running=[(*row, level_of(row[0].state)) for row in running],
        signals=session.scalars(
            select(Broadcast).where(Broadcast.status == BroadcastStatus.SPREADING).order_by(Broadcast.id.desc())
        ).all(),
    )


@door.post_deed("/responses/broadcasts/<int:broadcast_id>/stop", needs="broadcast.send")
def stop_signal(broadcast_id: int) -> ResponseReturnValue:
    """A signal that should not have been sent goes no further."""
    reason = request.form.get("reason", "").strip()[:2000]
    signal = broadcasts.stop(context.session(), context.actor(), broadcast_id, reason)
    flash(_("The signal “%(name)s” goes no further.", name=signal.name), "success")
    return redirect(url_for("responses.show_list"))


@door.get_page("/responses/<process_key>", needs="contingency.start")
def show(process_key: str) -> ResponseReturnValue:
    """The form of a response before it starts."""
    return _page(process_key, None, ())


def _definition(process_key: str) -> ProcessDefinition:
    found = cases.startable(context.session(), context.actor())
    definition = next((d for d in found if d.key == process_key), None)
    if definition is None:
        raise NotFound("no such response", process=process_key)
    return definition


def _nodes(
    definition: ProcessDefinition, raw: Mapping[str, Any] | None, problems: Sequence[FieldProblem] = ()
) -> list[forms.Node]:
    nodes = forms.present(
        cases.start_form(context.session(), definition),
        raw,
        problems=problems,
        host=host_for(context.session()),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
        worded=widgets.plain_value,
    )
    return widgets.titled(nodes, definition.name)


def _page(process_key: str, raw: Mapping[str, Any] | None, problems: Sequence[FieldProblem]) -> str:
    definition = _definition(process_key)
    schema = cases.start_form(context.session(), definition)
    return render_template(
        "responses/start.html",
        definition=definition,
        nodes=_nodes(definition, raw, problems),
        problems=problems,
        labels={field.path: field.label for field in forms.fields(schema)},
        decides=widgets.decides(schema),
    )


@door.post_question("/responses/<process_key>/form", needs="contingency.start")
def refresh(process_key: str) -> ResponseReturnValue:
    """The fields again, with what stands in them now: some may appear or go."""
    definition = _definition(process_key)
    raw = widgets.posted_without_files(cases.start_form(context.session(), definition))
    return render_template("desk/fields.html", nodes=_nodes(definition, raw))


@door.post_deed("/responses/<process_key>", needs="contingency.start")
def start(process_key: str) -> ResponseReturnValue:
    """Start a response."""
    definition = _definition(process_key)
    schema = cases.start_form(context.session(), definition)
    try:
        raw = widgets.posted(schema)
    except InvalidInput as error:
        context.rollback()
        return _page(process_key, widgets.posted_without_files(schema), error.problems), 422
    act = request.form.get("_act", "")
    if act.startswith(("add:", "drop:")) or act == "refresh":
        return _page(process_key, raw, ())
    try:
        instance = cases.start_process(
            context.session(),
            context.actor(),
            process_key,
            raw,
            drill=definition.kind == DRILLED,
            submission=request.form.get("_submission", "")[:80],
        )
    except InvalidInput as error:
        context.rollback()
        return _page(process_key, raw, error.problems), 422
    except NotAllowed:
        context.rollback()
        return _page(process_key, raw, [FieldProblem("district", "start_out_of_reach", {})]), 422
    context.kick(instance.id)
    flash(_("Started: %(name)s.", name=definition.name), "success")
    return redirect(url_for("responses.show_list"))
