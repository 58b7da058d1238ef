"""Task rows: opened when the process comes to a person's work, withdrawn when it goes on without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import insert, select, update

from engine import clock, history, responsibility
from engine.bpmn.facts import OpenTask
from engine.errors import CityLoopError, ExecutionFailed
from engine.instances.clocks import start_clock
from engine.instances.statements import insert_row, insert_rows
from engine.storage import (
    Base,
    DefinitionState,
    FormDefinition,
    Organisation,
    Person,
    Task,
    TaskCandidate,
    TaskStatus,
)

if TYPE_CHECKING:
    from engine.instances.advancing import Advance

TASKS = Base.metadata.tables[Task.__tablename__]
CANDIDATES = Base.metadata.tables[TaskCandidate.__tablename__]
DEFAULT_PRIORITY = 50
_OWN_COLUMNS = frozenset({"limit", "warn", "escalateTo", "stage", "responsible", "evidence", "independentOf"})

_INSERT_TASKS = insert(TASKS).returning(TASKS.c.id, sort_by_parameter_order=True)


def open_tasks(advance: Advance, fresh: Sequence[OpenTask]) -> list[dict[str, Any]]:
    """Write the rows of new tasks with candidates and clocks; answers nothing to tell the history beyond the step."""
    people = _people(advance, fresh)
    rows = [_row(advance, task, people) for task in fresh]
    connection = advance.session.connection()
    # One row goes the short way; several are numbered in their order.
    if len(rows) == 1:
        ids = [insert_row(advance.session, Task, rows[0])]
    else:
        ids = list(connection.execute(_INSERT_TASKS, rows).scalars())
    candidates = [
        candidate for task_id, task in zip(ids, fresh, strict=True) for candidate in _candidates(task_id, task, people)
    ]
    insert_rows(advance.session, TaskCandidate, candidates)
    for task_id, task in zip(ids, fresh, strict=True):
        deadline = start_clock(advance, task.properties, task.name, task.element_id, task_id)
        if deadline is not None:
            advance.session.connection().execute(
                update(TASKS).where(TASKS.c.id == task_id).values(due_at=deadline.due_at)
            )
    return []


def withdraw_tasks(advance: Advance, gone: Sequence[OpenTask]) -> list[dict[str, Any]]:
    """Close the rows of tasks the process no longer waits for; answers a history line for each."""
    if not gone:
        return []
    connection = advance.session.connection()
    mine = (TASKS.c.instance_id == advance.instance.id) & TASKS.c.key.in_([task.key for task in gone])
    closed = connection.execute(
        update(TASKS)
        .where(mine, TASKS.c.status == TaskStatus.OPEN)
        .values(
            status=TaskStatus.WITHDRAWN, withdrawn_at=clock.now(), variables={}, lock_version=TASKS.c.lock_version + 1
        )
        .returning(TASKS.c.id, TASKS.c.element_id)
    ).all()
    return [
        history.line(
            advance.actor,
            advance.instance.case_id,
            "task.withdrawn",
            instance_id=advance.instance.id,
            task_id=row.id,
            element_id=row.element_id,
        )
        for row in closed
    ]


def _row(advance: Advance, task: OpenTask, people: Mapping[str, int]) -> dict[str, Any]:
    properties = task.properties
    organisation = _organisation(advance, properties.get("responsible"), task.element_id)
    independent_of = str(properties.get("independentOf") or "")
    return {
        "key": task.key,
        "case_id": advance.instance.case_id,
        "instance_id": advance.instance.id,
        "process_key": task.process_key,
        "element_id": task.element_id,
        "name": task.name or task.element_id,
        "documentation": task.documentation,
        "status": TaskStatus.OPEN,
        "form_id": task.form_id,
        "form_definition_id": _form(advance, task.form_id),
        "assignee_id": people.get(task.assignee) if task.assignee else None,
        "organisation_id": organisation.id if organisation is not None else None,
        "priority": DEFAULT_PRIORITY if task.priority is None else task.priority,
        "due_at": _moment(task.due_date, task.element_id),
        "follow_up_at": _moment(task.follow_up_date, task.element_id),
        "stage": str(properties.get("stage") or ""),
        "responsible": organisation.code if organisation is not None else "",
        "escalate_to": str(properties.get("escalateTo") or ""),
        "evidence": words(properties.get("evidence")),
        "independent_of": independent_of,
        "independent_of_person_ids": _who_did(advance, words(independent_of)),
        "properties": shown({k: v for k, v in properties.items() if k not in _OWN_COLUMNS}),
        "variables": shown(task.variables),
        "created_at": clock.now(),
        "lock_version": 0,
    }


def words(value: Any) -> list[str]:
    """The words of a comma-separated property or of a list."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _candidates(task_id: int, task: OpenTask, people: Mapping[str, int]) -> list[dict[str, Any]]:
    roles = [{"task_id": task_id, "role": role, "person_id": None} for role in dict.fromkeys(task.candidate_groups)]
    persons = [
        {"task_id": task_id, "role": None, "person_id": people[name]}
        for name in dict.fromkeys(task.candidate_users)
        if name in people
    ]
    return roles + persons


def _people(advance: Advance, fresh: Sequence[OpenTask]) -> dict[str, int]:
    """The person behind every user name the tasks speak of.

    Raises:
        ExecutionFailed: a task names nobody else but people who do not exist (kind ``nobody``).
    """
    names = {name for task in fresh for name in (task.assignee, *task.candidate_users) if name}
    if not names:
        return {}
    statement = select(Person.username, Person.id).where(Person.username.in_(names), Person.active)
    found: dict[str, int] = dict(advance.session.execute(statement).all())
    for task in fresh:
        asked = {name for name in (task.assignee, *task.candidate_users) if name}
        if asked and not task.candidate_groups and not asked & set(found):
            raise ExecutionFailed(
                "nobody is called that", kind="nobody", element_id=task.element_id, names=", ".join(sorted(asked))
            )
    return found


def _organisation(advance: Advance, wanted: Any, element_id: str) -> Organisation | None:
    if not wanted or advance.case is None:
        return None
    try:
        return responsibility.resolve(advance.session, str(wanted), advance.case)
    except CityLoopError as error:
        raise ExecutionFailed(
            "no organisation answers for this here", kind="no_organisation", element_id=element_id, wanted=str(wanted)
        ) from error


def _form(advance: Advance, form_id: str) -> int | None:
    if not form_id:
        return None
    if form_id in advance.bundle.forms:
        return advance.bundle.forms[form_id]
    # The form's name came out of an expression: the newest published one.
    return advance.session.scalar(
        select(FormDefinition.id)
        .where(FormDefinition.key == form_id, FormDefinition.state == DefinitionState.PUBLISHED)
        .order_by(FormDefinition.version.desc())
        .limit(1)
    )


def _who_did(advance: Advance, elements: Sequence[str]) -> list[int]:
    """Everybody who completed one of ``elements`` in this case (or, without a case, in this instance)."""
    if not elements:
        return []
    instance = advance.instance
    mine = Task.case_id == instance.case_id if instance.case_id is not None else Task.instance_id == instance.id
    found = advance.session.scalars(
        select(Task.completed_by_id)
        .where(mine, Task.element_id.in_(elements), Task.status == TaskStatus.COMPLETED)
        .distinct()
    )
    return sorted(person for person in found if person is not None)


def _moment(value: Any, element_id: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=clock.CITY_ZONE)
        if isinstance(value, date):
            return datetime.combine(value, time(18), clock.CITY_ZONE)
        return clock.parse(str(value))
    except ValueError as error:
        raise ExecutionFailed(
            "the date is none", kind="bad_value", element_id=element_id, value=str(value)[:100]
        ) from error


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Process values as forms and pages show them: numbers as numbers, times as ISO 8601 text."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(values), default=_shown, option=orjson.OPT_NON_STR_KEYS))
    return plain


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():.0f}S"
    return str(value)
