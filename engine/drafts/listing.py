"""The process list: what is published in which folder, how much of it runs, who is changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.drafts.editing import LIVING
from engine.storage import (
    DefinitionState,
    DeploymentFile,
    Draft,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
)


@dataclass(frozen=True)
class Bundle:
    """One row of the process list: what is published in a folder, how much of it runs, who is changing it."""

    name: str
    processes: tuple[ProcessDefinition, ...]
    running: int = 0
    ended: int = 0
    draft_id: int | None = None
    draft_state: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)


def bundles(session: Session) -> list[Bundle]:
    """Every published bundle and every bundle that so far is only a draft; three queries."""
    newest = (
        select(func.max(ProcessDefinition.id))
        .where(ProcessDefinition.state == DefinitionState.PUBLISHED)
        .group_by(ProcessDefinition.key)
    )
    rows = session.execute(
        select(ProcessDefinition, DeploymentFile.path)
        .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
        .where(ProcessDefinition.id.in_(newest))
        .order_by(ProcessDefinition.key)
    ).all()
    counts: dict[str, tuple[int, int]] = {}
    live = InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED
    for key, status, number in session.execute(
        select(ProcessInstance.process_key, ProcessInstance.status, func.count()).group_by(
            ProcessInstance.process_key, ProcessInstance.status
        )
    ):
        running, ended = counts.get(key, (0, 0))
        counts[key] = (running + number, ended) if status in live else (running, ended + number)
    drafts = {d.bundle: d for d in session.scalars(select(Draft).where(Draft.state.in_(LIVING)))}
    found: dict[str, list[ProcessDefinition]] = {name: [] for name in drafts}
    for definition, path in rows:
        found.setdefault(path.split("/")[1], []).append(definition)
    return [
        Bundle(
            name,
            tuple(processes),
            sum(counts.get(p.key, (0, 0))[0] for p in processes),
            sum(counts.get(p.key, (0, 0))[1] for p in processes),
            drafts[name].id if name in drafts else None,
            drafts[name].state if name in drafts else "",
            {p.key: p.version for p in processes},
        )
        for name, processes in sorted(found.items())
    ]
