"""The rows that follow from where a process stands: compared with where it stood before, only changes are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from engine import clock, history
from engine.bpmn.facts import Facts, OpenJob, Step, Thrown, Timer, Wait
from engine.instances.clocks import start_activity_clocks, stop_activity_clocks, stop_task_clocks
from engine.instances.conditions import LOOK_ONCE_MORE, look_again
from engine.instances.jobs import JOBS, owe
from engine.instances.tasks import open_tasks, withdraw_tasks
from engine.storage import (
    EventSubscription,
    Incident,
    IncidentStatus,
    Job,
    JobLane,
    JobStatus,
    Message,
    MessageStatus,
)
from engine.storage import Timer as TimerRow
from engine.storage.statements import Prepared, table_of

if TYPE_CHECKING:
    from engine.instances.advancing import Advance

TOLD = frozenset({"entered", "completed", "cancelled", "failed", "conflict"})
INCIDENTS = table_of(Incident)


def _one(table: type[TimerRow] | type[EventSubscription] | type[Job]) -> Any:
    columns = table_of(table).c
    return (columns.instance_id == bindparam("instance")) & (columns.key == bindparam("gone"))


_REMOVE = {table: Prepared(delete(table_of(table)).where(_one(table))) for table in (TimerRow, EventSubscription)}
_POSTPONE = Prepared(
    update(table_of(TimerRow))
    .where(_one(TimerRow))
    .values(
        due_at=bindparam("due", type_=table_of(TimerRow).c.due_at.type), attempts=0, lease_owner=None, lease_until=None
    )
)
_CANCEL = Prepared(
    update(JOBS)
    .where(_one(Job), (JOBS.c.status == JobStatus.OWED) | (JOBS.c.status == JobStatus.FAILED))
    .values(status=JobStatus.CANCELLED, finished_at=bindparam("now", type_=JOBS.c.finished_at.type))
)
_LEFT = Prepared(
    update(INCIDENTS)
    .where(
        INCIDENTS.c.instance_id == bindparam("instance"),
        INCIDENTS.c.status == IncidentStatus.OPEN,
        (INCIDENTS.c.timer_key == bindparam("gone")) | INCIDENTS.c.job_id.in_(select(JOBS.c.id).where(_one(Job))),
    )
    .values(
        status=IncidentStatus.DISMISSED,
        resolved_at=bindparam("now", type_=INCIDENTS.c.resolved_at.type),
        resolution="the process has left the step",
    )
)


def derive(advance: Advance, facts: Facts) -> list[dict[str, Any]]:
    """Gather every row that changed; answers the history lines of this step, still to be written."""
    before = advance.before
    lines = [_line(advance, facts.steps)] if facts.steps or not advance.only_a_look else []
    _set_stage(advance, facts.steps)
    gone = [task for task in before.tasks if task.key not in {t.key for t in facts.tasks}]
    known = {task.key for task in before.tasks}
    fresh = [task for task in facts.tasks if task.key not in known]
    if gone:
        stop_task_clocks(advance, gone)
        lines += withdraw_tasks(advance, [task for task in gone if task.key != advance.done_key])
    if advance.bundle.limited:
        stop_activity_clocks(advance, facts.steps)
    if fresh:
        open_tasks(advance, fresh)
    if advance.bundle.limited:
        start_activity_clocks(advance, facts.steps)
    _derive_timers(advance, before.timers, facts.timers)
    _derive_waits(advance, before.waits, facts.waits)
    _derive_jobs(advance, before.jobs, facts.jobs)
    if facts.thrown:
        lines += _throw(advance, facts.thrown)
    return lines


def _line(advance: Advance, steps: Sequence[Step]) -> dict[str, Any]:
    """The one line of this deed, with the path walked: lean, because it is kept for ever."""
    main = advance.instance.process_key

    def path(identity: str, step: Step) -> str:
        return identity if step.process_key == main else f"{step.process_key}/{identity}"

    details: dict[str, Any] = dict(advance.line.get("details") or {})
    for kind, walked in _walked(steps).items():
        details[kind] = [path(step.element_id, step) for step in walked]
    if flows := [path(flow, step) for step in steps for flow in step.details.get("flows", ())]:
        details["flows"] = flows
    if decisions := [step.details["decision"] for step in steps if "decision" in step.details]:
        details["decisions"] = decisions
    if conflicts := [step.details["variable"] for step in steps if "variable" in step.details]:
        details["variables"] = conflicts
    facts = {**advance.line, "details": details or None, "instance_id": advance.instance.id}
    return history.line(advance.actor, advance.instance.case_id, advance.kind, **facts)


def _walked(steps: Sequence[Step]) -> dict[str, list[Step]]:
    """The path in few words: ``passed`` was entered and done in this step, ``entered`` is open now, ``completed`` was
    open before.
    """
    entered = {step.token for step in steps if step.kind == "entered"}
    left = {step.token for step in steps if step.kind in {"completed", "cancelled"}}
    found: dict[str, list[Step]] = {}
    for step in steps:
        kind: str = step.kind
        if step.type == "process" or kind not in TOLD or (kind == "entered" and step.token in left):
            continue
        found.setdefault("passed" if kind == "completed" and step.token in entered else kind, []).append(step)
    return found


def _set_stage(advance: Advance, steps: Iterable[Step]) -> None:
    stages = [
        str(step.properties["stage"]) for step in steps if step.kind == "entered" and step.properties.get("stage")
    ]
    case = advance.case
    if stages and case is not None and case.stage != stages[-1]:
        advance.writes.update(case, stage=stages[-1][:200], updated_at=clock.now())
        advance.variables.forget()


def _changes(before: Iterable[Any], after: Iterable[Any]) -> tuple[list[str], list[Any]]:
    """The keys that are gone, the facts that are new."""
    old, new = {x.key for x in before}, {x.key: x for x in after}
    return [key for key in old if key not in new], [x for key, x in new.items() if key not in old]


def _remove(advance: Advance, table: type[TimerRow] | type[EventSubscription], keys: Sequence[str]) -> None:
    for key in keys:
        advance.writes.add(_REMOVE[table], {"instance": advance.instance.id, "gone": key})


def _dismiss(advance: Advance, keys: Sequence[str]) -> None:
    """What was wrong with timers and jobs that nobody waits for any more is over."""
    for key in keys:
        if key != advance.done_key and not advance.by_hand:
            advance.writes.add(_LEFT, {"instance": advance.instance.id, "gone": key, "now": clock.now()})


def _derive_timers(advance: Advance, before: Sequence[Timer], after: Sequence[Timer]) -> None:
    gone, fresh = _changes(before, after)
    _remove(advance, TimerRow, gone)
    _dismiss(advance, gone)
    due = {timer.key: timer.due_at for timer in before}
    for timer in after:
        if timer.key in due and due[timer.key] != timer.due_at:
            advance.writes.add(_POSTPONE, {"instance": advance.instance.id, "gone": timer.key, "due": timer.due_at})
    advance.writes.insert(
        TimerRow,
        [
            {
                "instance_id": advance.instance.id,
                "case_id": advance.instance.case_id,
                "key": timer.key,
                "element_id": timer.element_id,
                "due_at": timer.due_at,
                "cycle": {"text": timer.cycle} if timer.cycle else None,
                "attempts": 0,
                "created_at": clock.now(),
            }
            for timer in fresh
        ],
    )


def _derive_waits(advance: Advance, before: Sequence[Wait], after: Sequence[Wait]) -> None:
    gone, fresh = _changes(before, after)
    _remove(advance, EventSubscription, gone)
    advance.writes.insert(
        EventSubscription,
        [
            {
                "instance_id": advance.instance.id,
                "case_id": advance.instance.case_id,
                "key": wait.key,
                "element_id": wait.element_id,
                "kind": wait.kind,
                "name": wait.name,
                "correlation_key": wait.correlation_key or "",
                "scope": wait.scope or "",
                "created_at": clock.now(),
            }
            for wait in fresh
        ],
    )
    names = sorted({wait.name for wait in fresh if wait.kind == "message"})
    if names:
        _look_for_early_messages(advance, names)
    if any(wait.kind == "conditional" and wait.name in LOOK_ONCE_MORE for wait in fresh):
        advance.writes.insert(Job, [look_again(advance.instance.id, advance.instance.case_id)])


def _look_for_early_messages(advance: Advance, names: Sequence[str]) -> None:
    """A message may have come before anybody waited for it. One that comes at this very moment the worker finds."""
    early = advance.session.scalars(
        select(Message.id).where(Message.status == MessageStatus.WAITING, Message.name.in_(names)).limit(100)
    ).all()
    advance.writes.insert(Job, [owe("buffered", "", inputs={"message": identity}) for identity in early])


def _derive_jobs(advance: Advance, before: Sequence[OpenJob], after: Sequence[OpenJob]) -> None:
    gone, fresh = _changes(before, after)
    for key in gone:
        if key != advance.done_key:
            advance.writes.add(_CANCEL, {"instance": advance.instance.id, "gone": key, "now": clock.now()})
    _dismiss(advance, gone)
    advance.writes.insert(Job, [_connector_job(advance, job) for job in fresh])


def _connector_job(advance: Advance, job: OpenJob) -> dict[str, Any]:
    return owe(
        "connector",
        job.type,
        case_id=advance.instance.case_id,
        instance_id=advance.instance.id,
        key=job.key,
        element_id=job.element_id,
        headers=job.headers,
        inputs=job.inputs,
        lane=lane_of(advance),
        max_attempts=job.retries,
    )


def lane_of(advance: Advance) -> JobLane:
    """Work of an emergency never queues behind a storm."""
    case = advance.case
    urgent = (case is not None and case.emergency_active) or advance.bundle.kind == "contingency"
    return JobLane.URGENT if urgent else JobLane.NORMAL


def _throw(advance: Advance, thrown: Sequence[Thrown]) -> list[dict[str, Any]]:
    """Messages and signals become jobs; what nobody caught becomes an incident or a line of history."""
    rows, lines = [], []
    for event in thrown:
        if event.kind in {"message", "signal"}:
            inputs: dict[str, Any] = {
                "correlation_key": event.correlation_key or "",
                "variables": dict(event.variables),
                "optional": event.optional,
            }
            rows.append(
                owe(
                    event.kind,
                    event.name,
                    case_id=advance.instance.case_id,
                    instance_id=advance.instance.id,
                    element_id=event.element_id,
                    inputs=inputs,
                    lane=lane_of(advance),
                )
            )
        elif event.kind == "error":
            _open_incident(advance, event)
        else:
            details = {"code": event.code, "name": event.name}
            lines.append(
                history.line(
                    advance.actor,
                    advance.instance.case_id,
                    f"{event.kind}.uncaught",
                    instance_id=advance.instance.id,
                    element_id=event.element_id,
                    details=details,
                )
            )
    advance.writes.insert(Job, rows)
    return lines


def _open_incident(advance: Advance, event: Thrown) -> None:
    """Tell that nobody catches an error, or that nothing can move on; the same again counts up."""
    now = clock.now()
    kind = "stuck" if event.code == "stuck" else "uncaught_error"
    again = advance.session.execute(
        update(INCIDENTS)
        .where(
            INCIDENTS.c.instance_id == advance.instance.id,
            INCIDENTS.c.kind == kind,
            INCIDENTS.c.element_id == event.element_id,
            INCIDENTS.c.code == (event.code or ""),
            INCIDENTS.c.status == IncidentStatus.OPEN,
        )
        .values(times=INCIDENTS.c.times + 1, last_at=now)
        .returning(INCIDENTS.c.id)
    ).first()
    if again is not None:
        return
    row = {
        "case_id": advance.instance.case_id,
        "instance_id": advance.instance.id,
        "element_id": event.element_id,
        "kind": kind,
        "code": event.code or "",
        "message": event.name or event.code or "",
        "facts": _plain(event.variables),
        "status": IncidentStatus.OPEN,
        "times": 1,
        "opened_at": now,
        "last_at": now,
    }
    advance.session.execute(insert(INCIDENTS), row)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value)[:200] for name, value in values.items()}
