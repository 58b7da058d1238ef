"""Versions of processes, decisions and forms: who published what when; back to one, out of use, with live counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from engine import drafts
from engine.drafts.versions import TABLES
from engine.errors import NotFound
from engine.storage import (
    DefinitionState,
    Deployment,
    DeploymentFile,
    Draft,
    InstanceStatus,
    Person,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
)
from web.context import actor, session
from web.kept import came_from
from web.pages.workbench import door

LIVE = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)
MOST = 200


@dataclass(frozen=True)
class Version:
    """One row of the table. ``draft``: what it was reviewed as, when it came from the workbench; ``running``: instances
    on it, of a process; ``in_force``: what is new begins with it.
    """

    kind: str
    definition: Any
    deployment: Deployment
    publisher: str
    draft: Draft | None
    running: int | None
    in_force: bool


def versions_of(*, path: str = "", kind: str = "", key: str = "") -> list[Version]:
    """The versions of everything below a ``path``, or of one definition; newest first within each."""
    found: list[Version] = []
    running = dict(
        session()
        .execute(
            select(ProcessInstance.process_definition_id, func.count())
            .where(ProcessInstance.status.in_(LIVE))
            .group_by(ProcessInstance.process_definition_id)
        )
        .all()
    )
    for each, table in TABLES.items():
        if kind in ("", each):
            found += _rows(each, table, path, key, running)
    return found


def _rows(kind: str, table: Any, path: str, key: str, running: dict[int, int]) -> list[Version]:
    statement = (
        select(table, Deployment)
        .join(DeploymentFile, DeploymentFile.id == table.file_id)
        .join(Deployment, Deployment.id == table.deployment_id)
        .order_by(table.key, table.version.desc())
        .limit(MOST)
    )
    statement = statement.where(table.key == key) if key else statement
    statement = statement.where(DeploymentFile.path.startswith(path, autoescape=True)) if path else statement
    rows = session().execute(statement).all()
    people = {deployment.created_by_id for _, deployment in rows}
    names = dict(session().execute(select(Person.id, Person.display_name).where(Person.id.in_(people))).all())
    came_with = select(Draft).where(Draft.deployment_id.in_({deployment.id for _, deployment in rows}))
    reviewed = {draft.deployment_id: draft for draft in session().scalars(came_with)}
    newest: dict[str, int] = {}
    for definition, _ in rows:
        if definition.state is DefinitionState.PUBLISHED:
            newest.setdefault(definition.key, definition.id)
    return [
        Version(
            kind,
            definition,
            deployment,
            names.get(deployment.created_by_id, ""),
            reviewed.get(deployment.id),
            running.get(definition.id, 0) if kind == "process" else None,
            newest.get(definition.key) == definition.id,
        )
        for definition, deployment in rows
    ]


@door.get_page("/definitions/<int:definition_id>", needs="deployment.view")
def version(definition_id: int) -> ResponseReturnValue:
    """One version of a process: its diagram with the open tasks of the instances that run on it."""
    definition = session().get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound("no such version", id=definition_id)
    file = session().get_one(DeploymentFile, definition.file_id)
    counts = session().execute(
        select(Task.element_id, func.count())
        .join(ProcessInstance, ProcessInstance.id == Task.instance_id)
        .where(
            ProcessInstance.process_definition_id == definition.id,
            Task.process_key == definition.key,
            Task.status == TaskStatus.OPEN,
        )
        .group_by(Task.element_id)
    )
    rows = select(ProcessInstance).where(ProcessInstance.process_definition_id == definition.id)
    instances = session().scalars(rows.order_by(ProcessInstance.id.desc()).limit(MOST)).all()
    return render_template(
        "workbench/version.html",
        definition=definition,
        bundle=file.path.split("/")[1],
        xml=file.content.decode(),
        counts=dict(counts.all()),
        instances=instances,
    )


def _definition(kind: str, definition_id: int) -> Any:
    found = session().get(TABLES[kind], definition_id) if kind in TABLES else None
    if found is None:
        raise NotFound("no such version", kind=kind, id=definition_id)
    return found


@door.post_deed("/versions/<kind>/<int:definition_id>/go-back", needs="deployment.publish")
def go_back(kind: str, definition_id: int) -> ResponseReturnValue:
    """Make an earlier version the one new cases start with."""
    found = _definition(kind, definition_id)
    drafts.go_back(session(), actor(), kind, found.key, found.version, request.form.get("reason", ""))
    return redirect(came_from() or url_for("workbench.processes"))


@door.post_deed("/versions/<kind>/<int:definition_id>/retire", needs="deployment.retire")
def retire(kind: str, definition_id: int) -> ResponseReturnValue:
    """Let nothing new begin with a process, decision or form; what runs goes on."""
    found = _definition(kind, definition_id)
    drafts.retire(session(), actor(), kind, found.key, request.form.get("reason", ""))
    return redirect(came_from() or url_for("workbench.processes"))
