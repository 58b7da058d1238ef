"""Start events that wait on behalf of a published process: taken over by a new version, fired by the worker.

A timer that did not change keeps its progress, so nothing fires twice; a date that lies behind when it is published
does not fire at all. A condition fires when it becomes true, not as long as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.bpmn.scripts import Environment, Formula, required
from engine.bpmn.timers import BadTimer, next_cycle, start_timer
from engine.deployments.services import offer_service
from engine.domain_functions import LIBRARY, host_for
from engine.errors import CityLoopError, ExecutionFailed
from engine.instances import start
from engine.permissions import Actor
from engine.storage import Incident, IncidentStatus, ProcessDefinition, StartTrigger, TriggerKind, lock_next

KINDS = frozenset(kind.value for kind in TriggerKind)
NOTHING_AROUND = {"case": None, "emergency": None}


def take_over(session: Session, definition: ProcessDefinition) -> None:
    """Let the start events of ``definition`` wait from now on, and those of its other versions no more; a service type
    it brings along is offered."""
    offer_service(session, definition)
    # Locked: a worker that fires one of them right now must have written down when it is due next.
    before = session.scalars(
        select(StartTrigger)
        .where(StartTrigger.process_key == definition.key)
        .order_by(StartTrigger.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    latest = {row.element_id: row for row in before if row.active}
    own = {row.element_id: row for row in before if row.process_definition_id == definition.id}
    for row in before:
        row.active = False
    session.flush()
    for wanted in definition.info.get("starts", ()):
        if wanted["kind"] not in KINDS:
            continue
        row = own.get(wanted["element_id"]) or StartTrigger(
            process_definition_id=definition.id, process_key=definition.key, element_id=wanted["element_id"], fired=0
        )
        _fill(session, row, wanted, latest.get(wanted["element_id"]))
        session.add(row)
    session.flush()


def _fill(session: Session, row: StartTrigger, wanted: dict[str, Any], before: StartTrigger | None) -> None:
    row.kind = TriggerKind(wanted["kind"])
    row.name = wanted["event_name"]
    row.timer_kind = wanted["timer_kind"]
    row.expression = wanted["timer"] if row.kind is TriggerKind.TIMER else wanted["condition"]
    row.active = True
    row.lease_owner = row.lease_until = None
    same = before is not None and (before.kind, before.timer_kind, before.expression) == (
        row.kind,
        row.timer_kind,
        row.expression,
    )
    if same and before is not None:
        row.fired, row.last_fired_at = before.fired, before.last_fired_at
        row.due_at, row.progress = before.due_at, before.progress
    elif row.kind is TriggerKind.TIMER:
        _wind_up(session, row)
    else:
        row.due_at, row.progress = None, None


def wind_up_all(session: Session) -> None:
    """Let every timer that waits to start something count from now, as if it were published now."""
    waiting = select(StartTrigger).where(StartTrigger.active, StartTrigger.kind == TriggerKind.TIMER)
    for row in session.scalars(waiting):
        _wind_up(session, row)


def _wind_up(session: Session, row: StartTrigger) -> None:
    row.progress = _begin(session, row)
    due = datetime.fromisoformat(row.progress["due"]) if row.progress.get("due") else None
    row.due_at = due if due is not None and due > clock.now() else None


def _begin(session: Session, row: StartTrigger) -> dict[str, Any]:
    environment = _environment(session)
    value = Formula(row.expression).evaluate(NOTHING_AROUND, environment, row.element_id)
    try:
        return start_timer(row.timer_kind, value, environment.now)
    except BadTimer as error:
        raise ExecutionFailed(
            str(error), kind="bad_timer", element_id=row.element_id, expression=row.expression
        ) from error


def _environment(session: Session) -> Environment:
    return Environment(now=clock.now(), library=LIBRARY, host=host_for(session, None), variables=NOTHING_AROUND)


def hang_up(session: Session, process_key: str) -> None:
    """Let no start event of the process wait any more."""
    session.execute(update(StartTrigger).where(StartTrigger.process_key == process_key).values(active=False))


def fire_due(session: Session, actor: Actor, limit: int = 20) -> int:
    """Start what timer start events owe; an instance for each, the next due time in the same transaction.

    One that cannot start becomes an incident and does not hold up the others. Answers how many were started.
    """
    due = lock_next(
        session,
        select(StartTrigger)
        .where(StartTrigger.active, StartTrigger.due_at <= clock.now())
        .order_by(StartTrigger.due_at),
        limit,
    )
    for trigger in due:
        following = next_cycle(trigger.progress or {}, clock.now())
        trigger.progress = following or trigger.progress
        trigger.due_at = datetime.fromisoformat(following["due"]) if following and following["due"] else None
        _fire(session, actor, trigger)
    return len(due)


def changed_conditions(session: Session) -> list[int]:
    """Conditional start events that have become true, false, or impossible to ask since they were last written down.

    Reads only: a worker asks at every look, and must not keep people from writing.
    """
    waiting = select(StartTrigger).where(StartTrigger.active, StartTrigger.kind == TriggerKind.CONDITIONAL)
    return [
        row.id for row in session.scalars(waiting.order_by(StartTrigger.id)) if _asked(session, row)[0] != _known(row)
    ]


def fire_conditions(session: Session, actor: Actor, changed: Sequence[int]) -> int:
    """Start what those of ``changed`` owe whose condition has become true, and write down how all of them stand.

    One that cannot be asked becomes an incident and does not hold up the others. Answers how many were started.
    """
    started = 0
    of_them = select(StartTrigger).where(StartTrigger.active, StartTrigger.id.in_(changed)).order_by(StartTrigger.id)
    for trigger in lock_next(session, of_them, len(changed)):
        known = _known(trigger)
        progress, error = _asked(session, trigger)
        if progress == known:
            continue  # Another worker was faster.
        trigger.progress = progress
        if error is not None:
            _failed(session, actor, trigger, error)
        elif progress["held"] and not known["held"]:
            _fire(session, actor, trigger)
            started += 1
    return started


def _known(trigger: StartTrigger) -> dict[str, Any]:
    return trigger.progress or {"held": False}


def _asked(session: Session, trigger: StartTrigger) -> tuple[dict[str, Any], CityLoopError | None]:
    """How a condition stands now; one that cannot be asked stands where it stood."""
    try:
        answer = required(trigger.expression).evaluate(NOTHING_AROUND, _environment(session), trigger.element_id)
    except CityLoopError as error:
        return {"held": _known(trigger)["held"], "failing": True}, error
    return {"held": answer is True}, None


def _fire(session: Session, actor: Actor, trigger: StartTrigger) -> None:
    trigger.fired += 1
    trigger.last_fired_at = clock.now()
    session.flush()
    try:
        with session.begin_nested():
            start(session, actor, trigger.process_key, start_element=trigger.element_id)
    except CityLoopError as error:
        _failed(session, actor, trigger, error)


def _failed(session: Session, actor: Actor, trigger: StartTrigger, error: CityLoopError) -> None:
    """Tell that a start event needs a person; the same again counts up."""
    now = clock.now()
    of_element = select(Incident).where(
        Incident.kind == "trigger_failed",
        Incident.element_id == trigger.element_id,
        Incident.status == IncidentStatus.OPEN,
    )
    known = (row for row in session.scalars(of_element) if row.facts["process"] == trigger.process_key)
    incident = next(known, None)
    if incident is None:
        incident = Incident(kind="trigger_failed", element_id=trigger.element_id, opened_at=now, times=0)
        session.add(incident)
    incident.code, incident.message = str(getattr(error, "kind", "") or error.code), str(error)[:4000]
    incident.facts = {"process": trigger.process_key}
    incident.times, incident.last_at = incident.times + 1, now
    history.record(
        session,
        actor,
        None,
        "trigger.failed",
        subject=trigger.process_key,
        element_id=trigger.element_id,
        reason=str(error)[:1000],
    )
