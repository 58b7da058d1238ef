"""Processes people start by hand: buttons on a case (extension, appeal …), contingencies, what names a start group."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import areas, clock, forms
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, ExecutionFailed, FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.instances import form_schema, start
from engine.permissions import Actor, can, require
from engine.storage import (
    ENDED,
    Area,
    Case,
    DefinitionState,
    FormDefinition,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
    lock,
)

ACTION = "action"
USUALLY = "open, suspended"
"""The states of a case an action is for, unless its property ``caseStatus`` names others (an appeal: ``closed``)."""
START_DEEDS = {"contingency": "contingency.start"}


def actions_for(session: Session, actor: Actor, case: Case) -> list[ProcessDefinition]:
    """What the actor may start on this case as it stands now, by name."""
    return [row for row in _newest(session, ACTION) if _for_state(row, case) and _offered(actor, row, case)]


def action(session: Session, process_key: str) -> ProcessDefinition:
    """The action as it is published now, whether or not it may be started.

    Raises:
        NotFound: there is none of that key.
    """
    definition = _definition(session, process_key)
    if definition.kind != ACTION:
        raise NotFound("this is no action", process=process_key)
    return definition


def start_action(
    session: Session, actor: Actor, case_id: int, process_key: str, fields: Mapping[str, Any] | None = None
) -> ProcessInstance:
    """Start an action on a case with the fields of its start form.

    Raises:
        NotFound, NotAllowed. InvalidInput: per field. Conflict: it is not for a case in this state, or runs already.
    """
    case = lock(session, Case, case_id)
    definition = action(session, process_key)
    if not _offered(actor, definition, case):
        raise NotAllowed("the action is not the actor's", deed="action.start", subject=process_key)
    if not _for_state(definition, case):
        kind = "ended" if case.status in ENDED else case.status.value
        raise Conflict("the action is not for a case in this state", kind=kind, case=case.number, process=process_key)
    running = session.scalar(
        select(ProcessInstance.id)
        .where(
            ProcessInstance.case_id == case.id,
            ProcessInstance.process_key == process_key,
            ProcessInstance.status.in_([InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED]),
        )
        .limit(1)
    )
    if running is not None:
        raise Conflict("the action runs already", kind="duplicate", case=case.number, process=process_key)
    variables = _clean(session, definition, fields or {}, case)
    return start(session, actor, process_key, case=case, variables={**variables, "started_by": _who(actor)})


def startable(session: Session, actor: Actor) -> list[ProcessDefinition]:
    """What the actor may start without a case: contingencies and shared processes, by name."""
    rows = [*_newest(session, "contingency"), *_newest(session, "shared")]
    return [row for row in rows if _begins_plainly(row) and _may_start(actor, row, None)]


def _begins_plainly(definition: ProcessDefinition) -> bool:
    """Whether it begins without an event; a partner that waits for a message is nobody's to start."""
    return any(start["kind"] == "none" for start in definition.info["starts"])


def start_process(
    session: Session,
    actor: Actor,
    process_key: str,
    fields: Mapping[str, Any] | None = None,
    *,
    drill: bool = False,
    submission: str = "",
) -> ProcessInstance:
    """Start a process that belongs to no case; one with a place in its form only where the actor may.

    ``submission`` is the form's own token: the same submit starts one process and answers it again.

    Raises:
        NotFound. NotAllowed: not at all, or not there. InvalidInput: per field.
    """
    if (before := _started_before(session, actor, submission)) is not None:
        return before
    definition = _definition(session, process_key)
    if not _may_start(actor, definition, None):
        raise NotAllowed("the process is not the actor's to start", deed="process.start", subject=process_key)
    variables = _clean(session, definition, fields or {}, None)
    area = _area(session, variables)
    if not _may_start(actor, definition, area):
        raise NotAllowed("the place is out of the actor's reach", deed="process.start", subject="area")
    if drill:
        require(actor, "contingency.drill", area)
    given = {**variables, "started_by": _who(actor)}
    try:
        with session.begin_nested() if submission else nullcontext():
            return start(session, actor, process_key, variables=given, drill=drill, submission=submission)
    except IntegrityError:
        if (before := _started_before(session, actor, submission)) is None:
            raise
        return before


def _started_before(session: Session, actor: Actor, submission: str) -> ProcessInstance | None:
    """The run that the actor started with this very form."""
    if not submission:
        return None
    wanted = select(ProcessInstance).where(
        ProcessInstance.started_by_id == actor.person_id, ProcessInstance.submission == submission
    )
    return session.scalars(wanted).one_or_none()


def _area(session: Session, variables: Mapping[str, Any]) -> Area | None:
    """The area a start form names by its fields ``district`` and ``street``; None when it has no such fields.

    Raises:
        InvalidInput: no place of the city.
    """
    names = {name: str(variables[name] or "") for name in ("district", "street") if name in variables}
    if not names:
        return None
    place = areas.place(session, district=names.get("district", ""), street=names.get("street", ""))
    if place.area is None:
        named = next((name for name, text in names.items() if text), next(iter(names)))
        raise InvalidInput("no such place", [FieldProblem(named, "outside_city", {"value": names[named]})])
    return place.area


def _who(actor: Actor) -> dict[str, Any]:
    return {"username": actor.username, "name": actor.display_name, "roles": sorted(actor.roles)}


def _may_start(actor: Actor, definition: ProcessDefinition, area: Area | None) -> bool:
    if actor.machine or can(actor, "process.start", area):
        return True
    deed = START_DEEDS.get(definition.kind)
    return any(
        grant.role in definition.start_groups
        and (area is None or grant.reaches(area.path))
        and (deed is None or deed in grant.deeds)
        for grant in actor.grants
    )


def _for_state(definition: ProcessDefinition, case: Case) -> bool:
    wanted = definition.properties.get("caseStatus") or USUALLY
    return case.status.value in {part.strip() for part in str(wanted).split(",")}


def _offered(actor: Actor, definition: ProcessDefinition, case: Case) -> bool:
    if definition.service_type and definition.service_type != case.service_type:
        return False
    return actor.machine or any(
        grant.role in definition.start_groups
        and (grant.organisation_id == case.responsible_organisation_id or grant.reaches(case.area_path))
        for grant in actor.grants
    )


def _newest(session: Session, kind: str) -> list[ProcessDefinition]:
    newest = (
        select(func.max(ProcessDefinition.version).label("version"), ProcessDefinition.key)
        .where(ProcessDefinition.state == DefinitionState.PUBLISHED)
        .group_by(ProcessDefinition.key)
        .subquery()
    )
    return list(
        session.scalars(
            select(ProcessDefinition)
            .join(newest, (newest.c.key == ProcessDefinition.key) & (newest.c.version == ProcessDefinition.version))
            .where(ProcessDefinition.kind == kind)
            .order_by(ProcessDefinition.name)
        )
    )


def _definition(session: Session, process_key: str) -> ProcessDefinition:
    found = session.scalars(
        select(ProcessDefinition)
        .where(ProcessDefinition.key == process_key, ProcessDefinition.state == DefinitionState.PUBLISHED)
        .order_by(ProcessDefinition.version.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound("no such process is published", kind="process_missing", process=process_key)
    return found


def start_form(session: Session, definition: ProcessDefinition) -> Mapping[str, Any]:
    """The form asked before a process starts; an empty one where it has none.

    Raises:
        ExecutionFailed: it has one, and that is out of use (``kind`` form_missing).
    """
    if not definition.start_form:
        return {"components": []}
    form_id = session.scalar(
        select(FormDefinition.id)
        .where(FormDefinition.key == definition.start_form, FormDefinition.state == DefinitionState.PUBLISHED)
        .order_by(FormDefinition.version.desc())
        .limit(1)
    )
    if form_id is None:
        raise ExecutionFailed("the start form is not published", kind="form_missing", form=definition.start_form)
    return form_schema(session, form_id)


def _clean(
    session: Session, definition: ProcessDefinition, fields: Mapping[str, Any], case: Case | None
) -> dict[str, Any]:
    if not definition.start_form:
        return {}
    values: dict[str, Any] = forms.clean(
        start_form(session, definition),
        fields,
        variables={},
        host=host_for(session, case),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
    )
    return values
