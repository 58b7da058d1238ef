"""A migration under way: one job per instance, each in its own transaction; paused, gone on with, taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.bpmn.facts import Wait
from engine.errors import Conflict, DeploymentRejected, FieldProblem, InvalidInput
from engine.instances import Advance, compose_with, load_bundle
from engine.instances.advancing import load, lock_instance, save
from engine.instances.conditions import look_again
from engine.instances.jobs import JOBS, owe
from engine.instances.tasks import TASKS
from engine.migration.planning import RUNNING, Plan
from engine.permissions import Actor, require
from engine.storage import (
    Base,
    Case,
    EventSubscription,
    Job,
    JobLane,
    JobStatus,
    Migration,
    MigrationStatus,
    MigrationStep,
    MigrationStepStatus,
    ProcessDefinition,
    ProcessInstance,
    Timer,
    lock,
)

STEPS = Base.metadata.tables[MigrationStep.__tablename__]
TIMERS = Base.metadata.tables[Timer.__tablename__]
SUBSCRIPTIONS = Base.metadata.tables[EventSubscription.__tablename__]
_GONE_ON = -1
"""In place of the version an instance had right after: going over has let it go on, it cannot be taken back."""
UNDER_WAY = (MigrationStatus.RUNNING, MigrationStatus.REVERTING)


def begin(
    session: Session, actor: Actor, plan: Plan, reason: str, mapping: Mapping[str, str] | None = None
) -> Migration:
    """Owe every running instance of an older version its migration.

    Raises:
        NotAllowed. InvalidInput: no reason. Conflict: another migration of this process is under way.
    """
    require(actor, "instance.migrate")
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
    other = session.scalar(
        select(Migration.id).where(Migration.process_key == plan.process_key, Migration.status.in_(UNDER_WAY)).limit(1)
    )
    if other is not None:
        raise Conflict("another migration is under way", kind="duplicate", migration=other)
    target = session.get_one(ProcessDefinition, plan.definition_id)
    migration = Migration(
        process_key=plan.process_key,
        to_definition_id=target.id,
        composition_id=compose_with(session, target),
        mapping=dict(plan.mapping if mapping is None else mapping),
        reason=reason,
        created_at=clock.now(),
        created_by_id=actor.person_id,
    )
    session.add(migration)
    session.flush()
    running = select(ProcessInstance.id).where(
        ProcessInstance.process_key == plan.process_key,
        ProcessInstance.process_definition_id != target.id,
        ProcessInstance.status.in_(RUNNING),
    )
    rows = [
        {
            "migration_id": migration.id,
            "instance_id": identity,
            "status": MigrationStepStatus.PENDING,
            "problems": [],
            "lock_version": 0,
        }
        for identity in session.scalars(running)
    ]
    if rows:
        session.execute(insert(STEPS), rows)
    _owe(session, migration, MigrationStepStatus.PENDING, "migrate")
    _tell(session, actor, migration, "migration.begun", reason)
    return migration


def _owe(session: Session, migration: Migration, status: MigrationStepStatus, kind: str) -> None:
    rows = session.execute(
        select(MigrationStep.id, MigrationStep.instance_id, ProcessInstance.case_id)
        .join(ProcessInstance, ProcessInstance.id == MigrationStep.instance_id)
        .where(MigrationStep.migration_id == migration.id, MigrationStep.status == status)
        .order_by(MigrationStep.id)
    ).all()
    if rows:
        session.execute(
            insert(JOBS),
            [
                owe(
                    kind,
                    _type(migration),
                    case_id=row.case_id,
                    instance_id=row.instance_id,
                    inputs={"step": row.id},
                    lane=JobLane.BULK,
                )
                for row in rows
            ],
        )
    else:
        migration.status = MigrationStatus.DONE if kind == "migrate" else MigrationStatus.REVERTED
        migration.finished_at = clock.now()


def _type(migration: Migration) -> str:
    return f"migration:{migration.id}"


def pause(session: Session, actor: Actor, migration_id: int, reason: str = "") -> Migration:
    """Let no further instance go over.

    Raises:
        NotFound, NotAllowed. Conflict: it is not running.
    """
    migration = _locked(session, actor, migration_id, MigrationStatus.RUNNING)
    session.execute(
        update(JOBS)
        .where(JOBS.c.type == _type(migration), JOBS.c.status == JobStatus.OWED)
        .values(status=JobStatus.CANCELLED, finished_at=clock.now())
    )
    migration.status = MigrationStatus.PAUSED
    _tell(session, actor, migration, "migration.paused", reason)
    return migration


def resume(session: Session, actor: Actor, migration_id: int) -> Migration:
    """Go on with a paused migration.

    Raises:
        NotFound, NotAllowed. Conflict: it is not paused.
    """
    migration = _locked(session, actor, migration_id, MigrationStatus.PAUSED)
    migration.status = MigrationStatus.RUNNING
    _owe(session, migration, MigrationStepStatus.PENDING, "migrate")
    _tell(session, actor, migration, "migration.resumed", "")
    return migration


def revert(session: Session, actor: Actor, migration_id: int, reason: str) -> Migration:
    """Take back every instance that has not gone on since; those that have keep the new version.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: it is running; pause it first.
    """
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
    migration = _locked(session, actor, migration_id, MigrationStatus.PAUSED, MigrationStatus.DONE)
    migration.status = MigrationStatus.REVERTING
    _owe(session, migration, MigrationStepStatus.DONE, "migrate_back")
    _tell(session, actor, migration, "migration.reverted", reason)
    return migration


def progress(session: Session, migration: Migration) -> dict[str, int]:
    """How many instances are in which state; brings the migration to its end when none is left."""
    counts: Counter[str] = Counter(
        {
            status.value: number
            for status, number in session.execute(
                select(MigrationStep.status, func.count())
                .where(MigrationStep.migration_id == migration.id)
                .group_by(MigrationStep.status)
            )
        }
    )
    return dict(counts)


def _locked(session: Session, actor: Actor, migration_id: int, *wanted: MigrationStatus) -> Migration:
    require(actor, "instance.migrate")
    migration = lock(session, Migration, migration_id)
    if migration.status not in wanted:
        raise Conflict("the migration is in another state", kind="stale", status=migration.status.value)
    return migration


def _tell(session: Session, actor: Actor, migration: Migration, kind: str, reason: str) -> None:
    session.flush()
    history.record(
        session, actor, None, kind, subject=migration.process_key, reason=reason, details={"migration": migration.id}
    )


def migrate_one(session: Session, actor: Actor, step_id: int) -> bool:
    """Take one instance over; False when it was refused or has ended. For jobs."""
    step, migration, advance = _step(session, actor, step_id, MigrationStepStatus.PENDING)
    if advance is None:
        return False
    instance = advance.instance
    bundle = load_bundle(session, migration.composition_id, migration.process_key)
    try:
        execution = advance.execution.migrate(bundle.program, migration.mapping)
    except DeploymentRejected as error:
        step.status = MigrationStepStatus.REFUSED
        step.problems = [{"code": p.code, "element_id": p.element_id, "facts": dict(p.facts)} for p in error.problems]
        _finish(session, migration, MigrationStepStatus.PENDING, MigrationStatus.DONE)
        return False
    step.old_state, step.old_composition_id = instance.state, instance.composition_id
    step.old_definition_id = instance.process_definition_id
    instance.composition_id, instance.process_definition_id = migration.composition_id, migration.to_definition_id
    advance.execution, advance.bundle = execution, bundle
    went_on = bool(execution.facts().steps)
    _go_over(advance, "instance.migrated", migration)
    step.status, step.at = MigrationStepStatus.DONE, clock.now()
    step.lock_version = _GONE_ON if went_on else instance.lock_version
    _finish(session, migration, MigrationStepStatus.PENDING, MigrationStatus.DONE)
    return True


def revert_one(session: Session, actor: Actor, step_id: int) -> bool:
    """Take one instance back; False when it has gone on since. For jobs."""
    step, migration, advance = _step(session, actor, step_id, MigrationStepStatus.DONE)
    if advance is None or advance.instance.lock_version != step.lock_version:
        step.status = MigrationStepStatus.KEPT
        _finish(session, migration, MigrationStepStatus.DONE, MigrationStatus.REVERTED)
        return False
    instance = advance.instance
    session.refresh(step, ["old_state"])
    instance.state, instance.composition_id = step.old_state, step.old_composition_id or instance.composition_id
    instance.process_definition_id = step.old_definition_id or instance.process_definition_id
    session.flush()
    back = load(session, actor, instance, advance.case)
    back.before = advance.before
    _go_over(back, "instance.migrated_back", migration)
    step.status = MigrationStepStatus.REVERTED
    _finish(session, migration, MigrationStepStatus.DONE, MigrationStatus.REVERTED)
    return True


def _step(
    session: Session, actor: Actor, step_id: int, wanted: MigrationStepStatus
) -> tuple[MigrationStep, Migration, Advance | None]:
    """The step with its instance locked and loaded; None when there is nothing to do for it any more."""
    step = session.get_one(MigrationStep, step_id)
    migration = session.get_one(Migration, step.migration_id)
    case_id = session.scalar(select(ProcessInstance.case_id).where(ProcessInstance.id == step.instance_id))
    case = lock(session, Case, case_id) if case_id is not None else None
    instance = lock_instance(session, step.instance_id)
    session.refresh(step, ["status"])
    if step.status is not wanted:
        return step, migration, None
    if instance.status not in RUNNING:
        step.status = MigrationStepStatus.ENDED
        return step, migration, None
    return step, migration, load(session, actor, instance, case)


def _finish(session: Session, migration: Migration, left: MigrationStepStatus, end: MigrationStatus) -> None:
    session.flush()
    more = session.scalar(
        select(MigrationStep.id)
        .where(MigrationStep.migration_id == migration.id, MigrationStep.status == left)
        .limit(1)
    )
    if more is None:
        migration.status, migration.finished_at = end, clock.now()
        session.flush()


def _go_over(advance: Advance, kind: str, migration: Migration) -> None:
    """Save an instance on its other version: what is watched there and was not before is watched from now on, and what
    it does without is not. Conditions may read otherwise there: they look.
    """
    advance.deed(kind, subject=migration.process_key, reason=migration.reason, details={"migration": migration.id})
    _rename_rows(advance)
    if any(wait.kind == "conditional" for wait in advance.execution.facts().waits):
        advance.writes.insert(Job, [look_again(advance.instance.id, advance.instance.case_id)])
    save(advance)


def _rename_rows(advance: Advance) -> None:
    """The rows of what is open keep their keys; where they stand, with which form and for what they wait, is new."""
    facts = advance.execution.facts()
    connection = advance.session.connection()
    for task in facts.tasks:
        values: dict[str, Any] = {
            "element_id": task.element_id,
            "name": task.name or task.element_id,
            "documentation": task.documentation,
            "form_id": task.form_id,
            "form_definition_id": advance.bundle.forms.get(task.form_id),
        }
        connection.execute(
            update(TASKS).where(TASKS.c.instance_id == advance.instance.id, TASKS.c.key == task.key).values(**values)
        )
    for table, rows in ((TIMERS, facts.timers), (SUBSCRIPTIONS, facts.waits), (JOBS, facts.jobs)):
        for row in rows:
            known = {"name": row.name, "scope": row.scope or ""} if isinstance(row, Wait) else {}
            connection.execute(
                update(table)
                .where(table.c.instance_id == advance.instance.id, table.c.key == row.key)
                .values(element_id=row.element_id, **known)
            )
