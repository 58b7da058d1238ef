"""Running instances to another version: planned, tried without harm, watched, paused, taken back. For operators."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from engine import migration
from engine.bpmn import path
from engine.errors import NotFound, Problem
from engine.storage import (
    DefinitionState,
    HistoryEvent,
    Migration,
    MigrationStep,
    MigrationStepStatus,
    Person,
    ProcessDefinition,
    ProcessInstance,
)
from web.asked import number_of
from web.context import actor, house, session
from web.pages.workbench import door
from web.pages.workbench.versions import LIVE
from web.problems import text_of

FIELD = "map."
SHOWN = 100


@door.get_page("/migrations", needs="instance.migrate")
def migrations() -> ResponseReturnValue:
    """Processes that run on several versions, and what was taken over so far."""
    running = session().execute(
        select(ProcessDefinition.key, ProcessDefinition.name, ProcessDefinition.version, func.count())
        .join(ProcessInstance, ProcessInstance.process_definition_id == ProcessDefinition.id)
        .where(ProcessInstance.status.in_(LIVE))
        .group_by(ProcessDefinition.id)
        .order_by(ProcessDefinition.key, ProcessDefinition.version)
    )
    newest = dict(
        session()
        .execute(
            select(ProcessDefinition.key, func.max(ProcessDefinition.version))
            .where(ProcessDefinition.state == DefinitionState.PUBLISHED)
            .group_by(ProcessDefinition.key)
        )
        .all()
    )
    behind: dict[str, list[Any]] = {}
    for row in running:
        if row.key in newest and row.version != newest[row.key]:
            behind.setdefault(row.key, []).append(row)
    begun = session().execute(
        select(Migration, ProcessDefinition.name, ProcessDefinition.version)
        .join(ProcessDefinition, ProcessDefinition.id == Migration.to_definition_id)
        .order_by(Migration.id.desc())
        .limit(SHOWN)
    )
    return render_template("workbench/migrations.html", behind=behind, newest=newest, begun=begun.all())


@door.get_page("/migrations/plan/<process_key>", needs="instance.migrate")
def migration_plan(process_key: str) -> ResponseReturnValue:
    """Choose the version and where elements go; with ``try`` it is tried on every instance, and nothing changes."""
    with house().database.transaction() as planning:  # keeps the composition it may have to write, nothing else
        plan = migration.plan(planning, actor(), process_key, request.args.get("version", type=number_of))
        chosen = {**plan.mapping, **_mapping(request.args)}
        groups = migration.dry_run(planning, actor(), plan, _given(chosen)) if request.args.get("try") else None
    target = session().get_one(ProcessDefinition, plan.definition_id)
    versions = session().scalars(
        select(ProcessDefinition.version)
        .where(ProcessDefinition.key == process_key, ProcessDefinition.state == DefinitionState.PUBLISHED)
        .order_by(ProcessDefinition.version.desc())
    )
    return render_template(
        "workbench/migration_plan.html",
        plan=plan,
        target=target,
        versions=versions.all(),
        chosen={name: chosen.get(name, "") for name in sorted({*plan.mapping, *plan.open})},
        names=_names(process_key),
        targets=plan.targets,
        groups=[(group, [text_of(problem) for problem in group.problems]) for group in groups or ()],
        tried=groups is not None,
    )


def _mapping(given: Any) -> dict[str, str]:
    return {name.removeprefix(FIELD): value for name, value in given.items() if name.startswith(FIELD)}


def _given(mapping: dict[str, str]) -> dict[str, str]:
    return {old: new for old, new in mapping.items() if new}


def _names(process_key: str) -> dict[str, str]:
    """Where elements of a process and of those it may call stand (``path``) → the newest version's word for them."""
    rows = session().execute(
        select(ProcessDefinition.key, ProcessDefinition.info).order_by(ProcessDefinition.version, ProcessDefinition.id)
    )
    return {
        path(process_key, key, each["id"]): each["name"] or each["id"]
        for key, info in rows
        for each in info.get("elements", ())
    }


@door.post_deed("/migrations/plan/<process_key>", needs="instance.migrate")
def migration_begin(process_key: str) -> ResponseReturnValue:
    """Owe every running instance of another version its going over; the worker takes them one by one."""
    plan = migration.plan(session(), actor(), process_key, request.form.get("version", type=number_of))
    mapping = _given({**plan.mapping, **_mapping(request.form)})
    begun = migration.begin(session(), actor(), plan, request.form.get("reason", ""), mapping)
    return _to(begun)


def _to(begun: Migration) -> ResponseReturnValue:
    return redirect(url_for("workbench.migration_show", migration_id=begun.id))


@door.get_page("/migrations/<int:migration_id>", needs="instance.migrate")
def migration_show(migration_id: int) -> ResponseReturnValue:
    """How far it is, which instances were refused and why, what can be done about it."""
    found = session().get(Migration, migration_id)
    if found is None:
        raise NotFound("no such migration", id=migration_id)
    refused = session().scalars(
        select(MigrationStep)
        .where(MigrationStep.migration_id == migration_id, MigrationStep.status == MigrationStepStatus.REFUSED)
        .order_by(MigrationStep.id)
        .limit(SHOWN)
    )
    counts = migration.progress(session(), found)
    return render_template(
        "workbench/migration.html",
        migration=found,
        target=session().get_one(ProcessDefinition, found.to_definition_id),
        counts=counts,
        total=sum(counts.values()),
        refused=[(step.instance_id, [_reason(each) for each in step.problems]) for step in refused],
        gone=_gone(found),
        history=_history(found),
        live=found.status.value in ("running", "reverting"),
    )


def _gone(found: Migration) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Name and path of the elements that were taken to be others, and of those."""
    names = _names(found.process_key)
    pairs = []
    for old, new in found.mapping.items():
        there = old.removesuffix(old.rpartition("/")[2]) + new
        if old in names:
            pairs.append(((names[old], old), (names.get(there, there), there)))
    return pairs


def _reason(problem: dict[str, Any]) -> str:
    return text_of(Problem(problem["code"], "", problem["element_id"], facts=problem["facts"]))


def _history(found: Migration) -> list[Any]:
    rows = session().execute(
        select(HistoryEvent, Person.display_name)
        .outerjoin(Person, Person.id == HistoryEvent.person_id)
        .where(HistoryEvent.kind.startswith("migration."), HistoryEvent.subject == found.process_key)
        .order_by(HistoryEvent.id.desc())
        .limit(SHOWN)
    )
    return [(event, name) for event, name in rows if (event.details or {}).get("migration") == found.id]


@door.post_deed("/migrations/<int:migration_id>/pause", needs="instance.migrate")
def migration_pause(migration_id: int) -> ResponseReturnValue:
    """Let no further instance go over."""
    return _to(migration.pause(session(), actor(), migration_id, request.form.get("reason", "")))


@door.post_deed("/migrations/<int:migration_id>/resume", needs="instance.migrate")
def migration_resume(migration_id: int) -> ResponseReturnValue:
    """Go on with a paused one."""
    return _to(migration.resume(session(), actor(), migration_id))


@door.post_deed("/migrations/<int:migration_id>/revert", needs="instance.migrate")
def migration_revert(migration_id: int) -> ResponseReturnValue:
    """Take back every instance that has not gone on since."""
    return _to(migration.revert(session(), actor(), migration_id, request.form.get("reason", "")))
