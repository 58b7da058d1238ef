"""An instance for operators: path, tokens with masked variables, jobs, incidents, timers, messages; corrections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import clock, migration
from engine.bpmn.facts import LiveToken
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.instances.advancing import load
from engine.permissions import can
from engine.storage import (
    Case,
    DeploymentFile,
    EventSubscription,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
)
from engine.worklist import walked_elements
from web.context import actor, kick, session
from web.pages.workbench import door
from web.pages.workbench.trying import context

MASKED = ("phone", "name", "reporter", "id_card", "address", "contact", "party")
"""Variables whose name has one of these hold personal data: shown as dots."""


def _instance(instance_id: int) -> ProcessInstance:
    found = session().get(ProcessInstance, instance_id)
    if found is None:
        raise NotFound("no such instance", id=instance_id)
    return found


@door.get_page("/instances/<int:instance_id>", needs="instance.view")
def instance(instance_id: int) -> ResponseReturnValue:
    """Everything about one run."""
    found = _instance(instance_id)
    definition = session().get_one(ProcessDefinition, found.process_definition_id)
    xml = session().scalar(select(DeploymentFile.content).where(DeploymentFile.id == definition.file_id)) or b""
    open_tasks = (
        session()
        .scalars(select(Task).where(Task.instance_id == instance_id, Task.status == TaskStatus.OPEN).order_by(Task.id))
        .all()
    )
    case = session().get(Case, found.case_id) if found.case_id else None
    tokens = _tokens(found, case)
    return render_template(
        "workbench/instance.html",
        instance=found,
        definition=definition,
        case=case,
        xml=xml.decode(),
        walked=walked_elements(session(), instance_id=instance_id, by_process=True).get(definition.key, {}),
        current=sorted({t.element_id for t in tokens if not t.subscription and t.process_key == definition.key}),
        tokens=[(token, _masked(token.variables)) for token in tokens],
        tasks=open_tasks,
        jobs=_of(Job, instance_id),
        timers=_of(Timer, instance_id),
        waits=_of(EventSubscription, instance_id),
        incidents=_of(Incident, instance_id),
        elements=[e for e in definition.info.get("elements", ()) if e["type"] not in {"startEvent", "endEvent"}],
        may_move=can(actor(), "instance.move"),
        may_cancel=can(actor(), "instance.cancel") and found.ended_at is None,
    )


def _tokens(instance: ProcessInstance, case: Case | None) -> list[LiveToken]:
    """Where the process stands, read without holding it up."""
    if instance.ended_at is not None or instance.state is None:
        return []
    execution = load(session(), actor(), instance, case).execution
    facts = execution.facts()
    work = {each.key for each in (*facts.tasks, *facts.jobs, *facts.timers, *facts.waits)}
    return sorted(execution.tokens(), key=lambda token: (token.subscription, token.key not in work))


def _of(table: Any, instance_id: int) -> list[Any]:
    return list(session().scalars(select(table).where(table.instance_id == instance_id).order_by(table.id).limit(200)))


def _masked(value: Any) -> Any:
    """The same with dots instead of what names of personal data hold, however deep."""
    if isinstance(value, Mapping):
        personal = {name for name in value if any(word in str(name).lower() for word in MASKED)}
        return {name: "•••" if name in personal else _masked(value[name]) for name in sorted(value)}
    return [_masked(each) for each in value] if isinstance(value, list) else value


@door.post_deed("/instances/<int:instance_id>/move", needs="instance.move")
def instance_move(instance_id: int) -> ResponseReturnValue:
    """Move a token to another element, skip a step or repeat one."""
    reason, token = request.form.get("reason", "").strip(), request.form.get("token", "")
    match request.form.get("deed", "move"):
        case "skip":
            migration.skip(session(), actor(), instance_id, token, reason)
        case "repeat":
            migration.repeat(session(), actor(), instance_id, token, reason)
        case _:
            migration.move(session(), actor(), instance_id, token, request.form.get("element_id", ""), reason)
    kick(instance_id)
    return redirect(url_for("workbench.instance", instance_id=instance_id))


@door.post_deed("/instances/<int:instance_id>/data", needs="instance.move")
def instance_data(instance_id: int) -> ResponseReturnValue:
    """Put data right where a token stands."""
    variables, reason = context("variables"), request.form.get("reason", "").strip()
    if not variables:
        raise InvalidInput("which data?", [FieldProblem("variables", "required")])
    migration.set_variables(session(), actor(), instance_id, variables, reason, request.form.get("token", ""))
    kick(instance_id)
    return redirect(url_for("workbench.instance", instance_id=instance_id))


@door.post_deed("/instances/<int:instance_id>/cancel", needs="instance.cancel")
def instance_cancel(instance_id: int) -> ResponseReturnValue:
    """End this run; its case goes on without it."""
    migration.cancel(session(), actor(), instance_id, request.form.get("reason", "").strip())
    kick(instance_id)
    return redirect(url_for("workbench.instance", instance_id=instance_id))


@door.post_deed("/instances/<int:instance_id>/timers/<int:timer_id>", needs="instance.move")
def instance_timer(instance_id: int, timer_id: int) -> ResponseReturnValue:
    """Let a waiting timer fire now, or at another time."""
    timer = session().get(Timer, timer_id)
    if timer is None or timer.instance_id != instance_id:
        raise NotFound("no such timer", id=timer_id)
    reason = request.form.get("reason", "").strip()
    if request.form.get("deed") == "fire":
        migration.fire_timer(session(), actor(), timer_id, reason)
    else:
        migration.change_timer(session(), actor(), timer_id, _moment("at"), reason)
    kick(instance_id)
    return redirect(url_for("workbench.instance", instance_id=instance_id))


def _moment(name: str) -> datetime:
    text = request.form.get(name, "").strip()
    if not text:
        raise InvalidInput("a date is missing", [FieldProblem(name, "required")])
    try:
        return clock.parse(text)
    except ValueError as error:
        raise InvalidInput("no date", [FieldProblem(name, "not_a_datetime")]) from error
