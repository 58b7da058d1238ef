"""What FEEL sees as `case` and `emergency`: plain facts, without personal data; read only when asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.bpmn import variable_of
from engine.storage import (
    Case,
    CaseLink,
    CaseReporter,
    InstanceStatus,
    Organisation,
    ProcessDefinition,
    ProcessInstance,
    ServiceType,
)


def case_context(session: Session, case: Case) -> dict[str, Any]:
    """The case as FEEL sees it; times on the city's wall clock, numbers for cases, codes for services."""
    party, reporter, parent, original = _around(session, case)
    return {
        "number": case.number,
        "service_type": case.service_type,
        "service_name": _service_name(session, case.service_type),
        "kind": case.kind,
        "category": case.category,
        "sub_category": case.sub_category,
        "title": case.title,
        "description": case.description,
        "urgency": case.urgency,
        "channel": case.channel,
        "reported_at": clock.city_time(case.reported_at),
        "opened_at": clock.city_time(case.opened_at),
        "closed_at": clock.city_time(case.closed_at) if case.closed_at else None,
        "stage": case.stage,
        "status": case.status.value,
        "route": case.route,
        "place": {
            "district": case.district,
            "street": case.street,
            "community": case.community,
            "grid": case.grid,
            "text": case.place_text,
            "longitude": case.longitude,
            "latitude": case.latitude,
            "inside_city": case.inside_city,
            "area": case.area_path,
        },
        "responsible_party": party,
        "reporter": reporter,
        "times_returned": case.times_returned,
        "times_reworked": case.times_reworked,
        "decision_row": case.decision_row,
        "close_condition": case.close_condition,
        "close_reason": case.close_reason,
        "parent": parent,
        "duplicate_of": original,
        "emergency_active": case.emergency_active,
        "drill": case.drill,
        "facts": dict(case.facts),
        "related": _related(session, case),
    }


def _around(session: Session, case: Case) -> tuple[dict[str, Any] | None, dict[str, Any], str | None, str | None]:
    """The responsible party, the reporter's wishes, the numbers of parent and original: one query."""
    parent, original = aliased(Case), aliased(Case)
    row = session.execute(
        select(Organisation, CaseReporter, parent.number, original.number)
        .select_from(Case)
        .outerjoin(Organisation, Organisation.id == Case.responsible_organisation_id)
        .outerjoin(CaseReporter, CaseReporter.case_id == Case.id)
        .outerjoin(parent, parent.id == Case.parent_id)
        .outerjoin(original, original.id == Case.duplicate_of_id)
        .where(Case.id == case.id)
    ).one()
    organisation, reporter = row[0], row[1]
    party = None
    if organisation is not None:
        party = {name: getattr(organisation, name) for name in ("code", "name", "kind", "duty")}
    wishes = {
        "wants_reply": bool(reporter and reporter.wants_reply),
        "anonymous": bool(reporter is None or reporter.anonymous),
        "staff": bool(reporter and reporter.person_id),
    }
    return party, wishes, row[2], row[3]


def _service_name(session: Session, code: str) -> str:
    service = session.get(ServiceType, code)
    return service.name if service is not None else code


def _related(session: Session, case: Case) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Case.number, Case.title, Case.status, Case.service_type, CaseLink.kind)
        .join(
            CaseLink,
            or_(
                (CaseLink.case_id == case.id) & (CaseLink.other_case_id == Case.id),
                (CaseLink.other_case_id == case.id) & (CaseLink.case_id == Case.id),
            ),
        )
        .order_by(CaseLink.id)
        .limit(100)
    )
    return [
        {"number": number, "title": title, "status": status.value, "service_type": service_type, "kind": kind}
        for number, title, status, service_type, kind in rows
    ]


def emergency_context(session: Session, case: Case) -> dict[str, Any] | None:
    """The response that applies where the case lies, the most severe first (1 before 4, undecided last); None without.

    A response is a contingency that runs; it applies in the area of its own case and everywhere inside it. Drills apply
    to drills only.
    """
    theirs = aliased(Case)
    rows = session.execute(
        select(ProcessInstance.state, ProcessInstance.started_at, ProcessDefinition.key, ProcessDefinition.name, theirs)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.process_definition_id)
        .join(theirs, theirs.id == ProcessInstance.case_id)
        .where(
            ProcessDefinition.kind == "contingency",
            ProcessInstance.status.in_([InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED]),
            or_(ProcessInstance.drill, theirs.drill) == case.drill,
            func.substr(literal(case.area_path), 1, func.length(theirs.area_path)) == theirs.area_path,
        )
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
    )
    found = [
        {
            "kind": key,
            "name": name,
            "level": level_of(state),
            "since": clock.city_time(started_at),
            "case": response.number,
            "district": response.district,
            "street": response.street,
        }
        for state, started_at, key, name, response in rows
    ]
    return min(found, key=_severity, default=None)


def level_of(state: bytes | None) -> Any:
    """The level a response has in its saved state: 1 (worst) to 5 (watch), None while nobody has decided."""
    return variable_of(state, "level") if state else None


def _severity(response: Mapping[str, Any]) -> float:
    level = response["level"]
    return float(level) if isinstance(level, (int, Decimal)) and not isinstance(level, bool) else math.inf


class CaseVariables(Mapping[str, Any]):
    """The read-only variables around a process, ``case`` and ``emergency``; each is read when first asked for."""

    NAMES = ("case", "emergency")
    PARTS: ClassVar[Mapping[str, str]] = {"case": "related"}
    """What changes apart from the rest: other cases."""

    def __init__(self, session: Session, case: Case | None) -> None:
        self._session = session
        self._case = case
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.NAMES:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self.NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)

    def forget(self) -> None:
        """The case has changed: read again when asked."""
        self._known.clear()

    def _read(self, name: str) -> Any:
        if name == "case":
            return case_context(self._session, self._case) if self._case is not None else None
        return emergency_context(self._session, self._case) if self._case is not None else None
