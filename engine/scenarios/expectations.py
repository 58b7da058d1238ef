"""What a scenario expects of a case at a moment, held against the tables; every mismatch is told in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.simulation.outcome import Outcome, outcome_of
from engine.storage import (
    Case,
    Deadline,
    Evidence,
    Incident,
    IncidentStatus,
    ProcessInstance,
    Task,
    TaskCandidate,
    TaskStatus,
)
from engine.worklist import walked_elements


def mismatches(session: Session, expect: Mapping[str, Any], case_id: int | None, instance_id: int) -> Iterator[str]:
    """One line for everything that is not as expected."""
    outcome = outcome_of(session, case_id) if case_id is not None else None
    for name, wanted in expect.items():
        found = _FACTS[name](session, case_id, instance_id, outcome, wanted)
        if name in {"passed", "not_passed"}:
            yield from _passed(name, wanted, found)
        elif not _same(wanted, found):
            yield f"{name}: expected {wanted!r}, found {found!r}"


def _passed(name: str, wanted: list[str], found: set[str]) -> Iterator[str]:
    wrong = [each for each in wanted if (each in found) is (name == "not_passed")]
    if wrong:
        yield f"{name}: {', '.join(wrong)}; walked: {', '.join(sorted(found))}"


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list) and isinstance(found, list | tuple | set):
        return sorted(map(str, wanted)) == sorted(map(str, found))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and _same(value, found[name]) for name, value in wanted.items())
    if isinstance(found, tuple):
        return wanted in found
    return bool(wanted == found)


def _open_tasks(session: Session, case_id: int | None, instance_id: int) -> list[Task]:
    mine = Task.case_id == case_id if case_id is not None else Task.instance_id == instance_id
    return list(session.scalars(select(Task).where(mine, Task.status == TaskStatus.OPEN).order_by(Task.id)))


def _tasks(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> list[str]:
    return [task.element_id for task in _open_tasks(session, case_id, instance_id)]


def _groups(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> list[str]:
    ids = [task.id for task in _open_tasks(session, case_id, instance_id)]
    rows = session.scalars(
        select(TaskCandidate.role).where(TaskCandidate.task_id.in_(ids), TaskCandidate.role.is_not(None))
    )
    return sorted({role for role in rows if role})


def _deadline(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> Any:
    """The end of the case's clock, or of the clock of an element (``{element: moment}``); to the minute."""
    if isinstance(wanted, dict):
        rows = session.execute(
            select(Deadline.element_id, Deadline.due_at)
            .where(Deadline.case_id == case_id if case_id is not None else Deadline.instance_id == instance_id)
            .order_by(Deadline.id)
        )
        ends = {element: _minute(due) for element, due in rows}
        return {element: _as_written(ends.get(element), text) for element, text in wanted.items()}
    return _as_written(_minute(outcome.due_at if outcome else None), wanted)


def _minute(moment: Any) -> str | None:
    return clock.city_time(moment).isoformat(timespec="minutes") if moment is not None else None


def _as_written(found: str | None, wanted: Any) -> Any:
    """The scenario's own text when it means the same moment, so that any way of writing it is right."""
    if found is None or wanted is None:
        return found
    return wanted if _minute(clock.parse(str(wanted))) == found else found


def _walked(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> set[str]:
    return set(walked_elements(session, case_id=case_id, instance_id=instance_id))


def _end(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> list[str]:
    found = session.scalar(select(ProcessInstance.end_events).where(ProcessInstance.id == instance_id)) or []
    return list(found)


def _responsible(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> Any:
    return (outcome.parties[-1].duty, outcome.parties[-1].name) if outcome and outcome.parties else ()


def _incidents(
    session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any
) -> list[str]:
    mine = Incident.case_id == case_id if case_id is not None else Incident.instance_id == instance_id
    return list(session.scalars(select(Incident.element_id).where(mine, Incident.status == IncidentStatus.OPEN)))


def _evidence(
    session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any
) -> list[str]:
    return sorted(set(session.scalars(select(Evidence.slot).where(Evidence.case_id == case_id))))


def _stage(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> str:
    return session.scalar(select(Case.stage).where(Case.id == case_id)) or ""


def _of_outcome(name: str) -> Callable[..., Any]:
    def read(session: Session, case_id: int | None, instance_id: int, outcome: Outcome | None, wanted: Any) -> Any:
        return getattr(outcome, name) if outcome is not None else None

    return read


_FACTS: dict[str, Callable[..., Any]] = {
    "tasks": _tasks,
    "groups": _groups,
    "stage": _stage,
    "route": _of_outcome("route"),
    "row": _of_outcome("decision_row"),
    "limit": _of_outcome("limit"),
    "status": _of_outcome("status"),
    "facts": _of_outcome("facts"),
    "returned": _of_outcome("times_returned"),
    "reworked": _of_outcome("times_reworked"),
    "children": lambda session, case_id, instance_id, outcome, wanted: len(outcome.children) if outcome else 0,
    "deadline": _deadline,
    "responsible": _responsible,
    "end": _end,
    "passed": _walked,
    "not_passed": _walked,
    "incidents": _incidents,
    "evidence": _evidence,
}


def facts_now(session: Session, case_id: int | None, instance_id: int) -> dict[str, Any]:
    """What a scenario made from a trial expects at its end: what is the case now."""
    found: dict[str, Any] = {"tasks": _tasks(session, case_id, instance_id, None, None)}
    if case_id is None:
        return found
    outcome = outcome_of(session, case_id)
    found["status"] = outcome.status
    found |= {name: value for name, value in (("route", outcome.route), ("row", outcome.decision_row)) if value}
    if outcome.due_at is not None:
        found["deadline"] = _minute(outcome.due_at)
    if outcome.parties:
        found["responsible"] = outcome.parties[-1].duty or outcome.parties[-1].name
    end = _end(session, case_id, instance_id, outcome, None)
    return found | ({"end": end} if end else {})
