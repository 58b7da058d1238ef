"""Corrections of one running instance by an operator, each with a reason and its line in the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.instances import Advance, advancing
from engine.permissions import Actor, require
from engine.storage import Incident, IncidentStatus, Job, JobStatus, Timer

Deed = Callable[[Advance], None]


def move(
    session: Session,
    actor: Actor,
    instance_id: int,
    key: str,
    element_id: str,
    reason: str,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Take what is open under ``key`` away and go on at another element, with corrected ``variables`` if given.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: not open, or the element cannot be reached from there.
    """

    def deed(advance: Advance) -> None:
        if variables:
            advance.execution.set_variables(variables)
        advance.execution.move(key, element_id)

    details = {"from": key, "to": element_id, "variables": sorted(variables or ())}
    _correct(session, actor, instance_id, "instance.moved", reason, deed, element_id=element_id, details=details)


def repeat(session: Session, actor: Actor, instance_id: int, key: str, reason: str) -> None:
    """Begin what is open under ``key`` again from its start.

    Raises:
        as ``move``.
    """

    def deed(advance: Advance) -> None:
        advance.execution.move(key, _element(advance, key))

    _correct(session, actor, instance_id, "instance.repeated", reason, deed, details={"from": key})


def skip(
    session: Session,
    actor: Actor,
    instance_id: int,
    key: str,
    reason: str,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Go on behind the task, job or wait ``key`` as if it were done, with the ``variables`` it would have brought.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason. Conflict: not open, or nothing that can be skipped.
    """

    def deed(advance: Advance) -> None:
        advance.execution.skip(key, variables)

    _correct(session, actor, instance_id, "instance.skipped", reason, deed, details={"from": key})


def set_variables(
    session: Session, actor: Actor, instance_id: int, variables: Mapping[str, Any], reason: str, key: str = ""
) -> None:
    """Correct data of a running instance; only the names are told to the history, the values may be personal.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason.
    """

    def deed(advance: Advance) -> None:
        advance.execution.set_variables(variables, key)

    details = {"variables": sorted(variables)}
    _correct(session, actor, instance_id, "instance.data_corrected", reason, deed, details=details)


def cancel(session: Session, actor: Actor, instance_id: int, reason: str) -> None:
    """End one run; the case goes on without it.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason.
    """

    def deed(advance: Advance) -> None:
        advance.execution.cancel()

    _correct(session, actor, instance_id, "instance.cancelled", reason, deed, right="instance.cancel")


def fire_timer(session: Session, actor: Actor, timer_id: int, reason: str) -> None:
    """Let a waiting timer fire now.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason.
    """
    timer = _timer(session, timer_id)

    def deed(advance: Advance) -> None:
        advance.execution.fire_timer(timer.key)

    _correct(session, actor, timer.instance_id, "timer.fired", reason, deed, element_id=timer.element_id)


def change_timer(session: Session, actor: Actor, timer_id: int, due_at: datetime, reason: str) -> None:
    """Let a waiting timer fire at another time.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason.
    """
    timer = _timer(session, timer_id)
    details = {"from": timer.due_at, "to": due_at}

    def deed(advance: Advance) -> None:
        advance.execution.change_timer(timer.key, due_at)

    _correct(
        session, actor, timer.instance_id, "timer.changed", reason, deed, element_id=timer.element_id, details=details
    )


def _timer(session: Session, timer_id: int) -> Timer:
    timer = session.get(Timer, timer_id)
    if timer is None:
        raise NotFound("no such timer", timer=timer_id)
    return timer


def _element(advance: Advance, key: str) -> str:
    for token in advance.execution.tokens():
        if token.key == key:
            return token.element_id
    raise Conflict("this is not open any more", kind="withdrawn", key=key)


def _correct(
    session: Session,
    actor: Actor,
    instance_id: int,
    kind: str,
    reason: str,
    deed: Deed,
    *,
    right: str = "instance.move",
    element_id: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    require(actor, right)
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
    with advancing(session, actor, instance_id, even_suspended=True) as advance:
        advance.by_hand = True
        advance.deed(kind, reason=reason, element_id=element_id, details=details)
        deed(advance)
    _settle(session, actor, instance_id, reason)


def _settle(session: Session, actor: Actor, instance_id: int, reason: str) -> None:
    """A person has moved the process on: what was wrong at the old place is over, unless a failed job still is."""
    session.flush()
    still_failed = select(Job.id).where(Job.instance_id == instance_id, Job.status == JobStatus.FAILED)
    waiting = select(Timer.key).where(Timer.instance_id == instance_id)
    session.execute(
        update(Incident)
        .where(
            Incident.instance_id == instance_id,
            Incident.status == IncidentStatus.OPEN,
            Incident.job_id.is_(None) | Incident.job_id.not_in(still_failed),
            Incident.timer_key.not_in(waiting) | (Incident.timer_key == ""),
        )
        .values(
            status=IncidentStatus.RESOLVED,
            resolved_at=clock.now(),
            resolved_by_id=actor.person_id,
            resolution=reason,
        )
        .execution_options(synchronize_session=False)
    )
