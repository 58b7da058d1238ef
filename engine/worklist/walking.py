"""The way a process went, read from the history: elements and flows with how often, and where it stands now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage import (
    Composition,
    EventSubscription,
    HistoryEvent,
    Incident,
    IncidentStatus,
    Job,
    JobStatus,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
)

SEPARATOR = "/"
"""Between the key of a called process and its element in the history's paths."""


@dataclass
class Walk:
    """One process of an instance on its diagram: how often elements were done and flows taken, and what is open now."""

    instance_id: int
    process_key: str
    process_definition_id: int
    elements: Counter[str] = field(default_factory=Counter)
    flows: Counter[str] = field(default_factory=Counter)
    current: set[str] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)


def walk(session: Session, instance: ProcessInstance) -> dict[str, Walk]:
    """The way of an instance, by process key: its own first, then those it called."""
    walks = {
        instance.process_key: Walk(instance.id, instance.process_key, instance.process_definition_id),
    }

    contents = session.scalar(select(Composition.contents).where(Composition.id == instance.composition_id)) or {}
    for key, definition_id in contents.get("processes", {}).items():
        walks.setdefault(key, Walk(instance.id, key, definition_id))
    for _, details in _details(session, instance_id=instance.id):
        for element, key in _done(details, instance.process_key):
            if key in walks:
                walks[key].elements[element] += 1
        for flow, key in _paths(details.get("flows"), instance.process_key):
            if key in walks:
                walks[key].flows[flow] += 1
    _mark_current(session, instance, walks)
    return {
        key: found for key, found in walks.items() if found.elements or found.current or key == instance.process_key
    }


def _mark_current(session: Session, instance: ProcessInstance, walks: Mapping[str, Walk]) -> None:
    """What is open: by the rows where they tell the process, else in whichever process has been walked there."""
    tasks = session.execute(
        select(Task.process_key, Task.element_id).where(Task.instance_id == instance.id, Task.status == TaskStatus.OPEN)
    )
    for key, element in tasks:
        if key in walks:
            walks[key].current.add(element)
    open_now = _still_open(session, instance)
    for element, key in open_now:
        if key in walks:
            walks[key].current.add(element)
    troubled = set(
        session.scalars(
            select(Incident.element_id).where(
                Incident.instance_id == instance.id, Incident.status == IncidentStatus.OPEN
            )
        )
    )
    for found in walks.values():
        found.incidents = troubled & (found.current | set(found.elements))
    if walks:
        own = walks[instance.process_key]
        own.incidents |= troubled - {e for found in walks.values() for e in found.incidents}


def _still_open(session: Session, instance: ProcessInstance) -> set[tuple[str, str]]:
    """Elements entered more often than left, of those that rows of waiting things name."""
    waiting: set[str] = set()
    for table in (Timer, EventSubscription):
        waiting |= set(session.scalars(select(table.element_id).where(table.instance_id == instance.id)))
    waiting |= set(
        session.scalars(
            select(Job.element_id).where(
                Job.instance_id == instance.id, Job.status.in_([JobStatus.OWED, JobStatus.FAILED])
            )
        )
    )
    balance: Counter[tuple[str, str]] = Counter()
    for _, details in _details(session, instance_id=instance.id):
        balance.update(_paths(details.get("entered"), instance.process_key))
        for kind in ("completed", "cancelled"):
            balance.subtract(_paths(details.get(kind), instance.process_key))
    return {place for place, number in balance.items() if number > 0 or (place[0] in waiting and number >= 0)}


def _done(details: Mapping[str, Any], process_key: str) -> list[tuple[str, str]]:
    """What was completed in a step: opened before, or passed through."""
    return _paths(details.get("completed"), process_key) + _paths(details.get("passed"), process_key)


def _paths(found: Iterable[str] | None, process_key: str) -> list[tuple[str, str]]:
    """(element, process key) of the paths of a history line."""
    pairs = []
    for path in found or ():
        key, separator, element = path.rpartition(SEPARATOR)
        pairs.append((element, key if separator else process_key))
    return pairs


def _details(
    session: Session, *, case_id: int | None = None, instance_id: int | None = None
) -> list[tuple[str, dict[str, Any]]]:
    statement = (
        select(ProcessInstance.process_key, HistoryEvent.details)
        .join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
        .where(HistoryEvent.details.is_not(None))
        .order_by(HistoryEvent.id)
    )
    if case_id is None and instance_id is not None:
        # The history of an instance is found by its case (there is an index); only of those without one by itself.
        theirs = session.scalar(select(ProcessInstance.case_id).where(ProcessInstance.id == instance_id))
        at = HistoryEvent.case_id == theirs if theirs is not None else HistoryEvent.case_id.is_(None)
        statement = statement.where(HistoryEvent.instance_id == instance_id, at)
    elif case_id is not None:
        statement = statement.where(HistoryEvent.case_id == case_id)
    return [(key, details) for key, details in session.execute(statement)]


@overload
def walked_elements(
    session: Session,
    *,
    case_id: int | None = None,
    instance_id: int | None = None,
    by_process: Literal[False] = False,
) -> Counter[str]: ...


@overload
def walked_elements(
    session: Session,
    *,
    case_id: int | None = None,
    instance_id: int | None = None,
    by_process: Literal[True],
) -> dict[str, Counter[str]]: ...


def walked_elements(
    session: Session, *, case_id: int | None = None, instance_id: int | None = None, by_process: bool = False
) -> Counter[str] | dict[str, Counter[str]]:
    """How often each element was completed: in a case, in an instance, or (neither given) in the whole database."""
    found: dict[str, Counter[str]] = {}
    for process_key, details in _details(session, case_id=case_id, instance_id=instance_id):
        for element, key in _done(details, process_key):
            found.setdefault(key, Counter())[element] += 1
    if by_process:
        return found
    return sum(found.values(), Counter())


def decided_rules(session: Session, *, case_id: int | None = None) -> dict[str, Counter[str]]:
    """How often each rule of each decision fired: decision id → rule id → times."""
    found: dict[str, Counter[str]] = {}
    for _, details in _details(session, case_id=case_id):
        for trace in details.get("decisions", ()):
            _count_rules(trace, found)
    return found


def _count_rules(trace: Any, found: dict[str, Counter[str]]) -> None:
    if not isinstance(trace, Mapping):
        return
    counter = found.setdefault(str(trace.get("decision", "")), Counter())
    counter.update(str(rule) for rule in trace.get("rules") or ())
    for inner in trace.get("required") or ():
        _count_rules(inner, found)
