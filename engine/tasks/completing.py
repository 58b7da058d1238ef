"""Completing a task: the form is cleaned, the process goes on, the evidence is kept with the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, evidence, forms
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed
from engine.instances import advancing, form_schema
from engine.instances.tasks import shown, words
from engine.permissions import Actor, TaskSubject, require
from engine.storage import Evidence, Task, TaskStatus
from engine.storage.statements import Writes
from engine.tasks.drafts import with_draft
from engine.tasks.finding import accept, acting_as, change, hold, require_not_others, require_open, require_running


def complete(session: Session, actor: Actor, task_id: int, fields: Mapping[str, Any], submission: str = "") -> Task:
    """Do the work: ``fields`` are the raw fields of its form. ``submission`` is the form's own token: the same submit
    again is answered as before.

    Raises:
        NotFound, NotAllowed. InvalidInput: per field. Conflict: completed, withdrawn, claimed, delegated, suspended.
        ExecutionFailed: the process cannot go on.
    """
    subject, locked = hold(session, task_id)
    task = subject.task
    if _same_submit(task, actor, submission):
        return task
    require_open(session, task)
    require(actor, "task.work", subject)
    require_running(subject)
    require_not_others(session, actor, task)
    if task.owner_id is not None and actor.person_id != task.owner_id and not actor.machine:
        raise Conflict("it was delegated and has to be handed back", kind="delegated", task=task_id)
    values, files = _clean(session, subject, fields)
    with advancing(session, actor, task.instance_id, locked=locked) as advance:
        _require_independence(session, actor, task)
        _close(advance.writes, actor, task, values, submission)
        accept(session, actor, task, values)
        _keep_evidence(session, actor, task, files)
        grant = acting_as(actor, subject)
        advance.deed(
            "task.completed",
            task_id=task.id,
            element_id=task.element_id,
            organisation_id=grant.organisation_id if grant else None,
            role=grant.role if grant else "",
        )
        advance.done_key = task.key
        advance.execution.complete_task(task.key, values)
    return task


def _same_submit(task: Task, actor: Actor, submission: str) -> bool:
    return (
        bool(submission)
        and task.status is TaskStatus.COMPLETED
        and task.submission == submission
        and task.completed_by_id == actor.person_id
    )


def _clean(session: Session, subject: TaskSubject, fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values for the process, and the public ids of the files among them.

    Raises:
        InvalidInput: per field.
    """
    task = subject.task
    if task.form_definition_id is None:
        return {}, []
    schema = form_schema(session, task.form_definition_id)
    host = host_for(session, subject.case)
    today = clock.city_time(clock.now()).date()
    values = forms.clean(schema, fields, variables=task.variables, host=host, library=LIBRARY, today=today)
    return values, file_ids(schema, values)


FILE_TYPES = frozenset({"photo", "file", "filepicker", "signature"})


def file_ids(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The public ids of all files in a form's cleaned values, groups and lists included."""
    found: list[str] = []
    for component in schema.get("components", ()):
        inner = component.get("components")
        if inner is not None:
            path = component.get("path")
            nested = values.get(path) if path else values
            for row in nested if isinstance(nested, list) else [nested]:
                if isinstance(row, Mapping):
                    found += file_ids(component, row)
        elif component.get("type") in FILE_TYPES:
            value = values.get(component.get("key", ""))
            found += [str(item) for item in (value if isinstance(value, list) else [value]) if item]
    return found


def _require_independence(session: Session, actor: Actor, task: Task) -> None:
    """Look again: the other work may have been done after this task was opened.

    Raises:
        NotAllowed: the actor did the work this task must be independent of.
    """
    if not task.independent_of or actor.machine:
        return
    mine = Task.case_id == task.case_id if task.case_id is not None else Task.instance_id == task.instance_id
    did = session.scalar(
        select(Task.id)
        .where(
            mine,
            Task.element_id.in_(words(task.independent_of)),
            Task.status == TaskStatus.COMPLETED,
            Task.completed_by_id == actor.person_id,
        )
        .limit(1)
    )
    if did is not None:
        raise NotAllowed("whoever did the work may not judge it", deed="task.work", subject=f"task {task.id}")


def _close(writes: Writes, actor: Actor, task: Task, values: Mapping[str, Any], submission: str) -> None:
    now = clock.now()
    change(
        writes,
        task,
        status=TaskStatus.COMPLETED,
        assignee_id=actor.person_id if actor.person_id is not None else task.assignee_id,
        completed_at=now,
        completed_by_id=actor.person_id,
        claimed_at=task.claimed_at or now,
        submission=submission or None,
        result=shown(values),
        variables={},
        draft=None,
    )


def _keep_evidence(session: Session, actor: Actor, task: Task, files: list[str]) -> None:
    """Put the files into the case, and see that every wanted view is there.

    Raises:
        InvalidInput: a wanted slot is missing.
    """
    if files:
        evidence.attach(session, actor, files, case_id=task.case_id, task_id=task.id, element_id=task.element_id)
    if not task.evidence:
        return
    mine = Evidence.case_id == task.case_id if task.case_id is not None else Evidence.task_id == task.id
    there = set(session.scalars(select(Evidence.slot).where(mine).distinct()))
    missing = [slot for slot in task.evidence if slot not in there]
    if missing:
        raise InvalidInput(
            "pictures are missing",
            [FieldProblem(f"evidence.{slot}", "evidence_missing", {"slot": slot}) for slot in missing],
        )


def save_draft(session: Session, actor: Actor, task_id: int, fields: Mapping[str, Any]) -> Task:
    """Keep what was typed, as typed, beside what others typed; nothing is checked, nothing goes on.

    Raises:
        NotFound, NotAllowed, Conflict: the task is over or somebody else's.
    """
    subject, _ = hold(session, task_id)
    task = subject.task
    require_open(session, task)
    require(actor, "task.work", subject)
    require_not_others(session, actor, task)
    task.draft = with_draft(task, actor.person_id, fields, actor.person_id)
    session.flush()
    return task
