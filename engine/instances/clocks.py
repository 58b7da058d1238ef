"""The clocks that a drawing's ``limit`` properties start and stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine import clock, deadlines
from engine.bpmn.facts import OpenTask, Step
from engine.errors import ExecutionFailed, InvalidInput
from engine.storage import Deadline, DeadlineStatus, Task

if TYPE_CHECKING:
    from engine.instances.advancing import Advance

LIVE = (DeadlineStatus.RUNNING, DeadlineStatus.PAUSED)


def limit_text(value: Any) -> str:
    """A limit as the drawing or a decision gives it (text, or a context of value and unit); empty means none."""
    if isinstance(value, Mapping):
        return f"{value.get('value')} {value.get('unit')}" if value.get("value") is not None else ""
    return str(value).strip() if value else ""


def percents(value: Any) -> tuple[int, ...]:
    """The warning percents of ``50, 80``, of a list, or of one number."""
    parts = value if isinstance(value, list) else str(value or "").replace("%", "").replace("，", ",").split(",")
    return tuple(int(str(part).strip()) for part in parts if str(part).strip())


def start_clock(
    advance: Advance, properties: Mapping[str, Any], name: str, element_id: str, task_id: int | None = None
) -> Deadline | None:
    """Start the clock that ``properties`` ask for, if they do.

    Raises:
        ExecutionFailed: the limit is none (kind ``bad_limit``).
    """
    limit = limit_text(properties.get("limit"))
    if not limit:
        return None
    try:
        return deadlines.start(
            advance.session,
            advance.actor,
            name=name or element_id,
            limit=limit,
            started_at=clock.now(),
            warn=percents(properties.get("warn")),
            escalate_to=str(properties.get("escalateTo") or ""),
            case_id=advance.instance.case_id,
            instance_id=advance.instance.id,
            task_id=task_id,
            element_id=element_id,
            pauses_with=str(properties.get("pausesWith") or ""),
        )
    except (InvalidInput, ValueError) as error:
        raise ExecutionFailed(
            "the limit is no time we know", kind="bad_limit", element_id=element_id, expression=limit
        ) from error


def stop_task_clocks(advance: Advance, gone: Sequence[OpenTask]) -> None:
    """Stop the clocks of tasks that are over."""
    keys = [task.key for task in gone if task.properties.get("limit")]
    if not keys:
        return
    done = advance.done_key
    rows = advance.session.execute(
        select(Deadline, Task.key)
        .join(Task, Task.id == Deadline.task_id)
        .where(Task.instance_id == advance.instance.id, Task.key.in_(keys), Deadline.status.in_(LIVE))
    )
    for deadline, key in rows.all():
        deadlines.stop(advance.session, advance.actor, deadline, "completed" if key == done else "withdrawn")


def start_activity_clocks(advance: Advance, steps: Sequence[Step]) -> None:
    """Start the clocks of activities, other than tasks, that were entered and are still open."""
    left = {step.token for step in steps if step.kind in {"completed", "cancelled", "failed"}}
    for step in steps:
        if (
            step.kind == "entered"
            and step.token not in left
            and (step.process_key, step.element_id) in advance.bundle.limited
        ):
            start_clock(advance, step.properties, step.name, step.element_id)


def stop_activity_clocks(advance: Advance, steps: Sequence[Step]) -> None:
    """Stop the clocks of activities, other than tasks, that were open before this step and are left now."""
    fresh = {step.token for step in steps if step.kind == "entered"}
    for step in steps:
        if step.kind not in {"completed", "cancelled"} or step.token in fresh:
            continue
        if (step.process_key, step.element_id) not in advance.bundle.limited:
            continue
        deadline = advance.session.scalars(
            select(Deadline)
            .where(
                Deadline.instance_id == advance.instance.id,
                Deadline.element_id == step.element_id,
                Deadline.task_id.is_(None),
                Deadline.status.in_(LIVE),
            )
            .order_by(Deadline.id)
            .limit(1)
        ).one_or_none()
        if deadline is not None:
            deadlines.stop(advance.session, advance.actor, deadline, step.kind)
