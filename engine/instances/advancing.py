"""Start, load, advance, save. Every deed on a running process goes through here, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, join
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.execution import Execution
from engine.bpmn.facts import Facts
from engine.case_context import CaseVariables
from engine.errors import Conflict, NotFound
from engine.instances.conditions import CONTINGENCY, case_changed, tell_response
from engine.instances.ending import case_goes_on
from engine.instances.environment import environment
from engine.instances.programs import Bundle, compose, load_bundle
from engine.instances.rows import derive
from engine.permissions import Actor
from engine.storage import (
    Case,
    HistoryEvent,
    InstanceStatus,
    ProcessInstance,
)
from engine.storage.reading import Reading
from engine.storage.statements import Writes, table_of

NOTHING = Facts(tasks=[], timers=[], waits=[], jobs=[], thrown=[], steps=[], ended=False, end_events=[], active=[])
_UNKNOWN = -1

Locked = tuple[Case | None, ProcessInstance]
CASES, INSTANCES = table_of(Case), table_of(ProcessInstance)
_ONE = INSTANCES.c.id == bindparam("instance")
_INSTANCE = Reading([ProcessInstance], INSTANCES, _ONE)
_BOTH = Reading([Case, ProcessInstance], join(INSTANCES, CASES, INSTANCES.c.case_id == CASES.c.id), _ONE)


@dataclass
class Advance:
    """A loaded instance in the hands of one deed. ``variables`` is what FEEL sees around it; ``writes`` are sent
    together when the deed is done.
    """

    session: Session
    actor: Actor
    instance: ProcessInstance
    case: Case | None
    bundle: Bundle
    execution: Execution
    variables: CaseVariables
    before: Facts = field(default_factory=lambda: NOTHING)
    writes: Writes = field(default_factory=Writes)
    kind: str = "instance.advanced"
    line: dict[str, Any] = field(default_factory=dict)
    done_key: str = ""
    only_a_look: bool = False
    """The history hears of it only when the process moves."""
    by_hand: bool = False
    """A person corrects the process and answers for the incidents of what it leaves."""

    def deed(self, kind: str, **line: Any) -> None:
        """Name the deed in the history line this step writes; ``line`` as ``history.record`` takes it."""
        self.kind = kind
        self.line = line


def start(
    session: Session,
    actor: Actor,
    process_key: str,
    *,
    case: Case | None = None,
    variables: Mapping[str, Any] | None = None,
    start_element: str = "",
    payload: Mapping[str, Any] | None = None,
    started_by_instance_id: int | None = None,
    business_key: str = "",
    drill: bool = False,
    submission: str = "",
) -> ProcessInstance:
    """Begin a run of the newest published version of a process and go as far as it goes by itself.

    ``submission`` is the token of the form that starts it; the database takes it once from a person.

    Raises:
        NotFound: no such process is published (``kind`` process_missing); ExecutionFailed: it cannot start.
    """
    composition_id, definition_id = compose(session, process_key)
    bundle = load_bundle(session, composition_id, process_key)
    now = clock.now()
    around = CaseVariables(session, case)
    execution = Execution.start(
        bundle.program,
        environment(session, case, bundle, around),
        variables,
        start_element=start_element or None,
        payload=payload,
    )
    instance = ProcessInstance(
        case_id=case.id if case is not None else None,
        process_definition_id=definition_id,
        process_key=process_key,
        composition_id=composition_id,
        started_by_instance_id=started_by_instance_id,
        business_key=business_key,
        state=execution.dump(),
        started_at=now,
        started_by_id=actor.person_id,
        updated_at=now,
        drill=drill or (case is not None and case.drill),
        submission=submission or None,
    )
    session.add(instance)
    session.flush()
    advance = Advance(session, actor, instance, case, bundle, execution, around)
    advance.deed("instance.started", subject=process_key)
    save(advance, begins=True)
    return instance


@contextmanager
def advancing(
    session: Session,
    actor: Actor,
    instance_id: int,
    *,
    case_id: int | None = _UNKNOWN,
    locked: Locked | None = None,
    even_suspended: bool = False,
) -> Iterator[Advance]:
    """Lock and load an instance for one deed on its ``execution``; leaving the block saves it and derives its rows.

    ``locked`` is what the caller has locked already with ``lock_step``. On any exception nothing is saved; roll back.

    Raises:
        NotFound: no such instance. Conflict: it is suspended or has ended.
    """
    case, instance = locked or lock_step(session, instance_id, case_id)
    if instance.status is InstanceStatus.SUSPENDED and not even_suspended:
        raise Conflict("the case is suspended", kind="suspended", instance=instance_id)
    if instance.status not in (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED) or instance.state is None:
        raise Conflict("the process has ended", kind="ended", instance=instance_id)
    advance = load(session, actor, instance, case)
    yield advance
    save(advance)


def reopen_instance(
    session: Session, actor: Actor, instance: ProcessInstance, case: Case | None, element_id: str, reason: str
) -> None:
    """Let a locked, ended instance go on at an element of its outermost level.

    Raises:
        Conflict: its state is gone, it was cancelled, or it has no such element.
    """
    if instance.status is not InstanceStatus.COMPLETED or instance.state is None:
        raise Conflict("this run cannot be taken up again", kind="ended", instance=instance.id)
    advance = load(session, actor, instance, case)
    advance.deed("instance.reopened", element_id=element_id, reason=reason)
    advance.execution.reopen(element_id)
    instance.status, instance.ended_at, instance.end_events = InstanceStatus.ACTIVE, None, []
    save(advance, begins=True)


def load(session: Session, actor: Actor, instance: ProcessInstance, case: Case | None) -> Advance:
    """The advance of a locked instance, as it stands. For ``advancing`` and for migration only."""
    bundle = load_bundle(session, instance.composition_id, instance.process_key)
    around = CaseVariables(session, case)
    assert instance.state is not None
    execution = Execution.load(bundle.program, environment(session, case, bundle, around), instance.state)
    return Advance(session, actor, instance, case, bundle, execution, around, before=execution.facts())


def lock_step(session: Session, instance_id: int, case_id: int | None = _UNKNOWN) -> Locked:
    """The instance with its state, and its case, both locked; ``case_id`` None says that it has none.

    Raises:
        NotFound: no such instance.
    """
    if case_id is not None:
        found = _BOTH.one(session, instance=instance_id)
        if found is not None:
            return found[0], found[1]
    return None, lock_instance(session, instance_id)


def lock_instance(session: Session, instance_id: int) -> ProcessInstance:
    """The instance with its state, locked; its case must be locked before.

    Raises:
        NotFound.
    """
    found = _INSTANCE.one(session, instance=instance_id)
    if found is None:
        raise NotFound("no such instance", instance=instance_id)
    instance: ProcessInstance = found[0]
    return instance


def save(advance: Advance, *, begins: bool = False) -> None:
    """Derive what follows from where the process stands now, and write it down. ``begins``: so far it did not run.

    For ``advancing`` and for migration only. A look that found nothing new writes nothing.
    """
    facts = advance.execution.facts()
    instance, case = advance.instance, advance.case
    stage = case.stage if case is not None else ""
    state = advance.execution.dump()
    if advance.only_a_look and not facts.steps and state == instance.state:
        return
    lines = derive(advance, facts)
    if advance.bundle.kind == CONTINGENCY:
        tell_response(advance, begins or facts.ended)
    values: dict[str, Any] = {
        "state": state,
        "lock_version": instance.lock_version + 1,
        "updated_at": clock.now(),
    }
    if facts.ended:
        cancelled = any(s.kind == "cancelled" and s.type == "process" for s in facts.steps)
        values["status"] = InstanceStatus.CANCELLED if cancelled else InstanceStatus.COMPLETED
        values["ended_at"], values["end_events"] = values["updated_at"], facts.end_events
    advance.session.flush()
    advance.writes.update(instance, **values)
    advance.writes.insert(HistoryEvent, lines)
    advance.writes.send(advance.session)
    if case is not None and case.stage != stage:
        case_changed(advance.session, case)
    if facts.ended:
        case_goes_on(advance.session, advance.actor, instance, case, advance.bundle.kind)
