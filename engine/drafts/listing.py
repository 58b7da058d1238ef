"""The process list: what is published in which folder, how much of it runs, who is changing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.drafts.opening import LIVING
from engine.storage import (
    DecisionDefinition,
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
    decisions: tuple[DecisionDefinition, ...] = ()
    running: int = 0
    ended: int = 0
    draft_id: int | None = None
    draft_state: str = ""

    @property
    def title(self) -> str:
        """What people call it: the name of its process, else of its decision, else its folder."""
        names = [*(process.name for process in self.processes), *(decision.name for decision in self.decisions)]
        return next(filter(None, names), self.name)

    @property
    def published_at(self) -> datetime | None:
        """When something of it was published last."""
        moments = [*(process.created_at for process in self.processes), *(d.created_at for d in self.decisions)]
        return max(moments, default=None)

    @property
    def retired(self) -> bool:
        """Whether it was published once and nothing of it is in force."""
        states = {*(p.state for p in self.processes), *(d.state for d in self.decisions)}
        return states == {DefinitionState.RETIRED}


def bundles(session: Session) -> list[Bundle]:
    """Every bundle that is or was published and every one that so far is only a draft; four queries."""
    drafts = {d.bundle: d for d in session.scalars(select(Draft).where(Draft.state.in_(LIVING)))}
    processes, decisions = _by_folder(session, ProcessDefinition), _by_folder(session, DecisionDefinition)
    counts = _counts(session)
    found = []
    for name in sorted({*drafts, *processes, *decisions}):
        own = sorted(processes.get(name, ()), key=lambda process: (process.key != name, process.key))
        running, ended = (sum(counts.get(p.key, (0, 0))[place] for p in own) for place in (0, 1))
        draft = drafts.get(name)
        found.append(
            Bundle(
                name, tuple(own), tuple(decisions.get(name, ())), running, ended,
                draft.id if draft is not None else None, draft.state if draft is not None else "",
            )
        )  # fmt: skip
    return found


def _by_folder(session: Session, table: Any) -> dict[str, list[Any]]:
    """Of every key the newest published version, of one that is retired altogether its newest; by folder."""
    published = case((table.state == DefinitionState.PUBLISHED, 1), else_=0)
    order = (published.desc(), table.version.desc())
    rank = func.row_number().over(partition_by=table.key, order_by=order)
    ranked = select(table.id, rank.label("rank")).subquery()
    rows = session.execute(
        select(table, DeploymentFile.path)
        .join(DeploymentFile, DeploymentFile.id == table.file_id)
        .join(ranked, ranked.c.id == table.id)
        .where(ranked.c.rank == 1)
        .order_by(table.key)
    )
    found: dict[str, list[Any]] = {}
    for definition, path in rows:
        found.setdefault(path.split("/")[1], []).append(definition)
    return found


def _counts(session: Session) -> dict[str, tuple[int, int]]:
    """Process key → how many instances run, how many have ended; all versions together."""
    live = InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED
    found: dict[str, tuple[int, int]] = {}
    for key, status, number in session.execute(
        select(ProcessInstance.process_key, ProcessInstance.status, func.count()).group_by(
            ProcessInstance.process_key, ProcessInstance.status
        )
    ):
        running, ended = found.get(key, (0, 0))
        found[key] = (running + number, ended) if status in live else (running, ended + number)
    return found
