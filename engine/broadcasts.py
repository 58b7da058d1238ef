"""A signal to everybody who waits for it and whom it concerns: one job per waiting instance, so a crash loses none.

Sending answers at once. The worker spreads the signal in chunks along the subscriptions there were when it was sent;
chunk and place are kept in one transaction, so it goes on where it stopped and nobody gets it twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.bpmn.scripts import Environment, Scope, required
from engine.case_context import CaseVariables
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.instances import Advance, advancing, start
from engine.instances.jobs import JOBS, given, kept, owe
from engine.permissions import Actor, require
from engine.storage import (
    Area,
    Broadcast,
    BroadcastStatus,
    Case,
    EventSubscription,
    Job,
    JobLane,
    JobStatus,
    ProcessInstance,
    StartTrigger,
    SubscriptionKind,
    TriggerKind,
    lock,
)
from engine.storage.job import SIGNALS
from engine.storage.reading import Reading
from engine.storage.statements import table_of

CHUNK = 1000
SKIPPED = "skipped"
BROADCASTS = table_of(Broadcast)
_BROADCAST = Reading([Broadcast], BROADCASTS, BROADCASTS.c.id == bindparam("broadcast"), lock=False)


def send(
    session: Session,
    actor: Actor,
    name: str,
    *,
    payload: Mapping[str, Any] | None = None,
    areas: Sequence[str] = (),
    sender_instance_id: int | None = None,
    drill: bool = False,
) -> Broadcast:
    """Send the signal ``name``. ``areas`` are paths, codes or names; none means everywhere. A ``drill`` reaches drills
    only, and they are reached by nothing else.

    Raises:
        NotAllowed.
    """
    paths = area_paths(session, areas)
    require(actor, "broadcast.send")
    broadcast = Broadcast(
        name=name,
        payload=kept(payload or {}),
        areas=paths,
        sent_at=clock.now(),
        sent_by_id=actor.person_id,
        sender_instance_id=sender_instance_id,
        drill=drill,
    )
    session.add(broadcast)
    session.flush()
    last = session.scalar(select(func.max(EventSubscription.id))) or 0
    place = {"broadcast": broadcast.id, "after": 0, "last": last}
    session.execute(insert(JOBS), owe("spread", name, inputs=place, lane=JobLane.URGENT, max_attempts=20))
    history.record(
        session, actor, None, "broadcast.sent", subject=name, details={"broadcast": broadcast.id, "areas": paths}
    )
    return broadcast


def area_paths(session: Session, areas: Sequence[str]) -> list[str]:
    """Paths of areas given by path, code or name; what is unknown is kept as it is and reaches nobody."""
    wanted = [str(area) for area in areas if str(area).strip()]
    if not wanted:
        return []
    rows = session.execute(
        select(Area.path, Area.code, Area.name).where(
            or_(Area.path.in_(wanted), Area.code.in_(wanted), Area.name.in_(wanted))
        )
    ).all()
    known = {word: path for path, code, name in rows for word in (path, code, name)}
    return [known.get(word, word) for word in wanted]


def stop(session: Session, actor: Actor, broadcast_id: int, reason: str) -> Broadcast:
    """Stop a signal that should not have been sent: whoever has not had it yet does not get it.

    Raises:
        NotFound, NotAllowed. Conflict: it has reached everybody. InvalidInput: no reason.
    """
    require(actor, "broadcast.send")
    if not reason.strip():
        raise InvalidInput("stopping a signal needs a reason", [FieldProblem("reason", "required")])
    broadcast = lock(session, Broadcast, broadcast_id)
    if broadcast.status is not BroadcastStatus.SPREADING:
        raise Conflict("the signal has reached everybody", kind="ended", broadcast=broadcast_id)
    session.execute(
        update(JOBS)
        .where(SIGNALS, JOBS.c.type == _type(broadcast_id), JOBS.c.status == JobStatus.OWED)
        .values(status=JobStatus.CANCELLED, finished_at=clock.now())
    )
    broadcast.status, broadcast.finished_at = BroadcastStatus.STOPPED, clock.now()
    history.record(session, actor, None, "broadcast.stopped", subject=broadcast.name, reason=reason)
    return broadcast


def _type(broadcast_id: int) -> str:
    return f"broadcast:{broadcast_id}"


def spread(session: Session, actor: Actor, job: Job) -> bool:
    """Owe the signal to the next chunk of those who wait, inside the job's transaction; False when there are more."""
    place = job.inputs
    # Whoever stops it waits for this chunk and finds its deliveries, or has stopped it and is seen here.
    broadcast = lock(session, Broadcast, place["broadcast"])
    if broadcast.status is BroadcastStatus.STOPPED:
        return True
    # An instance may wait in several places; one delivery serves them all. What is a drill stays among drills.
    statement = (
        select(EventSubscription.instance_id, EventSubscription.case_id)
        .join(ProcessInstance, ProcessInstance.id == EventSubscription.instance_id)
        .where(
            ProcessInstance.drill == broadcast.drill,
            EventSubscription.kind == SubscriptionKind.SIGNAL,
            EventSubscription.name == broadcast.name,
            EventSubscription.instance_id > place["after"],
            EventSubscription.id <= place["last"],
        )
        .distinct()
        .order_by(EventSubscription.instance_id)
        .limit(CHUNK)
    )
    if broadcast.areas:
        inside = or_(*(Case.area_path.startswith(path, autoescape=True) for path in broadcast.areas))
        statement = statement.outerjoin(Case, Case.id == EventSubscription.case_id).where(
            or_(EventSubscription.scope != "", inside, EventSubscription.case_id.is_(None))
        )
    found = session.execute(statement).all()
    if place["after"] == 0:
        _owe_starts(session, broadcast)
    if found:
        session.execute(
            insert(JOBS),
            [
                owe(
                    "signal_delivery",
                    _type(broadcast.id),
                    case_id=row.case_id,
                    instance_id=row.instance_id,
                    inputs={"broadcast": broadcast.id},
                    lane=JobLane.BULK,
                    max_attempts=5,
                )
                for row in found
            ],
        )
        broadcast.total += len(found)
    if len(found) < CHUNK:
        return True
    job.inputs = {**place, "after": found[-1].instance_id}
    return False


def _owe_starts(session: Session, broadcast: Broadcast) -> None:
    triggers = session.scalars(
        select(StartTrigger).where(
            StartTrigger.active, StartTrigger.kind == TriggerKind.SIGNAL, StartTrigger.name == broadcast.name
        )
    ).all()
    if triggers:
        session.execute(
            insert(JOBS),
            [
                owe("signal_start", _type(broadcast.id), inputs={"trigger": t.id, "broadcast": broadcast.id})
                for t in triggers
            ],
        )
        broadcast.total += len(triggers)


def deliver(session: Session, actor: Actor, job: Job) -> bool:
    """Bring the signal to one instance. Answers False when it was not meant, waits no more, or is stopped."""
    assert job.instance_id is not None
    (broadcast,) = _BROADCAST.one(session, broadcast=job.inputs["broadcast"]) or [None]
    assert broadcast is not None
    if broadcast.status is BroadcastStatus.STOPPED:
        return False
    payload = given(broadcast.payload)
    try:
        with advancing(session, actor, job.instance_id, case_id=job.case_id) as advance:
            keys = [
                wait.key
                for wait in advance.before.waits
                if wait.kind == "signal"
                and wait.name == broadcast.name
                and _lets_in(session, advance, wait.scope, broadcast, payload)
            ]
            advance.deed("signal.delivered", subject=broadcast.name, details={"broadcast": broadcast.id})
            if not keys:
                raise Conflict("the signal is not meant for this instance", kind="nobody_waits")
            for key in keys:
                if key in {wait.key for wait in advance.execution.facts().waits}:
                    advance.execution.deliver(key, payload)
    except Conflict as error:
        if error.kind in {"nobody_waits", "ended", "withdrawn"}:
            return False
        raise
    return True


def _lets_in(
    session: Session, advance: Advance, scope: str | None, broadcast: Broadcast, payload: Mapping[str, Any]
) -> bool:
    """Whether the wait's own scope, or else the areas, let the signal in."""
    if not scope:
        case = advance.case
        return not broadcast.areas or case is None or case.area_path.startswith(tuple(broadcast.areas))
    around = CaseVariables(session, advance.case)
    signal = {**payload, "name": broadcast.name, "areas": list(broadcast.areas), "drill": broadcast.drill}
    environment = Environment(now=clock.now(), library=LIBRARY, host=host_for(session, advance.case), variables=around)
    formula = required(scope)
    return formula.evaluate(Scope([{"signal": signal}, around]), environment, "") is True


def start_by_signal(session: Session, actor: Actor, job: Job) -> bool:
    """Start the process of a signal start event, in the version that counts by now. Answers False when that has none
    there, or the signal was stopped.
    """
    told = session.get_one(StartTrigger, job.inputs["trigger"])
    broadcast = session.get_one(Broadcast, job.inputs["broadcast"])
    trigger = session.scalars(
        select(StartTrigger)
        .where(
            StartTrigger.active,
            StartTrigger.kind == TriggerKind.SIGNAL,
            StartTrigger.name == broadcast.name,
            StartTrigger.process_key == told.process_key,
            StartTrigger.element_id == told.element_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if trigger is None or broadcast.status is BroadcastStatus.STOPPED:
        return False
    trigger.fired, trigger.last_fired_at = trigger.fired + 1, clock.now()
    start(
        session,
        actor,
        trigger.process_key,
        start_element=trigger.element_id,
        payload=given(broadcast.payload),
        started_by_instance_id=broadcast.sender_instance_id,
        drill=broadcast.drill,
    )
    return True


def count_progress(session: Session) -> int:
    """Bring the figures of signals under way up to date, and end those that have reached everybody."""
    under_way = session.scalars(select(Broadcast).where(Broadcast.status == BroadcastStatus.SPREADING)).all()
    finished = 0
    for broadcast in under_way:
        spreading = session.scalar(
            select(func.count())
            .select_from(JOBS)
            .where(JOBS.c.kind == "spread", JOBS.c.status == JobStatus.OWED, JOBS.c.type == broadcast.name)
        )
        counts = {
            (status, code == SKIPPED): number
            for status, code, number in session.execute(
                select(JOBS.c.status, JOBS.c.error_code, func.count())
                .where(SIGNALS, JOBS.c.type == _type(broadcast.id))
                .group_by(JOBS.c.status, JOBS.c.error_code)
            )
        }
        broadcast.delivered = counts.get((JobStatus.DONE, False), 0)
        broadcast.skipped = counts.get((JobStatus.DONE, True), 0)
        owed = sum(number for (status, _), number in counts.items() if status is JobStatus.OWED)
        if not spreading and not owed:
            broadcast.status, broadcast.finished_at = BroadcastStatus.DONE, clock.now()
            finished += 1
    session.flush()
    return finished
