"""Where elements have gone, and what would happen: instances in groups of those that are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine.bpmn import path, suggest_mapping
from engine.bpmn.model import Drawing
from engine.errors import NotFound, Problem
from engine.instances import compose_with, load_bundle
from engine.instances.advancing import load
from engine.permissions import Actor, require
from engine.storage import Case, InstanceStatus, ProcessDefinition, ProcessInstance

RUNNING = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)
MOST_SAMPLES = 20


@dataclass
class Plan:
    """From any other version of ``process_key`` to ``definition``; ``mapping`` holds only ids that change.

    Its keys are element ids, in a process that is called ``process/id``; its values ids in the same process.
    ``open``: elements of older versions that have no counterpart, with their names; a person decides. ``targets``: by
    process, what there is in the new version, id to name.
    """

    process_key: str
    definition_id: int
    version: int
    mapping: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, str]] = field(default_factory=dict)
    instances: int = 0


@dataclass
class Group:
    """Instances that stand at the same ``places`` (``path``) with data of the same shape and fare alike; ``problems``
    are why they cannot go.
    """

    version: int
    places: tuple[str, ...]
    variables: tuple[str, ...]
    count: int = 0
    instance_ids: list[int] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()


def plan(session: Session, actor: Actor, process_key: str, version: int | None = None) -> Plan:
    """A plan to the newest published version (or ``version``), with a mapping suggested by id, name and neighbours.

    Raises:
        NotAllowed, NotFound: there is no such version.
    """
    require(actor, "instance.migrate")
    target = _target(session, process_key, version)
    found = Plan(process_key, target.id, target.version, instances=len(_instance_ids(session, process_key, target.id)))
    program = load_bundle(session, compose_with(session, target), target.key).program
    found.targets = {key: _names(spec.drawing) for key, spec in program.processes.items()}
    old = session.execute(
        select(ProcessDefinition.id, func.max(ProcessInstance.composition_id).label("composition_id"))
        .join(ProcessInstance, ProcessInstance.process_definition_id == ProcessDefinition.id)
        .where(
            ProcessDefinition.key == process_key,
            ProcessDefinition.id != target.id,
            ProcessInstance.status.in_(RUNNING),
        )
        .group_by(ProcessDefinition.id)
        .order_by(ProcessDefinition.version)
    ).all()
    for _, composition_id in old:
        before = load_bundle(session, composition_id, process_key).program
        names = {
            path(process_key, key, identity): name
            for key, spec in before.processes.items()
            for identity, name in _names(spec.drawing).items()
        }
        suggested = suggest_mapping(before, program)
        found.mapping |= {identity: new for identity, new in suggested.items() if new}
        found.open |= {
            identity: names[identity] for identity, new in suggested.items() if not new and identity in names
        }
    return found


def _names(drawing: Drawing) -> dict[str, str]:
    return {e.id: e.name or e.type for e in drawing.elements.values() if e.type != "process"}


def _target(session: Session, process_key: str, version: int | None) -> ProcessDefinition:
    statement = select(ProcessDefinition).where(ProcessDefinition.key == process_key)
    if version is not None:
        statement = statement.where(ProcessDefinition.version == version)
    else:
        statement = statement.where(ProcessDefinition.state == "published")
    target = session.scalars(statement.order_by(ProcessDefinition.version.desc()).limit(1)).one_or_none()
    if target is None:
        raise NotFound("no such version", process=process_key, version=version)
    return target


def _instance_ids(session: Session, process_key: str, definition_id: int) -> Sequence[int]:
    return session.scalars(
        select(ProcessInstance.id)
        .where(
            ProcessInstance.process_key == process_key,
            ProcessInstance.process_definition_id != definition_id,
            ProcessInstance.status.in_(RUNNING),
        )
        .order_by(ProcessInstance.id)
    ).all()


def dry_run(session: Session, actor: Actor, plan: Plan, mapping: Mapping[str, str] | None = None) -> list[Group]:
    """Try the plan on every running instance without changing any; the largest groups first.

    Raises:
        NotAllowed, NotFound.
    """
    require(actor, "instance.migrate")
    mapping = plan.mapping if mapping is None else mapping
    target = session.get_one(ProcessDefinition, plan.definition_id)
    program = load_bundle(session, compose_with(session, target), target.key).program
    statement = select(ProcessDefinition.id, ProcessDefinition.version)
    statement = statement.where(ProcessDefinition.key == plan.process_key)
    versions: dict[int, int] = dict(session.execute(statement).all())
    groups: dict[tuple[Any, ...], Group] = {}
    for instance_id in _instance_ids(session, plan.process_key, plan.definition_id):
        instance = session.scalars(
            select(ProcessInstance).where(ProcessInstance.id == instance_id).options(undefer(ProcessInstance.state))
        ).one()
        case = session.get(Case, instance.case_id) if instance.case_id is not None else None
        execution = load(session, actor, instance, case).execution
        version = versions[instance.process_definition_id]
        standing = (
            path(plan.process_key, t.process_key, t.element_id) for t in execution.tokens() if t.type != "process"
        )
        places = tuple(sorted(standing))
        shape = tuple(sorted(f"{name}: {_kind(value)}" for name, value in execution.variables.items()))
        problems = tuple(execution.migration_problems(program, mapping))
        told = tuple((problem.code, problem.element_id, str(problem.facts)) for problem in problems)
        group = groups.setdefault((version, places, shape, told), Group(version, places, shape, problems=problems))
        group.count += 1
        if len(group.instance_ids) < MOST_SAMPLES:
            group.instance_ids.append(instance_id)
        session.expunge(instance)
    return sorted(groups.values(), key=lambda group: -group.count)


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int):
        return "number"
    names: dict[type, str] = {str: "string", dict: "context", list: "list"}
    return names.get(type(value), type(value).__name__)
