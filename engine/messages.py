"""Messages: brought to the one instance that waits, or starting one; kept until somebody waits or they expire.

Every message is a row: a duplicate is answered as before, one that nobody or several wait for is seen and can be
re-sent. In the lock order a message comes first: nobody who holds a case or an instance waits for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.errors import CityLoopError, Conflict
from engine.instances import advancing, start
from engine.instances.jobs import given, kept
from engine.permissions import Actor, require
from engine.storage import (
    Case,
    EventSubscription,
    Incident,
    IncidentStatus,
    InstanceStatus,
    Message,
    MessageStatus,
    ProcessInstance,
    StartTrigger,
    SubscriptionKind,
    TriggerKind,
    lock,
    lock_next,
)
from engine.storage.statements import insert_or_ignore

TIME_TO_LIVE = timedelta(days=7)
OPTIONAL = "optional"
"""The source of messages that nobody has to wait for."""


def publish(
    session: Session,
    actor: Actor,
    name: str,
    *,
    correlation_key: str = "",
    payload: Mapping[str, Any] | None = None,
    source: str = "desk",
    message_id: str = "",
    time_to_live: timedelta = TIME_TO_LIVE,
    case_id: int | None = None,
    sender_instance_id: int | None = None,
) -> Message:
    """Send a message; the answered row tells what became of it. The same ``source`` and ``message_id`` again changes
    nothing and answers the same row.

    Raises:
        NotAllowed.
    """
    require(actor, "message.send", session.get(Case, case_id) if case_id is not None else None)
    now = clock.now()
    message_id = message_id or secrets.token_urlsafe(18)
    fresh = insert_or_ignore(
        session,
        Message,
        {
            "source": source,
            "message_id": message_id,
            "name": name,
            "correlation_key": correlation_key,
            "payload": kept(payload or {}),
            "status": MessageStatus.WAITING,
            "attempts": 0,
            "received_at": now,
            "expires_at": now + time_to_live,
            "case_id": case_id,
            "sender_instance_id": sender_instance_id,
            "error": "",
        },
    )
    message = session.scalars(select(Message).where(Message.source == source, Message.message_id == message_id)).one()
    if fresh:
        history.record(
            session, actor, case_id, "message.received", subject=name, details={"message": message.id, "source": source}
        )
        _bring(session, actor, message)
    return message


def resend(session: Session, actor: Actor, message_id: int, *, correlation_key: str | None = None) -> Message:
    """Try a message again that was not delivered, with another key where the first was wrong.

    Raises:
        NotFound, NotAllowed. Conflict: it was delivered.
    """
    message = lock(session, Message, message_id)
    require(actor, "message.send", session.get(Case, message.case_id) if message.case_id is not None else None)
    if message.status is MessageStatus.DELIVERED:
        raise Conflict("the message was delivered", kind="completed", message=message_id)
    if correlation_key is not None:
        message.correlation_key = correlation_key
    message.status, message.expires_at = MessageStatus.WAITING, clock.now() + TIME_TO_LIVE
    history.record(
        session, actor, message.case_id, "message.resent", subject=message.name, details={"message": message.id}
    )
    _bring(session, actor, message)
    return message


def bring(session: Session, actor: Actor, message_id: int) -> bool:
    """Try a buffered message: somebody may wait for it now. Answers whether it was delivered."""
    message = session.scalars(
        select(Message)
        .where(Message.id == message_id, Message.status == MessageStatus.WAITING)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if message is not None:
        _bring(session, actor, message)
    return message is not None and message.status is MessageStatus.DELIVERED


def awaited(session: Session, limit: int = 100) -> Sequence[int]:
    """Buffered messages that somebody waits for by now: sender and receiver may have passed each other."""
    waits = select(EventSubscription.id).join(ProcessInstance, ProcessInstance.id == EventSubscription.instance_id)
    waits = waits.where(
        EventSubscription.kind == SubscriptionKind.MESSAGE,
        EventSubscription.name == Message.name,
        EventSubscription.correlation_key == Message.correlation_key,
        ProcessInstance.status == InstanceStatus.ACTIVE,
    )
    return session.scalars(
        select(Message.id)
        .where(Message.status == MessageStatus.WAITING, waits.correlate(Message).exists())
        .order_by(Message.id)
        .limit(limit)
    ).all()


def expire(session: Session, limit: int = 200) -> int:
    """End the wait of messages whose time to live is over, each with an incident. Answers how many."""
    late = lock_next(
        session,
        select(Message)
        .where(Message.status == MessageStatus.WAITING, Message.expires_at <= clock.now())
        .order_by(Message.expires_at),
        limit,
    )
    for message in late:
        message.status, message.handled_at = MessageStatus.EXPIRED, clock.now()
        if message.source != OPTIONAL:
            _incident(session, message, "nobody_waits", "nobody waited for the message in time")
    session.flush()
    return len(late)


def _bring(session: Session, actor: Actor, message: Message) -> None:
    """Deliver, start, or leave waiting; what stands in the way is written on the message."""
    message.attempts += 1
    message.error = ""
    waiting = _waiting(session, message)
    instances = {row.instance_id for row in waiting}
    if len(instances) > 1:
        message.status = MessageStatus.AMBIGUOUS
        _incident(session, message, "several_wait", "several instances wait for the message", count=len(instances))
    elif waiting:
        if not actor.machine:
            case_id = waiting[0].case_id
            require(actor, "message.send", session.get(Case, case_id) if case_id is not None else None)
        _attempt(session, message, lambda: _deliver(session, actor, message, waiting[0]))
    elif (trigger := _trigger(session, message)) is not None:
        _attempt(session, message, lambda: _start(session, actor, message, trigger))
    session.flush()


def _waiting(session: Session, message: Message) -> Sequence[EventSubscription]:
    """Who waits. A message of a case, sent without a key, means that case's own waits."""
    statement = (
        select(EventSubscription)
        .join(ProcessInstance, ProcessInstance.id == EventSubscription.instance_id)
        .where(
            EventSubscription.kind == SubscriptionKind.MESSAGE,
            EventSubscription.name == message.name,
            ProcessInstance.status.in_([InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED]),
        )
        .order_by(EventSubscription.id)
        .limit(50)
    )
    own = EventSubscription.correlation_key == message.correlation_key
    if message.case_id is not None and not message.correlation_key:
        own = and_(or_(own, EventSubscription.correlation_key != ""), EventSubscription.case_id == message.case_id)
    return session.scalars(statement.where(own)).all()


def _trigger(session: Session, message: Message) -> StartTrigger | None:
    return session.scalars(
        select(StartTrigger)
        .where(StartTrigger.active, StartTrigger.kind == TriggerKind.MESSAGE, StartTrigger.name == message.name)
        .order_by(StartTrigger.id)
        .limit(1)
    ).one_or_none()


def _attempt(session: Session, message: Message, deed: Any) -> None:
    """Do it in a savepoint, so that a receiver that fails leaves the message behind and nothing else."""
    session.flush()
    try:
        with session.begin_nested():
            instance = deed()
    except CityLoopError as error:
        message.error = str(error)[:2000]
        if isinstance(error, Conflict) and error.kind in {"suspended", "nobody_waits", "ended", "withdrawn"}:
            return
        message.status = MessageStatus.REFUSED
        _incident(session, message, error.code, str(error))
        return
    message.status, message.handled_at = MessageStatus.DELIVERED, clock.now()
    message.instance_id = instance.id
    message.case_id = message.case_id or instance.case_id
    message.response = {"instance": instance.id, "case": instance.case_id}
    _resolve(session, message)


def _deliver(session: Session, actor: Actor, message: Message, wait: EventSubscription) -> ProcessInstance:
    with advancing(session, actor, wait.instance_id, case_id=wait.case_id) as advance:
        advance.deed(
            "message.delivered", subject=message.name, element_id=wait.element_id, details={"message": message.id}
        )
        advance.execution.deliver(wait.key, given(message.payload))
        return advance.instance


def _start(session: Session, actor: Actor, message: Message, trigger: StartTrigger) -> ProcessInstance:
    payload = given(message.payload)
    case = session.get(Case, message.case_id) if message.case_id is not None else None
    number = payload.get("case_number")
    if case is None and isinstance(number, str):
        case = session.scalars(select(Case).where(Case.number == number)).one_or_none()
    if case is not None:
        case = lock(session, Case, case.id)
    return start(
        session,
        actor,
        trigger.process_key,
        case=case,
        start_element=trigger.element_id,
        payload=payload,
        started_by_instance_id=message.sender_instance_id,
        business_key=message.correlation_key[:80],
    )


def _incident(session: Session, message: Message, code: str, text: str, **facts: Any) -> None:
    now = clock.now()
    known = session.scalars(
        select(Incident).where(Incident.message_id == message.id, Incident.status == IncidentStatus.OPEN)
    ).first()
    if known is not None:
        known.times, known.last_at, known.code, known.message = known.times + 1, now, code, text
        return
    session.add(
        Incident(
            case_id=message.case_id,
            message_id=message.id,
            kind="message_undelivered",
            code=code,
            message=text,
            facts={"name": message.name, "correlation_key": message.correlation_key, "source": message.source, **facts},
            opened_at=now,
            last_at=now,
        )
    )


def _resolve(session: Session, message: Message) -> None:
    for incident in session.scalars(
        select(Incident).where(Incident.message_id == message.id, Incident.status == IncidentStatus.OPEN)
    ):
        incident.status, incident.resolved_at, incident.resolution = IncidentStatus.RESOLVED, clock.now(), "delivered"
