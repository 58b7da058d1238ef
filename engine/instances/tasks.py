"""Task rows: opened when the process comes to a person's work, withdrawn when it goes on without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, insert, select, update

from engine import clock, history, responsibility
from engine.bpmn.facts import OpenTask
from engine.errors import CityLoopError, ExecutionFailed
from engine.instances.clocks import limit_text, start_clock
from engine.storage import (
    DefinitionState,
    FormDefinition,
    Organisation,
    Person,
    Task,
    TaskCandidate,
    TaskStatus,
)
from engine.storage.statements import Prepared, table_of

if TYPE_CHECKING:
    from engine.instances.advancing import Advance

TASKS, CANDIDATES = table_of(Task), table_of(TaskCandidate)
DEFAULT_PRIORITY = 50
_OWN_COLUMNS = frozenset(
    {"limit", "warn", "escalateTo", "stage", "responsible", "offeredTo", "evidence", "independentOf", "pausesWith"}
)

_ONE = (TASKS.c.instance_id == bindparam("instance")) & (TASKS.c.key == bindparam("task"))
# The task is written in the same round trip and its number is not known here yet: found by its key.
_OFFER = Prepared(
    insert(CANDIDATES).from_select(
        ["task_id", "role", "person_id"],
        select(
            TASKS.c.id,
            bindparam("role", type_=CANDIDATES.c.role.type),
            bindparam("person", type_=CANDIDATES.c.person_id.type),
        ).where(_ONE),
    )
)
_NUMBER = Prepared(select(TASKS.c.id).where(_ONE))


def open_tasks(advance: Advance, fresh: Sequence[OpenTask]) -> None:
    """Write the rows of new tasks with their candidates and clocks."""
    people = _people(advance, fresh)
    advance.writes.insert(Task, [_row(advance, task, people) for task in fresh])
    for task in fresh:
        this = {"instance": advance.instance.id, "task": task.key}
        for role in dict.fromkeys(task.candidate_groups):
            advance.writes.add(_OFFER, {**this, "role": role, "person": None})
        for name in dict.fromkeys(task.candidate_users):
            if name in people:
                advance.writes.add(_OFFER, {**this, "role": None, "person": people[name]})
    for task in fresh:
        if limit_text(task.properties.get("limit")):
            _start_clock(advance, task)


def _start_clock(advance: Advance, task: OpenTask) -> None:
    """A clock refers to its task, so what was gathered is sent first."""
    advance.writes.send(advance.session)
    (task_id,) = _NUMBER.rows(advance.session, {"instance": advance.instance.id, "task": task.key})[0]
    deadline = start_clock(advance, task.properties, task.name, task.element_id, task_id)
    if deadline is not None:
        advance.session.connection().execute(update(TASKS).where(TASKS.c.id == task_id).values(due_at=deadline.due_at))


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
    answers = properties.get("responsible")
    organisation = _organisation(advance, answers or properties.get("offeredTo"), task.element_id)
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
        "responsible": organisation.code if answers and organisation is not None else "",
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
    advance.writes.send(advance.session)
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
