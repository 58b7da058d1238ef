"""Opening a case: number, place, reporter, the first responsible party, the start of its process."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import clock, evidence, history, responsibility
from engine.errors import ExecutionFailed, NotFound
from engine.instances import start
from engine.intake.numbers import next_number
from engine.intake.reading import Report, read_report
from engine.permissions import Actor, require
from engine.storage import (
    Area,
    Case,
    CaseReporter,
    DefinitionState,
    Organisation,
    ProcessDefinition,
    ResponsiblePeriod,
    settings_of,
)

FIRST_RECEIVER = "intake"
"""The duty of whoever answers for a case until somebody else has accepted it."""


def open_case(
    session: Session,
    actor: Actor,
    report: Mapping[str, Any],
    *,
    process_key: str = "",
    parent: Case | None = None,
    variables: Mapping[str, Any] | None = None,
    drill: bool = False,
    submission: str = "",
) -> Case:
    """Open a case from what was entered and start its service's process.

    ``report``: title, description, service_type, kind, category, sub_category, urgency, channel, reported_at, place,
    district, street, community, grid, longitude, latitude, outside_city (True confirms it), reporter, evidence (public
    ids of files), context (facts that came along). ``submission`` is the form's own token: the same submit opens one
    case and answers it again.

    Raises:
        InvalidInput: everything wrong, per field; nothing was stored. NotAllowed. NotFound: no process is published for
        the service (``kind`` process_missing).
    """
    if (before := opened_before(session, actor, submission)) is not None:
        return before
    read = read_report(session, report)
    _require_right(session, actor, read)
    key = process_key or service_process(session, read.columns["service_type"])
    try:
        # When another tab was quicker, its case is answered, and the number taken meanwhile is given back.
        with session.begin_nested() if submission else nullcontext():
            case = _store(session, actor, read, parent, drill, submission)
    except IntegrityError:
        if (before := opened_before(session, actor, submission)) is None:
            raise
        return before
    history.record(
        session,
        actor,
        case.id,
        "case.opened",
        organisation_id=_own_organisation(actor),
        new={"number": case.number, "service_type": case.service_type, "title": case.title, "channel": case.channel},
    )
    start(session, actor, key, case=case, variables=variables, drill=drill)
    return case


def opened_before(session: Session, actor: Actor, submission: str) -> Case | None:
    """The case that the actor opened with this very form."""
    if not submission:
        return None
    wanted = select(Case).where(Case.created_by_id == actor.person_id, Case.submission == submission)
    return session.scalars(wanted).one_or_none()


def service_process(session: Session, service_type: str) -> str:
    """The published process that opens cases of a service.

    Raises:
        NotFound: there is none (``kind`` process_missing).
    """
    found = session.scalar(
        select(ProcessDefinition.key)
        .where(
            ProcessDefinition.service_type == service_type,
            ProcessDefinition.kind == "service",
            ProcessDefinition.state == DefinitionState.PUBLISHED,
        )
        .order_by(ProcessDefinition.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("no process is published for this service", kind="process_missing", service_type=service_type)
    return found


def _require_right(session: Session, actor: Actor, read: Report) -> None:
    area = session.get(Area, read.columns["area_id"]) if read.columns["area_id"] else None
    require(actor, "case.open", area)


def _store(session: Session, actor: Actor, read: Report, parent: Case | None, drill: bool, submission: str) -> Case:
    now = clock.now()
    columns = dict(read.columns)
    case = Case(
        public_id=secrets.token_urlsafe(16),
        opened_at=now,
        updated_at=now,
        created_by_id=actor.person_id,
        submission=submission or None,
        parent_id=parent.id if parent is not None else None,
        drill=drill or (parent is not None and parent.drill),
        facts={"context": read.context} if read.context else {},
        **columns,
    )
    party = _first_party(session, case)
    case.responsible_organisation_id = party.id
    with session.no_autoflush:
        case.number = next_number(session, settings_of(session).case_number_pattern, case.area_path, now)
    session.add(case)
    session.flush()
    session.add(ResponsiblePeriod(case_id=case.id, organisation_id=party.id, since=now, reason="opened"))
    if read.reporter:
        session.add(
            CaseReporter(case_id=case.id, person_id=actor.person_id if _is_own(read) else None, **read.reporter)
        )
    session.flush()
    if read.evidence:
        evidence.attach(session, actor, read.evidence, case_id=case.id, task_id=None, element_id="")
    return case


def _is_own(read: Report) -> bool:
    """A member of staff reports what they found themselves when nobody else is named."""
    return not (read.reporter.get("name") or read.reporter.get("phone"))


def _first_party(session: Session, case: Case) -> Organisation:
    try:
        return responsibility.resolve(session, FIRST_RECEIVER, case)
    except NotFound as error:
        raise ExecutionFailed(
            "nobody receives cases here", kind="no_organisation", wanted=FIRST_RECEIVER, area=case.area_path
        ) from error


def _own_organisation(actor: Actor) -> int | None:
    return next((grant.organisation_id for grant in actor.grants), None)
